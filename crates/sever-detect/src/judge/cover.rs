//! Which class a record belongs to: a question to the configuration, not to the token.
//!
//! The log that a record stands in and the issuer that is trusted there decide; what the token says
//! of its type only picks among the classes that the configuration puts there. A token that names no
//! issuer is the one issuer's that a log knows, and one of no type is of its issuer's one class there:
//! so a forger gains nothing by leaving either out. (What is a token is [`super`]'s to say; a log of
//! tokens that names no issuer at all is mapped to it with `issuer = { const = "…" }`.) A type that no class there has is not covered; where
//! the key is a known one, `key-out-of-life` speaks of it.
//!
//! Bounded by the symbols of a run: one entry per (log, issuer, type) that was met, at most
//! [`KNOWN_MAX`]; past that it is worked out anew each time.

use std::collections::HashMap;

use sever_model::{Class, Names, Sym, Symbols};

/// Answers remembered.
const KNOWN_MAX: usize = 100_000;

type Key = (usize, Sym, Sym);

/// Finds the class of records on one side.
#[derive(Debug)]
pub(super) struct Cover {
    /// For each log, the classes there: number, issuer, token type.
    by_log: Vec<Vec<(usize, String, String)>>,
    known: HashMap<Key, Option<usize>, foldhash::fast::RandomState>,
    last: Option<(Key, Option<usize>)>,
}

impl Cover {
    /// A table of the classes that `logs_of` puts into each of `logs`.
    pub(super) fn new(classes: &[Class], logs: usize, logs_of: impl Fn(&Class) -> Vec<usize>) -> Cover {
        let mut by_log = vec![Vec::new(); logs];
        for (at, class) in classes.iter().enumerate() {
            for log in logs_of(class) {
                if let Some(there) = by_log.get_mut(log) {
                    there.push((at, class.issuer.clone(), class.token_type.clone()));
                }
            }
        }
        Cover { by_log, known: HashMap::default(), last: None }
    }

    /// Whether any class is in a log.
    pub(super) fn any(&self, log: usize) -> bool {
        self.by_log.get(log).is_some_and(|there| !there.is_empty())
    }

    /// The class of a record in `log`.
    pub(super) fn class(&mut self, log: usize, names: &Names, symbols: &Symbols) -> Option<usize> {
        let key = (log, names.issuer, names.token_type);
        if let Some((last, class)) = self.last
            && last == key
        {
            return class;
        }
        let class = match self.known.get(&key) {
            Some(class) => *class,
            None => {
                let class = self.class_of(log, symbols.text(names.issuer), symbols.text(names.token_type));
                if self.known.len() < KNOWN_MAX {
                    self.known.insert(key, class);
                }
                class
            }
        };
        self.last = Some((key, class));
        class
    }

    /// Forgets what it knows of a run's symbols.
    pub(super) fn forget_symbols(&mut self) {
        self.known.clear();
        self.last = None;
    }

    /// The classes of an issuer in a log; of all there, where it names none.
    pub(super) fn classes_of<'a>(&'a self, log: usize, issuer: &'a str) -> impl Iterator<Item = usize> + 'a {
        let there = self.by_log.get(log).map(Vec::as_slice).unwrap_or_default();
        there.iter().filter(move |(_, of, _)| issuer.is_empty() || of == issuer).map(|(at, _, _)| *at)
    }

    /// The class of an issuer's token of a type in a log, by their names.
    pub(super) fn class_of(&self, log: usize, issuer: &str, token_type: &str) -> Option<usize> {
        let there = self.by_log.get(log)?;
        let issuer = match (issuer, there.first()) {
            ("", Some((_, only, _))) if there.iter().all(|(_, other, _)| other == only) => only.as_str(),
            (named, _) => named,
        };
        let of_issuer = || there.iter().filter(|(_, of, _)| of == issuer);
        let exact = of_issuer().find(|(_, _, kind)| kind == token_type);
        let any_type = || of_issuer().find(|(_, _, kind)| kind.is_empty());
        let only = || of_issuer().next().filter(|_| token_type.is_empty() && of_issuer().count() == 1);
        exact.or_else(any_type).or_else(only).map(|(at, _, _)| *at)
    }
}
