//! Measured coverage: a share, and how sure the number of samples makes us of it.
//!
//! A share means little without its samples: eight of eight proves 69 %, twenty-nine of twenty-nine
//! proves 90 %, at 95 % confidence. Judging needs [`SHARE_MIN`] proven of the last few thousand
//! records; the report tells all of them.
//!
//! Source: the one-sided bound of Clopper and Pearson (1934).

use serde::{Deserialize, Serialize};

/// The share of an issuer's records that must be proven seen before a use without an issuance is
/// called forged. What is missing from the rest is placed by gaps, and excused there.
pub(super) const SHARE_MIN: f64 = 0.9;
/// One-sided error.
const DOUBT: f64 = 0.05;
/// Samples up to which the bound is computed exactly; past it Wilson's (1927) is within a hundredth.
const EXACT_MAX: u64 = 1_000;
/// Recent samples: past this many both counts are halved, so that an old flaw is outgrown and an
/// old good name too.
const RECENT_MAX: u64 = 4_096;

/// Records seen, of records due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Measure {
    pub seen: u64,
    pub due: u64,
    recent_seen: u64,
    recent_due: u64,
}

impl Measure {
    /// Notes records that were due, and how many of them were seen.
    pub(super) fn note(&mut self, seen: u64, due: u64) {
        self.seen = self.seen.saturating_add(seen);
        self.due = self.due.saturating_add(due);
        self.recent_seen = self.recent_seen.saturating_add(seen);
        self.recent_due = self.recent_due.saturating_add(due);
        while self.recent_due > RECENT_MAX {
            self.recent_due /= 2;
            self.recent_seen /= 2;
        }
    }

    /// Notes that a record that was due and missing has been seen after all.
    pub(super) fn found(&mut self) {
        self.seen = (self.seen + 1).min(self.due);
        self.recent_seen = (self.recent_seen + 1).min(self.recent_due);
    }

    /// Whether the recent samples prove [`SHARE_MIN`].
    pub(super) fn proven(&self) -> bool {
        let (seen, due) = (self.recent_seen, self.recent_due);
        let lost = due.saturating_sub(seen);
        match () {
            () if due == 0 || (seen as f64) < due as f64 * SHARE_MIN => false,
            () if due > EXACT_MAX => wilson(seen, due) >= SHARE_MIN,
            () => chance_of_at_most(lost, due, 1.0 - SHARE_MIN) <= DOUBT,
        }
    }

    /// The share of all, and what is proven of it; nothing where nothing was due.
    pub(super) fn share(&self) -> Option<(f64, f64)> {
        (self.due > 0).then(|| (self.seen as f64 / self.due as f64, lower_bound(self.seen, self.due)))
    }
}

/// The share that `seen` of `due` proves at 95 % confidence.
pub(crate) fn lower_bound(seen: u64, due: u64) -> f64 {
    if due == 0 || seen == 0 {
        return 0.0;
    }
    let (n, lost) = (due as f64, due.saturating_sub(seen));
    if lost == 0 {
        return DOUBT.powf(1.0 / n);
    }
    if due > EXACT_MAX {
        return wilson(seen, due);
    }
    let (mut low, mut high) = (0.0, seen as f64 / n);
    for _ in 0..40 {
        let share = (low + high) / 2.0;
        if chance_of_at_most(lost, due, 1.0 - share) <= DOUBT {
            low = share;
        } else {
            high = share;
        }
    }
    low
}

/// Wilson's one-sided bound.
fn wilson(seen: u64, due: u64) -> f64 {
    let (n, z) = (due as f64, 1.644_853_626_951);
    let p = seen as f64 / n;
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (p + z * z / (2.0 * n) - spread) / (1.0 + z * z / n)
}

/// The chance that at most `lost` of `due` are lost, each with chance `loss`.
fn chance_of_at_most(lost: u64, due: u64, loss: f64) -> f64 {
    if lost >= due {
        return 1.0;
    }
    let odds = (loss / (1.0 - loss)).ln();
    let mut log = due as f64 * (1.0 - loss).ln();
    let mut sum = log.exp();
    for i in 0..lost {
        log += ((due - i) as f64 / (i + 1) as f64).ln() + odds;
        sum += log.exp();
    }
    sum.min(1.0)
}
