//! How records of an issuer's log are read: the format and mapping of its `[[log]]`, as a scan reads them.
//!
//! What is pushed and configured as nothing in particular is JSON with the names that tokens and logs have
//! for these things; `kind` is `issued` where it is not said.

use sever_decode::{Field, Format, LogStream, Mapping, Pick};
use sever_model::port::EventSink;
use sever_model::{Batch, Limits, Row, Symbols};

/// How an issuer's records are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Their format.
    pub format: &'static Format,
    /// The mapping, for mapped formats.
    pub mapping: Option<Mapping>,
}

/// Records that were read.
pub struct Records {
    /// The events in them.
    pub batch: Batch,
    /// Their recurring texts.
    pub symbols: Symbols,
    /// What could not be read, the first few places; all are counted.
    pub rejects: Vec<String>,
    /// How many could not be read.
    pub rejected: u64,
}

impl Reading {
    /// Of pushed records whose log says nothing of how they are written.
    pub fn of_pushed() -> Option<Reading> {
        let first = |names: &[&str]| Pick::first(names);
        let kind = Pick { default: Some("issued".to_owned()), ..Pick::from("kind") };
        let mapping = [
            (Field::Time, first(&["time", "issued_at", "iat"])),
            (Field::Kind, kind),
            (Field::Issuer, first(&["issuer", "iss"])),
            (Field::Credential, first(&["credential", "jti", "token_sha256"])),
            (Field::KeyId, first(&["key_id", "kid"])),
            (Field::TokenSubject, first(&["token_subject", "sub"])),
            (Field::Audience, first(&["audience", "aud"])),
            (Field::Client, first(&["client", "client_id", "azp"])),
            (Field::Session, first(&["session", "sid", "session_id"])),
            (Field::Parent, first(&["parent"])),
            (Field::TokenType, first(&["token_type", "token_use"])),
            (Field::IssuedAt, first(&["issued_at", "iat"])),
            (Field::ExpiresAt, first(&["expires_at", "exp"])),
            (Field::Node, first(&["node"])),
            (Field::Sequence, first(&["sequence", "seq"])),
            (Field::IdleSince, first(&["idle_since"])),
            (Field::SubjectCount, first(&["polls"])),
        ];
        let mapping = mapping.into_iter().fold(Mapping::new(), |all, (field, pick)| all.with(field, pick));
        Some(Reading { format: Format::named("json-lines")?, mapping: Some(mapping) })
    }

    /// Reads some whole records.
    ///
    /// # Errors
    /// When the mapping does not fit the format.
    pub fn read(&self, bytes: &[u8], symbols: Symbols, limits: &Limits) -> Result<Records, String> {
        let mut stream =
            LogStream::of(self.format, self.mapping.as_ref(), limits).map_err(|error| error.to_string())?;
        let mut sink = Sink { batch: Batch::new(), symbols };
        stream.feed(bytes, &mut sink);
        stream.finish(&mut sink);
        let accounting = stream.accounting();
        let shown = accounting.kept.iter().map(|reject| match reject.line {
            Some(line) => format!("line {line}: {}", reject.reason),
            None => format!("byte {}: {}", reject.offset, reject.reason),
        });
        Ok(Records { rejects: shown.collect(), rejected: accounting.rejects, batch: sink.batch, symbols: sink.symbols })
    }
}

impl Records {
    /// Hands on each event.
    pub fn each(&self, take: &mut dyn FnMut(&Row<'_>)) {
        for row in 0..self.batch.len() {
            let mut subjects = Vec::new();
            take(&self.batch.row(row, &self.symbols, &mut subjects));
        }
    }
}

struct Sink {
    batch: Batch,
    symbols: Symbols,
}

impl EventSink for Sink {
    fn push(&mut self, row: &Row<'_>) {
        self.batch.push(row, &mut self.symbols);
    }
}
