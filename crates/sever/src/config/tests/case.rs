//! Laws and their clocks, as people choose them, and what they are told.

use super::*;

fn laws(text: &str) -> Vec<(String, Option<Span>)> {
    let config = Place::new().write("severance.toml", text).load().unwrap();
    config.case.laws.into_iter().map(|law| (law.id, law.within)).collect()
}

const BANK: &str =
    "[[case.law]]\nname = \"bank\"\ntitle = \"terms\"\nsource = \"clause 9\"\nwithin = \"12h\"\nto = [\"authority\"]\n";

#[test]
fn laws_are_those_built_in_and_ones_own_unless_some_are_chosen() {
    let hours = |hours: i64| Some(Span::secs(3_600 * hours));
    let all = laws("");
    assert_eq!(all.len(), 4);
    assert!(all.contains(&("network-act-48-3".to_owned(), hours(24))) && all.contains(&("gdpr-34".to_owned(), None)));
    assert_eq!(laws(BANK).last(), Some(&("bank".to_owned(), hours(12))));
    assert_eq!(laws("[case]\nlaws = [\"gdpr-33\"]\n"), [("gdpr-33".to_owned(), hours(72))]);
    let reread = BANK.replace("\"bank\"", "\"pipa-34\"").replace("12h", "48h");
    assert_eq!(laws(&format!("[case]\nlaws = [\"pipa-34\"]\n{reread}")), [("pipa-34".to_owned(), hours(48))]);
}

#[test]
fn a_law_that_there_is_not_is_told_at_its_place() {
    insta::assert_snapshot!(told("[case]\nlaws = [\"gdpr-32\"]\n"), @r"
    error: severance.toml:2:1: there is no law `gdpr-32`
    hint: did you mean `gdpr-33`?
    ");
    insta::assert_snapshot!(told(BANK.replace("authority", "press")), @r"
    error: severance.toml:6:1: law `bank` wants `press` told, who is nobody known
    hint: one of `authority`, `people`
    ");
}
