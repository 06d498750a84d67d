//! What is derived from a segment while it is written.
//!
//! Every segment, whether a scan, a compaction or an erasure writes it, comes from
//! [`crate::segment::SegmentWriter`], which hands each row to the observer that [`observer`] makes, in the order in
//! which the segment holds it, and asks it for its file before the segment counts. So an index is
//! never behind its segment, and never says more than it.

use std::path::Path;

use crate::{LakeError, UseRow};

/// Sees the rows of one segment.
pub trait SegmentObserver: Send {
    /// One row: subjects by code; sorted by key, credential and time; those that take an earlier row
    /// back ([`sever_model::Stage::Retracted`]) among them.
    fn row(&mut self, row: &UseRow<'_>);

    /// The segment has all its rows. What was derived is written to `path`; what is not written makes
    /// no index.
    ///
    /// # Errors
    /// When it cannot be written.
    fn seal(self: Box<Self>, path: &Path) -> Result<(), LakeError>;
}

/// The observer of a segment of this day, counted from the Unix epoch; none where nothing is derived.
pub(crate) fn observer(_day: i64) -> Option<Box<dyn SegmentObserver>> {
    None
}
