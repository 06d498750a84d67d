//! Every answer in every format, read back by what would read it.

use serde_json::Value;

use crate::world::World;

const ANSWERS: &[&str] = &[
    "list leavers",
    "list people",
    "list accounts",
    "findings",
    "check",
    "scan",
    "who 10002",
    "reach kid-2024-04",
    "rights",
    "readiness",
    "doctor",
    "sync",
    "config show",
    "detectors",
];

fn judged() -> World {
    let world = World::with_logs();
    world.sever("sync");
    world.sever("scan");
    world
}

#[test]
fn json_is_versioned_and_says_what_was_covered_and_how_it_ended() {
    let world = judged();
    for answer in ANSWERS {
        let said = world.sever(&format!("{answer} --format json"));
        let json = said.json();
        assert!(json["version"].is_number() || json["version"].is_string(), "{answer}: {json:#}");
        assert!(!json["coverage"].is_null(), "{answer}: {json:#}");
        for line in world.sever(&format!("{answer} --format jsonl")).stdout.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{answer}: {line}");
        }
    }
}

#[test]
fn csv_and_tsv_have_a_header_and_rows_of_its_length() {
    let world = judged();
    for answer in ANSWERS {
        let csv = world.sever(&format!("{answer} --format csv")).stdout;
        let mut rows = csv::ReaderBuilder::new().has_headers(true).from_reader(csv.as_bytes());
        let columns = rows.headers().unwrap().len();
        assert!(columns > 0, "{answer}");
        assert!(rows.records().all(|row| row.is_ok_and(|row| row.len() == columns)), "{answer}: {csv}");
        let tsv = world.sever(&format!("{answer} --format tsv")).stdout;
        assert!(tsv.lines().all(|line| line.split('\t').count() == columns), "{answer}: {tsv}");
        // Piped, tab-separated is what comes without asking.
        if !matches!(*answer, "scan" | "check" | "sync") {
            assert_eq!(world.sever(answer).stdout, tsv, "{answer}");
        }
    }
}

#[test]
fn sarif_parses_and_names_rule_and_place_of_each_finding() {
    let world = judged();
    let said = world.sever("scan --format sarif");
    assert_eq!(said.exit, 15, "{}", said.stderr);
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&said.stdout).unwrap();
    let run = log.runs.first().unwrap();
    let results = run.results.as_ref().unwrap();
    let rules: Vec<String> = run.tool.driver.rules.as_ref().unwrap().iter().map(|rule| rule.id.clone()).collect();
    assert!(results.len() >= 4, "{} results", results.len());
    for result in results {
        assert!(rules.contains(result.rule_id.as_ref().unwrap()), "{result:?}");
    }
}

#[test]
fn every_ocsf_line_is_a_detection_finding() {
    let world = judged();
    let said = world.sever("scan --format ocsf");
    assert_eq!(said.exit, 15);
    let lines: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 4, "{} lines", lines.len());
    for line in &lines {
        assert_eq!(line["class_uid"], 2004);
        assert_eq!(line["category_uid"], 2);
        assert!(line["finding_info"]["uid"].is_string() && line["metadata"]["version"].is_string(), "{line}");
        assert_eq!(line["type_uid"], 200_400 + line["activity_id"].as_i64().unwrap());
    }
}

#[test]
fn formats_of_findings_refuse_anything_else() {
    let world = judged();
    for format in ["sarif", "ocsf"] {
        let said = world.sever(&format!("list people --format {format}"));
        assert_eq!((said.exit, said.stdout.as_str()), (2, ""));
        assert!(said.stderr.contains("hint: use `--format json`"), "{}", said.stderr);
    }
}

#[test]
fn exit_zero_silences_findings_and_nothing_else() {
    let world = judged();
    assert_eq!(world.sever("scan --exit-zero").exit, 0);
    assert_eq!(world.sever("scan nothing.jsonl --exit-zero").exit, 2);
    assert_eq!(world.sever("readiness --exit-zero").exit, 6);
}

#[test]
fn a_decoded_event_has_its_fields_in_order_and_no_others() {
    let world = World::with_logs();
    insta::assert_snapshot!(world.sever("decode gateway.jsonl --limit 1 --format jsonl").all(), @r#"
    exit 0
    --- stdout
    {"time":"2025-11-16T00:00:05Z","kind":"used","action":"GET","outcome":"answered","issuer":"https://id.shop.example","credential":"t-0","key_id":"kid-2024-04","token_subject":"m-1000","issued_at":"2025-11-16T00:00:00Z","expires_at":"2025-11-16T01:00:00Z","data_subjects":["m-1000"],"resource":"/api/address-book","source_ip":"203.0.113.9","user_agent":"ShopApp/7.1","source":"gateway.jsonl","offset":0}
    --- stderr
    gateway.jsonl as json-lines: 914 records, 914 events, 0 rejected; 262144 bytes = 262088 in events + 0 rejected + 0 blank; stopped at the limit
    "#);
    insta::assert_snapshot!(world.sever("decode issuer.jsonl --limit 1").stdout, @"time=2025-11-16T00:00:00Z kind=issued outcome=unknown issuer=https://id.shop.example credential=t-0 key_id=kid-2024-04 token_subject=m-1000 issued_at=2025-11-16T00:00:00Z expires_at=2025-11-16T01:00:00Z sequence=1 source=issuer.jsonl offset=0");
}

#[test]
fn an_empty_list_says_which_source_would_fill_it() {
    let world = World::with_people();
    insta::assert_snapshot!(world.sever("list people").all(), @r"
    exit 3
    --- stdout
    person	name	team	title	employed	since	until
    --- stderr
    hint: nothing has been pulled yet: `sever sync`
    ");
    world.sever("sync");
    let said = world.sever("list keys");
    assert_eq!((said.exit, said.stdout.lines().count()), (3, 1), "{}", said.all());
    let told = said.told("no source here tells of keys: add one of kind `");
    assert!(told.len() == 1 && ["`aws-iam`", "`jwks`", "`keys`"].iter().all(|kind| told[0].contains(kind)), "{told:?}");
    assert_eq!(world.sever("rights").exit, 3);
}
