//! The data directory's fingerprint key: made once, at random, readable by its owner only.
//!
//! Fingerprints in the register and in saved states are worthless under another key, so a lost key
//! is an error and never silently replaced: the store remembers a check value.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use sever_model::FingerprintKey;

use crate::StoreError;

const BYTES: usize = 16;

/// What the key is recognised by, without telling it.
pub(crate) fn check_value(key: &FingerprintKey) -> String {
    format!("{:?}", key.fingerprint(b"severance key check"))
}

/// Reads the key, or makes it where there is none yet.
///
/// # Errors
/// When the file cannot be used or holds no key.
pub(crate) fn read_or_make(dir: &Path) -> Result<FingerprintKey, StoreError> {
    let path = dir.join("key");
    let text = read_or_make_text(dir, "key", BYTES)?;
    let bytes = parse(text.trim()).ok_or(StoreError::Key { path, what: "expected 32 hexadecimal digits" })?;
    Ok(FingerprintKey::new(bytes))
}

/// The text of a key file of so many random bytes, made where there is none yet.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn read_or_make_text(dir: &Path, name: &str, bytes: usize) -> Result<String, StoreError> {
    let path = dir.join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(dir, &path, bytes),
        Err(error) => Err(StoreError::File { path, error }),
    }
}

/// Writes a new key beside its place and moves it there, so that a crash leaves all of it or none.
/// Where another process was first, its key is the one.
fn make(dir: &Path, path: &Path, bytes: usize) -> Result<String, StoreError> {
    let failed = |error| StoreError::File { path: path.to_owned(), error };
    let text: String = (0..bytes).map(|_| format!("{:02x}", rand::random::<u8>())).collect();
    let tmp = dir.join(format!("key.{:016x}.tmp", rand::random::<u64>()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&tmp).map_err(failed)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = fs::hard_link(&tmp, path);
    fs::remove_file(&tmp).map_err(failed)?;
    match linked {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => fs::read_to_string(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn parse(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(u128::from_str_radix(text, 16).ok()?.to_be_bytes())
}
