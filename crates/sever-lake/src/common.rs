//! What people have in common: the keys, accounts, addresses and endpoints that touched them, by how
//! much more often than everybody else.
//!
//! A pivot here is a thing, or a thing and what the ledger said of it: a signing key touches every
//! customer, its never-issued uses only those who were harmed. A pivot that touched only one of the
//! given people says nothing about what they share and is left out. The rest are ranked:
//!
//! 1. forged uses that touched at least half of them: nobody should have been touched so, whatever
//!    the shares, and a forger who went through all customers has a lift of 1. Things that accuse a
//!    credential come before those that accuse a network or an endpoint;
//! 2. pivots that chance does not explain, the most surprising first. *Surprise* is the negative
//!    decimal logarithm of the chance that so many of the given people are touched by a pivot that
//!    touches its share of everybody, times the number of pivots tried: of thousands of networks some
//!    always fit. Above 2 (one in a hundred) counts;
//! 3. what is left, by lift: their share over everybody's.
//!
//! Two passes over the lake. Bounded by [`CANDIDATES_MAX`] pivots that touched two of the given
//! people; past that the answer says that it is cut.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::people::People;
use crate::subject::fingerprint_or_own;
use crate::{Filter, LakeError, Pivot, UseRow, read};
use sever_model::{Fingerprint, Outcome};

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
    /// Its share of the given people over its share of all; above 1 means more than everybody.
    pub lift: f64,
    /// How far chance is from explaining it; above [`SURPRISE_MIN`] counts.
    pub surprise: f64,
}

/// One in a hundred.
pub const SURPRISE_MIN: f64 = 2.0;

impl Common {
    /// Whether it stands for uses of tokens that their issuer never made.
    pub fn forged(&self) -> bool {
        matches!(self.judged, "never-issued" | "mismatch")
    }

    fn rank(&self, given: u64) -> u8 {
        match () {
            () if self.forged() && 2 * self.of_given >= given => 0,
            () if self.surprise >= SURPRISE_MIN => 1,
            () => 2,
        }
    }
}

type Key = (Pivot, Box<str>, &'static str);
type Hashed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What the given people have in common, the most telling first, and whether the answer is cut.
///
/// # Errors
/// When the lake cannot be read.
pub fn common(dir: &Path, given: &HashSet<String>, people: &People) -> Result<(Vec<Common>, bool), LakeError> {
    let given: HashSet<Fingerprint> = given.iter().map(|id| people.fingerprint(id)).collect();
    shared(dir, &given, people)
}

/// The same of people of whom only the codes are known.
///
/// # Errors
/// As [`common`].
pub fn common_of_codes(dir: &Path, codes: &[String], people: &People) -> Result<(Vec<Common>, bool), LakeError> {
    shared(dir, &codes.iter().map(|code| fingerprint_or_own(code)).collect(), people)
}

fn shared(dir: &Path, given: &HashSet<Fingerprint>, people: &People) -> Result<(Vec<Common>, bool), LakeError> {
    let mut touching: Hashed<Key, HashSet<Fingerprint>> = Hashed::default();
    let mut cut = false;
    read(dir, &Filter::default(), &mut |row| {
        let mut here: Vec<Fingerprint> = Vec::new();
        named(row, people, |who| here.extend(given.get(&who)));
        if here.is_empty() {
            return;
        }
        keys(row, |key| {
            if touching.len() >= CANDIDATES_MAX && !touching.contains_key(&key) {
                cut = true;
                return;
            }
            touching.entry(key).or_default().extend(&here);
        });
    })?;
    touching.retain(|_, given| given.len() > 1);

    let mut all: HashSet<Fingerprint, foldhash::fast::RandomState> = HashSet::default();
    let mut touched: Hashed<Key, HashSet<Fingerprint, foldhash::fast::RandomState>> = Hashed::default();
    read(dir, &Filter::default(), &mut |row| {
        let mut here: Vec<Fingerprint> = Vec::new();
        named(row, people, |who| here.push(who));
        all.extend(&here);
        keys(row, |key| {
            if touching.contains_key(&key) {
                touched.entry(key).or_default().extend(&here);
            }
        });
    })?;
    let (everybody, asked) = (all.len().max(1) as f64, given.len() as u64);
    let (draw, tried) = (Draw::of(asked), touching.len().max(1) as f64);
    let mut answer: Vec<Common> = Vec::new();
    for ((pivot, thing, judged), of_given) in touching {
        let of_given = of_given.len() as u64;
        let key = (pivot, thing, judged);
        let of_all = touched.get(&key).map_or(0, HashSet::len) as u64;
        let share = of_all.max(1) as f64 / everybody;
        let lift = of_given as f64 / asked.max(1) as f64 / share;
        let surprise = -(draw.at_least(of_given as usize, share) * tried).min(1.0).log10();
        answer.push(Common { pivot, thing: key.1.into(), judged, of_given, of_all, lift, surprise });
    }
    answer.sort_by(|a, b| {
        let by_rank = a.rank(asked).cmp(&b.rank(asked));
        let order = by_rank.then_with(|| match a.rank(asked) {
            0 => b.of_given.cmp(&a.of_given).then(a.pivot.cmp(&b.pivot)).then(b.lift.total_cmp(&a.lift)),
            1 => b.surprise.total_cmp(&a.surprise),
            _ => b.lift.total_cmp(&a.lift),
        });
        order.then(a.pivot.cmp(&b.pivot)).then_with(|| a.thing.cmp(&b.thing)).then(b.judged.cmp(a.judged))
    });
    Ok((answer, cut))
}

/// Chances of drawing from so many people.
struct Draw {
    /// Natural logarithms of the factorials, from 0 to the number drawn.
    ln_factorial: Vec<f64>,
}

impl Draw {
    fn of(tries: u64) -> Draw {
        let mut sum = 0.0;
        let factorials = (1..=tries).map(|number| {
            sum += (number as f64).ln();
            sum
        });
        Draw { ln_factorial: std::iter::once(0.0).chain(factorials).collect() }
    }

    /// The chance that at least `hits` fall to something that takes `share` of all.
    ///
    /// The binomial tail, an upper bound: drawing without putting back makes it smaller still.
    fn at_least(&self, hits: usize, share: f64) -> f64 {
        let tries = self.ln_factorial.len() - 1;
        if share >= 1.0 || hits == 0 {
            return 1.0;
        }
        let ln_factorial = |number: usize| self.ln_factorial.get(number).copied().unwrap_or(f64::INFINITY);
        let mut tail = 0.0;
        for hit in hits..=tries {
            let ways = ln_factorial(tries) - ln_factorial(hit) - ln_factorial(tries - hit);
            let term = (ways + hit as f64 * share.ln() + (tries - hit) as f64 * (1.0 - share).ln()).exp();
            tail += term;
            // Past the mean terms only fall, and these no longer change the sum.
            if hit as f64 > share * tries as f64 && term < tail * 1e-12 {
                break;
            }
        }
        tail.clamp(f64::MIN_POSITIVE, 1.0)
    }
}

/// Everybody whose data was in a row's answer.
fn named(row: &UseRow<'_>, people: &People, mut each: impl FnMut(Fingerprint)) {
    if row.outcome == Outcome::Refused {
        return;
    }
    // How many more there are, unnamed, says nothing about who they are.
    people.of(row, |named| each(named.who()));
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
        if !judged.is_empty() {
            each((pivot, thing.into(), judged));
        }
    }
}
