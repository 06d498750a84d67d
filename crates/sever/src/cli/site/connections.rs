//! Live connections: what is configured, what each may do, and opening one capability with its own
//! credentials, which are fetched at that moment and dropped with it.

use std::thread;

use sever_connect::{Connection, Connector, Login};
use sever_graph::{Listed, SystemLink, Verifier};
use sever_model::act::{Action, Cx, Doors, Probe, Secrets};
use sever_model::{Account, Secret, Span, SystemId};

use super::{Site, secret};
use crate::clock::SystemClock;
use crate::config::{ConnectionConfig, LoginConfig};
use crate::hint::{Failure, nearest_or_all};

/// Longest that one question of a listing may take.
const PATIENCE: Span = Span::secs(15);

/// What a connection is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Listing doors.
    Reading,
    /// Trying them.
    Probing,
    /// Closing them.
    Cutting,
    /// Saying what closing them would take: with the name of the credentials that cut, without their
    /// secret.
    Planning,
}

impl Site {
    /// Where the configured connections lead, and what each may do there. One that lacks credentials for
    /// a capability may not do it.
    ///
    /// # Errors
    /// When a connection is of a kind that there is not.
    pub fn links(&self) -> Result<Vec<SystemLink>, Failure> {
        let link = |config: &ConnectionConfig| {
            let connector = connector_of(config)?;
            let tried = connector.doors.iter().map(|row| row.kind);
            let can_try = connector.open_probe.is_some() && config.probing.is_some();
            let mut tries: Vec<_> = tried.filter(|_| can_try).collect();
            tries.sort_unstable();
            tries.dedup();
            Ok(SystemLink {
                connection: config.id.clone(),
                system: config.system.clone(),
                can_list: connector.open_doors.is_some() && config.reading.is_some(),
                can_close: connector.open_action.is_some() && config.cutting.is_some(),
                tries,
            })
        };
        self.config.connections.iter().map(link).collect()
    }

    /// Who believes which issuer's signatures: the logs that classes of tokens are used in.
    pub fn verifiers(&self) -> Vec<Verifier> {
        let of = |class: &sever_model::Class| {
            let verifier = |log: &sever_model::SourceId| Verifier {
                system: SystemId::from(log.as_str()),
                issuer: class.issuer.clone(),
                key_ids: class.key_ids.clone(),
            };
            class.used_in.iter().map(verifier).collect::<Vec<_>>()
        };
        let mut verifiers: Vec<Verifier> = self.config.classes.iter().flat_map(of).collect();
        verifiers.sort();
        verifiers.dedup();
        verifiers
    }

    /// Opens what lists a connection's doors.
    ///
    /// # Errors
    /// When it cannot, or its secret is not where it should be.
    pub fn open_doors(&self, config: &ConnectionConfig) -> Result<Box<dyn Doors>, Failure> {
        opened(config, Capability::Reading, "lists", |connector| connector.open_doors)
    }

    /// Opens what closes a connection's doors, or only says what that would take.
    ///
    /// # Errors
    /// As [`Site::open_doors`].
    pub fn open_action(&self, config: &ConnectionConfig, what: Capability) -> Result<Box<dyn Action>, Failure> {
        opened(config, what, "closes", |connector| connector.open_action)
    }

    /// Opens what tries a connection's doors.
    ///
    /// # Errors
    /// As [`Site::open_doors`].
    pub fn open_probe(&self, config: &ConnectionConfig) -> Result<Box<dyn Probe>, Failure> {
        opened(config, Capability::Probing, "tries", |connector| connector.open_probe)
    }

