//! The doors of an account over all hosts: lines that carry their keys, certificates, live connections.
//!
//! Which keys are theirs: those in the account's own files, and the public halves that lie beside private
//! ones in its home. A key there whose comment names another account is somebody whom they let in: that line
//! is a door into their account, but the key is not looked for elsewhere, for it would lock out a colleague.
//! It is said as a gap where it opens more than its own.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, CredentialId, Door, DoorKind, DoorList, Listing};

use super::edit::{self, Read, Taken};
use super::hosts::{Host, is_user};
use super::line::{self, Key, Signed};
use super::report::{Live, Settings};
use super::site::{FILE_BYTES_MAX, Site};
use crate::row::counted;

/// What a host says.
pub(super) struct Seen {
    pub(super) settings: Settings,
    pub(super) lines: Vec<Line>,
    /// Fingerprints of keys whose public halves lie in the account's home.
    own: BTreeSet<String>,
    /// Certificates that lie there.
    pub(super) certificates: Vec<(String, Signed)>,
    /// Authorities that it trusts.
    pub(super) authorities: BTreeSet<String>,
    /// Users, and the names that a certificate for them may have; none where it must be the user's own.
    pub(super) principals: Option<BTreeMap<String, Principals>>,
    live: Vec<Live>,
    gaps: Vec<String>,
}

/// A file of principals: each name with the lines that have it.
#[derive(Default)]
pub(super) struct Principals {
    pub(super) path: String,
    pub(super) names: BTreeMap<String, Vec<Taken>>,
}

/// A line of a keys file.
pub(super) struct Line {
    pub(super) user: String,
    path: String,
    taken: Taken,
    pub(super) key: Key,
    public: String,
}

impl Doors for Site {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        if !is_user(login) {
            return Err(ActError::Refused("the login is not a name that a host could have".to_owned()));
        }
        let mut seen: Vec<(&Host, Seen)> = Vec::new();
        let mut gaps = Vec::new();
        let mut failed = None;
        for (host, answer) in self.each(|host| self.see(host, login, cx)) {
            match answer {
                Ok(said) => seen.push((host, said)),
                Err(error) => {
                    gaps.push(format!("{}: {error}: what opens there is not known", host.name));
                    failed.get_or_insert(error);
                }
            }
        }
        if let (Some(error), true) = (failed, seen.is_empty()) {
            return Err(error);
        }
        let mut found = Found { site: self, of, login, theirs: BTreeSet::new(), doors: BTreeMap::new(), gaps };
        found.keys(&seen);
        let issued = self.issued(&mut found.gaps)?;
        found.certificates(&seen, issued, cx.clock.now().as_event());
        found.live(&seen);
        let Found { doors, mut gaps, .. } = found;
        gaps.extend(seen.into_iter().flat_map(|(_, said)| said.gaps));
        let listing = if gaps.is_empty() { Listing::Complete } else { Listing::Partial };
        Ok(DoorList { doors: doors.into_values().collect(), listing, gaps })
    }
}

impl Site {
    /// Asks one host for all that matters.
    fn see(&self, host: &Host, login: &str, cx: &Cx<'_>) -> Result<Seen, ActError> {
        let settings = self.settings(host, login, cx.patience)?;
        let keys = settings.files("authorizedkeysfile");
        let principals = settings.files("authorizedprincipalsfile");
        let authorities = settings.files("trustedusercakeys");
        let homes = settings.users.get(login).map(|home| format!("{home}/.ssh"));
        let of = |word: &'static str| move |(path, user): &(String, String)| (word, path.clone(), user.clone());
        let mut asked: Vec<(&str, String, String)> = keys.iter().map(of("keys")).collect();
        asked.extend(principals.iter().map(of("principals")));
        asked.extend(authorities.iter().map(of("authorities")));
        asked.extend(homes.map(|home| ("home", home, login.to_owned())));
        let lines = asked.iter().map(|(word, path, _)| format!("{} {path}", if *word == "home" { 'd' } else { 'f' }));
        let files = self.files(host, &lines.collect::<Vec<_>>(), cx.patience)?;
        let mut live = self.served(host, cx.patience)?;
        live.retain(|live| !live.is_ours);
        let mut seen = Seen {
            lines: Vec::new(),
            own: BTreeSet::new(),
            certificates: Vec::new(),
            authorities: BTreeSet::new(),
            principals: settings.word("authorizedprincipalsfile").map(|_| BTreeMap::new()),
            live,
            gaps: gaps_of(host, &settings, files.is_root),
            settings,
        };
        for (number, content) in &files.contents {
            let Some((word, path, user)) = asked.get(*number) else { continue };
            if content.len() > FILE_BYTES_MAX {
                seen.gaps.push(format!(
                    "{}: `{path}` is longer than {FILE_BYTES_MAX} bytes: its end is not read",
                    host.name
                ));
            }
            seen.file(host, word, path, user, content, login);
        }
        Ok(seen)
    }
}

