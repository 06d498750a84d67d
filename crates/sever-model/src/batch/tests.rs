//! What goes into a batch comes out of it.

use super::*;
use crate::FingerprintKey;

#[test]
fn a_row_survives_its_columns_and_a_copy() {
    let mut symbols = Symbols::new(FingerprintKey::new([7; 16]), 100);
    let mut batch = Batch::new();
    let mut row = Row::new(EventTime::from_secs(5), EventKind::Used, 42);
    row.outcome = Outcome::Answered;
    row.issuer = "https://issuer.example";
    row.credential = "jti-1";
    row.token_subject = "m-1";
    row.expires_at = Some(EventTime::from_secs(9));
    row.data_subjects = &["m-1", "m-2"];
    row.fields = "name,e-mail";
    batch.push(&Row::new(EventTime::from_secs(4), EventKind::Heartbeat, 0), &mut symbols);
    batch.push(&row, &mut symbols);
    let mut copy = Batch::new();
    batch.copy_to(1, &mut copy);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    assert_eq!(batch.row(1, &symbols, &mut a), row);
    assert_eq!(copy.row(0, &symbols, &mut b), row);
    assert_eq!((batch.subject_total(0), batch.subject_total(1)), (0, 2));
}

#[test]
fn past_its_limit_the_symbol_table_says_many_and_counts() {
    let mut symbols = Symbols::new(FingerprintKey::new([7; 16]), 3);
    let a = symbols.intern("a");
    assert_eq!((symbols.intern("b"), symbols.intern("c"), symbols.intern("a")), (Sym::MANY, Sym::MANY, a));
    assert_eq!(symbols.overflowed(), 2);
}
