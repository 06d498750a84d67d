//! Merges the files of all logs by event time.
//!
//! A file's place in the order is the latest time it has shown so far, so that a late record stays
//! where its log has it. Ties go to the file configured first. Consecutive rows of one file are
//! handed on as one run.
//!
//! A file that is still being written may have nothing *now*: then what it gives next may come before
//! what others have, and their rows wait, for as long as the caller's [`Patience`] has it. While none
//! runs out of it the order is that of a scan of the finished files.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use sever_model::{Batch, EventTime, Limits, Symbols};

use super::cursor::Cursor;
use super::{LogInput, LogReport};
use crate::{EngineError, Progress};

/// Consecutive rows of one file.
pub(crate) struct Run<'a> {
    /// The file's number.
    pub source: usize,
    /// The batch they stand in.
    pub batch: &'a Batch,
    /// First and last row, half open.
    pub rows: (usize, usize),
}

/// For how long rows wait for files that may yet have earlier ones.
pub(crate) struct Patience {
    /// Events until then no longer wait: whatever comes now is taken to be later.
    pub settled: EventTime,
    /// What was read until then has waited long enough; nothing has, where there is none.
    pub waited: Option<Duration>,
}

impl Patience {
    /// With files that are all finished nothing waits.
    const NONE: Patience = Patience { settled: EventTime::MAX, waited: Some(Duration::MAX) };

    fn is_over(&self, time: EventTime, arrived: Duration) -> bool {
        time <= self.settled || self.waited.is_some_and(|waited| arrived <= waited)
    }
}

pub(crate) struct Merge {
    cursors: Vec<Cursor>,
    /// Files with rows left, by the time they have reached.
    heap: BinaryHeap<Reverse<(EventTime, usize)>>,
    /// The file whose rows are being handed out, and how far it may go.
    current: Option<usize>,
    /// Files that have nothing now and may have more later, by the time they have reached.
    idle: BTreeSet<(EventTime, usize)>,
    chunk: Vec<u8>,
    limits: Limits,
    now: Duration,
}

/// How much of a file is read at once. Its decoded rows are the memory that an open file costs.
const CHUNK_BYTES: usize = 256 << 10;

impl Merge {
    /// Of files that are being written, which are added as they turn up.
    pub(crate) fn live(limits: &Limits) -> Merge {
        Merge {
            cursors: Vec::new(),
            heap: BinaryHeap::new(),
            current: None,
            idle: BTreeSet::new(),
            chunk: vec![0; CHUNK_BYTES],
            limits: limits.clone(),
            now: Duration::ZERO,
        }
    }

    /// Says what time it is, for what is read from now on.
    pub(crate) fn tick(&mut self, now: Duration) {
        self.now = now;
    }

    pub(super) fn new(inputs: Vec<LogInput>, limits: &Limits, symbols: &mut Symbols) -> Result<Merge, EngineError> {
        let mut merge = Merge::live(limits);
        merge.cursors.extend(inputs.into_iter().map(Cursor::new));
        for (at, cursor) in merge.cursors.iter_mut().enumerate() {
            if let Some(time) = cursor.peek(&mut merge.chunk, symbols, &merge.limits)? {
                merge.heap.push(Reverse((time, at)));
            }
        }
        Ok(merge)
    }

    /// Takes one more file, by the next number, or reads a known one by another reader.
    pub(crate) fn put(&mut self, at: usize, cursor: Cursor) {
        self.idle.retain(|(_, other)| *other != at);
        self.heap.retain(|Reverse((_, other))| *other != at);
        self.idle.insert((EventTime::MIN, at));
        match self.cursors.get_mut(at) {
            Some(slot) => *slot = cursor,
            None => self.cursors.push(cursor),
        }
    }

    /// Reads on in files that had nothing.
    pub(crate) fn stir(&mut self, symbols: &mut Symbols, progress: &mut dyn Progress) -> Result<(), EngineError> {
        for (_, at) in std::mem::take(&mut self.idle) {
            self.read_on(at, symbols, progress)?;
        }
        Ok(())
    }

    /// Reads on in a file whose rows have been handed out, and files it under what it has now.
    fn read_on(&mut self, at: usize, symbols: &mut Symbols, progress: &mut dyn Progress) -> Result<(), EngineError> {
        let Some(cursor) = self.cursors.get_mut(at) else { return Ok(()) };
        cursor.tick(self.now);
        match cursor.refill(&mut self.chunk, symbols, &self.limits, progress)? {
            Some(time) => self.heap.push(Reverse((time, at))),
            None if cursor.is_idle() => {
                self.idle.insert((cursor.reached(), at));
            }
            None => {}
        }
        Ok(())
    }

    /// The next run of rows, or nothing when every file is at its end.
    pub(super) fn next(
        &mut self,
        symbols: &mut Symbols,
        progress: &mut dyn Progress,
    ) -> Result<Option<Run<'_>>, EngineError> {
        self.next_with(&Patience::NONE, symbols, progress)
    }

    /// The same where files are being written: nothing, too, while the next rows wait.
    pub(crate) fn next_with(
        &mut self,
        patience: &Patience,
        symbols: &mut Symbols,
        progress: &mut dyn Progress,
    ) -> Result<Option<Run<'_>>, EngineError> {
        if let Some(at) = self.current.take() {
            self.read_on(at, symbols, progress)?;
        }
        let Some(Reverse((time, at))) = self.heap.pop() else { return Ok(None) };
        let bound = self.heap.peek().map(|Reverse(next)| *next);
        let Some(cursor) = self.cursors.get_mut(at) else { return Ok(None) };
        cursor.open(&mut self.chunk, symbols, &self.limits, progress)?;
        let (lowest, arrived) = (self.idle.first().copied(), cursor.arrived());
        let may = |time| lowest.is_none_or(|lowest| (time, at) < lowest) || patience.is_over(time, arrived);
        if !may(time) {
            self.heap.push(Reverse((time, at)));
            return Ok(None);
        }
        self.current = Some(at);
        let rows = cursor.advance(|time| bound.is_none_or(|bound| (time, at) < bound) && may(time));
        Ok(Some(Run { source: at, batch: cursor.batch(), rows }))
    }

    /// So many rows of one file, or as many of them as it has now: as another run had them.
    pub(crate) fn next_of(
        &mut self,
        at: usize,
        rows_max: usize,
        symbols: &mut Symbols,
        progress: &mut dyn Progress,
    ) -> Result<Option<Run<'_>>, EngineError> {
        if let Some(at) = self.current.take() {
            self.read_on(at, symbols, progress)?;
        }
        if !self.heap.iter().any(|Reverse((_, other))| *other == at) {
            return Ok(None);
        }
        self.heap.retain(|Reverse((_, other))| *other != at);
        self.current = Some(at);
        let Some(cursor) = self.cursors.get_mut(at) else { return Ok(None) };
        let mut left = rows_max;
        let rows = cursor.advance(|_| {
            left = left.saturating_sub(1);
            left > 0
        });
        Ok(Some(Run { source: at, batch: cursor.batch(), rows }))
    }

    pub(crate) fn cursor(&self, at: usize) -> Option<&Cursor> {
        self.cursors.get(at)
    }

    pub(super) fn reports(&self) -> Vec<LogReport> {
        self.cursors.iter().map(Cursor::report).collect()
    }

    pub(super) fn into_reports(self) -> Vec<LogReport> {
        self.reports()
    }
}
