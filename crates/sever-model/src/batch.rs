//! Events in columns.
//!
//! A batch holds the events of one source, in the order of its log. Text that recurs is a column of
//! [`Sym`]; text that does not (ids, addresses, paths) lies once in the batch's arena. Live and
//! historic judging run over the same batches.
//!
//! Bounded by [`crate::Limits::batch_rows`]; the arena by that times the longest frame.

use crate::{EventKind, EventTime, Outcome, Row, Sym, Symbols};

/// Where a text lies in the arena.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Text {
    start: u32,
    len: u32,
}

/// The recurring texts of one event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names {
    /// Who acted.
    pub actor: Sym,
    /// The account acted upon.
    pub account: Sym,
    /// What was done.
    pub action: Sym,
    /// The issuer.
    pub issuer: Sym,
    /// The class of token.
    pub token_type: Sym,
    /// The audience.
    pub audience: Sym,
    /// The client.
    pub client: Sym,
    /// The signing key's id.
    pub key_id: Sym,
}

/// The texts of one event that seldom recur.
#[derive(Debug, Clone, Copy, Default)]
struct Texts {
    credential: Text,
    session: Text,
    parent: Text,
    token_subject: Text,
    subject_ref: Text,
    fields: Text,
    resource: Text,
    source_ip: Text,
    user_agent: Text,
    node: Text,
}

/// The numbers of one event; `i64::MIN` and `u64::MAX` are absence.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    issued_at: i64,
    expires_at: i64,
    idle_since: i64,
    subject_count: u64,
    sequence: u64,
    offset: u64,
}

const NO_TIME: i64 = i64::MIN;
const NO_COUNT: u64 = u64::MAX;

/// Events of one source, in columns.
#[derive(Debug, Default)]
pub struct Batch {
    times: Vec<EventTime>,
    kinds: Vec<(EventKind, Outcome)>,
    names: Vec<Names>,
    texts: Vec<Texts>,
    numbers: Vec<Numbers>,
    /// Where each row's subjects begin in `subjects`; one longer than the rows.
    subject_starts: Vec<u32>,
    subjects: Vec<Text>,
    arena: String,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Bytes of text held; a batch is full when this nears 4 GiB, however few its rows.
    pub fn text_bytes(&self) -> usize {
        self.arena.len()
    }

