//! The database inside a sync file: which sync is the newest, and its rows.
//!
//! It is opened in memory, read-only, and nothing of its schema is trusted to run.

use std::io::{Cursor, Read};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB};
use sever_model::EventTime;

/// How a sync file of the first format begins; then comes the database, compressed with zstd.
pub(crate) const MAGIC: &[u8] = b"C1ZF\0";
/// How one of the third format begins.
pub(crate) const MAGIC_3: &[u8] = b"C1Z3\0";

/// One run of a connector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sync {
    pub(crate) id: String,
    pub(crate) ended: Option<EventTime>,
    /// Whether it went over everything.
    pub(crate) whole: bool,
}

/// The rows of one table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    ResourceTypes,
    Resources,
    Grants,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Table::ResourceTypes => "v1_resource_types",
            Table::Resources => "v1_resources",
            Table::Grants => "v1_grants",
        }
    }
}

/// A sync file's database.
pub(crate) struct Database(Connection);

impl Database {
    /// Opens the database of a file that begins with [`MAGIC`].
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn open(bytes: &[u8], bytes_max: u64) -> Result<Database, String> {
        let packed = bytes.strip_prefix(MAGIC).ok_or("does not begin as a sync file does")?;
        let mut plain = Vec::new();
        let decoder = zstd::Decoder::new(packed).map_err(|error| error.to_string())?;
        let read = decoder.take(bytes_max.saturating_add(1)).read_to_end(&mut plain);
        read.map_err(|error| format!("does not decompress to its end: {error}"))?;
        if plain.len() as u64 > bytes_max {
            return Err(format!("longer than the limit of {bytes_max} bytes"));
        }
        let length = plain.len();
        let opened = (|| {
            let mut connection = Connection::open_in_memory()?;
            connection.deserialize_read_exact(MAIN_DB, Cursor::new(plain), length, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            Ok(connection)
        })();
        opened.map(Database).map_err(|error: rusqlite::Error| error.to_string())
    }

    /// The syncs, the newest first.
    pub(crate) fn syncs(&self) -> Result<Vec<Sync>, String> {
        // Columns were added over time.
        let columns = self.columns("v1_sync_runs")?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        let whole = match (has("sync_type"), has("is_partial")) {
            (true, _) => "sync_type IN ('full', '')",
            (false, true) => "NOT is_partial",
            (false, false) => "1",
        };
        let query = format!(
            "SELECT sync_id, CAST(ended_at AS TEXT), {whole} FROM v1_sync_runs ORDER BY ended_at IS NULL, ended_at DESC, id DESC"
        );
        let read = (|| {
            let mut statement = self.0.prepare(&query)?;
            let rows = statement.query_map([], |row| {
                let ended: Option<String> = row.get(1)?;
                let ended = ended.and_then(|text| EventTime::parse(&format!("{}Z", text.trim_end_matches('Z'))).ok());
                Ok(Sync { id: row.get(0)?, ended, whole: row.get(2)? })
            })?;
            rows.collect::<Result<Vec<_>, rusqlite::Error>>()
        })();
        read.map_err(|error| error.to_string())
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, String> {
        let read = (|| {
            let mut statement = self.0.prepare("SELECT name FROM pragma_table_info(?1)")?;
            statement.query_map([table], |row| row.get(0))?.collect::<Result<Vec<String>, rusqlite::Error>>()
        })();
        read.map_err(|error| error.to_string())
    }

    /// Hands on every row of a sync, by its number and message. A table that is not there has none.
    pub(crate) fn each(&self, table: Table, sync: &str, take: &mut dyn FnMut(u64, &[u8])) -> Result<(), String> {
        if self.columns(table.name())?.is_empty() {
            return Ok(());
        }
        let read = (|| {
            let query = format!("SELECT id, data FROM {} WHERE sync_id = ?1 ORDER BY id", table.name());
            let mut statement = self.0.prepare(&query)?;
            let mut rows = statement.query([sync])?;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                take(u64::try_from(id).unwrap_or(0), row.get_ref(1)?.as_bytes()?);
            }
            Ok(())
        })();
        read.map_err(|error: rusqlite::Error| error.to_string())
    }
}
