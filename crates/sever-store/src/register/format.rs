//! The register's bytes: header, entries, buckets, deletions. Little endian throughout.

use std::io::{self, Write};
use std::ops::Range;

use sever_model::{EventTime, Fingerprint, FingerprintKey};

use super::RegisterMeta;

pub(super) const HEADER_BYTES: usize = 128;
pub(super) const ENTRY_BYTES: usize = 14;
/// Rank and minute.
pub(super) const DELETION_BYTES: usize = 8;

/// Bits of a fingerprint that are kept at all: the most bits of a bucket, and a remainder.
const PREFIX_BITS: u32 = BUCKET_BITS_MAX + REMAINDER_BITS;
const REMAINDER_BITS: u32 = 80;
const BUCKET_BITS_MAX: u32 = 24;
/// Ids in a bucket, on average: about two cache lines.
const IDS_PER_BUCKET: u64 = 8;

const MAGIC: &[u8; 8] = b"SEVRREG\n";
const VERSION: u32 = 1;

/// Digests here find damage; the fingerprint key is what keeps adversaries out.
const DIGEST_KEY: FingerprintKey = FingerprintKey::new(*b"severance-regist");
/// Bytes digested at once.
const DIGEST_BLOCK: usize = 1 << 20;

const MEMBER: u32 = 1 << 31;
const DELETED: u32 = 1 << 30;
const MINUTES: u32 = DELETED - 1;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Where an id is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) bucket: u32,
    pub(super) remainder: u128,
}

/// The bits of a fingerprint that are kept.
pub(super) const fn prefix(fingerprint: Fingerprint) -> u128 {
    fingerprint.0 >> (u128::BITS - PREFIX_BITS)
}

/// The place of a fingerprint's prefix among `2^bits` buckets.
pub(super) const fn place(prefix: u128, bits: u32) -> Place {
    let bucket = (prefix >> (PREFIX_BITS - bits)) as u32;
    let remainder = (prefix >> (BUCKET_BITS_MAX - bits)) & ((1 << REMAINDER_BITS) - 1);
    Place { bucket, remainder }
}

/// How many bits of bucket suit this many ids.
pub(super) const fn bucket_bits(ids: u64) -> u32 {
    let buckets = ids / IDS_PER_BUCKET;
    let bits = if buckets == 0 { 0 } else { buckets.ilog2() };
    if bits < BUCKET_BITS_MAX { bits } else { BUCKET_BITS_MAX }
}

/// An entry's word: created in minutes, 0 for not said, and two flags.
pub(super) fn pack(created: Option<EventTime>, member: bool, deleted: bool) -> u32 {
    let minutes = created.map_or(0, |created| minutes(created.micros().div_euclid(MICROS_PER_MINUTE)));
    minutes | if member { MEMBER } else { 0 } | if deleted { DELETED } else { 0 }
}

/// Created, member, deleted.
pub(super) fn unpack(word: u32) -> (EventTime, bool, bool) {
    let created = match word & MINUTES {
        0 => EventTime::MIN,
        minutes => time(minutes),
    };
    (created, word & MEMBER != 0, word & DELETED != 0)
}

/// The minute by whose beginning a deletion is over.
pub(super) fn deleted_minute(deleted: EventTime) -> u32 {
    let up = deleted.micros().saturating_add(MICROS_PER_MINUTE - 1);
    minutes(up.div_euclid(MICROS_PER_MINUTE))
}

/// Held to what 30 bits can say; times before 1970 become its first minute.
fn minutes(minutes: i64) -> u32 {
    minutes.clamp(1, i64::from(MINUTES)) as u32
}

/// A minute as a time.
pub(super) fn time(minutes: u32) -> EventTime {
    EventTime::from_micros(i64::from(minutes) * MICROS_PER_MINUTE)
}

/// Writes an entry.
pub(super) fn entry(remainder: u128, word: u32) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    let (head, tail) = bytes.split_at_mut(10);
    head.copy_from_slice(remainder.to_le_bytes().first_chunk::<10>().unwrap_or(&[0; 10]));
    tail.copy_from_slice(&word.to_le_bytes());
    bytes
}

/// An entry's part of the fingerprint.
pub(super) fn remainder_of(entry: &[u8]) -> u128 {
    let low = entry.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let high = entry.get(8..).and_then(<[u8]>::first_chunk::<2>).map_or(0, |bytes| u16::from_le_bytes(*bytes));
    u128::from(high) << 64 | u128::from(low)
}

