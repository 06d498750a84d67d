//! The fixture walk: every log under `tests/formats/<format>/<case>/` decodes to what lies beside it.
//!
//! `x.log` is the log (any extension that is not one of the following), `x.map.toml` its mapping where
//! it needs one, `x.events.jsonl` the events and `x.summary.json` the accounting with every reject.
//! Adding a case is adding a file; `BLESS=1` writes what is expected anew, to be read before it is
//! committed.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sever_decode::{FORMATS, Format, Mapping};
use support::{beside, decode, entries, logs, name};

const CASES: [&str; 6] =
    ["basic", "recoverable-errors", "unknown-version", "unrelated-traffic", "truncated", "hostile"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats")
}

#[test]
fn every_format_has_every_case() {
    let ids: BTreeSet<&str> = FORMATS.iter().map(|format| format.id).collect();
    for folder in entries(&root()) {
        assert!(ids.contains(name(&folder).as_str()), "{} is no format", folder.display());
    }
    for format in FORMATS {
        for case in CASES {
            let folder = root().join(format.id).join(case);
            assert!(folder.is_dir() && !logs(&folder).is_empty(), "{} lacks a log", folder.display());
        }
    }
}

#[test]
fn every_log_decodes_to_what_lies_beside_it() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for format in FORMATS {
        for case in entries(&root().join(format.id)) {
            for log in logs(&case) {
                check(format, &log, bless, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(format: &'static Format, log: &Path, bless: bool, wrong: &mut Vec<String>) {
    let bytes = fs::read(log).expect("a readable log");
    let mapping = fs::read_to_string(beside(log, "map.toml")).ok();
    let mapping: Option<Mapping> = mapping.map(|text| toml::from_str(&text).expect("a sound mapping"));
    let (events, accounting) = decode(format, mapping.as_ref(), &bytes, bytes.len().max(1));
    for chunk in [1, 7, 4_096] {
        let again = decode(format, mapping.as_ref(), &bytes, chunk);
        assert_eq!((&events, &accounting), (&again.0, &again.1), "{} in chunks of {chunk}", log.display());
    }
    let accounted = accounting.event_bytes + accounting.rejected_bytes + accounting.blank_bytes;
    assert_eq!(accounted, accounting.bytes, "{}: every byte is accounted for", log.display());
    let events: String = events.iter().map(|event| format!("{event}\n")).collect();
    for (ending, found) in [("events.jsonl", events), ("summary.json", support::summary(&accounting))] {
        let path = beside(log, ending);
        if bless {
            fs::write(&path, &found).expect("a writable folder");
        } else if fs::read_to_string(&path).unwrap_or_default() != found {
            wrong.push(format!("{} is not as expected; found:\n{found}", path.display()));
        }
    }
}

#[test]
fn every_basic_log_is_recognised() {
    for format in FORMATS {
        for log in logs(&root().join(format.id).join("basic")) {
            let sample = sever_decode::head(&fs::read(&log).expect("a readable log"), 1 << 20);
            let best = sever_decode::sniff(&sample).into_iter().next();
            assert_eq!(best.map(|best| best.format.id), Some(format.id), "{}", log.display());
        }
    }
}
