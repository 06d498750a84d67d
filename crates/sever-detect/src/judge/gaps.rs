//! Gaps in an issuer's log, and what claims to be from them.
//!
//! A gap lies between the last thing known before it and the first after it. Any unknown token that may
//! have been issued in one is excused, for it may be an honest token whose record was lost. Where records
//! are numbered it is also known how many are lost, and no more than that many *distinct* tokens of a
//! class can have been issued there: of N that claim a gap of L records, at least N − L were issued by
//! nobody. That **surplus** says nothing of any one token, and is said as one fact about the gap.
//!
//! A token that says little may be from several gaps. Such gaps are a **group** from then on: what they
//! lost is added up, and who claims one claims all, so that N − L stays a lower bound. So is a gap that
//! shows only later where tokens claimed to be from: a node was behind.
//!
//! Bounded by [`GAPS_MAX`] live gaps of a log, beyond which the two oldest of a kind are joined
//! (excusing more, accusing less), and by [`CLAIMANTS_MAX`] claimants of a log, past which no more are
//! counted: then the surplus is told too small, never too large.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Span};

use super::forged::Id;
use super::report::{Gap, GapKind};

/// Gaps of a log that may still excuse something.
const GAPS_MAX: usize = 4_096;
/// Gaps of a log that its report lists.
const LISTED_MAX: usize = 200;
/// Claimants that are counted.
const CLAIMANTS_MAX: u64 = 1_000_000;
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
    /// The gaps that share its claimants.
    group: u64,
}

/// Those who claim one gap, or several that the same token may be from.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Group {
    /// What those of its gaps lost that can excuse nothing any more.
    past_lost: u64,
    /// The times at which its claimants may have been issued.
    span: Option<(EventTime, EventTime)>,
    /// Distinct tokens, and the surplus last said, by class.
    claimants: BTreeMap<usize, (BTreeSet<Id>, u64)>,
}

/// What is known of those who claim a gap, or a group of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surplus {
    pub class: usize,
    /// How many of them, at the least, were never issued, and what was said before.
    pub now: u64,
    pub before: u64,
    pub claimants: u64,
    pub lost: u64,
    pub from: EventTime,
    pub to: EventTime,
}

