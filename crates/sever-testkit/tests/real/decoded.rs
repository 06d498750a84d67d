//! A log decoded whole, with everything accounted for.

use sever_decode::{Accounting, Format, LogStream, Mapping, sniff};
use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Limits, Outcome, Row};

/// An event, as far as these tests look at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub time: EventTime,
    pub kind: EventKind,
    pub outcome: Outcome,
    pub actor: String,
    pub action: String,
    pub issuer: String,
    pub credential: String,
    pub token_subject: String,
    pub resource: String,
    pub source_ip: String,
    pub user_agent: String,
}

/// A log once it holds a text: some servers answer before they write.
pub(crate) fn settled(mut log: impl FnMut() -> String, needle: &str) -> anyhow::Result<String> {
    sever_testkit::wait_until(&format!("a log that says `{needle}`"), || {
        Ok(Some(log()).filter(|log| log.contains(needle)))
    })
}

/// The log must be recognised as this format, and every byte of it be events, blanks or `unrelated`
/// rejects.
pub(crate) fn decoded(log: &[u8], id: &str) -> (Vec<Event>, Accounting) {
    let sniffed = sniff(log);
    let best = sniffed.first().map(|it| it.format.id);
    assert_eq!(best, Some(id), "the log was taken for another format");
    let limits = Limits::default();
    let format = Format::named(id).unwrap();
    // For logs whose times name no zone.
    let mut mapping = Mapping::new();
    mapping.zone = Some("UTC".to_owned());
    let decoder = format.decoder(Some(&mapping), &limits).unwrap();
    let mut stream = LogStream::new(decoder, format.framing, &limits);
    let mut events = Events(Vec::new());
    for chunk in log.chunks(777) {
        stream.feed(chunk, &mut events);
    }
    stream.finish(&mut events);
    let told = stream.accounting();
    assert_eq!(told.event_bytes + told.rejected_bytes + told.blank_bytes, told.bytes);
    assert_eq!(told.bytes, log.len() as u64);
    assert_eq!(told.damaged(), 0, "{:?} in {}", told.kept, String::from_utf8_lossy(log));
    (events.0, told.clone())
}

struct Events(Vec<Event>);

impl EventSink for Events {
    fn push(&mut self, row: &Row<'_>) {
        let text = str::to_owned;
        self.0.push(Event {
            time: row.time,
            kind: row.kind,
            outcome: row.outcome,
            actor: text(row.actor),
            action: text(row.action),
            issuer: text(row.issuer),
            credential: text(row.credential),
            token_subject: text(row.token_subject),
            resource: text(row.resource),
            source_ip: text(row.source_ip),
            user_agent: text(row.user_agent),
        });
    }
}
