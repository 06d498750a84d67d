//! Doors: the ways in that can be tried.
//!
//! An account, its sessions, its refresh tokens, its live connections and each of its keys are doors of
//! their own: closing one leaves the others open in one system or another.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, DoorId, EventTime, Listing, SystemId};

/// One way in that can be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// `system/kind/native`.
    pub id: DoorId,
    /// What kind of way in.
    pub kind: DoorKind,
    /// The system it leads into.
    pub system: SystemId,
    /// What that system calls the thing that opens it: an account's id, a key's fingerprint, a
    /// session's id. Never a secret.
    pub native: String,
    /// The account that is entered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The credential that opens it, where facts know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// In words, for a screen: `session on 3 devices`, `database role alice`.
    pub title: String,
    /// What it opens, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub opens: String,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<EventTime>,
    /// When it was last used, where the system keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<EventTime>,
    /// What its provider needs besides to find it again: a distinguished name, a process id. Never a
    /// secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Door {
    /// A door with nothing said of it but what makes it this one.
    pub fn new(system: &SystemId, kind: DoorKind, native: impl Into<String>) -> Door {
        let native = native.into();
        Door {
            id: format!("{system}/{kind}/{native}").into(),
            kind,
            system: system.clone(),
            native,
            account: None,
            credential: None,
            title: String::new(),
            opens: String::new(),
            until: None,
            last_used: None,
            attributes: BTreeMap::new(),
        }
    }

    /// One of its attributes; empty where it has none of that name.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// What kind of way in a door is. Ordered as they are closed within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorKind {
    /// Signing in to an account, by its password or whatever else the system asks for.
    Login,
    /// A session that lives on after signing in.
    Session,
    /// A refresh or offline token.
    RefreshToken,
    /// A token that is believed as it stands until it expires.
    AccessToken,
    /// A connection that is open now.
    LiveConnection,
    /// A key or token of an interface that lives until it is revoked.
    ApiKey,
    /// An SSH key.
    SshKey,
    /// A certificate.
    Certificate,
    /// A right that comes by a group, role or policy.
    Membership,
    /// Something made that lets its maker, or others, in: an invitation, a job, a delegation.
    Delegation,
    /// A secret that several may know: it opens whatever believes it.
    Secret,
    /// A key whose signatures one verifier believes.
    SigningKey,
}

impl DoorKind {
    /// Every kind.
    pub const ALL: [DoorKind; 12] = [
        DoorKind::Login,
        DoorKind::Session,
        DoorKind::RefreshToken,
        DoorKind::AccessToken,
        DoorKind::LiveConnection,
        DoorKind::ApiKey,
        DoorKind::SshKey,
        DoorKind::Certificate,
        DoorKind::Membership,
        DoorKind::Delegation,
        DoorKind::Secret,
        DoorKind::SigningKey,
    ];

    /// Its word in ids, plans and proofs.
    pub const fn word(self) -> &'static str {
        match self {
            DoorKind::Login => "login",
            DoorKind::Session => "session",
            DoorKind::RefreshToken => "refresh-token",
            DoorKind::AccessToken => "access-token",
            DoorKind::LiveConnection => "live-connection",
            DoorKind::ApiKey => "api-key",
            DoorKind::SshKey => "ssh-key",
            DoorKind::Certificate => "certificate",
            DoorKind::Membership => "membership",
            DoorKind::Delegation => "delegation",
            DoorKind::Secret => "secret",
            DoorKind::SigningKey => "signing-key",
        }
    }
}

impl fmt::Display for DoorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The doors that a system says there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorList {
    /// The doors.
    pub doors: Vec<Door>,
    /// Whether there are no others of the account: a page that failed or a scope that is lacking makes
    /// it [`Listing::Partial`].
    pub listing: Listing,
    /// What could not be seen, in words, with the scope that is lacking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}
