//! The schema, and the steps that bring an older file to it.
//!
//! `fact` is clustered by `(kind, source, key, version)`: applying a listing is a merge of two sorted
//! sequences, listing one kind is one range, and there is no second index to keep up. Small columns
//! stand before `body`, so that filtering by time never reads a body.

use std::path::Path;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::StoreError;

/// Marks the file as ours: "Svrn".
const APPLICATION_ID: i64 = 0x5376_726e;

/// Each step's statements; a file of schema `n` has had the first `n`.
const STEPS: [&str; 4] = [FACTS, PRIVACY, DEPARTURES, CASES];

const FACTS: &str = r"
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- One row per attempt to apply a listing. `kinds` is a bit set; `whole` says that every fact listed
-- for these kinds was in it, so that their `seen` need not be rewritten; `content` is a digest of the
-- records in any order, by which a listing that says the same in other bytes is recognised.
CREATE TABLE pull (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id),
    listing TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    known_at INTEGER NOT NULL,
    kinds INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    content INTEGER NOT NULL,
    coverage TEXT NOT NULL
) STRICT;
CREATE INDEX pull_by_source ON pull (source, at);

-- One row per version of a fact. Bounds: NULL is open, equal is exact, else between.
-- `listed`: the source still lists it, so this is the version its next listing is compared with.
CREATE TABLE fact (
    kind INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (id),
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    known_to INTEGER,
    from_lo INTEGER,
    from_hi INTEGER,
    to_lo INTEGER,
    to_hi INTEGER,
    listed INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    stable INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, source, key, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    known_at INTEGER NOT NULL,
    inputs TEXT NOT NULL,
    summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    id TEXT PRIMARY KEY,
    detector TEXT NOT NULL,
    severity INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    run TEXT NOT NULL,
    run_kind TEXT NOT NULL,
    saved_first INTEGER NOT NULL,
    saved_last INTEGER NOT NULL,
    gone_at INTEGER,
    closed_how TEXT,
    closed_reason TEXT,
    closed_by TEXT,
    closed_at INTEGER,
    closed_last INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

const PRIVACY: &str = r"
-- What a text gives away: `hash` is a keyed hash of it in lower case. `until` is when the person's
-- employment ends, NULL while no end is known. Made anew by every sync.
CREATE TABLE name (
    hash INTEGER PRIMARY KEY,
    pseudonym TEXT NOT NULL,
    real TEXT NOT NULL,
    until INTEGER
) STRICT;
CREATE INDEX name_by_pseudonym ON name (pseudonym);

-- Who saw what of whom, or had it erased.
CREATE TABLE access (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;

CREATE TABLE basis (
    detector TEXT PRIMARY KEY,
    basis TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER
) STRICT, WITHOUT ROWID;

-- Keyed hashes of the ids of people who were erased, so that a listing does not bring them back.
CREATE TABLE erased (hash INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
";

const DEPARTURES: &str = r"
CREATE TABLE departure (digest TEXT PRIMARY KEY, begun_at INTEGER NOT NULL, plan TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The journal of every departure, in the order it was written; it only grows.
CREATE TABLE act (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    departure TEXT NOT NULL REFERENCES departure (digest),
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX act_by_departure ON act (departure, number);
";

const CASES: &str = r"
CREATE TABLE incident (name TEXT PRIMARY KEY, opened_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The journal of every case, in the order it was written; it only grows.
CREATE TABLE incident_act (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL REFERENCES incident (name),
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX incident_act_by_incident ON incident_act (incident, number);
CREATE TRIGGER incident_act_stays BEFORE UPDATE ON incident_act BEGIN SELECT RAISE(ABORT, 'a journal only grows'); END;
CREATE TRIGGER incident_act_is_kept BEFORE DELETE ON incident_act BEGIN SELECT RAISE(ABORT, 'a journal only grows'); END;
";

/// Brings the file to the newest schema.
///
/// # Errors
/// When it is no store of ours, or one of a newer build.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    // The lock is taken before the version is read: two processes must not both take the step.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let application: i64 = sqlx::query("PRAGMA application_id").fetch_one(&mut *tx).await?.try_get(0)?;
    let found: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *tx).await?.try_get(0)?;
    let tables: i64 = sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *tx).await?.try_get(0)?;
    if application != APPLICATION_ID && (tables > 0 || found > 0) {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for step in STEPS.iter().skip(found as usize) {
        sqlx::raw_sql(*step).execute(&mut *tx).await?;
    }
    if found < known {
        let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
