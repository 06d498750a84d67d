//! What a listing says: which files are new, renamed, gone, copies or repetitions.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use super::content::{Content, Read};
use super::mark::{HEAD_BYTES, Mark};
use super::{Candidate, Entry, FILES_MAX, File, Follower, Node, Repeated, State, Told};

/// What a file that turned up is.
enum Found {
    /// Not to be told yet.
    Undecided,
    /// None that was known.
    New,
    /// It begins with all that was read of this one, and stands behind it.
    Of(usize, Box<Content>),
    /// It is quiet, and shorter than this one, which begins like it.
    PartOf(usize),
}

/// What is to be done about a file that repeats another.
enum Still {
    /// Nothing.
    Waits,
    /// The other has gone on: it is to be compared again.
    Ask,
    /// It has more than the other, and the other does not go on.
    Diverged,
}

impl Follower {
    /// Looks at what files there are now.
    ///
    /// # Errors
    /// When they cannot be listed; those that are open can still be read.
    pub fn look(&mut self, at: Duration) -> io::Result<()> {
        let entries = self.folder.list()?;
        let listed: HashSet<Node> = entries.iter().map(|entry| entry.node).collect();
        self.names(&entries, &listed);
        // Its reader may not come to it for a while, and what is there now must not be taken for it.
        for file in 0..self.files.len() {
            let content = self.files.get_mut(file).and_then(|one| one.content.as_mut());
            if let Some(Ok(Some(unread))) = content.map(Content::cut) {
                self.cut(file, at, unread);
            }
        }
        let missing = self.is_missing_one();
        let wanted: HashSet<Node> = entries.iter().filter(|it| !it.aside || missing).map(|it| it.node).collect();
        self.candidates.retain(|node, _| wanted.contains(node));
        self.undecided = false;
        for entry in &entries {
            if !self.is_known(entry) && (!entry.aside || missing) {
                self.candidate(entry, &listed, at);
            }
        }
        self.give_up(at);
        Ok(())
    }

    /// Notes under which names the open files stand.
    fn names(&mut self, entries: &[Entry], listed: &HashSet<Node>) {
        for entry in entries {
            let Some(file) = self.by_node.get(&entry.node).and_then(|file| self.files.get_mut(*file)) else { continue };
            if file.content.is_some() {
                file.mark.name.clone_from(&entry.name);
                file.state = if entry.name == file.mark.first_name { State::Open } else { State::Left };
            }
        }
        for file in self.files.iter_mut().filter(|file| file.content.is_some()) {
            if !listed.contains(&file.mark.node) {
                file.state = State::Left;
            }
        }
    }

    fn is_known(&self, entry: &Entry) -> bool {
        let Some(file) = self.by_node.get(&entry.node).and_then(|file| self.files.get(*file)) else { return false };
        match file.state {
            State::Open | State::Left => true,
            State::Ended => file.mark.stored == entry.bytes,
            State::Sought | State::Cut(_) => false,
        }
    }

    /// Looks at a file whose content has to tell what it is.
    fn candidate(&mut self, entry: &Entry, listed: &HashSet<Node>, at: Duration) {
        let fresh = Candidate { since: at, grown: at, bytes: entry.bytes, repeats: None };
        let one = self.candidates.entry(entry.node).or_insert(fresh);
        if one.bytes != entry.bytes {
            (one.bytes, one.grown) = (entry.bytes, at);
        }
        if entry.bytes == 0 {
            return;
        }
        let (age, quiet) = (at.saturating_sub(one.since), at.saturating_sub(one.grown) >= self.patience.linger);
        if let Some(repeated) = one.repeats.filter(|_| one.grown != at) {
            match self.repeats_still(entry, repeated, listed, quiet) {
                Still::Waits => return,
                Still::Ask => {}
                Still::Diverged if entry.aside => return,
                Still::Diverged => return self.begin(entry, at),
            }
        }
        let found = match self.examine(entry, age, quiet) {
            Ok(found) => found,
            Err(error) => {
                if age == Duration::ZERO {
                    self.told.push(Told::Unreadable(entry.name.clone(), error.to_string()));
                }
                Found::Undecided
            }
        };
        match found {
            Found::Undecided => self.undecided = true,
            Found::New if entry.aside => drop(self.candidates.remove(&entry.node)),
            Found::New => self.begin(entry, at),
            Found::PartOf(file) => {
                self.repeats(entry, Repeated { of: file, bytes: entry.bytes, more: false, told: false }, listed)
            }
            Found::Of(file, content) => self.matched(entry, file, *content, listed, at),
        }
    }

