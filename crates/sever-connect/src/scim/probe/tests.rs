//! Tests of the verdict on canned answers.

use sever_model::act::ActError;
use sever_model::{Control, ControlKind, DoorState, UnknownWhy, VerdictStrength};

use super::{Seen, Shown, decide, group_shown, login_shown, never_given, right_shown};
use crate::http::Answer;
use crate::scim::wire::found;

fn seen(status: u16, body: &str, id: &str) -> Seen {
    found(&Answer::canned(status, body), id, "/Users")
}

fn control(held: bool) -> Control {
    Control { kind: ControlKind::Positive, what: "the twin".to_owned(), answer: String::new(), held }
}

#[test]
fn hostile_answers_are_never_closed() {
    let bodies = ["", "<html>ok</html>", "[]", "null", "{", r#"{"active":false}"#, r#"{"id":"2","active":false}"#];
    for status in [200, 204, 301, 302, 400, 401, 403, 418, 429, 500, 503] {
        for body in bodies {
            let tried = decide(login_shown(&seen(status, body, "1")), vec![control(true)]);
            assert!(matches!(tried.state, DoorState::Unknown(_)), "{status} {body}: {tried:?}");
        }
    }
    let gone: Seen = Err(ActError::Unreachable("refused".to_owned()));
    assert_eq!(login_shown(&gone), Shown::Unknown(UnknownWhy::Unreachable, "cannot be reached: refused".to_owned()));
}

#[test]
fn closed_needs_controls_that_held() {
    let shut = || login_shown(&seen(200, r#"{"id":"1","active":false}"#, "1"));
    let tried = decide(shut(), vec![control(true)]);
    assert_eq!((tried.state, tried.strength), (DoorState::Closed, VerdictStrength::Observed));
    for controls in [vec![], vec![control(false)], vec![control(true), control(false)]] {
        assert_eq!(decide(shut(), controls).state, DoorState::Unknown(UnknownWhy::ControlFailed));
    }
    let open = login_shown(&seen(200, r#"{"id":"1","active":true}"#, "1"));
    assert_eq!(decide(open, Vec::new()).state, DoorState::Open { until: None });
}

#[test]
fn either_record_that_shows_a_membership_opens_it() {
    let group = |body: &str| found(&Answer::canned(200, body), "g", "/Groups");
    let user = |body: &str| seen(200, body, "1");
    let shown = |group: &Seen, user: &Seen| group_shown(group, user, "g", "1");
    let (with, without) = (r#"{"id":"g","members":[{"value":"1"}]}"#, r#"{"id":"g","members":[{"value":"2"}]}"#);
    let (named, unnamed) = (r#"{"id":"1","groups":[{"value":"g"}]}"#, r#"{"id":"1"}"#);
    assert!(matches!(shown(&group(with), &user(unnamed)), Shown::Open(_)));
    assert!(matches!(shown(&group(without), &user(named)), Shown::Open(_)));
    assert!(matches!(shown(&group(without), &user(unnamed)), Shown::Shut(_)));
    assert!(matches!(shown(&Ok(None), &user(named)), Shown::Open(_)));
    assert!(matches!(shown(&Ok(None), &Ok(None)), Shown::Shut(_)));
    assert!(matches!(shown(&group("<html>"), &user(unnamed)), Shown::Unknown(..)));
    assert!(matches!(shown(&group(without), &user("<html>")), Shown::Unknown(..)));
}

#[test]
fn a_right_is_there_until_the_record_lacks_it() {
    let shown = |body: &str| right_shown(&seen(200, body, "1"), "roles", "admin");
    assert!(matches!(shown(r#"{"id":"1","roles":[{"value":"admin"}]}"#), Shown::Open(_)));
    assert!(matches!(shown(r#"{"id":"1","roles":[{"value":"administrator"}]}"#), Shown::Shut(_)));
}

#[test]
fn an_id_that_nobody_was_given_has_the_same_shape() {
    let uuid = "42b15ab0-48ea-432c-af55-be9a87daa6fc";
    let made = never_given(uuid, "nonce");
    assert!(made != uuid && made.len() == uuid.len());
    for (ours, theirs) in made.chars().zip(uuid.chars()) {
        assert_eq!((ours.is_ascii_digit(), ours == '-'), (theirs.is_ascii_digit(), theirs == '-'));
    }
    assert_ne!(made, never_given(uuid, "another"));
    // A number that is counted up is far below this one.
    assert!(never_given("7", "n").parse::<u64>().is_ok_and(|it| it > 90_000_000_000));
    assert_eq!(never_given("", "n"), "999999999999");
    assert_eq!(never_given("é1", "n").chars().count(), 12);
}
