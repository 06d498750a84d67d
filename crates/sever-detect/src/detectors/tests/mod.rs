//! The fixtures under `tests/detectors`, walked: adding a case is adding a file.
//!
//! Every case is played whole, row by row with a save before each, and cut by chance; what is found
//! must be what the file expects, and the same each time.

mod case;
mod play;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

use sever_model::{Finding, Stage};

use self::case::Expect;
use self::play::{Chance, Each, Whole, play};
use super::bounded::Bounded;
use crate::registry::{DETECTORS, Registered, Settings, make_all};

/// Seeds of the cuts by chance that each case is played with.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=24;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/detectors")
}

fn cases(detector: &str, kind: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder().join(detector).join(kind)).into_iter().flatten();
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    files
}

fn matches(expect: &Expect, finding: &Finding) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, wanted: Option<String>, found: String| {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            wrong.push(format!("{what}: expected `{wanted}`, found `{found}`"));
        }
    };
    same("stage", Some(format!("{:?}", expect.stage)), format!("{:?}", finding.stage));
    same("severity", expect.severity.map(|it| format!("{it:?}")), format!("{:?}", finding.severity));
    same("confidence", expect.confidence.map(|it| format!("{it:?}")), format!("{:?}", finding.confidence));
    same("count", expect.count.map(|it| it.to_string()), finding.count.to_string());
    same("first", expect.first.map(|it| it.to_string()), finding.first.to_string());
    same("known_at", expect.known_at.map(|it| it.to_string()), finding.known_at.to_string());
    same("says", expect.says.clone(), finding.sentence());
    for name in &expect.names {
        let named: Vec<String> = finding.things.iter().skip(1).map(ToString::to_string).collect();
        if !named.contains(name) {
            wrong.push(format!("names: `{name}` is not among {named:?}"));
        }
    }
    if let Some(input) = expect.input.as_ref().filter(|input| !finding.inputs.contains(input)) {
        wrong.push(format!("input: {input:?} is not among {:?}", finding.inputs));
    }
    wrong
}

/// Compares what was found with what a case expects; a finding is told apart by what it accuses and
/// its stage, so that the message shows the one that is meant.
fn compare(expects: &[Expect], findings: &[Finding]) -> Vec<String> {
    let mut left: Vec<&Finding> = findings.iter().collect();
    let mut wrong = Vec::new();
    for expect in expects {
        let accused = |finding: &&Finding| finding.things.first().is_some_and(|it| it.to_string() == expect.accuses);
        let candidates = left.iter().enumerate().filter(|(_, finding)| accused(finding));
        let best = candidates.min_by_key(|(_, finding)| matches(expect, finding).len()).map(|(at, _)| at);
        match best {
            Some(at) => {
                wrong.extend(matches(expect, left.remove(at)).into_iter().map(|it| format!("{}: {it}", expect.accuses)))
            }
            None => wrong.push(format!("{}: nothing was found", expect.accuses)),
        }
    }
    wrong.extend(left.iter().map(|finding| format!("not expected: {finding:#?}")));
    wrong
}

fn check(registered: &Registered, path: &Path, fires: bool, wrong: &mut Vec<String>) {
    let name = path.strip_prefix(folder()).unwrap_or(path).display().to_string();
    let mut say = |what: String| wrong.push(format!("{name}: {what}"));
    let text = fs::read_to_string(path).expect("a fixture is readable");
    let lines = match case::read(&text) {
        Ok(lines) => lines,
        Err(error) => return say(error),
    };
    let world = world::build(lines);
    if world.why.is_empty() {
        say("its first line should say why: {\"why\": \"...\"}".to_owned());
    }
    let spoken = play(registered, &world, &mut Whole);
    if fires && world.expects.is_empty() {
        say(format!("expects nothing, and found {spoken:#?}"));
    }
    if fires {
        compare(&world.expects, &spoken).into_iter().for_each(&mut say);
    } else {
        let loud = spoken.iter().filter(|finding| finding.stage != Stage::Retracted);
        loud.for_each(|finding| say(format!("should be quiet, and found {finding:#?}")));
    }
    let whole = serde_json::to_string(&spoken).expect("findings are JSON");
    let mut again = |how: String, found: Vec<Finding>| {
        if serde_json::to_string(&found).expect("findings are JSON") != whole {
            say(format!("{how} it found something else: {found:#?}"));
        }
    };
    again("row by row, saved each time,".to_owned(), play(registered, &world, &mut Each));
    for seed in SEEDS {
        again(format!("cut by seed {seed}"), play(registered, &world, &mut Chance(seed)));
    }
}

