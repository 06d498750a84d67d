//! Sign-ins: who, with which app, to what; and the token that one gave out.

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::record::{Head, Path, Record, outcome};
use super::{ISSUER, TOKEN_TYPE, Texts, first};
use crate::format::adfs;
use crate::json::pair;

pub(super) fn push<'r>(record: &Record<'r>, mut row: Row<'r>, texts: &'r mut Texts, out: &mut dyn EventSink) {
    let body = |path: Path| record.body(path);
    row.kind = EventKind::Authenticated;
    texts.action.push_str(first(&[record.operation(), "Sign-in activity"]));
    row.action = &texts.action;
    row.outcome = ended(record);
    let user = first(&[body(Path::Upn), body(Path::UserName)]);
    row.actor = first(&[
        user,
        body(Path::ServiceName),
        body(Path::UserId),
        body(Path::ServiceId),
        body(Path::AppName),
        record.head(Head::Identity),
    ]);
    row.account = first(&[user, body(Path::ServiceId), body(Path::UserId), row.actor]);
    row.token_subject = first(&[body(Path::UserId), body(Path::ServiceId)]);
    row.client = first(&[body(Path::App), body(Path::AppName)]);
    row.audience = Some(body(Path::ResourceOf)).filter(|id| !id.starts_with('/')).unwrap_or("");
    row.resource = first(&[body(Path::ResourceName), row.audience, body(Path::AppName)]);
    row.source_ip = first(&[body(Path::Ip), body(Path::CallerIp), record.head(Head::CallerIp)]);
    row.user_agent = first(&[body(Path::Agent), body(Path::Browser), body(Path::ClientApp)]);
    row.session = body(Path::Session);
    let issued = Row { kind: EventKind::Issued, ..row };
    row.credential = body(Path::ServiceKey);
    row.key_id = first(&[body(Path::ServiceThumbprint), body(Path::ServiceKey)]);
    let assertion = first(&[body(Path::Correlation), record.head(Head::Correlation)]);
    if is_assertion(body(Path::Incoming)) && row.credential.is_empty() {
        (row.issuer, row.token_type, row.parent) = (adfs::ISSUER, "saml", assertion);
    }
    out.push(&row);
    if row.outcome == Outcome::Answered && !body(Path::Token).is_empty() {
        out.push(&Row {
            issuer: ISSUER,
            token_type: TOKEN_TYPE,
            credential: body(Path::Token).trim_end_matches('='),
            issued_at: Some(row.time).filter(|at| *at != EventTime::MIN),
            ..issued
        });
    }
}

/// How it ended: by the error code, which tables write into a text.
fn ended(record: &Record<'_>) -> Outcome {
    let status = record.body(Path::Status);
    let within = if status.starts_with('{') { pair(status, ("", ""), "errorCode") } else { None };
    match outcome(first(&[record.body(Path::ErrorCode), within.as_deref().unwrap_or("")])) {
        Outcome::Unknown => record.result(),
        known => known,
    }
}

/// Whether it was by an assertion of another identity provider: `saml11`, `saml20`, among others or alone.
fn is_assertion(incoming: &str) -> bool {
    incoming.split([',', ' ']).any(|kind| kind.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("saml")))
}
