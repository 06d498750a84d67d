//! Trying keys and sessions at STS and IAM, with their own secret, or by the key's id alone.
//!
//! AWS looks up a key's id before it checks a signature: a key that is gone or off answers
//! `InvalidClientTokenId`, and one that lives answers `SignatureDoesNotMatch` to a secret that is made up. So
//! whether a key lives can be asked without its secret, and nothing is locked out by asking.
//! `GetCallerIdentity` is denied by no policy: it proves the key, and never the rights.

use serde_json::Value;
use sever_model::act::{ActError, Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Secret, Span, UnknownWhy, VerdictStrength};
use sha2::{Digest, Sha256};

use super::account::{Account, DENY_ALL, deny_before};
use super::action::deny_all;
use super::policy;
use super::wire::{Answered, Keys, Service};
use super::xml::Xml;

/// What was said to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is whose it says it is; or it may.
    Yes,
    /// There is no such key that works.
    NoSuchKey,
    /// There is, and the secret is another.
    OtherSecret,
    /// It works, and may not do that.
    Denied,
    /// It worked, and its time is over.
    Expired,
    Failed(UnknownWhy, String),
}

impl Said {
    /// What an answer says.
    pub(crate) fn of(answer: Result<Answered, ActError>) -> Said {
        match answer {
            Ok(Answered::Yes(_)) => Said::Yes,
            Ok(Answered::No { code, message }) => match code.as_str() {
                "InvalidClientTokenId" => Said::NoSuchKey,
                // A signature that is too old says nothing of the key: our clock is wrong.
                "SignatureDoesNotMatch" if message.starts_with("Signature ") => {
                    Said::Failed(UnknownWhy::ControlFailed, message)
                }
                "SignatureDoesNotMatch" => Said::OtherSecret,
                "AccessDenied" | "AccessDeniedException" => Said::Denied,
                "ExpiredToken" | "ExpiredTokenException" => Said::Expired,
                "RequestExpired" => Said::Failed(UnknownWhy::ControlFailed, code),
                _ => Said::Failed(UnknownWhy::Unexpected, code),
            },
            Err(error) => Said::Failed(why(&error), error.to_string()),
        }
    }

    fn words(&self) -> &str {
        match self {
            Said::Yes => "answered",
            Said::NoSuchKey => "InvalidClientTokenId",
            Said::OtherSecret => "SignatureDoesNotMatch",
            Said::Denied => "AccessDenied",
            Said::Expired => "ExpiredToken",
            Said::Failed(_, what) => what,
        }
    }

    /// Whether it shows that the key lives.
    fn lives(&self) -> bool {
        matches!(self, Said::Yes | Said::OtherSecret | Said::Denied)
    }
}

/// What was said of a key's identity, as a state. `with_secret` tells whether the key's own signed.
pub(crate) fn decide_key(said: &Said, with_secret: bool, never: &Said, twin: Option<&Said>) -> DoorState {
    let unknown = DoorState::Unknown;
    match said {
        Said::Yes | Said::Denied => DoorState::Open { until: None },
        Said::OtherSecret if with_secret => unknown(UnknownWhy::ControlFailed),
        // A place that says so of any id has said nothing about this one.
        Said::OtherSecret if *never == Said::NoSuchKey => DoorState::Open { until: None },
        Said::OtherSecret => unknown(UnknownWhy::ControlFailed),
        Said::NoSuchKey => match (never, twin) {
            (_, None) => unknown(UnknownWhy::Ambiguous),
            (Said::NoSuchKey, Some(Said::Yes)) => DoorState::Closed,
            (Said::Failed(why, _), _) | (_, Some(Said::Failed(why, _))) => unknown(*why),
            _ => unknown(UnknownWhy::ControlFailed),
        },
        Said::Expired => unknown(UnknownWhy::Unexpected),
        Said::Failed(why, _) => unknown(*why),
    }
}

