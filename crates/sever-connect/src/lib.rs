//! Sources of facts, one module per provider: the only room that knows what customers' systems export.
//!
//! A provider says what export to make, with which role, and what each of its columns becomes; it
//! sniffs a sample, shows a preview, and opens a [`Source`] over files. It decides nothing: whether a
//! thing missing from a listing has ended is the store's to say, from the [`sever_model::Listing`]
//! that comes with it.
//!
//! ```text
//! paths ─► files (which listing, of what instant) ─► lines ─► csv ─┐
//!                                                └─► json ─────────┴─► row by field ─► provider ─► Record
//! ```
//!
//! Two rules hold everywhere. A row that cannot be read is a counted reject with its place, and the
//! rest goes on; but then the listing is [`sever_model::Listing::Partial`], for something may be
//! missing from it, and silence must end nothing. And no text from outside is indexed or sliced
//! without a check.

mod accounts {
    pub(crate) mod source;
}
mod active_directory {
    mod action;
    pub(crate) mod connector;
    mod doors;
    mod probe;
    mod wire;
}
mod address;
mod answers;
mod aws_iam {
    mod account;
    mod action;
    mod actions;
    pub(crate) mod connector;
    mod details;
    mod doors;
    mod policy;
    mod probe;
    mod report;
    pub(crate) mod source;
    mod wire;
    mod xml;
}
mod baton_c1z {
    mod database;
    pub(crate) mod source;
    mod wire;
}
mod certificate;
mod child;
mod ci_variables {
    pub(crate) mod source;
}
mod columns;
mod connector;
mod csv;
mod custody {
    pub(crate) mod source;
}
mod dates;
mod decisions {
    pub(crate) mod source;
}
mod documents;
mod facts;
mod fields;
mod files;
mod gathered;
mod github {
    pub(crate) mod organisation;
    pub(crate) mod place;
    pub(crate) mod source;
}
mod gitleaks {
    pub(crate) mod source;
}
mod google_workspace {
    mod customer;
    pub(crate) mod source;
}
mod groups {
    pub(crate) mod source;
}
mod handovers {
    pub(crate) mod source;
}
mod http;
mod jwks {
    pub(crate) mod source;
}
mod jwt;
mod jwt_verifier {
    mod action;
    pub(crate) mod connector;
    mod probe;
}
mod keycloak_realm {
    mod keys;
    mod realm;
    mod rights;
    pub(crate) mod source;
    mod user;
}
mod keys {
    pub(crate) mod source;
}
mod kubernetes {
    mod objects;
    mod rules;
    pub(crate) mod source;
}
mod ldap {
    pub(crate) mod change;
    mod guard;
    pub(crate) mod keys;
    pub(crate) mod place;
    pub(crate) mod reply;
    pub(crate) mod talk;
    pub(crate) mod watch;
}
mod ldif {
    pub(crate) mod account;
    pub(crate) mod credentials;
    mod directory;
    pub(crate) mod names;
    pub(crate) mod source;
    pub(crate) mod wire;
}
mod leaked;
mod lines;
mod members;
mod msgraph {
    mod apps;
    mod page;
    mod rights;
    pub(crate) mod source;
    mod tenant;
}
mod oauth {
    mod action;
    mod administration;
    mod bunch;
    pub(crate) mod connector;
    mod doors;
    mod given;
    mod glewlwyd;
    mod ledger;
    mod probe;
    mod server;
    mod tokens;
    mod verdict;
}
pub mod notify;
pub mod objects;
mod okta {
    mod org;
    pub(crate) mod source;
}
mod openbao {
    mod action;
    pub(crate) mod api;
    #[cfg(test)]
    mod canned;
    pub(crate) mod connector;
    mod doors;
    pub(crate) mod path;
    mod probe;
    pub(crate) mod source;
    mod steps;
    mod verdict;
    mod wire;
}
mod openbao_audit {
    pub(crate) mod source;
}
mod openbao_oidc {
    mod action;
    pub(crate) mod believer;
    pub(crate) mod connector;
    pub(crate) mod issuer;
    pub(crate) mod probe;
    mod steps;
}
mod own;
mod openldap {
    mod action;
    pub(crate) mod connector;
    mod doors;
    mod probe;
    mod wire;
}
mod people {
    pub(crate) mod source;
}
mod postgres_roles {
    mod dump;
    mod roles;
    pub(crate) mod source;
}
mod postgresql;
mod registry;
mod resources {
    pub(crate) mod source;
}
mod rights {
    pub(crate) mod source;
}
mod row;
mod scim {
    mod action;
    pub(crate) mod connector;
    mod doors;
    mod probe;
    pub(crate) mod source;
    mod wire;
}
mod ssh {
    mod action;
    mod certificates;
    mod client;
    pub(crate) mod connector;
    mod doors;
    mod edit;
    mod fleet;
    mod hosts;
    mod line;
    mod offer;
    mod place;
    mod probe;
    mod remote;
    mod report;
    mod site;
    pub(crate) mod source;
}
mod tables;
mod tally;
mod trufflehog {
    pub(crate) mod source;
}
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use sever_model::port::{Source, SourceError};
use sever_model::{FactKind, Limits, Record, SourceId, SystemId, Zone};

