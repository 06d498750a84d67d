//! Findings as they are remembered: across runs, with what people decided about them.
//!
//! A finding keeps its id in every run, so that saving it again updates it. Closing is a person's
//! word, with a reason. `Expected`, `FalseAlarm` and `Duplicate` hold whatever happens next; a
//! finding closed as `Real` was dealt with, so an event later than those closed opens it again.

use serde::{Deserialize, Serialize};
use sever_model::{Finding, FindingId, Severity, Stage, WallTime};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _};

use crate::{Run, RunKind, Store, StoreError};

/// A finding, and what has become of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The finding as its newest run raised it.
    pub finding: Finding,
    /// The newest run that raised it.
    pub run: String,
    /// When it was first saved.
    pub saved_first: WallTime,
    /// When it was last saved.
    pub saved_last: WallTime,
    /// Since when a check no longer raises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<WallTime>,
    /// What a person decided, if it holds still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// What a person decided about a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// As what.
    pub how: How,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: WallTime,
}

/// As what a finding is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was so, and has been dealt with.
    Real,
    /// It was so, and is in order.
    Expected,
    /// It was not so.
    FalseAlarm,
    /// Another finding says it.
    Duplicate,
}

impl How {
    /// The word for it, as flags write it.
    pub const fn word(self) -> &'static str {
        match self {
            How::Real => "real",
            How::Expected => "expected",
            How::FalseAlarm => "false-alarm",
            How::Duplicate => "duplicate",
        }
    }

    /// What a word stands for.
    pub fn named(word: &str) -> Option<How> {
        [How::Real, How::Expected, How::FalseAlarm, How::Duplicate].into_iter().find(|how| how.word() == word)
    }
}

/// How far a finding's case has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Nobody has dealt with it.
    Open,
    /// The newest check no longer raises it.
    Gone,
    /// A person closed it.
    Closed,
}

impl Kept {
    /// How far its case has got.
    pub fn state(&self) -> FindingState {
        match (&self.closed, self.gone_at) {
            (Some(_), _) => FindingState::Closed,
            (None, Some(_)) => FindingState::Gone,
            (None, None) => FindingState::Open,
        }
    }
}

/// Which findings to list; the default lists all.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Only those of this state.
    pub state: Option<FindingState>,
    /// Only those of this detector.
    pub detector: Option<String>,
    /// Only those at least this bad.
    pub severity_min: Option<Severity>,
    /// Only those that this run raised.
    pub run: Option<String>,
    /// Only those that had been saved by then.
    pub known_at: Option<WallTime>,
}

const SELECT: &str = "SELECT body, run, saved_first, saved_last, gone_at, closed_how, closed_reason, closed_by, \
                      closed_at, last, closed_last FROM finding";

impl Store {
    /// Saves what a run raised, in one transaction, and the run itself.
    ///
    /// # Errors
    /// When the database fails; nothing is then saved.
    pub async fn save_findings(&mut self, run: &Run, findings: &[Finding]) -> Result<(), StoreError> {
        self.save_run(run).await?;
        let now = run.known_at.micros();
        let mut tx = self.connection.get_mut().begin_with("BEGIN IMMEDIATE").await?;
        for finding in findings {
            let body = serde_json::to_string(finding).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let sql = "INSERT INTO finding (id, detector, severity, stage, first, last, run, run_kind, saved_first, \
                       saved_last, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) \
                       ON CONFLICT DO UPDATE SET severity = ?3, stage = ?4, first = ?5, last = ?6, run = ?7, \
                       run_kind = ?8, saved_last = ?9, body = ?10, gone_at = NULL";
            let query = sqlx::query(sql).bind(finding.id.as_str()).bind(&finding.detector);
            let query = query.bind(finding.severity as i64).bind(finding.stage as i64);
            let query = query.bind(finding.first.micros()).bind(finding.last.micros());
            let query = query.bind(&run.id).bind(run.kind.word()).bind(now).bind(body);
            query.execute(&mut *tx).await?;
        }
        if run.kind == RunKind::Check {
            let sql = "UPDATE finding SET gone_at = ?1 WHERE run_kind = 'check' AND run <> ?2 AND gone_at IS NULL";
            sqlx::query(sql).bind(now).bind(&run.id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The findings that pass the filter, confirmed ones first, then the gravest, then the earliest.
    ///
    /// # Errors
    /// When the database fails or holds a finding that does not read back.
    pub async fn findings(&self, filter: &FindingFilter) -> Result<Vec<Kept>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE (?1 IS NULL OR detector = ?1) AND severity >= ?2 AND (?3 IS NULL OR run = ?3) \
             AND saved_first <= ?4 ORDER BY stage DESC, severity DESC, first, id"
        );
        let severity_min = filter.severity_min.map_or(0, |severity| severity as i64);
        let known_at = filter.known_at.unwrap_or(WallTime::MAX).micros();
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&filter.detector).bind(severity_min);
        let rows = query.bind(&filter.run).bind(known_at).fetch_all(&mut *self.connection.lock().await).await?;
        let mut findings = Vec::with_capacity(rows.len());
        for row in &rows {
            let kept = kept(row)?;
            if filter.state.is_none_or(|state| kept.state() == state) {
                findings.push(kept);
            }
        }
        Ok(findings)
    }

