//! Which host and user a file is of, and what it is: by where it lies below the export, and by how it
//! begins.
//!
//! The first folder is the host; what is below lies as it does there.

use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Keys that let one in as a user.
    Keys { user: String },
    /// Names that a certificate may have to let one in as a user.
    Principals { user: String },
    /// The server's configuration, or what `sshd -T` says of it.
    Config,
    /// The host's users.
    Passwd,
    /// Certificates.
    Certificates,
    /// A public key: an authority's, or a user's own.
    PublicKey { user: Option<String> },
    /// A list of revoked keys.
    Revoked,
    /// Somebody's private key, which nobody should have exported.
    Private,
    /// A host's own key, which lets nobody in.
    HostKey,
    /// Nothing of ours.
    Other,
}

/// A file's host and kind, by its path below the export.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) kind: Kind,
}

/// A file's path below the export: below the folder that was given, else below what all the files that
/// were given have in common; of a single file, from the folder that seems to be its host's.
pub(crate) fn below(given: &[PathBuf], path: &Path) -> PathBuf {
    let folders = given.iter().filter(|root| root.as_path() != path);
    let inside = folders.filter_map(|root| path.strip_prefix(root).ok()).min_by_key(|rest| rest.iter().count());
    if let Some(rest) = inside {
        return rest.to_owned();
    }
    let in_all = |root: &&Path| given.len() > 1 && given.iter().all(|other| other.starts_with(root));
    let shared = path.ancestors().skip(1).find(in_all).and_then(|root| path.strip_prefix(root).ok());
    if let Some(rest) = shared.filter(|rest| rest.iter().count() > 1) {
        return rest.to_owned();
    }
    let parts: Vec<_> = path.iter().collect();
    let end = parts.iter().position(|part| *part == "etc").unwrap_or(parts.len().saturating_sub(1));
    parts.get(end.saturating_sub(1)..).unwrap_or_default().iter().collect()
}

/// How a list of revoked keys begins (PROTOCOL.krl).
const KRL: &[u8] = b"SSHKRL\n\0";

/// The place of a file that lies at `relative` below the export; `host` where the path names none.
pub(crate) fn place(relative: &Path, host: &str, bytes: &[u8]) -> Place {
    let parts: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let (host, rest) = match parts.split_first() {
        Some((first, rest)) if !rest.is_empty() => (first.clone(), rest),
        _ => (host.to_owned(), parts.as_slice()),
    };
    Place { kind: kind(rest, bytes), host }
}

fn kind(parts: &[String], bytes: &[u8]) -> Kind {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    if bytes.starts_with(KRL) {
        return Kind::Revoked;
    }
    if has(concat!("PRIVATE", " KEY-----")) {
        return Kind::Private;
    }
    let from_end = |back: usize| parts.len().checked_sub(back).and_then(|at| parts.get(at)).map_or("", String::as_str);
    let (name, folder, above) = (from_end(1), from_end(2), from_end(3));
    if let Some(user) = name.strip_suffix(".authorized_keys") {
        return Kind::Keys { user: user.to_owned() };
    }
    if let Some(user) = name.strip_suffix(".principals") {
        return Kind::Principals { user: user.to_owned() };
    }
    match (name, folder) {
        ("authorized_keys" | "authorized_keys2", ".ssh") => return Kind::Keys { user: owner(above) },
        ("authorized_keys" | "authorized_keys2", user) if !user.is_empty() => {
            return Kind::Keys { user: user.to_owned() };
        }
        (user, "authorized_keys" | "authorized_keys.d") => return Kind::Keys { user: user.to_owned() },
        (user, "auth_principals" | "authorized_principals" | "principals") => {
            return Kind::Principals { user: user.to_owned() };
        }
        ("authorized_principals", ".ssh") => return Kind::Principals { user: owner(above) },
        ("sshd_config", _) | (_, "sshd_config.d") => return Kind::Config,
        ("passwd", _) => return Kind::Passwd,
        _ => {}
    }
    if name.ends_with("-cert.pub") || has("-cert-v01@openssh.com ") {
        return Kind::Certificates;
    }
    if name.starts_with("ssh_host_") {
        return Kind::HostKey;
    }
    if begins_with_key(bytes) {
        let user = (folder == ".ssh").then(|| owner(above));
        return Kind::PublicKey { user };
    }
    Kind::Other
}

/// The user whose home a folder is.
fn owner(home: &str) -> String {
    if home.is_empty() { "root".to_owned() } else { home.to_owned() }
}

/// Whether a text begins as a public key does.
pub(crate) fn begins_with_key(bytes: &[u8]) -> bool {
    ["ssh-ed25519 ", "ssh-rsa ", "ssh-dss ", "ecdsa-sha2-nistp", "sk-ssh-ed25519", "sk-ecdsa-sha2-"]
        .iter()
        .any(|kind| bytes.starts_with(kind.as_bytes()))
}

#[cfg(test)]
mod tests;
