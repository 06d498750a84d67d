//! The credentials that an entry tells of: its password, keys, certificates, and who else may log in
//! as it. Names and times only: no hash, key or certificate is kept.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sever_model::{Account, Credential, CredentialKind, EventTime, Span, SystemId, Valid};
use sha2::{Digest, Sha256};

use super::account::{CARD_REQUIRED, NEVER_EXPIRES, number};
use super::names::{file_time, generalized, ticks};
use super::wire::Entry;
use crate::files::hex;
use crate::{certificate, facts};

/// Everything that opens an account, with since when.
pub(super) fn of(
    system: &SystemId,
    account: &Account,
    created: Option<EventTime>,
    entry: &Entry,
) -> Vec<(Credential, Valid)> {
    let mut found = Vec::new();
    let mut add = |native: String, kind: CredentialKind, from: Option<EventTime>| {
        let mut credential = facts::credential(system, &native, kind);
        credential.account = Some(account.id.clone());
        found.push((credential, facts::since(from)));
        found.len() - 1
    };
    for key in entry.all("sshpublickey").chain(entry.all("ipasshpubkey")) {
        if let Some(fingerprint) = ssh_fingerprint(key) {
            add(fingerprint, CredentialKind::SshKey, None);
        }
    }
    for mapped in entry.all("altsecurityidentities") {
        let kerberos = mapped.to_lowercase().starts_with("kerberos:");
        let kind = if kerberos { CredentialKind::Token } else { CredentialKind::Certificate };
        add(format!("mapped/{mapped}"), kind, None);
    }
    for (key, made) in entry.all("msds-keycredentiallink").filter_map(key_credential) {
        add(format!("key-credential/{key}"), CredentialKind::Certificate, made);
    }
    let mut dated = Vec::new();
    for held in entry.bytes("usercertificate").filter_map(certificate::of_der) {
        let at = add(format!("certificate/{}", held.fingerprint), CredentialKind::Certificate, held.not_before);
        dated.push((at, held));
    }
    for (at, held) in dated {
        if let Some((credential, _)) = found.get_mut(at) {
            credential.activated_at = held.not_before;
            credential.expires_at = held.not_after;
        }
    }
    found.extend(password(system, account, created, entry));
    found
}

/// The password, where the entry says that there is one: when it was last changed, when it ends.
fn password(
    system: &SystemId,
    account: &Account,
    created: Option<EventTime>,
    entry: &Entry,
) -> Option<(Credential, Valid)> {
    let text = ["pwdchangedtime", "krblastpwdchange", "passwordlastchanged"];
    let text = text.iter().filter_map(|name| entry.first(name)).find_map(generalized);
    let days = number(entry, "shadowlastchange").filter(|days| *days > 0);
    let days = days.map(|days| EventTime::from_secs(0).plus(Span::days(days)));
    let changed = text.or_else(|| entry.first("pwdlastset").and_then(file_time)).or(days);
    let flags = number(entry, "useraccountcontrol").unwrap_or(0);
    // With a card required, and for machines, Windows keeps a random password that nobody knows.
    let usable = flags & CARD_REQUIRED == 0 && !entry.has("objectclass", "computer");
    let is_there = changed.is_some() || has_hash(entry);
    if !usable || !is_there {
        return None;
    }
    let mut password =
        facts::credential(system, &format!("password/{}", account.id.native()), CredentialKind::Password);
    password.account = Some(account.id.clone());
    password.rotated_at = changed;
    let ends = entry.first("msds-userpasswordexpirytimecomputed").and_then(file_time);
    let ends = ends.or_else(|| entry.first("krbpasswordexpiration").and_then(generalized));
    password.expires_at = ends.filter(|_| flags & NEVER_EXPIRES == 0);
    Some((password, facts::since(created)))
}

/// Whether the export holds the password's hash, which it should not.
pub(super) fn has_hash(entry: &Entry) -> bool {
    ["userpassword", "sambantpassword", "unicodepwd", "krbprincipalkey"].iter().any(|name| entry.first(name).is_some())
}

/// `SHA256:…` of a public key in OpenSSH's form, as `sshd` names it.
pub(crate) fn ssh_fingerprint(key: &str) -> Option<String> {
    // Options and a comment may stand around it; every key's blob begins with its type's length.
    let blob = key.split_whitespace().find(|word| word.starts_with("AAAA"))?;
    let bytes = STANDARD.decode(blob).ok()?;
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(bytes))))
}

/// A key that may log in as the account (MS-ADTS 2.2.20): a fingerprint of it, and when it was made.
/// The value is `B:LENGTH:HEX:DN`.
pub(crate) fn key_credential(value: &str) -> Option<(String, Option<EventTime>)> {
    const CREATED: u8 = 9;
    let coded = value.strip_prefix("B:")?.split(':').nth(1)?;
    let bytes = unhex(coded)?;
    let mut made = None;
    let (_, mut rest) = bytes.split_at_checked(4)?;
    while let [low, high, kind, tail @ ..] = rest {
        let Some((value, next)) = tail.split_at_checked(usize::from(u16::from_le_bytes([*low, *high]))) else { break };
        if *kind == CREATED {
            made = value.try_into().ok().and_then(|eight| ticks(i64::from_le_bytes(eight)));
        }
        rest = next;
    }
    let digest = hex(&Sha256::digest(&bytes));
    Some((digest.get(..32).unwrap_or_default().to_owned(), made))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| digits.chunks_exact(2).filter_map(|pair| Some((pair.first()? << 4) | pair.get(1)?)).collect())
}
