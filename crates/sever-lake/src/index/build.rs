//! Makes a run of the index from the rows of one day.
//!
//! Memory: 8 bytes a row and facet, doubled while a run is sealed; [`PAIRS_MAX`] rows that repeat each
//! other are folded together before that.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv4Addr;

use sever_model::Outcome;

use super::bits::BitWriter;
use super::face::{Actor, FACES_MAX, Face};
use super::numbering::Numbering;
use super::run::{Facet, FacetHead, Head, Note, RefNote, Section, Tables, VERSION, encode};
use super::sequence;
use super::set::{self, Shape};
use crate::{LakeError, UseRow, subject};

/// Pairs of a list and a subject, past which repeated ones are folded.
const PAIRS_MAX: usize = 1 << 23;
/// Lists from one kept position to the next.
pub(super) const STARTS_EVERY: usize = 32;
/// Bits of a time of day in microseconds.
pub(super) const TIME_BITS: u32 = 37;
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
/// Addresses from there on stand in a table.
pub(super) const ADDRESS_TEXT: u64 = 1 << 32;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Makes one run.
pub struct RunBuilder {
    day: i64,
    rows: u64,
    faces: Interned<Face>,
    actors: Interned<Actor>,
    agents: Interned<Box<str>>,
    /// Addresses that are no IPv4 address.
    others: Interned<Box<str>>,
    facets: [FacetBuilder; 3],
    /// Which addresses a list of actors used.
    addresses: Vec<u64>,
    /// Whether faces did not fit.
    cut: bool,
    /// Of the row before: rows that follow each other are much alike.
    last: (u32, u32),
}

struct Interned<T> {
    numbers: Map<T, u32>,
    all: Vec<T>,
}

impl<T: Clone + Eq + Hash> Interned<T> {
    fn new() -> Interned<T> {
        Interned { numbers: Map::default(), all: Vec::new() }
    }

    fn number(&mut self, it: T) -> u32 {
        if let Some(number) = self.numbers.get(&it) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.numbers.insert(it.clone(), number);
        self.all.push(it);
        number
    }
}

#[derive(Default)]
struct FacetBuilder {
    lists: Map<(u64, u32), u32>,
    stats: Vec<Stat>,
    pairs: Vec<u64>,
    folded: usize,
}

/// What a list counts.
struct Stat {
    thing: u64,
    face: u32,
    requests: u64,
    first: i64,
    last: i64,
    note: Note,
}

impl FacetBuilder {
    fn list(&mut self, thing: u64, face: u32, time: i64) -> u32 {
        let next = self.stats.len() as u32;
        let list = *self.lists.entry((thing, face)).or_insert(next);
        if list == next {
            self.stats.push(Stat { thing, face, requests: 0, first: time, last: time, note: Note::default() });
        }
        list
    }

    fn add(&mut self, thing: u64, face: u32, row: &UseRow<'_>, numbers: &[u32]) -> u32 {
        let time = row.time.micros();
        let list = self.list(thing, face, time);
        if let Some(stat) = self.stats.get_mut(list as usize) {
            stat.requests += 1;
            (stat.first, stat.last) = (stat.first.min(time), stat.last.max(time));
            note(&mut stat.note, row);
        }
        self.pairs.extend(numbers.iter().map(|number| u64::from(list) << 32 | u64::from(*number)));
        if self.pairs.len() >= PAIRS_MAX + 2 * self.folded {
            fold(&mut self.pairs);
            self.folded = self.pairs.len();
        }
        list
    }
}

fn fold(pairs: &mut Vec<u64>) {
    pairs.sort_unstable();
    pairs.dedup();
}

/// What a row says of people whom it does not name.
fn note(note: &mut Note, row: &UseRow<'_>) {
    if row.outcome == Outcome::Refused {
        return;
    }
    let named = row.data_subjects.len() as u64;
    match (row.subject_ref, row.subject_count) {
        ("", Some(count)) if count > named => {
            note.unnamed += count - named;
            note.counted_max = note.counted_max.max(count);
        }
        ("", None) if named == 0 => note.unsaid += u64::from(gives(row)),
        ("", _) => {}
        (reference, count) if named == 0 => {
            let of = refs(note, reference);
            of.nameless += 1;
            of.count_max = of.count_max.max(count);
            of.uncounted += u64::from(count.is_none() && gives(row));
        }
        (reference, Some(count)) if count > named => {
            let of = refs(note, reference);
            of.beyond_max = of.beyond_max.max(count - named);
            note.counted_max = note.counted_max.max(count);
        }
        _ => {}
    }
}

