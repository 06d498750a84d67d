//! Classes that add up, and percentiles.

use sever_model::{EventTime, PersonIx};

use super::{Leaver, Outcome, Population};

fn leaver(outcome: Outcome, minutes: &[i64]) -> Leaver {
    Leaver {
        person: PersonIx(0),
        id: "1".into(),
        end: EventTime::from_secs(0),
        outcome,
        case: None,
        minutes: minutes.to_vec(),
    }
}

#[test]
fn the_classes_add_up() {
    let outcomes = Outcome::ALL.into_iter().chain([Outcome::Proven, Outcome::Open]);
    let population = Population { leavers: outcomes.map(|outcome| leaver(outcome, &[])).collect() };
    let sum: usize = Outcome::ALL.into_iter().map(|outcome| population.count(outcome)).sum();
    assert_eq!((sum, population.count(Outcome::Proven)), (population.leavers.len(), 2));
}

#[test]
fn percentiles_are_of_the_nearest_rank() {
    let doors: Vec<i64> = (1..=100).collect();
    let population = Population { leavers: vec![leaver(Outcome::Proven, &doors)] };
    assert_eq!((population.percentile(50), population.percentile(95)), (Some(50), Some(95)));
    let one = Population { leavers: vec![leaver(Outcome::Proven, &[7])] };
    assert_eq!((one.percentile(50), one.percentile(95)), (Some(7), Some(7)));
    assert_eq!(Population { leavers: Vec::new() }.percentile(95), None);
}
