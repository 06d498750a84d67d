//! `openbao`: who could read which secret, from OpenBao's or Vault's policies, entities and roles.
//!
//! A policy becomes a group that holds rights on paths; entities, identity groups and the logins of
//! auth methods become accounts and groups in it. What a policy *denies* is not taken away from what
//! another allows, nor does a longer path outweigh a shorter one: both err towards *could read*, and
//! denials are told as a gap.
//!
//! Bounded by the entities and groups of one export.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, EventTime, Fact, FactKind, Grant, Group, GroupId, Holder,
    Membership, Record, ResourceId, Rights, SystemId, Valid,
};

use super::path::{rights_on, without_templates};
use super::wire::{self, Entity, IdentityGroup, Role};
use crate::documents::Documents;
use crate::files::{self, Parts, file_name};
use crate::lines::Place;
use crate::row::scoped;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings};

pub(crate) const PROVIDER: Provider = Provider {
    id: "openbao",
    title: "OpenBao or Vault: policies and identities",
    about: "A folder with `policies/NAME.hcl` (`bao policy read NAME`), `entities.json`, `groups.json` (each \
            `bao read -format=json identity/entity/id/ID` one after another, or an array of them; `identity/group/id/ID` \
            likewise) and `auth.json`: an object of paths and what they answer, such as \
            `{\"auth/userpass/users/ann\": {\"token_policies\": [\"dev\"]}}`. Policies become groups with rights on \
            paths; `secret/data/x` of kv version 2 is written `secret/x`, and a transit key `transit/NAME` under \
            whatever operation, which is how a key's `kept_at` names it. It cannot say who did read a secret: \
            `openbao-audit` can.",
    scope: "a policy with `read` and `list` on `sys/policies/acl/*`, `identity/entity/id/*`, `identity/group/id/*` and \
            `auth/+/users/*`, `auth/+/role/*`; none on any secret",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership, FactKind::Grant],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if sample.name.ends_with(".hcl") && has("path") && (has("capabilities") || has("policy")) {
        return Some((95, "a policy with `path` blocks".to_owned()));
    }
    if crate::wire::is_json(sample.head) && has("capabilities") && (has("\"policy\"") || has("\"path\"")) {
        return Some((85, "a policy as JSON".to_owned()));
    }
    let identities = crate::wire::is_json(sample.head) && has("\"policies\"");
    if identities && (has("\"aliases\"") || has("\"member_entity_ids\"")) {
        return Some((90, "identities with policies".to_owned()));
    }
    (crate::wire::is_json(sample.head) && has("\"auth/") && has("policies\""))
        .then(|| (80, "logins with policies".to_owned()))
}

/// What the files of one export are, by their names.
enum Kind {
    Policy(String),
    Entities,
    Groups,
    Logins,
}

fn kind_of(name: &str) -> Option<Kind> {
    let plain = name.trim_end_matches(".gz").trim_end_matches(".zst");
    let lower = plain.to_lowercase();
    if let Some(stem) = plain.strip_suffix(".hcl") {
        return Some(Kind::Policy(stem.to_owned()));
    }
    match lower.as_str() {
        name if name.contains("entit") => Some(Kind::Entities),
        name if name.contains("group") => Some(Kind::Groups),
        name if name.contains("auth") || name.contains("login") || name.contains("role") => Some(Kind::Logins),
        _ => plain.strip_suffix(".json").map(|stem| Kind::Policy(stem.to_owned())),
    }
}

#[derive(Default)]
struct Server {
    entities: Vec<(Entity, Place)>,
    groups: Vec<(IdentityGroup, Place)>,
    logins: BTreeMap<String, Role>,
    policies: HashSet<String>,
    denials: Vec<String>,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut server = Server::default();
    let mut missing = [("entities", true), ("groups", true), ("auth", true), ("policies", true)];
    for path in &parts.paths {
        let name = file_name(path);
        let Some(kind) = kind_of(&name) else {
            tally.gap(format!("{name}: not a policy, nor entities, groups or logins by its name; left out"));
            continue;
        };
        let fail = |error: std::io::Error| files::failed(settings, path, &error.to_string());
        let (text, broken) = files::read_whole(path, settings.limits.file_bytes_max).map_err(fail)?;
        if let Some(broken) = broken {
            tally.partial(format!("{name}: does not decompress to its end: {broken}"));
        }
        let at = match kind {
            Kind::Policy(policy) => {
                server.policy(settings, &name, &policy, &text, tally);
                3
            }
            Kind::Entities => {
                server.each(settings, &name, &text, tally, |server, place, value| {
                    server.entities.push((from(value)?, place));
                    Ok(())
                });
                0
            }
            Kind::Groups => {
                server.each(settings, &name, &text, tally, |server, place, value| {
                    server.groups.push((from(value)?, place));
                    Ok(())
                });
                1
            }
            Kind::Logins => {
                server.each(settings, &name, &text, tally, |server, _, value| server.logins(value));
                2
            }
        };
        if let Some((_, is_missing)) = missing.get_mut(at) {
            *is_missing = false;
        }
    }
    for (what, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        tally.partial(format!("no {what} in the export: who could read a secret may be more than is shown"));
    }
    server.finish(settings, tally);
    Ok(())
}

