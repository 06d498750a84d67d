//! An exported proof: files by name, in a folder or in one tar.
//!
//! `MANIFEST` is a signed note of the SHA-256 of every other file, in the form of `sha256sum`, so that
//! not a byte of a proof can change unseen, read me file included. A tar is read only if it is, byte for
//! byte, the one that would be written of what is in it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::digest::{Hash, hex, sha256, unhex};
use super::error::Flaw;
use super::note::{Note, NoteKey};
use super::signer::LogKey;

/// The manifest's name.
pub(crate) const MANIFEST: &str = "MANIFEST";

/// The manifest's first line, which no checkpoint has.
const MANIFEST_HEAD: &str = "severance.dev/proof-manifest/v1";

/// The folder that a tar unpacks to.
const TOP: &str = "proof/";

/// The most that is read of a proof, in bytes.
const BYTES_MAX: u64 = 2 << 30;

/// The most files that are read of a proof.
const FILES_MAX: usize = 2_000_000;

/// How deep its folders may be.
const DEPTH_MAX: usize = 12;

/// The files of a proof by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// A proof of these files, whatever they hold.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Bundle {
        Bundle { files }
    }

    /// Its files.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Reads a folder or a tar.
    ///
    /// # Errors
    /// When it cannot be read; what is wrong with a tar is a [`Flaw`].
    pub fn read(path: &Path) -> io::Result<Result<Bundle, Flaw>> {
        if path.is_dir() {
            return Bundle::read_folder(path).map(Ok);
        }
        let file = fs::File::open(path)?;
        if file.metadata()?.len() > BYTES_MAX {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(Bundle::untar(&bytes))
    }

    /// Writes a folder, or a tar where the name ends so. Nothing that is there is written over.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        if path.extension().is_some_and(|it| it == "tar") {
            let bytes = self.tar()?;
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
            io::Write::write_all(&mut file, &bytes)?;
            return file.sync_all();
        }
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the folder is not empty"));
        }
        for (name, bytes) in &self.files {
            let file = path.join(name);
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(file, bytes)?;
        }
        Ok(())
    }

    /// Reads what the manifest of a folder names; of other files only the names.
    fn read_folder(path: &Path) -> io::Result<Bundle> {
        let mut bundle = Bundle::default();
        let manifest = match fs::read(path.join(MANIFEST)) {
            Ok(manifest) => manifest,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(bundle),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&manifest);
        let named = text.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name);
        let named: HashSet<&str> = named.chain([MANIFEST, "log.vkey"]).collect();
        let mut budget = BYTES_MAX;
        bundle.walk(path, "", 0, &named, &mut budget)?;
        Ok(bundle)
    }

    fn walk(
        &mut self,
        path: &Path,
        prefix: &str,
        depth: usize,
        named: &HashSet<&str>,
        budget: &mut u64,
    ) -> io::Result<()> {
        if depth > DEPTH_MAX {
            return Err(too_large());
        }
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.walk(&entry.path(), &format!("{name}/"), depth + 1, named, budget)?;
            } else if kind.is_file() {
                let mut bytes = Vec::new();
                if named.contains(name.as_str()) {
                    *budget = budget.checked_sub(entry.metadata()?.len()).ok_or_else(too_large)?;
                    bytes = fs::read(entry.path())?;
                }
                if self.files.len() >= FILES_MAX {
                    return Err(too_large());
                }
                self.files.insert(name, bytes);
            }
        }
        Ok(())
    }

    /// One file of all, the same for the same files.
    pub(crate) fn tar(&self) -> io::Result<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, format!("{TOP}{name}"), bytes.as_slice())?;
        }
        builder.into_inner()
    }

    /// The proof in a tar.
    ///
    /// # Errors
    /// When it is not, byte for byte, what would be written of what is in it.
    pub fn untar(bytes: &[u8]) -> Result<Bundle, Flaw> {
        let flaw = |what: &str| Flaw::new("the archive", what);
        let mut bundle = Bundle::default();
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().map_err(|_| flaw("it is no tar"))?;
        for entry in entries {
            let mut entry = entry.map_err(|_| flaw("it is no tar"))?;
            let name = entry.path_bytes();
            let name = std::str::from_utf8(&name).ok().and_then(|name| name.strip_prefix(TOP));
            let name = name.ok_or_else(|| flaw("holds a file that is not in `proof/`"))?.to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|_| flaw("it is cut off"))?;
            if bundle.files.len() >= FILES_MAX || bundle.files.insert(name, content).is_some() {
                return Err(flaw("holds too many files, or one twice"));
            }
        }
        match bundle.tar() {
            Ok(again) if again == bytes => Ok(bundle),
            _ => Err(flaw("its headers or padding were changed")),
        }
    }

    /// Adds the manifest of all files that there are, signed.
    pub fn sign(&mut self, key: &LogKey) {
        self.files.remove(MANIFEST);
        let mut text = format!("{MANIFEST_HEAD}\n");
        for (name, bytes) in &self.files {
            text.push_str(&format!("{}  {name}\n", hex(&sha256(&[bytes]))));
        }
        self.files.insert(MANIFEST.to_owned(), key.note(&text).to_string().into_bytes());
    }

    /// A file of it.
    pub(crate) fn file(&self, name: &str) -> Result<&[u8], Flaw> {
        self.files.get(name).map(Vec::as_slice).ok_or_else(|| Flaw::new(name, "is missing"))
    }

    /// The names that its manifest vouches for, once every one of them was found unchanged.
    pub(crate) fn vouched(&self, key: &NoteKey) -> Result<Vec<String>, Flaw> {
        let flaw = |what: &str| Flaw::new(MANIFEST, what);
        let note = Note::parse(self.file(MANIFEST)?).map_err(flaw)?;
        // Nobody else's signature belongs here: what is not looked at could be changed.
        match (note.signed_by(key), note.signatures.len()) {
            (Some(true), 1) => {}
            (Some(false), _) => return Err(flaw("its signature does not verify")),
            _ => return Err(flaw("it is not signed by the log's key alone")),
        }
        let mut lines = note.text.lines();
        if lines.next() != Some(MANIFEST_HEAD) {
            return Err(flaw("it is no manifest of a proof"));
        }
        let mut names = Vec::new();
        for line in lines {
            let (hash, name) = line.split_once("  ").ok_or_else(|| flaw("a line names no file"))?;
            let hash: Hash = unhex(hash).ok_or_else(|| flaw("a line holds no SHA-256"))?;
            if sha256(&[self.file(name)?]) != hash {
                return Err(Flaw::new(name, "its content is not what the manifest says"));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "larger than a proof that is read")
}
