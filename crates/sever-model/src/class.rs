//! Classes of token: how an issuer's issuances and their uses join, and what is checked.
//!
//! A class comes from the configuration of issuer and verifier, never from the token alone: which
//! log a use stands in, and which issuer that verifier trusts there. What a token says about itself
//! only decides whether it fits.

use serde::{Deserialize, Serialize};

use crate::{ClaimSet, SourceId, Span};

/// One class of token of one issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// The issuer, as tokens and logs name it.
    pub issuer: String,
    /// The class's name: `access`, `refresh`, `assumed-role` …
    pub name: String,
    /// The log in which its issuances stand; `None` where no log has them.
    pub issued_in: Option<SourceId>,
    /// The logs in which its uses stand.
    pub used_in: Vec<SourceId>,
    /// The value of `token_type` that both sides log for it; empty where it is the only class there.
    pub token_type: String,
    /// Audiences it is good for; empty for any.
    pub audiences: Vec<String>,
    /// Ids of the keys that may sign it; empty for any.
    pub key_ids: Vec<String>,
    /// How issuance and use join.
    pub join: Join,
    /// The claims that are bound to the id, as far as both sides log them.
    pub bound: ClaimSet,
    /// The longest a token of it lives.
    pub lifetime_max: Span,
    /// How late an issuance may be logged before a use without one is confirmed.
    pub settle: Span,
    /// From what its coverage is known.
    pub coverage: CoverageBy,
}

/// How an issuance and its uses find each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// By the token's id (`credential` on both sides).
    Jti,
    /// By the SHA-256 of the whole token (`credential` on both sides).
    TokenSha256,
    /// By the session it opened (`session` on both sides).
    Session,
    /// By the credential it was made from (`parent`): an assertion or refresh token.
    Parent,
    /// By a keyed hash that only the issuer can compute: cannot join without the issuer's help.
    ProviderHmac,
}

/// From what an issuer's coverage is known. Never from uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageBy {
    /// From the sequence numbers in its records: every gap is seen and counted.
    Sequence,
    /// From heartbeats: a silence longer than the settle window is a gap.
    Heartbeat,
    /// Declared complete by an operator: findings say `coverage declared, not measured`.
    Declared,
    /// From nothing: nothing that it did not issue can be proven.
    Unknown,
}
