//! Listings against a real store, and against a model of what they mean.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sever_model::port::{ListingRef, Pull};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Certainty, CoverageLine, EventTime, Fact, FactKind, FactRow,
    Listing, Person, PersonId, Record, Seen, SourceId, Valid, WallTime,
};

use crate::{Applied, Brake, ListQuery, Store, When};

fn day(day: i64) -> EventTime {
    EventTime::from_secs(day * 86_400)
}

fn known(day: i64) -> WallTime {
    WallTime::from_secs(day * 86_400)
}

fn person(id: &str, name: &str) -> Record {
    let id = PersonId::from(id);
    let name = name.to_owned();
    let fact = Fact::Person(Person { id, name, emails: vec![], logins: vec![], employee_number: None, manager: None });
    Record { fact, valid: Valid::ALWAYS }
}

fn account(id: &str, valid: Valid) -> Record {
    let fact = Fact::Account(Account {
        id: AccountId::from(id),
        login: id.to_owned(),
        display_name: String::new(),
        emails: vec![],
        employee_number: None,
        kind: AccountKind::Unknown,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    });
    Record { fact, valid }
}

struct Scene {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Scene {
    async fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        Scene { _dir: dir, store }
    }

    /// Applies a listing of a day, known the same day.
    async fn list(&mut self, at: i64, listing: Listing, records: Vec<Record>) -> Applied {
        self.list_with(at, at, listing, records, &Brake::OFF).await
    }

    async fn list_with(&mut self, at: i64, now: i64, listing: Listing, records: Vec<Record>, brake: &Brake) -> Applied {
        let source = SourceId::from("hr");
        let name = format!("{at}.csv");
        let reference = ListingRef { name, at: day(at), digest: format!("{at} {now}") };
        let coverage = CoverageLine {
            source: source.clone(),
            kinds: vec![FactKind::Person, FactKind::Account],
            seen: Seen::Whole,
            listing,
            from: Some(day(at)),
            to: Some(day(at)),
            records: records.len() as u64,
            rejected: 0,
            gaps: vec![],
        };
        let pull = Pull { at: day(at), listing, coverage, rejects: vec![] };
        self.store.apply(&source, &reference, &pull, records, known(now), brake).await.unwrap()
    }

    async fn facts(&self, at: i64) -> Vec<FactRow> {
        self.store.facts(known(at)).await.unwrap()
    }

    /// The people known on a day, with their intervals.
    async fn people(&self, at: i64) -> Vec<(String, Valid)> {
        let rows = self.facts(at).await;
        let named = rows.into_iter().filter_map(|row| match row.fact {
            Fact::Person(person) => Some((person.name, row.valid)),
            _ => None,
        });
        named.collect()
    }
}

fn snapshot(names: &[&str]) -> Vec<Record> {
    names.iter().map(|name| person(name, name)).collect()
}

#[tokio::test]
async fn a_leaver_is_inferred_between_two_snapshots_and_known_from_the_second() {
    let mut scene = Scene::new().await;
    scene.list(31, Listing::Complete, snapshot(&["ann", "bob"])).await;
    let applied = scene.list(59, Listing::Complete, snapshot(&["ann"])).await;
    assert_eq!((applied.ended, applied.unchanged), (1, 1));

    let before = vec![("ann".to_owned(), Valid::ALWAYS), ("bob".to_owned(), Valid::ALWAYS)];
    assert_eq!(scene.people(58).await, before);
    let bob = Valid { from: Bound::Unbounded, to: Bound::Between(day(31), day(59)) };
    assert_eq!(scene.people(59).await, [("ann".to_owned(), Valid::ALWAYS), ("bob".to_owned(), bob)]);
}

#[tokio::test]
async fn a_late_report_changes_the_past_and_not_what_we_knew_then() {
    let mut scene = Scene::new().await;
    scene.list(100, Listing::Complete, vec![account("vpn/bob", Valid::since(day(1)))]).await;
    let left = Valid::between(day(1), day(90));
    let applied = scene.list(142, Listing::Complete, vec![account("vpn/bob", left)]).await;
    assert_eq!(applied.corrected, 1);
    let valid = |rows: Vec<FactRow>| rows.iter().map(|row| row.valid).collect::<Vec<_>>();
    assert_eq!(valid(scene.facts(141).await), [Valid::since(day(1))]);
    assert_eq!(valid(scene.facts(142).await), [left]);
}

