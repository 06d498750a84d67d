//! What can go wrong with the log; what is wrong with a proof is a [`Flaw`].

use std::path::PathBuf;

/// Why the proof log could not do its work. Nothing is acknowledged then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A file cannot be used.
    #[error("cannot use `{}`: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// A file of the log does not hold what the log wrote.
    #[error("`{}` is damaged: {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The signing key is not the one that the log was begun with.
    #[error("the key `{}` does not fit the proof log: {what}", path.display())]
    Key {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A claim cannot be stated.
    #[error("a {kind} cannot be recorded: {what}")]
    Claim {
        /// The kind of claim.
        kind: &'static str,
        /// Why.
        what: String,
    },
    /// A witness' or time stamp authority's answer is refused.
    #[error("the answer is refused: {0}")]
    Anchor(String),
    /// What opens a departure's statements is still needed: its case is open.
    #[error("departure `{0}` is not over: something was begun, and it has not ended since")]
    Open(String),
    /// There is no log, or nothing in it.
    #[error("there is no proof log in `{}`", .0.display())]
    Empty(PathBuf),
}

impl ProofError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ProofError::File { .. } => {
                Some("check that the data directory is yours, writable and has room, then run this again")
            }
            ProofError::Damaged { .. } => {
                Some("put the folder back from a backup; until then nothing can be added to this log")
            }
            ProofError::Key { .. } => {
                Some("put the key back from a backup; with another one, move `proof` away and begin a new log")
            }
            ProofError::Claim { .. } => None,
            ProofError::Anchor(_) => Some("`sever proof anchor` writes the request that an answer must fit"),
            ProofError::Open(_) => {
                Some("end it first: `sever cut` with its plan and `--resume`, for which its names are needed")
            }
            ProofError::Empty(_) => Some("`sever cut` and `sever verify` write it"),
        }
    }
}

/// The first thing that is wrong with a proof, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Flaw {
    /// The file, and the statement where it is about one.
    pub place: String,
    /// What does not fit.
    pub what: String,
}

impl Flaw {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>) -> Flaw {
        Flaw { place: place.into(), what: what.into() }
    }
}
