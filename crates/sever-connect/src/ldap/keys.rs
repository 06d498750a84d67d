//! The keys that an entry lets somebody in by: SSH keys, certificates, device keys, mapped identities.
//!
//! They are named as the source `ldif` names them, so that what is found live meets what an export told.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sever_model::{AccountId, CredentialId, Door, DoorKind, EventTime, SystemId};

use crate::certificate;
use crate::ldif::credentials::{key_credential, ssh_fingerprint};
use crate::ldif::names::stable_id;
use crate::ldif::wire::Entry;

/// Longest value that is kept in a door, so that it can be put back.
const VALUE_BYTES_MAX: usize = 8 << 10;

/// The attributes that hold keys.
pub(crate) const ATTRIBUTES: [&str; 5] =
    ["sshPublicKey", "ipaSshPubKey", "userCertificate", "altSecurityIdentities", "msDS-KeyCredentialLink"];

/// One key of an entry.
#[derive(Debug, PartialEq)]
pub(crate) struct Key {
    /// As the source `ldif` names it.
    pub(crate) native: String,
    /// The attribute it stands in.
    pub(crate) attribute: &'static str,
    /// Its value there.
    pub(crate) value: Vec<u8>,
    kind: DoorKind,
    until: Option<EventTime>,
}

/// Every key of an entry.
pub(crate) fn of(entry: &Entry) -> Vec<Key> {
    let mut keys = Vec::new();
    for attribute in ATTRIBUTES {
        let name = attribute.to_ascii_lowercase();
        for value in entry.bytes(&name).chain(entry.all(&name).map(str::as_bytes)) {
            keys.extend(key(attribute, value));
        }
    }
    keys
}

fn key(attribute: &'static str, value: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(value).ok();
    let (native, kind, until) = match attribute {
        "userCertificate" => {
            let facts = certificate::of_der(value)?;
            (format!("certificate/{}", facts.fingerprint), DoorKind::Certificate, facts.not_after)
        }
        "altSecurityIdentities" => {
            let kerberos = text?.to_lowercase().starts_with("kerberos:");
            let kind = if kerberos { DoorKind::Delegation } else { DoorKind::Certificate };
            (format!("mapped/{}", text?), kind, None)
        }
        "msDS-KeyCredentialLink" => {
            (format!("key-credential/{}", key_credential(text?)?.0), DoorKind::Certificate, None)
        }
        _ => (ssh_fingerprint(text?)?, DoorKind::SshKey, None),
    };
    Some(Key { native, attribute, value: value.to_vec(), kind, until })
}

/// The doors of an entry's keys; `certificate` is what the server wants `userCertificate` called in a
/// change.
pub(crate) fn doors(system: &SystemId, of: &AccountId, entry: &Entry, certificate: &str) -> Vec<Door> {
    let doors = self::of(entry).into_iter().map(|key| {
        // Two accounts may have the same key: each is a door of its own.
        let mut door = Door::new(system, key.kind, format!("{}/{}", of.native(), key.native));
        door.account = Some(of.clone());
        door.credential = Some(CredentialId::of(system, &key.native));
        door.title = format!("{} {}", key.attribute, short(&key.native));
        door.opens = match key.attribute {
            "sshPublicKey" | "ipaSshPubKey" => "every host whose sshd asks this directory for keys".to_owned(),
            "altSecurityIdentities" => "this account, to whoever that other identity lets in".to_owned(),
            _ => "whatever asks this directory for certificates".to_owned(),
        };
        door.until = key.until;
        let mut put = |name: &str, value: &str| door.attributes.insert(name.to_owned(), value.to_owned());
        put("dn", &entry.dn);
        put("entry", stable_id(entry).as_deref().unwrap_or(of.native()));
        put("attribute", if key.attribute == "userCertificate" { certificate } else { key.attribute });
        put("key", &key.native);
        if key.value.len() <= VALUE_BYTES_MAX {
            put("value64", &BASE64_STANDARD.encode(&key.value));
        }
        door
    });
    doors.collect()
}

/// For a title: the beginning of a long name.
fn short(native: &str) -> String {
    const CHARS_MAX: usize = 60;
    native.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
