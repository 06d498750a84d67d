//! Judged uses as Parquet, and the reach of a thing read from them.
//!
//! A scan hands over every use once its judgement is settled; the lake keeps them as Parquet files
//! that other engines read too, a row a use. What is asked of them is *whose data*: [`reach`] (whom
//! did this key, account or address touch), [`touched`] (what touched this person) and [`common`]
//! (what do these people have in common).
//!
//! ```text
//! lake/commits/<number>.json            what counts: segments, how far each log is read; the newest is in force
//! lake/day=<UTC day>/<run>-<n>.parquet  a segment: rows of one day, sorted by key, credential and time
//! lake/checkpoints/<run>-<n>            the state of whoever follows logs
//! index/day=<UTC day>/<run>-<n>.run     what was derived from a segment: see [`index`]
//! subjects.sealed                       the ids of the subjects whose codes stand in the rows, encrypted
//! ```
//!
//! Whose data was touched is kept by code: a keyed fingerprint of the subject's id. Counting, comparing
//! and asking of one person need no more; only a list of ids opens the dictionary.
//!
//! A later scan of the same file replaces what an earlier one said of it: a commit makes the new rows
//! count and the old ones not, so that a reader sees the old or the new and never both. Everything in
//! the newest commit's segments counts, but for rows that another row of the day takes back.
//!
//! An answer never turns ignorance into a number: people behind a request that does not say whose
//! data it gave are unknown, not 0, and the upper bound is then absent.

mod change;
mod commit;
mod common;
mod compact;
pub mod dictionary;
mod gather;
mod hold;
pub mod index;
mod overview;
mod people;
mod reach;
mod reader;
mod rewrite;
mod row;
mod rows;
mod segment;
pub mod storage;
mod subject;
mod writer;

use std::io::ErrorKind;
use std::path::PathBuf;

pub use commit::Offset;
pub use common::{Common, SURPRISE_MIN, common, common_of_codes};
pub use compact::{Compacted, compact};
pub use dictionary::{DictionaryKey, DictionaryWriter};
pub use hold::{Held, Hold, Lowered, hold, keep_for, may_delete, release};
pub use index::{Index, IndexWriter, TouchedBy};
pub use overview::{DaySum, Overview, checkpoint, files, overview, verify};
pub use people::{Pairs, People};
pub use reach::{
    ByDay, Detail, Outcomes, ReachAnswer, ReachQuery, Step, forget, reach, reach_where, touched, update_index,
};
pub use reader::{Filter, read};
pub use rewrite::{Rewrite, Rewritten, Write, rewrite, subjects};
pub use row::{Pivot, UseRow};
pub use subject::{code, code_of};
pub use writer::LakeWriter;

/// Why the lake could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A file could not be opened, written or renamed.
    #[error("cannot use `{}`: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file of the lake does not hold what it should.
    #[error("`{}` is damaged: {what}", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A commit does not hold what it should.
    #[error("`{}` is damaged: {what}", .path.display())]
    Commit {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The lake is of the layout that there was before there were commits.
    #[error("`{}` is of a lake that this program no longer reads", .path.display())]
    OldLayout {
        /// What shows it.
        path: PathBuf,
    },
    /// The lake was written by a newer program.
    #[error("`{}` has format {format}, which this program does not know", .path.display())]
    Newer {
        /// The commit that says so.
        path: PathBuf,
        /// The format's number.
        format: u32,
    },
    /// A legal hold stops every deletion.
    #[error("a hold on `{}` stops every deletion: {holds}", .path.display())]
    Held {
        /// The lake.
        path: PathBuf,
        /// The holds: names, reasons, whose.
        holds: String,
    },
    /// Others committed whenever this run tried to.
    #[error("`{}` changes faster than this run can add to it", .path.display())]
    Busy {
        /// Where the commits lie.
        path: PathBuf,
    },
    /// The rows of one run are of more days than there can be.
    #[error("the events are of more than {max} different days")]
    Days {
        /// The most.
        max: usize,
    },
    /// The dictionary of subjects cannot be opened.
    #[error("`{}` cannot be opened: {what}", .path.display())]
    Dictionary {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, or with the key.
        what: String,
    },
    /// A list of people (a resolver's table, a subject set) cannot be used.
    #[error("`{}` is no list of people: {what}", .path.display())]
    People {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl LakeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            LakeError::File { error, .. } => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    "make room and run it again: nothing of this run counts, and the lake is as it was before"
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "this user must be able to write there; `data_dir` in severance.toml names another place"
                }
                _ => AGAIN,
            },
            LakeError::Damaged { .. } | LakeError::OldLayout { .. } => AGAIN,
            LakeError::Commit { .. } => {
                "a commit before it still reads: move this one file away to go back to that, then `sever scan` adds what \
                 came since; or move the `lake` folder of the data directory away and scan everything"
            }
            LakeError::Held { .. } => "`sever lake hold release NAME` lifts one, where a role allows it",
            LakeError::Newer { .. } => "use the program that wrote it, or a newer one",
            LakeError::Busy { .. } => "run it again; or stop what else writes to this lake",
            LakeError::Days { .. } => "a log's times are not times: `sever decode` shows how they are read",
            LakeError::Dictionary { .. } => {
                "with the key it was written with it opens again; without it the ids are lost, and `sever scan` writes \
                 them anew once the file is moved away"
            }
            LakeError::People { .. } => "a resolver's table has columns `subject` and `person`, a subject set `id`",
        })
    }
}

const AGAIN: &str =
    "what a scan judged can be judged again: move the `lake` folder of the data directory away, then `sever scan`";

/// Why a file could not be used.
pub(crate) fn file_error(path: PathBuf, error: std::io::Error) -> LakeError {
    LakeError::File { path, error }
}

#[cfg(test)]
mod tests;
