//! Facts: what a source told us, with when it was true and when we knew it.
//!
//! A source hands over [`Record`]s; the store turns them into [`FactRow`]s, which carry both times.
//! Nothing is ever deleted. A row stops being *known* when a later pull corrects it, and stops
//! being *true* when its interval ends:
//!
//! ```text
//!               known ─────────────────────────────►
//!   2026-10-01  row 1: bob employed [2024-01-01, –)
//!   2026-11-15  row 1 no longer known
//!               row 2: bob employed [2024-01-01, 2026-09-30 17:00Z)    HR told six weeks late
//! ```
//!
//! so "who could get in on 10 October" and "who did we think could" are both queries.

use serde::{Deserialize, Serialize};

use crate::{
    Account, Credential, Custody, EventTime, Grant, Group, Handover, Link, Membership, Person, Resource, SourceId,
    Stint, Strength, Valid, WallTime,
};

/// One fact, of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// A human being.
    Person(Person),
    /// A spell of employment.
    Stint(Stint),
    /// An account.
    Account(Account),
    /// A group.
    Group(Group),
    /// A membership.
    Membership(Membership),
    /// A resource.
    Resource(Resource),
    /// A right.
    Grant(Grant),
    /// A credential.
    Credential(Credential),
    /// Who held or read a credential.
    Custody(Custody),
    /// A human's decision about an account.
    Link(Link),
    /// A sanctioned hand-over.
    Handover(Handover),
}

/// The kinds of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// [`Fact::Person`]
    Person,
    /// [`Fact::Stint`]
    Stint,
    /// [`Fact::Account`]
    Account,
    /// [`Fact::Group`]
    Group,
    /// [`Fact::Membership`]
    Membership,
    /// [`Fact::Resource`]
    Resource,
    /// [`Fact::Grant`]
    Grant,
    /// [`Fact::Credential`]
    Credential,
    /// [`Fact::Custody`]
    Custody,
    /// [`Fact::Link`]
    Link,
    /// [`Fact::Handover`]
    Handover,
}

impl FactKind {
    /// Every kind, in the order that a store numbers them.
    pub const ALL: [FactKind; 11] = [
        FactKind::Person,
        FactKind::Stint,
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
        FactKind::Custody,
        FactKind::Link,
        FactKind::Handover,
    ];

    /// The kind's word, singular.
    pub const fn word(self) -> &'static str {
        match self {
            FactKind::Person => "person",
            FactKind::Stint => "stint",
            FactKind::Account => "account",
            FactKind::Group => "group",
            FactKind::Membership => "membership",
            FactKind::Resource => "resource",
            FactKind::Grant => "grant",
            FactKind::Credential => "credential",
            FactKind::Custody => "custody",
            FactKind::Link => "link",
            FactKind::Handover => "handover",
        }
    }
}

impl Fact {
    /// Its kind.
    pub const fn kind(&self) -> FactKind {
        match self {
            Fact::Person(_) => FactKind::Person,
            Fact::Stint(_) => FactKind::Stint,
            Fact::Account(_) => FactKind::Account,
            Fact::Group(_) => FactKind::Group,
            Fact::Membership(_) => FactKind::Membership,
            Fact::Resource(_) => FactKind::Resource,
            Fact::Grant(_) => FactKind::Grant,
            Fact::Credential(_) => FactKind::Credential,
            Fact::Custody(_) => FactKind::Custody,
            Fact::Link(_) => FactKind::Link,
            Fact::Handover(_) => FactKind::Handover,
        }
    }

    /// What makes it the same fact in the next pull of the same source: its ids, never its
    /// attributes.
    pub fn key(&self) -> String {
        match self {
            Fact::Person(it) => it.id.to_string(),
            Fact::Stint(it) => format!("{} {}", it.person, it.ordinal),
            Fact::Account(it) => it.id.to_string(),
            Fact::Group(it) => it.id.to_string(),
            Fact::Membership(it) => format!("{} {}", it.member.key(), it.group),
            Fact::Resource(it) => it.id.to_string(),
            Fact::Grant(it) => format!("{} {} {}", it.holder.key(), it.resource, it.rights),
            Fact::Credential(it) => it.id.to_string(),
            // Each reading is a fact of its own: one after a rotation counts where one before it does not.
            Fact::Custody(it) if it.strength == Strength::Read => {
                format!("{} {} read {}", it.holder.key(), it.credential, it.evidence)
            }
            Fact::Custody(it) => format!("{} {} {}", it.holder.key(), it.credential, it.strength.words()),
            Fact::Link(it) => it.account.to_string(),
            Fact::Handover(it) => {
                let thing = it.account.as_ref().map(ToString::to_string);
                let thing = thing.or_else(|| it.credential.as_ref().map(ToString::to_string));
                format!("{} {}", thing.unwrap_or_default(), it.to)
            }
        }
    }
}

/// One thing a source said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What.
    pub fact: Fact,
    /// When it was true, as far as the source says. An unbounded start means that the source lists
    /// what is so at its instant, not since when: the store then dates changes between two pulls.
    pub valid: Valid,
}

/// What a pull's silence about a thing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// Everything there is was listed: what is missing has ended.
    Complete,
    /// Something may be missing (a page failed, a scope is lacking, a log of changes): what is not
    /// listed is untouched.
    Partial,
}

/// A fact as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactRow {
    /// What.
    pub fact: Fact,
    /// When it was true.
    pub valid: Valid,
    /// Since when we knew it.
    pub known_from: WallTime,
    /// When we learnt better, if we have.
    pub known_to: Option<WallTime>,
    /// Who told us.
    pub source: SourceId,
    /// When the source last confirmed it: the instant of its newest listing that held it.
    pub seen_at: EventTime,
}
