//! What the scans so far saw of each log, for the coverage of what is answered from the lake.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_detect::Report;
use sever_model::{CoverageLine, EventTime};

use super::Site;
use crate::hint::Failure;

/// The setting of the store that holds it.
const SETTING: &str = "scanned";

/// Gaps in issuers' logs, by class: from, to, and how many records are missing.
pub type IssuerGaps = BTreeMap<String, Vec<(EventTime, EventTime, Option<u64>)>>;

/// What scans saw: a later scan of the same log replaces what an earlier one said of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Scanned {
    /// By the log's file.
    pub logs: BTreeMap<String, CoverageLine>,
    /// What issuers' logs lack.
    pub gaps: IssuerGaps,
}

impl Site {
    /// What the scans so far saw.
    ///
    /// # Errors
    /// When the store fails.
    pub fn scanned(&self) -> Result<Scanned, Failure> {
        let text = self.store(async |store| store.setting(SETTING).await)?;
        // What an older program wrote otherwise is as if it had not been said.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Remembers what a scan saw.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remember_scanned(&mut self, lines: &[CoverageLine], report: &Report) -> Result<(), Failure> {
        let mut scanned = self.scanned()?;
        scanned.logs.extend(lines.iter().map(|line| (line.source.to_string(), line.clone())));
        for class in &report.classes {
            let gaps = class.gaps.iter().map(|gap| (gap.from, gap.to, gap.lost)).collect();
            scanned.gaps.insert(format!("class `{}` of {}", class.name, class.issuer), gaps);
        }
        scanned.gaps.retain(|_, gaps| !gaps.is_empty());
        let text = serde_json::to_string(&scanned).map_err(anyhow::Error::from)?;
        self.store_mut(async |store| store.set_setting(SETTING, &text).await)
    }
}
