//! What really happened on the day, and what must be found of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::OidcProvider;

/// Whom a token names who never was a customer.
pub(super) const NOBODY: &str = "c9999";

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
    /// The thing that it accuses: an account by its system and login (its id there may be any number),
    /// anything else by its id.
    pub accused: String,
    /// What shows it.
    pub shown: Shown,
    /// Why it must be found: what was done.
    pub because: &'static str,
}

/// What shows that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// The exports alone: `check` finds it, and `scan` too.
    ByExports,
    /// What was used: only `scan` finds it.
    ByLogs,
}

/// Systems, as `sever init` names them after the files, in which bob has an account of his own.
const OWN_ACCOUNTS: [&str; 6] = ["database", "desk", "directory", "domain", "host", "vault"];

impl Truth {
    /// The truth of a day on which bob left.
    pub(super) fn of_the_day(left: Timestamp, forged: Vec<String>) -> Truth {
        let mut expected = Vec::new();
        let mut expect = |shown: Shown, detector: &'static str, accused: &str, because: &'static str| {
            expected.push(Expected { detector, accused: accused.to_owned(), shown, because });
        };
        use Shown::{ByExports, ByLogs};
        let key = format!("jwks/{}", OidcProvider::KEY_ID);
        expect(ByLogs, "token-never-issued", &key, "bob signed tokens with the key that he had read");
        expect(ByExports, "key-known-to-leaver", &key, "bob read the key, and it is still trusted");
        expect(ByLogs, "unknown-subject", &key, "one of the tokens names a customer who never was");
        expect(ByExports, "ghost-account", "directory/jo.doe", "bob made it for nobody, and it is open");
        expect(ByLogs, "ghost-account", "directory/jo.doe", "bob came back by it");
        expect(ByExports, "ghost-account", "database/etl", "bob made it for nobody, and it is open");
        expect(ByLogs, "ghost-account", "database/etl", "bob came back by it");
        expect(ByLogs, "use-after-departure", "vault/bob", "bob used the token that he had made himself");
        expect(ByLogs, "use-after-departure", "host/bob", "bob used the key that he had left on the host");
        expect(ByLogs, "use-after-departure", "domain/bob", "bob signed in to the domain");
        for system in OWN_ACCOUNTS {
            expect(ByExports, "ghost-account", &format!("{system}/bob"), "bob has left, and nobody closed it");
        }
        expect(ByExports, "shared-secret-not-rotated", "vault/secret/support/desk", "bob read it, as all did");
        expect(ByExports, "key-extractable", &key, "it lies in the vault as text, and not in its transit engine");
        expect(ByExports, "sole-holder", &key, "now that bob has left, only ann can read or rotate it");
        expect(ByExports, "leaver-lookback", "1002", "bob has just left: what he made and read is to be looked at");
        expected.sort();
        Truth { left, forged, expected }
    }

    /// What must be found by what shows it, as detector and accused, in order.
    pub fn accused(&self, shown: &[Shown]) -> Vec<(String, String)> {
        let expected = self.expected.iter().filter(|it| shown.contains(&it.shown));
        let mut accused: Vec<_> = expected.map(|it| (it.detector.to_owned(), it.accused.clone())).collect();
        accused.sort();
        accused
    }

    /// The customers whose data was taken: those that there are among whom the tokens named.
    pub fn touched(&self) -> Vec<&str> {
        let mut touched: Vec<&str> = self.forged.iter().map(String::as_str).filter(|id| *id != NOBODY).collect();
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    pub(super) fn to_json(&self) -> Value {
        let expected: Vec<Value> = self
            .expected
            .iter()
            .map(|it| json!({ "detector": it.detector, "accused": it.accused, "shown": format!("{:?}", it.shown), "because": it.because }))
            .collect();
        json!({ "left": self.left.to_string(), "forged": self.forged, "expected": expected })
    }
}
