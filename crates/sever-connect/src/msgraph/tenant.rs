//! A tenant as it is put together from its answers: objects first, relations when all are known.

use std::collections::{HashMap, HashSet};

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Credential, CredentialKind, GroupId, Holder, ResourceId,
    Rights, SystemId, Valid,
};

use super::apps::{self, Application};
use super::page::Relation;
use super::rights;
use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::lines::Place;
use crate::row::counted;
use crate::tables::Seen;
use crate::tally::Tally;

/// The most members that `$expand` gives, whatever there are.
const EXPANDED_MAX: usize = 20;

/// A tenant.
pub(crate) struct Tenant {
    pub(super) system: SystemId,
    pub(super) seen: Seen,
    /// Principal names of users, by object id: how owners and granters are named.
    logins: HashMap<String, String>,
    groups: HashSet<String>,
    /// Groups of which the members were listed, be there any or not.
    with_members: HashSet<String>,
    /// Service principals, and with them what is known of their applications.
    pub(super) services: Vec<(Account, Valid)>,
    pub(super) service_credentials: Vec<(Credential, Valid)>,
    pub(super) service_of_app: HashMap<String, AccountId>,
    pub(super) applications: Vec<Application>,
    /// Names of an API's permissions, by the API's object id and the permission's.
    pub(super) permissions: HashMap<(String, String), String>,
    /// Who is in which group: the member's id, whether it says that it is a group, the group's.
    members: Vec<(String, Option<bool>, GroupId)>,
    /// Who owns what: the object owned and the owner.
    pub(super) owners: Vec<(String, String)>,
    roles: HashMap<String, (String, Rights)>,
    /// Who has which role where: principal, whether it says that it is a group, role, scope.
    role_members: Vec<(String, Option<bool>, String, String)>,
    pub(super) consents: Vec<apps::Consent>,
    pub(super) app_roles: Vec<apps::AppRole>,
    users: u64,
    without_status: u64,
    sign_ins: u64,
    expanded_full: u64,
}

impl Tenant {
    pub(crate) fn new(system: &SystemId) -> Tenant {
        Tenant {
            system: system.clone(),
            seen: Seen::default(),
            logins: HashMap::new(),
            groups: HashSet::new(),
            with_members: HashSet::new(),
            services: Vec::new(),
            service_credentials: Vec::new(),
            service_of_app: HashMap::new(),
            applications: Vec::new(),
            permissions: HashMap::new(),
            members: Vec::new(),
            owners: Vec::new(),
            roles: HashMap::new(),
            role_members: Vec::new(),
            consents: Vec::new(),
            app_roles: Vec::new(),
            users: 0,
            without_status: 0,
            sign_ins: 0,
            expanded_full: 0,
        }
    }

