//! One run of the index: what the rows of one segment of one day touched, both ways round.
//!
//! ```text
//! magic · sections, each at a multiple of 8 · head (JSON, gzip) · length of the head · its CRC-32 · magic
//! ```
//!
//! A run is made whole, put in place by one rename, and never written again. Its head and tables are
//! checked when it is opened, the rest by [`Run::verify`].

use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use sever_model::EventTime;

use super::bits::Bits;
use super::build::{ADDRESS_TEXT, DAY_MICROS, STARTS_EVERY, TIME_BITS};
use super::face::{Actor, Face};
use super::numbering::map;
use super::sequence::{Numbers, Sequence};
use super::set::{self, Shape};
use crate::LakeError;

pub(super) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"SEVRIDX\n";
/// Length and checksum of the head, and the magic again.
const TAIL_BYTES: usize = 24;
/// The most that a head may be, unpacked.
const HEAD_BYTES_MAX: u64 = 1 << 30;

/// What lists are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facet {
    Actor = 0,
    Address = 1,
    Agent = 2,
}

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Section {
    /// Of a facet: keys 0, requests 1, then from 2 on counts, starts and sets.
    Facet(u8, u8),
    /// The addresses of each list of actors: counts 0, starts 1 and sets 2.
    Addresses(u8),
    /// Subject and list of actors, by subject.
    Reverse,
    /// First and last use of each list of a facet.
    Times(u8),
}

impl Section {
    /// One of the three parts that lists are written in.
    pub(super) const fn part(self, part: u8) -> Section {
        match self {
            Section::Facet(facet, first) => Section::Facet(facet, first + part),
            Section::Addresses(first) => Section::Addresses(first + part),
            other => other,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) version: u32,
    /// Since the Unix epoch.
    pub(super) day: i64,
    pub(super) rows: u64,
    /// Numbers of subjects are below it.
    pub(super) subjects: u64,
    /// Whether there were more faces than a run tells apart.
    pub(super) cut: bool,
    pub(super) facets: Vec<FacetHead>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct FacetHead {
    pub(super) lists: u64,
    pub(super) pairs: u64,
}

/// The names in a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tables {
    pub(super) actors: Vec<Actor>,
    pub(super) agents: Vec<Box<str>>,
    pub(super) others: Vec<Box<str>>,
    pub(super) faces: Vec<Face>,
    /// By facet: lists that have something noted, by rank.
    pub(super) notes: [Vec<(u32, Note)>; 3],
}

/// What the rows of a list say of people whom they do not name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Answers that do not even say how many.
    pub(crate) unsaid: u64,
    /// Counted, and not named.
    pub(crate) unnamed: u64,
    /// The most that one of those answers counts.
    pub(crate) counted_max: u64,
    pub(crate) refs: Vec<RefNote>,
}

impl Note {
    pub(super) fn is_empty(&self) -> bool {
        *self == Note::default()
    }
}

/// What the rows with one reference say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefNote {
    pub(crate) reference: Box<str>,
    /// Rows that name nobody themselves.
    pub(crate) nameless: u64,
    /// Of those the most that one counts.
    pub(crate) count_max: Option<u64>,
    /// Of those such as give data and no count.
    pub(crate) uncounted: u64,
    /// Of rows that name some: the most that one counts beyond them.
    pub(crate) beyond_max: u64,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    head: Head,
    tables: Tables,
    /// Where each begins, its length, and its CRC-32.
    sections: Vec<(Section, u64, u64, u32)>,
}

