//! `bulk-export`: one event carries very many people.
//!
//! Fires when the answer to one request holds the data of at least so many subjects, by its rows or
//! its ids: counting requests would show one. Graver when whoever asked has left, and then nothing
//! excuses it. Stays quiet for a service account that somebody answers for, and for a report that is
//! part of the job: the same actor has taken the same thing, of like size, on several days of the
//! past half year. A report's first runs are told, and taken back once it has shown itself one.
//! Bounded by: one entry per actor and resource that exported, at most
//! [`Limits::detector_entries_max`](sever_model::Limits); when full the eighth least recent are
//! forgotten, and such a report must show itself again.

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Confidence, Departed, EventKind, FindingSet, Meta, Outcome, PersonIx, Raise, Severity, Stage, Symbols,
    Thing, ThingKind,
};

use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "bulk-export",
    title: "one event carries very many people",
    speaks_when: "one answered request holds the data of many subjects, by rows or by the subject set",
    quiet_when: "a service account with a declared owner asks, or somebody still employed has taken the same report, \
                 of like size, on at least three days of the past 180; it was refused",
    severity: Severity::High,
    confidence: Confidence::Likely,
    audience: Audience::Responder,
    attack: &["T1530", "T1213", "T1020"],
    remediation: "ask whether the export was meant, and where it went; see whose data it held with `sever reach`",
    bounded_by: "one entry per actor and resource that exported; when full, the eighth least recent are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(BulkExport { settings: settings.bulk_export.clone(), reports: Bounded::default() }),
};

/// A share of the register is never taken to mean fewer subjects than this: small registers have
/// ordinary reports of everybody.
const SUBJECTS_FLOOR: u64 = 1_000;
/// A run may be so many times larger than the largest before it and still be the same report.
const GROWTH_MAX: u64 = 10;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Subjects in one event from which on it is told.
    pub subjects_min: u64,
    /// Share of the register from which on it is told, where that is fewer, but at least 1,000.
    pub share_min: f64,
    /// On so many days before, a report is known to be part of the job.
    pub known_runs: u32,
    /// How far back those days may lie.
    pub known_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { subjects_min: 10_000, share_min: 0.1, known_runs: 3, known_days: 180 }
    }
}

struct BulkExport {
    settings: Settings,
    reports: Bounded<Report>,
}

/// What one actor took of one thing while employed.
#[derive(Default, Serialize, Deserialize)]
struct Report {
    /// The newest days on which it ran, at most [`Settings::known_runs`], oldest first.
    days: Vec<i64>,
    largest: u64,
    /// Runs that were told, for taking back.
    told: u64,
}

impl Detector for BulkExport {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        let subjects_min = self.subjects_min(view);
        for row in events.range() {
            let batch = events.batch;
            if batch.subject_total(row) >= subjects_min
                && !matches!(batch.kind(row), EventKind::Heartbeat | EventKind::Issued)
                && batch.outcome(row) != Outcome::Refused
            {
                self.export(events, row, subjects_min, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.reports)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.reports = serde_json::from_value(state)?;
        Ok(())
    }
}

impl BulkExport {
    fn subjects_min(&self, view: &View<'_>) -> u64 {
        let share = view.register.map(|register| (register.len() as f64 * self.settings.share_min) as u64);
        let share = share.filter(|share| *share > 0).map(|share| share.max(SUBJECTS_FLOOR));
        self.settings.subjects_min.min(share.unwrap_or(u64::MAX)).max(1)
    }

