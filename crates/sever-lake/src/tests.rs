//! The lake gives back what it was given, and reach agrees with sets made by hand.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use sever_model::{
    ClaimSet, EventTime, Fingerprint, FingerprintKey, Judgement, Lookup, Outcome, Stage, SubjectRegister, Unjudgeable,
};

use super::*;

fn row<'a>(at: i64, subjects: &'a [&'a str]) -> UseRow<'a> {
    UseRow {
        time: EventTime::from_secs(at),
        kind: "used",
        outcome: Outcome::Answered,
        judgement: Some(Judgement::NeverIssued),
        stage: Stage::Confirmed,
        source: "gateway",
        offset: at as u64,
        issuer: "https://id.example",
        key_id: "kid-1",
        credential: "jti",
        session: "",
        token_subject: "",
        account: "",
        person: "",
        source_ip: "192.0.2.1",
        user_agent: "",
        resource: "/me",
        fields: "name, e-mail",
        data_subjects: subjects,
        subject_count: None,
        subject_ref: "",
    }
}

fn lake(rows: &[UseRow<'_>]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let mut lake = LakeWriter::create(dir.path(), "run", ["gateway".to_owned()], KEY, None).expect("a lake");
    rows.iter().for_each(|row| lake.push(row).expect("kept"));
    lake.finish().expect("sealed");
    dir
}

const KEY: FingerprintKey = FingerprintKey::new([7; 16]);

fn reach_of(
    dir: &Path,
    query: &ReachQuery,
    register: Option<&dyn SubjectRegister>,
    people: &People,
) -> Result<ReachAnswer, LakeError> {
    let index = dir.join("index");
    update_index(dir, &index)?;
    reach(dir, &index, query, register, people)
}

fn nobody() -> People {
    People::new(KEY)
}

/// Every id that the tests name, by its fingerprint.
static IDS: LazyLock<HashMap<Fingerprint, String>> = LazyLock::new(|| {
    let ids = ["m-", "x-", "p-", "z-"].iter().flat_map(|kind| (0..500).map(move |number| format!("{kind}{number}")));
    ids.map(|id| (KEY.fingerprint(id.as_bytes()), id)).collect()
});

fn id_of(code: &str) -> &'static str {
    subject::fingerprint(code).map_or("", named)
}

fn named(who: Fingerprint) -> &'static str {
    IDS.get(&who).map_or("", String::as_str)
}

/// Who was surely touched.
fn ids(answer: &ReachAnswer) -> BTreeSet<&'static str> {
    answer.people.iter().map(|(who, _)| named(*who)).collect()
}

/// Ids `m-…` exist and are members, `x-…` were deleted at 0, all else was never given out.
struct Register;

impl SubjectRegister for Register {
    fn lookup(&self, id: &str) -> Lookup {
        let known = |deleted| Lookup::Known { dense: 0, created: EventTime::MIN, deleted, member: true };
        match id.split_at_checked(2) {
            Some(("m-", _)) => known(None),
            Some(("x-", _)) => known(Some(EventTime::from_secs(0))),
            _ => Lookup::Never,
        }
    }
    fn lookup_fingerprint(&self, fingerprint: Fingerprint) -> Lookup {
        IDS.get(&fingerprint).map_or(Lookup::Never, |id| self.lookup(id))
    }
    fn complete_until(&self) -> EventTime {
        EventTime::MAX
    }
    fn len(&self) -> u64 {
        2
    }
}

fn of_key() -> ReachQuery {
    let thing = Some((Pivot::Key, "kid-1".to_owned()));
    ReachQuery {
        filter: Filter { thing, ..Filter::default() },
        judged: Some("forged".to_owned()),
        detail: Detail::ALL,
        ..ReachQuery::default()
    }
}

#[test]
fn rows_come_back_as_they_were() {
    let mut second = row(2, &[]);
    second.judgement = Some(Judgement::Unjudgeable(Unjudgeable::IssuerGap));
    second.subject_count = Some(7);
    let mut third = row(3, &["m-1"]);
    third.judgement = Some(Judgement::Mismatch(ClaimSet::SUBJECT.with(ClaimSet::KEY_ID)));
    let rows = [row(1, &["m-1", "m-2"]), second, third];
    let dir = lake(&rows);
    let mut at = 0;
    read(dir.path(), &Filter::default(), &mut |row| {
        let subjects: Vec<&str> = row.data_subjects.iter().map(|code| id_of(code)).collect();
        assert_eq!(Some(&UseRow { data_subjects: &subjects, ..*row }), rows.get(at));
        at += 1;
    })
    .expect("read");
    assert_eq!(at, 3);
}

