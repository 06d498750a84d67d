//! The lake in object storage.
//!
//! Segments are written in a folder of this machine's first, and put whole: one is some tens of
//! megabytes. The folder is removed with the process that made it.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sever_connect::objects::Shelf;
use sever_lake::storage::{Listed, Put, Storage, Stored, elsewhere};
use tempfile::TempDir;

/// Teaches the lake to lie in a bucket.
pub(super) fn teach() {
    elsewhere(|address| {
        let shelf = Shelf::open(address).map_err(io::Error::other)?;
        let scratch = tempfile::Builder::new().prefix("severance-lake-").tempdir()?;
        Ok(Arc::new(Objects { shelf, scratch }))
    });
}

/// A part of a bucket.
struct Objects {
    shelf: Shelf,
    scratch: TempDir,
}

impl Storage for Objects {
    fn place(&self, name: &str) -> PathBuf {
        PathBuf::from(self.shelf.address(name))
    }

    fn scratch(&self, name: &str) -> io::Result<PathBuf> {
        let own = format!("{}-{:016x}.next", name.replace('/', "-"), rand::random::<u64>());
        Ok(self.scratch.path().join(own))
    }

    fn publish(&self, scratch: &Path, name: &str) -> io::Result<Put> {
        let put = self.create(name, &std::fs::read(scratch)?)?;
        if put == Put::Done {
            std::fs::remove_file(scratch)?;
        }
        Ok(put)
    }

    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<Put> {
        let put = self.shelf.put_new(name, Bytes::copy_from_slice(bytes))?;
        Ok(if put { Put::Done } else { Put::Taken })
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Stored>> {
        let size = self.shelf.size(name)?;
        Ok(Arc::new(Object { shelf: self.shelf.clone(), name: name.to_owned(), size }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let listed = self.shelf.list(folder)?.into_iter();
        Ok(listed.map(|kept| Listed { name: kept.name, bytes: kept.bytes, modified: kept.modified }).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.shelf.remove(name)
    }
}

struct Object {
    shelf: Shelf,
    name: String,
    size: u64,
}

impl Stored for Object {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        self.shelf.get(&self.name, range)
    }
}
