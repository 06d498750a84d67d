//! Any bytes, as any format, in any chunks: no panic, every byte accounted for, the same events.
//!
//! The first byte picks the format, the second the size of the chunks, the third what the log is said
//! to be carried in, or that its head tells. Seeds: `tests/formats` and `tests/envelopes`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sever_decode::{Accounting, ENVELOPES, FORMATS, Field, Format, LogStream, Mapping};
use sever_model::port::EventSink;
use sever_model::{Limits, Row};

/// A digest of the events: enough to see that two readings differ.
#[derive(Default, PartialEq, Debug)]
struct Digest(Vec<String>);

impl EventSink for Digest {
    fn push(&mut self, row: &Row<'_>) {
        self.0.push(format!("{row:?}"));
    }
}

fn read(format: &'static Format, envelope: u8, log: &[u8], chunk: usize) -> (Digest, Accounting) {
    let limits = Limits { frame_bytes_max: 4_096, ..Limits::default() };
    let mapping = Mapping::new()
        .with(Field::Time, "time")
        .with(Field::Credential, "id")
        .with(Field::Audience, "aud")
        .with(Field::DataSubjects, "s.id");
    let mut mapping = if format.id == "json-lines" { mapping } else { Mapping::new() };
    let envelopes: Vec<&str> = [envelope, envelope.rotate_left(4)]
        .iter()
        .filter_map(|at| ENVELOPES.get(usize::from(*at) % 16))
        .map(|envelope| envelope.id)
        .collect();
    mapping.envelope = Some(envelopes.join("/")).filter(|named| !named.is_empty());
    let mut stream = LogStream::of(format, Some(&mapping), &limits).expect("the mapping is sound");
    let mut digest = Digest::default();
    for part in log.chunks(chunk) {
        stream.feed(part, &mut digest);
    }
    stream.finish(&mut digest);
    (digest, stream.accounting().clone())
}

fuzz_target!(|data: &[u8]| {
    let [format, chunk, envelope, log @ ..] = data else { return };
    let Some(format) = FORMATS.get(usize::from(*format) % FORMATS.len()) else { return };
    let whole = read(format, *envelope, log, log.len().max(1));
    let accounted = whole.1.event_bytes + whole.1.rejected_bytes + whole.1.blank_bytes;
    assert_eq!(accounted, whole.1.bytes);
    assert_eq!(whole, read(format, *envelope, log, usize::from(*chunk) + 1));
});
