//! Writing the log: many statements, one durable commit.
//!
//! ```text
//! disclosures ─► entries ─► hashes ─► checkpoint      each on the disk before the next is begun
//!                                       └─ put in its place at once: from here on it is acknowledged
//! ```
//!
//! INVARIANT: whatever the checkpoint names is on the disk and is never written again. Whatever lies
//! beyond it belongs to nothing that was acknowledged, and is written over.
//!
//! Several processes may write: each append holds the lock, and reads anew what another one added.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::json;
use sever_model::WallTime;

use super::disclosures::{self, Erase};
use super::disk::{Disk, RealDisk, replace};
use super::envelope;
use super::error::ProofError;
use super::merkle::{TILE_WIDTH, Tree, edge_width, leaf_hash, tile_count};
use super::note::Checkpoint;
use super::read::{self, Entry, Head, LogReader};
use super::signer::LogKey;
use super::statement::{Claim, ClaimKind, DEPARTURE, Disclosure, Statement};
use super::tiles::{self, ENTRY_BYTES_MAX, Kind};

/// The proof log of a data directory, open for adding to it.
pub struct ProofLog {
    dir: PathBuf,
    key: LogKey,
    disk: Box<dyn Disk>,
    head: Head,
    tree: Tree,
    /// The entry bundle that is not full.
    bundle: Vec<u8>,
    /// The commitments to departures' ids, by id.
    departures: BTreeMap<String, String>,
}

impl ProofLog {
    /// Opens the log of a data directory, beginning it where there is none.
    ///
    /// # Errors
    /// When a file cannot be used or is damaged, or the log was begun with another key.
    pub fn open(data_dir: &Path, key: LogKey) -> Result<ProofLog, ProofError> {
        ProofLog::on(Box::new(RealDisk), data_dir, key)
    }

    pub(crate) fn on(disk: Box<dyn Disk>, data_dir: &Path, key: LogKey) -> Result<ProofLog, ProofError> {
        let dir = data_dir.join("proof");
        std::fs::create_dir_all(&dir).map_err(|error| ProofError::File { path: dir.clone(), error })?;
        let _lock = exclusive(&dir)?;
        let vkey = dir.join("log.vkey");
        if !vkey.exists() {
            let text = format!("{}\n", key.public());
            replace(&*disk, &vkey, text.as_bytes()).map_err(|error| ProofError::File { path: vkey, error })?;
        }
        if read::key(&dir)? != *key.public() {
            return Err(ProofError::Key { path: LogKey::path(data_dir), what: "it is another key" });
        }
        if read::head(&dir, key.public())?.is_none() {
            if dir.join("tile").exists() {
                return Err(ProofError::Damaged { path: dir.join("checkpoint"), what: "it is missing".to_owned() });
            }
            write_head(&*disk, &dir, &key, &Tree::default())?;
        }
        let mut log = ProofLog {
            head: Head { bytes: Vec::new(), checkpoint: Checkpoint { origin: String::new(), size: 0, root: [0; 32] } },
            tree: Tree::default(),
            bundle: Vec::new(),
            departures: BTreeMap::new(),
            dir,
            key,
            disk,
        };
        log.refresh()?;
        Ok(log)
    }

