//! From versions of a thing to one entry for it.
//!
//! A thing that changed has several versions, each true for its own interval, and two sources may
//! both list it. The entry has the attributes of the version true at the inventory's instant, with
//! blanks filled from the others, and the interval that holds them all.

use std::collections::HashMap;

use sever_model::{
    Account, AccountKind, AccountStatus, Certainty, Credential, CredentialKind, Entry, EventTime, Exportable, FactRow,
    Group, Person, Resource, Valid,
};

/// Numbers of things by id.
pub(crate) type ById = HashMap<Box<str>, u32, foldhash::quality::RandomState>;

/// A thing whose blanks can be filled from what another source says of it.
pub(crate) trait Fill {
    /// Takes over what `self` does not say.
    fn fill(&mut self, other: Self);
}

/// Entries of one kind, as they are collected.
pub(crate) struct Entities<T> {
    entries: Vec<(Entry<T>, Rank)>,
    pub(crate) by_id: ById,
    as_of: EventTime,
}

/// How well a version's interval fits the instant asked about: the larger the better.
type Rank = (Certainty, EventTime);

impl<T: Fill> Entities<T> {
    pub(crate) fn new(as_of: EventTime) -> Entities<T> {
        Entities { entries: Vec::new(), by_id: ById::default(), as_of }
    }

    /// Adds a version; the thing's number.
    pub(crate) fn add(&mut self, id: &str, it: T, row: &Version) -> u32 {
        let begun = row.valid.earliest_start().min(self.as_of);
        let rank = (row.valid.at(self.as_of), begun);
        if let Some(at) = self.by_id.get(id) {
            if let Some((entry, best)) = self.entries.get_mut(*at as usize) {
                entry.valid = entry.valid.join(&row.valid);
                if rank > *best {
                    let old = std::mem::replace(&mut entry.it, it);
                    entry.it.fill(old);
                    (entry.source, entry.known_from, *best) = (row.source.clone(), row.known_from, rank);
                } else {
                    entry.it.fill(it);
                }
            }
            return *at;
        }
        let at = self.entries.len() as u32;
        let entry = Entry { it, valid: row.valid, source: row.source.clone(), known_from: row.known_from };
        self.entries.push((entry, rank));
        self.by_id.insert(id.into(), at);
        at
    }

    /// The number of a thing, which is made where only its name is known.
    pub(crate) fn or_stub(&mut self, id: &str, row: &Version, stub: impl FnOnce() -> T) -> u32 {
        match self.by_id.get(id) {
            Some(at) => *at,
            None => self.add(id, stub(), &Version { valid: Valid::ALWAYS, ..row.clone() }),
        }
    }

    /// A thing by its number.
    pub(crate) fn peek(&self, at: u32) -> Option<&T> {
        self.entries.get(at as usize).map(|(entry, _)| &entry.it)
    }

    pub(crate) fn into_entries(self) -> Vec<Entry<T>> {
        self.entries.into_iter().map(|(entry, _)| entry).collect()
    }
}

/// When a version was true, who told it and since when we know.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub valid: Valid,
    pub source: sever_model::SourceId,
    pub known_from: sever_model::WallTime,
}

impl From<&FactRow> for Version {
    fn from(row: &FactRow) -> Version {
        Version { valid: row.valid, source: row.source.clone(), known_from: row.known_from }
    }
}

fn blank(text: &mut String, other: String) {
    if text.is_empty() {
        *text = other;
    }
}

fn more(list: &mut Vec<String>, other: Vec<String>) {
    for item in other {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

impl Fill for Person {
    fn fill(&mut self, other: Person) {
        blank(&mut self.name, other.name);
        more(&mut self.emails, other.emails);
        more(&mut self.logins, other.logins);
        self.employee_number = self.employee_number.take().or(other.employee_number);
        self.manager = self.manager.take().or(other.manager);
    }
}

impl Fill for Account {
    fn fill(&mut self, other: Account) {
        blank(&mut self.login, other.login);
        blank(&mut self.display_name, other.display_name);
        more(&mut self.emails, other.emails);
        self.employee_number = self.employee_number.take().or(other.employee_number);
        self.owner = self.owner.take().or(other.owner);
        self.created_by = self.created_by.take().or(other.created_by);
        self.last_used = self.last_used.max(other.last_used);
        if self.kind == AccountKind::Unknown {
            self.kind = other.kind;
        }
        if self.status == AccountStatus::Unknown {
            self.status = other.status;
        }
    }
}

impl Fill for Group {
    fn fill(&mut self, other: Group) {
        blank(&mut self.name, other.name);
    }
}

impl Fill for Resource {
    fn fill(&mut self, other: Resource) {
        blank(&mut self.kind, other.kind);
        self.owner = self.owner.take().or(other.owner);
        self.subjects = self.subjects.or(other.subjects);
    }
}

impl Fill for Credential {
    fn fill(&mut self, other: Credential) {
        self.account = self.account.take().or(other.account);
        self.issuer = self.issuer.take().or(other.issuer);
        self.kept_at = self.kept_at.take().or(other.kept_at);
        self.created_by = self.created_by.take().or(other.created_by);
        self.rotated_at = self.rotated_at.or(other.rotated_at);
        self.activated_at = self.activated_at.or(other.activated_at);
        self.retired_at = self.retired_at.or(other.retired_at);
        self.expires_at = self.expires_at.or(other.expires_at);
        self.last_used = self.last_used.max(other.last_used);
        if self.exportable == Exportable::Unknown {
            self.exportable = other.exportable;
        }
        if self.kind == CredentialKind::Secret {
            self.kind = other.kind;
        }
    }
}
