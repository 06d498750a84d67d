//! Interned text: one small number for each distinct name that logs repeat.
//!
//! One table serves one run. Account names, issuers, key ids and actions recur in every line, so
//! that a column of them is a column of `u32`, and detectors key their state by number. Each
//! symbol's keyed hash is kept beside it, so that checking a claim costs no hashing.
//!
//! Bounded: at [`crate::Limits::symbols_max`] distinct values the rest become [`Sym::MANY`] and are
//! counted in [`Symbols::overflowed`].

use std::collections::HashMap;

use crate::FingerprintKey;

/// An interned text of one run. `Sym::NONE` is absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sym(u32);

impl Sym {
    /// The empty text: the record does not say.
    pub const NONE: Sym = Sym(0);
    /// A value past the table's limit.
    pub const MANY: Sym = Sym(1);

    /// The number, dense from 0, for tables indexed by symbol.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
    /// Whether the record said nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// The table of one run's interned texts.
#[derive(Debug)]
pub struct Symbols {
    by_text: HashMap<Box<str>, Sym, foldhash::quality::RandomState>,
    texts: Vec<(Box<str>, u64)>,
    key: FingerprintKey,
    max: usize,
    overflowed: u64,
}

impl Symbols {
    /// An empty table of at most `max` texts, hashing under `key`.
    pub fn new(key: FingerprintKey, max: usize) -> Symbols {
        let mut symbols =
            Symbols { by_text: HashMap::default(), texts: Vec::new(), key, max: max.max(2), overflowed: 0 };
        symbols.insert("");
        symbols.insert("(too many distinct values)");
        symbols
    }

    /// The symbol of a text, made at need.
    pub fn intern(&mut self, text: &str) -> Sym {
        if text.is_empty() {
            return Sym::NONE;
        }
        if let Some(sym) = self.by_text.get(text) {
            return *sym;
        }
        if self.texts.len() >= self.max {
            self.overflowed += 1;
            return Sym::MANY;
        }
        self.insert(text)
    }

    /// The symbol of a text, where it has one.
    pub fn find(&self, text: &str) -> Option<Sym> {
        self.by_text.get(text).copied()
    }

    /// The text of a symbol; empty for one of another table.
    pub fn text(&self, sym: Sym) -> &str {
        self.texts.get(sym.index()).map_or("", |(text, _)| text)
    }

    /// The keyed hash of a symbol's text; 0 for absence.
    pub fn hash(&self, sym: Sym) -> u64 {
        self.texts.get(sym.index()).map_or(0, |(_, hash)| *hash)
    }

    /// The key under which texts are hashed.
    pub fn key(&self) -> &FingerprintKey {
        &self.key
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether nothing has been interned yet.
    pub fn is_empty(&self) -> bool {
        self.texts.len() <= 2
    }

    /// How many interned values fell past the limit.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn insert(&mut self, text: &str) -> Sym {
        let sym = Sym(u32::try_from(self.texts.len()).unwrap_or(Sym::MANY.0));
        let hash = if text.is_empty() { 0 } else { self.key.hash64(text.as_bytes()) };
        self.texts.push((text.into(), hash));
        self.by_text.insert(text.into(), sym);
        sym
    }
}
