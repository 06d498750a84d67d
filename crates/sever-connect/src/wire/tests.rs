//! Elements are found whatever holds them, and hostile text ends.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn found(text: &str) -> (Vec<String>, Scan) {
    let mut found = Vec::new();
    let scan = elements(text.as_bytes(), 8, &mut |place, element| {
        let said =
            element.map_or_else(|reason| reason.to_string(), |bytes| String::from_utf8_lossy(bytes).into_owned());
        found.push(format!("{}:{} {said}", place.line, place.offset));
    });
    (found, scan)
}

#[test]
fn arrays_lines_wrappers_and_values_one_after_another() {
    let one = |text: &str| found(text).0;
    assert_eq!(one("[{\"a\":1}, {\"b\":[2]}]"), ["1:1 {\"a\":1}", "1:10 {\"b\":[2]}"]);
    assert_eq!(one("{\"a\":1}\n{\"a\":2}\n"), ["1:0 {\"a\":1}", "2:8 {\"a\":2}"]);
    assert_eq!(one("{\"x\":{\"data\":[1]},\"employees\":[{\"a\":\"]}\\\"\"}],\"y\":0}"), ["1:31 {\"a\":\"]}\\\"\"}"]);
    assert_eq!(one("{\"value\":[1,2]}"), ["1:0 {\"value\":[1,2]}"], "an array of numbers is no list of things");
    assert_eq!(one("[[[[[[[[[[1]]]]]]]]]]"), ["1:1 nested deeper than the limit"]);
    assert_eq!(one("nonsense\n{\"a\":1}"), ["1:0 syntax: no JSON value begins here", "2:9 {\"a\":1}"]);
}

#[test]
fn a_break_is_told_with_its_line() {
    assert_eq!(found("[{\"a\":1},\n{\"a").1.breaks_off, Some(2));
    assert_eq!(found("[{\"a\":1}").1.breaks_off, Some(1));
    assert_eq!(found("{\"Resources\":[{\"a\":1}]").1.breaks_off, Some(1));
    assert_eq!(found("{\"totalResults\":5,\"Resources\":[{\"a\":1}]}").1.announced, Some((5, 1)));
    assert_eq!(found("{\"Resources\":[{\"a\":1}],\"totalResults\":5}").1.announced, Some((5, 1)));
}

#[test]
fn a_thing_is_flattened_to_names() {
    let value = json!({
        "id": "1", "name": {"givenName": "Ann"}, "emails": [{"value": "a@x"}, {"value": "b@x"}], "tags": ["p", "q"],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "9"}}, "none": null, "n": 7,
    });
    let cells: Vec<String> = flatten(&value).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(cells, ["id=1", "name.givenName=Ann", "emails.value=a@x;b@x", "tags=p;q", "manager.value=9", "n=7"]);
}

proptest! {
    #[test]
    fn anything_ends_without_a_panic(text in prop::collection::vec(prop::sample::select(b"[]{}\",:\\ \na1".to_vec()), 0..120)) {
        let mut last = 0;
        elements(&text, 8, &mut |place, _| {
            assert!(place.offset >= last, "elements come in order");
            last = place.offset;
        });
    }
}

/// What is heard of pages: what stands around each, and its elements.
struct Heard(Vec<String>);

impl Pages for Heard {
    fn page(&mut self, around: &Around) {
        self.0.push(format!("page {}", serde_json::to_string(around).unwrap()));
    }
    fn element(&mut self, place: Place, element: Result<&[u8], Reason>) {
        let said =
            element.map_or_else(|reason| reason.to_string(), |bytes| String::from_utf8_lossy(bytes).into_owned());
        self.0.push(format!("{}:{} {said}", place.line, place.offset));
    }
}

fn heard(text: &str) -> (Vec<String>, Scan) {
    let mut heard = Heard(Vec::new());
    let scan = pages(text.as_bytes(), 8, &["value"], &mut heard);
    (heard.0, scan)
}

#[test]
fn pages_say_what_stands_around_them_on_either_side() {
    let (said, scan) =
        heard("{\"c\":1,\"value\":[{\"a\":1}],\"next\":\"n\"}\n{\"value\":[]}\n{\"data\":[{}]}\n[{\"b\":2}]");
    assert_eq!(
        said,
        [
            "page {\"c\":1,\"value\":[],\"next\":\"n\"}",
            "1:16 {\"a\":1}",
            "page {\"value\":[]}",
            "page {}",
            "3:50 {\"data\":[{}]}",
            "page {}",
            "4:65 {\"b\":2}",
        ]
    );
    assert_eq!(scan, Scan::default());
    let (said, scan) = heard("{\"c\":1,\"value\":[{\"a\":1},{\"a\"");
    assert_eq!(said, ["page {\"c\":1,\"value\":[]}", "1:16 {\"a\":1}", "1:24 breaks off"]);
    assert_eq!(scan.breaks_off, Some(1));
}

fn named(text: &str) -> (Vec<String>, Scan) {
    let mut said = Vec::new();
    let scan = members(text.as_bytes(), 8, &mut |name, place, value| {
        let value = value.map_or_else(|reason| reason.to_string(), |bytes| String::from_utf8_lossy(bytes).into_owned());
        said.push(format!("{name}@{} {value}", place.line));
    });
    (said, scan)
}

#[test]
fn members_come_one_by_one_and_lists_element_by_element() {
    let (said, scan) = named("{\"n\":\"x\",\n\"u\":[{\"a\":1},{\"a\":2}],\"e\":[],\"s\":[1]}");
    assert_eq!(said, ["{@1 {", "n@1 \"x\"", "u@2 {\"a\":1}", "u@2 {\"a\":2}", "e@2 []", "s@2 [1]"]);
    assert_eq!(scan, Scan::default());
    assert_eq!(named("[{\"n\":1},\n{\"n\":2}]").0, ["{@1 {", "n@1 1", "{@2 {", "n@2 2"]);
    for broken in ["{\"n\":", "{\"n", "{", "[{\"n\":1}", "{\"u\":[{\"a\":1}"] {
        assert!(named(broken).1.breaks_off.is_some(), "{broken}");
    }
}

proptest! {
    #[test]
    fn pages_and_members_of_anything_end_without_a_panic(text in prop::collection::vec(prop::sample::select(b"[]{}\",:\\ \na1v".to_vec()), 0..120)) {
        heard(&String::from_utf8_lossy(&text));
        named(&String::from_utf8_lossy(&text));
    }
}
