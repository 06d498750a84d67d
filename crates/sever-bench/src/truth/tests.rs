//! What is counted, and how surely.

use super::*;

#[test]
fn nothing_seen_is_no_proof_of_nothing() {
    for (count, most) in [(0, 2.996), (1, 4.744), (5, 10.513), (20, 29.062)] {
        assert!((at_most(count) - most).abs() < 0.01, "{count}: {}", at_most(count));
    }
}

#[test]
fn false_findings_and_misses_are_told_by_detector() {
    let mut told = Vec::new();
    let ghost = Count { expected: 2, said: 1, wrong: 3 };
    let detectors = BTreeMap::from([("ghost-account".to_owned(), ghost)]);
    add(&mut told, "gucci", (500_000, 7), &detectors);
    add(&mut told, "gucci", (500_000, 7), &detectors);
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.seeds, told.benign_events, told.misuse_events), (2, 1_000_000, 14));
    assert_eq!((told.false_findings, told.expected, told.said), (6, 4, 2));
    assert!((told.false_per_million - 6.0).abs() < 1e-9 && told.false_per_million_max > 6.0);
    assert_eq!(told.detectors.get("ghost-account"), Some(&Count { expected: 4, said: 2, wrong: 6 }));
}
