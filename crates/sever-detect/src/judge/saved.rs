//! The judge's state as text, so that a watch goes on where it stopped.
//!
//! Logs and sources are written by name, for a configuration may have grown in between; classes
//! must be the same, in the same order, for fingerprints and counts are theirs. Rows that wait are
//! written whole. Nothing secret is in it: join keys are keyed fingerprints, but rows that wait
//! hold what their log held.

use serde::{Deserialize, Serialize};
use sever_model::{Batch, EventKind, EventTime, Judgement, Outcome, Row, SourceId, Symbols};

use super::Judge;
use super::class::Seen;
use super::feed::Feed;
use super::forged::{Id, Remembered};
use super::kept::{Kept, Slot};
use super::settle::Waiting;
use crate::ledger;

/// The judge's state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    now: EventTime,
    classes: Vec<SavedClass>,
    ledgers: Vec<(EventTime, ledger::Saved)>,
    logs: Vec<SavedLog>,
    forged: Vec<SavedForged>,
    forged_let_go: u64,
    not_covered: std::collections::BTreeMap<String, u64>,
    not_covered_others: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedClass {
    issuer: String,
    name: String,
    seen: Seen,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedLog {
    name: SourceId,
    heard: Option<EventTime>,
    feed: Option<Feed>,
    waiting: Vec<SavedWaiting>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedWaiting {
    deadline: EventTime,
    /// Its place among all that wait, for equal deadlines.
    order: u64,
    source: SourceId,
    class: usize,
    said: Option<Judgement>,
    held: bool,
    row: SavedRow,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedForged {
    source: SourceId,
    class: usize,
    id: Id,
    judgement: Judgement,
    until: EventTime,
    row: SavedRow,
}

/// One row, whole.
#[derive(Debug, Serialize, Deserialize)]
struct SavedRow {
    time: EventTime,
    kind: EventKind,
    outcome: Outcome,
    /// The texts, in the order of [`Row`]'s fields.
    texts: Vec<String>,
    data_subjects: Vec<String>,
    issued_at: Option<EventTime>,
    expires_at: Option<EventTime>,
    idle_since: Option<EventTime>,
    subject_count: Option<u64>,
    sequence: Option<u64>,
    offset: u64,
}

impl Judge {
    /// The state, to be loaded by a judge of the same classes under the same key. `source` names
    /// the sources by number.
    pub(crate) fn save(&self, symbols: &Symbols, source: impl Fn(usize) -> SourceId) -> Saved {
        let waiting = |(key, one): (&(EventTime, u64), &Waiting)| SavedWaiting {
            deadline: key.0,
            order: key.1,
            source: source(one.source),
            class: one.class,
            said: one.said,
            held: one.held,
            row: SavedRow::of(&self.kept, one.slot, symbols),
        };
        let forged = self.forged.iter().map(|(_, one)| SavedForged {
            source: source(one.source),
            class: one.class,
            id: one.id,
            judgement: one.judgement,
            until: one.until,
            row: SavedRow::of(&self.forged.kept, one.slot, symbols),
        });
        Saved {
            now: self.now,
            classes: self.classes.iter().map(SavedClass::of).collect(),
            ledgers: self.ledgers.iter().map(|shelf| (shelf.due, shelf.ledger.save())).collect(),
            logs: self
                .logs
                .iter()
                .map(|log| SavedLog {
                    name: log.name.clone(),
                    heard: log.heard,
                    feed: log.feed.clone(),
                    waiting: log.waiting.iter().map(waiting).collect(),
                })
                .collect(),
            forged: forged.collect(),
            forged_let_go: self.forged.let_go,
            not_covered: self.not_covered.clone(),
            not_covered_others: self.not_covered_others,
        }
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// Why it cannot be this judge's.
    pub(crate) fn load(
        &mut self,
        saved: Saved,
        symbols: &mut Symbols,
        source: impl Fn(&SourceId) -> Option<usize>,
    ) -> Result<(), String> {
        let same = self.classes.len() == saved.classes.len()
            && self.classes.iter().zip(&saved.classes).all(|(state, saved)| saved.is_of(state));
        if !same || self.ledgers.len() != saved.ledgers.len() {
            return Err("the saved state is of other classes of token".to_owned());
        }
        let numbers: Vec<Option<usize>> =
            saved.logs.iter().map(|saved| self.logs.iter().position(|log| log.name == saved.name)).collect();
        for (state, mut saved) in self.classes.iter_mut().zip(saved.classes) {
            let carried = std::mem::take(&mut saved.seen.carried);
            let moved = carried.into_iter().filter_map(|(log, claims)| Some(((*numbers.get(log)?)?, claims)));
            saved.seen.carried = moved.collect();
            // Waiting ones are counted again as they are put back.
            saved.seen.counts.waiting = 0;
            state.seen = saved.seen;
        }
        for (shelf, (due, saved)) in self.ledgers.iter_mut().zip(saved.ledgers) {
            let loaded = ledger::Ledger::load(saved).ok_or("the saved ledger is damaged")?;
            if loaded.terms() != shelf.ledger.terms() {
                return Err("the saved ledger is of other lifetimes".to_owned());
            }
            (shelf.ledger, shelf.due) = (loaded, due);
        }
        (self.now, self.not_covered, self.not_covered_others) =
            (saved.now, saved.not_covered, saved.not_covered_others);
        let find = |id: &SourceId| source(id).ok_or_else(|| format!("the saved state names the unknown log `{id}`"));
        let mut waiting = Vec::new();
        for (number, saved) in numbers.into_iter().zip(saved.logs) {
            let Some((number, log)) = number.and_then(|number| Some((number, self.logs.get_mut(number)?))) else {
                continue;
            };
            log.heard = saved.heard;
            if let (Some(feed), Some(saved)) = (&mut log.feed, saved.feed) {
                *feed = saved;
            }
            waiting.extend(saved.waiting.into_iter().map(|one| (number, one)));
        }
        waiting.sort_by_key(|(_, one)| one.order);
        let mut batch = Batch::new();
        for (log, one) in waiting {
            one.row.put(&mut batch, symbols);
            let (slot, deadline) = (self.kept.keep(&batch, 0), one.deadline);
            let (source, SavedWaiting { class, said, held, .. }) = (find(&one.source)?, one);
            let waiting = Waiting { slot, source, class, said, held };
            self.wait(log, deadline, waiting);
        }
        for one in saved.forged {
            one.row.put(&mut batch, symbols);
            let (source, class) = (find(&one.source)?, one.class);
            let (slot, id, judgement, until) = (Slot::default(), one.id, one.judgement, one.until);
            let remembered = Remembered { slot, source, class, id, judgement, until };
            self.forged.remember(remembered, &batch, 0, self.waiting_max);
        }
        self.forged.let_go = saved.forged_let_go;
        self.uses.forget_symbols();
        self.issuances.forget_symbols();
        Ok(())
    }
}

impl SavedClass {
    fn of(state: &super::ClassState) -> SavedClass {
        SavedClass { issuer: state.class.issuer.clone(), name: state.class.name.clone(), seen: state.seen.clone() }
    }

    fn is_of(&self, state: &super::ClassState) -> bool {
        self.issuer == state.class.issuer && self.name == state.class.name
    }
}

impl SavedRow {
    fn of(kept: &Kept, slot: Slot, symbols: &Symbols) -> SavedRow {
        let empty = Batch::new();
        let mut subjects = Vec::new();
        let row = kept.batch(slot).unwrap_or(&empty).row(slot.row, symbols, &mut subjects);
        SavedRow {
            time: row.time,
            kind: row.kind,
            outcome: row.outcome,
            texts: texts(&row).map(str::to_owned).to_vec(),
            data_subjects: row.data_subjects.iter().map(|text| (*text).to_owned()).collect(),
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            idle_since: row.idle_since,
            subject_count: row.subject_count,
            sequence: row.sequence,
            offset: row.offset,
        }
    }

    /// Makes it the only row of a batch.
    fn put(&self, batch: &mut Batch, symbols: &mut Symbols) {
        let subjects: Vec<&str> = self.data_subjects.iter().map(String::as_str).collect();
        let mut row = Row::new(self.time, self.kind, self.offset);
        row.outcome = self.outcome;
        for (slot, text) in text_slots(&mut row).into_iter().zip(&self.texts) {
            *slot = text;
        }
        row.data_subjects = &subjects;
        (row.issued_at, row.expires_at, row.idle_since) = (self.issued_at, self.expires_at, self.idle_since);
        (row.subject_count, row.sequence) = (self.subject_count, self.sequence);
        batch.clear();
        batch.push(&row, symbols);
    }
}

/// The texts of a row.
fn texts<'a>(row: &Row<'a>) -> [&'a str; 18] {
    let mut row = *row;
    text_slots(&mut row).map(|slot| *slot)
}

fn text_slots<'r, 'a>(row: &'r mut Row<'a>) -> [&'r mut &'a str; 18] {
    [
        &mut row.actor,
        &mut row.account,
        &mut row.action,
        &mut row.issuer,
        &mut row.token_type,
        &mut row.audience,
        &mut row.client,
        &mut row.key_id,
        &mut row.credential,
        &mut row.session,
        &mut row.parent,
        &mut row.token_subject,
        &mut row.subject_ref,
        &mut row.fields,
        &mut row.resource,
        &mut row.source_ip,
        &mut row.user_agent,
        &mut row.node,
    ]
}
