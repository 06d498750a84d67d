//! The shape of files: a module doc, a bearable size, nothing that belongs to one machine, no
//! promises to do it later.

use super::{Complaints, source};
use crate::tree::Tree;

/// A file longer than this is split by meaning.
const LINES_MAX: usize = 800;

/// Every Rust file says in its first lines what it is for.
pub(crate) fn module_doc(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", ".rs") {
        if !text.lines().take(3).any(|line| line.starts_with("//!")) {
            complaints.add(path, 1, "no module doc, begin with `//!` and one sentence on what the file is for");
        }
    }
}

/// No file grows too big to read.
pub(crate) fn size(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", ".rs") {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            complaints.add(path, lines, format!("{lines} lines, more than {LINES_MAX}: split it by meaning"));
        }
    }
}

/// Nothing in the project knows the machine that it was written on.
pub(crate) fn machine(tree: &Tree, complaints: &mut Complaints) {
    // Written in two parts, so that this file does not complain about itself.
    let homes = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/")];
    for (path, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            for home in homes {
                if line.contains(home) {
                    complaints.add(path, at + 1, format!("`{home}…` is a place on one machine, use a relative path"));
                }
            }
        }
    }
}

/// Later is a task, not a comment; and modules are named for what they hold.
pub(crate) fn house_rules(tree: &Tree, complaints: &mut Complaints) {
    let later = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    // Not `common.rs`: `sever common` says what people have in common.
    let vague = ["util.rs", "utils.rs", "misc.rs", "helpers.rs"];
    for (path, text) in tree.under("", ".rs") {
        let file = path.rsplit('/').next().unwrap_or(path);
        if vague.contains(&file) {
            complaints.add(path, 1, format!("`{file}` says nothing, name the file for what it holds"));
        }
        for (at, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric());
            if let Some(word) = words.into_iter().find(|word| later.contains(word)) {
                complaints.add(path, at + 1, format!("`{word}`, do it now or write it down as work to do"));
            }
        }
        for line in source::lines(path, text) {
            if line.code.contains("let _ = ") && line.code.contains('(') {
                complaints.add(path, line.number, "`let _ =` swallows a failure, handle it or say why it is none");
            }
        }
    }
}
