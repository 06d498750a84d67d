//! `watch`: judge live, by the same decoders, merge, judge and detectors as `scan`.
//!
//! ```text
//!  followers ─► cursors ─► merge, with watermarks ─► pipeline ─► findings touched
//!      │                       │                        │              │
//!    marks                    runs                      │              │ told only after
//!      └──────────┬────────────┘                        │              ▼
//!             Commit: one line, made durable ◄──────────┼──────── the commit they came from
//!                                             Checkpoint: all of the state, now and then
//! ```
//!
//! **Exactly once.** What is judged is a function of the order of records alone. So a commit only says
//! which rows of which file were handed on, in which order, and what each file was known by. After a
//! crash the last checkpoint is loaded, the files are found again by their content, and the runs since
//! are handed on as they were: the findings are the same, and each carries a revision by which whoever
//! told it before knows it again. Rows that no commit names are judged as if they had just come.
//!
//! A decoder's own state is not saved: a file that is not at its end is decoded again from its beginning,
//! and the rows that were handed on are passed over.
//!
//! **Order.** Rows wait for files that may yet have earlier ones, for at most [`WatchSetup::hold`] (see
//! [`crate::scan`]'s merge). While no record comes later than that, the findings are those of a scan of
//! the same files; records that do are judged all the same, and counted in [`Turn::late`].
//!
//! Nothing here reads a clock or a disk. Bounded by: a decoded chunk per open file, the runs between two
//! commits, and the limits of judge and detectors.

mod files;
mod saved;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use sever_decode::{Format, Mapping};
use sever_detect::{Pipeline, Report, SettledSink, Setup};
use sever_model::port::{Detector, Settled};
use sever_model::{
    Class, EventSource, EventTime, Finding, FingerprintKey, Inventory, Limits, SourceId, Span, SubjectRegister,
    Symbols, WallTime,
};

use crate::follow::{self, Folder, Mark};
use crate::scan::merge::{self, Merge};
use crate::{EngineError, Quiet};
pub use files::LogStatus;
use files::{Watched, WatchedFile};
pub use saved::{Checkpoint, Commit};

/// Rows judged in one turn, so that what was found is told soon.
const TURN_ROWS: usize = 50_000;
/// Symbols past which a watcher asks to be built anew from its checkpoint.
const RENEW_SHARE: f64 = 0.75;

/// One log that is watched.
pub struct WatchedLog {
    /// Where its events come from.
    pub source: EventSource,
    /// The format it is written in.
    pub format: &'static Format,
    /// The mapping, for mapped formats.
    pub mapping: Option<Mapping>,
    /// Its files.
    pub folder: Box<dyn Folder>,
}

/// What a watch needs.
pub struct WatchSetup<'a> {
    /// The logs.
    pub logs: Vec<WatchedLog>,
    /// Who is a customer, where there is a register.
    pub register: Option<&'a dyn SubjectRegister>,
    /// The classes of token.
    pub classes: Vec<Class>,
    /// The detectors to run.
    pub detectors: Vec<Box<dyn Detector>>,
    /// The key that identifiers are fingerprinted under.
    pub key: FingerprintKey,
    /// The run's limits.
    pub limits: Limits,
    /// When a file is at its end.
    pub patience: follow::Patience,
    /// How long a row waits for others that may be earlier.
    pub hold: Span,
}

/// The moment of a turn.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Since the watch began; never jumps.
    pub at: Duration,
    /// By the clock, which may.
    pub wall: WallTime,
}

/// What a turn did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Events judged.
    pub events: u64,
    /// Of them, those that came after later ones had been judged.
    pub late: u64,
    /// Whether there is more to judge at once.
    pub more: bool,
    /// Whether what was judged before the last stop is still being judged again.
    pub replaying: bool,
}

/// Something about a log that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchNote {
    /// The log.
    pub log: SourceId,
    /// What.
    pub what: String,
    /// Whether records were lost.
    pub loss: bool,
}

/// A watch.
pub struct Watcher<'a> {
    logs: Vec<Watched>,
    files: Vec<WatchedFile>,
    merge: Merge,
    pipeline: Pipeline,
    symbols: Symbols,
    register: Option<&'a dyn SubjectRegister>,
    limits: Limits,
    hold: Span,
    clock: Rc<Cell<Duration>>,
    /// What has been handed on since the last commit: file and rows.
    runs: Vec<(usize, u64)>,
    /// Files of which something was read, or whose fate changed, since then; and how many are new.
    changed: BTreeSet<usize>,
    /// What a stopped watch had handed on since its checkpoint.
    replay: VecDeque<(usize, u64)>,
    notes: Vec<WatchNote>,
    /// The latest event that was judged.
    reached: EventTime,
    commits: u64,
}

