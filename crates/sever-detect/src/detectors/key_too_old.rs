//! `key-too-old`: a key or secret has not been rotated for longer than its kind allows.
//!
//! Fires for a credential in use whose secret was last replaced, or made, more than so many days ago:
//! by kind, and by default a year for signing keys (the lower end of NIST SP 800-57 part 1, 5.3.6),
//! SSH keys, tokens, other secrets and the passwords of shared and service accounts, and 90 days for
//! API and access keys (CIS AWS Foundations Benchmark, "access keys are rotated every 90 days or less").
//! Stays quiet for what is retired, expired or not yet active, for accounts that are closed, for the
//! password of a person's own account (NIST SP 800-63B advises against changing those by the calendar),
//! for certificates, which end by themselves, and where nobody knows how old the secret is.
//! Bounded by: nothing is kept.

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, View};
use sever_model::{
    AccountKind, Audience, Bound, Confidence, Credential, CredentialKind, Entry, EventTime, FindingSet, Inventory,
    Meta, Raise, Severity, Span, Stage, Symbols, Thing, ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "key-too-old",
    title: "a key or secret has not been rotated for too long",
    speaks_when: "a credential in use was last rotated, or made, more days ago than its kind allows: 365, and 90 for \
                  API and access keys",
    quiet_when: "it is retired, expired or not yet active, its account is closed, it is a person's own password or a \
                 certificate, or nobody knows how old it is",
    severity: Severity::Low,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1552", "T1078"],
    remediation: "rotate it: make the new one, let what uses it take it up, then retire the old one; and let the next \
                  rotation come by itself",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered =
    Registered { meta: &META, make: |settings| Box::new(KeyTooOld { settings: settings.key_too_old.clone() }) };

/// Thresholds: days after which each kind is too old; 0 turns a kind off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Signing keys.
    pub signing_key_days: u32,
    /// API and access keys.
    pub api_key_days: u32,
    /// SSH keys.
    pub ssh_key_days: u32,
    /// Long-lived tokens.
    pub token_days: u32,
    /// Other secrets.
    pub secret_days: u32,
    /// Passwords of shared and service accounts.
    pub password_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            signing_key_days: 365,
            api_key_days: 90,
            ssh_key_days: 365,
            token_days: 365,
            secret_days: 365,
            password_days: 365,
        }
    }
}

impl Settings {
    /// The days that a credential may go unrotated; `None` where it is not asked to be.
    fn days(&self, credential: &Credential, inventory: &Inventory) -> Option<u32> {
        let days = match credential.kind {
            CredentialKind::SigningKey => self.signing_key_days,
            CredentialKind::ApiKey => self.api_key_days,
            CredentialKind::SshKey => self.ssh_key_days,
            CredentialKind::Token => self.token_days,
            CredentialKind::Secret => self.secret_days,
            CredentialKind::Password if is_common(credential, inventory) => self.password_days,
            CredentialKind::Password | CredentialKind::Certificate => 0,
        };
        (days > 0).then_some(days)
    }
}

struct KeyTooOld {
    settings: Settings,
}

impl Detector for KeyTooOld {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for entry in view.inventory.credentials() {
            if custody::in_use(view.inventory, entry, at) {
                self.stand_credential(entry, at, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

impl KeyTooOld {
    fn stand_credential(&self, entry: &Entry<Credential>, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let Some(days) = self.settings.days(&entry.it, view.inventory) else { return };
        let rotated = custody::rotated(&entry.it, at);
        let Some(since) = rotated.or(made(entry)) else { return };
        let due = since.plus(Span::days(i64::from(days)));
        if due >= at {
            return;
        }
        let age = at.since(since).micros() / Span::days(1).micros();
        let signs = entry.it.kind == CredentialKind::SigningKey;
        let id = entry.it.id.as_str();
        let what = say::credential_kind(entry.it.kind);
        out.raise(&Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Credential, id),
            variant: "",
            // A signing key of twice its time is the one to begin with.
            severity: if signs && age > 2 * i64::from(days) { Severity::Medium } else { Severity::Low },
            confidence: if rotated.is_some() { Confidence::Certain } else { Confidence::Likely },
            stage: Stage::Confirmed,
            was: None,
            at: due,
            known_at: due.max(entry.known_from.as_event()),
            evidence: say::fact(&entry.source, since, if rotated.is_some() { "last rotated" } else { "made" }),
            tell: &|| {
                let done =
                    if rotated.is_some() { "was last rotated" } else { "has not been rotated since it was made" };
                let title = format!("{what} `{id}` {done} on {}, {age} days ago", say::day(since));
                let last = rotated.map_or_else(|| "never, as far as known".to_owned(), |at| at.to_string());
                let mut inputs = vec![say::input("last rotated", last), say::input("days allowed", days)];
                if let Some(used) = entry.it.last_used {
                    inputs.push(say::input("last used", used));
                }
                (title, Vec::new(), inputs)
            },
        });
    }
}

/// When it was made, at the latest; `None` where nobody knows.
fn made(entry: &Entry<Credential>) -> Option<EventTime> {
    match entry.valid.from {
        Bound::Unbounded => None,
        Bound::At(at) | Bound::Between(_, at) => Some(at),
    }
}

/// Whether it opens an account that is no one person's.
fn is_common(credential: &Credential, inventory: &Inventory) -> bool {
    let account = credential.account.as_ref().and_then(|id| inventory.find_account(id));
    account
        .and_then(|ix| inventory.account(ix))
        .is_some_and(|entry| matches!(entry.it.kind, AccountKind::Service | AccountKind::Shared))
}
