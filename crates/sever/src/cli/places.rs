//! Where a log lies: files and folders of this machine, or `s3://` objects.
//!
//! A folder or a prefix stands for all that is in it, folders in it included, in the order of names.
//! An object is named by its address everywhere a file is named by its path.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sever_connect::objects::{self, Object, ObjectError};

use super::site::cannot_read;
use crate::config::Paths;
use crate::exit::Exit;
use crate::hint::Failure;

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its path or address; `-` is standard input.
    pub path: PathBuf,
    /// What tells it from its log's others.
    pub name: String,
    /// Its size as stored.
    pub bytes: u64,
}

/// Whether a path is the address of objects.
pub fn is_object(path: &Path) -> bool {
    path.to_str().is_some_and(objects::is_object)
}

/// The files of a setting.
///
/// # Errors
/// When nothing is there, or it cannot be listed.
pub fn files(paths: &Paths) -> Result<Vec<Place>, Failure> {
    if objects::is_object(&paths.text) {
        return stored(&paths.text);
    }
    let local = |(name, path): (String, PathBuf)| {
        let bytes = std::fs::metadata(&path).map_err(|error| cannot_read(&path, error))?.len();
        Ok(Place { path, name, bytes })
    };
    paths.named_files()?.into_iter().map(local).collect()
}

/// The files of a path on the command line, taken from the working folder.
///
/// # Errors
/// As [`files`].
pub fn named(path: &Path) -> Result<Vec<Place>, Failure> {
    let text = path.to_string_lossy().into_owned();
    if path.is_dir() || is_object(path) {
        return files(&Paths { base: PathBuf::new(), text });
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(vec![Place { path: path.to_owned(), name, bytes: 0 }])
}

/// Opens a log; `-` is standard input.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    match path.to_str().filter(|text| objects::is_object(text)) {
        Some(url) => objects::open(url).map_err(io::Error::other),
        None => Ok(Box::new(File::open(path)?)),
    }
}

/// What to do about an error of [`open`], where the store that gave it says.
pub fn hint_of(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<ObjectError>()?.hint.clone()
}

/// The objects of an address, or of a glob over keys.
fn stored(url: &str) -> Result<Vec<Place>, Failure> {
    let globbed = url.find(['*', '?', '[', '{']);
    let prefix = match globbed {
        Some(at) => url.get(..at).and_then(|head| head.rfind('/')).and_then(|end| url.get(..=end)).unwrap_or(url),
        None => url,
    };
    let mut found = objects::list(prefix).map_err(refused)?;
    if globbed.is_some() {
        let glob = globset::GlobBuilder::new(url).literal_separator(true).build();
        let glob = glob.map_err(|error| Failure::usage(format!("`{url}` is no glob: {}", error.kind())))?;
        let matcher = glob.compile_matcher();
        found.retain(|object| matcher.is_match(&object.url));
    }
    if found.is_empty() {
        return Err(Failure::new(format!("`{url}` holds no object"))
            .hint("a prefix is whole up to a `/`; `s3://bucket/logs/2026-*` is a glob")
            .exit(Exit::NothingLooked));
    }
    let place = |object: Object| {
        let rest = object.url.strip_prefix(prefix).unwrap_or(&object.url).trim_start_matches('/');
        let last = object.url.rsplit('/').next().unwrap_or_default();
        let name = if rest.is_empty() { last } else { rest }.to_owned();
        Place { path: PathBuf::from(&object.url), name, bytes: object.bytes }
    };
    Ok(found.into_iter().map(place).collect())
}

fn refused(error: ObjectError) -> Failure {
    let failure = Failure::new(error.what);
    match error.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