/// Takes what settles and keeps none of it.
struct Nowhere;

impl SettledSink for Nowhere {
    fn settled(&mut self, _settled: &Settled<'_>, _symbols: &Symbols) {}
}

impl<'a> Watcher<'a> {
    /// A watch that begins, or goes on from its checkpoint and what was committed since.
    ///
    /// # Errors
    /// When the checkpoint is not of these logs and classes.
    pub fn new(
        setup: WatchSetup<'a>,
        saved: Option<Checkpoint>,
        commits: Vec<Commit>,
    ) -> Result<Watcher<'a>, EngineError> {
        let clock = Rc::new(Cell::new(Duration::ZERO));
        let mut symbols = Symbols::new(setup.key, setup.limits.symbols_max);
        // Judge and resolver are told of every log before any of its files.
        let sources: Vec<EventSource> = setup.logs.iter().map(files::read_as).collect();
        let pipeline = Pipeline::new(Setup {
            classes: setup.classes,
            sources,
            limits: setup.limits.clone(),
            key: setup.key,
            detectors: setup.detectors,
        });
        let patience = setup.patience;
        let mut watcher = Watcher {
            logs: setup.logs.into_iter().map(|log| Watched::new(log, patience)).collect(),
            files: Vec::new(),
            merge: Merge::live(&setup.limits),
            pipeline,
            symbols: Symbols::new(setup.key, 0),
            register: setup.register,
            limits: setup.limits,
            hold: setup.hold,
            clock,
            runs: Vec::new(),
            changed: BTreeSet::new(),
            replay: VecDeque::new(),
            notes: Vec::new(),
            reached: EventTime::MIN,
            commits: 0,
        };
        watcher.restore(saved, commits, &mut symbols)?;
        watcher.symbols = symbols;
        Ok(watcher)
    }

    /// Looks for files, reads what has come, and judges what may be judged by now.
    ///
    /// # Errors
    /// When a log's mapping does not fit its format.
    pub fn turn(&mut self, now: Moment, inventory: &Inventory) -> Result<Turn, EngineError> {
        self.clock.set(now.at);
        self.merge.tick(now.at);
        self.look(now.at);
        self.merge.stir(&mut self.symbols, &mut Quiet)?;
        let mut turn = Turn::default();
        if !self.replay.is_empty() {
            self.replay(&mut turn, inventory)?;
        }
        // What a file that is yet to be found has may come before all there is.
        if self.replay.is_empty() && !self.is_seeking() {
            self.judge(now, &mut turn, inventory)?;
        }
        turn.replaying = !self.replay.is_empty();
        Ok(turn)
    }

    /// Judges what no earlier record can still come before.
    fn judge(&mut self, now: Moment, turn: &mut Turn, inventory: &Inventory) -> Result<(), EngineError> {
        let hold = Duration::from_micros(u64::try_from(self.hold.micros()).unwrap_or(0));
        // What is not understood yet may have earlier records: nothing is taken to be settled meanwhile.
        let unsure = self.logs.iter().any(|log| log.follower.borrow().is_unsure());
        let patience = merge::Patience {
            settled: if unsure { EventTime::MIN } else { now.wall.as_event().minus(self.hold) },
            waited: now.at.checked_sub(if unsure { hold * 2 } else { hold }),
        };
        let (first, mut rows) = (self.logs.len(), 0);
        let Watcher { merge, pipeline, symbols, register, runs, changed, reached, .. } = self;
        while rows < TURN_ROWS {
            let Some(run) = merge.next_with(&patience, symbols, &mut Quiet)? else { return Ok(()) };
            let (file, count) = (run.source, run.rows.1 - run.rows.0);
            for time in run.batch.times().get(run.rows.0..run.rows.1).unwrap_or_default() {
                turn.late += u64::from(*time < *reached);
                *reached = (*reached).max(*time);
            }
            pipeline.observe(first + file, run.batch, run.rows, inventory, *register, symbols, &mut Nowhere);
            note(runs, changed, file, count);
            rows += count;
            turn.events += count as u64;
        }
        turn.more = true;
        Ok(())
    }

