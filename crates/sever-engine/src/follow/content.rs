//! One file being read: decompressed, digested, and watched for being cut or written anew.

use std::io;

use sever_decode::{Fault, Unpack};
use sha2::{Digest as _, Sha256};

use super::mark::{HEAD_BYTES, Mark, digest_of, hex};
use super::{Node, Opened};

/// Stored bytes that are decompressed at once: a thousandfold of them is held at most.
const BLOCK_BYTES: usize = 16 << 10;
/// How many bytes before the place that was read to are compared when more has come.
const TAIL_BYTES: usize = 64;

pub(super) struct Content {
    opened: Box<dyn Opened>,
    unpack: Unpack,
    /// Stored bytes taken.
    stored: u64,
    /// The last of them.
    tail: Vec<u8>,
    block: Vec<u8>,
    /// Decompressed, and from where on not yet handed out.
    pending: Vec<u8>,
    taken: usize,
    /// Handed out.
    plain: u64,
    digest: Sha256,
    head: Vec<u8>,
    packed: bool,
    finished: bool,
    failing: bool,
    /// Why it does not decompress any further; said once what came before has been handed out.
    fault: Option<Fault>,
    /// The size at which it was last tried whether it is whole.
    tried: u64,
    /// Its size when last looked at.
    bytes: u64,
}

pub(super) enum Read {
    Bytes(usize),
    Nothing,
    /// It is shorter than what was read of it, or something else; so many bytes were seen and not read.
    Cut {
        unread: u64,
    },
}

impl Content {
    /// From its first byte.
    pub(super) fn new(opened: Box<dyn Opened>) -> Content {
        Content {
            opened,
            unpack: Unpack::new(),
            stored: 0,
            tail: Vec::new(),
            block: vec![0; BLOCK_BYTES],
            pending: Vec::new(),
            taken: 0,
            plain: 0,
            digest: Sha256::new(),
            head: Vec::new(),
            packed: false,
            finished: false,
            failing: false,
            fault: None,
            tried: 0,
            bytes: 0,
        }
    }

    pub(super) fn node(&self) -> Node {
        self.opened.node()
    }

    pub(super) fn is_packed(&self) -> bool {
        self.packed
    }

    /// Whether its end has been said.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether it decompresses to its end as it is now; looked at once for each size.
    pub(super) fn is_whole(&mut self) -> bool {
        if std::mem::replace(&mut self.tried, self.bytes) == self.bytes {
            return false;
        }
        let (mut unpack, mut at) = (Unpack::new(), 0);
        while let Ok(count @ 1..) = self.opened.read_at(at, &mut self.block) {
            at += count as u64;
            if unpack.push(self.block.get(..count).unwrap_or_default(), &mut |_| {}).is_err() {
                return false;
            }
        }
        unpack.finish(&mut |_| {}).is_ok()
    }

    /// How much of it has been handed out.
    pub(super) fn plain(&self) -> u64 {
        self.plain
    }

    pub(super) fn behind(&self) -> u64 {
        self.bytes.saturating_sub(self.stored) + (self.pending.len() - self.taken) as u64
    }

    /// Whether it has just begun to fail.
    pub(super) fn fails_anew(&mut self) -> bool {
        !std::mem::replace(&mut self.failing, true)
    }

    /// What has been handed out of it.
    pub(super) fn mark(&self, was: &Mark) -> Mark {
        Mark {
            first_name: was.first_name.clone(),
            name: was.name.clone(),
            node: self.node(),
            stored: self.stored,
            plain: self.plain,
            digest: hex(self.digest.clone()),
            head_bytes: self.head.len(),
            head: digest_of(&self.head),
            ended: was.ended,
        }
    }

