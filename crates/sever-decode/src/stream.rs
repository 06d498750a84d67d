//! A log as a pushed stream: decompressed, framed, unwrapped, decoded, and accounted for to the byte.
//!
//! ```text
//! bytes ──unpack──► pieces of ≤ 64 KiB ──framing──► records ──envelopes──► records ──decoder──► events ──► sink
//!                                                      └───────────────────────┴──► rejects, counted, the first few kept
//! ```
//!
//! Nothing here reads a file or a clock, and nothing is the end of the stream but its end: what cannot
//! be read is counted with its place, and the rest goes on. The events are the same however the bytes
//! are cut into pushes.
//!
//! How records are told apart and what they are carried in is decided once, from the first
//! [`HEAD_BYTES`], which are held until then; so whether they come in one push or in many.

use sever_model::port::{Decoder, EventSink, Note, Reason, Reject};
use sever_model::{EventTime, Limits, Row};

use crate::envelope::peel::{HEAD_BYTES, Peeled, shape};
use crate::envelope::{DEPTH_MAX, Unwrap};
use crate::framing::{Framer, Piece, Place, Shape};
use crate::unpack::{Fault, Unpack};
use crate::{Accounting, Envelope, Format, Framing, Mapping, MappingError};

/// How much longer a record may be that holds others.
const OUTER_TIMES: usize = 16;

/// A log being read.
pub struct LogStream {
    unpack: Unpack,
    body: Body,
}

struct Body {
    /// What there is of the head, until it has been looked at.
    head: Option<Vec<u8>>,
    envelopes: Envelopes,
    framing: Framing,
    frame_max: usize,
    framer: Framer,
    unwrap: Option<Unwrap>,
    decoder: Box<dyn Decoder + Send>,
    accounting: Accounting,
    /// Events that took their time from an envelope.
    borrowed_times: u64,
    rejects_kept_max: usize,
    /// Whether the end has been handled.
    ended: bool,
}

