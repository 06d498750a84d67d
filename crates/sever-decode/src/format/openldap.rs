//! `openldap`: the stats log of OpenLDAP's slapd.
//!
//! An operation is told in several lines: what was asked, by which connection, and later the result;
//! the address stands where the connection began, and who asks in its bind. So connections and open
//! operations are remembered: at most [`OPEN_MAX`] of either; the oldest are forgotten then, which is
//! noted.

mod operation;

use std::collections::BTreeMap;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, Row};

use super::syslog::{Clock, Line};
use super::{Format, Settings, address, repaired};
use crate::search::{cut, cut_at, until};
use crate::sniff::Sample;
use crate::{Framing, MappingError};
use operation::Operation;

pub(super) const FORMAT: Format = Format {
    id: "openldap",
    title: "OpenLDAP stats log",
    about: "What slapd writes at `loglevel stats` (its default on Debian): in syslog, in its own `logfile`, or on stderr \
(`slapd -d stats`, as in containers; `6b0724fc.33ad6a11 0x7fad… conn=1000 op=0 BIND …`). An event is an operation with \
its result: `BIND` is a sign-in (`authenticated`; anonymous ones, and the steps of SASL before the last, give none), \
`SRCH` and `CMP` are `used` (the base is `resource`, the filter `subject_ref`, the attributes asked for are `fields`, the \
entries returned `subject_count`, whether they are people or not), `ADD`, `MOD`, `MODRDN`, `DEL` and `PASSMOD` are \
`changed` with our words before (`create-account ADD`, `grant MOD member`, `delete DEL`), the entry as `resource`. \
`actor` is who is bound on the connection, `account` who binds or is changed: by their `uid` where that names the entry, \
as the source `ldif` calls them, else by the whole distinguished name. An operation whose result is not in the log gives \
no event; error 0 (and for a comparison 5 and 6, for a search a limit reached) is answered, every other refused.\n\n\
Times of RFC 3164 have no year and no zone: set `year` (that of the log's *first* line) and `zone` under `[log.map]`.",
    joins: "Sign-ins and what was done only: an LDAP bind issues nothing that could be looked up. It is judged by whose \
account it is. `conn` numbers begin anew when slapd does, so that they are no session.",
    framing: Framing::Lines,
    whole: &[],
    make,
    score,
};

/// Connections, and operations without a result, that are remembered.
const OPEN_MAX: usize = 65_536;

fn make(settings: &Settings) -> Result<Box<dyn Decoder + Send>, MappingError> {
    let slapd = Slapd {
        clock: Clock::of(settings),
        connections: BTreeMap::new(),
        operations: BTreeMap::new(),
        action: String::new(),
        forgotten: 0,
    };
    settings.fixed("openldap", slapd)
}

struct Slapd {
    clock: Clock,
    connections: BTreeMap<u64, Connection>,
    /// By connection and operation.
    operations: BTreeMap<(u64, u64), Operation>,
    action: String,
    forgotten: u64,
}

/// What is known of a connection.
#[derive(Default)]
struct Connection {
    ip: String,
    /// The distinguished name that is bound on it; empty for nobody.
    bound: String,
}

/// An operation that ended, and the connection that it was of.
struct Ended {
    connection: u64,
    asked: Operation,
    outcome: operation::Outcome,
}

impl Decoder for Slapd {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let text = repaired(frame);
        let head = Head::parse(&text).ok_or(Reason::Unrelated)?;
        let ended = if head.is_slapd { self.note(head.message) } else { None };
        let time = match (head.time, &ended) {
            (Time::Debug(time), _) => time,
            (Time::Syslog(text), Some(_)) => self.clock.time(text)?,
            // Every line of the log moves the year, not only those that give an event.
            (Time::Syslog(text), None) => {
                self.clock.pass(text);
                EventTime::MIN
            }
        };
        let Some(Ended { connection, asked, outcome }) = ended else {
            return if head.is_slapd { Ok(()) } else { Err(Reason::Unrelated) };
        };
        if !self.connections.contains_key(&connection) {
            self.forgotten += insert(&mut self.connections, connection, Connection::default());
        }
        let Some(known) = self.connections.get_mut(&connection) else { return Ok(()) };
        let mut row = Row::new(time, asked.kind(), offset);
        asked.tell(outcome, known, &mut self.action, &mut row, &mut |row| {
            (row.source_ip, row.node) = (&known.ip, head.host);
            out.push(row);
        });
        if let Some(bound) = asked.binds(outcome) {
            known.bound = bound;
        }
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        let forgotten = Note { what: "forgotten", of: "open connections and operations", count: self.forgotten };
        Some(forgotten).filter(|note| note.count > 0).into_iter().collect()
    }
}

