//! Every detector, format and provider is whole: on its list, with its page and its fixtures.
//!
//! A thing is registered where product code says `id: "…"` in the folder of its kind. The generated
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
    pages: &'static str,
    /// The folder of fixtures, one folder per id, and the folders that each must have.
    fixtures: Option<(&'static str, &'static [&'static str])>,
}

const KINDS: [Kind; 3] = [
    Kind {
        noun: "detector",
        modules: "crates/sever-detect/src/detectors/",
        pages: "docs/detectors/",
        fixtures: Some(("tests/detectors/", &["fires", "quiet"])),
    },
    Kind {
        noun: "format",
        modules: "crates/sever-decode/src/format/",
        pages: "docs/formats/",
        fixtures: Some((
            "tests/formats/",
            &["basic", "recoverable-errors", "unrelated-traffic", "truncated", "hostile"],
        )),
    },
    Kind {
        noun: "provider",
        modules: "crates/sever-connect/src/",
        pages: "docs/sources/",
        fixtures: Some(("tests/sources/", &[])),
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
    files.flat_map(|(path, text)| {
        let named = text.lines().filter_map(|line| line.trim().strip_prefix("id: \""));
        let named: BTreeSet<&str> = named.filter_map(|rest| rest.split_once('"')).map(|(id, _)| id).collect();
        named.into_iter().map(move |id| (path, id))
    })
}
