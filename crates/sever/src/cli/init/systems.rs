//! Which system the ids of a source are of, where another source lists its accounts or keys.
//!
//! Rights, keys and audit logs name accounts that stand in another export; only under one system do they
//! mean the same ones. The list that knows most of the names is proposed, with its figures.

use sever_model::FactKind;

use super::link::is_enough;
use super::propose::SourceProposal;

impl SourceProposal {
    /// The system that its ids belong to.
    pub(super) fn system_name(&self) -> &str {
        self.system.as_ref().map_or(&self.name, |(system, _)| system)
    }
}

/// Finds the system of each source that lists no accounts itself.
pub(super) fn link(sources: &mut [SourceProposal]) {
    for at in 0..sources.len() {
        let Some(source) = sources.get(at) else { continue };
        if source.provider.kinds.contains(&FactKind::Account) || source.provider.kinds.contains(&FactKind::Link) {
            continue;
        }
        let system = of_accounts(source, sources).or_else(|| of_keys(source, sources.get(..at).unwrap_or_default()));
        if let Some(source) = sources.get_mut(at) {
            source.system = system;
        }
    }
}

/// The list of accounts that knows most of those it names.
fn of_accounts(source: &SourceProposal, sources: &[SourceProposal]) -> Option<(String, String)> {
    let named = source.names.named.len();
    let known = |other: &&SourceProposal| source.names.named.intersection(&other.names.logins).count();
    // Where two lists know as many, the one that is called alike is meant: `host-keys` and `host`.
    let alike = |other: &&SourceProposal| source.name.starts_with(&other.name);
    let best = sources.iter().max_by_key(|other| (known(other), alike(other)))?;
    let known = known(&best);
    let why = format!("{known} of the {named} accounts that it names are there");
    is_enough(known, named).then(|| (best.name.clone(), why))
}

/// The source before it that has a key in common: the same key, once told by its issuer and once by a list.
fn of_keys(source: &SourceProposal, before: &[SourceProposal]) -> Option<(String, String)> {
    let same = |other: &&SourceProposal| source.names.keys.intersection(&other.names.keys).next().is_some();
    let other = before.iter().find(same)?;
    Some((other.system_name().to_owned(), "it has a key in common with it".to_owned()))
}
