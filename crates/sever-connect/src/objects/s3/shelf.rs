//! A part of a bucket that is ours to write: the lake's, where it lies in object storage.
//!
//! Objects are put whole, and only where their key is free: the store decides between two that want
//! it (`If-None-Match: *`), which it must know. An answer that was lost is told from a key that
//! another had before by what lies there.
//!
//! The role needs `s3:ListBucket` on the bucket, and `s3:GetObject`, `s3:PutObject` and
//! `s3:DeleteObject` below the prefix.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sever_model::WallTime;

use super::super::{Address, ObjectError, SCHEME};
use super::{Act, Bucket, OBJECTS_MAX, told};

/// A prefix of a bucket.
#[derive(Clone)]
pub struct Shelf {
    bucket: Arc<Bucket>,
    name: String,
    prefix: String,
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its key below the prefix.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was put, by the store's clock.
    pub modified: WallTime,
}

impl Shelf {
    /// The part of a bucket below an address.
    ///
    /// # Errors
    /// When the address is none, or no client can be made.
    pub fn open(url: &str) -> Result<Shelf, ObjectError> {
        let address = Address::parse(url)?;
        let bucket = Bucket::of(address)?;
        let prefix = address.key.trim_matches('/').to_owned();
        Ok(Shelf { bucket, name: address.bucket.to_owned(), prefix })
    }

    /// The address of a name.
    pub fn address(&self, name: &str) -> String {
        format!("{SCHEME}{}/{}", self.name, self.key(name))
    }

    /// Puts an object where there is none of its name. Whether it is there now; `false` where another
    /// was there before.
    ///
    /// # Errors
    /// When the store refuses or cannot be reached.
    pub fn put_new(&self, name: &str, bytes: Bytes) -> io::Result<bool> {
        let path = self.path(name)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.bucket.store.put_opts(&path, PutPayload::from_bytes(bytes.clone()), options);
        match self.bucket.runtime.block_on(put) {
            Ok(_) => Ok(true),
            // Ours, where the answer to an earlier try was lost.
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                Ok(self.size(name)? == bytes.len() as u64 && self.get(name, 0..bytes.len() as u64)? == bytes)
            }
            Err(error) => Err(self.refused(name, &error, Act::Put)),
        }
    }

    /// How large an object is.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is none of the name; else as [`Shelf::put_new`].
    pub fn size(&self, name: &str) -> io::Result<u64> {
        let path = self.path(name)?;
        let head = self.bucket.runtime.block_on(self.bucket.store.head(&path));
        head.map(|meta| meta.size).map_err(|error| self.refused(name, &error, Act::Get))
    }

    /// Some of an object's bytes.
    ///
    /// # Errors
    /// As [`Shelf::size`].
    pub fn get(&self, name: &str, range: Range<u64>) -> io::Result<Bytes> {
        let path = self.path(name)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let got = self.bucket.runtime.block_on(self.bucket.store.get_range(&path, range));
        got.map_err(|error| self.refused(name, &error, Act::Get))
    }

    /// The objects in a folder and below it.
    ///
    /// # Errors
    /// As [`Shelf::put_new`], or when there are too many.
    pub fn list(&self, folder: &str) -> io::Result<Vec<Kept>> {
        let path = self.path(folder)?;
        self.bucket.runtime.block_on(async {
            let mut found = Vec::new();
            let mut pages = self.bucket.store.list(Some(&path));
            while let Some(meta) = pages.next().await {
                let meta = meta.map_err(|error| self.refused(folder, &error, Act::List))?;
                let key = meta.location.to_string();
                let name = key.strip_prefix(&self.prefix).unwrap_or(&key).trim_start_matches('/').to_owned();
                let modified = WallTime::from_micros(meta.last_modified.timestamp_micros());
                found.push(Kept { name, bytes: meta.size, modified });
                if found.len() > OBJECTS_MAX {
                    return Err(io::Error::other(format!(
                        "more than {OBJECTS_MAX} objects under {}",
                        self.address(folder)
                    )));
                }
            }
            Ok(found)
        })
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// As [`Shelf::put_new`].
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path(name)?;
        match self.bucket.runtime.block_on(self.bucket.store.delete(&path)) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.refused(name, &error, Act::Delete)),
        }
    }

    fn key(&self, name: &str) -> String {
        match (self.prefix.as_str(), name) {
            ("", name) => name.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, name) => format!("{prefix}/{name}"),
        }
    }

    fn path(&self, name: &str) -> io::Result<Path> {
        Path::parse(self.key(name)).map_err(io::Error::other)
    }

    fn refused(&self, name: &str, error: &Error, act: Act) -> io::Error {
        let key = self.key(name);
        let told = told(Address { bucket: &self.name, key: &key }, error, act);
        let kind = match error {
            Error::NotFound { .. } => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, told)
    }
}
