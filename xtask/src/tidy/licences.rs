//! Licences, bans and sources of everything that we build on, against `deny.toml`.
//!
//! The same file serves `cargo deny`, which also knows advisories; this check needs nothing but
//! cargo and no network.

use serde::Deserialize;

use super::Complaints;
use crate::command;
use crate::tree::Tree;

const FILE: &str = "deny.toml";

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    #[serde(default)]
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Bans {
    #[serde(default)]
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// Every package may be used, and comes from where packages may come from.
pub(crate) fn check(tree: &Tree, complaints: &mut Complaints) {
    let policy: Policy = match toml::from_str(tree.text(FILE).unwrap_or_default()) {
        Ok(policy) => policy,
        Err(error) => return complaints.add(FILE, 1, format!("not readable: {}", error.message())),
    };
    let packages = match packages() {
        Ok(packages) => packages,
        Err(error) => return complaints.add("Cargo.lock", 1, format!("cargo metadata failed: {error:#}")),
    };
    for package in packages {
        let it = format!("{} {}", package.name, package.version);
        if let Some(ban) = policy.bans.deny.iter().find(|ban| ban.name == package.name) {
            complaints.add("Cargo.lock", 1, format!("{it} is banned: {}", ban.reason));
        }
        // Ours have no source.
        let Some(source) = &package.source else { continue };
        let registry = source.trim_start_matches("registry+").trim_start_matches("sparse+");
        if !policy.sources.allow_registry.iter().any(|allowed| allowed == registry) {
            complaints.add("Cargo.lock", 1, format!("{it} comes from {source}, take it from crates.io"));
        }
        let own = policy.licenses.exceptions.iter().filter(|exception| exception.name == package.name);
        let allowed: Vec<&str> =
            policy.licenses.allow.iter().chain(own.flat_map(|it| &it.allow)).map(String::as_str).collect();
        let licence = package.license.unwrap_or_default();
        if !satisfied(&licence, &allowed) {
            complaints.add("Cargo.lock", 1, format!("{it} is under `{licence}`, use another crate"));
        }
    }
}

fn packages() -> anyhow::Result<Vec<Package>> {
    let text = command::output(&mut command::cargo(["metadata", "--format-version", "1", "--locked"]))?;
    Ok(serde_json::from_str::<Metadata>(&text)?.packages)
}

/// Whether an SPDX expression can be met with the allowed licences. The old `A/B` means `A OR B`.
pub(super) fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any(words, allowed);
        let closed = words.next_if_eq(&")").is_some();
        return met && closed;
    }
    let Some(licence) = words.next() else { return false };
    let exception = words.next_if_eq(&"WITH").and_then(|_| words.next());
    match exception {
        // A licence with an exception allows more than the licence alone.
        Some(exception) => {
            allowed.contains(&format!("{licence} WITH {exception}").as_str()) || allowed.contains(&licence)
        }
        None => allowed.contains(&licence),
    }
}
