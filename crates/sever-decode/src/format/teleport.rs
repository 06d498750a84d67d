//! `teleport`: audit events of Teleport.
//!
//! One object an event, with the event's name, its code (whose last letter says how it ended), and
//! flat fields of which some hold a dot in their key. What an event is, is decided in [`deed`].

mod deed;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::{Format, address, endpoint, http_outcome, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{Sample, has, text};
use crate::{Framing, action, when};
use deed::Deed;

pub(super) const FORMAT: Format = Format {
    id: "teleport",
    title: "Teleport audit log",
    about: "Teleport's audit events as JSON: `events.log` of the Auth Service, an export by the event handler, or what \
Athena, DynamoDB or a shipper keeps of them (`event`, `code`, `time`, `ei`, `uid`, `user`, `cluster_name`, …; `addr.remote` \
is one key with a dot, and `addr_remote` is read too). A record is told by `event` with a code of Teleport's or an `ei`.\n\n\
`user.login`, `auth`, `bot.join` and `instance.join` are sign-ins; `cert.create` and `spiffe.svid.issued` are issuances, of \
the certificate's kind, until `identity.expires`, with the cluster as `issuer`. Sessions and what is done in them \
(`session.*`, `exec`, `sftp`, `db.session.*`, `kube.request`, `app.session.*`) are `used`, with `session`, the server, \
path, database or request as `resource`, the OS or database user as `account`, a query as `subject_ref`; requests to \
Kubernetes that write are `changed`, those that get secrets `read`. What changes users, roles, tokens, connectors, \
locks, access requests and lists is `changed`, with our words (`create-account user.create`, `grant role.updated`, \
`disable lock.created`, `create-key join_token.create`). `node` is the server, or the cluster. The outcome comes from \
`success`, an HTTP status, or the code's last letter: `W` and `E` are refused or failed.",
    joins: "Not by certificate: `cert.create` names no serial number and no use names its certificate, so that issuance \
and use of class `user` cannot meet, and nothing is built in. A SPIFFE id's `serial_number` is its `credential`, and \
joins (`jti`) where workloads log the serial they were shown. Sessions join by `session` to their start, within this log; \
their ids are Teleport's own, and cannot be presented.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Action],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings
            .fixed("teleport", Teleport { reader, deeds: Memo::default(), action: String::new(), place: String::new() })
    },
    score,
};

paths! {
    Event = "event" Text;
    Code = "code" Text;
    Time = "time" Text;
    Index = "ei" Raw;
    User = "user" Text;
    UpdatedBy = "updated_by" Text;
    Login = "login" Text;
    Success = "success" Raw;
    Method = "method" Text;
    Cluster = "cluster_name" Text;
    Sid = "sid" Text;
    SessionId = "session_id" Text;
    Address = ">addr.remote" Text;
    AddressToo = "addr_remote" Text;
    Agent = "user_agent" Text;
    Server = "server_id" Text;
    Host = "server_hostname" Text;
    HostToo = "hostname" Text;
    Name = "name" Text;
    Expires = "expires" Text;
    CertType = "cert_type" Text;
    Identity = "identity.user" Text;
    Impersonator = "identity.impersonator" Text;
    IdentityExpires = "identity.expires" Text;
    IdentityIp = "identity.client_ip" Text;
    Authority = "certificate_authority.subject_key_id" Text;
    Target = "target.user" Text;
    TargetToo = "target.login" Text;
    TargetRole = "target.role" Text;
    Command = "command" Text;
    FilePath = "path" Text;
    Program = "program" Text;
    DestinationAddress = "dst_addr" Text;
    DestinationPort = "dst_port" Text;
    Action = "action" Text;
    DbService = "db_service" Text;
    DbName = "db_name" Text;
    DbUser = "db_user" Text;
    DbQuery = "db_query" Text;
    Request = "request_path" Text;
    Verb = "verb" Text;
    Answer = "response_code" Raw;
    KubeCluster = "kubernetes_cluster" Text;
    App = "app_name" Text;
    AppUri = "app_uri" Text;
    Status = "status_code" Raw;
    State = "state" Text;
    RequestId = "id" Text;
    Reviewer = "reviewer" Text;
    Bot = "bot_name" Text;
    Token = "token_name" Text;
    Spiffe = "spiffe_id" Text;
    Serial = "serial_number" Text;
    AccessList = "access_list_name" Text;
    Desktop = "desktop_name" Text;
    Device = "mfa_device.mfa_device_name" Text;
    Repository = "path_on_repo" Text;
    WindowsUser = "windows_user" Text;
}

struct Teleport {
    reader: Reader,
    /// What events are, by their name, and by what a request or an access request says beside it.
    deeds: Memo<4, Deed>,
    action: String,
    /// A resource that is put together.
    place: String,
}

