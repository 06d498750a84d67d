//! The logs at hand: those that can be read, and those that cannot, with why.
//!
//! A log that is missing does not keep the others from being judged; it is said to be not covered.
//! One is different: the log of a class's issuances. Without it, every use of a class that is declared
//! complete would look forged, so nothing is judged until it is there.

use std::path::PathBuf;

use sever_engine::LogInput;
use sever_model::{CoverageLine, Listing, Seen, SourceId};

use crate::cli::site::{self, Site};
use crate::hint::Failure;

/// The logs at hand.
#[derive(Default)]
pub struct Logs {
    /// Their files.
    pub inputs: Vec<LogInput>,
    /// Those that cannot be read, and why.
    pub failed: Vec<(SourceId, Failure)>,
}

impl Logs {
    /// The configured ones.
    pub fn of(site: &Site) -> Logs {
        let mut logs = Logs::default();
        for log in &site.config.logs {
            match site::configured_inputs(log, &site.config.zone) {
                Ok(inputs) => logs.inputs.extend(inputs),
                Err(failure) => logs.failed.push((log.id.clone(), failure)),
            }
        }
        logs
    }

    /// Those to judge: these, by name or file; where none is named, all the configured ones.
    ///
    /// # Errors
    /// When a named one cannot be read, when none of the configured can, or when a log of issuances
    /// cannot.
    pub fn to_judge(site: &Site, names: &[PathBuf]) -> Result<Logs, Failure> {
        if !names.is_empty() {
            return Ok(Logs { inputs: site.logs_named(names)?, failed: Vec::new() });
        }
        let mut logs = Logs::of(site);
        let issues = |id: &SourceId| site.config.classes.iter().any(|class| class.issued_in.as_ref() == Some(id));
        let fatal = logs.failed.iter().position(|(id, _)| logs.inputs.is_empty() || issues(id));
        match fatal {
            Some(at) => Err(logs.failed.swap_remove(at).1),
            None => Ok(logs),
        }
    }

    /// Those that cannot be read, as lines of coverage.
    pub fn not_covered(&self) -> Vec<CoverageLine> {
        let line = |(source, failure): &(SourceId, Failure)| CoverageLine {
            source: source.clone(),
            kinds: Vec::new(),
            seen: Seen::NotAtAll,
            listing: Listing::Partial,
            from: None,
            to: None,
            records: 0,
            rejected: 0,
            gaps: vec![failure.what.clone()],
        };
        self.failed.iter().map(line).collect()
    }
}
