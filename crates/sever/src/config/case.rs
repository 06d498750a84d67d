//! `[case]`: which laws' clocks run in an incident, and whose notices they are.

use sever_model::Law;

/// How incidents are carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseConfig {
    /// The laws that apply.
    pub laws: Vec<Law>,
    /// The organisation, as notices name it.
    pub organisation: Option<String>,
    /// Whom a notice says to ask.
    pub contact: Option<String>,
}
