//! The walk over a record agrees with a JSON parser, and refuses what one must.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

fn reader(paths: &[(&str, Want)]) -> Reader {
    Reader::new(Plan::of(paths), 64)
}

/// What the first slot holds after a record.
fn first(want: Want, record: &str) -> Result<String, Reason> {
    let mut reader = reader(&[("a.b", want)]);
    reader.read(record.as_bytes()).map(|found| found.texts(0).collect::<Vec<_>>().join("|"))
}

#[test]
fn a_path_is_found_wherever_it_stands() {
    assert_eq!(first(Want::Text, r#"{"x":[1,{"a":2}],"a":{"y":{"b":"no"},"b":"yes"},"b":"no"}"#), Ok("yes".to_owned()));
    assert_eq!(first(Want::Text, r#"{"a":"no"}"#), Ok(String::new()));
    assert_eq!(first(Want::Text, r#"{"a":{"b":null}}"#), Ok(String::new()));
}

#[test]
fn numbers_and_booleans_are_text_where_text_is_wanted() {
    assert_eq!(first(Want::Text, r#"{"a":{"b":42}}"#), Ok("42".to_owned()));
    assert_eq!(first(Want::Text, r#"{"a":{"b":-7}}"#), Ok("-7".to_owned()));
    assert_eq!(first(Want::Text, r#"{"a":{"b":true}}"#), Ok("true".to_owned()));
    assert_eq!(first(Want::Text, r#"{"a":{"b":18446744073709551615}}"#), Ok("18446744073709551615".to_owned()));
    // Too large to be held exactly: two such ids might read the same.
    assert_eq!(first(Want::Text, r#"{"a":{"b":184467440737095516160}}"#), Ok(String::new()));
}

#[test]
fn an_array_on_the_way_stands_for_its_elements() {
    let record = r#"{"a":[{"b":"one"},{"c":0},{"b":["two",3]}]}"#;
    assert_eq!(first(Want::Many, record), Ok("one|two|3".to_owned()));
    assert_eq!(first(Want::Text, record), Ok("one".to_owned()));
    let mut reader = reader(&[("a.b", Want::Joined(' '))]);
    assert_eq!(reader.read(record.as_bytes()).map(|found| found.text(0).to_owned()), Ok("one two 3".to_owned()));
}

#[test]
fn escapes_are_read() {
    assert_eq!(first(Want::Text, r#"{"\u0061":{"b":"caf\u00e9 \"x\" \/"}}"#), Ok("café \"x\" /".to_owned()));
}

#[test]
fn of_a_field_that_stands_twice_the_last_counts() {
    let mut reader = reader(&[("a.b", Want::Many)]);
    for record in [
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":{"b":1},"a":{"b":2}}"#,
        r#"{"a":{"b":1,"\u0062":2}}"#,
        r#"{"a":{"b":[1,3],"b":2}}"#,
    ] {
        let found = reader.read(record.as_bytes()).expect("it is read");
        assert_eq!(found.texts(0).collect::<Vec<_>>(), ["2"], "{record}");
    }
    assert_eq!(reader.doubled, 4);
    assert_eq!(first(Want::Text, r#"{"x":1,"x":2,"a":{"b":1}}"#), Ok("1".to_owned()), "nobody wants `x`");
}

#[test]
fn keys_may_hold_dots_and_have_other_names() {
    let plan = Plan::any_case(&[("a>b.c/d", Want::Text), ("e.f", Want::Text)]).alias("e", "e_copied");
    let mut reader = Reader::new(plan, 64);
    let found = reader.read(br#"{"a":{"B.c/d":"one","b":{"c/d":2}},"e_copied":{"f":"two"}}"#).expect("sound");
    assert_eq!((found.text(0), found.text(1)), ("one", "two"));
    let found = reader.read(br#"{"e":{"f":"three"},"f":"no"}"#).expect("sound");
    assert_eq!((found.text(0), found.text(1)), ("", "three"));
}

#[test]
fn one_path_can_fill_several_slots_and_stand_above_another() {
    let mut reader = reader(&[("user", Want::Text), ("user.id", Want::Text), ("user", Want::Raw)]);
    let found = reader.read(br#"{"user":{"id":"u1"}}"#).expect("sound");
    assert_eq!((found.text(0), found.text(1), found.value(2)), ("", "u1", Value::Other));
    let found = reader.read(br#"{"user":"u2"}"#).expect("sound");
    assert_eq!((found.text(0), found.text(1), found.text(2)), ("u2", "", "u2"));
}

#[test]
fn depth_is_limited_and_brackets_in_strings_are_no_depth() {
    let deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(first(Want::Text, &deep(64)), Ok(String::new()));
    assert_eq!(first(Want::Text, &deep(65)), Err(Reason::TooDeep));
    assert_eq!(first(Want::Text, &format!(r#"{{"x":"{}\""}}"#, "[".repeat(500))), Ok(String::new()));
    // A limit above what the parser itself allows is held by the parser.
    let mut loose = Reader::new(Plan::of(&[("x", Want::Many)]), 10_000);
    assert!(matches!(loose.read(deep(5_000).as_bytes()).err(), Some(Reason::TooDeep)));
}

#[test]
fn what_a_client_wrote_is_repaired_and_counted() {
    let mut reader = reader(&[("a", Want::Text), ("b", Want::Text)]);
    let read = |reader: &mut Reader, record: &[u8]| {
        reader.read(record).map(|found| (found.text(0).to_owned(), found.text(1).to_owned()))
    };
    let text = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
    assert_eq!(read(&mut reader, br#"{"a":"\x22\xE9 \\x","b":"1"}"#), text("\"é \\x", "1"));
    assert_eq!(read(&mut reader, b"{\"a\":\"\xff\",\"b\":\"2\"}"), text("\u{fffd}", "2"));
    assert_eq!((reader.escape_repairs, reader.utf8_repairs), (1, 1));
    assert_eq!(read(&mut reader, b"\xff\xfe\x00"), Err(Reason::NotUtf8));
    assert_eq!(read(&mut reader, br#"{"a":"\x22"#), Err(Reason::Syntax("invalid escape at byte 8".to_owned())));
    assert_eq!((reader.escape_repairs, reader.utf8_repairs), (1, 1));
}

#[test]
fn what_is_wrong_is_said() {
    let syntax = |what: &str| Err(Reason::Syntax(what.to_owned()));
    assert_eq!(first(Want::Text, "hello"), syntax("not JSON"));
    assert_eq!(first(Want::Text, "[1]"), syntax("not a JSON object"));
    assert_eq!(first(Want::Text, r#"{"a":1,}"#), syntax("trailing comma at byte 8"));
    assert_eq!(first(Want::Text, r#"{"a":1} x"#), syntax("trailing characters at byte 9"));
    assert_eq!(first(Want::Text, r#"{"a":{"b":"#), Err(Reason::Truncated));
}

/// What a path holds by the plain reading of a document.
fn plainly<'a>(value: &'a Json, keys: &[&str], out: &mut Vec<&'a Json>) {
    match (value, keys) {
        (Json::Array(elements), _) => elements.iter().for_each(|element| plainly(element, keys, out)),
        (Json::Object(members), [key, rest @ ..]) => {
            if let Some(member) = members.get(*key) {
                plainly(member, rest, out);
            }
        }
        (Json::Object(_) | Json::Null, _) => {}
        (single, []) => out.push(single),
        _ => {}
    }
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "[a-c\"\\\\é]{1,4}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[abc]{1,2}", inner, 0..4)
                .prop_map(|members| { Json::Object(members.into_iter().collect()) }),
        ]
    })
}

proptest! {
    #[test]
    fn a_walk_finds_what_a_plain_reading_finds(members in prop::collection::btree_map("[abc]{1,2}", json(), 0..6)) {
        let document = Json::Object(members.into_iter().collect());
        let paths = ["a", "b", "a.a", "a.b", "b.c", "a.b.c", "ab", "c.ab.a"];
        let wanted: Vec<(&str, Want)> = paths.iter().map(|path| (*path, Want::Many)).collect();
        let mut reader = reader(&wanted);
        let text = document.to_string();
        let found = reader.read(text.as_bytes()).expect("it is sound");
        for (slot, path) in paths.iter().enumerate() {
            let mut expected = Vec::new();
            plainly(&document, &path.split('.').collect::<Vec<_>>(), &mut expected);
            let expected: Vec<String> =
                expected.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            prop_assert_eq!(found.texts(slot).collect::<Vec<_>>(), expected, "{} in {}", path, text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = reader(&[("a.b", Want::Many), ("a", Want::Raw)]);
        let read = reader.read(&bytes).map(|found| found.texts(0).count());
        prop_assert!(read.is_err() || bytes.contains(&b'{'), "read what is no object");
    }
}
