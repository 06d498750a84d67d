//! Decompression of a pushed stream: gzip of any number of members, zstd of any number of frames, or
//! neither, told by the first bytes.
//!
//! The decompressors pull; they are given a queue that says "would block" when it is empty, and go on
//! from there when more has been pushed. The queue hands out whole blocks, at the same places whatever
//! the pushes: how much a decompressor gives before it finds a fault depends on how it is fed, and what
//! a damaged file holds must not depend on how it was read. Output comes in pieces of at most [`PIECE_BYTES`], so that a
//! file that unfolds a thousandfold is never held.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

/// Decompressed bytes handed on at once.
const PIECE_BYTES: usize = 64 << 10;

/// Compressed bytes handed to a decompressor at once.
const BLOCK_BYTES: usize = 16 << 10;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Decompresses what is pushed.
pub struct Unpack {
    kind: Kind,
    piece: Vec<u8>,
}

enum Kind {
    /// Too few bytes to tell.
    Undecided(Vec<u8>),
    Plain,
    Gzip(Box<MultiGzDecoder<Queue>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Queue>>),
    /// Broken beyond repair; the rest is not looked at.
    Broken,
}

/// Why decompression stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The input ends in the middle.
    Truncated,
    /// It is not what its first bytes promise.
    Corrupt(String),
}

impl Default for Unpack {
    fn default() -> Unpack {
        Unpack::new()
    }
}

impl Unpack {
    /// Of a file of which nothing is known yet.
    pub fn new() -> Unpack {
        Unpack { kind: Kind::Undecided(Vec::new()), piece: Vec::new() }
    }

    /// Takes stored bytes and hands on what they hold.
    ///
    /// # Errors
    /// When they cannot be decompressed; nothing more is then handed on.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        if let Kind::Undecided(head) = &mut self.kind {
            if head.is_empty() && bytes.len() >= ZSTD.len() {
                self.kind = decide(bytes, true)?;
            } else {
                head.extend_from_slice(bytes);
                let head = std::mem::take(head);
                self.kind = decide(&head, false)?;
                return if let Kind::Undecided(_) = self.kind { Ok(()) } else { self.push(&head, each) };
            }
        }
        match &mut self.kind {
            Kind::Plain => each(bytes),
            Kind::Gzip(gzip) => gzip.get_mut().push(bytes),
            Kind::Zstd(zstd) => zstd.get_mut().push(bytes),
            Kind::Undecided(_) | Kind::Broken => return Ok(()),
        }
        self.drain(each)
    }

    /// Says that there is no more.
    ///
    /// # Errors
    /// When what is held back cannot be decompressed.
    pub fn finish(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        match &mut self.kind {
            Kind::Undecided(head) => {
                let head = std::mem::take(head);
                self.kind = decide(&head, true)?;
                if !head.is_empty() {
                    self.push(&head, each)?;
                }
                if matches!(self.kind, Kind::Plain) { Ok(()) } else { self.finish(each) }
            }
            Kind::Gzip(gzip) => {
                gzip.get_mut().ended = true;
                self.drain(each)
            }
            Kind::Zstd(zstd) => {
                zstd.get_mut().ended = true;
                self.drain(each)
            }
            Kind::Plain | Kind::Broken => Ok(()),
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        // A decompressor that is asked again and again without anything new takes it for a fault.
        let (reader, ready): (&mut dyn Read, bool) = match &mut self.kind {
            Kind::Gzip(gzip) => {
                let ready = gzip.get_ref().is_ready();
                (gzip, ready)
            }
            Kind::Zstd(zstd) => {
                let ready = zstd.get_ref().is_ready();
                (zstd, ready)
            }
            _ => return Ok(()),
        };
        if !ready {
            return Ok(());
        }
        self.piece.resize(PIECE_BYTES, 0);
        let fault = loop {
            match reader.read(&mut self.piece) {
                Ok(0) => return Ok(()),
                Ok(count) => each(self.piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break Fault::Truncated,
                Err(error) => break Fault::Corrupt(error.to_string()),
            }
        };
        self.kind = Kind::Broken;
        Err(fault)
    }
}

/// What kind of file begins with these bytes. `all` when there will be no more of them to decide by.
fn decide(head: &[u8], all: bool) -> Result<Kind, Fault> {
    if head.starts_with(GZIP) {
        return Ok(Kind::Gzip(Box::new(MultiGzDecoder::new(Queue::default()))));
    }
    if head.starts_with(ZSTD) {
        let decoder = zstd::stream::read::Decoder::with_buffer(Queue::default());
        return decoder.map(|decoder| Kind::Zstd(Box::new(decoder))).map_err(|error| Fault::Corrupt(error.to_string()));
    }
    let may_be = !head.is_empty() && (GZIP.starts_with(head) || ZSTD.starts_with(head));
    Ok(if !all && (head.is_empty() || may_be) { Kind::Undecided(head.to_vec()) } else { Kind::Plain })
}

/// Decompresses the head of a file, for [`crate::sniff`] and [`crate::Mapping::guess`]: at most `max`
/// bytes. What cannot be decompressed is left out.
pub fn head(stored: &[u8], max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut each = |piece: &[u8]| {
        let room = max.saturating_sub(out.len());
        out.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
    };
    let mut unpack = Unpack::new();
    // The head of a compressed file always breaks off; what came before is what is wanted.
    if unpack.push(stored, &mut each).is_ok() && unpack.finish(&mut each).is_err() {
        return out;
    }
    out
}

/// Pushed bytes that wait to be pulled.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    at: usize,
    /// Bytes of the block that have been handed out.
    block: usize,
    ended: bool,
}

impl Queue {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// What is left of the block.
    fn block(&self) -> &[u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.get(..(BLOCK_BYTES - self.block).min(rest.len())).unwrap_or_default()
    }

    /// Whether there is a whole block, or all that will be.
    fn is_ready(&self) -> bool {
        self.ended || self.block + self.block().len() == BLOCK_BYTES
    }
}

impl BufRead for Queue {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_ready() { Ok(self.block()) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.block().len());
        self.at += count;
        self.block = (self.block + count) % BLOCK_BYTES;
    }
}

impl Read for Queue {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.fill_buf()?;
        let count = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(rest);
        }
        self.consume(count);
        Ok(count)
    }
}
