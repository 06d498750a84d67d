//! One segment of the ledger: entries of 20 bytes, sorted by what is left of the fingerprint.
//!
//! ```text
//!  112 bits of the fingerprint            16 bits   32 bits
//! ├──────────────────────────────────────┼─────────┼──────────────┤
//!  (the other 16 choose the segment)      end       check of claims
//! ```
//!
//! Keyed fingerprints are spread evenly and nobody outside can choose them, so a place in the
//! segment is guessed by proportion and found within a few entries of the guess.

/// A fingerprint without the bits that choose its segment: the upper 64 bits, then the lower 48.
pub(super) type Rest = (u64, u64);

/// What the ledger knows of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed {
    pub rest: Rest,
    /// The end in units, the lower 16 bits of it.
    pub end: u16,
    /// The check of the bound claims.
    pub check: u32,
}

/// Five words, so that nothing is lost to alignment.
type Words = [u32; 5];

/// Entries of one sixteen-bit prefix, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Segment(Vec<Words>);

/// Bytes of one entry.
pub(super) const ENTRY_BYTES: usize = size_of::<Words>();

impl Packed {
    fn words(self) -> Words {
        let low = self.rest.1 << 16 | u64::from(self.end);
        [(self.rest.0 >> 32) as u32, self.rest.0 as u32, (low >> 32) as u32, low as u32, self.check]
    }

    fn of(words: &Words) -> Packed {
        let [.., end, check] = *words;
        Packed { rest: rest(words), end: end as u16, check }
    }
}

fn rest(words: &Words) -> Rest {
    let [first, second, third, fourth, _] = *words;
    (u64::from(first) << 32 | u64::from(second), u64::from(third) << 16 | u64::from(fourth >> 16))
}

impl Segment {
    /// The entry of a fingerprint.
    pub(super) fn find(&self, wanted: Rest) -> Option<Packed> {
        let at = self.place(wanted).ok()?;
        self.0.get(at).map(Packed::of)
    }

    /// Reads a word of the entry that a search for this one begins with.
    pub(super) fn touch(&self, wanted: Rest) -> u32 {
        self.0.get(self.guess(wanted)).map_or(0, |[first, ..]| *first)
    }

    /// Adds an entry, or puts it in the place of the one that has its fingerprint.
    pub(super) fn put(&mut self, entry: Packed) {
        match self.place(entry.rest) {
            Ok(at) => {
                if let Some(words) = self.0.get_mut(at) {
                    *words = entry.words();
                }
            }
            Err(at) => {
                if self.0.len() == self.0.capacity() {
                    // A sixteenth, never a doubling: 65,536 segments that doubled would each be half empty.
                    self.0.reserve_exact((self.0.len() / 16).max(2));
                }
                self.0.insert(at, entry.words());
            }
        }
    }

    /// Drops the entries whose end is not to be kept; says how many.
    pub(super) fn retain(&mut self, keep: impl Fn(u16) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|[.., end, _]| keep(*end as u16));
        if self.0.len() + self.0.len() / 4 + 4 < self.0.capacity() {
            self.0.shrink_to(self.0.len() + self.0.len() / 16);
        }
        before - self.0.len()
    }

    /// Bytes that it has allocated.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * ENTRY_BYTES
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All entries, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Packed> {
        self.0.iter().map(Packed::of)
    }

    /// Where a fingerprint stands if all are spread evenly.
    fn guess(&self, wanted: Rest) -> usize {
        // A product of a 64-bit fraction and a length: below the length, so that it fits.
        ((u128::from(wanted.0) * self.0.len() as u128) >> 64) as usize
    }

    /// Where a fingerprint stands, or where it would.
    fn place(&self, wanted: Rest) -> Result<usize, usize> {
        let entries = self.0.as_slice();
        let guess = self.guess(wanted);
        let (before, after) = entries.split_at_checked(guess).unwrap_or((entries, &[]));
        let mut at = guess.min(entries.len());
        for words in after {
            match rest(words).cmp(&wanted) {
                std::cmp::Ordering::Less => at += 1,
                std::cmp::Ordering::Equal => return Ok(at),
                std::cmp::Ordering::Greater => break,
            }
        }
        if at > guess {
            return Err(at);
        }
        for words in before.iter().rev() {
            match rest(words).cmp(&wanted) {
                std::cmp::Ordering::Greater => at -= 1,
                std::cmp::Ordering::Equal => return Ok(at - 1),
                std::cmp::Ordering::Less => break,
            }
        }
        Err(at)
    }
}
