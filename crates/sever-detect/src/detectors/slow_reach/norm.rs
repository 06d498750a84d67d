//! What is normal: a thing's own past and its peers, by statistics that outliers do not move.
//!
//! Counts are compared as logarithms, since what is far above five is not what is far above five
//! thousand. A median stands for what is usual and the median absolute deviation for how far from it is
//! usual; both are floored, for a past of equal days would make any change a wonder.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Days of the longest window.
pub(super) const LONGEST_DAYS: i64 = 180;
/// The windows, by name, in days; the first is an hour, for which a day has its largest.
pub(super) const WINDOWS: [(&str, i64); 5] = [("1 h", 0), ("1 d", 1), ("7 d", 7), ("30 d", 30), ("180 d", 180)];
/// Days of own past kept.
const PAST_DAYS: i64 = 182;
/// Days of the past that are as this one, without which it is not compared with.
const SAMPLES_MIN: usize = 4;
/// Peers without whom nobody is compared.
pub(super) const PEERS_MIN: usize = 5;
/// What is above its own past must be above the most of it by so much.
const ABOVE_MOST: f64 = 1.1;
/// What is no further above its own past than this, as a logarithm, is as it always was.
pub(super) const ALWAYS_RATIO: f64 = 0.2;
/// The least deviation of a past, and of peers, as logarithms.
const OWN_FLOOR: f64 = 0.15;
const PEERS_FLOOR: f64 = 0.30;

/// What a thing reached on one day, by window.
pub(super) type Counts = [u64; 5];

/// A thing's days so far, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Past {
    days: VecDeque<(i64, Counts)>,
    /// Its first day of all.
    first: Option<i64>,
}

/// What is usual, from how many samples, and how far from it something is, in deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Norm {
    pub usual: u64,
    pub samples: usize,
    pub score: f64,
    /// How many times the usual, as a logarithm.
    pub ratio: f64,
}

impl Past {
    /// Keeps a day.
    pub(super) fn keep(&mut self, day: i64, counts: Counts) {
        self.first.get_or_insert(day);
        self.days.push_back((day, counts));
        while self.days.front().is_some_and(|(first, _)| *first <= day - PAST_DAYS) {
            self.days.pop_front();
        }
    }

    /// How a window compares with the thing's own past: with the same weekdays, in windows that do not
    /// overlap this one and lie wholly in what is known. Nothing while there are too few of them, or
    /// where some other day had as much.
    pub(super) fn compare(&self, day: i64, window: usize, count: u64) -> Option<Norm> {
        let span = WINDOWS.get(window)?.1.max(1);
        let whole_from = self.first? + span - 1;
        let before = self.days.iter().filter(|(past, _)| *past <= day - span && *past >= whole_from);
        let values = before.filter_map(|(past, counts)| Some((*past, *counts.get(window)?)));
        let values: Vec<(i64, u64)> = values.collect();
        let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
        let like = values.iter().filter(|(past, _)| (day - past).rem_euclid(7) == 0).map(|(_, value)| *value);
        let mut like: Vec<f64> = like.map(log).collect();
        if like.len() < SAMPLES_MIN {
            return None;
        }
        like.sort_unstable_by(f64::total_cmp);
        let mut norm = norm(&like, count, OWN_FLOOR);
        if (count as f64) <= most as f64 * ABOVE_MOST {
            norm.score = 0.0;
        }
        Some(norm)
    }
}

/// How a count compares with those of its peers, itself among them and sorted; nothing where they are too
/// few.
pub(super) fn among(peers: &[f64], count: u64) -> Option<Norm> {
    (peers.len() > PEERS_MIN).then(|| norm(peers, count, PEERS_FLOOR))
}

/// The logarithm of a count.
pub(super) fn log(count: u64) -> f64 {
    (count as f64).ln_1p()
}

/// The median; sorts. 0 of nothing.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    middle(values)
}

fn middle(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    let at = |at: usize| values.get(at).copied().unwrap_or(0.0);
    if values.len().is_multiple_of(2) { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) } else { at(middle) }
}

/// `logs` are sorted.
fn norm(logs: &[f64], count: u64, floor: f64) -> Norm {
    let usual = middle(logs);
    let mut off: Vec<f64> = logs.iter().map(|value| (value - usual).abs()).collect();
    // 1.4826 makes it the standard deviation of what is normally distributed; a count of few people
    // varies by its square root whatever its past.
    let few = usual.exp().sqrt().recip();
    let deviation = (1.4826 * median(&mut off)).max(few).max(floor);
    let ratio = log(count) - usual;
    Norm { usual: usual.exp_m1().round() as u64, samples: logs.len(), score: ratio / deviation, ratio }
}
