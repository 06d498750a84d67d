//! Reading the log: what the checkpoint names, and nothing beyond it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::disclosures;
use super::envelope::Sealed;
use super::error::ProofError;
use super::merkle::{Tree, edge_width, leaf_hash, levels};
use super::note::{Checkpoint, Note, NoteKey};
use super::statement::{Disclosure, Statement};
use super::tiles::{self, Kind};

/// An entry of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place.
    pub index: u64,
    /// The DSSE envelope, as it stands in the log.
    pub envelope: Vec<u8>,
    /// What is in it.
    pub statement: Statement,
    /// The departure's id, where it is still disclosed.
    pub departure: Option<String>,
    /// By field, the names and values that are still disclosed.
    pub private: BTreeMap<String, String>,
}

/// A log, for reading; its files are read when asked for. Nothing is added to it meanwhile: who writes,
/// in this process or another, waits until it is dropped ([`ProofLog::entries`] reads without one).
///
/// [`ProofLog::entries`]: super::ProofLog::entries
#[derive(Debug)]
pub struct LogReader {
    dir: PathBuf,
    key: NoteKey,
    head: Head,
    /// Held while it lives: what the checkpoint names stays where it is.
    _lock: Option<File>,
}

/// A checkpoint whose signature was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The file's bytes.
    pub(crate) bytes: Vec<u8>,
    /// What it says.
    pub(crate) checkpoint: Checkpoint,
}

impl LogReader {
    /// Opens the log of a data directory.
    ///
    /// # Errors
    /// When there is none, or its checkpoint is damaged.
    pub fn open(data_dir: &Path) -> Result<LogReader, ProofError> {
        let dir = data_dir.join("proof");
        if !dir.join("log.vkey").exists() {
            return Err(ProofError::Empty(data_dir.to_owned()));
        }
        let lock = shared(&dir)?;
        let key = key(&dir)?;
        let head = head(&dir, &key)?.ok_or_else(|| ProofError::Empty(data_dir.to_owned()))?;
        Ok(LogReader { dir, key, head, _lock: lock })
    }

    /// A reader for the log's own writer, which holds the lock.
    pub(crate) fn held(dir: &Path, key: &NoteKey, head: &Head) -> LogReader {
        LogReader { dir: dir.to_owned(), key: key.clone(), head: head.clone(), _lock: None }
    }

    /// The log's key.
    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.head.checkpoint
    }

    /// The checkpoint's file.
    pub fn checkpoint_bytes(&self) -> &[u8] {
        &self.head.bytes
    }

    /// The log's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All entries, with what is disclosed of them.
    ///
    /// # Errors
    /// When a file is missing or damaged. Signatures are not looked at: that is what `check` does.
    pub fn entries(&self) -> Result<Vec<Entry>, ProofError> {
        let opened = opened(&self.dir)?;
        let mut entries = Vec::new();
        for (tile, width) in tiles::of_tree(Kind::Entries, self.head.checkpoint.size) {
            let path = self.dir.join(tiles::path(Kind::Entries, tile, width));
            let bytes = self.bundle(tile, width)?;
            let damaged = |what: String| ProofError::Damaged { path: path.clone(), what };
            let bundle = tiles::entries(&bytes, width).ok_or_else(|| damaged("not as many entries".to_owned()))?;
            for envelope in bundle {
                let index = entries.len() as u64;
                let sealed = Sealed::parse(envelope).map_err(|what| damaged(format!("entry {index}: {what}")))?;
                let statement =
                    Statement::parse(&sealed.payload).map_err(|what| damaged(format!("entry {index}: {what}")))?;
                let value = |commitment: &String| opened.get(commitment).map(|it: &Disclosure| it.value.clone());
                let private = statement.commitments.iter();
                let private = private.filter_map(|(field, it)| Some((field.clone(), value(it)?))).collect();
                let departure = value(&statement.departure);
                entries.push(Entry { index, envelope: envelope.to_vec(), statement, departure, private });
            }
        }
        Ok(entries)
    }

    /// How many names and values are kept beside the log.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn disclosed(&self) -> Result<u64, ProofError> {
        Ok(opened(&self.dir)?.len() as u64)
    }

    /// Everything that is disclosed, by commitment.
    pub(crate) fn disclosures(&self) -> Result<HashMap<String, Disclosure>, ProofError> {
        opened(&self.dir)
    }

    /// The bytes of a file of the log.
    pub(crate) fn tile(&self, kind: Kind, index: u64, width: usize) -> Result<Vec<u8>, ProofError> {
        read(&self.dir.join(tiles::path(kind, index, width)))
    }

    fn bundle(&self, index: u64, width: usize) -> Result<Vec<u8>, ProofError> {
        self.tile(Kind::Entries, index, width)
    }
}

