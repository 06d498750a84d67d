//! An organisation of Okta as it is put together from its answers.

use std::collections::{HashMap, HashSet};

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, CredentialId, CredentialKind, EventTime, Exportable, GroupId,
    Holder, ResourceId, Rights, SystemId, Valid,
};

use super::source::linked;
use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::lines::Place;
use crate::row::counted;
use crate::tables::Seen;
use crate::tally::Tally;

/// An organisation.
pub(super) struct Org {
    system: SystemId,
    seen: Seen,
    relations: Relations,
    /// The account of an application that acts by itself, by the application's id.
    clients: HashMap<String, AccountId>,
    signing: HashSet<CredentialId>,
    groups: HashSet<String>,
    /// Groups of which the members were listed, be there any or not.
    with_members: HashSet<String>,
    /// Who has an administrator's role: the assignee, the role, its name, since when.
    roles: Vec<(Holder, String, String, Option<EventTime>)>,
    /// Administrators of whom no role was listed.
    admins: Vec<AccountId>,
    in_clear: u64,
}

impl Org {
    pub(super) fn new(system: &SystemId) -> Org {
        Org {
            system: system.clone(),
            seen: Seen::default(),
            relations: Relations::default(),
            clients: HashMap::new(),
            signing: HashSet::new(),
            groups: HashSet::new(),
            with_members: HashSet::new(),
            roles: Vec::new(),
            admins: Vec::new(),
            in_clear: 0,
        }
    }

    pub(super) fn user(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let profile = fields.object("profile")?.ok_or(Reason::Missing("profile"))?;
        let status = fields.text("status")?.unwrap_or_default();
        let full = format!("{} {}", profile.owned("firstName")?, profile.owned("lastName")?);
        let account = Account {
            login: profile.need("login")?.to_owned(),
            display_name: profile.text("displayName")?.unwrap_or(full.trim()).to_owned(),
            // The second address is a private one, for recovery.
            emails: facts::emails(profile.text("email")?),
            employee_number: profile.word("employeeNumber")?,
            kind: AccountKind::Human,
            status: status_of(status),
            last_used: fields.time("lastLogin")?,
            ..facts::account(&self.system, id)
        };
        let valid = facts::since(fields.time("created")?);
        let changed = fields.time("passwordChanged")?;
        let invited = fields.time("statusChanged")?.or(fields.time("created")?);
        self.seen.once(id, place)?;
        let own = Some(account.id.clone());
        facts::hand_account(tally, account, valid);
        if changed.is_some() {
            let native = format!("password/{id}");
            let mut password = facts::credential(&self.system, &native, CredentialKind::Password);
            password.account = own.clone();
            password.rotated_at = changed;
            facts::hand_credential(tally, password, valid);
        }
        if matches!(status, "PROVISIONED" | "RECOVERY") {
            // Whoever has the link in the mail can set the password.
            let native = format!("activation/{id}");
            let mut link = facts::credential(&self.system, &native, CredentialKind::Token);
            link.account = own;
            facts::hand_credential(tally, link, facts::since(invited));
        }
        Ok(())
    }

    pub(super) fn group(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let profile = fields.object("profile")?.ok_or(Reason::Missing("profile"))?;
        let name = profile.owned("name")?;
        let valid = facts::since(fields.time("created")?);
        self.seen.once(id, place)?;
        self.groups.insert(id.to_owned());
        facts::hand_group(tally, GroupId::of(&self.system, id), &name, valid);
        Ok(())
    }

    /// Notes that a group's members were listed.
    pub(super) fn listed(&mut self, group: &str) {
        self.with_members.insert(group.to_owned());
    }

    pub(super) fn member(&mut self, group: &str, fields: &Fields<'_>, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let member = self.account(fields.need("id")?);
        self.relations.member(tally, member, GroupId::of(&self.system, group), Valid::ALWAYS);
        Ok(())
    }