    /// Compares a file's content with what was read of others.
    fn examine(&mut self, entry: &Entry, age: Duration, quiet: bool) -> io::Result<Found> {
        let Some(mut content) = self.opened(entry)? else { return Ok(Found::Undecided) };
        let mut into = vec![0; HEAD_BYTES];
        let mut damaged = false;
        while content.head().len() < HEAD_BYTES {
            match content.read(&mut into)? {
                Read::Bytes(_) => {}
                Read::Cut { .. } => return Ok(Found::Undecided),
                Read::Nothing if content.is_packed() => match content.finish(&mut into) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(_) => {
                        damaged = true;
                        break;
                    }
                },
                Read::Nothing => break,
            }
        }
        if damaged && !quiet {
            return Ok(Found::Undecided);
        }
        let head = content.head().to_vec();
        let mut part = None;
        let mut best: Option<(bool, u64, usize, Content)> = None;
        for (file, mark) in self.like(&head) {
            let Some(mut content) = self.opened(entry)? else { return Ok(Found::Undecided) };
            let wanted =
                matches!(self.files.get(file), Some(one) if matches!(one.state, State::Sought | State::Cut(_)));
            match content.begins_with(&mark)? {
                Some(true) if best.as_ref().is_none_or(|best| (best.0, best.1) < (wanted, mark.plain)) => {
                    best = Some((wanted, mark.plain, file, content));
                }
                Some(_) => {}
                None => part = Some((file, mark)),
            }
        }
        let part = match part {
            Some((file, mark)) if quiet => self.part_of(entry, &mark)?.then_some(file),
            part => part.map(|(file, _)| file),
        };
        Ok(match (best, part) {
            (Some((.., file, content)), _) => Found::Of(file, Box::new(content)),
            (None, Some(file)) if quiet => Found::PartOf(file),
            (None, Some(_)) => Found::Undecided,
            (None, None) if age < self.patience.fresh && self.is_too_short(&head) => Found::Undecided,
            (None, None) => Found::New,
        })
    }

    /// The file that an entry names, unless another has taken its name meanwhile.
    fn opened(&mut self, entry: &Entry) -> io::Result<Option<Content>> {
        let opened = self.folder.open(&entry.name)?;
        Ok((opened.node() == entry.node).then(|| Content::new(opened)))
    }

    /// Files that begin as `head` does, as far as something was read of them.
    fn like(&self, head: &[u8]) -> Vec<(usize, Mark)> {
        let mut found = Vec::new();
        for (bytes, by_digest) in &self.heads {
            let Some(digest) = head.get(..*bytes).map(super::mark::digest_of) else { continue };
            found.extend(by_digest.get(&digest).into_iter().flatten().copied());
        }
        let open = self.files.iter().enumerate().filter(|(_, file)| {
            file.content.as_ref().is_some_and(|content| !content.head().is_empty() && head.starts_with(content.head()))
        });
        found.extend(open.map(|(file, _)| file));
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|file| Some((file, self.mark(file)?))).filter(|(_, mark)| mark.plain > 0).collect()
    }

    /// Whether more of a file must be there before it can be told from one that was read.
    fn is_too_short(&self, head: &[u8]) -> bool {
        let longest = self.heads.keys().next_back().copied().unwrap_or(0);
        let open = self.files.iter().filter_map(|file| file.content.as_ref()).map(|content| content.head().len());
        head.len() < open.fold(longest, usize::max)
    }

    /// Follows a file as a new one.
    fn begin(&mut self, entry: &Entry, at: Duration) {
        if self.files.len() >= FILES_MAX {
            self.told.push(Told::TooMany(entry.name.clone()));
            return;
        }
        let content = match self.opened(entry) {
            Ok(Some(content)) => content,
            Ok(None) => return,
            Err(error) => return self.told.push(Told::Unreadable(entry.name.clone(), error.to_string())),
        };
        let unread = |one: &File| one.state == State::Sought && one.mark.plain == 0 && one.mark.node == entry.node;
        if let Some(file) = self.files.iter().position(unread) {
            self.take_up(entry, file, Some(content), at);
            return self.told.push(Told::Found(file));
        }
        let file = self.files.len();
        let mark = Mark::new(&entry.name, entry.node);
        self.files.push(File { mark, content: Some(content), state: State::Open, again: false, moved: at });
        self.by_node.insert(entry.node, file);
        self.told.push(Told::Began(file));
        if let Some(repeated) = self.candidates.remove(&entry.node).and_then(|one| one.repeats) {
            self.told.push(Told::Diverged(file, repeated.bytes));
        }
    }

    /// A file has what was read of another, and perhaps more.
    fn matched(&mut self, entry: &Entry, file: usize, mut content: Content, listed: &HashSet<Node>, at: Duration) {
        let Some(one) = self.files.get(file) else { return };
        let (state, bytes) = (one.state, content.plain());
        let mut next = [0];
        let more = match content.read(&mut next) {
            Ok(Read::Bytes(_)) => true,
            Ok(Read::Nothing) if content.is_packed() => content.finish(&mut next).is_ok_and(|count| count > 0),
            _ => false,
        };
        let repeated = Repeated { of: file, bytes, more, told: false };
        match state {
            State::Open | State::Left => self.repeats(entry, repeated, listed),
            State::Ended => {
                if more {
                    self.take_up(entry, file, None, at);
                    self.told.push(Told::Reopened(file));
                } else {
                    self.repeats(entry, repeated, listed);
                }
            }
            State::Sought => {
                self.take_up(entry, file, None, at);
                self.told.push(Told::Found(file));
            }
            State::Cut(_) if one.again => {
                self.take_up(entry, file, None, at);
                self.told.push(Told::Reopened(file));
            }
            State::Cut(_) => {
                let Ok(Some(mut content)) = self.opened(entry) else { return };
                let mark = self.files.get(file).map(|one| one.mark.clone());
                if mark.is_some_and(|mark| content.begins_with(&mark).is_ok_and(|same| same == Some(true))) {
                    self.take_up(entry, file, Some(content), at);
                    self.told.push(Told::Continued(file));
                }
            }
        }
    }

    /// Reads a known file on, where it is now: from its beginning, or in a content that stands where
    /// its reading stopped.
    fn take_up(&mut self, entry: &Entry, file: usize, content: Option<Content>, at: Duration) {
        let content = match content.map_or_else(|| self.opened(entry), |content| Ok(Some(content))) {
            Ok(Some(content)) => content,
            Ok(None) => return,
            Err(error) => return self.told.push(Told::Unreadable(entry.name.clone(), error.to_string())),
        };
        let Some(one) = self.files.get_mut(file) else { return };
        one.mark.name.clone_from(&entry.name);
        (one.mark.node, one.mark.ended) = (entry.node, false);
        one.state = if entry.name == one.mark.first_name { State::Open } else { State::Left };
        (one.content, one.moved) = (Some(content), at);
        self.by_node.insert(entry.node, file);
        self.candidates.remove(&entry.node);
        for files in self.heads.values_mut().flat_map(|by_digest| by_digest.values_mut()) {
            files.retain(|other| *other != file);
        }
    }

    /// A file has what another had. Where that one is gone, this is what became of it.
    fn repeats(&mut self, entry: &Entry, repeated: Repeated, listed: &HashSet<Node>) {
        let Some(one) = self.files.get_mut(repeated.of) else { return };
        let gone = !listed.contains(&one.mark.node) || one.mark.node == entry.node;
        if gone && one.state == State::Ended {
            one.mark.name.clone_from(&entry.name);
            (one.mark.node, one.mark.stored) = (entry.node, entry.bytes);
            self.by_node.insert(entry.node, repeated.of);
            self.candidates.remove(&entry.node);
        } else if let Some(candidate) = self.candidates.get_mut(&entry.node) {
            let told = candidate.repeats.is_some_and(|before| before.told);
            candidate.repeats = Some(Repeated { told, ..repeated });
        }
    }

    /// Whether a file that repeats another and has not grown is to be looked at again.
    fn repeats_still(&mut self, entry: &Entry, repeated: Repeated, listed: &HashSet<Node>, quiet: bool) -> Still {
        let Some(one) = self.files.get(repeated.of) else { return Still::Ask };
        let gone = !listed.contains(&one.mark.node);
        let read = one.content.as_ref().map_or(one.mark.plain, Content::plain);
        if repeated.more {
            return match (read > repeated.bytes, quiet) {
                (true, _) => Still::Ask,
                (false, true) => Still::Diverged,
                (false, false) => Still::Waits,
            };
        }
        if gone && one.state == State::Ended {
            return Still::Ask;
        }
        if quiet && !gone && !repeated.told {
            let (name, bytes) = (entry.name.clone(), repeated.bytes);
            self.told.push(Told::Repeats { name, of: repeated.of, bytes });
            if let Some(repeats) = self.candidates.get_mut(&entry.node).and_then(|one| one.repeats.as_mut()) {
                repeats.told = true;
            }
        }
        Still::Waits
    }

    /// Whether all of a file is the beginning of what a mark is of, as far as that can still be read.
    fn part_of(&mut self, entry: &Entry, mark: &Mark) -> io::Result<bool> {
        let Some(mut part) = self.opened(entry)? else { return Ok(true) };
        let (bytes, digest) = part.whole(u64::MAX)?;
        let other = Entry { name: mark.name.clone(), node: mark.node, bytes: 0, aside: true };
        match self.opened(&other) {
            Ok(Some(mut whole)) => Ok(whole.whole(bytes)? == (bytes, digest)),
            // It is gone: that they begin alike must do.
            Ok(None) | Err(_) => Ok(true),
        }
    }

    /// Stops looking for what has not turned up.
    fn give_up(&mut self, at: Duration) {
        if self.undecided {
            return;
        }
        let linger = self.patience.linger;
        for file in 0..self.files.len() {
            let Some(one) = self.files.get_mut(file) else { continue };
            let told = match one.state {
                State::Sought if at >= linger => Some(Told::Missing(file)),
                State::Cut(unread) if at.saturating_sub(one.moved) >= linger => {
                    (unread > 0).then_some(Told::Lost(file, unread))
                }
                _ => continue,
            };
            self.told.extend(told);
            self.end(file);
        }
    }
}