impl Slapd {
    /// Takes note of what a line says; the operation that it ends.
    fn note(&mut self, message: &str) -> Option<Ended> {
        let Some((connection, rest)) = numbered(message, "conn=") else {
            if message.starts_with("slapd starting") {
                self.restarted();
            }
            return None;
        };
        let Some((operation, rest)) = numbered(rest, "op=") else {
            self.connection(connection, rest);
            return None;
        };
        let key = (connection, operation);
        if let Some(outcome) = operation::Outcome::parse(rest) {
            return self.operations.remove(&key).map(|asked| Ended { connection, asked, outcome });
        }
        match self.operations.get_mut(&key) {
            Some(asked) => asked.more(rest),
            None => {
                if let Some(asked) = Operation::parse(rest) {
                    self.forgotten += insert(&mut self.operations, key, asked);
                }
            }
        }
        None
    }

    /// `fd=16 ACCEPT from IP=192.0.2.7:48664 (IP=…)`, `fd=16 closed`.
    fn connection(&mut self, number: u64, rest: &str) {
        let Some((_, rest)) = numbered(rest, "fd=") else { return };
        if let Some(from) = rest.strip_prefix("ACCEPT from ") {
            let from = until(from, b' ');
            let ip = from.strip_prefix("IP=").map_or("", address).to_owned();
            // Several threads write: the first operation may stand before this.
            match self.connections.get_mut(&number) {
                Some(known) => known.ip = ip,
                None => {
                    self.forgotten += insert(&mut self.connections, number, Connection { ip, ..Connection::default() })
                }
            }
        } else if rest.starts_with("closed") && self.operations.range((number, 0)..=(number, u64::MAX)).next().is_none()
        {
            // For the same reason a result may stand after it: then who asked is still needed.
            self.connections.remove(&number);
        }
    }

    /// It began anew, and so do the numbers of its connections.
    fn restarted(&mut self) {
        self.connections.clear();
        self.operations.clear();
    }
}

/// Remembers one, and forgets the oldest where there is no room; how many were forgotten.
fn insert<K: Ord, V>(into: &mut BTreeMap<K, V>, key: K, value: V) -> u64 {
    into.insert(key, value);
    let full = into.len() > OPEN_MAX;
    u64::from(full && into.pop_first().is_some())
}

/// A line's head, in any of the forms that slapd's log has.
struct Head<'a> {
    time: Time<'a>,
    host: &'a str,
    is_slapd: bool,
    message: &'a str,
}

enum Time<'a> {
    Debug(EventTime),
    Syslog(&'a str),
}

impl Head<'_> {
    fn parse(text: &str) -> Option<Head<'_>> {
        if let Some((time, message)) = debug(text) {
            return Some(Head { time: Time::Debug(time), host: "", is_slapd: true, message });
        }
        let line = Line::parse(text)?;
        // With priorities in the message (`[ID 848112 FACILITY.PRIORITY]`) as some daemons write them.
        let message = line.message.strip_prefix('[').and_then(|rest| cut(rest, "] ")).map_or(line.message, |(_, m)| m);
        Some(Head { time: Time::Syslog(line.time), host: line.host, is_slapd: line.program == "slapd", message })
    }
}

/// `6b0724fc.33ad6a11 0x7fadbcdfe6c0 conn=…` (seconds and nanoseconds in hexadecimal, and the thread),
/// or `6b0724fc conn=…` before 2.5.
fn debug(text: &str) -> Option<(EventTime, &str)> {
    // Every line is looked at for it.
    if !matches!(text.as_bytes().get(8), Some(b'.' | b' ')) {
        return None;
    }
    let (time, rest) = cut_at(text, b' ')?;
    let (secs, nanos) = cut_at(time, b'.').unwrap_or((time, "0"));
    let hexadecimal = |text: &str| i64::from_str_radix(text, 16).ok().filter(|_| !text.starts_with(['+', '-']));
    if secs.len() != 8 || nanos.len() > 8 {
        return None;
    }
    let (secs, nanos) = (hexadecimal(secs)?, hexadecimal(nanos)?);
    let rest = match cut_at(rest, b' ') {
        Some((thread, message)) if thread.starts_with("0x") => message,
        _ => rest,
    };
    Some((EventTime::from_micros(secs * 1_000_000 + nanos / 1_000), rest))
}

/// `conn=1000 rest`: the number, and what follows.
fn numbered<'a>(text: &'a str, name: &str) -> Option<(u64, &'a str)> {
    let rest = text.strip_prefix(name)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest.strip_prefix(' ').unwrap_or(rest)))
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let ours =
        |line: &str| Head::parse(line).is_some_and(|head| head.is_slapd && numbered(head.message, "conn=").is_some());
    let share = sample.line_share(ours);
    (share >= 0.1).then(|| ((60.0 + share * 37.0) as u8, "slapd's operations by `conn` and `op`".to_owned()))
}
