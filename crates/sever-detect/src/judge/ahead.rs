//! Looking ahead: the ids of the next few rows, and their places in the ledger touched at once.
//!
//! A live token's entry lies in cold memory, so that one lookup after the other waits for memory
//! each time, for longer than all else that judging does. Here the places of a window of rows are
//! read in one tight loop, so that the processor waits for all of them together. It changes nothing
//! but the time it takes.

use std::ops::Range;

use sever_model::{Batch, EventKind, Fingerprint, Symbols};

use super::Judge;

/// Rows looked at together: as many as a processor can keep under way.
pub(crate) const WINDOW: usize = 16;

/// The ids of a window of rows.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    from: usize,
    /// For each row, its class and id, if it has them.
    ids: Vec<Option<(usize, Fingerprint)>>,
}

impl Ahead {
    /// The id of a row in a class, where it was worked out.
    pub(super) fn id(&self, row: usize, class: usize) -> Option<Fingerprint> {
        let known = self.ids.get(row.checked_sub(self.from)?)?;
        known.filter(|(of, _)| *of == class).map(|(_, id)| id)
    }
}

impl Judge {
    /// Looks at the rows that [`Judge::take`] is handed next.
    pub(crate) fn look_ahead(&mut self, source: usize, batch: &Batch, rows: Range<usize>, symbols: &Symbols) {
        let mut ids = std::mem::take(&mut self.ahead.ids);
        ids.clear();
        // One row alone has nothing to wait together with.
        if rows.len() > 1
            && let Some(log) = self.log_of.get(source)
        {
            let log = *log;
            ids.extend(rows.clone().map(|row| self.name(log, batch, row, symbols)));
            let touched = ids.iter().flatten().map(|(class, id)| {
                let shelf = self.classes.get(*class).and_then(|state| self.ledgers.get(state.ledger));
                shelf.map_or(0, |shelf| shelf.ledger.touch(*id))
            });
            std::hint::black_box(touched.fold(0, |all, one| all ^ one));
        }
        self.ahead.from = rows.start;
        self.ahead.ids = ids;
    }

    /// The class and id of a row.
    fn name(&mut self, log: usize, batch: &Batch, row: usize, symbols: &Symbols) -> Option<(usize, Fingerprint)> {
        let issued = match batch.kind(row) {
            EventKind::Heartbeat => return None,
            kind => kind == EventKind::Issued,
        };
        let cover = if issued { &mut self.issuances } else { &mut self.uses };
        if !cover.any(log) {
            return None;
        }
        let class = cover.class(log, &batch.names(row), symbols)?;
        let state = self.classes.get(class)?;
        let join = if issued { state.join_of_issuance(batch, row) } else { state.join_of_use(batch, row) };
        (!join.is_empty()).then(|| (class, state.id(join, &self.key)))
    }
}
