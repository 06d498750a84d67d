//! Plans: every door of a leaver, mover, key or account, what closes each, in which order, and why; pure.
//!
//! [`plan`] turns what the facts say and what live connections listed into a [`Plan`]:
//!
//! ```text
//! theirs    whose accounts are whose: theirs for sure, perhaps theirs, made by them in nobody's name
//! accounts  their logins, live doors, credentials and memberships ─┐
//! keys      what they made, read, could read or could use ─────────┼─► doors, each once
//! made      what they made for others ─────────────────────────────┘     │ kept: what is left alone, and why
//! team      what a mover's new team has                                  ▼
//! steps     what connections propose, or whoever is asked ─► order ─► numbered steps, each after what it needs
//! gaps      what is not covered
//! ```
//!
//! It asks nobody: live doors come as lists, and a provider's part is [`Action::steps`], which is pure.
//! The same input gives the same plan, byte for byte. Nothing is planned on a match that no human has
//! confirmed; the last administrator of a system, break-glass accounts and our own are left alone, and
//! the plan says so. A door that no connection can close is handed off to somebody, with a deadline.
//!
//! Worked example: `bob` leaves. His login in `ldap` is closed first (contain). He read `kid-1` in
//! June, and it has not been rotated since: it is rotated after his login is closed, for until then he
//! could read the new one, too, and each gateway that believes it is tried afterwards. He made
//! `zoe.temp`, which joins to nobody: it is disabled, which can be undone. He made `reports`, a program's
//! account that Ann answers for: she is asked.

mod accounts;
mod found;
mod gaps;
mod keys;
mod made;
mod order;
mod steps;
mod team;
mod theirs;
mod words;

use std::collections::BTreeMap;

use sever_model::act::Action;
use sever_model::{
    AccountId, AccountIx, Bound, ConnectionId, DoorKind, DoorList, EventTime, Excluded, Inventory, Plan, PlanOf,
    PlannedDoor, Span, Swept, SystemId, WallTime, Why,
};

use crate::who::Asked;
use found::{Doors, Found, Role};
use theirs::Theirs;

/// What a plan is made from besides the inventory.
pub struct PlanInput<'a> {
    /// What is true then: who holds what, and for how long it has been seen.
    pub at: EventTime,
    /// When the plan is made.
    pub made_at: WallTime,
    /// Whether a person leaves or moves.
    pub cause: Cause<'a>,
    /// When it may be begun.
    pub not_before: Option<EventTime>,
    /// The zone that days are shown in.
    pub zone: &'a str,
    /// What connections listed of the accounts that [`listed_accounts`] names.
    pub lists: &'a [Listed],
    /// Where connections lead.
    pub systems: &'a [SystemLink],
    /// What proposes steps; of connections that can close doors.
    pub actions: &'a [&'a dyn Action],
    /// Who believes which issuer's signatures.
    pub verifiers: &'a [Verifier],
    /// What is never cut unasked.
    pub protected: &'a Protected,
    /// Who is asked about a system that we may not change, by system.
    pub owners: &'a BTreeMap<SystemId, String>,
    /// Who is asked about any other, and by when.
    pub hand_off: &'a HandOffTo,
    /// How old a listing may be before the plan says so.
    pub stale_after: Span,
}

/// Why a person's doors are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause<'a> {
    /// They leave.
    Leaves,
    /// They move, and keep what everybody in the new team has.
    Moves {
        /// The new team, as HR writes it.
        to: &'a str,
    },
}

/// What one connection said of one account's doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which connection.
    pub connection: ConnectionId,
    /// Of whom.
    pub account: AccountId,
    /// The doors, or why there is no list.
    pub list: Result<DoorList, String>,
}

/// Where a connection leads, and what it can do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemLink {
    /// Which connection.
    pub connection: ConnectionId,
    /// The system.
    pub system: SystemId,
    /// Whether it lists doors.
    pub can_list: bool,
    /// Whether it closes them.
    pub can_close: bool,
    /// The kinds of door that it can try.
    pub tries: Vec<DoorKind>,
}

/// Somebody who believes an issuer's signatures: a gateway, an application.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verifier {
    /// What it is called; the system of its doors.
    pub system: SystemId,
    /// Whose signatures it believes.
    pub issuer: String,
    /// Which keys of theirs; all of them where empty.
    pub key_ids: Vec<String>,
}

/// What is never cut unasked: accounts by id, or by login in any system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protected {
    /// Accounts for emergencies.
    pub break_glass: Vec<String>,
    /// Accounts that this tool itself uses.
    pub own: Vec<String>,
}

/// Who is asked about doors that we may not close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOffTo {
    /// Who, where the system has no owner of its own.
    pub owner: Option<String>,
    /// How long they have, from the cut on.
    pub deadline: Span,
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unplannable {
    /// A group or resource has no doors of its own.
    #[error("a group or resource has no doors of its own: name a person, an account or a key")]
    NoDoors,
    /// The inventory does not have it.
    #[error("the inventory does not have it")]
    NotThere,
    /// Nobody says what the new team has.
    #[error("nobody else is in team `{0}` then, so that what it has cannot be told")]
    EmptyTeam(String),
}

/// The accounts whose doors are to be listed before the plan is made: theirs for sure, and those that
/// they made in nobody's name.
pub fn listed_accounts(inventory: &Inventory, asked: Asked, at: EventTime, protected: &Protected) -> Vec<AccountIx> {
    Theirs::of(inventory, asked, at, protected).closed()
}