/// The gaps of one issuer's log.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Gaps {
    open: Vec<Open>,
    groups: BTreeMap<u64, Group>,
    next_group: u64,
    claimants: u64,
    /// Groups of which the surplus may have changed.
    changed: BTreeSet<u64>,
    /// From when a gap may lie that was not known before.
    fresh: Option<EventTime>,
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
        self.changed.insert(gap.group);
        if gap.lost == Some(0) {
            self.open.remove(at);
        }
        true
    }

    /// Whether the token may have been issued in a gap.
    pub(super) fn excuse(&self, window: &Window) -> bool {
        self.open.iter().any(|gap| gap.may_hold(window))
    }

    /// Counts a token that may have been issued in a gap among those that claim it.
    pub(super) fn claim(&mut self, class: usize, id: Id, window: &Window) {
        let open = self.open.iter().filter(|gap| gap.may_hold(window)).map(|gap| gap.group);
        // Its earlier uses may have left other gaps open to it: one token counts once.
        let earlier = self.groups.iter().filter(|(_, group)| group.has(class, id)).map(|(number, _)| *number);
        let groups: BTreeSet<u64> = open.chain(earlier).collect();
        let Some(into) = self.unite(groups) else { return };
        // Nobody can claim more than was lost where nobody knows how much that is, or nobody can count so far.
        let countable = self.lost(into).is_some_and(|lost| lost <= CLAIMANTS_MAX) && self.claimants < CLAIMANTS_MAX;
        let group = self.groups.entry(into).or_default();
        group.span = hull(group.span, Some((window.from, window.to)));
        if countable && group.claimants.entry(class).or_default().0.insert(id) {
            self.claimants += 1;
            self.changed.insert(into);
        }
    }

    /// A token has turned out to be issued.
    pub(super) fn heal(&mut self, class: usize, id: Id) {
        for (number, group) in &mut self.groups {
            if group.claimants.get_mut(&class).is_some_and(|(ids, _)| ids.remove(&id)) {
                self.claimants -= 1;
                self.changed.insert(*number);
            }
        }
    }

    /// Nothing that was said of a class holds: its two sides never meet.
    pub(super) fn forget(&mut self, class: usize) {
        for (number, group) in &mut self.groups {
            if let Some((ids, _)) = group.claimants.get_mut(&class) {
                self.claimants -= ids.len() as u64;
                ids.clear();
                self.changed.insert(*number);
            }
        }
    }

    /// Where the surplus is another than was last said, which it is from now on.
    pub(super) fn weigh(&mut self) -> Vec<Surplus> {
        let mut news = Vec::new();
        for number in std::mem::take(&mut self.changed) {
            let lost = self.lost(number);
            let span = self.span(number);
            let Some(group) = self.groups.get_mut(&number) else { continue };
            let Some((from, to)) = span.or(group.span) else { continue };
            for (class, (ids, said)) in &mut group.claimants {
                let claimants = ids.len() as u64;
                let now = lost.map_or(0, |lost| claimants.saturating_sub(lost));
                let before = std::mem::replace(said, now);
                if now != before {
                    let lost = lost.unwrap_or_default();
                    news.push(Surplus { class: *class, now, before, claimants, lost, from, to });
                }
            }
        }
        news
    }

    /// Since when there are gaps that were not known when this was last asked.
    pub(super) fn take_fresh(&mut self) -> Option<EventTime> {
        self.fresh.take()
    }

    /// Lets go of gaps that no use after `horizon` can have been issued in.
    pub(super) fn prune(&mut self, horizon: EventTime, life: Span) {
        if !self.open.iter().all(|gap| gap.to.plus(life) >= horizon) {
            let (open, past) = std::mem::take(&mut self.open).into_iter().partition(|gap| gap.to.plus(life) >= horizon);
            self.open = open;
            for gap in past {
                let Open { group, lost, .. } = gap;
                // Of its group, which it may be the last of, before it goes.
                self.list(&gap);
                if let Some(group) = self.groups.get_mut(&group) {
                    // Uncounted, it held back any surplus; what was not said then is not said now.
                    group.past_lost = group.past_lost.saturating_add(lost.unwrap_or(u64::MAX));
                }
            }
        }
        let open: BTreeSet<u64> = self.open.iter().map(|gap| gap.group).collect();
        let changed = &self.changed;
        let claimants = &mut self.claimants;
        self.groups.retain(|number, group| {
            let stays = open.contains(number)
                || changed.contains(number)
                || group.span.is_some_and(|(_, to)| to.plus(life) >= horizon);
            if !stays {
                *claimants -= group.count();
            }
            stays
        });
    }

    /// The gaps as a report lists them, and how many more there are. `node` names a lane.
    pub(super) fn report(&self, node: impl Fn(usize) -> String) -> (Vec<Gap>, u64) {
        let past = self.past.iter().map(|(lane, gap)| (*lane, gap.clone()));
        let all = past.chain(self.open.iter().map(|gap| (gap.lane, self.told(gap))));
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
        let mut groups: BTreeSet<u64> =
            self.groups.iter().filter(|(_, group)| group.may_be_from(from, to)).map(|(number, _)| *number).collect();
        let group = self.next_group;
        self.next_group += 1;
        self.open.push(Open { lane, kind, from, to, numbers, lost, filled: BTreeSet::new(), group });
        self.fresh = Some(self.fresh.map_or(from, |known| known.min(from)));
        if !groups.is_empty() {
            groups.insert(group);
            self.unite(groups);
        }
        if self.open.len() > GAPS_MAX {
            self.join_oldest(kind);
        }
    }

    /// Makes one group of several; which one.
    fn unite(&mut self, groups: BTreeSet<u64>) -> Option<u64> {
        let into = groups.first().copied()?;
        if groups.len() == 1 {
            return Some(into);
        }
        let mut all = self.groups.remove(&into).unwrap_or_default();
        for number in groups.iter().skip(1) {
            self.changed.remove(number);
            let Some(one) = self.groups.remove(number) else { continue };
            all.past_lost = all.past_lost.saturating_add(one.past_lost);
            all.span = hull(all.span, one.span);
            for (class, (ids, said)) in one.claimants {
                let (known, known_said) = all.claimants.entry(class).or_default();
                let both = (known.len() + ids.len()) as u64;
                known.extend(ids);
                self.claimants -= both - known.len() as u64;
                *known_said += said;
            }
        }
        self.open.iter_mut().filter(|gap| groups.contains(&gap.group)).for_each(|gap| gap.group = into);
        self.groups.insert(into, all);
        self.changed.insert(into);
        Some(into)
    }

    /// How many records the gaps of a group lost; nothing where that is not known of one.
    fn lost(&self, group: u64) -> Option<u64> {
        let past = self.groups.get(&group).map_or(0, |group| group.past_lost);
        let mut open = self.open.iter().filter(|gap| gap.group == group);
        open.try_fold(past, |all, gap| Some(all.saturating_add(gap.lost?)))
    }

    /// From when to when the gaps of a group reach.
    fn span(&self, group: u64) -> Option<(EventTime, EventTime)> {
        let open = self.open.iter().filter(|gap| gap.group == group);
        open.fold(None, |all, gap| hull(all, Some((gap.from, gap.to))))
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
        let groups = BTreeSet::from([into.group, joined.group]);
        // The one that went must take its claimants along.
        if self.groups.contains_key(&joined.group) {
            self.unite(groups);
        }
    }

    fn list(&mut self, gap: &Open) {
        if self.past.len() < LISTED_MAX {
            self.past.push((gap.lane, self.told(gap)));
        } else {
            self.past_others += 1;
        }
    }

    fn told(&self, gap: &Open) -> Gap {
        let claimants = self.lost(gap.group).map(|_| self.groups.get(&gap.group).map_or(0, Group::count));
        Gap { node: String::new(), kind: gap.kind, from: gap.from, to: gap.to, lost: gap.lost, claimants }
    }
}

impl Open {
    fn may_hold(&self, window: &Window) -> bool {
        self.from <= window.to && window.from <= self.to && window.used <= self.to.plus(window.life)
    }
}

impl Group {
    fn may_be_from(&self, from: EventTime, to: EventTime) -> bool {
        self.span.is_some_and(|(first, last)| from <= last && first <= to)
    }

    fn has(&self, class: usize, id: Id) -> bool {
        self.claimants.get(&class).is_some_and(|(ids, _)| ids.contains(&id))
    }

    fn count(&self) -> u64 {
        self.claimants.values().map(|(ids, _)| ids.len() as u64).sum()
    }
}

/// The shortest span that holds both.
fn hull(a: Option<(EventTime, EventTime)>, b: Option<(EventTime, EventTime)>) -> Option<(EventTime, EventTime)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}
