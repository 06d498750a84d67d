//! What is past its time goes and what stands stays; a person who is erased is in nothing that is kept.

use sever_model::port::{ListingRef, Pull};
use sever_model::{CoverageLine, EventTime, Fact, Listing, Person, PersonId, Record, Seen, SourceId, Valid};

use super::*;
use crate::{Access, Brake, Name};

fn day(day: i64) -> WallTime {
    WallTime::from_secs(day * 86_400)
}

fn person(id: &str, name: &str) -> Record {
    let fact = Fact::Person(Person {
        id: PersonId::from(id),
        name: name.to_owned(),
        emails: vec![format!("{}@shop.example", name.to_lowercase())],
        logins: vec![],
        employee_number: None,
        manager: None,
    });
    Record { fact, valid: Valid::ALWAYS }
}

async fn list(store: &mut Store, at: i64, records: Vec<Record>) {
    let source = SourceId::from("hr");
    let instant = EventTime::from_secs(at * 86_400);
    let listing = ListingRef { name: format!("{at}.csv"), at: instant, digest: at.to_string() };
    let coverage = CoverageLine {
        source: source.clone(),
        kinds: vec![FactKind::Person],
        seen: Seen::Whole,
        listing: Listing::Complete,
        from: None,
        to: None,
        records: records.len() as u64,
        rejected: 0,
        gaps: vec![],
    };
    let pull = Pull { at: instant, listing: Listing::Complete, coverage, rejects: vec![] };
    store.apply(&source, &listing, &pull, records, day(at), &Brake::OFF).await.unwrap();
}

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn what_is_past_its_time_goes_and_what_stands_stays() {
    let (_dir, mut store) = store().await;
    list(&mut store, 1, vec![person("1001", "Ann"), person("1002", "Bob")]).await;
    list(&mut store, 5, vec![person("1001", "Anna")]).await;
    let past = Retention { facts: Some(day(10)), ..Retention::default() };
    // Bob and Ann's old name, each as first listed and as ended.
    let would = store.past(&past).await.unwrap();
    assert_eq!(would, store.sweep(&past).await.unwrap());
    assert_eq!(would.facts, 4);
    let left = store.facts_of(day(20), &[FactKind::Person]).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(store.past(&past).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn a_person_who_is_erased_is_in_nothing_that_is_kept() {
    let (_dir, mut store) = store().await;
    list(&mut store, 1, vec![person("1001", "Ann"), person("1002", "Bob"), person("10021", "Bobby")]).await;
    let access = Access {
        at: day(2),
        who: "root".into(),
        role: "dpo".into(),
        reason: "asked".into(),
        what: "sever who 1002".into(),
    };
    store.record_access(&access).await.unwrap();
    let name = |text: &str| Name { text: text.into(), pseudonym: "person-x".into(), real: "1002".into(), until: None };
    store.set_names(&[name("1002"), name("Bob")]).await.unwrap();
    let texts = [("bob@shop.example", "erased-1"), ("1002", "erased-1"), ("Bob", "erased-1")];
    let texts = texts.map(|(text, stand_in)| (text.to_owned(), stand_in.to_owned()));
    assert_eq!(store.erase(&texts, &["1002".to_owned()], day(3)).await.unwrap(), 2);
    let kept = store.facts_of(day(20), &[FactKind::Person]).await.unwrap();
    let text = serde_json::to_string(&kept.iter().map(|row| &row.fact).collect::<Vec<_>>()).unwrap();
    assert!(!text.contains("\"1002\"") && !text.contains("\"Bob\"") && !text.contains("bob@"), "{text}");
    assert!(text.contains("\"10021\"") && text.contains("Bobby") && text.contains("erased-1"), "{text}");
    assert_eq!(store.accesses().await.unwrap()[0].what, "sever who erased-1");
    assert!(store.names(&["Bob", "1002"]).await.unwrap().is_empty());
    let erased = store.erased().await.unwrap();
    assert!(erased.holds("1002") && !erased.holds("1001"));
}

#[test]
fn a_word_goes_only_where_it_stands_by_itself_and_only_from_text() {
    let words = [("ann".to_owned(), "x".to_owned()), ("7".to_owned(), "y".to_owned())];
    assert_eq!(replaced("ann, anna, ann@a, joann ann", &words).as_deref(), Some("x, anna, x@a, joann x"));
    assert_eq!(replaced(r#"{"id":"7","count":7}"#, &words).as_deref(), Some(r#"{"id":"y","count":7}"#));
    assert_eq!(replaced("anna", &words), None);
}
