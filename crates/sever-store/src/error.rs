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
            StoreError::Database(error) if is_busy(error) => {
                "another `sever` is writing to this data directory: wait until it is done, then run this again"
            }
            StoreError::Database(_) | StoreError::Instants { .. } => return None,
        })
    }
}

/// Whether another process holds the database (SQLITE_BUSY and its extended codes).
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

fn found(prefix: &str, matches: usize) -> String {
    match matches {
        0 => format!("no finding has the id `{prefix}`"),
        many => format!("{many} findings have ids that begin with `{prefix}`"),
    }
}
