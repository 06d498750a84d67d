//! Reach budgets: how many distinct people whatever carries a token may reach in a day.
//!
//! Exact: a person counts once a day per thing, by a 128-bit keyed fingerprint. A thing over its budget goes
//! on with the people it has reached, and gets to nobody else that day. Days are UTC's.
//!
//! Bounded by `entries_max` people over all things and budgets, 16 bytes each and the table's slack. When
//! there is no room for one more, that is counted and told, and the person is let through uncounted: what
//! is over its budget already stays refused.

use std::collections::{HashMap, HashSet};

use sever_model::{Fingerprint, FingerprintKey, Row};

use super::Ask;

/// One budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// What has it.
    pub of: BudgetOf,
    /// How many distinct people it may reach in a day.
    pub subjects_per_day: u64,
}

/// What has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetOf {
    /// The key that signed the token.
    Key,
    /// The client that the token was issued to.
    Client,
    /// The session that it lives in.
    Session,
    /// The token's own subject: for those who ask for others' data.
    Subject,
    /// The address that the request came from.
    Address,
    /// The client software, as it calls itself.
    UserAgent,
}

impl BudgetOf {
    /// Its words in settings, in the order of [`BudgetOf::ALL`].
    pub const WORDS: [&'static str; 6] = ["key", "client", "session", "subject", "address", "user-agent"];
    /// Every one.
    pub const ALL: [BudgetOf; 6] =
        [BudgetOf::Key, BudgetOf::Client, BudgetOf::Session, BudgetOf::Subject, BudgetOf::Address, BudgetOf::UserAgent];

    /// The one of a word.
    pub fn named(word: &str) -> Option<BudgetOf> {
        BudgetOf::WORDS.iter().zip(BudgetOf::ALL).find(|(known, _)| **known == word).map(|(_, of)| of)
    }

    fn thing<'a>(self, row: &Row<'a>, ask: &Ask<'a>) -> &'a str {
        match self {
            BudgetOf::Key => row.key_id,
            BudgetOf::Client => row.client,
            BudgetOf::Session => row.session,
            BudgetOf::Subject => row.token_subject,
            BudgetOf::Address => ask.source_ip,
            BudgetOf::UserAgent => ask.user_agent,
        }
    }
}

type Reached = HashSet<Fingerprint, foldhash::fast::RandomState>;

/// What was reached today.
#[derive(Debug)]
pub(super) struct Budgets {
    budgets: Vec<Budget>,
    key: FingerprintKey,
    day: i64,
    reached: HashMap<(usize, Fingerprint), Reached, foldhash::fast::RandomState>,
    entries: usize,
    entries_max: usize,
    /// People let through uncounted today, for want of room.
    pub uncounted: u64,
}

impl Budgets {
    pub(super) fn new(budgets: Vec<Budget>, entries_max: usize, key: FingerprintKey) -> Budgets {
        Budgets { budgets, key, day: i64::MIN, reached: HashMap::default(), entries: 0, entries_max, uncounted: 0 }
    }

    /// People told apart today, over all things.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Counts who is reached by a request, unless that is one more than a budget allows: whether it is.
    pub(super) fn spend(&mut self, row: &Row<'_>, ask: &Ask<'_>, day: i64) -> bool {
        let subject = if ask.subject.is_empty() { row.token_subject } else { ask.subject };
        if self.budgets.is_empty() || subject.is_empty() {
            return false;
        }
        if day > self.day {
            (self.day, self.entries, self.uncounted) = (day, 0, 0);
            self.reached = HashMap::default();
        }
        let subject = self.key.fingerprint(subject.as_bytes());
        let things = self.budgets.iter().enumerate().map(|(at, budget)| (at, budget.of.thing(row, ask)));
        let things = things.filter(|(_, thing)| !thing.is_empty());
        let things: Vec<(usize, Fingerprint)> =
            things.map(|(at, thing)| (at, self.key.fingerprint(thing.as_bytes()))).collect();
        let spent = |(at, thing): &(usize, Fingerprint)| {
            let most = self.budgets.get(*at).map_or(u64::MAX, |budget| budget.subjects_per_day);
            match self.reached.get(&(*at, *thing)) {
                Some(reached) => reached.len() as u64 >= most && !reached.contains(&subject),
                None => most == 0,
            }
        };
        if things.iter().any(spent) {
            return true;
        }
        for place in things {
            if self.reached.get(&place).is_some_and(|reached| reached.contains(&subject)) {
                continue;
            }
            if self.entries >= self.entries_max {
                self.uncounted += 1;
                continue;
            }
            self.reached.entry(place).or_default().insert(subject);
            self.entries += 1;
        }
        false
    }
}
