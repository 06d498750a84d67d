//! `get-account-authorization-details`: users, groups, roles and policies of an AWS account.
//!
//! A managed policy is a group whose members hold its rights; an inline policy's rights are its
//! owner's. A role is both an account, for that is who acts in CloudTrail, and a group of all who may
//! assume it, so that its rights are theirs. Who may assume a role is whom its trust policy names; where
//! it names its whole account, everybody whose own policies allow `sts:AssumeRole` on it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, EventTime, GroupId, Holder, ResourceId, Rights, SystemId, Valid,
};

use super::actions::glob;
use super::policy::{self, Allowed, Broadened, Trusted};
use crate::gathered::{self, Gathered, since};
use crate::members::{is_true, list, need, text, time};
use crate::row::counted;
use crate::tally::Tally;

/// The arrays of the answer.
pub(crate) const SECTIONS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

/// Everything that needs the whole answer before it can be said.
pub(crate) struct Details {
    system: SystemId,
    /// Groups by their name, for users name them so.
    groups: BTreeMap<String, String>,
    /// Users and the names of their groups.
    in_groups: Vec<(AccountId, String)>,
    /// Holders and the ARNs of policies attached to them.
    attached: Vec<(Holder, String)>,
    policies: BTreeSet<String>,
    /// Who may assume what, as their own policies say.
    assumes: Vec<(Holder, String)>,
    /// Roles and whom they trust.
    roles: BTreeMap<String, Trusted>,
    boundaries: u64,
    broadened: Broadened,
}

/// The account of an ARN.
pub(crate) fn account_id(system: &SystemId, arn: &str) -> AccountId {
    AccountId::of(system, arn)
}

fn group_id(system: &SystemId, arn: &str) -> GroupId {
    GroupId::of(system, arn)
}

impl Details {
    pub(crate) fn new(system: &SystemId) -> Details {
        Details {
            system: system.clone(),
            groups: BTreeMap::new(),
            in_groups: Vec::new(),
            attached: Vec::new(),
            policies: BTreeSet::new(),
            assumes: Vec::new(),
            roles: BTreeMap::new(),
            boundaries: 0,
            broadened: Broadened::default(),
        }
    }

    /// Takes one element of one of the arrays.
    pub(crate) fn take(&mut self, section: &str, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        match section {
            "UserDetailList" => self.user(value, into),
            "GroupDetailList" => self.group(value, into),
            "RoleDetailList" => self.role(value, into),
            _ => self.policy(value, into),
        }
    }

    fn user(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (arn, name) = (need(value, "/Arn")?, need(value, "/UserName")?);
        let made = time(value, "/CreateDate")?;
        let id = account_id(&self.system, arn);
        let account = tagged(value, Account { status: AccountStatus::Enabled, ..gathered::account(id.clone(), name) });
        into.account(account, since(made))?;
        for group in list(value, "/GroupList").iter().filter_map(Value::as_str) {
            self.in_groups.push((id.clone(), group.to_owned()));
        }
        self.held(value, &Holder::Account(id), arn, "/UserPolicyList", into)
    }

    fn group(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (arn, name) = (need(value, "/Arn")?, need(value, "/GroupName")?);
        let id = group_id(&self.system, arn);
        into.group(id.clone(), name, since(time(value, "/CreateDate")?))?;
        self.groups.insert(name.to_owned(), arn.to_owned());
        self.held(value, &Holder::Group(id), arn, "/GroupPolicyList", into)
    }

    fn role(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (arn, name) = (need(value, "/Arn")?, need(value, "/RoleName")?);
        let made = since(time(value, "/CreateDate")?);
        let last_used = time(value, "/RoleLastUsed/LastUsedDate")?;
        let trust = value.get("AssumeRolePolicyDocument").ok_or(Reason::Missing("AssumeRolePolicyDocument"))?;
        let trusted = policy::trusted(&policy::document(trust)?, &mut self.broadened);
        let id = account_id(&self.system, arn);
        let account = Account {
            kind: AccountKind::Service,
            status: AccountStatus::Enabled,
            last_used,
            ..gathered::account(id.clone(), name)
        };
        into.account(tagged(value, account), made)?;
        let group = group_id(&self.system, arn);
        into.group(group.clone(), &format!("whoever may assume the role {name}"), made)?;
        into.member(Holder::Account(id), group.clone(), Valid::ALWAYS);
        self.roles.insert(arn.to_owned(), trusted);
        self.held(value, &Holder::Group(group), arn, "/RolePolicyList", into)
    }

