//! The installation's signing key: made once, at random, readable by its owner only.
//!
//! It signs statements and checkpoints. Who holds it can write another history of the same length, which
//! is why a proof that nothing outside anchors says so. A lost key is an error and never silently
//! replaced: the log remembers its public half (`proof/log.vkey`).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sever_model::Secret;

use super::digest::{hex, unhex};
use super::error::ProofError;
use super::note::{KeyKind, Note, NoteKey, Signature};

/// What the name of every log begins with.
const ORIGIN_BASE: &str = "severance.dev/log/";

/// The file, in the data directory.
const FILE: &str = "proof.key";

/// The signing key of one log.
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: NoteKey,
}

impl LogKey {
    /// Where the key of a data directory lies.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(FILE)
    }

    /// Reads the data directory's key, or makes it where there is neither key nor log.
    ///
    /// # Errors
    /// When the file cannot be used, holds no key, or is missing beside a log.
    pub fn read_or_make(data_dir: &Path) -> Result<LogKey, ProofError> {
        let path = LogKey::path(data_dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if data_dir.join("proof/log.vkey").exists() {
                    return Err(ProofError::Key { path, what: "the file is missing" });
                }
                make(data_dir, &path)?
            }
            Err(error) => return Err(ProofError::File { path, error }),
        };
        let seed = unhex::<32>(text.trim()).map(Secret::new);
        let key = seed.and_then(|seed| LogKey::from_seed(seed.expose()));
        key.ok_or(ProofError::Key { path, what: "expected 64 hexadecimal digits" })
    }

    /// The key of a seed of 32 bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Option<LogKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public: [u8; 32] = pair.public_key().as_ref().try_into().ok()?;
        let mut key = NoteKey { name: String::new(), kind: KeyKind::Note, public };
        key.name = format!("{ORIGIN_BASE}{}", key.fingerprint().get(..16)?);
        Some(LogKey { pair, public: key })
    }

    /// Its public half, under the name of the log.
    pub fn public(&self) -> &NoteKey {
        &self.public
    }

    /// Signs bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// Signs a text that ends in a line break.
    pub(crate) fn note(&self, text: &str) -> Note {
        let (name, id) = (self.public.name.clone(), self.public.id());
        Note { text: text.to_owned(), signatures: vec![Signature { name, id, bytes: self.sign(text.as_bytes()) }] }
    }
}

/// Writes a new key beside its place and moves it there, so that a crash leaves all of it or none.
/// Where another process was first, its key is the one.
fn make(data_dir: &Path, path: &Path) -> Result<String, ProofError> {
    let failed = |error| ProofError::File { path: path.to_owned(), error };
    fs::create_dir_all(data_dir).map_err(failed)?;
    let seed: [u8; 32] = rand::random();
    let tmp = data_dir.join(format!("{FILE}.{:016x}.tmp", rand::random::<u64>()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&tmp).map_err(failed)?;
    writeln!(file, "{}", hex(&seed)).and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = fs::hard_link(&tmp, path);
    fs::remove_file(&tmp).map_err(failed)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    fs::File::open(data_dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    fs::read_to_string(path).map_err(failed)
}
