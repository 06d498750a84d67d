//! Why a verb could not do its job.

use sever_model::port::SourceError;

/// Why a verb could not do its job.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] sever_store::StoreError),
    /// A source gave nothing.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A log could not be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The log, and its file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A log's mapping does not fit its format.
    #[error("log `{log}`: {what}")]
    Mapping {
        /// The log.
        log: String,
        /// What does not fit.
        what: String,
    },
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] sever_lake::LakeError),
    /// The journal of a departure could not be written: nothing more was done.
    #[error("the journal of the departure cannot be written: {0}")]
    Journal(String),
    /// The state of a watch cannot be gone on from.
    #[error("the watch's checkpoint cannot be used: {0}")]
    Checkpoint(String),
}
