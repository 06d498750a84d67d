//! The files of the logs that are watched: their numbers, readers, and what is to be said of them.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

use sever_decode::{Format, Mapping};
use sever_model::{EventSource, EventTime, SourceId};

use super::{WatchNote, WatchedLog, Watcher};
use crate::LogInput;
use crate::follow::{Follower, Got, Patience, Told};
use crate::scan::cursor::{Cursor, Place};

/// One log.
pub(super) struct Watched {
    pub(super) source: EventSource,
    pub(super) format: &'static Format,
    pub(super) mapping: Option<Mapping>,
    pub(super) follower: Rc<RefCell<Follower>>,
    /// The number of each of its files among all.
    pub(super) numbers: Vec<usize>,
    /// Why its files could not be listed last time.
    unlisted: Option<String>,
}

/// One file.
pub(super) struct WatchedFile {
    /// Its log, and its number there.
    pub(super) log: usize,
    pub(super) file: usize,
    pub(super) source: EventSource,
    /// Where its reading began, or is to begin.
    pub(super) place: Place,
}

/// How a log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStatus {
    /// Which.
    pub log: SourceId,
    /// Files that have been followed.
    pub files: usize,
    /// Events decoded since this process began.
    pub events: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Why, for the first of the latest file.
    pub reject: Option<String>,
    /// Bytes, as stored, that have not been read.
    pub behind_bytes: u64,
    /// The latest event.
    pub last: Option<EventTime>,
    /// Why its files cannot be listed, if they cannot.
    pub unlisted: Option<String>,
}

/// Where the events of a log come from, with the format it is read as.
pub(super) fn read_as(log: &WatchedLog) -> EventSource {
    EventSource { format: Some(log.format.id.to_owned()), ..log.source.clone() }
}

/// Reads a file as it grows.
struct Tail {
    follower: Rc<RefCell<Follower>>,
    file: usize,
    clock: Rc<Cell<Duration>>,
}

impl Read for Tail {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.follower.borrow_mut().read(self.file, self.clock.get(), into) {
            Got::Bytes(count) => Ok(count),
            Got::Nothing => Err(io::ErrorKind::WouldBlock.into()),
            Got::End => Ok(0),
        }
    }
}

impl Watched {
    pub(super) fn new(log: WatchedLog, patience: Patience) -> Watched {
        let source = read_as(&log);
        Watched {
            source,
            format: log.format,
            mapping: log.mapping,
            follower: Rc::new(RefCell::new(Follower::new(log.folder, patience))),
            numbers: Vec::new(),
            unlisted: None,
        }
    }
}

