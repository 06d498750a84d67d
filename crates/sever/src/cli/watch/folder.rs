//! The files of a log on this machine, for a follower.
//!
//! What a pattern matches is followed. What only begins with the name of a file that was followed, beside
//! it, is looked at where that file is missing: a rotation that the pattern does not name.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sever_engine::follow::{Entry, Folder, Node, Opened};

use crate::config::Paths;
use crate::exit::Exit;

/// The files of a setting.
pub struct DiskFolder {
    paths: Paths,
}

impl DiskFolder {
    /// Of a file, folder or glob.
    pub fn new(paths: Paths) -> DiskFolder {
        DiskFolder { paths }
    }

    /// The path of a name, which is relative to the folder of the setting.
    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// The folder that names are relative to.
    fn root(&self) -> PathBuf {
        let joined = self.paths.joined();
        if joined.is_dir() {
            return joined;
        }
        // The part before the first wildcard.
        let fixed = joined.ancestors().skip(1).find(|at| !at.to_string_lossy().contains(['*', '?', '[', '{']));
        fixed.map_or_else(|| PathBuf::from("."), Path::to_owned)
    }
}

fn node(meta: &fs::Metadata) -> Node {
    Node { device: meta.dev(), inode: meta.ino() }
}

impl Folder for DiskFolder {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        let files = match self.paths.files() {
            Ok(files) => files,
            // Nothing there now: there may be later.
            Err(failure) if failure.exit == Exit::NothingLooked => Vec::new(),
            Err(_) if !self.paths.joined().exists() => Vec::new(),
            Err(failure) => return Err(io::Error::other(failure.what)),
        };
        let root = self.root();
        let mut entries = Vec::new();
        let name_of = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
        for path in &files {
            // Gone between the listing and the look: the next look has it.
            let Ok(meta) = fs::metadata(path) else { continue };
            if meta.is_file() {
                entries.push(Entry { name: name_of(path), node: node(&meta), bytes: meta.len(), aside: false });
            }
        }
        let only = self.paths.joined();
        if !only.is_dir()
            && let (Some(folder), Some(name)) = (only.parent(), only.file_name())
        {
            let stem = name.to_string_lossy().split(['*', '?', '[', '{']).next().unwrap_or_default().to_owned();
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let beside = !stem.is_empty() && name.to_string_lossy().starts_with(&stem) && !files.contains(&path);
                if beside
                    && let Ok(meta) = entry.metadata()
                    && meta.is_file()
                {
                    entries.push(Entry { name: name_of(&path), node: node(&meta), bytes: meta.len(), aside: true });
                }
            }
        }
        Ok(entries)
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Opened>> {
        let file = File::open(self.path(name))?;
        let node = node(&file.metadata()?);
        Ok(Box::new(DiskFile { file, node }))
    }
}

struct DiskFile {
    file: File,
    node: Node,
}

impl Opened for DiskFile {
    fn node(&self) -> Node {
        self.node
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(into, offset)
    }
}
