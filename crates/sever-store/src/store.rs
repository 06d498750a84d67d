//! The store: one SQLite file in the data directory, one connection, one writer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sever_model::FingerprintKey;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};
use tokio::sync::Mutex;

use crate::{StoreError, key, schema};

/// How long to wait for another process that is writing, in seconds.
const BUSY_SECS: u64 = 30;

/// How far a store has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Listings applied and people erased: facts are as they were where these are.
    pub facts: (i64, i64),
    /// Acts in the journals of departures.
    pub acts: i64,
}

/// Facts, findings, runs and settings of one data directory.
///
/// Readers of one process take turns on one connection; other processes read beside it, for the
/// file is in write-ahead mode. Writing takes `&mut self`, so that a process never waits for itself.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    key: FingerprintKey,
    /// Held for the length of one query; no lock is taken while it is held.
    pub(crate) connection: Mutex<SqliteConnection>,
}

impl Store {
    /// Opens the data directory, making it and its key on first use.
    ///
    /// # Errors
    /// When it cannot be used, is not one of ours, is of a newer build, or has lost its key.
    pub async fn open(dir: &Path) -> Result<Store, StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreError::File { path, error }
        };
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
        let path = dir.join("store.sqlite");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .foreign_keys(true)
            .page_size(8_192)
            .journal_mode(SqliteJournalMode::Wal)
            // In write-ahead mode this never corrupts; a power cut may lose the newest pulls, which
            // are then simply pulled again.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(BUSY_SECS))
            .pragma("cache_size", "-65536")
            .pragma("mmap_size", "4294967296")
            .pragma("temp_store", "memory")
            .row_buffer_size(4_096)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        schema::migrate(&mut connection, &path).await?;

        let remembered = setting(&mut connection, "key check").await?;
        // Looked at after, for another process may make the directory at the same time: the key is there
        // before it is remembered.
        let had_key = dir.join("key").exists();
        if remembered.is_some() && !had_key {
            return Err(StoreError::Key { path: dir.join("key"), what: "the file is missing" });
        }
        let key = key::read_or_make(dir)?;
        let check = key::check_value(&key);
        match remembered {
            Some(remembered) if remembered != check => {
                return Err(StoreError::Key { path: dir.join("key"), what: "it is another key" });
            }
            Some(_) => {}
            None => set_setting(&mut connection, "key check", &check).await?,
        }
        Ok(Store { dir: dir.to_owned(), key, connection: Mutex::new(connection) })
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the subject register lies.
    pub fn register_path(&self) -> PathBuf {
        self.dir.join("register.sever")
    }

    /// Where the lake lies.
    pub fn lake_dir(&self) -> PathBuf {
        self.dir.join("lake")
    }

    /// Where the reach index lies, which is derived from the lake.
    pub fn index_dir(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// Where what the gate was told, and what it decided, lies.
    pub fn gate_dir(&self) -> PathBuf {
        self.dir.join("gate")
    }

    /// How far facts and departures have come: another number where either has changed, in this process or
    /// another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(&self) -> Result<Changes, StoreError> {
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM pull), (SELECT count(*) FROM erased), \
                   (SELECT coalesce(max(number), 0) FROM act)";
        let row = sqlx::query(sql).fetch_one(&mut *self.connection.lock().await).await?;
        let (pulls, erased): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Changes { facts: (pulls, erased), acts: row.try_get(2)? })
    }

    /// The key under which this directory's identifiers are fingerprinted.
    pub fn key(&self) -> FingerprintKey {
        self.key
    }

    /// A number that changes whenever another process, or another connection, has written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn version(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("PRAGMA data_version").fetch_one(&mut *self.connection.lock().await).await?;
        Ok(row.try_get(0)?)
    }

    /// A remembered setting, such as the digest of the file a register was built from.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        setting(&mut *self.connection.lock().await, name).await
    }

    /// Remembers a setting.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        set_setting(self.connection.get_mut(), name, value).await
    }
}

async fn setting(connection: &mut SqliteConnection, name: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT value FROM setting WHERE name = ?1").bind(name).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn set_setting(connection: &mut SqliteConnection, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(name).bind(value).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
