//! Forgetting: what is past its time, and people who are erased.
//!
//! Facts, findings and records of access are the one thing that may be deleted, and only so: by a
//! term that the operator set, or because a person is to be forgotten. A fact that still stands is
//! never past its time, however old it is.

use serde_json::Value;
use sever_model::{FactKind, WallTime};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::{Store, StoreError};

/// Before when things are past their time; `None` keeps them all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// Facts that ended, or that we learnt better of, before then.
    pub facts: Option<WallTime>,
    /// Findings that were last raised before then.
    pub findings: Option<WallTime>,
    /// Records of access of before then.
    pub accesses: Option<WallTime>,
}

/// Texts to put out, each with what stands for it from now on. They are put out in this order: those
/// that hold others first.
pub type Words = [(String, String)];

/// How much went, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Versions of facts.
    pub facts: u64,
    /// Findings.
    pub findings: u64,
    /// Records of access.
    pub accesses: u64,
}

/// How much is kept of one kind, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The kind's word.
    pub kind: &'static str,
    /// How many versions.
    pub versions: u64,
    /// How many of them stand now.
    pub standing: u64,
    /// Since when the oldest is known.
    pub oldest: Option<WallTime>,
}

const FACTS_PAST: &str = "FROM fact WHERE known_to < ?1 OR (known_to IS NULL AND listed = 0 AND to_hi < ?1)";
const FINDINGS_PAST: &str = "FROM finding WHERE saved_last < ?1";
const ACCESSES_PAST: &str = "FROM access WHERE at < ?1";

impl Store {
    /// Deletes what is past its time, in one transaction.
    ///
    /// # Errors
    /// When the database fails; nothing has then gone.
    pub async fn sweep(&mut self, past: &Retention) -> Result<Swept, StoreError> {
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        let swept = Swept {
            facts: delete(&mut tx, FACTS_PAST, past.facts).await?,
            findings: delete(&mut tx, FINDINGS_PAST, past.findings).await?,
            accesses: delete(&mut tx, ACCESSES_PAST, past.accesses).await?,
        };
        tx.commit().await?;
        Ok(swept)
    }

    /// How much a sweep would delete.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn past(&self, past: &Retention) -> Result<Swept, StoreError> {
        let mut connection = self.connection.lock().await;
        Ok(Swept {
            facts: count(&mut connection, FACTS_PAST, past.facts).await?,
            findings: count(&mut connection, FINDINGS_PAST, past.findings).await?,
            accesses: count(&mut connection, ACCESSES_PAST, past.accesses).await?,
        })
    }

    /// How much is kept of each kind of fact, and of findings and accesses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(&self) -> Result<Vec<Held>, StoreError> {
        let sql = "SELECT kind, count(*), sum(known_to IS NULL), min(known_from) FROM fact GROUP BY kind ORDER BY kind";
        let mut connection = self.connection.lock().await;
        let mut held = Vec::new();
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            let kind = usize::try_from(row.try_get::<i64, _>(0)?).ok().and_then(|at| FactKind::ALL.get(at));
            held.push(of(kind.map_or("other", |kind| kind.word()), row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        }
        let others = [
            ("finding", "SELECT count(*), sum(closed_at IS NULL AND gone_at IS NULL), min(saved_first) FROM finding"),
            ("access", "SELECT count(*), count(*), min(at) FROM access"),
        ];
        for (kind, sql) in others {
            let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
            let standing: Option<i64> = row.try_get(1)?;
            held.push(of(kind, row.try_get(0)?, standing.unwrap_or(0), row.try_get(2)?));
        }
        Ok(held)
    }

    /// Puts texts out of every fact, finding and run: each of `texts`, where it stands as a word of its own,
    /// becomes what it is mapped to. `ids` are the ids of the person and their accounts: a listing
    /// that names them brings them back no more. Returns how many rows were changed.
    ///
    /// # Errors
    /// When the database fails; nothing has then changed.
    pub async fn erase(&mut self, texts: &Words, ids: &[String], at: WallTime) -> Result<u64, StoreError> {
        let key = self.key();
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        let mut changed = 0;
        for id in ids {
            let hash = key.hash64(id.as_bytes()).cast_signed();
            let sql = "INSERT OR IGNORE INTO erased (hash, at) VALUES (?1, ?2)";
            sqlx::query(sql).bind(hash).bind(at.micros()).execute(&mut *tx).await?;
        }
        let rows = sqlx::query("SELECT kind, source, key, version, body FROM fact").fetch_all(&mut *tx).await?;
        for row in rows {
            let (old_key, old_body): (String, String) = (row.try_get(2)?, row.try_get(4)?);
            let (new_key, new_body) = (replaced(&old_key, texts), replaced(&old_body, texts));
            if new_key.is_none() && new_body.is_none() {
                continue;
            }
            // A listing that comes again must not find its old row, nor bring this one back.
            let sql = "UPDATE fact SET key = ?5, body = ?6, listed = 0 WHERE kind = ?1 AND source = ?2 AND key = ?3 \
                       AND version = ?4";
            let query = sqlx::query(sql).bind(row.try_get::<i64, _>(0)?).bind(row.try_get::<i64, _>(1)?).bind(&old_key);
            let query = query.bind(row.try_get::<i64, _>(3)?).bind(new_key.unwrap_or_else(|| old_key.clone()));
            query.bind(new_body.unwrap_or(old_body)).execute(&mut *tx).await?;
            changed += 1;
        }
        changed += rewrite(&mut tx, "finding", "body", texts).await?;
        changed += rewrite(&mut tx, "run", "summary", texts).await?;
        changed += rewrite(&mut tx, "access", "what", texts).await?;
        sqlx::query("DELETE FROM name WHERE real IN (SELECT value FROM json_each(?1))")
            .bind(serde_json::to_string(ids).map_err(|error| StoreError::Damaged(error.to_string()))?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Whether anybody was erased, and the test for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erased(&self) -> Result<Erased, StoreError> {
        let rows = sqlx::query("SELECT hash FROM erased").fetch_all(&mut *self.connection.lock().await).await?;
        let hashes = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Erased { hashes, key: self.key() })
    }
}

