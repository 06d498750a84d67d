//! A customer of Google Workspace as it is put together from its answers.

use std::collections::{HashMap, HashSet};

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, CredentialKind, GroupId, Holder, ResourceId, Rights,
    SystemId, Valid,
};

use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::lines::Place;
use crate::row::{counted, shortened};
use crate::tables::Seen;
use crate::tally::Tally;

/// A customer.
pub(super) struct Customer {
    system: SystemId,
    seen: Seen,
    relations: Relations,
    /// A group's id by its id, address, and the part of it before the `@`; lower case.
    groups: HashMap<String, String>,
    /// How many members a group says that it has.
    sizes: Vec<(String, String, u64)>,
    /// A member as it is listed: its group as the file names it, what it is, its id, its role there.
    members: Vec<(String, Kind, String, Option<String>)>,
    roles: HashMap<String, (String, Rights)>,
    /// Who has which role where.
    assigned: Vec<(Holder, String, Option<String>)>,
    admins: Vec<AccountId>,
    delegated: u64,
    outsiders: u64,
}

/// What a member is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Account,
    Group,
    /// Everybody of the customer.
    Everybody,
}

impl Customer {
    pub(super) fn new(system: &SystemId) -> Customer {
        Customer {
            system: system.clone(),
            seen: Seen::default(),
            relations: Relations::default(),
            groups: HashMap::new(),
            sizes: Vec::new(),
            members: Vec::new(),
            roles: HashMap::new(),
            assigned: Vec::new(),
            admins: Vec::new(),
            delegated: 0,
            outsiders: 0,
        }
    }

    pub(super) fn user(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let login = fields.need("primaryEmail")?.to_owned();
        let name = fields.object("name")?.map(|name| name.owned("fullName")).transpose()?.unwrap_or_default();
        let mut addresses = vec![login.as_str()];
        for email in fields.objects("emails")? {
            // An address outside (`home`, `custom`) is a private one.
            let outside = matches!(email.text("type")?, Some("home" | "custom"));
            addresses.extend(email.text("address")?.filter(|_| !outside));
        }
        addresses.extend(fields.texts("aliases")?);
        let mut number = None;
        for external in fields.objects("externalIds")? {
            if number.is_none() && external.text("type")? == Some("organization") {
                number = external.word("value")?;
            }
        }
        let off = fields.flag("suspended")?.zip(fields.flag("archived")?.or(Some(false)));
        let status = match off {
            Some((false, false)) => AccountStatus::Enabled,
            Some(_) => AccountStatus::Disabled,
            None => AccountStatus::Unknown,
        };
        let account = Account {
            display_name: name,
            emails: facts::emails(addresses),
            employee_number: number,
            kind: AccountKind::Human,
            status,
            last_used: fields.time("lastLoginTime")?,
            login: login.clone(),
            ..facts::account(&self.system, id)
        };
        let deleted = fields.time("deletionTime")?;
        let valid =
            Valid { to: deleted.map_or(Bound::Unbounded, Bound::At), ..facts::since(fields.time("creationTime")?) };
        let admin = fields.flag("isAdmin")? == Some(true);
        self.delegated += u64::from(fields.flag("isDelegatedAdmin")? == Some(true));
        self.seen.once(id, place)?;
        if admin {
            self.admins.push(account.id.clone());
        }
        facts::hand_account(tally, account, valid);
        Ok(())
    }

    pub(super) fn group(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let email = fields.owned("email")?.to_lowercase();
        let name = fields.text("name")?.unwrap_or(&email).to_owned();
        let size = fields.word("directMembersCount")?;
        let size = size.map(|text| text.parse().map_err(|_| Reason::Invalid("directMembersCount", shortened(&text))));
        let size = size.transpose()?;
        self.seen.once(id, place)?;
        let local = email.split('@').next().unwrap_or_default().to_owned();
        for key in [id.to_lowercase(), email.clone(), local] {
            self.groups.entry(key).or_insert_with(|| id.to_owned());
        }
        self.sizes.extend(size.map(|size| (id.to_owned(), name.clone(), size)));
        facts::hand_group(tally, GroupId::of(&self.system, id), &name, Valid::ALWAYS);
        Ok(())
    }

    pub(super) fn member(&mut self, group: &str, fields: &Fields<'_>) -> Result<(), Reason> {
        let kind = match fields.text("type")? {
            Some("GROUP") => Kind::Group,
            Some("CUSTOMER") => Kind::Everybody,
            Some("EXTERNAL") => {
                self.outsiders += 1;
                Kind::Account
            }
            _ => Kind::Account,
        };
        let id = fields.text("id")?.map_or_else(|| fields.need("email"), Ok)?.to_owned();
        let role = fields.text("role")?.filter(|role| *role != "MEMBER").map(str::to_owned);
        self.members.push((group.to_owned(), kind, id, role));
        Ok(())
    }

