//! How plans name people, accounts and rights.

use sever_model::{AccountIx, EventTime, HolderIx, Inventory, PersonIx, Strength};

use crate::rights;
use crate::who::WhoRow;

/// Names spelt out before the rest is counted.
const NAMED_MAX: usize = 3;

/// A person's name, else their id.
pub(super) fn person(inventory: &Inventory, ix: PersonIx) -> String {
    inventory.person(ix).map_or_else(String::new, |entry| match entry.it.name.as_str() {
        "" => entry.it.id.to_string(),
        name => name.to_owned(),
    })
}

/// An account's id.
pub(super) fn account(inventory: &Inventory, ix: AccountIx) -> String {
    inventory.account(ix).map_or_else(String::new, |entry| entry.it.id.to_string())
}

/// Some names, the rest counted: `a, b, c and 4 more`.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.get(..NAMED_MAX.min(names.len())).unwrap_or_default().join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Who else has a credential as it is now, of rows about it: people who work here and programs, by name.
pub(super) fn others(
    inventory: &Inventory,
    rows: &[WhoRow],
    own: &[AccountIx],
    person: Option<PersonIx>,
) -> Vec<String> {
    let mut names = Vec::new();
    for row in rows {
        let strong = row.strength.is_some_and(|strength| strength != Strength::CouldRead);
        let is_own = row.person.is_some() && row.person == person || row.account.is_some_and(|ix| own.contains(&ix));
        let gone = row.departed.is_some();
        // The account that it opens holds it by being itself.
        let credential = row.credential.and_then(|ix| inventory.credential(ix));
        let opened = credential.and_then(|entry| inventory.find_account(entry.it.account.as_ref()?));
        let itself = row.account.is_some() && row.account == opened && row.person.is_none();
        if !strong || is_own || gone || itself || row.current == Some(sever_model::Certainty::No) {
            continue;
        }
        let name = row.person.map(|ix| self::person(inventory, ix));
        names.extend(name.or_else(|| row.account.map(|ix| account(inventory, ix))));
    }
    names.sort();
    names.dedup();
    names
}

/// What an account may do, in words: the first few resources, with the rights on them.
pub(super) fn opens(inventory: &Inventory, ix: AccountIx, at: EventTime) -> String {
    let mut rights: Vec<String> = rights::effective(inventory, HolderIx::Account(ix), at)
        .into_iter()
        .filter_map(|right| Some(format!("{} ({})", inventory.resource(right.resource)?.it.id, right.rights)))
        .collect();
    rights.sort();
    rights.dedup();
    some(&rights)
}