    fn export(&mut self, events: &Events<'_>, row: usize, subjects_min: u64, view: &View<'_>, out: &mut FindingSet) {
        let (batch, inventory) = (events.batch, view.inventory);
        let time = batch.time(row);
        let resource = say::path(batch.resource(row));
        let resolved = events.resolved(row);
        let accused = whose::actor(view, events.source, batch, row, resolved)
            .unwrap_or_else(|| Thing::new(ThingKind::Resource, resource));
        let account = whose::used(batch.kind(row), resolved);
        let person = account.and_then(|ix| inventory.person_of(ix));
        let left = person.and_then(|person| Some((person, whose::gone(view, person, time)?)));
        let left = left.filter(|_| inventory.handed_over(account, resolved.credential, time).is_none());
        let mut told = Export { accused, resource, left, subjects_min, stage: Stage::Confirmed };
        if left.is_some() {
            return raise(events, row, &told, view, out);
        }
        if account.is_some_and(|ix| whose::owned_service(inventory, ix)) {
            return;
        }
        let key = format!("{} {resource}", told.accused);
        let report = self.reports.touch(&key, time, view.limits.detector_entries_max);
        let first_day = time.day() - i64::from(self.settings.known_days);
        let before = report.days.iter().filter(|day| **day >= first_day && **day < time.day()).count();
        let size = batch.subject_total(row);
        let like = report.largest == 0 || size <= report.largest.saturating_mul(GROWTH_MAX);
        let known = before >= self.settings.known_runs as usize && like;
        report.ran(time.day(), size, self.settings.known_runs as usize);
        if !known {
            report.told += 1;
            return raise(events, row, &told, view, out);
        }
        // It has shown itself to be a regular report: its first runs were no wrong.
        told.stage = Stage::Retracted;
        for _ in 0..std::mem::take(&mut report.told) {
            raise(events, row, &told, view, out);
        }
    }
}

impl Report {
    fn ran(&mut self, day: i64, size: u64, keep: usize) {
        self.largest = self.largest.max(size);
        if self.days.last() != Some(&day) {
            self.days.push(day);
        }
        // One more than asked for, because today's run does not count for itself.
        if self.days.len() > keep + 1 {
            self.days.remove(0);
        }
    }
}

/// One export, as it is told.
struct Export<'a> {
    accused: Thing,
    resource: &'a str,
    left: Option<(PersonIx, Departed)>,
    subjects_min: u64,
    stage: Stage,
}

fn raise(events: &Events<'_>, row: usize, export: &Export<'_>, view: &View<'_>, out: &mut FindingSet) {
    let batch = events.batch;
    let time = batch.time(row);
    let subjects = batch.subject_total(row);
    let mut evidence = say::record(view, events.source, batch, row);
    evidence.shows = format!("{subjects} subjects: {}", evidence.shows);
    let left = export.left;
    out.raise(&Raise {
        meta: &META,
        accused: export.accused.clone(),
        variant: &format!("{}\0{}", export.resource, if left.is_some() { "left" } else { "" }),
        severity: if left.is_some() { Severity::Critical } else { Severity::High },
        confidence: if left.is_some() { Confidence::Certain } else { Confidence::Likely },
        stage: export.stage,
        was: Some(Stage::Confirmed),
        at: time,
        known_at: left.map_or(time, |(_, departed)| time.max(departed.known_from.as_event())),
        evidence,
        tell: &|| {
            let by = match left {
                Some((person, departed)) => {
                    let person = say::person_id(view.inventory, person);
                    format!(", whose holder `{person}` {},", say::left(departed.end))
                }
                None => String::new(),
            };
            let title = format!(
                "{}{by} took {subjects} people's data in one event from `{}`",
                say::thing(view.inventory, &export.accused),
                export.resource
            );
            let mut things: Vec<Thing> =
                left.map(|(person, _)| say::person(view.inventory, person)).into_iter().collect();
            if !export.resource.is_empty() && export.accused.kind != ThingKind::Resource {
                things.push(Thing::new(ThingKind::Resource, export.resource));
            }
            let inputs = vec![
                say::input("subjects in the event", subjects),
                say::input("told from", export.subjects_min),
                say::input(
                    "what rebuilds them",
                    if batch.data_subjects(row).next().is_some() { "their ids" } else { "a count only" },
                ),
            ];
            (title, things, inputs)
        },
    });
}
