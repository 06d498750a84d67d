//! Who is in an answer: the ids that a record names, the sets it refers to, and the people that only
//! a snapshot of the data can name.
//!
//! A gateway logs whose page was opened; who stood *on* the page (an address book, a family plan) is
//! known to the table it was made from. A [`Resolver`] is a snapshot of that table; a
//! [`SubjectSet`] is what a report's reference stood for. Both are held by fingerprint, as the lake's
//! rows name people, with the ids beside for whoever may write a list of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sever_model::{Fingerprint, FingerprintKey};

use crate::subject::fingerprint_or_own;
use crate::{LakeError, UseRow};

type Map<T> = HashMap<Fingerprint, T, foldhash::fast::RandomState>;

/// Who is in the answers of an endpoint, by whom it was asked about.
#[derive(Debug)]
pub struct Resolver {
    /// The beginning of the `resource` that it speaks for.
    endpoint: String,
    people: Map<Vec<Fingerprint>>,
}

/// The people that a reference stands for.
#[derive(Debug)]
pub struct SubjectSet {
    reference: String,
    people: Vec<Fingerprint>,
}

impl Resolver {
    fn of(endpoint: &str) -> Resolver {
        Resolver { endpoint: endpoint.to_owned(), people: Map::default() }
    }
}

/// All that can name the people in an answer.
#[derive(Debug)]
pub struct People {
    key: FingerprintKey,
    /// By endpoint.
    resolvers: Vec<Resolver>,
    /// By reference.
    sets: Vec<SubjectSet>,
    /// The ids of those whom only these tables name, by fingerprint.
    names: Map<Box<str>>,
}

/// The table that an endpoint's answers are made from: pairs of a subject and a person.
pub type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Somebody in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// Named by the record or its set: a data subject of the company's.
    Subject(Fingerprint),
    /// Only in the answer, by a resolver.
    Other(Fingerprint),
}

impl Named {
    /// Who it is.
    pub(crate) const fn who(self) -> Fingerprint {
        match self {
            Named::Subject(who) | Named::Other(who) => who,
        }
    }
}

impl People {
    /// Nobody yet; ids are fingerprinted under this key.
    pub fn new(key: FingerprintKey) -> People {
        People { key, resolvers: Vec::new(), sets: Vec::new(), names: Map::default() }
    }

    /// The fingerprint of an id.
    pub fn fingerprint(&self, id: &str) -> Fingerprint {
        self.key.fingerprint(id.as_bytes())
    }

    /// The id of a person whom a resolver or a set names.
    pub fn name(&self, who: Fingerprint) -> Option<&str> {
        self.names.get(&who).map(AsRef::as_ref)
    }

    /// Adds a resolver from a table of `subject` and `person` columns (CSV with a header, optionally
    /// gzipped), for resources that begin with `endpoint`.
    ///
    /// # Errors
    /// When it cannot be read, or lacks the columns.
    pub fn load_resolver(&mut self, endpoint: &str, path: &Path) -> Result<(), LakeError> {
        let mut resolver = Resolver::of(endpoint);
        rows(path, &["subject", "person"], |row| {
            if let [Some(subject), Some(person)] = row {
                let person = self.remember(person);
                resolver.people.entry(self.key.fingerprint(subject.as_bytes())).or_default().push(person);
            }
        })?;
        self.resolvers.push(resolver);
        Ok(())
    }

    /// Adds a resolver of these pairs.
    pub fn add_resolver(&mut self, endpoint: &str, pairs: Pairs<'_>) {
        let mut resolver = Resolver::of(endpoint);
        for (subject, person) in pairs {
            let person = self.remember(person);
            resolver.people.entry(self.key.fingerprint(subject.as_bytes())).or_default().push(person);
        }
        self.resolvers.push(resolver);
    }

    /// Adds the people that a reference stands for, from the column `id` of a table, or the only one.
    ///
    /// # Errors
    /// When it cannot be read, or no column is an id.
    pub fn load_set(&mut self, reference: &str, path: &Path) -> Result<(), LakeError> {
        let mut people = Vec::new();
        rows(path, &["id"], |row| people.extend(row.iter().flatten().map(|id| self.remember(id))))?;
        self.sets.push(SubjectSet { reference: reference.to_owned(), people });
        Ok(())
    }

