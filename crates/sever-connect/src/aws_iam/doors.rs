//! The doors of an IAM user, as IAM lists them; and what it does not list, as gaps.

use std::collections::BTreeSet;

use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, CredentialId, Door, DoorKind, DoorList, EventTime, Listing};

use super::account::Account;
use super::actions::glob;
use super::policy::{self, Broadened};
use super::xml::Xml;
use crate::row::{counted, shortened};

impl Doors for Account {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let none = DoorList { doors: Vec::new(), listing: Listing::Complete, gaps: Vec::new() };
        let Some(answer) = self.ask("GetUser", &[("UserName", login)], cx)?.there("GetUser")? else { return Ok(none) };
        let user = answer.anywhere("User").cloned().unwrap_or_default();
        let arn = user.text("Arn").to_owned();
        if arn.is_empty() {
            return Err(ActError::Unexpected("GetUser: a user without an ARN".to_owned()));
        }
        if of.native().starts_with("arn:") && of.native() != arn {
            return Err(ActError::Refused(format!("the user of that name is another: {}", shortened(&arn))));
        }
        let used = time(&user, "PasswordLastUsed");
        let mut found =
            Found { account: self, of, login, arn, cx, doors: Vec::new(), gaps: Vec::new(), documents: Vec::new() };
        found.credentials(used);
        found.rights();
        found.sessions();
        found.roles();
        let listing = if found.gaps.is_empty() { Listing::Complete } else { Listing::Partial };
        found.gaps.push(
            "sessions: AWS lists none, so how many there are, and who has them, is not known; each role that they may \
             assume stands for its sessions"
                .to_owned(),
        );
        found.doors.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(DoorList { doors: found.doors, listing, gaps: found.gaps })
    }
}

/// What is found, as it is put together.
struct Found<'a> {
    account: &'a Account,
    of: &'a AccountId,
    login: &'a str,
    arn: String,
    cx: &'a Cx<'a>,
    doors: Vec<Door>,
    gaps: Vec<String>,
    /// What their policies say, as far as we may read them.
    documents: Vec<serde_json::Value>,
}

