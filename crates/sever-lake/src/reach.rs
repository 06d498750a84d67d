//! Reach: the exact set of people that a thing touched.
//!
//! Each person is counted once, at the surest level that any row puts them:
//!
//! | level | rows |
//! |---|---|
//! | 0 | answered, and confirmed where a judgement was asked for: the **lower bound** |
//! | 1 | … whose outcome is unknown |
//! | 2 | … whose judgement is still provisional |
//! | 3 | … that cannot be judged |
//!
//! The upper bound holds all levels and the people who are counted but not named. Where an answered
//! request neither names nor counts anybody, there is no upper bound, and the answer says so.
//! A refused request touches nobody. An id that was never given out is nobody's data; one that the
//! register lacks and may be younger than it may be somebody's, and only widens the upper bound.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use sever_model::{EventTime, Judgement, Lookup, Outcome, Stage, SubjectRegister};

use crate::people::{Named, People};
use crate::subject::fingerprint;
use crate::{Filter, LakeError, Pivot, UseRow, read};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct ReachQuery {
    /// Which rows: the thing, and the span.
    pub filter: Filter,
    /// Only uses judged so: a judgement's word, or `forged` for never-issued and mismatch.
    pub judged: Option<String>,
}

/// How requests ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// All of them.
    pub attempted: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those of which the log does not say.
    pub unknown: u64,
}

/// One level of the bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it adds, in words.
    pub what: &'static str,
    /// How many people only it puts in.
    pub adds: u64,
    /// How many there are with it.
    pub total: u64,
}

/// One day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByDay {
    /// Requests answered, or of unknown outcome.
    pub requests: u64,
    /// Distinct people touched that day.
    pub people: u64,
    /// People touched for the first time.
    pub new: u64,
}

/// Whose data a thing touched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReachAnswer {
    /// How the requests ended.
    pub requests: Outcomes,
    /// Data subjects of the company whose data was in an answer: members, by the register.
    pub members: u64,
    /// Other people in an answer.
    pub others: u64,
    /// Named by a token or record, and deleted before it.
    pub deleted: u64,
    /// Named, and never given out: nobody's data.
    pub nonexistent: u64,
    /// Named, not in the register, and used after the time until which that is complete: somebody's
    /// or nobody's.
    pub younger: u64,
    /// Surely touched.
    pub lower: u64,
    /// The way from the lower to the upper bound.
    pub steps: Vec<Step>,
    /// At most touched; absent where something does not say whose data it gave.
    pub upper: Option<u64>,
    /// People that rows count and nothing names.
    pub unnamed: u64,
    /// Answered requests that neither name nor count anybody.
    pub unsaid: u64,
    /// Whether there was a register to tell who exists.
    pub register: bool,
    /// Surely touched, by code, with the first time.
    pub people: BTreeMap<Box<str>, EventTime>,
    /// By day since the Unix epoch.
    pub by_day: BTreeMap<i64, ByDay>,
    /// Distinct people by endpoint.
    pub by_endpoint: BTreeMap<Box<str>, u64>,
    /// Distinct people by field.
    pub by_field: BTreeMap<Box<str>, u64>,
    /// Distinct network addresses.
    pub addresses: u64,
    /// The first request.
    pub first: Option<EventTime>,
    /// The last.
    pub last: Option<EventTime>,
    /// Rows looked at.
    pub rows: u64,
}

/// Answers whose data a thing touched.
///
/// # Errors
/// When the lake cannot be read.
pub fn reach(
    dir: &Path,
    query: &ReachQuery,
    register: Option<&dyn SubjectRegister>,
    people: &People,
) -> Result<ReachAnswer, LakeError> {
    reach_where(dir, query, register, people, &mut |_| true)
}