/// The bytes of a run.
pub(super) fn encode(head: Head, tables: &Tables, sections: Vec<(Section, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let mut places = Vec::new();
    for (section, part) in sections {
        places.push((section, bytes.len() as u64, part.len() as u64, crc(&part)));
        bytes.extend(part);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    let footer = serde_json::json!({ "head": head, "tables": tables, "sections": places }).to_string();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let packed = packed.write_all(footer.as_bytes()).and_then(|()| packed.finish()).unwrap_or_default();
    bytes.extend(&packed);
    bytes.extend((packed.len() as u64).to_le_bytes());
    bytes.extend(u64::from(crc(&packed)).to_le_bytes());
    bytes.extend(MAGIC);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A run that can be asked.
#[derive(Debug)]
pub(crate) struct Run {
    path: PathBuf,
    map: Mmap,
    pub(super) head: Head,
    pub(super) tables: Tables,
    sections: Vec<(Section, u64, u64, u32)>,
}

impl Run {
    /// # Errors
    /// When it cannot be read, or is damaged or cut short.
    pub(super) fn open(path: &Path) -> Result<Run, LakeError> {
        let map = File::open(path)
            .and_then(|file| map(&file))
            .map_err(|error| LakeError::File { path: path.to_owned(), error })?;
        let damaged = |what: &str| LakeError::Damaged { path: path.to_owned(), what: what.to_owned() };
        let footer = footer(&map).map_err(damaged)?;
        let Footer { head, tables, sections } = footer;
        Ok(Run { path: path.to_owned(), map, head, tables, sections })
    }

    /// Compares all of it with its checksums.
    ///
    /// # Errors
    /// When a bit has changed.
    pub(super) fn verify(&self) -> Result<(), LakeError> {
        for (section, _, _, sum) in &self.sections {
            if crc(self.section(*section)) != *sum {
                let what = format!("its part {section:?} does not match its checksum");
                return Err(LakeError::Damaged { path: self.path.clone(), what });
            }
        }
        Ok(())
    }

    fn section(&self, section: Section) -> &[u8] {
        let found = self.sections.iter().find(|(it, ..)| *it == section);
        let range = found.map_or(0..0, |(_, at, length, _)| *at as usize..at.saturating_add(*length) as usize);
        self.map.get(range).unwrap_or_default()
    }

    fn sequence(&self, section: Section) -> Sequence<'_> {
        Sequence::new(self.section(section)).unwrap_or(Sequence::EMPTY)
    }

    /// The lists of a facet whose things lie in these ranges, which rise and do not overlap.
    pub(super) fn lists(&self, facet: Facet, things: &[Range<u64>], mut each: impl FnMut(List<'_>)) {
        let faces = self.tables.faces.len() as u64;
        let keys = self.sequence(Section::Facet(facet as u8, 0));
        if faces == 0 {
            return;
        }
        let mut cursor = Cursor::new(self, facet);
        for range in things {
            let (first, keys) = keys.seek(range.start.saturating_mul(faces));
            for (rank, key) in (first..).zip(keys) {
                if key / faces >= range.end {
                    break;
                }
                let Some((shape, at, requests)) = cursor.list(rank) else { return };
                let (thing, face) = (key / faces, (key % faces) as u32);
                each(List { run: self, facet, rank, thing, face, requests, shape, at });
            }
        }
    }

    /// The thing and the face of a list.
    pub(super) fn key(&self, facet: Facet, rank: u64) -> Option<(u64, u32)> {
        let key = self.sequence(Section::Facet(facet as u8, 0)).number(rank)?;
        let faces = self.tables.faces.len() as u64;
        Some((key.checked_div(faces)?, key.checked_rem(faces)? as u32))
    }

    /// The addresses of a list of actors.
    pub(super) fn addresses(&self, rank: u64, each: impl FnMut(u64)) {
        let universe = ADDRESS_TEXT + self.tables.others.len() as u64;
        let mut places = Places::new(self, Section::Addresses(0), universe);
        if let Some((shape, at)) = places.place(rank) {
            set::each(Bits(self.section(Section::Addresses(2))), at, shape, each);
        }
    }

    /// What is noted of a list.
    pub(super) fn note(&self, facet: Facet, rank: u64) -> Option<&Note> {
        let notes = self.tables.notes.get(facet as usize)?;
        let at = notes.binary_search_by_key(&rank, |(rank, _)| u64::from(*rank)).ok()?;
        notes.get(at).map(|(_, note)| note)
    }

    /// First and last use of a list.
    pub(super) fn times(&self, facet: Facet, rank: u64) -> [EventTime; 2] {
        let bits = Bits(self.section(Section::Times(facet as u8)));
        let start = rank * 2 * u64::from(TIME_BITS);
        [start, start + u64::from(TIME_BITS)].map(|at| {
            let micros = bits.take(at, TIME_BITS) as i64;
            EventTime::from_micros(self.head.day * DAY_MICROS + micros)
        })
    }

    /// The lists of actors that touched a subject, by rank.
    pub(super) fn touching(&self, subject: u32, mut each: impl FnMut(u64)) {
        let lists = self.head.facets.first().map_or(0, |facet| facet.lists).max(1);
        let start = u64::from(subject) * lists;
        let (_, pairs) = self.sequence(Section::Reverse).seek(start);
        pairs.take_while(|pair| *pair < start + lists).for_each(|pair| each(pair - start));
    }

    /// Adds up what its sets take.
    pub(super) fn size(&self, into: &mut Size) {
        into.runs += 1;
        into.bytes += self.map.len() as u64;
        into.back_bytes += self.section(Section::Reverse).len() as u64;
        into.back_pairs += self.head.facets.first().map_or(0, |facet| facet.pairs);
        let actors = self.head.facets.first().map_or(0, |facet| facet.lists);
        into.back_bound += bound(self.head.subjects * actors, self.head.facets.first().map_or(0, |facet| facet.pairs));
        for (facet, of) in [Facet::Actor, Facet::Address, Facet::Agent].into_iter().zip(&mut into.facets) {
            let head = self.head.facets.get(facet as usize).copied().unwrap_or_default();
            of.lists += head.lists;
            of.pairs += head.pairs;
            of.set_bytes += self.section(Section::Facet(facet as u8, 4)).len() as u64;
            of.beside_bytes += [0, 1, 2, 3]
                .map(|part| self.section(Section::Facet(facet as u8, part)).len() as u64)
                .iter()
                .sum::<u64>();
            let mut sums = self.sequence(Section::Facet(facet as u8, 2)).from(0);
            let mut before = sums.next().unwrap_or(0);
            for sum in sums {
                of.bound += bound(self.head.subjects, sum - before);
                before = sum;
            }
        }
    }
}

/// What an index takes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Size {
    /// Runs.
    pub runs: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes of the way back, from a subject to what touched it.
    pub back_bytes: u64,
    /// Pairs in it.
    pub back_pairs: u64,
    /// The bits that theory needs for them.
    pub back_bound: f64,
    /// By who acted, from where, and with what.
    pub facets: [FacetSize; 3],
}

/// What the lists of one kind take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FacetSize {
    /// Lists.
    pub lists: u64,
    /// Subjects in them.
    pub pairs: u64,
    /// Bytes of the sets.
    pub set_bytes: u64,
    /// Bytes of what finds them: keys, counts and places.
    pub beside_bytes: u64,
    /// The bits that theory needs for the sets.
    pub bound: f64,
}

/// `n (log2(U/n) + 1.44)`: the fewest bits of a set of `n` among `U`, nearly.
fn bound(universe: u64, count: u64) -> f64 {
    match count {
        0 => 0.0,
        _ => count as f64 * ((universe as f64 / count as f64).log2() + 1.44),
    }
}

/// One list of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(super) run: &'a Run,
    facet: Facet,
    pub(super) rank: u64,
    pub(super) thing: u64,
    pub(super) face: u32,
    pub(super) requests: u64,
    shape: Shape,
    at: u64,
}

