//! Files that a setting names: one file, one folder, or a glob; and which there are.
//!
//! `*` and `?` stay inside one folder, `**` crosses folders. Only the folders that a glob can reach
//! are walked, links to folders are not followed, and hidden files need a pattern that names them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::hint::{Failure, did_you_mean};

/// A path or glob, as it is written and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of the file that names it.
    pub base: PathBuf,
    /// As written.
    pub text: String,
}

/// Files and folders looked at for one glob.
const WALKED_MAX: usize = 1_000_000;

/// Folders deep.
const DEPTH_MAX: usize = 32;

impl Paths {
    /// What there is of it, in the order of names: files, or the folder it names.
    ///
    /// # Errors
    /// When nothing is there, a folder cannot be read, or the glob is none.
    pub fn expand(&self) -> Result<Vec<PathBuf>, Failure> {
        expand(&self.base, &self.text)
    }

    /// The files there are of it: of a folder, those in it and in the folders in it that are not
    /// hidden.
    ///
    /// # Errors
    /// As [`Paths::expand`], and when a folder holds no file.
    pub fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        Ok(self.named_files()?.into_iter().map(|(_, path)| path).collect())
    }

    /// The same, each with what tells it from the others: its path inside its folder, else its name.
    ///
    /// # Errors
    /// As [`Paths::files`].
    pub fn named_files(&self) -> Result<Vec<(String, PathBuf)>, Failure> {
        let mut files = Vec::new();
        for path in self.expand()? {
            if path.is_dir() {
                inside(&path, DEPTH_MAX, &mut files)?;
            } else {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(Failure::new(format!("`{}` holds no file", self.text)).exit(Exit::NothingLooked));
        }
        let folder = self.joined();
        let name = |path: &Path| match path.strip_prefix(&folder) {
            Ok(inside) if folder.is_dir() => inside.to_string_lossy().into_owned(),
            _ => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        Ok(files.into_iter().map(|path| (name(&path), path)).collect())
    }

    /// The one path, without looking whether it is there.
    pub fn joined(&self) -> PathBuf {
        self.base.join(&self.text)
    }
}

/// What there is of a path or glob, taken from `base`, in the order of names.
///
/// # Errors
/// When nothing is there, a folder cannot be read, or the glob is none.
pub fn expand(base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    // A file may well be called `a[1].csv`: what is there as written is meant as written.
    let literal = base.join(pattern);
    if literal.exists() {
        return Ok(vec![literal]);
    }
    if !is_glob(pattern) {
        return Err(missing(&literal, pattern));
    }
    let (start, rest) = split(pattern);
    let matcher = globset::GlobBuilder::new(&rest)
        .literal_separator(true)
        .build()
        .map_err(|error| Failure::usage(format!("`{pattern}` is no glob: {}", error.kind())))?
        .compile_matcher();
    let root = base.join(&start);
    if !root.is_dir() {
        return Err(missing(&root, &start));
    }
    let crossing = rest.contains("**");
    let depth = if crossing { DEPTH_MAX } else { rest.matches('/').count() };
    let mut walk = Walk { root: &root, matcher: &matcher, seen: 0, found: Vec::new(), names: Vec::new() };
    walk.folder(&root, depth)?;
    let Walk { mut found, names, .. } = walk;
    found.sort();
    if found.is_empty() {
        let near = did_you_mean(&rest.replace(['*', '?'], ""), names.iter().map(String::as_str));
        let looked = format!("nothing matches `{pattern}` in {}", root.display());
        let hint = near.unwrap_or_else(|| format!("it holds {} files, none of that name", names.len()));
        return Err(Failure::new(looked).hint(hint).exit(Exit::NothingLooked));
    }
    Ok(found)
}

struct Walk<'a> {
    root: &'a Path,
    matcher: &'a globset::GlobMatcher,
    seen: usize,
    found: Vec<PathBuf>,
    /// Names of files, for a suggestion.
    names: Vec<String>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        for entry in entries(folder)? {
            self.seen += 1;
            if self.seen > WALKED_MAX {
                return Err(Failure::new(format!("more than {WALKED_MAX} files under {}", self.root.display()))
                    .hint("name a folder nearer to the files"));
            }
            let link = entry.is_symlink();
            if entry.is_dir() {
                if depth > 0 && !link && !hidden(&entry) {
                    self.folder(&entry, depth - 1)?;
                }
                continue;
            }
            let Ok(relative) = entry.strip_prefix(self.root) else { continue };
            let named = relative.to_string_lossy();
            let hides = hidden(&entry) && !self.matcher.glob().glob().rsplit('/').next().unwrap_or("").starts_with('.');
            if !hides && self.matcher.is_match(&*named) {
                self.found.push(entry.clone());
            }
            self.names.push(named.into_owned());
        }
        Ok(())
    }
}

/// The files in a folder and in those in it; links to folders are not followed.
fn inside(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in entries(folder)?.into_iter().filter(|entry| !hidden(entry)) {
        if entry.is_file() {
            files.push(entry);
        } else if entry.is_dir() && !entry.is_symlink() && depth > 0 {
            inside(&entry, depth - 1, files)?;
        }
        if files.len() > WALKED_MAX {
            return Err(Failure::new(format!("more than {WALKED_MAX} files under {}", folder.display()))
                .hint("name a folder nearer to the files"));
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = |folder: &Path| -> io::Result<Vec<PathBuf>> {
        let mut entries = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    };
    read(folder).map_err(|error| {
        anyhow::Error::new(error).context(format!("cannot read the folder {}", folder.display())).into()
    })
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// The folder before the first glob, and the glob itself.
fn split(pattern: &str) -> (String, String) {
    let parts: Vec<&str> = pattern.split('/').collect();
    let at = parts.iter().position(|part| is_glob(part)).unwrap_or(0);
    let (start, rest) = parts.split_at(at);
    let start = if at > 0 && start.iter().all(|part| part.is_empty()) { "/".to_owned() } else { start.join("/") };
    (start, rest.join("/"))
}

/// Nothing is there: with the nearest name in the same folder.
fn missing(path: &Path, text: &str) -> Failure {
    let failure = Failure::new(format!("there is no `{text}`")).exit(Exit::NothingLooked);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        return failure.hint(format!("there is no folder {} either", parent.display()));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let siblings = entries(parent).unwrap_or_default();
    let names: Vec<String> =
        siblings.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect();
    match did_you_mean(&name, names.iter().map(String::as_str)) {
        Some(hint) => failure.hint(hint),
        None => failure.hint(format!("looked in {}", parent.display())),
    }
}

#[cfg(test)]
mod tests;
