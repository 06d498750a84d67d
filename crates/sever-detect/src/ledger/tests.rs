//! The ledger equals a map, whatever is put in and dropped.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const HOUR: Span = Span::secs(3_600);

fn at(secs: i64) -> EventTime {
    EventTime::from_secs(secs)
}

/// Few segments and neighbours that differ in the last bit: the hard cases for a sorted segment.
fn id(number: u16) -> Fingerprint {
    let spread = u128::from(number % 3) << 112 | u128::from(number / 7) << 100;
    Fingerprint(spread | u128::from(number))
}

#[test]
fn the_first_claims_count_and_the_latest_end() {
    let mut ledger = Ledger::new(Terms::reaching(HOUR));
    ledger.advance(at(0));
    assert_eq!(ledger.insert(id(1), at(100), 7), Inserted::New);
    assert_eq!(ledger.insert(id(1), at(200), 7), Inserted::Same);
    let entry = ledger.find(id(1)).unwrap();
    assert!(Ledger::agrees(entry, 7) && entry.end >= at(200) && entry.end < at(202));
    assert_eq!(ledger.insert(id(1), at(150), 8), Inserted::Conflict);
    let entry = ledger.find(id(1)).unwrap();
    assert_eq!((entry.check, entry.end >= at(200)), (None, true));
    assert_eq!(ledger.len(), 1);
}

#[test]
fn what_has_ended_is_absent_swept_or_not() {
    let mut ledger = Ledger::new(Terms::reaching(HOUR));
    ledger.advance(at(0));
    ledger.insert(id(1), at(60), 7);
    ledger.advance(at(59));
    assert!(ledger.find(id(1)).is_some());
    ledger.advance(at(60));
    assert!(ledger.find(id(1)).is_none() && !ledger.holds(at(60)) && ledger.holds(at(61)));
    assert_eq!(ledger.len(), 1, "the sweep has not come round");
    assert_eq!(ledger.insert(id(1), at(60), 7), Inserted::Gone);
    ledger.advance(at(20_000));
    assert_eq!(ledger.len(), 0);
}

#[test]
fn an_end_out_of_reach_is_drawn_in() {
    let mut ledger = Ledger::new(Terms::reaching(HOUR));
    ledger.advance(at(0));
    ledger.insert(id(1), EventTime::MAX, 7);
    assert_eq!(ledger.find(id(1)).unwrap().end, at(0).plus(ledger.terms().reach()));
}

#[test]
fn a_state_that_is_none_is_refused() {
    let mut saved = Ledger::new(Terms::reaching(HOUR)).save();
    saved.entries.push("zz".to_owned());
    assert!(Ledger::load(saved).is_none());
}

#[derive(Debug, Clone)]
enum Step {
    Insert { id: u16, life: i64, check: u32 },
    Advance(i64),
    SaveLoad,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let insert = (0..200_u16, 1..40_000_i64, 0..3_u32).prop_map(|(id, life, check)| Step::Insert { id, life, check });
    let advance = prop_oneof![9 => 0..5_000_i64, 1 => 0..200_000_i64].prop_map(Step::Advance);
    prop::collection::vec(prop_oneof![20 => insert, 4 => advance, 1 => Just(Step::SaveLoad)], 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is inserted and however time moves, the ledger says what a plain map would.
    #[test]
    fn it_equals_a_map(steps in steps()) {
        let mut ledger = Ledger::new(Terms::reaching(Span::secs(UNITS_AHEAD - 1)));
        prop_assert_eq!(ledger.terms().unit, Span::secs(1));
        ledger.advance(at(0));
        let mut model: HashMap<u16, (i64, Option<u32>)> = HashMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Insert { id: number, life, check } => {
                    let end = now + life;
                    let expected = match model.get_mut(&number) {
                        None => {
                            model.insert(number, (end, Some(check)));
                            Inserted::New
                        }
                        Some((known, first)) => {
                            *known = end.max(*known);
                            if *first == Some(check) {
                                Inserted::Same
                            } else {
                                *first = None;
                                Inserted::Conflict
                            }
                        }
                    };
                    prop_assert_eq!(ledger.insert(id(number), at(end), check), expected);
                }
                Step::Advance(secs) => {
                    now += secs;
                    ledger.advance(at(now));
                    model.retain(|_, (end, _)| *end > now);
                }
                Step::SaveLoad => {
                    let text = serde_json::to_string(&ledger.save()).unwrap();
                    ledger = Ledger::load(serde_json::from_str(&text).unwrap()).unwrap();
                }
            }
            prop_assert!(ledger.len() >= model.len() as u64);
        }
        for number in 0..200 {
            let expected = model.get(&number).map(|(end, check)| Entry { end: at(*end), check: *check });
            prop_assert_eq!(ledger.find(id(number)), expected);
        }
        ledger.advance(at(now + 200_000));
        prop_assert_eq!(ledger.len(), 0);
    }
}
