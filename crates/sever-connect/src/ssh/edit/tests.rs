//! Files that nobody would write, edited to the byte.

use proptest::prelude::*;

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIu3eY0JYzFt+1YTluHWmfG7XaMkNoJkj2PsrM7ZneBX";
const FINGERPRINT: &str = "SHA256:qJLZVvojOr2br8bqlY3yE4al4U6lmH+nCpDQ/KRTGkA";

/// What is left of a file without the key, and that it comes back as it was.
fn check(file: &[u8], left: &[u8]) {
    let (kept, taken) = without(file, |line| carries(line, FINGERPRINT));
    assert_eq!(String::from_utf8_lossy(&kept), String::from_utf8_lossy(left));
    if !taken.is_empty() {
        assert_eq!(with_back(&kept, &taken).as_deref(), Some(file), "not put back as it was");
        assert_eq!(with_back(file, &taken), None, "put back twice");
    }
}

#[test]
fn the_key_goes_and_all_else_stays() {
    check(format!("# ours\n{KEY} bob@laptop\nother\n").as_bytes(), b"# ours\nother\n");
    check(KEY.as_bytes(), b"");
    check(format!("a\n{KEY} no end").as_bytes(), b"a\n");
    check(format!("a\r\n{KEY} bob\r\nb\r\n").as_bytes(), b"a\r\nb\r\n");
    check(format!("\0\u{ff}\n{KEY} 1\n\n{KEY} 2\nno end").as_bytes(), "\0\u{ff}\n\nno end".as_bytes());
    check(format!("from=\"192.0.2.*\",command=\"echo \\\"ssh-ed25519 AAAA x\\\"\" {KEY} bob\n").as_bytes(), b"");
}

#[test]
fn what_sshd_would_believe_is_seen_through_its_wrapping() {
    for line in [
        format!("  \t{KEY}"),
        format!("{KEY}\0 {KEY}x"),
        format!("{KEY} \u{fffd}\u{fffd}"),
        format!("unheard-of=\"x y\" {KEY}"),
        format!("expiry-time=\"nonsense\" {KEY} bob"),
    ] {
        assert!(carries(line.as_bytes(), FINGERPRINT), "{line:?}");
    }
    let mut binary = format!("{KEY} ").into_bytes();
    binary.extend([0xff, 0xfe, b'\n']);
    assert!(carries(&binary, FINGERPRINT));
}

#[test]
fn what_only_speaks_of_the_key_is_left() {
    for line in [format!("# {KEY}"), format!("\0{KEY}"), KEY.replace("AAAA", "AAAB"), String::new()] {
        assert!(!carries(line.as_bytes(), FINGERPRINT), "{line:?}");
    }
}

proptest! {
    #[test]
    fn anything_is_a_file(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..400) {
        let mut file = bytes;
        let at = at.min(file.len());
        let line = format!("\n{KEY} bob\n");
        file.splice(at..at, line.bytes());
        let (kept, taken) = without(&file, |line| carries(line, FINGERPRINT));
        prop_assert!(!taken.is_empty());
        prop_assert!(!lines(&kept).any(|line| carries(line, FINGERPRINT)));
        let back = with_back(&kept, &taken);
        prop_assert_eq!(back.as_deref(), Some(file.as_slice()));
    }
}
