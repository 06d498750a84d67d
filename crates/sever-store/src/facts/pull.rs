//! Pulls: what each source gave, when, and what was covered.

use serde::{Deserialize, Serialize};
use sever_model::port::ListingRef;
use sever_model::{Coverage, CoverageLine, EventTime, Listing, Seen, SourceId, WallTime};
use sqlx::{Row as _, SqliteConnection};

use super::kinds_mask;
use crate::{Store, StoreError};

/// The newest time that a listing was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullMeta {
    /// The digest that it had.
    pub digest: String,
    /// The instant that it spoke of.
    pub at: EventTime,
    /// When that was.
    pub known_at: WallTime,
}

/// One attempt, as it is written down.
pub(super) struct Attempt<'a> {
    pub(super) source: i64,
    pub(super) listing: &'a ListingRef,
    pub(super) at: EventTime,
    pub(super) known_at: WallTime,
    pub(super) complete: bool,
    pub(super) whole: bool,
    pub(super) applied: bool,
    pub(super) content: i64,
    pub(super) coverage: &'a CoverageLine,
}

impl Store {
    /// The newest time that this listing was applied. One that a brake refused, or that failed, has
    /// not been: it is tried again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_pull(&self, source: &SourceId, listing: &str) -> Result<Option<PullMeta>, StoreError> {
        let sql = "SELECT digest, at, pull.known_at FROM pull JOIN source ON source.id = pull.source \
                   WHERE source.name = ?1 AND listing = ?2 AND applied ORDER BY pull.id DESC LIMIT 1";
        let query = sqlx::query(sql).bind(source.as_str()).bind(listing);
        let Some(row) = query.fetch_optional(&mut *self.connection.lock().await).await? else { return Ok(None) };
        Ok(Some(PullMeta {
            digest: row.try_get(0)?,
            at: EventTime::from_micros(row.try_get(1)?),
            known_at: WallTime::from_micros(row.try_get(2)?),
        }))
    }

    /// Writes down that a listing could not be pulled at all, so that coverage says so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pull_failed(
        &mut self,
        source: &SourceId,
        listing: &ListingRef,
        why: &str,
        now: WallTime,
    ) -> Result<(), StoreError> {
        let connection = self.connection.get_mut();
        let coverage = CoverageLine {
            source: source.clone(),
            kinds: Vec::new(),
            seen: Seen::NotAtAll,
            listing: Listing::Partial,
            from: None,
            to: None,
            records: 0,
            rejected: 0,
            gaps: vec![why.to_owned()],
        };
        let source = source_number(connection, source).await?;
        let at = listing.at;
        let attempt = Attempt {
            source,
            listing,
            at,
            known_at: now,
            complete: false,
            whole: false,
            applied: false,
            content: 0,
            coverage: &coverage,
        };
        record(connection, &attempt).await
    }

    /// What was covered, as it stood then: for each source its newest attempt, and, where that
    /// failed or was braked, a gap that says what is still relied on.
    ///
    /// # Errors
    /// When the database fails or holds a line that does not read back.
    pub async fn coverage(&self, known_at: WallTime) -> Result<Coverage, StoreError> {
        let sql = "SELECT coverage, applied, source, at FROM pull WHERE known_at <= ?1 ORDER BY source, id";
        let rows = sqlx::query(sql).bind(known_at.micros()).fetch_all(&mut *self.connection.lock().await).await?;
        let mut newest: Vec<(i64, CoverageLine)> = Vec::new();
        let mut relied_on: Option<(i64, i64)> = None;
        for row in &rows {
            let mut line: CoverageLine =
                serde_json::from_str(row.try_get(0)?).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let (applied, source, at): (bool, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            if applied {
                relied_on = Some((source, at));
            } else if let Some((_, at)) = relied_on.filter(|(of, _)| *of == source) {
                line.gaps.push(format!("what is known is as of {}", EventTime::from_micros(at)));
            }
            match newest.last_mut() {
                Some((of, last)) if *of == source => *last = line,
                _ => newest.push((source, line)),
            }
        }
        Ok(Coverage { lines: newest.into_iter().map(|(_, line)| line).collect() })
    }
}

