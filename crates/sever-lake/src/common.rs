//! What people have in common: the keys, accounts, addresses and endpoints that touched them, by how
//! much more often than everybody else.
//!
//! A pivot here is a thing, or a thing and what the ledger said of it: a signing key touches every
//! customer, its never-issued uses only those who were harmed. Ranked by how many of the given
//! people a pivot touched, then by lift: their share over everybody's. A pivot that touched only one
//! of them says nothing about what they share and is left out.
//!
//! Two passes over the lake. Bounded by [`CANDIDATES_MAX`] pivots that touched two of the given
//! people; past that the answer says that it is cut.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::people::{Named, People};
use crate::{Filter, LakeError, Pivot, UseRow, read};
use sever_model::Outcome;

/// Pivots followed at once.
pub const CANDIDATES_MAX: usize = 100_000;

/// Something that several of the given people share.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// What kind of thing.
    pub pivot: Pivot,
    /// Which.
    pub thing: String,
    /// What the ledger said of its uses; empty where they are not told apart.
    pub judged: &'static str,
    /// How many of the given people it touched.
    pub of_given: u64,
    /// How many people it touched in all.
    pub of_all: u64,
    /// Its share of the given people over its share of all; above 1 means more than chance.
    pub lift: f64,
}

type Key = (Pivot, Box<str>, &'static str);
type Hashed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What the given people have in common, the most telling first, and whether the answer is cut.
///
/// # Errors
/// When the lake cannot be read.
pub fn common(dir: &Path, given: &HashSet<String>, people: &People) -> Result<(Vec<Common>, bool), LakeError> {
    let mut touching: Hashed<Key, HashSet<Box<str>>> = Hashed::default();
    let mut cut = false;
    read(dir, &Filter::default(), &mut |row| {
        let mut here: Vec<&str> = Vec::new();
        named(row, people, |id| here.extend(given.get(id).map(String::as_str)));
        if here.is_empty() {
            return;
        }
        keys(row, |key| {
            if touching.len() >= CANDIDATES_MAX && !touching.contains_key(&key) {
                cut = true;
                return;
            }
            touching.entry(key).or_default().extend(here.iter().map(|id| Box::from(*id)));
        });
    })?;
    touching.retain(|_, given| given.len() > 1);

    let mut all: HashSet<u64, foldhash::fast::RandomState> = HashSet::default();
    let mut touched: Hashed<Key, HashSet<u64, foldhash::fast::RandomState>> = Hashed::default();
    let hasher = foldhash::fast::FixedState::default();
    read(dir, &Filter::default(), &mut |row| {
        let mut here: Vec<u64> = Vec::new();
        named(row, people, |id| here.push(std::hash::BuildHasher::hash_one(&hasher, id)));
        all.extend(&here);
        keys(row, |key| {
            if touching.contains_key(&key) {
                touched.entry(key).or_default().extend(&here);
            }
        });
    })?;
    let everybody = all.len().max(1) as f64;
    let mut answer: Vec<Common> = Vec::new();
    for ((pivot, thing, judged), of_given) in touching {
        let of_given = of_given.len() as u64;
        let key = (pivot, thing, judged);
        let of_all = touched.get(&key).map_or(0, HashSet::len) as u64;
        let share = of_given as f64 / given.len().max(1) as f64;
        let lift = share / (of_all.max(1) as f64 / everybody);
        answer.push(Common { pivot, thing: key.1.into(), judged, of_given, of_all, lift });
    }
    answer.sort_by(|a, b| {
        let order = b.of_given.cmp(&a.of_given).then(b.lift.total_cmp(&a.lift));
        order.then(a.pivot.cmp(&b.pivot)).then_with(|| a.thing.cmp(&b.thing)).then(b.judged.cmp(a.judged))
    });
    Ok((answer, cut))
}

/// Everybody whose data was in a row's answer.
fn named<'a>(row: &UseRow<'a>, people: &'a People, mut each: impl FnMut(&'a str)) {
    if row.outcome == Outcome::Refused {
        return;
    }
    // How many more there are, unnamed, says nothing about who they are.
    people.of(row, |named| match named {
        Named::Subject(id) | Named::Other(id) => each(id),
    });
}

/// The pivots of a row: each thing, and keys, issuers and endpoints by judgement too.
fn keys(row: &UseRow<'_>, mut each: impl FnMut(Key)) {
    let judged = row.judgement.map_or("", |judgement| judgement.word());
    for pivot in Pivot::ALL {
        let thing = pivot.of(row);
        if thing.is_empty() {
            continue;
        }
        each((pivot, thing.into(), ""));
        if !judged.is_empty() && matches!(pivot, Pivot::Key | Pivot::Issuer) {
            each((pivot, thing.into(), judged));
        }
    }
}
