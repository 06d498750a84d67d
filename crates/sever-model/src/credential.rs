//! Credentials: the things that open doors. Never their values.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, EventTime, ResourceId};

/// A thing that opens a door. The fact's interval is from its making to its destruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// `system/native`; the native part of a signing key is its key id.
    pub id: CredentialId,
    /// What kind of thing.
    pub kind: CredentialKind,
    /// The account that it opens, where it is one account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The issuer that signs with it (signing keys).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where its secret lies: whoever may read that could read the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_at: Option<ResourceId>,
    /// Whether its secret can leave the place where it lies.
    pub exportable: Exportable,
    /// Who made it, as the system names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When its secret was last replaced; knowing the one before is harmless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<EventTime>,
    /// When it was taken into use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<EventTime>,
    /// When it was taken out of use: nothing signed after this is in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<EventTime>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<EventTime>,
    /// When it was last used, where the system keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<EventTime>,
}

/// What kind of thing opens the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// Signs tokens that others believe.
    SigningKey,
    /// A bearer key of an interface, an access key included.
    ApiKey,
    /// An SSH key.
    SshKey,
    /// A password.
    Password,
    /// A certificate.
    Certificate,
    /// A long-lived token.
    Token,
    /// Any other secret in a store.
    Secret,
}

/// Whether a secret can leave the place where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exportable {
    /// It can be read.
    Yes,
    /// It can only be used where it lies (transit engine, HSM): access gives *could use*, never *could read*.
    No,
    /// The source does not say: treated as readable.
    Unknown,
}