/// What a host's configuration keeps us from seeing.
fn gaps_of(host: &Host, settings: &Settings, is_root: bool) -> Vec<String> {
    let mut gaps = Vec::new();
    let mut gap = |what: String| gaps.push(format!("{}: {what}", host.name));
    if !is_root {
        gap("not asked as root: files of others are not seen; use root or `settings.sudo`".to_owned());
    }
    if settings.has_match {
        gap("its configuration has `Match`: what holds only for some connections is not seen".to_owned());
    }
    for word in ["authorizedkeyscommand", "authorizedprincipalscommand"] {
        if let Some(command) = settings.word(word) {
            gap(format!("the server asks `{}` too, whose answers are not seen", crate::row::shortened(command)));
        }
    }
    gaps
}

impl Seen {
    /// Takes in a file.
    fn file(&mut self, host: &Host, word: &str, path: &str, user: &str, content: &[u8], login: &str) {
        let mut unreadable = 0u64;
        let mut before: &[u8] = b"";
        for (at, text) in edit::lines(content).enumerate() {
            let taken = Taken::of(at, before, text);
            before = text;
            let lossy = || String::from_utf8_lossy(text).trim().to_owned();
            match word {
                "principals" => {
                    let line = lossy();
                    // Options may stand before a name.
                    let name = line.rsplit([' ', '\t']).next().unwrap_or_default();
                    if !name.is_empty() && !line.starts_with('#') {
                        let of = self.principals.get_or_insert_default().entry(user.to_owned()).or_default();
                        of.path = path.to_owned();
                        of.names.entry(name.to_owned()).or_default().push(taken);
                    }
                }
                "home" => match line::certificate(&lossy()) {
                    Ok(Some(signed)) => self.certificates.push((lossy(), signed)),
                    _ => self.own.extend(match edit::read(text) {
                        Read::Key { key, .. } => Some(key.fingerprint),
                        _ => None,
                    }),
                },
                _ => match edit::read(text) {
                    Read::Key { key, .. } if word == "authorities" => drop(self.authorities.insert(key.fingerprint)),
                    Read::Key { key, public } => {
                        let (user, path) = (user.to_owned(), path.to_owned());
                        self.lines.push(Line { user, path, taken, key: *key, public });
                    }
                    Read::Nothing => {}
                    Read::Unreadable => unreadable += 1,
                },
            }
        }
        if unreadable > 0 && (user == login || word == "authorities") {
            let lines = counted(unreadable, "line");
            self.gaps.push(format!("{}: {lines} of `{path}` cannot be read as keys", host.name));
        }
    }
}

/// What is found, as it is put together.
pub(super) struct Found<'a> {
    pub(super) site: &'a Site,
    pub(super) of: &'a AccountId,
    pub(super) login: &'a str,
    /// Fingerprints of their keys.
    pub(super) theirs: BTreeSet<String>,
    pub(super) doors: BTreeMap<String, Door>,
    pub(super) gaps: Vec<String>,
}

