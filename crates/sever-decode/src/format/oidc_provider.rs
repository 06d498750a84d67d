//! `oidc-provider`: the lines of the listener that we document for npm's `oidc-provider`.
//!
//! The library writes no log of its own. The listener (`severance-listener.mjs`) writes a line for what
//! it issues before the answer leaves the server, and numbers its lines.

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, Outcome, Row};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::sniff::Sample;
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "oidc-provider",
    title: "oidc-provider (npm), by listener",
    about: "npm's `oidc-provider` writes no log; it emits events. Paste \
`crates/sever-testkit/node/severance-listener.mjs` beside your server and call \
`listen(provider, { file: '/var/log/oidc-provider.jsonl' })` before it takes requests. A line is written before the \
answer leaves the server: `access_token.issued` and `refresh_token.issued` are `issued` (`jti`, or for an opaque token \
its `token_sha256`, is `credential`; `sub` is `token_subject`; `kid` is `key_id`; `iat` and `exp`), \
`refresh_token.used` is `used`, `authorization.success` and the two errors are `authenticated` (answered, or refused \
with the error as `action`), `heartbeat` is `heartbeat`, and every other event is `changed`. `node` and `seq` number the \
lines of a process, so that a lost one is known. No token is ever in it.",
    joins: "By token id: `jti` of a JWT access token, which verifiers log (join `jti`, bound `key_id`, `token_subject`, \
`client`, `audience`, `issued_at`, `expires_at`, coverage `sequence`). Opaque tokens are told by their SHA-256: a class \
of their own, join `token-sha256`, where the verifier logs that. A JWT access token of it can be neither revoked nor \
introspected: it lives until it expires.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Issuer, Field::Node, Field::Sequence],
    make: |settings| {
        let reader = Reader::new(Plan::of(PATHS), settings.json_depth_max);
        settings.fixed("oidc-provider", OidcProvider { reader })
    },
    score,
};

paths! {
    Time = "time" Raw;
    Event = "event" Text;
    Issuer = "issuer" Text;
    Node = "node" Text;
    Sequence = "seq" Raw;
    TokenId = "jti" Text;
    TokenHash = "token_sha256" Text;
    Kind = "type" Text;
    KeyId = "kid" Text;
    Subject = "sub" Text;
    Account = "account" Text;
    Client = "client" Text;
    Audience = "aud" Text;
    IssuedAt = "iat" Raw;
    ExpiresAt = "exp" Raw;
    Grant = "grant" Text;
    Session = "session" Text;
    Ip = "ip" Text;
    UserAgent = "user_agent" Text;
    Error = "error" Text;
}

struct OidcProvider {
    reader: Reader,
}

impl Decoder for OidcProvider {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let found = self.reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let event = text(Path::Event);
        if event.is_empty() || text(Path::Issuer).is_empty() || text(Path::Node).is_empty() {
            return Err(Reason::Unrelated);
        }
        let time = when::said(&found, "time", &[Path::Time as usize], None)?;
        let (kind, outcome) = kind(event);
        let mut row = Row::new(time, kind, offset);
        (row.outcome, row.issuer, row.node) = (outcome, text(Path::Issuer), text(Path::Node));
        row.sequence = match found.value(Path::Sequence as usize) {
            Value::Unsigned(number) => Some(number),
            _ => None,
        };
        if kind != EventKind::Heartbeat {
            about(&found, event, &mut row);
        }
        out.push(&row);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// What a line says of a token and of who asked for it.
fn about<'a>(found: &Found<'a>, event: &'a str, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    (row.actor, row.account) = (text(Path::Account), text(Path::Account));
    (row.client, row.session) = (text(Path::Client), text(Path::Session));
    (row.source_ip, row.user_agent) = (text(Path::Ip), text(Path::UserAgent));
    row.action = match row.kind {
        EventKind::Issued | EventKind::Used => text(Path::Grant),
        EventKind::Authenticated if row.outcome == Outcome::Refused => text(Path::Error),
        _ => event,
    };
    if matches!(row.kind, EventKind::Issued | EventKind::Used) {
        row.credential = found.first(&[Path::TokenId as usize, Path::TokenHash as usize]);
        (row.token_type, row.key_id) = (text(Path::Kind), text(Path::KeyId));
        (row.token_subject, row.audience) = (text(Path::Subject), text(Path::Audience));
        row.issued_at = when::instant(found, Path::IssuedAt as usize, None);
        row.expires_at = when::instant(found, Path::ExpiresAt as usize, None);
    }
}

fn kind(event: &str) -> (EventKind, Outcome) {
    match event {
        "access_token.issued" | "refresh_token.issued" => (EventKind::Issued, Outcome::Answered),
        "refresh_token.used" => (EventKind::Used, Outcome::Answered),
        "authorization.success" => (EventKind::Authenticated, Outcome::Answered),
        "grant.error" | "authorization.error" => (EventKind::Authenticated, Outcome::Refused),
        "heartbeat" => (EventKind::Heartbeat, Outcome::Unknown),
        // A line of a later listener still counts in its node's sequence.
        _ => (EventKind::Changed, Outcome::Unknown),
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let has = |key: &str| record.get(key).is_some();
        let event = record.get("event").and_then(|event| event.as_str()).unwrap_or_default();
        let ours = event == "heartbeat" || event.split_once('.').is_some_and(|_| kind(event).0 != EventKind::Changed);
        ours && ["issuer", "node", "seq", "time"].into_iter().all(has)
    });
    (share >= 0.5).then(|| ((share * 96.0) as u8, "the listener's events, numbered by node".to_owned()))
}