    /// The one finding whose id is, or begins with, `prefix`.
    ///
    /// # Errors
    /// [`StoreError::Finding`] when none or several do.
    pub async fn finding(&self, prefix: &str) -> Result<Kept, StoreError> {
        let end = format!("{prefix}\u{10ffff}");
        let sql = format!("{SELECT} WHERE id >= ?1 AND id < ?2 ORDER BY id");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(prefix).bind(end);
        let rows = query.fetch_all(&mut *self.connection.lock().await).await?;
        match rows.as_slice() {
            [only] => kept(only),
            // An id that is whole is meant, though longer ones begin with it.
            [first, ..] if kept(first)?.finding.id.as_str() == prefix => kept(first),
            rows => Err(StoreError::Finding { prefix: prefix.to_owned(), matches: rows.len() }),
        }
    }

    /// Writes down what a person decided about a finding.
    ///
    /// # Errors
    /// [`StoreError::Finding`] when there is none of this id.
    pub async fn close_finding(&mut self, id: &FindingId, closed: &Closed) -> Result<(), StoreError> {
        let sql = "UPDATE finding SET closed_how = ?2, closed_reason = ?3, closed_by = ?4, closed_at = ?5, \
                   closed_last = last WHERE id = ?1";
        let query = sqlx::query(sql).bind(id.as_str()).bind(closed.how.word()).bind(&closed.reason);
        let query = query.bind(&closed.by).bind(closed.at.micros());
        let done = query.execute(self.connection.get_mut()).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Finding { prefix: id.to_string(), matches: 0 });
        }
        Ok(())
    }
}

fn kept(row: &SqliteRow) -> Result<Kept, StoreError> {
    let finding: Finding =
        serde_json::from_str(row.try_get(0)?).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let how: Option<&str> = row.try_get(5)?;
    let closed = match how.and_then(How::named) {
        None => None,
        Some(how) => Some(Closed {
            how,
            reason: row.try_get(6)?,
            by: row.try_get(7)?,
            at: WallTime::from_micros(row.try_get(8)?),
        }),
    };
    let (last, closed_last): (i64, Option<i64>) = (row.try_get(9)?, row.try_get(10)?);
    let anew = closed_last.is_some_and(|closed_last| last > closed_last) && finding.stage != Stage::Retracted;
    Ok(Kept {
        run: row.try_get(1)?,
        saved_first: WallTime::from_micros(row.try_get(2)?),
        saved_last: WallTime::from_micros(row.try_get(3)?),
        gone_at: row.try_get::<Option<i64>, _>(4)?.map(WallTime::from_micros),
        closed: closed.filter(|closed| !(anew && closed.how == How::Real)),
        finding,
    })
}

#[cfg(test)]
mod tests;
