//! Departures: the plans that were begun, and the journal of what was done about each.
//!
//! The journal only grows. A row is durable before its effect begins: while a departure is held, the file
//! is synchronised at every commit. Only one process works on a departure at a time ([`Store::hold`]).

use std::fs::{self, File, TryLockError};

use sever_model::{Act, ActRow, Plan, WallTime};
use sqlx::{Connection as _, Row as _};

use crate::{Store, StoreError};

/// A plan that was begun, as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DepartureRow {
    /// The plan's digest.
    pub digest: String,
    /// The plan.
    pub plan: Plan,
    /// When it was first begun.
    pub begun_at: WallTime,
}

/// That this process, and no other, works on a departure; until it is dropped or the process ends.
#[derive(Debug)]
pub struct Held {
    digest: String,
    _lock: File,
}

impl Store {
    /// Takes a departure to work on: keeps its plan if it is new, and from then on makes every commit
    /// durable.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another process works on it, or when the database fails.
    pub async fn hold(&mut self, plan: &Plan, now: WallTime) -> Result<Held, StoreError> {
        let digest = plan.digest();
        let path = self.dir().join(format!("departure-{}.lock", digest.get(..16).unwrap_or(&digest)));
        let failed = |error| StoreError::File { path: path.clone(), error };
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held(digest)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let connection = self.connection.get_mut();
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
        let body = serde_json::to_string(plan).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let sql = "INSERT INTO departure (digest, begun_at, plan) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(&digest).bind(now.micros()).bind(body).execute(connection).await?;
        Ok(Held { digest, _lock: lock })
    }

    /// Writes some acts, all or none.
    ///
    /// # Errors
    /// When the database fails: then none of them is written.
    pub async fn record_acts(&mut self, held: &Held, at: WallTime, acts: &[Act]) -> Result<(), StoreError> {
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        for act in acts {
            let body = serde_json::to_string(act).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let query = sqlx::query("INSERT INTO act (departure, at, body) VALUES (?1, ?2, ?3)");
            query.bind(&held.digest).bind(at.micros()).bind(body).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The journal of a departure, oldest first.
    ///
    /// # Errors
    /// When the database fails or a row does not read back.
    pub async fn acts(&self, digest: &str) -> Result<Vec<ActRow>, StoreError> {
        let sql = "SELECT number, at, body FROM act WHERE departure = ?1 ORDER BY number";
        let rows = sqlx::query(sql).bind(digest).fetch_all(&mut *self.connection.lock().await).await?;
        let mut acts = Vec::with_capacity(rows.len());
        for row in rows {
            let (number, at, body): (i64, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let act =
                serde_json::from_str(&body).map_err(|error| StoreError::Damaged(format!("act {number}: {error}")))?;
            acts.push(ActRow { number, at: WallTime::from_micros(at), act });
        }
        Ok(acts)
    }

    /// Every plan that was begun, oldest first.
    ///
    /// # Errors
    /// When the database fails or a plan does not read back.
    pub async fn departures(&self) -> Result<Vec<DepartureRow>, StoreError> {
        let sql = "SELECT digest, begun_at, plan FROM departure ORDER BY begun_at, digest";
        let rows = sqlx::query(sql).fetch_all(&mut *self.connection.lock().await).await?;
        let mut departures = Vec::with_capacity(rows.len());
        for row in rows {
            let (digest, begun_at, body): (String, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let plan: Plan =
                serde_json::from_str(&body).map_err(|error| StoreError::Damaged(format!("plan {digest}: {error}")))?;
            if plan.digest() != digest {
                return Err(StoreError::Damaged(format!("plan {digest}: it is another")));
            }
            departures.push(DepartureRow { digest, plan, begun_at: WallTime::from_micros(begun_at) });
        }
        Ok(departures)
    }
}

#[cfg(test)]
mod tests;
