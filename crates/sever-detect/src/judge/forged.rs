//! Uses called forged, remembered for as long as an issuance may still turn up and take it back.
//!
//! A use is remembered until its class's longest lifetime after it was confirmed, in the issuer's
//! log time. Bounded by [`Limits::pending_max`](sever_model::Limits::pending_max) rows: the oldest
//! are let go first, and counted, for they can no longer be retracted.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};
use sever_model::{Batch, EventTime, Fingerprint, Judgement};

use super::kept::{Kept, Slot};

/// A fingerprint that is written as text: JSON has no 128-bit numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Id(pub u128);

/// One use that was called forged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remembered {
    pub slot: Slot,
    pub source: usize,
    pub class: usize,
    pub id: Id,
    pub judgement: Judgement,
    pub until: EventTime,
}

/// The uses called forged.
#[derive(Debug, Default)]
pub(super) struct Forged {
    pub kept: Kept,
    uses: BTreeMap<u64, Remembered>,
    by_id: HashMap<Id, Vec<u64>, foldhash::quality::RandomState>,
    next: u64,
    /// Those let go before their time.
    pub let_go: u64,
    /// The latest use remembered so far.
    latest: Option<EventTime>,
}

impl Forged {
    /// Remembers a use.
    pub(super) fn remember(&mut self, mut one: Remembered, batch: &Batch, row: usize, rows_max: usize) {
        while self.kept.full(rows_max) {
            let Some((_, oldest)) = self.pop_oldest() else { return };
            self.kept.release(oldest.slot);
            self.let_go += 1;
        }
        one.slot = self.kept.keep(batch, row);
        self.latest = self.latest.max(Some(batch.time(row)));
        self.by_id.entry(one.id).or_default().push(self.next);
        self.uses.insert(self.next, one);
        self.next += 1;
    }

    /// Takes the uses of one token that `wanted` picks, oldest first. Their rows stay until released.
    pub(super) fn take(&mut self, id: Id, mut wanted: impl FnMut(&Kept, &Remembered) -> bool) -> Vec<Remembered> {
        let Some(numbers) = self.by_id.get_mut(&id) else { return Vec::new() };
        let mut taken = Vec::new();
        let (uses, kept) = (&mut self.uses, &self.kept);
        numbers.retain(|number| {
            let hit = uses.get(number).is_some_and(|one| wanted(kept, one));
            taken.extend(hit.then(|| uses.remove(number)).flatten());
            !hit
        });
        if numbers.is_empty() {
            self.by_id.remove(&id);
        }
        taken
    }

    /// Takes all uses of one class, oldest first.
    pub(super) fn take_class(&mut self, class: usize) -> Vec<Remembered> {
        let numbers: Vec<u64> = self.iter().filter(|(_, one)| one.class == class).map(|(number, _)| number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Whether any use remembered may be later than that.
    pub(super) fn reach_past(&self, at: EventTime) -> bool {
        !self.uses.is_empty() && self.latest.is_some_and(|latest| latest > at)
    }

    /// Forgets the oldest while they are past their time.
    pub(super) fn expire(&mut self, is_past: impl Fn(&Remembered) -> bool) {
        while self.uses.first_key_value().is_some_and(|(_, one)| is_past(one)) {
            if let Some((_, one)) = self.pop_oldest() {
                self.kept.release(one.slot);
            }
        }
    }

    /// All of them by number, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Remembered)> {
        self.uses.iter().map(|(number, one)| (*number, one))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    fn pop_oldest(&mut self) -> Option<(u64, Remembered)> {
        let number = *self.uses.first_key_value()?.0;
        Some((number, self.remove(number)?))
    }

    /// Takes one; its row stays until released.
    pub(super) fn remove(&mut self, number: u64) -> Option<Remembered> {
        let one = self.uses.remove(&number)?;
        if let Some(numbers) = self.by_id.get_mut(&one.id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_id.remove(&one.id);
            }
        }
        Some(one)
    }
}

impl From<Fingerprint> for Id {
    fn from(fingerprint: Fingerprint) -> Id {
        Id(fingerprint.0)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> String {
        format!("{:032x}", id.0)
    }
}

impl TryFrom<String> for Id {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Id, std::num::ParseIntError> {
        u128::from_str_radix(&text, 16).map(Id)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Fingerprint(self.0), f)
    }
}
