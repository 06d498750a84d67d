//! Gaps and uses that have settled: what a gap excuses when it shows late, and the surplus of those who
//! claim it.
//!
//! Both are looked at by the issuer's signs of life and as uses settle, never between two rows of one
//! record: an issuance that comes late fills its gap and clears its token in one step.

use sever_model::{Batch, EventTime, Fingerprint, Judgement, Symbols, Unjudgeable, port};

use super::Judge;
use super::gaps;
use super::settle::Place;

/// A surplus that has changed.
#[derive(Debug)]
pub(super) struct Weighed {
    at: EventTime,
    surplus: gaps::Surplus,
    /// The use that did it, and its source.
    shown: Option<(usize, Place)>,
}

impl Judge {
    /// Says of which gaps the surplus has changed. Before [`Judge::tell`], which lets rows go.
    pub(crate) fn tell_surplus(&mut self, here: &Batch, each: &mut dyn FnMut(&port::Surplus<'_>)) {
        for Weighed { at, surplus, shown } in std::mem::take(&mut self.surpluses) {
            let gaps::Surplus { class, now, before, claimants, lost, from, to } = surplus;
            let record = shown.and_then(|(source, place)| {
                let (batch, row) = self.row_at(place, here)?;
                Some((source, batch, row))
            });
            each(&port::Surplus { class, at, now, before, claimants, lost, from, to, record });
        }
    }

    /// When a gap is found that reaches back to uses which have been called forged (a node was behind),
    /// nothing that was said of those that may be from it holds.
    pub(super) fn reconsider(&mut self, log: usize, symbols: &Symbols) {
        let Some(feed) = self.logs.get_mut(log).and_then(|log| log.feed.as_mut()) else { return };
        let fresh = feed.gaps.take_fresh();
        if fresh.is_none_or(|from| !self.forged.reach_past(from.minus(self.skew))) {
            return;
        }
        let mut excused = Vec::new();
        for (number, known) in self.forged.iter().filter(|(_, one)| one.judgement == Judgement::NeverIssued) {
            let mine = self.classes.get(known.class).is_some_and(|state| state.feed == Some(log));
            let row = self.forged.kept.batch(known.slot).filter(|_| mine);
            let Some((batch, at)) = row.zip(self.log_of.get(known.source)) else { continue };
            let id = Some(Fingerprint(known.id.0));
            let one = self.read((known.class, *at), id, (batch, known.slot.row), symbols);
            excused.extend(one.filter(|one| self.excused_since(one)).map(|one| (number, one)));
        }
        for (number, one) in excused {
            let Some(known) = self.forged.remove(number) else { continue };
            self.retract(&known, Judgement::Unjudgeable(Unjudgeable::IssuerGap));
            if self.excuse(&one) == Some(Unjudgeable::IssuerGap) {
                self.claim_gap(&one);
            }
        }
    }

    /// Says where the surplus of those who claim a gap has changed. `shown` is the use that did it.
    pub(super) fn weigh(&mut self, class: usize, at: EventTime, shown: Option<(usize, Place)>) {
        if let Some(log) = self.classes.get(class).and_then(|state| state.feed) {
            self.weigh_log(log, at, shown);
        }
    }

    /// The same, of all classes that a log issues.
    pub(super) fn weigh_log(&mut self, log: usize, at: EventTime, shown: Option<(usize, Place)>) {
        let Some(feed) = self.logs.get_mut(log).and_then(|log| log.feed.as_mut()) else { return };
        self.surpluses.extend(feed.gaps.weigh().into_iter().map(|surplus| Weighed { at, surplus, shown }));
    }
}
