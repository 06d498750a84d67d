//! Our words for what a statement does, of which one may carry several.

use crate::action;

/// Some of our words for actions, in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Words(u8);

impl Words {
    pub fn of(words: &[&str]) -> Words {
        words.iter().fold(Words::default(), |words, word| words.with(word))
    }

    pub fn with(self, word: &str) -> Words {
        action::WORDS.iter().position(|of| *of == word).map_or(self, |at| Words(self.0 | 1 << at))
    }

    pub fn with_if(self, is: bool, word: &str) -> Words {
        if is { self.with(word) } else { self }
    }

    /// Writes an action: the words, and PostgreSQL's own.
    pub fn write(self, into: &mut String, own: &[&str]) {
        let mut list = [""; action::WORDS.len()];
        let mut count = 0;
        for (at, word) in action::WORDS.iter().enumerate().filter(|(at, _)| self.0 & (1 << at) > 0) {
            debug_assert!(count <= at, "there are no more words than words");
            if let Some(place) = list.get_mut(count) {
                *place = word;
                count += 1;
            }
        }
        action::write(into, list.get(..count).unwrap_or_default(), own);
    }
}