/// What was said to a session that tried to do something, as a state.
pub(crate) fn decide_session(said: &Said, twin: Option<&Said>) -> DoorState {
    let unknown = DoorState::Unknown;
    match (said, twin) {
        (Said::Yes, _) => DoorState::Open { until: None },
        (Said::Denied | Said::Expired, Some(Said::Yes)) => DoorState::Closed,
        (Said::Denied | Said::Expired, None) => unknown(UnknownWhy::Ambiguous),
        (Said::Denied | Said::Expired, Some(Said::Failed(why, _))) | (Said::Failed(why, _), _) => unknown(*why),
        (Said::Denied | Said::Expired, _) => unknown(UnknownWhy::ControlFailed),
        // A token that was mangled is answered so too.
        (Said::NoSuchKey | Said::OtherSecret, _) => unknown(UnknownWhy::ControlFailed),
    }
}

impl Probe for Account {
    fn window(&self, _door: &Door) -> Span {
        self.window
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        match door.kind {
            // Only keys of AWS's own interfaces sign; a service's credential opens that service alone.
            DoorKind::ApiKey => self.key(door, trial, cx),
            DoorKind::Session => match trial.secret.and_then(Keys::session) {
                Some(keys) => self.session(&keys, trial, cx),
                None => self.looked_at(door, trial, cx),
            },
            DoorKind::Login | DoorKind::SshKey | DoorKind::Secret | DoorKind::Certificate | DoorKind::Membership => {
                self.looked_at(door, trial, cx)
            }
            _ => unknown(UnknownWhy::NoProbe, "no door of IAM's".to_owned()),
        }
    }
}

impl Account {
    fn identity(&self, keys: &Keys, agent: &str, cx: &Cx<'_>) -> Said {
        Said::of(self.place.ask(Service::Sts, keys, "GetCallerIdentity", &[], agent, cx))
    }

    fn key(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let agent = agent(trial);
        // 40 characters, like a real one, that sign nothing.
        let made_up = base64_of(&Sha256::digest(cx.secrets.derive(&format!("{}/{}", door.id, trial.nonce)).expose()));
        let secret = trial.secret.map(secret_of);
        let keys = Keys::new(&door.native, secret.as_ref().map_or(made_up.as_str(), |secret| secret.expose()));
        let said = self.identity(&keys, &agent, cx);
        let mut evidence = format!("sts:GetCallerIdentity: {}", said.words());
        if said == Said::Yes {
            let may = Said::of(self.place.ask(Service::Iam, &keys, self.trial, &[], &agent, cx));
            evidence.push_str(&format!("; iam:{}: {}", self.trial, may.words()));
        }
        let mut controls = Vec::new();
        let (mut never, mut twin) = (Said::NoSuchKey, None);
        if matches!(said, Said::NoSuchKey | Said::OtherSecret) {
            // Ids are twenty characters; this one was never given out but by a chance of 1 in 10^24.
            let id: String = base32_of(&Sha256::digest(&made_up)).chars().take(16).collect();
            never = self.identity(&Keys::new(&format!("AKIA{id}"), &made_up), &agent, cx);
            controls.push(Control {
                kind: ControlKind::Negative,
                what: "sts:GetCallerIdentity by an id that was never given out".to_owned(),
                answer: never.words().to_owned(),
                held: never == Said::NoSuchKey,
            });
        }
        if said == Said::NoSuchKey {
            twin = self.twin.as_ref().map(|twin| {
                let answer = self.identity(twin, &agent, cx);
                controls.push(positive("sts:GetCallerIdentity by the twin".to_owned(), &answer));
                answer
            });
        }
        let state = decide_key(&said, secret.is_some(), &never, twin.as_ref());
        let strength = if secret.is_some() { VerdictStrength::Tried } else { VerdictStrength::Observed };
        if secret.is_none() && said.lives() {
            evidence.push_str(" to a made-up secret, so the key lives");
        }
        if self.keys.is_some() && state != (DoorState::Open { until: None }) {
            evidence.push_str(&format!("; IAM lists it as {}", self.listed_status(door, cx)));
        }
        Tried { state, strength, evidence, controls }
    }

    /// What IAM's listing says of a key, for the evidence: it may say `Inactive` of one that works.
    fn listed_status(&self, door: &Door, cx: &Cx<'_>) -> String {
        match self.list("ListAccessKeys", &[("UserName", door.attribute("user"))], cx) {
            Ok(keys) => {
                let key = keys.iter().find(|key| key.text("AccessKeyId") == door.native);
                key.map_or("not there", |key| key.text("Status")).to_owned()
            }
            Err(error) => error.to_string(),
        }
    }