/// The same over those rows only that `counts` lets count: what would have been touched, had others
/// been refused.
///
/// # Errors
/// When the lake cannot be read.
pub fn reach_where(
    dir: &Path,
    query: &ReachQuery,
    register: Option<&dyn SubjectRegister>,
    people: &People,
    counts: &mut dyn FnMut(&UseRow<'_>) -> bool,
) -> Result<ReachAnswer, LakeError> {
    let mut gathering = Gathering { register, ..Gathering::default() };
    let rows = read(dir, &query.filter, &mut |row| {
        if let Some(level) = level(row, query.judged.as_deref()).filter(|_| counts(row)) {
            gathering.take(row, level, people);
        }
    })?;
    Ok(gathering.answer(rows))
}

/// The level of a row: `None` where it is not asked about.
fn level(row: &UseRow<'_>, judged: Option<&str>) -> Option<u8> {
    let by_outcome = u8::from(row.outcome == Outcome::Unknown);
    let Some(wanted) = judged else { return Some(by_outcome) };
    let judgement = row.judgement?;
    let meant = match wanted {
        "forged" => judgement.forged(),
        word => judgement.word() == word,
    };
    match (meant, judgement, row.stage) {
        (true, _, Stage::Confirmed) => Some(by_outcome),
        (true, _, Stage::Provisional) => Some(2),
        (false, Judgement::Unjudgeable(_), _) if matches!(wanted, "forged" | "never-issued" | "mismatch") => Some(3),
        _ => None,
    }
}

/// What each level adds, in words.
const LEVELS: [&str; 4] =
    ["confirmed and answered", "outcome unknown", "judgement still provisional", "cannot be judged"];

/// A person met while gathering.
struct Met {
    level: u8,
    other: bool,
    first: EventTime,
}

#[derive(Default)]
struct Gathering<'a> {
    register: Option<&'a dyn SubjectRegister>,
    answer: ReachAnswer,
    numbers: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    met: Vec<Met>,
    nonexistent: HashSet<Box<str>, foldhash::fast::RandomState>,
    younger: HashSet<Box<str>, foldhash::fast::RandomState>,
    deleted: HashSet<Box<str>, foldhash::fast::RandomState>,
    on_day: HashSet<(i64, u32), foldhash::fast::RandomState>,
    at_endpoint: HashSet<(u32, u32), foldhash::fast::RandomState>,
    endpoints: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    of_field: HashSet<(u32, u32), foldhash::fast::RandomState>,
    fields: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    addresses: HashSet<Box<str>, foldhash::fast::RandomState>,
    /// The most people that one confirmed answer counts.
    counted_max: u64,
    /// People counted and not named, by the reference that would name them: the same report fetched
    /// twice is the same people.
    unnamed: HashMap<Box<str>, u64, foldhash::fast::RandomState>,
}

