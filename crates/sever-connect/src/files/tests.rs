//! Dates in names, and which files make which listing.

use super::*;
use crate::tests::{folder, settings};

#[test]
fn dates_in_names() {
    let cases = [
        ("people-2025-01-31.csv", Some("2025-01-31")),
        ("hr_20250131.csv.gz", Some("2025-01-31")),
        ("2025-02.csv", Some("2025-02-28")),
        ("2024_02_headcount.csv", Some("2024-02-29")),
        ("report.2025.01.31.json", Some("2025-01-31")),
        ("people.csv", None),
        ("order-120250131.csv", None),
        ("v2025-13-01.csv", None),
        ("2025-02-30.csv", None),
        ("2025.csv", None),
    ];
    for (name, expect) in cases {
        assert_eq!(date_in(name).as_deref(), expect, "{name}");
    }
}

#[test]
fn files_of_one_date_are_parts_and_undated_ones_are_parts_of_the_newest() {
    let files: &[(&str, &[u8])] = &[
        ("2025-01-31/x.txt", b""),
        ("a-2025-02-28.csv", b""),
        ("b-2025-02-28.csv", b""),
        ("employees.csv", b""),
        ("old-2025-01.csv", b""),
        (".hidden-2020-01-01.csv", b""),
    ];
    let dir = folder(files);
    let found = parts(&settings(dir.path())).unwrap();
    let shown: Vec<_> = found.iter().map(|it| format!("{} {} {}", it.name, it.at, it.paths.len())).collect();
    // A date in a folder's name is nobody's promise about the files in it.
    let expect = [
        "old-2025-01.csv 2025-01-31T15:00:00Z 1",
        "a-2025-02-28.csv and 1 more 2025-02-28T15:00:00Z 2",
        "x.txt and 1 more 2026-03-01T00:00:00Z 2",
    ];
    assert_eq!(shown, expect);
}

#[test]
fn no_file_is_an_error_with_a_hint() {
    let dir = folder(&[]);
    let error = listings(&settings(dir.path()), "people").unwrap_err();
    assert_eq!(error.to_string(), "src: no file is there to be read");
    assert!(error.hint.is_some());
}
