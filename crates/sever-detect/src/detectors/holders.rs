//! Who holds something in the end: people, accounts of nobody known, and programs, through groups.

use std::collections::BTreeSet;

use sever_model::{
    AccountIx, AccountKind, Certainty, EventTime, GroupIx, HolderIx, Inventory, PersonIx, Thing, ThingKind,
};

use super::say;

/// Everybody who holds something.
#[derive(Debug, Default, Clone)]
pub(crate) struct Holders {
    /// People, each once, by whichever account.
    pub(crate) people: BTreeSet<PersonIx>,
    /// Accounts that should be a person's and join to none.
    pub(crate) nobodys: BTreeSet<AccountIx>,
    /// Other accounts: programs', shared ones.
    pub(crate) others: BTreeSet<AccountIx>,
}

impl Holders {
    /// Adds another's.
    pub(crate) fn extend(&mut self, other: Holders) {
        self.people.extend(other.people);
        self.nobodys.extend(other.nobodys);
        self.others.extend(other.others);
    }

    fn account(&mut self, account: AccountIx, inventory: &Inventory) {
        if let Some(person) = inventory.person_of(account) {
            self.people.insert(person);
        } else if inventory.account(account).is_some_and(|entry| entry.it.kind == AccountKind::Human) {
            self.nobodys.insert(account);
        } else {
            self.others.insert(account);
        }
    }
}

/// Everybody behind a holder at an instant, through groups in groups.
pub(crate) fn of(inventory: &Inventory, holder: HolderIx, at: EventTime) -> Holders {
    let mut found = Holders::default();
    match holder {
        HolderIx::Person(person) => {
            found.people.insert(person);
        }
        HolderIx::Account(account) => found.account(account, inventory),
        HolderIx::Group(group) => return members(inventory, group, at),
        HolderIx::Credential(credential) => {
            let opens = inventory.credential(credential).and_then(|entry| entry.it.account.as_ref());
            if let Some(account) = opens.and_then(|id| inventory.find_account(id)) {
                found.account(account, inventory);
            }
        }
    }
    found
}

/// Everybody in a group at an instant, through groups in groups. A group in itself counts once.
pub(crate) fn members(inventory: &Inventory, group: GroupIx, at: EventTime) -> Holders {
    let mut found = Holders::default();
    let mut seen = BTreeSet::from([group]);
    let mut todo = vec![group];
    while let Some(group) = todo.pop() {
        for row in inventory.members_of(group).iter().filter(|row| row.valid.at(at) != Certainty::No) {
            match row.member {
                HolderIx::Account(account) => found.account(account, inventory),
                HolderIx::Person(person) => {
                    found.people.insert(person);
                }
                HolderIx::Group(inner) if seen.insert(inner) => todo.push(inner),
                HolderIx::Group(_) | HolderIx::Credential(_) => {}
            }
        }
    }
    found
}

/// A holder as a thing.
pub(crate) fn thing(inventory: &Inventory, holder: HolderIx) -> Option<Thing> {
    Some(match holder {
        HolderIx::Person(ix) => say::person(inventory, ix),
        HolderIx::Account(ix) => Thing::new(ThingKind::Account, inventory.account(ix)?.it.id.as_str()),
        HolderIx::Group(ix) => Thing::new(ThingKind::Group, inventory.group(ix)?.it.id.as_str()),
        HolderIx::Credential(ix) => Thing::new(ThingKind::Credential, inventory.credential(ix)?.it.id.as_str()),
    })
}
