//! A frozen answer is found to be changed, and two of them say what moved and why.

use std::collections::BTreeMap;

use super::*;

fn answer() -> Frozen {
    Frozen {
        version: FROZEN_VERSION,
        at: WallTime::from_secs(1_763_510_400),
        question: Question {
            things: vec![("key".to_owned(), "kid-1".to_owned())],
            judged: Some("forged".to_owned()),
            ..Question::default()
        },
        figures: Figures {
            views: 20,
            at_least: 12,
            at_most: Some(12),
            members: 12,
            attempted: 21,
            ..Figures::default()
        },
        steps: vec![FrozenStep { what: "confirmed and answered".to_owned(), adds: 12, total: 12 }],
        by_day: vec![FrozenDay { day: "2025-11-08".to_owned(), requests: 20, people: 12, new: 12 }],
        by_field: BTreeMap::from([("name".to_owned(), 12)]),
        by_endpoint: BTreeMap::new(),
        coverage: vec!["gateway: from 2025-11-01 to 2025-11-18".to_owned()],
        inputs: Inputs {
            commit: 3,
            segments: ["day=2025-11-08/scan-1-0.parquet".to_owned()].into(),
            logs: BTreeMap::from([("gateway".to_owned(), 100)]),
            program: "0.1.0".to_owned(),
            ..Inputs::default()
        },
        digest: String::new(),
    }
    .sealed()
}

#[test]
fn a_frozen_answer_reads_back_and_a_changed_one_does_not() {
    let frozen = answer();
    let text = serde_json::to_string_pretty(&frozen).expect("written");
    assert_eq!(Frozen::parse(text.as_bytes()), Ok(frozen.clone()));
    // Another order of members is the same answer: the digest is over the canonical form.
    let value: serde_json::Value = serde_json::from_str(&text).expect("read");
    let turned: serde_json::Map<String, Value> =
        value.as_object().expect("an object").iter().rev().map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(Frozen::parse(&serde_json::to_vec(&turned).expect("written")), Ok(frozen));
    for (one, other) in
        [("\"at_least\": 12", "\"at_least\": 11"), ("kid-1", "kid-2"), ("\"commit\": 3", "\"commit\": 4")]
    {
        let changed = text.replacen(one, other, 1);
        assert_ne!(changed, text);
        assert!(matches!(Frozen::parse(changed.as_bytes()), Err(FrozenError::Changed { .. })), "{one}");
    }
    assert!(matches!(Frozen::parse(b"{}"), Err(FrozenError::Shape(_))));
    let newer = text.replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(matches!(Frozen::parse(newer.as_bytes()), Err(FrozenError::Shape(_))));
}

#[test]
fn the_same_answer_has_no_differences() {
    assert_eq!(answer().differences(&answer()), Differences::default());
}

#[test]
fn what_moved_is_told_with_the_inputs_that_explain_it() {
    let mut later = answer();
    later.figures.at_least = 37_549;
    later.figures.at_most = None;
    later.inputs.commit = 4;
    later.inputs.segments =
        ["day=2025-04-14/scan-2-0.parquet", "day=2025-11-08/scan-2-1.parquet"].map(str::to_owned).into();
    later.inputs.logs = BTreeMap::from([("gateway".to_owned(), 900)]);
    later.inputs.register = Some("12 ids".to_owned());
    let differences = answer().differences(&later);
    let moved: Vec<_> =
        differences.moved.iter().map(|it| (it.what.as_str(), it.was.as_str(), it.is.as_str())).collect();
    assert_eq!(moved, [("at least", "12", "37549"), ("at most", "12", "unknown")]);
    assert_eq!(
        differences.why,
        [
            "more logs were read (1 day, 2025-04-14 to 2025-04-14)",
            "uses were judged again or added: another judgement, or more of that day's logs (1 day, 2025-11-08 to 2025-11-08)",
            "another register tells who exists and who is a member",
        ]
    );
    let changed: Vec<&str> = differences.changed.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(changed, ["log gateway", "lake commit", "days of the lake", "days of the lake", "register"]);
}

#[test]
fn numbers_that_move_by_themselves_are_said_to() {
    let mut later = answer();
    later.figures.views = 19;
    assert_eq!(answer().differences(&later).why, ["no input that is kept track of changed, and yet the numbers did"]);
    later.question.judged = None;
    assert!(answer().differences(&later).why[0].starts_with("another question"));
}