/// The people who were erased, by hash.
#[derive(Debug)]
pub struct Erased {
    hashes: std::collections::HashSet<i64>,
    key: sever_model::FingerprintKey,
}

impl Erased {
    /// Whether an id is one of theirs.
    pub fn holds(&self, id: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&self.key.hash64(id.as_bytes()).cast_signed())
    }
}

async fn delete(tx: &mut SqliteConnection, past: &str, before: Option<WallTime>) -> Result<u64, StoreError> {
    let Some(before) = before else { return Ok(0) };
    // Only constants of this file are put together here.
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("DELETE {past}"))).bind(before.micros());
    Ok(query.execute(tx).await?.rows_affected())
}

async fn count(connection: &mut SqliteConnection, past: &str, before: Option<WallTime>) -> Result<u64, StoreError> {
    let Some(before) = before else { return Ok(0) };
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT count(*) {past}"))).bind(before.micros());
    Ok(query.fetch_one(connection).await?.try_get::<i64, _>(0)?.cast_unsigned())
}

fn of(kind: &'static str, versions: i64, standing: i64, oldest: Option<i64>) -> Held {
    let oldest = oldest.map(WallTime::from_micros);
    Held { kind, versions: versions.cast_unsigned(), standing: standing.cast_unsigned(), oldest }
}

/// Puts texts out of one column of a table.
async fn rewrite(tx: &mut SqliteConnection, table: &str, column: &str, texts: &Words) -> Result<u64, StoreError> {
    // Only constants of this file are put together here.
    let select = format!("SELECT id, {column} FROM {table}");
    let update = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
    let mut changed = 0;
    for row in sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&mut *tx).await? {
        let body: String = row.try_get(1)?;
        let Some(next) = replaced(&body, texts) else { continue };
        let query = sqlx::query(sqlx::AssertSqlSafe(update.clone()));
        // Ids are text in two of the tables and a number in the third.
        let query = match row.try_get::<String, _>(0) {
            Ok(id) => query.bind(id),
            Err(_) => query.bind(row.try_get::<i64, _>(0)?),
        };
        query.bind(next).execute(&mut *tx).await?;
        changed += 1;
    }
    Ok(changed)
}

/// A text without these words; nothing where none stands in it. In JSON, only what is text is
/// looked at: a number is no id.
fn replaced(text: &str, words: &Words) -> Option<String> {
    let next = match serde_json::from_str::<Value>(text) {
        Ok(mut value) if value.is_object() || value.is_array() => {
            put_out_of(&mut value, words);
            value.to_string()
        }
        _ => put_out(text, words),
    };
    (next != text).then_some(next)
}

fn put_out_of(value: &mut Value, words: &Words) {
    match value {
        Value::String(text) => *text = put_out(text, words),
        Value::Array(elements) => elements.iter_mut().for_each(|element| put_out_of(element, words)),
        Value::Object(members) => members.values_mut().for_each(|member| put_out_of(member, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text with each word replaced where it stands by itself.
fn put_out(text: &str, words: &Words) -> String {
    let mut out = text.to_owned();
    for (word, stand_in) in words.iter().filter(|(word, _)| !word.is_empty() && text.contains(word.as_str())) {
        let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let mut next = String::new();
        let mut from = 0;
        for (at, _) in out.match_indices(word.as_str()) {
            let (head, tail) = (out.get(from..at), out.get(at + word.len()..));
            let before = out.get(..at).and_then(|head| head.chars().next_back());
            next.push_str(head.unwrap_or_default());
            let whole = alone(before) && alone(tail.and_then(|tail| tail.chars().next()));
            next.push_str(if whole { stand_in } else { word });
            from = at + word.len();
        }
        next.push_str(out.get(from..).unwrap_or_default());
        out = next;
    }
    out
}

#[cfg(test)]
mod tests;
