//! Whose accounts are whose, and which of them are left alone.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use sever_model::{
    AccountIx, AccountKind, AccountStatus, Certainty, Correlation, EventTime, ExcludedWhy, HolderIx, Inventory,
    PersonIx, ResourceIx, Rights,
};

use super::{Protected, words};
use crate::rights;
use crate::who::Asked;

/// Why something is left alone, with what would change it.
pub(super) type Kept = (ExcludedWhy, String);

/// The accounts of whom a plan is about.
#[derive(Debug, Default)]
pub(super) struct Theirs {
    /// The person, where it is about one.
    pub(super) person: Option<PersonIx>,
    /// Theirs: by exact ids or a human's word. By id.
    pub(super) own: Vec<AccountIx>,
    /// Perhaps theirs: no human has said so. By id.
    pub(super) unconfirmed: Vec<AccountIx>,
    /// Theirs for sure, and gone: what they made may be there.
    past: Vec<AccountIx>,
    /// Made by an account that is only perhaps theirs, and nobody's of those known. By id.
    pub(super) doubtful: Vec<AccountIx>,
    /// Made by them, and nobody's of those known. By id.
    pub(super) ghosts: Vec<AccountIx>,
    /// Made by them, or answered for, and not in the lists above. By id.
    pub(super) made: Vec<AccountIx>,
    kept: HashMap<AccountIx, Kept>,
    names: BTreeSet<String>,
    places: HashMap<AccountIx, usize>,
    /// Words that were looked up, by system.
    looked_up: RefCell<HashMap<(String, String), bool>>,
}

impl Theirs {
    pub(super) fn of(inventory: &Inventory, asked: Asked, at: EventTime, protected: &Protected) -> Theirs {
        let mut theirs = Theirs::default();
        match asked {
            Asked::Person(person) => theirs.of_person(inventory, person, at),
            Asked::Account(ix) => theirs.own.push(ix),
            Asked::Credential(_) | Asked::Group(_) | Asked::Resource(_) => return theirs,
        }
        theirs.learn_names(inventory);
        theirs.find_made(inventory, at);
        let Theirs { own, unconfirmed, ghosts, doubtful, made, .. } = &mut theirs;
        for list in [own, unconfirmed, ghosts, doubtful, made] {
            list.sort_by_cached_key(|ix| words::account(inventory, *ix));
            list.dedup();
        }
        for ix in theirs.own.iter().chain(&theirs.ghosts) {
            let kept = protected_by(inventory, *ix, protected).or_else(|| handed_over(inventory, *ix, at));
            theirs.kept.extend(kept.map(|kept| (*ix, kept)));
        }
        theirs.keep_last_administrators(inventory, at);
        theirs.places = theirs.own.iter().enumerate().map(|(place, ix)| (*ix, place)).collect();
        theirs
    }

    /// The accounts that are closed, unless something keeps them.
    pub(super) fn closed(&self) -> Vec<AccountIx> {
        self.own.iter().chain(&self.ghosts).copied().collect()
    }

    /// Why an account is left alone, if it is.
    pub(super) fn kept(&self, ix: AccountIx) -> Option<&Kept> {
        self.kept.get(&ix)
    }

    /// Where an account stands among theirs.
    pub(super) fn place(&self, ix: AccountIx) -> usize {
        self.places.get(&ix).copied().unwrap_or(usize::MAX)
    }

    /// Whether a system's word for somebody (a login, an id, an address) means them.
    pub(super) fn is_named(&self, inventory: &Inventory, system: &str, word: &str) -> bool {
        let lower = word.to_lowercase();
        if self.names.contains(&lower) || self.names.contains(&format!("{system}/{lower}")) {
            return true;
        }
        // A distinguished name, a name with its domain, or the login of an account elsewhere: dear to look
        // up, so only where their own login is in it.
        let near =
            self.names.iter().any(|name| name.len() >= 2 && !name.contains('/') && lower.contains(name.as_str()));
        if !near {
            return false;
        }
        let word_there = (system.to_owned(), lower);
        let known = self.looked_up.borrow().get(&word_there).copied();
        known.unwrap_or_else(|| {
            let is = inventory.account_named(Some(system), word);
            let is = is.is_some_and(|ix| self.own.contains(&ix) || self.past.contains(&ix));
            self.looked_up.borrow_mut().insert(word_there, is);
            is
        })
    }

