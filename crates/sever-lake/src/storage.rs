//! Where a lake's files lie: a folder, or whatever else keeps them.
//!
//! What the lake asks of it is little, so that a bucket can give it too:
//!
//! - a file appears whole and durable under its name, or not at all ([`Storage::publish`],
//!   [`Storage::create`]);
//! - of several that give a file the same name at once, one succeeds and the others are told so;
//! - a file is never changed under its name, only removed.
//!
//! Names are relative, with `/` between folders: `day=2025-04-14/scan-1-0.parquet`.

mod local;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use sever_model::WallTime;

use crate::LakeError;
pub use local::Local;

/// Opens the lake at an address that is no folder.
pub type Open = fn(&str) -> io::Result<Arc<dyn Storage>>;

/// What opens addresses. This crate speaks to nobody; the program that does says how, once.
static ELSEWHERE: OnceLock<Open> = OnceLock::new();

/// What the address of a lake in object storage begins with.
const SCHEME: &str = "s3://";

/// Says how lakes are opened whose names begin with `s3://`. The first to say so is heard.
pub fn elsewhere(open: Open) {
    ELSEWHERE.get_or_init(|| open);
}

/// What keeps the lake of that name.
pub(crate) fn of(dir: &Path) -> Result<Arc<dyn Storage>, LakeError> {
    let Some(address) = dir.to_str().filter(|address| address.starts_with(SCHEME)) else {
        return Ok(Arc::new(Local::new(dir)));
    };
    let failed = |error| crate::file_error(dir.to_owned(), error);
    let unknown = || failed(io::Error::new(io::ErrorKind::Unsupported, "this program opens no lake there"));
    ELSEWHERE.get().ok_or_else(unknown)?(address).map_err(failed)
}

/// Keeps files by name.
pub trait Storage: Send + Sync {
    /// What a file is called in messages.
    fn place(&self, name: &str) -> PathBuf;

    /// A path on this machine at which the bytes of a file of that name are written before they are
    /// published; its folder exists.
    ///
    /// # Errors
    /// When the folder cannot be made.
    fn scratch(&self, name: &str) -> io::Result<PathBuf>;

    /// Makes a file that was written at a scratch path appear under a name, durably. The scratch file
    /// is gone then.
    ///
    /// # Errors
    /// When it cannot; nothing has appeared under the name.
    fn publish(&self, scratch: &Path, name: &str) -> io::Result<Put>;

    /// Makes a small file appear under a name, durably.
    ///
    /// # Errors
    /// As [`Storage::publish`].
    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<Put>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is none of that name.
    fn open(&self, name: &str) -> io::Result<Arc<dyn Stored>>;

    /// The files in a folder and below it, in no order; none where there is no such folder. `""` is
    /// the whole lake.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>>;

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// The bytes of a file.
pub trait Stored: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Some of them.
    ///
    /// # Errors
    /// When they cannot be read, or the file ends before them.
    fn read(&self, range: Range<u64>) -> io::Result<Bytes>;
}

/// What became of giving a file a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It has it.
    Done,
    /// Another file had it already.
    Taken,
}

/// A file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name in the lake.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it appeared, by the storage's own clock.
    pub modified: WallTime,
}