#[tokio::test]
async fn seen_moves_with_every_complete_listing_and_no_row_is_written() {
    let mut scene = Scene::new().await;
    scene.list(1, Listing::Complete, snapshot(&["ann", "bob"])).await;
    scene.list(2, Listing::Complete, snapshot(&["bob", "ann"])).await;
    let seen = |rows: Vec<FactRow>| rows.iter().map(|row| row.seen_at).collect::<Vec<_>>();
    assert_eq!(seen(scene.facts(1).await), [day(1), day(1)]);
    assert_eq!(seen(scene.facts(2).await), [day(2), day(2)]);
    // A partial listing moves only what it holds.
    scene.list(3, Listing::Partial, snapshot(&["bob"])).await;
    assert_eq!(seen(scene.facts(3).await), [day(2), day(3)]);
}

#[tokio::test]
async fn a_shrunken_or_empty_listing_is_braked_and_tried_again() {
    let mut scene = Scene::new().await;
    let names: Vec<String> = (0..100).map(|number| format!("p{number:03}")).collect();
    let people = |count: usize| names.iter().take(count).map(|name| person(name, name)).collect::<Vec<_>>();
    let brake = Brake::default();
    assert_eq!(scene.list_with(1, 1, Listing::Complete, people(100), &brake).await.braked, None);

    let braked = scene.list_with(2, 2, Listing::Complete, people(89), &brake).await.braked.unwrap();
    assert_eq!((braked.kind, braked.would_end, braked.of), (Some(FactKind::Person), 11, 100));
    let coverage = scene.store.coverage(known(2)).await.unwrap();
    let line = coverage.lines.first().unwrap();
    assert_eq!(line.seen, Seen::NotAtAll);
    assert!(line.gaps.iter().any(|gap| gap.contains("11 of 100 person facts would end")), "{:?}", line.gaps);
    assert_eq!(scene.store.last_pull(&SourceId::from("hr"), "2.csv").await.unwrap(), None);

    let braked = scene.list_with(3, 3, Listing::Complete, vec![], &brake).await.braked.unwrap();
    assert_eq!(braked.kind, None);
    assert!(scene.people(3).await.iter().all(|(_, valid)| *valid == Valid::ALWAYS));

    let applied = scene.list_with(4, 4, Listing::Complete, people(90), &brake).await;
    assert_eq!((applied.braked, applied.ended), (None, 10));
}

#[tokio::test]
async fn a_feed_that_dates_everybodys_end_is_braked_too() {
    let mut scene = Scene::new().await;
    let accounts = |valid: Valid| (0..20).map(|n| account(&format!("vpn/{n}"), valid)).collect::<Vec<_>>();
    scene.list(1, Listing::Complete, accounts(Valid::since(day(0)))).await;
    let brake = Brake::default();
    let applied = scene.list_with(2, 2, Listing::Complete, accounts(Valid::between(day(0), day(2))), &brake).await;
    assert_eq!(applied.braked.unwrap().would_end, 20);
}

#[tokio::test]
async fn a_first_empty_listing_says_so_and_brakes_nothing() {
    let mut scene = Scene::new().await;
    let applied = scene.list_with(1, 1, Listing::Complete, vec![], &Brake::default()).await;
    assert_eq!((applied.braked, applied.notes), (None, vec!["the listing is empty".to_owned()]));
    let coverage = scene.store.coverage(known(1)).await.unwrap();
    assert!(!coverage.is_whole());
}

#[tokio::test]
async fn an_older_snapshot_is_skipped_and_not_read_again() {
    let mut scene = Scene::new().await;
    scene.list(59, Listing::Complete, snapshot(&["ann"])).await;
    let applied = scene.list_with(31, 60, Listing::Complete, snapshot(&["ann", "bob"]), &Brake::OFF).await;
    assert!(applied.skipped.is_some_and(|why| why.contains("older than the newest applied")));
    assert_eq!(scene.people(60).await, [("ann".to_owned(), Valid::ALWAYS)]);
    assert!(scene.store.last_pull(&SourceId::from("hr"), "31.csv").await.unwrap().is_some());
    assert_eq!(scene.store.coverage(known(60)).await.unwrap().lines.len(), 1);
}

