//! Which segments count, and which logs each of them speaks of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::LakeError;

const NAME: &str = "manifest.json";

/// The segments of a lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub segments: Vec<Segment>,
}

/// The rows of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// The file's name in the lake.
    pub file: String,
    /// How many rows it holds.
    pub rows: u64,
    /// How many of them take an earlier one back.
    #[serde(default)]
    pub retracted: u64,
    /// The log files that its rows stand in, less those that a later scan has read again.
    pub sources: BTreeSet<String>,
}

impl Manifest {
    /// The manifest of a lake; an empty one where there is none yet.
    pub(crate) fn load(dir: &Path) -> Result<Manifest, LakeError> {
        let path = dir.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Manifest::default()),
            Err(error) => return Err(LakeError::File { path, error }),
        };
        serde_json::from_slice(&bytes).map_err(|error| LakeError::Damaged { path, what: error.to_string() })
    }

    /// Adds a segment, which from now on speaks alone of the logs it holds. Returns the files that
    /// nothing counts any more.
    pub(crate) fn add(&mut self, segment: Segment) -> Vec<String> {
        for old in &mut self.segments {
            old.sources.retain(|source| !segment.sources.contains(source));
        }
        self.segments.retain(|old| old.file != segment.file);
        let (kept, dropped) = std::mem::take(&mut self.segments).into_iter().partition(|old| !old.sources.is_empty());
        self.segments = kept;
        self.segments.push(segment);
        dropped.into_iter().map(|old: Segment| old.file).collect()
    }

    /// Writes it by one rename.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), LakeError> {
        let (path, next) = (dir.join(NAME), dir.join("manifest.json.next"));
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let failed = |path: &PathBuf| {
            let path = path.clone();
            move |error| LakeError::File { path, error }
        };
        fs::write(&next, text).map_err(failed(&next))?;
        fs::rename(&next, &path).map_err(failed(&path))
    }
}