impl Decoder for Teleport {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Teleport { reader, deeds, action, place } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let (event, code) = (text(Path::Event), text(Path::Code));
        if event.is_empty() || !(is_code(code) || found.has(Path::Index as usize)) {
            return Err(Reason::Unrelated);
        }
        let (time, told) = when::said_or_not(&found, "time", &[Path::Time as usize]);
        let said = [event, text(Path::Verb), text(Path::Request), text(Path::State)];
        let deed = deeds.told(said, |[event, verb, request, state]| Deed::of(event, verb, request, state));
        // SFTP says what was done by number, SCP by name.
        let done = text(Path::Action);
        let done = if done.bytes().all(|byte| byte.is_ascii_digit()) { "" } else { done };
        let beside = first(&[text(Path::Method), text(Path::Verb), text(Path::State), done]);
        let space = if beside.is_empty() { "" } else { " " };
        action::write(action, deed.words, &[event, space, beside]);
        let mut row = Row::new(time, deed.kind, offset);
        row.action = action;
        row.outcome = outcome(&found, code);
        row.source_ip = address(first(&[text(Path::Address), text(Path::AddressToo), text(Path::IdentityIp)]));
        row.user_agent = text(Path::Agent);
        row.node = first(&[text(Path::Server), text(Path::Cluster)]);
        row.session = first(&[text(Path::Sid), text(Path::SessionId)]);
        // A review is the reviewer's deed, about the user's request.
        row.actor = first(&[text(Path::Reviewer), text(Path::User), text(Path::UpdatedBy), text(Path::Bot)]);
        row.subject_ref = text(Path::DbQuery);
        row.resource = resource(&found, place);
        row.account = account(&found, deed.kind, row.actor);
        match row.kind {
            EventKind::Issued => issued(&found, &mut row),
            // A token's name is what a machine joined with.
            EventKind::Authenticated => row.parent = text(Path::Token),
            _ => {}
        }
        out.push(&row);
        told
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// Whether a code is one of Teleport's: `T1000I`, `TDB02W`, `TLK00I`.
fn is_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    let ends = bytes.last().is_some_and(|last| matches!(last.to_ascii_uppercase(), b'I' | b'W' | b'E'));
    let begins = bytes.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'T'));
    let within = bytes.iter().all(u8::is_ascii_alphanumeric) && bytes.iter().any(u8::is_ascii_digit);
    begins && ends && within && (5..=16).contains(&bytes.len())
}

fn outcome(found: &Found<'_>, code: &str) -> Outcome {
    let status = [Path::Answer, Path::Status].into_iter().find_map(|path| match found.value(path as usize) {
        Value::Unsigned(status) if status >= 100 => Some(status),
        _ => found.text(path as usize).parse().ok(),
    });
    let success = match found.value(Path::Success as usize) {
        Value::Bool(success) => Some(success),
        _ => found.text(Path::Success as usize).parse().ok(),
    };
    match (success, status, code.as_bytes().last()) {
        (Some(true), ..) => Outcome::Answered,
        (Some(false), ..) => Outcome::Refused,
        (_, Some(status), _) => http_outcome(status),
        (_, _, Some(b'I' | b'i')) => Outcome::Answered,
        (_, _, Some(b'W' | b'w' | b'E' | b'e')) => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// What was touched: the most telling of what an event names.
fn resource<'a>(found: &Found<'a>, place: &'a mut String) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    place.clear();
    let parts = match (text(Path::DbService), text(Path::DbName)) {
        ("", "") => match (text(Path::DestinationAddress), text(Path::DestinationPort)) {
            (_, "") => ["", "", ""],
            (address, port) => [address, ":", port],
        },
        (service, "") => [service, "", ""],
        (service, name) => [service, "/", name],
    };
    place.extend(parts);
    if place.is_empty()
        && let (cluster, request) = (text(Path::KubeCluster), text(Path::Request))
        && !cluster.is_empty()
    {
        place.extend([cluster, endpoint(request)]);
    }
    if !place.is_empty() {
        return place;
    }
    // Of a command line only the program: what follows may hold a password.
    let command = text(Path::Command).split_whitespace().next().unwrap_or("");
    if text(Path::FilePath).is_empty() && !command.is_empty() {
        return command;
    }
    const OTHERS: &[Path] = &[
        Path::FilePath,
        Path::App,
        Path::Desktop,
        Path::AccessList,
        Path::Device,
        Path::Name,
        Path::RequestId,
        Path::Host,
        Path::HostToo,
        Path::AppUri,
        Path::Spiffe,
        Path::Program,
        Path::Repository,
        Path::Token,
    ];
    OTHERS.iter().map(|path| text(*path)).find(|text| !text.is_empty()).unwrap_or("")
}

/// The account signed in to, acted upon, or used on the other side.
fn account<'a>(found: &Found<'a>, kind: EventKind, actor: &'a str) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    match kind {
        EventKind::Authenticated => first(&[actor, text(Path::Bot)]),
        EventKind::Issued => text(Path::Identity),
        EventKind::Changed => first(&[
            text(Path::Target),
            text(Path::TargetToo),
            text(Path::TargetRole),
            // Of users, bots and members it is the name; of anything else, the thing's.
            if deed::names_account(text(Path::Event)) { text(Path::Name) } else { "" },
            text(Path::Login),
            if text(Path::Reviewer).is_empty() { "" } else { text(Path::User) },
        ]),
        _ => first(&[text(Path::Login), text(Path::DbUser), text(Path::WindowsUser)]),
    }
}

/// What is told of a certificate.
fn issued<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    row.issuer = text(Path::Cluster);
    row.token_type = first(&[text(Path::CertType), if text(Path::Spiffe).is_empty() { "" } else { "svid" }]);
    row.token_subject = first(&[text(Path::Identity), text(Path::Spiffe)]);
    row.actor = first(&[text(Path::Impersonator), row.actor, text(Path::Identity)]);
    row.credential = text(Path::Serial);
    row.key_id = text(Path::Authority);
    row.issued_at = Some(row.time).filter(|time| *time != EventTime::MIN);
    let ends = first(&[text(Path::IdentityExpires), text(Path::Expires)]);
    // Go writes the year 1 where there is no time.
    row.expires_at = when::instant_text(ends, Some(&Zone::UTC)).filter(|_| !ends.starts_with("0001-"));
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let index = record.as_object().is_some_and(|object| object.keys().any(|key| key.eq_ignore_ascii_case("ei")));
        !text(record, "event").is_empty() && (is_code(text(record, "code")) || index && has(record, "uid"))
    });
    (share >= 0.3).then(|| ((share * 97.0) as u8, "Teleport's `event` and `code`".to_owned()))
}
