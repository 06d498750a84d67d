//! `sync`: pull every source into the store.
//!
//! Each listing of each source is one transaction. A listing that is byte for byte what was pulled
//! last time is not read again; one that would end too many things at once is refused by the brake
//! and changes nothing; one that fails leaves what we knew as it was.

use sever_model::port::{Reject, Source};
use sever_model::{CoverageLine, SourceId, WallTime};
use sever_store::{Applied, Brake, Store};

use crate::{EngineError, Progress, Unit};

/// What a sync did.
#[derive(Debug, Default)]
pub struct SyncOutcome {
    /// One line per listing, in the order they were pulled.
    pub lines: Vec<SyncLine>,
}

/// What became of one listing.
#[derive(Debug)]
pub struct SyncLine {
    /// The source.
    pub source: SourceId,
    /// The listing: a file name.
    pub listing: String,
    /// What changed, if it was read and applied.
    pub applied: Option<Applied>,
    /// What was covered, if it was read.
    pub coverage: Option<CoverageLine>,
    /// The first records that could not be read.
    pub rejects: Vec<Reject>,
    /// Why nothing came of it, and what to do.
    pub failed: Option<(String, Option<String>)>,
}

impl SyncOutcome {
    /// Whether a brake refused a listing.
    pub fn braked(&self) -> bool {
        self.lines.iter().any(|line| line.applied.as_ref().is_some_and(|applied| applied.braked.is_some()))
    }

    /// Whether a source or listing failed.
    pub fn failed(&self) -> bool {
        self.lines.iter().any(|line| line.failed.is_some())
    }
}

/// Pulls every source. `now` says when we come to know a listing, given the instant it speaks of.
///
/// # Errors
/// When the store fails. A source that fails is told in its line, and the others go on.
pub async fn sync(
    store: &mut Store,
    sources: &[Box<dyn Source>],
    brake: &Brake,
    now: &dyn Fn(sever_model::EventTime) -> WallTime,
    progress: &mut dyn Progress,
) -> Result<SyncOutcome, EngineError> {
    let mut outcome = SyncOutcome::default();
    progress.begin("sync", Some(sources.len() as u64), Unit::Items);
    for source in sources {
        let listings = match source.listings() {
            Ok(listings) => listings,
            Err(error) => {
                outcome.lines.push(failed(source.id(), "", error.what, error.hint));
                continue;
            }
        };
        for listing in &listings {
            let newest = store.last_pull(source.id(), &listing.name).await?;
            if newest.is_some_and(|pull| pull.digest == listing.digest) {
                outcome.lines.push(SyncLine {
                    source: source.id().clone(),
                    listing: listing.name.clone(),
                    applied: None,
                    coverage: None,
                    rejects: Vec::new(),
                    failed: None,
                });
                continue;
            }
            let mut records = Vec::new();
            let line = match source.pull(listing, &mut |record| records.push(record)) {
                Err(error) => {
                    store.pull_failed(source.id(), listing, &error.what, now(listing.at)).await?;
                    failed(source.id(), &listing.name, error.what, error.hint)
                }
                Ok(pull) => {
                    let known = now(listing.at);
                    let applied = store.apply(source.id(), listing, &pull, records, known, brake).await?;
                    SyncLine {
                        source: source.id().clone(),
                        listing: listing.name.clone(),
                        applied: Some(applied),
                        coverage: Some(pull.coverage),
                        rejects: pull.rejects,
                        failed: None,
                    }
                }
            };
            outcome.lines.push(line);
        }
        progress.advance(1);
    }
    Ok(outcome)
}

fn failed(source: &SourceId, listing: &str, what: String, hint: Option<String>) -> SyncLine {
    SyncLine {
        source: source.clone(),
        listing: listing.to_owned(),
        applied: None,
        coverage: None,
        rejects: Vec::new(),
        failed: Some((what, hint)),
    }
}

#[cfg(test)]
mod tests;
