//! One line per thing that a listing can say of a fact.

use sever_model::{Bound, EventTime, Listing, Valid};

use super::{Change, Held, Moment, Said, Tally, compare};

const fn at(day: i64) -> EventTime {
    EventTime::from_secs(day * 86_400)
}

/// A complete listing of day 20, after a complete one of day 10.
fn moment() -> Moment {
    Moment { at: at(20), listing: Listing::Complete, whole: Some(at(10)), before: Some(at(10)), late: false }
}

fn held(valid: Valid) -> Held {
    Held { version: 1, valid, seen: at(1), digest: 7, stable: 7 }
}

fn said(valid: Valid) -> Said {
    Said { valid, digest: 7, stable: 7 }
}

const GAP: Bound = Bound::Between(at(10), at(20));
const OPEN: Bound = Bound::Unbounded;

#[test]
fn the_same_again_is_only_seen() {
    let change = compare(&moment(), Some(&held(Valid::ALWAYS)), None, Some(&said(Valid::ALWAYS)));
    assert_eq!(change, Change { confirm: Some(1), tally: Tally::Unchanged, ..Change::default() });
}

#[test]
fn an_undated_listing_keeps_the_start_that_was_inferred() {
    let change = compare(&moment(), Some(&held(Valid { from: GAP, to: OPEN })), None, Some(&said(Valid::ALWAYS)));
    assert_eq!(change.tally, Tally::Unchanged);
}

#[test]
fn other_attributes_without_a_date_turn_between_two_listings() {
    let now = Said { digest: 8, stable: 8, ..said(Valid::ALWAYS) };
    let change = compare(&moment(), Some(&held(Valid::ALWAYS)), None, Some(&now));
    assert_eq!(change.end, Some((GAP, at(10))));
    assert_eq!(change.insert, Some((Valid { from: GAP, to: OPEN }, at(20))));
    assert_eq!((change.close, change.tally), (Some(1), Tally::Changed));
}

#[test]
fn other_attributes_with_a_date_are_a_correction() {
    let valid = Valid::since(at(2));
    let now = Said { digest: 8, stable: 8, ..said(valid) };
    let change = compare(&moment(), Some(&held(valid)), None, Some(&now));
    assert_eq!((change.end, change.insert, change.tally), (None, Some((valid, at(1))), Tally::Corrected));
}

#[test]
fn an_observation_replaces_the_version_and_keeps_its_interval() {
    let valid = Valid { from: GAP, to: OPEN };
    let change = compare(&moment(), Some(&held(valid)), None, Some(&Said { digest: 8, ..said(Valid::ALWAYS) }));
    assert_eq!((change.end, change.insert), (None, Some((valid, at(1)))));
}

#[test]
fn an_end_told_late_is_a_correction_that_the_brake_counts() {
    let ended = Valid::between(at(2), at(5));
    let change = compare(&moment(), Some(&held(Valid::since(at(2)))), None, Some(&said(ended)));
    assert_eq!((change.insert, change.tally), (Some((ended, at(1))), Tally::CorrectedEnd));
}

#[test]
fn what_a_complete_listing_lacks_has_ended_since_it_was_last_seen() {
    let change = compare(&moment(), Some(&held(Valid::ALWAYS)), None, None);
    assert_eq!((change.close, change.end, change.tally), (Some(1), Some((GAP, at(10))), Tally::Ended));
}

#[test]
fn what_a_partial_listing_lacks_is_untouched() {
    let partial = Moment { listing: Listing::Partial, ..moment() };
    assert_eq!(compare(&partial, Some(&held(Valid::ALWAYS)), None, None), Change::default());
}

#[test]
fn a_row_dropped_after_its_own_end_keeps_that_end() {
    let change = compare(&moment(), Some(&held(Valid::between(at(1), at(5)))), None, None);
    assert_eq!((change.end, change.tally), (Some((Bound::At(at(5)), at(10))), Tally::Unchanged));
}

#[test]
fn what_is_new_began_after_the_last_complete_listing_and_unknown_before_the_first() {
    let change = compare(&moment(), None, None, Some(&said(Valid::ALWAYS)));
    assert_eq!((change.insert, change.tally), (Some((Valid { from: GAP, to: OPEN }, at(20))), Tally::Added));
    let first = Moment { whole: None, before: None, ..moment() };
    assert_eq!(compare(&first, None, None, Some(&said(Valid::ALWAYS))).insert, Some((Valid::ALWAYS, at(20))));
}

#[test]
fn what_comes_back_begins_anew_unless_dated_before_its_end() {
    let gone = held(Valid { from: OPEN, to: Bound::Between(at(5), at(10)) });
    let anew = compare(&moment(), None, Some(&gone), Some(&said(Valid::ALWAYS)));
    assert_eq!((anew.close, anew.insert), (None, Some((Valid { from: GAP, to: OPEN }, at(20)))));
    let later = compare(&moment(), None, Some(&gone), Some(&said(Valid::since(at(15)))));
    assert_eq!((later.close, later.insert), (None, Some((Valid::since(at(15)), at(20)))));
    let mistaken = compare(&moment(), None, Some(&gone), Some(&said(Valid::since(at(2)))));
    assert_eq!((mistaken.close, mistaken.insert), (Some(1), Some((Valid::since(at(2)), at(1)))));
    assert_eq!(mistaken.tally, Tally::Corrected);
}

#[test]
fn the_same_instant_listed_again_corrects_itself() {
    let again = Moment { whole: Some(at(20)), ..moment() };
    // Only the first version of this listing had it: it never was.
    let only_then = Held { seen: at(20), ..held(Valid { from: GAP, to: OPEN }) };
    let change = compare(&again, Some(&only_then), None, None);
    assert_eq!((change.close, change.end), (Some(1), None));
    // Listings before had it too: it ended before this one.
    assert_eq!(compare(&again, Some(&held(Valid::ALWAYS)), None, None).end, Some((GAP, at(10))));
    // The first version lacked it by mistake.
    let missed = held(Valid { from: OPEN, to: GAP });
    let change = compare(&again, None, Some(&missed), Some(&said(Valid::ALWAYS)));
    assert_eq!((change.close, change.insert), (Some(1), Some((Valid::ALWAYS, at(1)))));
}

#[test]
fn an_older_listing_adds_what_is_unknown_and_changes_nothing() {
    let late = Moment { listing: Listing::Partial, late: true, ..moment() };
    let other = Said { digest: 8, stable: 8, ..said(Valid::ALWAYS) };
    assert_eq!(compare(&late, Some(&held(Valid::ALWAYS)), None, Some(&other)), Change::default());
    assert_eq!(compare(&late, None, Some(&held(Valid::ALWAYS)), Some(&other)), Change::default());
    assert_eq!(compare(&late, None, None, Some(&other)).insert, Some((Valid::ALWAYS, at(20))));
}
