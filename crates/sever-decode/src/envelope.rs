//! What logs are carried in: the exports of log stores and the wrappers of log shippers, one file each.
//!
//! ```text
//! {"result":{"_raw":"{\"eventName\":…}","_time":…}}   a Splunk export of CloudTrail
//!  └─ outer record        └─ inner record             what the format decodes
//! ```
//!
//! An outer record holds none, one or several inner ones, and envelopes nest (CloudWatch Logs of syslog
//! of JSON), at most [`DEPTH_MAX`] deep. Which envelopes a stream is in is decided from its head
//! ([`peel`]) and then fixed: a record whose own, client-chosen member happens to be called `_raw` is
//! not opened in a stream that is not in that envelope, and a record that is not in the stream's
//! envelope is decoded as it is.
//!
//! To add one: a file with an [`Envelope`] whose `open` looks at structure only, a line in
//! [`ENVELOPES`], and fixtures under `tests/envelopes/<id>/`.

mod azure_monitor;
mod cloudwatch_logs;
mod container;
mod ecs;
mod elastic;
mod eventbridge;
mod journald;
mod kinesis;
mod loki;
mod outer;
mod panther;
pub(crate) mod peel;
mod splunk;
mod syslog;
mod unwrap;

use sever_model::EventTime;

pub(crate) use outer::Outer;
pub(crate) use unwrap::Unwrap;

/// Every envelope, by id.
pub static ENVELOPES: &[Envelope] = &[
    azure_monitor::ENVELOPE,
    cloudwatch_logs::ENVELOPE,
    container::ENVELOPE,
    ecs::ENVELOPE,
    elastic::ENVELOPE,
    eventbridge::ENVELOPE,
    journald::ENVELOPE,
    kinesis::ENVELOPE,
    loki::ENVELOPE,
    panther::ENVELOPE,
    splunk::ENVELOPE,
    syslog::ENVELOPE,
];

/// How deep envelopes are opened.
pub(crate) const DEPTH_MAX: usize = 4;

/// What log records are carried in.
pub struct Envelope {
    /// Its name in the configuration.
    pub id: &'static str,
    /// What a log in it is called, with its article.
    pub title: &'static str,
    /// Which shapes are opened. Markdown.
    pub about: &'static str,
    /// Hands on what a record holds, and says whether the record is in this envelope. Where it is
    /// not, nothing has been handed on.
    open: fn(&Outer<'_>, Each<'_>) -> bool,
}

/// Takes inner records.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Inner<'_>);

/// An inner record, and what the envelope says of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inner<'a> {
    /// The record.
    pub text: &'a str,
    /// When the envelope says that it was.
    pub time: Option<EventTime>,
    /// The machine that wrote it.
    pub host: &'a str,
    /// The program that wrote it, and its number.
    pub program: &'a str,
    pub process: &'a str,
}

impl Envelope {
    /// The envelope of that id.
    pub fn named(id: &str) -> Option<&'static Envelope> {
        ENVELOPES.iter().find(|envelope| envelope.id == id)
    }

    fn open(&self, outer: &Outer<'_>, each: Each<'_>) -> bool {
        (self.open)(outer, each)
    }
}

impl<'a> Inner<'a> {
    /// A record of which nothing else is known.
    pub fn of(text: &'a str, time: Option<EventTime>) -> Inner<'a> {
        Inner { text, time, ..Inner::default() }
    }

    /// The same with what is known from further outside, where this envelope does not say.
    fn within(self, outer: &Inner<'a>) -> Inner<'a> {
        let or = |inner: &'a str, outer: &'a str| if inner.is_empty() { outer } else { inner };
        Inner {
            text: self.text,
            time: self.time.or(outer.time),
            host: or(self.host, outer.host),
            program: or(self.program, outer.program),
            process: or(self.process, outer.process),
        }
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Envelope) -> bool {
        self.id == other.id
    }
}

impl Eq for Envelope {}

#[cfg(test)]
mod tests;
