//! `evidence-tampered`: the evidence is being made less.
//!
//! Fires when
//!
//! - somebody stops an audit log, deletes a trail or lowers a retention, and, as a possibility, when
//!   somebody changes the settings of one, which may be for better or worse;
//! - numbers are missing from a log whose records were whole before, and have not come late;
//! - a number comes again with other content, or numbering begins anew;
//! - a log falls silent for far longer than it ever was, while others go on;
//! - the times of a file run far back.
//!
//! Stays quiet for records that come late or twice with the same content, for logs whose numbers never
//! were one whole sequence (samples, several nodes without a name), for a silence like those before
//! it, while all logs are silent, and for whoever is declared to answer for the log that they change.
//! The issuer's own gaps are also the judge's, which excuses by them; here they are told.
//! Bounded by: a few numbers per log and per file, 64 holes and 512 records per numbered node; files
//! and nodes each at most [`Limits::detector_entries_max`](sever_model::Limits) over 1,024, the eighth
//! longest ago being forgotten when full.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Batch, Confidence, EventKind, EventTime, Evidence, FindingSet, FingerprintKey, Meta, Outcome, Raise,
    ResourceId, Severity, SourceId, Span, Stage, Symbols, Thing, ThingKind,
};

use self::lane::{Lane, Wrong};
use self::words::Touches;
use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

mod lane;
mod words;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "evidence-tampered",
    title: "the evidence is being made less",
    speaks_when: "an audit log is stopped, deleted or its retention lowered; numbered records are missing, come again \
                  with other content or begin anew; a log falls silent while others go on; a file's times run far back",
    quiet_when: "records come late or twice unchanged, the numbers never were one whole sequence, the silence is like \
                 those before it or everything is silent, or the declared owner changes their own log",
    severity: Severity::High,
    confidence: Confidence::Likely,
    audience: Audience::Responder,
    attack: &["T1562.008", "T1070", "T1562.001"],
    remediation: "stop all deletion of logs at once, keep copies where the actor cannot reach them, and ask who changed \
                  what; what the hole held may be told by another log of the same events",
    bounded_by: "a few numbers per log, file and numbered node, and 512 records of each node; when full, the eighth \
                 longest ago are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(EvidenceTampered { settings: settings.evidence_tampered.clone(), state: State::default() })
    },
};

/// What one file or node may hold, in entries.
const PER_ENTRY: usize = 1_024;
/// Records are compared under a public key: nothing secret is kept.
const CONTENT_KEY: FingerprintKey = FingerprintKey::new(*b"severance-recrds");
/// A silence counts only beside so many records of other logs.
const OTHERS_MIN: u64 = 100;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// So many records in order show that a log is one whole sequence, or sorted by time.
    pub orderly_min: u64,
    /// How late a missing record may come, in seconds.
    pub late_secs: u32,
    /// A silence shorter than so many hours is never told.
    pub silence_hours_min: u32,
    /// Nor one shorter than so many times the longest before it.
    pub silence_factor: u32,
    /// A log's silences are known after so many days.
    pub learn_days: u32,
    /// A file's times run back when by more than so many hours.
    pub back_hours: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            orderly_min: 1_000,
            late_secs: 7_200,
            silence_hours_min: 24,
            silence_factor: 3,
            learn_days: 14,
            back_hours: 24,
        }
    }
}

struct EvidenceTampered {
    settings: Settings,
    state: State,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// Records of all logs.
    records: u64,
    logs: BTreeMap<String, Log>,
    /// Of each file: its newest time, and the records in order up to it.
    files: Bounded<(Option<EventTime>, u64)>,
    /// Of each log and node.
    lanes: Bounded<Lane>,
}

/// How a log has spoken so far.
#[derive(Serialize, Deserialize)]
struct Log {
    first: EventTime,
    last: EventTime,
    /// Its longest silence, in microseconds.
    silence: i64,
    /// Records of all logs when it last spoke, its own included.
    records: u64,
}

impl Detector for EvidenceTampered {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            self.speaks(events, row, view, out);
            self.runs_back(events, row, view, out);
            self.numbered(events, row, view, out);
            if events.batch.kind(row) == EventKind::Changed {
                changed(events, row, view, out);
            }
        }
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let records = self.state.records;
        for (name, log) in &self.state.logs {
            if self.settings.is_silent(log, at, records) {
                raise_silence(name, (log.last, at), Severity::Low, view, out);
            }
        }
        let settle = Span::secs(i64::from(self.settings.late_secs));
        for (key, lane) in self.state.lanes.iter_mut() {
            for wrong in lane.unfilled(at, settle) {
                raise_wrong(key, wrong, None, at, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.state)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.state = serde_json::from_value(state)?;
        Ok(())
    }
}

