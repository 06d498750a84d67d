//! The lists of providers and connectors, and which provider a file is for.

use std::path::Path;

use crate::{Connector, Provider, Sample, files};

/// Every provider, alphabetically. The command line, the documents and the tests derive from it.
pub static PROVIDERS: &[Provider] = &[
    crate::accounts::source::PROVIDER,
    crate::aws_iam::source::PROVIDER,
    crate::baton_c1z::source::PROVIDER,
    crate::ci_variables::source::PROVIDER,
    crate::custody::source::PROVIDER,
    crate::decisions::source::PROVIDER,
    crate::github::source::PROVIDER,
    crate::gitleaks::source::PROVIDER,
    crate::google_workspace::source::PROVIDER,
    crate::groups::source::PROVIDER,
    crate::handovers::source::PROVIDER,
    crate::jwks::source::PROVIDER,
    crate::keycloak_realm::source::PROVIDER,
    crate::keys::source::PROVIDER,
    crate::kubernetes::source::PROVIDER,
    crate::ldif::source::PROVIDER,
    crate::msgraph::source::PROVIDER,
    crate::okta::source::PROVIDER,
    crate::openbao::source::PROVIDER,
    crate::openbao_audit::source::PROVIDER,
    crate::people::source::PROVIDER,
    crate::postgres_roles::source::PROVIDER,
    crate::resources::source::PROVIDER,
    crate::rights::source::PROVIDER,
    crate::scim::source::PROVIDER,
    crate::ssh::source::PROVIDER,
    crate::trufflehog::source::PROVIDER,
];

/// Every kind of live connection, alphabetically.
pub static CONNECTORS: &[Connector] = &[
    crate::active_directory::connector::CONNECTOR,
    crate::aws_iam::connector::CONNECTOR,
    crate::jwt_verifier::connector::CONNECTOR,
    crate::oauth::connector::CONNECTOR,
    crate::openbao::connector::CONNECTOR,
    crate::openbao_oidc::connector::CONNECTOR,
    crate::openldap::connector::CONNECTOR,
    crate::own::exec::connector::CONNECTOR,
    crate::own::http::connector::CONNECTOR,
    crate::postgresql::connector::CONNECTOR,
    crate::scim::connector::CONNECTOR,
    crate::ssh::connector::CONNECTOR,
];

/// Bytes of a file that are looked at to tell what it is.
const HEAD_BYTES: u64 = 64 << 10;

/// The provider of an id; otherwise the id that may have been meant.
///
/// # Errors
/// The id nearest to a misspelt one, where one is near.
pub fn provider(id: &str) -> Result<&'static Provider, Option<&'static str>> {
    let found = PROVIDERS.iter().find(|provider| provider.id == id);
    found.ok_or_else(|| crate::columns::nearest(id, PROVIDERS.iter().map(|provider| provider.id)))
}

/// The connector of an id; otherwise the id that may have been meant.
///
/// # Errors
/// The id nearest to a misspelt one, where one is near.
pub fn connector(id: &str) -> Result<&'static Connector, Option<&'static str>> {
    let found = CONNECTORS.iter().find(|connector| connector.id == id);
    found.ok_or_else(|| crate::columns::nearest(id, CONNECTORS.iter().map(|connector| connector.id)))
}

/// The providers that a file may be for, the likeliest first, each with its score and why.
///
/// # Errors
/// When the file cannot be read.
pub fn sniff(path: &Path) -> std::io::Result<Vec<(&'static Provider, u8, String)>> {
    use std::io::Read;
    let mut head = Vec::new();
    files::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let name = files::file_name(path);
    let sample = Sample { name: &name, head: &head };
    let scored =
        PROVIDERS.iter().filter_map(|provider| (provider.sniff)(&sample).map(|(score, why)| (provider, score, why)));
    let mut found: Vec<_> = scored.collect();
    found.sort_by_key(|(_, score, _)| std::cmp::Reverse(*score));
    Ok(found)
}
