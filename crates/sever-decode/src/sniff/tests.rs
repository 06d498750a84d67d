//! Each format is told from the others by its own marks.

use super::*;

fn check(sample: &str, expect: &[&str]) {
    let ids: Vec<&str> = sniff(sample.as_bytes()).iter().map(|sniffed| sniffed.format.id).collect();
    assert_eq!(ids, expect, "{sample}");
}

#[test]
fn a_format_of_its_own_beats_the_general_one() {
    let records = r#"{"eventVersion":"1.08","eventSource":"ec2.amazonaws.com","eventName":"RunInstances"}"#;
    check(&format!("{records}\n{records}\n{{\"cut"), &["cloudtrail", "json-lines"]);
    check(&format!("{{\"Records\":[{records},{records},{{\"cut"), &["cloudtrail", "json-lines"]);
    check("{\"a\":1}\n", &["json-lines"]);
}

#[test]
fn what_is_of_no_format_is_not_guessed() {
    check("", &[]);
    check("hello\nworld\n", &[]);
    check("id,name\n1,alice\n", &[]);
    check("\u{0}\u{1}\u{2}", &[]);
    check("[1,2,3]", &[]);
}

#[test]
fn the_registry_is_in_order_and_described() {
    assert!(FORMATS.windows(2).all(|pair| pair[0].id < pair[1].id));
    for format in FORMATS {
        assert!(format.about.len() > 100 && format.joins.len() > 50 && !format.title.is_empty(), "{}", format.id);
        assert!(std::ptr::eq(Format::named(format.id).expect("it is registered"), format));
    }
}
