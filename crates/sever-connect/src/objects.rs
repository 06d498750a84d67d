//! Object storage: logs that lie there (`s3://bucket/key`), behind a plain [`Read`], and the lake, where
//! it is kept there ([`Shelf`]).
//!
//! Logs are only read, streamed: an object is never held. Credentials are those of AWS's own
//! chain: the environment, the profile of `~/.aws`, web identity, the container, the machine;
//! `AWS_ENDPOINT_URL` names another store that speaks S3. No host is asked
//! but the store and, for credentials, what the chain names.
//!
//! For logs the role needs `s3:ListBucket` on the bucket and `s3:GetObject` on the objects.

#[cfg(feature = "s3")]
mod profile;
#[cfg(feature = "s3")]
mod s3;

use std::fmt;
use std::io::Read;

/// What an address of an object begins with.
const SCHEME: &str = "s3://";

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its address.
    pub url: String,
    /// Its size as stored.
    pub bytes: u64,
}

/// Why object storage gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ObjectError {
    /// What went wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A bucket and a key, or the beginning of keys.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Address<'a> {
    bucket: &'a str,
    key: &'a str,
}

/// Whether a path names object storage.
pub fn is_object(path: &str) -> bool {
    path.starts_with(SCHEME)
}

/// The objects under an address, by key: the one object of that key, else all whose key continues it
/// after a `/`. Objects without a byte that only mark a folder are left out.
///
/// # Errors
/// When the store cannot be asked, refuses, or lists more objects than are read at once.
pub fn list(url: &str) -> Result<Vec<Object>, ObjectError> {
    let address = Address::parse(url)?;
    reading::list(address)
}

/// Opens an object from its beginning; it is read as it is asked for.
///
/// # Errors
/// When it is not there or may not be read.
pub fn open(url: &str) -> Result<Box<dyn Read>, ObjectError> {
    let address = Address::parse(url)?;
    reading::open(address)
}

#[cfg(feature = "s3")]
use s3 as reading;
#[cfg(feature = "s3")]
pub use s3::{Kept, Shelf};

/// What is said where a build leaves object storage out.
#[cfg(not(feature = "s3"))]
mod reading {
    use super::{Address, Object, ObjectError, Read};

    pub(super) fn list(address: Address<'_>) -> Result<Vec<Object>, ObjectError> {
        Err(absent(address))
    }

    pub(super) fn open(address: Address<'_>) -> Result<Box<dyn Read>, ObjectError> {
        Err(absent(address))
    }

    fn absent(address: Address<'_>) -> ObjectError {
        let hint = "build it with `--features s3`, or copy the files here first".to_owned();
        ObjectError { what: format!("this build does not read {address}"), hint: Some(hint) }
    }
}

impl<'a> Address<'a> {
    fn parse(url: &'a str) -> Result<Address<'a>, ObjectError> {
        let rest = url.strip_prefix(SCHEME).unwrap_or(url);
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if bucket.len() < 3 || !bucket.bytes().all(named) {
            let hint = Some("write `s3://bucket/prefix`".to_owned());
            return Err(ObjectError { what: format!("`{url}` names no bucket"), hint });
        }
        Ok(Address { bucket, key })
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{SCHEME}{}/{}`", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests;
