//! Our words come first, and whole words only.

use super::*;

#[test]
fn an_action_says_its_words_and_no_others() {
    assert!(says("delete audit cloudtrail:DeleteTrail", "delete"));
    assert!(says("delete audit cloudtrail:DeleteTrail", "audit"));
    assert!(says("delete", "delete"));
    assert!(!says("read delete", "delete"), "the log's own words come last, and are not ours");
    assert!(!says("DELETE", "delete"), "an HTTP method is the log's own word");
    assert!(!says("", "delete"));
}

#[test]
fn words_stand_in_their_order() {
    let mut action = "before".to_owned();
    write(&mut action, &["delete", "audit"], &["cloudtrail", ":", "DeleteTrail"]);
    assert_eq!(action, "delete audit cloudtrail:DeleteTrail");
}
