//! Requests that have been told by the beginning of their answer, so that its end is not told again.
//!
//! A client can choose its request's audit id. Hence a beginning silences one end only, and only that
//! of a request of the same user, verb and path: whatever ids it chooses, each of its requests gives
//! an event that says what it was.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many are remembered; the ends of older ones are events again.
const STARTED_MAX: usize = 4_096;

/// Fingerprints of requests, the newest last.
#[derive(Debug, Default)]
pub(super) struct Started(VecDeque<u64>);

impl Started {
    /// Remembers a request: its audit id, and what it is.
    pub fn add(&mut self, request: [&str; 4]) {
        if request.first().is_none_or(|id| id.is_empty()) {
            return;
        }
        if self.0.len() >= STARTED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(fingerprint(request));
    }

    /// Whether the request was there; it no longer is.
    pub fn take(&mut self, request: [&str; 4]) -> bool {
        let wanted = fingerprint(request);
        let at = self.0.iter().rposition(|it| *it == wanted);
        at.and_then(|at| self.0.remove(at)).is_some()
    }
}

fn fingerprint(request: [&str; 4]) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}
