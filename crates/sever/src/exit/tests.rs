//! The order in which codes decide.

use sever_model::{Coverage, CoverageLine, Listing, Seen, SourceId};

use super::*;

#[test]
fn the_first_of_the_stated_order_decides() {
    let order = [130, 2, 1, 3, 4, 5, 20, 21, 10, 9, 15, 14, 13, 12, 11, 6, 0];
    assert_eq!(ORDER.map(Exit::code), order);
    for (at, exit) in ORDER.iter().enumerate() {
        let rest: Vec<Exit> = ORDER[at..].iter().rev().copied().collect();
        assert_eq!(worst(&rest), exit.code());
    }
}

#[test]
fn nothing_is_clean() {
    assert_eq!(worst(&[]), 0);
    assert_eq!(all(&[]), [Exit::Clean]);
}

#[test]
fn all_lists_each_once_and_the_gravest_finding() {
    let exits = [Exit::FindingLow, Exit::CoverageIncomplete, Exit::FindingCritical, Exit::Clean, Exit::FindingLow];
    assert_eq!(all(&exits), [Exit::FindingCritical, Exit::CoverageIncomplete]);
}

#[test]
fn coverage_that_saw_nothing_is_never_clean() {
    let line = |seen| CoverageLine {
        source: SourceId::from("hr"),
        kinds: Vec::new(),
        seen,
        listing: Listing::Complete,
        from: None,
        to: None,
        records: 1,
        rejected: 0,
        gaps: Vec::new(),
    };
    let of = |lines| Exit::coverage(&Coverage { lines });
    assert_eq!(of(vec![]), Some(Exit::NothingLooked));
    assert_eq!(of(vec![line(Seen::NotAtAll)]), Some(Exit::NothingLooked));
    assert_eq!(of(vec![line(Seen::NotAtAll), line(Seen::Whole)]), Some(Exit::CoverageIncomplete));
    assert_eq!(of(vec![line(Seen::Partly)]), Some(Exit::CoverageIncomplete));
    assert_eq!(of(vec![line(Seen::Whole)]), None);
}