    fn policy(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let (arn, name) = (need(value, "/Arn")?, need(value, "/PolicyName")?);
        let versions = list(value, "/PolicyVersionList");
        let current = versions.iter().find(|version| is_true(version, "/IsDefaultVersion")).or(versions.first());
        let current = current.ok_or(Reason::Missing("PolicyVersionList"))?;
        let document = current.get("Document").ok_or(Reason::Missing("Document"))?;
        let allowed = policy::allowed(&policy::document(document)?, partition(arn), &mut self.broadened);
        let id = group_id(&self.system, arn);
        into.group(id.clone(), &format!("policy {name}"), since(time(value, "/CreateDate")?))?;
        self.policies.insert(arn.to_owned());
        // A version's rights are those of its making; the ones before it are not read.
        self.allow(&Holder::Group(id), allowed, since(time(current, "/CreateDate")?), into);
        Ok(())
    }

    /// What a user, group or role has by policies of its own and by attached ones.
    fn held(
        &mut self,
        value: &Value,
        holder: &Holder,
        arn: &str,
        inline: &'static str,
        into: &mut Gathered,
    ) -> Result<(), Reason> {
        self.boundaries += u64::from(value.get("PermissionsBoundary").is_some_and(Value::is_object));
        for attached in list(value, "/AttachedManagedPolicies") {
            self.attached.push((holder.clone(), need(attached, "/PolicyArn")?.to_owned()));
        }
        for own in list(value, inline) {
            let document = own.get("PolicyDocument").ok_or(Reason::Missing("PolicyDocument"))?;
            let allowed = policy::allowed(&policy::document(document)?, partition(arn), &mut self.broadened);
            self.allow(holder, allowed, Valid::ALWAYS, into);
        }
        Ok(())
    }

    fn allow(&mut self, holder: &Holder, allowed: Allowed, valid: Valid, into: &mut Gathered) {
        for (arn, rights) in allowed.rights {
            let resource = ResourceId::of(&self.system, &arn);
            let grant =
                sever_model::Grant { holder: holder.clone(), resource, rights, granted_by: None, last_used: None };
            into.grant(grant, valid);
        }
        self.assumes.extend(allowed.assumes.into_iter().map(|role| (holder.clone(), role)));
    }

    /// Says what needed the whole answer.
    pub(crate) fn finish(self, into: &mut Gathered, tally: &mut Tally<'_>) {
        let mut unlisted = BTreeSet::new();
        for (user, name) in &self.in_groups {
            match self.groups.get(name) {
                Some(arn) => into.member(Holder::Account(user.clone()), group_id(&self.system, arn), Valid::ALWAYS),
                None => drop(unlisted.insert(name.as_str())),
            }
        }
        if !unlisted.is_empty() {
            tally.partial(format!(
                "{} that users are in but the export does not hold; export without `--filter`",
                counted(unlisted.len() as u64, "group")
            ));
        }
        let mut unread = BTreeSet::new();
        for (holder, arn) in &self.attached {
            if !self.policies.contains(arn) {
                unread.insert(arn.as_str());
            }
            let id = group_id(&self.system, arn);
            into.group_or(&id, &format!("policy {}", arn.rsplit('/').next().unwrap_or(arn)));
            into.member(holder.clone(), id, Valid::ALWAYS);
        }
        if let Some(first) = unread.first() {
            tally.partial(format!(
                "{} attached, such as `{first}`, but not in the export: what they allow is not known",
                counted(unread.len() as u64, "policy").replace("policys", "policies")
            ));
        }
        let mut trust = Trust { details: &self, into, foreign: BTreeSet::new(), open: Vec::new(), services: 0 };
        for (role, trusted) in &self.roles {
            trust.role(role, trusted);
        }
        trust.tell(tally);
        self.tell(tally);
    }

    fn tell(&self, tally: &mut Tally<'_>) {
        let Broadened { denials, conditions, exceptions, wildcards, variables } = &self.broadened;
        let told = [
            (*denials, "statement", "what policies deny is not taken away"),
            (*conditions, "statement", "conditions are not weighed"),
            (*exceptions, "statement", "what allows all but what it names is read as more than that"),
            (*wildcards, "resource", "a wildcard in the midst is read as all that begins so"),
            (*variables, "resource", "a variable is read as everybody's"),
            (self.boundaries, "principal", "permissions boundaries are not taken away"),
        ];
        for (count, noun, what) in told.into_iter().filter(|(count, ..)| *count > 0) {
            tally.gap(format!("{what} ({}): who could may be too many", counted(count, noun)));
        }
    }
}

/// Finds out who may assume roles.
struct Trust<'a> {
    details: &'a Details,
    into: &'a mut Gathered,
    /// Accounts, providers and sessions that are not listed here.
    foreign: BTreeSet<String>,
    /// Roles that anybody in AWS may assume.
    open: Vec<String>,
    services: u64,
}

