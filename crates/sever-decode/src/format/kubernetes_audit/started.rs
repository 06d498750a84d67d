//! Requests that have been told by the beginning of their answer, so that its end is not told again.
//!
//! A client can choose its request's audit id. Each beginning silences one end only, so that whatever
//! ids it chooses, every request of its gives an event.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many are remembered; the ends of older ones are events again.
const STARTED_MAX: usize = 4_096;

/// Fingerprints of audit ids, the newest last.
#[derive(Debug, Default)]
pub(super) struct Started(VecDeque<u64>);

impl Started {
    pub fn add(&mut self, id: &str) {
        if id.is_empty() {
            return;
        }
        if self.0.len() >= STARTED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(fingerprint(id));
    }

    /// Whether the id was there; it no longer is.
    pub fn take(&mut self, id: &str) -> bool {
        let wanted = fingerprint(id);
        let at = if id.is_empty() { None } else { self.0.iter().rposition(|it| *it == wanted) };
        at.and_then(|at| self.0.remove(at)).is_some()
    }
}

fn fingerprint(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
