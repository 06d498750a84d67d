//! The Merkle tree of RFC 6962, grown leaf by leaf and cut into the tiles of C2SP `tlog-tiles`.
//!
//! A tile at level *l* holds up to 256 hashes of subtrees of 256^*l* leaves each. [`Tree`] keeps only
//! the right edge: of each level the hashes of the tile that is not full yet. Full tiles leave it as
//! they are made.

use super::digest::{Hash, sha256};

/// Hashes in a full tile.
pub(crate) const TILE_WIDTH: usize = 256;

/// The hash of a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// A full tile that growing made: its level, its place in it, and its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FullTile {
    pub(crate) level: usize,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Hash>,
}

/// A tree of which only the right edge is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    size: u64,
    /// Of each level, the hashes of the tile that is not full.
    edge: Vec<Vec<Hash>>,
    /// The complete subtrees from left to right, which are those of the bits of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// The tree of a size whose partial tiles are these, the lowest level first.
    pub(crate) fn of(size: u64, edge: Vec<Vec<Hash>>) -> Tree {
        let mut peaks = Vec::new();
        for level in edge.iter().rev() {
            // Subtrees of one size: those of the bits of their number.
            let mut part = Peaks::default();
            for hash in level {
                part.push(*hash);
            }
            peaks.extend(part.peaks);
        }
        Tree { size, edge, peaks }
    }

    /// How many leaves it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Of each level, the hashes of the tile that is not full; levels may be empty.
    pub(crate) fn edge(&self) -> &[Vec<Hash>] {
        &self.edge
    }

    /// Adds a leaf; the tiles that it fills.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut peaks = Peaks { count: self.size, peaks: std::mem::take(&mut self.peaks) };
        peaks.push(leaf);
        self.peaks = peaks.peaks;
        self.size += 1;
        let mut full = Vec::new();
        let mut hash = leaf;
        for level in 0.. {
            if self.edge.len() <= level {
                self.edge.push(Vec::new());
            }
            let Some(edge) = self.edge.get_mut(level) else { break };
            edge.push(hash);
            if edge.len() < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(edge);
            hash = root(&hashes);
            full.push(FullTile { level, index: tile_count(self.size, level).saturating_sub(1), hashes });
        }
        full
    }

    /// The tree's root; of no leaves, the digest of nothing.
    pub(crate) fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}

/// Complete subtrees, from left to right.
#[derive(Default)]
struct Peaks {
    count: u64,
    peaks: Vec<Hash>,
}

impl Peaks {
    fn push(&mut self, hash: Hash) {
        let mut hash = hash;
        // Two subtrees of one size become one of the next.
        for _ in 0..self.count.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
        }
        self.peaks.push(hash);
        self.count += 1;
    }
}

fn fold(peaks: &[Hash]) -> Hash {
    let mut peaks = peaks.iter().rev();
    let Some(last) = peaks.next() else { return sha256(&[]) };
    peaks.fold(*last, |right, left| node_hash(left, &right))
}

/// The root of a tree of these leaf hashes.
fn root(hashes: &[Hash]) -> Hash {
    let mut peaks = Peaks::default();
    for hash in hashes {
        peaks.push(*hash);
    }
    fold(&peaks.peaks)
}

/// How many full tiles a level of a tree has.
pub(crate) fn tile_count(size: u64, level: usize) -> u64 {
    let bits = u32::try_from(8 * (level + 1)).unwrap_or(u32::MAX);
    size.checked_shr(bits).unwrap_or(0)
}

/// How wide the partial tile of a level of a tree is; 0 where there is none.
pub(crate) fn edge_width(size: u64, level: usize) -> usize {
    let bits = u32::try_from(8 * level).unwrap_or(u32::MAX);
    usize::try_from(size.checked_shr(bits).unwrap_or(0) % TILE_WIDTH as u64).unwrap_or(0)
}

/// How many levels of tiles a tree of a size has.
pub(crate) fn levels(size: u64) -> usize {
    (0..8).take_while(|level| size.checked_shr(8 * *level).unwrap_or(0) > 0).count()
}

#[cfg(test)]
mod tests;
