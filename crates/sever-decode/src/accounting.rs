//! What became of every byte of a log.

use std::collections::BTreeMap;

use sever_model::port::{Note, Reason, Reject};

/// What became of every byte of a log.
///
/// INVARIANT: once the log is finished, `event_bytes + rejected_bytes + blank_bytes == bytes`.
/// While it is being read, the difference is what is held of a record that is not yet whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounting {
    /// Bytes fed, as stored.
    pub bytes_in: u64,
    /// Bytes after decompression; offsets count these.
    pub bytes: u64,
    /// Records met: read, or rejected.
    pub frames: u64,
    /// Events decoded; a record may hold none, one or several.
    pub events: u64,
    /// Bytes of records that were read, with their line ends.
    pub event_bytes: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Their bytes.
    pub rejected_bytes: u64,
    /// Bytes of blank lines, byte-order marks, and of what stands around and between the elements of
    /// an array.
    pub blank_bytes: u64,
    /// Rejects by the kind of reason.
    pub by_reason: BTreeMap<&'static str, u64>,
    /// The first rejects with their place, up to [`sever_model::Limits::rejects_kept_max`].
    pub kept: Vec<Reject>,
    /// What the decoder met and went on from: fields of the mapping that records lack, values that
    /// could not be read, records that were repaired.
    pub notes: Vec<Note>,
}

impl Accounting {
    pub(crate) fn reject(&mut self, reject: Reject, kept_max: usize) {
        self.rejects += 1;
        self.rejected_bytes += reject.bytes;
        *self.by_reason.entry(reject.reason.word()).or_default() += 1;
        if self.kept.len() < kept_max {
            self.kept.push(reject);
        }
    }

    /// Rejects that are damage, not merely records of another kind.
    pub fn damaged(&self) -> u64 {
        self.rejects - self.by_reason.get(Reason::Unrelated.word()).copied().unwrap_or(0)
    }
}
