//! Where a directory is and how it is reached: `ldaps://`, `ldap://` with StartTLS, and plain `ldap://`
//! only where nobody else hears it, for a bind sends a password.

use std::net::IpAddr;
use std::sync::Arc;

use ldap3::LdapConnSettings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sever_model::{Secret, Span};
use ureq::http::Uri;

use super::reply::Failure;
use super::talk::Talk;
use crate::connector::{Connection, ConnectionError, Login, Setting};

/// A directory's server.
pub(crate) struct Place {
    url: String,
    /// Below what everything is looked for.
    pub(crate) base: String,
    tls: Option<Arc<ClientConfig>>,
    starttls: bool,
}

/// The settings that every directory has.
pub(crate) const BASE: Setting =
    Setting { name: "base", required: true, about: "below what everything is: `dc=shop,dc=example`" };
/// Whom to trust.
pub(crate) const CA: Setting = Setting {
    name: "ca",
    required: false,
    about: "a file of PEM certificates that are trusted instead of those of this machine",
};
/// TLS on the plain port.
pub(crate) const STARTTLS: Setting = Setting {
    name: "starttls",
    required: false,
    about: "`true`: begin TLS on an `ldap://` connection before anything else is said (RFC 4511 §4.14)",
};
/// No TLS at all.
pub(crate) const PLAIN: Setting = Setting {
    name: "plain",
    required: false,
    about: "`true`: speak `ldap://` without TLS to a server that is not on this machine; passwords can then be read \
            on the way",
};

impl Place {
    /// The server that a connection names.
    ///
    /// # Errors
    /// When the address is none, the certificates do not read, or passwords would travel in clear.
    pub(crate) fn of(connection: &Connection) -> Result<Place, ConnectionError> {
        let url = connection.url.trim_end_matches('/').to_owned();
        let wrong = || connection.wrong("`url` must be `ldaps://HOST[:PORT]` or `ldap://HOST[:PORT]`");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|it| !it.as_str().contains('@') && !it.host().is_empty());
        let host = authority.ok_or_else(wrong)?.host().trim_matches(['[', ']']).to_owned();
        if uri.path_and_query().is_some_and(|it| !matches!(it.as_str(), "" | "/")) {
            return Err(wrong());
        }
        let secure = match uri.scheme_str() {
            Some("ldaps") => true,
            Some("ldap") => false,
            _ => return Err(wrong()),
        };
        let yes = |name| connection.setting(name).is_some_and(|value| value == "true");
        let starttls = !secure && yes(STARTTLS.name);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        if !secure && !starttls && !here && !yes(PLAIN.name) {
            let mut error = connection.wrong("`url` is plain `ldap://`, and passwords would be sent in clear");
            error.hint = Some("use `ldaps://`, or `settings.starttls = \"true\"`".to_owned());
            return Err(error);
        }
        let base = connection.required(BASE.name)?.to_owned();
        let tls = if secure || starttls { Some(config(connection)?) } else { None };
        Ok(Place { url, base, tls, starttls })
    }

    /// Whether what is sent is encrypted.
    pub(crate) fn is_private(&self) -> bool {
        self.tls.is_some()
    }

    /// Opens a connection of its own, within the time that one question may take.
    ///
    /// # Errors
    /// When there is no answer, or its certificate is not one that is trusted.
    pub(crate) fn open(&self, patience: Span) -> Result<Talk, Failure> {
        let mut settings = LdapConnSettings::new().set_starttls(self.starttls);
        if let Some(tls) = &self.tls {
            settings = settings.set_config(tls.clone());
        }
        Talk::open(&self.url, settings, patience)
    }
}

/// The credentials of a capability, kept as long as it is.
pub(crate) fn kept(login: &Login) -> Login {
    Login { user: login.user.clone(), secret: Secret::new(login.secret.expose().clone()) }
}

/// TLS with ring, trusting the connection's own certificates or the machine's.
fn config(connection: &Connection) -> Result<Arc<ClientConfig>, ConnectionError> {
    let mut roots = RootCertStore::empty();
    match connection.setting(CA.name) {
        Some(path) => {
            let wrong = |why: String| connection.wrong(format!("`settings.ca` {path}: {why}"));
            let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
            for certificate in read {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("no certificate in it".to_owned()));
            }
        }
        None => {
            // Those of this machine that do not read are no reason to distrust the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| connection.wrong(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests;
