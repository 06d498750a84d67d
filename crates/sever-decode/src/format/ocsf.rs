//! `ocsf`: events in the Open Cybersecurity Schema Framework, whoever mapped them.
//!
//! Nine classes say something about access; all others, our own findings among them, are unrelated.
//! What class and activity are together is in [`activity`].

mod activity;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Format, cloudtrail, endpoint, http_outcome, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::sniff::{Sample, has};
use crate::{Framing, action, when};
use activity::Activity;

pub(super) const FORMAT: Format = Format {
    id: "ocsf",
    title: "OCSF 1.x events",
    about: "OCSF events as JSON, one a line or as an array, of any product and of a security lake: classes 3001 Account \
Change, 3002 Authentication, 3003 Authorize Session, 3004 Entity Management, 3005 User Access Management, 3006 Group \
Management, 6001 Web Resources Activity, 6003 API Activity and 6005 Datastore Activity, told by `class_uid` (or `type_uid`) \
with one more of the base event's fields. Every other class is unrelated, and so are findings (2004), which we write \
ourselves.\n\nThe activity gives kind and words (`create-account Account Change: Create`, `grant Group Management: Add \
User`, `export Web Resources Activity: Export`); where the API's operation is named it is the action (`delete \
TerminateInstances`), and AWS's operations are read as CloudTrail's are. Tickets (3002: 3, 4, 5) that were given are \
`issued`. `actor` is `actor.user` (of sign-ins `user`) by e-mail address, name or id; `account` the user acted upon; \
`resource` what was touched; `source_ip` `src_endpoint.ip`; `session` and `credential` those of the session or user; \
`subject_ref` a query's text; `node` the device, or the product. The outcome is `status_id`, else `status`, else the HTTP \
status. What only stands in `unmapped` or `raw_data` is not read: give us the vendor's own log where you have it.",
    joins: "As far as its source joins: OCSF has a place for a session's id and for the id of a credential on both sides \
(`session.uid`, `actor.session.credential_uid`), and no rule that a product fills them, so that no class is built in. \
Temporary keys of AWS (`ASIA…`) carry issuer `sts.amazonaws.com` and type as in `cloudtrail`, and join (`jti`) to a \
CloudTrail log that holds their issuance: name that one in `issued_in` and this one in `used_in`. Kerberos tickets have no \
id that both sides log.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Outcome],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("ocsf", Ocsf { reader, action: String::new(), place: String::new() })
    },
    score,
};

