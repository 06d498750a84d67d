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

use std::collections::BTreeMap;
use std::path::Path;

use sever_model::{EventTime, Fingerprint, Outcome, Stage, SubjectRegister};

use crate::gather::Gathering;
use crate::index::{Index, LakeSegments, TouchedBy};
use crate::people::People;
use crate::{Filter, LakeError, Pivot, UseRow, read};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct ReachQuery {
    /// Which rows: the thing, and the span.
    pub filter: Filter,
    /// Further things: whom they and the filter's touched, all together.
    pub also: Vec<(Pivot, String)>,
    /// Only uses judged so: a judgement's word, or `forged` for never-issued and mismatch.
    pub judged: Option<String>,
    /// Whether people are counted by endpoint and by field, and whether they are listed.
    pub detail: Detail,
}

/// What is told beside the numbers: each costs memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detail {
    /// Distinct people by endpoint and by field.
    pub split: bool,
    /// Who they are.
    pub listed: bool,
}

impl Detail {
    /// All of it.
    pub const ALL: Detail = Detail { split: true, listed: true };
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
    /// Surely touched, where a list was asked for, with the day (since the Unix epoch) of the first time.
    pub people: Vec<(Fingerprint, i64)>,
    /// By day since the Unix epoch; people are those surely touched.
    pub by_day: BTreeMap<i64, ByDay>,
    /// Distinct people surely touched, by endpoint, where that was asked for.
    pub by_endpoint: BTreeMap<Box<str>, u64>,
    /// The same by field.
    pub by_field: BTreeMap<Box<str>, u64>,
    /// Distinct network addresses; `None` where they were not looked at.
    pub addresses: Option<u64>,
    /// The first request.
    pub first: Option<EventTime>,
    /// The last.
    pub last: Option<EventTime>,
    /// Rows looked at.
    pub rows: u64,
}

/// Answers whose data things touched, all together: from the lists of the `index` where it is kept by lists, else
/// from the lake's rows.
///
/// # Errors
/// When the lake or the index cannot be read.
pub fn reach(
    dir: &Path,
    index: &Path,
    query: &ReachQuery,
    register: Option<&dyn SubjectRegister>,
    people: &People,
) -> Result<ReachAnswer, LakeError> {
    let things: Vec<(Pivot, String)> = query.filter.thing.iter().chain(&query.also).cloned().collect();
    if !Index::has_lists_of(&things) {
        // Of one thing the rows are pruned; several are looked for in all of the span.
        let several = things.len() > 1;
        let filter = Filter { thing: query.filter.thing.clone().filter(|_| !several), ..query.filter.clone() };
        let query = ReachQuery { filter, also: Vec::new(), ..query.clone() };
        let is_one = |row: &UseRow<'_>| things.iter().any(|(pivot, value)| pivot.of(row) == value);
        return reach_where(dir, &query, register, people, &mut |row| !several || is_one(row));
    }
    let lake = LakeSegments::newest(dir)?;
    let index = Index::open(index, &lake)?;
    index.reach(&things, query, register, people, &mut |filter, each| lake.read(filter, each))
}

/// What touched a person's data: by actor, judgement and endpoint, the first day first.
///
/// # Errors
/// When the lake or the index cannot be read.
pub fn touched(dir: &Path, index: &Path, subject: &str, people: &People) -> Result<Vec<TouchedBy>, LakeError> {
    let lake = LakeSegments::newest(dir)?;
    let who = people.fingerprint(subject);
    Index::open(index, &lake)?.touched(who, people, &mut |filter, each| lake.read(filter, each))
}

/// Makes what is missing of the index of a lake. Returns how many runs were made; `None` where another
/// process is at it.
///
/// # Errors
/// When the lake cannot be read, or the index cannot be written.
pub fn update_index(dir: &Path, index: &Path) -> Result<Option<usize>, LakeError> {
    Index::update(index, &LakeSegments::newest(dir)?)
}

/// Puts a subject, who must be gone from the lake's rows, out of the index. Whether they were in it.
///
/// # Errors
/// When the index cannot be written, or another process is at it.
pub fn forget(dir: &Path, index: &Path, who: Fingerprint, instead: Fingerprint) -> Result<bool, LakeError> {
    Index::forget(index, &LakeSegments::newest(dir)?, who, instead)
}

/// Answers from the rows alone, and from those only that `counts` lets count: what would have been
/// touched, had others been refused.
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
    let mut gathering = Gathering::new(None, register, people, query.detail);
    let rows = read(dir, &query.filter, &mut |row| {
        if let Some(level) = level_of_row(row, query.judged.as_deref()).filter(|_| counts(row)) {
            gathering.row(row, level);
        }
    })?;
    Ok(gathering.answer(rows))
}

pub(crate) fn level_of_row(row: &UseRow<'_>, judged: Option<&str>) -> Option<usize> {
    level(row.judgement.map_or("", |judgement| judgement.word()), row.stage, row.outcome, judged)
}

/// The level of uses that were judged and ended so: `None` where they are not asked about.
pub(crate) fn level(said: &str, stage: Stage, outcome: Outcome, judged: Option<&str>) -> Option<usize> {
    let by_outcome = usize::from(outcome == Outcome::Unknown);
    let Some(wanted) = judged else { return Some(by_outcome) };
    let meant = match wanted {
        "forged" => matches!(said, "never-issued" | "mismatch"),
        word => said == word && !said.is_empty(),
    };
    match (meant, said, stage) {
        (true, _, Stage::Confirmed) => Some(by_outcome),
        (true, _, Stage::Provisional) => Some(2),
        (false, "unjudgeable", _) if matches!(wanted, "forged" | "never-issued" | "mismatch") => Some(3),
        _ => None,
    }
}

/// What each level adds, in words.
pub(crate) const LEVELS: [&str; 4] =
    ["confirmed and answered", "outcome unknown", "judgement still provisional", "cannot be judged"];