    /// What the log's newest checkpoint says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.head.checkpoint
    }

    /// The log's key.
    pub fn key(&self) -> &LogKey {
        &self.key
    }

    /// All entries, with what is disclosed of them: what was intended, answered and seen so far.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn entries(&mut self) -> Result<Vec<Entry>, ProofError> {
        let _lock = exclusive(&self.dir)?;
        self.refresh()?;
        LogReader::held(&self.dir, self.key.public(), &self.head).entries()
    }

    /// Adds a claim; its place. It is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be stated or written; it may then be in the log or not.
    pub fn append(&mut self, claim: &Claim) -> Result<u64, ProofError> {
        self.append_all(std::slice::from_ref(claim)).map(|places| places.start)
    }

    /// Adds claims, all or none of them; their places. They are on the disk when this returns.
    ///
    /// # Errors
    /// When one cannot be stated, or they cannot be written; all of them may then be in the log, or none.
    pub fn append_all(&mut self, claims: &[Claim]) -> Result<Range<u64>, ProofError> {
        let _lock = exclusive(&self.dir)?;
        self.refresh()?;
        self.add(claims)
    }

    /// Deletes what opens commitments, and states that it did: how many went. The log still verifies.
    ///
    /// # Errors
    /// [`ProofError::Open`] for a departure in which something was begun and that has not ended since: it is
    /// gone on with by what would be deleted. When the files cannot be written; erasing again finishes it.
    pub fn erase(&mut self, what: &Erase, at: WallTime) -> Result<u64, ProofError> {
        let _lock = exclusive(&self.dir)?;
        self.refresh()?;
        let entries = LogReader::held(&self.dir, self.key.public(), &self.head).entries()?;
        if let Erase::Departure(id) = what
            && is_open(&entries, id)
        {
            return Err(ProofError::Open(id.clone()));
        }
        let (mut live, mut of) = (HashSet::new(), HashSet::new());
        for entry in entries {
            let commitments = entry.statement.commitments.into_values().chain([entry.statement.departure]);
            for commitment in commitments {
                if entry.departure.as_deref().is_some_and(|departure| what.is_of(departure)) {
                    of.insert(commitment.clone());
                }
                live.insert(commitment);
            }
        }
        // What opens nothing was left by a write that was cut short, and goes with the rest.
        let keep = |it: &Disclosure| {
            live.contains(&it.commitment)
                && match what {
                    Erase::Departure(_) => !of.contains(&it.commitment),
                    Erase::Field { field, .. } => it.field != *field || !of.contains(&it.commitment),
                    Erase::Person(texts) => !disclosures::names(&it.value, texts),
                }
        };
        let gone = disclosures::retain(&*self.disk, &disclosures::values(&self.dir), keep)?
            + disclosures::retain(&*self.disk, &disclosures::departures(&self.dir), keep)?;
        if gone == 0 {
            return Ok(0);
        }
        self.departures = known_departures(&self.dir)?;
        // The erasure belongs to the departure that it is of, or to one of its own that is not disclosed.
        let subject = match what {
            Erase::Field { departure, .. } => self.departures.get(departure).cloned(),
            Erase::Departure(_) | Erase::Person(_) => None,
        };
        let subject = subject.unwrap_or_else(|| Disclosure::new(DEPARTURE, "").commitment);
        let public = json!({"disclosures": gone});
        let private = BTreeMap::new();
        let claim = Claim { kind: ClaimKind::Erasure, departure: String::new(), at, public, private };
        let (statement, _) = Statement::of(&claim, &subject)?;
        self.commit(&[statement])?;
        Ok(gone)
    }

    fn add(&mut self, claims: &[Claim]) -> Result<Range<u64>, ProofError> {
        let mut departures: Vec<Disclosure> = Vec::new();
        let mut known = self.departures.clone();
        let mut opening = Vec::new();
        let mut statements = Vec::new();
        for claim in claims {
            let subject = known.entry(claim.departure.clone()).or_insert_with(|| {
                let disclosure = Disclosure::new(DEPARTURE, &claim.departure);
                departures.push(disclosure.clone());
                disclosure.commitment
            });
            let (statement, disclosed) = Statement::of(claim, subject)?;
            statements.push(statement);
            opening.extend(disclosed);
        }
        disclosures::append(&*self.disk, &disclosures::departures(&self.dir), &departures)?;
        self.departures = known;
        disclosures::append(&*self.disk, &disclosures::values(&self.dir), &opening)?;
        self.commit(&statements)
    }

    /// Signs statements, writes them, and moves the checkpoint on.
    fn commit(&mut self, statements: &[Statement]) -> Result<Range<u64>, ProofError> {
        let first = self.tree.size();
        if statements.is_empty() {
            return Ok(first..first);
        }
        let (mut tree, mut bundle) = (self.tree.clone(), self.bundle.clone());
        let mut files = Vec::new();
        for statement in statements {
            let entry = self.entry(statement)?;
            let refused = || ProofError::Claim { kind: statement.kind.word(), what: "too long".to_owned() };
            tiles::add_entry(&mut bundle, &entry).ok_or_else(refused)?;
            for tile in tree.push(leaf_hash(&entry)) {
                if tile.level == 0 {
                    let path = tiles::path(Kind::Entries, tile.index, TILE_WIDTH);
                    files.push((path, std::mem::take(&mut bundle)));
                }
                let path = tiles::path(Kind::Hashes(tile.level), tile.index, TILE_WIDTH);
                files.push((path, tiles::join(&tile.hashes)));
            }
        }
        self.edge_files(&tree, &bundle, &mut files);
        for (name, bytes) in &files {
            let path = self.dir.join(name);
            self.disk.write(&path, bytes).map_err(|error| ProofError::File { path, error })?;
        }
        let head = write_head(&*self.disk, &self.dir, &self.key, &tree)?;
        let old = std::mem::replace(&mut self.head, head).checkpoint.size;
        (self.tree, self.bundle) = (tree, bundle);
        self.tidy(old)?;
        Ok(first..self.tree.size())
    }

    /// The envelope of a statement, once it is sure that it reads as what it is.
    fn entry(&self, statement: &Statement) -> Result<Vec<u8>, ProofError> {
        let refused = |what: String| ProofError::Claim { kind: statement.kind.word(), what };
        let payload = statement.to_bytes().map_err(|error| refused(error.to_string()))?;
        // Numbers that JSON's readers do not agree about would come back as others.
        if Statement::parse(&payload).as_ref() != Ok(statement) {
            return Err(refused("its public words do not come back from canonical JSON as they went".to_owned()));
        }
        let entry = envelope::seal(&payload, &self.key).map_err(|error| refused(error.to_string()))?;
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(refused(format!("its envelope is {} bytes, of at most {ENTRY_BYTES_MAX}", entry.len())));
        }
        Ok(entry)
    }

    /// The partial tiles of a tree that are other than those of the tree that there is.
    fn edge_files(&self, tree: &Tree, bundle: &[u8], files: &mut Vec<(String, Vec<u8>)>) {
        let size = tree.size();
        if edge_width(size, 0) > 0 {
            files.push((tiles::path(Kind::Entries, tile_count(size, 0), edge_width(size, 0)), bundle.to_vec()));
        }
        for (level, hashes) in tree.edge().iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()) {
            let path = tiles::path(Kind::Hashes(level), tile_count(size, level), hashes.len());
            let same = self.tree.edge().get(level) == Some(hashes)
                && tile_count(self.tree.size(), level) == tile_count(size, level);
            if !same {
                files.push((path, tiles::join(hashes)));
            }
        }
    }

    /// Removes the partial tiles of a tree of a size that the tree no longer has.
    fn tidy(&self, old: u64) -> Result<(), ProofError> {
        let size = self.tree.size();
        let kinds = (0..super::merkle::levels(old)).map(Kind::Hashes).chain([Kind::Entries]);
        for kind in kinds {
            let level = if let Kind::Hashes(level) = kind { level } else { 0 };
            let at = |size| (tile_count(size, level), edge_width(size, level));
            if edge_width(old, level) == 0 || at(old) == at(size) {
                continue;
            }
            let path = self.dir.join(tiles::path(kind, at(old).0, at(old).1));
            match self.disk.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ProofError::File { path, error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads anew what another process, or a try that failed, may have changed.
    fn refresh(&mut self) -> Result<(), ProofError> {
        let missing = || ProofError::Damaged { path: self.dir.join("checkpoint"), what: "it is missing".to_owned() };
        let head = read::head(&self.dir, self.key.public())?.ok_or_else(missing)?;
        self.departures = known_departures(&self.dir)?;
        if head != self.head {
            (self.tree, self.bundle) = read::edge(&self.dir, &head.checkpoint)?;
            self.head = head;
        }
        Ok(())
    }
}

fn known_departures(dir: &Path) -> Result<BTreeMap<String, String>, ProofError> {
    let all = disclosures::read(&disclosures::departures(dir))?.into_iter().filter(disclosures::is_departure);
    Ok(all.map(|it| (it.value, it.commitment)).collect())
}

fn write_head(disk: &dyn Disk, dir: &Path, key: &LogKey, tree: &Tree) -> Result<Head, ProofError> {
    let checkpoint = Checkpoint { origin: key.public().name.clone(), size: tree.size(), root: tree.root() };
    let bytes = key.note(&checkpoint.to_string()).to_string().into_bytes();
    let path = dir.join("checkpoint");
    replace(disk, &path, &bytes).map_err(|error| ProofError::File { path, error })?;
    Ok(Head { bytes, checkpoint })
}

/// Keeps every other process out while it is held.
fn exclusive(dir: &Path) -> Result<File, ProofError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let locked = file.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| ProofError::File { path, error })
}

/// Whether something was begun in a departure that has not ended since.
fn is_open(entries: &[Entry], departure: &str) -> bool {
    let of = entries.iter().filter(|it| it.departure.as_deref() == Some(departure)).map(|it| &it.statement);
    of.fold(false, |open, statement| match statement.kind {
        ClaimKind::Plan | ClaimKind::Approval | ClaimKind::Intent | ClaimKind::Receipt => true,
        ClaimKind::Coverage if statement.public.get("ended") == Some(&json!(true)) => false,
        ClaimKind::Coverage | ClaimKind::Verdict | ClaimKind::Erasure => open,
    })
}

#[cfg(test)]
pub(crate) mod tests;
