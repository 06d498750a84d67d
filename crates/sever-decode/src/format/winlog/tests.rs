//! The same event in each collector's shape reads the same.

use serde_json::json;
use sever_model::Outcome;

use super::*;

const WANTED: &[(&str, Want)] = &[("TargetUserName", Want::Text), ("param1", Want::Text), ("param2", Want::Text)];

fn read(record: &serde_json::Value) -> (u32, String, String, String, String, Outcome) {
    let mut winlog = Winlog::new(WANTED, 64);
    let text = record.to_string();
    let record = winlog.read(text.as_bytes()).unwrap_or_else(|reason| panic!("{reason}: {text}"));
    let time = record.time(None).expect("a time").to_string();
    let data = |slot| record.data.text(slot).to_owned();
    let second = if data(0).is_empty() { data(2) } else { String::new() };
    (record.id, record.computer.to_owned(), time, data(0) + &data(1), second, record.outcome())
}

#[test]
fn each_collector_writes_the_same_event() {
    let xml =
        "<EventData xmlns=\"x\"><Data Name=\"TargetUserName\">a&amp;b&#33;</Data><Data Name=\"Empty\"/></EventData>";
    let shapes = [
        json!({"@timestamp": "2025-03-03T08:00:00Z", "winlog": {"event_id": "4624", "computer_name": "DC1",
            "keywords": ["Audit Success"], "event_data": {"TargetUserName": "a&b!"}}}),
        json!({"EventTime": "2025-03-03 10:00:00", "@timestamp": "2025-03-03T08:00:00Z", "Hostname": "DC1",
            "EventID": 4624, "Keywords": -9_214_364_837_600_034_816_i64, "TargetUserName": "a&b!"}),
        json!({"TimeGenerated": "2025-03-03T08:00:00Z", "Computer": "DC1", "EventID": 4624,
            "EventType": "AUDIT_SUCCESS", "EventData": xml}),
        json!({"TimeGenerated": "2025-03-03T08:00:00Z", "Computer": "DC1", "EventID": 4624,
            "Keywords": "0x8020000000000000", "EventData": {"TargetUserName": "a&b!"}}),
        json!({"Event": {"System": {"EventID": {"#attributes": {"Qualifiers": 0}, "#text": 4624}, "Computer": "DC1",
            "Keywords": "0x8020000000000000", "TimeCreated": {"#attributes": {"SystemTime": "2025-03-03T08:00:00Z"}}},
            "EventData": {"Data": [{"#attributes": {"Name": "TargetUserName"}, "#text": "a&b!"}]}}}),
        json!({"data": {"win": {"system": {"eventID": "4624", "computer": "DC1", "severityValue": "AUDIT_SUCCESS",
            "systemTime": "2025-03-03T08:00:00.000000000Z"}, "eventdata": {"targetUserName": "a&b!"}}}}),
    ];
    for shape in shapes {
        let expected = (4624, "DC1", "2025-03-03T08:00:00Z", "a&b!", "", Outcome::Answered);
        let (id, computer, time, name, second, outcome) = read(&shape);
        assert_eq!((id, &*computer, &*time, &*name, &*second, outcome), expected, "{shape}");
    }
}

#[test]
fn data_without_names_are_numbered() {
    let head = |data: serde_json::Value| {
        json!({"Event": {"System": {"EventID": 403, "Computer": "FS1", "Keywords": "0x8010000000000000",
            "TimeCreated": {"#attributes": {"SystemTime": "2025-03-03T08:00:00Z"}}}, "EventData": data}})
    };
    let texts = [
        head(json!({"Data": ["one", "two"]})),
        head(json!({"Data": {"#text": ["one", "two"]}})),
        head(json!("<EventData><Data>one</Data><Data>two</Data></EventData>")),
        head(json!(["one", "two"])),
        head(json!({"param1": "one", "param2": "two"})),
    ];
    for text in texts {
        let (.., first, second, outcome) = read(&text);
        assert_eq!((&*first, &*second, outcome), ("one", "two", Outcome::Refused), "{text}");
    }
}

#[test]
fn a_time_of_the_place_needs_a_zone() {
    let mut winlog = Winlog::new(WANTED, 64);
    let text = json!({"EventID": 4624, "EventTime": "2025-03-03 10:00:00"}).to_string();
    let record = winlog.read(text.as_bytes()).expect("an event");
    assert!(record.time(None).is_err());
    let berlin = Zone::named("Europe/Berlin").expect("a zone");
    assert_eq!(record.time(Some(&berlin)).map(|at| at.to_string()), Ok("2025-03-03T09:00:00Z".to_owned()));
}

#[test]
fn xml_that_breaks_off_or_nests_deep_ends_the_walk() {
    let leaves = |text: &str| {
        let mut found = Vec::new();
        xml::each_leaf(text, &mut |tag, _, value| found.push(format!("{tag}={value}")));
        found
    };
    assert_eq!(leaves("<a><b>1</b><c>2</c><d>3"), ["b=1", "c=2"]);
    assert_eq!(leaves("<a><b>x &lt;c&gt;9&lt;/c&gt;</b></a>"), ["b=x <c>9</c>"]);
    assert_eq!(leaves(&"<a>".repeat(100)), [""; 0]);
    assert_eq!(leaves("no XML"), [""; 0]);
}
