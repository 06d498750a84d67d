//! Bits in bytes, least significant first, written and read at any offset.

/// The most bits that are written or read at once: what one unaligned load of eight bytes holds.
pub(super) const BITS_MAX: u32 = 56;

/// Writes bits one after the other.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the lowest `bits` of a value, [`BITS_MAX`] at most.
    pub(super) fn push(&mut self, value: u64, bits: u32) {
        self.pending |= (value & mask(bits)) << self.filled;
        self.filled += bits;
        while self.filled >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.filled -= 8;
        }
    }

    /// Appends so many zeros.
    pub(super) fn zeros(&mut self, mut count: u64) {
        while count > 0 {
            let step = count.min(u64::from(BITS_MAX));
            self.push(0, step as u32);
            count -= step;
        }
    }

    /// Bits written.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64 * 8 + u64::from(self.filled)
    }

    /// The bytes, with room behind them for a load that begins in the last.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes.extend([0; 8]);
        self.bytes
    }
}

/// Reads bits. What lies past the end reads as zeros, so that a damaged file ends no process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a>(pub(super) &'a [u8]);

impl Bits<'_> {
    /// The bits from `at` on, [`BITS_MAX`] at most.
    #[inline]
    pub(super) fn take(self, at: u64, bits: u32) -> u64 {
        let byte = (at / 8) as usize;
        let word = match self.0.get(byte..).and_then(<[u8]>::first_chunk::<8>) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => 0,
        };
        (word >> (at % 8)) & mask(bits)
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}
