//! One connection to a directory: bind, search, compare, change; each question within its time.
//!
//! The client library takes an answer that is not LDAP as a reason to panic; that is caught here and is
//! [`Failure::Garbled`]. What it does not bound is the length of one message and how deep it is nested:
//! a server that is trusted with passwords is trusted with that.

use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ldap3::controls::{Control, PagedResults, RawControl};
use ldap3::exop::PasswordModify;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchEntry};
use sever_model::Span;
use sever_model::act::ActError;
use tokio::runtime::{Builder, Runtime};

use super::place::Place;
use super::reply::{Failure, PASSWORD_POLICY, Reply, code, policy};
use crate::connector::Login;
use crate::ldif::wire::{BINARY, Entry};

/// Entries of one search beyond which it is cut, and says so.
const ENTRIES_MAX: usize = 5_000;

/// Entries asked for at once: Active Directory gives no more than 1000, OpenLDAP 500.
const PAGE_SIZE: i32 = 400;

/// A connection, and who drives it.
pub(crate) struct Talk {
    runtime: Runtime,
    ldap: Ldap,
    limit: Duration,
}

/// What a search found.
pub(crate) struct Found {
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// How it ended.
    pub(crate) reply: Reply,
    /// Whether there are no others: it ended in success, and was not cut.
    pub(crate) is_whole: bool,
}

/// A change of one attribute.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// These values and no others; none removes the attribute.
    Replace(&'static str, Vec<Vec<u8>>),
    /// One value more.
    Add(String, Vec<u8>),
    /// One value less.
    Remove(String, Vec<u8>),
}

impl Talk {
    /// Connects, TLS included.
    pub(super) fn open(url: &str, settings: LdapConnSettings, patience: Span) -> Result<Talk, Failure> {
        let limit = Duration::from_micros(patience.micros().max(1_000) as u64);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Unreachable(format!("{url}: {error}")))?;
        let opened = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let opening = LdapConnAsync::with_settings(settings, url);
                let (connection, ldap) = tokio::time::timeout(limit, opening).await.map_err(LdapError::from)??;
                // What ends it shows in the questions that it leaves unanswered.
                tokio::spawn(async move { connection.drive().await.ok() });
                Ok::<Ldap, LdapError>(ldap)
            })
        }));
        match opened {
            Ok(Ok(ldap)) => Ok(Talk { runtime, ldap, limit }),
            Ok(Err(LdapError::Timeout { .. })) => Err(Failure::TimedOut(format!("{url}: no connection in time"))),
            Ok(Err(error)) => Err(Failure::Unreachable(format!("{url}: {error}"))),
            Err(_) => Err(Failure::Garbled(format!("{url}: its first answer is not LDAP"))),
        }
    }

    /// Connects as somebody.
    ///
    /// # Errors
    /// When it cannot be reached, or does not let our own credentials in.
    pub(crate) fn as_login(place: &Place, login: &Login, patience: Span) -> Result<Talk, ActError> {
        let mut talk = place.open(patience)?;
        let reply = talk.bind(&login.user, login.secret.expose())?;
        if reply.is_success() {
            return Ok(talk);
        }
        match reply.code {
            code::INVALID_CREDENTIALS => Err(ActError::NotAllowed {
                what: reply.quote(),
                lacking: format!("a secret that lets our own account {} in", login.user),
            }),
            _ => Err(reply.refused("a bind by name and password")),
        }
    }

    /// Asks one question within the time.
    fn ask<T>(
        &mut self,
        what: &str,
        question: impl AsyncFnOnce(&mut Ldap) -> Result<T, LdapError>,
    ) -> Result<T, Failure> {
        let (runtime, ldap, limit) = (&self.runtime, &mut self.ldap, self.limit);
        let answered = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { tokio::time::timeout(limit, question(ldap)).await })
        }));
        match answered {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(failed(what, &error)),
            Ok(Err(_)) => Err(Failure::TimedOut(format!("{what}: no answer in time"))),
            Err(_) => Err(Failure::Garbled(format!("{what}: an answer that is not LDAP"))),
        }
    }

    /// Binds by name and password, asking what the password policy says of it.
    ///
    /// # Errors
    /// When there is no answer. An empty password is never sent: it would be a bind as nobody, which succeeds.
    pub(crate) fn bind(&mut self, name: &str, secret: &str) -> Result<Reply, Failure> {
        if name.is_empty() || secret.is_empty() {
            return Err(Failure::Unreachable("a bind without a name or a password is none".to_owned()));
        }
        let asked = RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: None };
        let result = self.ask("bind", async |ldap| ldap.with_controls(vec![asked]).simple_bind(name, secret).await)?;
        Ok(reply(&result))
    }

    /// Searches, page after page.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn search(&mut self, base: &str, scope: Scope, filter: &str, names: &[&str]) -> Result<Found, Failure> {
        let mut entries = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let page = PagedResults { size: PAGE_SIZE, cookie };
            let asked = names.to_vec();
            let searched = self.ask("search", async |ldap| {
                let found = ldap.with_controls(page).search(base, scope, filter, asked).await?;
                let mut cookie = Vec::new();
                for Control(_, raw) in &found.1.ctrls {
                    if raw.ctype == "1.2.840.113556.1.4.319" && raw.val.is_some() {
                        cookie = raw.parse::<PagedResults>().cookie;
                    }
                }
                Ok((found.0.into_iter().map(SearchEntry::construct).collect::<Vec<_>>(), found.1, cookie))
            });
            let (page, result, next) = searched?;
            let full = page.len() + entries.len() > ENTRIES_MAX;
            entries.extend(page.into_iter().map(entry).take(ENTRIES_MAX.saturating_sub(entries.len())));
            let reply = reply(&result);
            if next.is_empty() || !reply.is_success() || full {
                let is_whole = reply.is_success() && !full;
                return Ok(Found { entries, reply, is_whole });
            }
            cookie = next;
        }
    }

    /// The entry of a name, where it can be seen.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn entry(&mut self, dn: &str, names: &[&str]) -> Result<Option<Entry>, Failure> {
        Ok(self.search(dn, Scope::Base, "(objectClass=*)", names)?.entries.into_iter().next())
    }

    /// Asks whether an entry has a value; the answer is in the code.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn compare(&mut self, dn: &str, attribute: &str, value: &[u8]) -> Result<Reply, Failure> {
        let result = self.ask("compare", async |ldap| ldap.compare(dn, attribute, value).await)?;
        Ok(reply(&result.0))
    }

    /// Changes an entry, all or nothing.
    ///
    /// # Errors
    /// When there is no answer: it may have been done.
    pub(crate) fn modify(&mut self, dn: &str, changes: &[Change]) -> Result<Reply, Failure> {
        let changes: Vec<Mod<Vec<u8>>> = changes.iter().map(Change::as_mod).collect();
        let result = self.ask("modify", async |ldap| ldap.modify(dn, changes).await)?;
        Ok(reply(&result))
    }

    /// Has the server set a password, which it then hashes in its own way (RFC 3062).
    ///
    /// # Errors
    /// When there is no answer: it may have been done.
    pub(crate) fn set_password(&mut self, dn: &str, secret: &str) -> Result<Reply, Failure> {
        let asked = PasswordModify { user_id: Some(dn), old_pass: None, new_pass: Some(secret) };
        let result = self.ask("password modify", async |ldap| ldap.extended(asked).await)?;
        Ok(reply(&result.1))
    }
}

