//! Lines as `sshd` reads them; fingerprints as `ssh-keygen -l` prints them.

use sever_model::Zone;

use super::{Key, certificate, key};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIu3eY0JYzFt+1YTluHWmfG7XaMkNoJkj2PsrM7ZneBX";
const FINGERPRINT: &str = "SHA256:qJLZVvojOr2br8bqlY3yE4al4U6lmH+nCpDQ/KRTGkA";

fn read(line: &str) -> Result<Option<Key>, sever_model::port::Reason> {
    key(line, &Zone::UTC)
}

fn check(line: &str, expect: &str) {
    let said = read(line).map_or_else(|reason| reason.to_string(), |key| format!("{key:?}"));
    assert!(said.contains(expect), "{line}: {said}");
}

#[test]
fn a_key_has_the_fingerprint_that_sshd_logs() {
    let found = read(&format!("{KEY} ann@laptop")).unwrap().unwrap();
    assert_eq!((found.fingerprint.as_str(), found.comment.as_str()), (FINGERPRINT, "ann@laptop"));
    assert!(!found.on_hardware && !found.options.is_limited);
    assert_eq!(read("# a comment"), Ok(None));
    assert_eq!(read("   "), Ok(None));
}

#[test]
fn options_are_read_as_sshd_reads_them() {
    let with = |options: &str| format!("{options} {KEY} c d");
    check(&with("restrict,command=\"echo \\\"a, b\\\"\""), "is_limited: true");
    check(&with("from=\"192.0.2.0/24,2001:db8::/32\""), "is_limited: true");
    check(&with("no-pty"), "is_limited: false");
    check(&with("cert-authority,principals=\"a, b\""), "is_authority: true, principals: [\"a\", \"b\"]");
    check(&with("expiry-time=\"20260630\""), "2026-06-30T00:00:00Z");
    check(&with("EXPIRY-TIME=\"202606301230Z\""), "2026-06-30T12:30:00Z");
    check(&with("expiry-time=\"soon\""), "expiry-time");
}

#[test]
fn broken_lines_say_why() {
    check("ssh-ed25519", "no key in the line");
    check("ssh-ed25519 AAAA!", "no public key");
    check("command=\"open ssh-ed25519 AAAA", "a quote is opened and never closed");
    check("no-pty ssh-frog AAAA", "`ssh-frog` is no kind of key");
}

#[test]
fn a_certificate_names_its_key_and_authority() {
    let line = include_str!("../../../../../tests/sources/ssh/basic/certificates/zoe-cert.pub");
    let found = certificate(line).unwrap().unwrap();
    assert_eq!(found.fingerprint, "SHA256:vN8YN3pbJIq0J1P7lfP5IHdEIRp/8cRrJv/p7PnRomg");
    assert_eq!(found.authority, "SHA256:wTOBmSNHU+JvymxlHuvN2Fi449bvXycLUjIfS2obxuY");
    assert_eq!((found.identity.as_str(), found.serial), ("zoe@shop.example", 42));
    assert_eq!(found.principals, ["ops", "zoe"]);
    assert_eq!(found.after.map(|at| at.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(found.before.map(|at| at.to_string()).as_deref(), Some("2027-01-01T00:00:00Z"));
    assert!(certificate("ssh-ed25519-cert-v01@openssh.com AAAA").is_err());
}
