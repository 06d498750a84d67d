//! `leaver-lookback`: what somebody who has just left made, granted, read and took in their last year.
//!
//! Fires once for each person whose access ended within the last month and who, over the year before
//! that, made accounts or credentials, granted rights, read or held keys and secrets, or took data in
//! bulk: what a reviewer should look at before it is forgotten. Stays quiet for whoever did none of
//! these, and for those who work here again.
//! It lists acts of one who has left and compares them with nobody's, so it profiles no one.
//! Bounded by: bulk exports by day and person, at most
//! [`Limits::detector_entries_max`](sever_model::Limits) days; when full, the eighth of days least
//! recent are forgotten, and the finding says so.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Confidence, Departed, EventKind, EventTime, Evidence, FindingSet, Inventory, Meta, PersonIx, Raise,
    Severity, Span, Stage, Strength, Symbols, Thing, ThingKind,
};

use super::bounded::Bounded;
use super::{custody, say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "leaver-lookback",
    title: "what a leaver made, granted, read and took in their last year",
    speaks_when: "a person's access has ended within the last 30 days",
    quiet_when: "they made, granted, read and took nothing in their last year, or they work here again",
    severity: Severity::Info,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1136", "T1098", "T1552", "T1213"],
    remediation: "give what they made a new owner or delete it, review what they granted, rotate what they read",
    bounded_by: "bulk exports by person and day; when full, the eighth of days least recent are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(LeaverLookback { settings: settings.leaver_lookback.clone(), taken: Bounded::default() }),
};

/// How far back it looks from the end of access.
const YEAR: Span = Span::days(365);
/// Things listed by name; the rest are counted.
const LISTED_MAX: usize = 20;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// For so many days after somebody left.
    pub days: u32,
    /// Subjects in one event from which on it counts as taken in bulk.
    pub subjects_min: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { days: 30, subjects_min: 1_000 }
    }
}

struct LeaverLookback {
    settings: Settings,
    /// Bulk exports by `day person`.
    taken: Bounded<Taken>,
}

#[derive(Default, Clone, Copy, Serialize, Deserialize)]
struct Taken {
    events: u64,
    subjects: u64,
}

/// What one leaver did in their last year.
#[derive(Default)]
struct Did {
    made: Vec<Thing>,
    granted: Vec<Thing>,
    knew: Vec<(Thing, Strength)>,
    taken: Taken,
    /// Something of it still opens a door.
    live: bool,
    evidence: Option<Evidence>,
}

impl Detector for LeaverLookback {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, _out: &mut FindingSet) {
        for row in events.range() {
            let batch = events.batch;
            let subjects = batch.subject_total(row);
            if subjects < self.settings.subjects_min
                || batch.kind(row) == EventKind::Issued
                || !whose::got_in(batch, row)
            {
                continue;
            }
            let account = whose::used(batch.kind(row), events.resolved(row));
            let Some(person) = account.and_then(|ix| view.inventory.person_of(ix)) else { continue };
            let time = batch.time(row);
            let key = key(time.day(), say::person_id(view.inventory, person));
            let taken = self.taken.touch(&key, time, view.limits.detector_entries_max);
            taken.events += 1;
            taken.subjects = taken.subjects.saturating_add(subjects);
        }
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let inventory = view.inventory;
        let recent = Span::days(i64::from(self.settings.days));
        let mut leavers: BTreeMap<PersonIx, (Departed, Did)> = BTreeMap::new();
        for index in 0..inventory.people().len() {
            let person = PersonIx(index as u32);
            if let Some(departed) = inventory.departed(person, at)
                && say::latest(departed.end) <= at
                && say::latest(departed.end) > at.minus(recent)
            {
                leavers.insert(person, (departed, Did::default()));
            }
        }
        if leavers.is_empty() {
            return;
        }
        made(inventory, at, &mut leavers);
        granted(inventory, at, &mut leavers);
        for (person, (departed, did)) in &mut leavers {
            knew(inventory, *person, departed, at, did);
            self.took(say::person_id(inventory, *person), departed, did);
        }
        for (person, (departed, did)) in &leavers {
            self.raise(*person, departed, did, view, out);
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.taken)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.taken = serde_json::from_value(state)?;
        Ok(())
    }
}

