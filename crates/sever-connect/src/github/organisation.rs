//! GitHub's answers as facts: people, teams, repositories, keys, tokens, apps, secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, CredentialKind, EventTime, Exportable,
    Grant, GroupId, Holder, ResourceId, Rights, SystemId, Valid,
};

use super::place::{Answer, Owner, org_group, repository, rights_of, team_group};
use crate::gathered::{self, Gathered, since};
use crate::members::{id, is_true, need, owned, text, time};
use crate::tally::Tally;

/// What was read, until all of it is.
pub(crate) struct Organisation {
    system: SystemId,
    /// Accounts by login, for many answers name nothing else.
    logins: BTreeMap<String, AccountId>,
    /// Credentials of owners who are named by login.
    owned: Vec<(Credential, Valid, String)>,
    /// Who may change what: they may read its secrets by a workflow.
    writers: BTreeSet<(Holder, ResourceId)>,
    emails: BTreeMap<String, String>,
    orgs: BTreeSet<String>,
    pub(crate) seen: BTreeSet<&'static str>,
    public: u64,
    requests: u64,
    selected: u64,
}

/// What writing to a repository means for its secrets: a workflow may print them.
const WRITES: Rights = Rights::WRITE;

impl Organisation {
    pub(crate) fn new(system: &SystemId) -> Organisation {
        Organisation {
            system: system.clone(),
            logins: BTreeMap::new(),
            owned: Vec::new(),
            writers: BTreeSet::new(),
            emails: BTreeMap::new(),
            orgs: BTreeSet::new(),
            seen: BTreeSet::new(),
            public: 0,
            requests: 0,
            selected: 0,
        }
    }

