//! What really happened in a play: written beside its files, read by the comparison only.
//!
//! `truth.json` is a [`Truth`]; the long lists lie beside it, compressed: `truth/misuse.csv.gz` (one
//! row per event of misuse, by time) and `truth/people.csv.gz` (everyone whose data was in an answer
//! to it, by the time of the first).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Span, Thing};

use crate::ReplayError;
use crate::files::{self, Table};
use crate::moment::{DAY, Ms, at, event};

const TRUTH: &str = "truth.json";
const MISUSE: &str = "truth/misuse.csv.gz";
const PEOPLE: &str = "truth/people.csv.gz";

/// What really happened in a play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The incident's id.
    pub incident: String,
    /// The variant played, if any.
    pub variant: Option<String>,
    /// When the person's access ended, or should have.
    pub departed_at: EventTime,
    /// When that day ends where it happened: what the day's own listings say is known by then.
    pub departure_day_end: EventTime,
    /// When the company's own records could first tell that they had left.
    pub told_at: EventTime,
    /// The first event of misuse.
    pub first_misuse_at: EventTime,
    /// The first event of misuse that set membership can tell from legitimate use.
    pub first_tellable_at: EventTime,
    /// The last event of misuse.
    pub last_misuse_at: EventTime,
    /// Events of misuse in the logs.
    pub misuse_events: u64,
    /// People whose data was in an answer to misuse, members and others.
    pub people_count: u64,
    /// Those of them who are not members.
    pub non_members: u64,
    /// Uses by tokens that name somebody who never existed; they expose nobody.
    pub nonexistent_named: u64,
    /// Things (machines, volumes, mailboxes) there were, where things were destroyed.
    pub things_total: u64,
    /// Things destroyed.
    pub things_lost: u64,
    /// Events in the logs that are not misuse; proofs of idleness are no events.
    pub benign_events: u64,
    /// Every finding that is true, standing ones included; any other is false.
    pub expected: Vec<Expected>,
    /// Those that the company's records allow to be said by the end of the day of departure, before any
    /// misuse: what must be said then, and what may be.
    pub standing: Vec<Expected>,
    /// Whether the logs hold every issuance in time, so that the people can be told to the last one;
    /// else they can be told between bounds.
    pub whole: bool,
    /// The settle window configured for the class of token that is misused.
    pub settle: Span,
    /// What narrow rights would have left of it, where the company's records tell of rights.
    #[serde(default)]
    pub narrowed: Option<Narrowed>,
    /// What only a ranked list can show, where no set tells it from honest work: findings that must be
    /// among the rows of the list, and others that are right there.
    #[serde(default)]
    pub ranked: Vec<Expected>,
    /// Since when there is so much of it that it could be ranked, where that is not the first misuse.
    #[serde(default)]
    pub ranked_from: Option<EventTime>,
    /// How long after that all that must be ranked must have been.
    #[serde(default)]
    pub ranked_within: Span,
    /// Whether who did it was employed throughout. [`Truth::departed_at`] is then a moment before the
    /// misuse, at which nobody left.
    #[serde(default)]
    pub insider: bool,
}

/// What would have been left, had each right gone that its holder had not exercised for 90 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowed {
    /// People whose data would still have been in an answer to misuse.
    pub people: u64,
    /// People who could read the misused key on the last day, where there is one: all, and those
    /// left.
    pub readers: Option<(u64, u64)>,
}

/// A finding that is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The detector's id.
    pub detector: String,
    /// The native id of the thing accused or named: without the system in front.
    pub thing: String,
    /// Whether it must be said; one that need not is true all the same.
    pub must: bool,
}

/// One event of misuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MisuseRow {
    /// When.
    pub at: EventTime,
    /// The file it stands in, by its path inside the play (`logs/gateway-2025-04.jsonl.gz`).
    pub file: String,
    /// Byte offset in the decompressed file.
    pub offset: u64,
    /// The credential's own id, where it has one.
    pub credential: String,
}

/// Somebody whose data was in an answer to misuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The subject's id.
    pub id: String,
    /// Whether they are a member.
    pub member: bool,
    /// When their data was first in an answer.
    pub first_at: EventTime,
}

/// Tells whether an event is misuse, by where it stands: four bytes an event.
#[derive(Debug, Default)]
pub struct MisuseIndex {
    files: Vec<(String, Offsets)>,
    /// Events in all.
    pub len: u64,
}

/// Offsets in one file by their upper halves, the lower ones sorted.
type Offsets = BTreeMap<u32, Vec<u32>>;

impl Expected {
    /// A finding that must be said.
    pub(crate) fn must(detector: &str, thing: &str) -> Expected {
        Expected { detector: detector.to_owned(), thing: thing.to_owned(), must: true }
    }

