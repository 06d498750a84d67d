//! Resources: things worth protecting.

use serde::{Deserialize, Serialize};

use crate::ResourceId;

/// A thing worth protecting: a dataset, a report, a machine, a path in a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// `system/path`.
    pub id: ResourceId,
    /// What it is: `table`, `report`, `machine`, `volume`, `backup`, `mailbox`, `secret` …
    pub kind: String,
    /// Who answers for it: a person id, e-mail address, login or team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How many people's data it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<u64>,
}
