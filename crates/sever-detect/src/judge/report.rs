//! What the judge saw and held back, per class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::{CoverageBy, EventTime, Unjudgeable};

use super::Judge;
use super::class::ClassState;

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
    /// The log time that was reached.
    pub until: Option<EventTime>,
    /// Uses called forged that were let go before an issuance could no longer take them back.
    pub no_longer_retractable: u64,
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
    /// Issuances of a longer life than the class's longest.
    pub overlong: u64,
    /// Uses judged `Issued`.
    pub uses_issued: u64,
    /// Uses judged `Mismatch`.
    pub uses_mismatch: u64,
    /// Uses judged `NeverIssued`.
    pub uses_never_issued: u64,
    /// Uses judged `Expired`.
    pub uses_expired: u64,
    /// Of them, those that were answered: a verifier that does not look at the end.
    pub uses_expired_answered: u64,
    /// Uses that cannot be judged, by reason.
    pub uses_unjudgeable: Vec<(Unjudgeable, u64)>,
    /// Uses that wait for the settle window, or waited when the logs ended or no room was left.
    pub held_back: u64,
    /// Uses confirmed forged and taken back.
    pub retracted: u64,
    /// Uses whose issuance was logged after them.
    pub met_late: u64,
    /// The share of uses that met their issuance; absent where none could.
    pub match_rate: Option<f64>,
    /// The same over the last thousand uses or so: below the other, it is falling.
    pub match_rate_recent: Option<f64>,
    /// Whether its issuances and uses have had every chance to meet, and never have.
    pub never_meets: bool,
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
    /// Whether the other logs have gone on for longer than the settle window without the issuer's.
    pub silent: bool,
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
    /// Distinct unknown tokens that may be from it, where they are counted. Those that may be from any of
    /// several gaps make these share their claimants. More than were lost: the surplus was never issued.
    pub claimants: Option<u64>,
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

impl Report {
    /// Bytes per live token.
    pub fn bytes_per_entry(&self) -> Option<f64> {
        (self.ledger_entries > 0).then(|| self.ledger_bytes as f64 / self.ledger_entries as f64)
    }
}

impl Judge {
    /// What was seen and held back so far.
    pub(crate) fn report(&self) -> Report {
        Report {
            classes: self.classes.iter().map(|state| self.report_class(state)).collect(),
            not_covered: self.not_covered.clone(),
            not_covered_others: self.not_covered_others,
            ledger_entries: self.ledgers.iter().map(|shelf| shelf.ledger.len()).sum(),
            ledger_bytes: self.ledgers.iter().map(|shelf| shelf.ledger.bytes()).sum(),
            until: (self.now > EventTime::MIN).then_some(self.now),
            no_longer_retractable: self.forged.let_go,
        }
    }

    fn report_class(&self, state: &ClassState) -> ClassReport {
        let (class, counts) = (&state.class, &state.seen.counts);
        let feed = state.feed.and_then(|log| self.logs.get(log)?.feed.as_ref());
        let measure = feed.and_then(|feed| match class.coverage {
            CoverageBy::Sequence => Some(feed.numbered),
            CoverageBy::Heartbeat => Some(feed.beats),
            CoverageBy::Declared | CoverageBy::Unknown => None,
        });
        let (gaps, gaps_others) = feed.map(|feed| feed.gaps.report(|lane| feed.node(lane))).unwrap_or_default();
        let watermark = feed.and_then(|feed| feed.watermark);
        let unjudgeable = Unjudgeable::ALL.into_iter().zip(counts.judged_unjudgeable);
        ClassReport {
            issuer: class.issuer.clone(),
            name: class.name.clone(),
            issued: counts.issued,
            issued_late: counts.issued_late,
            duplicates: counts.duplicates,
            conflicts: counts.conflicts,
            overlong: counts.overlong,
            uses_issued: counts.judged_issued,
            uses_mismatch: counts.judged_mismatch,
            uses_never_issued: counts.judged_never_issued,
            uses_expired: counts.judged_expired,
            uses_expired_answered: counts.judged_expired_answered,
            uses_unjudgeable: unjudgeable.filter(|(_, count)| *count > 0).collect(),
            held_back: counts.waiting + counts.provisional,
            retracted: counts.retracted,
            met_late: counts.met_late,
            match_rate: (counts.settled > 0).then(|| counts.met as f64 / counts.settled as f64),
            match_rate_recent: counts.match_rate_recent(),
            never_meets: state.never_meets(),
            coverage_by: class.coverage,
            coverage_seen: measure.map_or(0, |measure| measure.seen),
            coverage_due: measure.map_or(0, |measure| measure.due),
            coverage_share: measure.and_then(|measure| measure.share()),
            epoch: feed.and_then(|feed| feed.epoch),
            watermark,
            silent: feed.is_some() && watermark.is_none_or(|known| self.now > known.plus(class.settle)),
            gaps,
            gaps_others,
        }
    }
}
