//! A rising sequence of numbers, which may repeat, that is searched and read at any place.
//!
//! The parts of [`super::set`], with the position of every 256th one and zero of the unary part
//! beside them: a quarter of a bit a number.
//!
//! ```text
//! count u64 · universe u64 · bytes of the parts u64 · parts · ones u32 each · zeros u32 each
//! ```

use super::bits::{BITS_MAX, BitWriter, Bits};
use super::set::{Shape, write_parts};

/// Ones, and zeros, from one position kept to the next.
const EVERY: u64 = 256;
const HEAD_BYTES: usize = 24;

/// Writes a sequence: `values` do not fall, and are below `universe`.
pub(super) fn write(values: &[u64], universe: u64) -> Vec<u8> {
    let shape = Shape { count: values.len() as u64, universe };
    let mut parts = BitWriter::default();
    write_parts(&mut parts, shape, values.iter().copied());
    let parts = parts.finish();
    let (mut ones, mut zeros) = (Vec::new(), Vec::new());
    let mut position = 0u32;
    let (mut high, low) = (0, shape.low());
    for (index, value) in values.iter().enumerate() {
        while high < value >> low {
            if high.is_multiple_of(EVERY) {
                zeros.extend(position.to_le_bytes());
            }
            high += 1;
            position += 1;
        }
        if (index as u64).is_multiple_of(EVERY) {
            ones.extend(position.to_le_bytes());
        }
        position += 1;
    }
    let head = [shape.count, universe, parts.len() as u64];
    head.iter().flat_map(|number| number.to_le_bytes()).chain(parts).chain(ones).chain(zeros).collect()
}

/// A sequence in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sequence<'a> {
    shape: Shape,
    parts: Bits<'a>,
    ones: &'a [u8],
    zeros: &'a [u8],
}

impl<'a> Sequence<'a> {
    /// No numbers.
    pub(super) const EMPTY: Sequence<'static> =
        Sequence { shape: Shape { count: 0, universe: 0 }, parts: Bits(&[]), ones: &[], zeros: &[] };

    /// What these bytes hold; `None` where they are cut short.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Sequence<'a>> {
        let mut numbers = bytes.get(..HEAD_BYTES)?.chunks_exact(8).map(|chunk| {
            u64::from_le_bytes(*chunk.first_chunk::<8>().unwrap_or(&[0; 8])) //
        });
        let shape = Shape { count: numbers.next()?, universe: numbers.next()? };
        let rest = bytes.get(HEAD_BYTES..)?;
        let (parts, rest) = rest.split_at_checked(usize::try_from(numbers.next()?).ok()?)?;
        let ones_bytes = usize::try_from(shape.count.div_ceil(EVERY)).ok()?.checked_mul(4)?;
        let (ones, zeros) = rest.split_at_checked(ones_bytes)?;
        Some(Sequence { shape, parts: Bits(parts), ones, zeros })
    }

    /// The number at a place.
    pub(super) fn number(&self, index: u64) -> Option<u64> {
        (index < self.shape.count).then(|| self.from(index).next().unwrap_or(0))
    }

    /// The numbers from a place on.
    pub(super) fn from(&self, index: u64) -> Numbers<'a> {
        let start = index / EVERY * EVERY;
        let position = sample(self.ones, index / EVERY).unwrap_or(0);
        let mut numbers = Numbers { sequence: *self, index: start, position, word: 0, left: 0 };
        numbers.skip_ones(index - start);
        numbers
    }

    /// The place of the first number that is not smaller, and the numbers from there on.
    pub(super) fn seek(&self, value: u64) -> (u64, Numbers<'a>) {
        let high = value >> self.shape.low();
        let (mut index, mut zeros, mut position) = (0, 0, 0);
        if let Some(sampled) = high.checked_sub(1).and_then(|before| sample(self.zeros, before / EVERY)) {
            zeros = (high - 1) / EVERY * EVERY;
            position = sampled;
            index = position - zeros;
        } else if high > 0 && !self.zeros.is_empty() {
            // Past the last zero that is kept: from there.
            let last = self.zeros.len() as u64 / 4 - 1;
            zeros = last * EVERY;
            position = sample(self.zeros, last).unwrap_or(0);
            index = position - zeros;
        }
        let mut numbers = Numbers { sequence: *self, index, position, word: 0, left: 0 };
        numbers.skip_zeros(high - zeros);
        while let Some(next) = numbers.clone().next().filter(|next| *next < value) {
            debug_assert!(next < value);
            numbers.next();
        }
        (numbers.index, numbers)
    }
}

fn sample(samples: &[u8], at: u64) -> Option<u64> {
    let at = usize::try_from(at).ok()?.checked_mul(4)?;
    samples.get(at..)?.first_chunk::<4>().map(|bytes| u64::from(u32::from_le_bytes(*bytes)))
}

/// The numbers of a sequence from a place on.
#[derive(Debug, Clone)]
pub(super) struct Numbers<'a> {
    sequence: Sequence<'a>,
    index: u64,
    /// Bits of the unary part that lie behind, those of `word` among them.
    position: u64,
    /// Bits that were read and not yet looked at.
    word: u64,
    left: u32,
}

impl Numbers<'_> {
    fn upper(&self) -> u64 {
        self.sequence.shape.count * u64::from(self.sequence.shape.low())
    }

    fn load(&mut self) -> bool {
        if self.position >= self.sequence.shape.upper() {
            return false;
        }
        self.word = self.sequence.parts.take(self.upper() + self.position, BITS_MAX);
        self.left = BITS_MAX;
        self.position += u64::from(BITS_MAX);
        true
    }

    fn forget(&mut self, bits: u32) {
        self.word >>= bits;
        self.left -= bits;
    }

    fn skip_ones(&mut self, mut count: u64) {
        self.index += count;
        while count > 0 {
            if self.left == 0 && !self.load() {
                return;
            }
            let ones = u64::from(self.word.count_ones());
            if ones < count {
                count -= ones;
                self.forget(self.left);
            } else {
                (1..count).for_each(|_| self.word &= self.word - 1);
                self.forget(self.word.trailing_zeros() + 1);
                count = 0;
            }
        }
    }

    fn skip_zeros(&mut self, mut count: u64) {
        while count > 0 {
            if self.left == 0 && !self.load() {
                self.index = self.sequence.shape.count;
                return;
            }
            let zeros = u64::from(self.left - self.word.count_ones());
            if zeros < count {
                count -= zeros;
                self.index += u64::from(self.word.count_ones());
                self.forget(self.left);
            } else {
                let run = self.word.trailing_ones();
                self.index += u64::from(run);
                self.forget(run);
                let zeros = u64::from(self.word.trailing_zeros().min(self.left)).min(count);
                self.forget(zeros as u32);
                count -= zeros;
            }
        }
    }
}

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let shape = self.sequence.shape;
        if self.index >= shape.count {
            return None;
        }
        while self.word == 0 {
            self.left = 0;
            if !self.load() {
                return None;
            }
        }
        self.forget(self.word.trailing_zeros() + 1);
        let behind = self.position - u64::from(self.left);
        let high = (behind - 1).saturating_sub(self.index);
        let low = self.sequence.parts.take(self.index * u64::from(shape.low()), shape.low());
        self.index += 1;
        Some(high << shape.low() | low)
    }
}
