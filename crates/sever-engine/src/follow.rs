//! Follows the files of one log as they grow, rotate, are truncated, copied and compressed.
//!
//! A file is its content, not its name: what it begins with and a digest of all that was read of it
//! say whether a file that turns up is a new one, the same under another name, the copy that
//! `copytruncate` leaves behind, the compressed form of one that was read, or a repetition of what was
//! judged already. So a follower that was stopped finds its place again wherever the log has gone.
//!
//! ```text
//!   listing ─► node known and open ──────────────────► the same file, perhaps under another name
//!          └─► else its content is compared ─► begins with all that was read of K:
//!              │                                 K is open elsewhere ─► a repetition: told, not read
//!              │                                 else ────────────────► K, read on from where it was left
//!              └─────────────────────────────────────► a new file
//! ```
//!
//! What is handed out is decompressed. A file ends once it has lost its name (renamed, removed, cut)
//! or is compressed, and nothing has come for [`Patience::linger`]; a file under its first name never
//! ends. One that grows after its end is taken up again.
//!
//! Nothing here touches a disk or a clock: files come by [`Folder`], the moment as the time since the
//! follower began, which never jumps. Of a file whose unread end vanished it is told how much is lost
//! at least; what came and went between two looks cannot be known.

mod content;
mod look;
mod mark;
#[cfg(test)]
pub(crate) mod pretend;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use content::Content;
pub use mark::Mark;
#[cfg(test)]
pub(crate) use mark::digest_of;

/// Which file of a machine: it keeps this through renaming, and gives it up when it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Node {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
}

/// A file as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, by which it is opened.
    pub name: String,
    /// Which file it is.
    pub node: Node,
    /// Its size.
    pub bytes: u64,
    /// Whether it is none that is followed, but may be what became of one that was.
    pub aside: bool,
}

/// Where the files of a log are.
pub trait Folder {
    /// The files there now, in the order of names.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn list(&mut self) -> io::Result<Vec<Entry>>;

    /// Opens one of them.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn Opened>>;
}

/// An open file; it stays readable when its name is gone.
pub trait Opened {
    /// Which file it is.
    fn node(&self) -> Node;

    /// Its size now.
    ///
    /// # Errors
    /// When it cannot be told.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads from an offset; nothing at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
}

/// How long a follower waits before it concludes something.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// So long must a file that has lost its name be quiet to be at its end, and so long is the rest of
    /// one that was cut looked for.
    pub linger: Duration,
    /// So long a new file may be too short to be told from a copy that is being written.
    pub fresh: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { linger: Duration::from_secs(10), fresh: Duration::from_millis(300) }
    }
}

/// Files that a follower remembers, so that none is judged twice.
pub const FILES_MAX: usize = 100_000;

/// Something about files that their reader, or people, should know. Files go by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A new file is followed.
    Began(usize),
    /// A file that a saved state knew was found: it is read again from its beginning.
    Found(usize),
    /// A file that had ended has grown: it is read again from its beginning.
    Reopened(usize),
    /// The rest of a file that was cut is read on in its copy.
    Continued(usize),
    /// A file was cut to nothing, or written anew, after so many bytes had been read of it.
    Cut(usize, u64),
    /// What a file has is what another had: it is not read.
    Repeats {
        /// The file's name.
        name: String,
        /// The other.
        of: usize,
        /// How much of it.
        bytes: u64,
    },
    /// A file has ended.
    Ended(usize),
    /// A file that is gone had at least so many bytes that were never read.
    Lost(usize, u64),
    /// A file that a saved state knew is nowhere: whether it had more cannot be told.
    Missing(usize),
    /// A compressed file is damaged: its reading stopped.
    Damaged(usize, String),
    /// A file cannot be opened or read.
    Unreadable(String, String),
    /// A file that repeated another has gone its own way after so many bytes: it is read from its
    /// beginning, and what begins before that has been judged.
    Diverged(usize, u64),
    /// A file is not followed: there have been [`FILES_MAX`].
    TooMany(String),
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now; there may be more.
    Nothing,
    /// Nothing, ever.
    End,
}

/// One file that is, or was, followed.
struct File {
    mark: Mark,
    content: Option<Content>,
    state: State,
    /// Whether it was cut while it was being read again: then its reader has less than its mark is of.
    again: bool,
    /// When something last came, or its fate last changed.
    moved: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Known from a saved state, not yet found.
    Sought,
    /// Open, under the name it began with.
    Open,
    /// Open, renamed or removed.
    Left,
    /// Cut; its copy is looked for. At least so many bytes had not been read.
    Cut(u64),
    /// At its end.
    Ended,
}

/// A file that turned up and is not yet understood, or that repeats another.
struct Candidate {
    since: Duration,
    grown: Duration,
    bytes: u64,
    /// What it was found to repeat.
    repeats: Option<Repeated>,
}

/// What a file has of another that is open.
#[derive(Debug, Clone, Copy)]
struct Repeated {
    of: usize,
    /// How much of it, and whether it has more than that.
    bytes: u64,
    more: bool,
    told: bool,
}

/// The files of one log.
pub struct Follower {
    folder: Box<dyn Folder>,
    patience: Patience,
    files: Vec<File>,
    by_node: HashMap<Node, usize>,
    candidates: HashMap<Node, Candidate>,
    /// Files that are not open, by how much their head is of and its digest.
    heads: BTreeMap<usize, HashMap<String, Vec<usize>>>,
    /// Whether something may yet turn out to be a file that is sought.
    undecided: bool,
    told: Vec<Told>,
}

