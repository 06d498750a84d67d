//! Closing an IAM user's doors: denied everything first, then each key, password and right.
//!
//! A policy of the user's own that denies everything is what the user cannot undo, for undoing it is denied
//! too. Sessions of roles are denied by when they began. What is deleted is deleted last.

use serde_json::{Value, json};
use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, StepDraft};

use super::account::{Account, DENY_ALL, deny_before};
use super::policy;

const DENY: &str = "deny-everything";
const DENY_BEFORE: &str = "deny-sessions-until-now";
const UNTRUST: &str = "take-from-role-trust";

/// A change that is one question.
struct Verb {
    verb: &'static str,
    action: &'static str,
    /// Its parameters, each with the argument or, with `=`, the text that it is.
    parameters: &'static [(&'static str, &'static str)],
    /// What undoes it; none where nothing does.
    inverse: Option<&'static str>,
    how: &'static str,
}

const USER: (&str, &str) = ("UserName", "user");

/// Every change that is one question, with those that only undo.
const VERBS: [Verb; 21] = [
    verb(
        "deactivate-access-key",
        "UpdateAccessKey",
        &[USER, ("AccessKeyId", "id"), ("Status", "=Inactive")],
        Some("activate-access-key"),
        "set the access key inactive",
    ),
    verb("activate-access-key", "UpdateAccessKey", &[USER, ("AccessKeyId", "id"), ("Status", "=Active")], None, ""),
    verb("delete-access-key", "DeleteAccessKey", &[USER, ("AccessKeyId", "id")], None, "delete the access key"),
    verb("delete-login-profile", "DeleteLoginProfile", &[USER], None, "delete the console password"),
    verb(
        "deactivate-ssh-key",
        "UpdateSSHPublicKey",
        &[USER, ("SSHPublicKeyId", "id"), ("Status", "=Inactive")],
        Some("activate-ssh-key"),
        "set the SSH key inactive",
    ),
    verb("activate-ssh-key", "UpdateSSHPublicKey", &[USER, ("SSHPublicKeyId", "id"), ("Status", "=Active")], None, ""),
    verb("delete-ssh-key", "DeleteSSHPublicKey", &[USER, ("SSHPublicKeyId", "id")], None, "delete the SSH key"),
    verb(
        "deactivate-service-credential",
        "UpdateServiceSpecificCredential",
        &[USER, ("ServiceSpecificCredentialId", "id"), ("Status", "=Inactive")],
        Some("activate-service-credential"),
        "set the service's credential inactive",
    ),
    verb(
        "activate-service-credential",
        "UpdateServiceSpecificCredential",
        &[USER, ("ServiceSpecificCredentialId", "id"), ("Status", "=Active")],
        None,
        "",
    ),
    verb(
        "delete-service-credential",
        "DeleteServiceSpecificCredential",
        &[USER, ("ServiceSpecificCredentialId", "id")],
        None,
        "delete the service's credential",
    ),
    verb(
        "deactivate-certificate",
        "UpdateSigningCertificate",
        &[USER, ("CertificateId", "id"), ("Status", "=Inactive")],
        Some("activate-certificate"),
        "set the signing certificate inactive",
    ),
    verb(
        "activate-certificate",
        "UpdateSigningCertificate",
        &[USER, ("CertificateId", "id"), ("Status", "=Active")],
        None,
        "",
    ),
    verb(
        "delete-certificate",
        "DeleteSigningCertificate",
        &[USER, ("CertificateId", "id")],
        None,
        "delete the signing certificate",
    ),
    verb(
        "leave-group",
        "RemoveUserFromGroup",
        &[USER, ("GroupName", "group")],
        Some("join-group"),
        "take them out of the group",
    ),
    verb("join-group", "AddUserToGroup", &[USER, ("GroupName", "group")], None, ""),
    verb(
        "detach-policy",
        "DetachUserPolicy",
        &[USER, ("PolicyArn", "policy-arn")],
        Some("attach-policy"),
        "detach the policy",
    ),
    verb("attach-policy", "AttachUserPolicy", &[USER, ("PolicyArn", "policy-arn")], None, ""),
    verb(
        "delete-policy",
        "DeleteUserPolicy",
        &[USER, ("PolicyName", "policy")],
        Some("put-policy"),
        "delete the policy of their own",
    ),
    verb("put-policy", "PutUserPolicy", &[USER, ("PolicyName", "policy"), ("PolicyDocument", "document")], None, ""),
    verb("delete-role-policy", "DeleteRolePolicy", &[("RoleName", "role"), ("PolicyName", "policy")], None, ""),
    verb("trust-role", "UpdateAssumeRolePolicy", &[("RoleName", "role"), ("PolicyDocument", "document")], None, ""),
];

