//! A map that stays small: when it is full, it forgets what was touched longest ago.
//!
//! Forgetting goes by event time and then by key, never by hash order or by when a batch ended, so
//! that a detector says the same however its log is cut up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::EventTime;

/// A map of at most so many entries, each with the time it was last touched.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub(crate) struct Bounded<V> {
    entries: BTreeMap<String, (EventTime, V)>,
    /// Entries forgotten for want of room.
    forgotten: u64,
    /// When the one of them that was touched last was.
    #[serde(default)]
    forgotten_to: Option<EventTime>,
}

impl<V> Default for Bounded<V> {
    fn default() -> Bounded<V> {
        Bounded { entries: BTreeMap::new(), forgotten: 0, forgotten_to: None }
    }
}

impl<V: Default> Bounded<V> {
    /// The entry of a key, made at need, touched at `at`. A new entry in a full map costs the eighth
    /// that was touched longest ago.
    pub(crate) fn touch(&mut self, key: &str, at: EventTime, max: usize) -> &mut V {
        let known = self.entries.contains_key(key);
        if !known && self.entries.len() >= max.max(1) {
            self.forget();
        }
        let entry = self.entries.entry(key.to_owned()).or_insert_with(|| (at, V::default()));
        entry.0 = entry.0.max(at);
        &mut entry.1
    }

    /// The entry of a key, where there is one.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// When a key was last touched, where there is an entry.
    pub(crate) fn touched(&self, key: &str) -> Option<EventTime> {
        self.entries.get(key).map(|(touched, _)| *touched)
    }

    /// How many entries were forgotten for want of room.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// When the newest of those forgotten was last touched.
    pub(crate) fn forgotten_to(&self) -> Option<EventTime> {
        self.forgotten_to
    }

    /// All entries, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key.as_str(), value))
    }

    /// All entries, by key, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut V)> {
        self.entries.iter_mut().map(|(key, (_, value))| (key.as_str(), value))
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        self.entries.remove(key).map(|(_, value)| value)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn forget(&mut self) {
        let mut oldest: Vec<(EventTime, String)> =
            self.entries.iter().map(|(key, (touched, _))| (*touched, key.clone())).collect();
        oldest.sort_unstable();
        let count = (oldest.len() / 8).max(1);
        for (touched, key) in oldest.into_iter().take(count) {
            self.entries.remove(&key);
            self.forgotten += 1;
            self.forgotten_to = self.forgotten_to.max(Some(touched));
        }
    }
}
