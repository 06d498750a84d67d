//! Puts an answer together: people by number, a bit each, day by day.
//!
//! Rows are given one by one ([`Gathering::row`]), lists of the index whole ([`Gathering::list`]);
//! days rise. Whether an id existed is asked of the register at the time of the use, where a row says
//! it; a list says only the day, so that whoever was deleted on that very day, or may be younger than
//! the register since then, is doubtful ([`Gathering::doubtful`]) until rows have been looked at.
//!
//! Memory: a bit a subject for each of about a dozen sets, and as many again for each endpoint and
//! field where those are told apart.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv4Addr;

use sever_model::{EventTime, Fingerprint, Lookup, Outcome, SubjectRegister};

use crate::UseRow;
use crate::index::{Address, Bitmap, DAY_MICROS, Face, List, Note, Numbering, endpoint};
use crate::people::{Named, People};
use crate::reach::{ByDay, Detail, LEVELS, ReachAnswer, Step};
use crate::subject::fingerprint_or_own;

/// Addresses, past which repeated ones are folded.
const ADDRESSES_MAX: usize = 1 << 20;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// An answer in the making.
pub(crate) struct Gathering<'a> {
    who: Who<'a>,
    people: &'a People,
    detail: Detail,
    answer: ReachAnswer,
    register: Standing<'a>,
    day: Day,
    /// By level, over all days.
    levels: [Bitmap; LEVELS.len()],
    /// Those of the surest level.
    listed: Vec<(u32, i64)>,
    /// Named as a data subject, and not only in somebody's answer.
    subjects: Bitmap,
    by_endpoint: BTreeMap<Box<str>, Bitmap>,
    by_field: BTreeMap<Box<str>, Bitmap>,
    addresses: HashSet<Box<str>, foldhash::fast::RandomState>,
    addresses_v4: Vec<u32>,
    addresses_folded: usize,
    /// The most people that one confirmed answer counts.
    counted_max: u64,
    /// People counted and not named, by the reference that would name them: the same report fetched
    /// twice is the same people.
    unnamed: Map<Box<str>, u64>,
}

/// One day of it.
#[derive(Default)]
struct Day {
    date: Option<i64>,
    /// Named as data subjects, by level; whether they existed is not yet asked.
    named: [Bitmap; LEVELS.len()],
    /// Those of a refused request: nobody was touched, but whether they exist is still told.
    refused: Bitmap,
    /// Surely there: existing subjects, and people who are only in an answer.
    there: [Bitmap; LEVELS.len()],
    /// Whether somebody is in those who was not in a list.
    mixed: bool,
    requests: u64,
    by_endpoint: Map<Box<str>, Bitmap>,
    by_field: Map<Box<str>, Bitmap>,
}

impl Day {
    /// Its first and its last microsecond.
    fn span(&self) -> [EventTime; 2] {
        let start = self.date.unwrap_or(0).saturating_mul(DAY_MICROS);
        [start, start.saturating_add(DAY_MICROS - 1)].map(EventTime::from_micros)
    }
}

/// Numbers for everybody met: the index's, and beyond them such as only this answer has.
struct Who<'a> {
    numbering: Option<&'a Numbering>,
    base: u32,
    numbers: Map<Fingerprint, u32>,
    fresh: Vec<Fingerprint>,
}

impl Who<'_> {
    fn number(&mut self, who: Fingerprint) -> u32 {
        if let Some(number) = self.numbering.and_then(|numbering| numbering.number(who)) {
            return number;
        }
        let next = self.base + self.fresh.len() as u32;
        let number = *self.numbers.entry(who).or_insert(next);
        if number == next {
            self.fresh.push(who);
        }
        number
    }

    fn fingerprint(&self, number: u32) -> Fingerprint {
        let fresh = || self.fresh.get(number.checked_sub(self.base)? as usize).copied();
        let known = self.numbering.filter(|_| number < self.base).and_then(|numbering| numbering.fingerprint(number));
        known.or_else(fresh).unwrap_or(Fingerprint(0))
    }
}

