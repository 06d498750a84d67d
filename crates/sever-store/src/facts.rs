//! Facts in two times, and what a listing means for them.
//!
//! A source lists; the store compares the list with what the same source listed last and writes
//! versions. Five things decide what is written:
//!
//! | the listing says… | … and so |
//! |---|---|
//! | the same as last time | nothing is written; the fact was *seen* again |
//! | the same thing with other dates | a correction: the old version stops being known |
//! | other attributes, with its own start date | a correction |
//! | other attributes, without a date | the old version ends, the new one begins, both between two listings |
//! | nothing, and it is complete | the version ends between the listing that last had it and this one |
//!
//! *Seen* costs no write: a version that is still listed was seen by the source's newest listing
//! that held everything (`pull.whole`), so that an unchanged million facts is one row; and a listing whose
//! records are those of the last, in whatever order, is recognised without reading any (`pull.content`). `last_used`
//! is an observation, not an attribute: when only it changes the version is replaced, its interval
//! stays.
//!
//! A fact that comes back after its end begins anew, unless the source dates it before that end:
//! then the end was a mistake, and is corrected.
//!
//! Listings of one source are applied in the order of their instants. An older one than the newest
//! applied is skipped when complete, for what it would say of absence has been overtaken; when
//! partial it may still add things that were unknown.

mod apply;
mod brake;
mod diff;
mod list;
mod merge;
mod pull;
mod read;
mod records;
mod write;

pub use apply::Applied;
pub use brake::{Brake, Braked};
pub use list::{ListQuery, Page, When};
pub use pull::PullMeta;

use sever_model::{Bound, EventTime, FactKind, Valid};

/// The number a kind has in the store.
const fn kind_number(kind: FactKind) -> i64 {
    // The order of declaration is the order of `FactKind::ALL`, which is the store's.
    kind as i64
}

/// The set of these kinds as bits; all of them where a source does not say.
fn kinds_mask(kinds: &[FactKind]) -> i64 {
    if kinds.is_empty() {
        return (1 << FactKind::ALL.len()) - 1;
    }
    kinds.iter().fold(0, |mask, kind| mask | 1 << kind_number(*kind))
}

/// A bound as two columns: nothing is open, equal is exact, else between.
const fn columns(bound: Bound) -> (Option<i64>, Option<i64>) {
    match bound {
        Bound::Unbounded => (None, None),
        Bound::At(at) => (Some(at.micros()), Some(at.micros())),
        Bound::Between(earliest, latest) => (Some(earliest.micros()), Some(latest.micros())),
    }
}

/// A bound from its two columns.
fn bound(lo: Option<i64>, hi: Option<i64>) -> Bound {
    match (lo, hi) {
        (Some(lo), Some(hi)) if lo < hi => Bound::Between(EventTime::from_micros(lo), EventTime::from_micros(hi)),
        (Some(at), _) | (None, Some(at)) => Bound::At(EventTime::from_micros(at)),
        (None, None) => Bound::Unbounded,
    }
}

/// An interval from its four columns.
fn valid(from_lo: Option<i64>, from_hi: Option<i64>, to_lo: Option<i64>, to_hi: Option<i64>) -> Valid {
    Valid { from: bound(from_lo, from_hi), to: bound(to_lo, to_hi) }
}

/// Some time after `earliest` and no later than `latest`; exactly then where they are one.
fn between(earliest: EventTime, latest: EventTime) -> Bound {
    if earliest < latest { Bound::Between(earliest, latest) } else { Bound::At(latest) }
}

#[cfg(test)]
mod tests;
