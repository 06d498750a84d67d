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

/// The row of a play that is as it should be: `played` asserts the exit code.
fn right(words: &str, detectors: &[&str]) -> Value {
    let row = played(words);
    assert_eq!((&row["false_findings"], &row["missed_findings"]), (&json!(0), &json!([])), "{row}");
    for detector in detectors {
        let spoke = row["detectors"].as_array().is_some_and(|all| all.contains(&json!(detector)));
        assert!(spoke, "{detector}: {row}");
    }
    row
}

#[test]
fn shared_passwords_forgotten_sessions_and_planted_accounts_are_told() {
    right("ncs", &["shared-secret-not-rotated", "mass-destruction"]);
    right("opexus", &["use-after-departure", "mass-destruction"]);
    right("stradis", &["ghost-account", "mass-destruction"]);
}

#[test]
fn an_expired_key_is_out_of_life_and_lowered_retention_tampers_with_evidence() {
    let row = right("storm-0558", &["key-out-of-life"]);
    assert_eq!(row["people_exact"], json!(true));
    // There is no issuance log: that nobody issued it cannot be known.
    assert!(!row["detectors"].to_string().contains("token-never-issued"), "{row}");
    right("ubiquiti", &["evidence-tampered"]);
}

#[test]
fn whoever_is_employed_is_ranked_and_never_told_for_sure() {
    let row = right("desjardins", &["slow-reach-person"]);
    let review = &row["review"];
    assert!(review["rows_right"].as_u64() > Some(10), "{review}");
    assert!(review["rows_a_day_max"].as_u64() <= Some(20), "two lists of ten: {review}");
    assert!(
        review.pointer("/guilty/0/after_days").and_then(Value::as_f64).is_some_and(|days| days < 150.0),
        "{review}"
    );
}

#[test]
fn where_nobody_knows_the_door_none_is_cut() {
    let told = World::empty().sever("demo finwise --scale 0.0001");
    assert_eq!(told.exit, 0, "{}", told.all());
    assert!(told.stdout.contains("how they got in was never made public"), "{}", told.all());
}
