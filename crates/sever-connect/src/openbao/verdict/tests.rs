//! What closes a door, and what does not.

use super::*;

fn controls(held: bool) -> Controls {
    let (what, answer) = ("the twin".to_owned(), "200".to_owned());
    Controls(vec![Control { kind: ControlKind::Positive, what, answer, held }])
}

fn denied() -> Option<Entry> {
    Some(Entry::Denied("403 permission denied".to_owned()))
}

fn wrong() -> Option<Entry> {
    Some(Entry::Wrong("400 invalid username or password".to_owned()))
}

const CONTAINED: Standing = Standing::Contained(None);
const THERE: Standing = Standing::There(None);
const PROVEN: (DoorState, VerdictStrength) = (DoorState::Closed, VerdictStrength::Tried);
const SEEN: (DoorState, VerdictStrength) = (DoorState::Closed, VerdictStrength::Observed);
const AMBIGUOUS: DoorState = DoorState::Unknown(UnknownWhy::Ambiguous);

fn of(tried: Tried) -> (DoorState, VerdictStrength) {
    (tried.state, tried.strength)
}

#[test]
fn a_denied_login_is_closed_only_where_nothing_else_denies_it() {
    assert_eq!(of(login(denied(), CONTAINED, Otherwise::Nothing, controls(true))), PROVEN);
    for otherwise in [Otherwise::LockedOrBound, Otherwise::Hidden] {
        assert_eq!(of(login(denied(), CONTAINED, otherwise, controls(true))), SEEN);
    }
    // A lockout, or somebody else's rule: it passes.
    assert_eq!(login(denied(), THERE, Otherwise::LockedOrBound, controls(true)).state, AMBIGUOUS);
    assert_eq!(login(denied(), THERE, Otherwise::Nothing, controls(true)).state, AMBIGUOUS);
    let hidden = Standing::Hidden(UnknownWhy::NotPermitted, String::new());
    assert_eq!(login(denied(), hidden, Otherwise::Nothing, controls(true)).state, AMBIGUOUS);
}

#[test]
fn a_wrong_password_says_nothing_of_a_user_who_is_there() {
    assert_eq!(login(wrong(), THERE, Otherwise::Nothing, controls(true)).state, AMBIGUOUS);
    assert_eq!(of(login(wrong(), Standing::Gone, Otherwise::Nothing, controls(true))), SEEN);
    assert_eq!(of(login(None, CONTAINED, Otherwise::Nothing, controls(true))), SEEN);
    assert!(matches!(login(None, THERE, Otherwise::Nothing, controls(true)).state, DoorState::Open { .. }));
}

#[test]
fn a_denied_token_is_closed_only_where_it_is_seen_to_be_gone() {
    assert_eq!(of(token(denied(), Standing::Gone, controls(true))), PROVEN);
    assert_eq!(of(token(denied(), CONTAINED, controls(true))), PROVEN);
    assert_eq!(token(denied(), THERE, controls(true)).state, AMBIGUOUS);
    let hidden = Standing::Hidden(UnknownWhy::NotPermitted, String::new());
    assert_eq!(token(denied(), hidden.clone(), controls(true)).state, AMBIGUOUS);
    assert_eq!(token(None, hidden, controls(true)).state, DoorState::Unknown(UnknownWhy::NotPermitted));
    assert_eq!(of(token(None, Standing::Gone, controls(true))), SEEN);
    assert!(matches!(token(None, CONTAINED, controls(true)).state, DoorState::Open { .. }));
}

#[test]
fn a_batch_token_is_open_until_it_expires() {
    let end = EventTime::parse("2026-12-27T21:49:15Z").ok();
    let open = DoorState::Open { until: end };
    assert_eq!(batch(None, THERE, end, controls(true)).state, open);
    assert_eq!(batch(Some(Entry::LetIn(String::new(), end)), THERE, None, controls(true)).state, open);
    assert_eq!(of(batch(denied(), CONTAINED, end, controls(true))), PROVEN);
    assert_eq!(batch(denied(), THERE, end, controls(true)).state, AMBIGUOUS);
}

#[test]
fn without_controls_nothing_is_closed() {
    let failed = DoorState::Unknown(UnknownWhy::ControlFailed);
    for no in [controls(false), Controls(Vec::new())] {
        for standing in [CONTAINED, Standing::Gone] {
            for entry in [None, wrong()] {
                assert_eq!(login(entry, standing.clone(), Otherwise::Nothing, no.clone()).state, failed);
            }
        }
        assert_eq!(login(denied(), CONTAINED, Otherwise::Nothing, no.clone()).state, failed);
        assert_eq!(token(denied(), Standing::Gone, no.clone()).state, failed);
        assert_eq!(batch(denied(), CONTAINED, None, no.clone()).state, failed);
        assert_eq!(seen(Standing::Gone, String::new(), no).state, failed);
    }
}

#[test]
fn no_answer_is_no_verdict() {
    for standing in [CONTAINED, Standing::Gone, THERE] {
        let dead = || Some(Entry::NoAnswer(UnknownWhy::Unexpected, "200 with a page".to_owned()));
        let unknown = DoorState::Unknown(UnknownWhy::Unexpected);
        assert_eq!(login(dead(), standing.clone(), Otherwise::Nothing, controls(true)).state, unknown);
        assert_eq!(token(dead(), standing.clone(), controls(true)).state, unknown);
        assert_eq!(batch(dead(), standing, None, controls(true)).state, unknown);
    }
}