    /// Its first bytes, decompressed, as far as they have been read.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it does not decompress; what the file gives otherwise.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<Read> {
        loop {
            let count = self.hand_out(into);
            if count > 0 {
                self.failing = false;
                return Ok(Read::Bytes(count));
            }
            if let Some(fault) = &self.fault {
                return Err(told(fault));
            }
            if let Some(unread) = self.cut()? {
                return Ok(Read::Cut { unread });
            }
            let count = self.opened.read_at(self.stored, &mut self.block)?;
            if count == 0 || self.finished {
                return Ok(Read::Nothing);
            }
            self.take(count);
        }
    }

    /// Whether it has been cut, or written anew, since it was last looked at: then at least so many bytes
    /// had not been read.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) fn cut(&mut self) -> io::Result<Option<u64>> {
        let seen = self.bytes;
        self.bytes = self.opened.bytes()?;
        // Where all that was seen had been read, time may have passed since.
        let caught_up = seen == self.stored;
        let cut = self.bytes < self.stored || (self.bytes > self.stored && caught_up && self.is_changed()?);
        Ok(cut.then(|| seen.saturating_sub(self.stored)))
    }

    /// Says that the file is at its end, and reads what was held back.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where it breaks off.
    pub(super) fn finish(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !std::mem::replace(&mut self.finished, true) {
            let pending = &mut self.pending;
            self.fault = self.unpack.finish(&mut |piece| pending.extend_from_slice(piece)).err();
        }
        match (self.hand_out(into), &self.fault) {
            (0, Some(fault)) => Err(told(fault)),
            (count, _) => Ok(count),
        }
    }

    /// Reads all there is, and gives how much that is, and its digest.
    pub(super) fn whole(&mut self, plain_max: u64) -> io::Result<(u64, String)> {
        let mut into = vec![0; BLOCK_BYTES];
        while self.plain < plain_max {
            let room = usize::try_from(plain_max - self.plain).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            match self.read(into.get_mut(..room).unwrap_or_default())? {
                Read::Bytes(_) => {}
                Read::Cut { .. } | Read::Nothing => break,
            }
        }
        Ok((self.plain, hex(self.digest.clone())))
    }

    /// Whether it begins with what a mark is of: nothing where it is, for now, too short. Reads from
    /// its first byte, and stands behind what was compared.
    pub(super) fn begins_with(&mut self, mark: &Mark) -> io::Result<Option<bool>> {
        let mut into = vec![0; BLOCK_BYTES];
        while self.plain < mark.plain {
            let room = usize::try_from(mark.plain - self.plain).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            let some = into.get_mut(..room).unwrap_or_default();
            let count = match self.read(some)? {
                Read::Bytes(count) => count,
                Read::Cut { .. } => return Ok(None),
                // A compressed file may be whole, or not yet.
                Read::Nothing if self.packed && !self.finished => match self.finish(some) {
                    Ok(count) => count,
                    Err(_) => return Ok(None),
                },
                Read::Nothing => 0,
            };
            if count == 0 {
                return Ok(None);
            }
        }
        Ok(Some(hex(self.digest.clone()) == mark.digest))
    }

    fn hand_out(&mut self, into: &mut [u8]) -> usize {
        let rest = self.pending.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (Some(from), Some(to)) = (rest.get(..count), into.get_mut(..count)) else { return 0 };
        to.copy_from_slice(from);
        self.digest.update(from);
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(count);
        self.head.extend_from_slice(from.get(..room).unwrap_or_default());
        self.plain += count as u64;
        self.taken += count;
        if self.taken == self.pending.len() {
            self.pending.clear();
            self.taken = 0;
        }
        count
    }

    fn take(&mut self, count: usize) {
        let bytes = self.block.get(..count).unwrap_or_default();
        if self.stored == 0 {
            self.packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        }
        self.stored += count as u64;
        self.tail.extend_from_slice(bytes.get(count.saturating_sub(TAIL_BYTES)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(TAIL_BYTES));
        let pending = &mut self.pending;
        self.fault = self.unpack.push(bytes, &mut |piece| pending.extend_from_slice(piece)).err();
    }

    /// Whether what stands before the place that was read to is no longer what was read there.
    fn is_changed(&mut self) -> io::Result<bool> {
        let mut now = vec![0; self.tail.len()];
        let from = self.stored.saturating_sub(self.tail.len() as u64);
        let count = self.opened.read_at(from, &mut now)?;
        Ok(now.get(..count) != self.tail.get(..count) || count < self.tail.len())
    }
}

fn told(fault: &Fault) -> io::Error {
    match fault {
        Fault::Truncated => io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed file breaks off"),
        Fault::Corrupt(what) => io::Error::new(io::ErrorKind::InvalidData, what.clone()),
    }
}
