//! Listing one kind as of two times, a page at a time, without building an inventory.

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, FactKind, FactRow, WallTime};
use sqlx::Row as _;

use super::kind_number;
use super::read::{COLUMNS, Sources};
use crate::{Store, StoreError};

/// Which facts to list.
#[derive(Debug, Clone, Copy)]
pub struct ListQuery {
    /// Of what kind.
    pub kind: FactKind,
    /// True when.
    pub when: When,
    /// As known at this moment.
    pub known_at: WallTime,
    /// Pass over this many.
    pub offset: u64,
    /// And give at most this many.
    pub limit: u64,
}

/// When a fact must have been true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At any time.
    Ever,
    /// Surely or possibly at this instant.
    At(EventTime),
    /// Surely or possibly over by this instant.
    EndedBy(EventTime),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The facts, by source and key.
    pub rows: Vec<FactRow>,
    /// How many there are in all.
    pub total: u64,
}

impl Store {
    /// A page of the facts of one kind.
    ///
    /// # Errors
    /// When the database fails or holds a row that does not read back.
    pub async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        let (filter, at) = match query.when {
            When::Ever => ("?3 IS NULL", None),
            When::At(at) => ("(from_lo IS NULL OR from_lo <= ?3) AND (to_hi IS NULL OR to_hi > ?3)", Some(at)),
            When::EndedBy(at) => ("to_lo <= ?3", Some(at)),
        };
        let known = "kind = ?1 AND known_from <= ?2 AND (known_to IS NULL OR known_to > ?2)";
        let count = format!("SELECT count(*) FROM fact WHERE {known} AND {filter}");
        let select = format!(
            "SELECT {COLUMNS} FROM fact WHERE {known} AND {filter} ORDER BY kind, source, key, version LIMIT ?4 OFFSET ?5"
        );
        let (kind, known_at, at) = (kind_number(query.kind), query.known_at.micros(), at.map(EventTime::micros));
        let limit = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);

        let mut connection = self.connection.lock().await;
        let sources = Sources::load(&mut connection, query.known_at).await?;
        let counting = sqlx::query(sqlx::AssertSqlSafe(count)).bind(kind).bind(known_at).bind(at);
        let total: i64 = counting.fetch_one(&mut *connection).await?.try_get(0)?;
        let selecting = sqlx::query(sqlx::AssertSqlSafe(select)).bind(kind).bind(known_at).bind(at);
        let rows = selecting.bind(limit(query.limit)).bind(limit(query.offset)).fetch_all(&mut *connection).await?;
        let rows = rows.iter().map(|row| sources.row(row)).collect::<Result<_, _>>()?;
        Ok(Page { rows, total: total.unsigned_abs() })
    }
}
