//! systemd's journal as JSON.

use super::outer::owned;
use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "journald",
    title: "the journal",
    about: "`journalctl -o json`, one entry a line. The record is `MESSAGE`, as text or as the list of bytes that the \
journal writes where it is no text; the time is `__REALTIME_TIMESTAMP`. Formats that read lines of syslog get one \
made of `_HOSTNAME`, `SYSLOG_IDENTIFIER` and the process's number.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if !outer.has("__REALTIME_TIMESTAMP") && !outer.has("__CURSOR") {
        return false;
    }
    let bytes = outer.raw("MESSAGE").filter(|raw| raw.starts_with('[')).and_then(owned::<Vec<u8>>);
    let bytes = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = outer.text("MESSAGE");
    // An entry whose message was too large for the journal to print holds nothing.
    let Some(message) = bytes.as_deref().or(text.as_deref()) else { return outer.members_named("MESSAGE") };
    let time = outer.time("_SOURCE_REALTIME_TIMESTAMP").or_else(|| outer.time("__REALTIME_TIMESTAMP"));
    let (host, named, command) = (outer.word("_HOSTNAME"), outer.word("SYSLOG_IDENTIFIER"), outer.word("_COMM"));
    let (own, given) = (outer.word("_PID"), outer.word("SYSLOG_PID"));
    let program = if named.is_empty() { &command } else { &named };
    let process = if own.is_empty() { &given } else { &own };
    each(Inner { host: &host, program, process, ..Inner::of(message, time) });
    true
}
