//! A realm as it is put together from its members, in whatever order and from however many files.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, GroupId, Holder, ResourceId, SystemId,
    Valid,
};

use super::keys::{self, Key};
use super::rights::{self, Role};
use super::user::{self, Held, User};
use crate::SourceSettings;
use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::lines::Place;
use crate::row::counted;
use crate::tables::Seen;
use crate::tally::Tally;

/// A group, with the path by which users name it.
struct Group {
    id: String,
    name: String,
    path: String,
    parent: Option<String>,
    held: Held,
}

/// A client that signs in by itself or for its users.
struct Client {
    client_id: String,
    enabled: bool,
    /// Whether it has an account of its own.
    service: bool,
    credential: Option<Credential>,
}

/// A realm.
#[derive(Default)]
pub(super) struct Realm {
    pub(super) name: String,
    users: Vec<User>,
    groups: Vec<Group>,
    roles: Vec<Role>,
    clients: Vec<Client>,
    keys: Vec<Key>,
    others: Vec<Credential>,
    /// Which members it had.
    had: HashSet<String>,
    hashes: u64,
    in_clear: u64,
}

impl Realm {
    pub(super) fn is_empty(&self) -> bool {
        self.had.is_empty()
    }

    pub(super) fn join(&mut self, other: Realm) {
        self.name = other.name;
        self.users.extend(other.users);
        self.groups.extend(other.groups);
        self.roles.extend(other.roles);
        self.clients.extend(other.clients);
        self.keys.extend(other.keys);
        self.others.extend(other.others);
        self.had.extend(other.had);
        self.hashes += other.hashes;
        self.in_clear += other.in_clear;
    }

