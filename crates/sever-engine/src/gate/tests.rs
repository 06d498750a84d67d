//! What is decided of one token, as things stand.

use std::sync::Arc;

use sever_decode::{Presented, TokenFault};
use sever_model::{
    ClaimSet, Class, Coverage, CoverageBy, EventKind, EventTime, FingerprintKey, Inventory, Join, Limits, Row,
    SourceId, Span, Tables, WallTime,
};

use super::*;

const BEGIN: i64 = 1_775_001_600;
const LIFE: i64 = 600;
const FEED: usize = 0;

fn at(secs: i64) -> EventTime {
    EventTime::from_secs(BEGIN + secs)
}

fn class(coverage: CoverageBy) -> Class {
    Class {
        issuer: "https://id.shop.example".to_owned(),
        name: "access".to_owned(),
        issued_in: Some(SourceId::from("issuer")),
        used_in: vec![SourceId::from("gate")],
        token_type: String::new(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: Join::Jti,
        bound: ClaimSet::SUBJECT,
        lifetime_max: Span::secs(LIFE),
        settle: Span::secs(10),
        coverage,
    }
}

fn terms() -> Terms {
    Terms {
        enforce: true,
        refuse: Reason::ALL.to_vec(),
        on_fault: OnFault::Closed,
        no_token: OrElse::Refuse,
        not_covered: OrElse::Allow,
        coverage_min: 0.99,
        silent_max: Span::secs(900),
        budgets: Vec::new(),
        budget_entries_max: 1_000,
    }
}

fn gate(feeding: Feeding, coverage: CoverageBy, terms: Terms) -> Gate {
    Gate::new(GateSetup {
        classes: vec![class(coverage)],
        log: SourceId::from("gate"),
        system: None,
        feeds: vec![(SourceId::from("issuer"), feeding)],
        key: FingerprintKey::new(*b"a key of a test!"),
        limits: Limits::default(),
        terms,
    })
}

fn issued<'a>(secs: i64, id: &'a str, subject: &'a str, number: u64) -> Row<'a> {
    let mut row = Row::new(at(secs), EventKind::Issued, 0);
    (row.issuer, row.credential, row.token_subject) = ("https://id.shop.example", id, subject);
    (row.issued_at, row.expires_at) = (Some(at(secs)), Some(at(secs + LIFE)));
    (row.node, row.sequence) = ("id-1", Some(number));
    row
}

fn shown<'a>(secs: i64, id: &'a str, subject: &'a str) -> Presented<'a> {
    let row = Row { kind: EventKind::Used, ..issued(secs, id, subject, 0) };
    Presented { row: Row { node: "", sequence: None, ..row }, signed: None }
}

fn ask<'a>(now: i64, presented: &'a Presented<'a>) -> Ask<'a> {
    Ask {
        now: at(now),
        token: "a token",
        presented: Ok(presented),
        signature: None,
        source_ip: "192.0.2.7",
        user_agent: "shop-app/4.2",
        subject: "",
        waited: false,
    }
}

/// A gate with an hour of history, to which one honest token was shown at 3,600 s.
fn trusted(feeding: Feeding, terms: Terms) -> Gate {
    let gate = gate(feeding, CoverageBy::Sequence, terms);
    gate.take(FEED, at(3_600), |each| {
        for number in 0..=400 {
            each(&issued(number * 9, &format!("t{number}"), "ann", number as u64 + 1));
        }
    });
    assert_eq!(gate.decide(&ask(3_600, &shown(3_600, "t400", "ann"))).refused, None);
    gate.look(at(3_600));
    gate
}

fn decide(gate: &Gate, secs: i64, id: &str, subject: &str) -> Decision {
    gate.decide(&ask(3_600, &shown(secs, id, subject)))
}

fn why(gate: &Gate, now: i64) -> &'static str {
    match gate.health(at(now)).classes.remove(0).mode {
        Mode::Enforcing => "enforcing",
        Mode::Watching(why) => why.word(),
    }
}

#[test]
fn what_was_issued_passes_and_what_was_not_is_refused() {
    let gate = trusted(Feeding::Push, terms());
    assert_eq!(why(&gate, 3_600), "enforcing");
    assert_eq!(decide(&gate, 3_600, "t400", "ann").refused, None);
    assert_eq!(decide(&gate, 3_600, "forged", "ann").refused, Some(Reason::NeverIssued));
    assert_eq!(decide(&gate, 3_600, "t400", "bob").refused, Some(Reason::Mismatch));
    assert_eq!(decide(&gate, 3_600, "", "ann").refused, Some(Reason::NeverIssued));
}

