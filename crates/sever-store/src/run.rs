//! Runs: what was judged, when, over which inputs.

use serde::{Deserialize, Serialize};
use sever_model::WallTime;
use sqlx::Row as _;

use crate::{Store, StoreError};

/// One run of a verb that judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id, unique in the data directory.
    pub id: String,
    /// What kind.
    pub kind: RunKind,
    /// When it was.
    pub known_at: WallTime,
    /// The files or sources that it read.
    pub inputs: Vec<String>,
    /// Its figures, as its verb prints them.
    pub summary: serde_json::Value,
}

/// What kind of run; it decides what its silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// All invariants over the standing state: a finding of an earlier check that is not raised
    /// again no longer stands.
    Check,
    /// Some logs: silence means nothing.
    Scan,
}

impl RunKind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            RunKind::Check => "check",
            RunKind::Scan => "scan",
        }
    }
}

impl Store {
    /// Remembers a run, over an earlier one of the same id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_run(&mut self, run: &Run) -> Result<(), StoreError> {
        let inputs = serde_json::to_string(&run.inputs).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let sql = "INSERT OR REPLACE INTO run VALUES (?1, ?2, ?3, ?4, ?5)";
        let query = sqlx::query(sql).bind(&run.id).bind(run.kind.word()).bind(run.known_at.micros());
        query.bind(inputs).bind(run.summary.to_string()).execute(self.connection.get_mut()).await?;
        Ok(())
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// When the database fails or holds a run that does not read back.
    pub async fn runs(&self) -> Result<Vec<Run>, StoreError> {
        let sql = "SELECT id, kind, known_at, inputs, summary FROM run ORDER BY known_at DESC, id";
        let rows = sqlx::query(sql).fetch_all(&mut *self.connection.lock().await).await?;
        let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            let kind = if row.try_get::<&str, _>(1)? == "check" { RunKind::Check } else { RunKind::Scan };
            runs.push(Run {
                id: row.try_get(0)?,
                kind,
                known_at: WallTime::from_micros(row.try_get(2)?),
                inputs: serde_json::from_str(row.try_get(3)?).map_err(damaged)?,
                summary: serde_json::from_str(row.try_get(4)?).map_err(damaged)?,
            });
        }
        Ok(runs)
    }
}
