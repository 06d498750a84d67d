//! Roles, who is in them, and what they may do, as facts.
//!
//! A role that may log in is an account; one that may not, or that has members, is a group; one that is
//! both is an account in its own group. PostgreSQL names a role alike in all its logs, and has no ids
//! that a dump keeps, so that the name is the id.

use std::collections::BTreeMap;

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, CredentialKind, EventTime, Grant,
    GroupId, Holder, ResourceId, Rights, SystemId, Valid,
};

use crate::gathered::{self, Gathered};

/// A role.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) login: bool,
    pub(crate) superuser: bool,
    pub(crate) createrole: bool,
    pub(crate) createdb: bool,
    pub(crate) replication: bool,
    pub(crate) bypassrls: bool,
    /// Whether a dump shows that it has one.
    pub(crate) password: bool,
    pub(crate) valid_until: Option<EventTime>,
    pub(crate) comment: Option<String>,
}

/// That one role is in another.
#[derive(Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) role: String,
    pub(crate) member: String,
    pub(crate) grantor: Option<String>,
    pub(crate) admin: bool,
}

/// A privilege on an object.
pub(crate) struct Privilege {
    pub(crate) grantee: String,
    pub(crate) grantor: Option<String>,
    pub(crate) rights: Rights,
}

/// An object that can be granted on.
pub(crate) struct Object {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) grants: Vec<Privilege>,
}

/// Everybody, as grants name them.
const PUBLIC: &str = "PUBLIC";

/// Predefined roles and what they may do anywhere (PostgreSQL manual, Predefined Roles).
const PREDEFINED: [(&str, Rights); 7] = [
    ("pg_execute_server_program", Rights::ADMIN),
    ("pg_read_all_data", Rights::READ.with(Rights::EXPORT)),
    ("pg_read_server_files", Rights::READ.with(Rights::EXPORT)),
    ("pg_write_server_files", Rights::ADMIN),
    ("pg_write_all_data", Rights::WRITE.with(Rights::DELETE)),
    ("pg_database_owner", Rights::NONE),
    ("pg_monitor", Rights::NONE),
];

/// Everything that exports of one cluster say.
#[derive(Default)]
pub(crate) struct Cluster {
    roles: BTreeMap<String, Role>,
    members: Vec<Member>,
    objects: BTreeMap<(String, String), Object>,
}

/// What a privilege comes to.
pub(crate) fn rights_of(privilege: &str) -> Option<Rights> {
    Some(match privilege.to_ascii_uppercase().as_str() {
        "SELECT" => Rights::READ,
        "INSERT" | "UPDATE" | "CREATE" | "TRIGGER" | "REFERENCES" | "MAINTAIN" | "SET" => Rights::WRITE,
        "DELETE" | "TRUNCATE" => Rights::DELETE,
        "USAGE" | "CONNECT" | "EXECUTE" | "TEMPORARY" | "TEMP" => Rights::USE,
        "ALTER SYSTEM" => Rights::ADMIN,
        _ => return None,
    })
}

impl Cluster {
    /// Takes a role. The same role again, as exports of other databases repeat it, changes nothing.
    pub(crate) fn role(&mut self, role: Role) -> Result<(), Reason> {
        match self.roles.get_mut(&role.name) {
            None => {
                self.roles.insert(role.name.clone(), role);
                Ok(())
            }
            Some(held) => {
                let password = held.password || role.password;
                let comment = held.comment.take().or(role.comment.clone());
                let same = Role { password, comment: comment.clone(), ..role };
                (held.password, held.comment) = (password, comment);
                if *held == same {
                    return Ok(());
                }
                Err(Reason::Conflict(format!("role `{}` is there twice, and differs", same.name)))
            }
        }
    }

    /// The role of a name, made where it is not there yet.
    pub(crate) fn role_mut(&mut self, name: &str) -> &mut Role {
        self.roles.entry(name.to_owned()).or_insert_with(|| Role { name: name.to_owned(), ..Role::default() })
    }

