//! The shop's play keeps its particular promises.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::issuer::POLL;
use super::*;

const SMALL: f64 = 0.000_02;

fn play(variant: Option<&str>) -> (tempfile::TempDir, Truth) {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = Play { scale: SMALL, variant: variant.map(str::to_owned), ..Play::default() };
    let truth = INCIDENT.play(&settings, dir.path()).expect("the play is written");
    (dir, truth)
}

/// All lines of a log, in the order of its files.
fn lines(dir: &Path, log: &str) -> Vec<Value> {
    let entries = std::fs::read_dir(dir.join("logs")).expect("logs");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths.iter().filter(|path| path.to_string_lossy().contains(&format!("/{log}-"))) {
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(path).expect("a log")).read_to_string(&mut text).expect("text");
        all.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
    }
    all
}

fn time(line: &Value, field: &str) -> Ms {
    at(line[field].as_str().expect("a time"))
}

/// jti → the claims that are bound to it.
fn issued(dir: &Path) -> HashMap<String, [Value; 4]> {
    let minted = lines(dir, "issuer").into_iter().filter(|line| line["event"] == "token_issued");
    let claims = |line: &Value| ["sub", "kid", "iat", "exp"].map(|claim| line[claim].clone());
    minted.map(|line| (line["jti"].as_str().expect("an id").to_owned(), claims(&line))).collect()
}

/// Uses whose token the issuer logged with the same claims; with other claims; and not at all.
fn judged(dir: &Path) -> (HashSet<String>, HashSet<String>, HashSet<String>) {
    let issued = issued(dir);
    let (mut good, mut mismatched, mut never) = (HashSet::new(), HashSet::new(), HashSet::new());
    for line in lines(dir, "gateway") {
        let id = line["request_id"].as_str().expect("an id").to_owned();
        let claims = ["sub", "kid", "iat", "exp"].map(|claim| line["jwt"][claim].clone());
        match issued.get(line["jwt"]["jti"].as_str().expect("an id")) {
            Some(minted) if *minted == claims => good.insert(id),
            Some(_) => mismatched.insert(id),
            None => never.insert(id),
        };
    }
    (good, mismatched, never)
}

#[test]
fn the_issuer_is_proven_every_five_seconds() {
    let (dir, truth) = play(None);
    let mut proven: Option<Ms> = None;
    let mut latest_use = 0;
    for line in lines(dir.path(), "issuer") {
        let now = time(&line, "ts");
        match line["event"].as_str() {
            Some("idle") => {
                let (since, polls) = (time(&line, "idle_since"), line["polls"].as_i64().expect("a count"));
                assert!(polls > 0 && (now - since + polls - 1) / polls <= POLL, "{line}");
                assert!(proven.is_none_or(|proven| since == proven), "{line}");
                proven = Some(now);
            }
            _ if proven.is_some_and(|proven| now < proven) => {}
            _ => {
                assert!(proven.is_none_or(|proven| now - proven <= POLL), "{line}");
                proven = Some(now);
            }
        }
    }
    for line in lines(dir.path(), "gateway") {
        latest_use = latest_use.max(time(&line, "ts"));
    }
    assert!(proven.is_some_and(|proven| proven > latest_use + HOUR));
    assert_eq!(truth.variant, None);
}

#[test]
fn in_the_usual_log_no_number_is_ever_missed() {
    let (dir, _) = play(None);
    let mut next = 1;
    let mut late = 0;
    let mut newest = Ms::MIN;
    for line in lines(dir.path(), "issuer") {
        let number = line["seq"].as_u64().expect("a number");
        assert!(number <= next, "{number} overtakes {next}");
        late += u64::from(number == next && time(&line, "ts") < newest);
        next = next.max(number + 1);
        newest = newest.max(time(&line, "ts"));
    }
    // Lines are late all the same, only not missed.
    assert!(late > 0);
}

#[test]
fn sequence_numbers_have_holes_only_where_something_is_lost() {
    for (variant, whole) in [
        (None, true),
        (Some("late-issuance"), true),
        (Some("duplicated-issuance"), true),
        (Some("lost-issuance"), false),
    ] {
        let (dir, _) = play(variant);
        let numbers: HashSet<u64> =
            lines(dir.path(), "issuer").iter().filter_map(|line| line["seq"].as_u64()).collect();
        let last = numbers.iter().max().copied().unwrap_or(0);
        assert_eq!(numbers.len() as u64 == last, whole, "{variant:?}");
    }
}

#[test]
fn every_forged_use_and_no_other_lacks_its_issuance() {
    for variant in
        [None, Some("known-subjects"), Some("late-issuance"), Some("skewed-clocks"), Some("duplicated-issuance")]
    {
        let (dir, truth) = play(variant);
        let (_, mismatched, never) = judged(dir.path());
        assert_eq!(never.len() as u64, truth.misuse_events, "{variant:?}");
        assert!(mismatched.is_empty());
    }
}

#[test]
fn people_can_be_told_to_the_last_one_where_no_issuance_is_late_or_lost() {
    let whole = |variant| play(variant).1.whole;
    assert!(whole(None) && whole(Some("duplicated-issuance")) && whole(Some("skewed-clocks")));
    assert!(!whole(Some("late-issuance")) && !whole(Some("lost-issuance")));
}

