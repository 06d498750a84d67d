//! Sources that fail, repeat themselves or shrink.

use sever_model::port::{ListingRef, Pull, Reject, Source, SourceError};
use sever_model::{
    CoverageLine, Employment, EventTime, Fact, FactKind, Listing, Person, Record, Seen, SourceId, Stint, Valid,
    WallTime,
};
use sever_store::{Brake, Store};

use super::*;

/// A listing of so many people.
struct Hr {
    id: SourceId,
    people: usize,
    at: EventTime,
    fails: bool,
}

impl Source for Hr {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn listings(&self) -> Result<Vec<ListingRef>, SourceError> {
        Ok(vec![ListingRef { name: "hr.csv".into(), at: self.at, digest: format!("{} {}", self.people, self.at) }])
    }

    fn pull(&self, _listing: &ListingRef, each: &mut dyn FnMut(Record)) -> Result<Pull, SourceError> {
        if self.fails {
            return Err(SourceError { source_id: self.id.clone(), what: "no such column".into(), hint: None });
        }
        for number in 0..self.people {
            let id = format!("p{number}");
            let (employment, ordinal) = (Employment::Employee, "1".to_owned());
            let stint = Stint {
                person: id.as_str().into(),
                ordinal,
                employment,
                team: String::new(),
                title: String::new(),
                last_day: None,
            };
            let person = Person {
                id: id.into(),
                name: String::new(),
                emails: vec![],
                logins: vec![],
                employee_number: None,
                manager: None,
            };
            each(Record { fact: Fact::Person(person), valid: Valid::ALWAYS });
            each(Record { fact: Fact::Stint(stint), valid: Valid::ALWAYS });
        }
        let coverage = CoverageLine {
            source: self.id.clone(),
            kinds: vec![FactKind::Person, FactKind::Stint],
            seen: Seen::Whole,
            listing: Listing::Complete,
            from: Some(self.at),
            to: Some(self.at),
            records: 2 * self.people as u64,
            rejected: 0,
            gaps: vec![],
        };
        Ok(Pull { at: self.at, listing: Listing::Complete, coverage, rejects: Vec::<Reject>::new() })
    }
}

fn hr(people: usize, day: i64, fails: bool) -> Vec<Box<dyn Source>> {
    vec![Box::new(Hr { id: "hr".into(), people, at: EventTime::from_secs(day * 86_400), fails })]
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

#[test]
fn a_listing_that_shrank_too_far_makes_nobody_a_leaver() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(dir.path()).await.expect("a store");
        let brake = Brake { share: 0.1, count: 2 };
        let now = |at: EventTime| WallTime::from_micros(at.micros());
        for (people, day, braked) in [(100, 1, false), (3, 2, true), (0, 3, true), (98, 4, false)] {
            let outcome =
                sync(&mut store, &hr(people, day, false), &brake, &now, &mut crate::Quiet).await.expect("synced");
            assert_eq!(outcome.braked(), braked, "{people} people");
        }
        let end = EventTime::from_secs(5 * 86_400);
        let inventory = crate::load(&store, end, WallTime::MAX).await.expect("loaded");
        let left = (0..inventory.people().len())
            .filter(|at| inventory.departed(sever_model::PersonIx(*at as u32), end).is_some());
        assert_eq!(left.count(), 2);
    });
}

#[test]
fn a_source_that_fails_is_told_and_what_was_known_stays() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(dir.path()).await.expect("a store");
        let now = |at: EventTime| WallTime::from_micros(at.micros());
        let brake = Brake { share: 0.1, count: 2 };
        sync(&mut store, &hr(10, 1, false), &brake, &now, &mut crate::Quiet).await.expect("synced");
        let outcome = sync(&mut store, &hr(11, 2, true), &brake, &now, &mut crate::Quiet).await.expect("synced");
        assert!(outcome.failed());
        let inventory = crate::load(&store, EventTime::MAX, WallTime::MAX).await.expect("loaded");
        assert_eq!(inventory.people().len(), 10);
        assert!(!inventory.coverage().is_whole(), "a source that failed is not covered");
    });
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(dir.path()).await.expect("a store");
        let now = |at: EventTime| WallTime::from_micros(at.micros());
        let brake = Brake { share: 0.1, count: 2 };
        for first in [true, false] {
            let outcome = sync(&mut store, &hr(10, 1, false), &brake, &now, &mut crate::Quiet).await.expect("synced");
            assert_eq!(outcome.lines[0].applied.is_some(), first);
        }
    });
}