/// A sign-in or a change gives nobody's data; a request that is answered may.
fn gives(row: &UseRow<'_>) -> bool {
    matches!(row.kind, "used" | "read")
}

fn refs<'a>(note: &'a mut Note, reference: &str) -> &'a mut RefNote {
    let at = match note.refs.iter().position(|of| *of.reference == *reference) {
        Some(at) => at,
        None => {
            note.refs.push(RefNote { reference: reference.into(), ..RefNote::default() });
            note.refs.len() - 1
        }
    };
    &mut note.refs[at]
}

impl RunBuilder {
    /// Begins a run of one day, counted since the Unix epoch.
    pub fn new(day: i64) -> RunBuilder {
        RunBuilder {
            day,
            rows: 0,
            faces: Interned::new(),
            actors: Interned::new(),
            agents: Interned::new(),
            others: Interned::new(),
            facets: Default::default(),
            addresses: Vec::new(),
            cut: false,
            last: (u32::MAX, u32::MAX),
        }
    }

    /// Takes in a row of that day, its subjects being codes.
    ///
    /// # Errors
    /// When a new subject cannot be given a number.
    pub fn row(&mut self, row: &UseRow<'_>, numbering: &mut Numbering) -> Result<(), LakeError> {
        self.rows += 1;
        let mut numbers = Vec::new();
        for code in row.data_subjects {
            numbers.push(numbering.number_or_next(subject::fingerprint_or_own(code))?);
        }
        let (actor, face) = (self.actor(row), self.face(row));
        let list = self.facets[Facet::Actor as usize].add(u64::from(actor), face, row, &numbers);
        if !row.source_ip.is_empty() {
            let address = match row.source_ip.parse::<Ipv4Addr>() {
                Ok(address) => u64::from(u32::from(address)),
                Err(_) => ADDRESS_TEXT + u64::from(self.others.number(row.source_ip.into())),
            };
            self.facets[Facet::Address as usize].add(address, face, row, &numbers);
            let pair = u64::from(list) << 34 | address;
            if self.addresses.last() != Some(&pair) {
                self.addresses.push(pair);
            }
            if self.addresses.len().is_multiple_of(PAIRS_MAX) {
                fold(&mut self.addresses);
            }
        }
        if !row.user_agent.is_empty() {
            let agent = self.agents.number(row.user_agent.into());
            self.facets[Facet::Agent as usize].add(u64::from(agent), face, row, &numbers);
        }
        Ok(())
    }

    fn actor(&mut self, row: &UseRow<'_>) -> u32 {
        let same = self.actors.all.get(self.last.0 as usize).is_some_and(|actor| actor.is_of(row));
        if !same {
            self.last.0 = self.actors.number(Actor::of(row));
        }
        self.last.0
    }

    fn face(&mut self, row: &UseRow<'_>) -> u32 {
        let face = Face::of(row);
        if self.faces.all.get(self.last.1 as usize) != Some(&face) {
            let fits = self.faces.all.len() < FACES_MAX || self.faces.numbers.contains_key(&face);
            self.cut |= !fits;
            self.last.1 = self.faces.number(if fits { face } else { Face::of_any_endpoint(row) });
        }
        self.last.1
    }

    /// Seals the run: its bytes.
    pub fn finish(self, numbering: &Numbering) -> Vec<u8> {
        let faces = self.faces.all.len() as u64;
        let subjects = u64::from(numbering.len());
        let things =
            [self.actors.all.len() as u64, ADDRESS_TEXT + self.others.all.len() as u64, self.agents.all.len() as u64];
        let mut sections = Vec::new();
        let mut heads = Vec::new();
        let mut tables = Tables {
            actors: self.actors.all,
            agents: self.agents.all,
            others: self.others.all,
            faces: self.faces.all,
            notes: Default::default(),
        };
        let mut addresses = self.addresses;
        for (at, (facet, things)) in self.facets.into_iter().zip(things).enumerate() {
            let sealed = Sealed::of(facet, faces);
            if at == Facet::Actor as usize {
                let ranked = |pair: &u64| {
                    u64::from(sealed.ranks[(pair >> 34) as usize]) << 34 | pair & ((1 << 34) - 1) //
                };
                addresses = addresses.iter().map(ranked).collect();
                fold(&mut addresses);
                let universe = ADDRESS_TEXT + tables.others.len() as u64;
                sections.extend(lists(&addresses, 34, sealed.stats.len(), universe, Section::Addresses(0)));
                sections.push((Section::Reverse, sealed.reverse(subjects)));
            }
            let keys: Vec<u64> = sealed.stats.iter().map(|stat| stat.thing * faces + u64::from(stat.face)).collect();
            let section = |part| Section::Facet(at as u8, part);
            sections.push((section(0), sequence::write(&keys, things.saturating_mul(faces).max(1))));
            sections.push((
                section(1),
                sequence::write(&cumulative(sealed.stats.iter().map(|stat| stat.requests)), self.rows + 1),
            ));
            sections.push((Section::Times(at as u8), sealed.times(self.day)));
            let pairs = lists(&sealed.pairs, 32, sealed.stats.len(), subjects, Section::Facet(at as u8, 2));
            heads.push(FacetHead { lists: sealed.stats.len() as u64, pairs: sealed.pairs.len() as u64 });
            sections.extend(pairs);
            if let Some(notes) = tables.notes.get_mut(at) {
                let noted = sealed.stats.into_iter().enumerate().filter(|(_, stat)| !stat.note.is_empty());
                *notes = noted.map(|(rank, stat)| (rank as u32, stat.note)).collect();
            }
        }
        let head = Head { version: VERSION, day: self.day, rows: self.rows, subjects, cut: self.cut, facets: heads };
        encode(head, &tables, sections)
    }
}

