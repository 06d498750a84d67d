//! What one listing says of one fact, against what we knew: pure, without a database.

use sever_model::{Bound, EventTime, Listing, Valid};

use super::between;

/// The instants that a listing is compared against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The instant the listing speaks of.
    pub(super) at: EventTime,
    /// What its silence means.
    pub(super) listing: Listing,
    /// The newest listing that held everything of the kind, which may be of the same instant.
    pub(super) whole: Option<EventTime>,
    /// The newest complete listing of the kind before `at`.
    pub(super) before: Option<EventTime>,
    /// A newer listing of the source has been applied already.
    pub(super) late: bool,
}

/// A version that is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) version: i64,
    pub(super) valid: Valid,
    /// The listing that first held it, or the newest that confirmed it by itself.
    pub(super) seen: EventTime,
    /// Digest of all that the source says of it, its interval apart.
    pub(super) digest: i64,
    /// The same without observations.
    pub(super) stable: i64,
}

/// What the listing says of the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) valid: Valid,
    pub(super) digest: i64,
    pub(super) stable: i64,
}

/// What is to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// This version stops being known.
    pub(super) close: Option<i64>,
    /// Its copy, with this end, takes its place, was last seen then, and is no longer listed.
    pub(super) end: Option<(Bound, EventTime)>,
    /// A new version of what was said, with this interval and this `seen`.
    pub(super) insert: Option<(Valid, EventTime)>,
    /// The version was confirmed, and nothing else changed.
    pub(super) confirm: Option<i64>,
    /// What it counts as.
    pub(super) tally: Tally,
}

/// What a change counts as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tally {
    #[default]
    Nothing,
    Added,
    Changed,
    Ended,
    Unchanged,
    Corrected,
    /// A correction that gives an end to what had none: it makes leavers, so the brake counts it.
    CorrectedEnd,
}

/// Compares. `listed` is the version that the source listed last, `ended` the newest that ended by
/// inference; `said` is what the listing says now.
pub(super) fn compare(moment: &Moment, listed: Option<&Held>, ended: Option<&Held>, said: Option<&Said>) -> Change {
    match (listed, said) {
        (None, None) => Change::default(),
        // An older listing may add what was unknown, and says nothing of what is known.
        _ if moment.late && (listed.is_some() || ended.is_some()) => Change::default(),
        (None, Some(said)) => appear(moment, ended, said),
        (Some(held), None) if moment.listing == Listing::Complete => vanish(moment, held),
        (Some(_), None) => Change::default(),
        (Some(held), Some(said)) => meet(moment, held, said),
    }
}

/// The source lists a thing that it did not list last.
fn appear(moment: &Moment, ended: Option<&Held>, said: &Said) -> Change {
    if let Some(ended) = ended {
        let dated_before =
            said.valid.from != Bound::Unbounded && said.valid.earliest_start() < ended.valid.latest_end();
        // The same instant listed again, now with the thing: the first time was wrong.
        let same_instant = ended.valid.latest_end() == moment.at;
        if dated_before || same_instant {
            let from = if dated_before { said.valid.from } else { ended.valid.from };
            let insert = Some((Valid { from, to: said.valid.to }, ended.seen));
            return Change { close: Some(ended.version), insert, tally: Tally::Corrected, ..Change::default() };
        }
    }
    let from = match (said.valid.from, absent(moment)) {
        (Bound::Unbounded, Some(absent)) if !moment.late => between(absent, moment.at),
        (from, _) => from,
    };
    Change { insert: Some((Valid { from, to: said.valid.to }, moment.at)), tally: Tally::Added, ..Change::default() }
}

/// The newest listing before this one that would have had the thing.
fn absent(moment: &Moment) -> Option<EventTime> {
    moment.whole.filter(|whole| *whole < moment.at).or(moment.before)
}

/// A complete listing lacks a thing that was listed.
fn vanish(moment: &Moment, held: &Held) -> Change {
    // A source that has dated the end itself, and then drops the row, has not moved the end.
    let dated = held.valid.latest_end() <= moment.at;
    let end = last_seen(moment, held).map(|seen| (if dated { held.valid.to } else { between(seen, moment.at) }, seen));
    let tally = if dated { Tally::Unchanged } else { Tally::Ended };
    Change { close: Some(held.version), end, tally, ..Change::default() }
}

/// The source lists a thing again.
fn meet(moment: &Moment, held: &Held, said: &Said) -> Change {
    let undated = said.valid.from == Bound::Unbounded;
    let from = if undated { held.valid.from } else { said.valid.from };
    let valid = Valid { from, to: said.valid.to };
    if held.digest == said.digest && held.valid == valid {
        return Change { confirm: Some(held.version), tally: Tally::Unchanged, ..Change::default() };
    }
    let close = Some(held.version);
    if undated
        && held.stable != said.stable
        && let Some(seen) = last_seen(moment, held)
    {
        let turn = between(seen, moment.at);
        let insert = Some((Valid { from: turn, to: said.valid.to }, moment.at));
        return Change { close, end: Some((turn, seen)), insert, tally: Tally::Changed, ..Change::default() };
    }
    let tally = match (held.valid.to, valid.to) {
        (Bound::Unbounded, Bound::At(_) | Bound::Between(..)) => Tally::CorrectedEnd,
        _ => Tally::Corrected,
    };
    Change { close, insert: Some((valid, held.seen)), tally, ..Change::default() }
}

/// The newest listing before this one that held the version; nothing where only a first version of
/// this very listing did.
fn last_seen(moment: &Moment, held: &Held) -> Option<EventTime> {
    if held.seen >= moment.at {
        return None;
    }
    let whole = moment.whole.filter(|whole| *whole < moment.at).or(moment.before);
    Some(whole.map_or(held.seen, |whole| whole.max(held.seen)))
}

#[cfg(test)]
mod tests;
