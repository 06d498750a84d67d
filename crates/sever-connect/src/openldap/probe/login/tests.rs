//! What each answer to a bind means, and when none is tried.

use super::*;

fn reply(code: u32, policy: Option<Policy>) -> Reply {
    Reply { code, text: String::new(), policy }
}

const LOCKED: Seen = Seen { locked: true, enforced: Some(true), left: Some(5), twin: true };

fn state(reply: &Reply, whose: Whose, seen: Seen) -> DoorState {
    decide(reply, whose, seen).0
}

#[test]
fn what_an_answer_means() {
    let refused = |policy| reply(code::INVALID_CREDENTIALS, policy);
    let ambiguous = DoorState::Unknown(UnknownWhy::Ambiguous);
    for whose in [Whose::Ours, Whose::Theirs] {
        assert_eq!(state(&refused(Some(Policy::Locked)), whose, Seen::default()), DoorState::Closed);
        assert_eq!(state(&reply(code::SUCCESS, None), whose, LOCKED), DoorState::Open { until: None });
        // It opened, if only to have its password changed.
        let must_change = reply(code::SUCCESS, Some(Policy::MustChange));
        assert_eq!(state(&must_change, whose, LOCKED), DoorState::Open { until: None });
        assert_eq!(state(&refused(None), whose, Seen::default()), ambiguous);
        assert_eq!(state(&refused(Some(Policy::Other(9))), whose, LOCKED), ambiguous);
    }
}

#[test]
fn refused_without_a_reason_is_closed_only_with_all_three() {
    let refused = reply(code::INVALID_CREDENTIALS, None);
    assert_eq!(state(&refused, Whose::Ours, LOCKED), DoorState::Closed);
    for seen in [
        Seen { locked: false, ..LOCKED },
        Seen { enforced: Some(false), ..LOCKED },
        Seen { enforced: None, ..LOCKED },
        Seen { twin: false, ..LOCKED },
    ] {
        assert_eq!(state(&refused, Whose::Ours, seen), DoorState::Unknown(UnknownWhy::Ambiguous), "{seen:?}");
    }
}

#[test]
fn without_a_policy_our_own_password_says_that_theirs_is_gone_and_proves_nothing() {
    let seen = Seen { locked: false, enforced: Some(false), left: Some(usize::MAX), twin: true };
    let (state, strength, _) = decide(&reply(code::SUCCESS, None), Whose::Ours, seen);
    assert_eq!((state, strength), (DoorState::Closed, VerdictStrength::Observed));
    let (state, ..) = decide(&reply(code::SUCCESS, None), Whose::Theirs, seen);
    assert_eq!(state, DoorState::Open { until: None });
}

#[test]
fn any_other_answer_is_unknown() {
    for code in [1, 2, 3, 8, 10, 13, 32, 48, 50, 51, 52, 53, 80, 9999] {
        let (state, ..) = decide(&reply(code, Some(Policy::Locked)), Whose::Ours, LOCKED);
        assert!(matches!(state, DoorState::Unknown(_)), "{code}");
    }
}

#[test]
fn the_last_attempt_is_never_ours() {
    let left = |left| Seen { left, ..Seen::default() };
    assert!(may_try(left(Some(2))).is_ok());
    for none in [Some(1), Some(0), None] {
        assert!(may_try(left(none)).is_err(), "{none:?}");
    }
    assert!(may_try(Seen { locked: true, ..left(Some(0)) }).is_ok());
}
