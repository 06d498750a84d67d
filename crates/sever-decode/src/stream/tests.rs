//! Every byte of a stream is accounted for, compressed or not.

use std::io::Write;

use sever_model::port::Note;

use super::*;
use crate::{Field, Format, Mapping};

#[derive(Default)]
struct Ids(Vec<String>);

impl EventSink for Ids {
    fn push(&mut self, row: &Row<'_>) {
        self.0.push(row.credential.to_owned());
    }
}

/// The credentials in a log, pushed in chunks.
fn read(log: &[u8], chunk: usize) -> (Vec<String>, Accounting) {
    let mapping = Mapping::new().with(Field::Time, "t").with(Field::Credential, "id").with(Field::IssuedAt, "iat");
    let (format, limits) = (Format::named("json-lines").expect("a format"), Limits::default());
    let decoder = format.decoder(Some(&mapping), &limits).expect("a sound mapping");
    let (mut stream, mut ids) = (LogStream::new(decoder, format.framing, &limits), Ids::default());
    for part in log.chunks(chunk) {
        stream.feed(part, &mut ids);
    }
    stream.finish(&mut ids);
    stream.finish(&mut ids);
    let accounting = stream.accounting().clone();
    assert_eq!(accounting.event_bytes + accounting.rejected_bytes + accounting.blank_bytes, accounting.bytes);
    (ids.0, accounting)
}

const LOG: &[u8] = b"{\"t\":1,\"id\":\"a\"}\n{\"t\":2,\"id\":\"b\",\"iat\":\"?\"}\n{\"t\":3,\"id\":\"c\"}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).expect("memory takes it")
}

#[test]
fn however_a_log_is_stored_it_reads_the_same() {
    let (head, tail) = LOG.split_at(20);
    let stored =
        [LOG.to_vec(), gzip(LOG), zstd(LOG), [gzip(head), gzip(tail)].concat(), [zstd(head), zstd(tail)].concat()];
    for stored in stored {
        for chunk in [1, 3, 7, 1_000] {
            let (ids, accounting) = read(&stored, chunk);
            assert_eq!(ids, ["a", "b", "c"]);
            assert_eq!((accounting.bytes, accounting.bytes_in), (LOG.len() as u64, stored.len() as u64));
            assert_eq!((accounting.frames, accounting.events, accounting.rejects), (3, 3, 0));
        }
        assert_eq!(crate::head(&stored, 1_000), LOG);
        assert_eq!(crate::head(&stored, 5), &LOG[..5]);
    }
}

#[test]
fn what_breaks_off_or_is_corrupt_is_told_and_the_rest_stands() {
    let log = LOG.repeat(200);
    for (stored, word) in [(gzip(&log), "truncated"), (zstd(&log), "truncated")] {
        let cut = &stored[..stored.len() - 3];
        let (_, accounting) = read(cut, 50);
        assert!(accounting.by_reason.contains_key(word), "{:?}", accounting.by_reason);
    }
    let mut garbled = gzip(LOG);
    garbled.extend_from_slice(b"and something after");
    let (ids, accounting) = read(&garbled, 9);
    assert_eq!(ids, ["a", "b", "c"], "what came before stands");
    assert_eq!(accounting.by_reason.get("corrupt"), Some(&1), "{:?}", accounting.kept);
}

#[test]
fn a_short_or_empty_log_is_no_fault() {
    for log in [&b""[..], b"\n", b"\x1f", b"("] {
        let (ids, accounting) = read(log, 1);
        assert_eq!((ids.len(), accounting.bytes), (0, log.len() as u64));
    }
}

#[test]
fn what_was_gone_on_from_is_noted() {
    let (_, accounting) = read(LOG, 100);
    let note = |what, count| Note { what, of: "issued_at", count };
    assert_eq!(accounting.notes, [note("absent", 2), note("unreadable", 1)]);
}

#[test]
fn rejects_are_counted_past_those_that_are_kept() {
    let (_, accounting) = read("x\n".repeat(100).as_bytes(), 100);
    assert_eq!((accounting.rejects, accounting.kept.len()), (100, Limits::default().rejects_kept_max));
    assert_eq!(accounting.kept.get(7).map(|reject| (reject.offset, reject.line)), Some((14, Some(8))));
    assert_eq!(accounting.damaged(), 100);
}

#[test]
fn a_record_of_a_hundred_megabytes_is_never_held() {
    for (open, close) in [("{\"id\":\"", "\"}\n"), ("[{\"id\":\"", "\"},\n")] {
        let mapping = Mapping::new().with(Field::Time, "t").with(Field::Credential, "id");
        let (format, limits) = (Format::named("json-lines").expect("a format"), Limits::default());
        let decoder = format.decoder(Some(&mapping), &limits).expect("a sound mapping");
        let (mut stream, mut ids) = (LogStream::new(decoder, format.framing, &limits), Ids::default());
        stream.feed(open.as_bytes(), &mut ids);
        let block = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            stream.feed(&block, &mut ids);
            assert!(stream.body.framer.held_bytes() <= 2 << 20);
        }
        stream.feed(close.as_bytes(), &mut ids);
        stream.feed(LOG, &mut ids);
        stream.finish(&mut ids);
        assert_eq!(ids.0, ["a", "b", "c"]);
        assert_eq!(stream.accounting().by_reason.get("too-long"), Some(&1));
    }
}

#[test]
fn what_a_damaged_file_holds_does_not_depend_on_how_it_is_read() {
    let log = LOG.repeat(3_000);
    for stored in [gzip(&log), zstd(&log)] {
        for at in [stored.len() / 3, stored.len() / 2, stored.len() - 2] {
            let mut damaged = stored.clone();
            damaged[at] ^= 0x41;
            let whole = read(&damaged, damaged.len());
            for chunk in [1, 100, 4_096] {
                assert_eq!(read(&damaged, chunk), whole, "damaged at {at}, in chunks of {chunk}");
            }
        }
    }
}

#[test]
fn pushing_nothing_does_nothing() {
    for stored in [LOG.to_vec(), gzip(LOG), zstd(LOG)] {
        let mapping = Mapping::new().with(Field::Time, "t").with(Field::Credential, "id");
        let (format, limits) = (Format::named("json-lines").expect("a format"), Limits::default());
        let decoder = format.decoder(Some(&mapping), &limits).expect("a sound mapping");
        let (mut stream, mut ids) = (LogStream::new(decoder, format.framing, &limits), Ids::default());
        for byte in stored {
            for _ in 0..40 {
                stream.feed(&[], &mut ids);
            }
            stream.feed(&[byte], &mut ids);
        }
        stream.finish(&mut ids);
        assert_eq!((ids.0.len(), stream.accounting().rejects), (3, 0));
    }
}
