//! The doors of an entity, or of a login that has none yet.
//!
//! | door | native | attributes |
//! |---|---|---|
//! | login | `auth/userpass/NAME`, `auth/approle/ROLE` | `entity`, `type`, `mount`, `name`, `mount_accessor` |
//! | session, API key | a token's accessor | `entity`, `accessor`, `uses` |
//! | API key | `MOUNT/ROLE/secret-id/ACCESSOR` | `mount`, `role`, `role_id`, `secret_accessor`, `uses` |
//! | API key | `lease/PREFIX` | `prefix` |
//! | access token | `MOUNT/NAME/batch` | `entity`, `batch` |
//! | membership | `ENTITY/policy/NAME`, `ENTITY/group/ID` | `entity`, `policy` or `group` |
//!
//! Bounded by [`ACCESSORS_MAX`] tokens and [`ROLES_MAX`] roles, which is told where it is reached.

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorKind, DoorList, Listing, Secret, Span, SystemId};

use super::api::{Asker, Question, Server, accept, path, says, text, texts, time};
use crate::connector::{Connection, ConnectionError};

/// Tokens that are looked at.
const ACCESSORS_MAX: usize = 50_000;

/// Roles of one mount that are looked at.
const ROLES_MAX: usize = 5_000;

/// A mount's longest lease, where neither it nor its login says another: the server's default.
const LEASE_MAX: Span = Span::days(32);

/// Under which name the reading token stands in the server's log.
const NAME: &str = "reading";

/// Lists the doors of entities.
struct EntityDoors {
    server: Server,
    system: SystemId,
    token: Secret<String>,
    leases: Vec<String>,
}

/// What is gathered for one account.
struct Gathered<'a> {
    asker: &'a Asker<'a>,
    system: &'a SystemId,
    account: &'a AccountId,
    /// The entity's id; empty for a login that has none.
    entity: String,
    /// Where tokens of this account come from: a login's path, and the name of its role if it is shared.
    origins: Vec<(String, Option<String>)>,
    doors: Vec<Door>,
    gaps: Vec<String>,
}

/// One login of an auth method.
struct Alias<'a> {
    kind: &'a str,
    mount: &'a str,
    name: &'a str,
    mount_accessor: &'a str,
    enabled: bool,
}

/// Opens the listing of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Doors>, ConnectionError> {
    let leases = connection.setting("leases").unwrap_or_default().split(',').map(str::trim);
    let leases: Vec<String> = leases.filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if let Some(wide) = leases.iter().find(|it| !it.contains("{login}")) {
        return Err(connection.wrong(format!("`settings.leases`: `{wide}` without `{{login}}` is not one leaver's")));
    }
    Ok(Box::new(EntityDoors {
        server: Server::of(connection)?,
        system: connection.system.clone(),
        token: Secret::new(connection.login()?.secret.expose().clone()),
        leases,
    }))
}

impl Doors for EntityDoors {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let asker = Asker { server: &self.server, token: self.token.expose(), name: NAME, cx };
        asker.own()?;
        let (origins, doors, gaps) = (Vec::new(), Vec::new(), Vec::new());
        let (system, account) = (&self.system, of);
        let mut into = Gathered { asker: &asker, system, account, entity: String::new(), origins, doors, gaps };
        let native = of.native();
        let there = match native.strip_prefix("auth/").and_then(|rest| rest.rsplit_once('/')) {
            Some((mount, name)) => into.alone(&format!("auth/{mount}"), name)?,
            None => into.entity(native)?,
        };
        if there {
            into.tokens()?;
            for prefix in &self.leases {
                into.leases(prefix, login);
            }
        }
        let listing = if into.gaps.is_empty() { Listing::Complete } else { Listing::Partial };
        Ok(DoorList { doors: into.doors, listing, gaps: into.gaps })
    }
}

