//! Named arrays are visited element by element; what breaks off gives what stood before.

use super::sections;

fn seen(text: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let scan = sections(text.as_bytes(), 8, &["users", "roles"], &mut |name, place, element| {
        let text = element.map_or_else(|reason| reason.to_string(), |it| String::from_utf8_lossy(it).into_owned());
        seen.push(format!("{name}@{} {text}", place.line));
    });
    seen.extend(scan.breaks_off.map(|line| format!("breaks off at {line}")));
    seen
}

#[test]
fn elements_carry_the_name_of_their_array() {
    let text = "{\"count\": 2, \"users\": [{\"a\": 1},\n{\"b\": [2]}], \"x\": {\"users\": [9]}, \"roles\": [\"r\"]}\n{\"users\": []}";
    assert_eq!(seen(text), ["users@1 {\"a\": 1}", "users@2 {\"b\": [2]}", "roles@2 \"r\""]);
}

#[test]
fn what_has_none_of_the_names_is_visited_whole() {
    assert_eq!(seen("{\"a\": 1}\n[{\"b\": 2}]"), ["@1 {\"a\": 1}", "@2 {\"b\": 2}"]);
}

#[test]
fn a_break_costs_what_follows_it_only() {
    assert_eq!(
        seen("{\"users\": [{\"a\": 1}, {\"b\""),
        ["users@1 {\"a\": 1}", "users@1 breaks off", "breaks off at 1"]
    );
    assert_eq!(
        seen("{\"users\": [{\"a\": 1}],\n\"no"),
        ["users@1 {\"a\": 1}", "@2 syntax: no JSON value begins here", "breaks off at 2"]
    );
    assert_eq!(seen("{\"users\": [{\"a\": 1}], \"b\": {"), ["users@1 {\"a\": 1}", "breaks off at 1"]);
}
