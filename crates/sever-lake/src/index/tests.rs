//! Sets and sequences give back what they were given, in the bits that they should take; and lists
//! answer as the rows do that they were made of.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use proptest::prelude::*;
use sever_model::{
    ClaimSet, EventTime, Fingerprint, FingerprintKey, Judgement, Lookup, Outcome, Stage, SubjectRegister, Unjudgeable,
};

use super::bits::{BitWriter, Bits};
use super::sequence::{self, Sequence};
use super::set::{self, Shape};
use super::*;
use crate::gather::Gathering;
use crate::reach::level_of_row;
use crate::{Detail, Filter, LakeError, People, Pivot, ReachQuery, UseRow, code};

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

/// Segments in memory: each the rows of one day.
struct InMemory(Vec<(SegmentOf, Vec<Made>)>);

/// A row and what it names.
#[derive(Debug, Clone)]
struct Made {
    at: i64,
    key: &'static str,
    account: &'static str,
    address: &'static str,
    judgement: Option<Judgement>,
    outcome: Outcome,
    stage: Stage,
    resource: &'static str,
    subjects: Vec<String>,
    count: Option<u64>,
    reference: &'static str,
    kind: &'static str,
}

impl Made {
    fn as_row<T>(&self, take: impl FnOnce(&UseRow<'_>) -> T) -> T {
        let subjects: Vec<&str> = self.subjects.iter().map(String::as_str).collect();
        take(&UseRow {
            time: EventTime::from_secs(self.at),
            kind: self.kind,
            outcome: self.outcome,
            judgement: self.judgement,
            stage: self.stage,
            source: "gateway",
            offset: 0,
            issuer: "https://id.example",
            key_id: self.key,
            credential: "jti",
            session: "",
            token_subject: "",
            account: self.account,
            person: "",
            source_ip: self.address,
            user_agent: if self.account.is_empty() { "curl" } else { "" },
            resource: self.resource,
            fields: if self.resource == "/me" { "name, e-mail" } else { "name" },
            data_subjects: &subjects,
            subject_count: self.count,
            subject_ref: self.reference,
        })
    }
}

impl Segments for InMemory {
    fn segments(&self) -> Vec<SegmentOf> {
        self.0.iter().map(|(segment, _)| segment.clone()).collect()
    }