/// What the register says of those met, asked once of each.
struct Standing<'a> {
    register: Option<&'a dyn SubjectRegister>,
    asked: Bitmap,
    /// In the register, and never deleted.
    living: Bitmap,
    members: Bitmap,
    deleted: Map<u32, EventTime>,
    gone: Bitmap,
    nonexistent: Bitmap,
    younger: Bitmap,
}

/// Whether somebody existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existed {
    Yes,
    No,
    /// It depends on the hour.
    Doubtful,
}

impl Standing<'_> {
    fn ask(&mut self, number: u32, who: Fingerprint) {
        let Some(register) = self.register.filter(|_| !self.asked.has(number)) else { return };
        self.asked.set(number);
        if let Lookup::Known { deleted, member, .. } = register.lookup_fingerprint(who) {
            if member {
                self.members.set(number);
            }
            match deleted {
                Some(at) => _ = self.deleted.insert(number, at),
                None => self.living.set(number),
            }
        }
    }

    /// Whether somebody who was asked about existed all through a span, and counts them if not.
    fn existed(&mut self, number: u32, from: EventTime, to: EventTime) -> Existed {
        let Some(register) = self.register else { return Existed::Yes };
        if self.living.has(number) {
            return Existed::Yes;
        }
        let said = match self.deleted.get(&number) {
            Some(deleted) if *deleted <= from => (Existed::No, Some(&mut self.gone)),
            Some(deleted) if *deleted > to => (Existed::Yes, None),
            Some(_) => (Existed::Doubtful, None),
            None if from > register.complete_until() => (Existed::No, Some(&mut self.younger)),
            None if to <= register.complete_until() => (Existed::No, Some(&mut self.nonexistent)),
            None => (Existed::Doubtful, None),
        };
        if let Some(counted) = said.1 {
            counted.set(number);
        }
        said.0
    }
}

