//! `[gate]`: what is asked of tokens as they are shown, and what is answered.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sever_engine::gate::{Budget, Feeding, OnFault, OrElse, Reason};
use sever_model::{SourceId, Span};

use super::{Origin, SecretFrom};

/// The gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateConfig {
    /// Where it listens: an address and a port.
    pub listen: String,
    /// The log that its decisions are events of, which classes name in `used_in`.
    pub log: SourceId,
    /// Whether it refuses anything at all.
    pub enforce: bool,
    /// The reasons that refuse.
    pub refuse: Vec<Reason>,
    /// What happens when it fails itself.
    pub on_fault: OnFault,
    /// What becomes of a request without a token.
    pub no_token: OrElse,
    /// What becomes of a token of an issuer that no class is of.
    pub not_covered: OrElse,
    /// The share of an issuer's records that must be proven seen.
    pub coverage_min: f64,
    /// For how long an issuer may be silent.
    pub silent_max: Span,
    /// How long a token that says it is new is waited for, in milliseconds.
    pub wait_ms: u64,
    /// Where the token stands: `header:authorization`, `cookie:session`; the first present counts.
    pub token_from: Vec<String>,
    /// Our field = their claim.
    pub claims: BTreeMap<String, String>,
    /// The issuers' public keys, where signatures are to be checked.
    pub jwks: Option<PathBuf>,
    /// The header in which the proxy says whose data is asked for.
    pub subject_header: Option<String>,
    /// How much of its reasons it tells.
    pub tell: Tell,
    /// Connections that are served at once.
    pub connections_max: u64,
    /// Threads that serve; as many as there are cores where 0.
    pub threads: u64,
    /// How long what issuers handed over, and what was decided, is kept.
    pub keep: Span,
    /// The issuers.
    pub issuers: Vec<GateIssuer>,
    /// Reach budgets.
    pub budgets: Vec<Budget>,
    /// People told apart for budgets.
    pub budget_entries_max: u64,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// An issuer's log, and how it comes to the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateIssuer {
    /// The log, which classes name in `issued_in`.
    pub log: SourceId,
    /// How it comes.
    pub feeding: Feeding,
    /// What an issuer that pushes shows.
    pub secret: Option<SecretFrom>,
}

/// How much of its reasons a gate tells whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// That it refuses, and the decision's id.
    Nothing,
    /// The reason, in a header that a proxy keeps to itself.
    Header,
    /// The reason in the header and in the body.
    Body,
}
