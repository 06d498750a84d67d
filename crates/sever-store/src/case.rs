//! Cases: the journal of each incident, which only grows.
//!
//! A row is never changed and never deleted: the database itself refuses it. What a case has come to is
//! a fold over its rows ([`Case::of`]).

use sever_model::{Case, CaseAct, CaseRow, WallTime};
use sqlx::{Connection as _, Row as _};

use crate::{Store, StoreError};

impl Store {
    /// Opens a case with its first acts.
    ///
    /// # Errors
    /// [`StoreError::CaseExists`] when there is one of that name, or when the database fails.
    pub async fn open_case(&mut self, name: &str, at: WallTime, who: &str, acts: &[CaseAct]) -> Result<(), StoreError> {
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        let sql = "INSERT INTO incident (name, opened_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let opened = sqlx::query(sql).bind(name).bind(at.micros()).execute(&mut *tx).await?;
        if opened.rows_affected() == 0 {
            return Err(StoreError::CaseExists(name.to_owned()));
        }
        write(&mut tx, name, at, who, acts).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes acts into a case's journal, all or none.
    ///
    /// # Errors
    /// When the database fails, or there is no such case: then none of them is written.
    pub async fn record_case(
        &mut self,
        name: &str,
        at: WallTime,
        who: &str,
        acts: &[CaseAct],
    ) -> Result<(), StoreError> {
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        write(&mut tx, name, at, who, acts).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The journal of a case, oldest first; empty where there is no such case.
    ///
    /// # Errors
    /// When the database fails or a row does not read back.
    pub async fn case_rows(&self, name: &str) -> Result<Vec<CaseRow>, StoreError> {
        let sql = "SELECT number, at, who, body FROM incident_act WHERE incident = ?1 ORDER BY number";
        let rows = sqlx::query(sql).bind(name).fetch_all(&mut *self.connection.lock().await).await?;
        let mut journal = Vec::with_capacity(rows.len());
        for row in rows {
            let (number, at): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let act = serde_json::from_str(row.try_get(3)?)
                .map_err(|error| StoreError::Damaged(format!("act {number} of case {name}: {error}")))?;
            journal.push(CaseRow { number, at: WallTime::from_micros(at), who: row.try_get(2)?, act });
        }
        Ok(journal)
    }

    /// Every case, oldest first.
    ///
    /// # Errors
    /// When the database fails or a row does not read back.
    pub async fn cases(&self) -> Result<Vec<Case>, StoreError> {
        let sql = "SELECT name FROM incident ORDER BY opened_at, name";
        let rows = sqlx::query(sql).fetch_all(&mut *self.connection.lock().await).await?;
        let mut cases = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get(0)?;
            cases.extend(Case::of(&name, &self.case_rows(&name).await?));
        }
        Ok(cases)
    }
}

async fn write(
    tx: &mut sqlx::SqliteConnection,
    name: &str,
    at: WallTime,
    who: &str,
    acts: &[CaseAct],
) -> Result<(), StoreError> {
    for act in acts {
        let body = serde_json::to_string(act).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let query = sqlx::query("INSERT INTO incident_act (incident, at, who, body) VALUES (?1, ?2, ?3, ?4)");
        query.bind(name).bind(at.micros()).bind(who).bind(body).execute(&mut *tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