#[test]
fn who_does_not_exist_is_nobody_and_who_is_refused_is_not_touched() {
    let mut refused = row(4, &["m-4"]);
    refused.outcome = Outcome::Refused;
    let mut unknown = row(5, &["m-5"]);
    unknown.outcome = Outcome::Unknown;
    let mut unsure = row(6, &["m-6"]);
    unsure.judgement = Some(Judgement::Unjudgeable(Unjudgeable::IssuerGap));
    let rows = [row(1, &["m-1"]), row(2, &["x-2"]), row(3, &["z-3"]), refused, unknown, unsure];
    let answer = reach_of(lake(&rows).path(), &of_key(), Some(&Register), &nobody()).expect("an answer");
    assert_eq!((answer.lower, answer.upper), (1, Some(3)));
    assert_eq!((answer.nonexistent, answer.deleted), (1, 1));
    assert_eq!((answer.requests.attempted, answer.requests.refused), (5, 1));
    assert_eq!(answer.by_field.get("e-mail"), Some(&1));
}

#[test]
fn people_in_an_address_book_come_from_its_snapshot_only() {
    let mut list = row(1, &["m-1"]);
    list.resource = "/address-book";
    let mut people = nobody();
    people.add_resolver("/address-book", &[("m-1", "p-1"), ("m-1", "m-2")]);
    let answer = reach_of(lake(&[list]).path(), &of_key(), Some(&Register), &people).expect("an answer");
    assert_eq!(ids(&answer), ["m-1", "m-2", "p-1"].into());
    assert_eq!(people.name(KEY.fingerprint(b"p-1")), Some("p-1"));
    assert_eq!((answer.members, answer.others), (2, 1));
}

