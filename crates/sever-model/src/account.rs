//! Accounts, groups, who is in them, and what people have decided about accounts.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, EventTime, GroupId, Holder, PersonId};

/// An identity in one system. The fact's interval is from its creation to its deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `system/native`.
    pub id: AccountId,
    /// What the user types, and what logs usually name.
    pub login: String,
    /// The name shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// E-mail addresses, lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// The employee number or HR id that the system carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Whose kind of account it is.
    pub kind: AccountKind,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// The declared owner (a person id, e-mail address or team) of an account that is nobody's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who made it, as the system names them: a login, account id or ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last used, where the system keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<EventTime>,
}

/// Whose kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// One person's own.
    Human,
    /// A program's.
    Service,
    /// Used by several people.
    Shared,
    /// The source does not say; correlation treats it as a person's.
    Unknown,
}

/// Whether an account can be used, as its system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// It can.
    Enabled,
    /// It cannot.
    Disabled,
    /// The source does not say: treated as able.
    Unknown,
}

/// A group, role or policy: something whose members share rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// `system/native`.
    pub id: GroupId,
    /// The name shown.
    pub name: String,
}

/// A member of a group: an account, or another group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Who is in it; never a person.
    pub member: Holder,
    /// In what.
    pub group: GroupId,
}

/// A human's decision that an account is, or is not, a person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The account.
    pub account: AccountId,
    /// The person; `None` says that it is nobody's of those known.
    pub person: Option<PersonId>,
    /// Who decided.
    pub decided_by: String,
    /// Why.
    pub reason: String,
}

/// A sanctioned hand-over: for the fact's interval, this account or credential may be used although
/// its holder has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The account handed over, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The credential handed over, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// Who answers for it now: a person id, e-mail address or team.
    pub to: String,
    /// Who sanctioned it and why.
    pub reason: String,
}
