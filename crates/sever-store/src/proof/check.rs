//! Checking a proof, with nothing but what is in it and whom the reader trusts.
//!
//! Nothing is read or asked elsewhere, and no clock is looked at. The first thing that does not fit ends
//! it. In this order: the key, the manifest and every file in it, the checkpoint, the tree down to each
//! hash, each statement's place, envelope and signature, what opens commitments, what others say.

mod anchors;
mod statements;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bundle::{Bundle, MANIFEST};
use super::digest::{Hash, hex, unhex};
use super::error::Flaw;
use super::export::pem;
use super::merkle::{Tree, edge_width, levels, tile_count};
use super::note::{Checkpoint, NoteKey};
use super::read::signed_head;
use super::statement::{ClaimKind, Disclosure};
use super::tiles::{self, Kind};

pub use anchors::{Anchored, By};

/// Whom the reader trusts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The log's key, where its owner told it by another way than by the proof.
    pub key: Option<TrustedKey>,
    /// Keys of witnesses.
    pub witnesses: Vec<NoteKey>,
    /// Certificates of time stamp authorities, or of who vouches for them; DER.
    pub authorities: Vec<Vec<u8>>,
}

/// How the log's key was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedKey {
    /// Whole.
    Key(NoteKey),
    /// By its fingerprint.
    Fingerprint(String),
}

impl TrustedKey {
    /// Reads a key (`name+id+base64`) or a fingerprint of 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<TrustedKey> {
        let text = text.trim();
        match unhex::<32>(&text.to_ascii_lowercase()) {
            Some(fingerprint) => Some(TrustedKey::Fingerprint(hex(&fingerprint))),
            None => NoteKey::parse(text).map(TrustedKey::Key),
        }
    }
}

/// What a proof that fits shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The log's key.
    pub key: NoteKey,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Whether it holds every statement of the log.
    pub whole: bool,
    /// How many statements it holds, by kind.
    pub kinds: BTreeMap<ClaimKind, u64>,
    /// How many departures they are of.
    pub departures: u64,
    /// How many commitments are opened.
    pub opened: u64,
    /// How many are not.
    pub withheld: u64,
    /// What others say of its checkpoints.
    pub anchors: Vec<Anchored>,
    /// How many of its statements are in a checkpoint that somebody trusted saw.
    pub anchored: u64,
    /// Files beside it that are not part of it.
    pub others: Vec<String>,
}

impl Checked {
    /// How many statements it holds.
    pub fn statements(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Whether somebody whom the reader trusts saw all of it.
    pub fn is_anchored(&self) -> bool {
        self.anchored == self.statements()
    }
}

/// Checks a proof.
///
/// # Errors
/// The first thing that does not fit.
pub fn check(bundle: &Bundle, trust: &Trust) -> Result<Checked, Flaw> {
    let key = log_key(bundle, trust)?;
    let names: BTreeSet<String> = bundle.vouched(&key)?.into_iter().collect();
    let mut used = Used { names: &names, seen: BTreeSet::new(), bundle };
    for name in ["README.txt", "log.vkey"] {
        used.file(name)?;
    }
    if used.file("log.pem")? != pem(&key).as_bytes() {
        return Err(Flaw::new("log.pem", "it is another key than log.vkey"));
    }
    let checkpoint = signed_head(used.file("checkpoint")?, &key).map_err(|what| Flaw::new("checkpoint", what))?;
    let asked = anchors::asked(&names, &key, &mut used)?;
    let (leaves, roots) = tree(&checkpoint, &asked.sizes(), &mut used)?;
    let found = statements::read(&leaves, &key, &mut used)?;
    let (opened, withheld) = opened(&found.statements, &mut used)?;
    let said = asked.check(&roots, &checkpoint, trust, &key, &mut used)?;
    let covered = said.iter().filter(|it| it.by.is_trusted()).map(|it| it.size).max().unwrap_or(0);
    if let Some(name) = names.iter().find(|name| !used.seen.contains(*name)) {
        return Err(Flaw::new(name.as_str(), "no part of a proof is called so"));
    }
    let mut kinds = BTreeMap::new();
    let mut departures = BTreeSet::new();
    for (_, statement) in &found.statements {
        *kinds.entry(statement.kind).or_insert(0) += 1;
        departures.insert(&statement.departure);
    }
    let others = bundle.files.keys().filter(|name| !names.contains(*name) && *name != MANIFEST);
    Ok(Checked {
        departures: departures.len() as u64,
        anchored: found.statements.iter().filter(|(index, _)| *index < covered).count() as u64,
        whole: found.statements.len() as u64 == checkpoint.size,
        key,
        checkpoint,
        kinds,
        opened,
        withheld,
        anchors: said,
        others: others.cloned().collect(),
    })
}

/// The files that were looked at: whatever else the manifest names is no part of a proof.
struct Used<'a> {
    names: &'a BTreeSet<String>,
    seen: BTreeSet<String>,
    bundle: &'a Bundle,
}

