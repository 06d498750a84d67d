//! `okta`: Okta's System Log.
//!
//! Every record gives one event of what was done; a session that starts and tokens that are granted
//! give an issuance each, too. What an event type is, is decided in [`deed`]; what the record is
//! about, in [`target`].

mod deed;
mod target;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::{Format, endpoint, paths, repairs_of};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{self, Sample};
use crate::{Framing, action, when};
use deed::Deed;
use target::Targets;

pub(super) const FORMAT: Format = Format {
    id: "okta",
    title: "Okta System Log",
    about: "Events of the System Log API (`/api/v1/logs`), of log streaming, or of an export: one a line or as an \
array. A record is Okta's where its `eventType` is of Okta's form (`user.session.start`) and it has another of the \
log's fields; any other is unrelated.\n\n`actor` is the login (`actor.alternateId`, else the id); `account` the user \
whom it is about; `resource` the app, group, policy or privilege, by id where there is one; `session` the \
`externalSessionId`; `credential` the id of the API token that called (`transaction.detail.requestApiTokenId`). \
`SUCCESS` and `ALLOW` are answered, `FAILURE` and `DENY` refused, `CHALLENGE` and the others unknown. Sign-ins, \
factors, single sign-on and their policies are `authenticated`. A `user.session.start` that succeeded also gives an \
`issued` event (type `session`), and each token of `app.oauth2.token.grant.*`, `app.oauth2.as.token.grant.*` and \
implicit grants one (type `access`, `id` or `refresh`, with its id, subject and expiry). Showing a password or \
revealing a vaulted secret is `read`. Lifecycle, membership, privilege, policy, factor and key events are `changed`, \
with our words before Okta's: `create-account user.lifecycle.create`, `create-key system.api_token.create`, \
`grant user.account.privilege.grant`, `delete audit system.log_stream.lifecycle.delete`. All else is `used`.",
    joins: "Sessions by `externalSessionId`: `user.session.start` gives it out, and what is later done in the session \
names it (join `session`, issuer `okta`, class `session`). Events before a session stands (factors, policies), those \
of API tokens (`trs…`) and `unknown` are not judged. Okta does not number its records, so that coverage is unknown \
until it is declared. Access tokens by id: the target's `id` (`AT.…`) is the token's `jti` in the log of whoever \
verifies it; set `issuer = { const = \"https://id.example/oauth2/default\" }` under `[log.map]` to join them there \
(class `access`). API tokens are long-lived keys, and join to the inventory by id. Sessions of apps that sign on by \
SAML are the apps' own: nothing here names the assertion.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::Outcome],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        let targets = Targets::new(settings.json_depth_max);
        settings
            .fixed("okta", Okta { reader, targets, deeds: Memo::default(), action: String::new(), name: String::new() })
    },
    score,
};

/// Who gives out sessions and tokens, until the configuration says which organisation it is.
const ISSUER: &str = "okta";

paths! {
    Time = "published" Text;
    Type = "eventType" Text;
    Legacy = "legacyEventType" Text;
    Message = "displayMessage" Text;
    Severity = "severity" Text;
    Uuid = "uuid" Text;
    Version = "version" Text;
    Result = "outcome.result" Text;
    Login = "actor.alternateId" Text;
    ActorId = "actor.id" Text;
    ActorName = "actor.displayName" Text;
    ActorType = "actor.type" Text;
    Ip = "client.ipAddress" Text;
    ChainIp = "request.ipChain.ip" Text;
    Agent = "client.userAgent.rawUserAgent" Text;
    ClientId = "client.id" Text;
    Device = "client.device" Text;
    Session = "authenticationContext.externalSessionId" Text;
    RootSession = "authenticationContext.rootSessionId" Text;
    Step = "authenticationContext.authenticationStep" Text;
    Transaction = "transaction.id" Text;
    ApiToken = "transaction.detail.requestApiTokenId" Text;
    Privilege = "debugContext.debugData.privilegeGranted" Text;
    Uri = "debugContext.debugData.requestUri" Text;
    Url = "debugContext.debugData.url" Text;
    Request = "debugContext.debugData.requestId" Text;
    Network = "securityContext.asNumber" Text;
    Target = "target" Json;
}

/// Fields that hardly any other vendor's records have.
const OWN: &[Path] = &[Path::Legacy, Path::Step, Path::Session, Path::Request, Path::Network, Path::Result];
/// Fields that others have, too.
const COMMON: &[Path] = &[
    Path::Time,
    Path::Message,
    Path::Severity,
    Path::Uuid,
    Path::Version,
    Path::Login,
    Path::ActorId,
    Path::Ip,
    Path::Device,
    Path::Transaction,
    Path::Target,
    Path::Uri,
    Path::Url,
];

struct Okta {
    reader: Reader,
    targets: Targets,
    deeds: Memo<1, Deed>,
    action: String,
    /// The event type in lower case.
    name: String,
}

