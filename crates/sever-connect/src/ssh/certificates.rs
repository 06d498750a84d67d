//! Certificates as doors: whom each opens, at which hosts, and what could close it there.
//!
//! A host does not know what its authority signed; whoever signs does, and what lies in a home shows.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::act::ActError;
use sever_model::{CredentialId, Door, DoorKind, EventTime, Span};

use super::doors::{Found, Named, Principals, Seen};
use super::hosts::Host;
use super::line::{self, Signed};
use super::site::Site;
use crate::row::counted;

/// How far a host's clock may be behind ours: what has ended by ours may not have by its own, and is a door
/// until then.
const SKEW_MAX: Span = Span::days(2);

impl Site {
    /// Certificates that were signed, as whoever signs them keeps them; none where that is not said.
    pub(super) fn issued(&self, gaps: &mut Vec<String>) -> Result<Option<Vec<(String, Signed)>>, ActError> {
        let Some(place) = &self.certificates else { return Ok(None) };
        let bad = |error: std::io::Error| ActError::Refused(format!("`settings.certificates` {place}: {error}"));
        let mut files = vec![std::path::PathBuf::from(place)];
        if files.iter().any(|path| path.is_dir()) {
            let listed: Result<Vec<_>, _> = std::fs::read_dir(place).map_err(bad)?.collect();
            files = listed.map_err(bad)?.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
            files.sort();
        }
        let mut found = Vec::new();
        for path in files {
            let text = std::fs::read(&path).map_err(bad)?;
            for text in String::from_utf8_lossy(&text).lines().map(str::trim) {
                match line::certificate(text) {
                    Ok(Some(signed)) => found.push((text.to_owned(), signed)),
                    Ok(None) => {}
                    Err(reason) => gaps.push(format!("a line of `settings.certificates` is no certificate: {reason}")),
                }
            }
        }
        Ok(Some(found))
    }
}

impl Found<'_> {
    /// The doors of certificates that were signed for them, at every host that believes one.
    pub(super) fn certificates(
        &mut self,
        seen: &[(&Host, Seen)],
        issued: Option<Vec<(String, Signed)>>,
        now: EventTime,
    ) {
        let mut untold = BTreeSet::new();
        for (host, said) in seen {
            let trusts = host.name.as_str();
            let lines = said.lines.iter().any(|line| line.key.options.is_authority);
            if said.authorities.is_empty() && !lines {
                continue;
            }
            if issued.is_none() && said.settings.users.contains_key(self.login) {
                untold.insert(trusts);
            }
            let lying = seen.iter().flat_map(|(_, said)| &said.certificates);
            let all: BTreeMap<&str, &Signed> =
                issued.iter().flatten().chain(lying).map(|(text, signed)| (text.as_str(), signed)).collect();
            for (text, signed) in all {
                // One by their name that was signed for a colleague is the colleague's.
                let is_theirs = self.theirs.contains(&signed.fingerprint)
                    || match self.named(&signed.identity, seen) {
                        Named::Them => true,
                        Named::Other => false,
                        Named::Nobody => signed.principals.iter().any(|name| name == self.login),
                    };
                let is_past = signed.before.is_some_and(|before| before.plus(SKEW_MAX) < now);
                if is_theirs && !is_past {
                    self.certificate(host, said, text, signed, now);
                }
            }
        }
        if let Some(first) = untold.first() {
            self.gaps.push(format!(
                "{} that trust authorities of certificates, such as {first}: what was signed for them, only whoever signs \
                 knows; set `settings.certificates`",
                counted(untold.len() as u64, "host")
            ));
        }
    }

    /// A certificate at a host that trusts its authority, for each user that it opens there.
    fn certificate(&mut self, host: &Host, said: &Seen, text: &str, signed: &Signed, now: EventTime) {
        let users = opened(said, signed);
        let list = self.site.revoked_keys.as_deref().or_else(|| said.settings.word("revokedkeys"));
        if list.is_none() && !users.is_empty() {
            self.gaps.push(format!(
                "{}: the server has no `RevokedKeys`: a certificate cannot be revoked there before it ends",
                host.name
            ));
        }
        for (user, principals) in users {
            let native = format!("{}.{}@{}/{user}", signed.fingerprint, signed.serial, host.name);
            let mut door = Door::new(&self.site.system, DoorKind::Certificate, native);
            door.account = Some(self.of.clone());
            door.credential = Some(CredentialId::of(&self.site.system, &signed.fingerprint));
            let identity = crate::row::shortened(&signed.identity);
            door.title = format!("certificate `{identity}` no. {} for {user} at {}", signed.serial, host.name);
            door.opens = format!("a login as {user} at {}", host.name);
            door.until = signed.before;
            let pairs = [
                ("host", host.name.as_str()),
                ("user", user),
                ("certificate", text),
                ("fingerprint", &signed.fingerprint),
                ("revoked-keys", list.unwrap_or_default()),
            ];
            door.attributes.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            // It may be refused us, or now, and let somebody in from elsewhere, or later.
            let is_early = signed.after.is_some_and(|after| after > now);
            if said.settings.weighs_address || signed.is_from_some || is_early {
                door.attributes.insert("from".to_owned(), true.to_string());
            }
            // A name that is theirs alone can be taken off the list; one that others share cannot.
            if let Some(of) = principals.filter(|_| signed.principals.iter().any(|name| name == self.login))
                && let Some(lines) = of.names.get(self.login)
            {
                let lines = serde_json::to_string(lines).unwrap_or_default();
                let pairs =
                    [("principals", of.path.clone()), ("principal", self.login.to_owned()), ("principal-lines", lines)];
                door.attributes.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
            }
            self.doors.insert(format!("{}/{}", door.kind, door.native), door);
        }
    }
}

/// The users that a certificate opens at a host: by the server's authorities, with the principals of each
/// user where they are listed; or by an authority in a user's own keys file (sshd(8), `cert-authority`).
fn opened<'a>(said: &'a Seen, signed: &'a Signed) -> BTreeMap<&'a str, Option<&'a Principals>> {
    let mut users = BTreeMap::new();
    for line in said.lines.iter().filter(|line| line.key.options.is_authority) {
        let named = &line.key.options.principals;
        let fits = |name: &String| named.contains(name) || named.is_empty() && *name == line.user;
        if line.key.fingerprint == signed.authority && signed.principals.iter().any(fits) {
            users.insert(line.user.as_str(), None);
        }
    }
    if !said.authorities.contains(&signed.authority) {
        return users;
    }
    match &said.principals {
        Some(listed) => {
            let fits = |of: &Principals| signed.principals.iter().any(|name| of.names.contains_key(name));
            users.extend(listed.iter().filter(|(_, of)| fits(of)).map(|(user, of)| (user.as_str(), Some(of))));
        }
        None => {
            let known = signed.principals.iter().filter(|name| said.settings.users.contains_key(*name));
            users.extend(known.map(|user| (user.as_str(), None)));
        }
    }
    users
}
