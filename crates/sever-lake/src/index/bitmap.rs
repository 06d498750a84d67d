//! A set of subjects' numbers, a bit each.

/// Grows as numbers are set in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    #[inline]
    pub(crate) fn set(&mut self, number: u32) {
        let at = number as usize / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn unset(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    #[inline]
    pub(crate) fn has(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many are in both.
    pub(crate) fn count_in(&self, other: &Bitmap) -> u64 {
        self.words.iter().zip(&other.words).map(|(one, two)| u64::from((one & two).count_ones())).sum()
    }

    pub(crate) fn add(&mut self, other: &Bitmap) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(one, two)| *one |= two);
    }

    /// Adds those of `other` that are in `within` too.
    pub(crate) fn add_in(&mut self, other: &Bitmap, within: &Bitmap) {
        let length = other.words.len().min(within.words.len());
        if self.words.len() < length {
            self.words.resize(length, 0);
        }
        let both = other.words.iter().zip(&within.words).map(|(one, two)| one & two);
        self.words.iter_mut().zip(both).for_each(|(one, two)| *one |= two);
    }

    /// Hands over those that are not in `other`, rising.
    pub(crate) fn each_beyond(&self, other: &Bitmap, mut each: impl FnMut(u32)) {
        for (at, word) in self.words.iter().enumerate() {
            let mut left = word & !other.words.get(at).copied().unwrap_or(0);
            while left != 0 {
                each(at as u32 * 64 + left.trailing_zeros());
                left &= left - 1;
            }
        }
    }

    /// Takes all out of `from`, and puts them in here: how many they were, how many were new here, and
    /// each new one to `each`.
    pub(crate) fn absorb(&mut self, from: &mut Bitmap, mut each: Option<&mut dyn FnMut(u32)>) -> [u64; 2] {
        if self.words.len() < from.words.len() {
            self.words.resize(from.words.len(), 0);
        }
        let (mut all, mut fresh) = (0, 0);
        for (at, (here, there)) in self.words.iter_mut().zip(&mut from.words).enumerate() {
            let taken = std::mem::take(there);
            let mut new = taken & !*here;
            *here |= taken;
            all += u64::from(taken.count_ones());
            fresh += u64::from(new.count_ones());
            while let Some(each) = each.as_mut().filter(|_| new != 0) {
                each(at as u32 * 64 + new.trailing_zeros());
                new &= new - 1;
            }
        }
        [all, fresh]
    }

    /// How many are not in `other`.
    pub(crate) fn count_beyond(&self, other: &Bitmap) -> u64 {
        self.count() - self.count_in(other)
    }
}
