//! `[[connection]]` and `[cutting]`: the live connections to systems, and how people are cut off.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sever_model::{ConnectionId, Span, SystemId};

use super::{Origin, SecretFrom};

/// A live connection to a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// Its name.
    pub id: ConnectionId,
    /// The connector's id.
    pub kind: String,
    /// The system whose accounts, or whose belief in a key, it leads to.
    pub system: SystemId,
    /// Where it is; empty where the connector needs none.
    pub url: String,
    /// The connector's own settings.
    pub settings: BTreeMap<String, String>,
    /// With what it lists doors; nothing where it may not.
    pub reading: Option<LoginConfig>,
    /// With what it tries them; nothing where it may not.
    pub probing: Option<LoginConfig>,
    /// With what it closes them; nothing where it may not.
    pub cutting: Option<LoginConfig>,
    /// An account of ours of the same kind as those that are cut.
    pub twin: Option<LoginConfig>,
    /// How many questions it is asked at once.
    pub side_by_side: usize,
    /// How long each of those waits before it asks the next.
    pub pause: Span,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// A name, and where its secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginConfig {
    /// The name; empty where the secret alone is enough.
    pub user: String,
    /// Its secret; nothing where the connector needs none.
    pub secret: Option<SecretFrom>,
}

/// How people are cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct CuttingConfig {
    /// Accounts for emergencies: by id, or by login in any system. Never cut.
    pub break_glass: Vec<String>,
    /// Accounts that this tool itself uses: likewise.
    pub own_accounts: Vec<String>,
    /// Who is asked about a system that we may not change.
    pub owners: BTreeMap<SystemId, String>,
    /// Who is asked about any other, by when, and where the question goes.
    pub hand_off: HandOffConfig,
    /// When a cut is refused without two people.
    pub brakes: CutBrakes,
    /// Who may approve a plan.
    pub approvers: Vec<Approver>,
    /// How old a plan may be when it is executed.
    pub plan_age_max: Span,
}

/// Who is asked about doors that we may not close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOffConfig {
    /// Who, where the system has no owner of its own.
    pub owner: Option<String>,
    /// How long they have.
    pub deadline: Span,
    /// Where the question goes; nowhere but the plan where absent.
    pub to: Option<HandOffPlace>,
}

/// Where questions of a hand-off go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOffPlace {
    /// A file that each is added to, as a line of JSON.
    File(PathBuf),
    /// A webhook that each is posted to.
    Url(String),
}

/// When a cut is refused without two people: a broken HR feed must not dismiss the company.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutBrakes {
    /// So many people a day may be cut whatever the share.
    pub count: u64,
    /// The largest share of the people who work here that may be cut in a day.
    pub share: f64,
}

/// Somebody who may approve a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// Who.
    pub name: String,
    /// Their public key, as OpenSSH writes it: `ssh-ed25519 …`.
    pub key: String,
}
