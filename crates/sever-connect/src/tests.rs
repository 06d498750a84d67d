//! Every provider reads its fixtures as the text beside them says, and promises what all promise.
//!
//! A case is a folder `tests/sources/PROVIDER/CASE` with the files of an export and `expect.txt`;
//! `settings.json` may set `system`, `complete` and `map`. Adding a case is adding a folder; with
//! `SEVER_BLESS=1` the expectation is written, to be read before it is committed.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use sever_model::port::Pull;
use sever_model::{Bound, Listing, Valid};

use super::*;

/// 2026-03-01T00:00:00Z, as the files' time.
const MODIFIED_SECS: u64 = 1_772_323_200;

/// Writes files into a folder, at a fixed time.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let file = File::options().append(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(MODIFIED_SECS)).unwrap();
    }
    dir
}

pub(crate) fn settings(dir: &Path) -> SourceSettings {
    SourceSettings {
        id: "src".into(),
        system: "sys".into(),
        paths: vec![dir.to_owned()],
        zone: Zone::named("Asia/Seoul").unwrap(),
        complete: true,
        map: BTreeMap::new(),
        limits: Limits::default(),
    }
}

/// All that a source says, as text.
pub(crate) fn read(id: &str, settings: SourceSettings) -> String {
    let said = || -> Result<String, SourceError> {
        let mut text = String::new();
        let source = (provider(id).unwrap().open)(settings)?;
        for listing in source.listings()? {
            let mut records = String::new();
            let pull = source.pull(&listing, &mut |record| {
                let fact = serde_json::to_string(&record.fact).unwrap();
                writeln!(records, "  {fact} {}", interval(&record.valid)).unwrap();
            })?;
            writeln!(text, "{} {} {}", listing.name, listing.at, head(&pull)).unwrap();
            text.push_str(&records);
            for reject in &pull.rejects {
                let line = reject.line.unwrap_or(0);
                writeln!(
                    text,
                    "  reject line {line} offset {} bytes {}: {}",
                    reject.offset, reject.bytes, reject.reason
                )
                .unwrap();
            }
            for gap in &pull.coverage.gaps {
                writeln!(text, "  gap {gap}").unwrap();
            }
        }
        Ok(text)
    };
    said().unwrap_or_else(|error| format!("error {error}\nhint {}\n", error.hint.clone().unwrap_or_default()))
}

fn head(pull: &Pull) -> String {
    let listing = if pull.listing == Listing::Complete { "complete" } else { "partial" };
    format!(
        "{listing} {:?}: {} records, {} rejected",
        pull.coverage.seen, pull.coverage.records, pull.coverage.rejected
    )
}

