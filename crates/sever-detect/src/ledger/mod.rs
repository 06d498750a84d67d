//! The issued ledger: every live token that an issuer says it made, in about 22 bytes each.
//!
//! An exact map from a 128-bit keyed fingerprint to the token's end and a 32-bit keyed check of its
//! claims. Not a filter: a filter's false positive would hide a forgery. It knows no classes, logs
//! or judgements; [`crate::judge`] does.
//!
//! ```text
//!            fingerprint
//!   ┌─ 16 bits ─┬──── 112 bits ────┐
//!         │              │
//!   ┌─────▼──┐   ┌───────▼─────────────────────────┐
//!   │ 0000   ├──►│ entry │ entry │ entry │ …       │  sorted, 20 bytes each
//!   │ 0001   ├──►│ …                               │  grows by a sixteenth
//!   │  ⋮     │   └─────────────────────────────────┘
//!   │ ffff   │        ▲ the sweep drops what has ended, a few segments at a time
//!   └────────┘
//! ```
//!
//! **Ends** are kept in units of at least a second, 16 bits of them, relative to the *horizon*: the
//! log time by which every entry that has ended is gone. Three quarters of the 65,536 units reach
//! into the future of the horizon, a quarter into its past, so that the sweep has 16,384 units of
//! log time to come round before an old end could be taken for a new one; it comes round in 8,192.
//!
//! INVARIANT: an entry at or before the horizon is absent to every caller, swept or not. What the
//! ledger says is so a function of what it was told, not of how far the sweep has got.
//!
//! Bounded by the live tokens; a class's tokens live at most [`Terms::reach`].

mod segment;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Fingerprint, Span};

use segment::{Packed, Rest, Segment};

/// Segments: one per value of a fingerprint's first 16 bits.
const SEGMENTS: usize = 1 << 16;
/// Units of end that can be told apart.
const UNITS: i64 = 1 << 16;
/// Units after the horizon; the rest are before it.
const UNITS_AHEAD: i64 = UNITS / 4 * 3;
/// Units of log time in which the sweep comes round.
const UNITS_PER_ROUND: i64 = UNITS / 8;

/// How finely ends are kept, and how far they reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    unit: Span,
}

/// What the ledger knows of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its end, rounded up by less than a unit.
    pub end: EventTime,
    /// The check of its claims; absent where its issuer gave the id to several claim sets.
    pub check: Option<u32>,
}

/// What became of an issuance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The id is new.
    New,
    /// The id and its claims were known.
    Same,
    /// The id was known with other claims, which from now on are not compared.
    Conflict,
    /// The token had ended before the horizon.
    Gone,
}

/// The ledger of tokens that live about equally long.
#[derive(Debug)]
pub(crate) struct Ledger {
    terms: Terms,
    /// None until the first issuance: a class without any costs nothing.
    segments: Vec<Segment>,
    /// In units: what ends at or before it is gone.
    horizon: i64,
    /// The next segment to sweep.
    sweep: usize,
    len: u64,
}

/// A ledger as it is saved.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    terms: Terms,
    horizon: i64,
    sweep: usize,
    /// All entries, 44 hexadecimal digits each: fingerprint, end in units, check.
    entries: Vec<String>,
}

/// The check that stands for "several".
const SEVERAL: u32 = u32::MAX;

impl Terms {
    /// Terms under which an end may lie `reach` past the horizon. Rounded up to a power of two, so
    /// that similar classes share one ledger.
    pub(crate) fn reaching(reach: Span) -> Terms {
        let least = reach.micros().max(0) as u64 / UNITS_AHEAD as u64 + 1;
        let secs = least.div_ceil(1_000_000).next_power_of_two();
        Terms { unit: Span::secs(i64::try_from(secs).unwrap_or(1 << 40).min(1 << 40)) }
    }

    /// How finely ends are kept.
    pub(crate) fn unit(self) -> Span {
        self.unit
    }

    /// How far past the horizon an end can lie.
    pub(crate) fn reach(self) -> Span {
        Span::from_micros(self.unit.micros().saturating_mul(UNITS_AHEAD - 1))
    }

    fn floor(self, at: EventTime) -> i64 {
        at.micros().div_euclid(self.unit.micros())
    }

    fn ceil(self, at: EventTime) -> i64 {
        let unit = self.unit.micros();
        at.micros().div_euclid(unit) + i64::from(at.micros().rem_euclid(unit) != 0)
    }

    fn time(self, units: i64) -> EventTime {
        EventTime::from_micros(units.saturating_mul(self.unit.micros()))
    }
}

impl Ledger {
    /// An empty ledger.
    pub(crate) fn new(terms: Terms) -> Ledger {
        Ledger { terms, segments: Vec::new(), horizon: terms.floor(EventTime::MIN), sweep: 0, len: 0 }
    }

    /// How finely ends are kept.
    pub(crate) fn terms(&self) -> Terms {
        self.terms
    }

    /// Notes an issuance: the first one's claims count, the latest end does.
    ///
    /// An end further than [`Terms::reach`] past the horizon is drawn in to it.
    pub(crate) fn insert(&mut self, id: Fingerprint, end: EventTime, check: u32) -> Inserted {
        let end = self.terms.ceil(end).min(self.horizon.saturating_add(UNITS_AHEAD - 1));
        if end <= self.horizon {
            return Inserted::Gone;
        }
        if self.segments.is_empty() {
            self.segments.resize_with(SEGMENTS, Segment::default);
        }
        let (at, rest) = split(id);
        let (horizon, check) = (self.horizon, tame(check));
        let Some(segment) = self.segments.get_mut(at) else { return Inserted::Gone };
        let swept_late = segment.find(rest);
        let known = swept_late.filter(|known| ahead(known.end, horizon) > 0);
        let (inserted, end, check) = match known {
            None => (Inserted::New, end, check),
            Some(known) => {
                let end = end.max(horizon + ahead(known.end, horizon));
                match known.check == check {
                    true => (Inserted::Same, end, check),
                    false => (Inserted::Conflict, end, SEVERAL),
                }
            }
        };
        segment.put(Packed { rest, end: end as u16, check });
        self.len += u64::from(swept_late.is_none());
        inserted
    }