impl List<'_> {
    /// The numbers of its subjects, rising.
    #[inline]
    pub(crate) fn each(self, mut take: impl FnMut(u32)) {
        let sets = Bits(self.run.section(Section::Facet(self.facet as u8, 4)));
        set::each(sets, self.at, self.shape, |number| take(number as u32));
    }
}

/// Finds lists of a facet one after the other.
struct Cursor<'a> {
    places: Places<'a>,
    requests: Sequence<'a>,
    sums: Numbers<'a>,
    before: u64,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run, facet: Facet) -> Cursor<'a> {
        let requests = run.sequence(Section::Facet(facet as u8, 1));
        let places = Places::new(run, Section::Facet(facet as u8, 2), run.head.subjects);
        Cursor { places, requests, sums: Sequence::EMPTY.from(0), before: 0 }
    }

    /// The shape of a list's set, where it begins, and the list's requests.
    fn list(&mut self, rank: u64) -> Option<(Shape, u64, u64)> {
        if self.places.next != Some(rank) || rank == 0 {
            self.sums = self.requests.from(rank);
            self.before = self.sums.next()?;
        }
        let sum = self.sums.next()?;
        let requests = sum.saturating_sub(std::mem::replace(&mut self.before, sum));
        self.places.place(rank).map(|(shape, at)| (shape, at, requests))
    }
}

/// Finds the sets of lists one after the other: how large each is, and where it begins.
struct Places<'a> {
    counts: Sequence<'a>,
    starts: Sequence<'a>,
    universe: u64,
    /// The list that comes next without a search.
    next: Option<u64>,
    sums: Numbers<'a>,
    before: u64,
    at: u64,
}

impl<'a> Places<'a> {
    fn new(run: &'a Run, section: Section, universe: u64) -> Places<'a> {
        let (counts, starts) = (run.sequence(section), run.sequence(section.part(1)));
        Places { counts, starts, universe, next: None, sums: Sequence::EMPTY.from(0), before: 0, at: 0 }
    }

    fn place(&mut self, rank: u64) -> Option<(Shape, u64)> {
        let every = STARTS_EVERY as u64;
        let mut list = match self.next.filter(|next| (*next..*next + every).contains(&rank)) {
            Some(next) => next,
            None => {
                let from = rank / every * every;
                self.sums = self.counts.from(from);
                self.before = self.sums.next()?;
                self.at = self.starts.number(rank / every)?;
                from
            }
        };
        loop {
            let sum = self.sums.next()?;
            let shape = Shape { count: sum.saturating_sub(self.before), universe: self.universe };
            let at = self.at;
            (self.before, self.at) = (sum, at + shape.bits());
            if list == rank {
                self.next = Some(rank + 1);
                return Some((shape, at));
            }
            list += 1;
        }
    }
}

fn footer(map: &[u8]) -> Result<Footer, &'static str> {
    let short = "it is cut short";
    let tail = map.len().checked_sub(TAIL_BYTES).and_then(|at| map.get(at..)).ok_or(short)?;
    if !map.starts_with(MAGIC) || !tail.ends_with(MAGIC) {
        return Err("it is no run of an index, or cut short");
    }
    let number =
        |at: usize| tail.get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let end = map.len() - TAIL_BYTES;
    let start = usize::try_from(number(0)).ok().and_then(|length| end.checked_sub(length)).ok_or(short)?;
    let packed = map.get(start..end).ok_or(short)?;
    if u64::from(crc(packed)) != number(8) {
        return Err("its head does not match its checksum");
    }
    let mut text = String::new();
    GzDecoder::new(packed).take(HEAD_BYTES_MAX).read_to_string(&mut text).map_err(|_| "its head cannot be unpacked")?;
    let footer: Footer = serde_json::from_str(&text).map_err(|_| "its head cannot be read")?;
    match footer.head.version {
        VERSION => Ok(footer),
        _ => Err("it is of another version"),
    }
}
