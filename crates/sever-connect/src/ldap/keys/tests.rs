//! Keys of an entry, by the names that exports give them.

use super::*;

fn entry(values: &[(&str, &str)]) -> Entry {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Entry { dn: "uid=bob,dc=shop,dc=example".to_owned(), values, ..Entry::default() }
}

#[test]
fn keys_are_named_as_exports_name_them() {
    let entry = entry(&[
        ("sshpublickey", "no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 bob@laptop"),
        ("sshpublickey", "no key at all"),
        ("altsecurityidentities", "Kerberos:bob@partner.example"),
        ("altsecurityidentities", "X509:<I>CN=CA<S>CN=bob"),
        ("msds-keycredentiallink", "B:16:0002000001000900:CN=bob,DC=shop,DC=example"),
        ("msds-keycredentiallink", "B:4:zz:CN=bob"),
    ]);
    let doors = doors(&"ldap".into(), &"ldap/bob".into(), &entry, "userCertificate");
    let seen: Vec<(DoorKind, &str)> = doors.iter().map(|it| (it.kind, it.attribute("key"))).collect();
    let digest = "key-credential/";
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert_eq!(seen.first().map(|it| it.0), Some(DoorKind::SshKey));
    assert!(seen.contains(&(DoorKind::Delegation, "mapped/Kerberos:bob@partner.example")), "{seen:?}");
    assert!(seen.contains(&(DoorKind::Certificate, "mapped/X509:<I>CN=CA<S>CN=bob")), "{seen:?}");
    assert!(seen.iter().any(|it| it.1.starts_with(digest)), "{seen:?}");
    for door in &doors {
        assert_eq!(door.credential, Some(CredentialId::of(&"ldap".into(), door.attribute("key"))));
    }
}

#[test]
fn a_value_too_long_to_keep_cannot_be_put_back() {
    let long = format!("ssh-rsa AAAAC3NzaC1lZDI1NTE5 {}", "x".repeat(VALUE_BYTES_MAX));
    let doors = doors(&"ldap".into(), &"ldap/bob".into(), &entry(&[("sshpublickey", &long)]), "x");
    assert!(doors.iter().all(|door| door.attribute("value64").is_empty()) && doors.len() == 1);
}