    /// The doors of accounts as their connections list them now, the connections side by side. One that
    /// cannot be asked is among the answers, with why.
    ///
    /// # Errors
    /// When a connection is of a kind that there is not.
    pub fn list_doors(&self, accounts: &[&Account]) -> Result<Vec<Listed>, Failure> {
        let links = self.links()?;
        let mut asking = Vec::new();
        for link in links.iter().filter(|link| link.can_list) {
            let there: Vec<&Account> =
                accounts.iter().copied().filter(|account| account.id.system() == link.system.as_str()).collect();
            let config = self.config.connections.iter().find(|config| config.id == link.connection);
            if let Some(config) = config.filter(|_| !there.is_empty()) {
                asking.push((config, there, self.open_doors(config)));
            }
        }
        let answers = thread::scope(|scope| {
            let mut asked = Vec::new();
            for (config, there, doors) in asking {
                asked.push(scope.spawn(move || list(config, &there, &doors)));
            }
            asked.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        let mut listed = Vec::new();
        for answer in answers {
            listed.extend(answer.map_err(|_| Failure::new("a connection broke down while it listed doors"))?);
        }
        Ok(listed)
    }
}

/// Asks one connection for the doors of accounts, one after the other.
fn list(config: &ConnectionConfig, accounts: &[&Account], doors: &Result<Box<dyn Doors>, Failure>) -> Vec<Listed> {
    let cx = Cx { clock: &SystemClock, secrets: &NoSecrets, patience: PATIENCE };
    let one = |(at, account): (usize, &&Account)| {
        if at > 0 {
            cx.clock.wait(config.pause);
        }
        let list = match doors {
            Ok(doors) => doors.doors(&account.id, &account.login, &cx).map_err(|error| error.to_string()),
            Err(failure) => Err(failure.what.clone()),
        };
        Listed { connection: config.id.clone(), account: account.id.clone(), list }
    };
    accounts.iter().enumerate().map(one).collect()
}

/// Listing makes no secrets.
pub(in crate::cli) struct NoSecrets;

impl Secrets for NoSecrets {
    fn derive(&self, _: &str) -> Secret<String> {
        Secret::new(String::new())
    }
}

/// The connector of a configured connection.
fn connector_of(config: &ConnectionConfig) -> Result<&'static Connector, Failure> {
    sever_connect::connector(&config.kind).map_err(|_| {
        let known = sever_connect::CONNECTORS.iter().map(|connector| connector.id);
        Failure::unknown("kind of connection", &config.kind, known)
    })
}

/// Opens one capability.
fn opened<T: ?Sized>(
    config: &ConnectionConfig,
    what: Capability,
    does: &str,
    of: impl Fn(&Connector) -> Option<sever_connect::Open<T>>,
) -> Result<Box<T>, Failure> {
    let connector = connector_of(config)?;
    let open = of(connector).ok_or_else(|| {
        Failure::usage(format!("connection `{}`: the connector `{}` {does} no doors", config.id, connector.id))
    })?;
    open(&connection(config, connector, what)?)
        .map_err(|error| Failure { hint: error.hint.clone(), ..Failure::usage(format!("connection {error}")) })
}

/// A connection with the credentials of one capability.
fn connection(config: &ConnectionConfig, connector: &Connector, what: Capability) -> Result<Connection, Failure> {
    settings_fit(config, connector)?;
    let (login, word) = match what {
        Capability::Reading => (&config.reading, "reading"),
        Capability::Probing => (&config.probing, "probing"),
        Capability::Cutting | Capability::Planning => (&config.cutting, "cutting"),
    };
    let login = login.as_ref().ok_or_else(|| {
        Failure::usage(format!("connection `{}` has no credentials for {word}", config.id)).hint(format!(
            "`{word} = {{ user = \"…\", secret = {{ env = \"…\" }} }}` in its `[[connection]]`; `{word} = {{}}` where none \
             are needed"
        ))
    })?;
    // A key that is replaced is tried later by what it signs for the twin before.
    let twin = config.twin.as_ref().filter(|_| matches!(what, Capability::Probing | Capability::Cutting));
    Ok(Connection {
        id: config.id.clone(),
        system: config.system.clone(),
        url: config.url.clone(),
        settings: config.settings.clone(),
        login: fetched(login, config, word, what)?,
        twin: twin.map(|twin| fetched(twin, config, "twin", what)).transpose()?.flatten(),
    })
}

/// A login with its secret; only its name where nothing is to be done with it.
fn fetched(
    login: &LoginConfig,
    config: &ConnectionConfig,
    word: &str,
    what: Capability,
) -> Result<Option<Login>, Failure> {
    let named = |secret: Secret<String>| Some(Login { user: login.user.clone(), secret });
    match &login.secret {
        Some(_) if what == Capability::Planning => Ok(named(Secret::new(String::new()))),
        Some(from) => {
            let said = format!("the secret for {word} of connection `{}`", config.id);
            secret::fetch(from, &said).map(named)
        }
        None if login.user.is_empty() => Ok(None),
        None => Ok(named(Secret::new(String::new()))),
    }
}

/// The settings are those of the connector, and those that it needs are there.
fn settings_fit(config: &ConnectionConfig, connector: &Connector) -> Result<(), Failure> {
    let known: Vec<&str> = connector.settings.iter().map(|setting| setting.name).collect();
    let place = format!("{}: connection `{}`", config.origin, config.id);
    if let Some(name) = config.settings.keys().find(|name| !known.contains(&name.as_str())) {
        let failure = Failure::usage(format!("{place}: `{}` has no setting `{name}`", connector.id));
        return Err(match nearest_or_all(name, &known) {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    let missing =
        connector.settings.iter().find(|setting| setting.required && !config.settings.contains_key(setting.name));
    match missing {
        Some(setting) => Err(Failure::usage(format!("{place} lacks `settings.{}`", setting.name))
            .hint(format!("`{}`: {}", setting.name, setting.about))),
        None => Ok(()),
    }
}
