//! Connectors: live connections to systems, as lists, documents, tests and the configuration know them.
//!
//! A connector has the capabilities that its system has, each with credentials of its own: it lists
//! doors ([`Doors`]) with the *reading* ones, closes them ([`Action`]) with the *cutting* ones, and tries
//! them ([`Probe`]) with the *probing* ones. One that can only list is a whole connector.

use std::collections::BTreeMap;
use std::fmt;

use sever_model::act::{Action, Doors, Probe};
use sever_model::{ConnectionId, DoorKind, Secret, Span, SystemId};

/// One kind of live connection.
pub struct Connector {
    /// Its word in the configuration.
    pub id: &'static str,
    /// Its name, for lists.
    pub title: &'static str,
    /// What it lists, closes and tries, and what it cannot; Markdown.
    pub about: &'static str,
    /// The least-privilege roles, with exact scopes, and how to make them; Markdown.
    pub roles: &'static str,
    /// Its own settings.
    pub settings: &'static [Setting],
    /// What its doors answer.
    pub doors: &'static [DoorAnswers],
    /// Opens the listing of doors; asks nobody yet.
    pub open_doors: Option<Open<dyn Doors>>,
    /// Opens the closing of doors; asks nobody yet.
    pub open_action: Option<Open<dyn Action>>,
    /// Opens the trying of doors; asks nobody yet.
    pub open_probe: Option<Open<dyn Probe>>,
}

/// Opens one capability of a connection.
pub type Open<T> = fn(&Connection) -> Result<Box<T>, ConnectionError>;

/// A setting that only this connector has.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name below `settings`.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it means; with the default, where there is one.
    pub about: &'static str,
}

/// A row of a connector's table: what a kind of door answers, and what that means.
#[derive(Debug)]
pub struct DoorAnswers {
    /// The kind of door.
    pub kind: DoorKind,
    /// Whose secret it is tried with.
    pub tried_with: &'static str,
    /// The answer that means closed.
    pub closed: &'static str,
    /// The answer that means a bad probe, and whether the two can be told apart.
    pub bad_probe: &'static str,
    /// How long after a step it may still open.
    pub window: Span,
}

/// One configured connection, with the credentials of the one capability that is opened.
pub struct Connection {
    /// Its name in the configuration.
    pub id: ConnectionId,
    /// The system whose accounts it leads to.
    pub system: SystemId,
    /// Where it is: a URL, or what the connector says.
    pub url: String,
    /// The connector's own settings.
    pub settings: BTreeMap<String, String>,
    /// With whose credentials it is asked.
    pub login: Option<Login>,
    /// An account of ours of the same kind as those that are cut, under the same rules: the positive
    /// control, and what a door is tried with where the leaver's own secret is nobody's to have.
    pub twin: Option<Login>,
}

/// A name and its secret, fetched for the capability that is opened and dropped with it.
pub struct Login {
    /// The name: a distinguished name, a role, a client id, an access key id.
    pub user: String,
    /// Its secret: a password, a token, a private key.
    pub secret: Secret<String>,
}

/// Why a connection cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{connection}: {what}")]
pub struct ConnectionError {
    /// The connection.
    pub connection: ConnectionId,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Connection {
    /// A setting of the connector's own, trimmed; `None` where it is absent or empty.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&self, name: &str) -> Result<&str, ConnectionError> {
        self.setting(name).ok_or_else(|| self.wrong(format!("`settings.{name}` is missing")))
    }

    /// The credentials it is asked with, where it cannot be asked without.
    ///
    /// # Errors
    /// When there are none.
    pub fn login(&self) -> Result<&Login, ConnectionError> {
        self.login.as_ref().ok_or_else(|| self.wrong("it has no credentials for this"))
    }

    /// That something of it is wrong.
    pub fn wrong(&self, what: impl Into<String>) -> ConnectionError {
        ConnectionError { connection: self.id.clone(), what: what.into(), hint: None }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.user)
    }
}
