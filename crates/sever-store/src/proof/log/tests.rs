//! Adding to the log: through restarts, other writers, cuts at every step, and erasures.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::proof::disk::faulty::{CUTS, Cut, FaultyDisk};
use crate::proof::{Bundle, Trust, check, export};

pub(crate) fn key() -> LogKey {
    LogKey::from_seed(&[1; 32]).unwrap()
}

pub(crate) fn claim(departure: &str, number: usize) -> Claim {
    let private = [("person", format!("person of {departure}")), ("door", format!("door-{number}"))];
    Claim {
        kind: ClaimKind::ALL[number % ClaimKind::ALL.len()],
        departure: departure.to_owned(),
        at: WallTime::from_secs(1_790_787_600 + number as i64),
        public: json!({"number": number}),
        private: private.map(|(field, value)| (field.to_owned(), value)).into(),
    }
}

fn numbers(data: &Path) -> Vec<u64> {
    let entries = LogReader::open(data).unwrap().entries().unwrap();
    entries.iter().map(|it| it.statement.public["number"].as_u64().unwrap_or(u64::MAX)).collect()
}

/// Exports the log and checks it; how many commitments are opened.
fn verified(data: &Path) -> (u64, u64) {
    let exported = export(&LogReader::open(data).unwrap(), &key(), None, &|_| true).unwrap();
    let checked = check(&exported.bundle, &Trust::default()).unwrap();
    assert_eq!((checked.opened, checked.withheld), (exported.opened, exported.withheld));
    (checked.opened, checked.withheld)
}

#[test]
fn statements_stay_through_restarts_singly_and_in_batches() {
    let data = TempDir::new().unwrap();
    let mut count = 0;
    for batch in [1, 1, 253, 1, 1, 300, 0, 2] {
        let mut log = ProofLog::open(data.path(), key()).unwrap();
        let claims: Vec<Claim> = (count..count + batch).map(|number| claim("dep-1", number)).collect();
        assert_eq!(log.append_all(&claims).unwrap(), count as u64..(count + batch) as u64);
        count += batch;
        assert_eq!(log.checkpoint().size, count as u64);
    }
    assert_eq!(numbers(data.path()), (0..count as u64).collect::<Vec<_>>());
    // A person, a door each, and the departure once.
    assert_eq!(verified(data.path()), (2 * count as u64 + 1, 0));
    let partial = |tile: &str| std::fs::read_dir(data.path().join("proof/tile/0").join(tile)).unwrap().count();
    assert_eq!(["000.p", "001.p", "002.p"].map(partial), [0, 0, 1], "partial tiles of older checkpoints are gone");
}

#[test]
fn two_writers_take_turns() {
    let data = TempDir::new().unwrap();
    let mut logs = [ProofLog::open(data.path(), key()).unwrap(), ProofLog::open(data.path(), key()).unwrap()];
    for number in 0..20 {
        let departure = format!("dep-{}", number % 3);
        assert_eq!(logs[number % 2].append(&claim(&departure, number)).unwrap(), number as u64);
    }
    assert_eq!(numbers(data.path()), (0..20).collect::<Vec<_>>());
    assert_eq!(logs[0].entries().unwrap().last().unwrap().private["door"], "door-19", "written by the other");
    assert_eq!(verified(data.path()), (43, 0));
}

#[test]
fn a_cut_at_any_step_of_a_new_log_loses_nothing_that_was_acknowledged() {
    cut_everywhere(0);
}

#[test]
fn a_cut_at_any_step_of_filling_a_tile_loses_nothing_that_was_acknowledged() {
    cut_everywhere(254);
}

/// Cuts a log that holds some statements at every step of adding five more, in every way.
fn cut_everywhere(before: usize) {
    let filled = TempDir::new().unwrap();
    let claims: Vec<Claim> = (0..before).map(|number| claim("dep-1", number)).collect();
    ProofLog::open(filled.path(), key()).unwrap().append_all(&claims).unwrap();
    for cut in CUTS {
        let mut steps = 0;
        loop {
            let data = TempDir::new().unwrap();
            if before > 0 {
                copy(&filled.path().join("proof"), &data.path().join("proof"));
            }
            let acknowledged = cut_after(data.path(), before, steps, cut);
            let again = ProofLog::open(data.path(), key());
            let mut log = again.unwrap_or_else(|error| panic!("{cut:?} after {steps} of {before}: {error}"));
            let size = log.checkpoint().size as usize;
            assert!(size >= acknowledged, "{cut:?} after {steps}: {size} of {acknowledged}");
            log.append(&claim("dep-2", size)).unwrap();
            assert_eq!(log.checkpoint().size, size as u64 + 1);
            if before == 0 {
                assert_eq!(numbers(data.path()), (0..=size as u64).collect::<Vec<_>>(), "{cut:?} after {steps}");
            }
            assert_eq!(verified(data.path()).1, 0, "{cut:?} after {steps}: nothing acknowledged is withheld");
            steps += 1;
            if acknowledged == before + 5 {
                break;
            }
        }
        assert!(steps > 20, "{steps}");
    }
}

