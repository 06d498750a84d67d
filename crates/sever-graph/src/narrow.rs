//! Narrow rights, played back: what would have been left, had each right gone that was not exercised.
//!
//! The rule: a right is taken from an account when that account has not exercised it for so many days,
//! counted from when it was given or last exercised, whichever is later, and no earlier than from
//! when exercises are seen. Once gone it stays gone; that somebody might have asked for it anew is
//! not played. A group's right is judged for each account that has it, so that one which too many
//! have shrinks to those who exercise it.
//!
//! Worked example: `ann` is given `reports/*` and `archive` in January; the portal's log is read from
//! March on and shows a report of hers each week and nothing else. With 90 days `archive` is gone at
//! the end of May, and a look into it in December would have been refused.
//!
//! Not cut: rights whose use cannot be seen, and those of programs, whose doings are often in no
//! log. A use that no known right explains is not refused: somebody has a right that we do not know.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sever_model::{
    AccountIx, AccountKind, Bound, Certainty, CredentialIx, EventTime, Exportable, HolderIx, Inventory, ResourceIx,
    Rights, Span, Valid,
};

use crate::pattern::matches;
use crate::rights::upwards;

/// That an account was seen to use a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exercise {
    /// When.
    pub at: EventTime,
    /// Who.
    pub account: AccountIx,
    /// What: `system/path`.
    pub resource: String,
}

/// A right of an account under the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// On what; may be a pattern.
    pub resource: ResourceIx,
    /// What it lets do.
    pub rights: Rights,
    /// When it holds without the rule.
    pub valid: Valid,
    /// When it was last exercised, where it was.
    pub exercised: Option<EventTime>,
    /// When the rule takes it away; `None` where it does not, or cannot see.
    pub cut: Option<EventTime>,
    /// Whether its use can be seen at all.
    pub seen: bool,
}

/// Who may read a key at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readers {
    /// People, and accounts of nobody known, who may.
    pub all: usize,
    /// Those who still may under the rule.
    pub left: usize,
}

/// An inventory's rights under the rule.
#[derive(Debug)]
pub struct Narrow<'a> {
    inventory: &'a Inventory,
    rights: HashMap<AccountIx, Vec<Kept>>,
}

impl<'a> Narrow<'a> {
    /// Plays the rule up to `at`. `exercises` are those seen, in any order; `seen` says of each system
    /// since when they are seen.
    pub fn new(
        inventory: &'a Inventory,
        mut exercises: Vec<Exercise>,
        seen: &BTreeMap<String, EventTime>,
        idle: Span,
        at: EventTime,
    ) -> Narrow<'a> {
        let mut rights: HashMap<AccountIx, Vec<Kept>> = HashMap::new();
        for at in 0..inventory.accounts().len() {
            let account = AccountIx(at as u32);
            let kept = rights_of(inventory, account, seen);
            if !kept.is_empty() {
                rights.insert(account, kept);
            }
        }
        exercises.sort_unstable();
        for exercise in exercises.iter().take_while(|exercise| exercise.at <= at) {
            let kept = rights.get_mut(&exercise.account).map_or(&mut [][..], Vec::as_mut_slice);
            for right in kept.iter_mut().filter(|right| right.means(inventory, exercise)) {
                right.pass(exercise.at, idle, inventory, seen);
                right.exercised = Some(exercise.at);
            }
        }
        for right in rights.values_mut().flatten() {
            right.pass(at, idle, inventory, seen);
        }
        Narrow { inventory, rights }
    }

    /// An account's rights.
    pub fn rights(&self, account: AccountIx) -> &[Kept] {
        self.rights.get(&account).map_or(&[], Vec::as_slice)
    }

    /// Whether a use would have been refused: a right that we know explains it, and every such right
    /// was gone by then.
    pub fn refuses(&self, exercise: &Exercise) -> bool {
        let mut meant = self.rights(exercise.account).iter().filter(|right| right.means(self.inventory, exercise));
        let gone = |right: &Kept| right.cut.is_some_and(|cut| cut <= exercise.at);
        meant.next().is_some_and(|first| gone(first) && meant.all(gone))
    }

    /// Who may read a key where it lies, at an instant, and who still may under the rule. Nothing where
    /// it cannot be read or nobody says where it lies.
    pub fn readers(&self, key: CredentialIx, at: EventTime) -> Option<Readers> {
        let credential = &self.inventory.credential(key)?.it;
        let place = credential.kept_at.as_ref().filter(|_| credential.exportable != Exportable::No)?;
        let reads = |right: &Kept| {
            let on = self.inventory.resource(right.resource);
            right.rights.any(Rights::READ.with(Rights::EXPORT))
                && right.valid.at(at) != Certainty::No
                && on.is_some_and(|entry| matches(entry.it.id.as_str(), place.as_str()))
        };
        let (mut all, mut left) = (BTreeSet::new(), BTreeSet::new());
        for (account, rights) in &self.rights {
            let who = self.inventory.person_of(*account).map_or(HolderIx::Account(*account), HolderIx::Person);
            for right in rights.iter().filter(|right| reads(right)) {
                all.insert(who);
                if right.cut.is_none_or(|cut| cut > at) {
                    left.insert(who);
                }
            }
        }
        Some(Readers { all: all.len(), left: left.len() })
    }
}

impl Kept {
    /// Whether a use falls under the right, by its name and its time.
    fn means(&self, inventory: &Inventory, exercise: &Exercise) -> bool {
        self.valid.at(exercise.at) != Certainty::No
            && inventory.resource(self.resource).is_some_and(|entry| matches(entry.it.id.as_str(), &exercise.resource))
    }

    /// Lets time pass up to an instant: if it was idle for too long by then, it is gone.
    fn pass(&mut self, at: EventTime, idle: Span, inventory: &Inventory, seen: &BTreeMap<String, EventTime>) {
        if self.cut.is_some() || !self.seen {
            return;
        }
        let given = match self.valid.from {
            Bound::Unbounded => EventTime::MIN,
            Bound::At(from) | Bound::Between(_, from) => from,
        };
        let system = inventory.resource(self.resource).map_or("", |entry| entry.it.id.system());
        let seen_from = seen.get(system).copied().unwrap_or(EventTime::MAX);
        let since = self.exercised.unwrap_or(EventTime::MIN).max(given).max(seen_from);
        let due = since.plus(idle);
        if due < at {
            self.cut = Some(due);
        }
    }
}

/// All rights that an account ever has, by itself, its person, and groups.
fn rights_of(inventory: &Inventory, account: AccountIx, seen: &BTreeMap<String, EventTime>) -> Vec<Kept> {
    let Some(entry) = inventory.account(account) else { return Vec::new() };
    let program = entry.it.kind == AccountKind::Service;
    let begun = [Some(HolderIx::Account(account)), inventory.person_of(account).map(HolderIx::Person)];
    let mut kept = Vec::new();
    for holder in begun.into_iter().flatten() {
        for (holder, way, _) in upwards(inventory, holder, None) {
            for grant in inventory.grants_of(holder) {
                let valid = way.meet(&grant.valid).and_then(|valid| valid.meet(&entry.valid));
                let Some((valid, on)) = valid.zip(inventory.resource(grant.resource)) else { continue };
                let seen = !program && seen.contains_key(on.it.id.system());
                kept.push(Kept {
                    resource: grant.resource,
                    rights: grant.rights,
                    valid,
                    exercised: None,
                    cut: None,
                    seen,
                });
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests;