    pub(crate) fn user(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let login = fields.text("userPrincipalName")?.unwrap_or(id).to_owned();
        let others = fields.texts("otherMails")?;
        let proxies = fields.texts("proxyAddresses")?;
        let proxies = proxies.into_iter().filter_map(|text| text.split_once(':'));
        let proxies = proxies.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("smtp")).map(|(_, address)| address);
        let enabled = fields.flag("accountEnabled")?;
        let account = Account {
            login: login.clone(),
            display_name: fields.owned("displayName")?,
            emails: facts::emails(fields.text("mail")?.into_iter().chain(others).chain(proxies)),
            employee_number: fields.text("employeeId")?.map(str::to_owned),
            kind: AccountKind::Human,
            status: status(enabled),
            last_used: last_sign_in(fields)?,
            ..facts::account(&self.system, id)
        };
        let created = fields.time("createdDateTime")?;
        let deleted = fields.time("deletedDateTime")?;
        let changed = fields.time("lastPasswordChangeDateTime")?;
        let invited = fields.text("externalUserState")? == Some("PendingAcceptance");
        self.seen.once(id, place)?;
        self.users += 1;
        self.without_status += u64::from(enabled.is_none());
        self.sign_ins += u64::from(fields.has("signInActivity"));
        self.logins.insert(id.to_owned(), login);
        let own = Some(account.id.clone());
        let to = deleted.map_or(Bound::Unbounded, Bound::At);
        facts::hand_account(tally, account, Valid { to, ..facts::since(created) });
        if invited {
            // Whoever has the invitation's link can become this account.
            let native = format!("invitation/{id}");
            let mut invitation = facts::credential(&self.system, &native, CredentialKind::Token);
            invitation.account = own.clone();
            facts::hand_credential(tally, invitation, facts::since(created));
        }
        if changed.is_some() {
            let mut password = facts::credential(&self.system, &format!("password/{id}"), CredentialKind::Password);
            password.account = own;
            password.rotated_at = changed;
            facts::hand_credential(tally, password, facts::since(created));
        }
        Ok(())
    }

    pub(crate) fn group(&mut self, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let name = fields.owned("displayName")?;
        let valid = facts::since(fields.time("createdDateTime")?);
        let members = fields.objects("members")?;
        let owners = fields.objects("owners")?;
        // `{"id": …, "members": […]}` beside the group itself adds to it.
        let bare = name.is_empty() && (fields.has("members") || fields.has("owners"));
        if !bare {
            self.seen.once(id, place)?;
            self.groups.insert(id.to_owned());
            facts::hand_group(tally, GroupId::of(&self.system, id), &name, valid);
        }
        if fields.has("members") {
            self.listed(id);
        }
        if fields.has("members@odata.nextLink") || members.len() == EXPANDED_MAX {
            self.expanded_full += 1;
        }
        for (relation, fields) in
            members.iter().map(|it| (Relation::Member, it)).chain(owners.iter().map(|it| (Relation::Owner, it)))
        {
            self.related(relation, id, fields)?;
        }
        Ok(())
    }

    /// Notes that a group's members were listed.
    pub(crate) fn listed(&mut self, group: &str) {
        self.with_members.insert(group.to_owned());
    }

    /// A member or owner of an object.
    pub(crate) fn related(&mut self, relation: Relation, of: &str, fields: &Fields<'_>) -> Result<(), Reason> {
        let id = fields.need("id")?.to_owned();
        match relation {
            Relation::Owner => self.owners.push((of.to_owned(), id)),
            Relation::Member => {
                let kind = fields.text("@odata.type")?;
                if kind.is_some_and(|name| name.ends_with(".device") || name.ends_with(".orgContact")) {
                    return Ok(());
                }
                let is_group = kind.map(|name| name.ends_with(".group"));
                self.members.push((id, is_group, GroupId::of(&self.system, of)));
            }
        }
        Ok(())
    }

    pub(crate) fn directory_role(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let role = fields.text("roleTemplateId")?.map_or_else(|| fields.need("id"), Ok)?;
        let name = fields.owned("displayName")?;
        for member in fields.objects("members")? {
            let kind = member.text("@odata.type")?.map(|name| name.ends_with(".group"));
            self.role_members.push((member.need("id")?.to_owned(), kind, role.to_owned(), "/".to_owned()));
        }
        let rights = rights::of_role(role, &name);
        self.roles.entry(role.to_owned()).or_insert((name, rights));
        Ok(())
    }

    pub(crate) fn role_definition(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let role = fields.text("templateId")?.map_or_else(|| fields.need("id"), Ok)?;
        let name = fields.owned("displayName")?;
        let mut actions = Vec::new();
        for permissions in fields.objects("rolePermissions")? {
            actions.extend(permissions.texts("allowedResourceActions")?);
        }
        let own = fields.flag("isBuiltIn")? == Some(false);
        let rights = if own { rights::of_actions(actions.into_iter()) } else { rights::of_role(role, &name) };
        self.roles.insert(role.to_owned(), (name, rights));
        Ok(())
    }

    pub(crate) fn role_assignment(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let principal = fields.need("principalId")?.to_owned();
        let role = fields.need("roleDefinitionId")?.to_owned();
        let scope = fields.text("directoryScopeId")?.unwrap_or("/").to_owned();
        let expanded = fields.object("principal")?;
        let kind = expanded.map(|principal| principal.text("@odata.type")).transpose()?.flatten();
        if let Some(definition) = fields.object("roleDefinition")? {
            self.role_definition(&definition)?;
        }
        self.role_members.push((principal, kind.map(|name| name.ends_with(".group")), role, scope));
        Ok(())
    }

    /// An id as the holder that it is: a group where it says so or is listed as one, else an account.
    pub(super) fn holder(&self, id: &str, is_group: Option<bool>) -> Holder {
        match is_group.unwrap_or_else(|| self.groups.contains(id)) {
            true => Holder::Group(GroupId::of(&self.system, id)),
            false => Holder::Account(AccountId::of(&self.system, id)),
        }
    }

    pub(super) fn is_group(&self, id: &str) -> bool {
        self.groups.contains(id)
    }

    /// How a user is named where somebody reads it: by the principal name, else by the id.
    pub(super) fn named(&self, id: &str) -> String {
        self.logins.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Hands over what needed all objects.
    pub(crate) fn finish(mut self, tally: &mut Tally<'_>) {
        let mut relations = Relations::default();
        if self.users > 0 && self.sign_ins == 0 {
            tally.gap(
                "no user has `signInActivity`, so nobody knows when an account was last used; add it to `$select` \
                 (`AuditLog.Read.All`)"
                    .to_owned(),
            );
        }
        if self.without_status > 0 {
            tally.gap(format!(
                "{} without `accountEnabled`, so nobody knows whether they can sign in; add it to `$select`",
                counted(self.without_status, "user")
            ));
        }
        let without = self.groups.difference(&self.with_members).count() as u64;
        if without > 0 && !self.with_members.is_empty() {
            let groups = counted(without, "group");
            tally.partial(format!("{groups} whose members are not in the export; fetch `/groups/ID/members` of each"));
        }
        if self.expanded_full > 0 {
            tally.partial(format!(
                "{} as many members as `$expand` gives at most; fetch `/groups/ID/members`",
                match self.expanded_full {
                    1 => "1 group has".to_owned(),
                    more => format!("{more} groups have"),
                }
            ));
        }
        for (member, is_group, group) in std::mem::take(&mut self.members) {
            relations.member(tally, self.holder(&member, is_group), group, Valid::ALWAYS);
        }
        self.finish_roles(&mut relations, tally);
        self.finish_owned_groups(&mut relations, tally);
        self.finish_apps(&mut relations, tally);
    }

    fn finish_roles(&mut self, relations: &mut Relations, tally: &mut Tally<'_>) {
        let mut made: HashSet<(String, String)> = HashSet::new();
        for (principal, is_group, role, scope) in std::mem::take(&mut self.role_members) {
            let known = self.roles.get(&role).cloned();
            let (name, rights) = known.unwrap_or_else(|| (String::new(), rights::of_role(&role, "")));
            let name = if name.is_empty() { role.clone() } else { name };
            let scope = scope.trim_matches('/').to_owned();
            let (native, place) = match scope.as_str() {
                "" if rights == Rights::ADMIN => (format!("role/{role}"), "*".to_owned()),
                "" => (format!("role/{role}"), "directory".to_owned()),
                scope => (format!("role/{role}/{scope}"), format!("directory/{scope}")),
            };
            let group = GroupId::of(&self.system, &native);
            if made.insert((role, scope)) {
                facts::hand_group(tally, group.clone(), &format!("role {name}"), Valid::ALWAYS);
                let resource = ResourceId::of(&self.system, &place);
                relations.grant(tally, facts::grant(Holder::Group(group.clone()), resource, rights), Valid::ALWAYS);
            }
            relations.member(tally, self.holder(&principal, is_group), group, Valid::ALWAYS);
        }
    }

    /// An owner of a group may put anybody in it.
    fn finish_owned_groups(&mut self, relations: &mut Relations, tally: &mut Tally<'_>) {
        let rights = Rights::WRITE.with(Rights::GRANT);
        for (of, owner) in self.owners.iter().filter(|(of, _)| self.groups.contains(of)) {
            let resource = ResourceId::of(&self.system, &format!("group/{of}"));
            relations.grant(tally, facts::grant(self.holder(owner, None), resource, rights), Valid::ALWAYS);
        }
    }
}

pub(super) fn status(enabled: Option<bool>) -> AccountStatus {
    match enabled {
        Some(true) => AccountStatus::Enabled,
        Some(false) => AccountStatus::Disabled,
        None => AccountStatus::Unknown,
    }
}

/// The last sign-in of any kind: by a person, by a client on their behalf.
fn last_sign_in(fields: &Fields<'_>) -> Result<Option<sever_model::EventTime>, Reason> {
    let Some(activity) = fields.object("signInActivity")? else { return Ok(None) };
    let times = [
        activity.time("lastSignInDateTime")?,
        activity.time("lastNonInteractiveSignInDateTime")?,
        activity.time("lastSuccessfulSignInDateTime")?,
    ];
    Ok(times.into_iter().flatten().max())
}