    /// Adds the people that a reference stands for.
    pub fn add_set(&mut self, reference: &str, ids: &[&str]) {
        let people = ids.iter().map(|id| self.remember(id)).collect();
        self.sets.push(SubjectSet { reference: reference.to_owned(), people });
    }

    fn remember(&mut self, id: &str) -> Fingerprint {
        let who = self.key.fingerprint(id.as_bytes());
        self.names.entry(who).or_insert_with(|| id.into());
        who
    }

    /// Those who stand in the answer of an endpoint that a subject asks for, or is asked about.
    pub(crate) fn beside(&self, subject: Fingerprint, resource: &str) -> impl Iterator<Item = Fingerprint> {
        let speaking = self.resolvers.iter().filter(move |resolver| resource.starts_with(&resolver.endpoint));
        speaking.flat_map(move |resolver| resolver.people.get(&subject).into_iter().flatten().copied())
    }

    /// Those in whose answers somebody stands, with the endpoint.
    pub(crate) fn whose_data_holds(&self, who: Fingerprint) -> Vec<(&str, Fingerprint)> {
        let mut holding = Vec::new();
        for resolver in &self.resolvers {
            let of = resolver.people.iter().filter(|(_, people)| people.contains(&who));
            holding.extend(of.map(|(subject, _)| (resolver.endpoint.as_str(), *subject)));
        }
        holding
    }

    /// Whether a resolver speaks of an endpoint.
    pub(crate) fn speak_of(&self, resource: &str) -> bool {
        self.resolvers.iter().any(|resolver| resource.starts_with(&resolver.endpoint))
    }

    /// The people that a reference stands for, where that is known.
    pub(crate) fn set(&self, reference: &str) -> Option<&[Fingerprint]> {
        self.sets.iter().find(|set| set.reference == reference).map(|set| set.people.as_slice())
    }

    /// Names everybody in a row's answer. Returns how many more there are that nothing names:
    /// `None` where the record does not even say how many.
    pub(crate) fn of(&self, row: &UseRow<'_>, mut each: impl FnMut(Named)) -> Option<u64> {
        let mut named = 0u64;
        let mut name = |subject: Fingerprint| {
            named += 1;
            each(Named::Subject(subject));
            self.beside(subject, row.resource).for_each(|person| each(Named::Other(person)));
        };
        row.data_subjects.iter().for_each(|code| name(fingerprint_or_own(code)));
        if row.data_subjects.is_empty() {
            self.set(row.subject_ref).into_iter().flatten().for_each(|subject| name(*subject));
        }
        match (row.subject_count, named) {
            (Some(count), named) => Some(count.saturating_sub(named)),
            (None, 0) => None,
            (None, _) => Some(0),
        }
    }
}

/// Reads named columns of a CSV file.
fn rows(path: &Path, columns: &[&str], mut each: impl FnMut(&[Option<&str>])) -> Result<(), LakeError> {
    let file = File::open(path).map_err(|error| LakeError::File { path: path.to_owned(), error })?;
    let reader: Box<dyn Read> = match path.extension().is_some_and(|ending| ending == "gz") {
        true => Box::new(flate2::read::MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let people = |what: String| LakeError::People { path: PathBuf::from(path), what };
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let header = csv.headers().map_err(|error| people(error.to_string()))?.clone();
    let mut at = Vec::new();
    for column in columns {
        let found = header.iter().position(|name| name.trim_start_matches('\u{feff}').eq_ignore_ascii_case(column));
        let only = (header.len() == 1 && columns.len() == 1).then_some(0);
        at.push(found.or(only).ok_or_else(|| {
            let seen: Vec<&str> = header.iter().collect();
            people(format!("it has no column `{column}`, but `{}`", seen.join("`, `")))
        })?);
    }
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record).map_err(|error| people(error.to_string()))? {
        let values: Vec<Option<&str>> = at.iter().map(|at| record.get(*at).filter(|value| !value.is_empty())).collect();
        each(&values);
    }
    Ok(())
}
