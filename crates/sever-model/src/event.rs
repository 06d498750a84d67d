//! Events: one decoded log record as a row of borrowed text.
//!
//! A decoder fills a [`Row`] from a frame and pushes it; the row is copied into the columns of a
//! [`crate::Batch`] and read from there again. Empty text means that the record does not say: a
//! claim that is present and empty is no claim.

use serde::{Deserialize, Serialize};

use crate::{EventTime, SourceId, SystemId};

/// What kind of thing a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A token, session or credential was minted.
    Issued,
    /// A credential was presented.
    Used,
    /// Somebody signed in, or tried to.
    Authenticated,
    /// An account, key, grant, setting or resource was made, changed or deleted.
    Changed,
    /// A secret was read.
    Read,
    /// The issuer is alive, or a poll has proved it idle: moves its watermark, and is about nothing else.
    Heartbeat,
}

impl EventKind {
    /// The kind's word.
    pub const fn word(self) -> &'static str {
        match self {
            EventKind::Issued => "issued",
            EventKind::Used => "used",
            EventKind::Authenticated => "authenticated",
            EventKind::Changed => "changed",
            EventKind::Read => "read",
            EventKind::Heartbeat => "heartbeat",
        }
    }
}

/// How a use ended, as far as the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The record does not say.
    #[default]
    Unknown,
    /// It was refused, or it failed: attempted only.
    Refused,
    /// It was answered.
    Answered,
}

/// Where a batch's events come from: one file of a configured log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// What evidence names: the log, and the file where a log has several (`gateway/2025-04.jsonl.gz`).
    pub id: SourceId,
    /// The log's name in the configuration, which classes name in `issued_in` and `used_in`.
    pub log: SourceId,
    /// The system whose accounts the log names, where it is configured.
    pub system: Option<SystemId>,
    /// The id of the format it is read as, where it is known.
    pub format: Option<String>,
}

impl EventSource {
    /// A log that is one file, or none.
    pub fn of(log: SourceId, system: Option<SystemId>) -> EventSource {
        EventSource { id: log.clone(), log, system, format: None }
    }
}

/// One event. Times are event times; text is borrowed; empty text is absence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// When it happened. [`EventTime::MIN`] where the record does not say: a decoder may push such a
    /// row, and it goes no further than [`crate::port::EventSink::untimed`].
    pub time: EventTime,
    /// What kind it is.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who acted: the login, ARN or client that the log names.
    pub actor: &'a str,
    /// The account acted upon, or signed in to.
    pub account: &'a str,
    /// What was done, in the log's own word; a deletion's begins with or equals `delete`.
    pub action: &'a str,
    /// The issuer: the one that minted, or the one that the presented token claims.
    pub issuer: &'a str,
    /// The class of token that the issuer or the verifier's configuration names.
    pub token_type: &'a str,
    /// The audience claim.
    pub audience: &'a str,
    /// The client the token was issued to.
    pub client: &'a str,
    /// The id of the key that signed the token.
    pub key_id: &'a str,
    /// The credential's own id: a token id (`jti`), an access key id, a token accessor or hash.
    pub credential: &'a str,
    /// The session that it lives in.
    pub session: &'a str,
    /// The credential that this one was made from (a refresh token, an assertion).
    pub parent: &'a str,
    /// Whom the token claims to be.
    pub token_subject: &'a str,
    /// When the token says, or the issuer says, that it was issued.
    pub issued_at: Option<EventTime>,
    /// When it ends.
    pub expires_at: Option<EventTime>,
    /// Whose data was in the answer, by id.
    pub data_subjects: &'a [&'a str],
    /// How many people's data was in the answer, where the record gives a count.
    pub subject_count: Option<u64>,
    /// What rebuilds the subjects: a report's id, a query, a snapshot.
    pub subject_ref: &'a str,
    /// Which fields of theirs, separated by commas.
    pub fields: &'a str,
    /// What was touched: an endpoint, a path, a secret, a machine.
    pub resource: &'a str,
    /// The address the request came from.
    pub source_ip: &'a str,
    /// The client software, as it calls itself.
    pub user_agent: &'a str,
    /// Which node of the issuer wrote the record.
    pub node: &'a str,
    /// The record's number in its node's sequence, for measuring what was lost.
    pub sequence: Option<u64>,
    /// For a heartbeat: since when the issuer was idle. It was proved so `subject_count` times,
    /// evenly, until `time`.
    pub idle_since: Option<EventTime>,
    /// Byte offset of the record in the decompressed log.
    pub offset: u64,
}

impl<'a> Row<'a> {
    /// A row that says nothing but when, what and where.
    pub const fn new(time: EventTime, kind: EventKind, offset: u64) -> Row<'a> {
        Row {
            time,
            kind,
            outcome: Outcome::Unknown,
            actor: "",
            account: "",
            action: "",
            issuer: "",
            token_type: "",
            audience: "",
            client: "",
            key_id: "",
            credential: "",
            session: "",
            parent: "",
            token_subject: "",
            issued_at: None,
            expires_at: None,
            data_subjects: &[],
            subject_count: None,
            subject_ref: "",
            fields: "",
            resource: "",
            source_ip: "",
            user_agent: "",
            node: "",
            sequence: None,
            idle_since: None,
            offset,
        }
    }

    /// How many people's data the answer carries: the count where given, else the ids.
    pub fn subjects(&self) -> u64 {
        self.subject_count.unwrap_or(self.data_subjects.len() as u64)
    }

    /// Whether the answer is only about the one whom the token names.
    pub fn self_access(&self) -> bool {
        matches!(self.data_subjects, [only] if *only == self.token_subject)
    }
}
