//! People and their stints.

use serde::{Deserialize, Serialize};

use crate::PersonId;

/// A human being known to the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The HR system's id.
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// E-mail addresses, lower case; attributes, never keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Logins that HR itself records for them, lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<String>,
    /// Employee number, where it differs from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Whom they report to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PersonId>,
}

/// One spell of employment. The interval of the fact is `[start, end of access)`: an instant; the
/// end of *employment* is the date in [`Stint::last_day`], and only detectors' messages use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stint {
    /// Whose.
    pub person: PersonId,
    /// Which of their stints: the start date as the source writes it, or `1`, `2` … where it has none.
    pub ordinal: String,
    /// On what terms.
    pub employment: Employment,
    /// Team or department.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub team: String,
    /// Job title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Last day of employment as HR writes it (`YYYY-MM-DD`), in the source's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
}

/// The terms of a stint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Employment {
    /// On the payroll.
    Employee,
    /// A contractor, consultant or agency worker.
    Contractor,
    /// Anything else, or not said.
    Other,
}