    /// Forgets the events and keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.kinds.clear();
        self.names.clear();
        self.texts.clear();
        self.numbers.clear();
        self.subject_starts.clear();
        self.subjects.clear();
        self.arena.clear();
    }

    /// Adds an event, interning what recurs.
    pub fn push(&mut self, row: &Row<'_>, symbols: &mut Symbols) {
        self.times.push(row.time);
        self.kinds.push((row.kind, row.outcome));
        self.names.push(Names {
            actor: symbols.intern(row.actor),
            account: symbols.intern(row.account),
            action: symbols.intern(row.action),
            issuer: symbols.intern(row.issuer),
            token_type: symbols.intern(row.token_type),
            audience: symbols.intern(row.audience),
            client: symbols.intern(row.client),
            key_id: symbols.intern(row.key_id),
        });
        let texts = Texts {
            credential: self.keep(row.credential),
            session: self.keep(row.session),
            parent: self.keep(row.parent),
            token_subject: self.keep(row.token_subject),
            subject_ref: self.keep(row.subject_ref),
            fields: self.keep(row.fields),
            resource: self.keep(row.resource),
            source_ip: self.keep(row.source_ip),
            user_agent: self.keep(row.user_agent),
            node: self.keep(row.node),
        };
        self.texts.push(texts);
        let micros = |at: Option<EventTime>| at.map_or(NO_TIME, EventTime::micros);
        self.numbers.push(Numbers {
            issued_at: micros(row.issued_at),
            expires_at: micros(row.expires_at),
            idle_since: micros(row.idle_since),
            subject_count: row.subject_count.unwrap_or(NO_COUNT),
            sequence: row.sequence.unwrap_or(NO_COUNT),
            offset: row.offset,
        });
        if self.subject_starts.is_empty() {
            self.subject_starts.push(0);
        }
        for subject in row.data_subjects {
            let text = self.keep(subject);
            self.subjects.push(text);
        }
        self.subject_starts.push(self.subjects.len() as u32);
    }

    /// When the event happened.
    pub fn time(&self, at: usize) -> EventTime {
        self.times.get(at).copied().unwrap_or(EventTime::MIN)
    }

    /// All event times, in log order.
    pub fn times(&self) -> &[EventTime] {
        &self.times
    }

    /// What kind of event it is.
    pub fn kind(&self, at: usize) -> EventKind {
        self.kinds.get(at).map_or(EventKind::Heartbeat, |(kind, _)| *kind)
    }

    /// How it ended.
    pub fn outcome(&self, at: usize) -> Outcome {
        self.kinds.get(at).map_or(Outcome::Unknown, |(_, outcome)| *outcome)
    }

    /// Its recurring texts.
    pub fn names(&self, at: usize) -> Names {
        self.names.get(at).copied().unwrap_or_default()
    }

    /// The credential's own id.
    pub fn credential(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.credential))
    }

    /// The session.
    pub fn session(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.session))
    }

    /// The credential that this one was made from.
    pub fn parent(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.parent))
    }

    /// Whom the token claims to be.
    pub fn token_subject(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.token_subject))
    }

    /// What was touched.
    pub fn resource(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.resource))
    }

    /// The address it came from.
    pub fn source_ip(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.source_ip))
    }

    /// The client software, as it calls itself.
    pub fn user_agent(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.user_agent))
    }

    /// Which node of the issuer wrote it.
    pub fn node(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |texts| self.text(texts.node))
    }

    /// When the token was issued, as claimed or as logged.
    pub fn issued_at(&self, at: usize) -> Option<EventTime> {
        self.numbers.get(at).and_then(|n| time(n.issued_at))
    }

    /// When the token ends, as claimed or as logged.
    pub fn expires_at(&self, at: usize) -> Option<EventTime> {
        self.numbers.get(at).and_then(|n| time(n.expires_at))
    }

    /// Since when the issuer was idle (heartbeats only).
    pub fn idle_since(&self, at: usize) -> Option<EventTime> {
        self.numbers.get(at).and_then(|n| time(n.idle_since))
    }

    /// The record's number in its node's sequence.
    pub fn sequence(&self, at: usize) -> Option<u64> {
        self.numbers.get(at).and_then(|n| count(n.sequence))
    }

    /// Byte offset of the record.
    pub fn offset(&self, at: usize) -> u64 {
        self.numbers.get(at).map_or(0, |n| n.offset)
    }

    /// How many people's data the answer carries: the count where given, else the ids.
    pub fn subject_total(&self, at: usize) -> u64 {
        let given = self.numbers.get(at).and_then(|n| count(n.subject_count));
        given.unwrap_or(self.subject_range(at).len() as u64)
    }

    /// Whose data was in the answer, by id.
    pub fn data_subjects(&self, at: usize) -> impl Iterator<Item = &str> {
        let range = self.subject_range(at);
        self.subjects.get(range).unwrap_or_default().iter().map(|text| self.text(*text))
    }

    /// The whole event, for the rare row that is looked at closely. `subjects` is the caller's
    /// scratch space, which the row borrows.
    pub fn row<'a>(&'a self, at: usize, symbols: &'a Symbols, subjects: &'a mut Vec<&'a str>) -> Row<'a> {
        subjects.clear();
        subjects.extend(self.data_subjects(at));
        let names = self.names(at);
        let texts = self.texts.get(at).copied().unwrap_or_default();
        let mut row = Row::new(self.time(at), self.kind(at), self.offset(at));
        row.outcome = self.outcome(at);
        row.actor = symbols.text(names.actor);
        row.account = symbols.text(names.account);
        row.action = symbols.text(names.action);
        row.issuer = symbols.text(names.issuer);
        row.token_type = symbols.text(names.token_type);
        row.audience = symbols.text(names.audience);
        row.client = symbols.text(names.client);
        row.key_id = symbols.text(names.key_id);
        row.credential = self.text(texts.credential);
        row.session = self.text(texts.session);
        row.parent = self.text(texts.parent);
        row.token_subject = self.text(texts.token_subject);
        row.issued_at = self.issued_at(at);
        row.expires_at = self.expires_at(at);
        row.subject_count = self.numbers.get(at).and_then(|n| count(n.subject_count));
        row.subject_ref = self.text(texts.subject_ref);
        row.fields = self.text(texts.fields);
        row.resource = self.text(texts.resource);
        row.source_ip = self.text(texts.source_ip);
        row.user_agent = self.text(texts.user_agent);
        row.node = self.text(texts.node);
        row.sequence = self.sequence(at);
        row.idle_since = self.idle_since(at);
        row.data_subjects = subjects;
        row
    }

    /// Copies one event into another batch, which must be of the same run's symbols.
    pub fn copy_to(&self, at: usize, into: &mut Batch) {
        let (Some(texts), Some(numbers)) = (self.texts.get(at).copied(), self.numbers.get(at).copied()) else {
            return;
        };
        into.times.push(self.time(at));
        into.kinds.push((self.kind(at), self.outcome(at)));
        into.names.push(self.names(at));
        let mut moved = |text: Text| into.keep(self.text(text));
        let texts = Texts {
            credential: moved(texts.credential),
            session: moved(texts.session),
            parent: moved(texts.parent),
            token_subject: moved(texts.token_subject),
            subject_ref: moved(texts.subject_ref),
            fields: moved(texts.fields),
            resource: moved(texts.resource),
            source_ip: moved(texts.source_ip),
            user_agent: moved(texts.user_agent),
            node: moved(texts.node),
        };
        into.texts.push(texts);
        into.numbers.push(numbers);
        if into.subject_starts.is_empty() {
            into.subject_starts.push(0);
        }
        for subject in self.data_subjects(at) {
            let text = into.keep(subject);
            into.subjects.push(text);
        }
        into.subject_starts.push(into.subjects.len() as u32);
    }

    fn subject_range(&self, at: usize) -> std::ops::Range<usize> {
        let edge = |at: usize| self.subject_starts.get(at).map_or(0, |start| *start as usize);
        edge(at)..edge(at + 1).max(edge(at))
    }

    fn text(&self, text: Text) -> &str {
        let start = text.start as usize;
        self.arena.get(start..start + text.len as usize).unwrap_or("")
    }

    fn keep(&mut self, text: &str) -> Text {
        if text.is_empty() {
            return Text::default();
        }
        let start = self.arena.len() as u32;
        self.arena.push_str(text);
        Text { start, len: text.len() as u32 }
    }
}

fn time(micros: i64) -> Option<EventTime> {
    (micros != NO_TIME).then_some(EventTime::from_micros(micros))
}

fn count(number: u64) -> Option<u64> {
    (number != NO_COUNT).then_some(number)
}

#[cfg(test)]
mod tests;
