//! What a client's log means, and what answers mean together.

use super::*;

const KEY: &str = "SHA256:qJLZVvojOr2br8bqlY3yE4al4U6lmH+nCpDQ/KRTGkA";

fn said(code: Option<i32>, log: &str, is_certificate: bool) -> Said {
    read(&Ended { code, stdout: Vec::new(), log: log.to_owned() }, KEY, is_certificate)
}

fn offered(kind: &str, accepted: bool) -> String {
    let accept = format!("debug1: Server accepts key: /t/key.pub {kind} {KEY} explicit\r\n");
    format!(
        "debug1: Authentications that can continue: publickey\r\n\
         debug1: Offering public key: /t/key.pub {kind} {KEY} explicit\r\n{}\
         bob@192.0.2.1: Permission denied (publickey).\r\n",
        if accepted { accept.as_str() } else { "" }
    )
}

#[test]
fn a_log_is_read_for_this_key_only() {
    assert_eq!(said(Some(255), &offered("ED25519", true), false), Said::WouldDo);
    assert_eq!(said(Some(255), &offered("ED25519", false), false), Said::Refused);
    // The plain key of a certificate is another door.
    let both = offered("ED25519-CERT", false) + &offered("ED25519", true);
    assert_eq!(said(Some(255), &both, true), Said::Refused);
    assert!(matches!(said(Some(255), &offered("ED25519", true).replace(KEY, "SHA256:x"), false), Said::NotShown(_)));
}

#[test]
fn what_kept_us_from_asking_is_no_refusal() {
    assert_eq!(said(None, &offered("ED25519", false), false), Said::TimedOut);
    for log in
        ["", "ssh: connect to host x port 22: Connection refused", "Host key verification failed.", "\u{0}\u{fffd}"]
    {
        assert!(matches!(said(Some(255), log, false), Said::Unreachable(_)), "{log}");
    }
    let dropped = "debug1: Authentications that can continue: publickey\nConnection reset by 192.0.2.1 port 22";
    assert!(matches!(said(Some(255), dropped, false), Said::Other(_)));
    let mfa = "debug1: Server accepts key: k ED25519 SHA256:other\nbob@x: Permission denied (keyboard-interactive).";
    assert!(matches!(said(Some(255), mfa, false), Said::NotShown(_)));
}

#[test]
fn a_login_without_a_key_is_no_login_by_it() {
    let by = |how: &str| format!("Authenticated to x ([192.0.2.1]:22) using \"{how}\".\n");
    assert_eq!(said(Some(0), &by("publickey"), false), Said::LetIn);
    assert_eq!(said(Some(0), &by("none"), false), Said::LetInAnyhow);
}

#[test]
fn closed_takes_both_controls() {
    let all = [
        Said::WouldDo,
        Said::LetIn,
        Said::LetInAnyhow,
        Said::Refused,
        Said::NotShown(String::new()),
        Said::Unreachable(String::new()),
        Said::TimedOut,
        Said::Other(String::new()),
    ];
    for said in &all {
        for stranger in &all {
            for twin in all.iter().map(Some).chain([None]) {
                let closed = decide(said, stranger, twin) == DoorState::Closed;
                let held = *said == Said::Refused
                    && *stranger == Said::Refused
                    && matches!(twin, Some(Said::WouldDo | Said::LetIn));
                assert_eq!(closed, held, "{said:?} {stranger:?} {twin:?}");
            }
        }
    }
    assert_eq!(decide(&Said::Refused, &Said::Refused, None), DoorState::Unknown(UnknownWhy::Ambiguous));
    assert_eq!(decide(&Said::WouldDo, &Said::WouldDo, None), DoorState::Unknown(UnknownWhy::ControlFailed));
}

#[test]
fn a_key_that_nobody_has_is_a_key() {
    let key = stranger(&[7; 32]);
    assert!(fingerprint(&key).is_some_and(|it| it.starts_with("SHA256:")));
    assert_ne!(stranger(&[8; 32]), key);
}
