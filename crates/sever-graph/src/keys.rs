//! Which people a key may mean: an index of hashes, for a million people and several keys each.
//!
//! It holds 12 bytes a key and no text, so that it is made in a second and not in ten; whoever finds a
//! person by it checks that they have the key, since two texts may share a hash.

use std::hash::BuildHasher;

use sever_model::PersonIx;

/// People sharing a key beyond which it finds nobody: it tells nothing.
pub(crate) const SHARED_MAX: usize = 50;

/// Keys as they are gathered.
pub(crate) struct Gathered {
    rows: Vec<(u64, PersonIx)>,
    hasher: foldhash::quality::RandomState,
}

/// Keys, to be looked up.
pub(crate) struct Keys {
    /// Sorted by hash, then person.
    rows: Vec<(u64, PersonIx)>,
    /// Where the rows begin whose hash has each value in its upper bits; one longer than the values.
    starts: Vec<u32>,
    shift: u32,
    hasher: foldhash::quality::RandomState,
}

impl Gathered {
    pub(crate) fn new(hasher: foldhash::quality::RandomState) -> Gathered {
        Gathered { rows: Vec::new(), hasher }
    }

    /// Adds a person's key; an empty one is none.
    pub(crate) fn add(&mut self, key: &str, person: PersonIx) {
        if !key.is_empty() {
            self.rows.push((self.hasher.hash_one(key), person));
        }
    }
}

impl Keys {
    pub(crate) fn new(gathered: Gathered) -> Keys {
        let Gathered { mut rows, hasher } = gathered;
        rows.sort_unstable();
        rows.dedup();
        let bits = (usize::BITS - rows.len().leading_zeros()).clamp(1, 24);
        let shift = 64 - bits;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for (hash, _) in &rows {
            if let Some(next) = starts.get_mut((hash >> shift) as usize + 1) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Keys { rows, starts, shift, hasher }
    }

    /// The people who may have a key; nobody where too many do.
    pub(crate) fn find(&self, key: &str) -> impl Iterator<Item = PersonIx> {
        let hash = self.hasher.hash_one(key);
        let at = (hash >> self.shift) as usize;
        let range = match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        };
        let near = self.rows.get(range).unwrap_or_default();
        let from = near.partition_point(|(other, _)| *other < hash);
        let to = near.partition_point(|(other, _)| *other <= hash);
        let found = near.get(from..to).filter(|found| found.len() <= SHARED_MAX).unwrap_or_default();
        found.iter().map(|(_, person)| *person)
    }
}