    fn session(&self, keys: &Keys, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let agent = agent(trial);
        let ask = |keys: &Keys| Said::of(self.place.ask(Service::Iam, keys, self.trial, &[], &agent, cx));
        let said = ask(keys);
        let mut controls = Vec::new();
        let twin = self.twin.as_ref().filter(|_| said != Said::Yes).map(|twin| {
            let answer = ask(twin);
            controls.push(positive(format!("iam:{} by the twin", self.trial), &answer));
            answer
        });
        let state = decide_session(&said, twin.as_ref());
        let evidence = format!("iam:{}: {}", self.trial, said.words());
        Tried { state, strength: VerdictStrength::Tried, evidence, controls }
    }

    /// Looks whether it is there, with the probing key.
    fn looked_at(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let Some(keys) = &self.keys else {
            return unknown(UnknownWhy::NothingToTry, "no key is set that could look".to_owned());
        };
        let (agent, user) = (agent(trial), door.attribute("user"));
        let is_role = !door.attribute("role").is_empty();
        // Whoever sees the user, or that there is none, sees what is the user's.
        let (action, of) = match is_role {
            true => ("GetRole", ("RoleName", door.attribute("role"))),
            false => ("GetUser", ("UserName", user)),
        };
        let whole = self.place.ask(Service::Iam, keys, action, &[of], &agent, cx).and_then(|it| it.there(action));
        let whole = match whole {
            Ok(whole) => whole,
            Err(error) => return unknown(why(&error), error.to_string()),
        };
        let control = Control {
            kind: ControlKind::Positive,
            what: format!("iam:{action} by the same key"),
            answer: whole.as_ref().map_or("NoSuchEntity", |_| "answered").to_owned(),
            held: true,
        };
        let seen = match &whole {
            // What is of somebody who is gone is gone.
            None => Ok(Look::Gone("NoSuchEntity".to_owned())),
            Some(whole) => self.look(door, keys, whole, &agent, cx),
        };
        let (state, evidence) = match seen {
            Ok(Look::There(evidence)) => (DoorState::Open { until: None }, evidence),
            Ok(Look::Gone(evidence)) => (DoorState::Closed, evidence),
            Err(error) => (DoorState::Unknown(why(&error)), error.to_string()),
        };
        Tried { state, strength: VerdictStrength::Observed, evidence, controls: vec![control] }
    }

