//! Counting what runners print.

use super::tally::Tally;

fn report(lines: &[&str]) -> String {
    let mut tally = Tally::default();
    for line in lines {
        tally.read(line);
    }
    let mut last = String::new();
    tally.report(&mut |line| last = line.to_owned());
    last
}

#[test]
fn counts_both_runners() {
    let cargo = [
        "running 3 tests",
        "test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    ];
    assert_eq!(report(&cargo), "7 passed, 1 failed, 1 skipped");
    let nextest = ["     Summary [   1.012s] 9 tests run: 6 passed (1 slow), 1 failed, 2 timed out, 0 skipped"];
    assert_eq!(report(&nextest), "6 passed, 3 failed, 0 skipped");
}

#[test]
fn nothing_run_is_not_good() {
    assert!(!Tally::default().good());
    let mut tally = Tally::default();
    tally.passed();
    assert!(tally.good());
    tally.failed("sarif", "why");
    assert!(!tally.good());
}

#[test]
fn a_skip_is_incomplete() {
    let mut tally = Tally::default();
    tally.passed();
    tally.skipped("openbao", "`bao` is not there");
    let mut lines = Vec::new();
    assert!(!tally.report(&mut |line| lines.push(line.to_owned())));
    assert_eq!(
        lines,
        [
            "SKIPPED openbao: `bao` is not there",
            "INCOMPLETE: what was skipped was not tried",
            "1 passed, 0 failed, 1 skipped"
        ]
    );
}
