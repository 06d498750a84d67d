//! The end of a day: everything that was used on it is compared, ranked, and the first few told.

use std::collections::BTreeMap;

use sever_model::FindingSet;
use sever_model::port::View;

use super::norm::{self, Counts, Norm, WINDOWS};
use super::seen::Of;
use super::tell::{Row, Told};
use super::things::{About, Pivot};
use super::{SlowReach, Tracked};

/// A thing that has always been as it is now is half as remarkable beside its peers.
const ALWAYS: f64 = 0.5;
/// So many like days show that it has always been so.
const ALWAYS_SAMPLES: usize = 8;
/// A thing is told again sooner where it has got so much worse.
const WORSE: f64 = 1.25;

/// What a thing reached, beside what is usual, by window.
struct Compared {
    id: u64,
    counts: Counts,
    own: [Option<Norm>; 5],
}

/// What things of one kind reached, as logarithms: of one team, and all of them.
type Peers<'a> = BTreeMap<(Pivot, Option<&'a str>), [Vec<f64>; 5]>;

impl SlowReach {
    /// Ends a day.
    pub(super) fn end(&mut self, day: i64, view: &View<'_>, out: &mut FindingSet) {
        let of = match self.about {
            About::People if self.state.reasons.are_told() => Of::Unexplained,
            _ => Of::All,
        };
        let mut compared: Vec<Compared> = Vec::new();
        let mut peers = Peers::new();
        for (id, tracked) in &self.state.things {
            let counts = counts(tracked, day, of);
            for group in [None, Some(tracked.peers.as_str()).filter(|team| !team.is_empty())].into_iter().enumerate() {
                // Without a team there is only the whole.
                if group.0 == 1 && group.1.is_none() {
                    continue;
                }
                let all = peers.entry((tracked.pivot, group.1)).or_default();
                for (logs, count) in all.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
                    logs.push(norm::log(count));
                }
            }
            if tracked.seen.within(day, 1, Of::All) > 0 {
                let mut own = [None; 5];
                for (window, (own, count)) in own.iter_mut().zip(counts).enumerate() {
                    *own = tracked.past.compare(day, window, count);
                }
                compared.push(Compared { id: *id, counts, own });
            }
        }
        // Sorted, so that nothing hangs on the order of a map.
        compared.sort_unstable_by_key(|it| it.id);
        for logs in peers.values_mut().flatten() {
            logs.sort_unstable_by(f64::total_cmp);
        }
        let crowds = self.crowds(&compared);
        let mut rows: Vec<Row> = compared.iter().filter_map(|it| self.row(it, day, of, &peers, &crowds)).collect();
        rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let above = rows.len();
        let forgotten = (self.state.forgotten, self.state.reasons.forgotten());
        rows.truncate(self.settings.rows_per_day);
        for (rank, row) in rows.iter().enumerate() {
            if let Some(tracked) = self.state.things.get_mut(&row.id) {
                tracked.told = Some((day, row.score));
                let told =
                    Told { row, rank: rank + 1, above, day, forgotten, settings: &self.settings, meta: self.meta };
                told.raise(tracked, view, out);
            }
        }
        for it in &compared {
            if let Some(tracked) = self.state.things.get_mut(&it.id) {
                tracked.past.keep(day, it.counts);
            }
        }
        for tracked in self.state.things.values_mut() {
            let before = tracked.seen.len();
            tracked.seen.end(day);
            self.state.entries -= before - tracked.seen.len();
        }
    }

    /// By how much all things of a kind are above their own past today, by window: as a logarithm.
    fn crowds(&self, compared: &[Compared]) -> BTreeMap<Pivot, [f64; 5]> {
        let mut ratios: BTreeMap<Pivot, [Vec<f64>; 5]> = BTreeMap::new();
        for it in compared {
            let pivot = self.state.things.get(&it.id).map(|tracked| tracked.pivot).filter(|pivot| pivot.is_crowd());
            let Some(pivot) = pivot else { continue };
            for (ratios, own) in ratios.entry(pivot).or_default().iter_mut().zip(it.own) {
                ratios.extend(own.map(|own| own.ratio));
            }
        }
        let crowd = |ratios: &mut Vec<f64>| match ratios.len() {
            0..=norm::PEERS_MIN => 0.0,
            _ => norm::median(ratios).max(0.0),
        };
        ratios.into_iter().map(|(pivot, mut ratios)| (pivot, ratios.each_mut().map(crowd))).collect()
    }

    /// The row of a thing, where it is far enough from normal and was not told lately.
    fn row(
        &self,
        it: &Compared,
        day: i64,
        of: Of,
        peers: &Peers<'_>,
        crowds: &BTreeMap<Pivot, [f64; 5]>,
    ) -> Option<Row> {
        let tracked = self.state.things.get(&it.id)?;
        let crowd = crowds.get(&tracked.pivot).copied().unwrap_or_default();
        let of_kind = peers.get(&(tracked.pivot, None));
        let of_team = peers.get(&(tracked.pivot, Some(tracked.peers.as_str())));
        let mut row = Row { id: it.id, of, counts: it.counts, own: it.own, peers: [None; 5], score: 0.0, window: 0 };
        for window in 0..WINDOWS.len() {
            let count = it.counts.get(window).copied().unwrap_or(0);
            if count < self.settings.people_min {
                continue;
            }
            let own = it.own.get(window).copied().flatten();
            let own_score = own.map_or(0.0, |own| {
                let share = 1.0 - crowd.get(window).copied().unwrap_or(0.0) / own.ratio.max(f64::MIN_POSITIVE);
                own.score * share.max(0.0)
            });
            let team = of_team.and_then(|all| norm::among(all.get(window)?, count));
            let beside = team.or_else(|| of_kind.and_then(|all| norm::among(all.get(window)?, count)));
            let always = own.is_some_and(|own| own.samples >= ALWAYS_SAMPLES && own.ratio < norm::ALWAYS_RATIO);
            let peers_score = beside.map_or(0.0, |it| it.score) * if always { ALWAYS } else { 1.0 };
            if let Some(slot) = row.peers.get_mut(window) {
                *slot = beside;
            }
            let score = own_score.max(peers_score);
            if score > row.score {
                (row.score, row.window) = (score, window);
            }
        }
        let again = tracked.told.is_none_or(|(told, score)| {
            day - told >= i64::from(self.settings.repeat_days) || row.score >= score * WORSE
        });
        (row.score >= self.settings.score_min && again).then_some(row)
    }
}

/// What a thing reached by the end of a day, by window.
fn counts(tracked: &Tracked, day: i64, of: Of) -> Counts {
    WINDOWS.map(|(_, days)| match days {
        0 => tracked.seen.largest_hour(day, of),
        _ => tracked.seen.within(day, days, of),
    })
}