    fn of_person(&mut self, inventory: &Inventory, person: PersonIx, at: EventTime) {
        self.person = Some(person);
        for (number, entry) in inventory.accounts().iter().enumerate() {
            let ix = AccountIx(number as u32);
            let is_gone = entry.valid.at(at) == Certainty::No;
            match inventory.correlation(ix) {
                Correlation::Matched { person: whose, exact: Certainty::Yes, .. } if *whose == person && is_gone => {
                    self.past.push(ix);
                }
                _ if is_gone => {}
                Correlation::Matched { person: whose, exact, .. } if *whose == person => match exact {
                    Certainty::Yes => self.own.push(ix),
                    Certainty::Possible | Certainty::No => self.unconfirmed.push(ix),
                },
                Correlation::Ask(candidates) if candidates.iter().any(|it| it.person == person) => {
                    self.unconfirmed.push(ix);
                }
                _ => {}
            }
        }
    }

    fn learn_names(&mut self, inventory: &Inventory) {
        if let Some(entry) = self.person.and_then(|ix| inventory.person(ix)) {
            let person = &entry.it;
            let names = person.emails.iter().chain(&person.logins).chain(&person.employee_number);
            self.names.extend(names.map(|name| name.to_lowercase()));
            self.names.insert(person.id.as_str().to_lowercase());
        }
        for entry in self.own.iter().chain(&self.past).filter_map(|ix| inventory.account(*ix)) {
            let (id, login) = (&entry.it.id, &entry.it.login);
            self.names.insert(id.as_str().to_lowercase());
            self.names.insert(format!("{}/{}", id.system(), login.to_lowercase()));
            self.names.insert(login.to_lowercase());
        }
        self.names.remove("");
    }

    /// Accounts that they made, or answer for.
    fn find_made(&mut self, inventory: &Inventory, at: EventTime) {
        let known: BTreeSet<AccountIx> = self.own.iter().chain(&self.unconfirmed).copied().collect();
        let mut perhaps: BTreeSet<String> = BTreeSet::new();
        for entry in self.unconfirmed.iter().filter_map(|ix| inventory.account(*ix)) {
            perhaps.insert(entry.it.id.as_str().to_lowercase());
            perhaps.insert(format!("{}/{}", entry.it.id.system(), entry.it.login.to_lowercase()));
        }
        for (number, entry) in inventory.accounts().iter().enumerate() {
            let ix = AccountIx(number as u32);
            let account = &entry.it;
            if account.created_by.is_none() && account.owner.is_none() || known.contains(&ix) {
                continue;
            }
            if entry.valid.at(at) == Certainty::No {
                continue;
            }
            let named = |word: &Option<String>| {
                word.as_ref().is_some_and(|word| self.is_named(inventory, account.id.system(), word))
            };
            let (made, owned) = (named(&account.created_by), named(&account.owner));
            let personal = matches!(account.kind, AccountKind::Human | AccountKind::Unknown);
            match inventory.correlation(ix) {
                // A name that nobody bears, made by somebody who leaves, is a way back in.
                Correlation::Nobody if made && personal && account.owner.is_none() => self.ghosts.push(ix),
                _ if made || owned => self.made.push(ix),
                Correlation::Nobody if personal && account.owner.is_none() => {
                    let by = account.created_by.as_deref().unwrap_or_default().to_lowercase();
                    let by_there = format!("{}/{by}", account.id.system());
                    if perhaps.contains(&by) || perhaps.contains(&by_there) {
                        self.doubtful.push(ix);
                    }
                }
                _ => {}
            }
        }
    }

