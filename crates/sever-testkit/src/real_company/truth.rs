//! What really happened on the day, and what must be found of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::OidcProvider;

/// What was misused, and what must be found.
#[derive(Debug, Clone)]
pub struct Truth {
    /// When the leaver's access ended.
    pub left: Timestamp,
    /// Whom the forged tokens named, in their order; the last one never was a customer.
    pub forged: Vec<String>,
    /// What `check` and `scan` must find, and nothing else.
    pub expected: Vec<Expected>,
}

/// A finding that must be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The detector.
    pub detector: &'static str,
    /// The thing that it accuses, by its id.
    pub accused: String,
    /// Why it must be found: what was done.
    pub because: &'static str,
}

impl Truth {
    pub(super) fn of_the_day(left: Timestamp, forged: Vec<String>) -> Truth {
        let mut expected = Vec::new();
        let mut expect = |detector: &'static str, accused: &str, because: &'static str| {
            expected.push(Expected { detector, accused: accused.to_owned(), because });
        };
        let key = OidcProvider::KEY_ID;
        expect("token-never-issued", key, "bob signed tokens with the key that he had read");
        expect("key-known-to-leaver", key, "bob read the key, and it is still trusted");
        Truth { left, forged, expected }
    }

    pub(super) fn to_json(&self) -> Value {
        let expected: Vec<Value> = self
            .expected
            .iter()
            .map(|it| json!({ "detector": it.detector, "accused": it.accused, "because": it.because }))
            .collect();
        json!({ "left": self.left.to_string(), "forged": self.forged, "expected": expected })
    }
}
