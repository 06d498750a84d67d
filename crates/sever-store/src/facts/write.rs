//! Writing what a comparison came to: single statements for what changes, many rows at once for
//! what is new.

use sever_model::{EventTime, WallTime};
use sqlx::SqliteConnection;

use super::columns;
use super::merge::Op;
use super::records::Incoming;
use crate::StoreError;

/// Rows per statement: enough that the statement costs less than its rows, far under the database's
/// limit of 32,766 values.
const ROWS: usize = 200;

const SLOTS: &str = "(?,?,?,?,?,NULL,?,?,?,?,1,?,?,?,?)";

/// What every row of one listing shares.
pub(super) struct Stamp {
    pub(super) source: i64,
    pub(super) at: EventTime,
    pub(super) now: WallTime,
    /// Whether confirmations are written row by row.
    pub(super) confirm: bool,
}

/// Writes the changes.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    stamp: &Stamp,
    ops: &[Op],
    incoming: &[Incoming],
) -> Result<(), StoreError> {
    for op in ops {
        alter(connection, stamp, op, incoming).await?;
    }
    let inserts: Vec<&Op> = ops.iter().filter(|op| op.change.insert.is_some()).collect();
    let full = statement(ROWS);
    for chunk in inserts.chunks(ROWS) {
        // Only numbers of slots are put into the text, never a value.
        let sql = if chunk.len() == ROWS { full.clone() } else { statement(chunk.len()) };
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(chunk.len() == ROWS);
        for op in chunk {
            let (Ok(at), Some((valid, seen))) = (&op.of, op.change.insert) else { continue };
            let Some(record) = incoming.get(*at) else { continue };
            let body = serde_json::to_string(&record.fact).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let version = op.next + i64::from(op.change.end.is_some());
            let ((from_lo, from_hi), (to_lo, to_hi)) = (columns(valid.from), columns(valid.to));
            query = query.bind(op.kind).bind(stamp.source).bind(record.key.as_str()).bind(version);
            query = query.bind(stamp.now.micros()).bind(from_lo).bind(from_hi).bind(to_lo).bind(to_hi);
            query = query.bind(seen.micros()).bind(record.said.digest).bind(record.said.stable).bind(body);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

fn statement(rows: usize) -> std::sync::Arc<str> {
    let slots = vec![SLOTS; rows].join(",");
    format!("INSERT INTO fact VALUES {slots}").into()
}

/// Closes, ends or confirms the version that a change is about.
async fn alter(
    connection: &mut SqliteConnection,
    stamp: &Stamp,
    op: &Op,
    incoming: &[Incoming],
) -> Result<(), StoreError> {
    let key = match &op.of {
        Ok(at) => incoming.get(*at).map_or("", |record| record.key.as_str()),
        Err(key) => key.as_str(),
    };
    if let Some(version) = op.change.confirm.filter(|_| stamp.confirm) {
        let sql = "UPDATE fact SET seen = max(seen, ?5) WHERE kind = ?1 AND source = ?2 AND key = ?3 AND version = ?4";
        let query = sqlx::query(sql).bind(op.kind).bind(stamp.source).bind(key).bind(version);
        query.bind(stamp.at.micros()).execute(&mut *connection).await?;
    }
    let Some(version) = op.change.close else { return Ok(()) };
    let sql = "UPDATE fact SET known_to = ?5 WHERE kind = ?1 AND source = ?2 AND key = ?3 AND version = ?4";
    let query = sqlx::query(sql).bind(op.kind).bind(stamp.source).bind(key).bind(version);
    query.bind(stamp.now.micros()).execute(&mut *connection).await?;
    if let Some((end, seen)) = op.change.end {
        let (to_lo, to_hi) = columns(end);
        let sql = "INSERT INTO fact SELECT kind, source, key, ?5, ?6, NULL, from_lo, from_hi, ?7, ?8, 0, ?9, digest, \
                   stable, body FROM fact WHERE kind = ?1 AND source = ?2 AND key = ?3 AND version = ?4";
        let query = sqlx::query(sql).bind(op.kind).bind(stamp.source).bind(key).bind(version).bind(op.next);
        let query = query.bind(stamp.now.micros()).bind(to_lo).bind(to_hi).bind(seen.micros());
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
