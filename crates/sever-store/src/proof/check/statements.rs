//! The statements of a proof: each in its place in the tree, in its envelope, signed.

use std::num::NonZero;
use std::thread;

use super::Used;
use crate::proof::digest::Hash;
use crate::proof::envelope::Sealed;
use crate::proof::error::Flaw;
use crate::proof::export::statement_name;
use crate::proof::merkle::leaf_hash;
use crate::proof::note::NoteKey;
use crate::proof::statement::Statement;
use crate::proof::tiles::{self, Kind};

/// The most threads that signatures are verified on.
const THREADS_MAX: usize = 8;

/// What statements there are.
pub(super) struct Found {
    /// Each with its place.
    pub(super) statements: Vec<(u64, Statement)>,
}

/// An envelope, where it stands and which leaf it must be.
struct Placed<'a> {
    file: String,
    index: u64,
    envelope: &'a [u8],
    leaf: Hash,
}

/// Reads all statements: of a whole log from its bundles, of a departure from a file each.
pub(super) fn read(leaves: &[Hash], key: &NoteKey, used: &mut Used<'_>) -> Result<Found, Flaw> {
    let single: Vec<String> = used.names.iter().filter(|name| name.starts_with("statements/")).cloned().collect();
    let placed = if single.is_empty() { bundles(leaves, used)? } else { files(&single, leaves, used)? };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let share = placed.len().div_ceil(threads).max(1);
    let parts = thread::scope(|scope| {
        let started: Vec<_> =
            placed.chunks(share).map(|part| scope.spawn(|| part.iter().map(|it| it.read(key)).collect())).collect();
        let ended = started.into_iter().map(|it| it.join());
        ended.map(|it| it.unwrap_or_else(|_| Err(Flaw::new("statements", "the checker failed")))).collect::<Vec<_>>()
    });
    let mut statements = Vec::with_capacity(placed.len());
    for part in parts {
        let part: Vec<(u64, Statement)> = part?;
        statements.extend(part);
    }
    Ok(Found { statements })
}

impl Placed<'_> {
    fn read(&self, key: &NoteKey) -> Result<(u64, Statement), Flaw> {
        let flaw = |what: &str| Flaw::new(format!("{}, statement {}", self.file, self.index), what);
        if leaf_hash(self.envelope) != self.leaf {
            return Err(flaw("it is not what the tree has there"));
        }
        let sealed = Sealed::parse(self.envelope).map_err(flaw)?;
        if !sealed.signed_by(key) {
            return Err(flaw("its signature does not verify"));
        }
        Ok((self.index, Statement::parse(&sealed.payload).map_err(flaw)?))
    }
}

fn bundles<'a>(leaves: &[Hash], used: &mut Used<'a>) -> Result<Vec<Placed<'a>>, Flaw> {
    let mut placed = Vec::with_capacity(leaves.len());
    for (tile, width) in tiles::of_tree(Kind::Entries, leaves.len() as u64) {
        let file = tiles::path(Kind::Entries, tile, width);
        let entries = tiles::entries(used.file(&file)?, width);
        let entries = entries.ok_or_else(|| Flaw::new(file.as_str(), "it has not as many entries as it must"))?;
        for envelope in entries {
            let Some(leaf) = leaves.get(placed.len()) else { break };
            placed.push(Placed { file: file.clone(), index: placed.len() as u64, envelope, leaf: *leaf });
        }
    }
    Ok(placed)
}

fn files<'a>(names: &[String], leaves: &[Hash], used: &mut Used<'a>) -> Result<Vec<Placed<'a>>, Flaw> {
    let mut placed = Vec::with_capacity(names.len());
    for name in names {
        let number = name.strip_prefix("statements/").and_then(|it| it.strip_suffix(".json"));
        let index = number.and_then(|it| it.parse::<u64>().ok()).filter(|it| statement_name(*it) == *name);
        let index = index.ok_or_else(|| Flaw::new(name.as_str(), "no part of a proof is called so"))?;
        let leaf = usize::try_from(index).ok().and_then(|at| leaves.get(at));
        let leaf = leaf.ok_or_else(|| Flaw::new(name.as_str(), "the tree is not so large"))?;
        placed.push(Placed { file: name.clone(), index, envelope: used.file(name)?, leaf: *leaf });
    }
    Ok(placed)
}
