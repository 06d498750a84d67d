//! `sshd`: what OpenSSH's server writes to syslog.
//!
//! Stateful in one thing: the year of RFC 3164 times, which [`super::syslog`] keeps.

use sever_model::port::{Decoder, EventSink, Reason};
use sever_model::{EventKind, Outcome, Row};

use super::syslog::{Clock, Line};
use super::{Format, Settings, repaired};
use crate::search::{cut, cut_at, cut_last, place, until};
use crate::sniff::Sample;
use crate::{Framing, MappingError};

pub(super) const FORMAT: Format = Format {
    id: "sshd",
    title: "OpenSSH server",
    about: "`auth.log`, `secure` or a journal printed as text: lines of `sshd`, `sshd-session` and `sshd-auth`, with \
RFC 3339 times or those of RFC 3164 (`Jul 10 11:54:42`). `Accepted`, `Failed` and `Invalid user` lines are sign-ins \
(`authenticated`, answered or refused): the user is `actor` and `account`, the method is `action`, the key's SHA-256 \
fingerprint is `credential`, a certificate's authority is `key_id` and its identity `token_subject`, the host is \
`resource`. sshd names the fingerprint of an accepted key always, of a refused one with `LogLevel VERBOSE`. Its other \
lines say nothing about access and give no event; other programs' lines are counted as unrelated.\n\nTimes of RFC 3164 \
have no year and no zone: set `year` (that of the log's *first* line; it moves on when December turns to January) and \
`zone` under `[log.map]`. Without them such lines are rejected, for a guess could move a sign-in across a departure.",
    joins: "Sign-ins only. An SSH key is not issued by anyone, so that its uses are not judged by the ledger; they are \
joined to its holder by fingerprint. A certificate's authority does not log what it signed here.",
    framing: Framing::Syslog,
    whole: &[],
    make,
    score,
};

fn make(settings: &Settings) -> Result<Box<dyn Decoder + Send>, MappingError> {
    settings.fixed("sshd", Sshd { clock: Clock::of(settings) })
}

struct Sshd {
    clock: Clock,
}

impl Decoder for Sshd {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let line = repaired(frame);
        let line = Line::parse(&line).ok_or(Reason::Unrelated)?;
        // Every line of the log moves the year, not only those of sshd.
        let time = self.clock.time(line.time);
        if !is_sshd(&line) {
            return Err(Reason::Unrelated);
        }
        if !Login::is_told(line.message) {
            return Ok(());
        }
        let Some(login) = Login::parse(line.message) else {
            return Err(Reason::Syntax("a sign-in in words that are not known".to_owned()));
        };
        let mut row = Row::new(time?, EventKind::Authenticated, offset);
        row.outcome = login.outcome;
        (row.actor, row.account, row.action) = (login.user, login.user, login.method);
        (row.credential, row.key_id, row.token_subject) =
            (login.key.fingerprint, login.key.authority, login.key.identity);
        (row.source_ip, row.resource, row.node) = (login.ip, line.host, line.host);
        out.push(&row);
        Ok(())
    }
}

fn is_sshd(line: &Line<'_>) -> bool {
    matches!(line.program, "sshd" | "sshd-session" | "sshd-auth")
}

/// What a line says about a sign-in.
struct Login<'a> {
    outcome: Outcome,
    method: &'a str,
    user: &'a str,
    ip: &'a str,
    key: Key<'a>,
}

/// The key that was offered.
#[derive(Default)]
struct Key<'a> {
    fingerprint: &'a str,
    /// The fingerprint of the authority that signed it, where it is a certificate.
    authority: &'a str,
    /// The identity that the certificate names.
    identity: &'a str,
}

impl Login<'_> {
    /// Whether a line tells of a sign-in at all.
    fn is_told(message: &str) -> bool {
        // At VERBOSE sshd also says which file or CA accepted the key, before the sign-in itself.
        let aside = ["Failed to ", "Accepted key ", "Accepted certificate "];
        let told = ["Accepted ", "Failed ", "Invalid user "].iter().any(|beginning| message.starts_with(beginning));
        told && !aside.iter().any(|beginning| message.starts_with(beginning))
    }

    fn parse(message: &str) -> Option<Login<'_>> {
        if let Some(rest) = message.strip_prefix("Invalid user ") {
            let (user, ip, _) = origin(rest, true)?;
            return Some(Login { outcome: Outcome::Refused, method: "invalid user", user, ip, key: Key::default() });
        }
        let (outcome, rest) = match cut_at(message, b' ')? {
            ("Accepted", rest) => (Outcome::Answered, rest),
            ("Failed", rest) => (Outcome::Refused, rest),
            _ => return None,
        };
        let (method, rest) = cut(rest, " for ")?;
        let (user, ip, rest) = match rest.strip_prefix("invalid user ") {
            Some(rest) => origin(rest, true)?,
            None => origin(rest, false)?,
        };
        let key = cut(rest, ": ").map(|(_, key)| Key::parse(key)).unwrap_or_default();
        Some(Login { outcome, method, user, ip, key })
    }
}

/// Splits `alice from 10.0.0.1 port 22 ssh2…` into user, address and the rest.
///
/// A user that does not exist is named in the client's own words, which may hold another ` from `:
/// there the last place that reads as an address counts, elsewhere the first.
fn origin(text: &str, chosen_by_client: bool) -> Option<(&str, &str, &str)> {
    let reads = |at: usize| {
        let rest = text.get(at..)?.strip_prefix(" from ")?;
        let (ip, rest) = cut(rest, " port ")?;
        let port = rest.split([' ', ':']).next()?;
        let sound = !ip.contains(' ') && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        sound.then_some((text.get(..at)?, ip, rest.get(port.len()..)?))
    };
    let mut places = memchr::memchr_iter(b' ', text.as_bytes());
    if chosen_by_client { places.rev().find_map(reads) } else { places.find_map(reads) }
}

impl Key<'_> {
    /// `ED25519 SHA256:…`, or `ED25519-CERT SHA256:… ID alice (serial 5) CA ED25519 SHA256:…`.
    fn parse(text: &str) -> Key<'_> {
        let Some(own) = place(text, "SHA256:").and_then(|at| text.get(at..)) else { return Key::default() };
        let mut key = Key { fingerprint: until(own, b' '), ..Key::default() };
        if let Some((head, authority)) = cut_last(own, " CA ") {
            key.authority = authority.rsplit(' ').find(|part| part.starts_with("SHA256:")).unwrap_or("");
            key.identity = cut(head, " ID ")
                .map_or("", |(_, identity)| cut_last(identity, " (serial ").map_or(identity, |(identity, _)| identity));
        }
        key
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.line_share(|line| Line::parse(line).is_some_and(|line| is_sshd(&line)));
    (share >= 0.1).then(|| ((60.0 + share * 35.0) as u8, "syslog lines of sshd".to_owned()))
}
