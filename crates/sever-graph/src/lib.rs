//! Facts to inventory: whose accounts are whose, who could read which key, who may do what; pure.
//!
//! [`build`] takes the rows that the store knew at one moment and makes an [`Inventory`] of them:
//!
//! ```text
//! fact rows ─► merge (one entry per thing, disjoint intervals per relation)
//!                 ├─► correlation (account ─► person, with reasons and two thresholds)
//!                 └─► custody (told, and derived from rights on the place where a key lies)
//!                        └─► Inventory
//! ```
//!
//! On top of an inventory [`effective`] says what somebody may do and by which way, [`who`] who holds
//! a thing, [`Narrow`] what would be left of rights that go when nobody exercises them, and [`plan()`] what is
//! closed when somebody leaves. It reads no clock, no file and no log. Whatever it could not place (a right of a person
//! whom HR does not know, custody past the limit) is a gap in the inventory's coverage.
//!
//! Worked example: `bob` is in group `dev` from January to June; `dev` has policy `signing` from March;
//! the policy reads `secret/signing/*`; key `kid-1` lies at `secret/signing/kid-1` and was made in
//! April. Then bob *could read* `kid-1` from April to June, by `dev` and `signing`, and that stays so
//! after he has left both, until the key is rotated.

mod correlation;
mod custody;
mod fill;
mod groups;
mod keys;
mod merge;
mod narrow;
mod pattern;
mod plan;
mod resolve;
mod rights;
mod who;

use sever_model::{Coverage, CoverageLine, EventTime, FactKind, FactRow, Inventory, Listing, Seen, SourceId, WallTime};

pub use correlation::{ASK_SCORE, MATCH_SCORE};
pub use custody::DERIVED_ROWS_MAX;
pub use narrow::{Exercise, Kept, Narrow, Readers};
pub use pattern::matches;
pub use plan::{
    Cause, HandOffTo, Listed, PlanInput, Protected, SystemLink, Unplannable, Verifier, end_of_access, listed_accounts,
    plan,
};
pub use rights::{Effective, Holding, effective, holders, members};
pub use who::{Asked, WhoRow, find, who};

/// Makes the inventory of everything known at `known_at`, with attributes as they were at `as_of`.
///
/// Rows not known then are left out. What could not be placed is added to the coverage as gaps of
/// the source `inventory`.
pub fn build(facts: Vec<FactRow>, as_of: EventTime, known_at: WallTime, mut coverage: Coverage) -> Inventory {
    let mut gaps = Vec::new();
    let merged = merge::merge(facts, as_of, known_at, &mut gaps);
    let correlations = correlation::correlate(&merged, as_of, &mut gaps);
    let custody = custody::derive(&merged, &correlations, &mut gaps);
    if !gaps.is_empty() {
        coverage.lines.push(CoverageLine {
            source: SourceId::from("inventory"),
            kinds: vec![FactKind::Custody, FactKind::Grant],
            seen: Seen::Partly,
            listing: Listing::Partial,
            from: Some(as_of),
            to: Some(as_of),
            records: 0,
            rejected: 0,
            gaps,
        });
    }
    let tables = merged.into_tables(correlations, custody);
    Inventory::new(tables, as_of, known_at, coverage)
}

#[cfg(test)]
mod tests;
