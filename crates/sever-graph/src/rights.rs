//! What somebody may do, directly and through groups, and by which way.

use std::collections::HashMap;

use sever_model::{Certainty, EventTime, GroupIx, HolderIx, Inventory, ResourceIx, Rights, Valid};

use crate::groups::covers;
use crate::pattern::{is_pattern, matches};

/// A right that somebody has, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// On what; may be a pattern.
    pub resource: ResourceIx,
    /// What they may do.
    pub rights: Rights,
    /// When: the right and every membership on the way together.
    pub valid: Valid,
    /// Who holds the right: the one asked about, or the last group of the way.
    pub holder: HolderIx,
    /// The groups from the one asked about up to the right's holder; empty for a direct right.
    pub through: Vec<GroupIx>,
}

/// Who has a right on a resource, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// An account, person or credential.
    pub holder: HolderIx,
    /// The right.
    pub right: Effective,
}

/// Every right of a person, account, group or credential that holds, or may hold, at an instant.
/// A person's are those of their accounts too.
pub fn effective(inventory: &Inventory, holder: HolderIx, at: EventTime) -> Vec<Effective> {
    let mut begun = vec![holder];
    if let HolderIx::Person(person) = holder {
        begun.extend(inventory.accounts_of(person).iter().copied().map(HolderIx::Account));
    }
    let mut found = Vec::new();
    for holder in begun {
        for (holder, valid, through) in upwards(inventory, holder, Some(at)) {
            for grant in inventory.grants_of(holder) {
                let valid = valid.meet(&grant.valid).filter(|valid| valid.at(at) != Certainty::No);
                if let Some(valid) = valid {
                    let (resource, rights, through) = (grant.resource, grant.rights, through.clone());
                    found.push(Effective { resource, rights, valid, holder, through });
                }
            }
        }
    }
    found
}

/// Everybody who has, or may have, a right on a resource at an instant: direct, by a pattern, and
/// through groups. Costs a look at every resource that is a pattern, and at the members found.
pub fn holders(inventory: &Inventory, resource: ResourceIx, at: EventTime) -> Vec<Holding> {
    let Some(entry) = inventory.resource(resource) else { return Vec::new() };
    let id = entry.it.id.as_str();
    let mut meaning = vec![resource];
    for (ix, other) in inventory.resources().iter().enumerate() {
        let pattern = other.it.id.as_str();
        if pattern != id && is_pattern(pattern) && matches(pattern, id) {
            meaning.push(ResourceIx(ix as u32));
        }
    }
    let mut found = Vec::new();
    for grant in meaning.into_iter().flat_map(|ix| inventory.grants_on(ix)) {
        if grant.valid.at(at) == Certainty::No {
            continue;
        }
        let right = |valid, through| Effective {
            resource: grant.resource,
            rights: grant.rights,
            valid,
            holder: grant.holder,
            through,
        };
        match grant.holder {
            HolderIx::Group(group) => {
                for (account, valid, through) in members(inventory, group, at) {
                    let valid = valid.meet(&grant.valid).filter(|valid| valid.at(at) != Certainty::No);
                    found.extend(valid.map(|valid| Holding { holder: account, right: right(valid, through) }));
                }
            }
            holder => found.push(Holding { holder, right: right(grant.valid, Vec::new()) }),
        }
    }
    found
}

/// The accounts in a group at an instant, with the groups from the account up to it.
pub fn members(inventory: &Inventory, group: GroupIx, at: EventTime) -> Vec<(HolderIx, Valid, Vec<GroupIx>)> {
    let mut found = Vec::new();
    let mut reached: HashMap<GroupIx, Vec<Valid>> = HashMap::from([(group, vec![Valid::ALWAYS])]);
    let mut pending = vec![(group, Valid::ALWAYS, vec![group])];
    while let Some((group, when, way)) = pending.pop() {
        for row in inventory.members_of(group) {
            let Some(valid) = when.meet(&row.valid).filter(|valid| valid.at(at) != Certainty::No) else { continue };
            match row.member {
                HolderIx::Group(inner) => {
                    if first(&mut reached, inner, valid) {
                        let mut longer = way.clone();
                        longer.insert(0, inner);
                        pending.push((inner, valid, longer));
                    }
                }
                member => found.push((member, valid, way.clone())),
            }
        }
    }
    found
}

/// The holder itself and every group above it, with the way there: at an instant, or ever.
pub(crate) fn upwards(
    inventory: &Inventory,
    holder: HolderIx,
    at: Option<EventTime>,
) -> Vec<(HolderIx, Valid, Vec<GroupIx>)> {
    let mut found = vec![(holder, Valid::ALWAYS, Vec::new())];
    let mut reached: HashMap<GroupIx, Vec<Valid>> = HashMap::new();
    let mut next = 0;
    while let Some((member, when, way)) = found.get(next).cloned() {
        for row in inventory.groups_of(member) {
            let valid = when.meet(&row.valid).filter(|valid| at.is_none_or(|at| valid.at(at) != Certainty::No));
            if let Some(valid) = valid.filter(|valid| first(&mut reached, row.group, *valid)) {
                let mut longer = way.clone();
                longer.push(row.group);
                found.push((HolderIx::Group(row.group), valid, longer));
            }
        }
        next += 1;
    }
    found
}

/// Whether a group is reached in an interval that no earlier way covers, so that cycles end.
fn first(reached: &mut HashMap<GroupIx, Vec<Valid>>, group: GroupIx, valid: Valid) -> bool {
    let before = reached.entry(group).or_default();
    let new = !before.iter().any(|known| covers(known, &valid));
    if new {
        before.push(valid);
    }
    new
}

#[cfg(test)]
mod tests;
