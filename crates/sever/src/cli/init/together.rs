//! Files that are one export: users, groups and tokens in files of their own, in one folder.
//!
//! Some providers say of themselves that their files belong together. What such a provider recognises
//! in a folder, and in the folders in it, becomes one source: of the folder, if nothing else is in it,
//! else of a glob that names these files and no others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sever_connect::Provider;

/// Files in one folder, and in those in it, that are one export.
pub(super) struct Export {
    pub provider: &'static Provider,
    pub why: String,
    pub folder: PathBuf,
    /// A file each, or a series of dated ones; the pattern and its files.
    pub series: Vec<(PathBuf, Vec<PathBuf>)>,
}

impl Export {
    /// Its files, sorted.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = self.series.iter().flat_map(|(_, files)| files.iter().cloned()).collect();
        files.sort();
        files
    }

    /// What it is called by: the path to be written down. `all` are all files that were looked at.
    pub(super) fn path(&self, all: &[PathBuf]) -> PathBuf {
        if let [(pattern, _)] = self.series.as_slice() {
            return pattern.clone();
        }
        let own: BTreeSet<PathBuf> = self.files().into_iter().collect();
        let others: Vec<&PathBuf> =
            all.iter().filter(|file| file.starts_with(&self.folder) && !own.contains(*file)).collect();
        if others.is_empty() {
            return self.folder.clone();
        }
        let mut parts: BTreeSet<String> = BTreeSet::new();
        for file in &own {
            let Ok(relative) = file.strip_prefix(&self.folder) else { continue };
            let first = relative.iter().next().map(Path::new).unwrap_or(relative);
            let inner = self.folder.join(first);
            let whole = first != relative && !others.iter().any(|other| other.starts_with(&inner));
            let name = if whole { first.join("**") } else { relative.to_owned() };
            parts.insert(escaped(&name.to_string_lossy()));
        }
        let parts: Vec<String> = parts.into_iter().collect();
        match parts.as_slice() {
            [one] => self.folder.join(one),
            parts => self.folder.join(format!("{{{}}}", parts.join(","))),
        }
    }
}

/// Adds a series to the export that it is a part of: one of its provider in its folder, or in a folder
/// around it. Series come in the order of their paths, so that the outer folder comes first.
pub(super) fn add(
    exports: &mut Vec<Export>,
    provider: &'static Provider,
    why: String,
    pattern: PathBuf,
    files: Vec<PathBuf>,
) {
    let folder = pattern.parent().unwrap_or(Path::new("")).to_owned();
    let of = exports.iter_mut().find(|export| export.provider.id == provider.id && folder.starts_with(&export.folder));
    match of {
        Some(export) => export.series.push((pattern, files)),
        None => exports.push(Export { provider, why, folder, series: vec![(pattern, files)] }),
    }
}

/// A name as a glob means it: what a glob would read otherwise stands for any one character.
fn escaped(name: &str) -> String {
    let (name, tail) = name.strip_suffix("**").map_or((name, ""), |name| (name, "**"));
    let plain = name.chars().map(|c| if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | ',') { '?' } else { c });
    plain.chain(tail.chars()).collect()
}

#[cfg(test)]
mod tests;
