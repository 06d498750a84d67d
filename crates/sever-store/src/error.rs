//! Why the store could not do what it was asked.

use std::path::PathBuf;

use sever_model::EventTime;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory or a file in it cannot be used.
    #[error("cannot use `{path}`: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database refuses.
    #[error("the fact store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The file is a database, but not one of ours.
    #[error("`{0}` is not a severance store")]
    Foreign(PathBuf),
    /// The directory was written by a newer build.
    #[error("`{path}` was written by a newer version (schema {found}, this build reads up to {known})")]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The key is missing or is another directory's.
    #[error("`{path}` does not hold the key of this data directory: {what}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A row does not read back: the file was changed by something else, or damaged.
    #[error("the store holds a row that does not read back: {0}")]
    Damaged(String),
    /// Another process works on this departure.
    #[error("another process works on departure {0}")]
    Held(String),
    /// There is a case of this name.
    #[error("there is a case `{0}` already")]
    CaseExists(String),
    /// No finding has this id, or several begin with it.
    #[error("{}", found(.prefix, *.matches))]
    Finding {
        /// What was asked for.
        prefix: String,
        /// How many begin with it.
        matches: usize,
    },
    /// A pull and its listing disagree about the instant they speak of.
    #[error("listing `{listing}` speaks of {listing_at}, its pull of {pull_at}")]
    Instants {
        /// The listing.
        listing: String,
        /// Its instant.
        listing_at: EventTime,
        /// The pull's.
        pull_at: EventTime,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            StoreError::File { .. } => "check that the directory exists, is yours and has room",
            StoreError::Foreign(_) => "set `data_dir` to an empty directory",
            StoreError::Newer { .. } => "use the newer version, or another `data_dir`",
            StoreError::Key { .. } => "restore the `key` file of this directory from its backup",
            StoreError::Damaged(_) => "restore the directory from its backup, or sync into a new one",
            StoreError::Held(_) => "wait until it is done; if it was killed, run this again",
            StoreError::CaseExists(_) => "give it another name; `sever case list` shows those that there are",
            StoreError::Finding { matches: 0, .. } => "`sever findings` lists them",
            StoreError::Finding { .. } => "write more of the id",
            StoreError::Database(error) => return database_hint(error),
            StoreError::Instants { .. } => return None,
        })
    }
}

/// What to do where SQLite says why: by its primary code, which is the lower byte of any.
fn database_hint(error: &sqlx::Error) -> Option<&'static str> {
    let code = error.as_database_error()?.code()?.parse::<u32>().ok()?;
    match code & 0xff {
        BUSY => Some("another `sever` is writing to this data directory: wait until it is done, then run this again"),
        FULL => Some("make room where the data directory is, then run this again: it goes on where it was"),
        IO_ERROR => Some("check that the data directory has room and its disk is well, then run this again"),
        READ_ONLY | CANNOT_OPEN => Some("the data directory must be yours and writable; then run this again"),
        _ => None,
    }
}

/// Codes of SQLite's.
const BUSY: u32 = 5;
const READ_ONLY: u32 = 8;
const IO_ERROR: u32 = 10;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;

fn found(prefix: &str, matches: usize) -> String {
    match matches {
        0 => format!("no finding has the id `{prefix}`"),
        many => format!("{many} findings have ids that begin with `{prefix}`"),
    }
}
