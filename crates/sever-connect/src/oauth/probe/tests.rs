//! Tests of the end of a JWT.

use sever_model::act::Tried;
use sever_model::{DoorState, EventTime, UnknownWhy, VerdictStrength};

use super::{ended, untold};
use crate::oauth::verdict::decide;

fn state(until: Option<i64>, there: i64, published: bool) -> DoorState {
    let (shown, controls) = ended(until.map(EventTime::from_secs), EventTime::from_secs(there), published);
    decide(shown, VerdictStrength::Observed, controls).state
}

#[test]
fn a_jwt_is_open_until_its_end_and_a_little_longer() {
    let end = EventTime::from_secs(1_000);
    assert_eq!(state(Some(1_000), 0, true), DoorState::Open { until: Some(end) });
    assert_eq!(state(Some(1_000), 1_060, true), DoorState::Open { until: Some(end) });
    assert_eq!(state(Some(1_000), 1_061, true), DoorState::Closed);
    assert_eq!(state(Some(1_000), 1_061, false), DoorState::Closed);
    assert_eq!(state(None, 1_061, true), DoorState::Open { until: None });
    // Verifiers may keep a key that is no longer published.
    assert_eq!(state(Some(1_000), 0, false), DoorState::Unknown(UnknownWhy::NothingToTry));
}

#[test]
fn a_secret_of_which_nobody_knows_whose_it_is_closes_nothing() {
    let tried = |state: DoorState, strength: VerdictStrength| {
        untold(Tried { state, strength, evidence: "401".to_owned(), controls: Vec::new() }).state
    };
    let ambiguous = DoorState::Unknown(UnknownWhy::Ambiguous);
    assert_eq!(tried(DoorState::Closed, VerdictStrength::Tried), ambiguous);
    assert_eq!(tried(DoorState::Closed, VerdictStrength::Observed), DoorState::Closed);
    let open = DoorState::Open { until: None };
    assert_eq!(tried(open.clone(), VerdictStrength::Tried), open);
}
