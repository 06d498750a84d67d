//! Applying one listing: one transaction, in three steps — compare, brake, write.

use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sever_model::port::{ListingRef, Pull};
use sever_model::{EventTime, Fact, FactKind, FingerprintKey, Listing, Record, Seen, SourceId, WallTime};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::brake::Load;
use super::diff::{Change, Held, Moment, Said, Tally, compare};
use super::pull::{Attempt, History, record, source_number};
use super::{Brake, Braked, kind_number, kinds_mask, valid, write};
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

/// One record, by its key, in the order of the store.
pub(super) struct Incoming {
    pub(super) kind: i64,
    pub(super) key: String,
    pub(super) fact: Fact,
    pub(super) said: Said,
}

/// What to write for one key.
pub(super) struct Op {
    pub(super) kind: i64,
    /// The record, where the listing has it; else the key.
    pub(super) of: Result<usize, String>,
    pub(super) change: Change,
    /// The first version number that is free.
    pub(super) next: i64,
}

/// What comparing a listing came to.
#[derive(Default)]
struct Compared {
    ops: Vec<Op>,
    applied: Applied,
    loads: Vec<(FactKind, Load)>,
    /// Whether the listing held every fact that was listed.
    whole: bool,
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
        let mut compared = compare_all(&mut tx, number, pull, &history, late, &incoming).await?;
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
    let sql = "INSERT INTO pull (source, listing, digest, at, known_at, kinds, complete, whole, applied, coverage) \
               SELECT ?1, ?2, ?3, ?4, ?5, 0, 0, 0, 1, coverage FROM pull WHERE source = ?1 AND applied \
               ORDER BY id DESC LIMIT 1";
    let query = sqlx::query(sql).bind(attempt.source).bind(&attempt.listing.name).bind(&attempt.listing.digest);
    query.bind(attempt.at.micros()).bind(attempt.known_at.micros()).execute(connection).await?;
    Ok(())
}

/// The records by key, the first of each, and the keys of the others.
fn sort(records: Vec<Record>, key: &FingerprintKey) -> Result<(Vec<Incoming>, Vec<String>), StoreError> {
    let mut incoming = Vec::with_capacity(records.len());
    let mut body = Vec::new();
    for Record { fact, valid } in records {
        let (digest, stable) = digests(&fact, key, &mut body)?;
        let said = Said { valid, digest, stable };
        incoming.push(Incoming { kind: kind_number(fact.kind()), key: fact.key(), fact, said });
    }
    // Stable, so that of two records with one key the one that stood first stays first.
    incoming.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    let mut conflicts = Vec::new();
    incoming.dedup_by(|later, first| {
        let same = (later.kind, &later.key) == (first.kind, &first.key);
        if same && later.said != first.said {
            conflicts.push(first.key.clone());
        }
        same
    });
    Ok((incoming, conflicts))
}