    /// A finding that may be said.
    pub(crate) fn may(detector: &str, thing: &str) -> Expected {
        Expected { detector: detector.to_owned(), thing: thing.to_owned(), must: false }
    }

    /// Whether a finding is this one: the detector is the same, and one of the things is named by
    /// this id, with or without its system in front.
    pub fn matches(&self, detector: &str, things: &[Thing]) -> bool {
        let named = |id: &str| id == self.thing || id.split_once('/').is_some_and(|(_, native)| native == self.thing);
        self.detector == detector && things.iter().any(|thing| named(&thing.id))
    }
}

impl Truth {
    /// The truth of a play without people, things or findings: `left` is the end of access as local
    /// time, `misuse` its first, last and count, `events` all that its logs hold.
    pub(crate) fn of(
        incident: &str,
        (left, told): (&str, Ms),
        misuse: (EventTime, EventTime, u64),
        events: u64,
    ) -> Truth {
        let (first, last, misuse_events) = misuse;
        Truth {
            incident: incident.to_owned(),
            variant: None,
            departed_at: event(at(left)),
            departure_day_end: event(at(&format!("{}T00:00:00{}", &left[..10], &left[19..])) + DAY),
            told_at: event(told),
            first_misuse_at: first,
            first_tellable_at: first,
            last_misuse_at: last,
            misuse_events,
            people_count: 0,
            non_members: 0,
            nonexistent_named: 0,
            things_total: 0,
            things_lost: 0,
            benign_events: events - misuse_events,
            expected: Vec::new(),
            standing: Vec::new(),
            whole: true,
            settle: Span::ZERO,
            narrowed: None,
            ranked: Vec::new(),
            ranked_from: None,
            ranked_within: Span::ZERO,
            insider: false,
        }
    }

    /// Reads the truth of a play that was written into `dir`.
    ///
    /// # Errors
    /// When it is missing or is no truth.
    pub fn load(dir: &Path) -> Result<Truth, ReplayError> {
        let path = dir.join(TRUTH);
        let bytes = std::fs::read(&path).map_err(|error| ReplayError::Read(path.clone(), error))?;
        serde_json::from_slice(&bytes).map_err(|error| ReplayError::Truth(path, error.to_string()))
    }

    /// Every event of misuse, by time.
    ///
    /// # Errors
    /// When the list is missing or broken.
    pub fn misuse(dir: &Path) -> Result<Vec<MisuseRow>, ReplayError> {
        let mut all = Vec::new();
        Truth::each_misuse(dir, &mut |row| all.push(row))?;
        Ok(all)
    }

    /// Hands over every event of misuse, by time, keeping none.
    ///
    /// # Errors
    /// When the list is missing or broken.
    pub fn each_misuse(dir: &Path, each: &mut dyn FnMut(MisuseRow)) -> Result<(), ReplayError> {
        read(dir, MISUSE, each, |row| {
            Some(MisuseRow {
                at: EventTime::from_micros(row.get(0)?.parse().ok()?),
                file: row.get(1)?.to_owned(),
                offset: row.get(2)?.parse().ok()?,
                credential: row.get(3)?.to_owned(),
            })
        })
    }

    /// Everyone whose data was in an answer to misuse, by the time of the first.
    ///
    /// # Errors
    /// When the list is missing or broken.
    pub fn people(dir: &Path) -> Result<Vec<Touched>, ReplayError> {
        let mut all = Vec::new();
        Truth::each_person(dir, &mut |person| all.push(person))?;
        Ok(all)
    }

    /// Hands over everyone whose data was in an answer to misuse, by the time of the first, keeping none.
    ///
    /// # Errors
    /// When the list is missing or broken.
    pub fn each_person(dir: &Path, each: &mut dyn FnMut(Touched)) -> Result<(), ReplayError> {
        read(dir, PEOPLE, each, |row| {
            Some(Touched {
                id: row.get(0)?.to_owned(),
                member: row.get(1)? == "1",
                first_at: EventTime::from_micros(row.get(2)?.parse().ok()?),
            })
        })
    }

    /// Whether one of the true findings is this one.
    pub fn holds(&self, detector: &str, things: &[Thing]) -> bool {
        self.expected.iter().any(|expected| expected.matches(detector, things))
    }

    /// Whether a row of a ranked list is right.
    pub fn ranks(&self, detector: &str, things: &[Thing]) -> bool {
        self.holds(detector, things) || self.ranked.iter().any(|expected| expected.matches(detector, things))
    }