    /// What a user let another application do, in their name.
    pub(super) fn token(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let user = fields.need("userKey")?;
        let client = fields.need("clientId")?;
        let scopes = fields.texts("scopes")?;
        let native = format!("token/{user}/{client}");
        self.seen.once(&native, place)?;
        let mut token = facts::credential(&self.system, &native, CredentialKind::Token);
        token.account = Some(AccountId::of(&self.system, user));
        let holder = Holder::Credential(token.id.clone());
        facts::hand_credential(tally, token, Valid::ALWAYS);
        for scope in scopes {
            let resource = ResourceId::of(&self.system, &format!("user/{user}/{}", short_scope(scope)));
            let mut grant = facts::grant(holder.clone(), resource, rights_of_scope(scope));
            grant.granted_by = Some(user.to_owned());
            self.relations.grant(tally, grant, Valid::ALWAYS);
        }
        Ok(())
    }

    pub(super) fn app_password(
        &mut self,
        fields: &Fields<'_>,
        place: Place,
        tally: &mut Tally<'_>,
    ) -> Result<(), Reason> {
        let user = fields.need("userKey")?;
        let code = fields.word("codeId")?.ok_or(Reason::Missing("codeId"))?;
        let native = format!("app-password/{user}/{code}");
        let mut password = facts::credential(&self.system, &native, CredentialKind::Password);
        password.account = Some(AccountId::of(&self.system, user));
        password.created_by = Some(user.to_owned());
        password.last_used = fields.millis("lastTimeUsed")?;
        let valid = facts::since(fields.millis("creationTime")?);
        self.seen.once(&native, place)?;
        facts::hand_credential(tally, password, valid);
        Ok(())
    }

    pub(super) fn role(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let id = fields.word("roleId")?.ok_or(Reason::Missing("roleId"))?;
        let name = fields.text("roleName")?.unwrap_or(&id).to_owned();
        let mut rights = Rights::NONE;
        for privilege in fields.objects("rolePrivileges")? {
            rights = rights.with(rights_of_privilege(privilege.text("privilegeName")?.unwrap_or_default()));
        }
        if fields.flag("isSuperAdminRole")? == Some(true) {
            rights = Rights::ADMIN;
        }
        let rights = if rights.is_empty() { Rights::READ } else { rights };
        self.roles.insert(id, (name, rights));
        Ok(())
    }