/// A digest of the fact, and one of it without its observations.
fn digests(fact: &Fact, key: &FingerprintKey, body: &mut Vec<u8>) -> Result<(i64, i64), StoreError> {
    let mut digest = |fact: &Fact| {
        body.clear();
        serde_json::to_writer(&mut *body, fact).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok::<i64, StoreError>(key.hash64(body).cast_signed())
    };
    let whole = digest(fact)?;
    let stable = match fact {
        Fact::Account(it) if it.last_used.is_some() => Some(Fact::Account({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        Fact::Grant(it) if it.last_used.is_some() => Some(Fact::Grant({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        Fact::Credential(it) if it.last_used.is_some() => Some(Fact::Credential({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        _ => None,
    };
    Ok((whole, stable.map_or(Ok(whole), |stable| digest(&stable))?))
}

/// Compares every kind that the listing speaks of: two sorted sequences, merged.
async fn compare_all(
    connection: &mut SqliteConnection,
    source: i64,
    pull: &Pull,
    history: &History,
    late: bool,
    incoming: &[Incoming],
) -> Result<Compared, StoreError> {
    let covered = kinds_mask(&pull.coverage.kinds);
    let mut compared = Compared { whole: true, ..Compared::default() };
    for kind in FactKind::ALL {
        let number = kind_number(kind);
        let start = incoming.partition_point(|record| record.kind < number);
        let end = incoming.partition_point(|record| record.kind <= number);
        let covered = covered >> number & 1 == 1;
        if !covered && start == end {
            continue;
        }
        let moment = Moment {
            at: pull.at,
            // Of a kind that it does not cover its silence says nothing.
            listing: if covered { pull.listing } else { Listing::Partial },
            whole: history.whole(number),
            before: history.complete_before(number, pull.at),
            late,
        };
        let mut merge =
            Merge { moment, kind: number, incoming, next: start, end, load: Load::default(), out: &mut compared };
        let sql = "SELECT key, version, from_lo, from_hi, to_lo, to_hi, listed, seen, digest, stable FROM fact \
                   WHERE kind = ?1 AND source = ?2 AND known_to IS NULL ORDER BY key, version";
        let mut rows = sqlx::query(sql).bind(number).bind(source).fetch(&mut *connection);
        let mut group = Group::default();
        while let Some(row) = rows.try_next().await? {
            let key: &str = row.try_get(0)?;
            if key != group.key {
                merge.take(&group);
                group.begin(key);
            }
            group.add(&row)?;
        }
        merge.take(&group);
        merge.rest(None);
        let load = merge.load;
        compared.loads.push((kind, load));
    }
    Ok(compared)
}

/// The versions of one key that are known.
#[derive(Default)]
struct Group {
    key: String,
    listed: Option<Held>,
    ended: Option<Held>,
    newest: i64,
}

impl Group {
    fn begin(&mut self, key: &str) {
        self.key.clear();
        self.key.push_str(key);
        (self.listed, self.ended, self.newest) = (None, None, 0);
    }

    fn add(&mut self, row: &SqliteRow) -> Result<(), StoreError> {
        let held = Held {
            version: row.try_get(1)?,
            valid: valid(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?),
            seen: EventTime::from_micros(row.try_get(7)?),
            digest: row.try_get(8)?,
            stable: row.try_get(9)?,
        };
        self.newest = self.newest.max(held.version);
        if row.try_get(6)? {
            self.listed = Some(held);
        } else {
            self.ended = Some(held);
        }
        Ok(())
    }
}

/// The merge of one kind.
struct Merge<'a> {
    moment: Moment,
    kind: i64,
    incoming: &'a [Incoming],
    next: usize,
    end: usize,
    load: Load,
    out: &'a mut Compared,
}

impl Merge<'_> {
    /// Takes the versions of one key, after all records that come before it.
    fn take(&mut self, group: &Group) {
        if group.newest == 0 {
            return;
        }
        self.rest(Some(&group.key));
        let said = self.incoming.get(self.next).filter(|record| self.next < self.end && record.key == group.key);
        let change =
            compare(&self.moment, group.listed.as_ref(), group.ended.as_ref(), said.map(|record| &record.said));
        self.load.current += u64::from(group.listed.is_some());
        self.out.whole &= group.listed.is_none() || said.is_some();
        let of = if said.is_some() { Ok(self.next) } else { Err(group.key.as_str()) };
        self.next += usize::from(said.is_some());
        let fresh = group.listed.is_some_and(|held| held.seen >= self.moment.at);
        self.push(of, change, group.newest + 1, fresh);
    }

    /// Takes the records that come before a key, which the store has never had; all, without one.
    fn rest(&mut self, before: Option<&str>) {
        while let Some(record) = self.incoming.get(self.next).filter(|_| self.next < self.end) {
            if before.is_some_and(|before| record.key.as_str() >= before) {
                return;
            }
            let change = compare(&self.moment, None, None, Some(&record.said));
            self.push(Ok(self.next), change, 1, false);
            self.next += 1;
        }
    }

    fn push(&mut self, of: Result<usize, &str>, change: Change, next: i64, fresh: bool) {
        let applied = &mut self.out.applied;
        match change.tally {
            Tally::Nothing => {}
            Tally::Added => applied.added += 1,
            Tally::Changed => applied.changed += 1,
            Tally::Ended => applied.ended += 1,
            Tally::Unchanged => applied.unchanged += 1,
            Tally::Corrected | Tally::CorrectedEnd => applied.corrected += 1,
        }
        self.load.would_end += u64::from(matches!(change.tally, Tally::Ended | Tally::CorrectedEnd));
        // A complete listing confirms by being one; only a partial one writes what it has confirmed.
        let confirms = change.confirm.is_some() && self.moment.listing == Listing::Partial && !fresh;
        if change.close.is_some() || change.insert.is_some() || confirms {
            self.out.ops.push(Op { kind: self.kind, of: of.map_err(str::to_owned), change, next });
        }
    }
}