impl Gathered<'_> {
    fn door(&self, kind: DoorKind, native: String, title: String, attributes: &[(&str, &str)]) -> Door {
        let mut door = Door::new(self.system, kind, native);
        door.account = Some(self.account.clone());
        door.title = title;
        let entity = [("entity", self.entity.as_str())];
        let all = entity.iter().chain(attributes).filter(|(_, value)| !value.is_empty());
        door.attributes = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        door
    }

    fn gap(&mut self, what: &str, error: &ActError) {
        self.gaps.push(format!(
            "{what}: {}",
            match error {
                ActError::NotAllowed { lacking, .. } => format!("not allowed; a policy with {lacking}"),
                other => other.to_string(),
            }
        ));
    }

    /// A login that never signed in, so that it has no entity; whether it is there.
    fn alone(&mut self, mount: &str, name: &str) -> Result<bool, ActError> {
        let (Some(user), Some(role)) = (path(&[mount, "users", name]), path(&[mount, "role", name, "role-id"])) else {
            return Ok(false);
        };
        let alias = |kind| Alias { kind, mount, name, mount_accessor: "", enabled: true };
        if self.asker.read(&user, "`read` on `auth/+/users/+`")?.is_some() {
            self.userpass(&alias("userpass"));
            return Ok(true);
        }
        if let Some(role_id) = self.asker.read(&role, "`read` on `auth/+/role/+/role-id`")? {
            self.approle(&alias("approle"), name, text(&role_id, "role_id"));
            return Ok(true);
        }
        Ok(false)
    }

    /// An entity; whether it is there.
    fn entity(&mut self, id: &str) -> Result<bool, ActError> {
        let Some(place) = path(&["identity/entity/id", id]) else { return Ok(false) };
        let Some(entity) = self.asker.read(&place, "`read` on `identity/entity/id/+`")? else { return Ok(false) };
        self.entity = id.to_owned();
        let enabled = !entity.get("disabled").and_then(Value::as_bool).unwrap_or(false);
        for alias in entity.get("aliases").and_then(Value::as_array).into_iter().flatten() {
            let (mount, name) = (text(alias, "mount_path").trim_matches('/'), text(alias, "name"));
            let (kind, mount_accessor) = (text(alias, "mount_type"), text(alias, "mount_accessor"));
            let alias = Alias { kind, mount, name, mount_accessor, enabled };
            match kind {
                "userpass" => self.userpass(&alias),
                "approle" => self.role_of(&alias),
                _ => self.login(&alias, name, &[]),
            }
        }
        for policy in texts(&entity, "policies") {
            let native = format!("{id}/policy/{policy}");
            self.doors.push(self.door(
                DoorKind::Membership,
                native,
                format!("policy {policy}"),
                &[("policy", &policy)],
            ));
        }
        for group in texts(&entity, "direct_group_ids") {
            let place = path(&["identity/group/id", &group]).unwrap_or_default();
            match self.asker.read(&place, "`read` on `identity/group/id/+`") {
                Ok(Some(found)) => {
                    let title = format!("group {}", text(&found, "name"));
                    let attributes = [("group", group.as_str()), ("type", text(&found, "type"))];
                    let native = format!("{id}/group/{group}");
                    self.doors.push(self.door(DoorKind::Membership, native, title, &attributes));
                }
                Ok(None) => {}
                Err(error) => self.gap(&format!("group {group}"), &error),
            }
        }
        Ok(true)
    }

    /// A door of signing in; none where the entity is disabled, which lets nobody in.
    fn login(&mut self, alias: &Alias<'_>, name: &str, more: &[(&str, &str)]) {
        if !alias.enabled {
            return;
        }
        let of =
            [("type", alias.kind), ("mount", alias.mount), ("name", name), ("mount_accessor", alias.mount_accessor)];
        let attributes: Vec<(&str, &str)> = of.iter().chain(more).copied().collect();
        let title = format!("{} login {name}", alias.kind);
        self.doors.push(self.door(DoorKind::Login, format!("{}/{name}", alias.mount), title, &attributes));
    }

    fn userpass(&mut self, alias: &Alias<'_>) {
        let (mount, name) = (alias.mount, alias.name);
        let Some(place) = path(&[mount, "users", name]) else { return };
        self.origins.push((format!("{mount}/login/{name}"), None));
        match self.asker.read(&place, "`read` on `auth/+/users/+`") {
            // The user is gone; its entity, and what was issued to it, is not.
            Ok(None) => {}
            Ok(Some(user)) => {
                self.login(alias, name, &[]);
                self.batch(alias, name, &user);
            }
            Err(error) => {
                self.gap(&format!("{mount}/users/{name}"), &error);
                self.login(alias, name, &[]);
            }
        }
    }

    /// Whether a login issues batch tokens, which nobody can list.
    fn batch(&mut self, alias: &Alias<'_>, name: &str, login: &Value) {
        let mounts = self.asker.read("sys/auth", "`read` on `sys/auth`");
        let mounts = match mounts {
            Ok(mounts) => mounts.unwrap_or_default(),
            Err(error) => return self.gap("which kind of tokens mounts issue", &error),
        };
        let mount = mounts.get(format!("{}/", alias.mount.trim_start_matches("auth/")));
        let config = mount.and_then(|it| it.get("config")).cloned().unwrap_or_default();
        let issues = match (text(&config, "token_type"), text(login, "token_type")) {
            ("batch", _) | (_, "batch") => true,
            ("default-batch", own) => matches!(own, "" | "default"),
            _ => false,
        };
        if !issues {
            return;
        }
        let secs = [login.get("token_max_ttl"), config.get("max_lease_ttl")];
        let secs = secs.into_iter().flatten().filter_map(Value::as_i64).find(|secs| *secs > 0);
        let longest = secs.map_or(LEASE_MAX, Span::secs);
        let mut door = self.door(
            DoorKind::AccessToken,
            format!("{}/{name}/batch", alias.mount),
            format!("batch tokens of {name}"),
            &[("batch", "true")],
        );
        door.until = Some(self.asker.cx.clock.now().as_event().plus(longest));
        self.doors.push(door);
        self.gaps.push(format!(
            "{}/{name} issues batch tokens: they have no accessor, so that nobody can list or revoke them; each is open \
             until it expires, {longest} at most, or while its entity is enabled",
            alias.mount
        ));
    }

    /// The role that an alias of AppRole, which is named by the role's id, is of.
    fn role_of(&mut self, alias: &Alias<'_>) {
        let Some(place) = path(&[alias.mount, "role"]) else { return };
        let roles = match self.asker.list(&place, "`list` on `auth/+/role`") {
            Ok(roles) => roles,
            Err(error) => return self.gap(&format!("roles of {}", alias.mount), &error),
        };
        if roles.len() > ROLES_MAX {
            self.gaps.push(format!("{} has more than {ROLES_MAX} roles; the rest was not looked at", alias.mount));
        }
        for role in roles.iter().take(ROLES_MAX) {
            let Some(place) = path(&[alias.mount, "role", role, "role-id"]) else { continue };
            match self.asker.read(&place, "`read` on `auth/+/role/+/role-id`") {
                Ok(Some(found)) if text(&found, "role_id") == alias.name => {
                    return self.approle(alias, role, alias.name);
                }
                Ok(_) => {}
                Err(error) => return self.gap(&place, &error),
            }
        }
    }

    fn approle(&mut self, alias: &Alias<'_>, role: &str, role_id: &str) {
        let mount = alias.mount;
        self.origins.push((format!("{mount}/login"), Some(role.to_owned())));
        self.login(alias, role, &[("role_id", role_id)]);
        let (Some(list), Some(lookup)) =
            (path(&[mount, "role", role, "secret-id"]), path(&[mount, "role", role, "secret-id-accessor/lookup"]))
        else {
            return;
        };
        let accessors = match self.asker.list(&list, "`list` on `auth/+/role/+/secret-id`") {
            Ok(accessors) => accessors,
            Err(error) => return self.gap(&list, &error),
        };
        for accessor in accessors {
            let body = json!({ "secret_id_accessor": accessor });
            let found = self.asker.ask(&Question { method: "POST", path: &lookup, body });
            let found = found.and_then(|it| accept(it, "`update` on `auth/+/role/+/secret-id-accessor/lookup`"));
            let data = match found {
                Ok(answer) => answer.json().get("data").cloned().unwrap_or_default(),
                Err(error) => {
                    self.gap(&format!("a secret id of {role}"), &error);
                    Value::Null
                }
            };
            let uses = data.get("secret_id_num_uses").and_then(Value::as_i64).unwrap_or(0).to_string();
            let attributes = [
                ("mount", mount),
                ("role", role),
                ("role_id", role_id),
                ("secret_accessor", accessor.as_str()),
                ("uses", &uses),
            ];
            let native = format!("{mount}/{role}/secret-id/{accessor}");
            let mut door = self.door(DoorKind::ApiKey, native, format!("secret id of role {role}"), &attributes);
            door.until = time(&data, "expiration_time");
            self.doors.push(door);
        }
    }

    /// The tokens of the account, by looking at every token.
    fn tokens(&mut self) -> Result<(), ActError> {
        let accessors = match self.asker.list("auth/token/accessors", "`list` and `sudo` on `auth/token/accessors`") {
            Ok(accessors) => accessors,
            Err(error @ ActError::NotAllowed { .. }) => {
                self.gap("its tokens", &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if accessors.len() > ACCESSORS_MAX {
            self.gaps.push(format!("more than {ACCESSORS_MAX} tokens; the rest was not looked at"));
        }
        let mut doors = Vec::new();
        for accessor in accessors.iter().take(ACCESSORS_MAX) {
            let body = json!({ "accessor": accessor });
            let answer = self.asker.ask(&Question { method: "POST", path: "auth/token/lookup-accessor", body })?;
            if says(&answer, "invalid accessor") {
                continue;
            }
            match accept(answer, "`update` on `auth/token/lookup-accessor`") {
                Ok(answer) => {
                    let data = answer.json().get("data").cloned().unwrap_or_default();
                    if self.is_theirs(&data) {
                        doors.push(self.token(accessor, &data));
                    }
                }
                Err(error) => {
                    self.gap("its tokens", &error);
                    break;
                }
            }
        }
        doors.sort_by(|one: &Door, other| one.id.cmp(&other.id));
        self.doors.extend(doors);
        Ok(())
    }

    /// Whether a token is of this account: by its entity, else by the login that issued it.
    fn is_theirs(&self, token: &Value) -> bool {
        let entity = text(token, "entity_id");
        if !entity.is_empty() {
            return entity == self.entity;
        }
        let role = token.pointer("/meta/role_name").and_then(Value::as_str);
        self.origins.iter().any(|(path, of)| text(token, "path") == path && (of.is_none() || of.as_deref() == role))
    }

    fn token(&self, accessor: &str, token: &Value) -> Door {
        // One that was made by another token lives until it is revoked; one of a login is a session.
        let made = text(token, "path").starts_with("auth/token/");
        let kind = if made { DoorKind::ApiKey } else { DoorKind::Session };
        let uses = token.get("num_uses").and_then(Value::as_i64).unwrap_or(0).to_string();
        let title = format!("token {}", text(token, "display_name"));
        let attributes = [("accessor", accessor), ("uses", uses.as_str())];
        let mut door = self.door(kind, accessor.to_owned(), title, &attributes);
        door.opens = texts(token, "policies").join(", ");
        door.until = time(token, "expire_time");
        door
    }

    fn leases(&mut self, pattern: &str, login: &str) {
        let prefix = pattern.replace("{login}", login).trim_matches('/').to_owned();
        let parts = prefix.split('/').count();
        let place = Some(login).filter(|it| !it.is_empty() && !it.contains('/') && parts > 1);
        let Some(place) = place.and_then(|_| path(&["sys/leases/lookup", &prefix])) else {
            return self.gaps.push(format!("leases below `{pattern}` cannot be looked up for `{login}`"));
        };
        match self.asker.list(&format!("{place}/"), "`list` and `sudo` on `sys/leases/lookup/*`") {
            Ok(leases) if leases.is_empty() => {}
            Ok(leases) => {
                let title = format!("{} below {prefix}", crate::row::counted(leases.len() as u64, "lease"));
                let door = self.door(DoorKind::ApiKey, format!("lease/{prefix}"), title, &[("prefix", &prefix)]);
                self.doors.push(door);
            }
            Err(error) => self.gap(&format!("leases below {prefix}"), &error),
        }
    }
}