fn key(day: i64, person: &str) -> String {
    format!("{person} {day}")
}

/// Whether something that began at `from` falls into the last year before an end.
fn in_last_year(from: EventTime, departed: &Departed) -> bool {
    let end = say::latest(departed.end);
    from <= end && from >= end.minus(YEAR)
}

/// Names the maker of each account and credential, looking each name up once.
fn made(inventory: &Inventory, at: EventTime, leavers: &mut BTreeMap<PersonIx, (Departed, Did)>) {
    let mut makers: HashMap<(&str, &str), Option<PersonIx>> = HashMap::new();
    for (index, entry) in inventory.accounts().iter().enumerate() {
        let Some(by) = entry.it.created_by.as_deref() else { continue };
        let system = entry.it.id.system();
        let maker = *makers.entry((system, by)).or_insert_with(|| whose::maker(inventory, system, by));
        if let Some((maker, (departed, did))) = maker.and_then(|maker| Some((maker, leavers.get_mut(&maker)?)))
            && in_last_year(entry.valid.earliest_start(), departed)
        {
            let account = sever_model::AccountIx(index as u32);
            // Their own account, made by themselves, is closed with the others.
            if inventory.person_of(account) != Some(maker) {
                did.live |= whose::enabled(inventory, account, at);
                did.note(&entry.source, entry.valid.earliest_start(), format!("made account {}", entry.it.id));
                did.made.push(Thing::new(ThingKind::Account, entry.it.id.as_str()));
            }
        }
    }
    for entry in inventory.credentials() {
        let Some(by) = entry.it.created_by.as_deref() else { continue };
        let system = entry.it.id.system();
        let maker = *makers.entry((system, by)).or_insert_with(|| whose::maker(inventory, system, by));
        if let Some((departed, did)) = maker.and_then(|maker| leavers.get_mut(&maker))
            && in_last_year(entry.valid.earliest_start(), departed)
        {
            did.live |= entry.valid.ended(at) == sever_model::Certainty::No;
            did.note(&entry.source, entry.valid.earliest_start(), format!("made credential {}", entry.it.id));
            did.made.push(Thing::new(ThingKind::Credential, entry.it.id.as_str()));
        }
    }
}

fn granted(inventory: &Inventory, at: EventTime, leavers: &mut BTreeMap<PersonIx, (Departed, Did)>) {
    let mut makers: HashMap<(&str, &str), Option<PersonIx>> = HashMap::new();
    for (grant, by) in inventory.grants_given() {
        let Some(resource) = inventory.resource(grant.resource) else { continue };
        let system = resource.it.id.system();
        let maker = *makers.entry((system, by)).or_insert_with(|| whose::maker(inventory, system, by));
        if let Some((departed, did)) = maker.and_then(|maker| leavers.get_mut(&maker))
            && in_last_year(grant.valid.earliest_start(), departed)
        {
            did.live |= grant.valid.ended(at) == sever_model::Certainty::No;
            did.granted.push(Thing::new(ThingKind::Resource, resource.it.id.as_str()));
        }
    }
    for (_, did) in leavers.values_mut() {
        // Grants come in no order, and several may be of one resource.
        did.granted.sort();
    }
}

