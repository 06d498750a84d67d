//! The reach index: exactly whom a thing touched, and exactly what touched a person, day by day.
//!
//! The lake's rows answer everything, slowly. The index answers the two questions that are asked in
//! the night of an incident, at once, from sets of numbers: one [run](run) for each segment of the
//! lake, derived from its rows and from nothing else.
//!
//! ```text
//! index/subjects            fingerprints; a subject's number is its place (numbering.rs)
//! index/subjects.table      the way from a fingerprint to its number
//! index/<segment>.run       lists of subjects of one day's rows, and the same by subject (run.rs)
//! ```
//!
//! A list is *who acted* (key, issuer, account, person), or *from where*, or *with what client*; and
//! *how* ([`Face`]): the judgement, the outcome, what was asked for. The reach of a key is the union of
//! the lists of actors with that key; of its never-issued uses, of those of them that were judged so.
//! An actor's list is also kept by subject, which is the way back: whoever touched a person is a
//! range of it. So that
//!
//! ```text
//! reach kid-1 --judged never-issued      ∪ lists (kid-1 · * · never-issued · *), day by day
//! reach --subject 4711                   the lists that 4711's range names, day by day
//! ```
//!
//! Nothing here is the only copy of anything: a run that is missing, damaged or of a segment that no
//! longer counts is made again or swept by [`Index::update`]. An answer that a list cannot give (an
//! hour, a token, a session) comes from the rows.
//!
//! Sets are exact and near the fewest bits that there can be (set.rs); the numbers of subjects are
//! given in the order of first sight, so that people touched for the first time are a range.

use std::collections::BTreeMap;

use run::Run;

mod ask;
mod back;
mod bitmap;
mod bits;
mod build;
mod face;
mod keep;
mod numbering;
mod run;
mod sequence;
mod set;

pub(crate) use ask::Address;
pub use ask::Rows;
pub use back::TouchedBy;
pub(crate) use bitmap::Bitmap;
pub(crate) use build::DAY_MICROS;
pub use build::RunBuilder;
pub(crate) use face::{Face, endpoint};
pub(crate) use keep::LakeSegments;
pub use keep::{IndexWriter, SegmentOf, Segments, bytes};
pub use numbering::Numbering;
pub use run::{FacetSize, Size};
pub(crate) use run::{List, Note};

/// An opened index: the numbers of subjects, and the runs of each day.
#[derive(Debug)]
pub struct Index {
    numbering: Numbering,
    days: BTreeMap<i64, Day>,
}

/// What there is of one day.
#[derive(Debug, Default)]
struct Day {
    runs: Vec<Run>,
    /// Whether its rows answer: a run is missing, or rows take back others and are not yet compacted.
    from_rows: bool,
}

#[cfg(test)]
mod tests;
