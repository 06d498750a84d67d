//! Every play keeps its promises: the same bytes for the same seed, numbers in proportion, and a truth
//! that its own files bear out.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sever_model::{Span, Thing, ThingKind};
use sha2::{Digest, Sha256};

use super::*;

/// Small enough for debug builds.
const SMALL: f64 = 0.000_02;

fn play(incident: &Incident, settings: &Play) -> (tempfile::TempDir, Truth) {
    let dir = tempfile::tempdir().expect("a folder");
    let truth = incident.play(settings, dir.path()).expect("the play is written");
    (dir, truth)
}

fn small(seed: u64) -> Play {
    Play { scale: SMALL, seed, ..Play::default() }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a file");
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut plain = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("one whole gzip member");
    plain
}

/// Each file's digest, compressed as it lies there.
fn digests(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(dir).expect("inside").to_owned();
    files(dir).iter().map(|path| (name(path), Sha256::digest(std::fs::read(path).expect("a file")).to_vec())).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    for incident in INCIDENTS {
        let (one, truth) = play(incident, &small(7));
        let (two, again) = play(incident, &small(7));
        assert_eq!(digests(one.path()), digests(two.path()), "{}", incident.id);
        assert_eq!(truth, again);
        let (other, _) = play(incident, &small(8));
        assert_ne!(digests(one.path()), digests(other.path()), "{}", incident.id);
    }
}

/// A digest that was taken once: chance must not differ between platforms or releases of a crate.
#[test]
fn chance_is_the_same_everywhere() {
    let mut chance = chance::Chance::of(1, "shop");
    let drawn: Vec<u64> = (0..4).map(|_| chance.below(1_000_000)).collect();
    assert_eq!(drawn, DRAWN);
}

const DRAWN: [u64; 4] = [659_762, 832_672, 264_486, 879_466];

#[test]
fn the_truth_is_in_the_files() {
    for incident in INCIDENTS {
        let (dir, truth) = play(incident, &small(3));
        let dir = dir.path();
        assert_eq!(Truth::load(dir).expect("a truth"), truth);
        let misuse = Truth::misuse(dir).expect("the misuse");
        assert_eq!(misuse.len() as u64, truth.misuse_events, "{}", incident.id);
        assert!(misuse.first().is_some_and(|first| first.at == truth.first_misuse_at));
        assert!(truth.departed_at < truth.first_misuse_at && truth.departed_at <= truth.told_at);
        let rest = truth.departure_day_end.since(truth.departed_at);
        assert!(rest > Span::ZERO && rest <= Span::days(1) && truth.departure_day_end < truth.first_misuse_at);
        // Each row names a line of that time, and of that credential.
        let mut logs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for row in &misuse {
            let log = logs.entry(row.file.clone()).or_insert_with(|| content(&dir.join(&row.file)));
            let line = log[row.offset as usize..].split(|byte| *byte == b'\n').next().expect("a line");
            let line: serde_json::Value = serde_json::from_slice(line).expect("a whole line");
            let said: sever_model::EventTime = serde_json::from_value(line["ts"].clone()).expect("a time");
            assert_eq!(said, row.at);
            assert_eq!(line["jwt"]["jti"].as_str().unwrap_or_default(), row.credential);
        }
        let index = MisuseIndex::new(&misuse);
        let found: usize = files(&dir.join("logs"))
            .iter()
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                offsets(&content(path)).iter().filter(|offset| index.contains(&name, **offset)).count()
            })
            .sum();
        assert_eq!(found as u64, truth.misuse_events);
        let people = Truth::people(dir).expect("the people");
        assert_eq!(people.len() as u64, truth.people_count, "{}", incident.id);
        assert_eq!(people.iter().filter(|one| !one.member).count() as u64, truth.non_members);
        let distinct: HashSet<&str> = people.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(distinct.len(), people.len());
        assert!(people.iter().all(|one| one.first_at >= truth.first_misuse_at && one.first_at <= truth.last_misuse_at));
    }
}

fn offsets(log: &[u8]) -> Vec<u64> {
    let mut at = 0;
    let lines = log.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| {
            at += line.len() as u64;
            at - line.len() as u64
        })
        .collect()
}