    /// Notes that there was such an answer, for an empty one has no element to tell of it.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        let what = match answer {
            Answer::Org => "organisation",
            Answer::Members { owners: true, .. } => "owners",
            Answer::Members { .. } => "members",
            Answer::Teams { .. } => "teams",
            Answer::Repos => "repositories",
            Answer::Collaborators { .. } => "collaborators",
            _ => return,
        };
        self.seen.insert(what);
    }

    /// Takes one element of an answer.
    pub(crate) fn take(&mut self, answer: &Answer, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        match answer {
            Answer::Org => self.org(value, into),
            Answer::Members { org, owners } => self.member(org, *owners, value, into),
            Answer::Outside => self.account(value, into).map(drop),
            Answer::Teams { org } => self.team(org, value, into),
            Answer::TeamMembers { org, team } => {
                let member = Holder::Account(self.account(value, into)?);
                into.member(member, team_group(&self.system, org, team), Valid::ALWAYS);
                Ok(())
            }
            Answer::TeamRepos { org, team } => {
                let repo = need(value, "/full_name")?;
                let group = Holder::Group(team_group(&self.system, org, team));
                self.on_repository(group, repo, role_of(value), into);
                Ok(())
            }
            Answer::Repos => self.repo(value, into),
            Answer::Collaborators { repo } => {
                let account = self.account(value, into)?;
                self.on_repository(Holder::Account(account), repo, role_of(value), into);
                Ok(())
            }
            Answer::Keys { repo } => self.key(repo, value, into),
            Answer::Installations { org } => self.installation(org, value, into),
            Answer::Tokens { org } => self.token(org, value, into),
            Answer::TokenRequests => {
                self.requests += 1;
                Ok(())
            }
            Answer::Authorizations { .. } => self.authorization(value),
            Answer::Secrets { of } => self.secret(of, value, into),
            Answer::Variables { of } => self.variable(of, value, into),
            Answer::Hooks => self.hook(value, into),
        }
    }

    fn org(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let org = need(value, "/login")?;
        self.orgs.insert(org.to_owned());
        let base = rights_of(text(value, "/default_repository_permission").unwrap_or_default());
        let members = org_group(&self.system, org, "members");
        into.group_or(&members, &format!("members of {org}"));
        let every = ResourceId::of(&self.system, &format!("{org}/*"));
        self.right(Holder::Group(members), every, base, into);
        Ok(())
    }

    fn member(&mut self, org: &str, owners: bool, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let member = Holder::Account(self.account(value, into)?);
        self.orgs.insert(org.to_owned());
        let (all, administrators) = (org_group(&self.system, org, "members"), org_group(&self.system, org, "owners"));
        into.group_or(&all, &format!("members of {org}"));
        into.member(member.clone(), all, Valid::ALWAYS);
        if owners || text(value, "/role") == Some("admin") {
            into.group_or(&administrators, &format!("owners of {org}"));
            let every = ResourceId::of(&self.system, &format!("{org}/*"));
            self.right(Holder::Group(administrators.clone()), every, Rights::ADMIN, into);
            into.member(member, administrators, Valid::ALWAYS);
        }
        Ok(())
    }

    fn account(&mut self, value: &Value, into: &mut Gathered) -> Result<AccountId, Reason> {
        let (number, login) = (id(value, "/id")?, need(value, "/login")?);
        let account = AccountId::of(&self.system, &number);
        let is_program = text(value, "/type") == Some("Bot") || login.ends_with("[bot]");
        let kind = if is_program { AccountKind::Service } else { AccountKind::Human };
        into.account_or(&account, || Account {
            kind,
            display_name: owned(value, "/name").unwrap_or_default(),
            emails: text(value, "/email").map(str::to_lowercase).into_iter().collect(),
            status: AccountStatus::Enabled,
            ..gathered::account(account.clone(), login)
        });
        self.logins.insert(login.to_lowercase(), account.clone());
        Ok(account)
    }

    fn team(&mut self, org: &str, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let slug = need(value, "/slug")?;
        let team = team_group(&self.system, org, slug);
        into.group(team.clone(), text(value, "/name").unwrap_or(slug), Valid::ALWAYS)?;
        if let Some(parent) = text(value, "/parent/slug") {
            // A child has what its parent has.
            let parent = team_group(&self.system, org, parent);
            into.member(Holder::Group(team), parent, Valid::ALWAYS);
        }
        Ok(())
    }

    fn repo(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let name = need(value, "/full_name")?;
        let resource = repository(&self.system, name);
        let public = value.get("private").and_then(Value::as_bool) == Some(false);
        let kind = if public { "public repository" } else { "repository" };
        into.resource(resource.clone(), kind, None, since(time(value, "/created_at")?));
        if public {
            self.public += 1;
            let everybody = GroupId::of(&self.system, "everybody");
            into.group_or(&everybody, "everybody in the world");
            into.right(Holder::Group(everybody), resource, Rights::READ);
        }
        Ok(())
    }

    /// A right on a repository.
    fn on_repository(&mut self, holder: Holder, repo: &str, rights: Rights, into: &mut Gathered) {
        let resource = repository(&self.system, repo);
        self.right(holder, resource, rights, into);
    }

    fn right(&mut self, holder: Holder, resource: ResourceId, rights: Rights, into: &mut Gathered) {
        if rights.any(WRITES) {
            self.writers.insert((holder.clone(), resource.clone()));
        }
        into.right(holder, resource, rights);
    }

    fn key(&mut self, repo: &str, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let native = format!("deploy-key/{}", id(value, "/id")?);
        let made = time(value, "/created_at")?;
        let credential = CredentialId::of(&self.system, &native);
        let key = Credential {
            created_by: owned(value, "/added_by"),
            last_used: time(value, "/last_used")?,
            ..gathered::credential(credential.clone(), CredentialKind::SshKey)
        };
        into.credential(key, since(made))?;
        let rights = rights_of(if is_true(value, "/read_only") { "read" } else { "write" });
        self.granted(credential, repository(&self.system, repo), rights, owned(value, "/added_by"), made, into);
        Ok(())
    }

    fn granted(
        &mut self,
        credential: CredentialId,
        resource: ResourceId,
        rights: Rights,
        granted_by: Option<String>,
        made: Option<EventTime>,
        into: &mut Gathered,
    ) {
        let holder = Holder::Credential(credential);
        if rights.any(WRITES) {
            self.writers.insert((holder.clone(), resource.clone()));
        }
        into.grant(Grant { holder, resource, rights, granted_by, last_used: None }, since(made));
    }

    fn installation(&mut self, org: &str, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let native = format!("installation/{}", id(value, "/id")?);
        let slug = need(value, "/app_slug")?;
        let account = AccountId::of(&self.system, &native);
        let suspended = time(value, "/suspended_at")?.is_some();
        let made = since(time(value, "/created_at")?);
        let app = Account {
            kind: AccountKind::Service,
            status: if suspended { AccountStatus::Disabled } else { AccountStatus::Enabled },
            display_name: format!("app {slug}, installed in {org}"),
            ..gathered::account(account.clone(), &format!("{slug}[bot]"))
        };
        into.account(app, made)?;
        self.selected += u64::from(text(value, "/repository_selection") == Some("selected"));
        let every = ResourceId::of(&self.system, &format!("{org}/*"));
        let rights = permissions(value.get("permissions"));
        self.right(Holder::Account(account), every, rights, into);
        Ok(())
    }

    /// A fine-grained personal access token.
    fn token(&mut self, org: &str, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let number = id(value, "/token_id").or_else(|_| id(value, "/id"))?;
        let owner = need(value, "/owner/login")?.to_owned();
        let account = value.get("owner").map(|owner| self.account(owner, into)).transpose()?;
        let credential = CredentialId::of(&self.system, &number);
        let granted = time(value, "/access_granted_at")?;
        let token = Credential {
            account,
            expires_at: time(value, "/token_expires_at")?,
            last_used: time(value, "/token_last_used_at")?,
            ..gathered::credential(credential.clone(), CredentialKind::Token)
        };
        into.credential(token, since(granted))?;
        self.selected += u64::from(text(value, "/repository_selection") == Some("subset"));
        let mut rights = permissions(value.pointer("/permissions/repository"));
        rights = rights.with(permissions(value.pointer("/permissions/organization")));
        let every = ResourceId::of(&self.system, &format!("{org}/*"));
        self.granted(credential, every, rights, Some(owner), granted, into);
        Ok(())
    }

    /// A classic token or SSH key that its owner let into an organisation with single sign-on.
    fn authorization(&mut self, value: &Value) -> Result<(), Reason> {
        let login = need(value, "/login")?.to_owned();
        let number = id(value, "/authorized_credential_id").or_else(|_| id(value, "/credential_id"))?;
        let is_ssh = text(value, "/credential_type").is_some_and(|kind| kind.to_lowercase().contains("ssh"));
        let (native, kind) = if is_ssh {
            (format!("ssh-key/{number}"), CredentialKind::SshKey)
        } else {
            (number, CredentialKind::Token)
        };
        let made = time(value, "/credential_authorized_at")?;
        let credential = Credential {
            last_used: time(value, "/credential_accessed_at")?,
            expires_at: time(value, "/authorized_credential_expires_at")?,
            ..gathered::credential(CredentialId::of(&self.system, &native), kind)
        };
        if self.owned.iter().any(|(held, ..)| held.id == credential.id) {
            return Err(Reason::Conflict(format!("credential `{native}` is there twice")));
        }
        self.owned.push((credential, since(made), login));
        Ok(())
    }

    fn secret(&mut self, of: &Owner, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (credential, valid) = actions_secret(&self.system, of, value)?;
        self.selected += u64::from(text(value, "/visibility") == Some("selected"));
        into.credential(credential, valid)
    }

    fn variable(&mut self, of: &Owner, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (credential, valid) = actions_variable(&self.system, of, value)?;
        into.credential(credential, valid)
    }

    fn hook(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let resource = ResourceId::of(&self.system, &format!("hook/{}", id(value, "/id")?));
        into.resource(resource, "webhook", None, since(time(value, "/created_at")?));
        Ok(())
    }

    /// What the identity provider calls an account: GraphQL's `externalIdentities`.
    pub(crate) fn identities(&mut self, value: &Value) -> u64 {
        let mut found = 0;
        let mut pending = vec![value];
        while let Some(value) = pending.pop() {
            let name = text(value, "/samlIdentity/nameId").or_else(|| text(value, "/scimIdentity/username"));
            if let (Some(login), Some(name)) = (text(value, "/user/login"), name) {
                found += 1;
                self.emails.insert(login.to_lowercase(), name.to_lowercase());
                continue;
            }
            match value {
                Value::Array(elements) => pending.extend(elements),
                Value::Object(members) => pending.extend(members.values()),
                _ => {}
            }
        }
        found
    }

    /// Says what needed all answers.
    pub(crate) fn finish(self, into: &mut Gathered, tally: &mut Tally<'_>) {
        for (login, name) in &self.emails {
            if let Some(id) = self.logins.get(login) {
                let (account, _) = into.account_or(id, || gathered::account(id.clone(), login));
                if name.contains('@') && !account.emails.contains(name) {
                    account.emails.push(name.clone());
                }
            }
        }
        for (credential, valid, login) in self.owned {
            let id = self.logins.get(&login.to_lowercase()).cloned();
            let account = id.unwrap_or_else(|| AccountId::of(&self.system, &login));
            let credential = Credential { account: Some(account), ..credential };
            into.credential_or(&credential.id.clone(), || (credential, valid));
        }
        // A workflow prints what it is given, so that whoever may change one could read its secrets.
        for (holder, resource) in &self.writers {
            let (org, repo) = resource.native().split_once('/').unwrap_or((resource.native(), "*"));
            let own = if repo == "*" { format!("actions:{org}/*") } else { format!("actions:{org}/{repo}/*") };
            let shared = (repo != "*").then(|| format!("actions:{org}/-/*"));
            for place in [Some(own), shared].into_iter().flatten() {
                into.right(holder.clone(), ResourceId::of(&self.system, &place), Rights::READ);
            }
        }
        let told = [
            (
                self.public,
                "repository",
                "everybody in the world could read a secret that was put into a public repository",
            ),
            (self.requests, "request", "a token that waits for approval is none yet"),
            (self.selected, "grant", "what is given to selected repositories is read as to all of the organisation"),
        ];
        for (count, noun, what) in told.into_iter().filter(|(count, ..)| *count > 0) {
            let counted = crate::row::counted(count, noun).replace("repositorys", "repositories");
            tally.gap(format!("{what} ({counted})"));
        }
    }
}

