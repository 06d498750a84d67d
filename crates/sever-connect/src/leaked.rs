//! Secrets that a scanner found in a repository, as facts.
//!
//! A secret in a repository is a credential that is kept there, so that whoever could read the repository
//! could read it; whoever committed it had it. It exists from its first commit on, and removing it in a
//! later one changes nothing, for the history keeps it.
//!
//! A secret's text is used for one thing, to tell whether two findings are of the same secret, by a
//! digest of 48 bits over it with its rule and repository; it is not kept. An AWS access key is named by
//! its id instead, which is no secret, so that it is the very key that IAM lists and CloudTrail names.
//!
//! Bounded by the findings of one report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sever_model::{
    Credential, CredentialId, CredentialKind, Custody, EventTime, Exportable, Holder, PersonId, ResourceId, Strength,
};
use sha2::{Digest, Sha256};

use crate::SourceSettings;
use crate::gathered::{self, Gathered, since};
use crate::row::counted;
use crate::tally::Tally;

/// One finding.
pub(crate) struct Finding<'a> {
    pub(crate) rule: &'a str,
    pub(crate) secret: &'a str,
    /// What tells the finding apart where the secret is not in the report.
    pub(crate) mark: String,
    /// Where it lies.
    pub(crate) place: ResourceId,
    /// File and line, for a reader.
    pub(crate) shown: String,
    pub(crate) commit: &'a str,
    /// The address of who committed it.
    pub(crate) email: Option<String>,
    pub(crate) at: Option<EventTime>,
    /// Whether the scanner tried it and was let in.
    pub(crate) verified: Option<bool>,
}

/// The settings of both scanners.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("repository", "the repository that was scanned, such as `shop/orders`, where the report does not name it"),
    ("github", "the system that GitHub's repositories are listed under (`github`)"),
    ("gitlab", "the system that GitLab's projects are listed under (`gitlab`)"),
    ("aws", "the system that AWS access keys are listed under (`aws`)"),
];

/// Findings by secret.
#[derive(Default)]
pub(crate) struct Leaked {
    found: u64,
    live: u64,
    elsewhere: u64,
    unplaced: u64,
    /// Where each AWS key was first found.
    keys: BTreeMap<CredentialId, ResourceId>,
    into: Gathered,
}

impl Leaked {
    /// Takes a finding.
    pub(crate) fn take(&mut self, settings: &SourceSettings, finding: Finding<'_>) {
        self.found += 1;
        self.live += u64::from(finding.verified == Some(true));
        let id = id_of(settings, &finding);
        let first = self.keys.entry(id.clone()).or_insert_with(|| finding.place.clone());
        self.elsewhere += u64::from(*first != finding.place);
        let fresh = || {
            let credential = Credential {
                kept_at: Some(finding.place.clone()),
                exportable: Exportable::Yes,
                ..gathered::credential(id.clone(), kind_of(finding.rule))
            };
            (credential, since(finding.at))
        };
        let (_, valid) = self.into.credential_or(&id, fresh);
        if let Some(at) = finding.at.filter(|at| *at < valid.earliest_start()) {
            *valid = since(Some(at));
        }
        let Some(email) = finding.email else { return };
        let commit = finding.commit.get(..12).unwrap_or(finding.commit);
        let custody = Custody {
            holder: Holder::Person(PersonId::from(email.to_lowercase())),
            credential: id,
            strength: Strength::Made,
            evidence: format!(
                "commit {commit} put it into {} at {}; its author is whom the commit names, which anybody may write",
                finding.place, finding.shown
            ),
        };
        self.into.custody(custody, since(finding.at));
    }

    /// Notes that a finding's repository is not named.
    pub(crate) fn unplaced(&mut self) {
        self.unplaced += 1;
    }