/// The plan.
///
/// # Errors
/// When there is nothing to plan for.
pub fn plan(inventory: &Inventory, asked: Asked, input: &PlanInput<'_>) -> Result<Plan, Unplannable> {
    let (about, typed) = about(inventory, asked, input)?;
    let theirs = Theirs::of(inventory, asked, input.at, input.protected);
    let team = match (asked, input.cause) {
        (Asked::Person(person), Cause::Moves { to }) => Some(team::Team::of(inventory, to, person, input.at)?),
        _ => None,
    };
    let mut doors = Doors::default();
    let mut gaps = Vec::new();
    accounts::gather(inventory, input, &theirs, team.as_ref(), &mut doors);
    match asked {
        Asked::Credential(ix) => keys::gather_one(inventory, input, ix, &mut doors, &mut gaps),
        _ => keys::gather(inventory, input, &theirs, team.as_ref(), asked, &mut doors, &mut gaps),
    }
    made::gather(inventory, input, &theirs, &mut doors, &mut gaps);
    let found = doors.in_order(&theirs);
    let steps = steps::steps(input, &theirs, &found);
    let swept = swept(inventory, input, &found);

    let mut planned = Vec::new();
    let mut excluded = Vec::new();
    for (at, one) in found.into_iter().enumerate() {
        match one.kept {
            Some((why, reason)) => excluded.push(Excluded { door: one.door, why, reason }),
            None => {
                let own = steps.of.get(at).map_or(&[][..], Vec::as_slice);
                let how = own.iter().filter_map(|number| steps.steps.get(*number as usize - 1)).map(|step| &*step.how);
                let how: Vec<&str> = how.collect();
                let link = input.systems.iter().filter(|link| link.system == one.door.system);
                let link = link.filter(|link| link.tries.contains(&one.door.kind)).min_by_key(|link| &link.connection);
                planned.push(PlannedDoor {
                    strength: one.strength,
                    evidence: one.evidence,
                    how: if how.is_empty() { one.by_itself } else { how.join("; ") },
                    breaks: breaks_of(one.breaks, own, &steps.steps),
                    connection: link.map(|link| link.connection.clone()),
                    door: one.door,
                });
            }
        }
    }
    gaps::tell(inventory, input, &theirs, &steps, &mut gaps);
    Ok(Plan {
        version: 1,
        about,
        typed,
        made_at: input.made_at,
        not_before: input.not_before,
        doors: planned,
        steps: steps.steps,
        swept,
        excluded,
        not_covered: gaps,
        coverage: inventory.coverage().clone(),
    })
}

/// Whom or what it is about, and what is typed to execute it.
fn about(inventory: &Inventory, asked: Asked, input: &PlanInput<'_>) -> Result<(PlanOf, String), Unplannable> {
    match asked {
        Asked::Person(ix) => {
            let person = &inventory.person(ix).ok_or(Unplannable::NotThere)?.it;
            let why = match input.cause {
                Cause::Leaves => Why::Leaves,
                Cause::Moves { .. } => Why::Moves,
            };
            // A mover's access does not end.
            let end = if why == Why::Leaves { end_of_access(inventory, ix, input.at) } else { None };
            let name = if person.name.is_empty() { person.id.to_string() } else { person.name.clone() };
            Ok((PlanOf::Person { id: person.id.clone(), end, zone: input.zone.to_owned(), why }, name))
        }
        Asked::Account(ix) => {
            let id = inventory.account(ix).ok_or(Unplannable::NotThere)?.it.id.clone();
            let typed = id.to_string();
            Ok((PlanOf::Account { id }, typed))
        }
        Asked::Credential(ix) => {
            let id = inventory.credential(ix).ok_or(Unplannable::NotThere)?.it.id.clone();
            let typed = id.to_string();
            Ok((PlanOf::Credential { id }, typed))
        }
        Asked::Group(_) | Asked::Resource(_) => Err(Unplannable::NoDoors),
    }
}

/// When a person's access ends or has ended, where HR says so; the latest instant where it is not sure.
pub fn end_of_access(inventory: &Inventory, person: sever_model::PersonIx, at: EventTime) -> Option<EventTime> {
    let newest = inventory.stints(person).map(|stint| stint.valid).max_by_key(|valid| valid.earliest_start());
    let end = newest.map(|valid| valid.to).or_else(|| inventory.departed(person, at).map(|departed| departed.end));
    match end? {
        Bound::Unbounded => None,
        Bound::At(end) | Bound::Between(_, end) => Some(end),
    }
}

/// What a door's closing may break: what is known of the door, then what its steps add.
fn breaks_of(mut breaks: Vec<String>, own: &[u32], steps: &[sever_model::Step]) -> Vec<String> {
    let steps = own.iter().filter_map(|number| steps.get(*number as usize - 1));
    for text in steps.flat_map(|step| &step.breaks) {
        if !breaks.contains(text) {
            breaks.push(text.clone());
        }
    }
    breaks
}

/// The accounts whose doors are listed again, at each connection that can: those that are closed.
fn swept(inventory: &Inventory, input: &PlanInput<'_>, found: &[Found]) -> Vec<Swept> {
    let mut swept = Vec::new();
    let closed = found.iter().filter(|one| matches!(one.role, Role::Login | Role::Ghost) && one.kept.is_none());
    for account in closed.filter_map(|one| inventory.account(one.account?)).map(|entry| &entry.it) {
        let links = input.systems.iter().filter(|link| link.can_list && link.system.as_str() == account.id.system());
        swept.extend(links.map(|link| Swept {
            connection: link.connection.clone(),
            account: account.id.clone(),
            login: account.login.clone(),
        }));
    }
    swept.sort_by(|a, b| (&a.connection, &a.account).cmp(&(&b.connection, &b.account)));
    swept
}

#[cfg(test)]
mod tests;
