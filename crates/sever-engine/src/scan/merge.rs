//! Merges the files of all logs by event time.
//!
//! A file's place in the order is the latest time it has shown so far, so that a late record stays
//! where its log has it. Ties go to the file configured first. Consecutive rows of one file are
//! handed on as one run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sever_model::{Batch, EventTime, Limits, Symbols};

use super::cursor::Cursor;
use super::{LogInput, LogReport};
use crate::{EngineError, Progress};

/// Consecutive rows of one file.
pub(super) struct Run<'a> {
    /// The file's number.
    pub source: usize,
    /// The batch they stand in.
    pub batch: &'a Batch,
    /// First and last row, half open.
    pub rows: (usize, usize),
}

pub(super) struct Merge {
    cursors: Vec<Cursor>,
    /// Files with rows left, by the time they have reached.
    heap: BinaryHeap<Reverse<(EventTime, usize)>>,
    /// The file whose rows are being handed out, and how far it may go.
    current: Option<usize>,
    chunk: Vec<u8>,
    limits: Limits,
}

/// How much of a file is read at once. Its decoded rows are the memory that an open file costs.
const CHUNK_BYTES: usize = 256 << 10;

impl Merge {
    pub(super) fn new(inputs: Vec<LogInput>, limits: &Limits, symbols: &mut Symbols) -> Result<Merge, EngineError> {
        let mut merge = Merge {
            cursors: inputs.into_iter().map(Cursor::new).collect(),
            heap: BinaryHeap::new(),
            current: None,
            chunk: vec![0; CHUNK_BYTES],
            limits: limits.clone(),
        };
        for (at, cursor) in merge.cursors.iter_mut().enumerate() {
            if let Some(time) = cursor.peek(&mut merge.chunk, symbols, &merge.limits)? {
                merge.heap.push(Reverse((time, at)));
            }
        }
        Ok(merge)
    }

    /// The next run of rows, or nothing when every file is at its end.
    pub(super) fn next(
        &mut self,
        symbols: &mut Symbols,
        progress: &mut dyn Progress,
    ) -> Result<Option<Run<'_>>, EngineError> {
        if let Some(at) = self.current.take()
            && let Some(cursor) = self.cursors.get_mut(at)
        {
            let time = cursor.refill(&mut self.chunk, symbols, &self.limits, progress)?;
            if let Some(time) = time {
                self.heap.push(Reverse((time, at)));
            }
        }
        let Some(Reverse((_, at))) = self.heap.pop() else { return Ok(None) };
        let bound = self.heap.peek().map(|Reverse(next)| *next);
        self.current = Some(at);
        let Some(cursor) = self.cursors.get_mut(at) else { return Ok(None) };
        cursor.open(&mut self.chunk, symbols, &self.limits, progress)?;
        let rows = cursor.advance(|time| bound.is_none_or(|bound| (time, at) < bound));
        Ok(Some(Run { source: at, batch: cursor.batch(), rows }))
    }

    pub(super) fn reports(&self) -> Vec<LogReport> {
        self.cursors.iter().map(Cursor::report).collect()
    }

    pub(super) fn into_reports(self) -> Vec<LogReport> {
        self.reports()
    }
}
