//! Paths of a Vault or OpenBao server as resources, and what a capability on one comes to.
//!
//! One secret has one id, however its interface names it: `secret/data/signing/kid-1` (kv version 2)
//! is `openbao/secret/signing/kid-1`, and `transit/sign/orders`, `transit/export/signing-key/orders`
//! and `transit/keys/orders` are all the key `openbao/transit/orders`. A key's `kept_at` is written so.
//! A mount is taken for a transit engine by its name, as the path itself does not tell.

use sever_model::Rights;

/// A resource and what may be done with it.
pub(crate) type Reading = (String, Rights);

/// Operations of a transit engine that use a key without showing it.
const TRANSIT_USES: [&str; 9] =
    ["sign", "verify", "encrypt", "decrypt", "hmac", "rewrap", "datakey", "derive-key", "random"];

/// What a policy's path and capabilities come to: usually one right, none where a path gives nothing
/// (metadata, list alone), two where `+` may stand for the `data` of kv version 2.
pub(crate) fn rights_on(path: &str, capabilities: &[String]) -> Vec<Reading> {
    let path = path.trim_start_matches('/');
    let can = |names: &[&str]| capabilities.iter().any(|held| names.iter().any(|name| held.eq_ignore_ascii_case(name)));
    if can(&["deny"]) {
        return Vec::new();
    }
    let (reads, writes, deletes) = (can(&["read"]), can(&["create", "update", "patch"]), can(&["delete"]));
    let mut plain = Rights::NONE;
    for (held, right) in [(reads, Rights::READ), (writes, Rights::WRITE), (deletes, Rights::DELETE)] {
        if held {
            plain = plain.with(right);
        }
    }
    let segments: Vec<&str> = path.split('/').collect();
    let mut readings = match segments.as_slice() {
        [""] => Vec::new(),
        // Everything, or a whole mount: whatever lies there may be read, used and changed.
        ["*" | "+"] => vec![("*".to_owned(), whole(plain, writes, can(&["sudo"])))],
        [_, "*"] => vec![(path.to_owned(), whole(plain, writes, false))],
        [mount, operation, rest @ ..] if is_transit(mount) => transit(mount, operation, rest, plain, writes),
        ["sys", "audit" | "audit-hash", ..] if writes || deletes => vec![(path.to_owned(), plain.with(Rights::AUDIT))],
        ["sys", "policies" | "policy", ..] if writes => vec![(path.to_owned(), plain.with(Rights::GRANT))],
        ["auth", _, "users" | "role" | "map", ..] | ["identity", ..] if writes => {
            vec![(path.to_owned(), plain.with(Rights::CREATE_ACCOUNTS))]
        }
        [mount, "data", rest @ ..] => vec![(joined(mount, rest), plain)],
        // Versions can be destroyed without being seen.
        [mount, "destroy" | "delete" | "undelete", rest @ ..] if writes && !rest.is_empty() => {
            vec![(joined(mount, rest), Rights::DELETE)]
        }
        [mount, "metadata", rest @ ..] if !rest.is_empty() => {
            let deletes = if deletes { Rights::DELETE } else { Rights::NONE };
            vec![(joined(mount, rest), deletes)]
        }
        [mount, "+", rest @ ..] if !rest.is_empty() => vec![(joined(mount, rest), plain), (path.to_owned(), plain)],
        [mount, "sign" | "issue", rest @ ..] if writes && !rest.is_empty() => vec![(joined(mount, rest), Rights::USE)],
        _ => vec![(path.to_owned(), plain)],
    };
    readings.retain(|(_, rights)| !rights.is_empty());
    readings
}

/// The id of the secret at a path of the interface.
pub(crate) fn resource(path: &str) -> String {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match segments.as_slice() {
        [mount, "export" | "backup", rest @ ..] if is_transit(mount) => joined(mount, key_of(rest)),
        [mount, operation, rest @ ..] if is_transit(mount) && !rest.is_empty() && is_operation(operation) => {
            joined(mount, rest.get(..1).unwrap_or_default())
        }
        [mount, "data", rest @ ..] if !rest.is_empty() => joined(mount, rest),
        _ => segments.join("/"),
    }
}

/// Whether a mount is a transit engine's, by its name.
pub(crate) fn is_transit(mount: &str) -> bool {
    mount.to_ascii_lowercase().contains("transit")
}

/// The part of a policy's path that stands for every entity (`{{identity.entity.name}}`) as a pattern.
pub(crate) fn without_templates(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.contains("{{") { "+" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

fn whole(plain: Rights, writes: bool, sudo: bool) -> Rights {
    let uses = if writes { plain.with(Rights::USE) } else { plain };
    if sudo { uses.with(Rights::ADMIN) } else { uses }
}

fn transit(mount: &str, operation: &str, rest: &[&str], plain: Rights, writes: bool) -> Vec<Reading> {
    let key = |rest: &[&str]| {
        if rest.is_empty() { format!("{mount}/*") } else { joined(mount, rest.get(..1).unwrap_or_default()) }
    };
    match operation {
        "export" | "backup" => {
            let read = if plain.any(Rights::READ) { Rights::READ.with(Rights::EXPORT) } else { Rights::NONE };
            let key = key_of(rest);
            vec![(if key.is_empty() { format!("{mount}/*") } else { joined(mount, key) }, read)]
        }
        "+" => vec![(key(rest), whole(plain, writes, false))],
        "keys" => {
            // Reading a transit key shows its public part and settings; changing its settings may make it exportable.
            let mut rights = Rights::NONE;
            if writes {
                rights = rights.with(Rights::WRITE);
            }
            if plain.any(Rights::DELETE) {
                rights = rights.with(Rights::DELETE);
            }
            vec![(key(rest), rights)]
        }
        operation if TRANSIT_USES.contains(&operation) => {
            vec![(key(rest), if writes { Rights::USE } else { Rights::NONE })]
        }
        _ => vec![(joined(mount, &[&[operation], rest].concat()), plain)],
    }
}

/// The key of `export/signing-key/NAME/VERSION` and of `backup/NAME`.
fn key_of<'a>(rest: &'a [&'a str]) -> &'a [&'a str] {
    const KINDS: [&str; 6] = ["encryption-key", "signing-key", "hmac-key", "public-key", "certificate-chain", "+"];
    match rest {
        [kind, name, ..] if KINDS.contains(kind) => std::slice::from_ref(name),
        [kind] if KINDS.contains(kind) => &[],
        [name, ..] => std::slice::from_ref(name),
        [] => &[],
    }
}

fn is_operation(word: &str) -> bool {
    TRANSIT_USES.contains(&word) || word == "keys"
}

fn joined(mount: &str, rest: &[&str]) -> String {
    if rest.is_empty() { format!("{mount}/*") } else { format!("{mount}/{}", rest.join("/")) }
}

#[cfg(test)]
mod tests;
