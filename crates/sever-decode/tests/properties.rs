//! What holds of every format, whatever it is fed.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sever_decode::{ENVELOPES, FORMATS, Field, Format, Mapping};
use sever_model::Limits;
use support::decode_within;

fn mapping(format: &Format) -> Option<Mapping> {
    let mapping =
        || Mapping::new().with(Field::Time, "time").with(Field::Credential, "id").with(Field::DataSubjects, "s");
    (format.id == "json-lines").then(mapping)
}

/// All fixtures, to be cut up and strung together: bytes that formats nearly understand.
fn corpus() -> Vec<Vec<u8>> {
    fn walk(folder: &Path, out: &mut Vec<Vec<u8>>) {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(&path, out);
            } else if !path.to_string_lossy().ends_with(".summary.json") {
                out.push(fs::read(&path).expect("a readable fixture"));
            }
        }
    }
    let mut out = Vec::new();
    for folder in ["formats", "envelopes"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(folder), &mut out);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_byte_is_accounted_for_and_chunks_do_not_matter(
        format in 0..FORMATS.len(),
        parts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..900), 1..5),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        chunk in 1usize..600,
        frame_bytes_max in prop_oneof![Just(1usize << 20), 1usize..700],
        envelopes in prop::option::of(prop::collection::vec(0..ENVELOPES.len(), 1..4)),
    ) {
        thread_local!(static CORPUS: Vec<Vec<u8>> = corpus());
        let mut log = CORPUS.with(|corpus| {
            let cut = |(file, at, len): &(prop::sample::Index, prop::sample::Index, usize)| {
                let file = &corpus[file.index(corpus.len())];
                let at = if file.is_empty() { 0 } else { at.index(file.len()) };
                file[at..(at + len).min(file.len())].to_vec()
            };
            parts.iter().flat_map(cut).collect::<Vec<u8>>()
        });
        for (at, byte) in &flips {
            if !log.is_empty() {
                let at = at.index(log.len());
                log[at] = *byte;
            }
        }
        let format: &'static Format = &FORMATS[format];
        let limits = Limits { frame_bytes_max, ..Limits::default() };
        // Told from the head, or named whatever the log is.
        let mut mapping = mapping(format).unwrap_or_default();
        mapping.envelope = envelopes.map(|chain| chain.iter().map(|at| ENVELOPES[*at].id).collect::<Vec<_>>().join("/"));
        let mapping = Some(mapping);
        let (events, accounting) = decode_within(format, mapping.as_ref(), &log, log.len().max(1), &limits);
        let accounted = accounting.event_bytes + accounting.rejected_bytes + accounting.blank_bytes;
        prop_assert_eq!(accounted, accounting.bytes);
        prop_assert_eq!(accounting.bytes_in, log.len() as u64);
        // Those without a time are shown here, and rejected.
        let timed = events.iter().filter(|event| event.get("time").is_some()).count();
        prop_assert_eq!(accounting.events, timed as u64);
        prop_assert_eq!(accounting.rejects, accounting.by_reason.values().sum::<u64>());
        let again = decode_within(format, mapping.as_ref(), &log, chunk, &limits);
        prop_assert_eq!((&events, &accounting), (&again.0, &again.1));
    }

    #[test]
    fn sniffing_and_guessing_take_anything(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(sever_decode::sniff(&bytes).len() <= FORMATS.len());
        let guess = Mapping::guess(&bytes);
        let again: Mapping = toml::from_str(&guess.mapping.to_toml()).expect("a guess reads back");
        prop_assert_eq!(again, guess.mapping);
    }
}