impl Trust<'_> {
    fn role(&mut self, role: &str, trusted: &Trusted) {
        let system = &self.details.system;
        let group = group_id(system, role);
        self.services += trusted.services.len() as u64;
        for principal in &trusted.principals {
            let own = account_number(role);
            let number = account_number(principal).or(Some(principal.as_str()).filter(|text| is_number(text)));
            if principal == "*" {
                self.open.push(role.to_owned());
            } else if is_number(principal) || principal.ends_with(":root") {
                if number.is_some() && number == own {
                    self.whole_account(role, &group);
                } else {
                    self.stranger(principal, &group);
                }
            } else if let Some(role) =
                session_role(principal).or(Some(principal.clone())).filter(|arn| self.is_role(arn))
            {
                self.into.member(Holder::Group(group_id(system, &role)), group.clone(), Valid::ALWAYS);
            } else if self.into.has_account(&account_id(system, principal)) {
                self.into.member(Holder::Account(account_id(system, principal)), group.clone(), Valid::ALWAYS);
            } else {
                self.stranger(principal, &group);
            }
        }
        for provider in &trusted.federated {
            self.stranger(provider, &group);
        }
    }

    fn is_role(&self, arn: &str) -> bool {
        self.details.roles.contains_key(arn)
    }

    /// The role trusts its account, which leaves it to the principals' own policies.
    fn whole_account(&mut self, role: &str, group: &GroupId) {
        for (holder, pattern) in &self.details.assumes {
            if glob(pattern, role) && *holder != Holder::Group(group.clone()) {
                self.into.member(holder.clone(), group.clone(), Valid::ALWAYS);
            }
        }
    }

    /// Somebody whom this export does not list: a group of unknown members.
    fn stranger(&mut self, principal: &str, group: &GroupId) {
        let id = group_id(&self.details.system, principal);
        self.into.group_or(&id, principal);
        self.into.member(Holder::Group(id), group.clone(), Valid::ALWAYS);
        self.foreign.insert(principal.to_owned());
    }

    fn tell(self, tally: &mut Tally<'_>) {
        if let Some(first) = self.foreign.first() {
            tally.gap(format!(
                "roles trust {} that the export does not list, such as `{first}`: who they are is not known",
                counted(self.foreign.len() as u64, "principal")
            ));
        }
        if let Some(first) = self.open.first() {
            tally.gap(format!("EVERYBODY may assume {}, such as `{first}`", counted(self.open.len() as u64, "role")));
        }
        if self.services > 0 {
            tally.gap(format!(
                "{} of AWS services by roles: who may run code there is not followed",
                counted(self.services, "trust")
            ));
        }
    }
}

/// What tags say of an account, by the names that companies use for them.
fn tagged(value: &Value, mut account: Account) -> Account {
    for tag in list(value, "/Tags") {
        let (Some(key), Some(said)) = (text(tag, "/Key"), text(tag, "/Value")) else { continue };
        match crate::columns::normal(key).as_str() {
            "owner" => account.owner = Some(said.to_owned()),
            "createdby" => account.created_by = Some(said.to_owned()),
            "email" | "mail" if said.contains('@') => account.emails = vec![said.to_lowercase()],
            "employeenumber" | "employeeid" => account.employee_number = Some(said.to_owned()),
            "name" | "fullname" | "displayname" => account.display_name = said.to_owned(),
            _ => {}
        }
    }
    if account.login.contains('@') && account.emails.is_empty() {
        account.emails = vec![account.login.to_lowercase()];
    }
    account
}

/// The root user of an account, who may do everything in it.
pub(crate) fn root(system: &SystemId, arn: &str, made: Option<EventTime>, into: &mut Gathered) -> Result<(), Reason> {
    let id = account_id(system, arn);
    let account = Account {
        kind: AccountKind::Shared,
        status: AccountStatus::Enabled,
        display_name: "the root user of the account".to_owned(),
        ..gathered::account(id.clone(), "root")
    };
    into.account(account, since(made))?;
    into.right(Holder::Account(id), ResourceId::of(system, "*"), Rights::ADMIN);
    Ok(())
}

/// The partition of an ARN: `aws`, `aws-cn`.
fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws")
}

/// The twelve digits of an ARN's account.
pub(crate) fn account_number(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|part| is_number(part))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The role of a session's ARN, without the path that such ARNs leave out.
fn session_role(arn: &str) -> Option<String> {
    let (head, rest) = arn.split_once(":assumed-role/")?;
    let role = rest.split('/').next()?;
    Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)))
}
