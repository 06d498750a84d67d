//! Exit codes: what a run came to, for scripts.
//!
//! Several can hold at once, such as a critical finding in a log that was read only in part. The
//! process ends with the worst in a fixed order ([`worst`]); the JSON output lists them all
//! ([`all`]). `--exit-zero` silences findings and nothing else ([`Exit::is_finding`]).

use sever_model::{Coverage, Seen, Severity};

/// What a run came to. The discriminant is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Clean, or done.
    Clean = 0,
    /// Failed.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Nothing was looked at. Never clean.
    NothingLooked = 3,
    /// A guard refused: a brake, a missing approval.
    Refused = 4,
    /// Done in part.
    Partly = 5,
    /// Not everything was seen.
    CoverageIncomplete = 6,
    /// Doors whose state nobody knows.
    DoorsUnknown = 9,
    /// Doors that are open.
    DoorsOpen = 10,
    /// The gravest finding is for information.
    FindingInfo = 11,
    /// The gravest finding is low.
    FindingLow = 12,
    /// The gravest finding is medium.
    FindingMedium = 13,
    /// The gravest finding is high.
    FindingHigh = 14,
    /// The gravest finding is critical.
    FindingCritical = 15,
    /// A proof does not verify.
    ProofFails = 20,
    /// A proof verifies, but nothing outside anchors it.
    ProofUnanchored = 21,
    /// Interrupted.
    Interrupted = 130,
}

/// From the one that decides first to the one that decides last.
pub const ORDER: [Exit; 17] = [
    Exit::Interrupted,
    Exit::Usage,
    Exit::Failed,
    Exit::NothingLooked,
    Exit::Refused,
    Exit::Partly,
    Exit::ProofFails,
    Exit::ProofUnanchored,
    Exit::DoorsOpen,
    Exit::DoorsUnknown,
    Exit::FindingCritical,
    Exit::FindingHigh,
    Exit::FindingMedium,
    Exit::FindingLow,
    Exit::FindingInfo,
    Exit::CoverageIncomplete,
    Exit::Clean,
];

impl Exit {
    /// The code that a finding of this severity makes.
    pub const fn finding(severity: Severity) -> Exit {
        match severity {
            Severity::Info => Exit::FindingInfo,
            Severity::Low => Exit::FindingLow,
            Severity::Medium => Exit::FindingMedium,
            Severity::High => Exit::FindingHigh,
            Severity::Critical => Exit::FindingCritical,
        }
    }

    /// What the coverage of a run comes to, or nothing where all of it was seen. Coverage without a
    /// line, or with none but lines of which nothing was seen, is [`Exit::NothingLooked`]. Whether a
    /// rejected record leaves a gap is for whoever made the line to say.
    pub fn coverage(coverage: &Coverage) -> Option<Exit> {
        if coverage.lines.iter().all(|line| line.seen == Seen::NotAtAll) {
            return Some(Exit::NothingLooked);
        }
        (!coverage.is_whole()).then_some(Exit::CoverageIncomplete)
    }

    /// Whether it tells of a finding: what `--exit-zero` silences.
    pub const fn is_finding(self) -> bool {
        matches!(self.code(), 11..=15)
    }

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Exit::Clean => "clean or done",
            Exit::Failed => "failed",
            Exit::Usage => "usage or configuration",
            Exit::NothingLooked => "nothing was looked at",
            Exit::Refused => "refused by a guard",
            Exit::Partly => "partly done",
            Exit::CoverageIncomplete => "coverage incomplete",
            Exit::DoorsUnknown => "doors unknown",
            Exit::DoorsOpen => "doors open",
            Exit::FindingInfo => "gravest finding: info",
            Exit::FindingLow => "gravest finding: low",
            Exit::FindingMedium => "gravest finding: medium",
            Exit::FindingHigh => "gravest finding: high",
            Exit::FindingCritical => "gravest finding: critical",
            Exit::ProofFails => "a proof does not verify",
            Exit::ProofUnanchored => "nothing outside anchors the proof",
            Exit::Interrupted => "interrupted",
        }
    }
}

/// All that hold, the one that decides first, without repetition and never empty. Of several
/// findings only the gravest counts.
pub fn all(exits: &[Exit]) -> Vec<Exit> {
    let mut held: Vec<Exit> = ORDER.into_iter().filter(|exit| exits.contains(exit)).collect();
    let mut findings = 0;
    held.retain(|exit| {
        findings += usize::from(exit.is_finding());
        !exit.is_finding() || findings == 1
    });
    held.retain(|exit| *exit != Exit::Clean);
    if held.is_empty() {
        held.push(Exit::Clean);
    }
    held
}

/// The code that the process ends with.
pub fn worst(exits: &[Exit]) -> u8 {
    all(exits).first().map_or(0, |exit| exit.code())
}

#[cfg(test)]
mod tests;