impl Found<'_> {
    /// Whether a comment names the account, somebody else who is known, or nobody.
    pub(super) fn named(&self, comment: &str, seen: &[(&Host, Seen)]) -> Named {
        let local = comment.split('@').next().unwrap_or_default().trim();
        if local == self.login {
            Named::Them
        } else if seen.iter().any(|(_, said)| said.settings.users.contains_key(local)) {
            Named::Other
        } else {
            Named::Nobody
        }
    }

    /// The fingerprints of their keys.
    fn keys_of_theirs(&mut self, seen: &[(&Host, Seen)]) -> BTreeSet<String> {
        let mut theirs: BTreeSet<String> = seen.iter().flat_map(|(_, said)| said.own.iter().cloned()).collect();
        let lines = || seen.iter().flat_map(|(host, said)| said.lines.iter().map(move |line| (*host, line)));
        let mut others: BTreeMap<&str, &str> = BTreeMap::new();
        for (_, line) in lines().filter(|(_, line)| line.user == self.login && !line.key.options.is_authority) {
            match self.named(&line.key.comment, seen) {
                Named::Other => drop(others.insert(&line.key.fingerprint, &line.key.comment)),
                _ => drop(theirs.insert(line.key.fingerprint.clone())),
            }
        }
        let mut gaps = Vec::new();
        for (host, line) in
            lines().filter(|(_, line)| line.user != self.login && !theirs.contains(&line.key.fingerprint))
        {
            let (fingerprint, at) = (&line.key.fingerprint, format!("{}: {}", host.name, line.user));
            match others.get(fingerprint.as_str()) {
                Some(comment) if comment.split('@').next() != Some(line.user.as_str()) => gaps.push(format!(
                    "{at} is opened by {fingerprint} too, which is in their file as `{}`'s: whose it is, somebody must say",
                    crate::row::shortened(comment)
                )),
                None if self.named(&line.key.comment, seen) == Named::Them => gaps.push(format!(
                    "{at} is opened by {fingerprint}, whose comment names them, and which is not among their keys: whose \
                     it is, somebody must say"
                )),
                _ => {}
            }
        }
        self.gaps.extend(gaps);
        theirs
    }

    fn keys(&mut self, seen: &[(&Host, Seen)]) {
        self.theirs = self.keys_of_theirs(seen);
        for (host, said) in seen {
            let mut opened = BTreeSet::new();
            for line in &said.lines {
                if line.user != self.login && !self.theirs.contains(&line.key.fingerprint) {
                    continue;
                }
                opened.insert(line.user.as_str());
                self.line(host, said, line);
            }
            for user in opened.into_iter().filter(|user| *user != self.login) {
                let live = said.live.iter().filter(|live| live.user == user || user == "*").count() as u64;
                if live > 0 && user != "*" {
                    let connections = counted(live, "live connection");
                    let name = &host.name;
                    self.gaps.push(format!(
                        "{name}: {connections} of `{user}`, whom a key of theirs opens too: who is behind one, the host does not say"
                    ));
                }
            }
        }
    }

    /// A line as a door; several with the same key for the same user are one.
    fn line(&mut self, host: &Host, said: &Seen, line: &Line) {
        let Key { fingerprint, comment, options, .. } = &line.key;
        let kind = if options.is_authority { DoorKind::Delegation } else { DoorKind::SshKey };
        let native = format!("{fingerprint}@{}/{}", host.name, line.user);
        let into = if line.user == "*" { "every user".to_owned() } else { line.user.clone() };
        let site = self.site;
        let door = self.doors.entry(format!("{kind}/{native}")).or_insert_with(|| {
            let mut door = Door::new(&site.system, kind, native);
            door.title = match (options.is_authority, comment.is_empty()) {
                (true, _) => format!("certificates by {fingerprint} for {into} at {}", host.name),
                (_, true) => format!("key {fingerprint} for {into} at {}", host.name),
                (_, false) => {
                    format!("key {fingerprint} ({}) for {into} at {}", crate::row::shortened(comment), host.name)
                }
            };
            door.opens = format!("a login as {into} at {}", host.name);
            door.until = options.expires;
            for (name, value) in [("host", &host.name), ("user", &line.user), ("key", &line.public)] {
                door.attributes.insert(name.to_owned(), value.clone());
            }
            door
        });
        door.account = Some(self.of.clone());
        door.credential = Some(CredentialId::of(&site.system, fingerprint));
        // Of several lines any limit counts: what is not known to be free of one is not tried as if it were.
        let flags = [
            ("from", options.is_from_some || said.settings.weighs_address),
            ("forced", options.is_forced),
            ("environment", options.sets_environment),
        ];
        for (name, is) in flags.into_iter().filter(|(_, is)| *is) {
            door.attributes.insert(name.to_owned(), is.to_string());
        }
        let mut lines: BTreeMap<String, Vec<Taken>> = serde_json::from_str(door.attribute("lines")).unwrap_or_default();
        let mut taken = line.taken.clone();
        if options.sets_environment {
            taken.line.clear();
        }
        lines.entry(line.path.clone()).or_default().push(taken);
        let lines = serde_json::to_string(&lines).unwrap_or_default();
        door.attributes.insert("lines".to_owned(), lines);
    }

    fn live(&mut self, seen: &[(&Host, Seen)]) {
        for (host, said) in seen {
            for live in said.live.iter().filter(|live| live.user == self.login) {
                let native = format!("{}/{}.{}", host.name, live.pid, live.begun);
                let mut door = Door::new(&self.site.system, DoorKind::LiveConnection, native);
                door.account = Some(self.of.clone());
                door.title = format!("connection to {} that is open now (process {})", host.name, live.pid);
                door.opens = format!("a login as {} at {}", live.user, host.name);
                let pairs = [
                    ("host", host.name.clone()),
                    ("user", live.user.clone()),
                    ("process", live.pid.to_string()),
                    ("begun", live.begun.to_string()),
                ];
                door.attributes.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
                self.doors.insert(format!("{}/{}", door.kind, door.native), door);
            }
        }
    }
}

/// Whom a comment names.
#[derive(PartialEq, Eq)]
pub(super) enum Named {
    Them,
    Other,
    Nobody,
}