    /// Judges again, in the same order, what was judged after the checkpoint.
    fn replay(&mut self, turn: &mut Turn, inventory: &Inventory) -> Result<(), EngineError> {
        let first = self.logs.len();
        let mut rows = 0;
        while rows < TURN_ROWS
            && let Some((file, left)) = self.replay.front().copied()
        {
            let Watcher { merge, pipeline, symbols, register, changed, reached, .. } = self;
            let wanted = usize::try_from(left).unwrap_or(usize::MAX);
            let Some(run) = merge.next_of(file, wanted, symbols, &mut Quiet)? else {
                return self.cannot_replay(file);
            };
            let count = run.rows.1 - run.rows.0;
            let times = run.batch.times().get(run.rows.0..run.rows.1).unwrap_or_default();
            *reached = times.iter().copied().fold(*reached, EventTime::max);
            pipeline.observe(first + file, run.batch, run.rows, inventory, *register, symbols, &mut Nowhere);
            changed.insert(file);
            rows += count;
            turn.events += count as u64;
            match left.saturating_sub(count as u64) {
                0 => drop(self.replay.pop_front()),
                left => self.replay.front_mut().into_iter().for_each(|front| front.1 = left),
            }
        }
        turn.more = true;
        Ok(())
    }

    /// Rows that are to be judged again are not there: not yet, or no more.
    fn cannot_replay(&mut self, file: usize) -> Result<(), EngineError> {
        if self.merge.cursor(file).is_none_or(|cursor| !cursor.is_done()) {
            return Ok(());
        }
        let rows: u64 = self.replay.iter().filter(|(other, _)| *other == file).map(|(_, rows)| rows).sum();
        self.replay.retain(|(other, _)| *other != file);
        let what = format!(
            "{rows} events that were judged after the last checkpoint are gone with their file: what follows is \
             judged without them"
        );
        self.note_of(file, what, true);
        Ok(())
    }

    /// What there is to make durable since the last commit; nothing where nothing has come.
    pub fn commit(&mut self, wall: WallTime) -> Option<Commit> {
        if self.runs.is_empty() && self.changed.is_empty() || !self.replay.is_empty() {
            return None;
        }
        let runs = std::mem::take(&mut self.runs);
        let changed = std::mem::take(&mut self.changed);
        self.commits += 1;
        Some(Commit { at: wall, files: changed.into_iter().filter_map(|file| self.save_file(file)).collect(), runs })
    }

    /// Whether what was judged before the last stop is still being judged again.
    pub fn is_replaying(&self) -> bool {
        !self.replay.is_empty()
    }

    /// Whether a file that was followed before has not been found again yet.
    pub fn is_seeking(&self) -> bool {
        self.logs.iter().any(|log| log.follower.borrow().is_seeking())
    }

    /// How many commits there have been.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// The files, as evidence names them, and what each is known by.
    pub fn files(&self) -> Vec<(SourceId, Mark)> {
        let mark = |file: &WatchedFile| self.logs.get(file.log)?.follower.borrow().mark(file.file);
        self.files.iter().filter_map(|file| Some((file.source.id.clone(), mark(file)?))).collect()
    }

    /// Whether findings were raised or taken back that [`Watcher::take_touched`] has not told.
    pub fn has_news(&self) -> bool {
        self.pipeline.findings().is_touched() && self.replay.is_empty()
    }

    /// Those findings, each with its revision; to be asked for once the commit is durable.
    pub fn take_touched(&mut self) -> Vec<(u32, Finding)> {
        self.pipeline.take_touched()
    }

    /// What people should know of the logs since this was last asked.
    pub fn take_notes(&mut self) -> Vec<WatchNote> {
        std::mem::take(&mut self.notes)
    }

    /// What the judge saw and held back.
    pub fn report(&self) -> Report {
        self.pipeline.report()
    }

    /// Findings that did not fit, and names that were not told apart.
    pub fn dropped(&self) -> (u64, u64) {
        (self.pipeline.findings().dropped(), self.symbols.overflowed())
    }

    /// The latest event that was judged.
    pub fn reached(&self) -> Option<EventTime> {
        (self.reached > EventTime::MIN).then_some(self.reached)
    }

    /// Whether the table of names is so full that the watch should go on in a new one, from a checkpoint.
    pub fn wants_renewal(&self) -> bool {
        self.symbols.len() as f64 > self.limits.symbols_max as f64 * RENEW_SHARE
    }

    /// The logs have ended: what still waits is judged as it is, and the standing state is looked at, as a
    /// scan does. The findings are a scan's.
    pub fn conclude(mut self, inventory: &Inventory) -> Vec<Finding> {
        let Watcher { pipeline, symbols, register, reached, .. } = &mut self;
        pipeline.end(inventory, *register, symbols, &mut Nowhere);
        if *reached > EventTime::MIN {
            pipeline.stand(*reached, inventory, *register, symbols);
        }
        self.pipeline.into_findings().into_sorted().0
    }
}

/// Notes that rows of a file were handed on.
fn note(runs: &mut Vec<(usize, u64)>, changed: &mut BTreeSet<usize>, file: usize, count: usize) {
    changed.insert(file);
    match runs.last_mut().filter(|last| last.0 == file) {
        Some(last) => last.1 += count as u64,
        None => runs.push((file, count as u64)),
    }
}
