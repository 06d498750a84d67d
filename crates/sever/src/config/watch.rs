//! `[watch]` and `[[notify]]`: how logs are followed, what may be pushed, and who is told.

use std::path::PathBuf;

use sever_model::{Severity, SourceId, Span};

use super::{Origin, SecretFrom};

/// How logs are followed.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchConfig {
    /// The address for HTTP: pushed records, health, keys.
    pub listen: Option<String>,
    /// How long a record waits for others that may be earlier.
    pub hold: Span,
    /// How often all of the state is written.
    pub checkpoint: Span,
    /// The largest body that may be pushed.
    pub body_bytes_max: u64,
    /// How much of pushed records is kept, for each log.
    pub spool_bytes_max: u64,
    /// Logs that are pushed here.
    pub inputs: Vec<WatchInput>,
}

/// A log that is pushed; its `path` is the folder where what comes is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchInput {
    /// The log.
    pub log: SourceId,
    /// How it comes.
    pub kind: InputKind,
    /// For syslog: the address.
    pub listen: Option<String>,
    /// For HTTP: the token that is asked for.
    pub token: Option<SecretFrom>,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// How a log comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Posted to `/v1/logs/<log>`.
    Http,
    /// Syslog over TCP.
    Syslog,
}

/// Who is told of findings.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifyConfig {
    /// Its name.
    pub name: String,
    /// What kind of receiver it is.
    pub kind: NotifyKind,
    /// The URL, or `tcp://host:port`.
    pub url: String,
    /// The file.
    pub path: Option<PathBuf>,
    /// The gravest that is not worth telling is below this.
    pub severity_min: Severity,
    /// Whether its address may be private.
    pub private: bool,
    /// What it asks for.
    pub token: Option<SecretFrom>,
    /// For security event tokens: whose they are.
    pub issuer: String,
    /// For security event tokens: for whom.
    pub audience: String,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// What kind of receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyKind {
    /// JSON, posted.
    Webhook,
    /// RFC 5424 over TCP.
    Syslog,
    /// Lines of JSON.
    File,
    /// Security event tokens (RFC 8417), pushed (RFC 8935).
    Ssf,
}
