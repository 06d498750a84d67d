//! Gaps in an issuer's log, and what each of them can excuse.
//!
//! A gap lies between the last thing known before it and the first after it. Where records are
//! numbered, how many are missing is known, and no more than that many *distinct* unknown tokens of
//! a class can have been issued in it: the surplus was issued by nobody. That is what keeps a flood
//! from hiding in a gap. Who comes first is excused first, so that of N unknown tokens in a gap of
//! L records it is certain that N − L are forged, and the N − L that are called so may hold some of
//! the L: a flood's price, told in the essay of [`super`].
//!
//! Bounded by [`GAPS_MAX`] live gaps of a log, beyond which the two oldest of a kind are joined
//! (excusing more, accusing less), and by [`EXCUSED_MAX`] tokens remembered per gap and class.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Span};

use super::forged::Id;
use super::report::{Gap, GapKind};

/// Gaps of a log that may still excuse something.
const GAPS_MAX: usize = 4_096;
/// Gaps of a log that its report lists.
const LISTED_MAX: usize = 200;
/// Tokens that one gap remembers having excused, per class. Of a gap of more records than this,
/// all are excused.
const EXCUSED_MAX: u64 = 1_000_000;
/// Numbers in the middle of a gap that are remembered as seen after all.
const FILLED_MAX: usize = 4_096;

/// A gap that may still excuse something.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    lane: usize,
    kind: GapKind,
    from: EventTime,
    to: EventTime,
    /// The first and last missing number, and how many of them are.
    numbers: (u64, u64),
    lost: Option<u64>,
    /// Numbers between first and last that came late.
    filled: BTreeSet<u64>,
    /// Fingerprints that it has excused, by class.
    excused: BTreeMap<usize, BTreeSet<Id>>,
}

/// The gaps of one issuer's log.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Gaps {
    open: Vec<Open>,
    /// Gaps that can excuse nothing any more.
    past: Vec<(usize, Gap)>,
    past_others: u64,
}

/// When a token may have been issued.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub from: EventTime,
    pub to: EventTime,
    /// The longest that it can have lived when it was used.
    pub used: EventTime,
    pub life: Span,
}

impl Gaps {
    /// Numbers are missing.
    pub(super) fn hole(&mut self, lane: usize, span: (EventTime, EventTime), numbers: (u64, u64)) {
        let lost = Some(numbers.1.saturating_sub(numbers.0).saturating_add(1));
        self.add(lane, GapKind::Hole, span, numbers, lost);
    }

    /// Something is missing, and nothing tells how much.
    pub(super) fn uncounted(&mut self, lane: usize, kind: GapKind, span: (EventTime, EventTime)) {
        self.add(lane, kind, span, (1, 0), None);
    }

    /// A number has come late; whether it was missing.
    pub(super) fn fill(&mut self, lane: usize, number: u64) -> bool {
        let mut holes = self.open.iter_mut().enumerate().rev();
        let hit = holes.find(|(_, gap)| gap.lane == lane && gap.numbers.0 <= number && number <= gap.numbers.1);
        let Some((at, gap)) = hit else { return false };
        if gap.filled.contains(&number) {
            return false;
        }
        if number == gap.numbers.0 {
            gap.numbers.0 += 1;
            while gap.filled.remove(&gap.numbers.0) {
                gap.numbers.0 += 1;
            }
        } else if number == gap.numbers.1 {
            gap.numbers.1 -= 1;
            while gap.filled.remove(&gap.numbers.1) {
                gap.numbers.1 -= 1;
            }
        } else if gap.filled.len() < FILLED_MAX {
            gap.filled.insert(number);
        } else {
            // Too scattered to follow: the gap stays as wide as it is, which only excuses more.
            return false;
        }
        gap.lost = gap.lost.map(|lost| lost.saturating_sub(1));
        if gap.lost == Some(0) {
            self.open.remove(at);
        }
        true
    }

    /// Whether a gap excuses the token. `spend` takes its place in the gap; without it one only looks.
    pub(super) fn excuse(&mut self, class: usize, id: Id, window: Window, spend: bool) -> bool {
        let slack = |at: EventTime| at.plus(window.life);
        let mut candidates = self
            .open
            .iter_mut()
            .filter(|gap| gap.from <= window.to && window.from <= gap.to && window.used <= slack(gap.to));
        candidates.any(|gap| gap.excuse(class, id, spend))
    }

    /// Lets go of gaps that no use after `horizon` can have been issued in.
    pub(super) fn prune(&mut self, horizon: EventTime, life: Span) {
        if self.open.iter().all(|gap| gap.to.plus(life) >= horizon) {
            return;
        }
        let (open, past) = std::mem::take(&mut self.open).into_iter().partition(|gap| gap.to.plus(life) >= horizon);
        self.open = open;
        past.into_iter().for_each(|gap: Open| self.list(&gap));
    }

    /// The gaps as a report lists them, and how many more there are. `node` names a lane.
    pub(super) fn report(&self, node: impl Fn(usize) -> String) -> (Vec<Gap>, u64) {
        let past = self.past.iter().map(|(lane, gap)| (*lane, gap.clone()));
        let all = past.chain(self.open.iter().map(|gap| (gap.lane, gap.told())));
        let mut listed: Vec<Gap> = all.map(|(lane, gap)| Gap { node: node(lane), ..gap }).collect();
        let others = listed.len().saturating_sub(LISTED_MAX) as u64;
        listed.truncate(LISTED_MAX);
        (listed, self.past_others + others)
    }

    fn add(
        &mut self,
        lane: usize,
        kind: GapKind,
        (from, to): (EventTime, EventTime),
        numbers: (u64, u64),
        lost: Option<u64>,
    ) {
        let (from, to) = (from.min(to), to.max(from));
        self.open.push(Open { lane, kind, from, to, numbers, lost, filled: BTreeSet::new(), excused: BTreeMap::new() });
        if self.open.len() > GAPS_MAX {
            self.join_oldest(kind);
        }
    }

    /// Makes one gap of the two oldest of a kind: as wide as both, and as many lost.
    fn join_oldest(&mut self, kind: GapKind) {
        let mut of_kind = self.open.iter().enumerate().filter(|(_, gap)| gap.kind == kind).map(|(at, _)| at);
        let (Some(first), Some(second)) = (of_kind.next(), of_kind.next()) else { return };
        let joined = self.open.remove(second);
        let Some(into) = self.open.get_mut(first) else { return };
        (into.from, into.to) = (into.from.min(joined.from), into.to.max(joined.to));
        into.lost = into.lost.zip(joined.lost).map(|(a, b)| a.saturating_add(b));
        // The numbers of two lanes cannot be one range: what comes late of either is no longer taken off.
        into.numbers = (1, 0);
        for (class, ids) in joined.excused {
            into.excused.entry(class).or_default().extend(ids);
        }
    }

    fn list(&mut self, gap: &Open) {
        if self.past.len() < LISTED_MAX {
            self.past.push((gap.lane, gap.told()));
        } else {
            self.past_others += 1;
        }
    }
}

impl Open {
    fn excuse(&mut self, class: usize, id: Id, spend: bool) -> bool {
        let Some(lost) = self.lost.filter(|lost| *lost <= EXCUSED_MAX) else { return true };
        let excused = self.excused.entry(class).or_default();
        if excused.contains(&id) {
            return true;
        }
        let room = (excused.len() as u64) < lost;
        if room && spend {
            excused.insert(id);
        }
        room
    }

    fn told(&self) -> Gap {
        Gap { node: String::new(), kind: self.kind, from: self.from, to: self.to, lost: self.lost }
    }
}
