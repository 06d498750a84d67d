//! What PostgreSQL's log says, however it is written: `csvlog` and `jsonlog` carry the same columns.
//!
//! A column that the server writes is believed; a message is read by how it begins, and only where no
//! client can have written it: whoever may run PL/pgSQL can raise a log message in any words, but not
//! without a context.

mod audit;
mod deed;
mod message;
mod role;
mod sign_in;
mod sql;
mod words;

use sever_model::port::Reason;
use sever_model::{EventKind, EventTime, LocalTimes, Outcome, Row};

use super::columns::Columns;
use super::shortened;
use crate::search::cut_last;
use crate::when::Written;

pub(super) const JOINS: &str = "By nothing that could be forged: PostgreSQL makes a session's id itself (start and process \
number), and a client can present none. So sessions are not judged by the ledger and no class is built in; what a \
session did is tied to its sign-in by `session`, where `log_connections` is on. The password, certificate or ticket that \
was presented is not named in the log: a certificate's or Kerberos identity is (`token_subject`), from 14 on. Where \
people sign in with tokens (LDAP, OAuth in 18), the issuer's log and this one share the user's name only.";

/// The columns of a record that say something about access.
pub(super) struct Record<'a> {
    pub time: EventTime,
    pub offset: u64,
    pub user: &'a str,
    pub database: &'a str,
    pub host: &'a str,
    pub session: &'a str,
    /// What the process was doing, as `ps` shows it.
    pub doing: &'a str,
    pub severity: &'a str,
    pub state: &'a str,
    pub message: &'a str,
    pub context: &'a str,
    pub application: &'a str,
}

/// What is kept from record to record.
#[derive(Debug, Default)]
pub(super) struct Writer {
    action: String,
    resource: String,
    /// The columns of a pgaudit message.
    audit: Columns,
    sign_ins: sign_in::SignIns,
}

impl<'a> Record<'a> {
    /// An event of the session.
    fn row(&self, kind: EventKind, outcome: Outcome) -> Row<'a> {
        let mut row = Row::new(self.time, kind, self.offset);
        row.outcome = outcome;
        (row.actor, row.session, row.user_agent) = (self.user, self.session, self.application);
        row.source_ip = if self.host == "[local]" { "" } else { self.host };
        row
    }
}

/// Whether that is how bad PostgreSQL says a record is.
pub(super) fn is_severity(text: &str) -> bool {
    text.starts_with("DEBUG") || matches!(text, "LOG" | "INFO" | "NOTICE" | "WARNING" | "ERROR" | "FATAL" | "PANIC")
}

/// Reads `2026-03-31 09:00:00.123 CEST`.
pub(super) fn time(text: &str, times: Option<&mut LocalTimes>) -> Result<EventTime, Reason> {
    let invalid = || Reason::Invalid("time", shortened(text));
    let (local, called) = cut_last(text, " ").ok_or_else(invalid)?;
    let offset = match called {
        "UTC" | "GMT" | "UCT" | "Z" => Some(["Z", "", "", ""]),
        _ if called.starts_with(['+', '-']) => Some(offset(called).ok_or_else(invalid)?),
        _ => None,
    };
    if let Some(offset) = offset {
        let mut written = Written::of(local).ok_or_else(invalid)?;
        for part in offset {
            written.push(part).ok_or_else(invalid)?;
        }
        return EventTime::read(written.text()).ok_or_else(invalid);
    }
    let times = times.ok_or(Reason::Missing("zone"))?;
    times.read_called(local, called).map_err(|_| invalid())
}

/// Sign, hours and minutes of `+03` or `-0330`.
fn offset(text: &str) -> Option<[&str; 4]> {
    let minutes = text.get(3..).filter(|rest| !rest.is_empty()).unwrap_or("00");
    Some([text.get(..1)?, text.get(1..3)?, ":", minutes.strip_prefix(':').unwrap_or(minutes)])
}

#[cfg(test)]
mod tests;
