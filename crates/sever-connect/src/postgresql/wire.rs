//! Talking to PostgreSQL: one session at a time, with a time limit, and failures that tell whether a
//! statement may have taken effect.
//!
//! Nothing is taken from the environment: no `PGPASSWORD`, no `.pgpass`. Every session looks names up in
//! `pg_catalog` alone, for a leaver may own functions in schemas that usually come first.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sever_model::act::ActError;
use sever_model::{Span, UnknownWhy};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use ureq::http::Uri;

use crate::connector::{Connection, ConnectionError};

/// Port where a URL names none.
const PORT: u16 = 5432;

/// Where a cluster is, and how it is reached.
pub(crate) struct Place {
    host: String,
    port: u16,
    /// The database that is asked about the cluster as a whole.
    pub(crate) database: String,
    tls: Option<MakeRustlsConnect>,
}

/// An open session.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    patience: Duration,
}

/// Why there is no answer, or none but a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The server refused.
    Refused(Refusal),
    /// There is no session: nothing was asked.
    Unreachable(String),
    /// There is no session in time: nothing was asked.
    TimedOut(String),
    /// The session ended, or the time, before there was an answer.
    Lost(String),
    /// There is one, which means nothing to us.
    Meaningless(String),
}

/// A server's refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its SQLSTATE.
    pub(crate) code: String,
    /// Its words, in whatever language it speaks.
    pub(crate) message: String,
    /// Which of its functions refused: the same in every language.
    pub(crate) routine: String,
}

impl Place {
    /// The place that a connection names.
    ///
    /// # Errors
    /// When the address or its certificates do not read.
    pub(crate) fn of(connection: &Connection) -> Result<Place, ConnectionError> {
        let wrong =
            || connection.wrong("`url` must be `postgres://HOST[:PORT][/DATABASE]`, with no name or password in it");
        let uri: Uri = connection.url.parse().map_err(|_| wrong())?;
        let host = uri.host().map(|host| host.trim_matches(['[', ']'])).filter(|host| !host.is_empty());
        let named = uri.authority().is_some_and(|it| it.as_str().contains('@')) || uri.query().is_some();
        let (Some(host), Some("postgres" | "postgresql"), false) = (host, uri.scheme_str(), named) else {
            return Err(wrong());
        };
        let database = Some(uri.path().trim_matches('/')).filter(|it| !it.is_empty()).unwrap_or("postgres");
        let tls = match connection.setting("tls").unwrap_or("verify") {
            "off" => None,
            "verify" => Some(tls(connection)?),
            other => return Err(connection.wrong(format!("`settings.tls` is `verify` or `off`, not `{other}`"))),
        };
        Ok(Place { host: host.to_owned(), port: uri.port_u16().unwrap_or(PORT), database: database.to_owned(), tls })
    }

    /// Opens a session of a role in a database, under a name that the server logs and shows.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn enter(
        &self,
        database: &str,
        (role, password): (&str, &str),
        name: &str,
        patience: Span,
    ) -> Result<Session, Failed> {
        let patience = Duration::from_micros(patience.micros().max(1_000) as u64);
        let mut config = Config::new();
        config.host(&self.host).port(self.port).dbname(database).user(role).password(password);
        config.application_name(name).connect_timeout(patience);
        config.ssl_mode(if self.tls.is_some() { SslMode::Require } else { SslMode::Disable });
        let place = format!("{}:{}/{database}", self.host, self.port);
        // A runtime within another would panic.
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(Failed::Unreachable(format!("{place}: asked from within an asynchronous task")));
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failed::Unreachable(format!("{place}: {error}")))?;
        let client = runtime.block_on(async {
            // The connection lives as a task of this runtime, which runs while something is asked.
            let connected = async {
                match &self.tls {
                    Some(tls) => config.connect(tls.clone()).await.map(|(client, connection)| {
                        tokio::spawn(connection);
                        client
                    }),
                    None => config.connect(NoTls).await.map(|(client, connection)| {
                        tokio::spawn(connection);
                        client
                    }),
                }
            };
            match tokio::time::timeout(patience, connected).await {
                Ok(connected) => connected.map_err(|error| match Refusal::of(&error) {
                    Some(refusal) => Failed::Refused(refusal),
                    None => Failed::Unreachable(format!("{place}: {}", in_words(&error))),
                }),
                Err(_) => Err(Failed::TimedOut(place.clone())),
            }
        })?;
        let session = Session { runtime, client, patience };
        // A lock that somebody holds must not make a question last for ever.
        let waits = (patience.as_millis() / 2).max(1);
        session.run(&format!("set search_path = pg_catalog; set lock_timeout = {waits}"))?;
        Ok(session)
    }
}