impl Found<'_> {
    /// A door with what all of theirs have.
    fn door(&self, kind: DoorKind, native: String, title: String, attributes: &[(&str, &str)]) -> Door {
        let mut door = Door::new(&self.account.system, kind, native);
        door.account = Some(self.of.clone());
        door.title = title;
        door.attributes.insert("user".to_owned(), self.login.to_owned());
        door.attributes.insert("user-arn".to_owned(), self.arn.clone());
        door.attributes.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        door
    }

    /// A listing of the user's; empty, and a gap with the scope, where it fails.
    fn list(&mut self, action: &str) -> Vec<Xml> {
        let listed = self.account.list(action, &[("UserName", self.login)], self.cx);
        listed.unwrap_or_else(|error| self.lacking(action, &error))
    }

    fn lacking<T: Default>(&mut self, action: &str, error: &ActError) -> T {
        self.gaps.push(format!("iam:{action}: {error}"));
        T::default()
    }

    fn credentials(&mut self, password_used: Option<EventTime>) {
        let profile = self.account.ask("GetLoginProfile", &[("UserName", self.login)], self.cx);
        match profile.and_then(|answer| answer.there("GetLoginProfile")) {
            Ok(Some(_)) => {
                let mut door =
                    self.door(DoorKind::Login, format!("{}/password", self.arn), "console password".to_owned(), &[]);
                door.credential = Some(CredentialId::of(&self.account.system, &door.native));
                door.opens = "the console, as the user".to_owned();
                door.last_used = password_used;
                self.doors.push(door);
            }
            Ok(None) => {}
            Err(error) => self.lacking("GetLoginProfile", &error),
        }
        for (action, id, kind, what) in [
            ("ListAccessKeys", "AccessKeyId", DoorKind::ApiKey, "access key"),
            ("ListSSHPublicKeys", "SSHPublicKeyId", DoorKind::SshKey, "SSH key of repositories"),
            ("ListServiceSpecificCredentials", "ServiceSpecificCredentialId", DoorKind::Secret, "service's credential"),
            ("ListSigningCertificates", "CertificateId", DoorKind::Certificate, "signing certificate"),
        ] {
            for listed in self.list(action) {
                let native = listed.text(id).to_owned();
                if native.is_empty() {
                    self.gaps.push(format!("iam:{action}: an element without `{id}`"));
                    continue;
                }
                let status = listed.text("Status");
                let service = listed.text("ServiceName");
                let title =
                    format!("{what} {native}{}", if status == "Inactive" { ", said to be inactive" } else { "" });
                let mut door = self.door(kind, native, title, &[("status", status), ("service", service)]);
                door.credential = Some(CredentialId::of(&self.account.system, &door.native));
                door.opens = if service.is_empty() { "AWS, as the user".to_owned() } else { service.to_owned() };
                if kind == DoorKind::ApiKey {
                    door.last_used = self.last_used(&door.native);
                }
                self.doors.push(door);
            }
        }
    }

    fn last_used(&mut self, key: &str) -> Option<EventTime> {
        let told = self.account.ask("GetAccessKeyLastUsed", &[("AccessKeyId", key)], self.cx);
        match told.and_then(|answer| answer.yes("GetAccessKeyLastUsed")) {
            Ok(xml) => xml.anywhere("AccessKeyLastUsed").and_then(|used| time(used, "LastUsedDate")),
            Err(error) => self.lacking("GetAccessKeyLastUsed", &error),
        }
    }

    /// Groups and policies, and what the policies say.
    fn rights(&mut self) {
        for group in self.list("ListGroupsForUser") {
            let (arn, name) = (group.text("Arn").to_owned(), group.text("GroupName").to_owned());
            let at = [("group", name.as_str())];
            self.doors.push(self.door(
                DoorKind::Membership,
                format!("{arn}#{}", self.login),
                format!("group {name}"),
                &at,
            ));
            self.said_by("ListGroupPolicies", "GetGroupPolicy", "GroupName", &name);
            self.attached("ListAttachedGroupPolicies", "GroupName", &name);
        }
        for (arn, name) in self.attached("ListAttachedUserPolicies", "UserName", self.login) {
            let title = format!("policy {name}");
            let at = [("policy-arn", arn.as_str())];
            self.doors.push(self.door(DoorKind::Membership, format!("{arn}#{}", self.login), title, &at));
        }
        for (name, document) in self.said_by("ListUserPolicies", "GetUserPolicy", "UserName", self.login) {
            // What we put there ourselves lets nobody in.
            if name != super::account::DENY_ALL {
                let at = [("policy", name.as_str()), ("document", document.as_str())];
                let native = format!("{}/policy/{name}", self.arn);
                self.doors.push(self.door(DoorKind::Membership, native, format!("policy {name} of their own"), &at));
            }
        }
    }

    /// Inline policies, each with its document.
    fn said_by(&mut self, list: &str, read: &str, of: &str, name: &str) -> Vec<(String, String)> {
        let listed = self.account.list(list, &[(of, name)], self.cx);
        let listed = listed.unwrap_or_else(|error| self.lacking(list, &error));
        let mut found = Vec::new();
        for policy in listed {
            let policy = policy.own().to_owned();
            let told = self.account.ask(read, &[(of, name), ("PolicyName", &policy)], self.cx);
            match told.and_then(|answer| answer.yes(read)) {
                Ok(xml) => {
                    let document = self.document(xml.anywhere("PolicyDocument"));
                    found.push((policy, document));
                }
                Err(error) => self.lacking(read, &error),
            }
        }
        found
    }

    /// Attached policies, each with its ARN and name, and what they say besides.
    fn attached(&mut self, list: &str, of: &str, name: &str) -> Vec<(String, String)> {
        let listed = self.account.list(list, &[(of, name)], self.cx);
        let listed = listed.unwrap_or_else(|error| self.lacking(list, &error));
        let mut found = Vec::new();
        for policy in listed {
            let (arn, name) = (policy.text("PolicyArn").to_owned(), policy.text("PolicyName").to_owned());
            let version = self.account.ask("GetPolicy", &[("PolicyArn", &arn)], self.cx);
            match version.and_then(|answer| answer.yes("GetPolicy")) {
                Ok(xml) => {
                    let version = xml.anywhere("DefaultVersionId").map_or("v1", Xml::own).to_owned();
                    let asked = [("PolicyArn", arn.as_str()), ("VersionId", version.as_str())];
                    let told = self.account.ask("GetPolicyVersion", &asked, self.cx);
                    match told.and_then(|answer| answer.yes("GetPolicyVersion")) {
                        Ok(xml) => drop(self.document(xml.anywhere("Document"))),
                        Err(error) => self.lacking("GetPolicyVersion", &error),
                    }
                }
                Err(error) => self.lacking("GetPolicy", &error),
            }
            found.push((arn, name));
        }
        found
    }

    /// Takes in a document, and gives it as text.
    fn document(&mut self, said: Option<&Xml>) -> String {
        let text = said.map(Xml::own).unwrap_or_default();
        match policy::document(&serde_json::Value::String(text.to_owned())) {
            Ok(document) => {
                let text = document.to_string();
                self.documents.push(document);
                text
            }
            Err(reason) => {
                self.gaps.push(format!("a policy of theirs cannot be read: {reason}"));
                String::new()
            }
        }
    }

    /// Sessions of the user itself, by `sts:GetSessionToken`: they outlive the key that made them.
    fn sessions(&mut self) {
        let title = "every session of the user that lives".to_owned();
        let mut door = self.door(DoorKind::Session, format!("{}#sessions", self.arn), title, &[]);
        door.opens = "AWS, as the user, for up to 36 hours".to_owned();
        self.doors.push(door);
    }

    /// Roles that they may assume: by name, or because the role leaves it to their own policies.
    fn roles(&mut self) {
        let roles = self.account.list("ListRoles", &[], self.cx);
        let roles = roles.unwrap_or_else(|error| self.lacking("ListRoles", &error));
        let patterns: BTreeSet<String> = {
            let mut broadened = Broadened::default();
            let partition = self.arn.split(':').nth(1).unwrap_or("aws").to_owned();
            let allowed = self.documents.iter().map(|it| policy::allowed(it, &partition, &mut broadened));
            allowed.flat_map(|allowed| allowed.assumes).collect()
        };
        let mut unread = 0u64;
        for role in roles {
            let (arn, name) = (role.text("Arn").to_owned(), role.text("RoleName").to_owned());
            let text = serde_json::Value::String(role.text("AssumeRolePolicyDocument").to_owned());
            let Ok(document) = policy::document(&text) else {
                unread += 1;
                continue;
            };
            let trusted = policy::trusted(&document, &mut Broadened::default());
            let number = super::details::account_number(&self.arn);
            let by_name = trusted.principals.contains(&self.arn);
            let by_anybody = trusted.principals.iter().any(|who| who == "*");
            let by_account = trusted.principals.iter().any(|who| {
                let of = super::details::account_number(who).or(Some(who.as_str()));
                (who.ends_with(":root") || !who.contains(':')) && of == number
            });
            let by_policy = by_account && patterns.iter().any(|pattern| glob(pattern, &arn));
            if by_name {
                let at = [("role", name.as_str()), ("document", &document.to_string())];
                let native = format!("{arn}#{}", self.login);
                let mut door = self.door(DoorKind::Membership, native, format!("role {name} trusts them by name"), &at);
                door.opens = format!("the role {name}");
                self.doors.push(door);
            }
            if by_name || by_anybody || by_policy {
                let at = [("role", name.as_str()), ("role-arn", arn.as_str())];
                let title = format!("every session of the role {name} that lives");
                let mut door = self.door(DoorKind::Session, format!("{arn}#sessions"), title, &at);
                door.opens = format!("the role {name}, for up to 12 hours");
                self.doors.push(door);
            }
        }
        if unread > 0 {
            self.gaps.push(format!("{} whose trust cannot be read", counted(unread, "role")));
        }
    }
}

/// A time of an answer.
fn time(xml: &Xml, name: &str) -> Option<EventTime> {
    EventTime::parse(xml.text(name)).ok()
}