    pub(crate) fn member(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Takes an object; databases are repeated by the export of each.
    pub(crate) fn object(&mut self, object: Object) {
        let key = (object.kind.clone(), object.name.clone());
        match self.objects.get_mut(&key) {
            // Functions of one name with other arguments share it.
            Some(held) if object.kind == "function" || object.kind == "default" => held.grants.extend(object.grants),
            Some(_) => {}
            None => {
                self.objects.insert(key, object);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Says it all as facts.
    pub(crate) fn finish(self, system: &SystemId, into: &mut Gathered) {
        let places = Places { system, cluster: &self };
        for role in self.roles.values() {
            places.role(role, into);
        }
        for member in &self.members {
            places.membership(member, into);
        }
        let public = GroupId::of(system, PUBLIC);
        let uses_public = self.objects.values().flat_map(|object| &object.grants).any(|grant| grant.grantee == PUBLIC);
        if uses_public {
            into.group_or(&public, "everybody who may log in");
            for role in self.roles.values().filter(|role| role.login) {
                into.member(Holder::Account(AccountId::of(system, &role.name)), public.clone(), Valid::ALWAYS);
            }
        }
        for object in self.objects.values() {
            places.object(object, into);
        }
    }
}

struct Places<'a> {
    system: &'a SystemId,
    cluster: &'a Cluster,
}

impl Places<'_> {
    fn is_group(&self, name: &str) -> bool {
        name == PUBLIC
            || self.cluster.roles.get(name).is_none_or(|role| !role.login)
            || self.cluster.members.iter().any(|member| member.role == name)
    }

    /// Who holds what is granted to a role.
    fn holder(&self, name: &str) -> Holder {
        if self.is_group(name) {
            Holder::Group(GroupId::of(self.system, name))
        } else {
            Holder::Account(AccountId::of(self.system, name))
        }
    }

    fn role(&self, role: &Role, into: &mut Gathered) {
        let (account, group) = (AccountId::of(self.system, &role.name), GroupId::of(self.system, &role.name));
        if role.login {
            let kind = match (role.replication, role.superuser) {
                (true, false) => AccountKind::Service,
                // The one that every cluster is made with.
                (true, true) if role.name == "postgres" => AccountKind::Shared,
                _ => AccountKind::Unknown,
            };
            let display_name = role.comment.clone().unwrap_or_default();
            let made = Account {
                kind,
                display_name,
                status: AccountStatus::Enabled,
                ..gathered::account(account.clone(), &role.name)
            };
            into.account_or(&account, || made);
            if role.password || role.valid_until.is_some() {
                let id = CredentialId::of(self.system, &format!("{}/password", role.name));
                let password = Credential {
                    account: Some(account.clone()),
                    expires_at: role.valid_until,
                    ..gathered::credential(id.clone(), CredentialKind::Password)
                };
                into.credential_or(&id, || (password, Valid::ALWAYS));
            }
        }
        if self.is_group(&role.name) {
            into.group_or(&group, &role.name);
            if role.login {
                into.member(Holder::Account(account), group, Valid::ALWAYS);
            }
        }
        let predefined = PREDEFINED.iter().find(|(name, _)| *name == role.name).map(|(_, rights)| *rights);
        let everywhere = [
            (role.superuser, "*", Rights::ADMIN),
            (role.createrole, "*", Rights::CREATE_ACCOUNTS.with(Rights::GRANT)),
            // A replica holds every byte of every database.
            (role.replication, "*", Rights::READ.with(Rights::EXPORT)),
            (predefined.is_some(), "*", predefined.unwrap_or_default()),
            // These open nothing by themselves.
            (role.createdb, "attribute/createdb", Rights::WRITE),
            (role.bypassrls, "attribute/bypassrls", Rights::USE),
        ];
        for (_, resource, rights) in everywhere.into_iter().filter(|(has, ..)| *has) {
            into.right(self.holder(&role.name), ResourceId::of(self.system, resource), rights);
        }
    }

    fn membership(&self, member: &Member, into: &mut Gathered) {
        let group = GroupId::of(self.system, &member.role);
        into.group_or(&group, &member.role);
        let holder = self.holder(&member.member);
        into.member(holder.clone(), group, Valid::ALWAYS);
        if member.admin {
            let resource = ResourceId::of(self.system, &format!("role/{}", member.role));
            let grant =
                Grant { holder, resource, rights: Rights::GRANT, granted_by: member.grantor.clone(), last_used: None };
            into.grant(grant, Valid::ALWAYS);
        }
    }

    fn object(&self, object: &Object, into: &mut Gathered) {
        // What is yet to be made is no table that is there: its rights stand apart, and match none.
        let id = match object.kind.as_str() {
            "default" => format!("default/{}", object.name.trim_end_matches("/*")),
            _ => object.name.clone(),
        };
        let id = ResourceId::of(self.system, &id);
        if object.kind != "default" {
            into.resource(id.clone(), &object.kind, object.owner.clone(), Valid::ALWAYS);
            if let Some(owner) = &object.owner {
                into.right(self.holder(owner), id.clone(), Rights::ADMIN);
            }
        }
        for grant in &object.grants {
            let holder = self.holder(&grant.grantee);
            let granted_by = grant.grantor.clone().filter(|grantor| *grantor != grant.grantee);
            let resource = id.clone();
            into.grant(Grant { holder, resource, rights: grant.rights, granted_by, last_used: None }, Valid::ALWAYS);
        }
    }
}
