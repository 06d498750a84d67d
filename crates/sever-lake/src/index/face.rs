//! Who acted, and how: the two halves of what a list of the index is about.
//!
//! A row of the lake is put into one list for who acted ([`Actor`]), one for the address it came from
//! and one for the client software. Beside the thing itself a list names its [`Face`]: what the
//! ledger said, how it ended, what was asked for. The reach of a signing key is the union of the lists
//! whose actor has that key; the reach of its never-issued uses, of those with that judgement.

use serde::{Deserialize, Serialize};
use sever_model::{Outcome, Stage};

use crate::row::{Pivot, UseRow, outcome, outcome_word, stage, stage_word};

/// Faces of one run. Past it what is asked for is no longer told apart.
pub(crate) const FACES_MAX: usize = 4_096;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) key_id: Box<str>,
    pub(crate) issuer: Box<str>,
    pub(crate) account: Box<str>,
    pub(crate) person: Box<str>,
}

impl Actor {
    pub(crate) fn of(row: &UseRow<'_>) -> Actor {
        let [key_id, issuer, account, person] = [row.key_id, row.issuer, row.account, row.person].map(Box::from);
        Actor { key_id, issuer, account, person }
    }

    pub(crate) fn is_of(&self, row: &UseRow<'_>) -> bool {
        *self.key_id == *row.key_id
            && *self.issuer == *row.issuer
            && *self.account == *row.account
            && *self.person == *row.person
    }

    /// What it has at a pivot that actors are told apart by.
    pub(crate) fn at(&self, pivot: Pivot) -> Option<&str> {
        match pivot {
            Pivot::Key => Some(&self.key_id),
            Pivot::Issuer => Some(&self.issuer),
            Pivot::Account => Some(&self.account),
            Pivot::Person => Some(&self.person),
            _ => None,
        }
    }
}

/// What was done, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Face {
    /// The judgement's word; empty where no token was presented.
    pub(crate) judged: Box<str>,
    stage: Box<str>,
    outcome: Box<str>,
    /// What was asked for, ids in it put out: see [`endpoint`].
    pub(crate) endpoint: Box<str>,
    /// The fields of the answer, separated by commas.
    pub(crate) fields: Box<str>,
}

impl Face {
    pub(crate) fn of(row: &UseRow<'_>) -> Face {
        Face {
            judged: row.judgement.map_or("", |judgement| judgement.word()).into(),
            stage: stage_word(row.stage).into(),
            outcome: outcome_word(row.outcome).into(),
            endpoint: endpoint(row.resource).into(),
            fields: row.fields.into(),
        }
    }

    /// The same, of whatever was asked for.
    pub(crate) fn of_any_endpoint(row: &UseRow<'_>) -> Face {
        Face { endpoint: "".into(), fields: "".into(), ..Face::of(row) }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        outcome(&self.outcome)
    }

    pub(crate) fn stage(&self) -> Stage {
        stage(&self.stage)
    }
}

/// What was asked for, as a class: `/orders/{}` of `/orders/4711`. A part of a path that holds a
/// digit and is all digits, or eight letters of a hexadecimal number and longer, is an id.
pub(crate) fn endpoint(resource: &str) -> String {
    let path = resource.split(['?', '#']).next().unwrap_or(resource);
    let mut class = String::with_capacity(path.len());
    for (at, part) in path.split('/').enumerate() {
        if at > 0 {
            class.push('/');
        }
        class.push_str(if is_id(part) { "{}" } else { part });
    }
    class
}

fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let hexadecimal = || part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits > 0 && (digits == part.len() || hexadecimal())
}
