//! Knocks: a record of every try of a door, kept so that the judge knows our own traces in the logs.
//!
//! A file of the data directory, `knocks.jsonl`, that is added to: a line before a try and one after, so
//! that a try that was killed is known of. It is written from the threads that try doors, beside the
//! journal, which is the case's own. A line that was cut off is none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sever_model::Knock;

use crate::StoreError;

/// The file, in the data directory.
const FILE: &str = "knocks.jsonl";

/// The record, for adding to.
#[derive(Debug)]
pub struct KnockLog {
    file: Mutex<File>,
}

impl KnockLog {
    /// Opens the record of a data directory, which is made on first use, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(data_dir: &Path) -> Result<KnockLog, StoreError> {
        let path = data_dir.join(FILE);
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let begun = options.open(&path).and_then(|mut file| {
            // A line that broke off is ended first, so that it spoils no other.
            let mut last = [b'\n'];
            if file.metadata()?.len() > 0 {
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
            }
            if last != [b'\n'] {
                file.write_all(b"\n")?;
            }
            Ok(file)
        });
        Ok(KnockLog { file: Mutex::new(begun.map_err(|error| StoreError::File { path, error })?) })
    }

    /// Adds what is known of a try now.
    ///
    /// # Errors
    /// When it may not be written.
    pub fn add(&self, knock: &Knock) -> io::Result<()> {
        let line = format!("{}\n", serde_json::to_string(knock)?);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())
    }
}

/// Every try that is recorded, in the order in which they began.
///
/// # Errors
/// When the file cannot be read.
pub fn knocks(data_dir: &Path) -> Result<Vec<Knock>, StoreError> {
    let mut knocks: std::collections::BTreeMap<_, Knock> = std::collections::BTreeMap::new();
    for line in read(&data_dir.join(FILE))?.lines() {
        let Ok(knock) = serde_json::from_str::<Knock>(line) else { continue };
        knocks.insert((knock.began, knock.door.clone(), knock.nonce.clone()), knock);
    }
    Ok(knocks.into_values().collect())
}

/// Keeps only some of them; how many went.
///
/// # Errors
/// When the file cannot be used: then all of them are still there.
pub fn retain_knocks(data_dir: &Path, keep: impl Fn(&Knock) -> bool) -> Result<u64, StoreError> {
    let path = data_dir.join(FILE);
    let all = knocks(data_dir)?;
    let kept: Vec<&Knock> = all.iter().filter(|knock| keep(knock)).collect();
    let gone = (all.len() - kept.len()) as u64;
    if gone > 0 {
        let mut text = String::new();
        for knock in kept {
            let line = serde_json::to_string(knock).map_err(|error| StoreError::Damaged(error.to_string()))?;
            text.push_str(&line);
            text.push('\n');
        }
        replace(&path, text.as_bytes()).map_err(|error| StoreError::File { path, error })?;
    }
    Ok(gone)
}

fn read(path: &Path) -> Result<String, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(StoreError::File { path: path.to_owned(), error }),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside: PathBuf = path.with_extension("jsonl.new");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use sever_model::{Door, DoorKind, Knock, WallTime};

    use super::*;

    fn knock(native: &str, secs: i64) -> Knock {
        let mut door = Door::new(&"own".into(), DoorKind::Login, native);
        door.account = Some(format!("own/{native}").as_str().into());
        Knock::begin(&door, &format!("severance-abc-{native}"), Some("192.0.2.7".to_owned()), WallTime::from_secs(secs))
    }

    #[test]
    fn a_try_is_known_of_before_and_after() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(knocks(dir.path()).unwrap(), []);
        let log = KnockLog::open(dir.path()).unwrap();
        let (killed, mut ended) = (knock("bob", 10), knock("eve", 20));
        log.add(&killed).unwrap();
        log.add(&ended).unwrap();
        ended.ended = Some(WallTime::from_secs(21));
        log.add(&ended).unwrap();
        assert_eq!(knocks(dir.path()).unwrap(), [killed.clone(), ended.clone()]);
        // A line that broke off spoils no other.
        let path = dir.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"door\":\"own/lo")).unwrap();
        let last = knock("ann", 30);
        KnockLog::open(dir.path()).unwrap().add(&last).unwrap();
        assert_eq!(knocks(dir.path()).unwrap(), [killed, ended.clone(), last]);
        let gone = retain_knocks(dir.path(), |knock| knock.door == ended.door).unwrap();
        assert_eq!((gone, knocks(dir.path()).unwrap()), (2, vec![ended]));
    }
}
