//! `glewlwyd`: the log of the Glewlwyd single sign-on server.
//!
//! Its file has local times without a zone, its syslog those of syslog.

use sever_model::port::{Decoder, EventSink, Reason};
use sever_model::{EventKind, EventTime, LocalTimes, Outcome, Row};

use super::syslog::{Clock, Line};
use super::{Format, Settings, repaired, shortened};
use crate::search::{cut, cut_at, cut_last, place};
use crate::sniff::Sample;
use crate::{Framing, MappingError, action};

pub(super) const FORMAT: Format = Format {
    id: "glewlwyd",
    title: "Glewlwyd",
    about: "Glewlwyd's log at `log_level=\"INFO\"`, as a file (`2026-03-31T15:04:05 - Glewlwyd INFO: …`) or in syslog. \
`Event - User 'ann' authenticated …` is a sign-in (`authenticated`), `Security - Authorization invalid …` one that was \
refused; `… token generated for client 'desk' granted by user 'ann' …` is `issued` (type `access`, `refresh` or `id`; \
the user is `account`, the scopes are `fields`); a revoked token, and users, clients, scopes and modules that are added, \
updated or removed, are `changed` (`create-account User added`, `delete User removed`). Lines that say nothing of the \
kind give no event; the token that the plugin makes of nobody to try its key when it starts is none. A sign-in names no \
address, a change not who made it.\n\nTimes in the file have no zone: they are read in the configured one.",
    joins: "Not by token: a line says to whom and for which client a token was made, but neither its `jti` nor its key \
id nor its expiry, so that a use cannot be looked up among the issuances (only a revocation names the `jti`). It shows \
who signed in and who was given tokens; for a judgement of each use put an issuer that logs ids in front, or \
`oidc-provider`'s listener.",
    framing: Framing::Lines,
    whole: &[],
    make,
    score,
};

fn make(settings: &Settings) -> Result<Box<dyn Decoder + Send>, MappingError> {
    let glewlwyd = Glewlwyd { times: settings.local_times(), clock: Clock::of(settings), action: String::new() };
    settings.fixed("glewlwyd", glewlwyd)
}

struct Glewlwyd {
    times: Option<LocalTimes>,
    clock: Clock,
    action: String,
}

impl Decoder for Glewlwyd {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let line = repaired(frame);
        let (time, message) = match of_file(&line) {
            Some((time, message)) => (self.local(time), message),
            None => {
                let line = Line::parse(&line).ok_or(Reason::Unrelated)?;
                let time = self.clock.time(line.time);
                let message = Some(line.message).filter(|_| line.program.eq_ignore_ascii_case("glewlwyd"));
                (time, message.ok_or(Reason::Unrelated)?)
            }
        };
        let Some(told) = Told::parse(message) else { return Ok(()) };
        action::write(&mut self.action, told.words, &[told.action]);
        let mut row = Row::new(time?, told.kind, offset);
        (row.outcome, row.action, row.resource) = (told.outcome, &self.action, told.resource);
        (row.actor, row.account, row.client) = (told.actor, told.account, told.client);
        (row.token_type, row.credential, row.fields) = (told.token_type, told.token_id, told.scopes);
        row.source_ip = told.ip;
        out.push(&row);
        Ok(())
    }
}

impl Glewlwyd {
    fn local(&mut self, text: &str) -> Result<EventTime, Reason> {
        let times = self.times.as_mut().ok_or(Reason::Missing("zone"))?;
        times.read(text).map_err(|_| Reason::Invalid("time", shortened(text)))
    }
}

/// `2026-03-31T15:04:05 - Glewlwyd INFO: message`.
fn of_file(line: &str) -> Option<(&str, &str)> {
    let (time, rest) = cut(line, " - Glewlwyd ")?;
    let (_, message) = cut(rest, ": ")?;
    time.as_bytes().first().is_some_and(u8::is_ascii_digit).then_some((time, message))
}

/// What a line tells.
struct Told<'a> {
    kind: EventKind,
    outcome: Outcome,
    words: &'static [&'static str],
    action: &'a str,
    actor: &'a str,
    account: &'a str,
    client: &'a str,
    token_type: &'static str,
    token_id: &'a str,
    scopes: &'a str,
    resource: &'a str,
    ip: &'a str,
}

/// Our words for an action, and the log's.
type Deed = (&'static [&'static str], &'static str);