impl<'a> Gathering<'a> {
    /// Begins an answer about people by the numbers of an index, where there is one.
    pub(crate) fn new(
        numbering: Option<&'a Numbering>,
        register: Option<&'a dyn SubjectRegister>,
        people: &'a People,
        detail: Detail,
    ) -> Gathering<'a> {
        let base = numbering.map_or(0, Numbering::len);
        let none = Bitmap::default;
        Gathering {
            who: Who { numbering, base, numbers: Map::default(), fresh: Vec::new() },
            people,
            detail,
            answer: ReachAnswer::default(),
            register: Standing {
                register,
                asked: none(),
                living: none(),
                members: none(),
                deleted: Map::default(),
                gone: none(),
                nonexistent: none(),
                younger: none(),
            },
            day: Day::default(),
            levels: Default::default(),
            listed: Vec::new(),
            subjects: none(),
            by_endpoint: BTreeMap::new(),
            by_field: BTreeMap::new(),
            addresses: HashSet::default(),
            addresses_v4: Vec::new(),
            addresses_folded: 0,
            counted_max: 0,
            unnamed: Map::default(),
        }
    }

    /// Takes in one use.
    pub(crate) fn row(&mut self, row: &UseRow<'_>, level: usize) {
        self.begin(row.time.day());
        // What cannot be judged widens the bounds; it is not part of what is asked about.
        if level < 3 {
            self.count(row.outcome, 1, [row.time, row.time]);
            match row.source_ip.parse::<Ipv4Addr>() {
                Ok(address) => self.address(Address::V4(address.into())),
                Err(_) if row.source_ip.is_empty() => {}
                Err(_) => self.address(Address::Text(row.source_ip)),
            }
        }
        if row.outcome == Outcome::Refused {
            // Nobody was touched, but whether those exist whom it names is still told.
            for who in row.data_subjects.iter().map(|code| fingerprint_or_own(code)) {
                let number = self.who.number(who);
                self.register.ask(number, who);
                self.register.existed(number, row.time, row.time);
            }
            return;
        }
        let (people, class) = (self.people, endpoint(row.resource));
        let mut split = Vec::new();
        let beyond = people.of(row, |named| {
            let number = self.who.number(named.who());
            if let Named::Subject(who) = named {
                self.register.ask(number, who);
                if self.register.existed(number, row.time, row.time) != Existed::Yes {
                    return;
                }
                self.subjects.set(number);
            }
            self.day.there[level].set(number);
            self.day.mixed = true;
            split.push(number);
        });
        self.split(&class, row.fields, level, split.into_iter());
        self.beyond(beyond, row, level);
    }

    fn beyond(&mut self, beyond: Option<u64>, row: &UseRow<'_>, level: usize) {
        match beyond {
            Some(0) => {}
            Some(more) if row.subject_ref.is_empty() => self.answer.unnamed += more,
            Some(more) => self.refer(row.subject_ref, more),
            // A sign-in or a change gives nobody's data; a request that is answered may.
            None if matches!(row.kind, "used" | "read") => self.answer.unsaid += 1,
            None => {}
        }
        if beyond.is_some_and(|more| more > 0) && level == 0 {
            self.counted_max = self.counted_max.max(row.subject_count.unwrap_or(0));
        }
    }

    fn refer(&mut self, reference: &str, more: u64) {
        let most = self.unnamed.entry(reference.into()).or_default();
        *most = more.max(*most);
    }

    /// Begins a day; the one before is over then.
    pub(crate) fn begin(&mut self, date: i64) {
        if self.day.date != Some(date) {
            self.end();
            self.day.date = Some(date);
        }
    }

    /// Counts requests of the day.
    pub(crate) fn count(&mut self, outcome: Outcome, many: u64, [first, last]: [EventTime; 2]) {
        let requests = &mut self.answer.requests;
        requests.attempted += many;
        match outcome {
            Outcome::Answered => requests.answered += many,
            Outcome::Refused => requests.refused += many,
            Outcome::Unknown => requests.unknown += many,
        }
        if outcome != Outcome::Refused {
            self.day.requests += many;
        }
        self.answer.first = Some(self.answer.first.map_or(first, |before| before.min(first)));
        self.answer.last = Some(self.answer.last.map_or(last, |before| before.max(last)));
    }

    /// Counts an address.
    pub(crate) fn address(&mut self, address: Address<'_>) {
        match address {
            Address::V4(address) => {
                self.addresses_v4.push(address);
                if self.addresses_v4.len() >= ADDRESSES_MAX + 2 * self.addresses_folded {
                    self.fold_addresses();
                }
            }
            Address::Text(address) if self.addresses.contains(address) => {}
            Address::Text(address) => _ = self.addresses.insert(address.into()),
        }
    }

    fn fold_addresses(&mut self) {
        self.addresses_v4.sort_unstable();
        self.addresses_v4.dedup();
        self.addresses_folded = self.addresses_v4.len();
    }

    /// Takes in those whom a list of the day names.
    pub(crate) fn list(&mut self, face: &Face, level: usize, note: Option<&Note>, list: List<'_>) {
        if face.outcome() == Outcome::Refused {
            list.each(|number| self.day.refused.set(number));
            return;
        }
        list.each(|number| self.day.named[level].set(number));
        if self.people.speak_of(&face.endpoint) {
            list.each(|number| self.beside(number, &face.endpoint, &face.fields, level));
        }
        if self.detail.split && level == 0 {
            let of_endpoint = self.day.by_endpoint.entry(face.endpoint.clone()).or_default();
            list.each(|number| of_endpoint.set(number));
            for field in fields(&face.fields) {
                let of_field = self.day.by_field.entry(field.into()).or_default();
                list.each(|number| of_field.set(number));
            }
        }
        if let Some(note) = note {
            self.note(face, level, note);
        }
    }

    fn beside(&mut self, subject: u32, resource: &str, fields: &str, level: usize) {
        let people = self.people;
        let who = self.who.fingerprint(subject);
        let others: Vec<u32> = people.beside(who, resource).map(|other| self.who.number(other)).collect();
        others.iter().for_each(|other| self.day.there[level].set(*other));
        self.day.mixed |= !others.is_empty();
        self.split(resource, fields, level, others.into_iter());
    }

    fn note(&mut self, face: &Face, level: usize, note: &Note) {
        self.answer.unsaid += note.unsaid;
        self.answer.unnamed += note.unnamed;
        if level == 0 {
            self.counted_max = self.counted_max.max(note.counted_max);
        }
        for of in &note.refs {
            if of.beyond_max > 0 {
                self.refer(&of.reference, of.beyond_max);
            }
            if of.nameless == 0 {
                continue;
            }
            let people = self.people;
            let set = people.set(&of.reference);
            let named: Vec<u32> = set.into_iter().flatten().map(|who| self.who.number(*who)).collect();
            named.iter().for_each(|number| self.day.named[level].set(*number));
            if people.speak_of(&face.endpoint) {
                named.iter().for_each(|number| self.beside(*number, &face.endpoint, &face.fields, level));
            }
            self.split(&face.endpoint, &face.fields, level, named.iter().copied());
            if set.is_none() {
                self.answer.unsaid += of.uncounted;
            }
            let more = of.count_max.unwrap_or(0).saturating_sub(named.len() as u64);
            if more > 0 {
                self.refer(&of.reference, more);
                if level == 0 {
                    self.counted_max = self.counted_max.max(of.count_max.unwrap_or(0));
                }
            }
        }
    }

    fn split(&mut self, class: &str, fields_of: &str, level: usize, numbers: impl Iterator<Item = u32> + Clone) {
        if !self.detail.split || level > 0 {
            return;
        }
        let day = &mut self.day;
        if !day.by_endpoint.contains_key(class) {
            day.by_endpoint.insert(class.into(), Bitmap::default());
        }
        if let Some(of_endpoint) = day.by_endpoint.get_mut(class) {
            numbers.clone().for_each(|number| of_endpoint.set(number));
        }
        for field in fields(fields_of) {
            let of_field = day.by_field.entry(field.into()).or_default();
            numbers.clone().for_each(|number| of_field.set(number));
        }
    }

    /// Those of the day's lists of whom only the hour of the use says whether they existed then. They
    /// no longer count; a row that names them makes them count again ([`Gathering::settle`]).
    pub(crate) fn doubtful(&mut self) -> HashSet<Fingerprint> {
        let mut doubtful = HashSet::new();
        let mut refused = std::mem::take(&mut self.day.refused);
        self.keep_existing(&mut refused, &mut doubtful);
        let mut named = std::mem::take(&mut self.day.named);
        for (bitmap, level) in named.iter_mut().zip(0..) {
            self.keep_existing(bitmap, &mut doubtful);
            if self.register.register.is_none() {
                // Who is a member is then told by who is named.
                self.subjects.add(bitmap);
            }
            match self.day.there.get_mut::<usize>(level) {
                Some(there) if !self.day.mixed => std::mem::swap(there, bitmap),
                Some(there) => _ = there.absorb(bitmap, None),
                None => {}
            }
        }
        refused.clear();
        (self.day.named, self.day.refused) = (named, refused);
        doubtful
    }

    /// Takes out of the day's set whoever did not surely exist all that day.
    fn keep_existing(&mut self, bitmap: &mut Bitmap, doubtful: &mut HashSet<Fingerprint>) {
        if self.register.register.is_none() {
            return;
        }
        let [from, to] = self.day.span();
        let mut others = Vec::new();
        bitmap.each_beyond(&self.register.living, |number| others.push(number));
        for number in others {
            let who = self.who.fingerprint(number);
            self.register.ask(number, who);
            match self.register.existed(number, from, to) {
                Existed::Yes => continue,
                Existed::No => {}
                Existed::Doubtful => {
                    doubtful.insert(who);
                    let of_day = &mut self.day;
                    of_day
                        .by_endpoint
                        .values_mut()
                        .chain(of_day.by_field.values_mut())
                        .for_each(|set| set.unset(number));
                }
            }
            bitmap.unset(number);
        }
    }

    /// Lets a row of the day say whether those doubtful existed when it was written.
    pub(crate) fn settle(&mut self, row: &UseRow<'_>, level: usize, doubtful: &HashSet<Fingerprint>) {
        if row.outcome == Outcome::Refused {
            for who in
                row.data_subjects.iter().map(|code| fingerprint_or_own(code)).filter(|who| doubtful.contains(who))
            {
                let number = self.who.number(who);
                self.register.existed(number, row.time, row.time);
            }
            return;
        }
        let people = self.people;
        let mut split = Vec::new();
        people.of(row, |named| {
            let number = self.who.number(named.who());
            match named {
                _ if !doubtful.contains(&named.who()) => {}
                Named::Other(_) => split.push(number),
                Named::Subject(_) => {
                    if self.register.existed(number, row.time, row.time) == Existed::Yes {
                        self.day.there[level].set(number);
                        self.subjects.set(number);
                        split.push(number);
                    }
                }
            }
        });
        self.split(&endpoint(row.resource), row.fields, level, split.into_iter());
    }

    /// Ends the day.
    fn end(&mut self) {
        let Some(date) = self.day.date.take() else { return };
        let requests = std::mem::take(&mut self.day.requests);
        let [first, ..] = &self.day.there;
        for (name, there) in self.day.by_endpoint.drain() {
            self.by_endpoint.entry(name).or_default().add_in(&there, first);
        }
        for (name, there) in self.day.by_field.drain() {
            self.by_field.entry(name).or_default().add_in(&there, first);
        }
        let mut counts = [[0; 2]; LEVELS.len()];
        let mut list = |number| self.listed.push((number, date));
        let mut listing = self.detail.listed.then_some(&mut list as &mut dyn FnMut(u32));
        for ((all, there), counted) in self.levels.iter_mut().zip(&mut self.day.there).zip(&mut counts) {
            *counted = all.absorb(there, listing.take());
        }
        self.day.mixed = false;
        let [[people, new], ..] = counts;
        if requests + people > 0 {
            let by = self.answer.by_day.entry(date).or_default();
            *by = ByDay { requests: by.requests + requests, people: by.people + people, new: by.new + new };
        }
    }

    /// The answer, of so many rows.
    pub(crate) fn answer(mut self, rows: u64) -> ReachAnswer {
        self.end();
        self.fold_addresses();
        let mut answer = self.answer;
        let (mut total, mut before) = (0, Bitmap::default());
        for (what, level) in LEVELS.into_iter().zip(&self.levels) {
            let adds = level.count_beyond(&before);
            before.add(level);
            total += adds;
            if adds > 0 || total == 0 {
                answer.steps.push(Step { what, adds, total });
            }
        }
        let [sure, ..] = &self.levels;
        let known = sure.count();
        answer.members = match self.register.register {
            Some(_) => {
                let mut unasked = Vec::new();
                sure.each_beyond(&self.register.asked, |number| unasked.push(number));
                unasked.into_iter().for_each(|number| self.register.ask(number, self.who.fingerprint(number)));
                sure.count_in(&self.register.members)
            }
            None => sure.count_in(&self.subjects),
        };
        answer.others = known - answer.members;
        answer.unnamed += self.unnamed.values().sum::<u64>();
        answer.younger = self.register.younger.count();
        let beyond = [
            ("counted, and not named", answer.unnamed),
            ("named, and perhaps younger than the register", answer.younger),
        ];
        for (what, adds) in beyond.into_iter().filter(|(_, adds)| *adds > 0) {
            total += adds;
            answer.steps.push(Step { what, adds, total });
        }
        // What one answer counts is at least that many people, whoever they are.
        answer.lower = known.max(self.counted_max);
        answer.upper = (answer.unsaid == 0).then_some(total);
        let counts = |sets: BTreeMap<Box<str>, Bitmap>| {
            let counted = sets.into_iter().map(|(name, set)| (name, set.count()));
            counted.filter(|(name, count)| *count > 0 && !name.is_empty()).collect()
        };
        answer.by_endpoint = counts(self.by_endpoint);
        answer.by_field = counts(self.by_field);
        answer.nonexistent = self.register.nonexistent.count();
        answer.deleted = self.register.gone.count();
        answer.addresses = Some((self.addresses.len() + self.addresses_v4.len()) as u64);
        answer.register = self.register.register.is_some();
        answer.people = self.listed.iter().map(|(number, day)| (self.who.fingerprint(*number), *day)).collect();
        answer.rows = rows;
        answer
    }
}

fn fields(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|field| !field.is_empty())
}
