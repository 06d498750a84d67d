//! When a departure is over.

use sever_model::{
    Act, ActRow, Coverage, Door, DoorKind, DoorState, PlanOf, PlannedDoor, Round, UnknownWhy, Verdict, VerdictStrength,
};

use super::*;

const BEGUN: WallTime = WallTime::from_secs(1_790_787_600);

/// A case of one door that was tried so long after it was begun.
fn case(after: Span, state: DoorState) -> Departure {
    let door = Door::new(&"issuer".into(), DoorKind::SigningKey, "kid-1");
    let planned = PlannedDoor {
        door: door.clone(),
        strength: None,
        evidence: String::new(),
        how: String::new(),
        breaks: Vec::new(),
        connection: None,
    };
    let plan = Plan {
        version: 1,
        about: PlanOf::Credential { id: "issuer/kid-1".into() },
        typed: "kid-1".to_owned(),
        made_at: BEGUN,
        not_before: None,
        doors: vec![planned],
        steps: Vec::new(),
        swept: Vec::new(),
        excluded: Vec::new(),
        not_covered: Vec::new(),
        coverage: Coverage::default(),
    };
    let verdict = Verdict {
        door: door.id,
        state,
        strength: VerdictStrength::Tried,
        evidence: "401".to_owned(),
        controls: Vec::new(),
        at: BEGUN.plus(after),
        window_secs: 0,
        nonce: String::new(),
    };
    let acts = [Act::Begun { digest: plan.digest() }, Act::Tried { round: Round::Again, verdict }];
    let rows: Vec<ActRow> = acts.into_iter().zip(1..).map(|(act, number)| ActRow { number, at: BEGUN, act }).collect();
    Departure::of(plan, &rows)
}

#[test]
fn a_departure_is_over_once_every_door_was_seen_closed_for_the_last_time() {
    assert!(is_over(&case(Span::days(7), DoorState::Closed)));
    assert!(!is_over(&case(Span::days(1), DoorState::Closed)), "it is tried again in a week");
    assert!(!is_over(&case(Span::days(8), DoorState::Open { until: None })));
    assert!(!is_over(&case(Span::days(8), DoorState::Unknown(UnknownWhy::TimedOut))));
}