const fn verb(
    verb: &'static str,
    action: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    inverse: Option<&'static str>,
    how: &'static str,
) -> Verb {
    Verb { verb, action, parameters, inverse, how }
}

impl Action for Account {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let last = "it is deleted last, when it has been seen what used it";
        match door.kind {
            DoorKind::Session => vec![self.denied(door)],
            DoorKind::Login => vec![self.one(
                door,
                Phase::Cut,
                "delete-login-profile",
                "the password opens the console; nothing tells what it was, so nothing puts it back",
            )],
            DoorKind::ApiKey => self.twice(door, "deactivate-access-key", "delete-access-key", last),
            DoorKind::SshKey => self.twice(door, "deactivate-ssh-key", "delete-ssh-key", last),
            DoorKind::Secret => self.twice(door, "deactivate-service-credential", "delete-service-credential", last),
            DoorKind::Certificate => self.twice(door, "deactivate-certificate", "delete-certificate", last),
            DoorKind::Membership => vec![self.right(door)],
            _ => Vec::new(),
        }
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        if operation.connection != self.connection {
            return Err(ActError::BadStep(format!("it is for `{}`", operation.connection)));
        }
        let (said, answer) = match operation.verb.as_str() {
            DENY => self.deny(argument(operation, "user")?, cx)?,
            DENY_BEFORE => self.deny_before(argument(operation, "role")?, argument(operation, "user")?, cx)?,
            UNTRUST => self.untrust(argument(operation, "role")?, argument(operation, "user-arn")?, cx)?,
            other => {
                let known = VERBS.iter().find(|verb| verb.verb == other);
                let verb = known.ok_or_else(|| ActError::BadStep(format!("`{other}` is no verb of it")))?;
                self.change(verb, operation, cx)?
            }
        };
        Ok(Receipt { said, answer, at: cx.clock.now() })
    }
}

fn argument<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ActError> {
    let value = operation.arguments.get(name).filter(|value| !value.is_empty());
    value.map(String::as_str).ok_or_else(|| ActError::BadStep(format!("`{name}` is missing")))
}

impl Account {
    fn draft(&self, door: &Door, phase: Phase, verb: &str, how: &str, reason: &str) -> StepDraft {
        let mut arguments = door.attributes.clone();
        arguments.insert("id".to_owned(), door.native.clone());
        arguments.retain(|name, _| !matches!(name.as_str(), "status" | "service"));
        StepDraft {
            phase,
            operation: Operation {
                connection: self.connection.clone(),
                verb: verb.to_owned(),
                target: door.native.clone(),
                arguments,
            },
            how: format!("{how}: {}", door.title),
            reason: reason.to_owned(),
            inverse: Inverse::None,
            breaks: Vec::new(),
            replaces_secret: false,
            window: self.window,
            after: Vec::new(),
        }
    }

    /// A change that is one question, with what undoes it.
    fn one(&self, door: &Door, phase: Phase, name: &str, reason: &str) -> StepDraft {
        let verb = VERBS.iter().find(|verb| verb.verb == name);
        let mut draft = self.draft(door, phase, name, verb.map_or(name, |verb| verb.how), reason);
        if let Some(inverse) = verb.and_then(|verb| verb.inverse) {
            draft.inverse = Inverse::By(Operation { verb: inverse.to_owned(), ..draft.operation.clone() });
        }
        let used =
            door.last_used.map_or("nobody knows when it was last used".to_owned(), |at| format!("last used {at}"));
        draft.breaks.push(format!("whatever uses it: {used}"));
        draft
    }