paths! {
    Class = "class_uid" Text;
    Type = "type_uid" Text;
    Category = "category_uid" Text;
    ActivityId = "activity_id" Text;
    ActivityName = "activity_name" Text;
    Time = "time" Raw;
    TimeText = "time_dt" Text;
    Start = "start_time" Raw;
    StatusId = "status_id" Text;
    Status = "status" Text;
    StatusCode = "status_code" Text;
    Version = "metadata.version" Text;
    Product = "metadata.product.name" Text;
    Vendor = "metadata.product.vendor_name" Text;
    Sequence = "metadata.sequence" Raw;
    Log = "metadata.log_name" Text;
    ActorEmail = "actor.user.email_addr" Text;
    ActorName = "actor.user.name" Text;
    ActorUid = "actor.user.uid" Text;
    ActorUidAlt = "actor.user.uid_alt" Text;
    ActorType = "actor.user.type" Text;
    ActorCredential = "actor.user.credential_uid" Text;
    ActorSession = "actor.session.uid" Text;
    SessionCredential = "actor.session.credential_uid" Text;
    SessionIssuer = "actor.session.issuer" Text;
    SessionCreated = "actor.session.created_time" Raw;
    SessionEnds = "actor.session.expiration_time" Raw;
    App = "actor.app_name" Text;
    AppUid = "actor.app_uid" Text;
    InvokedBy = "actor.invoked_by" Text;
    Process = "actor.process.name" Text;
    UserEmail = "user.email_addr" Text;
    UserName = "user.name" Text;
    UserUid = "user.uid" Text;
    UserUidAlt = "user.uid_alt" Text;
    Session = "session.uid" Text;
    OwnSessionIssuer = "session.issuer" Text;
    OwnSessionCredential = "session.credential_uid" Text;
    Ticket = "authentication_token.uid" Text;
    TicketType = "authentication_token.type" Text;
    TicketCreated = "authentication_token.created_time" Raw;
    TicketEnds = "authentication_token.expiration_time" Raw;
    Protocol = "auth_protocol" Text;
    Service = "service.name" Text;
    SourceIp = "src_endpoint.ip" Text;
    SourceName = "src_endpoint.hostname" Text;
    Target = "dst_endpoint.hostname" Text;
    TargetName = "dst_endpoint.name" Text;
    TargetIp = "dst_endpoint.ip" Text;
    Agent = "http_request.user_agent" Text;
    UrlPath = "http_request.url.path" Text;
    Url = "http_request.url.url_string" Text;
    Answer = "http_response.code" Raw;
    Operation = "api.operation" Text;
    ApiService = "api.service.name" Text;
    ApiError = "api.response.error" Text;
    Resource = "resources.name" Text;
    ResourceUid = "resources.uid" Text;
    OneResource = "resource.name" Text;
    OneResourceUid = "resource.uid" Text;
    EntityName = "entity.name" Text;
    EntityUid = "entity.uid" Text;
    EntityType = "entity.type" Text;
    EntityUser = "entity.user.name" Text;
    EntityUserEmail = "entity.user.email_addr" Text;
    EntityEmail = "entity.email" Text;
    Group = "group.name" Text;
    GroupUid = "group.uid" Text;
    Privileges = "privileges" Text;
    Role = "iam_role.name" Text;
    Policy = "policy.name" Text;
    PolicyUid = "policy.uid" Text;
    Web = "web_resources.name" Text;
    WebUid = "web_resources.uid" Text;
    WebUrl = "web_resources.url_string" Text;
    Database = "database.name" Text;
    Table = "table.name" Text;
    Bucket = "databucket.name" Text;
    BucketFile = "databucket.file.name" Text;
    Query = "query_info.query_string" Text;
    Device = "device.hostname" Text;
    DeviceName = "device.name" Text;
}

/// Who issues temporary keys of AWS.
const STS: &str = "sts.amazonaws.com";

struct Ocsf {
    reader: Reader,
    action: String,
    /// A resource that is put together.
    place: String,
}

