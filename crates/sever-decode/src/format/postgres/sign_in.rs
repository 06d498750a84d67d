//! Sign-ins, held until it is known that they stood.
//!
//! PostgreSQL says `connection authenticated` and `connection authorized` before it looks whether the role
//! exists and may log in, and whether the database is there: what a leaver's role is refused would read
//! as a sign-in. So a sign-in is told at the session's next record, or [`SETTLE`] later by the log's own
//! time, or when the log ends. Bounded by [`HELD_MAX`] and
//! [`TEXT_BYTES_MAX`]: past the one the oldest is told, past the other this one.

use std::collections::VecDeque;

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row, Span};

use super::Record;

/// How long the checks take that follow: milliseconds, with much to spare.
const SETTLE: Span = Span::secs(5);

/// How many sessions may be at it.
const HELD_MAX: usize = 256;

/// How long the texts of one may be together; PostgreSQL's own are a few hundred bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// Sign-ins that may yet be refused, the oldest first.
#[derive(Debug, Default)]
pub(super) struct SignIns(VecDeque<SignIn>);

#[derive(Debug)]
struct SignIn {
    time: EventTime,
    offset: u64,
    user: String,
    database: String,
    host: String,
    session: String,
    application: String,
    /// What proved the identity, and which; from 14 on.
    method: String,
    identity: String,
}

impl SignIns {
    /// Notes a step of a session's sign-in. Text that is empty says nothing new.
    pub fn step(
        &mut self,
        record: &Record<'_>,
        application: &str,
        method: &str,
        identity: &str,
        out: &mut dyn EventSink,
    ) {
        let at = self.0.iter().position(|held| held.session == record.session);
        let mut held = at.and_then(|at| self.0.remove(at)).unwrap_or_else(|| SignIn::of(record));
        (held.time, held.offset) = (record.time, record.offset);
        let said = [(&mut held.application, application), (&mut held.method, method), (&mut held.identity, identity)];
        for (place, text) in said.into_iter().filter(|(_, text)| !text.is_empty()) {
            *place = text.to_owned();
        }
        // Without a session or a time nothing can be joined to it.
        if record.session.is_empty() || record.time == EventTime::MIN || held.text_bytes() > TEXT_BYTES_MAX {
            return out.push(&held.row());
        }
        self.0.push_back(held);
        if self.0.len() > HELD_MAX {
            self.tell_first(out);
        }
    }

    /// Tells the sign-ins that stood by the time of this record, which is no step of one.
    pub fn settle(&mut self, record: &Record<'_>, out: &mut dyn EventSink) {
        while self.0.front().is_some_and(|held| held.time.plus(SETTLE) < record.time) {
            self.tell_first(out);
        }
        if let Some(at) = self.0.iter().position(|held| held.session == record.session)
            && let Some(held) = self.0.remove(at)
        {
            out.push(&held.row());
        }
    }

    /// Takes back a session's sign-in, which was refused for all that: the identity that it proved.
    pub fn take_back(&mut self, session: &str) -> Option<String> {
        let at = self.0.iter().position(|held| held.session == session)?;
        self.0.remove(at).map(|held| held.identity)
    }

    /// Tells all: the log has ended.
    pub fn finish(&mut self, out: &mut dyn EventSink) {
        while !self.0.is_empty() {
            self.tell_first(out);
        }
    }

    fn tell_first(&mut self, out: &mut dyn EventSink) {
        if let Some(held) = self.0.pop_front() {
            out.push(&held.row());
        }
    }
}

impl SignIn {
    fn of(record: &Record<'_>) -> SignIn {
        SignIn {
            time: record.time,
            offset: record.offset,
            user: record.user.to_owned(),
            database: record.database.to_owned(),
            host: record.host.to_owned(),
            session: record.session.to_owned(),
            application: String::new(),
            method: String::new(),
            identity: String::new(),
        }
    }

    fn text_bytes(&self) -> usize {
        let texts =
            [&self.user, &self.database, &self.host, &self.session, &self.application, &self.method, &self.identity];
        texts.into_iter().map(String::len).sum()
    }

    fn row(&self) -> Row<'_> {
        let mut row = Row::new(self.time, EventKind::Authenticated, self.offset);
        row.outcome = Outcome::Answered;
        (row.actor, row.account, row.session) = (&self.user, &self.user, &self.session);
        row.action = if self.method.is_empty() { "connection authorized" } else { &self.method };
        (row.token_subject, row.resource, row.user_agent) = (&self.identity, &self.database, &self.application);
        row.source_ip = if self.host == "[local]" { "" } else { &self.host };
        row
    }
}