/// A secret of GitHub Actions: its name and place.
pub(crate) fn actions_secret(system: &SystemId, of: &Owner, value: &Value) -> Result<(Credential, Valid), Reason> {
    let place = of.place(need(value, "/name")?);
    let (made, updated) = (time(value, "/created_at")?, time(value, "/updated_at")?);
    let credential = Credential {
        kept_at: Some(ResourceId::of(system, &place)),
        exportable: Exportable::Yes,
        rotated_at: updated,
        ..gathered::credential(CredentialId::of(system, &place), CredentialKind::Secret)
    };
    Ok((credential, since(made)))
}

/// A variable of GitHub Actions, which whoever may read the repository sees.
pub(crate) fn actions_variable(system: &SystemId, of: &Owner, value: &Value) -> Result<(Credential, Valid), Reason> {
    let (secret, valid) = actions_secret(system, of, value)?;
    let place = match of {
        Owner::Org(org) => format!("{org}/-variables"),
        Owner::Repo(repo) | Owner::Environment(repo, _) => repo.clone(),
    };
    Ok((Credential { kept_at: Some(ResourceId::of(system, &place)), ..secret }, valid))
}

/// The role of an account or team on a repository.
fn role_of(value: &Value) -> Rights {
    if let Some(role) = text(value, "/role_name").or_else(|| text(value, "/permission")) {
        // A custom role's name says nothing, its permissions do.
        let named = rights_of(role);
        if named != Rights::READ {
            return named;
        }
    }
    let held = ["admin", "maintain", "push", "triage", "pull"];
    let best = held.iter().find(|role| is_true(value, &format!("/permissions/{role}")));
    best.map_or_else(|| text(value, "/role_name").map_or(Rights::NONE, rights_of), |role| rights_of(role))
}

/// What an app's or a token's permissions come to.
fn permissions(value: Option<&Value>) -> Rights {
    let mut rights = Rights::NONE;
    for (name, level) in value.and_then(Value::as_object).into_iter().flatten() {
        let writes = matches!(level.as_str(), Some("write" | "admin"));
        rights = rights.with(match (name.as_str(), writes) {
            ("contents" | "packages" | "actions", false) => Rights::READ,
            ("contents" | "packages" | "workflows" | "actions", true) => Rights::READ.with(Rights::WRITE),
            ("administration" | "organization_administration", true) => Rights::ADMIN,
            ("members", true) => Rights::CREATE_ACCOUNTS.with(Rights::GRANT),
            ("secrets" | "organization_secrets" | "dependabot_secrets", true) => Rights::WRITE,
            ("organization_hooks" | "repository_hooks" | "webhooks", true) => Rights::AUDIT,
            _ => Rights::NONE,
        });
    }
    rights
}
