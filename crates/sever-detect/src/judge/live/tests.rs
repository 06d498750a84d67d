//! What is said of a token at the moment when it is shown.

use sever_model::{
    ClaimSet, Class, CoverageBy, EventKind, EventTime, FingerprintKey, Join, Judgement, Limits, Row, SourceId, Span,
    Unjudgeable,
};

use super::{LiveLedger, Shown};

const BEGIN: i64 = 1_775_001_600;
const ISSUER: usize = 0;
const GATE: usize = 1;

fn class(join: Join) -> Class {
    Class {
        issuer: "https://id.shop.example".to_owned(),
        name: "access".to_owned(),
        issued_in: Some(SourceId::from("issuer")),
        used_in: vec![SourceId::from("gate")],
        token_type: String::new(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join,
        bound: ClaimSet::SUBJECT.with(ClaimSet::KEY_ID),
        lifetime_max: Span::secs(3_600),
        settle: Span::secs(120),
        coverage: CoverageBy::Declared,
    }
}

fn ledger(join: Join) -> LiveLedger {
    let logs = [SourceId::from("issuer"), SourceId::from("gate")];
    LiveLedger::new(&[class(join)], &logs, &Limits::default(), FingerprintKey::new(*b"a key of a test!"))
}

fn at(secs: i64) -> EventTime {
    EventTime::from_secs(BEGIN + secs)
}

fn row<'a>(secs: i64, kind: EventKind, id: &'a str, subject: &'a str) -> Row<'a> {
    let mut row = Row::new(at(secs), kind, 0);
    (row.issuer, row.credential, row.token_subject, row.key_id) = ("https://id.shop.example", id, subject, "kid-1");
    row
}

fn issued<'a>(secs: i64, id: &'a str, subject: &'a str) -> Row<'a> {
    let mut row = row(secs, EventKind::Issued, id, subject);
    (row.issued_at, row.expires_at) = (Some(at(secs)), Some(at(secs + 3_600)));
    row
}

fn ask(ledger: &LiveLedger, row: &Row<'_>) -> Shown {
    ledger.ask(GATE, row, &mut String::new)
}

#[test]
fn a_token_is_known_the_moment_its_issuance_is_taken() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a1", "ann"));
    let shown = ask(&ledger, &row(0, EventKind::Used, "a1", "ann"));
    assert!(matches!(shown.judgement, Judgement::Issued(claims) if claims.holds(ClaimSet::SUBJECT)));
    let copied = ask(&ledger, &row(0, EventKind::Used, "a1", "bob"));
    assert!(matches!(copied.judgement, Judgement::Mismatch(_)));
}

#[test]
fn what_may_still_come_is_told_from_what_cannot() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a0", "ann"));
    ledger.take(ISSUER, &issued(7_200, "a1", "ann"));
    let ask_issued = |secs: i64| {
        let mut shown = row(7_201, EventKind::Used, "f1", "ann");
        shown.issued_at = Some(at(secs));
        ask(&ledger, &shown)
    };
    // The issuer's log is known until 7,200 s; issuances may be logged 120 s late, by clocks 120 s apart.
    assert_eq!(ask_issued(6_900).judgement, Judgement::NeverIssued);
    assert!(!ask_issued(6_900).may_come);
    assert!(ask_issued(7_200).may_come);
    assert!(!ask_issued(9_000).may_come, "issued in the future by any honest clock");
    assert!(ask(&ledger, &row(7_201, EventKind::Used, "f1", "ann")).may_come, "one that says no time may be new");
}

#[test]
fn before_the_ledger_is_old_enough_an_old_token_is_excused() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a0", "ann"));
    let unknown = row(60, EventKind::Used, "x", "ann");
    assert_eq!(ask(&ledger, &unknown).judgement, Judgement::Unjudgeable(Unjudgeable::BeforeLedger));
    ledger.begin_anew(ISSUER, at(5_000));
    let unknown = row(5_060, EventKind::Used, "x", "ann");
    assert_eq!(ask(&ledger, &unknown).judgement, Judgement::Unjudgeable(Unjudgeable::BeforeLedger));
    ledger.reaches_back(ISSUER, at(0));
    assert_eq!(ask(&ledger, &unknown).judgement, Judgement::NeverIssued);
}

#[test]
fn a_token_without_the_id_of_its_class_was_never_issued() {
    let mut ledger = ledger(Join::Jti);
    let nameless = row(60, EventKind::Used, "", "ann");
    assert_eq!(ask(&ledger, &nameless).judgement, Judgement::Unjudgeable(Unjudgeable::NoJoinKey));
    ledger.take(ISSUER, &issued(0, "a0", "ann"));
    assert_eq!(ask(&ledger, &nameless).judgement, Judgement::NeverIssued);
    ledger.take(ISSUER, &issued(1, "", "ann"));
    assert_eq!(ask(&ledger, &nameless).judgement, Judgement::Unjudgeable(Unjudgeable::NoJoinKey));
}

#[test]
fn by_hash_the_whole_token_counts() {
    let mut ledger = ledger(Join::TokenSha256);
    ledger.take(ISSUER, &issued(0, "deadbeef", "ann"));
    let shown = row(1, EventKind::Used, "its own id", "ann");
    let hashed = ledger.ask(GATE, &shown, &mut || "deadbeef".to_owned());
    assert!(matches!(hashed.judgement, Judgement::Issued(_)));
}

#[test]
fn a_clock_that_jumps_empties_nothing() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a1", "ann"));
    ledger.hear(GATE, at(400 * 86_400));
    ledger.take(ISSUER, &issued(10, "a2", "bob"));
    assert!(matches!(ask(&ledger, &row(11, EventKind::Used, "a1", "ann")).judgement, Judgement::Issued(_)));
    assert_eq!(ledger.size().0, 2);
}

#[test]
fn entries_go_once_both_clocks_have_passed_their_end() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a1", "ann"));
    for hour in 1..200 {
        ledger.hear(GATE, at(hour * 3_600));
        ledger.take(ISSUER, &issued(hour * 3_600, &format!("b{hour}"), "bob"));
    }
    assert!(ledger.size().0 < 20, "{} entries", ledger.size().0);
}

#[test]
fn who_shows_tokens_fills_no_memory() {
    let mut ledger = ledger(Join::Jti);
    ledger.take(ISSUER, &issued(0, "a0", "ann"));
    for number in 0..10_000 {
        let text = format!("https://{number}.example");
        let mut shown = row(1, EventKind::Used, &text, &text);
        (shown.issuer, shown.client, shown.audience) = (&text, &text, &text);
        assert_eq!(ask(&ledger, &shown).class, None);
    }
    assert!(ledger.symbols.len() < 10);
}