    /// Hands it all over. Silence ends nothing: a secret that a later scan does not find is as known as before.
    pub(crate) fn finish(self, tally: &mut Tally<'_>) {
        tally.partial(
            "a scan that no longer finds a secret does not make it unknown: nothing is taken as ended".to_owned(),
        );
        if self.live > 0 {
            let of = counted(self.found, "finding");
            tally.gap(format!("{} of {of} opened a door when the scanner tried: rotate these first", self.live));
        }
        if self.elsewhere > 0 {
            tally.gap(format!(
                "{} of keys that lie in several places: who could read them is derived from the first",
                counted(self.elsewhere, "finding")
            ));
        }
        if self.unplaced > 0 {
            tally.gap(format!(
                "{} in a repository that the report does not name: set `map = {{ repository = \"ORG/REPO\" }}`, for \
                 without it nobody can say who could read them",
                counted(self.unplaced, "finding")
            ));
        }
        self.into.finish(tally);
    }
}

fn id_of(settings: &SourceSettings, finding: &Finding<'_>) -> CredentialId {
    if let Some(key) = access_key(finding.secret) {
        let system = settings.map.get("aws").map_or("aws", String::as_str);
        return CredentialId::of(&system.into(), key);
    }
    let hidden = finding.secret.is_empty() || finding.secret == "REDACTED" || finding.secret.ends_with("...");
    let what = if hidden { finding.mark.as_str() } else { finding.secret };
    let digest = Sha256::digest(format!("{}\0{}\0{what}", finding.place, finding.rule));
    let short = digest.iter().take(6).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    });
    CredentialId::of(&settings.system, &format!("{}/{short}", finding.rule))
}

/// The id of an AWS access key: four letters and sixteen letters or digits.
fn access_key(secret: &str) -> Option<&str> {
    let is = secret.len() == 20
        && (secret.starts_with("AKIA") || secret.starts_with("ASIA"))
        && secret.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is.then_some(secret)
}

/// What kind of thing a rule or detector finds, by its name.
fn kind_of(rule: &str) -> CredentialKind {
    let lower = rule.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["aws"]) {
        CredentialKind::ApiKey
    } else if has(&["ssh"]) {
        CredentialKind::SshKey
    } else if has(&["private-key", "privatekey", "private key"]) {
        CredentialKind::SigningKey
    } else if has(&["certificate", "pkcs12"]) {
        CredentialKind::Certificate
    } else if has(&["password", "credentials-in-url", "uri", "ldap", "postgres", "mysql", "mongo", "jdbc", "ftp"]) {
        CredentialKind::Password
    } else if has(&["token", "pat", "jwt", "oauth", "github", "gitlab", "slack", "npm", "bearer"]) {
        CredentialKind::Token
    } else if has(&["api-key", "apikey", "api_key", "access-key", "stripe", "twilio", "sendgrid"]) {
        CredentialKind::ApiKey
    } else {
        CredentialKind::Secret
    }
}

/// The repository of an address (`https://github.com/ORG/REPO.git`, `git@github.com:ORG/REPO`,
/// `…/blob/COMMIT/FILE`) or of a plain `ORG/REPO`, as the source that lists it names it.
pub(crate) fn repository(settings: &SourceSettings, text: &str) -> Option<ResourceId> {
    let text = text.trim();
    let (host, path) = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => match text.split_once(':') {
            Some((at, path)) if at.contains('@') => (at, path),
            Some(_) => return None,
            None => ("github.com", text),
        },
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let system = |name: &'static str| settings.map.get(name).map_or(name, String::as_str);
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_matches('/');
    let gitlab = host.contains("gitlab");
    // GitLab's groups may be nested; what is in a project stands after `/-/`.
    let path = if gitlab { path.split("/-/").next().unwrap_or(path) } else { path };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let named = if gitlab { parts.as_slice() } else { parts.get(..2)? };
    let named = named.join("/");
    let named = named.strip_suffix(".git").unwrap_or(&named);
    if named.is_empty() {
        return None;
    }
    Some(match host {
        "github.com" => ResourceId::of(&system("github").into(), named),
        host if host.starts_with("github.") => ResourceId::of(&system("github").into(), named),
        _ if gitlab => ResourceId::of(&system("gitlab").into(), named),
        host => ResourceId::of(&host.into(), named),
    })
}

#[cfg(test)]
mod tests;
