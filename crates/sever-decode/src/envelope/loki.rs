//! Grafana Loki: answers of its interface, what is pushed to it, and what `logcli` prints.

use super::outer::{elements, text};
use super::{Each, Envelope, Inner, Outer};
use crate::when;

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "loki",
    title: "Loki",
    about: "Streams with their lines (`{\"stream\":{…},\"values\":[[\"<ns>\",\"<line>\"],…]}`), as they stand in an \
answer to a query (`data.result`) or in what is pushed (`streams`), and the lines of `logcli --output=jsonl` \
(`{\"labels\":…,\"line\":…,\"timestamp\":…}`). The record is the line, the time is Loki's.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if let Some(line) = outer.text("line").filter(|_| outer.only(&["labels", "line", "timestamp"])) {
        each(Inner::of(&line, outer.time("timestamp")));
        return outer.has("timestamp") || outer.has("labels");
    }
    if outer.only(&["streams"]) {
        for stream in outer.list("streams") {
            stream_of(&Outer::of(stream.get()), each);
        }
        return outer.raw("streams").is_some_and(|list| list.starts_with('['));
    }
    stream_of(outer, each)
}

fn stream_of(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if outer.object("stream").is_none() || !outer.only(&["stream", "values"]) {
        return false;
    }
    let labels = outer.inside("stream");
    let label = |names: &[&str]| {
        let named = labels.iter().flat_map(|labels| names.iter().map(|name| labels.word(name)));
        named.into_iter().find(|word| !word.is_empty()).unwrap_or_default()
    };
    let (host, program) = (label(&["host", "hostname", "instance", "node_name"]), label(&["syslog_identifier"]));
    for value in outer.list("values") {
        let parts = elements(value.get());
        let part = |at: usize| parts.get(at).and_then(|part| text(part.get()));
        if let Some(line) = part(1) {
            let time = part(0).and_then(|nanos| when::instant_text(&nanos, None));
            each(Inner { host: &host, program: &program, ..Inner::of(&line, time) });
        }
    }
    true
}
