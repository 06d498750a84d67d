//! Sets and sequences give back what they were given, in the bits that they should take.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sever_model::Fingerprint;

use super::bits::{BitWriter, Bits};
use super::numbering::Numbering;
use super::sequence::{self, Sequence};
use super::set::{self, Shape};

fn read(bytes: &[u8], at: u64, shape: Shape) -> Vec<u64> {
    let mut numbers = Vec::new();
    set::each(Bits(bytes), at, shape, |number| numbers.push(number));
    numbers
}

proptest! {
    #[test]
    fn sets_come_back_one_after_the_other(sets in prop::collection::vec((1u64..5_000, prop::collection::btree_set(0u64..5_000, 0..300)), 1..6)) {
        let mut out = BitWriter::default();
        let mut places = Vec::new();
        for (universe, numbers) in &sets {
            let numbers: BTreeSet<u64> = numbers.iter().map(|number| number % universe).collect();
            let shape = Shape { count: numbers.len() as u64, universe: *universe };
            places.push((out.len(), shape, numbers.clone()));
            set::write(&mut out, shape, numbers.iter().copied());
            let (at, ..) = places[places.len() - 1];
            prop_assert_eq!(out.len() - at, shape.bits());
        }
        let bytes = out.finish();
        for (at, shape, numbers) in places {
            prop_assert_eq!(read(&bytes, at, shape), numbers.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_sequence_is_read_and_searched_anywhere(mut numbers in prop::collection::vec(0u64..20_000, 0..1_500), more in 0u64..1_000_000, at in 0usize..1_500) {
        numbers.sort_unstable();
        let universe = 20_000 + more;
        let bytes = sequence::write(&numbers, universe);
        let sequence = Sequence::new(&bytes).expect("whole");
        prop_assert_eq!(sequence.from(0).collect::<Vec<_>>(), numbers.clone());
        prop_assert_eq!(sequence.number(at as u64), numbers.get(at).copied());
        for value in [0, 1, 255, 4_711, 19_999, universe, universe + 7].into_iter().chain(numbers.get(at).copied()) {
            let place = numbers.partition_point(|number| *number < value);
            let (found, rest) = sequence.seek(value);
            prop_assert_eq!(found as usize, place, "of {}", value);
            prop_assert_eq!(rest.take(3).collect::<Vec<_>>(), numbers[place..].iter().copied().take(3).collect::<Vec<_>>());
        }
    }
}

#[test]
fn no_set_takes_a_quarter_more_than_theory() {
    for universe in [1_000u64, 100_000, 37_550_000] {
        for share in [1.0, 0.99, 0.7, 0.5, 0.34, 0.25, 0.1, 0.03, 0.001] {
            let count = ((universe as f64 * share) as u64).max(1);
            let bits = Shape { count, universe }.bits() as f64 / count as f64;
            let bound = 1.25 * ((universe as f64 / count as f64).log2() + 1.44);
            assert!(bits <= bound, "{count} of {universe}: {bits} bits a number, and not {bound}");
        }
    }
}

#[test]
fn numbers_stay_whatever_happens_to_the_table() {
    let dir = tempfile::tempdir().expect("a folder");
    let of = |number: u32| Fingerprint(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    let mut numbering = Numbering::create(dir.path()).expect("made");
    for number in 0..10_000 {
        assert_eq!(numbering.number_or_next(of(number)).expect("numbered"), number);
    }
    numbering.commit().expect("kept");
    for number in 10_000..10_100 {
        numbering.number_or_next(of(number)).expect("numbered");
    }
    drop(numbering); // killed before it committed
    let numbering = Numbering::open(dir.path()).expect("opened");
    assert_eq!(
        (numbering.len(), numbering.number(of(9_999)), numbering.number(of(10_050))),
        (10_000, Some(9_999), None)
    );
    let mut numbering = Numbering::create(dir.path()).expect("opened");
    assert_eq!(numbering.number_or_next(of(10_099)).expect("numbered"), 10_000);
    assert_eq!(numbering.number_or_next(of(10_000)).expect("numbered"), 10_001);
    numbering.commit().expect("kept");
    std::fs::remove_file(dir.path().join("subjects.table")).expect("lost");
    let mut numbering = Numbering::create(dir.path()).expect("made again");
    assert_eq!((numbering.number(of(10_099)), numbering.number(of(7))), (Some(10_000), Some(7)));
    assert!(numbering.forget(of(7), Fingerprint(1)).expect("forgotten"));
    assert_eq!((numbering.number(of(7)), numbering.number(Fingerprint(1))), (None, Some(7)));
}
