//! Facts of which nothing is known but their id, for a provider to fill in; and relations, each once.

use std::collections::HashSet;

use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Credential, CredentialId, CredentialKind, EventTime,
    Exportable, Fact, Grant, Group, GroupId, Holder, Membership, Record, Resource, ResourceId, Rights, SystemId, Valid,
};

use crate::tally::Tally;

/// An account of which nothing is known.
pub(crate) fn account(system: &SystemId, native: &str) -> Account {
    Account {
        id: AccountId::of(system, native),
        login: native.to_owned(),
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

/// A credential of which nothing is known but what kind of thing it is.
pub(crate) fn credential(system: &SystemId, native: &str, kind: CredentialKind) -> Credential {
    Credential {
        id: CredentialId::of(system, native),
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

/// True from then on, as far as it is known.
pub(crate) fn since(from: Option<EventTime>) -> Valid {
    Valid { from: from.map_or(Bound::Unbounded, Bound::At), to: Bound::Unbounded }
}

/// Hands an account over.
pub(crate) fn hand_account(tally: &mut Tally<'_>, account: Account, valid: Valid) {
    tally.record(Record { fact: Fact::Account(account), valid });
}

/// Hands a credential over.
pub(crate) fn hand_credential(tally: &mut Tally<'_>, credential: Credential, valid: Valid) {
    tally.record(Record { fact: Fact::Credential(credential), valid });
}

/// Hands a group over.
pub(crate) fn hand_group(tally: &mut Tally<'_>, id: GroupId, name: &str, valid: Valid) {
    let name = if name.is_empty() { id.native().to_owned() } else { name.to_owned() };
    tally.record(Record { fact: Fact::Group(Group { id, name }), valid });
}

/// Hands a resource over.
pub(crate) fn hand_resource(
    tally: &mut Tally<'_>,
    id: ResourceId,
    kind: &'static str,
    owner: Option<String>,
    valid: Valid,
) {
    let resource = Resource { id, kind: kind.to_owned(), owner, subjects: None };
    tally.record(Record { fact: Fact::Resource(resource), valid });
}

/// E-mail addresses in lower case, each once; other texts are left out.
pub(crate) fn emails<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut emails: Vec<String> = Vec::new();
    for email in texts.into_iter().map(|text| text.trim().to_lowercase()).filter(|text| text.contains('@')) {
        if !emails.contains(&email) {
            emails.push(email);
        }
    }
    emails
}

/// Memberships and grants, each handed over once however often the export names it.
#[derive(Default)]
pub(crate) struct Relations {
    members: HashSet<(Holder, GroupId)>,
    granted: HashSet<String>,
}

impl Relations {
    pub(crate) fn member(&mut self, tally: &mut Tally<'_>, member: Holder, group: GroupId, valid: Valid) {
        if self.members.insert((member.clone(), group.clone())) {
            tally.record(Record { fact: Fact::Membership(Membership { member, group }), valid });
        }
    }

    pub(crate) fn grant(&mut self, tally: &mut Tally<'_>, grant: Grant, valid: Valid) {
        let fact = Fact::Grant(grant);
        if self.granted.insert(fact.key()) {
            tally.record(Record { fact, valid });
        }
    }
}

/// A grant of which nothing is known but who may do what.
pub(crate) fn grant(holder: Holder, resource: ResourceId, rights: Rights) -> Grant {
    Grant { holder, resource, rights, granted_by: None, last_used: None }
}
