//! `access-without-login`: data is read in a session that nobody signed in to.
//!
//! Fires when a use bears a session that no sign-in or issuance of the same system began, although
//! that system's sign-ins have been read for longer than any session lives and go on past the use.
//! The session's own id is nowhere shown: it may be what opens the door. Stays quiet
//!
//! - until the sessions of sign-ins and of uses have been seen to meet: else they are two kinds of id;
//! - for a session that may have begun before the sign-ins were read, in a silence of theirs, or
//!   where their numbers have a hole: excused for as long as a session lives;
//! - while the sign-in may still come: the use waits until the sign-ins' log has passed it;
//! - for programs, refused uses, and tokens that the ledger judges, which is `token-never-issued`'s task.
//!
//! Bounded by: one entry per session signed in to, one per session that waits and one per session
//! told, each at most [`Limits::detector_entries_max`](sever_model::Limits); a session that may be
//! among those forgotten is excused. Eight bytes per node of a numbered log of sign-ins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    AccountKind, Audience, Confidence, CoverageBy, EventKind, EventTime, Evidence, FindingSet, Judgement, Meta,
    Outcome, Raise, Severity, Span, Stage, Symbols, Thing, ThingKind,
};

use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "access-without-login",
    title: "data is read in a session that nobody signed in to",
    speaks_when: "a use bears a session that no sign-in of its system began, although the sign-ins are read for longer \
                  than any session lives and go on past the use",
    quiet_when: "the session may be older than the log of sign-ins or from a hole in it, the sessions of the two logs \
                 have never met, the sign-in comes late, a program acts, or the ledger judges the token",
    severity: Severity::High,
    confidence: Confidence::Likely,
    audience: Audience::Responder,
    attack: &["T1550.004", "T1539", "T1606.001"],
    remediation: "end the session, find out how its id or cookie came about (a forged cookie, a replayed one, a way in \
                  that does not log), and see whose data it touched with `sever reach`",
    bounded_by: "one entry per session signed in to, waiting or told; when full, the eighth longest ago are forgotten \
                 and sessions that may be among them are excused",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(AccessWithoutLogin { settings: settings.access_without_login.clone(), systems: BTreeMap::new() })
    },
};

/// Nodes of a log of sign-ins whose numbers are followed; a log of more is not taken to be numbered.
const NODES_MAX: usize = 1_024;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The longest that a session lives, in days.
    pub session_days_max: u32,
    /// So many uses must have met their sign-in before one without is told.
    pub met_min: u64,
    /// A silence of the sign-ins for longer than so many hours may be a hole in their log.
    pub silence_hours_max: u32,
    /// How late a sign-in may be logged, in seconds, the clock skew besides.
    pub settle_secs: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { session_days_max: 30, met_min: 100, silence_hours_max: 24, settle_secs: 300 }
    }
}

struct AccessWithoutLogin {
    settings: Settings,
    /// By the system whose accounts the logs name.
    systems: BTreeMap<String, SignIns>,
}

/// What is known of a system's sign-ins.
#[derive(Default, Serialize, Deserialize)]
struct SignIns {
    /// Since when they are read without a hole, and until when.
    read: Option<(EventTime, EventTime)>,
    /// The newest number of each node.
    numbers: BTreeMap<String, u64>,
    begun: Bounded<()>,
    met: u64,
    /// Uses that wait for the sign-ins' log to pass them.
    waiting: Bounded<Option<Waiting>>,
    /// Sessions of which it is settled that nobody signed in.
    told: Bounded<()>,
}

/// The uses of a session that nobody has been seen to sign in to.
#[derive(Serialize, Deserialize)]
struct Waiting {
    until: EventTime,
    uses: u64,
    accused: Thing,
    evidence: Evidence,
    answered: bool,
}

impl Detector for AccessWithoutLogin {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        let source = view.sources.get(events.source).and_then(|source| source.system.as_ref());
        let system = source.map_or("", |system| system.as_str());
        for row in events.range().filter(|row| !events.batch.session(*row).is_empty()) {
            match events.batch.kind(row) {
                EventKind::Authenticated | EventKind::Issued => self.signs_in(system, events, row, view, out),
                EventKind::Used | EventKind::Read => self.uses(system, events, row, view, out),
                EventKind::Changed | EventKind::Heartbeat => {}
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.systems)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.systems = serde_json::from_value(state)?;
        Ok(())
    }
}

impl AccessWithoutLogin {
    fn signs_in(&mut self, system: &str, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let (batch, time) = (events.batch, events.batch.time(row));
        let silence = Span::secs(i64::from(self.settings.silence_hours_max) * 3_600);
        let sign_ins = self.systems.entry(system.to_owned()).or_default();
        let hole = sign_ins.is_hole(batch.node(row), batch.sequence(row));
        sign_ins.read = Some(match sign_ins.read {
            Some((from, to)) if !hole && to.plus(silence) >= time => (from, to.max(time)),
            _ => (time, time),
        });
        // A refused try begins no session.
        if batch.outcome(row) != Outcome::Refused {
            let session = batch.session(row);
            sign_ins.begun.touch(session, time, view.limits.detector_entries_max);
            sign_ins.waiting.remove(session);
        }
        let life = Span::days(i64::from(self.settings.session_days_max));
        sign_ins.settle(time, life, self.settings.met_min, view, out);
    }

