//! `sever demo`: the second half, in which the departure is cut and the same misuse comes once more.

use serde_json::{Value, json};

use crate::world::World;

fn played(words: &str) -> Value {
    let said = World::empty().sever(&format!("demo {words} --format json"));
    assert_eq!(said.exit, 0, "{}", said.all());
    said.json().pointer("/0").cloned().unwrap_or_else(|| panic!("{}", said.all()))
}

/// That every door is proven closed, and what was let in without a cut is turned away with it, and nobody
/// else is.
fn holds(played: &Value) {
    let closing = &played["closing"];
    let number = |pointer: &str| closing.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{played}"));
    assert_eq!(closing["stand_ins"], json!(true));
    assert!(number("/doors/proven") >= 4, "{closing}");
    assert_eq!(number("/doors/proven"), number("/doors/closed"), "{closing}");
    assert_eq!((number("/doors/open"), number("/doors/unknown")), (0, 0), "{closing}");
    let misuse = played["misuse_events"].as_u64().unwrap();
    for run in ["without", "with"] {
        assert_eq!(number(&format!("/{run}/misuse")), misuse, "all of it comes to the doors: {closing}");
        assert_eq!(number(&format!("/{run}/honest_refused")), 0, "{closing}");
        assert!(number(&format!("/{run}/honest")) > 1_000, "{closing}");
    }
    assert_eq!(number("/without/misuse_let_in"), misuse, "{closing}");
    assert!(number("/without/misuse_answered") > 0, "{closing}");
    assert_eq!(number("/with/misuse_let_in"), 0, "{closing}");
}

#[test]
fn a_ghost_and_a_shared_password_let_nobody_in_once_they_are_cut() {
    holds(&played("gucci"));
}

#[test]
fn a_key_that_was_rotated_signs_nothing_that_is_let_in_and_no_honest_token_is_refused() {
    // Clocks that disagree are the hardest on the honest: their tokens live to the last second.
    holds(&played("coupang --scale 0.00002 --variant skewed-clocks"));
}

#[test]
fn where_nobody_knows_the_door_none_is_cut() {
    let told = World::empty().sever("demo finwise --scale 0.0001");
    assert_eq!(told.exit, 0, "{}", told.all());
    assert!(told.stdout.contains("how they got in was never made public"), "{}", told.all());
}
