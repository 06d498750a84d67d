//! What staff tools log: who looked at whose records, who changed what, and which ticket it was for.

use std::fmt::Write as _;

use crate::ReplayError;
use crate::files::{Log, Place};
use crate::moment::Ms;

/// Somebody looks at people's records.
#[derive(Debug, Clone)]
pub(super) struct LookUp {
    pub at: Ms,
    pub login: String,
    pub ip: String,
    pub path: &'static str,
    pub ids: Vec<u64>,
    pub misuse: bool,
}

impl LookUp {
    pub(super) fn write(&self, fields: &str, log: &mut Log) -> Result<Place, ReplayError> {
        let members = format!(
            "\"event\":\"query\",\"user\":\"{}\",\"client_ip\":\"{}\",\"path\":\"{}\",\"status\":200,\
             \"answer\":{{\"fields\":\"{fields}\",\"customers\":[{}]}}",
            self.login,
            self.ip,
            self.path,
            listed(&self.ids)
        );
        log.record(self.at, &members)
    }
}

/// A ticket: who works on it, and about whom.
pub(super) fn ticket(at: Ms, number: u64, login: &str, ids: &[u64], log: &mut Log) -> Result<Place, ReplayError> {
    let members =
        format!("\"event\":\"ticket\",\"id\":\"T-{number}\",\"agent\":\"{login}\",\"customers\":[{}]", listed(ids));
    log.record(at, &members)
}

/// Somebody changes a thing.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub at: Ms,
    pub by: String,
    pub ip: &'static str,
    pub event: &'static str,
    /// The account acted upon, where it is one.
    pub account: String,
    pub target: String,
    pub misuse: bool,
}

impl Change {
    pub(super) fn of(at: Ms, by: &str, ip: &'static str, event: &'static str, target: String) -> Change {
        Change { at, by: by.to_owned(), ip, event, account: String::new(), target, misuse: false }
    }

    pub(super) fn write(&self, log: &mut Log) -> Result<Place, ReplayError> {
        let members = format!(
            "\"event\":\"{}\",\"by\":\"{}\",\"client_ip\":\"{}\",\"account\":\"{}\",\"target\":\"{}\",\"result\":\"ok\"",
            self.event, self.by, self.ip, self.account, self.target
        );
        log.record(self.at, &members)
    }
}

fn listed(ids: &[u64]) -> String {
    let mut text = String::with_capacity(ids.len() * 12);
    for (nth, id) in ids.iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        // Writing to text cannot fail.
        write!(text, "{comma}\"{id}\"").unwrap_or_default();
    }
    text
}
