//! The dictionary: the way back from a subject's code to the id, encrypted, apart from the lake.
//!
//! ```text
//! "severance subjects 1\n"                                   once
//! length: u32 ─ nonce: 24 bytes ─ sealed block               any number of times
//!                                 └─ XChaCha20-Poly1305 of: fingerprint: 16 bytes ─ length: u16 ─ id
//! ```
//!
//! Appended to by every scan that keeps uses, and synced before the segment counts: a code in the
//! lake always has its id here, unless it was erased. A block that a crash cut short is cut off at the next
//! opening. An id may stand twice; it is the same both times.
//!
//! Bounded by: one block, and the fingerprints known at the opening or met since, at most
//! [`KNOWN_MAX`]; ids past that are written again.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sever_model::{FingerprintKey, Secret};

use crate::LakeError;
use crate::subject::{self, fingerprint};

const MAGIC: &[u8] = b"severance subjects 1\n";
const NONCE_BYTES: usize = 24;
/// Ids are sealed so many bytes at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// Fingerprints kept to write an id once: 16 bytes each, and as much again for their table.
const KNOWN_MAX: usize = 4 << 20;
/// Longest id that is kept; a longer one has a code and no way back.
const ID_BYTES_MAX: usize = u16::MAX as usize;

type Known = HashSet<u128, foldhash::fast::RandomState>;

/// The key that the dictionary is sealed with.
#[derive(Debug)]
pub struct DictionaryKey(Secret<[u8; 32]>);

impl DictionaryKey {
    /// A new one, at random.
    pub fn random() -> DictionaryKey {
        DictionaryKey(Secret::new(rand::random()))
    }

    /// The key that 64 hexadecimal digits stand for.
    pub fn parse(text: &str) -> Option<DictionaryKey> {
        let text = text.trim();
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(DictionaryKey(Secret::new(bytes)))
    }

    /// The digits that stand for it, for the one file that it is kept in.
    pub fn digits(&self) -> Secret<String> {
        Secret::new(self.0.expose().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose().into())
    }
}

/// Adds ids to a dictionary.
pub struct DictionaryWriter {
    path: PathBuf,
    file: File,
    cipher: XChaCha20Poly1305,
    known: Known,
    block: Vec<u8>,
}

impl DictionaryWriter {
    /// Opens a dictionary, making it on first use.
    ///
    /// # Errors
    /// When it cannot be used, or was sealed with another key.
    pub fn open(path: &Path, key: &DictionaryKey) -> Result<DictionaryWriter, LakeError> {
        let mut known = Known::default();
        let end = blocks(path, key, &mut |fingerprint, _| {
            if known.len() < KNOWN_MAX {
                known.insert(fingerprint);
            }
        })?;
        let failed = failed(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options.open(path).map_err(&failed)?;
        file.set_len(end).and_then(|()| file.seek(SeekFrom::End(0))).map_err(&failed)?;
        if end == 0 {
            file.write_all(MAGIC).map_err(&failed)?;
        }
        Ok(DictionaryWriter { path: path.to_owned(), file, cipher: key.cipher(), known, block: Vec::new() })
    }

    /// Keeps the id of a code.
    pub(crate) fn keep(&mut self, key: &FingerprintKey, id: &str) -> Result<(), LakeError> {
        let fingerprint = key.fingerprint(id.as_bytes()).0;
        if id.is_empty() || id.len() > ID_BYTES_MAX || self.known.contains(&fingerprint) {
            return Ok(());
        }
        if self.known.len() < KNOWN_MAX {
            self.known.insert(fingerprint);
        }
        self.put(fingerprint, id)
    }

    fn put(&mut self, fingerprint: u128, id: &str) -> Result<(), LakeError> {
        self.block.extend_from_slice(&fingerprint.to_be_bytes());
        self.block.extend_from_slice(&(id.len() as u16).to_be_bytes());
        self.block.extend_from_slice(id.as_bytes());
        if self.block.len() >= BLOCK_BYTES { self.seal() } else { Ok(()) }
    }

    /// Writes what is held, and waits until it is on the disk.
    pub(crate) fn sync(&mut self) -> Result<(), LakeError> {
        self.seal()?;
        self.file.sync_all().map_err(failed(&self.path))
    }

    fn seal(&mut self) -> Result<(), LakeError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), self.block.as_slice());
        let sealed = sealed.map_err(|_| damaged(&self.path, "it cannot be sealed"))?;
        self.block.clear();
        let length = (sealed.len() as u32).to_be_bytes();
        let written = [&length[..], &nonce, &sealed].concat();
        self.file.write_all(&written).map_err(failed(&self.path))
    }
}

