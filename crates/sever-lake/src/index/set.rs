//! One set of numbers below a bound, in nearly as few bits as there can be.
//!
//! Elias–Fano: the low bits of each number stand as they are, the high bits as gaps in unary. That
//! costs at most 0.56 bits a number more than the theory's `log2(U/n) + 1.44`; where the set is a
//! third of the universe or more, a plain bitmap is smaller still. Which of the two it is, and how
//! long, follows from the size of the set and of the universe, so that a set carries no header.
//!
//! Source: P. Elias, "Efficient storage and retrieval by content and address of static files", JACM
//! 21 (1974); R. Fano, "On the number of bits required to implement an associative memory", 1971.

use super::bits::{BITS_MAX, BitWriter, Bits};

/// How large a set is, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Numbers in the set.
    pub(super) count: u64,
    /// They are below it.
    pub(super) universe: u64,
}

impl Shape {
    /// Whether it stands as a bitmap.
    const fn is_bitmap(self) -> bool {
        self.universe <= self.count.saturating_mul(3)
    }

    /// Low bits of each number.
    pub(super) const fn low(self) -> u32 {
        match self.universe.checked_div(self.count) {
            Some(share) if share > 0 => share.ilog2(),
            _ => 0,
        }
    }

    /// The bits of the unary part.
    pub(super) const fn upper(self) -> u64 {
        match self.count {
            0 => 0,
            count => count + (self.universe.saturating_sub(1) >> self.low()),
        }
    }

    /// The bits that it takes.
    pub(super) const fn bits(self) -> u64 {
        match self {
            Shape { count: 0, .. } => 0,
            _ if self.is_bitmap() => self.universe,
            _ => self.count * self.low() as u64 + self.upper(),
        }
    }
}

/// Writes a set: `values` rise strictly, are `shape.count` many, and below `shape.universe`.
pub(super) fn write(out: &mut BitWriter, shape: Shape, values: impl Iterator<Item = u64> + Clone) {
    if shape.count > 0 && shape.is_bitmap() {
        let mut next = 0;
        for value in values {
            out.zeros(value - next);
            out.push(1, 1);
            next = value + 1;
        }
        out.zeros(shape.universe - next);
    } else if shape.count > 0 {
        write_parts(out, shape, values);
    }
}

/// The low bits, then the high ones. `values` may repeat here.
pub(super) fn write_parts(out: &mut BitWriter, shape: Shape, values: impl Iterator<Item = u64> + Clone) {
    let low = shape.low();
    values.clone().for_each(|value| out.push(value, low));
    let (mut before, mut written) = (0, 0);
    for value in values {
        let high = value >> low;
        out.zeros(high - before);
        out.push(1, 1);
        written += high - before + 1;
        before = high;
    }
    out.zeros(shape.upper().saturating_sub(written));
}

/// Hands over the numbers of the set that begins at this bit, rising.
#[inline]
pub(super) fn each(bits: Bits<'_>, at: u64, shape: Shape, mut take: impl FnMut(u64)) {
    if shape.count == 0 {
    } else if shape.is_bitmap() {
        let mut base = 0;
        while base < shape.universe {
            let width = (shape.universe - base).min(u64::from(BITS_MAX)) as u32;
            let mut word = bits.take(at + base, width);
            while word != 0 {
                take(base + u64::from(word.trailing_zeros()));
                word &= word - 1;
            }
            base += u64::from(BITS_MAX);
        }
    } else {
        each_part(bits, at, shape, take);
    }
}

#[inline]
fn each_part(bits: Bits<'_>, at: u64, shape: Shape, mut take: impl FnMut(u64)) {
    let low = shape.low();
    let upper = at + shape.count * u64::from(low);
    let (mut index, mut base) = (0, 0);
    while index < shape.count && base < shape.upper() {
        let mut word = bits.take(upper + base, BITS_MAX);
        while word != 0 && index < shape.count {
            let high = base + u64::from(word.trailing_zeros()) - index;
            take(high << low | bits.take(at + index * u64::from(low), low));
            word &= word - 1;
            index += 1;
        }
        base += u64::from(BITS_MAX);
    }
}
