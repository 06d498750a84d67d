//! Sequence numbers, lanes and signs of life of one issuer's log.

use super::*;

fn at(secs: i64) -> EventTime {
    EventTime::from_secs(secs)
}

fn lost(feed: &Feed) -> Vec<Option<u64>> {
    feed.gaps.report(|lane| feed.node(lane)).0.iter().map(|gap| gap.lost).collect()
}

/// A poll every 30 s proved the issuer idle from 100 to 220: a deadline is passed by the first poll
/// at or after it.
#[test]
fn a_deadline_is_passed_by_the_first_poll_after_it() {
    let sign = Sign { at: at(220), idle: Some((at(100), 4)), heartbeat: true };
    let passed = |secs| sign.passed(at(secs)).micros() / 1_000_000;
    assert_eq!([90, 100, 101, 130, 131, 190, 191, 220].map(passed), [130, 130, 130, 130, 160, 190, 220, 220]);
    let odd = Sign { at: at(110), idle: Some((at(100), 3)), heartbeat: true };
    assert!(odd.passed(at(103)) > at(103) && odd.passed(at(103)) < at(104));
    for idle in [None, Some((at(100), 0)), Some((at(110), 4)), Some((at(500), 4))] {
        assert_eq!(Sign { at: at(110), idle, heartbeat: true }.passed(at(103)), at(110));
    }
}

#[test]
fn holes_are_counted_and_heal_in_any_order() {
    let mut feed = Feed::new(None);
    feed.number("a", Some(1), at(10));
    feed.number("b", Some(900), at(11));
    feed.number("a", Some(7), at(20));
    assert_eq!(lost(&feed), [Some(5)]);
    for (number, left) in [(4, 4), (4, 4), (2, 3), (6, 2), (5, 1)] {
        feed.number("a", Some(number), at(15));
        assert_eq!(lost(&feed), [Some(left)]);
    }
    feed.number("a", Some(3), at(15));
    assert!(lost(&feed).is_empty());
    assert_eq!((feed.numbered.seen, feed.numbered.due), (8, 8));
}

#[test]
fn a_restart_is_an_uncounted_gap_and_a_copy_is_none() {
    let mut feed = Feed::new(None);
    feed.number("a", Some(50), at(10));
    feed.number("a", Some(50), at(10));
    assert!(lost(&feed).is_empty());
    feed.number("a", Some(0), at(30));
    assert_eq!(lost(&feed), [None]);
    feed.number("a", Some(50), at(10));
    feed.number("a", Some(1), at(31));
    assert_eq!((lost(&feed), feed.numbered.due), (vec![None], 3));
}

/// Numbers are the issuer's word, but a damaged record must not stop the reading.
#[test]
fn absurd_numbers_and_many_nodes_are_survived() {
    let mut feed = Feed::new(None);
    feed.number("a", Some(u64::MAX - 1), at(1));
    feed.number("a", Some(5), at(2));
    feed.number("a", Some(u64::MAX - 1), at(3));
    feed.number("a", Some(6), at(4));
    for node in 0..NODES_MAX + 10 {
        feed.number(&node.to_string(), Some(1), at(10));
    }
    assert_eq!(feed.lanes.len(), NODES_MAX);
}