/// An entry's word.
pub(super) fn word_of(entry: &[u8]) -> u32 {
    entry.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The number that a slice begins with.
pub(super) fn u32_of(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Digest of a file's body.
pub(super) fn digest(body: &[u8]) -> u64 {
    let blocks: Vec<u8> = body.chunks(DIGEST_BLOCK).flat_map(block_digest).collect();
    DIGEST_KEY.hash64(&blocks)
}

fn block_digest(block: &[u8]) -> [u8; 8] {
    DIGEST_KEY.hash64(block).to_le_bytes()
}

/// Writes a body block by block, and digests it as [`digest`] would.
pub(super) struct Body<W> {
    out: W,
    block: Vec<u8>,
    digests: Vec<u8>,
}

impl<W: Write> Body<W> {
    pub(super) fn new(out: W) -> Body<W> {
        Body { out, block: Vec::with_capacity(DIGEST_BLOCK), digests: Vec::new() }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(DIGEST_BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == DIGEST_BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// What it was written to, and the digest.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        if !self.block.is_empty() {
            self.flush()?;
        }
        Ok((self.out, DIGEST_KEY.hash64(&self.digests)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.block)?;
        self.digests.extend_from_slice(&block_digest(&self.block));
        self.block.clear();
        Ok(())
    }
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) meta: RegisterMeta,
    /// Bits of bucket.
    pub(super) bits: u32,
    pub(super) body_digest: u64,
}

impl Header {
    /// Its bytes.
    pub(super) fn bytes(&self, key: &FingerprintKey) -> [u8; HEADER_BYTES] {
        let meta = &self.meta;
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.bits.to_le_bytes());
        let numbers = [meta.ids, meta.members, meta.deleted, meta.duplicates, meta.rejected];
        let until = meta.complete_until.micros().cast_unsigned();
        for number in numbers.into_iter().chain([until, self.body_digest, key_check(key)]) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.resize(HEADER_BYTES - 8, 0);
        let check = DIGEST_KEY.hash64(&bytes);
        bytes.extend_from_slice(&check.to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads a file's header.
    pub(super) fn parse(file: &[u8], key: &FingerprintKey) -> Result<Header, &'static str> {
        let magic = file.get(..8).ok_or("it is empty or cut short")?;
        if magic != MAGIC {
            return Err("it does not begin like one");
        }
        let header = file.get(..HEADER_BYTES).ok_or("it is cut short")?;
        if u32_of(header.get(8..).unwrap_or_default()) != VERSION {
            return Err("it is of another version");
        }
        let number = |at: usize| {
            let bytes = header.get(16 + 8 * at..).and_then(<[u8]>::first_chunk::<8>);
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let check = header.last_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        if header.get(..HEADER_BYTES - 8).is_none_or(|head| DIGEST_KEY.hash64(head) != check) {
            return Err("its header does not match its checksum");
        }
        if number(7) != key_check(key) {
            return Err("it was built under another key");
        }
        let bits = u32_of(header.get(12..).unwrap_or_default());
        let meta = RegisterMeta {
            ids: number(0),
            members: number(1),
            deleted: number(2),
            duplicates: number(3),
            rejected: number(4),
            complete_until: EventTime::from_micros(number(5).cast_signed()),
        };
        Ok(Header { meta, bits: bits.min(BUCKET_BITS_MAX), body_digest: number(6) })
    }
}

fn key_check(key: &FingerprintKey) -> u64 {
    key.hash64(b"severance register")
}

/// Where the parts of a file lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) entries: Range<usize>,
    pub(super) buckets: Range<usize>,
    pub(super) deletions: Range<usize>,
    pub(super) end: usize,
}

impl Layout {
    /// The layout that a header implies, unless it is larger than memory can be.
    pub(super) fn of(header: &Header) -> Option<Layout> {
        let part = |start: usize, count: u64, bytes: usize| {
            let length = usize::try_from(count).ok()?.checked_mul(bytes)?;
            Some(start..start.checked_add(length)?)
        };
        let entries = part(HEADER_BYTES, header.meta.ids, ENTRY_BYTES)?;
        let buckets = part(entries.end, (1 << header.bits) + 1, 4)?;
        let deletions = part(buckets.end, header.meta.deleted, DELETION_BYTES)?;
        Some(Layout { end: deletions.end, entries, buckets, deletions })
    }
}