impl Decoder for Okta {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Okta { reader, targets, deeds, action, name } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let has = |path: &Path| found.has(*path as usize);
        let kind = text(Path::Type);
        if !is_own(kind, OWN.iter().any(has), COMMON.iter().any(has)) {
            return Err(Reason::Unrelated);
        }
        // The API's times are UTC; tables that copy them leave that out.
        let (time, fault) = when::or_untimed(when::said(&found, "published", &[Path::Time as usize], Some(&Zone::UTC)));
        name.clear();
        name.push_str(kind);
        name.make_ascii_lowercase();
        targets.read(text(Path::Target));
        let deed = deeds.told([name], |[name]| Deed::of(name));
        action::write(action, deed.words, &[kind]);
        let mut row = Row::new(time, deed.kind, offset);
        row.action = action;
        row.outcome = outcome(text(Path::Result));
        row.source_ip = found.first(&[Path::Ip as usize, Path::ChainIp as usize]);
        row.user_agent = text(Path::Agent);
        actor(&found, &mut row);
        about(&found, targets, name, &mut row);
        row.session = known(found.first(&[Path::Session as usize, Path::RootSession as usize]));
        row.credential = known(text(Path::ApiToken));
        if deed.is_grant() {
            push_tokens(targets, name, row, out);
            return fault;
        }
        if deed::is_in_session(name, row.kind) && in_session(&row) {
            (row.issuer, row.token_type) = (ISSUER, "session");
            row.token_subject = if is_user(&found) { text(Path::ActorId) } else { "" };
        }
        out.push(&row);
        if name == "user.session.start" && row.outcome == Outcome::Answered && !row.session.is_empty() {
            row.token_subject = if is_user(&found) { text(Path::ActorId) } else { "" };
            (row.kind, row.issuer, row.token_type) = (EventKind::Issued, ISSUER, "session");
            (row.credential, row.issued_at) = ("", told(time));
            out.push(&row);
        }
        fault
    }

    fn notes(&self) -> Vec<Note> {
        repairs_of(&[&self.reader, self.targets.reader()])
    }
}

/// Whether a session that stands was shown. Those that begin with `trs` stand for one call of an API.
fn in_session(row: &Row<'_>) -> bool {
    let stands = !row.session.is_empty() && !row.session.starts_with("trs");
    stands && row.credential.is_empty() && row.outcome == Outcome::Answered
}

fn is_user(found: &Found<'_>) -> bool {
    found.text(Path::ActorType as usize).eq_ignore_ascii_case("User")
}

/// Who acted. What has no name of its own is called `unknown` there.
fn actor<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let names = [Path::Login, Path::ActorId, Path::ActorName, Path::ActorType];
    row.actor =
        names.into_iter().map(|path| known(found.text(path as usize))).find(|name| !name.is_empty()).unwrap_or("");
    row.client = known(found.text(Path::ClientId as usize));
    if row.client.is_empty() && found.text(Path::ActorType as usize).eq_ignore_ascii_case("PublicClientApp") {
        row.client = known(found.text(Path::ActorId as usize));
    }
}

/// Whom and what it is about. Whoever signs in to an app has another name there, which is not told
/// apart from that of somebody here: the account is the one that signed in.
fn about<'a>(found: &Found<'a>, targets: &'a Targets, name: &str, row: &mut Row<'a>) {
    row.account = match row.kind {
        EventKind::Authenticated if is_user(found) && (targets.user.is_empty() || targets.is_in_app()) => row.actor,
        _ => &targets.user,
    };
    row.resource = match targets.tokens.first() {
        Some(token) if targets.thing.is_empty() && row.kind != EventKind::Issued => &token.id,
        _ => &targets.thing,
    };
    if name.contains(".privilege.") && found.has(Path::Privilege as usize) {
        row.resource = found.text(Path::Privilege as usize);
    }
    if row.resource.is_empty() {
        row.resource = &targets.user;
    }
    if row.resource.is_empty() {
        row.resource = endpoint(found.first(&[Path::Uri as usize, Path::Url as usize]));
    }
}

/// The tokens that a grant gave out; a refused one gave none.
fn push_tokens(targets: &Targets, name: &str, row: Row<'_>, out: &mut dyn EventSink) {
    let named = deed::token_named(name);
    if row.outcome != Outcome::Answered {
        out.push(&Row { kind: EventKind::Authenticated, token_type: named, ..row });
        return;
    }
    let issued = Row { issuer: ISSUER, issued_at: told(row.time), token_subject: &targets.user_id, ..row };
    if targets.tokens.is_empty() {
        out.push(&Row { token_type: named, credential: "", ..issued });
    }
    for token in &targets.tokens {
        out.push(&Row {
            credential: &token.id,
            token_type: token.kind,
            token_subject: if token.subject.is_empty() { issued.token_subject } else { &token.subject },
            expires_at: token.expires_at,
            ..issued
        });
    }
}

/// A time that was told.
fn told(time: EventTime) -> Option<EventTime> {
    Some(time).filter(|at| *at != EventTime::MIN)
}

fn outcome(result: &str) -> Outcome {
    let is = |words: &[&str]| words.iter().any(|word| result.eq_ignore_ascii_case(word));
    if is(&["SUCCESS", "ALLOW"]) {
        Outcome::Answered
    } else if is(&["FAILURE", "DENY", "RATE_LIMIT", "ABANDONED", "UNANSWERED"]) {
        Outcome::Refused
    } else {
        Outcome::Unknown
    }
}

/// A text that Okta does not mean as "there is none".
fn known(text: &str) -> &str {
    if text.eq_ignore_ascii_case("unknown") || text.eq_ignore_ascii_case("null") { "" } else { text }
}

/// Whether a record with this event type is Okta's: by its form, and by what else stands there.
fn is_own(kind: &str, own: bool, common: bool) -> bool {
    let parts = kind.split('.');
    let formed = parts.clone().count() >= 2
        && parts.clone().all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        });
    let root = kind.split('.').next().unwrap_or("");
    let known = deed::ROOTS.iter().any(|known| root.eq_ignore_ascii_case(known));
    formed && (own && !kind.contains("Microsoft.") || known && (common || parts.count() >= 3))
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let has = |path: &Path| PATHS.get(*path as usize).is_some_and(|(path, _)| sniff::has(record, path));
        is_own(sniff::text(record, "eventType"), OWN.iter().any(has), COMMON.iter().any(has))
    });
    (share >= 0.3).then(|| ((share * 97.0) as u8, "Okta's `eventType` beside its other fields".to_owned()))
}

#[cfg(test)]
mod tests;
