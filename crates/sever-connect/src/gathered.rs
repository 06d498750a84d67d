//! The facts of one export, kept until all of it is read.
//!
//! Exports name a thing in one file and describe it in another, and give one right in several
//! statements. Things are kept once, by their ids; what two files say of one thing is joined, and rights
//! of one holder on one resource are added up. Handed over in the order of their ids, so that the same
//! export always reads the same.
//!
//! Bounded by the things of one export.

use std::collections::BTreeMap;

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Credential, CredentialId, CredentialKind, Custody,
    EventTime, Exportable, Fact, Grant, Group, GroupId, Holder, Membership, Record, Resource, ResourceId, Rights,
    Strength, Valid,
};

use crate::tally::Tally;

/// What was gathered so far.
#[derive(Default)]
pub(crate) struct Gathered {
    accounts: BTreeMap<AccountId, (Account, Valid)>,
    groups: BTreeMap<GroupId, (Group, Valid)>,
    members: BTreeMap<(Holder, GroupId), Valid>,
    resources: BTreeMap<ResourceId, (Resource, Valid)>,
    grants: BTreeMap<(Holder, ResourceId), (Grant, Valid)>,
    credentials: BTreeMap<CredentialId, (Credential, Valid)>,
    custody: BTreeMap<(Holder, CredentialId, Strength), (Custody, Valid)>,
}

/// An account of which only its id and login are known.
pub(crate) fn account(id: AccountId, login: &str) -> Account {
    Account {
        id,
        login: login.to_owned(),
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: None,
        kind: AccountKind::Unknown,
        status: AccountStatus::Unknown,
        owner: None,
        created_by: None,
        last_used: None,
    }
}

/// A credential of which only its id and kind are known.
pub(crate) fn credential(id: CredentialId, kind: CredentialKind) -> Credential {
    Credential {
        id,
        kind,
        account: None,
        issuer: None,
        kept_at: None,
        exportable: Exportable::Unknown,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    }
}

/// From an instant on, where it is known.
pub(crate) fn since(at: Option<EventTime>) -> Valid {
    Valid { from: at.map_or(Bound::Unbounded, Bound::At), to: Bound::Unbounded }
}

impl Gathered {
    /// Takes an account; one that is there already is a conflict.
    pub(crate) fn account(&mut self, account: Account, valid: Valid) -> Result<(), Reason> {
        if self.accounts.contains_key(&account.id) {
            return Err(twice("account", account.id.as_str()));
        }
        self.accounts.insert(account.id.clone(), (account, valid));
        Ok(())
    }

    /// The account of an id, made where it is not there yet.
    pub(crate) fn account_or(&mut self, id: &AccountId, make: impl FnOnce() -> Account) -> &mut (Account, Valid) {
        self.accounts.entry(id.clone()).or_insert_with(|| (make(), Valid::ALWAYS))
    }

    /// Whether there is such an account.
    pub(crate) fn has_account(&self, id: &AccountId) -> bool {
        self.accounts.contains_key(id)
    }

    /// Every account so far.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(|(account, _)| account)
    }

    /// Takes a group; one that is there already is a conflict.
    pub(crate) fn group(&mut self, id: GroupId, name: &str, valid: Valid) -> Result<(), Reason> {
        if self.groups.contains_key(&id) {
            return Err(twice("group", id.as_str()));
        }
        self.groups.insert(id.clone(), (Group { id, name: name.to_owned() }, valid));
        Ok(())
    }

    /// Sees to it that there is such a group.
    pub(crate) fn group_or(&mut self, id: &GroupId, name: &str) {
        let make = || (Group { id: id.clone(), name: name.to_owned() }, Valid::ALWAYS);
        self.groups.entry(id.clone()).or_insert_with(make);
    }

    /// Takes a membership; of two intervals the longer counts.
    pub(crate) fn member(&mut self, member: Holder, group: GroupId, valid: Valid) {
        let held = self.members.entry((member, group)).or_insert(valid);
        *held = held.join(&valid);
    }

    /// Takes a resource, unless it is there.
    pub(crate) fn resource(&mut self, id: ResourceId, kind: &str, owner: Option<String>, valid: Valid) {
        let make = || (Resource { id: id.clone(), kind: kind.to_owned(), owner, subjects: None }, valid);
        self.resources.entry(id.clone()).or_insert_with(make);
    }

    /// Adds rights to what a holder has on a resource.
    pub(crate) fn grant(&mut self, grant: Grant, valid: Valid) {
        if grant.rights.is_empty() {
            return;
        }
        let key = (grant.holder.clone(), grant.resource.clone());
        match self.grants.get_mut(&key) {
            None => {
                self.grants.insert(key, (grant, valid));
            }
            Some((held, when)) => {
                held.rights = held.rights.with(grant.rights);
                held.granted_by = held.granted_by.take().or(grant.granted_by);
                held.last_used = held.last_used.max(grant.last_used);
                *when = when.join(&valid);
            }
        }
    }

    /// Adds rights, known for as long as the source is.
    pub(crate) fn right(&mut self, holder: Holder, resource: ResourceId, rights: Rights) {
        self.grant(Grant { holder, resource, rights, granted_by: None, last_used: None }, Valid::ALWAYS);
    }

    /// Takes a credential; one that is there already is a conflict.
    pub(crate) fn credential(&mut self, credential: Credential, valid: Valid) -> Result<(), Reason> {
        if self.credentials.contains_key(&credential.id) {
            return Err(twice("credential", credential.id.as_str()));
        }
        self.credentials.insert(credential.id.clone(), (credential, valid));
        Ok(())
    }

    /// The credential of an id, made where it is not there yet.
    pub(crate) fn credential_or(
        &mut self,
        id: &CredentialId,
        make: impl FnOnce() -> (Credential, Valid),
    ) -> &mut (Credential, Valid) {
        self.credentials.entry(id.clone()).or_insert_with(make)
    }

    /// Takes a custody; of several with the same holder, credential and strength the earliest counts.
    pub(crate) fn custody(&mut self, custody: Custody, valid: Valid) {
        let key = (custody.holder.clone(), custody.credential.clone(), custody.strength);
        match self.custody.get_mut(&key) {
            Some((_, held)) if held.earliest_start() <= valid.earliest_start() => {}
            Some(held) => *held = (custody, valid),
            None => {
                self.custody.insert(key, (custody, valid));
            }
        }
    }

    /// Hands everything over.
    pub(crate) fn finish(self, tally: &mut Tally<'_>) {
        let accounts = self.accounts.into_values().map(|(it, valid)| (Fact::Account(it), valid));
        let groups = self.groups.into_values().map(|(it, valid)| (Fact::Group(it), valid));
        let members = self.members.into_iter();
        let members = members.map(|((member, group), valid)| (Fact::Membership(Membership { member, group }), valid));
        let resources = self.resources.into_values().map(|(it, valid)| (Fact::Resource(it), valid));
        let grants = self.grants.into_values().map(|(it, valid)| (Fact::Grant(it), valid));
        let credentials = self.credentials.into_values().map(|(it, valid)| (Fact::Credential(it), valid));
        let custody = self.custody.into_values().map(|(it, valid)| (Fact::Custody(it), valid));
        let all = accounts.chain(groups).chain(members).chain(resources).chain(grants).chain(credentials);
        for (fact, valid) in all.chain(custody) {
            tally.record(Record { fact, valid });
        }
    }
}

fn twice(what: &str, id: &str) -> Reason {
    Reason::Conflict(format!("{what} `{}` is there twice", crate::row::shortened(id)))
}