impl Decoder for Ocsf {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Ocsf { reader, action, place } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let (class, number) = class(&found).ok_or(Reason::Unrelated)?;
        let slots = [Path::Time as usize, Path::TimeText as usize, Path::Start as usize];
        let (time, told) = when::said_or_not(&found, "time", &slots);
        let mut activity = Activity::of(class, number, text(Path::EntityType)).ok_or(Reason::Unrelated)?;
        let operation = text(Path::Operation);
        if class >= 6_000 && !operation.is_empty() {
            by_operation(text(Path::ApiService), operation, &mut activity);
        }
        let outcome = outcome(&found);
        if activity.kind == EventKind::Issued && outcome != Outcome::Answered {
            activity.kind = EventKind::Authenticated;
        }
        let called = if activity.name.is_empty() { text(Path::ActivityName) } else { activity.name };
        match operation {
            "" if called.is_empty() => action::write(action, activity.words, &[activity.class]),
            "" => action::write(action, activity.words, &[activity.class, ": ", called]),
            _ => action::write(action, activity.words, &[operation]),
        }
        let mut row = Row::new(time, activity.kind, offset);
        row.action = action;
        row.outcome = outcome;
        people(&found, class, &mut row);
        row.resource = resource(&found, place);
        row.source_ip = found.first(&[Path::SourceIp as usize, Path::SourceName as usize]);
        row.user_agent = text(Path::Agent);
        row.client = found.first(&[Path::App as usize, Path::AppUid as usize, Path::Process as usize]);
        row.audience = text(Path::Service);
        row.node = found.first(NODES);
        row.sequence = match found.value(Path::Sequence as usize) {
            Value::Unsigned(sequence) => Some(sequence),
            _ => text(Path::Sequence).parse().ok(),
        };
        row.subject_ref = text(Path::Query);
        credential(&found, &mut row);
        out.push(&row);
        told
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

const NODES: &[usize] = &[
    Path::Device as usize,
    Path::DeviceName as usize,
    Path::Product as usize,
    Path::Log as usize,
    Path::Vendor as usize,
];

/// The class and the activity's number, if this is an event of OCSF's.
fn class(found: &Found<'_>) -> Option<(u32, u32)> {
    let number = |path: Path| found.text(path as usize).parse::<u32>().ok();
    // A type is the class and the activity in one number.
    let both = number(Path::Type).filter(|both| *both >= 100_000);
    let class = number(Path::Class).or(both.map(|both| both / 100))?;
    let beside = [Path::Category, Path::Type, Path::ActivityId, Path::Version, Path::Product, Path::ActivityName];
    let known = both.is_some() || beside.iter().any(|path| found.has(*path as usize));
    let activity = number(Path::ActivityId).or(both.map(|both| both % 100)).unwrap_or(0);
    known.then_some((class, activity))
}

/// What an API's operation says beyond reading, writing and deleting.
fn by_operation(service: &str, operation: &str, activity: &mut Activity) {
    let aws =
        service.get(service.len().saturating_sub(14)..).is_some_and(|end| end.eq_ignore_ascii_case(".amazonaws.com"));
    if aws {
        let read_only = Some(activity.kind != EventKind::Changed);
        let service = service.split('.').next().unwrap_or(service);
        let call = cloudtrail::call::Call::of(service, operation, read_only, "");
        (activity.kind, activity.words) = (call.kind, call.words);
        return;
    }
    if activity.kind == EventKind::Changed && activity.words.is_empty() {
        activity.words = activity::words_of(operation);
    }
}

/// Who acted, and upon whom.
fn people<'a>(found: &Found<'a>, class: u32, row: &mut Row<'a>) {
    const ACTOR: &[usize] =
        &[Path::ActorEmail as usize, Path::ActorName as usize, Path::ActorUid as usize, Path::ActorUidAlt as usize];
    const USER: &[usize] =
        &[Path::UserEmail as usize, Path::UserName as usize, Path::UserUid as usize, Path::UserUidAlt as usize];
    const ENTITY: &[usize] = &[Path::EntityUserEmail as usize, Path::EntityUser as usize, Path::EntityEmail as usize];
    let (actor, user) = (found.first(ACTOR), found.first(USER));
    let others = found.first(&[Path::InvokedBy as usize, Path::App as usize, Path::Process as usize]);
    match class {
        // Who signs in is the user; the actor is what asks for them, such as a service.
        3_002 if row.kind != EventKind::Used => {
            row.actor = if user.is_empty() { actor } else { user };
            row.account = row.actor;
            row.token_subject = found.first(&[Path::UserUid as usize, Path::ActorUid as usize]);
        }
        3_002 | 3_003 => {
            row.actor = if actor.is_empty() { user } else { actor };
            row.account = user;
            row.token_subject = found.first(&[Path::ActorUid as usize, Path::UserUid as usize]);
        }
        _ => {
            row.actor = if actor.is_empty() { others } else { actor };
            row.account = if user.is_empty() { found.first(ENTITY) } else { user };
            row.token_subject = found.text(Path::ActorUid as usize);
        }
    }
}