impl Server {
    fn policy(&mut self, settings: &SourceSettings, file: &str, name: &str, text: &[u8], tally: &mut Tally<'_>) {
        let place = Place { offset: 0, line: 1, bytes: text.len() as u64 };
        let rules = std::str::from_utf8(text).map_err(|_| Reason::NotUtf8).and_then(wire::policy);
        let rules = match rules {
            Ok(rules) => rules,
            Err(reason) => return tally.reject(file, place, reason),
        };
        let id = policy_group(&settings.system, name);
        self.policies.insert(name.to_owned());
        let group = Group { id: id.clone(), name: format!("policy {name}") };
        tally.record(Record { fact: Fact::Group(group), valid: Valid::ALWAYS });
        let mut rights: BTreeMap<String, Rights> = BTreeMap::new();
        for rule in rules {
            if rule.capabilities.iter().any(|word| word == "deny") {
                self.denials.push(format!("{name} denies `{}`", rule.path));
            }
            for (path, more) in rights_on(&without_templates(&rule.path), &rule.capabilities) {
                let held = rights.entry(path).or_default();
                *held = held.with(more);
            }
        }
        // The root policy has no rules and may do everything.
        if name == "root" {
            rights.insert("*".to_owned(), Rights::ADMIN);
        }
        for (path, rights) in rights {
            let resource = ResourceId::of(&settings.system, &path);
            let grant =
                Grant { holder: Holder::Group(id.clone()), resource, rights, granted_by: None, last_used: None };
            tally.record(Record { fact: Fact::Grant(grant), valid: Valid::ALWAYS });
        }
    }

    fn each(
        &mut self,
        settings: &SourceSettings,
        file: &str,
        text: &[u8],
        tally: &mut Tally<'_>,
        take: fn(&mut Server, Place, Value) -> Result<(), Reason>,
    ) {
        let scan = crate::wire::elements(text, settings.limits.json_depth_max, &mut |place, element| {
            let taken =
                element.and_then(crate::wire::read::<Value>).and_then(|value| take(self, place, wire::data(value)));
            if let Err(reason) = taken {
                tally.reject(file, place, reason);
            }
        });
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{file}: breaks off at line {line}"));
        }
    }

    /// `{path: login}`, or one login with its path beside it.
    fn logins(&mut self, value: Value) -> Result<(), Reason> {
        let Value::Object(members) = value else { return Err(Reason::Syntax("not an object".to_owned())) };
        if let Some(path) = members.get("path").and_then(Value::as_str).map(str::to_owned) {
            let role = from(wire::data(Value::Object(members)))?;
            self.logins.insert(path, role);
            return Ok(());
        }
        for (path, login) in members {
            self.logins.insert(path, from(wire::data(login))?);
        }
        Ok(())
    }

    fn finish(mut self, settings: &SourceSettings, tally: &mut Tally<'_>) {
        let system = &settings.system;
        let mut members: HashSet<(Holder, GroupId)> = HashSet::new();
        // Who an alias is, by the login's mount and name, and for AppRole by its role id.
        let mut aliases: HashMap<(String, String), AccountId> = HashMap::new();
        let mut ids: HashSet<String> = HashSet::new();
        for (entity, place) in std::mem::take(&mut self.entities) {
            if !ids.insert(entity.id.clone()) {
                tally.reject("entities", place, Reason::Conflict(format!("entity `{}` is there twice", entity.id)));
                continue;
            }
            let account = entity_account(system, &entity);
            let id = account.id.clone();
            for alias in &entity.aliases {
                aliases.insert((alias.mount_path.trim_matches('/').to_owned(), alias.name.clone()), id.clone());
            }
            let groups = entity.group_ids.iter().map(|group| identity_group(system, group));
            let policies = entity.policies.iter().map(|policy| policy_group(system, policy));
            members.extend(groups.chain(policies).map(|group| (Holder::Account(id.clone()), group)));
            let from = entity.creation_time.as_deref().and_then(|text| EventTime::parse(text).ok());
            let from = from.map_or(Bound::Unbounded, Bound::At);
            tally.record(Record { fact: Fact::Account(account), valid: Valid { from, to: Bound::Unbounded } });
        }
        for (group, _) in std::mem::take(&mut self.groups) {
            let id = identity_group(system, &group.id);
            let name = if group.name.is_empty() { group.id.clone() } else { group.name };
            tally.record(Record { fact: Fact::Group(Group { id: id.clone(), name }), valid: Valid::ALWAYS });
            let entities = group.member_entity_ids.iter().map(|entity| Holder::Account(entity_id(system, entity)));
            let inner = group.member_group_ids.iter().map(|inner| Holder::Group(identity_group(system, inner)));
            members.extend(entities.chain(inner).map(|member| (member, id.clone())));
            members
                .extend(group.policies.iter().map(|policy| (Holder::Group(id.clone()), policy_group(system, policy))));
        }
        for (path, role) in std::mem::take(&mut self.logins) {
            login(system, &path, role, &aliases, &mut members, tally);
        }
        let mut members: Vec<_> = members.into_iter().collect();
        members.sort();
        for (member, group) in members {
            tally.record(Record { fact: Fact::Membership(Membership { member, group }), valid: Valid::ALWAYS });
        }
        if let Some(first) = self.denials.first() {
            let more = self.denials.len() - 1;
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            tally.gap(format!("what policies deny is not taken away ({first}{tail}): who could read may be too many"));
        }
    }
}

