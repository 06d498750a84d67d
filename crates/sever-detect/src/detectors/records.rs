//! Records, where one may be several events: a sign-in and the token issued for it are one use.
//!
//! Events of a record stand side by side in their log, so that the newest record of each is enough.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::EventTime;
use sever_model::port::{Events, View};

use super::say;

/// The newest record of each log in which something was found, and what.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Records {
    newest: BTreeMap<String, Record>,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    offset: u64,
    at: Option<EventTime>,
    found: Vec<String>,
}

impl Records {
    /// Whether this event is the first of its record that shows this.
    pub(crate) fn first(&mut self, events: &Events<'_>, row: usize, view: &View<'_>, found: &str) -> bool {
        let (offset, at) = (events.batch.offset(row), Some(events.batch.time(row)));
        let record = self.newest.entry(say::log(view, events.source).to_string()).or_default();
        // Records that were carried in one frame have its place, and each its own time.
        if (record.offset, record.at) != (offset, at) {
            *record = Record { offset, at, found: Vec::new() };
        }
        let first = record.found.iter().all(|known| known != found);
        if first {
            record.found.push(found.to_owned());
        }
        first
    }
}
