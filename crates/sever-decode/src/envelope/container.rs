//! What container runtimes write: Docker's `json-file`, and the line format of CRI under Kubernetes.

use sever_model::EventTime;

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "container",
    title: "a container's log",
    about: "Docker's `json-file` (`{\"log\":\"…\\n\",\"stream\":\"stdout\",\"time\":…}`, also with the members that \
Fluent Bit adds) and CRI's lines (`2026-07-10T11:54:42.123456789Z stdout F …`). The record is the line that the \
program wrote, the time is the runtime's. A line longer than 16 KiB is cut in parts by the runtime, which are rejected \
each by itself.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let names = ["log", "stream", "time", "attrs", "kubernetes", "docker", "tag", "logtag", "_p", "date", "@timestamp"];
    if outer.text.starts_with('{') {
        let (Some(line), true) = (outer.text("log"), outer.only(&names) && outer.has("stream")) else { return false };
        let time = ["time", "@timestamp", "date"].iter().find_map(|name| outer.time(name));
        each(Inner::of(line.trim_end_matches(['\r', '\n']), time));
        return true;
    }
    let mut words = outer.text.splitn(4, ' ');
    let (Some(time), Some(stream), Some(tag)) = (words.next(), words.next(), words.next()) else { return false };
    let time = EventTime::parse(time).ok();
    if time.is_none() || !matches!(stream, "stdout" | "stderr") || !matches!(tag, "F" | "P") {
        return false;
    }
    each(Inner::of(words.next().unwrap_or(""), time));
    true
}
