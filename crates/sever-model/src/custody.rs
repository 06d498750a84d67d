//! Custody: that somebody made, held, read, could have read or could use a credential.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, GroupId, PersonId};

/// A fact of custody. For the strengths that leave knowledge behind ([`Strength::Made`],
/// [`Strength::Read`]) the interval's start is when it happened and it does not end: only rotation
/// cures it. For the others the interval is when the opportunity existed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// Who.
    pub holder: Holder,
    /// Of what.
    pub credential: CredentialId,
    /// How strongly.
    pub strength: Strength,
    /// By what evidence: a sentence naming the record or rule.
    pub evidence: String,
}

/// How strong a custody is; never mixed. Ordered from weakest to strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Could sign or decrypt through an engine without seeing it. Cutting access cures this.
    CouldUse,
    /// A policy, membership or role allowed reading it. Only rotation cures this.
    CouldRead,
    /// A record shows that they read or exported it. Only rotation cures this.
    Read,
    /// They made it, or held it. Only rotation cures this.
    Made,
}

impl Strength {
    /// Whether cutting access is enough, or only rotation helps.
    pub const fn cured_by_cutting(self) -> bool {
        matches!(self, Strength::CouldUse)
    }
    /// As a screen says it.
    pub const fn words(self) -> &'static str {
        match self {
            Strength::CouldUse => "could use",
            Strength::CouldRead => "could read",
            Strength::Read => "read",
            Strength::Made => "made or held",
        }
    }
}

/// Who holds something: a right, a membership, a credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A person directly, as a list of key holders on paper would say.
    Person(PersonId),
    /// An account.
    Account(AccountId),
    /// Every member of a group.
    Group(GroupId),
    /// Whoever holds a credential.
    Credential(CredentialId),
}

impl Holder {
    /// A stable key: kind and id.
    pub fn key(&self) -> String {
        match self {
            Holder::Person(id) => format!("person:{id}"),
            Holder::Account(id) => format!("account:{id}"),
            Holder::Group(id) => format!("group:{id}"),
            Holder::Credential(id) => format!("credential:{id}"),
        }
    }
}
