//! Why somebody's data may have been looked at: tickets, cases and assignments to teams.
//!
//! They come as a log like any other, mapped to records of a change: its `action` is one of
//! [`Settings::explained_by`](super::Settings) (`ticket`, `case`, `assignment`), `data_subjects` are the
//! people it is about, `actor` the login that works on it, or the name of a team, or nobody for a
//! reason that is good for all. From then on, and for a day before (tickets are written up late), looks
//! at those people by them count as explained, for [`Settings::explained_days`](super::Settings).
//! Bounded by [`Limits::detector_entries_max`](sever_model::Limits) pairs; when full, those that end
//! soonest are forgotten, an eighth of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sever_model::{EventTime, FingerprintKey, Span};

/// The reasons that hold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reasons {
    /// Until when each (who, about whom) is explained.
    until: HashMap<u64, EventTime, RandomState>,
    /// Reasons forgotten for want of room.
    forgotten: u64,
}

impl Reasons {
    /// Whether any has ever come: without, nothing is unexplained.
    pub(super) fn are_told(&self) -> bool {
        !self.until.is_empty() || self.forgotten > 0
    }

    /// How many were forgotten for want of room.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Takes a reason.
    pub(super) fn add(&mut self, pair: u64, at: EventTime, holds: Span, max: usize) {
        if self.until.len() >= max.max(1) && !self.until.contains_key(&pair) {
            self.forget();
        }
        let until = self.until.entry(pair).or_insert(EventTime::MIN);
        *until = (*until).max(at.plus(holds));
    }

    /// Whether one of these pairs is explained at an instant.
    pub(super) fn explain(&self, pairs: impl IntoIterator<Item = u64>, at: EventTime) -> bool {
        pairs.into_iter().any(|pair| self.until.get(&pair).is_some_and(|until| at < *until))
    }

    fn forget(&mut self) {
        let mut ends: Vec<(EventTime, u64)> = self.until.iter().map(|(pair, until)| (*until, *pair)).collect();
        ends.sort_unstable();
        for (_, pair) in ends.iter().take((ends.len() / 8).max(1)) {
            self.until.remove(pair);
            self.forgotten += 1;
        }
    }
}

/// The pair of who looks (a login, a team, or nobody in particular) and a person by their hash.
pub(super) fn pair(key: &FingerprintKey, who: &str, subject: u64) -> u64 {
    key.hash64(who.to_ascii_lowercase().as_bytes()) ^ subject.rotate_left(17)
}
