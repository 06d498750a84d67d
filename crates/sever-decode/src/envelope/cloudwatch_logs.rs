//! Amazon CloudWatch Logs: subscriptions, answers of its interface, Insights, and exports to S3.

use super::outer::elements;
use super::{Each, Envelope, Inner, Outer};
use crate::when;

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "cloudwatch-logs",
    title: "CloudWatch Logs",
    about: "The records that a subscription delivers (`{\"messageType\":\"DATA_MESSAGE\",…,\"logEvents\":[…]}`, one \
after another as Firehose writes them), `filter-log-events` and `get-log-events` (`{\"events\":[…]}`), results of \
Insights with `@message`, and the lines of an export to S3 (`2026-07-10T11:54:42.000Z …`). The record is the message, \
the time that of the log event.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if outer.text.starts_with('[') {
        return insight(outer.text, each);
    }
    if !outer.text.starts_with('{') {
        return exported(outer.text, each);
    }
    if outer.has("messageType") && outer.has("logGroup") {
        for event in outer.list("logEvents") {
            event_of(&Outer::of(event.get()), each);
        }
        return outer.raw("logEvents").is_some_and(|list| list.starts_with('['));
    }
    if let Some(message) = outer.text("@message") {
        each(Inner::of(&message, insight_time(&outer.word("@timestamp"))));
        return true;
    }
    event_of(outer, each)
}

/// One log event.
fn event_of(event: &Outer<'_>, each: Each<'_>) -> bool {
    let names = ["id", "eventId", "timestamp", "ingestionTime", "message", "logStreamName", "extractedFields"];
    let millis = event.raw("timestamp").filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()));
    let marked = ["id", "eventId", "ingestionTime"].iter().any(|name| event.has(name));
    let (Some(message), Some(millis)) = (event.text("message"), millis) else { return false };
    if !marked || !event.only(&names) {
        return false;
    }
    // What the service itself says to try a destination, under an id that no log event has.
    if event.word("id").is_empty() && message.starts_with("CWL CONTROL MESSAGE: ") {
        return true;
    }
    each(Inner::of(&message, millis.parse().ok().map(when::epoch)));
    true
}

/// A result of Insights: a list of `{"field":…,"value":…}`.
fn insight(list: &str, each: Each<'_>) -> bool {
    let (mut message, mut time) = (None, None);
    for field in elements(list) {
        let field = Outer::of(field.get());
        match field.word("field").as_ref() {
            "@message" => message = field.text("value"),
            "@timestamp" => time = insight_time(&field.word("value")),
            _ => {}
        }
    }
    let Some(message) = message else { return false };
    each(Inner::of(&message, time));
    true
}

/// `2026-07-10 11:54:42.000`, in UTC.
fn insight_time(text: &str) -> Option<sever_model::EventTime> {
    when::instant_text(text, Some(&sever_model::Zone::UTC))
}

/// A line of an export: always UTC, always milliseconds.
fn exported(line: &str, each: Each<'_>) -> bool {
    let Some((time, message)) = line.split_once(' ') else { return false };
    let shaped = time.len() == 24 && time.ends_with('Z') && time.as_bytes().get(19) == Some(&b'.');
    let Some(at) = when::instant_text(time, None).filter(|_| shaped && !message.is_empty()) else { return false };
    // A host and a program, or the name of a stream, make it another kind of line.
    if super::syslog::Line::parse(line).is_some() || message.starts_with("stdout ") || message.starts_with("stderr ") {
        return false;
    }
    each(Inner::of(message, Some(at)));
    true
}
