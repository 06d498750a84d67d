//! Hands settled uses on to the lake.

use std::io::Read;

use sever_detect::SettledSink;
use sever_lake::{LakeError, LakeWriter, Offset, UseRow};
use sever_model::port::{Resolved, Settled};
use sever_model::{Batch, EventSource, FingerprintKey, Inventory, Judgement, Stage, Symbols};

use super::{LogInput, LogReport};
use crate::EngineError;

/// What identifies each file, by how it begins, decompressed or not as it lies. One that cannot be read has none,
/// and whoever reads it says why.
pub(super) fn identities(inputs: &[LogInput], key: &FingerprintKey) -> Vec<String> {
    let of = |input: &LogInput| {
        let mut head = Vec::with_capacity(Offset::HEAD_BYTES);
        let mut file = (input.open)().ok()?.take(Offset::HEAD_BYTES as u64);
        file.read_to_end(&mut head).ok().map(|_| Offset::identity(&head, key))
    };
    inputs.iter().map(|input| of(input).unwrap_or_default()).collect()
}

/// Writes each use once, when its judgement is as final as this scan can make it, and each event
/// that presents no token and tells whose data was in an answer.
pub(super) struct Sink<'a> {
    lake: Option<LakeWriter>,
    inventory: &'a Inventory,
    sources: Vec<EventSource>,
    failed: Option<LakeError>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(lake: Option<LakeWriter>, inventory: &'a Inventory, sources: Vec<EventSource>) -> Sink<'a> {
        Sink { lake, inventory, sources, failed: None }
    }

    /// Makes what was written count, with how far each file was read, and says how many rows that is.
    /// `identities` are those of the files, in order.
    pub(super) fn finish(self, logs: &[LogReport], identities: Vec<String>) -> Result<u64, EngineError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let Some(mut lake) = self.lake else { return Ok(0) };
        for (log, identity) in logs.iter().zip(identities) {
            lake.read_to(log.source.id.as_str(), Offset { bytes: log.accounting.bytes, identity });
        }
        let rows = lake.rows();
        lake.finish()?;
        Ok(rows)
    }

    fn keep(&mut self, at: &Place<'_>, judgement: Option<Judgement>, stage: Stage, symbols: &Symbols) {
        let Some(lake) = self.lake.as_mut().filter(|_| self.failed.is_none()) else { return };
        let Place { source, batch, row, resolved } = *at;
        let mut subjects = Vec::new();
        let event = batch.row(row, symbols, &mut subjects);
        let actor = resolved.actor.or(resolved.account);
        let account = actor.and_then(|ix| self.inventory.account(ix)).map(|entry| entry.it.id.as_str());
        let person = actor.and_then(|ix| self.inventory.person_of(ix)).and_then(|ix| self.inventory.person(ix));
        let named = if event.actor.is_empty() { event.account } else { event.actor };
        let kept = lake.push(&UseRow {
            time: event.time,
            kind: event.kind.word(),
            outcome: event.outcome,
            judgement,
            stage,
            source: self.sources.get(source).map_or("", |source| source.id.as_str()),
            offset: event.offset,
            issuer: event.issuer,
            key_id: event.key_id,
            credential: event.credential,
            session: event.session,
            token_subject: event.token_subject,
            account: account.unwrap_or(named),
            person: person.map_or("", |entry| entry.it.id.as_str()),
            source_ip: event.source_ip,
            user_agent: event.user_agent,
            resource: event.resource,
            fields: event.fields,
            data_subjects: event.data_subjects,
            subject_count: event.subject_count,
            subject_ref: event.subject_ref,
        });
        self.failed = kept.err();
    }
}

/// Where an event stands, and what its names stand for.
#[derive(Clone, Copy)]
struct Place<'a> {
    source: usize,
    batch: &'a Batch,
    row: usize,
    resolved: Resolved,
}

impl SettledSink for Sink<'_> {
    fn settled(&mut self, settled: &Settled<'_>, symbols: &Symbols) {
        let Settled { source, batch, row, resolved, .. } = *settled;
        self.keep(&Place { source, batch, row, resolved }, Some(settled.judgement), settled.stage, symbols);
    }

    fn unjudged(&mut self, source: usize, batch: &Batch, row: usize, resolved: Resolved, symbols: &Symbols) {
        self.keep(&Place { source, batch, row, resolved }, None, Stage::Confirmed, symbols);
    }
}
