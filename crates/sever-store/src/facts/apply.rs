//! Applying one listing: one transaction, in three steps — compare, brake, write.

use serde::{Deserialize, Serialize};
use sever_model::port::{ListingRef, Pull};
use sever_model::{Listing, Record, Seen, SourceId, WallTime};
use sqlx::{Connection as _, SqliteConnection};

use super::merge::{Compared, compare_all};
use super::pull::{Attempt, History, record, source_number};
use super::records::{content, sort};
use super::{Brake, Braked, kinds_mask, write};
use crate::{Store, StoreError};

/// How many keys of conflicting records are named; all are counted.
const CONFLICTS_NAMED_MAX: usize = 20;

/// What applying a listing did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Facts that were not there, or had ended.
    pub added: u64,
    /// Facts whose attributes changed between two listings.
    pub changed: u64,
    /// Facts that are gone from a complete listing.
    pub ended: u64,
    /// Facts listed as before.
    pub unchanged: u64,
    /// Facts that the source now tells otherwise: other dates, or another past.
    pub corrected: u64,
    /// Records that contradict an earlier one of the same listing; the first one counts.
    pub conflicts: u64,
    /// The keys of the first of those.
    pub conflicting: Vec<String>,
    /// Why nothing of it was believed.
    pub braked: Option<Braked>,
    /// Why nothing, or only what was unknown, was taken from it.
    pub skipped: Option<String>,
    /// What else should be said.
    pub notes: Vec<String>,
}

impl Store {
    /// Takes a listing into the store, in one transaction. `now` is when we know it; it is moved up
    /// to the source's newest pull where it lies before, for knowledge does not go back.
    ///
    /// # Errors
    /// When the database fails; nothing has then been applied.
    pub async fn apply(
        &mut self,
        source: &SourceId,
        listing: &ListingRef,
        pull: &Pull,
        records: Vec<Record>,
        now: WallTime,
        brake: &Brake,
    ) -> Result<Applied, StoreError> {
        if listing.at != pull.at {
            let (listing_at, pull_at) = (listing.at, pull.at);
            return Err(StoreError::Instants { listing: listing.name.clone(), listing_at, pull_at });
        }
        let key = self.key();
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        let number = source_number(&mut tx, source).await?;
        let history = History::of(&mut tx, number).await?;
        let now = history.known_at.map_or(now, |known_at| known_at.max(now));
        let late = history.newest().is_some_and(|newest| pull.at < newest);
        let complete = pull.listing == Listing::Complete;
        let mut coverage = pull.coverage.clone();
        let mut attempt = Attempt {
            source: number,
            listing,
            at: pull.at,
            known_at: now,
            complete,
            whole: false,
            applied: true,
            content: 0,
            coverage: &pull.coverage,
        };

        if late && complete {
            let newest = history.newest().unwrap_or(pull.at);
            let why = format!("`{}` is of {}, older than the newest applied, of {newest}", listing.name, pull.at);
            // It counts as applied, so that the same file is not read again; with no kinds, so that
            // it says nothing of what was seen.
            write_skipped(&mut tx, &attempt).await?;
            tx.commit().await?;
            return Ok(Applied { skipped: Some(why), ..Applied::default() });
        }

        let (incoming, conflicts) = sort(records, &key)?;
        attempt.content = content(&incoming, &key);
        let mut compared = match complete && history.repeats(kinds_mask(&pull.coverage.kinds), attempt.content) {
            true => Compared::unchanged(incoming.len()),
            false => compare_all(&mut tx, number, pull, &history, late, &incoming).await?,
        };
        compared.applied.conflicts = conflicts.len() as u64;
        coverage.rejected += conflicts.len() as u64;
        compared.applied.conflicting = conflicts.into_iter().take(CONFLICTS_NAMED_MAX).collect();

        let braked = if complete { brake.holds(&compared.loads, incoming.len()) } else { None };
        if let Some(braked) = braked {
            coverage.seen = Seen::NotAtAll;
            coverage.gaps.push(format!("brake: {}", braked.why));
            attempt.applied = false;
            attempt.coverage = &coverage;
            record(&mut tx, &attempt).await?;
            tx.commit().await?;
            return Ok(Applied { braked: Some(braked), ..Applied::default() });
        }
        if complete && incoming.is_empty() {
            let note = "the listing is empty".to_owned();
            coverage.gaps.push(note.clone());
            compared.applied.notes.push(note);
        }
        if late {
            let why = "older than the newest applied: only what was unknown was taken from it";
            compared.applied.skipped = Some(why.to_owned());
        }
        attempt.whole = (complete || compared.whole) && !late;
        attempt.coverage = &coverage;
        let stamp = write::Stamp { source: number, at: pull.at, now, confirm: !attempt.whole };
        write::write(&mut tx, &stamp, &compared.ops, &incoming).await?;
        record(&mut tx, &attempt).await?;
        tx.commit().await?;
        Ok(compared.applied)
    }
}

async fn write_skipped(connection: &mut SqliteConnection, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO pull (source, listing, digest, at, known_at, kinds, complete, whole, applied, content, \
               coverage) SELECT ?1, ?2, ?3, ?4, ?5, 0, 0, 0, 1, 0, coverage FROM pull WHERE source = ?1 AND applied \
               ORDER BY id DESC LIMIT 1";
    let query = sqlx::query(sql).bind(attempt.source).bind(&attempt.listing.name).bind(&attempt.listing.digest);
    query.bind(attempt.at.micros()).bind(attempt.known_at.micros()).execute(connection).await?;
    Ok(())
}