/// The most telling of what an event names.
fn resource<'a>(found: &Found<'a>, place: &'a mut String) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    place.clear();
    for part in [Path::Database, Path::Table, Path::Bucket, Path::BucketFile].map(text) {
        if !part.is_empty() {
            place.extend([if place.is_empty() { "" } else { "/" }, part]);
        }
    }
    if !place.is_empty() {
        return place;
    }
    const OTHERS: &[Path] = &[
        Path::ResourceUid,
        Path::Resource,
        Path::OneResourceUid,
        Path::OneResource,
        Path::WebUid,
        Path::Web,
        Path::Group,
        Path::GroupUid,
        Path::EntityName,
        Path::EntityUid,
        Path::Role,
        Path::Policy,
        Path::PolicyUid,
        Path::Privileges,
    ];
    let first = OTHERS.iter().map(|path| text(*path)).find(|text| !text.is_empty());
    let addresses = || [Path::WebUrl, Path::UrlPath, Path::Url].map(text).into_iter().find(|text| !text.is_empty());
    let targets = || [Path::Target, Path::TargetName, Path::TargetIp, Path::Service].map(text).into_iter();
    // Query strings may carry secrets.
    first
        .or_else(|| addresses().map(endpoint))
        .or_else(|| targets().find(|text| !text.is_empty()))
        .unwrap_or_else(|| text(Path::ApiService))
}

/// What was presented, or given.
fn credential<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    let at = |path: Path| when::instant(found, path as usize, None);
    row.session = found.first(&[Path::Session as usize, Path::ActorSession as usize]);
    if row.kind == EventKind::Issued {
        row.issuer = found.first(&[Path::Device as usize, Path::Product as usize]);
        row.credential = text(Path::Ticket);
        row.token_type = found.first(&[Path::TicketType as usize, Path::Protocol as usize]);
        row.issued_at = at(Path::TicketCreated).or(Some(row.time).filter(|time| *time != EventTime::MIN));
        row.expires_at = at(Path::TicketEnds);
        return;
    }
    row.credential = found.first(&[
        Path::SessionCredential as usize,
        Path::OwnSessionCredential as usize,
        Path::ActorCredential as usize,
    ]);
    (row.issued_at, row.expires_at) = (at(Path::SessionCreated), at(Path::SessionEnds));
    if row.credential.starts_with("ASIA") {
        row.issuer = STS;
        row.token_type = match text(Path::ActorType) {
            "AssumedRole" => "assumed-role",
            "IAMUser" => "iam-user-session",
            "FederatedUser" => "federated",
            "Root" => "root-session",
            other => other,
        };
    } else if !row.credential.starts_with("AKIA") {
        row.issuer = found.first(&[Path::SessionIssuer as usize, Path::OwnSessionIssuer as usize]);
    }
}

fn outcome(found: &Found<'_>) -> Outcome {
    let text = |path: Path| found.text(path as usize);
    let is = |word: &str| text(Path::Status).eq_ignore_ascii_case(word);
    match text(Path::StatusId) {
        "1" => return Outcome::Answered,
        "2" => return Outcome::Refused,
        _ if is("success") => return Outcome::Answered,
        _ if is("failure") => return Outcome::Refused,
        _ if !text(Path::ApiError).is_empty() => return Outcome::Refused,
        _ => {}
    }
    let status = match found.value(Path::Answer as usize) {
        Value::Unsigned(status) => Some(status),
        _ => text(Path::Answer).parse().ok().or_else(|| text(Path::StatusCode).parse().ok()),
    };
    status.map_or(Outcome::Unknown, http_outcome)
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let class = ["class_uid", "CLASS_UID"].iter().find_map(|key| record.get(*key)).and_then(|class| class.as_u64());
        let ours = class.is_some_and(|class| Activity::is_class(class as u32));
        ours && (has(record, "category_uid") || has(record, "type_uid") || has(record, "metadata"))
    });
    (share >= 0.1).then(|| ((70.0 + share * 25.0) as u8, "OCSF's `class_uid`".to_owned()))
}
