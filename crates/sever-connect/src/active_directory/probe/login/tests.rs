//! What each answer to a bind means, and when none is tried.

use super::*;

fn reply(code: u32, error: &str) -> Reply {
    let text = format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, {error}, v1db1");
    Reply { code, text, policy: None }
}

#[test]
fn only_the_right_password_of_a_closed_account_is_closed() {
    let open = DoorState::Open { until: None };
    let ambiguous = DoorState::Unknown(UnknownWhy::Ambiguous);
    for (error, state) in [
        ("data 533", DoorState::Closed),
        ("data 701", DoorState::Closed),
        ("data 532", open.clone()),
        ("data 773", open.clone()),
        ("data 52e", ambiguous.clone()),
        ("data 525", ambiguous.clone()),
        ("data 530", ambiguous.clone()),
        ("data 531", ambiguous.clone()),
        ("data 775", ambiguous.clone()),
        ("data 5330", DoorState::Unknown(UnknownWhy::Unexpected)),
        ("data ", ambiguous.clone()),
        ("error 533", ambiguous),
    ] {
        assert_eq!(decide(&reply(49, error)).0, state, "{error}");
    }
    assert_eq!(decide(&reply(0, "data 533")).0, open);
    // The message of another code means nothing.
    for code in [1, 8, 10, 13, 51, 52, 53] {
        assert!(matches!(decide(&reply(code, "data 533")).0, DoorState::Unknown(_)), "{code}");
    }
}

#[test]
fn the_last_attempt_is_never_ours() {
    let left = |left| Seen { closed: Some(false), left };
    assert!(may_try(left(Some(i64::MAX))).is_ok() && may_try(left(Some(2))).is_ok());
    for none in [Some(1), Some(0), Some(-3), None] {
        assert!(may_try(left(none)).is_err(), "{none:?}");
    }
}
