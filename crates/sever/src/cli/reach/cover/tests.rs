//! Which days are missing, and what they add.

use sever_model::Cap;

use super::*;

fn ask(from: Option<i64>, to: Option<i64>) -> Ask {
    let day = |day: i64| EventTime::from_secs(86_400 * day);
    Ask { from: from.map(day), to: to.map(day), ..Ask::default() }
}

fn capped(requests_at_most: u64, people_per_request: u64) -> Ask {
    let cap = Cap { requests_at_most, people_per_request, source: "the load balancer".to_owned() };
    Ask { cap: Some(cap), ..Ask::default() }
}

/// Twelve people in forty answered requests.
fn answer(unsaid: u64) -> ReachAnswer {
    ReachAnswer {
        lower: 12,
        upper: (unsaid == 0).then_some(12),
        unsaid,
        requests: sever_lake::Outcomes { attempted: 40, answered: 40, ..sever_lake::Outcomes::default() },
        ..ReachAnswer::default()
    }
}

fn upper(ask: &Ask, answer: &ReachAnswer, days_missing: bool, unread: u64) -> Option<u64> {
    let mut cover = Cover::default();
    cover.bound(ask, answer, None, days_missing, unread).expect("a bound");
    cover.upper
}

#[test]
fn days_without_a_use_are_found_within_the_span_that_is_asked_about() {
    let days = [10, 11, 14, 15, 20];
    assert_eq!(missing(&ask(None, None), &days, &[], 10, 20), [(12, 13), (16, 19)]);
    assert_eq!(missing(&ask(Some(12), Some(15)), &days, &[], 10, 20), [(12, 13)]);
    assert_eq!(missing(&ask(Some(8), Some(11)), &days, &[], 10, 20), [(8, 9)], "before the first day that is kept");
    assert_eq!(missing(&ask(Some(14), Some(16)), &days, &[], 10, 20), []);
    assert_eq!(missing(&ask(Some(17), Some(18)), &days, &[], 10, 20), [(17, 17)]);
    assert_eq!(missing(&ask(None, Some(90)), &days, &[], 10, 20), [(12, 13), (16, 19)], "the future is not missing");
    assert_eq!(missing(&ask(None, None), &days, &[(9, 13)], 10, 20), [(16, 19)], "quiet days of one file");
}

#[test]
fn what_is_in_no_row_lifts_the_upper_bound_and_a_count_of_requests_caps_it() {
    let free = Ask::default();
    assert_eq!(upper(&free, &answer(0), false, 0), Some(12));
    assert_eq!(upper(&free, &answer(0), false, 5), Some(17));
    assert_eq!(upper(&free, &answer(0), true, 0), None, "nobody knows who existed");
    assert_eq!(upper(&capped(45, 1), &answer(0), true, 0), Some(17));
    assert_eq!(upper(&capped(45, 3), &answer(0), true, 0), Some(27));
    assert_eq!(upper(&free, &answer(2), false, 0), None);
    assert_eq!(upper(&capped(45, 3), &answer(2), false, 0), Some(18));
    let too_few = Cover::default().bound(&capped(39, 1), &answer(0), None, false, 0);
    assert!(too_few.is_err(), "an independent count below what is in the logs is of something else");
}

#[test]
fn an_overlap_that_nobody_can_rule_out_is_one() {
    let at = |day: i64| Some(EventTime::from_secs(86_400 * day));
    assert!(overlaps(&ask(Some(5), Some(6)), None, None));
    assert!(!overlaps(&ask(Some(5), Some(6)), at(6), at(9)));
    assert!(!overlaps(&ask(Some(5), Some(6)), at(1), at(4)));
    assert!(overlaps(&ask(Some(5), Some(6)), at(1), at(5)));
}
