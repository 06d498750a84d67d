//! What a mover keeps: that which everybody in the new team has.
//!
//! Everybody is each other person with a stint in the team at the instant; one of them lacking a right
//! is enough for it to go, for then the team does not need it, and it can be asked for anew. Groups
//! count through other groups, rights through patterns and groups. An account is kept where everybody has
//! an enabled one in the same system that is theirs for sure.

use std::collections::{BTreeMap, HashSet};

use sever_model::{
    AccountIx, AccountStatus, Certainty, Correlation, CredentialIx, EventTime, ExcludedWhy, GrantRow, GroupIx,
    HolderIx, Inventory, PersonIx, Strength,
};

use super::Unplannable;
use super::theirs::Kept;
use crate::pattern::matches;
use crate::rights;
use crate::who::{Asked, who};

/// The others in a team.
pub(super) struct Team {
    name: String,
    members: Vec<PersonIx>,
    /// Each one's accounts.
    accounts: Vec<Vec<AccountIx>>,
    /// How many of them have an account in each system.
    systems: BTreeMap<String, usize>,
}

impl Team {
    /// # Errors
    /// When nobody else is in it.
    pub(super) fn of(inventory: &Inventory, name: &str, mover: PersonIx, at: EventTime) -> Result<Team, Unplannable> {
        let people = (0..inventory.people().len() as u32).map(PersonIx).filter(|ix| *ix != mover);
        let in_it = |ix: &PersonIx| {
            let mut stints = inventory.stints(*ix).filter(|stint| stint.valid.at(at) == Certainty::Yes);
            stints.any(|stint| stint.it.team.eq_ignore_ascii_case(name))
        };
        let members: Vec<PersonIx> = people.filter(in_it).collect();
        if members.is_empty() {
            return Err(Unplannable::EmptyTeam(name.to_owned()));
        }
        let usable = |ix: &AccountIx| {
            let sure = matches!(inventory.correlation(*ix), Correlation::Matched { exact: Certainty::Yes, .. });
            let entry = inventory.account(*ix);
            sure && entry.is_some_and(|it| it.it.status != AccountStatus::Disabled && it.valid.at(at) == Certainty::Yes)
        };
        let accounts: Vec<Vec<AccountIx>> =
            members.iter().map(|ix| inventory.accounts_of(*ix).iter().copied().filter(usable).collect()).collect();
        let mut systems: BTreeMap<String, usize> = BTreeMap::new();
        for own in &accounts {
            let entries = own.iter().filter_map(|ix| inventory.account(*ix));
            let of: HashSet<&str> = entries.map(|entry| entry.it.id.system()).collect();
            for system in of {
                *systems.entry(system.to_owned()).or_default() += 1;
            }
        }
        Ok(Team { name: name.to_owned(), members, accounts, systems })
    }

    /// Whether everybody has an account in a system.
    pub(super) fn has_account(&self, system: &str) -> Option<Kept> {
        let all = self.systems.get(system) == Some(&self.members.len());
        all.then(|| self.kept(&format!("an account in {system}")))
    }

    /// Whether everybody is in a group, directly or through others.
    pub(super) fn has_group(&self, inventory: &Inventory, group: GroupIx, at: EventTime) -> Option<Kept> {
        let inside: HashSet<AccountIx> = rights::members(inventory, group, at)
            .into_iter()
            .filter_map(|(holder, valid, _)| match holder {
                HolderIx::Account(ix) if valid.at(at) == Certainty::Yes => Some(ix),
                _ => None,
            })
            .collect();
        let all = self.accounts.iter().all(|own| own.iter().any(|ix| inside.contains(ix)));
        let name = inventory.group(group).map_or("", |entry| entry.it.id.as_str());
        all.then(|| self.kept(&format!("a place in {name}")))
    }

    /// Whether everybody has at least such a right.
    pub(super) fn has_right(&self, inventory: &Inventory, grant: &GrantRow, at: EventTime) -> Option<Kept> {
        let id = inventory.resource(grant.resource)?.it.id.as_str();
        let enough = |ix: &AccountIx| {
            rights::effective(inventory, HolderIx::Account(*ix), at).iter().any(|right| {
                let on = inventory.resource(right.resource).map_or("", |entry| entry.it.id.as_str());
                let covers = on == id || matches(on, id);
                covers && right.rights.with(grant.rights) == right.rights && right.valid.at(at) == Certainty::Yes
            })
        };
        let all = self.accounts.iter().all(|own| own.iter().any(enough));
        all.then(|| self.kept(&format!("`{}` on {id}", grant.rights)))
    }

    /// Whether everybody has at least such custody of a credential as it is now.
    pub(super) fn has_custody(
        &self,
        inventory: &Inventory,
        credential: CredentialIx,
        strength: Strength,
        at: EventTime,
    ) -> Option<Kept> {
        let rows = who(inventory, Asked::Credential(credential), at);
        let knows = |person: &PersonIx| {
            rows.iter().any(|row| {
                row.person == Some(*person)
                    && row.strength.is_some_and(|own| own >= strength)
                    && row.current == Some(Certainty::Yes)
            })
        };
        self.members.iter().all(knows).then(|| self.kept("as much knowledge of it"))
    }

    fn kept(&self, what: &str) -> Kept {
        let reason = format!("each of the {} others in {} has {what}", self.members.len(), self.name);
        (ExcludedWhy::StillNeeded, reason)
    }
}
