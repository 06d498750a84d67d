//! The classes are named as the decoders name them, for nothing else joins the two rooms.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;

/// What the fixtures of a format say was issued and used, as issuer and class.
fn told(format: &str, kind: fn(&str) -> bool, key: &str) -> BTreeSet<(String, String)> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats").join(format).join("basic");
    let mut told = BTreeSet::new();
    for entry in std::fs::read_dir(events).expect("fixtures") {
        let path = entry.expect("a readable folder").path();
        if !path.to_string_lossy().ends_with(".events.jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(path).expect("readable").lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            if kind(&text("kind")) && !text(key).is_empty() && !text("issuer").is_empty() {
                told.insert((text("issuer"), text("token_type")));
            }
        }
    }
    told
}

#[test]
fn both_sides_of_a_class_stand_in_its_log() {
    let log = SourceId::from("log");
    for format in BUILTIN.iter().map(|of| of.format).collect::<BTreeSet<_>>() {
        let classes = builtin_classes(format, &log);
        assert!(!classes.is_empty(), "{format}");
        for class in classes {
            let name = (class.issuer.clone(), class.token_type.clone());
            let key = if class.join == sever_model::Join::Session { "session" } else { "credential" };
            assert!(told(format, |kind| kind == "issued", key).contains(&name), "{format}: nothing issued as {name:?}");
            assert!(told(format, |kind| kind != "issued", key).contains(&name), "{format}: nothing used as {name:?}");
            assert_eq!((class.issued_in, class.used_in), (Some(log.clone()), vec![log.clone()]));
        }
    }
}

#[test]
fn a_format_brings_its_own_classes_and_no_others() {
    let names = |format| {
        let classes = builtin_classes(format, &SourceId::from("log"));
        classes.into_iter().map(|class| class.name).collect::<Vec<_>>()
    };
    assert_eq!(names("windows-security"), ["tgt", "service-ticket", "logon"]);
    assert_eq!(names("okta"), ["session"]);
    assert_eq!(names("nginx-json"), [""; 0]);
}

#[test]
fn no_class_claims_a_coverage_that_nothing_measures() {
    for of in BUILTIN {
        for class in builtin_classes(of.format, &SourceId::from("log")) {
            assert_eq!(class.coverage, CoverageBy::Unknown, "{}", class.name);
            assert!(class.settle < class.lifetime_max, "{}", class.name);
        }
    }
}