/// A facet in the order in which it is written.
struct Sealed {
    stats: Vec<Stat>,
    /// Rank of a list and subject's number, sorted.
    pairs: Vec<u64>,
    ranks: Vec<u32>,
}

impl Sealed {
    fn of(facet: FacetBuilder, faces: u64) -> Sealed {
        let mut order: Vec<u32> = (0..facet.stats.len() as u32).collect();
        let key = |list: &u32| {
            let stat = &facet.stats[*list as usize];
            stat.thing * faces + u64::from(stat.face)
        };
        order.sort_unstable_by_key(key);
        let mut ranks = vec![0; order.len()];
        for (rank, list) in order.iter().enumerate() {
            ranks[*list as usize] = rank as u32;
        }
        let mut pairs = facet.pairs;
        for pair in &mut pairs {
            *pair = u64::from(ranks[(*pair >> 32) as usize]) << 32 | *pair & u64::from(u32::MAX);
        }
        fold(&mut pairs);
        let mut stats: Vec<(u32, Stat)> =
            facet.stats.into_iter().enumerate().map(|(list, stat)| (ranks[list], stat)).collect();
        stats.sort_unstable_by_key(|(rank, _)| *rank);
        Sealed { stats: stats.into_iter().map(|(_, stat)| stat).collect(), pairs, ranks }
    }

    /// The same pairs, by subject.
    fn reverse(&self, subjects: u64) -> Vec<u8> {
        let lists = self.stats.len().max(1) as u64;
        let turned = |pair: &u64| (pair & u64::from(u32::MAX)) * lists + (pair >> 32);
        let mut pairs: Vec<u64> = self.pairs.iter().map(turned).collect();
        pairs.sort_unstable();
        sequence::write(&pairs, (subjects * lists).max(1))
    }

    /// First and last use of each list, in microseconds of the day.
    fn times(&self, day: i64) -> Vec<u8> {
        let mut bits = BitWriter::default();
        for time in self.stats.iter().flat_map(|stat| [stat.first, stat.last]) {
            bits.push((time - day * DAY_MICROS) as u64, TIME_BITS);
        }
        bits.finish()
    }
}

/// The sets of all lists, end to end; how many numbers each has; and where every 32nd begins. Pairs
/// hold the list above `shift`.
fn lists(pairs: &[u64], shift: u32, count: usize, universe: u64, section: Section) -> [(Section, Vec<u8>); 3] {
    let mut sets = BitWriter::default();
    let (mut counts, mut starts) = (Vec::with_capacity(count), Vec::new());
    let mut rest = pairs;
    for list in 0..count {
        let end = rest.partition_point(|pair| pair >> shift <= list as u64);
        let (own, others) = rest.split_at(end);
        rest = others;
        if list.is_multiple_of(STARTS_EVERY) {
            starts.push(sets.len());
        }
        counts.push(own.len() as u64);
        let shape = Shape { count: own.len() as u64, universe };
        set::write(&mut sets, shape, own.iter().map(|pair| pair & ((1 << shift) - 1)));
    }
    let bits = sets.len();
    [
        (section.part(0), sequence::write(&cumulative(counts.into_iter()), pairs.len() as u64 + 1)),
        (section.part(1), sequence::write(&starts, bits + 1)),
        (section.part(2), sets.finish()),
    ]
}

/// Sums so far, from 0 on: one more than there are numbers.
fn cumulative(numbers: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut sum = 0;
    std::iter::once(0)
        .chain(numbers.map(|number| {
            sum += number;
            sum
        }))
        .collect()
}
