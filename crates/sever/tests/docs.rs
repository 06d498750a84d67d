//! Reads the documents as a newcomer does: every `sever …` that they tell to type must parse.
//!
//! That paths exist is `cargo xtask tidy`'s to check; that the generated pages are fresh is
//! `cargo xtask gen-docs --check`'s.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use sever_testkit::documents::{self, NamedCommand};

#[test]
fn every_command_in_the_documents_parses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for path in markdown(&root) {
        let text = std::fs::read_to_string(&path).unwrap();
        for named in documents::commands(&text, "sever") {
            tried += 1;
            if let Some(why) = misfit(&named) {
                let place = path.strip_prefix(&root).unwrap_or(&path).display();
                wrong.push(format!("{place}:{}: `{}`: {why}", named.line, named.words.join(" ")));
            }
        }
    }
    assert!(tried > 20, "only {tried} commands found: the reader of documents is broken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why a command does not fit the command line, if it does not.
fn misfit(named: &NamedCommand) -> Option<String> {
    let error = sever::cli::command().try_get_matches_from(&named.words).err()?;
    let harmless = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        // A mention of `sever scan` in a sentence need not name what to scan.
        ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        // `sever list KIND`: the word stands for another.
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => named.has_placeholder(),
        _ => false,
    };
    (!harmless).then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// Every document of the checkout.
fn markdown(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned(), root.join("docs")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && folder != *root {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