    /// Switched off first, deleted at the end.
    fn twice(&self, door: &Door, off: &str, gone: &str, last: &str) -> Vec<StepDraft> {
        let first = "it can be switched on again if something needs it; it is one the user cannot use from then on";
        let mut drafts = vec![self.one(door, Phase::Contain, off, first), self.one(door, Phase::Cut, gone, last)];
        // What was off already is not to be switched on by undoing.
        if door.attribute("status") == "Inactive" {
            drafts.retain(|draft| draft.phase == Phase::Cut);
        }
        drafts
    }

    fn right(&self, door: &Door) -> StepDraft {
        let has = |name: &str| !door.attribute(name).is_empty();
        let reason = "a right that comes back when somebody lifts the denial";
        if has("role") {
            let mut draft = self.draft(
                door,
                Phase::Cut,
                UNTRUST,
                "take them out of whom the role trusts",
                "the role names them itself",
            );
            let before = Operation { verb: "trust-role".to_owned(), ..draft.operation.clone() };
            draft.inverse = Inverse::By(before);
            draft.breaks.push("whoever else was added to the role's trust meanwhile, where it is undone".to_owned());
            return draft;
        }
        let verb = match (has("group"), has("policy-arn")) {
            (true, _) => "leave-group",
            (_, true) => "detach-policy",
            _ => "delete-policy",
        };
        self.one(door, Phase::Cut, verb, reason)
    }

    /// Sessions, by a policy: of the user, or of a role.
    fn denied(&self, door: &Door) -> StepDraft {
        let user = door.attribute("user");
        if door.attribute("role").is_empty() {
            let mut draft = self.draft(
                door,
                Phase::Contain,
                DENY,
                "deny the user everything",
                "no session of the user's can be ended, \
                but each is asked of its user's policies every time; and who is denied everything cannot lift it",
            );
            draft.inverse = undo(&draft.operation, "delete-policy", DENY_ALL);
            draft.breaks.push("everything that any key or session of the user does".to_owned());
            return draft;
        }
        let mut draft = self.draft(
            door,
            Phase::Contain,
            DENY_BEFORE,
            "deny what began before now",
            "a session of a role \
            lives on when its user is denied everything; it is denied by when its token was issued",
        );
        draft.inverse = undo(&draft.operation, "delete-role-policy", &deny_before(user));
        draft.breaks.push("every session of the role that began before, whosever: it has to be begun again".to_owned());
        draft
    }

    /// Asks for a change; what is not there any more was done already.
    fn change(&self, verb: &Verb, operation: &Operation, cx: &Cx<'_>) -> Result<(Said, String), ActError> {
        let mut parameters = Vec::new();
        for (name, from) in verb.parameters {
            let value = match from.strip_prefix('=') {
                Some(text) => text,
                None => argument(operation, from)?,
            };
            parameters.push((*name, value));
        }
        let answer = self.ask(verb.action, &parameters, cx)?;
        // Only what takes something away is done where that is not there.
        let takes = !verb.how.is_empty() || verb.verb == "delete-role-policy";
        if takes && answer.code() == "NoSuchEntity" {
            return Ok((Said::Already, format!("{}: NoSuchEntity", verb.action)));
        }
        answer.yes(verb.action)?;
        Ok((Said::Done, format!("{}: 200", verb.action)))
    }

