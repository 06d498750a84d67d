//! Rows kept beyond the batch that they came in: of uses that wait, and of uses called forged.
//!
//! Rows lie in batches of [`ROWS`], which are taken up again when their last row is let go. Bounded
//! by the number of rows in batches that are not yet empty, let go or not, and by [`BYTES_MAX`] of
//! their text: a record can carry a million subjects.

use sever_model::Batch;

/// Rows of one batch: few, so that one row that stays does not hold many that went.
const ROWS: usize = 64;
/// Text of all kept rows.
const BYTES_MAX: usize = 1 << 30;

/// Where a row is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Slot {
    batch: usize,
    pub row: usize,
}

/// Rows that are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    batches: Vec<(Batch, usize)>,
    free: Vec<usize>,
    filling: Option<usize>,
    bytes: usize,
}

impl Kept {
    /// Keeps a copy of a row.
    pub(super) fn keep(&mut self, batch: &Batch, row: usize) -> Slot {
        let at = match self.filling {
            Some(at) if !self.must_open() => at,
            _ => self.free.pop().unwrap_or_else(|| {
                self.batches.push((Batch::new(), 0));
                self.batches.len() - 1
            }),
        };
        self.filling = Some(at);
        let mut slot = Slot { batch: at, row: 0 };
        if let Some((into, alive)) = self.batches.get_mut(at) {
            slot.row = into.len();
            let before = into.text_bytes();
            batch.copy_to(row, into);
            self.bytes += into.text_bytes() - before;
            *alive += 1;
        }
        slot
    }

    /// The batch that a row is kept in.
    pub(super) fn batch(&self, slot: Slot) -> Option<&Batch> {
        self.batches.get(slot.batch).map(|(batch, _)| batch)
    }

    /// Lets a row go.
    pub(super) fn release(&mut self, slot: Slot) {
        let Some((batch, alive)) = self.batches.get_mut(slot.batch) else { return };
        *alive = alive.saturating_sub(1);
        if *alive == 0 {
            self.bytes = self.bytes.saturating_sub(batch.text_bytes());
            batch.clear();
            if self.filling == Some(slot.batch) {
                self.filling = None;
            }
            self.free.push(slot.batch);
        }
    }

    /// Whether it holds all that it may.
    pub(super) fn full(&self, rows_max: usize) -> bool {
        (self.batches.len() - self.free.len()) * ROWS >= rows_max.max(ROWS) && self.must_open()
            || self.bytes >= BYTES_MAX
    }

    /// Whether the next row needs another batch.
    fn must_open(&self) -> bool {
        self.filling.and_then(|at| self.batches.get(at)).is_none_or(|(batch, _)| batch.len() >= ROWS)
    }
}