    pub(super) fn app(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let label = fields.owned("label")?;
        let active = fields.text("status")? == Some("ACTIVE");
        let created = fields.time("created")?;
        let credentials = fields.object("credentials")?;
        let client = credentials.map(|it| it.object("oauthClient")).transpose()?.flatten();
        let signing = credentials.map(|it| it.object("signing")).transpose()?.flatten();
        let settings = fields.object("settings")?.map(|it| it.object("oauthClient")).transpose()?.flatten();
        self.seen.once(id, place)?;
        let valid = facts::since(created);
        facts::hand_resource(tally, self.app_resource(id), "application", None, valid);
        if let Some(signing) = signing {
            self.signing_key(&signing, tally)?;
        }
        let Some(client) = client else { return Ok(()) };
        let client_id = client.text("client_id")?.unwrap_or(id).to_owned();
        let grants = settings.map(|it| it.texts("grant_types")).transpose()?.unwrap_or_default();
        let service = settings.map(|it| it.text("application_type")).transpose()?.flatten() == Some("service");
        let keys = settings.map(|it| it.object("jwks")).transpose()?.flatten();
        let keys = keys.map(|it| it.objects("keys")).transpose()?.unwrap_or_default();
        let own = AccountId::of(&self.system, &client_id);
        if service || grants.contains(&"client_credentials") {
            let account = Account {
                display_name: label,
                kind: AccountKind::Service,
                status: if active { AccountStatus::Enabled } else { AccountStatus::Disabled },
                ..facts::account(&self.system, &client_id)
            };
            facts::hand_account(tally, account, valid);
            self.clients.insert(id.to_owned(), own.clone());
        }
        let with_secret =
            client.text("token_endpoint_auth_method")?.is_some_and(|how| how.starts_with("client_secret"));
        self.in_clear += u64::from(client.has("client_secret"));
        let secret = with_secret.then(|| format!("{client_id}/secret"));
        let keys = keys.iter().map(|key| key.need("kid").map(|kid| format!("{client_id}/{kid}")));
        for native in secret.into_iter().map(Ok).chain(keys) {
            let mut secret = facts::credential(&self.system, &native?, CredentialKind::Secret);
            secret.account = self.clients.get(id).cloned();
            facts::hand_credential(tally, secret, valid);
        }
        Ok(())
    }

    /// The key that signs an application's assertions or tokens; many share one.
    fn signing_key(&mut self, signing: &Fields<'_>, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let Some(kid) = signing.text("kid")? else { return Ok(()) };
        let mut key = facts::credential(&self.system, kid, CredentialKind::SigningKey);
        key.exportable = Exportable::No;
        key.rotated_at = signing.time("lastRotated")?;
        if self.signing.insert(key.id.clone()) {
            facts::hand_credential(tally, key, Valid::ALWAYS);
        }
        Ok(())
    }

    /// A secret of a client, as `/apps/ID/credentials/secrets` lists them.
    pub(super) fn secret(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let app = ["activate", "deactivate", "delete"].iter().find_map(|link| linked(fields, link, "apps").transpose());
        let app = app.transpose()?;
        let mut secret = facts::credential(&self.system, id, CredentialKind::Secret);
        secret.account = app.and_then(|app| self.clients.get(&app).cloned());
        let inactive = fields.text("status")? == Some("INACTIVE");
        secret.retired_at = if inactive { fields.time("lastUpdated")? } else { None };
        let valid = facts::since(fields.time("created")?);
        self.in_clear += u64::from(fields.has("client_secret"));
        self.seen.once(id, place)?;
        facts::hand_credential(tally, secret, valid);
        Ok(())
    }

    /// A user or group that may use an application.
    pub(super) fn assignment(&mut self, fields: &Fields<'_>, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let app = linked(fields, "app", "apps")?.ok_or(Reason::Missing("_links.app"))?;
        let is_group = linked(fields, "group", "groups")?.is_some() || fields.has("priority");
        let holder = if is_group { Holder::Group(GroupId::of(&self.system, id)) } else { self.account(id) };
        let valid = facts::since(fields.time("created")?);
        let grant = facts::grant(holder, self.app_resource(&app), Rights::USE);
        self.relations.grant(tally, grant, valid);
        Ok(())
    }

    pub(super) fn token(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let user = fields.need("userId")?;
        let mut token = facts::credential(&self.system, id, CredentialKind::ApiKey);
        token.account = Some(AccountId::of(&self.system, user));
        token.created_by = Some(user.to_owned());
        token.expires_at = fields.time("expiresAt")?;
        let valid = facts::since(fields.time("created")?);
        self.seen.once(id, place)?;
        facts::hand_credential(tally, token, valid);
        Ok(())
    }