    fn deny(&self, user: &str, cx: &Cx<'_>) -> Result<(Said, String), ActError> {
        let named = [("UserName", user), ("PolicyName", DENY_ALL)];
        let wanted = deny_all();
        let there = self.ask("GetUserPolicy", &named, cx)?.there("GetUserPolicy")?;
        let said =
            there.as_ref().and_then(|xml| xml.anywhere("PolicyDocument")).map(|it| Value::String(it.own().to_owned()));
        if said.and_then(|said| policy::document(&said).ok()) == Some(wanted.clone()) {
            return Ok((Said::Already, format!("the policy `{DENY_ALL}` is there")));
        }
        let document = wanted.to_string();
        let with = [named.as_slice(), &[("PolicyDocument", document.as_str())]].concat();
        self.ask("PutUserPolicy", &with, cx)?.yes("PutUserPolicy")?;
        Ok((Said::Done, format!("PutUserPolicy `{DENY_ALL}`: 200")))
    }

    /// Denies a role's sessions from before now. A denial for the same user that is there stays as it is, so
    /// that doing it again does not cut off whoever began since.
    fn deny_before(&self, role: &str, user: &str, cx: &Cx<'_>) -> Result<(Said, String), ActError> {
        let name = deny_before(user);
        let named = [("RoleName", role), ("PolicyName", name.as_str())];
        if self.ask("GetRolePolicy", &named, cx)?.there("GetRolePolicy")?.is_some() {
            return Ok((Said::Already, format!("the policy `{name}` is there")));
        }
        let document = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": cx.clock.now().to_string()}},
        }]});
        let document = document.to_string();
        let with = [named.as_slice(), &[("PolicyDocument", document.as_str())]].concat();
        self.ask("PutRolePolicy", &with, cx)?.yes("PutRolePolicy")?;
        Ok((Said::Done, format!("PutRolePolicy `{name}`: 200")))
    }

    fn untrust(&self, role: &str, user: &str, cx: &Cx<'_>) -> Result<(Said, String), ActError> {
        let Some(answer) = self.ask("GetRole", &[("RoleName", role)], cx)?.there("GetRole")? else {
            return Ok((Said::Already, "GetRole: NoSuchEntity".to_owned()));
        };
        let text = answer.anywhere("AssumeRolePolicyDocument").map(|it| it.own().to_owned()).unwrap_or_default();
        let document = policy::document(&Value::String(text));
        let document = document.map_err(|reason| ActError::Unexpected(format!("the role's trust: {reason}")))?;
        let Some(left) = without_principal(&document, user) else {
            return Ok((Said::Already, "the role's trust does not name them".to_owned()));
        };
        if left.get("Statement").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let why = "the role trusts nobody else, and a role must trust somebody: give it to somebody, or delete it";
            return Err(ActError::Refused(why.to_owned()));
        }
        let asked = [("RoleName", role), ("PolicyDocument", &left.to_string())];
        self.ask("UpdateAssumeRolePolicy", &asked, cx)?.yes("UpdateAssumeRolePolicy")?;
        Ok((Said::Done, "UpdateAssumeRolePolicy: 200".to_owned()))
    }
}

fn undo(done: &Operation, verb: &str, policy: &str) -> Inverse {
    let mut operation = Operation { verb: verb.to_owned(), ..done.clone() };
    operation.arguments.insert("policy".to_owned(), policy.to_owned());
    Inverse::By(operation)
}

/// The policy that denies everything, without a condition.
pub(crate) fn deny_all() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
}

/// A trust policy that does not name a principal; none where it never did.
pub(crate) fn without_principal(document: &Value, principal: &str) -> Option<Value> {
    let mut left = document.clone();
    let statements = left.get_mut("Statement")?;
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    let mut changed = false;
    statements.as_array_mut()?.retain_mut(|statement| {
        let Some(named) = statement.get_mut("Principal").and_then(Value::as_object_mut) else { return true };
        let gone = match named.get_mut("AWS") {
            Some(Value::String(one)) => one == principal,
            Some(Value::Array(many)) => {
                let before = many.len();
                many.retain(|one| one.as_str() != Some(principal));
                changed |= many.len() != before;
                before > 0 && many.is_empty()
            }
            _ => false,
        };
        if gone {
            changed = true;
            named.remove("AWS");
        }
        !(gone && named.is_empty())
    });
    changed.then_some(left)
}
