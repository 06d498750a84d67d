//! Lines of `authorized_keys` as bytes: found, taken out and put back, with all others left as they are.
//!
//! Such a file may be anything: binary, without an end to its last line, with the ends of another system.
//! sshd reads it line by line, and of a line what stands before a NUL; so do we.

use serde::{Deserialize, Serialize};
use sever_model::Zone;
use sha2::{Digest, Sha256};
use ssh_key::{HashAlg, PublicKey};

use super::line::{self, Key, Options};
use super::place::begins_with_key;

/// Digits of a digest that are enough to know a line again.
const ANCHOR_CHARS: usize = 16;

/// A line that was taken out, and where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// Its number, from 0.
    pub(crate) at: usize,
    /// The beginning of the digest of the line before it; empty for the first.
    pub(crate) after: String,
    /// The line with its end, in base64.
    pub(crate) line: String,
}

impl Taken {
    /// A line and where it is.
    pub(crate) fn of(at: usize, before: &[u8], line: &[u8]) -> Taken {
        use base64::Engine as _;
        Taken { at, after: anchor(before), line: base64::prelude::BASE64_STANDARD.encode(line) }
    }
}

/// What a line is.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    /// A key, and itself without what stands before and after it.
    Key { key: Box<Key>, public: String },
    /// Blank, or a comment.
    Nothing,
    /// Nothing that we can read.
    Unreadable,
}

/// The lines of a file, each with its end.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// Reads a line as sshd does.
pub(crate) fn read(line: &[u8]) -> Read {
    let end = memchr::memchr(0, line).unwrap_or(line.len());
    let text = String::from_utf8_lossy(line.get(..end).unwrap_or_default());
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Read::Nothing;
    }
    let Some(public) = public(text) else { return Read::Unreadable };
    match line::key(text, &Zone::UTC) {
        Ok(Some(key)) => Read::Key { key: Box::new(key), public },
        // A key whose options we cannot read may still open: it counts as one with every limit.
        _ => match PublicKey::from_openssh(&public) {
            Ok(key) => Read::Key {
                key: Box::new(Key {
                    fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
                    comment: String::new(),
                    on_hardware: false,
                    options: Options {
                        is_limited: true,
                        is_from_some: true,
                        is_forced: true,
                        sets_environment: true,
                        ..Options::default()
                    },
                }),
                public,
            },
            Err(_) => Read::Unreadable,
        },
    }
}

/// The kind of key and the key, without options and comment. Where sshd's rules say that there is none, what
/// first reads as one.
fn public(text: &str) -> Option<String> {
    let first = |text: &str| {
        let mut words = text.split_ascii_whitespace();
        let pair = format!("{} {}", words.next()?, words.next()?);
        PublicKey::from_openssh(&pair).is_ok().then_some(pair)
    };
    if let Some(found) = line::split_options(text).ok().and_then(|(_, rest)| first(rest)) {
        return Some(found);
    }
    let starts = text.match_indices(char::is_whitespace).map(|(at, space)| at + space.len());
    starts.filter_map(|at| text.get(at..)).find(|rest| begins_with_key(rest.as_bytes())).and_then(first)
}

/// Whether a line lets in whoever has the key of this fingerprint.
pub(crate) fn carries(line: &[u8], fingerprint: &str) -> bool {
    matches!(read(line), Read::Key { key, .. } if key.fingerprint == fingerprint)
}

/// A file without some of its lines, and those.
pub(crate) fn without(bytes: &[u8], is_gone: impl Fn(&[u8]) -> bool) -> (Vec<u8>, Vec<Taken>) {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut taken = Vec::new();
    let mut before: &[u8] = b"";
    for (at, line) in lines(bytes).enumerate() {
        if is_gone(line) {
            taken.push(Taken::of(at, before, line));
        } else {
            kept.extend_from_slice(line);
        }
        before = line;
    }
    (kept, taken)
}

/// A file with lines back where they were: after the line they stood after, else at their number. None where
/// all of them are there already, or one does not read.
pub(crate) fn with_back(bytes: &[u8], taken: &[Taken]) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let mut now: Vec<Vec<u8>> = lines(bytes).map(<[u8]>::to_vec).collect();
    let mut changed = false;
    for lost in taken {
        let line = base64::prelude::BASE64_STANDARD.decode(&lost.line).ok()?;
        if now.iter().any(|there| there.trim_ascii_end() == line.trim_ascii_end()) {
            continue;
        }
        let is_anchor = |there: &Vec<u8>| anchor(there) == lost.after;
        let same = lost.at.checked_sub(1).map_or(lost.after.is_empty(), |at| now.get(at).is_some_and(is_anchor));
        let anchored = now.iter().position(is_anchor).filter(|_| !same);
        let at = anchored.map_or(lost.at, |before| before + 1).min(now.len());
        // Only the last line of a file may lack its end.
        if let Some(before) = at.checked_sub(1).and_then(|before| now.get_mut(before))
            && !before.ends_with(b"\n")
        {
            before.push(b'\n');
        }
        let mut line = line;
        if at < now.len() && !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        now.insert(at, line);
        changed = true;
    }
    changed.then(|| now.concat())
}

/// A digest as the hosts' `sha256sum` prints it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn anchor(line: &[u8]) -> String {
    if line.is_empty() { String::new() } else { digest(line).chars().take(ANCHOR_CHARS).collect() }
}

#[cfg(test)]
mod tests;
