//! `onepassword`: the three feeds of 1Password's Events API.
//!
//! Sign-in attempts, item usages and audit events are told apart by their fields; the first two are
//! here, what an audit event's action is, is in [`audit`].

mod audit;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, Outcome, Row};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{Sample, has};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "onepassword",
    title: "1Password Events API",
    about: "The elements (`items`) that `POST /api/v1/` or `/api/v2/` `signinattempts`, `itemusages` and `auditevents` of \
1Password's Events API return, one a line or as an array, in one file or three. Told by `target_user` or a known `category` \
with another field of a sign-in's; by `item_uuid` with `vault_uuid` or `used_version`; by `action` with `object_type` and an actor or object.\n\n\
A sign-in attempt is `authenticated`, refused unless its category is `success` (`action` is category and type: \
`credentials_failed password_secret_bad`). Using an item is `read`: it shows a secret to somebody (`fill`, `reveal`, \
`secure-copy`, `server-fetch`, …; `export` with our word), and so is custody of it; making, updating or sharing one is \
`changed`. `resource` is `vault/item`, by their ids. An audit event is `changed`, with our words by action and object \
(`create-account invite user`, `grant grant uva`, `delete purge vault`, `create-key create satoken`, `disable suspend \
user`, `export export vault`), or `used` where it only looks. `actor` is the e-mail address, `token_subject` the id, \
`session` the session's id, `client` the device's name, `user_agent` the application.",
    joins: "By session, within these feeds: a sign-in attempt names the `session_uuid` that an audit event names as \
`session.uuid`. Item usages name none, so that what was read cannot be tied to the sign-in, and no class is built in. \
Session ids are 1Password's own: a client presents a session key that is nowhere logged. Service accounts and Connect \
servers sign in with tokens that the feeds do not name either.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("onepassword", OnePassword { reader, action: String::new(), place: String::new() })
    },
    score,
};

paths! {
    Timestamp = "timestamp" Text;
    Session = "session_uuid" Text;
    AuditSession = "session.uuid" Text;
    Category = "category" Text;
    Type = "type" Text;
    TargetEmail = "target_user.email" Text;
    TargetName = "target_user.name" Text;
    TargetUuid = "target_user.uuid" Text;
    Item = "item_uuid" Text;
    Vault = "vault_uuid" Text;
    Version = "used_version" Text;
    UserEmail = "user.email" Text;
    UserName = "user.name" Text;
    UserUuid = "user.uuid" Text;
    Action = "action" Text;
    App = "client.app_name" Text;
    Platform = "client.platform_name" Text;
    Ip = "client.ip_address" Text;
    ActorUuid = "actor_uuid" Text;
    ActorEmail = "actor_details.email" Text;
    ActorName = "actor_details.name" Text;
    ActorAccount = "actor_account_uuid" Text;
    Account = "account_uuid" Text;
    ObjectType = "object_type" Text;
    ObjectUuid = "object_uuid" Text;
    ObjectEmail = "object_details.email" Text;
    AuxEmail = "aux_details.email" Text;
    AuxUuid = "aux_uuid" Text;
    AuxInfo = "aux_info" Text;
    SessionIp = "session.ip" Text;
    SessionDevice = "session.device_uuid" Text;
}

/// What a record is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    SignIn,
    Item,
    Audit,
}

struct OnePassword {
    reader: Reader,
    action: String,
    /// A resource that is put together.
    place: String,
}

