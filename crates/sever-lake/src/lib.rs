//! Judged uses as Parquet, and the reach of a thing read from them.
//!
//! A scan hands over every use once its judgement is settled; the lake keeps them as Parquet files
//! that other engines read too, a row a use. What is asked of them is *whose data*: [`reach`] (whom
//! did this key, account or address touch), [`touched`] (what touched this person) and [`common`]
//! (what do these people have in common).
//!
//! ```text
//! lake/manifest.json           which segments count, and which logs each speaks of
//! lake/<run>.parquet           the rows of one scan, in groups of 65,536
//! subjects.sealed              the ids of the subjects whose codes stand in them, encrypted
//! ```
//!
//! Whose data was touched is kept by code: a keyed fingerprint of the subject's id. Counting, comparing
//! and asking of one person need no more; only a list of ids opens the dictionary.
//!
//! A later scan of the same file replaces what an earlier one said of it: the manifest is swapped by
//! one rename, so that a reader sees the old or the new and never both.
//!
//! An answer never turns ignorance into a number: people behind a request that does not say whose
//! data it gave are unknown, not 0, and the upper bound is then absent.

mod common;
pub mod dictionary;
mod gather;
pub mod index;
mod manifest;
mod people;
mod reach;
mod reader;
mod rewrite;
mod row;
mod subject;
mod writer;

use std::path::PathBuf;

pub use common::{Common, SURPRISE_MIN, common};
pub use dictionary::{DictionaryKey, DictionaryWriter};
pub use people::{Pairs, People};
pub use reach::{ByDay, Detail, Outcomes, ReachAnswer, ReachQuery, Step, Touch, reach, reach_where, touched};
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

#[cfg(test)]
mod tests;