impl Settings {
    /// Whether a log is silent at an instant in a way that it never was, while others are not.
    fn is_silent(&self, log: &Log, at: EventTime, records: u64) -> bool {
        let least = Span::secs(i64::from(self.silence_hours_min) * 3_600).micros();
        let longest = log.silence.saturating_mul(i64::from(self.silence_factor));
        log.last.since(log.first) >= Span::days(i64::from(self.learn_days))
            && at.since(log.last).micros() > least.max(longest)
            && records.saturating_sub(log.records) >= OTHERS_MIN
    }
}

impl EvidenceTampered {
    /// Notes that a log speaks, and tells if it was silent.
    fn speaks(&mut self, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let time = events.batch.time(row);
        let name = view.sources.get(events.source).map_or("(unnamed log)", |source| source.log.as_str());
        let before = self.state.records;
        self.state.records = before.saturating_add(1);
        let records = self.state.records;
        let Some(log) = self.state.logs.get_mut(name) else {
            self.state.logs.insert(name.to_owned(), Log { first: time, last: time, silence: 0, records });
            return;
        };
        if self.settings.is_silent(log, time, before) {
            raise_silence(name, (log.last, time), Severity::Medium, view, out);
        } else {
            log.silence = log.silence.max(time.since(log.last).micros());
        }
        log.last = log.last.max(time);
        log.records = records;
    }

    fn runs_back(&mut self, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let time = events.batch.time(row);
        let file = say::log(view, events.source);
        let back = Span::secs(i64::from(self.settings.back_hours) * 3_600);
        let orderly_min = self.settings.orderly_min;
        let (newest, orderly) = self.state.files.touch(file.as_str(), time, entries_max(view));
        let before = newest.unwrap_or(time);
        if time.plus(back) >= before {
            (*newest, *orderly) = (Some(before.max(time)), orderly.saturating_add(1));
            return;
        }
        let told = *orderly >= orderly_min;
        (*newest, *orderly) = (Some(time), 0);
        if told {
            let evidence = Evidence {
                shows: format!("follows a record of {before}"),
                ..say::record(view, events.source, events.batch, row)
            };
            let tell = || {
                (
                    format!("the times of log file `{file}` run back {{count}} times, first to {}", say::day(time)),
                    vec![],
                )
            };
            raise_log(
                file.as_str(),
                "back",
                (Severity::Low, Confidence::Possible),
                time,
                (before, evidence),
                &tell,
                out,
            );
        }
    }

    fn numbered(&mut self, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let (batch, time) = (events.batch, events.batch.time(row));
        let Some(number) = batch.sequence(row) else { return };
        let log = view.sources.get(events.source).map_or("", |source| source.log.as_str());
        let key = format!("{log}\0{}", batch.node(row));
        let lane = self.state.lanes.touch(&key, time, entries_max(view));
        let settle = Span::secs(i64::from(self.settings.late_secs));
        let wrong = lane.take(number, time, content(batch, row, view), self.settings.orderly_min);
        for wrong in lane.unfilled(time, settle).into_iter().chain(wrong) {
            raise_wrong(&key, wrong, Some(say::record(view, events.source, batch, row)), time, out);
        }
    }
}

fn entries_max(view: &View<'_>) -> usize {
    (view.limits.detector_entries_max / PER_ENTRY).max(2)
}

/// A record's content, but for where it stands.
fn content(batch: &Batch, row: usize, view: &View<'_>) -> u64 {
    let names = batch.names(row);
    let text = |sym| view.symbols.text(sym);
    let all = format!(
        "{}\0{}\0{}\0{}\0{}\0{}\0{}\0{}\0{}",
        batch.time(row).micros(),
        batch.kind(row).word(),
        text(names.actor),
        text(names.account),
        text(names.action),
        batch.credential(row),
        batch.token_subject(row),
        batch.resource(row),
        text(names.key_id),
    );
    CONTENT_KEY.hash64(all.as_bytes())
}

