//! Tests of the verdict: what is not shown by every control is not closed.

use sever_model::act::ActError;
use sever_model::{Control, ControlKind, DoorState, UnknownWhy, VerdictStrength};

use super::{Shown, control, decide, never_issued_token, opens, presented, token, twin_token};
use crate::oauth::server::{Live, Opened};

fn of(kind: ControlKind, held: bool) -> Control {
    control(kind, "a control", String::new(), held)
}

fn active(client: &str) -> Live {
    Live::Active { until: None, client: client.to_owned(), of: Vec::new() }
}

fn failed() -> ActError {
    ActError::LostAnswer("token: 500".to_owned())
}

#[test]
fn closed_needs_a_positive_control_and_all_to_hold() {
    let state = |controls: Vec<Control>| decide(Shown::Shut("401".to_owned()), VerdictStrength::Tried, controls).state;
    let (positive, negative) = (|held| of(ControlKind::Positive, held), |held| of(ControlKind::Negative, held));
    assert_eq!(state(vec![positive(true), negative(true)]), DoorState::Closed);
    assert_eq!(state(vec![positive(true)]), DoorState::Closed);
    assert_eq!(state(vec![negative(true)]), DoorState::Unknown(UnknownWhy::Ambiguous));
    assert_eq!(state(Vec::new()), DoorState::Unknown(UnknownWhy::Ambiguous));
    assert_eq!(state(vec![positive(false), negative(true)]), DoorState::Unknown(UnknownWhy::ControlFailed));
    assert_eq!(state(vec![positive(true), negative(false)]), DoorState::Unknown(UnknownWhy::ControlFailed));
}

#[test]
fn either_way_can_show_a_token_open_and_only_both_closed() {
    let yes = || Opened::Yes("200".to_owned());
    let no = || Opened::No("400 invalid_grant".to_owned());
    assert!(matches!(token(active("desk"), None), Shown::Open { .. }));
    // Introspection that lies is found out by presenting the token.
    assert!(matches!(token(Live::Inactive, Some(yes())), Shown::Open { .. }));
    assert!(matches!(token(Live::Inactive, Some(no())), Shown::Shut(_)));
    assert!(matches!(token(Live::Inactive, Some(Opened::Silent("400".to_owned()))), Shown::Shut(_)));
    assert!(matches!(token(Live::Inactive, None), Shown::Shut(_)));
    for second in [Opened::BadProbe("401".to_owned()), Opened::Failed(failed())] {
        assert!(matches!(token(Live::Inactive, Some(second)), Shown::Unknown(..)));
    }
    for first in [Live::Unsupported, Live::BadProbe("401".to_owned()), Live::Failed(failed())] {
        assert!(matches!(token(first, Some(no())), Shown::Unknown(..)));
    }
}

#[test]
fn the_twin_must_be_of_the_same_client() {
    assert!(twin_token(&active("desk"), "desk", "desk").held);
    assert!(twin_token(&active(""), "desk", "desk").held);
    for (live, client, probing) in [
        (active("shop"), "desk", "desk"),
        (active(""), "desk", "probe"),
        (active("desk"), "", "desk"),
        (Live::Inactive, "desk", "desk"),
        (Live::Unsupported, "desk", "desk"),
        (Live::Failed(failed()), "desk", "desk"),
    ] {
        assert!(!twin_token(&live, client, probing).held, "{live:?} {client} {probing}");
    }
}

#[test]
fn what_was_never_issued_must_be_refused() {
    assert!(never_issued_token(&Live::Inactive).held && never_issued_token(&Live::Unsupported).held);
    for live in [active("desk"), Live::BadProbe("401".to_owned()), Live::Failed(failed())] {
        assert!(!never_issued_token(&live).held, "{live:?}");
    }
    let (yes, no) = (Opened::Yes("200".to_owned()), Opened::No("401".to_owned()));
    let held = |kind, opened: &Opened| opens(kind, "a session", opened).held;
    assert!(held(ControlKind::Positive, &yes) && held(ControlKind::Negative, &no));
    assert!(!held(ControlKind::Positive, &no) && !held(ControlKind::Negative, &yes));
    for opened in [Opened::Silent(String::new()), Opened::BadProbe(String::new()), Opened::Failed(failed())] {
        assert!(!held(ControlKind::Positive, &opened) && !held(ControlKind::Negative, &opened));
        assert!(matches!(presented(opened), Shown::Unknown(..)));
    }
}
