//! Splunk: search exports, answers of its REST interface, and what is sent to its HTTP Event Collector.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "splunk",
    title: "a Splunk export",
    about: "Search exports as JSON (`{\"preview\":false,\"result\":{\"_raw\":…,\"_time\":…}}`), the `results` of the \
REST interface, bare results with `_raw`, and events of the HTTP Event Collector (`{\"time\":…,\"event\":…}` with \
nothing beside them but `host`, `source`, `sourcetype`, `index` and `fields`). The record is `_raw` or `event`; the \
time is `_time` or `time`. Export with `output_mode=json` and keep `_raw`: a table of extracted fields no longer \
holds the record.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if outer.only(&["preview", "offset", "lastrow", "result"]) {
        return outer.inside("result").is_some_and(|result| raw(&result, each));
    }
    raw(outer, each) || collected(outer, each)
}

/// A result.
fn raw(result: &Outer<'_>, each: Each<'_>) -> bool {
    let marks = ["_time", "_cd", "_indextime", "sourcetype", "splunk_server"];
    let Some(raw) = result.text("_raw").filter(|_| marks.iter().any(|mark| result.has(mark))) else { return false };
    // `2026-07-10 11:54:42.000 UTC` of the screen, RFC 3339 of the interface, or a number.
    let time = result.word("_time");
    let time = time.strip_suffix(" UTC").map_or_else(|| time.to_string(), |time| time.replacen(' ', "T", 1) + "Z");
    let host = result.word("host");
    each(Inner { host: &host, ..Inner::of(&raw, crate::when::instant_text(&time, None)) });
    true
}

/// An event for the collector.
fn collected(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let names = ["time", "host", "source", "sourcetype", "index", "fields", "event"];
    let told = ["host", "source", "sourcetype", "index"].iter().any(|name| outer.has(name));
    let timed =
        outer.raw("time").is_none_or(|time| time.trim_matches('"').bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let object = outer.object("event");
    if !outer.only(&names) || !timed || !(told || (object.is_some() && outer.has("time"))) {
        return false;
    }
    let text = outer.text("event");
    let Some(event) = object.or(text.as_deref()) else { return false };
    let host = outer.word("host");
    each(Inner { host: &host, ..Inner::of(event, outer.time("time")) });
    true
}
