//! What results, messages and the password policy's answer say.

use super::*;

fn reply(code: u32, text: &str) -> Reply {
    Reply { code, text: text.to_owned(), policy: None }
}

#[test]
fn the_windows_error_of_a_bind() {
    let text = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1";
    assert_eq!(reply(49, text).windows_error(), Some(0x533));
    assert_eq!(reply(49, "data 52e").windows_error(), Some(0x52e));
    for text in ["", "data ", "data xyz", "no such thing", "data \u{fe0f}533"] {
        assert_eq!(reply(49, text).windows_error(), None, "{text}");
    }
}

#[test]
fn what_a_password_policy_says() {
    assert_eq!(policy(&[0x30, 3, 0x81, 1, 1]), Some(Policy::Locked));
    assert_eq!(policy(&[0x30, 3, 0x81, 1, 0]), Some(Policy::Expired));
    // A warning first: three more binds.
    assert_eq!(policy(&[0x30, 8, 0xa0, 3, 0x81, 1, 3, 0x81, 1, 2]), Some(Policy::MustChange));
    for hostile in [&[][..], &[0x30], &[0x30, 0], &[0x30, 0x85, 0, 0], &[0x30, 3, 0x81, 9, 1], &[0x81, 1, 1]] {
        assert_eq!(policy(hostile), None, "{hostile:?}");
    }
}

#[test]
fn a_message_is_quoted_in_one_line_and_short() {
    let quoted = reply(49, &format!("a\nb\u{0}c{}", "x".repeat(5000))).quote();
    assert!(quoted.starts_with("invalidCredentials (49): a b c"), "{quoted}");
    assert!(quoted.chars().count() < 300);
}

#[test]
fn an_answer_of_a_replica_says_nothing() {
    assert_eq!(reply(code::REFERRAL, "").says_nothing(), UnknownWhy::Unexpected);
    assert_eq!(reply(code::UNAVAILABLE, "").says_nothing(), UnknownWhy::Unreachable);
    assert!(matches!(reply(code::REFERRAL, "").refused("x"), ActError::Refused(text) if text.contains("replica")));
    assert!(matches!(reply(code::UNAVAILABLE, "").refused("x"), ActError::Unreachable(_)));
}