    fn rows(&self, name: &str, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<(), LakeError> {
        let of = self.0.iter().filter(|(segment, _)| segment.name == name);
        of.flat_map(|(_, rows)| rows).for_each(|row| row.as_row(&mut *each));
        Ok(())
    }
}

impl InMemory {
    fn read(&self, filter: &Filter, each: &mut dyn FnMut(&UseRow<'_>)) -> Result<u64, LakeError> {
        let mut all: Vec<&Made> = self.0.iter().flat_map(|(_, rows)| rows).collect();
        all.sort_by_key(|row| row.at);
        for row in all {
            row.as_row(|row| {
                let in_span =
                    filter.from.is_none_or(|from| row.time >= from) && filter.to.is_none_or(|to| row.time < to);
                if in_span && filter.thing.as_ref().is_none_or(|(pivot, value)| pivot.of(row) == value) {
                    each(row);
                }
            });
        }
        Ok(0)
    }
}

const KEY: FingerprintKey = FingerprintKey::new([3; 16]);
const DAY_SECS: i64 = 86_400;

static IDS: LazyLock<HashMap<Fingerprint, String>> = LazyLock::new(|| {
    let ids = ["m-", "d-", "n-"].iter().flat_map(|kind| (0..20).map(move |number| format!("{kind}{number}")));
    ids.map(|id| (KEY.fingerprint(id.as_bytes()), id)).collect()
});

/// `m-…` are members, `d-…` were deleted at noon of the second day, `n-…` were never given out; it is
/// complete until the evening of the fourth.
struct Register;

impl SubjectRegister for Register {
    fn lookup(&self, id: &str) -> Lookup {
        let known = |deleted, member| Lookup::Known { dense: 0, created: EventTime::MIN, deleted, member };
        match id.split_at_checked(2) {
            Some(("m-", number)) => known(None, number.len() == 1),
            Some(("d-", _)) => known(Some(EventTime::from_secs(DAY_SECS + DAY_SECS / 2)), true),
            _ => Lookup::Never,
        }
    }
    fn lookup_fingerprint(&self, fingerprint: Fingerprint) -> Lookup {
        IDS.get(&fingerprint).map_or(Lookup::Never, |id| self.lookup(id))
    }
    fn complete_until(&self) -> EventTime {
        EventTime::from_secs(3 * DAY_SECS + DAY_SECS * 3 / 4)
    }
    fn len(&self) -> u64 {
        2
    }
}

fn made() -> impl Strategy<Value = Made> {
    let picks = (0..6 * DAY_SECS, 0..3usize, 0..3usize, 0..5usize, 0..6usize, 0..3usize, 0..8usize);
    let people = prop::collection::vec((0..3usize, 0..20usize), 0..4);
    (picks, people, prop::option::of(0..6u64), 0..6usize).prop_map(
        |((at, key, account, address, judgement, outcome, resource), people, count, reference)| Made {
            at,
            key: ["kid-1", "kid-2", ""][key],
            account: ["", "crm/ann", "crm/bob"][account],
            address: ["192.0.2.1", "192.0.2.7", "198.51.100.9", "2001:db8:1:2::3", ""][address],
            judgement: [
                None,
                Some(Judgement::NeverIssued),
                Some(Judgement::Mismatch(ClaimSet::SUBJECT)),
                Some(Judgement::Issued(ClaimSet::NONE)),
                Some(Judgement::Expired),
                Some(Judgement::Unjudgeable(Unjudgeable::IssuerGap)),
            ][judgement],
            outcome: [Outcome::Answered, Outcome::Refused, Outcome::Unknown][outcome],
            stage: if resource == 7 { Stage::Provisional } else { Stage::Confirmed },
            resource: ["/me", "/orders/4711", "/orders/4712", "/address-book"][resource % 4],
            subjects: people
                .into_iter()
                .map(|(kind, number)| code(&KEY, &format!("{}{number}", ["m-", "d-", "n-"][kind])).into())
                .collect(),
            count,
            reference: ["", "", "", "", "report-1", "report-2"][reference],
            kind: if key == 2 { "authenticated" } else { "used" },
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn lists_answer_as_rows_do(
        mut rows in prop::collection::vec(made(), 0..120),
        cut in 1..4usize,
        back in prop::option::of(0..6i64),
        asked in 0..8usize,
        judged in 0..5usize,
        span in (prop::option::of(0..6 * DAY_SECS), prop::option::of(0..6 * DAY_SECS)),
        with_register: bool,
    ) {
        rows.sort_by_key(|row| row.at);
        let mut segments = InMemory(Vec::new());
        for day in 0..6 {
            let of_day: Vec<Made> = rows.iter().filter(|row| row.at / DAY_SECS == day).cloned().collect();
            for (number, part) in of_day.chunks(of_day.len().div_ceil(cut).max(1)).enumerate() {
                let segment = SegmentOf { name: format!("day={day}/scan-{number}.parquet"), day, takes_back: back == Some(day) };
                segments.0.push((segment, part.to_vec()));
            }
        }
        let mut people = People::new(KEY);
        people.add_resolver("/address-book", &[("m-1", "p-1"), ("m-1", "m-2"), ("d-3", "p-1"), ("m-4", "n-5")]);
        people.add_set("report-1", &["m-1", "d-2", "n-3"]);
        let dir = tempfile::tempdir().expect("a folder");
        Index::update(dir.path(), &segments).expect("made");
        let index = Index::open(dir.path(), &segments).expect("opened");
        let runs = index.verify().expect("whole");
        prop_assert_eq!(runs, segments.0.iter().filter(|(segment, _)| !segment.takes_back).count());

        let (pivot, value) = [
            (Pivot::Key, "kid-1"), (Pivot::Key, "kid-2"), (Pivot::Issuer, "https://id.example"), (Pivot::Account, "crm/ann"),
            (Pivot::Address, "192.0.2.7"), (Pivot::Address, "2001:db8:1:2::3"), (Pivot::Network, "192.0.2"), (Pivot::UserAgent, "curl"),
        ][asked];
        let thing = (pivot, value.to_owned());
        let filter = Filter { thing: Some(thing.clone()), from: span.0.map(EventTime::from_secs), to: span.1.map(EventTime::from_secs) };
        let judged = [None, Some("forged"), Some("never-issued"), Some("issued"), Some("expired")][judged].map(str::to_owned);
        let query = ReachQuery { filter, judged, detail: Detail::ALL, ..ReachQuery::default() };
        let register = with_register.then_some(&Register as &dyn SubjectRegister);
        prop_assert!(pivot.by_lists());
        let mut said = index
            .reach(&[thing], &query, register, &people, &mut |filter, each| segments.read(filter, each))
            .expect("an answer");

        let mut gathering = Gathering::new(None, register, &people, Detail::ALL);
        segments.read(&query.filter, &mut |row| {
            if let Some(level) = level_of_row(row, query.judged.as_deref()) {
                gathering.row(row, level);
            }
        }).expect("read");
        let mut expect = gathering.answer(0);
        (said.rows, expect.rows) = (0, 0);
        expect.addresses = said.addresses.and(expect.addresses);
        said.people.sort();
        expect.people.sort();
        prop_assert_eq!(said, expect);

        for id in ["m-1", "m-2", "d-2", "n-5", "p-1"] {
            let who = KEY.fingerprint(id.as_bytes());
            let touched = index.touched(who, &people, &mut |filter, each| segments.read(filter, each)).expect("an answer");
            let mut by_hand = BTreeSet::new();
            for row in rows.iter().filter(|row| row.outcome != Outcome::Refused) {
                row.as_row(|row| _ = people.of(row, |named| if named.who() == who {
                    by_hand.insert((row.key_id.to_owned(), row.account.to_owned(), endpoint(row.resource), row.time.day()));
                }));
            }
            let said: BTreeSet<_> = touched.iter().flat_map(|touch| {
                let of = |day: &i64| (touch.key_id.to_string(), touch.account.to_string(), touch.endpoint.to_string(), *day);
                touch.days.iter().map(of).collect::<Vec<_>>()
            }).collect();
            prop_assert_eq!(said, by_hand, "of {}", id);
        }
    }
}