impl Follower {
    /// Of a folder of which nothing has been read.
    pub fn new(folder: Box<dyn Folder>, patience: Patience) -> Follower {
        Follower {
            folder,
            patience,
            files: Vec::new(),
            by_node: HashMap::new(),
            candidates: HashMap::new(),
            heads: BTreeMap::new(),
            undecided: false,
            told: Vec::new(),
        }
    }

    /// Takes up what was read before; in a follower that has seen nothing yet. Files keep their numbers.
    pub fn resume(&mut self, marks: Vec<Mark>) {
        for mark in marks {
            let state = if mark.ended { State::Ended } else { State::Sought };
            let file = self.files.len();
            self.by_node.insert(mark.node, file);
            self.files.push(File { mark, content: None, state, again: false, moved: Duration::ZERO });
            self.index(file);
        }
    }

    /// How many files there have been.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there has been none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What was read of a file. One that is being read again is known by all that was read of it before.
    pub fn mark(&self, file: usize) -> Option<Mark> {
        self.files.get(file).map(|file| match &file.content {
            Some(content) if content.plain() >= file.mark.plain => content.mark(&file.mark),
            _ => file.mark.clone(),
        })
    }

    /// Bytes of a file, as stored, that have not been read.
    pub fn behind(&self, file: usize) -> u64 {
        self.files.get(file).and_then(|file| file.content.as_ref()).map_or(0, Content::behind)
    }

    /// Whether a file that was read before has not been found again yet.
    pub fn is_seeking(&self) -> bool {
        self.files.iter().any(|file| file.state == State::Sought)
    }

    /// Whether what became of a file may be found under a name that is not followed.
    fn is_missing_one(&self) -> bool {
        self.files.iter().any(|file| matches!(file.state, State::Sought | State::Cut(_)))
    }

    /// Whether there is a file of which it is not yet known whether it is a new one, or what it holds.
    pub fn is_unsure(&self) -> bool {
        let packed = |file: &File| file.content.as_ref().is_some_and(|it| it.is_packed() && !it.is_finished());
        self.candidates.values().any(|candidate| candidate.bytes > 0 && candidate.repeats.is_none())
            || self.files.iter().any(packed)
    }

    /// Says what is to be known since it was last asked.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Reads on in a file.
    pub fn read(&mut self, file: usize, at: Duration, into: &mut [u8]) -> Got {
        let Some(one) = self.files.get_mut(file) else { return Got::End };
        let Some(content) = &mut one.content else {
            return if one.state == State::Ended { Got::End } else { Got::Nothing };
        };
        match content.read(into) {
            Ok(content::Read::Bytes(count)) => {
                one.moved = at;
                Got::Bytes(count)
            }
            Ok(content::Read::Nothing) => self.quiet(file, at, into),
            Ok(content::Read::Cut { unread }) => {
                self.cut(file, at, unread);
                Got::Nothing
            }
            Err(error) => {
                let damaged = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
                let what = error.to_string();
                if damaged {
                    self.told.push(Told::Damaged(file, what));
                    return self.end(file);
                }
                let name = one.mark.name.clone();
                if content.fails_anew() {
                    self.told.push(Told::Unreadable(name, what));
                }
                Got::Nothing
            }
        }
    }

    /// A file was cut, or written anew: what is there now is another, and its rest is looked for.
    fn cut(&mut self, file: usize, at: Duration, unread: u64) {
        let Some(mark) = self.mark(file) else { return };
        let Some(one) = self.files.get_mut(file) else { return };
        one.again = one.content.as_ref().is_some_and(|content| content.plain() < mark.plain);
        self.by_node.remove(&mark.node);
        self.told.push(Told::Cut(file, mark.plain));
        one.mark = mark;
        (one.content, one.state, one.moved) = (None, State::Cut(unread), at);
        self.index(file);
        // What seemed to repeat it may be its copy.
        for candidate in self.candidates.values_mut() {
            candidate.repeats = candidate.repeats.filter(|repeated| repeated.of != file);
        }
    }

    /// Nothing has come of a file: it may be at its end.
    fn quiet(&mut self, file: usize, at: Duration, into: &mut [u8]) -> Got {
        let Patience { linger, fresh } = self.patience;
        let Some(one) = self.files.get_mut(file) else { return Got::End };
        let Some(content) = &mut one.content else { return Got::Nothing };
        let may_end = one.state == State::Left || content.is_packed();
        let quiet = at.saturating_sub(one.moved);
        let soon = |content: &mut Content| {
            content.is_finished() || (content.is_packed() && quiet >= fresh && content.is_whole())
        };
        if !may_end || (quiet < linger && !soon(content)) {
            return Got::Nothing;
        }
        match content.finish(into) {
            Ok(0) => self.end(file),
            Ok(count) => Got::Bytes(count),
            Err(error) => {
                self.told.push(Told::Damaged(file, error.to_string()));
                self.end(file)
            }
        }
    }

    fn end(&mut self, file: usize) -> Got {
        if let Some(one) = self.files.get_mut(file) {
            if let Some(content) = one.content.take() {
                one.mark = content.mark(&one.mark);
            }
            one.mark.ended = true;
            one.state = State::Ended;
            self.told.push(Told::Ended(file));
            self.index(file);
        }
        Got::End
    }

    /// Makes a file that is not open be found by its head.
    fn index(&mut self, file: usize) {
        let Some(one) = self.files.get(file) else { return };
        let same = self.heads.entry(one.mark.head_bytes).or_default().entry(one.mark.head.clone()).or_default();
        if !same.contains(&file) {
            same.push(file);
        }
    }
}
