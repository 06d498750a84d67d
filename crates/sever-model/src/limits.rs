//! Every limit in one place. Reaching one is reported, never silent.

use crate::Span;

/// The named limits of a run; the defaults suit one machine.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest frame (line or record) that is decoded, in bytes; a longer one is a counted reject.
    pub frame_bytes_max: usize,
    /// Deepest JSON that is read.
    pub json_depth_max: usize,
    /// Distinct interned texts of a run.
    pub symbols_max: usize,
    /// Rows in a batch.
    pub batch_rows: usize,
    /// Uses that wait for their issuance at once.
    pub pending_max: usize,
    /// Findings kept of one run.
    pub findings_max: usize,
    /// Examples of evidence kept per finding.
    pub evidence_max: usize,
    /// Entries of any one detector's state.
    pub detector_entries_max: usize,
    /// Events kept in one window of a Sigma rule's correlation; a rule that counts further is not evaluable.
    pub sigma_window_max: usize,
    /// Rejects printed or kept with their place; the rest are counted.
    pub rejects_kept_max: usize,
    /// Largest single file of facts that is read whole, in bytes.
    pub file_bytes_max: u64,
    /// Clock skew tolerated between systems.
    pub skew: Span,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: 1 << 20,
            json_depth_max: 64,
            symbols_max: 4_000_000,
            batch_rows: 4_096,
            pending_max: 1_000_000,
            findings_max: 100_000,
            evidence_max: 5,
            detector_entries_max: 1_000_000,
            sigma_window_max: 10_000,
            rejects_kept_max: 20,
            file_bytes_max: 4 << 30,
            skew: Span::secs(120),
        }
    }
}
