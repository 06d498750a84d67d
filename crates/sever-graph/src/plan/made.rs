//! What they made for others, or answer for: reviewed, never closed unasked.

use std::collections::BTreeMap;

use sever_model::{AccountIx, Certainty, Correlation, Door, DoorKind, EventTime, HolderIx, Inventory, SystemId};

use super::accounts::{by_then, login_door};
use super::found::{Doors, Found, Role};
use super::theirs::{Kept, Theirs};
use super::{PlanInput, words};

/// Accounts made for people who work here that are listed; the rest is counted.
const ORDINARY_MAX: usize = 50;

/// Accounts and rights that others have from them.
pub(super) fn gather(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    theirs: &Theirs,
    doors: &mut Doors,
    gaps: &mut Vec<String>,
) {
    let mut ordinary = 0;
    for ix in &theirs.made {
        let review = of_account(inventory, *ix, theirs, input.at);
        if let Review::Ordinary(_) = review {
            ordinary += 1;
            if ordinary > ORDINARY_MAX {
                continue;
            }
        }
        add_account(inventory, input, *ix, review, doors);
    }
    if ordinary > ORDINARY_MAX {
        gaps.push(format!(
            "{} more accounts that they made for people who work here are not listed",
            ordinary - ORDINARY_MAX
        ));
    }
    rights_given(inventory, input, theirs, doors);
}

/// What is to be done about an account that they made.
enum Review {
    /// Somebody who works here has it: nothing.
    Ordinary(String),
    /// Whoever answers for it is asked.
    Ask { why: String, owner: Option<String> },
    /// Nothing, for a human must say first whose it is.
    Unconfirmed(Kept),
}

fn of_account(inventory: &Inventory, ix: AccountIx, theirs: &Theirs, at: EventTime) -> Review {
    let account = inventory.account(ix).map(|entry| &entry.it);
    let owner = account.and_then(|account| account.owner.clone());
    let theirs_to_answer = owner
        .as_ref()
        .is_some_and(|owner| account.is_some_and(|account| theirs.is_named(inventory, account.id.system(), owner)));
    if theirs_to_answer {
        return Review::Ask { why: "they answer for it: name another owner".to_owned(), owner: None };
    }
    match inventory.correlation(ix) {
        Correlation::Matched { person, exact: Certainty::Yes, .. } if inventory.departed(*person, at).is_none() => {
            Review::Ordinary(words::person(inventory, *person))
        }
        Correlation::Matched { person, .. } => {
            let why = format!("they made it for {}: see that it is in order", words::person(inventory, *person));
            Review::Ask { why, owner }
        }
        Correlation::Ask(_) if owner.is_none() => Review::Unconfirmed((
            sever_model::ExcludedWhy::Unconfirmed,
            "they made it, and whose it is nobody has said: `sever list review`, then plan again".to_owned(),
        )),
        Correlation::Ask(_) | Correlation::Nobody | Correlation::NotPersonal => {
            let why = match &owner {
                Some(owner) => format!("they made it, and {owner} answers for it: see that it is still needed"),
                None => "they made it, and nobody answers for it: name an owner, or close it".to_owned(),
            };
            Review::Ask { why, owner }
        }
    }
}

fn add_account(inventory: &Inventory, input: &PlanInput<'_>, ix: AccountIx, review: Review, doors: &mut Doors) {
    let Some(account) = inventory.account(ix).map(|entry| &entry.it) else { return };
    let mut door = login_door(inventory, ix, input.at);
    let made_by = account.created_by.as_deref().map(|by| format!("`{by}` made it"));
    let evidence = made_by.unwrap_or_else(|| "it names them as its owner".to_owned());
    if let Review::Unconfirmed(kept) = review {
        doors.add(Found::new(door, Role::Login, evidence).of(ix).keep(Some(kept)));
        return;
    }
    door = Door {
        id: format!("{}/{}/{}", door.system, DoorKind::Delegation, door.native).into(),
        kind: DoorKind::Delegation,
        title: format!("account {} at {}, made for others", account.login, door.system),
        ..door
    };
    let mut found = Found::new(door, Role::Made, evidence).of(ix);
    found.breaks.extend(by_then(account.last_used, input.at).map(|used| format!("last used {used}")));
    match review {
        Review::Ordinary(name) => found.by_itself = format!("nothing: {name}, who works here, has it"),
        Review::Ask { why, owner } => {
            found.used_by = why;
            found.owner = owner;
        }
        Review::Unconfirmed(_) => {}
    }
    doors.add(found);
}

/// Rights that they gave to anybody but people who work here and accounts of their own.
fn rights_given(inventory: &Inventory, input: &PlanInput<'_>, theirs: &Theirs, doors: &mut Doors) {
    let at = input.at;
    let mut given: BTreeMap<(HolderIx, String), Vec<String>> = BTreeMap::new();
    for (grant, by) in inventory.grants_given() {
        let Some(resource) = inventory.resource(grant.resource).map(|entry| &entry.it.id) else { continue };
        if grant.valid.at(at) == Certainty::No || !theirs.is_named(inventory, resource.system(), by) {
            continue;
        }
        if is_ordinary(inventory, grant.holder, theirs, at) {
            continue;
        }
        let right = format!("{resource} ({})", grant.rights);
        given.entry((grant.holder, resource.system().to_owned())).or_default().push(right);
    }
    for ((holder, system), mut rights) in given {
        rights.sort();
        let (name, account) = match holder {
            HolderIx::Account(ix) => (words::account(inventory, ix), Some(ix)),
            HolderIx::Group(ix) => (inventory.group(ix).map_or_else(String::new, |it| it.it.id.to_string()), None),
            HolderIx::Person(ix) => (words::person(inventory, ix), None),
            HolderIx::Credential(ix) => {
                (inventory.credential(ix).map_or_else(String::new, |it| it.it.id.to_string()), None)
            }
        };
        let mut door = Door::new(&SystemId::from(system), DoorKind::Delegation, format!("rights of {name}"));
        door.title = format!("rights that they gave to {name}");
        door.opens = words::some(&rights);
        door.account = account.and_then(|ix| inventory.account(ix)).map(|entry| entry.it.id.clone());
        let mut found = Found::new(door, Role::Made, "they granted them");
        found.used_by = format!("they gave {name} {}: see that it is still needed", words::some(&rights));
        doors.add(found);
    }
}

/// Whether a holder is somebody who works here, or an account that is closed anyway.
fn is_ordinary(inventory: &Inventory, holder: HolderIx, theirs: &Theirs, at: EventTime) -> bool {
    match holder {
        HolderIx::Person(ix) => inventory.departed(ix, at).is_none(),
        HolderIx::Account(ix) if theirs.own.contains(&ix) || theirs.ghosts.contains(&ix) => true,
        HolderIx::Account(ix) => match inventory.correlation(ix) {
            Correlation::Matched { person, exact: Certainty::Yes, .. } => inventory.departed(*person, at).is_none(),
            _ => false,
        },
        HolderIx::Group(_) => true,
        HolderIx::Credential(_) => false,
    }
}
