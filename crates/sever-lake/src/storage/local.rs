//! A folder of this machine.
//!
//! A file gets its name by a hard link from its scratch path, which fails where the name is taken, and
//! counts once its folder is synced. A file system without hard links is renamed on instead, after a
//! look: there, two writers at the same instant are not told apart.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sever_model::WallTime;

use super::{Listed, Put, Storage, Stored};

/// What a file is called until it has its name.
pub(crate) const SCRATCH: &str = ".next";

/// A folder.
#[derive(Debug, Clone)]
pub struct Local {
    dir: PathBuf,
}

impl Local {
    /// The lake in this folder, which is made by the first file in it.
    pub fn new(dir: &Path) -> Local {
        Local { dir: dir.to_owned() }
    }

    fn walk(&self, folder: &Path, found: &mut Vec<Listed>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let meta = match entry.metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => continue, // removed meanwhile
                meta => meta?,
            };
            if meta.is_dir() {
                self.walk(&path, found)?;
            } else if let Some(name) = path.strip_prefix(&self.dir).ok().and_then(Path::to_str) {
                let since = meta.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let modified = WallTime::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
                found.push(Listed { name: name.replace('\\', "/"), bytes: meta.len(), modified });
            }
        }
        Ok(())
    }
}

impl Storage for Local {
    fn place(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn scratch(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(name);
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder)?;
            sync(&self.dir)?;
        }
        // Two processes may write what is to have the same name.
        let own = format!("{}-{:08x}{SCRATCH}", name.rsplit('/').next().unwrap_or(name), rand::random::<u32>());
        Ok(path.with_file_name(own))
    }

    fn publish(&self, scratch: &Path, name: &str) -> io::Result<Put> {
        let path = self.dir.join(name);
        // For writing: some systems sync no file that is open for reading only.
        File::options().write(true).open(scratch)?.sync_all()?;
        match fs::hard_link(scratch, &path) {
            Ok(()) => fs::remove_file(scratch)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Put::Taken),
            Err(error) if error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::StorageFull => {
                return Err(error);
            }
            Err(_) if path.exists() => return Ok(Put::Taken),
            Err(_) => fs::rename(scratch, &path)?,
        }
        path.parent().map_or(Ok(()), sync)?;
        Ok(Put::Done)
    }

    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<Put> {
        let scratch = self.scratch(name)?;
        let mut file = File::create(&scratch)?;
        let put = file.write_all(bytes).and_then(|()| self.publish(&scratch, name));
        if !matches!(put, Ok(Put::Done)) {
            fs::remove_file(&scratch)?;
        }
        put
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Stored>> {
        let file = File::open(self.dir.join(name))?;
        let size = file.metadata()?.len();
        Ok(Arc::new(OpenFile { size, file: Mutex::new(file) }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let mut found = Vec::new();
        self.walk(&self.dir.join(folder), &mut found)?;
        Ok(found)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.dir.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// An open file; the lock is held from finding the place to reading there.
struct OpenFile {
    size: u64,
    file: Mutex<File>,
}

impl Stored for OpenFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = range.end.saturating_sub(range.start);
        if range.end > self.size {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(range.start))?;
        let read = Read::take(&mut *file, length).read_to_end(&mut bytes)?;
        if read as u64 == length { Ok(bytes.into()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

/// Makes what was done in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and its entries are durable as files are.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