impl Gathering<'_> {
    fn take(&mut self, row: &UseRow<'_>, level: u8, people: &People) {
        // What cannot be judged widens the bounds; it is not part of what is asked about.
        if level < 3 {
            self.count(row);
        }
        if row.outcome == Outcome::Refused {
            // Whom a refused token names still tells whether they exist.
            people.of(row, |named| {
                if let Named::Subject(id) = named {
                    self.exists(id, row.time);
                }
            });
            return;
        }
        let day = row.time.day();
        let endpoint = number(&mut self.endpoints, row.resource);
        let fields: Vec<u32> = split(row.fields).map(|field| number(&mut self.fields, field)).collect();
        let beyond = people.of(row, |named| {
            let (id, other) = match named {
                Named::Subject(id) if !self.exists(id, row.time) => return,
                Named::Subject(id) => (id, false),
                Named::Other(id) => (id, true),
            };
            let person = self.meet(id, level, other, row.time);
            self.on_day.insert((day, person));
            self.at_endpoint.insert((endpoint, person));
            self.of_field.extend(fields.iter().map(|field| (*field, person)));
        });
        match beyond {
            Some(0) => {}
            Some(more) if row.subject_ref.is_empty() => self.answer.unnamed += more,
            Some(more) => {
                let most = self.unnamed.entry(row.subject_ref.into()).or_default();
                *most = more.max(*most);
            }
            // A sign-in or a change gives nobody's data; a request that is answered may.
            None if matches!(row.kind, "used" | "read") => self.answer.unsaid += 1,
            None => {}
        }
        if beyond.is_some_and(|more| more > 0) && level == 0 {
            self.counted_max = self.counted_max.max(row.subject_count.unwrap_or(0));
        }
    }

    fn count(&mut self, row: &UseRow<'_>) {
        let requests = &mut self.answer.requests;
        requests.attempted += 1;
        match row.outcome {
            Outcome::Answered => requests.answered += 1,
            Outcome::Refused => requests.refused += 1,
            Outcome::Unknown => requests.unknown += 1,
        }
        if row.outcome != Outcome::Refused {
            self.answer.by_day.entry(row.time.day()).or_default().requests += 1;
        }
        if !row.source_ip.is_empty() && !self.addresses.contains(row.source_ip) {
            self.addresses.insert(row.source_ip.into());
        }
        self.answer.first = Some(self.answer.first.map_or(row.time, |first| first.min(row.time)));
        self.answer.last = Some(self.answer.last.map_or(row.time, |last| last.max(row.time)));
    }

    /// Whether an id that a record names is somebody, at that time; counts those that are not.
    fn exists(&mut self, id: &str, at: EventTime) -> bool {
        let Some(register) = self.register else { return true };
        match lookup(register, id) {
            Lookup::Never if at > register.complete_until() => {
                self.younger.insert(id.into());
                false
            }
            Lookup::Never => {
                self.nonexistent.insert(id.into());
                false
            }
            Lookup::Known { deleted: Some(deleted), .. } if deleted <= at => {
                self.deleted.insert(id.into());
                false
            }
            Lookup::Known { .. } => true,
        }
    }

    fn meet(&mut self, id: &str, level: u8, other: bool, at: EventTime) -> u32 {
        let person = number(&mut self.numbers, id);
        match self.met.get_mut(person as usize) {
            Some(met) => {
                met.first = if level < met.level || (level == met.level && at < met.first) { at } else { met.first };
                met.level = met.level.min(level);
                met.other &= other;
            }
            None => self.met.push(Met { level, other, first: at }),
        }
        person
    }

    fn answer(mut self, rows: u64) -> ReachAnswer {
        let mut adds = [0u64; LEVELS.len()];
        let member = |id: &str, other: bool| match self.register.map(|register| lookup(register, id)) {
            Some(Lookup::Known { member, .. }) => member,
            Some(Lookup::Never) => false,
            None => !other,
        };
        for (id, person) in &self.numbers {
            let Some(met) = self.met.get(*person as usize) else { continue };
            if let Some(count) = adds.get_mut(usize::from(met.level)) {
                *count += 1;
            }
            if met.level == 0 {
                self.answer.people.insert(id.clone(), met.first);
                match member(id, met.other) {
                    true => self.answer.members += 1,
                    false => self.answer.others += 1,
                }
            }
        }
        let mut total = 0;
        for (what, adds) in LEVELS.into_iter().zip(adds) {
            total += adds;
            if adds > 0 || total == 0 {
                self.answer.steps.push(Step { what, adds, total });
            }
        }
        self.answer.unnamed += self.unnamed.values().sum::<u64>();
        self.answer.younger = self.younger.len() as u64;
        let beyond = [
            ("counted, and not named", self.answer.unnamed),
            ("named, and perhaps younger than the register", self.answer.younger),
        ];
        for (what, adds) in beyond.into_iter().filter(|(_, adds)| *adds > 0) {
            total += adds;
            self.answer.steps.push(Step { what, adds, total });
        }
        // What one answer counts is at least that many people, whoever they are.
        self.answer.lower = (self.answer.people.len() as u64).max(self.counted_max);
        self.answer.upper = (self.answer.unsaid == 0).then_some(total);
        let mut seen: HashMap<u32, i64, foldhash::fast::RandomState> = HashMap::default();
        for (day, person) in &self.on_day {
            self.answer.by_day.entry(*day).or_default().people += 1;
            let first = seen.entry(*person).or_insert(*day);
            *first = (*first).min(*day);
        }
        for day in seen.values() {
            self.answer.by_day.entry(*day).or_default().new += 1;
        }
        self.answer.by_endpoint = tally(&self.endpoints, &self.at_endpoint);
        self.answer.by_field = tally(&self.fields, &self.of_field);
        self.answer.nonexistent = self.nonexistent.len() as u64;
        self.answer.deleted = self.deleted.len() as u64;
        self.answer.addresses = self.addresses.len() as u64;
        self.answer.register = self.register.is_some();
        self.answer.rows = rows;
        self.answer
    }
}