    /// Writes `truth.json`.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), ReplayError> {
        let error = |error: serde_json::Error| ReplayError::Write(dir.join(TRUTH), error.into());
        let json = serde_json::to_string_pretty(self).map_err(error)?;
        files::text(dir, TRUTH, &(json + "\n"))
    }
}

impl MisuseIndex {
    /// Indexes the misuse of a play.
    pub fn new(rows: &[MisuseRow]) -> MisuseIndex {
        let mut index = MisuseIndex::default();
        rows.iter().for_each(|row| index.add(&row.file, row.offset));
        index.sort();
        index
    }

    /// Indexes the misuse of a play that lies in `dir`, without holding its list.
    ///
    /// # Errors
    /// When the list is missing or broken.
    pub fn load(dir: &Path) -> Result<MisuseIndex, ReplayError> {
        let mut index = MisuseIndex::default();
        Truth::each_misuse(dir, &mut |row| index.add(&row.file, row.offset))?;
        index.sort();
        Ok(index)
    }

    fn add(&mut self, file: &str, offset: u64) {
        let name = last_part(file);
        let at = self.files.iter().position(|(file, _)| file == name).unwrap_or_else(|| {
            self.files.push((name.to_owned(), Offsets::new()));
            self.files.len() - 1
        });
        if let Some((_, offsets)) = self.files.get_mut(at) {
            offsets.entry((offset >> 32) as u32).or_default().push(offset as u32);
            self.len += 1;
        }
    }

    fn sort(&mut self) {
        self.files.iter_mut().flat_map(|(_, offsets)| offsets.values_mut()).for_each(|lower| lower.sort_unstable());
    }

    /// Whether the event at this place is misuse. `source` is what evidence names: the log's file,
    /// with or without folders in front.
    pub fn contains(&self, source: &str, offset: u64) -> bool {
        let name = last_part(source);
        let of_file = self.files.iter().find(|(file, _)| file == name);
        let lower = of_file.and_then(|(_, offsets)| offsets.get(&((offset >> 32) as u32)));
        lower.is_some_and(|lower| lower.binary_search(&(offset as u32)).is_ok())
    }
}

/// Writes the list of misuse as it is thought up.
pub(crate) struct MisuseList {
    table: Table,
    pub first: Option<EventTime>,
    pub last: Option<EventTime>,
    pub count: u64,
}

impl MisuseList {
    pub(crate) fn new(dir: &Path) -> Result<MisuseList, ReplayError> {
        let table = Table::new(dir, MISUSE, "micros,file,offset,credential")?;
        Ok(MisuseList { table, first: None, last: None, count: 0 })
    }

    pub(crate) fn add(&mut self, at: EventTime, file: &str, offset: u64, credential: &str) -> Result<(), ReplayError> {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.count += 1;
        self.table.row([at.micros().to_string().as_str(), file, &offset.to_string(), credential])
    }

    /// Ends the list; first, last and count.
    pub(crate) fn finish(self) -> Result<(EventTime, EventTime, u64), ReplayError> {
        let (first, last) = (self.first.unwrap_or(EventTime::MIN), self.last.unwrap_or(EventTime::MIN));
        self.table.finish()?;
        Ok((first, last, self.count))
    }
}

/// Writes the list of people touched: in any order, sorted here by first time and id.
pub(crate) fn write_people(dir: &Path, mut people: Vec<(i64, bool, String)>) -> Result<(), ReplayError> {
    people.sort_unstable();
    write_sorted(dir, people.into_iter())
}

/// The same of people who come sorted, holding none of them.
pub(crate) fn write_sorted(dir: &Path, people: impl Iterator<Item = (i64, bool, String)>) -> Result<(), ReplayError> {
    let mut table = Table::new(dir, PEOPLE, "id,member,first_micros")?;
    for (first_micros, member, id) in people {
        table.row([id.as_str(), if member { "1" } else { "0" }, &first_micros.to_string()])?;
    }
    table.finish()
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn read<T>(
    dir: &Path,
    name: &str,
    each: &mut dyn FnMut(T),
    parse: impl Fn(&csv::StringRecord) -> Option<T>,
) -> Result<(), ReplayError> {
    let path = dir.join(name);
    let file = File::open(&path).map_err(|error| ReplayError::Read(path.clone(), error))?;
    let mut rows = csv::Reader::from_reader(GzDecoder::new(BufReader::new(file)));
    let (mut row, mut at) = (csv::StringRecord::new(), 0_u64);
    loop {
        at += 1;
        match rows.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(ReplayError::Truth(path, error.to_string())),
        }
        let parsed = parse(&row).ok_or_else(|| ReplayError::Truth(path.clone(), format!("row {at} is broken")))?;
        each(parsed);
    }
}