#[test]
fn a_report_without_its_set_is_a_count_and_with_it_a_set() {
    let mut report = row(1, &[]);
    (report.subject_count, report.subject_ref) = (Some(3), "report-1");
    let dir = lake(&[report]);
    let answer = reach_of(dir.path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!((answer.lower, answer.upper, answer.people.len()), (3, Some(3), 0));
    let mut people = nobody();
    people.add_set("report-1", &["m-1", "m-2", "m-3"]);
    let answer = reach_of(dir.path(), &of_key(), None, &people).expect("an answer");
    assert_eq!((answer.lower, answer.upper, answer.people.len()), (3, Some(3), 3));
}

#[test]
fn an_answer_that_does_not_say_whose_data_it_is_has_no_upper_bound() {
    let answer = reach_of(lake(&[row(1, &[])]).path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!((answer.lower, answer.upper, answer.unsaid), (0, None, 1));
}

#[test]
fn a_later_scan_of_the_same_log_replaces_the_earlier() {
    let dir = lake(&[row(1, &["m-1"])]);
    let mut again = LakeWriter::create(dir.path(), "again", ["gateway".to_owned()], KEY, None).expect("a lake");
    again.push(&row(1, &["m-2"])).expect("kept");
    again.finish().expect("sealed");
    let answer = reach_of(dir.path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!(ids(&answer), ["m-2"].into());
}

#[test]
fn a_word_taken_back_counts_no_more_and_the_right_one_does() {
    let said = row(1, &["m-1"]);
    let (mut back, mut right) = (said, said);
    back.stage = Stage::Retracted;
    right.judgement = Some(Judgement::Issued(ClaimSet::NONE));
    let dir = lake(&[said, back, right]);
    let answer = reach_of(dir.path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!(answer.lower, 0);
    let issued = ReachQuery { judged: Some("issued".to_owned()), ..of_key() };
    assert_eq!(reach_of(dir.path(), &issued, None, &nobody()).expect("an answer").lower, 1);
}

#[test]
fn a_damaged_segment_is_an_error_and_not_an_empty_answer() {
    let dir = lake(&[row(1, &["m-1"])]);
    std::fs::write(dir.path().join("day=1970-01-01/run-0.parquet"), b"PAR1 but not for long").expect("written");
    assert!(reach_of(dir.path(), &of_key(), None, &nobody()).is_err());
}

#[test]
fn an_id_that_may_be_younger_than_the_register_is_not_called_nobody() {
    struct Old;
    impl SubjectRegister for Old {
        fn lookup(&self, id: &str) -> Lookup {
            Register.lookup(id)
        }
        fn lookup_fingerprint(&self, fingerprint: Fingerprint) -> Lookup {
            Register.lookup_fingerprint(fingerprint)
        }
        fn complete_until(&self) -> EventTime {
            EventTime::from_secs(10)
        }
        fn len(&self) -> u64 {
            2
        }
    }
    let dir = lake(&[row(9, &["z-1"]), row(11, &["z-2"]), row(11, &["m-1"])]);
    let answer = reach_of(dir.path(), &of_key(), Some(&Old), &nobody()).expect("an answer");
    assert_eq!((answer.nonexistent, answer.younger), (1, 1));
    assert_eq!((answer.lower, answer.upper), (1, Some(2)));
}

#[test]
fn the_same_report_twice_is_the_same_people_and_two_reports_may_be_others() {
    let report = |at: i64, reference: &'static str, count: u64| UseRow {
        subject_count: Some(count),
        subject_ref: reference,
        ..row(at, &[])
    };
    let rows = [report(1, "a", 8_200_000), report(2, "a", 8_200_000), report(3, "b", 10), row(4, &["m-1"])];
    let answer = reach_of(lake(&rows).path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!((answer.lower, answer.upper), (8_200_000, Some(8_200_011)));
}

#[test]
fn forged_uses_of_everybody_come_before_networks_that_fit_by_chance() {
    let ids: Vec<String> = (0..200).map(|id| format!("m-{id}")).collect();
    let sets: Vec<[&str; 1]> = ids.iter().map(|id| [id.as_str()]).collect();
    let addresses: Vec<String> = (0..200).map(|id| format!("198.51.{}.7", id / 2)).collect();
    let mut rows = Vec::new();
    for (at, (set, address)) in sets.iter().zip(&addresses).enumerate() {
        // At home, with a token of one's own; and forged, from everywhere. Both reach everybody.
        let issued = Some(Judgement::Issued(ClaimSet::NONE));
        rows.push(UseRow { judgement: issued, source_ip: address, ..row(at as i64, set) });
        rows.push(UseRow { resource: "/list", ..row(at as i64, set) });
    }
    // Two of the given share a network that nobody else is in: by chance, for there are a hundred.
    let given: HashSet<String> = (0..10).map(|id| format!("m-{}", if id < 2 { id } else { id * 19 })).collect();
    let (answer, _) = common(lake(&rows).path(), &given, &nobody()).expect("an answer");
    let first = answer.first().expect("something");
    assert_eq!((first.pivot, first.judged, first.of_given), (Pivot::Key, "never-issued", 10));
    assert!((first.lift - 1.0).abs() < 1e-9);
    // Without the forged ones nothing is called telling.
    let issued: Vec<UseRow<'_>> = rows.into_iter().filter(|row| row.resource == "/me").collect();
    let (answer, _) = common(lake(&issued).path(), &given, &nobody()).expect("an answer");
    let network = answer.iter().find(|common| common.pivot == Pivot::Network).expect("a network of two");
    assert!(network.lift > 10.0 && network.surprise < common::SURPRISE_MIN, "{network:?}");
    assert!(answer.iter().all(|common| common.surprise < common::SURPRISE_MIN));
}

#[test]
fn an_account_that_read_just_these_people_is_no_chance() {
    let ids: Vec<String> = (0..500).map(|id| format!("m-{id}")).collect();
    let sets: Vec<[&str; 1]> = ids.iter().map(|id| [id.as_str()]).collect();
    let rows: Vec<UseRow<'_>> = sets
        .iter()
        .enumerate()
        .map(|(at, set)| UseRow {
            judgement: Some(Judgement::Issued(ClaimSet::NONE)),
            account: if at % 25 == 0 { "crm/eve" } else { "crm/desk" },
            ..row(at as i64, set)
        })
        .collect();
    let given: HashSet<String> = (0..8).map(|id| format!("m-{}", id * 25)).collect();
    let (answer, _) = common(lake(&rows).path(), &given, &nobody()).expect("an answer");
    let first = answer.first().expect("something");
    assert_eq!((first.pivot, first.thing.as_str(), first.of_given, first.of_all), (Pivot::Account, "crm/eve", 8, 20));
    assert!(first.surprise > 8.0, "{first:?}");
}

#[test]
fn a_network_is_the_head_of_its_addresses() {
    let of = |address: &'static str| Pivot::Network.of(&UseRow { source_ip: address, ..row(1, &[]) }).to_owned();
    assert_eq!(of("192.0.2.7"), "192.0.2");
    assert_eq!(of("2001:db8:1:2::3"), "2001:db8:1");
    assert_eq!((of("2001:db8::3"), of("::1"), of("localhost"), of("")), Default::default());
}

#[test]
fn a_row_is_found_by_whatever_it_is_asked_for() {
    let full = UseRow {
        session: "s-1",
        account: "crm/ann",
        person: "1001",
        user_agent: "Shop/5.2",
        token_subject: "m-1",
        ..row(1, &["m-1"])
    };
    let dir = lake(&[full, row(2, &["m-2"])]);
    for pivot in Pivot::ALL {
        let found = |value: &str| {
            let mut rows = 0;
            let filter = Filter { thing: Some((pivot, value.to_owned())), ..Filter::default() };
            read(dir.path(), &filter, &mut |_| rows += 1).expect("read");
            rows
        };
        let shared = matches!(pivot, Pivot::Key | Pivot::Issuer | Pivot::Credential)
            || matches!(pivot, Pivot::Address | Pivot::Network | Pivot::Endpoint);
        assert_eq!(found(pivot.of(&full)), if shared { 2 } else { 1 }, "{}", pivot.word());
        assert_eq!(found("nobody"), 0, "{}", pivot.word());
    }
}

#[test]
fn what_harmed_people_share_is_named_before_what_everybody_shares() {
    let mut rows = Vec::new();
    let ids: Vec<String> = (0..40).map(|id| format!("m-{id}")).collect();
    let sets: Vec<[&str; 1]> = ids.iter().map(|id| [id.as_str()]).collect();
    for (at, set) in sets.iter().enumerate() {
        let mut own = row(at as i64, set);
        own.judgement = Some(Judgement::Issued(ClaimSet::NONE));
        rows.push(own);
        if at % 3 == 0 {
            rows.push(row(100 + at as i64, set));
        }
    }
    let given: HashSet<String> = ["m-0", "m-3", "m-9", "m-30"].map(str::to_owned).into();
    let (answer, cut) = common(lake(&rows).path(), &given, &nobody()).expect("an answer");
    let first = answer.first().expect("something");
    assert_eq!(
        (first.pivot, first.thing.as_str(), first.judged, first.of_given),
        (Pivot::Key, "kid-1", "never-issued", 4)
    );
    assert!(first.lift > 2.0 && !cut);
}

#[test]
fn what_is_forgotten_is_in_no_row_and_counts_stay_true() {
    let mut by_ann = row(5, &["m-1", "m-2"]);
    (by_ann.account, by_ann.person) = ("crm/ann", "1001");
    let dir = lake(&[row(1, &["m-3"]), by_ann, row(6, &["m-1"])]);
    let of = |id: &str| code(&KEY, id);
    let what = Rewrite {
        before: Some(EventTime::from_secs(5)),
        subjects: [(of("m-1"), "erased-1".into())].into(),
        names: [("crm/ann".into(), "erased-2".into()), ("1001".into(), "erased-2".into())].into(),
    };
    let expect = Rewritten { dropped: 1, changed: 2, kept: 0 };
    assert_eq!(rewrite(dir.path(), &what, Write::DryRun).expect("counted"), expect);
    assert_eq!(reach_of(dir.path(), &of_key(), None, &nobody()).expect("an answer").lower, 3);
    assert_eq!(rewrite(dir.path(), &what, Write::Now).expect("written"), expect);
    let answer = reach_of(dir.path(), &of_key(), None, &nobody()).expect("an answer");
    assert_eq!((answer.lower, answer.rows), (2, 2));
    assert_eq!(subjects(dir.path()).expect("read"), [of("m-2"), "erased-1".into()].into());
    let mut accounts = BTreeSet::new();
    read(dir.path(), &Filter::default(), &mut |row| accounts.extend([row.account.to_owned()])).expect("read");
    assert_eq!(accounts, ["".to_owned(), "erased-2".to_owned()].into());
    let again = rewrite(dir.path(), &what, Write::Now).expect("written");
    assert_eq!(again, Rewritten { dropped: 0, changed: 0, kept: 2 });
}

proptest! {
    #[test]
    fn the_lower_bound_is_the_set_made_by_hand(picks in prop::collection::vec((0u8..30, 0u8..3, 0u8..4), 0..200)) {
        let names: Vec<String> = picks.iter().map(|(id, ..)| format!("m-{id}")).collect();
        let sets: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
        let mut expect = BTreeSet::new();
        let rows: Vec<UseRow<'_>> = picks.iter().zip(&sets).enumerate().map(|(at, ((_, outcome, judgement), set))| {
            let mut row = row(at as i64, set);
            row.outcome = [Outcome::Answered, Outcome::Refused, Outcome::Unknown][usize::from(*outcome)];
            row.judgement = [
                Some(Judgement::NeverIssued),
                Some(Judgement::Mismatch(ClaimSet::SUBJECT)),
                Some(Judgement::Issued(ClaimSet::NONE)),
                None,
            ][usize::from(*judgement)];
            if *outcome == 0 && *judgement < 2 {
                expect.insert(set[0].to_owned());
            }
            row
        }).collect();
        let answer = reach_of(lake(&rows).path(), &of_key(), Some(&Register), &nobody()).expect("an answer");
        let found: BTreeSet<String> = ids(&answer).into_iter().map(str::to_owned).collect();
        prop_assert_eq!(found, expect);
    }
}