    pub(super) fn role_assignment(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let role = fields.word("roleId")?.ok_or(Reason::Missing("roleId"))?;
        let to = fields.word("assignedTo")?.ok_or(Reason::Missing("assignedTo"))?;
        let unit = fields.text("orgUnitId")?.filter(|unit| !unit.is_empty()).map(str::to_owned);
        let is_group = fields.text("assigneeType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
        let holder = match is_group {
            true => Holder::Group(GroupId::of(&self.system, &to)),
            false => Holder::Account(AccountId::of(&self.system, &to)),
        };
        self.assigned.push((holder, role, unit));
        Ok(())
    }

    /// Hands over what needed all names, and says what was not covered.
    pub(super) fn finish(mut self, tally: &mut Tally<'_>) {
        self.finish_members(tally);
        self.finish_roles(tally);
        for admin in std::mem::take(&mut self.admins) {
            let grant = facts::grant(Holder::Account(admin), ResourceId::of(&self.system, "*"), Rights::ADMIN);
            self.relations.grant(tally, grant, Valid::ALWAYS);
        }
        if self.delegated > 0 && self.assigned.is_empty() && self.roles.is_empty() {
            tally.gap(format!(
                "{} with rights that only `roleAssignments.list` tells",
                counted(self.delegated, "delegated administrator")
            ));
        }
        if self.outsiders > 0 {
            let them = counted(self.outsiders, "member");
            tally.gap(format!("{them} of groups from outside: their accounts are another organisation's"));
        }
    }

    fn finish_members(&mut self, tally: &mut Tally<'_>) {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut unknown: HashSet<String> = HashSet::new();
        for (named, kind, id, role) in std::mem::take(&mut self.members) {
            let group = match self.groups.get(&named) {
                Some(group) => group.clone(),
                None => {
                    unknown.insert(named.clone());
                    named
                }
            };
            *counts.entry(group.clone()).or_default() += 1;
            let member = match kind {
                Kind::Group => Holder::Group(GroupId::of(&self.system, &id)),
                Kind::Everybody => Holder::Group(GroupId::of(&self.system, "everybody")),
                Kind::Account => Holder::Account(AccountId::of(&self.system, &id)),
            };
            if role.is_some() {
                // Owners and managers of a group may put anybody in it.
                let resource = ResourceId::of(&self.system, &format!("group/{group}"));
                let grant = facts::grant(member.clone(), resource, Rights::WRITE.with(Rights::GRANT));
                self.relations.grant(tally, grant, Valid::ALWAYS);
            }
            self.relations.member(tally, member, GroupId::of(&self.system, &group), Valid::ALWAYS);
        }
        let mut unknown: Vec<String> = unknown.into_iter().collect();
        unknown.sort_unstable();
        for named in unknown {
            tally.partial(format!("members of `{named}`, which is no group of the export: name the file after it"));
        }
        for (id, name, size) in &self.sizes {
            let seen = counts.get(id).copied().unwrap_or(0);
            if seen < *size && !counts.is_empty() {
                tally.partial(format!("group `{name}`: says that it has {}, and {seen} are listed", members(*size)));
            }
        }
    }

    fn finish_roles(&mut self, tally: &mut Tally<'_>) {
        let mut made: HashSet<String> = HashSet::new();
        let mut unnamed: HashSet<String> = HashSet::new();
        for (holder, role, unit) in std::mem::take(&mut self.assigned) {
            let known = self.roles.get(&role).cloned();
            if known.is_none() {
                unnamed.insert(role.clone());
            }
            let (name, rights) = known.unwrap_or_else(|| (role.clone(), Rights::READ.with(Rights::WRITE)));
            let (native, place) = match (&unit, rights == Rights::ADMIN) {
                (Some(unit), _) => (format!("role/{role}/{unit}"), format!("unit/{unit}")),
                (None, true) => (format!("role/{role}"), "*".to_owned()),
                (None, false) => (format!("role/{role}"), "directory".to_owned()),
            };
            let group = GroupId::of(&self.system, &native);
            if made.insert(native) {
                facts::hand_group(tally, group.clone(), &format!("role {name}"), Valid::ALWAYS);
                let resource = ResourceId::of(&self.system, &place);
                let grant = facts::grant(Holder::Group(group.clone()), resource, rights);
                self.relations.grant(tally, grant, Valid::ALWAYS);
            }
            self.relations.member(tally, holder, group, Valid::ALWAYS);
        }
        if !unnamed.is_empty() {
            let roles = counted(unnamed.len() as u64, "role");
            tally.gap(format!("{roles} of which nothing but the id is known; add `roles.list`"));
        }
    }
}

fn members(count: u64) -> String {
    counted(count, "member")
}

/// A scope without the part that all of them share.
fn short_scope(scope: &str) -> &str {
    scope.strip_prefix("https://www.googleapis.com/auth/").unwrap_or(scope)
}

/// What a scope comes to; of one that is not known, more rather than less.
fn rights_of_scope(scope: &str) -> Rights {
    let short = short_scope(scope);
    let whole = Rights::READ.with(Rights::WRITE);
    match short {
        "openid" | "email" | "profile" | "userinfo.email" | "userinfo.profile" => Rights::USE,
        "https://mail.google.com/" => whole.with(Rights::DELETE),
        "gmail.send" | "gmail.insert" | "gmail.compose" => Rights::WRITE,
        "admin.directory.user" => whole.with(Rights::CREATE_ACCOUNTS).with(Rights::DELETE),
        "admin.directory.rolemanagement" | "admin.directory.group" | "admin.directory.group.member" => {
            whole.with(Rights::GRANT)
        }
        short if short.ends_with(".readonly") || short.ends_with(".metadata") => Rights::READ,
        _ => whole,
    }
}

/// What a privilege of an administrator's role comes to.
fn rights_of_privilege(name: &str) -> Rights {
    match name {
        "SUPER_ADMIN" => Rights::ADMIN,
        "USERS_CREATE" => Rights::CREATE_ACCOUNTS,
        "USERS_ALL" => Rights::READ.with(Rights::WRITE).with(Rights::CREATE_ACCOUNTS).with(Rights::DELETE),
        "GROUPS_ALL" | "ROLE_MANAGEMENT" | "MANAGE_ADMIN_ROLES" => Rights::READ.with(Rights::WRITE).with(Rights::GRANT),
        name if name.ends_with("_RETRIEVE") || name.ends_with("_READ") || name.ends_with("READONLY") => Rights::READ,
        name if name.ends_with("_DELETE") => Rights::DELETE,
        _ => Rights::READ.with(Rights::WRITE),
    }
}
