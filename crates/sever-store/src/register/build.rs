//! Building a register: read once, spread to disk by fingerprint, sort piece by piece, write once.
//!
//! Memory is one piece at a time (about 5 MB of 37.5 million ids) and the buffers; disk, the result
//! and what of the pieces is not yet in it. The result replaces an older register by rename.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sever_model::port::Reject;
use sever_model::{EventTime, FingerprintKey, Zone};

use super::format::{Body, HEADER_BYTES, Header, bucket_bits, deleted_minute, entry, pack, place, prefix};
use super::spill::{Row, Spill};
use super::{Columns, Register, RegisterError, RegisterMeta, csv_input, parquet_input};

/// Rejects that are kept with their place; the rest are counted.
const REJECTS_KEPT_MAX: usize = 20;
/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 100_000;

/// What a register is built from.
#[derive(Debug, Clone)]
pub struct RegisterInput {
    /// A CSV file, or a Parquet file by its ending.
    pub path: PathBuf,
    /// Which columns hold what; by their usual names where not said.
    pub columns: Columns,
    /// The zone of times that name none.
    pub zone: Zone,
    /// Until when the list is complete: an id given out later may be missing.
    pub complete_until: EventTime,
}

/// What a build came to.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildReport {
    /// What the register says of itself.
    pub meta: RegisterMeta,
    /// The columns that were read, as the file names them: id, created, deleted, member.
    pub columns: [Option<String>; 4],
    /// The first rows that could not be read; all are counted in `meta`.
    pub rejects: Vec<Reject>,
}

/// One id as the input says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) id: &'a [u8],
    pub(super) created: Option<EventTime>,
    pub(super) deleted: Option<EventTime>,
    pub(super) member: bool,
}

/// Takes the rows of an input.
pub(super) struct Intake<'a> {
    key: FingerprintKey,
    spill: Spill,
    progress: &'a mut dyn FnMut(u64, u64),
    rows: u64,
    rejected: u64,
    rejects: Vec<Reject>,
}

impl Intake<'_> {
    pub(super) fn take(&mut self, subject: &Subject<'_>) -> Result<(), RegisterError> {
        let deleted = subject.deleted.map_or(0, deleted_minute);
        let word = pack(subject.created, subject.member, deleted != 0);
        self.rows += 1;
        self.spill.push(&Row { prefix: prefix(self.key.fingerprint(subject.id)), word, deleted })
    }

    pub(super) fn reject(&mut self, reject: impl FnOnce() -> Reject) {
        self.rejected += 1;
        if self.rejects.len() < REJECTS_KEPT_MAX {
            self.rejects.push(reject());
        }
    }

    /// Tells how far it is, now and then.
    pub(super) fn progress(&mut self, done: u64, of: u64) {
        if (self.rows + self.rejected).is_multiple_of(PROGRESS_ROWS) {
            (self.progress)(done, of);
        }
    }
}

impl Register {
    /// Builds the register at `out` from a table, replacing an older one when done. `progress` is
    /// told how much of how much has been read, in bytes or rows.
    ///
    /// # Errors
    /// When a file cannot be read or written, or no column holds ids. A row that cannot be read is
    /// counted and passed over.
    pub fn build(
        input: &RegisterInput,
        out: &Path,
        key: FingerprintKey,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<BuildReport, RegisterError> {
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent).map_err(|error| RegisterError::File { path: parent.to_owned(), error })?;
        }
        let spill = Spill::create(out.with_extension("pieces"))?;
        let mut intake = Intake { key, spill, progress, rows: 0, rejected: 0, rejects: Vec::new() };
        let columns = match is_parquet(&input.path)? {
            true => parquet_input::read(input, &mut intake)?,
            false => csv_input::read(input, &mut intake)?,
        };
        let Intake { spill, rows, rejected, rejects, .. } = intake;
        if u32::try_from(rows).is_err() {
            let what = format!("{rows} rows are more than a register can number");
            return Err(RegisterError::Input { path: input.path.clone(), what, hint: None });
        }
        let next = out.with_extension("next");
        let failed = |error| RegisterError::File { path: next.clone(), error };
        let mut meta = RegisterMeta {
            ids: 0,
            members: 0,
            deleted: 0,
            duplicates: 0,
            rejected,
            complete_until: input.complete_until,
        };
        let mut file = File::create(&next).map_err(failed)?;
        file.write_all(&[0; HEADER_BYTES]).map_err(failed)?;
        let mut body = Body::new(file);
        let bits = bucket_bits(rows);
        let (buckets, deletions) = entries(spill, bits, &mut meta, &mut |bytes| body.push(bytes).map_err(failed))?;
        for number in buckets.into_iter().chain(deletions.into_iter().flatten()) {
            body.push(&number.to_le_bytes()).map_err(failed)?;
        }
        let (mut file, body_digest) = body.finish().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(&Header { meta, bits, body_digest }.bytes(&key)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&next, out).map_err(failed)?;
        Ok(BuildReport { meta, columns, rejects })
    }
}

/// Writes the entries; returns the bucket table, and rank and minute of each deletion.
#[allow(clippy::type_complexity)] // Two tables of numbers, used once.
fn entries(
    spill: Spill,
    bits: u32,
    meta: &mut RegisterMeta,
    write: &mut dyn FnMut(&[u8]) -> Result<(), RegisterError>,
) -> Result<(Vec<u32>, Vec<[u32; 2]>), RegisterError> {
    let mut buckets: Vec<u32> = Vec::with_capacity((1 << bits) + 1);
    let mut deletions = Vec::new();
    spill.drain(&mut |rows| {
        // Sorted by fingerprint, then by when it was created: the first of each is the earliest.
        // The flags are above the minutes, and must not decide.
        rows.sort_unstable_by_key(|row| (row.prefix, row.word << 2, row.deleted));
        let before = rows.len();
        rows.dedup_by_key(|row| row.prefix);
        meta.duplicates += (before - rows.len()) as u64;
        for row in rows.iter() {
            let rank = meta.ids as u32;
            let place = place(row.prefix, bits);
            // A bucket begins at the first rank that is not before it.
            while buckets.len() <= place.bucket as usize {
                buckets.push(rank);
            }
            let (_, member, deleted) = super::format::unpack(row.word);
            if deleted {
                deletions.push([rank, row.deleted]);
            }
            meta.ids += 1;
            meta.members += u64::from(member);
            meta.deleted += u64::from(deleted);
            write(&entry(place.remainder, row.word))?;
        }
        Ok(())
    })?;
    buckets.resize((1 << bits) + 1, meta.ids as u32);
    Ok((buckets, deletions))
}

/// Whether a file is Parquet: by its first bytes, not by its name.
fn is_parquet(path: &Path) -> Result<bool, RegisterError> {
    use std::io::Read as _;
    let failed = |error| RegisterError::File { path: path.to_owned(), error };
    let mut magic = Vec::new();
    File::open(path).map_err(failed)?.take(4).read_to_end(&mut magic).map_err(failed)?;
    Ok(magic == b"PAR1")
}
