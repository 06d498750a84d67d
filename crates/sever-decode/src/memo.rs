//! What words stand for, remembered.
//!
//! What an action is, is told from its name by long lists of names, beginnings and endings; and a log has few
//! actions. So what was told of one is kept, by all the words that it was told from.
//!
//! Bounded: two at each of [`PLACES`], each of at most [`WORDS_BYTES_MAX`]; of those that have one place the
//! last two stay.
//! Longer ones, which no vendor has, are told each time.

use crate::ends::Ends;

/// How many places there are; a power of two.
const PLACES: usize = 256;

/// How long the words of one may be together.
const WORDS_BYTES_MAX: usize = 256;

/// What was told of `N` words each time.
#[derive(Debug)]
pub(crate) struct Memo<const N: usize, T> {
    places: Vec<[Option<Told<N, T>>; 2]>,
}

#[derive(Debug)]
struct Told<const N: usize, T> {
    words: [Box<str>; N],
    told: T,
}

impl<const N: usize, T: Copy> Memo<N, T> {
    /// What these words stand for, as `tell` tells from nothing but them.
    pub fn told(&mut self, words: [&str; N], tell: impl FnOnce([&str; N]) -> T) -> T {
        // The first words differ most; what the others add to the place need not be much.
        let place = words.iter().fold(0, |place: usize, word| {
            place.wrapping_mul(31).wrapping_add(Ends::of(word.as_bytes()).bucket(PLACES))
        });
        let Some(place) = self.places.get_mut(place & (PLACES - 1)) else { return tell(words) };
        let is_known = |known: &&Told<N, T>| known.words.iter().zip(words).all(|(known, word)| **known == *word);
        if let Some(known) = place.iter().flatten().find(is_known) {
            return known.told;
        }
        let told = tell(words);
        if words.iter().map(|word| word.len()).sum::<usize>() <= WORDS_BYTES_MAX {
            let [last, before] = place;
            *before = last.replace(Told { words: words.map(Box::from), told });
        }
        told
    }
}

impl<const N: usize, T> Default for Memo<N, T> {
    fn default() -> Memo<N, T> {
        let mut places = Vec::new();
        places.resize_with(PLACES, || [None, None]);
        Memo { places }
    }
}

#[cfg(test)]
mod tests;
