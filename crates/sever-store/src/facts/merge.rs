//! Comparing a listing with what is known: two sequences sorted by key, merged.

use futures_util::TryStreamExt as _;
use sever_model::port::Pull;
use sever_model::{EventTime, FactKind, Listing};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::brake::Load;
use super::diff::{Change, Held, Moment, Tally, compare};
use super::pull::History;
use super::records::Incoming;
use super::{Applied, kind_number, kinds_mask, valid};
use crate::StoreError;

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
pub(super) struct Compared {
    pub(super) ops: Vec<Op>,
    pub(super) applied: Applied,
    pub(super) loads: Vec<(FactKind, Load)>,
    /// Whether the listing held every fact that was listed.
    pub(super) whole: bool,
}

impl Compared {
    /// What a listing that says the very same comes to.
    pub(super) fn unchanged(records: usize) -> Compared {
        let applied = Applied { unchanged: records as u64, ..Applied::default() };
        Compared { applied, whole: true, ..Compared::default() }
    }
}

/// Compares every kind that the listing speaks of: two sorted sequences, merged.
pub(super) async fn compare_all(
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
