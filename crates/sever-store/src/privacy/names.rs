//! Names: the texts that give a person away (ids, logins, addresses), by keyed hash.

use std::collections::HashMap;

use sever_model::EventTime;
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite};

use crate::{Store, StoreError};

/// What stands for a text that several people share.
pub const AMBIGUOUS: &str = "name-of-several";

/// Rows per statement, far under the database's limit of 32,766 values.
const ROWS: usize = 500;

/// A text that gives a person away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text, as sources write it.
    pub text: String,
    /// What stands for it.
    pub pseudonym: String,
    /// The id that the pseudonym stands for, by which commands find the thing.
    pub real: String,
    /// When the person's employment ends; `None` while no end is known.
    pub until: Option<EventTime>,
}

/// What is known of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What stands for it.
    pub pseudonym: String,
    /// When the person's employment ends.
    pub until: Option<EventTime>,
}

impl Store {
    /// Replaces all names. A text that two people share gives neither away by itself: it becomes
    /// [`AMBIGUOUS`], for as long as the one who stays longer.
    ///
    /// # Errors
    /// When the database fails; the names are then as they were.
    pub async fn set_names(&mut self, names: &[Name]) -> Result<(), StoreError> {
        let key = self.key();
        let hash = |text: &str| key.hash64(text.to_lowercase().as_bytes()).cast_signed();
        let mut by_hash: HashMap<i64, Name> = HashMap::new();
        let lasts = |until: Option<EventTime>| until.unwrap_or(EventTime::MAX);
        for name in names {
            let held = by_hash.entry(hash(&name.text)).or_insert_with(|| name.clone());
            if held.pseudonym != name.pseudonym {
                (held.pseudonym, held.real) = (AMBIGUOUS.to_owned(), String::new());
            }
            if lasts(name.until) > lasts(held.until) {
                held.until = name.until;
            }
        }
        let mut rows: Vec<(i64, Name)> = by_hash.into_iter().collect();
        rows.sort_by_key(|(hash, _)| *hash);
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM name").execute(&mut *tx).await?;
        for chunk in rows.chunks(ROWS) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO name (hash, pseudonym, real, until) ");
            insert.push_values(chunk, |mut row, (hash, name)| {
                row.push_bind(hash).push_bind(&name.pseudonym).push_bind(&name.real);
                row.push_bind(name.until.map(EventTime::micros));
            });
            insert.build().execute(&mut *tx).await?;
        }
        let sql = "INSERT INTO setting SELECT 'names of pull', coalesce(max(id), 0) FROM pull WHERE true \
                   ON CONFLICT DO UPDATE SET value = excluded.value";
        sqlx::query(sql).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether the names were made from the newest pull: a process may be killed between the two.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names_are_current(&self) -> Result<bool, StoreError> {
        let sql = "SELECT coalesce(max(id), 0) = coalesce((SELECT value FROM setting WHERE name = 'names of pull'), -1) \
                   FROM pull";
        Ok(sqlx::query(sql).fetch_one(&mut *self.connection.lock().await).await?.try_get(0)?)
    }

    /// What is known of these texts; those that give nobody away are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names<'a>(&self, texts: &[&'a str]) -> Result<HashMap<&'a str, Known>, StoreError> {
        let key = self.key();
        let mut by_hash: HashMap<i64, Vec<&'a str>> = HashMap::new();
        for text in texts {
            by_hash.entry(key.hash64(text.to_lowercase().as_bytes()).cast_signed()).or_default().push(text);
        }
        let hashes: Vec<i64> = by_hash.keys().copied().collect();
        let mut connection = self.connection.lock().await;
        let mut known = HashMap::new();
        for chunk in hashes.chunks(ROWS) {
            let mut select = QueryBuilder::<Sqlite>::new("SELECT hash, pseudonym, until FROM name WHERE hash IN (");
            let mut list = select.separated(", ");
            chunk.iter().for_each(|hash| {
                list.push_bind(*hash);
            });
            select.push(")");
            for row in select.build().fetch_all(&mut *connection).await? {
                let until: Option<i64> = row.try_get(2)?;
                let it = Known { pseudonym: row.try_get(1)?, until: until.map(EventTime::from_micros) };
                for text in by_hash.get(&row.try_get(0)?).into_iter().flatten() {
                    known.insert(*text, it.clone());
                }
            }
        }
        Ok(known)
    }

    /// The id that a pseudonym stands for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn real_name(&self, pseudonym: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT real FROM name WHERE pseudonym = ?1 LIMIT 1";
        let row = sqlx::query(sql).bind(pseudonym).fetch_optional(&mut *self.connection.lock().await).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}