fn interval(valid: &Valid) -> String {
    let bound = |bound| match bound {
        Bound::Unbounded => "–".to_owned(),
        Bound::At(at) => at.to_string(),
        Bound::Between(a, b) => format!("({a} … {b}]"),
    };
    format!("[{}, {})", bound(valid.from), bound(valid.to))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sources")
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn files_in(dir: &Path, prefix: &str, into: &mut Vec<(String, Vec<u8>)>) {
    for path in below(dir) {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            files_in(&path, &format!("{name}/"), into);
        } else if name != "expect.txt" && name != "settings.json" {
            into.push((name, fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn fixtures_read_as_expected() {
    let mut wrong = Vec::new();
    for (provider, case) in
        below(&fixtures()).into_iter().flat_map(|dir| below(&dir).into_iter().map(move |case| (dir.clone(), case)))
    {
        let id = provider.file_name().unwrap().to_string_lossy().into_owned();
        let mut files = Vec::new();
        files_in(&case, "", &mut files);
        let borrowed: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let dir = folder(&borrowed);
        let mut settings = settings(dir.path());
        if let Ok(text) = fs::read_to_string(case.join("settings.json")) {
            let given: serde_json::Value = serde_json::from_str(&text).unwrap();
            settings.complete = given["complete"].as_bool().unwrap_or(true);
            settings.system = given["system"].as_str().unwrap_or("sys").into();
            settings.map = serde_json::from_value(given["map"].clone()).unwrap_or_default();
        }
        let said = read(&id, settings).replace(&format!("{}/", dir.path().display()), "");
        let expect = case.join("expect.txt");
        if std::env::var_os("SEVER_BLESS").is_some() {
            fs::write(&expect, &said).unwrap();
        } else if fs::read_to_string(&expect).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_provider_is_documented_and_has_fixtures_and_is_sniffed_by_them() {
    let ids: Vec<&str> = PROVIDERS.iter().map(|provider| provider.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(ids, sorted, "providers are listed alphabetically");
    for provider in PROVIDERS {
        assert!(
            provider.about.len() > 80 && !provider.scope.is_empty() && !provider.kinds.is_empty(),
            "{}",
            provider.id
        );
        for (at, column) in provider.columns.iter().enumerate() {
            assert_eq!(column.at, at, "{} of {}", column.name, provider.id);
            let normal = |name: &&&str| columns::normal(name) == **name;
            assert!(column.also.iter().all(|name| normal(&name)), "{} of {}", column.name, provider.id);
        }
        assert!(provider.columns.len() <= row::COLUMNS_MAX);
        let basic = fixtures().join(provider.id).join("basic");
        let mut files = Vec::new();
        files_in(&basic, "", &mut files);
        for (name, _) in &files {
            let found = sniff(&basic.join(name)).unwrap();
            let best = found.first().unwrap_or_else(|| panic!("nothing sniffs {name} of {}", provider.id));
            assert_eq!(
                best.0.id,
                provider.id,
                "{name}: {:?}",
                found.iter().map(|it| (it.0.id, it.1)).collect::<Vec<_>>()
            );
        }
    }
}

/// Providers that tell their files by what is in them.
const DIRECTORIES: [&str; 6] = ["google-workspace", "keycloak-realm", "ldif", "msgraph", "okta", "scim"];

#[test]
fn directories_claim_neither_each_others_files_nor_logs() {
    let mut wrong = Vec::new();
    let mut claims = |dir: &Path, own: &str| {
        let mut files = Vec::new();
        files_in(dir, "", &mut files);
        for (name, _) in files {
            // What a log's decoder must refuse may well be a directory's answer; and some logs are broken on purpose.
            if name.contains("unrelated-traffic") {
                continue;
            }
            let Ok(found) = sniff(&dir.join(&name)) else { continue };
            let others = found.iter().map(|(provider, ..)| provider.id);
            let others: Vec<&str> = others.filter(|id| *id != own && DIRECTORIES.contains(id)).collect();
            if !others.is_empty() {
                wrong.push(format!("{}/{name}: {others:?}", dir.display()));
            }
        }
    };
    // Where HR itself speaks SCIM, whoever reads it says so.
    for provider in PROVIDERS.iter().filter(|provider| provider.id != "people") {
        below(&fixtures().join(provider.id)).iter().for_each(|case| claims(case, provider.id));
    }
    claims(&fixtures().join("../formats"), "");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_misspelt_provider_gets_a_suggestion() {
    assert_eq!(provider("poeple").err(), Some(Some("people")));
    assert_eq!(provider("zzz").err(), Some(None));
}

#[test]
fn the_digest_changes_with_content_and_with_what_reads_it() {
    let digest = |text: &str, edit: fn(&mut SourceSettings)| {
        let dir = folder(&[("a.csv", text.as_bytes())]);
        let mut settings = settings(dir.path());
        edit(&mut settings);
        (provider("resources").unwrap().open)(settings).unwrap().listings().unwrap().remove(0).digest
    };
    let first = digest("resource,kind\na,b\n", |_| {});
    assert_eq!(first, digest("resource,kind\na,b\n", |_| {}));
    assert_ne!(first, digest("resource,kind\na,c\n", |_| {}));
    assert_ne!(first, digest("resource,kind\na,b\n", |settings| settings.zone = Zone::UTC));
    assert_ne!(first, digest("resource,kind\na,b\n", |settings| settings.complete = false));
}

#[test]
fn compressed_files_read_as_plain_ones_and_cut_off_ones_as_partial() {
    use std::io::Write;
    let rows: String = (0..5_000).map(|at| format!("table-{at},table\n")).collect();
    let plain = format!("resource,kind\n{rows}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(plain.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let whole = |name: &str, bytes: &[u8]| {
        let dir = folder(&[(name, bytes)]);
        read("resources", settings(dir.path())).replace(name, "FILE")
    };
    let expect = whole("a.csv", plain.as_bytes());
    assert!(expect.starts_with("FILE 2026-03-01T00:00:00Z complete Whole: 5000 records, 0 rejected"));
    assert_eq!(whole("a.csv.gz", &gzip), expect);
    assert_eq!(whole("a.csv.zst", &zstd::encode_all(plain.as_bytes(), 1).unwrap()), expect);
    let cut = whole("a.csv.gz", gzip.get(..gzip.len() / 2).unwrap());
    assert!(cut.contains(" partial Partly: "), "{}", cut.lines().next().unwrap());
    assert!(cut.contains("does not decompress to its end"));
}

#[test]
fn a_preview_shows_the_mapping_and_what_is_left_over() {
    let text = b"Employee ID;Legal Name;Shoe Size;Hire Date\n7;Ann Lee;41;2024-01-01\n";
    let dir = folder(&[("hr.csv", text)]);
    let preview = preview(provider("people").unwrap(), settings(dir.path())).unwrap();
    let mapped: Vec<_> = preview.mapped.iter().map(|(ours, theirs)| (ours.as_str(), theirs.as_str())).collect();
    assert_eq!(mapped, [("id", "Employee ID"), ("name", "Legal Name"), ("hire_date", "Hire Date")]);
    assert_eq!(preview.unmapped, ["Shoe Size"]);
    assert_eq!(preview.records.len(), 2);
}

/// Bytes that break formats.
const BREAKING: &[u8] = b"\"',;:{}[]\\\n\r\0\xff=+*/9";

#[test]
fn damaged_exports_never_panic_and_every_row_is_a_record_or_a_reject() {
    use rand_free::Dice;
    let mut dice = Dice(7);
    for provider in PROVIDERS {
        let mut files = Vec::new();
        files_in(&fixtures().join(provider.id).join("basic"), "", &mut files);
        for _ in 0..60 {
            let mut damaged = files.clone();
            for (_, bytes) in &mut damaged {
                for _ in 0..dice.below(6) {
                    let at = dice.below(bytes.len().max(1));
                    match dice.below(3) {
                        0 => bytes.truncate(at.max(1)),
                        1 => bytes.insert(at.min(bytes.len()), BREAKING[dice.below(BREAKING.len())]),
                        _ => {
                            bytes.remove(at.min(bytes.len() - 1));
                            bytes.push(b'\n');
                        }
                    }
                }
            }
            let borrowed: Vec<_> = damaged.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
            let dir = folder(&borrowed);
            let text = read(provider.id, settings(dir.path()));
            assert_eq!(text, read(provider.id, settings(dir.path())), "the same twice");
            // What was rejected, other than as a repetition, may have been all that was said of a thing.
            let lost = text.lines().any(|line| {
                line.trim_start().starts_with("reject") && !line.contains(" already") && !line.contains("there twice")
            });
            assert!(!lost || text.contains(" partial "), "{text}");
        }
    }
}

mod rand_free {
    //! A small generator of numbers, the same in every run.

    pub(super) struct Dice(pub(super) u64);

    impl Dice {
        pub(super) fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % limit
        }
    }
}