    /// Of the accounts to be closed, keeps one where without it a system would have no administrator.
    fn keep_last_administrators(&mut self, inventory: &Inventory, at: EventTime) {
        let mut systems: BTreeSet<String> = BTreeSet::new();
        let closing: Vec<AccountIx> = self.closed();
        for ix in &closing {
            for right in rights::effective(inventory, HolderIx::Account(*ix), at) {
                let id = inventory.resource(right.resource).map(|entry| &entry.it.id);
                let whole = id.filter(|id| right.rights.any(Rights::ADMIN) && is_whole(id.as_str()));
                systems.extend(whole.map(|id| id.system().to_owned()));
            }
        }
        for system in systems {
            let administrators = administrators(inventory, &system, at);
            let stays = |ix: &AccountIx| !closing.contains(ix) || self.kept.contains_key(ix);
            if administrators.iter().any(stays) {
                continue;
            }
            let last = closing.iter().find(|ix| administrators.contains(ix));
            let reason = format!("without it `{system}` has no administrator: make another, then plan again");
            self.kept.extend(last.map(|ix| (*ix, (ExcludedWhy::LastAdministrator, reason))));
        }
    }
}

/// Whether a resource stands for a whole system.
fn is_whole(id: &str) -> bool {
    id == "*" || id.split_once('/').is_none_or(|(_, native)| native == "*")
}

/// The enabled accounts that may do everything in a system.
fn administrators(inventory: &Inventory, system: &str, at: EventTime) -> BTreeSet<AccountIx> {
    let names = [format!("{system}/*"), "*".to_owned(), system.to_owned()];
    let whole: BTreeSet<ResourceIx> =
        names.iter().filter_map(|id| inventory.find_resource(&id.as_str().into())).collect();
    let mut found = BTreeSet::new();
    for grant in whole.iter().flat_map(|ix| inventory.grants_on(*ix)) {
        if !grant.rights.any(Rights::ADMIN) || grant.valid.at(at) == Certainty::No {
            continue;
        }
        let holders = match grant.holder {
            HolderIx::Group(group) => rights::members(inventory, group, at).into_iter().map(|(it, _, _)| it).collect(),
            holder => vec![holder],
        };
        found.extend(holders.into_iter().filter_map(|holder| match holder {
            HolderIx::Account(ix) => Some(ix),
            HolderIx::Credential(ix) => {
                let account = inventory.credential(ix)?.it.account.clone()?;
                inventory.find_account(&account)
            }
            HolderIx::Person(_) | HolderIx::Group(_) => None,
        }));
    }
    let enabled = |ix: &AccountIx| {
        inventory
            .account(*ix)
            .is_some_and(|entry| entry.it.status != AccountStatus::Disabled && entry.valid.at(at) != Certainty::No)
    };
    found.retain(enabled);
    found
}

/// Whether an account is ours, or for emergencies.
pub(super) fn protected_by(inventory: &Inventory, ix: AccountIx, protected: &Protected) -> Option<Kept> {
    let account = &inventory.account(ix)?.it;
    let named = |names: &[String]| names.iter().any(|name| name == account.id.as_str() || *name == account.login);
    if named(&protected.own) {
        return Some((ExcludedWhy::OurOwn, "this tool itself uses it: closing it would stop the cut".to_owned()));
    }
    let reason = "it is for emergencies: replace its secret by hand, with two people".to_owned();
    named(&protected.break_glass).then_some((ExcludedWhy::BreakGlass, reason))
}

fn handed_over(inventory: &Inventory, ix: AccountIx, at: EventTime) -> Option<Kept> {
    let handover = inventory.handed_over(Some(ix), None, at)?;
    Some((ExcludedWhy::HandedOver, format!("{} answers for it now: {}", handover.to, handover.reason)))
}
