//! What is a name, and what only looks like one.

use super::*;

fn veiled(text: &str) -> String {
    let known = [("ann", "P"), ("Ann Lee", "P"), ("1001", "P"), ("shop/a-1", "shop/P"), ("ann@shop.example", "P")];
    replaced(text, &known.map(|(text, pseudonym)| (text.to_owned(), pseudonym.to_owned())).into())
}

#[test]
fn names_go_wherever_they_stand_by_themselves() {
    assert_eq!(veiled("ann"), "P");
    assert_eq!(veiled("1001"), "P");
    assert_eq!(
        veiled("account `shop/a-1` of Ann Lee (ann@shop.example), made by ann."),
        "account `shop/P` of P, made by P."
    );
    assert_eq!(veiled("account `ann` (`shop/a-1`) was used (twice)"), "account `shop/P` was used (twice)");
    assert_eq!(veiled("bob (ann) and joe (joe)"), "bob (P) and joe (joe)");
    assert_eq!(veiled("account:shop/a-1"), "account:shop/P");
}

#[test]
fn parts_of_other_words_and_counts_stay() {
    for text in ["joanna", "annals", "1001 people", "ann-marie", "2026-10-01", "shop/a-12"] {
        assert_eq!(veiled(text), text);
    }
    assert_eq!(veiled("person `1001`"), "person `P`");
}

#[test]
fn every_word_is_looked_up_and_full_names_too() {
    let mut texts = BTreeSet::new();
    collect(&serde_json::json!({"rows": [["made by Ann Lee."]]}), &mut texts);
    assert!(texts.contains("Ann Lee") && texts.contains("by") && texts.contains("made by Ann Lee."), "{texts:?}");
}
