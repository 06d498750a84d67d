//! The walk over envelopes: every log under `tests/envelopes/<envelope>/<case>/` is told, opened and
//! decoded to what lies beside it.
//!
//! `x.log` is the log, `x.events.jsonl` its events and `x.summary.json` what it was read as and the
//! accounting with every reject. The format is sniffed, and so is what it is carried in. `BLESS=1`
//! writes what is expected anew.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sever_decode::{ENVELOPES, LogStream, Mapping, sniff};
use sever_model::Limits;
use support::{Events, beside, decode, entries, logs, name};

const CASES: [&str; 4] = ["basic", "nested", "truncated", "hostile"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/envelopes")
}

#[test]
fn every_envelope_has_every_case() {
    assert!(ENVELOPES.windows(2).all(|pair| pair[0].id < pair[1].id), "the registry is in order");
    let ids: BTreeSet<&str> = ENVELOPES.iter().map(|envelope| envelope.id).collect();
    for folder in entries(&root()) {
        assert!(ids.contains(name(&folder).as_str()), "{} is no envelope", folder.display());
    }
    for envelope in ENVELOPES {
        assert!(envelope.about.len() > 100 && !envelope.title.is_empty(), "{} is described", envelope.id);
        for case in CASES {
            let folder = root().join(envelope.id).join(case);
            assert!(folder.is_dir() && !logs(&folder).is_empty(), "{} lacks a log", folder.display());
        }
    }
}

#[test]
fn every_log_is_opened_to_what_lies_beside_it() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for envelope in ENVELOPES {
        for case in entries(&root().join(envelope.id)) {
            for log in logs(&case) {
                check(&log, bless, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(log: &Path, bless: bool, wrong: &mut Vec<String>) {
    let bytes = fs::read(log).expect("a readable log");
    let head = sever_decode::head(&bytes, 64 << 10);
    let best = sniff(&head).into_iter().next().unwrap_or_else(|| panic!("{} is nothing", log.display()));
    let mapping = (best.format.id == "json-lines").then(|| Mapping::guess(&head).mapping);
    assert!(
        mapping.as_ref().is_none_or(|mapping| mapping.pick(sever_decode::Field::Time).is_some()),
        "{}",
        log.display()
    );
    let (events, accounting) = decode(best.format, mapping.as_ref(), &bytes, bytes.len().max(1));
    for chunk in [1, 7, 4_096] {
        let again = decode(best.format, mapping.as_ref(), &bytes, chunk);
        assert_eq!((&events, &accounting), (&again.0, &again.1), "{} in chunks of {chunk}", log.display());
    }
    let accounted = accounting.event_bytes + accounting.rejected_bytes + accounting.blank_bytes;
    assert_eq!(accounted, accounting.bytes, "{}: every byte is accounted for", log.display());
    // What is sniffed is what is read.
    let mut stream = LogStream::of(best.format, mapping.as_ref(), &Limits::default()).expect("a sound mapping");
    stream.feed(&bytes, &mut Events::default());
    stream.finish(&mut Events::default());
    assert_eq!(stream.envelopes(), best.envelopes, "{}", log.display());
    let events: String = events.iter().map(|event| format!("{event}\n")).collect();
    let summary =
        format!("{{\"read_as\": \"{}\",\n{}", best.what(), support::summary(&accounting).trim_start_matches('{'));
    for (ending, found) in [("events.jsonl", events), ("summary.json", summary)] {
        let path = beside(log, ending);
        if bless {
            fs::write(&path, &found).expect("a writable folder");
        } else if fs::read_to_string(&path).unwrap_or_default() != found {
            wrong.push(format!("{} is not as expected; found:\n{found}", path.display()));
        }
    }
}
