//! `onelogin`: events of OneLogin.
//!
//! Webhooks and the Events API write the same flat object; what an event is, is a number of OneLogin's
//! catalogue, which is in [`types`].

mod types;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{Sample, has};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "onelogin",
    title: "OneLogin events",
    about: "OneLogin's events as JSON: from an event webhook (log management format or plain; one a line or an array; \
`event_timestamp`) or from `GET /api/1/events` and `/api/2/events` (`created_at`). A record is told by a numeric \
`event_type_id` and one more of OneLogin's fields.\n\nTypes 5, 6, 8, 9 and other sign-ins are `authenticated`, answered or \
refused; assuming a user (3) is `used` with that user as `account`; what creates, deletes, locks, unlocks, activates or \
suspends users, gives roles, privileges or applications, sets passwords or second factors, or makes API credentials is \
`changed` with our words (`create-account user created`, `grant user given privilege`). A type that is not in our list \
is `used`, named by its number: OneLogin numbers some thousand. `action` is the type's meaning and number.\n\n`actor` is the \
acting user's name where that is an address or the only thing told, else the id, with the name as `token_subject`, for \
OneLogin writes first and last names there, which no directory calls an account; `account` likewise is the user acted \
upon; `client` is the API credential; `resource` the application, role, group, policy, privilege or device. `session` is \
not told.",
    joins: "Not: OneLogin logs that somebody signed in to an application (8), but no id of the assertion or token that it \
gave, and no session. Uses of those tokens, in applications, join to these events by user and time only, which proves \
nothing; they stay `unjudgeable` and no class is built in.",
    framing: Framing::Json,
    whole: &[Field::Time],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("onelogin", OneLogin { reader, action: String::new() })
    },
    score,
};

paths! {
    Type = "event_type_id" Text;
    Created = "created_at" Raw;
    Timestamp = "event_timestamp" Raw;
    Uuid = "uuid" Text;
    Account = "account_id" Text;
    ActorId = "actor_user_id" Text;
    ActorName = "actor_user_name" Text;
    ActorSystem = "actor_system" Text;
    UserId = "user_id" Text;
    UserName = "user_name" Text;
    Login = "login_name" Text;
    Assuming = "assuming_acting_user_id" Text;
    AppId = "app_id" Text;
    AppName = "app_name" Text;
    RoleId = "role_id" Text;
    RoleName = "role_name" Text;
    GroupId = "group_id" Text;
    GroupName = "group_name" Text;
    PolicyId = "policy_id" Text;
    PolicyName = "policy_name" Text;
    PrivilegeId = "privilege_id" Text;
    PrivilegeName = "privilege_name" Text;
    DeviceName = "otp_device_name" Text;
    DeviceId = "otp_device_id" Text;
    Directory = "directory_name" Text;
    Certificate = "certificate_name" Text;
    ApiCredential = "api_credential_name" Text;
    TrustedIdp = "trusted_idp_name" Text;
    Mapping = "mapping_name" Text;
    Entity = "entity" Text;
    Note = "note_title" Text;
    Client = "client_id" Text;
    Ip = "ipaddr" Text;
    ProxyIp = "proxy_ip" Text;
    Agent = "user_agent" Text;
    Browser = "browser_fingerprint" Text;
    Risk = "risk_score" Text;
    Message = "custom_message" Text;
    Error = "error_description" Text;
    Resolution = "resolution" Text;
    ResourceType = "resource_type_id" Text;
}

struct OneLogin {
    reader: Reader,
    action: String,
}

impl Decoder for OneLogin {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let OneLogin { reader, action } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let number = text(Path::Type).parse::<u32>().map_err(|_| Reason::Unrelated)?;
        if !OWN.iter().any(|path| found.has(*path as usize)) {
            return Err(Reason::Unrelated);
        }
        let (time, told) = time(&found);
        let kind = types::of(number);
        let meaning = if kind.meaning.is_empty() { "event" } else { kind.meaning };
        action::write(action, kind.words, &[meaning, " ", text(Path::Type)]);
        let mut row = Row::new(time, kind.kind, offset);
        row.action = action;
        row.outcome = if text(Path::Error).is_empty() { kind.outcome } else { Outcome::Refused };
        let actor = names(text(Path::ActorName), text(Path::ActorId));
        let user = names(first(&[text(Path::Login), text(Path::UserName)]), text(Path::UserId));
        let acts = first(&[actor.0, text(Path::ActorSystem)]);
        // Somebody who signs in acts for themselves, and OneLogin often says it once. Who is changed does not.
        let themselves = acts.is_empty() && kind.kind != EventKind::Changed;
        (row.actor, row.token_subject) = if themselves { user } else { (acts, actor.1) };
        row.account = user.0;
        if kind.kind == EventKind::Authenticated && row.account.is_empty() {
            row.account = row.actor;
        }
        row.resource = first(&RESOURCES.map(text));
        if row.resource.is_empty() {
            row.resource = first(&[user.1, text(Path::Message)]);
        }
        row.client = text(Path::Client);
        row.source_ip = first(&[text(Path::Ip), text(Path::ProxyIp)]);
        row.user_agent = first(&[text(Path::Agent), text(Path::Browser)]);
        row.node = text(Path::Account);
        row.parent = text(Path::Assuming);
        out.push(&row);
        told
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// Fields of which one must stand beside a number, which anybody may call so.
const OWN: [Path; 16] = [
    Path::ActorId,
    Path::ActorName,
    Path::ActorSystem,
    Path::UserId,
    Path::UserName,
    Path::Account,
    Path::AppId,
    Path::AppName,
    Path::RoleName,
    Path::Ip,
    Path::Risk,
    Path::Uuid,
    Path::Timestamp,
    Path::Created,
    Path::Resolution,
    Path::ResourceType,
];

/// What was touched: the most telling first.
const RESOURCES: [Path; 20] = [
    Path::PrivilegeName,
    Path::PrivilegeId,
    Path::RoleName,
    Path::RoleId,
    Path::AppName,
    Path::AppId,
    Path::DeviceName,
    Path::DeviceId,
    Path::GroupName,
    Path::GroupId,
    Path::PolicyName,
    Path::PolicyId,
    Path::Directory,
    Path::TrustedIdp,
    Path::ApiCredential,
    Path::Certificate,
    Path::Mapping,
    Path::Entity,
    Path::Note,
    Path::Resolution,
];

/// What a directory calls somebody, and the other name: OneLogin's names are those of people.
fn names<'a>(name: &'a str, id: &'a str) -> (&'a str, &'a str) {
    if id.is_empty() || name.contains('@') { (name, id) } else { (id, name) }
}

/// `2026-03-31T09:00:00.123Z`, or a webhook's `2026-03-31 09:00:00 UTC`.
fn time(found: &Found<'_>) -> (EventTime, Result<(), Reason>) {
    let slots = [Path::Created as usize, Path::Timestamp as usize];
    let local = slots.iter().map(|slot| found.text(*slot)).find_map(|text| text.strip_suffix(" UTC"));
    match local.and_then(|local| Zone::UTC.local(local).ok()) {
        Some(time) => (time, Ok(())),
        None => when::said_or_not(found, "created_at", &slots),
    }
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let beside = ["actor_user_id", "user_id", "account_id", "uuid", "ipaddr", "actor_system"];
    let share = sample.share(|record| has(record, "event_type_id") && beside.iter().any(|key| has(record, key)));
    (share >= 0.3).then(|| ((share * 96.0) as u8, "OneLogin's `event_type_id`".to_owned()))
}