/// The ids of these codes, as far as the dictionary holds them.
///
/// # Errors
/// When it cannot be read, or was sealed with another key.
pub fn names<'a>(
    path: &Path,
    key: &DictionaryKey,
    codes: impl IntoIterator<Item = &'a str>,
) -> Result<HashMap<Box<str>, Box<str>>, LakeError> {
    let wanted: HashMap<u128, &str> = codes.into_iter().filter_map(|code| Some((fingerprint(code)?.0, code))).collect();
    let mut found = HashMap::new();
    blocks(path, key, &mut |fingerprint, id| {
        if let Some(code) = wanted.get(&fingerprint) {
            found.insert(Box::from(*code), Box::from(id));
        }
    })?;
    Ok(found)
}

/// How many ids a dictionary holds; one that was written twice counts twice.
///
/// # Errors
/// When it cannot be read, or was sealed with another key.
pub fn count(path: &Path, key: &DictionaryKey) -> Result<u64, LakeError> {
    let mut count = 0;
    blocks(path, key, &mut |_, _| count += 1)?;
    Ok(count)
}

/// Keeps only the ids whose codes are wanted, writing the dictionary anew. Returns how many went.
///
/// # Errors
/// When it cannot be read or written, or was sealed with another key; it is then as it was.
pub fn retain(path: &Path, key: &DictionaryKey, wanted: &dyn Fn(&str) -> bool) -> Result<u64, LakeError> {
    if !path.exists() {
        return Ok(0);
    }
    let next = path.with_extension("next");
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&next)(error)),
        _ => {}
    }
    let mut writer = DictionaryWriter::open(&next, key)?;
    let mut gone = 0;
    let mut result = Ok(());
    let mut text = String::new();
    blocks(path, key, &mut |fingerprint, id| {
        text.clear();
        subject::write_fingerprint(fingerprint, &mut text);
        if !wanted(&text) {
            gone += 1;
        } else if result.is_ok() && writer.known.insert(fingerprint) {
            result = writer.put(fingerprint, id);
        }
    })?;
    result?;
    writer.sync()?;
    fs::rename(&next, path).map_err(failed(path))?;
    Ok(gone)
}

/// Visits every id, and says where the last whole block ends: 0 where there is no file yet.
fn blocks(path: &Path, key: &DictionaryKey, each: &mut dyn FnMut(u128, &str)) -> Result<u64, LakeError> {
    let failed = failed(path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(&failed)?.len();
    let mut reader = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 {
        return Ok(0);
    }
    reader.read_exact(&mut magic).map_err(&failed)?;
    if magic != MAGIC {
        return Err(damaged(path, "it is no dictionary of subjects"));
    }
    let cipher = key.cipher();
    let mut end = MAGIC.len() as u64;
    let mut sealed = Vec::new();
    while let Some(block) = (length - end).checked_sub((4 + NONCE_BYTES) as u64) {
        let (mut size, mut nonce) = ([0; 4], [0; NONCE_BYTES]);
        reader.read_exact(&mut size).and_then(|()| reader.read_exact(&mut nonce)).map_err(&failed)?;
        let size = u64::from(u32::from_be_bytes(size));
        if size > block {
            break;
        }
        sealed.resize(size as usize, 0);
        reader.read_exact(&mut sealed).map_err(&failed)?;
        let opened = cipher.decrypt(&XNonce::from(nonce), sealed.as_slice());
        let opened = opened.map_err(|_| damaged(path, "it was sealed with another key, or changed since"))?;
        entries(&opened, each);
        end += 4 + NONCE_BYTES as u64 + size;
    }
    Ok(end)
}

fn entries(mut block: &[u8], each: &mut dyn FnMut(u128, &str)) {
    while let Some((fingerprint, rest)) = block.split_first_chunk::<16>() {
        let Some((length, rest)) = rest.split_first_chunk::<2>() else { return };
        let Some((id, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))) else { return };
        if let Ok(id) = std::str::from_utf8(id) {
            each(u128::from_be_bytes(*fingerprint), id);
        }
        block = rest;
    }
}

/// Nobody else's to read.
fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> LakeError {
    let path = path.to_owned();
    move |error| LakeError::File { path: path.clone(), error }
}

fn damaged(path: &Path, what: &str) -> LakeError {
    LakeError::Dictionary { path: path.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests;
