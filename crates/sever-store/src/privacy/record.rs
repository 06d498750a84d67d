//! The record of what was done with people's data, by whom, and on which basis.

use serde::{Deserialize, Serialize};
use sever_model::WallTime;
use sqlx::Row as _;

use crate::{Store, StoreError};

/// Somebody saw, wrote out or erased what is about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// When.
    pub at: WallTime,
    /// Who, by the login of the operating system.
    pub who: String,
    /// In which role.
    pub role: String,
    /// Why, in their words.
    pub reason: String,
    /// What: the command.
    pub what: String,
}

/// The legal basis on which a detector may rank people by their behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The detector.
    pub detector: String,
    /// The basis: an agreement, a law, a decision.
    pub basis: String,
    /// Who recorded it.
    pub who: String,
    /// When.
    pub at: WallTime,
    /// Until when it holds, where it ends.
    pub until: Option<WallTime>,
}

impl Store {
    /// Records an access, before what is seen is shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_access(&mut self, access: &Access) -> Result<(), StoreError> {
        let sql = "INSERT INTO access (at, who, role, reason, what) VALUES (?1, ?2, ?3, ?4, ?5)";
        let query = sqlx::query(sql).bind(access.at.micros()).bind(&access.who).bind(&access.role);
        query.bind(&access.reason).bind(&access.what).execute(self.connection.get_mut()).await?;
        Ok(())
    }

    /// All accesses, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accesses(&self) -> Result<Vec<Access>, StoreError> {
        let sql = "SELECT at, who, role, reason, what FROM access ORDER BY id DESC";
        let rows = sqlx::query(sql).fetch_all(&mut *self.connection.lock().await).await?;
        let access = |row: &sqlx::sqlite::SqliteRow| -> Result<Access, sqlx::Error> {
            Ok(Access {
                at: WallTime::from_micros(row.try_get(0)?),
                who: row.try_get(1)?,
                role: row.try_get(2)?,
                reason: row.try_get(3)?,
                what: row.try_get(4)?,
            })
        };
        Ok(rows.iter().map(access).collect::<Result<_, _>>()?)
    }

    /// Records a legal basis, in place of an earlier one of the same detector.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_basis(&mut self, basis: &Basis) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO basis (detector, basis, who, at, until) VALUES (?1, ?2, ?3, ?4, ?5)";
        let query = sqlx::query(sql).bind(&basis.detector).bind(&basis.basis).bind(&basis.who);
        let query = query.bind(basis.at.micros()).bind(basis.until.map(WallTime::micros));
        query.execute(self.connection.get_mut()).await?;
        Ok(())
    }

    /// Withdraws a legal basis; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_basis(&mut self, detector: &str) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM basis WHERE detector = ?1").bind(detector);
        Ok(gone.execute(self.connection.get_mut()).await?.rows_affected() > 0)
    }

    /// All legal bases, by detector.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bases(&self) -> Result<Vec<Basis>, StoreError> {
        let sql = "SELECT detector, basis, who, at, until FROM basis ORDER BY detector";
        let rows = sqlx::query(sql).fetch_all(&mut *self.connection.lock().await).await?;
        let basis = |row: &sqlx::sqlite::SqliteRow| -> Result<Basis, sqlx::Error> {
            let until: Option<i64> = row.try_get(4)?;
            Ok(Basis {
                detector: row.try_get(0)?,
                basis: row.try_get(1)?,
                who: row.try_get(2)?,
                at: WallTime::from_micros(row.try_get(3)?),
                until: until.map(WallTime::from_micros),
            })
        };
        Ok(rows.iter().map(basis).collect::<Result<_, _>>()?)
    }
}
