//! Tests of the end of a JWT.

use sever_model::{DoorState, EventTime, UnknownWhy, VerdictStrength};

use super::ended;
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
