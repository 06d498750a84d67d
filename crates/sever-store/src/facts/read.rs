//! Reading facts back, as known at a moment.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sever_model::{EventTime, FactKind, FactRow, SourceId, WallTime};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{kind_number, valid};
use crate::{Store, StoreError};

/// The columns that [`Sources::row`] reads, in its order.
pub(super) const COLUMNS: &str =
    "source, known_from, known_to, from_lo, from_hi, to_lo, to_hi, listed, seen, body, kind";

impl Store {
    /// Every fact that was known at a moment, true then or not, by kind, source and key.
    ///
    /// # Errors
    /// When the database fails or holds a row that does not read back.
    pub async fn facts(&self, known_at: WallTime) -> Result<Vec<FactRow>, StoreError> {
        self.facts_of(known_at, &FactKind::ALL).await
    }

    /// The same, of some kinds.
    ///
    /// # Errors
    /// When the database fails or holds a row that does not read back.
    pub async fn facts_of(&self, known_at: WallTime, kinds: &[FactKind]) -> Result<Vec<FactRow>, StoreError> {
        let mut connection = self.connection.lock().await;
        let sources = Sources::load(&mut connection, known_at).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM fact WHERE kind = ?1 AND known_from <= ?2 AND (known_to IS NULL OR known_to > ?2)"
        );
        let sql: std::sync::Arc<str> = sql.into();
        let mut facts = Vec::new();
        for kind in FactKind::ALL.into_iter().filter(|kind| kinds.contains(kind)) {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(kind_number(kind)).bind(known_at.micros());
            let mut rows = query.fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                facts.push(sources.row(&row)?);
            }
        }
        Ok(facts)
    }
}

/// The sources, and what each had last listed whole at the moment asked about.
pub(super) struct Sources {
    by_number: HashMap<i64, Told>,
}

struct Told {
    source: SourceId,
    /// By kind, the newest listing that held everything.
    whole: [Option<EventTime>; FactKind::ALL.len()],
}

impl Sources {
    pub(super) async fn load(connection: &mut SqliteConnection, known_at: WallTime) -> Result<Sources, StoreError> {
        let mut by_number = HashMap::new();
        for row in sqlx::query("SELECT id, name FROM source").fetch_all(&mut *connection).await? {
            let source = SourceId::from(row.try_get::<String, _>(1)?);
            by_number.insert(row.try_get(0)?, Told { source, whole: Default::default() });
        }
        let sql = "SELECT source, kinds, at FROM pull WHERE applied AND whole AND known_at <= ?1";
        for row in sqlx::query(sql).bind(known_at.micros()).fetch_all(connection).await? {
            let (source, kinds, at): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let Some(told) = by_number.get_mut(&source) else { continue };
            for (kind, newest) in told.whole.iter_mut().enumerate() {
                if kinds >> kind & 1 == 1 {
                    *newest = (*newest).max(Some(EventTime::from_micros(at)));
                }
            }
        }
        Ok(Sources { by_number })
    }

    /// One fact from a row of [`COLUMNS`].
    pub(super) fn row(&self, row: &SqliteRow) -> Result<FactRow, StoreError> {
        let damaged = |what: String| StoreError::Damaged(what);
        let number: i64 = row.try_get(0)?;
        let told = self.by_number.get(&number).ok_or_else(|| damaged(format!("source {number} is not listed")))?;
        let kind: i64 = row.try_get(10)?;
        let whole = usize::try_from(kind).ok().and_then(|kind| told.whole.get(kind).copied()).flatten();
        let seen = EventTime::from_micros(row.try_get(8)?);
        let listed: bool = row.try_get(7)?;
        Ok(FactRow {
            fact: serde_json::from_str(row.try_get(9)?).map_err(|error| damaged(error.to_string()))?,
            valid: valid(row.try_get(3)?, row.try_get(4)?, row.try_get(5)?, row.try_get(6)?),
            known_from: WallTime::from_micros(row.try_get(1)?),
            known_to: row.try_get::<Option<i64>, _>(2)?.map(WallTime::from_micros),
            source: told.source.clone(),
            seen_at: if listed { whole.map_or(seen, |whole| whole.max(seen)) } else { seen },
        })
    }
}
