//! What others say of a checkpoint: a witness' cosignature, an authority's time stamp.
//!
//! ```text
//! anchors/<size>/
//!   checkpoint     the checkpoint that they are asked about, as the log signed it
//!   request.tsq    the request for a time stamp of that file (RFC 3161)
//!   response.tsr   the answer
//!   cosigned       the checkpoint with the signatures of witnesses
//! ```
//!
//! Files go out and come back; nothing here speaks to anybody. What is taken in was checked to be about
//! one of our checkpoints; whom to believe is for whoever checks the proof to say.

use std::path::{Path, PathBuf};

use super::disk::{RealDisk, replace};
use super::error::ProofError;
use super::note::Note;
use super::read::{LogReader, read, signed_head};
use super::stamp::{self, Stamp};

/// A request that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How many statements it is about.
    pub size: u64,
    /// The checkpoint, for a witness.
    pub checkpoint: PathBuf,
    /// The request, for a time stamp authority.
    pub request: PathBuf,
}

/// An answer that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A time stamp, whose authority nobody has vouched for yet.
    Stamped {
        /// How many statements it is about.
        size: u64,
        /// What it says.
        stamp: Stamp,
    },
    /// Cosignatures, of witnesses whose keys nobody has looked at yet.
    Cosigned {
        /// How many statements they are about.
        size: u64,
        /// The names that they are signed under.
        witnesses: Vec<String>,
    },
}

/// Writes what to ask others about the newest checkpoint.
///
/// # Errors
/// When the log is empty or the files cannot be written.
pub fn ask(reader: &LogReader) -> Result<Asked, ProofError> {
    let size = reader.checkpoint().size;
    if size == 0 {
        return Err(ProofError::Anchor("the log holds no statement yet".to_owned()));
    }
    let dir = reader.dir().join("anchors").join(size.to_string());
    let asked = Asked { size, checkpoint: dir.join("checkpoint"), request: dir.join("request.tsq") };
    let request = stamp::request(reader.checkpoint_bytes(), rand::random::<u64>() >> 1);
    let request = request.ok_or_else(|| ProofError::Anchor("the request has no DER form".to_owned()))?;
    // A request that was sent is kept, for its answer repeats its nonce.
    for (path, bytes) in [(&asked.checkpoint, reader.checkpoint_bytes()), (&asked.request, &request)] {
        if !path.exists() {
            put(path, bytes)?;
        }
    }
    Ok(asked)
}

/// Takes in a time stamp authority's answer to one of our requests.
///
/// # Errors
/// When it is no good answer to any of them.
pub fn take_stamp(reader: &LogReader, answer: &[u8]) -> Result<Answer, ProofError> {
    let mut why = "nothing was asked yet".to_owned();
    for size in sizes(reader.dir())? {
        let dir = reader.dir().join("anchors").join(size.to_string());
        let checkpoint = read(&dir.join("checkpoint"))?;
        match stamp::verify(answer, &checkpoint, &[]) {
            Ok(stamp) => {
                let asked = dir.join("request.tsq");
                let nonce = if asked.exists() { stamp::nonce_of_request(&read(&asked)?) } else { None };
                if nonce.is_some() && stamp::nonce_of_answer(answer) != nonce {
                    return Err(ProofError::Anchor("it answers another request (nonce)".to_owned()));
                }
                put(&dir.join("response.tsr"), answer)?;
                return Ok(Answer::Stamped { size, stamp });
            }
            Err(error) => why = error,
        }
    }
    Err(ProofError::Anchor(why))
}

/// Takes in a checkpoint of ours with signatures of witnesses on it.
///
/// # Errors
/// When it is none of our checkpoints, or nobody else signed it.
pub fn take_cosigned(reader: &LogReader, bytes: &[u8]) -> Result<Answer, ProofError> {
    let refused = |what: &str| ProofError::Anchor(what.to_owned());
    let note = Note::parse(bytes).map_err(refused)?;
    let checkpoint = signed_head(bytes, reader.key()).map_err(refused)?;
    let size = checkpoint.size;
    let dir = reader.dir().join("anchors").join(size.to_string());
    let asked = dir.join("checkpoint");
    if !asked.exists() || signed_head(&read(&asked)?, reader.key()).map_err(refused)? != checkpoint {
        return Err(ProofError::Anchor(format!("no checkpoint of {size} statements was given out")));
    }
    let others = note.signatures.iter().filter(|it| it.name != reader.key().name);
    let witnesses: Vec<String> = others.map(|it| it.name.clone()).collect();
    if witnesses.is_empty() {
        return Err(refused("nobody but the log signed it"));
    }
    put(&dir.join("cosigned"), bytes)?;
    Ok(Answer::Cosigned { size, witnesses })
}

/// The sizes of the checkpoints that others answered about, the newest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn anchored_sizes(reader: &LogReader) -> Result<Vec<u64>, ProofError> {
    let mut sizes = sizes(reader.dir())?;
    let answered = |size: &u64| {
        let dir = reader.dir().join("anchors").join(size.to_string());
        dir.join("response.tsr").exists() || dir.join("cosigned").exists()
    };
    sizes.retain(answered);
    Ok(sizes)
}

/// The files of all answers, by their names below the log's folder.
pub(crate) fn files(dir: &Path) -> Result<Vec<(String, Vec<u8>)>, ProofError> {
    let mut files = Vec::new();
    for size in sizes(dir)? {
        let of = |name: &str| format!("anchors/{size}/{name}");
        let answers: Vec<String> =
            ["response.tsr", "cosigned"].map(of).into_iter().filter(|it| dir.join(it).exists()).collect();
        if answers.is_empty() {
            continue;
        }
        for name in answers.into_iter().chain([of("checkpoint")]) {
            let bytes = read(&dir.join(&name))?;
            files.push((name, bytes));
        }
    }
    Ok(files)
}

/// The sizes that others were asked about, the newest first.
fn sizes(dir: &Path) -> Result<Vec<u64>, ProofError> {
    let path = dir.join("anchors");
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ProofError::File { path, error }),
    };
    let mut sizes = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| ProofError::File { path: path.clone(), error })?;
        sizes.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sizes)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ProofError> {
    replace(&RealDisk, path, bytes).map_err(|error| ProofError::File { path: path.to_owned(), error })
}
