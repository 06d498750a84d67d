//! How many different people one thing has reached, over every window at once.
//!
//! One map holds when each person was last reached; beside it stands, for each day, how many were last
//! reached on it. Whoever was reached within the last `n` days was last reached on one of them, so that
//! a window's distinct count is a sum of days: one map serves all windows, and nothing is counted twice.
//! A day is a UTC day, an hour a clock hour; a record that comes late counts to the newer of the two.
//!
//! Exact up to [`Settings::exact_max`](super::Settings) people. Past that it is Wegman's adaptive
//! sampling (Flajolet, 1990): half of all people, by their keyed hash, are let go, again and again, and
//! what is left stands for `2^level` times as many. The relative error of a count made of `n` kept
//! people is about `1/√n`, and [`Seen::error`] says so wherever it is not 0.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sever_model::EventTime;

use super::norm::LONGEST_DAYS;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Those reached before the longest window are let go every so many days.
const SWEEP_DAYS: i64 = 7;

/// Of how many people something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// All who were reached.
    All,
    /// Those reached without a ticket, case or assignment.
    Unexplained,
    /// Those for whom a set agrees: the use was forged, the person unknown or the holder gone.
    Agreed,
}

/// The people whom one thing has reached.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Only people whose hash ends in so many zero bits are kept.
    level: u32,
    last: HashMap<u64, Last, RandomState>,
    /// By the day on which they were last reached: all, unexplained, agreed.
    days: BTreeMap<i64, [u32; 3]>,
    /// The clock hour at hand, and whom it has reached so far: all, unexplained.
    hour: (i64, [u32; 2]),
    /// The same of the largest hour of a day, with the day.
    largest: (i64, [u32; 2]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    hour: i64,
    explained: bool,
    agreed: bool,
}

impl Last {
    fn counts(self) -> [u32; 3] {
        [1, u32::from(!self.explained), u32::from(self.agreed)]
    }
}

impl Seen {
    /// Somebody is reached, with or without a reason; whether they are new.
    pub(super) fn touch(&mut self, who: u64, at: EventTime, explained: bool) -> bool {
        if !self.keeps(who) {
            return false;
        }
        let hour = at.micros().div_euclid(HOUR_MICROS);
        self.turn(hour);
        let before = self.last.get(&who).copied();
        // An hour in which somebody was reached with a reason and without is one with a reason.
        let known = before.filter(|last| last.hour >= hour);
        let explained = explained || known.is_some_and(|last| last.explained);
        let now = Last {
            hour: before.map_or(hour, |last| last.hour.max(hour)),
            explained,
            agreed: before.is_some_and(|last| last.agreed),
        };
        if before == Some(now) {
            return false;
        }
        if hour == self.hour.0 {
            let counted = before.filter(|last| last.hour == hour).map_or([0, 0, 0], Last::counts);
            for (sum, (new, old)) in self.hour.1.iter_mut().zip(now.counts().into_iter().zip(counted)) {
                *sum = (*sum + new).saturating_sub(old);
            }
        }
        self.put(who, before, now);
        before.is_none()
    }

    /// A reason turns up for somebody who was reached since `from`.
    pub(super) fn explain(&mut self, who: u64, from: EventTime) {
        let Some(before) = self.last.get(&who).copied() else { return };
        if before.hour >= from.micros().div_euclid(HOUR_MICROS) && !before.explained {
            self.put(who, Some(before), Last { explained: true, ..before });
            if before.hour == self.hour.0 {
                let [_, plain] = &mut self.hour.1;
                *plain = plain.saturating_sub(1);
            }
        }
    }

    /// A set agrees about somebody, or no longer does.
    pub(super) fn agree(&mut self, who: u64, agreed: bool) {
        if let Some(before) = self.last.get(&who).copied() {
            self.put(who, Some(before), Last { agreed, ..before });
        }
    }

    /// People kept.
    pub(super) fn len(&self) -> usize {
        self.last.len()
    }

    /// Lets half of them go, by their hash.
    pub(super) fn halve(&mut self) {
        self.level += 1;
        let level = self.level;
        self.last.retain(|who, _| who.trailing_zeros() >= level);
        self.days.clear();
        for last in self.last.values() {
            add(self.days.entry(day_of(last.hour)).or_default(), last.counts());
        }
        for sum in self.hour.1.iter_mut().chain(&mut self.largest.1) {
            *sum /= 2;
        }
    }

    /// Ends a day: those whom no window reaches any more are let go.
    pub(super) fn end(&mut self, day: i64) {
        if day.rem_euclid(SWEEP_DAYS) == 0 {
            let first = day - LONGEST_DAYS;
            self.last.retain(|_, last| day_of(last.hour) > first);
            self.days.retain(|day, _| *day > first);
        }
    }

    /// How many different people were reached in the `days` up to and with `day`.
    pub(super) fn within(&self, day: i64, days: i64, of: Of) -> u64 {
        let sum: u64 = self.days.range(day - days + 1..=day).map(|(_, counts)| u64::from(pick(*counts, of))).sum();
        sum << self.level
    }

    /// How many in the largest clock hour of a day.
    pub(super) fn largest_hour(&self, day: i64, of: Of) -> u64 {
        let hours = [(day_of(self.hour.0), self.hour.1), self.largest];
        let of_day = hours.into_iter().filter(|(on, _)| *on == day);
        let largest = of_day.map(|(_, [all, plain])| pick([all, plain, 0], of)).max().unwrap_or(0);
        u64::from(largest) << self.level
    }

    /// The relative error of a count, with 95 % confidence; 0 while all are kept.
    pub(super) fn error(&self, count: u64) -> f64 {
        let kept = (count >> self.level).max(1) as f64;
        if self.level == 0 { 0.0 } else { 2.0 / kept.sqrt() }
    }

    fn keeps(&self, who: u64) -> bool {
        who.trailing_zeros() >= self.level
    }

    fn turn(&mut self, hour: i64) {
        if hour <= self.hour.0 {
            return;
        }
        let (day, past) = (day_of(self.hour.0), self.hour.1);
        if self.largest.0 != day {
            self.largest = (day, [0, 0]);
        }
        for (largest, sum) in self.largest.1.iter_mut().zip(past) {
            *largest = (*largest).max(sum);
        }
        self.hour = (hour, [0, 0]);
    }

    fn put(&mut self, who: u64, before: Option<Last>, now: Last) {
        if let Some(before) = before
            && let Some(counts) = self.days.get_mut(&day_of(before.hour))
        {
            for (sum, one) in counts.iter_mut().zip(before.counts()) {
                *sum = sum.saturating_sub(one);
            }
        }
        add(self.days.entry(day_of(now.hour)).or_default(), now.counts());
        self.last.insert(who, now);
    }
}

fn day_of(hour: i64) -> i64 {
    hour.div_euclid(24)
}

fn add(counts: &mut [u32; 3], more: [u32; 3]) {
    for (sum, one) in counts.iter_mut().zip(more) {
        *sum = sum.saturating_add(one);
    }
}

fn pick([all, plain, agreed]: [u32; 3], of: Of) -> u32 {
    match of {
        Of::All => all,
        Of::Unexplained => plain,
        Of::Agreed => agreed,
    }
}
