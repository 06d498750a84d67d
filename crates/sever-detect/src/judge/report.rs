//! What the judge saw and held back, per class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::{CoverageBy, EventTime, Unjudgeable};

/// What the judge saw and held back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// One per class, in the order they are configured.
    pub classes: Vec<ClassReport>,
    /// Uses of a token that no class covers, by the issuer that they claim.
    pub not_covered: BTreeMap<String, u64>,
    /// Uses of issuers past the number that is told apart.
    pub not_covered_others: u64,
    /// Live entries of the ledger.
    pub ledger_entries: u64,
    /// Bytes that the ledger holds for them.
    pub ledger_bytes: u64,
}

/// What was seen of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Its issuer.
    pub issuer: String,
    /// Its name.
    pub name: String,
    /// Distinct tokens issued.
    pub issued: u64,
    /// Issuances logged after the watermark had passed them.
    pub issued_late: u64,
    /// Issuance records seen twice.
    pub duplicates: u64,
    /// Issuance records that give a known id other claims.
    pub conflicts: u64,
    /// Uses judged `Issued`.
    pub uses_issued: u64,
    /// Uses judged `Mismatch`.
    pub uses_mismatch: u64,
    /// Uses judged `NeverIssued`.
    pub uses_never_issued: u64,
    /// Uses judged `Expired`.
    pub uses_expired: u64,
    /// Uses that cannot be judged, by reason.
    pub uses_unjudgeable: Vec<(Unjudgeable, u64)>,
    /// Uses that wait for the settle window.
    pub held_back: u64,
    /// Uses confirmed forged and retracted by a later issuance.
    pub retracted: u64,
    /// From what its coverage is known.
    pub coverage_by: CoverageBy,
    /// Issuance records seen, where they can be counted.
    pub coverage_seen: u64,
    /// Issuance records that were due, where they can be counted.
    pub coverage_due: u64,
    /// The share seen, and its lower bound at 95 % confidence; absent where nothing measures it.
    pub coverage_share: Option<(f64, f64)>,
    /// When the ledger begins.
    pub epoch: Option<EventTime>,
    /// Until when the issuer's log is known.
    pub watermark: Option<EventTime>,
    /// Gaps in the issuer's log.
    pub gaps: Vec<Gap>,
    /// Gaps past the number that is kept.
    pub gaps_others: u64,
}

/// A gap in an issuer's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The node that wrote it; empty where the log names none.
    pub node: String,
    /// What shows it.
    pub kind: GapKind,
    /// The last thing known before it.
    pub from: EventTime,
    /// The first thing known after it.
    pub to: EventTime,
    /// How many records are missing, where they are numbered.
    pub lost: Option<u64>,
}

/// What shows a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// Numbers are missing.
    Hole,
    /// The numbering began anew, so that what was lost cannot be counted.
    Restart,
    /// No sign of life for longer than the settle window.
    Silence,
}