#[tokio::test]
async fn of_two_records_with_one_key_the_first_counts() {
    let mut scene = Scene::new().await;
    let records = vec![person("1", "first"), person("1", "second"), person("2", "two"), person("2", "two")];
    let applied = scene.list(1, Listing::Complete, records).await;
    assert_eq!((applied.added, applied.conflicts, applied.conflicting), (2, 1, vec!["1".to_owned()]));
    assert_eq!(scene.people(1).await.first().map(|(name, _)| name.as_str()), Some("first"));
}

#[tokio::test]
async fn pages_of_a_list_make_up_the_whole() {
    let mut scene = Scene::new().await;
    scene.list(1, Listing::Complete, snapshot(&["ann", "bob", "cid", "dot"])).await;
    scene.list(2, Listing::Complete, snapshot(&["ann", "cid", "dot"])).await;
    let mut query =
        ListQuery { kind: FactKind::Person, when: When::At(day(3)), known_at: known(2), offset: 0, limit: 2 };
    let mut names = Vec::new();
    for offset in [0, 2] {
        query.offset = offset;
        let page = scene.store.list(&query).await.unwrap();
        assert_eq!(page.total, 3);
        names.extend(page.rows.iter().map(|row| row.fact.key()));
    }
    assert_eq!(names, ["ann", "cid", "dot"]);
    query = ListQuery { when: When::EndedBy(day(2)), offset: 0, ..query };
    assert_eq!(
        scene.store.list(&query).await.unwrap().rows.iter().map(|row| row.fact.key()).collect::<Vec<_>>(),
        ["bob"]
    );
}

/// What a snapshot lists: id and name.
type Snapshot = BTreeMap<u8, u8>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is listed, at each snapshot's instant the store says what that snapshot said; and
    /// what was known on a day is never changed by what comes later.
    #[test]
    fn snapshots_read_back_as_they_were(snapshots in prop::collection::vec(
        prop::collection::btree_map(0u8..6, 0u8..3, 0..6), 1..7,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new().await;
            let mut knew = Vec::new();
            for (at, snapshot) in (1..).zip(&snapshots) {
                let records = snapshot.iter().map(|(id, name)| person(&id.to_string(), &name.to_string())).collect();
                scene.list(at, Listing::Complete, records).await;
                knew.push(without_known_to(scene.facts(at).await));
            }
            for (at, knew) in (1..).zip(knew) {
                assert_eq!(without_known_to(scene.facts(at).await), knew, "known on day {at}");
            }
            let rows = scene.facts(100).await;
            for (at, snapshot) in (1..).zip(&snapshots) {
                agrees(&rows, day(at), snapshot);
            }
        });
    }
}

/// When a row stopped being known is all that may be learnt later.
fn without_known_to(rows: Vec<FactRow>) -> Vec<FactRow> {
    rows.into_iter().map(|row| FactRow { known_to: None, ..row }).collect()
}

fn agrees(rows: &[FactRow], at: EventTime, snapshot: &Snapshot) {
    let listed: BTreeSet<(String, String)> =
        snapshot.iter().map(|(id, name)| (id.to_string(), name.to_string())).collect();
    let with = |certainty: &dyn Fn(Certainty) -> bool| -> BTreeSet<(String, String)> {
        let so = rows.iter().filter(|row| certainty(row.valid.at(at)));
        let named = so.filter_map(|row| match &row.fact {
            Fact::Person(person) => Some((person.id.to_string(), person.name.clone())),
            _ => None,
        });
        named.collect()
    };
    // An interval's uncertain part includes the instants between which it lies, so that what ended
    // or began next to this snapshot is possible; what is sure is listed, and what is listed is not
    // ruled out.
    assert!(with(&|certainty| certainty == Certainty::Yes).is_subset(&listed), "{at}: {rows:#?}");
    assert!(listed.is_subset(&with(&|certainty| certainty != Certainty::No)), "{at}: {rows:#?}");
}
