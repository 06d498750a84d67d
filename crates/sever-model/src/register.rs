//! The subject register: who is, was or never was a customer.

use serde::{Deserialize, Serialize};

use crate::{EventTime, Fingerprint};

/// What the register says of one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lookup {
    /// It was never given out.
    Never,
    /// It was.
    Known {
        /// The id's rank in the register, dense from 0.
        dense: u32,
        /// When it was given out; [`EventTime::MIN`] where not said.
        created: EventTime,
        /// When it was deleted, if it was.
        deleted: Option<EventTime>,
        /// Whether the subject is a member, or only a person in others' data.
        member: bool,
    },
}

/// The register, as the judge sees it.
pub trait SubjectRegister {
    /// What it says of one id.
    fn lookup(&self, id: &str) -> Lookup;

    /// The same, of an id of which only the fingerprint is known, under the register's own key.
    fn lookup_fingerprint(&self, fingerprint: Fingerprint) -> Lookup;

    /// Until when it is complete: an id created later may be missing from it.
    fn complete_until(&self) -> EventTime;

    /// How many ids it holds.
    fn len(&self) -> u64;

    /// Whether it holds none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
