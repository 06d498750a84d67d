//! What closes a door, and what does not.

use super::*;
use crate::postgresql::wire::Refusal;

fn answer(code: &str, message: &str, routine: &str) -> Entry {
    let refusal = Refusal { code: code.to_owned(), message: message.to_owned(), routine: routine.to_owned() };
    Entry::of(Err(Failed::Refused(refusal)))
}

fn not_permitted() -> Entry {
    answer("28000", "role \"bob\" is not permitted to log in", "InitializeSessionUserId")
}

fn wrong() -> Entry {
    answer("28P01", "password authentication failed for user \"bob\"", "auth_failed")
}

fn control(held: bool) -> Control {
    Control { kind: ControlKind::Positive, what: "the twin".to_owned(), answer: String::new(), held }
}

#[test]
fn the_difference_between_two_refusals_is_the_proof() {
    let tried = login(
        Some(not_permitted()),
        Standing::Hidden(UnknownWhy::NothingToTry, String::new()),
        control(true),
        &wrong(),
    );
    assert_eq!((tried.state, tried.strength), (DoorState::Closed, VerdictStrength::Tried));
    let tried = login(Some(wrong()), Standing::MayLogIn, control(true), &wrong());
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous));
    let tried =
        login(Some(wrong()), Standing::Hidden(UnknownWhy::NothingToTry, String::new()), control(true), &wrong());
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous));
}

#[test]
fn the_answer_is_known_in_any_language_and_not_taken_for_another() {
    let german = answer("28000", "Rolle »bob« hat keine Berechtigung zum Einloggen", "InitializeSessionUserId");
    assert!(matches!(german, Entry::NotPermitted(_)));
    let hba = answer("28000", "no pg_hba.conf entry for host \"192.0.2.1\"", "ClientAuthentication");
    assert!(matches!(hba, Entry::TurnedAway(_)));
    // Where no password is asked, a role that is not there is answered by the same function.
    let nobody = answer("28000", "role \"x\" does not exist", "InitializeSessionUserId");
    assert!(matches!(nobody, Entry::TurnedAway(_)));
    // A pooler that refuses in words of its own says nothing of the role.
    assert!(matches!(answer("08P01", "no such user", ""), Entry::NoAnswer(UnknownWhy::Unexpected, _)));
    assert!(matches!(answer("28000", "role is not permitted to log in", ""), Entry::TurnedAway(_)));
}

#[test]
fn a_database_that_refuses_is_not_a_closed_role() {
    let entry = answer("42501", "permission denied for database \"orders\"", "CheckMyDatabase");
    let tried = login(Some(entry), Standing::MayNot, control(true), &wrong());
    assert_eq!(tried.state, DoorState::Open { until: None });
    for code in ["53300", "57P03", "57P01", "3D000", "XX000", ""] {
        let tried = login(Some(answer(code, "", "")), Standing::MayNot, control(true), &wrong());
        assert!(matches!(tried.state, DoorState::Unknown(_)), "{code}: {tried:?}");
    }
}

#[test]
fn without_controls_nothing_is_closed() {
    for standing in [Standing::Gone, Standing::MayNot] {
        for entry in [None, Some(not_permitted()), Some(wrong())] {
            let tried = login(entry.clone(), standing.clone(), control(false), &wrong());
            assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::ControlFailed), "{entry:?}");
            let dead = Entry::NoAnswer(UnknownWhy::Unreachable, String::new());
            let tried = login(entry, standing.clone(), control(true), &dead);
            assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::ControlFailed));
        }
    }
    let sight = Sight { is_there: false, evidence: String::new(), control: control(false) };
    assert_eq!(seen(sight).state, DoorState::Unknown(UnknownWhy::ControlFailed));
}

#[test]
fn without_a_secret_it_is_only_observed() {
    let tried = login(None, Standing::MayNot, control(true), &wrong());
    assert_eq!((tried.state, tried.strength), (DoorState::Closed, VerdictStrength::Observed));
    let tried = login(None, Standing::MayLogIn, control(true), &wrong());
    assert_eq!((tried.state, tried.strength), (DoorState::Open { until: None }, VerdictStrength::Observed));
}

#[test]
fn where_no_password_is_asked_the_verdict_says_so() {
    let trust = answer("28000", "role \"severance-nobody-x\" does not exist", "InitializeSessionUserId");
    let tried = login(Some(not_permitted()), Standing::MayNot, control(true), &trust);
    assert_eq!(tried.state, DoorState::Closed);
    assert!(tried.evidence.contains("pg_hba.conf"), "{}", tried.evidence);
}
