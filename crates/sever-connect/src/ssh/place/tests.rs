//! Files by where they lie.

use std::path::{Path, PathBuf};

use super::{Kind, below, place};

fn check(path: &str, bytes: &[u8], host: &str, kind: Kind) {
    let found = place(Path::new(path), "alone", bytes);
    assert_eq!((found.host.as_str(), found.kind), (host, kind), "{path}");
}

#[test]
fn files_are_told_by_their_places() {
    let keys = |user: &str| Kind::Keys { user: user.to_owned() };
    check("web1/ann.authorized_keys", b"", "web1", keys("ann"));
    check("ann.authorized_keys", b"", "alone", keys("ann"));
    check("web1/srv/ann/.ssh/authorized_keys", b"", "web1", keys("ann"));
    check("web1/ann/authorized_keys", b"", "web1", keys("ann"));
    check("web1/etc/ssh/authorized_keys.d/ann", b"", "web1", keys("ann"));
    check("web1/etc/ssh/auth_principals/ann", b"", "web1", Kind::Principals { user: "ann".to_owned() });
    check("web1/etc/ssh/sshd_config", b"", "web1", Kind::Config);
    check("web1/etc/ssh/ca.pub", b"ssh-ed25519 AAAA", "web1", Kind::PublicKey { user: None });
    check("web1/etc/ssh/ssh_host_ed25519_key.pub", b"ssh-ed25519 AAAA", "web1", Kind::HostKey);
    check("web1/etc/ssh/revoked", b"SSHKRL\n\0\0\0", "web1", Kind::Revoked);
    check("web1/x", b"", "web1", Kind::Other);
    check("", b"", "alone", Kind::Other);
}

#[test]
fn a_path_begins_with_its_host_however_it_was_given() {
    let check = |given: &[&str], path: &str, expect: &str| {
        let given: Vec<PathBuf> = given.iter().map(PathBuf::from).collect();
        assert_eq!(below(&given, Path::new(path)), Path::new(expect), "{path} of {given:?}");
    };
    check(&["x/ssh"], "x/ssh/web1/ann.authorized_keys", "web1/ann.authorized_keys");
    let files = ["x/ssh/web1/etc/ssh/ca.pub", "x/ssh/db1/ann.authorized_keys"];
    check(&files, files[0], "web1/etc/ssh/ca.pub");
    check(&files, files[1], "db1/ann.authorized_keys");
    check(&files[..1], files[0], "web1/etc/ssh/ca.pub");
    check(&files[1..], files[1], "db1/ann.authorized_keys");
    check(&["ann.authorized_keys"], "ann.authorized_keys", "ann.authorized_keys");
}
