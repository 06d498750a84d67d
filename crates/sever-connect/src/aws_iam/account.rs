//! A connection to an AWS account, opened: where it is, with which keys, and what was set.

use sever_model::act::{ActError, Cx};
use sever_model::{ConnectionId, Span, SystemId};

use super::wire::{Answered, Keys, Place, Service};
use super::xml::Xml;
use crate::connector::{Connection, ConnectionError};

/// How long AWS takes until a change holds everywhere, as it documents.
pub(crate) const WINDOW: Span = Span::secs(4);

/// Questions that change nothing and that a key may be tried with.
const TRIALS: [&str; 5] = ["GetAccountSummary", "ListAccountAliases", "ListRoles", "ListUsers", "GetUser"];

pub(crate) struct Account {
    pub(crate) connection: ConnectionId,
    pub(crate) system: SystemId,
    pub(crate) place: Place,
    /// None where only what needs no rights of ours is asked.
    pub(crate) keys: Option<Keys>,
    pub(crate) twin: Option<Keys>,
    /// What the leaver could do, and the twin can.
    pub(crate) trial: &'static str,
    pub(crate) window: Span,
}

impl Account {
    /// Opens a connection.
    ///
    /// # Errors
    /// When a setting is not what it should be.
    pub(crate) fn of(connection: &Connection) -> Result<Account, ConnectionError> {
        let trial = connection.setting("trial_action").unwrap_or("GetAccountSummary");
        let trial = TRIALS.iter().copied().find(|known| trial.trim_start_matches("iam:") == *known);
        let trial = trial.ok_or_else(|| {
            connection.wrong(format!(
                "`settings.trial_action` is one of {}",
                TRIALS.map(|it| format!("`iam:{it}`")).join(", ")
            ))
        })?;
        let window = match connection.setting("window_secs").map(str::parse) {
            None => WINDOW,
            Some(Ok(secs)) if (0..=3600).contains(&secs) => Span::secs(secs),
            Some(_) => return Err(connection.wrong("`settings.window_secs` is a number of seconds up to 3600")),
        };
        Ok(Account {
            connection: connection.id.clone(),
            system: connection.system.clone(),
            place: Place::of(connection)?,
            keys: connection.login.as_ref().map(Keys::of),
            twin: connection.twin.as_ref().map(Keys::of),
            trial,
            window,
        })
    }

    /// The same, which cannot do without keys.
    ///
    /// # Errors
    /// When a setting is wrong, or there are no keys.
    pub(crate) fn with_keys(connection: &Connection) -> Result<Account, ConnectionError> {
        connection.login()?;
        Account::of(connection)
    }

    /// Our own keys.
    pub(crate) fn own(&self) -> Result<&Keys, ActError> {
        let lacking =
            || ActError::NotAllowed { what: "no key is set for this".to_owned(), lacking: "a key".to_owned() };
        self.keys.as_ref().ok_or_else(lacking)
    }

    /// Asks IAM with our own keys.
    pub(crate) fn ask(&self, action: &str, parameters: &[(&str, &str)], cx: &Cx<'_>) -> Result<Answered, ActError> {
        self.place.ask(Service::Iam, self.own()?, action, parameters, AGENT, cx)
    }

    /// Lists with our own keys.
    pub(crate) fn list(&self, action: &str, parameters: &[(&str, &str)], cx: &Cx<'_>) -> Result<Vec<Xml>, ActError> {
        self.place.list(self.own()?, action, parameters, AGENT, cx)
    }
}

/// As what we are seen in CloudTrail.
pub(crate) const AGENT: &str = "severance";

/// The name of the policy that denies a user everything.
pub(crate) const DENY_ALL: &str = "severance-deny-all";

/// The name of the policy that denies a role's sessions from before somebody was cut off.
pub(crate) fn deny_before(user: &str) -> String {
    format!("severance-deny-before-{user}")
}
