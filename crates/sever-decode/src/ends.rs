//! Telling short words apart by their length and their ends: keys of records, names of what was done.

/// The ends of a word, which are all of it where it is no longer than both together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    head: u64,
    tail: u64,
    len: usize,
}

/// Longest word that its ends are all of.
const ALL_BYTES: usize = 16;

/// Sets the bit that is the case of a letter.
const LOWER: u64 = 0x2020_2020_2020_2020;

impl Ends {
    #[inline]
    pub fn of(word: &[u8]) -> Ends {
        let (head, tail) = match word {
            [_, _, _, _, _, _, _, _, ..] => {
                let end = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
                (end(word.first_chunk()), end(word.last_chunk()))
            }
            [_, _, _, _, ..] => {
                let end = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
                (end(word.first_chunk()), end(word.last_chunk()))
            }
            [first, .., last] => {
                let middle = word.get(word.len() / 2).map_or(0, |byte| u64::from(*byte));
                (u64::from(*first), middle << 8 | u64::from(*last))
            }
            [only] => (u64::from(*only), 0),
            [] => (0, 0),
        };
        Ends { head, tail, len: word.len() }
    }

    /// Whether they are all of the word.
    pub fn are_all(self) -> bool {
        self.len <= ALL_BYTES
    }

    /// Whether they may be those of the same word in another case.
    pub fn are_like(self, other: Ends) -> bool {
        let alike = |one: u64, other: u64| (one ^ other) & !LOWER == 0;
        self.len == other.len && alike(self.head, other.head) && alike(self.tail, other.tail)
    }

    /// Where in so many buckets, a power of two of them, whatever the word's case.
    #[inline]
    pub fn bucket(self, buckets: usize) -> usize {
        let mixed = (self.head | LOWER) ^ (self.tail | LOWER).rotate_left(29) ^ self.len as u64;
        // The multiplier of Fibonacci hashing; the upper half is the better mixed.
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & buckets.wrapping_sub(1)
    }
}