    fn look(&self, door: &Door, keys: &Keys, whole: &Xml, agent: &str, cx: &Cx<'_>) -> Result<Look, ActError> {
        let (user, role) = (door.attribute("user"), door.attribute("role"));
        let one = |action: &str, parameters: &[(&str, &str)]| {
            self.place.ask(Service::Iam, keys, action, parameters, agent, cx).and_then(|it| it.there(action))
        };
        let list = |action: &str| self.place.list(keys, action, &[("UserName", user)], agent, cx);
        let there = |is: bool, what: &str| {
            if is { Look::There(format!("{what}: there")) } else { Look::Gone(format!("{what}: not there")) }
        };
        let with_status = |action: &str, id: &str| -> Result<Look, ActError> {
            let listed = list(action)?;
            let found = listed.iter().find(|it| it.text(id) == door.native);
            Ok(match found.map(|it| it.text("Status")) {
                None => Look::Gone(format!("iam:{action}: not there")),
                Some("Inactive") => Look::Gone(format!("iam:{action}: said to be inactive")),
                Some(_) => Look::There(format!("iam:{action}: there")),
            })
        };
        match door.kind {
            DoorKind::Login => {
                Ok(there(one("GetLoginProfile", &[("UserName", user)])?.is_some(), "iam:GetLoginProfile"))
            }
            DoorKind::SshKey => with_status("ListSSHPublicKeys", "SSHPublicKeyId"),
            DoorKind::Secret => with_status("ListServiceSpecificCredentials", "ServiceSpecificCredentialId"),
            DoorKind::Certificate => with_status("ListSigningCertificates", "CertificateId"),
            DoorKind::Session => {
                let name = if role.is_empty() { DENY_ALL.to_owned() } else { deny_before(user) };
                let (action, of) = match role.is_empty() {
                    true => ("GetUserPolicy", ("UserName", user)),
                    false => ("GetRolePolicy", ("RoleName", role)),
                };
                let policy = one(action, &[of, ("PolicyName", &name)])?;
                let document =
                    policy.as_ref().and_then(|xml| xml.anywhere("PolicyDocument")).map(|it| it.own().to_owned());
                let document = document.and_then(|text| policy::document(&Value::String(text)).ok());
                let denies =
                    document.is_some_and(|it| if role.is_empty() { it == deny_all() } else { denies_before(&it) });
                Ok(match denies {
                    true => Look::Gone(format!("iam:{action}: `{name}` denies them")),
                    false => Look::There(format!("iam:{action}: no `{name}` that denies them")),
                })
            }
            _ if !role.is_empty() => {
                let text = whole.anywhere("AssumeRolePolicyDocument").map(|it| it.own().to_owned()).unwrap_or_default();
                let document = policy::document(&Value::String(text));
                let document =
                    document.map_err(|reason| ActError::Unexpected(format!("the role's trust: {reason}")))?;
                let trusted = policy::trusted(&document, &mut policy::Broadened::default());
                let arn = door.attribute("user-arn").to_owned();
                Ok(there(trusted.principals.contains(&arn), "iam:GetRole, whether its trust names them"))
            }
            _ if !door.attribute("group").is_empty() => {
                let group = door.attribute("group");
                let is = list("ListGroupsForUser")?.iter().any(|it| it.text("GroupName") == group);
                Ok(there(is, "iam:ListGroupsForUser"))
            }
            _ if !door.attribute("policy-arn").is_empty() => {
                let arn = door.attribute("policy-arn");
                let is = list("ListAttachedUserPolicies")?.iter().any(|it| it.text("PolicyArn") == arn);
                Ok(there(is, "iam:ListAttachedUserPolicies"))
            }
            _ => {
                let named = [("UserName", user), ("PolicyName", door.attribute("policy"))];
                Ok(there(one("GetUserPolicy", &named)?.is_some(), "iam:GetUserPolicy"))
            }
        }
    }
}

/// Whether something is there.
enum Look {
    There(String),
    Gone(String),
}

/// Whether a policy denies everything to what began before a time, whatever time.
fn denies_before(document: &Value) -> bool {
    let statement = document.pointer("/Statement/0");
    let is =
        |pointer: &str, text: &str| statement.and_then(|it| it.pointer(pointer)).and_then(Value::as_str) == Some(text);
    let time =
        statement.and_then(|it| it.pointer("/Condition/DateLessThan/aws:TokenIssueTime")).and_then(Value::as_str);
    is("/Effect", "Deny") && is("/Action", "*") && is("/Resource", "*") && time.is_some()
}

fn positive(what: String, answer: &Said) -> Control {
    Control { kind: ControlKind::Positive, what, answer: answer.words().to_owned(), held: *answer == Said::Yes }
}

/// The nonce where CloudTrail keeps it.
fn agent(trial: &Trial<'_>) -> String {
    let nonce: String = trial.nonce.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("severance/{nonce}")
}

/// A key's secret: as it is, or in what `aws iam create-access-key` answers.
fn secret_of(text: &Secret<String>) -> Secret<String> {
    let value: Option<Value> = serde_json::from_str(text.expose()).ok();
    let value = value.as_ref().map(|value| value.get("AccessKey").unwrap_or(value));
    let inside = value.and_then(|value| value.get("SecretAccessKey")).and_then(Value::as_str);
    Secret::new(inside.unwrap_or(text.expose().trim()).to_owned())
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes).chars().take(40).collect()
}

/// Letters and digits that ids are made of (RFC 4648 §6).
fn base32_of(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bytes.iter().filter_map(|byte| letters.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect()
}

fn unknown(why: UnknownWhy, evidence: String) -> Tried {
    Tried { state: DoorState::Unknown(why), strength: VerdictStrength::Observed, evidence, controls: Vec::new() }
}

fn why(error: &ActError) -> UnknownWhy {
    match error {
        ActError::Unreachable(_) => UnknownWhy::Unreachable,
        ActError::LostAnswer(_) | ActError::RateLimited(_) => UnknownWhy::TimedOut,
        ActError::NotAllowed { .. } => UnknownWhy::NotPermitted,
        _ => UnknownWhy::Unexpected,
    }
}

#[cfg(test)]
mod tests;