impl<'a> Used<'a> {
    /// A file that must be there, and in the manifest.
    fn file(&mut self, name: &str) -> Result<&'a [u8], Flaw> {
        if !self.names.contains(name) {
            return Err(Flaw::new(name, "is missing"));
        }
        self.seen.insert(name.to_owned());
        self.bundle.file(name)
    }
}

fn log_key(bundle: &Bundle, trust: &Trust) -> Result<NoteKey, Flaw> {
    let flaw = |what: &str| Flaw::new("log.vkey", what);
    let text = std::str::from_utf8(bundle.file("log.vkey")?).map_err(|_| flaw("it is no key"))?;
    let key = NoteKey::parse(text).ok_or_else(|| flaw("it is no key"))?;
    let same = match &trust.key {
        None => true,
        Some(TrustedKey::Key(trusted)) => *trusted == key,
        Some(TrustedKey::Fingerprint(fingerprint)) => *fingerprint == key.fingerprint(),
    };
    if !same {
        return Err(flaw(&format!("the proof is of another log, whose key is {}", key.fingerprint())));
    }
    Ok(key)
}

/// The hashes of all leaves, and the roots of the trees of some sizes. Every hash of every tile is
/// computed anew from the leaves' and compared.
fn tree(
    checkpoint: &Checkpoint,
    sizes: &BTreeSet<u64>,
    used: &mut Used<'_>,
) -> Result<(Vec<Hash>, HashMap<u64, Hash>), Flaw> {
    let size = checkpoint.size;
    let (mut tree, mut leaves, mut roots) = (Tree::default(), Vec::new(), HashMap::new());
    if sizes.contains(&0) {
        roots.insert(0, tree.root());
    }
    for (index, width) in tiles::of_tree(Kind::Hashes(0), size) {
        let name = tiles::path(Kind::Hashes(0), index, width);
        let hashes = tiles::split(used.file(&name)?, width);
        for leaf in hashes.ok_or_else(|| Flaw::new(name, "it has not as many hashes as it must"))? {
            leaves.push(leaf);
            for tile in tree.push(leaf).into_iter().filter(|tile| tile.level > 0) {
                same_tile(Kind::Hashes(tile.level), tile.index, &tile.hashes, used)?;
            }
            if sizes.contains(&tree.size()) {
                roots.insert(tree.size(), tree.root());
            }
        }
    }
    for level in 1..levels(size) {
        if edge_width(size, level) > 0 {
            let hashes = tree.edge().get(level).map(Vec::as_slice).unwrap_or_default();
            same_tile(Kind::Hashes(level), tile_count(size, level), hashes, used)?;
        }
    }
    if tree.root() != checkpoint.root {
        let what = format!("its root is not that of the tree, {}", hex(&tree.root()));
        return Err(Flaw::new("checkpoint", what));
    }
    Ok((leaves, roots))
}

fn same_tile(kind: Kind, index: u64, hashes: &[Hash], used: &mut Used<'_>) -> Result<(), Flaw> {
    let name = tiles::path(kind, index, hashes.len());
    if used.file(&name)? == tiles::join(hashes) {
        return Ok(());
    }
    Err(Flaw::new(name, "its hashes are not those of the leaves below it"))
}

/// How many commitments are opened, and how many are not.
fn opened(found: &[(u64, super::statement::Statement)], used: &mut Used<'_>) -> Result<(u64, u64), Flaw> {
    const NAME: &str = "disclosures.jsonl";
    let flaw = |line: usize, what: &str| Flaw::new(format!("{NAME}, line {}", line + 1), what);
    let text = std::str::from_utf8(used.file(NAME)?).map_err(|_| Flaw::new(NAME, "it is not UTF-8"))?;
    // By commitment, the field that it is in.
    let mut committed: HashMap<&str, &str> = HashMap::new();
    for (_, statement) in found {
        committed.insert(&statement.departure, super::statement::DEPARTURE);
        committed.extend(statement.commitments.iter().map(|(field, it)| (it.as_str(), field.as_str())));
    }
    let all = committed.len() as u64;
    let mut opened = 0;
    for (at, line) in text.lines().enumerate() {
        let disclosure: Disclosure = serde_json::from_str(line).map_err(|_| flaw(at, "it is no disclosure"))?;
        if !disclosure.holds() {
            return Err(flaw(at, "salt and value are not what was committed to"));
        }
        if committed.remove(disclosure.commitment.as_str()) != Some(disclosure.field.as_str()) {
            return Err(flaw(at, "it opens no commitment of these statements"));
        }
        opened += 1;
    }
    Ok((opened, all - opened))
}

#[cfg(test)]
mod tests;
