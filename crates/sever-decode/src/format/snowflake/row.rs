//! The event of a row, by the view that it is of.

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Path, View, statement};
use crate::action;
use crate::json::{Found, Value};

/// Who gives sessions: the account, whose own name stands in no row.
const ISSUER: &str = "snowflake";

/// Texts that are put together, reused from row to row.
#[derive(Default)]
pub(super) struct Text {
    action: String,
    resource: String,
    agent: String,
}

pub(super) fn push(
    found: &Found<'_>,
    view: View,
    time: EventTime,
    offset: u64,
    own: &mut Text,
    out: &mut dyn EventSink,
) {
    let mut row = Row::new(time, EventKind::Used, offset);
    row.actor = found.text(Path::User as usize);
    match view {
        View::Login => login(found, row, own, out),
        View::Session => session(found, row, own, out),
        View::Query => query(found, row, own, out),
        View::Access => access(found, row, out),
    }
}

fn login<'a>(found: &Found<'a>, mut row: Row<'a>, own: &'a mut Text, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    let Text { action, agent, .. } = own;
    let event = text(Path::EventType);
    action::write(action, &[], &[event]);
    let error = found.first(&[Path::ErrorMessage as usize, Path::ErrorCode as usize]);
    let parts = [(" ", text(Path::FirstFactor)), ("+", text(Path::SecondFactor)), (" ", error)];
    for (before, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        action.extend([before, part]);
    }
    agent.clear();
    agent.push_str(text(Path::ClientType));
    if !text(Path::ClientVersion).is_empty() {
        agent.extend([" ", text(Path::ClientVersion)]);
    }
    row.kind = if event.eq_ignore_ascii_case("LOGOUT") { EventKind::Used } else { EventKind::Authenticated };
    let success = text(Path::Success);
    row.outcome = match success {
        _ if ["YES", "TRUE", "1"].iter().any(|yes| yes.eq_ignore_ascii_case(success)) => Outcome::Answered,
        "" if error.is_empty() => Outcome::Unknown,
        _ => Outcome::Refused,
    };
    row.action = action.trim_start();
    row.account = row.actor;
    (row.source_ip, row.user_agent) = (text(Path::Ip), agent.trim_start());
    row.client = text(Path::Connection);
    row.parent = text(Path::EventId);
    row.key_id = text(Path::FactorId);
    out.push(&row);
}

fn session<'a>(found: &Found<'a>, mut row: Row<'a>, own: &'a mut Text, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    action::write(&mut own.action, &[], &["SESSION ", text(Path::Method)]);
    (row.kind, row.outcome, row.action) = (EventKind::Issued, Outcome::Answered, own.action.trim_end());
    (row.issuer, row.token_type, row.session) = (ISSUER, "session", text(Path::SessionId));
    (row.account, row.token_subject) = (row.actor, row.actor);
    row.parent = text(Path::LoginEvent);
    row.client = text(Path::Application);
    row.issued_at = (row.time != EventTime::MIN).then_some(row.time);
    out.push(&row);
}

fn query<'a>(found: &Found<'a>, mut row: Row<'a>, own: &'a mut Text, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    let Text { action, resource, .. } = own;
    let (kind, statement) = (text(Path::QueryType), text(Path::QueryText));
    action::write(action, statement::words(kind, statement), &[kind]);
    resource.clear();
    for part in [text(Path::Database), text(Path::Schema)].into_iter().filter(|part| !part.is_empty()) {
        if !resource.is_empty() {
            resource.push('.');
        }
        resource.push_str(part);
    }
    row.kind = statement::kind(kind);
    row.outcome = match text(Path::Status) {
        status if status.eq_ignore_ascii_case("SUCCESS") => Outcome::Answered,
        status if ["FAIL", "INCIDENT"].iter().any(|part| statement::contains(status, part)) => Outcome::Refused,
        _ if !text(Path::ErrorCode).is_empty() => Outcome::Refused,
        // It is still running, or the row does not say.
        _ => Outcome::Unknown,
    };
    (row.action, row.resource) = (action, resource);
    row.account = statement::user(kind, statement);
    row.subject_ref = text(Path::QueryId);
    (row.node, row.audience) = (text(Path::Warehouse), text(Path::Role));
    row.source_ip = text(Path::Ip);
    // Rows of a table that was loaded or changed are in nobody's answer.
    row.subject_count = match kind {
        _ if kind.eq_ignore_ascii_case("UNLOAD") => {
            count(found, Path::RowsUnloaded).or_else(|| count(found, Path::RowsProduced))
        }
        _ if kind.eq_ignore_ascii_case("SELECT") => count(found, Path::RowsProduced),
        _ => None,
    };
    row.session = text(Path::SessionId);
    if !row.session.is_empty() {
        (row.issuer, row.token_type, row.token_subject) = (ISSUER, "session", row.actor);
    }
    out.push(&row);
}

fn access<'a>(found: &Found<'a>, mut row: Row<'a>, out: &mut dyn EventSink) {
    let first = |paths: &[Path]| {
        paths.iter().map(|path| found.text(*path as usize)).find(|text| !text.is_empty()).unwrap_or("")
    };
    // The view holds only what was done.
    row.outcome = Outcome::Answered;
    row.action = "ACCESS";
    row.resource = first(&[Path::BaseObjects, Path::DirectObjects, Path::Modified]);
    row.fields = first(&[Path::BaseColumns, Path::DirectColumns]);
    row.subject_ref = found.text(Path::QueryId as usize);
    out.push(&row);
}

/// A count, which exports write as a number or as text.
fn count(found: &Found<'_>, path: Path) -> Option<u64> {
    match found.value(path as usize) {
        Value::Unsigned(number) => Some(number),
        Value::Float(number) if (0.0..1e15).contains(&number) => Some(number as u64),
        _ => found.text(path as usize).parse().ok(),
    }
}