impl Change {
    fn as_mod(&self) -> Mod<Vec<u8>> {
        let name = |text: &str| text.as_bytes().to_vec();
        match self {
            Change::Replace(attribute, values) => Mod::Replace(name(attribute), values.iter().cloned().collect()),
            Change::Add(attribute, value) => Mod::Add(name(attribute), HashSet::from([value.clone()])),
            Change::Remove(attribute, value) => Mod::Delete(name(attribute), HashSet::from([value.clone()])),
        }
    }
}

fn reply(result: &LdapResult) -> Reply {
    let said = result.ctrls.iter().find(|Control(_, raw)| raw.ctype == PASSWORD_POLICY);
    let policy = said.and_then(|Control(_, raw)| policy(raw.val.as_deref()?));
    Reply { code: result.rc, text: result.text.clone(), policy }
}

/// An entry as the reading of exports knows it.
fn entry(found: SearchEntry) -> Entry {
    let mut entry = Entry { dn: found.dn, ..Entry::default() };
    let named = |name: &str| name.split(';').next().unwrap_or(name).to_ascii_lowercase();
    for (name, values) in found.attrs {
        let name = named(&name);
        for value in values {
            if BINARY.contains(&name.as_str()) {
                entry.binary.push((name.clone(), value.into_bytes()));
            } else {
                entry.values.push((name.clone(), value));
            }
        }
    }
    for (name, values) in found.bin_attrs {
        entry.binary.extend(values.into_iter().map(|value| (named(&name), value)));
    }
    // The library hands attributes over in no order.
    entry.values.sort();
    entry.binary.sort();
    entry
}

/// Why a question on an open connection has no answer: it was sent, as far as we know.
fn failed(what: &str, error: &LdapError) -> Failure {
    let text = format!("{what}: {error}");
    match error {
        LdapError::Timeout { .. } => Failure::TimedOut(text),
        LdapError::Io { source } if source.kind() == io::ErrorKind::TimedOut => Failure::TimedOut(text),
        LdapError::OpSend { .. } => Failure::Unreachable(format!("{what}: the connection has ended")),
        LdapError::FilterParsing | LdapError::DecodingUTF8 => Failure::Garbled(text),
        _ => Failure::Lost(format!("{what}: the connection ended before the answer")),
    }
}
