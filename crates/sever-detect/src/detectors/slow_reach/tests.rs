//! Distinct people over windows against counting them one by one, the error of a sample, and what a norm
//! is not moved by.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sever_model::EventTime;

use super::norm::{self, Past};
use super::seen::{Of, Seen};

const HOUR: i64 = 3_600;

fn at(hour: i64) -> EventTime {
    EventTime::from_secs(hour * HOUR)
}

proptest! {
    /// Every window's count is what counting sets gives, whoever comes when, as long as time goes on.
    #[test]
    fn windows_count_each_person_once(
        steps in prop::collection::vec((0_i64..30, 0_u64..40, any::<bool>()), 1..400),
    ) {
        let (mut seen, mut hour) = (Seen::default(), 24 * 400);
        let mut touched: Vec<(i64, u64)> = Vec::new();
        let mut last_explained: BTreeMap<u64, (i64, bool)> = BTreeMap::new();
        for (pause, who, explained) in steps {
            hour += pause;
            let new = seen.touch(who << 8, at(hour), explained);
            prop_assert_eq!(new, !touched.iter().any(|(_, known)| *known == who));
            touched.push((hour, who));
            let last = last_explained.entry(who).or_insert((hour, explained));
            *last = (hour, explained || (last.0 == hour && last.1));
        }
        let day = hour.div_euclid(24);
        for days in [1, 7, 30, 180] {
            let within: BTreeSet<u64> = touched
                .iter()
                .filter(|(hour, _)| hour.div_euclid(24) > day - days)
                .map(|(_, who)| *who)
                .collect();
            prop_assert_eq!(seen.within(day, days, Of::All), within.len() as u64, "{} days", days);
            let plain = within.iter().filter(|who| !last_explained[*who].1).count();
            prop_assert_eq!(seen.within(day, days, Of::Unexplained), plain as u64);
        }
        let mut hours: BTreeMap<i64, BTreeSet<u64>> = BTreeMap::new();
        for (hour, who) in touched.iter().filter(|(hour, _)| hour.div_euclid(24) == day) {
            hours.entry(*hour).or_default().insert(*who);
        }
        let largest = hours.values().map(BTreeSet::len).max().unwrap_or(0);
        prop_assert_eq!(seen.largest_hour(day, Of::All), largest as u64);
    }
}

/// A hash that is spread, as the keyed one of people's ids is.
fn spread(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (mixed >> 31)
}

#[test]
fn a_sample_stays_within_the_error_that_it_says() {
    let mut seen = Seen::default();
    for number in 0..200_000_u64 {
        seen.touch(spread(number), at(24 * 100 + (number / 10_000) as i64), false);
        if seen.len() > 8_192 {
            seen.halve();
        }
    }
    assert!(seen.len() <= 8_192);
    let told = seen.within(100, 1, Of::All);
    let off = (told as f64 - 200_000.0).abs() / 200_000.0;
    assert!(off <= seen.error(told) && seen.error(told) < 0.05, "{told} is off by {off}, says {}", seen.error(told));
}

#[test]
fn what_is_past_the_longest_window_is_let_go() {
    let mut seen = Seen::default();
    for day in 0..400 {
        seen.touch(day as u64, at(day * 24), false);
        seen.end(day);
        assert!(seen.len() <= norm::LONGEST_DAYS as usize + 7);
    }
    assert_eq!(seen.within(399, 180, Of::All), 180);
}

#[test]
fn a_set_that_agrees_can_be_taken_back() {
    let mut seen = Seen::default();
    seen.touch(1, at(0), false);
    seen.touch(2, at(0), true);
    seen.agree(1, true);
    assert_eq!((seen.within(0, 1, Of::Agreed), seen.within(0, 1, Of::Unexplained)), (1, 1));
    seen.agree(1, false);
    seen.explain(1, at(0));
    assert_eq!((seen.within(0, 1, Of::Agreed), seen.within(0, 1, Of::Unexplained)), (0, 0));
    assert_eq!(seen.largest_hour(0, Of::Unexplained), 0);
}

#[test]
fn a_norm_is_of_the_same_weekday_and_not_moved_by_one_odd_day() {
    let mut past = Past::default();
    for day in 0..105 {
        // Mondays are busy, and one of them was a sale.
        let count = if day == 35 {
            5_000
        } else if day % 7 == 0 {
            300
        } else {
            20
        };
        past.keep(day, [count; 5]);
    }
    let monday = past.compare(105, 1, 320).expect("fifteen Mondays");
    assert_eq!((monday.usual, monday.samples), (300, 15));
    assert!(monday.score < 1.0);
    let tuesday = past.compare(106, 1, 9_000).expect("fifteen Tuesdays");
    assert!(tuesday.usual == 20 && tuesday.score > 10.0);
    // As much as on the sale before is nothing new.
    assert!(past.compare(106, 1, 4_000).is_some_and(|norm| norm.score == 0.0));
    assert!(past.compare(105, 3, 320).is_some(), "30 days lie wholly in what is known");
    assert!(past.compare(105, 4, 320).is_none(), "180 days do not");
}

#[test]
fn peers_are_compared_only_where_there_are_enough() {
    let few = [1.0, 2.0, 3.0];
    assert!(norm::among(&few, 500).is_none());
    let mut many: Vec<f64> = [40, 44, 50, 52, 60, 4_000].map(norm::log).to_vec();
    many.sort_unstable_by(f64::total_cmp);
    let norm = norm::among(&many, 4_000).expect("six");
    assert!(norm.score > 10.0 && (50..=52).contains(&norm.usual), "{norm:?}");
    assert!(norm::among(&many, 60).is_some_and(|norm| norm.score < 1.0));
}