#[test]
fn trust_needs_all_of_it_and_is_lost_by_any() {
    let gate = gate(Feeding::Push, CoverageBy::Sequence, terms());
    assert_eq!(why(&gate, 0), "ledger-empty");
    gate.take(FEED, at(0), |each| each(&issued(0, "t0", "ann", 1)));
    assert_eq!(why(&gate, 0), "coverage");
    gate.take(FEED, at(0), |each| (1..400).for_each(|at| each(&issued(0, &format!("t{at}"), "ann", at as u64 + 1))));
    assert_eq!(why(&gate, 0), "ledger-young");
    assert_eq!(why(&gate, LIFE + 119), "ledger-young");
    assert_eq!(why(&gate, LIFE + 120), "never-met");
    gate.decide(&ask(1, &shown(0, "t0", "ann")));
    assert_eq!(why(&gate, LIFE + 120), "enforcing");
    assert_eq!(why(&gate, LIFE + 2_000), "issuer-silent");
    gate.take(FEED, at(LIFE + 2_000), |each| each(&issued(LIFE + 2_000, "new", "ann", 401)));
    assert_eq!(why(&gate, LIFE + 2_000), "enforcing");
    gate.lost(FEED, at(LIFE + 2_001), "a line is missing".to_owned());
    assert_eq!(why(&gate, LIFE + 2_001), "ledger-lost");
    assert_eq!(decide(&gate, LIFE + 2_001, "forged", "ann").refused, None);
    gate.take(FEED, at(2 * LIFE + 2_200), |each| each(&issued(2 * LIFE + 2_200, "newer", "ann", 402)));
    assert_eq!(why(&gate, 2 * LIFE + 2_200), "enforcing");
}

#[test]
fn lost_records_make_it_watch_and_excuse_what_may_be_from_them() {
    let gate = trusted(Feeding::Push, Terms { coverage_min: 0.98, ..terms() });
    gate.take(FEED, at(3_610), |each| each(&issued(3_610, "after", "ann", 403)));
    gate.look(at(3_610));
    assert_eq!(why(&gate, 3_610), "enforcing", "one lost of four hundred");
    let may_be = gate.decide(&ask(3_610, &shown(3_605, "of the gap", "ann")));
    assert!(matches!(may_be.mark, Some(Mark::Unjudgeable(_))), "{may_be:?}");
    gate.take(FEED, at(3_620), |each| each(&issued(3_620, "later", "ann", 500)));
    gate.look(at(3_620));
    assert_eq!(why(&gate, 3_620), "coverage");
}

#[test]
fn coverage_that_is_declared_or_unknown_is_taken_at_its_word() {
    for (coverage, expected) in [(CoverageBy::Declared, "ledger-young"), (CoverageBy::Unknown, "coverage")] {
        let gate = gate(Feeding::Push, coverage, terms());
        gate.take(FEED, at(0), |each| each(&issued(0, "t0", "ann", 1)));
        assert_eq!(why(&gate, 1), expected);
    }
}

#[test]
fn a_followed_log_is_waited_for_and_only_by_what_may_be_in_it() {
    let gate = trusted(Feeding::Follow, terms());
    let new = shown(3_600, "new", "ann");
    assert!(gate.decide(&ask(3_600, &new)).wait);
    let waited = gate.decide(&Ask { waited: true, ..ask(3_600, &new) });
    assert_eq!((waited.refused, waited.mark), (None, Some(Mark::MayBeNew)));
    let old = gate.decide(&ask(3_600, &shown(3_400, "old", "ann")));
    assert_eq!(old.refused, Some(Reason::NeverIssued));
    gate.take(FEED, at(3_601), |each| each(&issued(3_600, "new", "ann", 402)));
    assert_eq!(gate.decide(&ask(3_601, &new)).mark, None);
    // A copied id is no newcomer.
    assert_eq!(gate.decide(&ask(3_601, &shown(3_600, "new", "bob"))).refused, Some(Reason::Mismatch));
}

#[test]
fn what_cannot_be_read_or_is_not_there_is_refused_whatever_is_known() {
    let gate = gate(Feeding::Push, CoverageBy::Sequence, terms());
    let good = shown(0, "t", "ann");
    let refused = |ask: Ask<'_>| gate.decide(&ask).refused;
    assert_eq!(refused(Ask { presented: Err(TokenFault::Unsigned), ..ask(0, &good) }), Some(Reason::Unreadable));
    assert_eq!(refused(Ask { token: "", ..ask(0, &good) }), Some(Reason::NoToken));
    assert_eq!(refused(Ask { signature: Some(false), ..ask(0, &good) }), Some(Reason::BadSignature));
    assert_eq!(refused(Ask { signature: Some(true), ..ask(0, &good) }), None);
}