#[test]
fn the_settings_parse_and_name_files_that_are_there() {
    for incident in INCIDENTS {
        let (dir, _) = play(incident, &small(1));
        let text = std::fs::read_to_string(dir.path().join("severance.toml")).expect("settings");
        let settings: toml::Table = text.parse().expect("TOML");
        let all =
            ["source", "log", "resolver", "subject_set"].iter().filter_map(|kind| settings.get(*kind)?.as_array());
        let mut paths: Vec<&str> = all.flatten().filter_map(|entry| entry.get("path")?.as_str()).collect();
        paths.extend(settings.get("register").and_then(|register| register.get("path")?.as_str()));
        let present: Vec<String> = files(dir.path())
            .iter()
            .map(|path| path.strip_prefix(dir.path()).expect("inside").to_string_lossy().into_owned())
            .collect();
        for path in &paths {
            let (head, tail) = path.split_once('*').unwrap_or((path, ""));
            assert!(
                present.iter().any(|file| file.starts_with(head) && file.ends_with(tail)),
                "{}: no file matches {path}",
                incident.id
            );
        }
        // No setting leads to the truth.
        assert!(paths.iter().all(|path| !path.contains("truth")));
        let zone = settings.get("zone").and_then(toml::Value::as_str).expect("a zone");
        sever_model::Zone::named(zone).expect("a known zone");
    }
}

#[test]
fn sizes_follow_the_scale() {
    let coupang = incident("coupang").expect("it is there");
    let (_dir, truth) = play(coupang, &Play { scale: 0.000_1, ..Play::default() });
    // 33.22 M members and 4.33 M others, 182 M requests and the five of January, at a ten-thousandth.
    assert_eq!((truth.people_count, truth.non_members), (3_322 + 433, 433));
    assert!((18_150..18_250).contains(&truth.misuse_events), "{}", truth.misuse_events);
    assert_eq!(truth.nonexistent_named, 1_006);
    for (id, people) in [("finwise", 689), ("cash-app", 8_200)] {
        let (_dir, truth) = play(incident(id).expect("it is there"), &Play::default());
        assert_eq!(truth.people_count, people);
    }
}

#[test]
fn what_is_ranked_is_in_the_play_and_an_insider_is_employed_throughout() {
    for incident in INCIDENTS {
        let (dir, truth) = play(incident, &small(2));
        // Each play has something that must be said, be it a row of a list.
        let must = truth.expected.iter().chain(&truth.ranked).filter(|expected| expected.must).count();
        assert!(must > 0, "{}", incident.id);
        if truth.insider {
            let listed: String = files(&dir.path().join("hr"))
                .iter()
                .map(|path| String::from_utf8(content(path)).expect("text"))
                .collect();
            // Whoever is expected on the list is in the accounts, under their own id.
            let accounts: String = ["accounts", "ad"]
                .iter()
                .map(|folder| dir.path().join(folder))
                .filter(|folder| folder.is_dir())
                .flat_map(|folder| files(&folder))
                .map(|path| String::from_utf8(content(&path)).expect("text"))
                .collect();
            for expected in &truth.ranked {
                let row = accounts.lines().find(|row| row.starts_with(&format!("{},", expected.thing)));
                let email = row.and_then(|row| row.split(',').nth(3)).unwrap_or_else(|| panic!("{}", expected.thing));
                let stints: Vec<&str> = listed.lines().filter(|row| row.contains(email)).collect();
                assert!(!stints.is_empty() && stints.iter().all(|row| row.split(',').nth(9) == Some("")), "{email}");
            }
        }
    }
}

#[test]
fn senseless_settings_are_refused_with_a_hint() {
    let dir = tempfile::tempdir().expect("a folder");
    let coupang = incident("coupang").expect("it is there");
    let error =
        coupang.play(&Play { variant: Some("x".to_owned()), ..Play::default() }, dir.path()).expect_err("no such");
    assert!(error.hint().is_some_and(|hint| hint.contains("probe-only")));
    for scale in [0.0, -1.0, 2.0, f64::NAN] {
        assert!(matches!(coupang.play(&Play { scale, ..Play::default() }, dir.path()), Err(ReplayError::Scale(_))));
    }
    assert!(incident("nothing").is_err());
}

#[test]
fn an_expected_finding_is_known_with_and_without_its_system() {
    let expected = Expected::must("ghost-account", "u9041");
    let thing = |id: &str| [Thing::new(ThingKind::Account, id)];
    assert!(expected.matches("ghost-account", &thing("ad/u9041")));
    assert!(expected.matches("ghost-account", &thing("u9041")));
    assert!(!expected.matches("ghost-account", &thing("ad/u904")));
    assert!(!expected.matches("dormant", &thing("ad/u9041")));
}
