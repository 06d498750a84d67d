//! What a thing touched, from the lists of whole days; and from rows where a list cannot say.

use std::net::Ipv4Addr;
use std::ops::Range;

use sever_model::{EventTime, SubjectRegister};

use super::Index;
use super::build::{ADDRESS_TEXT, DAY_MICROS};
use super::face::Face;
use super::run::{Facet, List, Run};
use crate::gather::Gathering;
use crate::reach::{ReachAnswer, ReachQuery, level, level_of_row};
use crate::row::{Pivot, network};
use crate::{Filter, LakeError, People, UseRow};

/// Hands over the lake's rows that a filter lets through.
pub type Rows<'a> = &'a mut dyn FnMut(&Filter, &mut dyn FnMut(&UseRow<'_>)) -> Result<u64, LakeError>;

impl Pivot {
    /// Whether the index keeps lists of such things.
    pub const fn by_lists(self) -> bool {
        self.facet().is_some()
    }

    /// The lists that have it, if any do.
    const fn facet(self) -> Option<Facet> {
        match self {
            Pivot::Key | Pivot::Issuer | Pivot::Account | Pivot::Person => Some(Facet::Actor),
            Pivot::Address | Pivot::Network => Some(Facet::Address),
            Pivot::UserAgent => Some(Facet::Agent),
            Pivot::Credential | Pivot::Session | Pivot::Endpoint => None,
        }
    }
}

impl Index {
    /// Whether there are things, all of them kept by lists of one kind.
    pub(crate) fn has_lists_of(things: &[(Pivot, String)]) -> bool {
        let mut facets = things.iter().map(|(pivot, _)| pivot.facet());
        let first = facets.next().flatten();
        first.is_some() && facets.all(|facet| facet == first)
    }

    /// Answers whose data these things touched, all together; the query's own thing is not looked at.
    /// They are kept by lists of one kind ([`Pivot::by_lists`]); of others there is nothing. What
    /// lists cannot say comes from `rows`.
    ///
    /// # Errors
    /// When rows are needed and cannot be read.
    pub fn reach(
        &self,
        things: &[(Pivot, String)],
        query: &ReachQuery,
        register: Option<&dyn SubjectRegister>,
        people: &People,
        rows: Rows<'_>,
    ) -> Result<ReachAnswer, LakeError> {
        let Some(facet) = things.first().and_then(|(pivot, _)| pivot.facet()) else {
            return Ok(ReachAnswer::default());
        };
        let mut gathering = Gathering::new(Some(&self.numbering), register, people, query.detail);
        let mut looked = 0;
        for (date, day) in &self.days {
            let span = query.filter.of_day(*date);
            if span.is_empty() {
                continue;
            }
            gathering.begin(*date);
            if span != whole(*date) || day.from_rows {
                looked += of_rows(things, query, &span, rows, &mut |row, level| gathering.row(row, level))?;
                continue;
            }
            for run in &day.runs {
                one(run, facet, things, query.judged.as_deref(), &mut gathering);
                looked += run.head.rows;
            }
            let doubtful = gathering.doubtful();
            if !doubtful.is_empty() {
                of_rows(things, query, &span, rows, &mut |row, level| gathering.settle(row, level, &doubtful))?;
            }
        }
        let mut answer = gathering.answer(looked);
        if facet == Facet::Agent {
            answer.addresses = None;
        }
        Ok(answer)
    }
}

impl Filter {
    /// The part of a day that it lets through.
    fn of_day(&self, day: i64) -> Range<EventTime> {
        let Range { start, end } = whole(day);
        self.from.map_or(start, |from| from.max(start))..self.to.map_or(end, |to| to.min(end))
    }
}

fn whole(day: i64) -> Range<EventTime> {
    EventTime::from_micros(day.saturating_mul(DAY_MICROS))
        ..EventTime::from_micros(day.saturating_add(1).saturating_mul(DAY_MICROS))
}

/// The rows of a part of a day that are of one of the things, with their level.
fn of_rows(
    things: &[(Pivot, String)],
    query: &ReachQuery,
    span: &Range<EventTime>,
    rows: Rows<'_>,
    take: &mut dyn FnMut(&UseRow<'_>, usize),
) -> Result<u64, LakeError> {
    let one = if let [thing] = things { Some(thing.clone()) } else { None };
    let filter = Filter { thing: one, from: Some(span.start), to: Some(span.end) };
    rows(&filter, &mut |row| {
        if things.iter().any(|(pivot, value)| pivot.of(row) == value)
            && let Some(level) = level_of_row(row, query.judged.as_deref())
        {
            take(row, level);
        }
    })
}

/// Takes in the lists of one run.
fn one(run: &Run, facet: Facet, things: &[(Pivot, String)], judged: Option<&str>, gathering: &mut Gathering<'_>) {
    let levels: Vec<Option<usize>> = run.tables.faces.iter().map(|face| level_of(face, judged)).collect();
    asked(run, facet, things, |list| {
        let at = list.face as usize;
        let (Some(Some(level)), Some(face)) = (levels.get(at), run.tables.faces.get(at)) else { return };
        if *level < 3 {
            gathering.count(face.outcome(), list.requests, run.times(facet, list.rank));
            addresses(run, facet, list.rank, list.thing, |address| gathering.address(address));
        }
        gathering.list(face, *level, run.note(facet, list.rank), list);
    });
}

/// An address of a list.
pub(crate) enum Address<'a> {
    V4(u32),
    Text(&'a str),
}

fn addresses(run: &Run, facet: Facet, rank: u64, thing: u64, mut take: impl FnMut(Address<'_>)) {
    let mut of = |address: u64| match address.checked_sub(ADDRESS_TEXT) {
        None => take(Address::V4(address as u32)),
        Some(text) => {
            if let Some(text) = run.tables.others.get(text as usize) {
                take(Address::Text(text));
            }
        }
    };
    match facet {
        Facet::Actor => run.addresses(rank, of),
        Facet::Address => of(thing),
        Facet::Agent => {}
    }
}

fn level_of(face: &Face, judged: Option<&str>) -> Option<usize> {
    level(&face.judged, face.stage(), face.outcome(), judged)
}

/// The lists of a run that are of one of the things, each once.
fn asked(run: &Run, facet: Facet, things: &[(Pivot, String)], take: impl FnMut(List<'_>)) {
    let mut ranges: Vec<Range<u64>> = things.iter().flat_map(|(pivot, value)| places(run, *pivot, value)).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(before) if range.start <= before.end => before.end = before.end.max(range.end),
            _ => apart.push(range),
        }
    }
    run.lists(facet, &apart, take);
}

/// Where a thing's lists are, by the number that stands for it in a run.
fn places(run: &Run, pivot: Pivot, value: &str) -> Vec<Range<u64>> {
    let of = |matches: &dyn Fn(usize) -> bool, count: usize, first: u64| {
        let numbers = (0..count).filter(|at| matches(*at));
        numbers.map(|at| first + at as u64..first + at as u64 + 1).collect::<Vec<_>>()
    };
    let tables = &run.tables;
    match pivot {
        Pivot::Address => match value.parse::<Ipv4Addr>() {
            Ok(address) => std::iter::once(u64::from(u32::from(address))).map(|at| at..at + 1).collect(),
            Err(_) => of(&|at| *tables.others[at] == *value, tables.others.len(), ADDRESS_TEXT),
        },
        Pivot::Network => match format!("{value}.0").parse::<Ipv4Addr>() {
            Ok(first) => std::iter::once(u64::from(u32::from(first))).map(|at| at..at + 256).collect(),
            Err(_) => of(&|at| network(&tables.others[at]) == value, tables.others.len(), ADDRESS_TEXT),
        },
        Pivot::UserAgent => of(&|at| *tables.agents[at] == *value, tables.agents.len(), 0),
        _ => of(&|at| tables.actors[at].at(pivot) == Some(value), tables.actors.len(), 0),
    }
}
