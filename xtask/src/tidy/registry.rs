//! Every detector, format, provider and connector is whole: on its list, with its page and its fixtures.
//!
//! A thing is registered where product code says `id: "…"` in the folder of its kind; connectors, in files
//! called `connector.rs`, which are of no other kind. The generated
//! pages are checked against the binary by `cargo xtask gen-docs --check`; here it is enough that
//! they are there.

use std::collections::BTreeSet;

use super::{Complaints, source};
use crate::tree::Tree;

/// One kind of thing that a contributor adds.
struct Kind {
    noun: &'static str,
    /// The folder whose files each register one or more.
    modules: &'static str,
    /// Which of the folder's files.
    files: Files,
    pages: &'static str,
    /// The folder of fixtures, one folder per id, and the folders that each must have.
    fixtures: Option<(&'static str, &'static [&'static str])>,
}

/// Which files of a folder register things of a kind.
#[derive(PartialEq, Eq)]
enum Files {
    /// Those called `connector.rs`.
    Connectors,
    /// All others.
    Others,
}

const KINDS: [Kind; 4] = [
    Kind {
        noun: "detector",
        modules: "crates/sever-detect/src/detectors/",
        files: Files::Others,
        pages: "docs/detectors/",
        fixtures: Some(("tests/detectors/", &["fires", "quiet"])),
    },
    Kind {
        noun: "format",
        modules: "crates/sever-decode/src/format/",
        files: Files::Others,
        pages: "docs/formats/",
        fixtures: Some((
            "tests/formats/",
            &["basic", "recoverable-errors", "unrelated-traffic", "truncated", "hostile"],
        )),
    },
    Kind {
        noun: "provider",
        modules: "crates/sever-connect/src/",
        files: Files::Others,
        pages: "docs/sources/",
        fixtures: Some(("tests/sources/", &[])),
    },
    // Tried against real servers instead.
    Kind {
        noun: "connector",
        modules: "crates/sever-connect/src/",
        files: Files::Connectors,
        pages: "docs/connections/",
        fixtures: None,
    },
];

/// Nothing is registered by halves.
pub(crate) fn check(tree: &Tree, complaints: &mut Complaints) {
    for kind in &KINDS {
        for (path, id) in ids(tree, kind) {
            let page = format!("{}{id}.md", kind.pages);
            if !tree.has(&page) {
                complaints.add(path, 1, format!("{} `{id}` has no page, run `cargo xtask gen-docs`", kind.noun));
            }
            let Some((fixtures, needed)) = kind.fixtures else { continue };
            let folder = format!("{fixtures}{id}/");
            if needed.is_empty() && !tree.has(&folder) {
                complaints.add(path, 1, format!("{} `{id}` has no fixtures, put them in {folder}", kind.noun));
            }
            for case in needed.iter().filter(|case| !tree.has(&format!("{folder}{case}"))) {
                complaints.add(path, 1, format!("{} `{id}` has no fixture in {folder}{case}/, add one", kind.noun));
            }
        }
    }
}

/// The ids that a kind's files register, with the file.
fn ids<'a>(tree: &'a Tree, kind: &'a Kind) -> impl Iterator<Item = (&'a str, &'a str)> {
    let files = tree.under(kind.modules, ".rs").filter(|(path, _)| !source::is_test_file(path));
    let files = files.filter(|(path, _)| path.ends_with("/connector.rs") == (kind.files == Files::Connectors));
    files.flat_map(|(path, text)| {
        let named = text.lines().filter_map(|line| line.trim().strip_prefix("id: \""));
        let named: BTreeSet<&str> = named.filter_map(|rest| rest.split_once('"')).map(|(id, _)| id).collect();
        named.into_iter().map(move |id| (path, id))
    })
}
