//! What a nonce is, and that a knock accounts for no more than it made. What findings come of it is told by
//! the fixtures of `use-after-departure`.

use sever_model::{
    Batch, Coverage, EventKind, EventSource, EventTime, FingerprintKey, Inventory, Knock, Limits, Outcome, Row,
    Symbols, Tables, WallTime,
};

use super::*;

const NONCE: &str = "severance-3f9a1c0e77b2-1";

#[test]
fn a_nonce_is_a_word_of_its_own() {
    for text in [NONCE, "severance (severance-3f9a1c0e77b2-1)", "severance-nobody-severance-3f9a1c0e77b2-1"] {
        assert!(says(text, NONCE), "{text}");
    }
    for text in ["severance-3f9a1c0e77b2-12", "xseverance-3f9a1c0e77b2-1", "severance-3f9a1c0e77b2", ""] {
        assert!(!says(text, NONCE), "{text}");
    }
}

#[test]
fn names_that_nobody_has_are_accounted_for_a_few_times_only() {
    let began = WallTime::from_secs(1_790_000_000);
    let knock = Knock {
        door: "own/login/bob".into(),
        system: "own".into(),
        account: Some("own/bob".into()),
        credential: None,
        nonce: NONCE.to_owned(),
        from: None,
        began,
        ended: Some(began),
        only_looked: false,
        let_in: false,
    };
    let (limits, classes) = (Limits::default(), []);
    let inventory = Inventory::new(Tables::default(), EventTime::MIN, WallTime::MIN, Coverage::default());
    let sources = [EventSource::of("own".into(), Some("own".into())), EventSource::of("other".into(), None)];
    let mut symbols = Symbols::new(FingerprintKey::new([7; 16]), 100);
    let mut batch = Batch::new();
    let nobody = format!("nobody-{NONCE}");
    for outcome in [Outcome::Answered].into_iter().chain([Outcome::Refused; 6]) {
        let mut row = Row::new(began.as_event(), EventKind::Authenticated, 0);
        (row.outcome, row.actor) = (outcome, &nobody);
        batch.push(&row, &mut symbols);
    }
    let view = View {
        inventory: &inventory,
        register: None,
        classes: &classes,
        symbols: &symbols,
        sources: &sources,
        limits: &limits,
    };
    let mut knocks = Knocks::new(vec![knock]);
    let mut seen = |source: usize| -> Vec<bool> {
        (0..batch.len()).map(|row| knocks.account_for(source, &batch, row, Resolved::default(), &view)).collect()
    };
    assert_eq!(seen(1), [false; 7], "a log of no system tells of no door");
    assert_eq!(seen(0), [false, true, true, true, true, false, false]);
    assert_eq!(knocks.seen(), OwnProbes { events: 4, tries: 1 });
}