/// A login of an auth method: its entity where it has logged in, else an account of its own.
fn login(
    system: &SystemId,
    path: &str,
    role: Role,
    aliases: &HashMap<(String, String), AccountId>,
    members: &mut HashSet<(Holder, GroupId)>,
    tally: &mut Tally<'_>,
) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (Some(name), Some(mount)) = (parts.last(), parts.get(..2)) else {
        tally.gap(format!("login `{path}` is no path of an auth method"));
        return;
    };
    let mount = mount.join("/");
    let names = role.role_id.iter().map(String::as_str).chain([*name]);
    let known = names.filter_map(|name| aliases.get(&(mount.clone(), name.to_owned()))).next().cloned();
    let id = known.unwrap_or_else(|| {
        let id = AccountId::of(system, &format!("{mount}/{name}"));
        let is_user = parts.contains(&"users");
        let kind = if is_user { AccountKind::Human } else { AccountKind::Service };
        let account = Account { id: id.clone(), login: (*name).to_owned(), kind, ..blank(id.clone()) };
        tally.record(Record { fact: Fact::Account(account), valid: Valid::ALWAYS });
        id
    });
    let policies = role.token_policies.iter().chain(&role.policies);
    members.extend(policies.map(|policy| (Holder::Account(id.clone()), policy_group(system, policy))));
}

fn entity_account(system: &SystemId, entity: &Entity) -> Account {
    let alias = entity.aliases.first();
    let machine = entity
        .aliases
        .iter()
        .any(|alias| matches!(alias.mount_type.as_str(), "approle" | "kubernetes" | "aws" | "cert" | "jwt"));
    let login = alias.map(|alias| alias.name.clone()).filter(|name| !name.is_empty() && !machine);
    let email = entity.metadata.get("email").into_iter().chain(login.iter()).find(|text| text.contains('@'));
    Account {
        login: login.clone().unwrap_or_else(|| entity.name.clone()),
        display_name: entity.metadata.get("name").cloned().unwrap_or_else(|| entity.name.clone()),
        emails: email.map(|email| email.to_lowercase()).into_iter().collect(),
        employee_number: entity.metadata.get("employee_number").or_else(|| entity.metadata.get("employee_id")).cloned(),
        kind: if machine { AccountKind::Service } else { AccountKind::Unknown },
        status: if entity.disabled { AccountStatus::Disabled } else { AccountStatus::Enabled },
        ..blank(entity_id(system, &entity.id))
    }
}

fn blank(id: AccountId) -> Account {
    Account {
        login: id.native().to_owned(),
        id,
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: None,
        kind: AccountKind::Unknown,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    }
}

/// The account of an entity id, as the audit log names it too.
pub(crate) fn entity_id(system: &SystemId, entity: &str) -> AccountId {
    AccountId::from(scoped(system, entity))
}

fn identity_group(system: &SystemId, id: &str) -> GroupId {
    GroupId::of(system, &format!("group/{id}"))
}

fn policy_group(system: &SystemId, name: &str) -> GroupId {
    GroupId::of(system, &format!("policy/{name}"))
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Reason> {
    serde_json::from_value(value).map_err(|error| Reason::Syntax(error.to_string()))
}

#[cfg(test)]
mod tests;
