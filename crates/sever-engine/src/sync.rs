//! `sync`: pull every source into the store.
//!
//! Each listing of each source is one transaction. A listing that is byte for byte what was pulled
//! last time is not read again; one that would end too many things at once is refused by the brake
//! and changes nothing; one that fails leaves what we knew as it was.

use sever_model::port::{Reject, Source};
use sever_model::{CoverageLine, Fact, Holder, SourceId, WallTime};
use sever_store::{Applied, Brake, Erased, Store};

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
    let erased = store.erased().await?;
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
            let (mut records, mut left_out) = (Vec::new(), 0u64);
            let pulled = source.pull(listing, &mut |record| match names_erased(&record.fact, &erased) {
                true => left_out += 1,
                false => records.push(record),
            });
            let line = match pulled {
                Err(error) => {
                    store.pull_failed(source.id(), listing, &error.what, now(listing.at)).await?;
                    failed(source.id(), &listing.name, error.what, error.hint)
                }
                Ok(mut pull) => {
                    if left_out > 0 {
                        pull.coverage.gaps.push(format!("{left_out} records of people who were erased left out"));
                    }
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

/// Whether a fact is about a person who was erased, or an account of theirs.
fn names_erased(fact: &Fact, erased: &Erased) -> bool {
    let holder = |holder: &Holder| match holder {
        Holder::Person(id) => erased.holds(id.as_str()),
        Holder::Account(id) => erased.holds(id.as_str()),
        Holder::Group(_) | Holder::Credential(_) => false,
    };
    match fact {
        Fact::Person(it) => erased.holds(it.id.as_str()),
        Fact::Stint(it) => erased.holds(it.person.as_str()),
        Fact::Account(it) => erased.holds(it.id.as_str()),
        Fact::Membership(it) => holder(&it.member),
        Fact::Grant(it) => holder(&it.holder),
        Fact::Custody(it) => holder(&it.holder),
        Fact::Link(it) => {
            erased.holds(it.account.as_str()) || it.person.as_ref().is_some_and(|person| erased.holds(person.as_str()))
        }
        Fact::Handover(it) => it.account.as_ref().is_some_and(|account| erased.holds(account.as_str())),
        Fact::Credential(it) => it.account.as_ref().is_some_and(|account| erased.holds(account.as_str())),
        Fact::Group(_) | Fact::Resource(_) => false,
    }
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