impl Decoder for OnePassword {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let OnePassword { reader, action, place } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let feed = feed(&found).ok_or(Reason::Unrelated)?;
        let (time, told) = when::said_or_not(&found, "timestamp", &[Path::Timestamp as usize]);
        place.clear();
        let (kind, words, (done, of)) = match feed {
            Feed::SignIn => (EventKind::Authenticated, audit::NONE, (text(Path::Category), text(Path::Type))),
            Feed::Item => {
                let (kind, words) = audit::of_item(text(Path::Action));
                let done = if text(Path::Action).is_empty() { "use" } else { text(Path::Action) };
                (kind, words, (done, ""))
            }
            Feed::Audit => {
                let (kind, words) = audit::of(text(Path::Action), text(Path::ObjectType));
                (kind, words, (text(Path::Action), text(Path::ObjectType)))
            }
        };
        let space = if done.is_empty() || of.is_empty() { "" } else { " " };
        action::write(action, words, &[done, space, of]);
        let mut row = Row::new(time, kind, offset);
        row.action = action;
        row.outcome = outcome(feed, &found);
        row.actor = first(&[
            text(Path::TargetEmail),
            text(Path::UserEmail),
            text(Path::ActorEmail),
            text(Path::TargetName),
            text(Path::UserName),
            text(Path::ActorName),
            text(Path::TargetUuid),
            text(Path::UserUuid),
            text(Path::ActorUuid),
        ]);
        row.token_subject = first(&[text(Path::TargetUuid), text(Path::UserUuid), text(Path::ActorUuid)]);
        row.session = first(&[text(Path::Session), text(Path::AuditSession)]);
        row.source_ip = first(&[text(Path::Ip), text(Path::SessionIp)]);
        row.user_agent = text(Path::App);
        row.client = first(&[text(Path::Platform), text(Path::SessionDevice)]);
        row.node = first(&[text(Path::Account), text(Path::ActorAccount)]);
        match feed {
            Feed::SignIn => row.account = row.actor,
            Feed::Item => row.resource = slashed(place, "", text(Path::Vault), text(Path::Item)),
            Feed::Audit => {
                row.account = first(&[text(Path::ObjectEmail), text(Path::AuxEmail), user(&found)]);
                row.resource = slashed(place, text(Path::ObjectType), text(Path::ObjectUuid), text(Path::AuxUuid));
                row.subject_ref = text(Path::AuxInfo);
            }
        }
        out.push(&row);
        told
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

fn feed(found: &Found<'_>) -> Option<Feed> {
    let has = |path: Path| !found.text(path as usize).is_empty();
    let any = |paths: &[Path]| paths.iter().any(|path| has(*path));
    const TARGET: &[Path] = &[Path::TargetUuid, Path::TargetEmail, Path::TargetName];
    let (category, of) = (found.text(Path::Category as usize), found.text(Path::Type as usize));
    let target = any(TARGET);
    if target && (any(&[Path::Category, Path::Session]) || audit::is_type(of)) || audit::is_sign_in(category, of) {
        return Some(Feed::SignIn);
    }
    if has(Path::Item) && any(&[Path::Vault, Path::Version]) {
        return Some(Feed::Item);
    }
    let beside = [Path::ActorUuid, Path::ObjectUuid, Path::ActorEmail, Path::AuditSession];
    (has(Path::Action) && has(Path::ObjectType) && any(&beside)).then_some(Feed::Audit)
}

fn outcome(feed: Feed, found: &Found<'_>) -> Outcome {
    let category = found.text(Path::Category as usize);
    match feed {
        Feed::SignIn if category.eq_ignore_ascii_case("success") => Outcome::Answered,
        // Told, and let in.
        Feed::SignIn if category.eq_ignore_ascii_case("firewall_reported_success") => Outcome::Answered,
        Feed::SignIn if category.is_empty() => {
            let of = found.text(Path::Type as usize);
            let passed = of.to_ascii_lowercase().ends_with("_ok");
            match of {
                "" => Outcome::Unknown,
                _ if passed => Outcome::Answered,
                _ => Outcome::Refused,
            }
        }
        Feed::SignIn => Outcome::Refused,
        Feed::Item | Feed::Audit => Outcome::Answered,
    }
}

/// The user that an audit event's object or auxiliary id names.
fn user<'a>(found: &Found<'a>) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    let is = |kind: &str| text(Path::ObjectType).eq_ignore_ascii_case(kind);
    match () {
        () if is("user") => text(Path::ObjectUuid),
        // Of memberships and access the object is the group or vault, and the other id the user.
        () if is("gm") || is("uva") => text(Path::AuxUuid),
        () => "",
    }
}

/// `kind/one/other`, of those that there are.
fn slashed<'a>(into: &'a mut String, kind: &str, one: &str, other: &str) -> &'a str {
    for part in [kind, one, other].into_iter().filter(|part| !part.is_empty()) {
        if !into.is_empty() {
            into.push('/');
        }
        into.push_str(part);
    }
    into
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let all = |keys: &[&str]| keys.iter().all(|key| has(record, key));
        all(&["category", "target_user", "session_uuid"])
            || all(&["item_uuid", "vault_uuid"])
            || all(&["action", "object_type", "actor_uuid"])
    });
    (share >= 0.3).then(|| ((share * 95.0) as u8, "fields of 1Password's Events API".to_owned()))
}
