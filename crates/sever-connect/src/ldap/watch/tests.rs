//! No verdict without controls, and a nonce that is only a name.

use super::*;

#[test]
fn closed_needs_a_control_that_held() {
    let closed = |controls| tried(DoorState::Closed, VerdictStrength::Tried, "", controls).state;
    let positive = |held| control(ControlKind::Positive, "a twin", "", held);
    assert_eq!(closed(vec![positive(true)]), DoorState::Closed);
    assert_eq!(closed(vec![]), DoorState::Unknown(UnknownWhy::Ambiguous));
    assert_eq!(closed(vec![positive(false)]), DoorState::Unknown(UnknownWhy::ControlFailed));
    let negative = control(ControlKind::Negative, "nobody", "", false);
    assert_eq!(closed(vec![positive(true), negative]), DoorState::Unknown(UnknownWhy::ControlFailed));
}

#[test]
fn a_nonce_is_a_safe_part_of_a_name() {
    assert_eq!(named("severance-1,dc=x+cn=*"), "severance-1dcxcn");
    assert_eq!(named("\u{0}"), "severance-probe");
}
