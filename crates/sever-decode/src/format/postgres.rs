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
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::columns::Columns;
use super::shortened;

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
pub(super) fn time(text: &str, zone: Option<&Zone>) -> Result<EventTime, Reason> {
    let invalid = || Reason::Invalid("time", shortened(text));
    let (local, called) = text.rsplit_once(' ').ok_or_else(invalid)?;
    let (date, clock) = local.split_once(' ').ok_or_else(invalid)?;
    let utc = matches!(called, "UTC" | "GMT" | "UCT" | "Z");
    if utc || called.starts_with(['+', '-']) {
        let offset = if utc { Some(("+", "00", "00")) } else { offset(called) };
        let (sign, hours, minutes) = offset.ok_or_else(invalid)?;
        // Written into place, for this is done for every record.
        let mut written = Written { bytes: [0; 40], len: 0 };
        for part in [date, "T", clock, sign, hours, ":", minutes] {
            written.push(part).ok_or_else(invalid)?;
        }
        return EventTime::parse(written.text()).map_err(|_| invalid());
    }
    let zone = zone.ok_or(Reason::Missing("zone"))?;
    zone.local_called(local, called).map_err(|_| invalid())
}

/// Sign, hours and minutes of `+03` or `-0330`.
fn offset(text: &str) -> Option<(&str, &str, &str)> {
    let minutes = text.get(3..).filter(|rest| !rest.is_empty()).unwrap_or("00");
    Some((text.get(..1)?, text.get(1..3)?, minutes.strip_prefix(':').unwrap_or(minutes)))
}

/// A short text that is put together without allocation.
struct Written {
    bytes: [u8; 40],
    len: usize,
}

impl Written {
    fn push(&mut self, part: &str) -> Option<()> {
        let end = self.len + part.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(part.as_bytes());
        self.len = end;
        Some(())
    }

    fn text(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests;
