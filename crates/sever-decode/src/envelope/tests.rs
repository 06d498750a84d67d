//! Envelopes are told from the head, kept, and can be named.

use sever_model::Limits;
use sever_model::port::EventSink;
use sever_model::{EventTime, Row};

use super::*;
use crate::{Accounting, Field, Format, LogStream, Mapping, MappingError, sniff};

#[derive(Default)]
struct Seen(Vec<(String, EventTime)>);

impl EventSink for Seen {
    fn push(&mut self, row: &Row<'_>) {
        self.0.push((row.credential.to_owned(), row.time));
    }
}

fn read(log: &str, envelope: Option<&str>) -> (Vec<String>, Accounting) {
    let mut mapping = Mapping::new().with(Field::Time, "t").with(Field::Credential, "id");
    mapping.envelope = envelope.map(str::to_owned);
    let format = Format::named("json-lines").expect("a format");
    let mut stream = LogStream::of(format, Some(&mapping), &Limits::default()).expect("a sound mapping");
    let mut seen = Seen::default();
    stream.feed(log.as_bytes(), &mut seen);
    stream.finish(&mut seen);
    (seen.0.into_iter().map(|(id, _)| id).collect(), stream.accounting().clone())
}

const INNER: &str = r#"{"log":"{\"t\":1,\"id\":\"inner\"}\n","stream":"stdout","time":"2026-07-10T11:54:42Z"}"#;

#[test]
fn what_the_head_shows_stays_and_a_record_outside_it_is_read_as_it_is() {
    let own = r#"{"t":1,"id":"own"}"#;
    assert_eq!(read(&format!("{INNER}\n{INNER}\n"), None).0, ["inner", "inner"]);
    // Among many of the envelope, one that is not in it.
    let log = format!("{}{own}\n", format!("{INNER}\n").repeat(9));
    assert_eq!(read(&log, None).0.last().map(String::as_str), Some("own"));
    // In a log without an envelope, one that a client made look like one.
    let log = format!("{}{INNER}\n", format!("{own}\n").repeat(9));
    let (ids, accounting) = read(&log, None);
    assert_eq!((ids.len(), accounting.rejects), (9, 1));
}

#[test]
fn envelopes_can_be_named_or_denied() {
    assert_eq!(read(INNER, Some("container")).0, ["inner"]);
    assert_eq!(read(INNER, Some("none")).0, [""; 0]);
    let mapping: Mapping = toml::from_str("time = \"t\"\nenvelope = \"splnk\"").expect("a mapping");
    let named = LogStream::of(Format::named("json-lines").expect("a format"), Some(&mapping), &Limits::default());
    assert_eq!(named.err(), Some(MappingError::Envelope("splnk".to_owned())));
    assert_eq!(toml::from_str::<Mapping>(&mapping.to_toml()).expect("it reads back"), mapping);
}

#[test]
fn a_mapping_of_the_outer_record_is_believed() {
    let log = r#"{"time":1,"host":"h","event":{"t":2,"id":"inner"}}"#;
    assert_eq!(read(log, None).0, ["inner"]);
    let mapping = Mapping::new().with(Field::Time, "time").with(Field::Credential, "event.id");
    let format = Format::named("json-lines").expect("a format");
    let mut stream = LogStream::of(format, Some(&mapping), &Limits::default()).expect("a sound mapping");
    let mut seen = Seen::default();
    stream.feed(log.as_bytes(), &mut seen);
    stream.finish(&mut seen);
    assert_eq!((seen.0.len(), stream.envelopes().len()), (1, 0));
}

#[test]
fn a_record_that_holds_several_is_booked_once() {
    let line = r#"["1783684480000000000","{\"t\":1,\"id\":\"a\"}"],["1783684480000000000","broken"]"#;
    let log = format!(r#"{{"streams":[{{"stream":{{}},"values":[{line}]}}]}}"#);
    let (ids, accounting) = read(&log, None);
    assert_eq!((ids.len(), accounting.frames, accounting.rejects), (1, 2, 1));
    assert_eq!((accounting.rejected_bytes, accounting.event_bytes + accounting.blank_bytes), (0, log.len() as u64));
    let broken = log.replace(r#"{\"t\":1,\"id\":\"a\"}"#, "also");
    let (_, accounting) = read(&broken, Some("loki"));
    assert_eq!((accounting.frames, accounting.rejects, accounting.event_bytes), (2, 2, 0));
    assert_eq!(accounting.rejected_bytes + accounting.blank_bytes, broken.len() as u64);
}

#[test]
fn the_time_of_the_innermost_envelope_that_has_one_is_taken() {
    let message = r#"<14>1 2026-07-10T11:54:42Z h p - - - {\"id\":\"a\"}"#;
    let log = format!(r#"{{"id":"1","timestamp":1,"message":"{message}"}}"#);
    let log = format!("{log}\n{log}\n");
    let best = sniff(log.as_bytes()).into_iter().next().expect("it is JSON");
    assert_eq!(best.what(), "json-lines in syslog in CloudWatch Logs");
    let mapping = Mapping::guess(log.as_bytes()).mapping;
    let mut stream = LogStream::of(best.format, Some(&mapping), &Limits::default()).expect("a guess fits");
    let mut seen = Seen::default();
    stream.feed(log.as_bytes(), &mut seen);
    stream.finish(&mut seen);
    assert!(seen.0.iter().all(|(_, time)| time.to_string() == "2026-07-10T11:54:42Z"), "{:?}", seen.0);
    assert_eq!(seen.0.len(), 2);
}

#[test]
fn syslogs_headers_are_told_apart() {
    let parts = |line| syslog::Line::parse(line).map(|line| (line.host, line.program, line.process, line.message));
    assert_eq!(parts("<34>Jul  1 11:54:42 h su[7]: a: b"), Some(("h", "su", "7", "a: b")));
    assert_eq!(parts("2026-07-10T11:54:42+02:00 h app: x"), Some(("h", "app", "", "x")));
    let structured = "<34>1 - h app 7 ID [a b=\"]\\\"\"][c] \u{feff}x";
    assert_eq!(parts(structured), Some(("h", "app", "7", "x")));
    for none in ["", "<34>", "<34>1 ", "<34>1 - - -", "<34>1 - h a p i [a", "Jul 10 late", "{\"a\": 1}", "2026 a b: c"]
    {
        assert_eq!(parts(none), None, "{none}");
    }
    assert_eq!(parts("<34>1 - - - - - -"), Some(("", "", "", "")));
}
