//! What documents name must be there: paths, links and commands.
//!
//! `sever …` commands are tried against the real command line by `crates/sever/tests/docs.rs`, which
//! can link it; here stand the paths and the `cargo …` commands.

use clap::CommandFactory;
use sever_testkit::documents;

use super::Complaints;
use crate::tree::Tree;

/// Cargo's own commands that a document may tell to type.
const CARGO: [&str; 9] = ["build", "run", "test", "nextest", "fmt", "clippy", "install", "fuzz", "doc"];

/// Every `cargo …` that a document names exists; the arguments of `cargo xtask` parse.
pub(crate) fn commands(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", ".md") {
        for named in documents::commands(text, "cargo") {
            let Some(first) = named.words.get(1).filter(|word| !word.starts_with('+')) else { continue };
            if first == "xtask" {
                let args = named.words.iter().skip(1);
                if let Err(error) = crate::Cli::command().try_get_matches_from(args)
                    && error.exit_code() != 0
                {
                    let what = error.to_string().lines().next().unwrap_or_default().to_owned();
                    complaints.add(path, named.line, format!("`{}` does not parse: {what}", named.words.join(" ")));
                }
            } else if !CARGO.contains(&first.as_str()) {
                complaints.add(path, named.line, format!("`cargo {first}` is no command, use one of {CARGO:?}"));
            }
        }
    }
}

/// Every path of ours that a document names, in a link or in code, exists.
pub(crate) fn paths(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", ".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut fenced = false;
        for (at, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                for target in links(line) {
                    if !tree.has(&joined(folder, target)) {
                        complaints.add(path, at + 1, format!("link to `{target}`, which is not there, mend the link"));
                    }
                }
                for code in line.split('`').skip(1).step_by(2) {
                    if is_ours(tree, code) && !exists(tree, folder, code) {
                        complaints.add(path, at + 1, format!("`{code}` is not there, name the path that is"));
                    }
                }
            }
        }
    }
}

/// The targets of a line's links into the checkout.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or(target));
    targets.filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
}

/// Whether a piece of code is meant as a path of the checkout: it begins in one of our folders, or is
/// a document in the root.
fn is_ours(tree: &Tree, code: &str) -> bool {
    let pattern = code.contains(|c: char| c.is_whitespace() || "<>{}*…$|=".contains(c));
    let folder = code.split_once('/').map(|(first, _)| first);
    let known = folder.is_some_and(|first| first.starts_with("sever-") || (first.len() > 1 && tree.has(first)));
    let root_document = folder.is_none() && code.ends_with(".md") && code.starts_with(|c: char| c.is_ascii_uppercase());
    !pattern && (known || root_document)
}

fn exists(tree: &Tree, folder: &str, code: &str) -> bool {
    let path = code.split(':').next().unwrap_or(code);
    tree.has(path) || tree.has(&joined(folder, path)) || tree.has(&format!("crates/{path}"))
}

/// A path relative to a folder, from the root.
fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

/// What a guide's fences may say: a word that no test knows would leave its block untried.
const FENCES: [(&str, &[&str]); 7] = [
    ("sh", &["exit=", "norun", "checkout"]),
    ("text", &["file="]),
    ("console", &[]),
    ("toml", &["file="]),
    ("json", &["file="]),
    ("rust", &["file="]),
    ("diff", &["file="]),
];

/// A guide's blocks are such as are tried, and what they add fits the checkout.
pub(crate) fn guides(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("docs/guides/", ".md") {
        for block in documents::blocks(text) {
            let Some((_, words)) = FENCES.iter().find(|(language, _)| *language == block.language) else {
                let known: Vec<&str> = FENCES.iter().map(|(language, _)| *language).collect();
                complaints.add(path, block.line, format!("a block of `{}`, use one of {known:?}", block.language));
                continue;
            };
            let is_known = |word: &str| {
                words.iter().any(|known| *known == word || (known.ends_with('=') && word.starts_with(known)))
            };
            for word in block.words.iter().filter(|word| !is_known(word)) {
                complaints.add(path, block.line, format!("`{word}` after a fence means nothing, use one of {words:?}"));
            }
            match block.value("file") {
                Some(file) if block.language == "diff" && !tree.has(file) => {
                    complaints.add(path, block.line, format!("`{file}` is not there, name the file to add to"));
                }
                Some(file) if block.language != "diff" && tree.has(file) => {
                    complaints.add(
                        path,
                        block.line,
                        format!("`{file}` is there already, give the example another name"),
                    );
                }
                _ => {}
            }
        }
    }
    for (path, _) in tree.under("docs/guides/examples/", "") {
        let name = path.split('/').nth(3).unwrap_or_default();
        if !tree.has(&format!("docs/guides/{name}.md")) {
            complaints.add(
                path,
                1,
                format!("there is no guide docs/guides/{name}.md, name the folder after its guide"),
            );
        }
    }
}