/// Appends to a log on a disk that stops after so many steps; how many statements are acknowledged.
fn cut_after(data: &Path, before: usize, steps: usize, cut: Cut) -> usize {
    let mut acknowledged = before;
    let Ok(mut log) = ProofLog::on(Box::new(FaultyDisk::after(steps, cut)), data, key()) else { return before };
    for batch in [1, 1, 3] {
        let claims: Vec<Claim> =
            (acknowledged..acknowledged + batch).map(|number| claim(&format!("dep-{}", number % 2), number)).collect();
        match log.append_all(&claims) {
            Ok(places) => assert_eq!(places.end as usize, acknowledged + batch),
            Err(_) => return acknowledged,
        }
        acknowledged += batch;
    }
    acknowledged
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_try_that_failed_does_not_spoil_the_next() {
    let data = TempDir::new().unwrap();
    ProofLog::open(data.path(), key()).unwrap().append(&claim("dep-1", 0)).unwrap();
    let disk = FaultyDisk::after(2, Cut::Torn);
    let mut log = ProofLog::on(Box::new(disk), data.path(), key()).unwrap();
    assert!(log.append(&claim("dep-1", 1)).is_err());
    log.disk = Box::new(RealDisk);
    assert_eq!(log.append(&claim("dep-1", 1)).unwrap(), 1);
    assert_eq!(verified(data.path()), (5, 0));
}

#[test]
fn who_is_erased_is_nowhere_in_the_log_and_the_proofs_still_verify() {
    let data = TempDir::new().unwrap();
    let mut log = ProofLog::open(data.path(), key()).unwrap();
    let claims: Vec<Claim> = (0..9).map(|number| claim(&format!("dep-{}", number % 3), number)).collect();
    log.append_all(&claims).unwrap();
    let before = log.checkpoint().clone();
    let at = WallTime::from_secs(1_800_000_000);

    assert_eq!(log.erase(&Erase::Person(vec!["nobody".to_owned()]), at).unwrap(), 0);
    assert_eq!(log.checkpoint(), &before, "who erased nothing states nothing");
    // Three statements of `dep-1`: three persons; of `dep-2` three doors; of `dep-0` all of it and its id.
    assert_eq!(log.erase(&Erase::Person(vec!["person of dep-1".to_owned()]), at).unwrap(), 3);
    let field = Erase::Field { departure: "dep-2".to_owned(), field: "door".to_owned() };
    assert_eq!(log.erase(&field, at).unwrap(), 3);
    // What was begun and has not ended is still needed.
    let departure = Erase::Departure("dep-0".to_owned());
    assert!(matches!(log.erase(&departure, at), Err(ProofError::Open(id)) if id == "dep-0"));
    let (kind, public) = (ClaimKind::Coverage, json!({"ended": true}));
    log.append(&Claim { kind, public, private: BTreeMap::new(), ..claim("dep-0", 9) }).unwrap();
    assert_eq!(log.erase(&departure, at).unwrap(), 7);
    // One of the three erasures is known to belong to a departure.
    assert_eq!(verified(data.path()), (21 - 13, 13 + 2));
    let everything = text_of(&data.path().join("proof"));
    for gone in ["person of dep-1", "dep-0", "door-2\"", "door-5\""] {
        assert!(!everything.contains(gone), "{gone}");
    }
    assert!(everything.contains("person of dep-2") && everything.contains("door-1\""));
    // A departure of the same id begins anew.
    log.append(&claim("dep-0", 12)).unwrap();
    let entries = LogReader::open(data.path()).unwrap().entries().unwrap();
    let of: Vec<u64> =
        entries.iter().filter(|it| it.departure.as_deref() == Some("dep-0")).map(|it| it.index).collect();
    assert_eq!(of, [13]);
}

fn text_of(dir: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            text.push_str(&text_of(&entry.path()));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    text
}

#[test]
fn another_key_or_a_missing_file_is_an_error_and_nothing_is_begun_anew() {
    let data = TempDir::new().unwrap();
    let own = LogKey::read_or_make(data.path()).unwrap();
    assert_eq!(LogKey::read_or_make(data.path()).unwrap().public(), own.public());
    ProofLog::open(data.path(), own).unwrap().append_all(&[claim("dep-1", 0), claim("dep-1", 1)]).unwrap();
    let opened = |key: LogKey| ProofLog::open(data.path(), key).map(|_| ()).unwrap_err().to_string();
    assert!(opened(key()).contains("another key"));
    for file in ["checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2"] {
        let path = data.path().join("proof").join(file);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let own = LogKey::read_or_make(data.path()).unwrap();
        assert!(ProofLog::open(data.path(), own).is_err(), "{file}");
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, changed).unwrap();
        let own = LogKey::read_or_make(data.path()).unwrap();
        assert!(ProofLog::open(data.path(), own).is_err(), "{file}");
        std::fs::write(&path, bytes).unwrap();
    }
    let path = LogKey::path(data.path());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_file(path).unwrap();
    assert!(LogKey::read_or_make(data.path()).map(|_| ()).unwrap_err().to_string().contains("missing"));
}

#[test]
fn a_claim_that_json_would_change_or_that_is_too_long_is_refused_and_leaves_nothing() {
    let data = TempDir::new().unwrap();
    let mut log = ProofLog::open(data.path(), key()).unwrap();
    for public in [json!({"count": u64::MAX}), json!({"text": "x".repeat(60_000)})] {
        let refused = log.append_all(&[claim("dep-1", 0), Claim { public, ..claim("dep-1", 1) }]);
        assert!(matches!(refused, Err(ProofError::Claim { .. })), "{refused:?}");
    }
    assert_eq!(log.checkpoint().size, 0);
    let bundle: Bundle = export(&LogReader::open(data.path()).unwrap(), &key(), None, &|_| true).unwrap().bundle;
    assert_eq!(check(&bundle, &Trust::default()).unwrap().statements(), 0);
}