impl Session {
    /// Asks, with parameters.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) fn rows(&self, sql: &str, with: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failed> {
        self.wait(self.client.query(sql, with))
    }

    /// Does statements, all or none of them.
    ///
    /// # Errors
    /// Why they are not known to be done.
    pub(crate) fn run(&self, sql: &str) -> Result<(), Failed> {
        self.wait(self.client.batch_execute(sql))
    }

    fn wait<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failed> {
        let answered = self.runtime.block_on(async { tokio::time::timeout(self.patience, asked).await });
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(match Refusal::of(&error) {
                Some(refusal) => Failed::Refused(refusal),
                None => Failed::Lost(in_words(&error)),
            }),
            Err(_) => Err(Failed::Lost("no answer in time".to_owned())),
        }
    }
}

impl Refusal {
    fn of(error: &tokio_postgres::Error) -> Option<Refusal> {
        let said = error.as_db_error()?;
        let detail = said.detail().map_or_else(String::new, |detail| format!(" ({})", detail.replace('\n', "; ")));
        Some(Refusal {
            code: said.code().code().to_owned(),
            message: format!("{}{detail}", said.message()),
            routine: said.routine().unwrap_or_default().to_owned(),
        })
    }

    /// For evidence: its code and words.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.code, self.message)
    }
}

impl Failed {
    /// As an error of acting; `lacking` is what would let our role do it.
    pub(crate) fn acting(self, lacking: &str) -> ActError {
        match self {
            Failed::Unreachable(what) => ActError::Unreachable(what),
            Failed::TimedOut(what) => ActError::Unreachable(format!("{what}: no session in time")),
            Failed::Lost(what) => ActError::LostAnswer(what),
            Failed::Meaningless(what) => ActError::Unexpected(what),
            Failed::Refused(refusal) => match refusal.code.get(..2).unwrap_or_default() {
                // Not ready, out of connections, a lock that somebody holds, a deadlock: nothing was done.
                "57" | "53" | "55" | "40" => ActError::Unreachable(refusal.words()),
                "28" => ActError::NotAllowed { what: refusal.words(), lacking: "a login of our role".to_owned() },
                _ if refusal.code == "42501" => {
                    ActError::NotAllowed { what: refusal.words(), lacking: lacking.to_owned() }
                }
                _ => ActError::Refused(refusal.words()),
            },
        }
    }

    /// As a reason why nobody knows.
    pub(crate) fn unknown(&self) -> (UnknownWhy, String) {
        match self {
            Failed::Unreachable(what) | Failed::Lost(what) => (UnknownWhy::Unreachable, what.clone()),
            Failed::TimedOut(what) => (UnknownWhy::TimedOut, what.clone()),
            Failed::Meaningless(what) => (UnknownWhy::Unexpected, what.clone()),
            Failed::Refused(refusal) => {
                let why = match refusal.code.get(..2).unwrap_or_default() {
                    "57" | "53" => UnknownWhy::Unreachable,
                    "28" => UnknownWhy::ControlFailed,
                    _ if refusal.code == "42501" => UnknownWhy::NotPermitted,
                    _ => UnknownWhy::Unexpected,
                };
                (why, refusal.words())
            }
        }
    }
}

/// A name as SQL writes it. A server ends a text at a zero byte, so none is passed on.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// The reasons of an error that came from no server, one after another.
fn in_words(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let mut words = error.to_string();
    if let Some(source) = error.source() {
        words = format!("{words}: {source}");
    }
    words
}

fn tls(connection: &Connection) -> Result<MakeRustlsConnect, ConnectionError> {
    let path = connection.setting("ca").ok_or_else(|| ConnectionError {
        hint: Some("name the file of the server's certificate authority, or say `tls = \"off\"`".to_owned()),
        ..connection.wrong("`settings.ca` is missing, by which the server is known")
    })?;
    let wrong = |why: String| connection.wrong(format!("`settings.ca` {path}: {why}"));
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate in it".to_owned()));
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| wrong(error.to_string()))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests;
