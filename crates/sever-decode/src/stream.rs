//! A log as a pushed stream: decompressed, framed, decoded, and accounted for to the byte.
//!
//! ```text
//! bytes ──unpack──► pieces of ≤ 64 KiB ──framing──► records ──decoder──► events ──► sink
//!                                                      └──► rejects, counted, the first few kept
//! ```
//!
//! Nothing here reads a file or a clock, and nothing is the end of the stream but its end: what cannot
//! be read is counted with its place, and the rest goes on. The events are the same however the bytes
//! are cut into pushes.

use sever_model::port::{Decoder, EventSink, Reason, Reject};
use sever_model::{EventTime, Limits, Row};

use crate::framing::{Framer, Piece, Place};
use crate::unpack::{Fault, Unpack};
use crate::{Accounting, Framing};

/// A log being read.
pub struct LogStream {
    unpack: Unpack,
    body: Body,
}

struct Body {
    framer: Framer,
    decoder: Box<dyn Decoder + Send>,
    accounting: Accounting,
    rejects_kept_max: usize,
    /// Whether the end has been handled.
    ended: bool,
}

impl LogStream {
    /// A log in the decoder's format, from its first byte.
    pub fn new(decoder: Box<dyn Decoder + Send>, framing: Framing, limits: &Limits) -> LogStream {
        let body = Body {
            framer: Framer::new(framing, limits.frame_bytes_max),
            decoder,
            accounting: Accounting::default(),
            rejects_kept_max: limits.rejects_kept_max,
            ended: false,
        };
        LogStream { unpack: Unpack::new(), body }
    }

    /// Takes the next bytes as stored, and hands the events in them to the sink.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn EventSink) {
        self.body.accounting.bytes_in += bytes.len() as u64;
        let body = &mut self.body;
        if let Err(fault) = self.unpack.push(bytes, &mut |piece| body.take(piece, sink)) {
            self.body.fault(fault);
        }
    }

    /// Ends the log, and hands over what was held back.
    pub fn finish(&mut self, sink: &mut dyn EventSink) {
        let body = &mut self.body;
        let unpacked = self.unpack.finish(&mut |piece| body.take(piece, sink));
        self.body.end(sink);
        if let Err(fault) = unpacked {
            self.body.fault(fault);
        }
        self.body.accounting.notes = self.body.decoder.notes();
    }

    /// What became of the bytes so far; the decoder's notes are in it once the log has been finished.
    pub fn accounting(&self) -> &Accounting {
        &self.body.accounting
    }
}

impl Body {
    fn take(&mut self, bytes: &[u8], sink: &mut dyn EventSink) {
        self.accounting.bytes += bytes.len() as u64;
        let Body { framer, decoder, accounting, rejects_kept_max, .. } = self;
        let mut sink = Counting { sink, events: 0, untimed: 0 };
        framer.feed(bytes, &mut |piece| place(piece, &mut **decoder, accounting, *rejects_kept_max, &mut sink));
        accounting.events += sink.events;
    }

    fn end(&mut self, sink: &mut dyn EventSink) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let Body { framer, decoder, accounting, rejects_kept_max, .. } = self;
        let mut sink = Counting { sink, events: 0, untimed: 0 };
        framer.finish(&mut |piece| place(piece, &mut **decoder, accounting, *rejects_kept_max, &mut sink));
        decoder.finish(&mut sink);
        accounting.events += sink.events;
    }

    /// Notes that decompression stopped. No bytes are rejected: those that were not decompressed have
    /// no place in the decompressed log.
    fn fault(&mut self, fault: Fault) {
        let reason = match fault {
            Fault::Truncated => Reason::Truncated,
            Fault::Corrupt(what) => Reason::Corrupt(what),
        };
        let reject = Reject { offset: self.accounting.bytes, line: None, bytes: 0, reason };
        self.accounting.reject(reject, self.rejects_kept_max);
    }
}

/// Decodes one piece of the stream, and books it.
fn place(piece: Piece<'_>, decoder: &mut dyn Decoder, to: &mut Accounting, kept_max: usize, sink: &mut Counting<'_>) {
    let (place, reason) = match piece {
        Piece::Blank(bytes) => {
            to.blank_bytes += bytes;
            return;
        }
        Piece::Frame(place, frame) => {
            let untimed = sink.untimed;
            match decoder.decode(frame, place.offset, sink) {
                Ok(()) if sink.untimed > untimed => (place, Reason::Missing("time")),
                Ok(()) => {
                    to.frames += 1;
                    to.event_bytes += place.bytes;
                    return;
                }
                Err(reason) => (place, reason),
            }
        }
        Piece::TooLong(place) => (place, Reason::TooLong),
        Piece::Broken(place) => (place, Reason::Syntax("a string runs over the end of its line".to_owned())),
        Piece::Torn(place) => (place, Reason::Syntax("a quotation mark where there can be none".to_owned())),
        Piece::Truncated(place) => (place, Reason::Truncated),
    };
    let Place { offset, line, bytes } = place;
    to.frames += 1;
    to.reject(Reject { offset, line: Some(line), bytes, reason }, kept_max);
}

/// Counts the events that pass, and keeps apart those without a time.
struct Counting<'a> {
    sink: &'a mut dyn EventSink,
    events: u64,
    untimed: u64,
}

impl EventSink for Counting<'_> {
    fn push(&mut self, row: &Row<'_>) {
        if row.time == EventTime::MIN {
            self.untimed += 1;
            return self.sink.untimed(row);
        }
        self.events += 1;
        self.sink.push(row);
    }
}

#[cfg(test)]
mod tests;
