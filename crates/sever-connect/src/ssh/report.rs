//! What a host says of itself, read from the answers of the fixed commands. All of it is hostile: a leaver
//! with root may have written any of it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

/// What sshd is told, and who is there.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// What `sshd -T` says, by its words in small letters.
    pub(crate) words: BTreeMap<String, Vec<String>>,
    /// Whether the configuration treats some connections otherwise.
    pub(crate) has_match: bool,
    /// Whether it does so by where they come from.
    pub(crate) weighs_address: bool,
    /// As whom we asked.
    pub(crate) is_root: bool,
    /// Users and their homes.
    pub(crate) users: BTreeMap<String, String>,
}

/// A process of sshd that serves somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) pid: u32,
    /// The tick since the host's start at which it began.
    pub(crate) begun: u64,
    pub(crate) user: String,
    /// Whether it serves our own question.
    pub(crate) is_ours: bool,
}

/// Reads the answer to [`super::remote::SETTINGS`]; none where it breaks off.
pub(crate) fn settings(answer: &[u8]) -> Option<Settings> {
    let text = String::from_utf8_lossy(answer);
    let mut said = Settings::default();
    let mut ended = false;
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "set" => {
                let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
                said.words.entry(word.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
            }
            "match" => said.has_match = true,
            "match-address" => said.weighs_address = true,
            "uid" => said.is_root = rest.trim() == "0",
            "user" => {
                // NAME:UID:HOME:SHELL
                let fields: Vec<&str> = rest.split(':').collect();
                if let [name, _, home, _] = fields.as_slice()
                    && !name.is_empty()
                {
                    said.users.insert((*name).to_owned(), (*home).to_owned());
                }
            }
            "end" => ended = true,
            _ => {}
        }
    }
    let by_place = ["allowusers", "denyusers"].iter().filter_map(|word| said.words.get(*word)).flatten();
    said.weighs_address |= by_place.into_iter().any(|users| users.contains('@'));
    ended.then_some(said)
}

impl Settings {
    /// A word of its; none where it is `none` or not there.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        let value = self.words.get(name)?.first()?;
        Some(value.as_str()).filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("none"))
    }

    /// The files that a pattern of sshd_config(5) stands for, each with the user it opens; one that is the
    /// same for all opens everybody, `*`.
    pub(crate) fn files(&self, word: &str) -> BTreeSet<(String, String)> {
        let mut files = BTreeSet::new();
        for pattern in self.word(word).unwrap_or_default().split_whitespace() {
            if pattern.starts_with('/') && !pattern.replace("%%", "").contains('%') {
                files.insert((pattern.replace("%%", "%"), "*".to_owned()));
                continue;
            }
            for (user, home) in &self.users {
                let path = expanded(pattern, user, home);
                let path = if path.starts_with('/') { path } else { format!("{home}/{path}") };
                files.insert((path, user.clone()));
            }
        }
        files.retain(|(path, _)| !path.contains(['\n', '\0']));
        files
    }
}

/// A pattern with `%h`, `%u` and `%%` replaced.
fn expanded(pattern: &str, user: &str, home: &str) -> String {
    let mut said = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '%' { letters.next() } else { None }) {
            ('%', Some('h')) => said.push_str(home),
            ('%', Some('u')) => said.push_str(user),
            ('%', Some('%')) => said.push('%'),
            ('%', Some(other)) => said.extend(['%', other]),
            (letter, _) => said.push(letter),
        }
    }
    said
}

/// Files of a host.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Files {
    /// Whether root read them: to others a file that they may not see is not there.
    pub(crate) is_root: bool,
    /// Contents, by the number of the line that asked.
    pub(crate) contents: Vec<(usize, Vec<u8>)>,
}

/// Reads the answer to [`super::remote::FILES`]; none where it breaks off.
pub(crate) fn files(answer: &[u8]) -> Option<Files> {
    let mut found = Files::default();
    let mut ended = false;
    for line in answer.split(|byte| *byte == b'\n') {
        ended |= line == b"end";
        found.is_root |= line == b"uid 0";
        let Some(rest) = line.strip_prefix(b"file ") else { continue };
        let mut parts = rest.splitn(2, |byte| *byte == b' ');
        let number = std::str::from_utf8(parts.next().unwrap_or_default()).ok()?.parse().ok()?;
        let content = base64::prelude::BASE64_STANDARD.decode(parts.next().unwrap_or_default().trim_ascii()).ok()?;
        found.contents.push((number, content));
    }
    ended.then_some(found)
}

/// Reads the answer to [`super::remote::LIVE`]; none where it breaks off.
///
/// Only root's own processes name whom they serve, for anybody can call a process of theirs `sshd`; and
/// one with a child called `[net]` has let nobody in yet.
pub(crate) fn served(answer: &[u8]) -> Option<Vec<Live>> {
    let text = String::from_utf8_lossy(answer);
    let mut said: Vec<Live> = Vec::new();
    let (mut ours, mut knocking) = (BTreeSet::new(), BTreeSet::new());
    let mut ended = false;
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "ours" => ours.extend(rest.trim().parse::<u32>()),
            "end" => ended = true,
            "live" => {
                let fields: Vec<&str> = rest.splitn(5, ' ').collect();
                let [pid, parent, uid, begun, title] = fields.as_slice() else { continue };
                let title = title.trim();
                if let (true, Ok(parent)) = (title.ends_with(" [net]"), parent.parse::<u32>()) {
                    knocking.insert(parent);
                }
                let user = title.strip_suffix(" [priv]").or_else(|| own_session(title));
                let (Some(user), Ok(pid), Ok(begun), "0") = (user, pid.parse(), begun.parse(), *uid) else { continue };
                said.push(Live { pid, begun, user: user.to_owned(), is_ours: false });
            }
            _ => {}
        }
    }
    said.retain(|live| !knocking.contains(&live.pid));
    said.iter_mut().for_each(|live| live.is_ours = ours.contains(&live.pid));
    said.sort_by_key(|live| (live.pid, live.begun));
    ended.then_some(said)
}

/// Whom a process without a monitor serves: root, whose connections have none.
fn own_session(title: &str) -> Option<&str> {
    let (user, place) = title.rsplit_once('@')?;
    (place == "notty" || place.starts_with("pts/") || place.starts_with("internal-sftp")).then_some(user)
}

#[cfg(test)]
mod tests;