    fn uses(&mut self, system: &str, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let (batch, max) = (events.batch, view.limits.detector_entries_max);
        let Some(sign_ins) = self.systems.get_mut(system) else { return };
        if batch.outcome(row) == Outcome::Refused || is_program(events, row, view) || is_judged(events, row, view) {
            return;
        }
        let (session, time) = (batch.session(row), batch.time(row));
        if sign_ins.begun.get(session).is_some() {
            // What is in use is not to be forgotten first.
            sign_ins.begun.touch(session, time, max);
            sign_ins.met = sign_ins.met.saturating_add(1);
            return;
        }
        let settle = Span::secs(i64::from(self.settings.settle_secs)).plus(view.limits.skew);
        let accused = whose::actor(view, events.source, batch, row, events.resolved(row));
        let accused = accused.unwrap_or_else(|| Thing::new(ThingKind::Source, say::log(view, events.source).as_str()));
        let answered = batch.outcome(row) == Outcome::Answered;
        let evidence = say::record(view, events.source, batch, row);
        let one = Waiting { until: time.plus(settle), uses: 1, accused, evidence, answered };
        if sign_ins.told.get(session).is_some() {
            sign_ins.told.touch(session, time, max);
            raise(&one, time, self.settings.session_days_max, view, out);
            return;
        }
        match sign_ins.waiting.touch(session, time, max) {
            Some(waiting) => waiting.uses = waiting.uses.saturating_add(1),
            empty => *empty = Some(one),
        }
    }
}

impl SignIns {
    /// Whether a number is missing before this one.
    fn is_hole(&mut self, node: &str, number: Option<u64>) -> bool {
        let Some(number) = number else { return false };
        if !self.numbers.contains_key(node) && self.numbers.len() >= NODES_MAX {
            return true;
        }
        let newest = self.numbers.entry(node.to_owned()).or_insert(number);
        let hole = number > newest.saturating_add(1);
        *newest = number.max(*newest);
        hole
    }

    /// Tells of the uses whose sign-in can come no more, and excuses those that may have one.
    fn settle(&mut self, now: EventTime, life: Span, met_min: u64, view: &View<'_>, out: &mut FindingSet) {
        let Some((from, _)) = self.read else { return };
        let due: Vec<String> = self
            .waiting
            .iter()
            .filter(|(_, it)| it.as_ref().is_some_and(|it| it.until < now))
            .map(|(id, _)| id.to_owned())
            .collect();
        for session in due {
            let Some(waiting) = self.waiting.remove(&session).flatten() else { continue };
            let begun = waiting.evidence.at.minus(life);
            let forgotten = self.begun.forgotten_to().is_some_and(|forgotten| forgotten >= begun);
            if begun < from.plus(view.limits.skew) || forgotten || self.met < met_min {
                continue;
            }
            self.told.touch(&session, waiting.evidence.at, view.limits.detector_entries_max);
            for _ in 0..waiting.uses {
                raise(&waiting, now, (life.micros() / Span::days(1).micros()) as u32, view, out);
            }
        }
    }
}

/// Whether a program acts, which has no sign-ins.
fn is_program(events: &Events<'_>, row: usize, view: &View<'_>) -> bool {
    let account = whose::used(events.batch.kind(row), events.resolved(row));
    account.and_then(|ix| view.inventory.account(ix)).is_some_and(|entry| entry.it.kind == AccountKind::Service)
}

/// Whether the ledger judges the token: at once, or once its issuer's log has settled.
fn is_judged(events: &Events<'_>, row: usize, view: &View<'_>) -> bool {
    if events.judged(row).is_some_and(|judgement| !matches!(judgement, Judgement::Unjudgeable(_))) {
        return true;
    }
    let issuer = view.symbols.text(events.batch.names(row).issuer);
    let log = view.sources.get(events.source).map(|source| &source.log);
    view.classes.iter().any(|class| {
        class.issuer == issuer
            && class.issued_in.is_some()
            && class.coverage != CoverageBy::Unknown
            && log.is_some_and(|log| class.used_in.contains(log))
    })
}

fn raise(waiting: &Waiting, known_at: EventTime, days: u32, view: &View<'_>, out: &mut FindingSet) {
    let at = waiting.evidence.at;
    out.raise(&Raise {
        meta: &META,
        accused: waiting.accused.clone(),
        variant: "",
        severity: Severity::High,
        confidence: if waiting.answered { Confidence::Likely } else { Confidence::Possible },
        stage: Stage::Confirmed,
        was: None,
        at,
        known_at,
        evidence: waiting.evidence.clone(),
        tell: &|| {
            let accused = say::thing(view.inventory, &waiting.accused);
            let title = format!("{accused} was used {{count}} times in sessions that nobody signed in to");
            let inputs = vec![
                say::input("longest that a session lives", Span::days(i64::from(days))),
                say::input("clock skew allowed", view.limits.skew),
            ];
            (title, Vec::new(), inputs)
        },
    });
}