#[test]
fn every_fixture_finds_what_it_expects_however_it_is_cut() {
    let mut wrong = Vec::new();
    for registered in DETECTORS {
        let id = registered.meta.id;
        let (fires, quiet) = (cases(id, "fires"), cases(id, "quiet"));
        if fires.len() < 2 || quiet.len() < 3 {
            wrong.push(format!("{id}: {} fires and {} quiet, needs 2 and 3", fires.len(), quiet.len()));
        }
        fires.iter().for_each(|path| check(registered, path, true, &mut wrong));
        quiet.iter().for_each(|path| check(registered, path, false, &mut wrong));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_fixtures_is_a_detectors() {
    for entry in fs::read_dir(folder()).expect("the fixtures are there").filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = Registered::named(&name).is_some() || !entry.path().is_dir();
        assert!(known, "tests/detectors/{name} is no detector's");
    }
}

#[test]
fn the_registry_is_alphabetical_and_complete() {
    let ids: Vec<&str> = DETECTORS.iter().map(|registered| registered.meta.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted);
    for registered in DETECTORS {
        let meta = registered.meta;
        for text in [meta.title, meta.speaks_when, meta.quiet_when, meta.remediation, meta.bounded_by] {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{}: `{text}`", meta.id);
        }
        assert!(!meta.attack.is_empty(), "{} names no technique", meta.id);
        for technique in meta.attack {
            let digits = technique.strip_prefix('T').unwrap_or("");
            assert!(digits.len() == 4 || (digits.len() == 8 && digits.get(4..5) == Some(".")), "{technique}");
        }
    }
}

#[test]
fn detectors_are_turned_off_by_id() {
    let off = ["dormant".to_owned(), "over-broad".to_owned()];
    let on = make_all(&Settings::default(), &off);
    assert_eq!(on.len(), DETECTORS.len() - 2);
    assert!(on.iter().all(|detector| !off.iter().any(|id| id == detector.meta().id)));
}

#[test]
fn settings_are_by_detector_id_and_a_misspelt_one_is_an_error() {
    let settings: Settings = serde_json::from_str(r#"{"bulk-export": {"subjects_min": 5}}"#).expect("settings");
    assert_eq!(settings.bulk_export.subjects_min, 5);
    assert_eq!(settings.bulk_export.known_runs, 3);
    assert!(serde_json::from_str::<Settings>(r#"{"bulk-exports": {}}"#).is_err());
    assert!(serde_json::from_str::<Settings>(r#"{"bulk-export": {"subjects": 5}}"#).is_err());
}

#[test]
fn a_full_map_forgets_what_was_touched_longest_ago() {
    let mut map: Bounded<u32> = Bounded::default();
    let at = sever_model::EventTime::from_secs;
    for nth in 0..16 {
        map.touch(&format!("key {nth:02}"), at(i64::from(nth)), 16);
    }
    // Touching an old one keeps it.
    *map.touch("key 00", at(100), 16) += 1;
    map.touch("key 16", at(101), 16);
    assert_eq!(map.len(), 15, "an eighth of sixteen went");
    assert_eq!(map.forgotten(), 2);
    assert_eq!(map.get("key 00"), Some(&1));
    assert!(map.get("key 01").is_none() && map.get("key 02").is_none() && map.get("key 03").is_some());
}

#[test]
fn no_state_outgrows_its_limit() {
    for registered in DETECTORS {
        let paths = cases(registered.meta.id, "fires").into_iter().chain(cases(registered.meta.id, "quiet"));
        for path in paths {
            let text = fs::read_to_string(&path).expect("a fixture is readable");
            let mut world = world::build(case::read(&text).expect("a fixture"));
            // With room for nearly nothing it must still end, and say the same however it is cut.
            world.limits.detector_entries_max = 2;
            let whole = play(registered, &world, &mut Whole);
            assert_eq!(whole, play(registered, &world, &mut Each), "{}", path.display());
        }
    }
}