/// Which envelopes the log is in.
enum Envelopes {
    /// These.
    Known(Vec<&'static Envelope>),
    /// Those in which its head fits the format, or holds what the mapping names.
    Told(&'static Format, Vec<String>),
}

impl LogStream {
    /// A log in the decoder's format, from its first byte, in no envelope.
    pub fn new(decoder: Box<dyn Decoder + Send>, framing: Framing, limits: &Limits) -> LogStream {
        LogStream::with(decoder, framing, Envelopes::Known(Vec::new()), limits)
    }

    /// A log of a format, from its first byte, in the envelopes that its head shows or its mapping
    /// names.
    ///
    /// # Errors
    /// When the mapping does not fit the format, is missing and needed, or names no envelope.
    pub fn of(format: &'static Format, mapping: Option<&Mapping>, limits: &Limits) -> Result<LogStream, MappingError> {
        let envelopes = match mapping.and_then(|mapping| mapping.envelope.as_deref()) {
            Some(named) => Envelopes::Known(chain(named)?),
            None => {
                let mapped = mapping.filter(|_| format.is_general()).into_iter().flat_map(Mapping::picks);
                Envelopes::Told(format, mapped.flat_map(|(_, pick)| pick.paths.clone()).collect())
            }
        };
        Ok(LogStream::with(format.decoder(mapping, limits)?, format.framing, envelopes, limits))
    }

    fn with(decoder: Box<dyn Decoder + Send>, framing: Framing, envelopes: Envelopes, limits: &Limits) -> LogStream {
        let body = Body {
            head: Some(Vec::new()),
            envelopes,
            framing,
            frame_max: limits.frame_bytes_max,
            framer: Framer::new(Shape::Lines, limits.frame_bytes_max),
            unwrap: None,
            decoder,
            accounting: Accounting::default(),
            borrowed_times: 0,
            rejects_kept_max: limits.rejects_kept_max,
            ended: false,
        };
        LogStream { unpack: Unpack::new(), body }
    }

    /// What the log is carried in, from the outermost; known once its head has been seen.
    pub fn envelopes(&self) -> &[&'static Envelope] {
        self.body.unwrap.as_ref().map_or(&[], Unwrap::chain)
    }

    /// Takes the next bytes as stored, and hands the events in them to the sink.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn EventSink) {
        self.body.accounting.bytes_in += bytes.len() as u64;
        let body = &mut self.body;
        if let Err(fault) = self.unpack.push(bytes, &mut |piece| body.take(piece, sink)) {
            self.body.fault(fault);
        }
    }

    /// Decides by what there is of the head how the log is read, if it holds a whole line, and hands
    /// over the events in it: for a log that is still being written, whose head may be long in coming.
    /// Whoever reads it again must decide at the same place, for the same events.
    pub fn decide(&mut self, sink: &mut dyn EventSink) -> bool {
        let whole = self.body.head.as_ref().is_some_and(|head| head.contains(&b'\n'));
        if whole {
            self.body.begin(sink);
        }
        whole
    }

    /// Ends the log, and hands over what was held back.
    pub fn finish(&mut self, sink: &mut dyn EventSink) {
        let body = &mut self.body;
        let unpacked = self.unpack.finish(&mut |piece| body.take(piece, sink));
        self.body.end(sink);
        if let Err(fault) = unpacked {
            self.body.fault(fault);
        }
        self.body.accounting.notes = self.body.notes();
    }

    /// What became of the bytes so far; the decoder's notes are in it once the log has been finished.
    pub fn accounting(&self) -> &Accounting {
        &self.body.accounting
    }
}

/// The envelopes that a mapping names.
fn chain(named: &str) -> Result<Vec<&'static Envelope>, MappingError> {
    if named == "none" {
        return Ok(Vec::new());
    }
    let unknown = |id: &str| MappingError::Envelope(id.to_owned());
    let chain: Result<Vec<_>, _> = named.split('/').map(|id| Envelope::named(id).ok_or_else(|| unknown(id))).collect();
    chain.and_then(|chain| if chain.len() > DEPTH_MAX { Err(unknown(named)) } else { Ok(chain) })
}

impl Body {
    fn take(&mut self, mut bytes: &[u8], sink: &mut dyn EventSink) {
        self.accounting.bytes += bytes.len() as u64;
        if let Some(head) = &mut self.head {
            let (first, rest) = bytes.split_at_checked(HEAD_BYTES - head.len()).unwrap_or((bytes, &[]));
            head.extend_from_slice(first);
            if head.len() < HEAD_BYTES {
                return;
            }
            self.begin(sink);
            bytes = rest;
        }
        self.read(bytes, sink);
    }

    /// Decides from the head how the log is read, and reads it.
    fn begin(&mut self, sink: &mut dyn EventSink) {
        let Some(head) = self.head.take() else { return };
        let chain = match &self.envelopes {
            Envelopes::Known(chain) => chain.clone(),
            Envelopes::Told(format, paths) => {
                let peeled = Peeled::of(&head);
                peeled.chain(peeled.mapped(format, paths)).to_vec()
            }
        };
        let enveloped = !chain.is_empty();
        let shape = shape(self.framing, &head, enveloped);
        let longest = if enveloped { self.frame_max.saturating_mul(OUTER_TIMES) } else { self.frame_max };
        self.framer = Framer::new(shape, longest);
        self.unwrap = enveloped.then(|| Unwrap::new(chain, self.framing.into(), self.frame_max));
        self.read(&head, sink);
    }

    fn read(&mut self, bytes: &[u8], sink: &mut dyn EventSink) {
        self.pieces(sink, |framer, each| framer.feed(bytes, each));
    }