    /// Takes a member, or an element of one.
    pub(super) fn take(
        &mut self,
        system: &SystemId,
        seen: &mut Seen,
        member: &str,
        place: Place,
        value: &Value,
    ) -> Result<(), Reason> {
        self.had.insert(member.to_owned());
        match member {
            "realm" => {
                self.name = value.as_str().ok_or(Reason::Missing("realm"))?.to_owned();
                Ok(())
            }
            // An empty array comes whole.
            _ if value.as_array().is_some_and(Vec::is_empty) => Ok(()),
            "users" => {
                let user = user::read(system, &Fields::of(value)?)?;
                seen.once(user.account.id.as_str(), place)?;
                self.hashes += user.hashes;
                self.users.push(user);
                Ok(())
            }
            "groups" => self.group(seen, &Fields::of(value)?, place),
            "roles" => {
                let roles = rights::read(&Fields::of(value)?)?;
                self.roles.extend(roles);
                Ok(())
            }
            "clients" => self.client(system, seen, &Fields::of(value)?, place),
            "components" => self.components(system, &Fields::of(value)?),
            "identityProviders" => {
                let provider = Fields::of(value)?;
                let secret = provider.object("config")?.map(|config| config.text("clientSecret")).transpose()?;
                self.other(system, &format!("idp/{}", provider.need("alias")?), secret.flatten());
                Ok(())
            }
            "smtpServer" => {
                let secret = Fields::of(value)?.text("password")?;
                self.other(system, "smtp", secret);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A secret with which Keycloak itself signs in elsewhere.
    fn other(&mut self, system: &SystemId, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.in_clear += u64::from(!keys::is_masked(value));
        // The realm's name may not be known yet: it is put before it at the end.
        self.others.push(facts::credential(system, name, sever_model::CredentialKind::Secret));
    }

    fn group(&mut self, seen: &mut Seen, fields: &Fields<'_>, place: Place) -> Result<(), Reason> {
        // Groups are nested as deep as JSON may be; last in, first out.
        let mut pending = vec![(*fields, None::<(String, String)>)];
        while let Some((fields, parent)) = pending.pop() {
            let name = fields.need("name")?;
            let above = parent.as_ref().map_or("", |(_, path)| path.as_str());
            let path = fields.text("path")?.map_or_else(|| format!("{above}/{name}"), str::to_owned);
            let id = fields.text("id")?.unwrap_or(&path).to_owned();
            seen.once(&id, place)?;
            for inner in fields.objects("subGroups")? {
                pending.push((inner, Some((id.clone(), path.clone()))));
            }
            let parent = parent.map(|(id, _)| id);
            let held = Held::read(&fields)?;
            self.groups.push(Group { id, name: name.to_owned(), path, parent, held });
        }
        Ok(())
    }

    fn client(&mut self, system: &SystemId, seen: &mut Seen, fields: &Fields<'_>, place: Place) -> Result<(), Reason> {
        let client_id = fields.need("clientId")?.to_owned();
        let public = fields.flag("publicClient")? == Some(true) || fields.flag("bearerOnly")? == Some(true);
        let credential = if public { None } else { keys::of_client(system, &client_id, fields)? };
        seen.once(&format!("{}/client/{client_id}", self.name), place)?;
        self.in_clear += u64::from(fields.text("secret")?.is_some_and(|secret| !keys::is_masked(secret)));
        self.clients.push(Client {
            enabled: fields.flag("enabled")? != Some(false),
            service: fields.flag("serviceAccountsEnabled")? == Some(true),
            client_id,
            credential,
        });
        Ok(())
    }

    fn components(&mut self, system: &SystemId, fields: &Fields<'_>) -> Result<(), Reason> {
        for key in fields.objects("org.keycloak.keys.KeyProvider")? {
            self.keys.extend(keys::read(system, &key)?);
        }
        for store in fields.objects("org.keycloak.storage.UserStorageProvider")? {
            let config = store.object("config")?;
            let secret = config.map(|config| config.texts("bindCredential")).transpose()?.unwrap_or_default();
            self.other(system, &format!("federation/{}", store.owned("name")?), secret.first().copied());
        }
        Ok(())
    }

    /// Hands a realm over.
    pub(super) fn finish(mut self, settings: &SourceSettings, name: &str, tally: &mut Tally<'_>) {
        let system = &settings.system;
        let mut relations = Relations::default();
        self.finish_coverage(name, tally);
        self.finish_roles(system, name, &mut relations, tally);
        self.finish_groups(system, name, &mut relations, tally);
        let services = self.finish_users(system, name, &mut relations, tally);
        self.finish_clients(system, name, &services, tally);
        let issuer = settings.map.get("issuer").cloned();
        for key in std::mem::take(&mut self.keys) {
            key.finish(issuer.clone(), tally);
        }
        for credential in std::mem::take(&mut self.others) {
            let native = format!("{name}/{}", credential.id.native());
            let id = CredentialId::of(system, &native);
            facts::hand_credential(tally, Credential { id, ..credential }, Valid::ALWAYS);
        }
    }

    fn finish_coverage(&self, name: &str, tally: &mut Tally<'_>) {
        let how = "export the whole realm with its users (`kc.sh export --users same_file`)";
        for member in ["users", "groups", "roles", "clients", "components"] {
            if !self.had.contains(member) {
                tally.partial(format!("realm `{name}`: no {member} in the export: {how}"));
            }
        }
        if self.in_clear > 0 {
            tally.gap(format!(
                "realm `{name}`: the export holds {} IN CLEAR: whoever has the file can use them; nothing of them was \
                 read here; rotate them if it has left the server, and delete it",
                counted(self.in_clear, "secret")
            ));
        }
        if self.hashes > 0 {
            let passwords = counted(self.hashes, "user");
            tally.gap(format!("realm `{name}`: the export holds the password hashes of {passwords}; delete it"));
        }
    }

    fn finish_roles(&mut self, system: &SystemId, name: &str, relations: &mut Relations, tally: &mut Tally<'_>) {
        for role in std::mem::take(&mut self.roles) {
            let group = role_group(system, name, role.client.as_deref(), &role.name);
            let shown = role.client.as_ref().map_or_else(|| role.name.clone(), |of| format!("{} of {of}", role.name));
            facts::hand_group(tally, group.clone(), &format!("role {shown}"), Valid::ALWAYS);
            // Whoever has a composite role has the roles in it.
            for (client, inner) in &role.composites {
                let inner = role_group(system, name, client.as_deref(), inner);
                relations.member(tally, Holder::Group(group.clone()), inner, Valid::ALWAYS);
            }
            if let Some((place, rights)) = rights::of(name, role.client.as_deref(), &role.name) {
                let grant = facts::grant(Holder::Group(group), ResourceId::of(system, &place), rights);
                relations.grant(tally, grant, Valid::ALWAYS);
            }
        }
    }

    fn finish_groups(&mut self, system: &SystemId, name: &str, relations: &mut Relations, tally: &mut Tally<'_>) {
        for group in &self.groups {
            let id = GroupId::of(system, &group.id);
            facts::hand_group(tally, id.clone(), &group.name, Valid::ALWAYS);
            // A subgroup's members have what its parent has.
            if let Some(parent) = &group.parent {
                relations.member(tally, Holder::Group(id.clone()), GroupId::of(system, parent), Valid::ALWAYS);
            }
            for (client, role) in &group.held.roles {
                let role = role_group(system, name, client.as_deref(), role);
                relations.member(tally, Holder::Group(id.clone()), role, Valid::ALWAYS);
            }
        }
    }

    /// The accounts of clients, by client id.
    fn finish_users(
        &mut self,
        system: &SystemId,
        name: &str,
        relations: &mut Relations,
        tally: &mut Tally<'_>,
    ) -> HashMap<String, AccountId> {
        let paths: HashMap<&str, &str> =
            self.groups.iter().map(|group| (group.path.as_str(), group.id.as_str())).collect();
        let mut services = HashMap::new();
        let mut lost = 0;
        for user in std::mem::take(&mut self.users) {
            let own = Holder::Account(user.account.id.clone());
            if let Some(client) = user.client {
                services.insert(client, user.account.id.clone());
            }
            for path in &user.held.groups {
                match paths.get(path.as_str()) {
                    Some(id) => relations.member(tally, own.clone(), GroupId::of(system, id), Valid::ALWAYS),
                    None => lost += 1,
                }
            }
            for (client, role) in &user.held.roles {
                let role = role_group(system, name, client.as_deref(), role);
                relations.member(tally, own.clone(), role, Valid::ALWAYS);
            }
            facts::hand_account(tally, user.account, user.valid);
            for (credential, valid) in user.credentials {
                facts::hand_credential(tally, credential, valid);
            }
        }
        if lost > 0 {
            let memberships = counted(lost, "membership");
            tally.partial(format!("realm `{name}`: {memberships} of groups that the export does not hold"));
        }
        services
    }

    fn finish_clients(
        &mut self,
        system: &SystemId,
        name: &str,
        services: &HashMap<String, AccountId>,
        tally: &mut Tally<'_>,
    ) {
        for client in std::mem::take(&mut self.clients) {
            let place = ResourceId::of(system, &format!("{name}/client/{}", client.client_id));
            facts::hand_resource(tally, place, "application", None, Valid::ALWAYS);
            let mut account = services.get(&client.client_id).cloned();
            if account.is_none() && client.service {
                let made = Account {
                    login: client.client_id.clone(),
                    kind: AccountKind::Service,
                    status: if client.enabled { AccountStatus::Enabled } else { AccountStatus::Disabled },
                    ..facts::account(system, &format!("{name}/client/{}", client.client_id))
                };
                account = Some(made.id.clone());
                facts::hand_account(tally, made, Valid::ALWAYS);
            }
            if let Some(credential) = client.credential {
                let native = format!("{name}/{}", credential.id.native());
                let id = CredentialId::of(system, &native);
                facts::hand_credential(tally, Credential { id, account, ..credential }, Valid::ALWAYS);
            }
        }
    }
}

/// The group of a role: `REALM/role/NAME`, `REALM/client/CLIENT/NAME`.
fn role_group(system: &SystemId, realm: &str, client: Option<&str>, role: &str) -> GroupId {
    match client {
        Some(client) => GroupId::of(system, &format!("{realm}/client/{client}/{role}")),
        None => GroupId::of(system, &format!("{realm}/role/{role}")),
    }
}