impl Watcher<'_> {
    /// Lists the files of every log, and follows what turns up.
    pub(super) fn look(&mut self, at: Duration) {
        for log in 0..self.logs.len() {
            let Some(watched) = self.logs.get_mut(log) else { continue };
            let listed = watched.follower.borrow_mut().look(at);
            let unlisted = listed.err().map(|error| error.to_string());
            if let (Some(what), None) = (&unlisted, &watched.unlisted) {
                let note = WatchNote { log: watched.source.log.clone(), what: what.clone(), loss: false };
                self.notes.push(note);
            }
            watched.unlisted = unlisted;
            let told = watched.follower.borrow_mut().told();
            for told in told {
                self.hear(log, told);
            }
        }
    }

    fn hear(&mut self, log: usize, told: Told) {
        let number = |file: usize| self.logs.get(log).and_then(|log| log.numbers.get(file)).copied();
        match told {
            Told::Began(file) => self.begin(log, file),
            Told::Diverged(file, bytes) => {
                let Some(number) = number(file) else { return };
                self.file_at(number, Place { from: bytes, ..Place::default() });
                self.note_of(
                    number,
                    format!("repeats another file for {bytes} bytes and then goes on by itself"),
                    false,
                );
            }
            // What a saved state knew has its reader already.
            Told::Found(_) => {}
            Told::Reopened(file) => {
                let Some(number) = number(file) else { return };
                let place = self.merge.cursor(number).map_or(Place::default(), Cursor::place);
                self.file_at(number, place);
                self.note_of(
                    number,
                    "has grown after it had ended, or was cut while it was read again: it is read on".to_owned(),
                    false,
                );
            }
            Told::Continued(file) => self.tell(number(file), "was cut: its rest is read in its copy".to_owned(), false),
            Told::Cut(file, bytes) => {
                self.tell(number(file), format!("was cut after {bytes} bytes of it had been read"), false);
            }
            Told::Repeats { name, of, bytes } => {
                let what = format!("`{name}` repeats {bytes} bytes of it: not judged again");
                self.tell(number(of), what, false);
            }
            Told::Ended(file) => {
                self.changed.extend(number(file));
            }
            Told::Lost(file, bytes) => {
                self.tell(number(file), format!("is gone, and {bytes} bytes of it were never read"), true);
            }
            Told::Missing(file) => {
                let what = "is gone: whether it had more than was read cannot be told".to_owned();
                self.tell(number(file), what, true);
            }
            Told::Damaged(file, what) => self.tell(number(file), format!("is damaged: {what}"), true),
            Told::Unreadable(name, what) => self.note(log, format!("cannot read `{name}`: {what}"), false),
            Told::TooMany(name) => {
                self.note(log, format!("`{name}` is not followed: there have been too many files"), true);
            }
        }
    }

    /// Follows a new file, by the next number.
    fn begin(&mut self, log: usize, file: usize) {
        let Some(watched) = self.logs.get_mut(log) else { return };
        let Some(mark) = watched.follower.borrow().mark(file) else { return };
        let same = watched.numbers.iter().filter_map(|number| self.files.get(*number));
        let plain = format!("{}/{}", watched.source.log, mark.first_name);
        let numbered = format!("{plain}#");
        let count = same.filter(|file| {
            let id = file.source.id.as_str();
            id == plain || id.starts_with(&numbered)
        });
        let id = match count.count() {
            0 => plain,
            before => format!("{plain}#{}", before + 1),
        };
        let source = EventSource { id: SourceId::from(id), ..watched.source.clone() };
        let number = self.files.len();
        watched.numbers.push(number);
        self.pipeline.add_source(source.clone());
        self.files.push(WatchedFile { log, file, source, place: Place::default() });
        self.read_from(number);
        self.changed.insert(number);
    }

    fn file_at(&mut self, number: usize, place: Place) {
        if let Some(file) = self.files.get_mut(number) {
            file.place = place;
        }
        self.read_from(number);
        self.changed.insert(number);
    }

    /// Reads a file from its place.
    pub(super) fn read_from(&mut self, number: usize) {
        let Some(file) = self.files.get(number) else { return };
        let Some(log) = self.logs.get(file.log) else { return };
        let (follower, clock, of_log) = (Rc::clone(&log.follower), Rc::clone(&self.clock), file.file);
        let open: crate::Open = Box::new(move || {
            let tail = Tail { follower: Rc::clone(&follower), file: of_log, clock: Rc::clone(&clock) };
            Ok(Box::new(tail) as Box<dyn Read>)
        });
        let (source, format, mapping) = (file.source.clone(), log.format, log.mapping.clone());
        let input = LogInput { source, format, mapping, bytes: 0, open };
        self.merge.put(number, Cursor::from(input, file.place));
    }

    fn tell(&mut self, number: Option<usize>, what: String, loss: bool) {
        if let Some(number) = number {
            self.changed.insert(number);
            self.note_of(number, what, loss);
        }
    }

    pub(super) fn note_of(&mut self, number: usize, what: String, loss: bool) {
        if let Some(file) = self.files.get(number) {
            self.notes.push(WatchNote { log: file.source.id.clone(), what, loss });
        }
    }

    fn note(&mut self, log: usize, what: String, loss: bool) {
        if let Some(log) = self.logs.get(log) {
            self.notes.push(WatchNote { log: log.source.log.clone(), what, loss });
        }
    }

    /// How each log stands.
    pub fn status(&self) -> Vec<LogStatus> {
        self.logs.iter().map(|log| self.status_of(log)).collect()
    }

    fn status_of(&self, log: &Watched) -> LogStatus {
        let mut status = LogStatus {
            log: log.source.log.clone(),
            files: log.numbers.len(),
            events: 0,
            rejects: 0,
            reject: None,
            behind_bytes: 0,
            last: None,
            unlisted: log.unlisted.clone(),
        };
        let follower = log.follower.borrow();
        for (file, number) in log.numbers.iter().enumerate() {
            status.behind_bytes += follower.behind(file);
            let Some(report) = self.merge.cursor(*number).map(Cursor::report) else { continue };
            status.events += report.accounting.events;
            status.rejects += report.accounting.rejects;
            status.last = status.last.max(report.last);
            if let Some(reject) = report.accounting.kept.first() {
                status.reject = Some(format!("{}: byte {}: {}", report.source.id, reject.offset, reject.reason));
            }
        }
        status
    }
}
