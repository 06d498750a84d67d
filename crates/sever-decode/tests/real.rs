//! Logs that nobody here wrote, where they are found beside the checkout.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use sever_decode::{Format, head, sniff};
use support::decode;

/// The file, if it is there. Without it there is nothing to try, and the test says so.
fn found(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        use std::io::Write;
        let told = writeln!(std::io::stderr(), "SKIPPED: {} is not there", path.display());
        assert!(told.is_ok());
    }
    bytes
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event.get(field).and_then(Value::as_str).unwrap_or("")
}

#[test]
fn an_attack_on_a_real_account_decodes_whole() {
    let Some(log) = found("cloudtrail-stratus.ndjson.gz") else { return };
    assert_eq!(sniff(&head(&log, 1 << 20)).first().map(|best| best.format.id), Some("cloudtrail"));
    let format = Format::named("cloudtrail").expect("a format");
    let (events, accounting) = decode(format, None, &log, 60_000);
    assert_eq!((accounting.frames, accounting.rejects), (2_900, 0), "{:?}", accounting.kept);
    assert_eq!(accounting.event_bytes, accounting.bytes);

    let issued: Vec<&Value> = events.iter().filter(|event| text(event, "kind") == "issued").collect();
    assert_eq!(issued.len(), 36);
    assert!(issued.iter().all(|event| text(event, "token_type") == "assumed-role"));
    assert!(
        issued.iter().all(|event| !text(event, "expires_at").is_empty() && !text(event, "token_subject").is_empty())
    );

    let uses = events.iter().filter(|event| text(event, "kind") != "issued" && !text(event, "issuer").is_empty());
    let uses: Vec<&Value> = uses.collect();
    assert!(uses.iter().all(|event| text(event, "credential").starts_with("ASIA")));
    let keys: BTreeSet<(&str, &str)> =
        uses.iter().map(|event| (text(event, "credential"), text(event, "token_type"))).collect();
    assert_eq!(keys.len(), 130);
    let roles: Vec<&Value> = uses.iter().filter(|event| text(event, "token_type") == "assumed-role").copied().collect();
    assert_eq!(keys.iter().filter(|(_, class)| *class == "iam-user-session").count(), 122);
    // Each role session that was used was issued in this log, to the same subject at the same second.
    let bound = |event: &Value| ["credential", "token_subject", "issued_at"].map(|field| text(event, field).to_owned());
    let minted: BTreeSet<[String; 3]> = issued.iter().map(|event| bound(event)).collect();
    assert_eq!(roles.len(), 70);
    assert!(roles.iter().all(|event| minted.contains(&bound(event))));
    let deletions = events.iter().filter(|event| text(event, "action").starts_with("delete ")).count();
    assert!(deletions > 100, "{deletions} deletions");
}

#[test]
fn a_vendors_samples_decode() {
    let Some(samples) = found("formats/AWS.CloudTrail.jsonl.gz") else { return };
    let format = Format::named("cloudtrail").expect("a format");
    let (mut decoded, mut missed) = (0, Vec::new());
    for line in head(&samples, 64 << 20).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let sample: Value = serde_json::from_slice(line).expect("a sample is JSON");
        let record = sample.get("log").expect("a sample has a log").to_string();
        let (events, accounting) = decode(format, None, record.as_bytes(), 4_096);
        decoded += usize::from(!events.is_empty());
        missed.extend(accounting.kept.iter().map(|reject| format!("{}: {record}", reject.reason)));
    }
    // Its authors leave fields out of records at will; AWS does not.
    assert!(
        decoded > 150 && missed.iter().all(|missed| missed.contains("lacks") || missed.contains("another kind")),
        "{decoded} {missed:#?}"
    );
}
