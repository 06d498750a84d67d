//! One sequence of numbered records: what is missing from it, what came twice, and where it begins anew.
//!
//! Bounded by [`HOLES_MAX`] holes that may still be filled and [`RECENT_MAX`] records whose content is
//! remembered.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Span};

/// Holes that may still be filled.
const HOLES_MAX: usize = 64;
/// Records whose content is remembered, to tell one that comes twice from one that was rewritten.
const RECENT_MAX: usize = 512;
/// Old numbers in a row, each by one more than the last, that show that numbering began anew.
const RESTART_MIN: u32 = 3;

/// One sequence: a node of a log.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Lane {
    newest: Option<(u64, EventTime)>,
    /// Records in order since the last disorder.
    orderly: u64,
    /// Missing numbers, by the first: the last, and since when they are missed.
    holes: BTreeMap<u64, (u64, EventTime)>,
    /// Number and content.
    recent: VecDeque<(u64, u64)>,
    /// The last old number that might begin a new numbering, and how many came in a row.
    restart: (u64, u32),
}

/// What a record's number shows to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// So many numbers are missing, and were not filled in time.
    Missing { count: u64, since: EventTime },
    /// A number comes again with other content.
    Rewritten { number: u64 },
    /// Numbering begins anew.
    Restarted { number: u64, before: u64 },
}

impl Lane {
    /// Takes the next record: its number, time and content. Nothing is wrong before so many records
    /// were in order: else it is no sequence, or not one.
    pub(super) fn take(&mut self, number: u64, at: EventTime, content: u64, orderly_min: u64) -> Option<Wrong> {
        let Some((newest, newest_at)) = self.newest else {
            self.newest = Some((number, at));
            self.remember(number, content);
            return None;
        };
        let mut wrong = None;
        if number > newest {
            if number == newest.saturating_add(1) {
                self.orderly = self.orderly.saturating_add(1);
            } else {
                self.miss(newest + 1, number - 1, at, orderly_min);
            }
            self.newest = Some((number, at.max(newest_at)));
            self.restart = (0, 0);
            self.remember(number, content);
        } else if !self.fill(number) {
            match self.recent.iter().find(|(known, _)| *known == number) {
                Some((_, known)) if *known != content => {
                    wrong = (self.orderly >= orderly_min).then_some(Wrong::Rewritten { number });
                    self.orderly = 0;
                }
                Some(_) => {}
                // What is shipped twice bears its old time; a new record with an old number does not.
                None if at >= newest_at => wrong = self.begins_anew(number, at, newest, orderly_min),
                None => {}
            }
        } else {
            self.remember(number, content);
        }
        wrong
    }

    /// Holes that have not been filled by `now`.
    pub(super) fn unfilled(&mut self, now: EventTime, settle: Span) -> Vec<Wrong> {
        let is_due = |since: EventTime| since.plus(settle) < now;
        if !self.holes.values().any(|(_, since)| is_due(*since)) {
            return Vec::new();
        }
        let due = |(first, (last, since)): (&u64, &(u64, EventTime))| Wrong::Missing {
            count: last - first + 1,
            since: *since,
        };
        let wrong = self.holes.iter().filter(|(_, (_, since))| is_due(*since)).map(due).collect();
        self.holes.retain(|_, (_, since)| !is_due(*since));
        wrong
    }

    fn miss(&mut self, first: u64, last: u64, at: EventTime, orderly_min: u64) {
        let orderly = std::mem::take(&mut self.orderly);
        // A hole beside another that may still be filled belongs to the same disorder.
        if (orderly >= orderly_min || !self.holes.is_empty()) && self.holes.len() < HOLES_MAX {
            self.holes.insert(first, (last, at));
        }
    }

    /// Fills a hole; whether there was one.
    fn fill(&mut self, number: u64) -> bool {
        let Some((first, (last, since))) = self.holes.range(..=number).next_back().map(|(first, hole)| (*first, *hole))
        else {
            return false;
        };
        if number > last {
            return false;
        }
        self.holes.remove(&first);
        if first < number {
            self.holes.insert(first, (number - 1, since));
        }
        if number < last {
            self.holes.insert(number + 1, (last, since));
        }
        true
    }

    fn begins_anew(&mut self, number: u64, at: EventTime, newest: u64, orderly_min: u64) -> Option<Wrong> {
        let in_row =
            if self.restart.1 > 0 && number == self.restart.0.saturating_add(1) { self.restart.1 + 1 } else { 1 };
        self.restart = (number, in_row);
        if in_row < RESTART_MIN {
            return None;
        }
        let told = self.orderly >= orderly_min;
        *self = Lane { newest: Some((number, at)), ..Lane::default() };
        told.then_some(Wrong::Restarted { number: number.saturating_sub(u64::from(RESTART_MIN) - 1), before: newest })
    }

    fn remember(&mut self, number: u64, content: u64) {
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((number, content));
    }
}