#[test]
fn a_token_of_another_issuer_is_as_configured_and_of_ours_without_a_class_refused() {
    let mut terms = terms();
    terms.not_covered = OrElse::Allow;
    let gate = trusted(Feeding::Push, terms.clone());
    let mut other = shown(3_600, "x", "ann");
    other.row.issuer = "https://other.example";
    assert_eq!(gate.decide(&ask(3_600, &other)).mark, Some(Mark::WouldRefuse(Reason::NotCovered)));
    terms.not_covered = OrElse::Refuse;
    assert_eq!(trusted(Feeding::Push, terms).decide(&ask(3_600, &other)).refused, Some(Reason::NotCovered));
}

#[test]
fn a_reason_that_is_not_named_is_watched() {
    let gate = trusted(Feeding::Push, Terms { refuse: vec![Reason::Mismatch], ..terms() });
    assert_eq!(decide(&gate, 3_600, "forged", "ann").mark, Some(Mark::WouldRefuse(Reason::NeverIssued)));
    assert_eq!(decide(&gate, 3_600, "t400", "bob").refused, Some(Reason::Mismatch));
    let watching = trusted(Feeding::Push, Terms { enforce: false, ..terms() });
    assert_eq!(decide(&watching, 3_600, "forged", "ann").mark, Some(Mark::WouldRefuse(Reason::NeverIssued)));
    assert_eq!(watching.health(at(3_600)).watched, [(Reason::NeverIssued, 1)]);
}

#[test]
fn a_fault_opens_no_door_unless_that_was_chosen() {
    let poisoned = |on_fault| {
        let gate = trusted(Feeding::Push, Terms { on_fault, ..terms() });
        std::thread::scope(|scope| {
            let broken = scope.spawn(|| {
                let _held = gate.ledger.write();
                panic!("a fault of a test");
            });
            assert!(broken.join().is_err());
        });
        decide(&gate, 3_600, "t400", "ann")
    };
    assert_eq!(poisoned(OnFault::Closed).refused, Some(Reason::Fault));
    assert_eq!(poisoned(OnFault::Open).mark, Some(Mark::Fault));
}

#[test]
fn a_budget_is_by_day_and_by_thing_and_exact() {
    let budgets = vec![Budget { of: BudgetOf::Address, subjects_per_day: 3 }];
    let gate = trusted(Feeding::Push, Terms { budgets, ..terms() });
    let reach = |now: i64, subject: &str, address: &'static str| {
        let id = format!("{subject} {now}");
        gate.take(FEED, at(now), |each| each(&issued(now, &id, subject, 402)));
        gate.decide(&Ask { source_ip: address, ..ask(now, &shown(now, &id, subject)) }).refused
    };
    // `ann` was reached when the gate was begun.
    for subject in ["ann", "bob", "cid", "bob"] {
        assert_eq!(reach(3_700, subject, "192.0.2.7"), None, "{subject}");
    }
    assert_eq!(reach(3_700, "dan", "192.0.2.7"), Some(Reason::ReachBudget));
    assert_eq!(reach(3_700, "dan", "192.0.2.8"), None);
    assert_eq!(reach(3_700 + 86_400, "dan", "192.0.2.7"), None);
}

#[test]
fn a_decision_is_an_event_that_scans_read() {
    let gate = trusted(Feeding::Push, terms());
    let forged = shown(3_600, "forged \" \u{1}", "ann");
    let ask = ask(3_600, &forged);
    let decision = gate.decide(&ask);
    let mut line = Vec::new();
    let told = Told { id: "d-1", method: "GET", resource: "/api/me", fault: "" };
    gate.record(&ask, &decision, &told, &mut line).unwrap();
    let guess = sever_decode::Mapping::guess(&line);
    let format = sever_decode::Format::named("json-lines").unwrap();
    let mut stream = sever_decode::LogStream::of(format, Some(&guess.mapping), &Limits::default()).unwrap();
    struct Seen(Vec<String>);
    impl sever_model::port::EventSink for Seen {
        fn push(&mut self, row: &Row<'_>) {
            self.0.push(format!(
                "{:?} {:?} {} {} {} {} {} {:?}",
                row.kind,
                row.outcome,
                row.issuer,
                row.credential,
                row.token_subject,
                row.resource,
                row.source_ip,
                row.issued_at
            ));
        }
    }
    let mut seen = Seen(Vec::new());
    stream.feed(&line, &mut seen);
    stream.finish(&mut seen);
    let expected =
        format!("Used Refused https://id.shop.example forged \" \u{1} ann /api/me 192.0.2.7 {:?}", Some(at(3_600)));
    assert_eq!(seen.0, [expected]);
}

#[test]
fn nobody_is_known_until_somebody_is() {
    let gate = gate(Feeding::Push, CoverageBy::Sequence, terms());
    assert!(!gate.health(at(0)).knows_people);
    let inventory = Inventory::new(Tables::default(), at(0), WallTime::from_secs(BEGIN), Coverage::default());
    gate.know(Arc::new(inventory), Cuts::default());
    assert!(gate.health(at(0)).knows_people);
}