    /// What is known of a token that has not ended before the horizon.
    pub(crate) fn find(&self, id: Fingerprint) -> Option<Entry> {
        let (at, rest) = split(id);
        let found = self.segments.get(at)?.find(rest)?;
        let ahead = ahead(found.end, self.horizon);
        let check = (found.check != SEVERAL).then_some(found.check);
        (ahead > 0).then(|| Entry { end: self.terms.time(self.horizon + ahead), check })
    }

    /// Reads the memory that [`Ledger::find`] would begin at.
    pub(crate) fn touch(&self, id: Fingerprint) -> u32 {
        let (at, rest) = split(id);
        self.segments.get(at).map_or(0, |segment| segment.touch(rest))
    }

    /// Whether `entry` was made with this check.
    pub(crate) fn agrees(entry: Entry, check: u32) -> bool {
        entry.check == Some(tame(check))
    }

    /// Whether a token that ends then would still be here.
    pub(crate) fn holds(&self, end: EventTime) -> bool {
        self.terms.ceil(end) > self.horizon
    }

    /// The log time by which every entry that has ended is gone.
    pub(crate) fn horizon(&self) -> EventTime {
        self.terms.time(self.horizon)
    }

    /// Moves the horizon forward and sweeps on.
    pub(crate) fn advance(&mut self, horizon: EventTime) {
        let (old, new) = (self.horizon, self.terms.floor(horizon));
        if new <= old {
            return;
        }
        let moved = new.saturating_sub(old);
        if !self.segments.is_empty() {
            // Ends are read against the old horizon: a jump may be longer than ends reach back.
            let due = if moved >= UNITS_PER_ROUND {
                SEGMENTS
            } else {
                (moved as usize * SEGMENTS).div_ceil(UNITS_PER_ROUND as usize)
            };
            for _ in 0..due {
                self.sweep_one(old, new);
            }
        }
        self.horizon = new;
    }

    /// Entries held, those that wait for the sweep among them.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> u64 {
        let entries: usize = self.segments.iter().map(Segment::bytes).sum();
        (entries + self.segments.capacity() * size_of::<Segment>()) as u64
    }

    /// The state, to be loaded under the same fingerprint key.
    pub(crate) fn save(&self) -> Saved {
        let mut entries = Vec::new();
        for (at, segment) in self.segments.iter().enumerate().filter(|(_, segment)| segment.len() > 0) {
            let mut text = String::with_capacity(segment.len() * ENTRY_DIGITS);
            for entry in segment.entries() {
                let id = (at as u128) << 112 | u128::from(entry.rest.0) << 48 | u128::from(entry.rest.1);
                text.push_str(&format!("{id:032x}{:04x}{:08x}", entry.end, entry.check));
            }
            entries.push(text);
        }
        Saved { terms: self.terms, horizon: self.horizon, sweep: self.sweep, entries }
    }

    /// The ledger of a saved state; nothing where it is not one.
    pub(crate) fn load(saved: Saved) -> Option<Ledger> {
        let mut ledger = Ledger::new(saved.terms);
        (ledger.horizon, ledger.sweep) = (saved.horizon, saved.sweep);
        if saved.terms.unit.micros() <= 0 {
            return None;
        }
        if !saved.entries.is_empty() {
            ledger.segments.resize_with(SEGMENTS, Segment::default);
        }
        for text in &saved.entries {
            for entry in text.as_bytes().chunks(ENTRY_DIGITS) {
                let entry = std::str::from_utf8(entry).ok()?;
                let (id, rest) = entry.split_at_checked(32)?;
                let (end, check) = rest.split_at_checked(4)?;
                let (at, rest) = split(Fingerprint(u128::from_str_radix(id, 16).ok()?));
                let end = u16::from_str_radix(end, 16).ok()?;
                let check = u32::from_str_radix(check, 16).ok()?;
                ledger.segments.get_mut(at)?.put(Packed { rest, end, check });
                ledger.len += 1;
            }
        }
        Some(ledger)
    }

    fn sweep_one(&mut self, old: i64, new: i64) {
        let moved = new - old;
        if let Some(segment) = self.segments.get_mut(self.sweep)
            && segment.len() > 0
        {
            self.len -= segment.retain(|end| ahead(end, old) > moved) as u64;
        }
        self.sweep = (self.sweep + 1) % SEGMENTS;
    }
}

/// Digits of one saved entry.
const ENTRY_DIGITS: usize = 32 + 4 + 8;

fn split(id: Fingerprint) -> (usize, Rest) {
    ((id.0 >> 112) as usize, ((id.0 >> 48) as u64, id.0 as u64 & 0xffff_ffff_ffff))
}

/// How many units after the horizon an end lies; not above 0 when it is gone.
fn ahead(end: u16, horizon: i64) -> i64 {
    let ahead = i64::from(end.wrapping_sub(horizon as u16));
    if ahead < UNITS_AHEAD { ahead } else { ahead - UNITS }
}

/// Keeps a check from meaning "several".
fn tame(check: u32) -> u32 {
    if check == SEVERAL { SEVERAL - 1 } else { check }
}