fn knew(inventory: &Inventory, person: PersonIx, departed: &Departed, at: EventTime, did: &mut Did) {
    for row in inventory.custody_by(person) {
        let from = row.valid.earliest_start();
        if row.strength <= Strength::CouldRead || !in_last_year(from, departed) {
            continue;
        }
        let Some(entry) = inventory.credential(row.credential) else { continue };
        let thing = Thing::new(ThingKind::Credential, entry.it.id.as_str());
        if did.knew.iter().any(|(known, _)| *known == thing) {
            continue;
        }
        let cured = custody::rotated(&entry.it, at).is_some_and(|rotated| rotated > from);
        did.live |= !cured && entry.valid.ended(at) == sever_model::Certainty::No;
        did.note(&row.source, from, format!("{}: {}", row.strength.words(), row.evidence));
        did.knew.push((thing, row.strength));
    }
}

impl Did {
    fn is_nothing(&self) -> bool {
        self.made.is_empty() && self.granted.is_empty() && self.knew.is_empty() && self.taken.events == 0
    }

    fn note(&mut self, source: &sever_model::SourceId, at: EventTime, shows: String) {
        self.evidence.get_or_insert_with(|| say::fact(source, at, shows));
    }
}

impl LeaverLookback {
    fn took(&self, person: &str, departed: &Departed, did: &mut Did) {
        let last = say::latest(departed.end).day();
        for day in last - YEAR.as_secs() / 86_400..=last {
            if let Some(taken) = self.taken.get(&key(day, person)) {
                did.taken.events += taken.events;
                did.taken.subjects = did.taken.subjects.saturating_add(taken.subjects);
            }
        }
    }

    fn raise(&self, person: PersonIx, departed: &Departed, did: &Did, view: &View<'_>, out: &mut FindingSet) {
        let Some(entry) = view.inventory.person(person).filter(|_| !did.is_nothing()) else { return };
        let id = entry.it.id.as_str();
        let end = say::latest(departed.end);
        let evidence = did.evidence.clone().unwrap_or_else(|| say::fact(&entry.source, end, say::left(departed.end)));
        out.raise(&Raise {
            meta: &META,
            accused: say::person(view.inventory, person),
            variant: &say::day(end),
            severity: if did.live || did.taken.events > 0 { Severity::Medium } else { Severity::Info },
            confidence: Confidence::Likely,
            stage: Stage::Confirmed,
            was: None,
            at: end,
            known_at: end.max(departed.known_from.as_event()),
            evidence,
            tell: &|| {
                let all = did.made.iter().chain(did.knew.iter().map(|(thing, _)| thing)).chain(&did.granted);
                let mut things: Vec<Thing> = Vec::new();
                for thing in all {
                    if things.len() < LISTED_MAX && !things.contains(thing) {
                        things.push(thing.clone());
                    }
                }
                (self.title(id, departed, did), things, self.inputs(did))
            },
        });
    }

    fn title(&self, id: &str, departed: &Departed, did: &Did) -> String {
        let mut parts = Vec::new();
        let mut part = |count: usize, text: String| {
            if count > 0 {
                parts.push(text);
            }
        };
        part(did.made.len(), format!("made {}", say::plural(did.made.len(), "account or credential")));
        part(did.granted.len(), format!("granted {}", say::plural(did.granted.len(), "right")));
        part(did.knew.len(), format!("made, held or read {}", say::plural(did.knew.len(), "secret")));
        let taken = did.taken;
        part(
            taken.events as usize,
            format!("took {} rows of people's data in {} bulk exports", taken.subjects, taken.events),
        );
        format!("`{id}` {}; in the year before, they {}", say::left(departed.end), parts.join(", "))
    }

    fn inputs(&self, did: &Did) -> say::Inputs {
        let mut inputs = vec![
            say::input("made", did.made.len()),
            say::input("granted", did.granted.len()),
            say::input("secrets made, held or read", did.knew.len()),
            say::input("bulk exports seen in logs", did.taken.events),
            say::input("a bulk export holds at least", self.settings.subjects_min),
            say::input("some of it still opens a door", if did.live { "yes" } else { "no" }),
        ];
        if self.taken.forgotten() > 0 {
            inputs.push(say::input("days of exports forgotten for want of room", self.taken.forgotten()));
        }
        inputs
    }
}