/// What the register says of a code. What is no code was never given out.
fn lookup(register: &dyn SubjectRegister, code: &str) -> Lookup {
    fingerprint(code).map_or(Lookup::Never, |fingerprint| register.lookup_fingerprint(fingerprint))
}

fn number(numbers: &mut HashMap<Box<str>, u32, foldhash::fast::RandomState>, text: &str) -> u32 {
    if let Some(number) = numbers.get(text) {
        return *number;
    }
    let next = numbers.len() as u32;
    numbers.insert(text.into(), next);
    next
}

fn split(fields: &str) -> impl Iterator<Item = &str> {
    fields.split(',').map(str::trim).filter(|field| !field.is_empty())
}

fn tally(
    names: &HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    pairs: &HashSet<(u32, u32), foldhash::fast::RandomState>,
) -> BTreeMap<Box<str>, u64> {
    let mut counts = vec![0u64; names.len()];
    for (name, _) in pairs {
        if let Some(count) = counts.get_mut(*name as usize) {
            *count += 1;
        }
    }
    let named = names.iter().filter(|(name, _)| !name.is_empty());
    let counted = named.map(|(name, at)| (name.clone(), counts.get(*at as usize).copied().unwrap_or(0)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// One way in which a person was touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// The signing key, or nothing.
    pub key_id: String,
    /// The account, or nothing.
    pub account: String,
    /// What the ledger said.
    pub judgement: Option<Judgement>,
    /// How final that is.
    pub stage: Stage,
    /// What was touched.
    pub endpoint: String,
    /// Which fields.
    pub fields: String,
    /// Whether only by standing in somebody else's data.
    pub through_others: bool,
    /// Requests answered, or of unknown outcome.
    pub requests: u64,
    /// The first.
    pub first: EventTime,
    /// The last.
    pub last: EventTime,
}

/// What touched a person's data: one entry per key, account, judgement and endpoint, oldest first.
///
/// # Errors
/// When the lake cannot be read.
pub fn touched(dir: &Path, subject: &str, people: &People) -> Result<Vec<Touch>, LakeError> {
    let mut touches: Vec<Touch> = Vec::new();
    let subject = &*people.code(subject);
    read(dir, &Filter::default(), &mut |row| {
        if row.outcome == Outcome::Refused {
            return;
        }
        let mut how = None;
        people.of(row, |named| match named {
            Named::Subject(id) if id == subject => how = Some(false),
            Named::Other(id) if id == subject => how = how.or(Some(true)),
            _ => {}
        });
        let Some(through_others) = how else { return };
        let judgement = row.judgement;
        let same = touches.iter_mut().find(|touch| {
            touch.key_id == row.key_id
                && touch.account == row.account
                && touch.judgement.map(|judgement| judgement.word()) == judgement.map(|judgement| judgement.word())
                && touch.endpoint == Pivot::Endpoint.of(row)
                && touch.through_others == through_others
        });
        match same {
            Some(touch) => {
                touch.requests += 1;
                (touch.first, touch.last) = (touch.first.min(row.time), touch.last.max(row.time));
            }
            None => touches.push(Touch {
                key_id: row.key_id.to_owned(),
                account: row.account.to_owned(),
                judgement,
                stage: row.stage,
                endpoint: row.resource.to_owned(),
                fields: row.fields.to_owned(),
                through_others,
                requests: 1,
                first: row.time,
                last: row.time,
            }),
        }
    })?;
    touches.sort_by_key(|touch| touch.first);
    Ok(touches)
}