fn opened(dir: &Path) -> Result<HashMap<String, Disclosure>, ProofError> {
    let mut all = disclosures::read(&disclosures::departures(dir))?;
    all.extend(disclosures::read(&disclosures::values(dir))?);
    Ok(all.into_iter().map(|it| (it.commitment.clone(), it)).collect())
}

/// Reads a file of the log.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ProofError> {
    fs::read(path).map_err(|error| ProofError::File { path: path.to_owned(), error })
}

/// The log's key, as it was written down when the log was begun.
pub(crate) fn key(dir: &Path) -> Result<NoteKey, ProofError> {
    let path = dir.join("log.vkey");
    let bytes = read(&path)?;
    let key = std::str::from_utf8(&bytes).ok().and_then(NoteKey::parse);
    key.ok_or(ProofError::Damaged { path, what: "no key of a signed note".to_owned() })
}

/// The checkpoint, where there is one.
pub(crate) fn head(dir: &Path, key: &NoteKey) -> Result<Option<Head>, ProofError> {
    let path = dir.join("checkpoint");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ProofError::File { path, error }),
    };
    match signed_head(&bytes, key) {
        Ok(checkpoint) => Ok(Some(Head { bytes, checkpoint })),
        Err(what) => Err(ProofError::Damaged { path, what: what.to_owned() }),
    }
}

/// What a checkpoint says, where a log's key signed it.
pub(crate) fn signed_head(bytes: &[u8], key: &NoteKey) -> Result<Checkpoint, &'static str> {
    let note = Note::parse(bytes)?;
    let checkpoint = Checkpoint::parse(&note.text).ok_or("its text is no checkpoint")?;
    if checkpoint.origin != key.name {
        return Err("it is of another log");
    }
    match note.signed_by(key) {
        Some(true) => Ok(checkpoint),
        Some(false) => Err("its signature does not verify"),
        None => Err("the log's key did not sign it"),
    }
}

/// The right edge of the tree, and the entries of the bundle that is not full.
pub(crate) fn edge(dir: &Path, checkpoint: &Checkpoint) -> Result<(Tree, Vec<u8>), ProofError> {
    let size = checkpoint.size;
    let damaged = |path: &Path, what: &str| ProofError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let mut edge = Vec::new();
    for level in 0..levels(size) {
        let width = edge_width(size, level);
        let mut hashes = Vec::new();
        if width > 0 {
            let index = super::merkle::tile_count(size, level);
            let path = dir.join(tiles::path(Kind::Hashes(level), index, width));
            hashes = tiles::split(&read(&path)?, width).ok_or_else(|| damaged(&path, "not as many hashes"))?;
        }
        edge.push(hashes);
    }
    let tree = Tree::of(size, edge);
    if tree.root() != checkpoint.root {
        return Err(damaged(&dir.join("tile"), "its hashes do not add up to the checkpoint's root"));
    }
    let width = edge_width(size, 0);
    if width == 0 {
        return Ok((tree, Vec::new()));
    }
    let path = dir.join(tiles::path(Kind::Entries, super::merkle::tile_count(size, 0), width));
    let bundle = read(&path)?;
    let entries = tiles::entries(&bundle, width).ok_or_else(|| damaged(&path, "not as many entries"))?;
    let leaves = tree.edge().first().map(Vec::as_slice).unwrap_or_default();
    if !entries.iter().zip(leaves).all(|(entry, leaf)| leaf_hash(entry) == *leaf) {
        return Err(damaged(&path, "its entries are not those of the tree"));
    }
    Ok((tree, bundle))
}

/// Keeps writers out while it is held. A log on a medium that knows no locks has no writers.
pub(crate) fn shared(dir: &Path) -> Result<Option<File>, ProofError> {
    let path = dir.join("lock");
    match File::open(&path) {
        Ok(file) => {
            file.lock_shared().map_err(|error| ProofError::File { path, error })?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProofError::File { path, error }),
    }
}