    /// An administrator's role, or only that somebody is an administrator.
    pub(super) fn role(&mut self, fields: &Fields<'_>, named: Option<&str>) -> Result<(), Reason> {
        if fields.has("orn") {
            self.admins.push(AccountId::of(&self.system, fields.need("id")?));
            return Ok(());
        }
        let kind = fields.need("type")?.to_owned();
        let label = fields.text("label")?.unwrap_or(&kind).to_owned();
        let user = linked(fields, "assignee", "users")?;
        let group = linked(fields, "assignee", "groups")?;
        let named = named.map(str::to_owned);
        let assignee = match (group, user.or(named)) {
            (Some(group), _) => Holder::Group(GroupId::of(&self.system, &group)),
            (None, Some(id)) if id.starts_with("00g") => Holder::Group(GroupId::of(&self.system, &id)),
            (None, Some(user)) => self.account(&user),
            (None, None) => return Err(Reason::Missing("_links.assignee")),
        };
        self.roles.push((assignee, kind, label, fields.time("created")?));
        Ok(())
    }

    fn account(&self, id: &str) -> Holder {
        Holder::Account(AccountId::of(&self.system, id))
    }

    fn app_resource(&self, id: &str) -> ResourceId {
        ResourceId::of(&self.system, &format!("app/{id}"))
    }

    /// Hands over the roles, and says what was not covered.
    pub(super) fn finish(mut self, tally: &mut Tally<'_>) {
        if self.in_clear > 0 {
            tally.gap(format!(
                "the export holds {} IN CLEAR: whoever has these files can use them; nothing of them was read here; \
                 rotate them, and delete the files",
                counted(self.in_clear, "client secret")
            ));
        }
        let without = self.groups.difference(&self.with_members).count() as u64;
        if without > 0 && !self.with_members.is_empty() {
            let groups = counted(without, "group");
            tally.partial(format!("{groups} whose members are not in the export; add `GET /api/v1/groups/ID/users`"));
        }
        let mut made: HashSet<String> = HashSet::new();
        let mut listed: HashSet<Holder> = HashSet::new();
        for (holder, kind, label, from) in std::mem::take(&mut self.roles) {
            let group = GroupId::of(&self.system, &format!("role/{kind}"));
            if made.insert(kind.clone()) {
                facts::hand_group(tally, group.clone(), &format!("role {label}"), Valid::ALWAYS);
                let rights = rights_of(&kind);
                let place = if rights == Rights::ADMIN { "*" } else { "org" };
                let grant = facts::grant(Holder::Group(group.clone()), ResourceId::of(&self.system, place), rights);
                self.relations.grant(tally, grant, Valid::ALWAYS);
            }
            listed.insert(holder.clone());
            self.relations.member(tally, holder, group, facts::since(from));
        }
        let mut unknown = 0;
        for admin in std::mem::take(&mut self.admins).into_iter().map(Holder::Account) {
            if listed.insert(admin.clone()) {
                unknown += 1;
                // Which role, was not said; none of them only uses.
                let rights = Rights::READ.with(Rights::WRITE);
                let grant = facts::grant(admin, ResourceId::of(&self.system, "org"), rights);
                self.relations.grant(tally, grant, Valid::ALWAYS);
            }
        }
        if unknown > 0 {
            tally.gap(format!(
                "{} whose role is not in the export; add `GET /api/v1/users/ID/roles`",
                counted(unknown, "administrator")
            ));
        }
    }
}

/// `LOCKED_OUT` ends by itself, and an expired password is changed at the next login.
fn status_of(status: &str) -> AccountStatus {
    match status {
        "ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => AccountStatus::Enabled,
        "SUSPENDED" | "DEPROVISIONED" | "STAGED" => AccountStatus::Disabled,
        _ => AccountStatus::Unknown,
    }
}

/// What Okta's standard roles come to; of a role made by the customer, more rather than less.
fn rights_of(kind: &str) -> Rights {
    let changes = Rights::READ.with(Rights::WRITE);
    match kind {
        "SUPER_ADMIN" => Rights::ADMIN,
        "ORG_ADMIN" => changes.with(Rights::CREATE_ACCOUNTS).with(Rights::GRANT),
        "USER_ADMIN" => changes.with(Rights::CREATE_ACCOUNTS),
        "APP_ADMIN" | "API_ACCESS_MANAGEMENT_ADMIN" | "GROUP_MEMBERSHIP_ADMIN" => changes.with(Rights::GRANT),
        "READ_ONLY_ADMIN" | "REPORT_ADMIN" => Rights::READ,
        _ => changes,
    }
}