/// Somebody changes what is logged, or for how long it is kept.
fn changed(events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
    let (batch, resolved) = (events.batch, events.resolved(row));
    let action = view.symbols.text(batch.names(row).action);
    let thing = say::path(batch.resource(row));
    let Some(touches) = words::touches(action, thing) else { return };
    let time = batch.time(row);
    if own(events, row, thing, view) {
        return;
    }
    let accused = whose::actor(view, events.source, batch, row, resolved);
    let accused = accused.unwrap_or_else(|| Thing::new(ThingKind::Source, say::log(view, events.source).as_str()));
    let refused = batch.outcome(row) == Outcome::Refused;
    let (severity, confidence, does) = match (touches, refused) {
        (Touches::Takes, false) => (Severity::High, Confidence::Likely, "took evidence away"),
        (Touches::Takes, true) => {
            (Severity::Medium, Confidence::Likely, "tried to take evidence away, and was refused,")
        }
        (Touches::Changes, _) => (Severity::Low, Confidence::Possible, "changed what is logged or kept"),
    };
    out.raise(&Raise {
        meta: &META,
        accused: accused.clone(),
        variant: does,
        severity,
        confidence,
        stage: Stage::Confirmed,
        was: None,
        at: time,
        known_at: time,
        evidence: say::record(view, events.source, batch, row),
        tell: &|| {
            let title = format!("{} {does} {{count}} times: {action} {thing}", say::thing(view.inventory, &accused));
            let things = (!thing.is_empty()).then(|| Thing::new(ThingKind::Resource, thing));
            let inputs = vec![say::input("action", action), say::input("outcome", say::outcome(batch.outcome(row)))];
            (title.trim_end().trim_end_matches(':').to_owned(), things.into_iter().collect(), inputs)
        },
    });
}

/// Whether the log is declared to be the actor's own.
fn own(events: &Events<'_>, row: usize, thing: &str, view: &View<'_>) -> bool {
    let system = view.sources.get(events.source).and_then(|source| source.system.as_ref());
    let scoped = system.and_then(|system| view.inventory.find_resource(&ResourceId::of(system, thing)));
    let entry = scoped.or_else(|| view.inventory.find_resource(&ResourceId::from(thing)));
    let owner = entry.and_then(|ix| view.inventory.resource(ix)).and_then(|entry| entry.it.owner.as_deref());
    let account = whose::used(events.batch.kind(row), events.resolved(row));
    matches!((account, owner), (Some(account), Some(owner)) if whose::owns(view.inventory, account, owner, events.batch.time(row)))
}

fn raise_silence(
    log: &str,
    (from, to): (EventTime, EventTime),
    severity: Severity,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let source = view.sources.iter().find(|source| source.log.as_str() == log).map(|source| source.log.clone());
    let source = source.unwrap_or_else(|| SourceId::from(log));
    let evidence = say::fact(&source, from, format!("its last record until {to}"));
    let tell = || {
        let title = format!("log `{log}` was silent from {} to {} while others went on", say::day(from), say::day(to));
        (title, vec![say::input("silent from", from), say::input("until", to)])
    };
    raise_log(log, "silent", (severity, Confidence::Possible), to, (from, evidence), &tell, out);
}

fn raise_wrong(lane: &str, wrong: Wrong, record: Option<Evidence>, now: EventTime, out: &mut FindingSet) {
    let (log, node) = lane.split_once('\0').unwrap_or((lane, ""));
    let of = if node.is_empty() { String::new() } else { format!(" of node `{node}`") };
    let source = SourceId::from(log);
    let evidence = |at, shows: String| match &record {
        Some(record) => Evidence { shows: format!("{shows}: {}", record.shows), ..record.clone() },
        None => say::fact(&source, at, shows),
    };
    let (variant, graded, at, shows, title) = match wrong {
        Wrong::Missing { count, since } => (
            "missing",
            (Severity::Medium, Confidence::Likely),
            since,
            format!("{count} missing before it since {since}"),
            format!("records{of} are missing from log `{log}` {{count}} times, {count} the first time"),
        ),
        Wrong::Rewritten { number } => (
            "rewritten",
            (Severity::High, Confidence::Likely),
            now,
            format!("number {number} again, with other content"),
            format!("records{of} of log `{log}` come again with other content {{count}} times, number {number} first"),
        ),
        Wrong::Restarted { number, before } => (
            "restarted",
            (Severity::Low, Confidence::Possible),
            now,
            format!("number {number} after {before}"),
            format!("the numbers{of} of log `{log}` begin anew {{count}} times, first at {number} after {before}"),
        ),
    };
    let tell = || (title.clone(), vec![say::input("node", if node.is_empty() { "not said" } else { node })]);
    raise_log(log, &format!("{variant}\0{node}"), graded, now, (at, evidence(at, shows.clone())), &tell, out);
}

/// Tells of a log.
fn raise_log(
    log: &str,
    variant: &str,
    (severity, confidence): (Severity, Confidence),
    known_at: EventTime,
    (at, evidence): (EventTime, Evidence),
    tell: &dyn Fn() -> (String, say::Inputs),
    out: &mut FindingSet,
) {
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Source, log),
        variant,
        severity,
        confidence,
        stage: Stage::Confirmed,
        was: None,
        at,
        known_at,
        evidence,
        tell: &|| {
            let (title, inputs) = tell();
            (title, Vec::new(), inputs)
        },
    });
}
