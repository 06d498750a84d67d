//! Where C2SP `tlog-tiles` puts what: paths of tiles and entry bundles, and what stands in them.

use super::digest::Hash;
use super::merkle::{TILE_WIDTH, edge_width, levels, tile_count};

/// The longest entry: its length is two bytes in a bundle.
pub(crate) const ENTRY_BYTES_MAX: usize = 65_535;

/// Which kind of file a tile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Hashes of a level.
    Hashes(usize),
    /// Entries.
    Entries,
}

/// The path of a tile: `tile/<L>/<N>`, with `.p/<W>` where it is `width` < 256 wide.
pub(crate) fn path(kind: Kind, index: u64, width: usize) -> String {
    let level = match kind {
        Kind::Hashes(level) => level.to_string(),
        Kind::Entries => "entries".to_owned(),
    };
    let mut number = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        number = format!("x{:03}/{number}", rest % 1_000);
        rest /= 1_000;
    }
    let partial = if width < TILE_WIDTH { format!(".p/{width}") } else { String::new() };
    format!("tile/{level}/{number}{partial}")
}

/// The tiles of one kind that a tree of a size has: index and width, from left to right.
pub(crate) fn of_tree(kind: Kind, size: u64) -> impl Iterator<Item = (u64, usize)> {
    let level = match kind {
        Kind::Hashes(level) => level,
        Kind::Entries => 0,
    };
    let full = tile_count(size, level);
    let width = edge_width(size, level);
    (0..full).map(|index| (index, TILE_WIDTH)).chain((width > 0).then_some((full, width)))
}

/// All hash tiles that a tree of a size has.
pub(crate) fn hash_tiles(size: u64) -> impl Iterator<Item = (Kind, u64, usize)> {
    (0..levels(size)).flat_map(move |level| {
        of_tree(Kind::Hashes(level), size).map(move |(index, width)| (Kind::Hashes(level), index, width))
    })
}

/// Hashes, one after the other.
pub(crate) fn join(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// The hashes of a tile of this width, where its length fits.
pub(crate) fn split(bytes: &[u8], width: usize) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (hashes.len() == width && rest.is_empty()).then(|| hashes.to_vec())
}

/// Adds an entry to a bundle.
pub(crate) fn add_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    bundle.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// The entries of a bundle of this width, where it holds exactly so many.
pub(crate) fn entries(bundle: &[u8], width: usize) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(width);
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (entry, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = tail;
        if entries.len() > width {
            return None;
        }
    }
    (entries.len() == width).then_some(entries)
}

#[cfg(test)]
mod tests;