    fn end(&mut self, sink: &mut dyn EventSink) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.begin(sink);
        self.pieces(sink, |framer, each| framer.finish(each));
        let mut sink = Counting { sink, events: 0, untimed: 0, time: None, borrowed: 0 };
        self.decoder.finish(&mut sink);
        self.accounting.events += sink.events;
    }

    fn pieces(&mut self, sink: &mut dyn EventSink, cut: impl FnOnce(&mut Framer, &mut dyn FnMut(Piece<'_>))) {
        let Body { framer, unwrap, decoder, accounting, rejects_kept_max, borrowed_times, .. } = self;
        let mut sink = Counting { sink, events: 0, untimed: 0, time: None, borrowed: 0 };
        cut(framer, &mut |piece| place(piece, unwrap, &mut **decoder, accounting, *rejects_kept_max, &mut sink));
        accounting.events += sink.events;
        *borrowed_times += sink.borrowed;
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.decoder.notes();
        notes.extend(self.unwrap.as_ref().and_then(Unwrap::notes));
        if self.borrowed_times > 0 {
            notes.push(Note { what: "from envelope", of: "time", count: self.borrowed_times });
        }
        notes
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
fn place(
    piece: Piece<'_>,
    unwrap: &mut Option<Unwrap>,
    decoder: &mut dyn Decoder,
    to: &mut Accounting,
    kept_max: usize,
    sink: &mut Counting<'_>,
) {
    let (place, reason) = match piece {
        Piece::Blank(bytes) => {
            to.blank_bytes += bytes;
            return;
        }
        Piece::Frame(place, frame) => {
            if let Some(unwrap) = unwrap {
                return several(place, frame, unwrap, decoder, to, kept_max, sink);
            }
            match decode(frame, place, decoder, sink) {
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

fn decode(frame: &[u8], place: Place, decoder: &mut dyn Decoder, sink: &mut Counting<'_>) -> Result<(), Reason> {
    let untimed = sink.untimed;
    decoder.decode(frame, place.offset, sink)?;
    if sink.untimed > untimed { Err(Reason::Missing("time")) } else { Ok(()) }
}

/// Decodes the records that a record holds. Its bytes are booked once: as read where anything in it
/// was, for what holds the others was read; as rejected, with the first of them, where nothing was.
fn several(
    place: Place,
    frame: &[u8],
    unwrap: &mut Unwrap,
    decoder: &mut dyn Decoder,
    to: &mut Accounting,
    kept_max: usize,
    sink: &mut Counting<'_>,
) {
    let (mut read, mut failed) = (0, Vec::new());
    unwrap.open(frame, &mut |record| {
        let decoded = record.and_then(|(record, time)| {
            sink.time = time;
            decode(record, place, decoder, sink)
        });
        match decoded {
            Ok(()) => read += 1,
            Err(reason) => failed.push(reason),
        }
    });
    sink.time = None;
    to.frames += (read + failed.len() as u64).max(1);
    let mut bytes = place.bytes;
    if read > 0 || failed.is_empty() {
        to.event_bytes += std::mem::take(&mut bytes);
    }
    for reason in failed {
        let bytes = std::mem::take(&mut bytes);
        to.reject(Reject { offset: place.offset, line: Some(place.line), bytes, reason }, kept_max);
    }
}

/// Counts the events that pass, and keeps apart those without a time.
struct Counting<'a> {
    sink: &'a mut dyn EventSink,
    events: u64,
    untimed: u64,
    /// When the envelope of the current record says that it was.
    time: Option<EventTime>,
    /// Events that took that time.
    borrowed: u64,
}

impl EventSink for Counting<'_> {
    fn push(&mut self, row: &Row<'_>) {
        if row.time != EventTime::MIN {
            self.events += 1;
            return self.sink.push(row);
        }
        let Some(time) = self.time else {
            self.untimed += 1;
            return self.sink.untimed(row);
        };
        self.borrowed += 1;
        self.events += 1;
        self.sink.push(&Row { time, ..*row });
    }
}

#[cfg(test)]
mod tests;
