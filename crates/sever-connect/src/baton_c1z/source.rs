//! `baton-c1z`: the sync file of ConductorOne's baton connectors, of which there are over a hundred.
//!
//! A connector lists resources of types, entitlements on them and who has these. What a type's resources
//! are, its traits say: users, groups, roles, secrets; all others are resources worth protecting.
//!
//! Bounded by the file, which is opened in memory.

use std::collections::BTreeMap;

use prost::Message;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, CredentialKind, FactKind, GroupId,
    Holder, ResourceId, Rights, SystemId, Valid,
};

use super::database::{Database, MAGIC, MAGIC_3, Table};
use super::wire::{self, ASSIGNMENT, GROUP, Grant, ROLE, Resource, ResourceType, SECRET, SecretTrait, USER, UserTrait};
use crate::documents::{Documents, Text, each, only};
use crate::files::{self, Parts};
use crate::gathered::{self, Gathered, since};
use crate::lines::Place;
use crate::row::counted;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings};

pub(crate) const PROVIDER: Provider = Provider {
    id: "baton-c1z",
    title: "Sync files of baton connectors",
    about: "The file that any of ConductorOne's open-source connectors writes, for one system each: `baton-NAME --file \
            sync.c1z --storage-engine sqlite` with the connector's own settings. The newest finished sync in it is \
            read. A connector's default engine, Pebble, writes files that only its own library opens; they are refused \
            with this hint. One file is one system: give each its own source.\n\n\
            Users become accounts with their logins, addresses, status and last login; groups and roles become groups; \
            keys and tokens credentials, with who made them and whose they are, where the connector lists them; all \
            else resources. An entitlement to be in a group or role becomes a membership, any other a right, by its \
            name: `admin`, `owner` and the like administer, `write`, `edit` change, all others read. Ids are \
            `SYSTEM/TYPE/ID`, with the system's own ids.\n\n\
            A connector lists what is so now: not since when a grant is, nor who gave it, nor what a right allows in \
            the system's own words.",
    scope: "what the connector's own page asks for, without its provisioning scopes: a sync only reads",
    kinds: &[
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
    ],
    columns: &[],
    together: false,
    sniff,
    open: |settings| {
        only(&settings, &[])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let is = sample.head.starts_with(MAGIC) || sample.head.starts_with(MAGIC_3);
    is.then(|| (99, "a sync file of a baton connector".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut into = Gathered::default();
    let mut refused = None;
    each(settings, parts, tally, &mut |file, tally| {
        if let Err((what, hint)) = one(settings, file, &mut into, tally) {
            let mut error = files::failed(settings, file.path, &what);
            error.hint = hint.map(str::to_owned);
            refused.get_or_insert(error);
        }
    })?;
    if let Some(error) = refused {
        return Err(error);
    }
    into.finish(tally);
    Ok(())
}

type Refused = (String, Option<&'static str>);

/// Reads one sync file.
fn one(settings: &SourceSettings, file: &Text<'_>, into: &mut Gathered, tally: &mut Tally<'_>) -> Result<(), Refused> {
    if file.bytes.starts_with(MAGIC_3) {
        let what = "written by the Pebble engine, which only baton's own library opens".to_owned();
        return Err((what, Some("run the connector with `--storage-engine sqlite`")));
    }
    let wrong = |what: String| (what, None);
    let database = Database::open(&file.bytes, settings.limits.file_bytes_max).map_err(wrong)?;
    let syncs = database.syncs().map_err(wrong)?;
    let newest = syncs.iter().find(|sync| sync.whole && sync.ended.is_some()).or(syncs.first());
    let Some(sync) = newest else {
        tally.empty(format!("{}: no sync in it", file.name));
        return Ok(());
    };
    if sync.ended.is_none() {
        tally.partial(format!("{}: its only sync did not finish", file.name));
    } else if !sync.whole {
        tally.partial(format!("{}: its only sync was of a part", file.name));
    }
    let mut reading = Reading { system: &settings.system, traits: BTreeMap::new(), into, unknown: 0 };
    for table in [Table::ResourceTypes, Table::Resources, Table::Grants] {
        let mut rejects = Vec::new();
        let done = database.each(table, &sync.id, &mut |row, bytes| {
            if let Err(reason) = reading.take(table, bytes) {
                rejects.push((Place { offset: 0, line: row, bytes: bytes.len() as u64 }, reason));
            }
        });
        for (place, reason) in rejects {
            tally.reject(&format!("{} {table:?}", file.name), place, reason);
        }
        if let Err(what) = done {
            tally.partial(format!("{}: {table:?} break off: {what}", file.name));
        }
    }
    if reading.unknown > 0 {
        tally.gap(format!("{} to resources that are no users or groups left out", counted(reading.unknown, "grant")));
    }
    Ok(())
}

struct Reading<'a> {
    system: &'a SystemId,
    /// The traits of each type.
    traits: BTreeMap<String, Vec<i32>>,
    into: &'a mut Gathered,
    unknown: u64,
}

fn decoded<T: Message + Default>(bytes: &[u8]) -> Result<T, Reason> {
    T::decode(bytes).map_err(|error| Reason::Syntax(error.to_string()))
}

impl Reading<'_> {
    fn take(&mut self, table: Table, bytes: &[u8]) -> Result<(), Reason> {
        match table {
            Table::ResourceTypes => {
                let kind: ResourceType = decoded(bytes)?;
                self.traits.insert(kind.id, kind.traits);
                Ok(())
            }
            Table::Resources => self.resource(&decoded(bytes)?),
            Table::Grants => self.grant(&decoded(bytes)?),
        }
    }

    fn is(&self, kind: &str, wanted: i32) -> bool {
        self.traits.get(kind).is_some_and(|traits| traits.contains(&wanted))
    }

    fn resource(&mut self, resource: &Resource) -> Result<(), Reason> {
        let (kind, native) = native(resource.id.as_ref())?;
        if self.is(kind, USER) {
            return self.user(resource, &native);
        }
        if self.is(kind, SECRET) {
            return self.secret(resource, &native);
        }
        if self.is(kind, GROUP) || self.is(kind, ROLE) {
            let name = if resource.display_name.is_empty() { &native } else { &resource.display_name };
            return self.into.group(GroupId::of(self.system, &native), name, Valid::ALWAYS);
        }
        self.into.resource(ResourceId::of(self.system, &native), kind, None, Valid::ALWAYS);
        Ok(())
    }

    fn user(&mut self, resource: &Resource, native: &str) -> Result<(), Reason> {
        let user: UserTrait = resource.annotation("UserTrait").unwrap_or_default();
        let mut emails: Vec<String> = user.emails.iter().map(|email| email.address.to_lowercase()).collect();
        emails.dedup();
        let profile = |wanted: &[&str]| {
            let fields = user.profile.iter().flat_map(|profile| &profile.fields);
            let mut found = fields.filter(|(key, _)| wanted.contains(&crate::columns::normal(key).as_str()));
            found.find_map(|(_, value)| value.text.clone()).filter(|text| !text.is_empty())
        };
        let login = Some(user.login.clone()).filter(|login| !login.is_empty());
        let login = login.or_else(|| profile(&["login", "username"])).or_else(|| emails.first().cloned());
        let account = Account {
            display_name: resource.display_name.clone(),
            employee_number: profile(&["employeeid", "employeenumber"]),
            kind: match user.account_type {
                1 => AccountKind::Human,
                2 | 3 => AccountKind::Service,
                _ => AccountKind::Unknown,
            },
            status: match user.status.as_ref().map_or(0, |status| status.status) {
                1 => AccountStatus::Enabled,
                2 | 3 => AccountStatus::Disabled,
                _ => AccountStatus::Unknown,
            },
            last_used: user.last_login.as_ref().and_then(wire::Timestamp::instant),
            emails,
            ..gathered::account(AccountId::of(self.system, native), login.as_deref().unwrap_or(&resource.display_name))
        };
        self.into.account(account, since(user.created_at.as_ref().and_then(wire::Timestamp::instant)))
    }

    fn secret(&mut self, resource: &Resource, native_id: &str) -> Result<(), Reason> {
        let secret: SecretTrait = resource.annotation("SecretTrait").unwrap_or_default();
        let made_by = secret.created_by.as_ref().and_then(|id| native(Some(id)).ok()).map(|(_, id)| id);
        let owner = secret.identity.as_ref().or(resource.parent.as_ref()).and_then(|id| native(Some(id)).ok());
        let owner = owner.filter(|(kind, _)| self.is(kind, USER)).map(|(_, id)| AccountId::of(self.system, &id));
        let lower = native_id.to_lowercase();
        let kind = match () {
            () if lower.contains("ssh") => CredentialKind::SshKey,
            () if lower.contains("token") => CredentialKind::Token,
            () if lower.contains("key") => CredentialKind::ApiKey,
            () => CredentialKind::Secret,
        };
        let instant = |at: &Option<wire::Timestamp>| at.as_ref().and_then(wire::Timestamp::instant);
        let credential = Credential {
            account: owner,
            created_by: made_by,
            expires_at: instant(&secret.expires_at),
            last_used: instant(&secret.last_used_at),
            ..gathered::credential(CredentialId::of(self.system, native_id), kind)
        };
        self.into.credential(credential, since(instant(&secret.created_at)))
    }

    fn grant(&mut self, grant: &Grant) -> Result<(), Reason> {
        let entitlement = grant.entitlement.as_ref().ok_or(Reason::Missing("entitlement"))?;
        let (kind, on) = native(entitlement.resource.as_ref().and_then(|resource| resource.id.as_ref()))?;
        let (holder_kind, holder) = native(grant.principal.as_ref().and_then(|resource| resource.id.as_ref()))?;
        let holder = if self.is(holder_kind, USER) {
            Holder::Account(AccountId::of(self.system, &holder))
        } else if self.is(holder_kind, GROUP) || self.is(holder_kind, ROLE) {
            Holder::Group(GroupId::of(self.system, &holder))
        } else {
            self.unknown += 1;
            return Ok(());
        };
        let word = word_of(entitlement);
        let in_it = matches!(word.as_str(), "member" | "members" | "membership" | "assigned" | "assignment")
            || entitlement.purpose == ASSIGNMENT && !administers(&word);
        if in_it && (self.is(kind, GROUP) || self.is(kind, ROLE)) {
            self.into.member(holder, GroupId::of(self.system, &on), Valid::ALWAYS);
            return Ok(());
        }
        self.into.right(holder, ResourceId::of(self.system, &on), rights_of(&word));
        Ok(())
    }
}

/// A resource's type, and its id with it: `user/123`.
fn native(id: Option<&wire::ResourceId>) -> Result<(&str, String), Reason> {
    let id = id.filter(|id| !id.kind.is_empty() && !id.id.is_empty()).ok_or(Reason::Missing("id"))?;
    Ok((&id.kind, format!("{}/{}", id.kind, id.id)))
}

/// The entitlement's own word: its slug, else the end of its id (`group:7:member`).
fn word_of(entitlement: &wire::Entitlement) -> String {
    let slug = entitlement.slug.rsplit([':', ' ']).next().filter(|slug| !slug.is_empty());
    slug.or(entitlement.id.rsplit(':').next()).unwrap_or_default().to_lowercase()
}

fn administers(word: &str) -> bool {
    ["admin", "owner", "manage", "super"].iter().any(|part| word.contains(part))
}

/// What an entitlement allows, by its word. Nobody but the system itself knows better.
fn rights_of(word: &str) -> Rights {
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if administers(word) {
        Rights::ADMIN
    } else if has(&["write", "edit", "push", "update", "maintain", "contribut", "create"]) {
        Rights::READ.with(Rights::WRITE)
    } else if has(&["delete", "destroy"]) {
        Rights::DELETE
    } else if has(&["assume", "execute", "use", "sign", "deploy", "invoke"]) {
        Rights::USE
    } else {
        Rights::READ
    }
}
