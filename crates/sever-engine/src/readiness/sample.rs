//! The head of a log: which kinds of event and which fields it has.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use sever_decode::LogStream;
use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Limits, Row, SourceId};

use crate::{EngineError, LogInput};

/// How much of a log is looked at, in bytes as stored.
const HEAD_BYTES: u64 = 1 << 20;

/// What the head of a log holds.
#[derive(Debug, Clone)]
pub struct LogSample {
    /// The log.
    pub log: SourceId,
    /// The file looked at.
    pub file: SourceId,
    /// The format it was read as.
    pub format: &'static str,
    /// Events decoded.
    pub events: u64,
    /// Records rejected.
    pub rejects: u64,
    /// Events by kind.
    pub kinds: BTreeMap<EventKind, u64>,
    /// In how many events each field is filled.
    pub fields: BTreeMap<&'static str, u64>,
    /// The issuers named, up to a few.
    pub issuers: BTreeSet<String>,
    /// The first event's time.
    pub first: Option<EventTime>,
}

/// Issuers remembered of a sample.
const ISSUERS_MAX: usize = 16;

impl LogSample {
    /// Decodes the head of a log.
    ///
    /// # Errors
    /// When it cannot be opened or its mapping does not fit.
    pub fn take(input: &LogInput, limits: &Limits) -> Result<LogSample, EngineError> {
        let named = || input.source.id.to_string();
        let stream = LogStream::of(input.format, input.mapping.as_ref(), limits);
        let mut stream = stream.map_err(|error| EngineError::Mapping { log: named(), what: error.to_string() })?;
        let read = |error| EngineError::Read { path: named(), error };
        let mut head = Vec::new();
        (input.open)().map_err(read)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(read)?;
        let mut sample = LogSample {
            log: input.source.log.clone(),
            file: input.source.id.clone(),
            format: input.format.id,
            events: 0,
            rejects: 0,
            kinds: BTreeMap::new(),
            fields: BTreeMap::new(),
            issuers: BTreeSet::new(),
            first: None,
        };
        stream.feed(&head, &mut sample);
        // Only a file that fits whole is finished: the cut at the end of a head is no defect of the log.
        if (head.len() as u64) < HEAD_BYTES {
            stream.finish(&mut sample);
        }
        sample.rejects = stream.accounting().rejects;
        Ok(sample)
    }

    /// Whether any event has the field.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Whether there is an event of the kind.
    pub fn tells(&self, kind: EventKind) -> bool {
        self.kinds.contains_key(&kind)
    }
}

impl EventSink for LogSample {
    fn push(&mut self, row: &Row<'_>) {
        self.events += 1;
        *self.kinds.entry(row.kind).or_default() += 1;
        self.first = Some(self.first.map_or(row.time, |first| first.min(row.time)));
        let filled = [
            ("actor", !row.actor.is_empty()),
            ("account", !row.account.is_empty()),
            ("issuer", !row.issuer.is_empty()),
            ("key_id", !row.key_id.is_empty()),
            ("credential", !row.credential.is_empty()),
            ("session", !row.session.is_empty()),
            ("parent", !row.parent.is_empty()),
            ("token_subject", !row.token_subject.is_empty()),
            ("audience", !row.audience.is_empty()),
            ("client", !row.client.is_empty()),
            ("issued_at", row.issued_at.is_some()),
            ("expires_at", row.expires_at.is_some()),
            ("data_subjects", !row.data_subjects.is_empty()),
            ("subject_count", row.subject_count.is_some() && row.kind != EventKind::Heartbeat),
            ("subject_ref", !row.subject_ref.is_empty()),
            ("resource", !row.resource.is_empty()),
            ("source_ip", !row.source_ip.is_empty()),
            ("sequence", row.sequence.is_some()),
            ("delete", row.kind == EventKind::Changed && row.action.starts_with("delete")),
        ];
        for (field, _) in filled.iter().filter(|(_, filled)| *filled) {
            *self.fields.entry(field).or_default() += 1;
        }
        if !row.issuer.is_empty() && self.issuers.len() < ISSUERS_MAX {
            self.issuers.insert(row.issuer.to_owned());
        }
    }
}