impl<'a> Told<'a> {
    fn new(kind: EventKind, outcome: Outcome) -> Told<'a> {
        Told {
            kind,
            outcome,
            words: &[],
            action: "",
            actor: "",
            account: "",
            client: "",
            token_type: "",
            token_id: "",
            scopes: "",
            resource: "",
            ip: "",
        }
    }

    fn parse(message: &'a str) -> Option<Told<'a>> {
        if let Some(rest) = message.strip_prefix("Event - ") {
            return Told::changed(rest);
        }
        if let Some(rest) = message.strip_prefix("Security - ") {
            return Told::refused(rest);
        }
        // `Event oidc - Plugin 'NAME' - …, origin: IP`
        let (protocol, rest) = cut(message.strip_prefix("Event ")?, " - Plugin '")?;
        let (plugin, rest) = cut(rest, "' - ")?;
        let (rest, ip) = cut_last(rest, ", origin: ").unwrap_or((rest, ""));
        let mut told = match protocol {
            "register" => Told::registered(rest)?,
            _ => Told::token(rest)?,
        };
        (told.resource, told.ip) = (plugin, known(ip));
        Some(told)
    }

    /// `Access token generated for client 'desk' granted by user 'ann' with scope list 'orders'`.
    fn token(rest: &'a str) -> Option<Told<'a>> {
        let token_type = match cut_at(rest, b' ')?.0 {
            "Access" => "access",
            "Refresh" => "refresh",
            "id_token" => "id",
            "client" => return Told::client(rest),
            _ => return None,
        };
        let client = known(between(rest, "for client '", "'"));
        let revoked = rest.ends_with(" revoked");
        let kind = if revoked { EventKind::Changed } else { EventKind::Issued };
        let user = between(rest, "granted by user '", "'");
        // A plugin that starts tries its key on a token of nobody for no client.
        if client.is_empty() || !(revoked || place(rest, " generated ").is_some()) {
            return None;
        }
        let mut told = Told::new(kind, Outcome::Answered);
        (told.client, told.account, told.token_type) = (client, user, token_type);
        // What a client is given in its own name is the client's.
        told.actor = if revoked || !user.is_empty() { user } else { client };
        told.token_id = between(rest, "jti '", "'");
        told.scopes = between(rest, "with scope list '", "'");
        told.action = if revoked { "revoked" } else { "generated" };
        Some(told)
    }

    /// `client 'app' registered with redirect_uri …`, by the client itself.
    fn client(rest: &'a str) -> Option<Told<'a>> {
        let mut told = Told::new(EventKind::Changed, Outcome::Answered);
        told.client = between(rest, "client '", "'");
        let deed: Deed = match () {
            () if rest.contains("' registered ") => (&["create-account"], "client registered"),
            () if rest.contains("' registration updated ") => (&[], "client updated"),
            () if rest.ends_with("' deleted") => (&["delete"], "client deleted"),
            () => return None,
        };
        (told.words, told.action) = deed;
        told.account = told.client;
        Some(told)
    }

    /// `user 'ann' registered`, by a person for themselves.
    fn registered(rest: &'a str) -> Option<Told<'a>> {
        let mut told = Told::new(EventKind::Changed, Outcome::Answered);
        told.account = between(rest, "user '", "'");
        let deed: Deed = match () {
            () if rest.ends_with("' registered") => (&["create-account"], "User registered"),
            () if rest.contains("reset credential session") => (&[], "User reset credential"),
            () if rest.contains("updated its e-mail") => (&[], "User updated e-mail"),
            () => return None,
        };
        (told.words, told.action) = deed;
        Some(told)
    }

    /// `User 'ann' added`, `Client backend module 'x' removed`.
    fn changed(rest: &'a str) -> Option<Told<'a>> {
        let (what, named) = cut(rest, " '")?;
        let (name, done) = cut(named, "' ")?;
        let mut told = Told::new(EventKind::Changed, Outcome::Answered);
        (told.account, told.resource) = if matches!(what, "User" | "Client") { (name, "") } else { ("", name) };
        let done = done.split(['\'', '(']).next().unwrap_or(done).trim_end();
        if what == "User" && (done.starts_with("authenticated") || done.starts_with("registered scheme")) {
            told.kind = if done.starts_with("auth") { EventKind::Authenticated } else { EventKind::Changed };
            (told.actor, told.action) = (name, cut(named, "' ")?.1);
            told.words = if done.starts_with("auth") { &[] } else { &["create-key"] };
            return Some(told);
        }
        told.action = rest_of(rest, what, done);
        told.words = match (what, done.split(' ').next()?) {
            ("User" | "Client", "added") => &["create-account"],
            (_, "removed") => &["delete"],
            ("User", "granted") => {
                (told.actor, told.client) = (name, between(rest, "for client '", "'"));
                &["grant"]
            }
            (_, "added" | "updated") => &[],
            _ => return None,
        };
        Some(told)
    }

    /// `Authorization invalid for username ann at IP Address 192.0.2.7`.
    fn refused(rest: &'a str) -> Option<Told<'a>> {
        let (what, ip) = cut_last(rest, " at IP Address ")?;
        let mut told = Told::new(EventKind::Authenticated, Outcome::Refused);
        (told.ip, told.action) = (known(ip.trim_end()), what);
        if let Some((action, name)) = cut(what, " for username ") {
            (told.action, told.account) = (action, if name == "<UNKNOWN>" { "" } else { name });
            told.actor = told.account;
        } else if let Some((action, client)) = cut(what, " for client_id ") {
            (told.action, told.client, told.actor) = (action, client, client);
        } else if !what.ends_with(" invalid") {
            return None;
        }
        Some(told)
    }
}

/// `User added`: what was done, without whose name it was done to.
fn rest_of<'a>(rest: &'a str, what: &'a str, done: &'a str) -> &'a str {
    match (what, done.split(' ').next()) {
        ("User", Some("added")) => "User added",
        ("User", Some("updated")) => "User updated",
        ("User", Some("removed")) => "User removed",
        ("User", Some("granted")) => "User granted scopes",
        ("Client", Some("added")) => "Client added",
        ("Client", Some("updated")) => "Client updated",
        ("Client", Some("removed")) => "Client removed",
        _ => rest,
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = cut(text, before).map_or("", |(_, rest)| rest);
    cut(rest, after).map_or("", |(within, _)| within)
}

/// What the server prints for nothing is nothing.
fn known(text: &str) -> &str {
    if text == "(null)" { "" } else { text }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let ours = |line: &str| {
        of_file(line).is_some() || Line::parse(line).is_some_and(|line| line.program.eq_ignore_ascii_case("glewlwyd"))
    };
    let share = sample.line_share(ours);
    (share >= 0.1).then(|| ((60.0 + share * 37.0) as u8, "lines of Glewlwyd".to_owned()))
}