pub use address::address_toward;
pub use connector::{Connection, ConnectionError, Connector, DoorAnswers, Login, Open, Setting};
pub use http::post_json;
pub use registry::{CONNECTORS, PROVIDERS, connector, provider, sniff};

/// One kind of export that can be read.
pub struct Provider {
    /// Its word in the configuration.
    pub id: &'static str,
    /// Its name, for lists.
    pub title: &'static str,
    /// Which export to make, what each column becomes, and what it cannot say; Markdown.
    pub about: &'static str,
    /// The least role that can make the export.
    pub scope: &'static str,
    /// The kinds of fact it gives.
    pub kinds: &'static [FactKind],
    /// The columns it knows; empty where its files have none.
    pub columns: &'static [&'static Column],
    /// Whether several of its files in one folder are one export (users, groups, tokens), so that they
    /// are one source.
    pub together: bool,
    /// Whether a sample looks like this export: how surely, 0 to 100, and why.
    pub sniff: fn(&Sample<'_>) -> Option<(u8, String)>,
    /// Opens the source; reads nothing yet.
    pub open: fn(SourceSettings) -> Result<Box<dyn Source>, SourceError>,
}

/// A column that a provider knows.
#[derive(Debug)]
pub struct Column {
    /// Its place among the provider's columns.
    pub(crate) at: usize,
    /// Our name for it.
    pub name: &'static str,
    /// Other names that exports use, normalised: lower case, letters and digits only.
    pub also: &'static [&'static str],
    /// Whether it holds a date or time.
    pub time: bool,
    /// What it becomes.
    pub about: &'static str,
}

/// The beginning of a file, for sniffing.
pub struct Sample<'a> {
    /// The file's name, without its folder.
    pub name: &'a str,
    /// Its first bytes, decompressed; about 64 KiB are enough.
    pub head: &'a [u8],
}

/// What a source is to read, and how.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Its name in the configuration.
    pub id: SourceId,
    /// The system whose accounts, groups and resources it lists.
    pub system: SystemId,
    /// The files, already globbed and sorted; a folder stands for the files in it.
    pub paths: Vec<PathBuf>,
    /// The zone of dates and local times.
    pub zone: Zone,
    /// Whether what it does not list has ended.
    pub complete: bool,
    /// Our column → theirs; also `date_order` = `day-first` or `month-first`.
    pub map: BTreeMap<String, String>,
    /// The run's limits.
    pub limits: Limits,
}

/// What a provider would make of files, for a user to look at before believing it.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// Our column and theirs.
    pub mapped: Vec<(String, String)>,
    /// Their columns that nothing is made of.
    pub unmapped: Vec<String>,
    /// The first five records.
    pub records: Vec<Record>,
    /// What was not covered, in words.
    pub gaps: Vec<String>,
    /// Rows of the newest listing that were rejected.
    pub rejected: u64,
}

/// Records that a preview shows.
const PREVIEW_RECORDS: usize = 5;

/// Reads the newest listing of the files and shows what would be made of it.
///
/// # Errors
/// When there is no listing, or nothing of it can be used.
pub fn preview(provider: &Provider, settings: SourceSettings) -> Result<Preview, SourceError> {
    let (mapped, unmapped) = match provider.columns {
        [] => (Vec::new(), Vec::new()),
        columns => tables::mapping_of(columns, &settings)?,
    };
    let source = (provider.open)(settings)?;
    let mut preview = Preview { mapped, unmapped, ..Preview::default() };
    if let Some(newest) = source.listings()?.last() {
        let pull = source.pull(newest, &mut |record| {
            if preview.records.len() < PREVIEW_RECORDS {
                preview.records.push(record);
            }
        })?;
        preview.rejected = pull.coverage.rejected;
        preview.gaps = pull.coverage.gaps;
    }
    Ok(preview)
}

#[cfg(test)]
mod tests;
