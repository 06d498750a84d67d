//! Calls to Microsoft Graph, and the token that each was made with.

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Row};

use super::record::{Head, Path, Record};
use super::{ISSUER, TOKEN_TYPE, Texts, first};
use crate::action;
use crate::format::{endpoint, http_outcome};
use crate::json::Value;

pub(super) fn push<'r>(record: &Record<'r>, mut row: Row<'r>, texts: &'r mut Texts, out: &mut dyn EventSink) {
    let body = |path: Path| record.body(path);
    let method = first(&[body(Path::Method), body(Path::HttpMethod)]);
    let uri = endpoint(body(Path::Uri));
    let deed = Deed::of(method, uri);
    row.kind = deed.kind;
    action::write(&mut texts.action, deed.words, &["graph ", method]);
    row.action = texts.action.trim_end();
    row.outcome = match code(record) {
        Some(code) => http_outcome(code),
        None => record.result(),
    };
    row.actor = first(&[body(Path::Upn), body(Path::UserId), body(Path::ServiceId), body(Path::App)]);
    row.token_subject = first(&[body(Path::UserId), body(Path::ServiceId)]);
    row.client = body(Path::App);
    row.resource = uri;
    row.source_ip = first(&[body(Path::Ip), body(Path::CallerIp), record.head(Head::CallerIp)]);
    row.user_agent = body(Path::Agent);
    row.session = body(Path::Session);
    row.credential = body(Path::SignIn).trim_end_matches('=');
    row.issued_at = issued_at(record);
    if !row.credential.is_empty() {
        (row.issuer, row.token_type) = (ISSUER, TOKEN_TYPE);
    }
    out.push(&row);
}

fn code(record: &Record<'_>) -> Option<u64> {
    let said = |path: Path| match record.value(path) {
        Value::Unsigned(code) => Some(code),
        _ => record.body(path).parse().ok(),
    };
    said(Path::Code).or_else(|| said(Path::HttpCode))
}

fn issued_at(record: &Record<'_>) -> Option<EventTime> {
    record.instant(Path::IssuedAt).or_else(|| record.instant(Path::Iat))
}

/// What a call does, by its method and path.
struct Deed {
    kind: EventKind,
    words: &'static [&'static str],
}

impl Deed {
    fn of(method: &str, uri: &str) -> Deed {
        let ends = |with: &[&str]| {
            let end = uri.trim_end_matches('/');
            with.iter().any(|with| {
                end.len() >= with.len()
                    && end.get(end.len() - with.len()..).is_some_and(|end| end.eq_ignore_ascii_case(with))
            })
        };
        let (kind, words): (EventKind, &'static [&'static str]) = match method.to_ascii_uppercase().as_str() {
            // Taking a member out destroys nothing.
            "DELETE" if ends(&["/$ref"]) => (EventKind::Changed, &[]),
            "DELETE" => (EventKind::Changed, &["delete"]),
            "PATCH" | "PUT" => (EventKind::Changed, &[]),
            "POST"
                if ends(&[
                    "/addPassword",
                    "/addKey",
                    "/resetPassword",
                    "/temporaryAccessPassMethods",
                    "/passwordMethods",
                ]) =>
            {
                (EventKind::Changed, &["create-key"])
            }
            "POST"
                if ends(&[
                    "/$ref",
                    "/appRoleAssignments",
                    "/appRoleAssignedTo",
                    "/oauth2PermissionGrants",
                    "/roleAssignments",
                ]) =>
            {
                (EventKind::Changed, &["grant"])
            }
            "POST" if ends(&["/users", "/invitations"]) => (EventKind::Changed, &["create-account"]),
            "POST" if ends(&["/revokeSignInSessions"]) => (EventKind::Changed, &["disable"]),
            // Many a question is asked by POST.
            "POST"
                if ends(&[
                    "/$batch",
                    "/query",
                    "/getByIds",
                    "/checkMemberGroups",
                    "/getMemberGroups",
                    "/getMemberObjects",
                    "/getSchedule",
                    "/validateProperties",
                    "/delta",
                    "/$count",
                ]) =>
            {
                (EventKind::Used, &[])
            }
            "POST" => (EventKind::Changed, &[]),
            _ => (EventKind::Used, &[]),
        };
        Deed { kind, words }
    }
}