#[test]
fn copied_ids_are_live_and_carry_other_claims() {
    let (dir, truth) = play(Some("copied-ids"));
    let (_, mismatched, never) = judged(dir.path());
    // The probe's tokens have ids of their own, and so has a harvest before any shopper is awake.
    assert!(mismatched.len() as u64 > truth.misuse_events * 9 / 10, "{} of {}", mismatched.len(), truth.misuse_events);
    assert!(!never.is_empty());
    let minted: HashMap<String, i64> =
        issued(dir.path()).into_iter().map(|(id, [_, _, iat, _])| (id, iat.as_i64().unwrap_or(0))).collect();
    for line in lines(dir.path(), "gateway") {
        let live = minted.get(line["jwt"]["jti"].as_str().unwrap_or_default());
        let age = live.map_or(0, |iat| time(&line, "ts") / SECOND - iat);
        assert!((0..3_600).contains(&age), "{age} {line}");
    }
}

#[test]
fn the_probe_alone_is_five_requests_for_two_members() {
    let (dir, truth) = play(Some("probe-only"));
    assert_eq!((truth.misuse_events, truth.nonexistent_named), (5, 0));
    assert!(truth.people_count >= 2);
    assert_eq!(truth.last_misuse_at.since(truth.first_misuse_at).as_secs() / 60, 3);
    let probe: Vec<_> = Truth::misuse(dir.path()).expect("the misuse").into_iter().map(|row| row.file).collect();
    assert_eq!(probe, vec!["logs/gateway-2025-01.jsonl.gz"; 5]);
}

#[test]
fn nobody_but_the_never_given_is_unknown_to_the_register() {
    let (dir, truth) = play(None);
    let register = std::fs::read_to_string(dir.path().join("members.csv")).expect("a register");
    let known: HashMap<&str, Vec<&str>> = register
        .lines()
        .skip(1)
        .map(|row| (row.split(',').next().unwrap_or_default(), row.split(',').collect()))
        .collect();
    assert_eq!(known.len(), register.lines().count() - 1);
    let mut unknown = 0;
    for line in lines(dir.path(), "gateway") {
        let Some(subject) = line["jwt"]["sub"].as_str() else { continue };
        match known.get(subject) {
            None => unknown += 1,
            Some(row) => {
                assert!(at(row[1]) < time(&line, "ts") && row[2].is_empty() && row[3] == "true", "{row:?} {line}");
            }
        }
    }
    assert_eq!(unknown, truth.nonexistent_named);
    assert!(unknown > 0);
}

#[test]
fn the_people_touched_are_those_in_the_answers() {
    let (dir, _) = play(None);
    let book = std::fs::read_to_string(dir.path().join("address_book.csv")).expect("a book");
    let mut contacts: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in book.lines().skip(1) {
        let (subject, person) = row.split_once(',').expect("two columns");
        contacts.entry(subject).or_default().push(person);
    }
    let register = std::fs::read_to_string(dir.path().join("members.csv")).expect("a register");
    let known: HashSet<&str> = register.lines().filter_map(|row| row.split(',').next()).collect();
    let forged: HashSet<String> =
        Truth::misuse(dir.path()).expect("the misuse").into_iter().map(|row| row.credential).collect();
    let mut touched: HashSet<String> = HashSet::new();
    for line in lines(dir.path(), "gateway") {
        let subject = line["jwt"]["sub"].as_str().unwrap_or_default();
        let ours = forged.contains(line["jwt"]["jti"].as_str().unwrap_or_default());
        if !ours || line["http"]["status"] != 200 || !known.contains(subject) {
            continue;
        }
        touched.insert(subject.to_owned());
        if line["http"]["route"] == "/api/address-book" {
            touched.extend(contacts.get(subject).into_iter().flatten().map(|person| (*person).to_owned()));
        }
    }
    let told: HashSet<String> = Truth::people(dir.path()).expect("people").into_iter().map(|one| one.id).collect();
    assert_eq!(told, touched);
}

#[test]
fn fourteen_could_read_the_key_and_one_of_them_left() {
    let (dir, _) = play(None);
    let groups = std::fs::read_to_string(dir.path().join("openbao/groups-2025-11-17.csv")).expect("groups");
    assert_eq!(groups.lines().filter(|row| row.starts_with("auth-platform,")).count(), 14);
    let accounts = std::fs::read_to_string(dir.path().join("openbao/accounts-2025-11-17.csv")).expect("accounts");
    let hr = std::fs::read_to_string(dir.path().join("hr/hr-2025-11-17.csv")).expect("people");
    let left = |row: &str| {
        let member = row.split(',').nth(1).unwrap_or_default();
        let number = accounts.lines().find(|account| account.starts_with(member)).and_then(|row| row.split(',').nth(4));
        let person = hr.lines().find(|person| number.is_some_and(|number| person.starts_with(number)));
        person.and_then(|person| person.split(',').next_back()).is_some_and(|end| !end.is_empty())
    };
    assert_eq!(groups.lines().filter(|row| row.starts_with("auth-platform,") && left(row)).count(), 1);
}
