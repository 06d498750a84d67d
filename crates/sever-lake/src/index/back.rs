//! What touched a person, from the lists kept by subject.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::{EventTime, Fingerprint, Outcome, Stage};

use super::Index;
use super::ask::Rows;
use super::build::DAY_MICROS;
use super::face::{Actor, Face};
use super::run::Facet;
use crate::people::{Named, People};
use crate::{Filter, LakeError};

/// Something that touched a person's data, on one day or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedBy {
    /// The signing key, or nothing.
    pub key_id: Box<str>,
    /// The issuer, or nothing.
    pub issuer: Box<str>,
    /// The account, or nothing.
    pub account: Box<str>,
    /// The person whose account it is, where known.
    pub person: Box<str>,
    /// What the ledger said, in a word; nothing where no token was presented.
    pub judged: Box<str>,
    /// How final that is.
    pub stage: Stage,
    /// Whether it was answered, as far as the log says.
    pub outcome: Outcome,
    /// What was asked for, ids in it put out.
    pub endpoint: Box<str>,
    /// Which fields were in the answer.
    pub fields: Box<str>,
    /// Whether only by standing in somebody else's data.
    pub through_others: bool,
    /// The days, since the Unix epoch.
    pub days: BTreeSet<i64>,
}

type Key = (Actor, Face, bool);

impl Index {
    /// What touched a person: by actor, judgement and endpoint, the first day first. Refused requests
    /// touched nobody and are left out. Days that lists cannot answer come from `rows`.
    ///
    /// # Errors
    /// When rows are needed and cannot be read.
    pub fn touched(&self, who: Fingerprint, people: &People, rows: Rows<'_>) -> Result<Vec<TouchedBy>, LakeError> {
        let mut touches: BTreeMap<Key, BTreeSet<i64>> = BTreeMap::new();
        let mut add = |actor: &Actor, face: &Face, through_others: bool, day: i64| {
            if face.outcome() != Outcome::Refused {
                touches.entry((actor.clone(), face.clone(), through_others)).or_default().insert(day);
            }
        };
        // Whom they stand beside, in whose data they are then.
        let beside = people.whose_data_holds(who);
        for (date, day) in &self.days {
            if day.from_rows {
                let start = EventTime::from_micros(date.saturating_mul(DAY_MICROS));
                let end = EventTime::from_micros(date.saturating_add(1).saturating_mul(DAY_MICROS));
                let filter = Filter { from: Some(start), to: Some(end), ..Filter::default() };
                rows(&filter, &mut |row| {
                    let mut how = None;
                    people.of(row, |named| match named {
                        Named::Subject(named) if named == who => how = Some(false),
                        Named::Other(named) if named == who => how = how.or(Some(true)),
                        _ => {}
                    });
                    if let Some(through_others) = how {
                        add(&Actor::of(row), &Face::of(row), through_others, *date);
                    }
                })?;
                continue;
            }
            for run in &day.runs {
                let mut lists = BTreeMap::new();
                let mut of = |subject: Fingerprint, by: &dyn Fn(&Face) -> Option<bool>| {
                    let Some(number) = self.numbering.number(subject) else { return };
                    run.touching(number, |rank| {
                        if let Some((_, face)) = run.actor_and_face(rank)
                            && let Some(through_others) = by(face)
                        {
                            *lists.entry(rank).or_insert(through_others) &= through_others;
                        }
                    });
                };
                of(who, &|_| Some(false));
                for (endpoint, subject) in &beside {
                    of(*subject, &|face| face.endpoint.starts_with(*endpoint).then_some(true));
                }
                // Reports name people by reference only.
                for (rank, note) in run.tables.notes.first().into_iter().flatten() {
                    let Some((_, face)) = run.actor_and_face(u64::from(*rank)) else { continue };
                    for set in note.refs.iter().filter(|of| of.nameless > 0).filter_map(|of| people.set(&of.reference))
                    {
                        let of = |endpoint: &str, subject| face.endpoint.starts_with(endpoint) && set.contains(subject);
                        if set.contains(&who) {
                            lists.insert(u64::from(*rank), false);
                        } else if beside.iter().any(|(endpoint, subject)| of(endpoint, subject)) {
                            lists.entry(u64::from(*rank)).or_insert(true);
                        }
                    }
                }
                for (rank, through_others) in lists {
                    if let Some((actor, face)) = run.actor_and_face(rank) {
                        add(actor, face, through_others, *date);
                    }
                }
            }
        }
        let mut touched: Vec<TouchedBy> = touches.into_iter().map(|(key, days)| TouchedBy::of(key, days)).collect();
        touched.sort_by_key(|touch| touch.days.first().copied());
        Ok(touched)
    }
}

impl TouchedBy {
    fn of((actor, face, through_others): Key, days: BTreeSet<i64>) -> TouchedBy {
        let (stage, outcome) = (face.stage(), face.outcome());
        let Actor { key_id, issuer, account, person } = actor;
        let Face { judged, endpoint, fields, .. } = face;
        TouchedBy { key_id, issuer, account, person, judged, stage, outcome, endpoint, fields, through_others, days }
    }
}

impl super::run::Run {
    fn actor_and_face(&self, rank: u64) -> Option<(&Actor, &Face)> {
        let (thing, face) = self.key(Facet::Actor, rank)?;
        Some((self.tables.actors.get(thing as usize)?, self.tables.faces.get(face as usize)?))
    }
}