/// The number of a source, given at first mention.
pub(super) async fn source_number(connection: &mut SqliteConnection, source: &SourceId) -> Result<i64, StoreError> {
    let insert = "INSERT INTO source (name) VALUES (?1) ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(source.as_str()).execute(&mut *connection).await?;
    let select = "SELECT id FROM source WHERE name = ?1";
    Ok(sqlx::query(select).bind(source.as_str()).fetch_one(connection).await?.try_get(0)?)
}

/// What is known of a source's pulls so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Instant, kinds, complete, whole; every applied pull.
    pulls: Vec<(EventTime, i64, bool, bool)>,
    /// Instant, kinds and content of the last listing applied, where that was complete.
    last: Option<(EventTime, i64, i64)>,
    /// The newest `known_at` of any attempt.
    pub(super) known_at: Option<WallTime>,
}

impl History {
    pub(super) async fn of(connection: &mut SqliteConnection, source: i64) -> Result<History, StoreError> {
        let sql =
            "SELECT at, kinds, complete, whole, applied, known_at, content FROM pull WHERE source = ?1 ORDER BY id";
        let mut history = History::default();
        for row in sqlx::query(sql).bind(source).fetch_all(connection).await? {
            let known_at = WallTime::from_micros(row.try_get(5)?);
            history.known_at = history.known_at.max(Some(known_at));
            if row.try_get(4)? {
                let (at, kinds) = (EventTime::from_micros(row.try_get(0)?), row.try_get(1)?);
                let (complete, whole, content): (bool, bool, i64) = (row.try_get(2)?, row.try_get(3)?, row.try_get(6)?);
                history.pulls.push((at, kinds, complete, whole));
                history.last = complete.then_some((at, kinds, content));
            }
        }
        Ok(history)
    }

    /// Whether the last listing applied was complete and said the very same, so that there is
    /// nothing to compare.
    pub(super) fn repeats(&self, kinds: i64, content: i64) -> bool {
        let newest = self.newest();
        self.last.is_some_and(|last| Some(last.0) == newest && last.1 == kinds && last.2 == content)
    }

    /// The newest instant applied.
    pub(super) fn newest(&self) -> Option<EventTime> {
        self.pulls.iter().map(|(at, ..)| *at).max()
    }

    /// The newest listing that held everything of a kind.
    pub(super) fn whole(&self, kind: i64) -> Option<EventTime> {
        let of_kind = self.pulls.iter().filter(|(_, kinds, _, whole)| *whole && kinds >> kind & 1 == 1);
        of_kind.map(|(at, ..)| *at).max()
    }

    /// The newest complete listing of a kind before an instant.
    pub(super) fn complete_before(&self, kind: i64, before: EventTime) -> Option<EventTime> {
        let of_kind =
            self.pulls.iter().filter(|(at, kinds, complete, _)| *complete && *at < before && kinds >> kind & 1 == 1);
        of_kind.map(|(at, ..)| *at).max()
    }
}

/// Writes an attempt down.
pub(super) async fn record(connection: &mut SqliteConnection, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    let coverage = serde_json::to_string(attempt.coverage).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let sql = "INSERT INTO pull (source, listing, digest, at, known_at, kinds, complete, whole, applied, content, \
               coverage) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let query = sqlx::query(sql).bind(attempt.source).bind(&attempt.listing.name).bind(&attempt.listing.digest);
    let query = query.bind(attempt.at.micros()).bind(attempt.known_at.micros());
    let query = query.bind(kinds_mask(&attempt.coverage.kinds)).bind(attempt.complete).bind(attempt.whole);
    query.bind(attempt.applied).bind(attempt.content).bind(coverage).execute(connection).await?;
    Ok(())
}
