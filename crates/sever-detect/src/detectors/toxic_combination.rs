//! `toxic-combination`: rights that should not be in one hand are in one hand.
//!
//! Fires when the same person, or account of nobody known, may through accounts and groups
//!
//! - read a trusted signing key, and reach the data of those who verify with it;
//! - make accounts, and give them rights, in one system;
//! - change audit or retention, and delete, in one system.
//!
//! One finding per pair of ways: "14 people have both, by group A and group B", since the pair is what
//! has to be undone; nobody still employed is named. Administrators hold every right and are
//! `over-broad`'s matter, so administration is no half of a pair here. Stays quiet for programs, whose
//! task the combination usually is, and for two rights in two systems.
//! Bounded by: nothing is kept.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::port::{Detector, View};
use sever_model::{
    Audience, Certainty, Confidence, Credential, Entry, EventTime, Exportable, FindingSet, GrantRow, HolderIx,
    Inventory, Meta, Raise, Rights, Severity, Stage, Symbols, Thing, ThingKind,
};

use super::{custody, holders, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "toxic-combination",
    title: "rights that should not be in one hand are in one hand",
    speaks_when: "one person may read a signing key and reach its verifiers' data, make accounts and give them rights, \
                  or change audit or retention and delete, through whatever accounts and groups",
    quiet_when: "the two rights are in two systems, one of them comes with administration, or a program has them",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1098", "T1136", "T1562.008"],
    remediation: "take one of the two rights away, or make its use need a second person; `sever rights` shows by which \
                  path each is held",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(ToxicCombination) };

struct ToxicCombination;

/// Two rights that should not be in one hand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pair {
    SignAndReach,
    MakeAndGive,
    AuditAndDelete,
}

impl Pair {
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Pair::SignAndReach => ("sign-and-reach", "read the signing key", "reach the data of its verifiers"),
            Pair::MakeAndGive => ("make-and-give", "make accounts", "give rights"),
            Pair::AuditAndDelete => ("audit-and-delete", "change audit or retention", "delete"),
        }
    }
}

/// Whoever may have both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hand {
    Person(sever_model::PersonIx),
    Account(sever_model::AccountIx),
}

/// One half of a pair: who has it, and the first way by which each does.
type Half<'a> = BTreeMap<Hand, &'a GrantRow>;

/// Where the two meet: a system, or a key.
struct Place<'a> {
    pair: Pair,
    name: String,
    key: Option<&'a Entry<Credential>>,
}

impl Detector for ToxicCombination {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let inventory = view.inventory;
        let mut by_system: BTreeMap<&str, Vec<&GrantRow>> = BTreeMap::new();
        for grant in inventory.grants().iter().filter(|grant| grant.valid.at(at) != Certainty::No) {
            if let Some(entry) = inventory.resource(grant.resource).filter(|_| !grant.rights.any(Rights::NONE)) {
                by_system.entry(entry.it.id.system()).or_default().push(grant);
            }
        }
        for (system, grants) in &by_system {
            for (pair, one, other) in [
                (Pair::MakeAndGive, Rights::CREATE_ACCOUNTS, Rights::GRANT),
                (Pair::AuditAndDelete, Rights::AUDIT, Rights::DELETE),
            ] {
                let place = Place { pair, name: (*system).to_owned(), key: None };
                both(&place, &half(grants, one, at, inventory), &half(grants, other, at, inventory), at, view, out);
            }
        }
        for entry in inventory.credentials().iter().filter(|entry| custody::trusted_signer(entry, at)) {
            self::key(entry, &by_system, at, view, out);
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

/// Who may read a key, and the data behind those who verify with it.
fn key(
    entry: &Entry<Credential>,
    by_system: &BTreeMap<&str, Vec<&GrantRow>>,
    at: EventTime,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let (inventory, reads) = (view.inventory, Rights::READ.with(Rights::EXPORT));
    let Some(place) = entry.it.kept_at.as_ref().filter(|_| entry.it.exportable != Exportable::No) else { return };
    let on_place = by_system.get(place.system()).map(Vec::as_slice).unwrap_or_default();
    let on_place: Vec<&GrantRow> = on_place
        .iter()
        .filter(|grant| {
            inventory.resource(grant.resource).is_some_and(|on| {
                let id = on.it.id.as_str();
                id == place.as_str() || id.strip_suffix('*').is_some_and(|prefix| place.as_str().starts_with(prefix))
            })
        })
        .copied()
        .collect();
    let verifiers = verifiers(entry, view);
    let behind: Vec<&GrantRow> = verifiers
        .iter()
        .filter_map(|system| by_system.get(system))
        .flatten()
        .filter(|grant| {
            let id = inventory.resource(grant.resource).map(|on| &on.it.id);
            id.is_some_and(|id| id != place)
                && inventory.resource(grant.resource).is_some_and(|on| on.it.subjects.is_some_and(|many| many > 0))
        })
        .copied()
        .collect();
    let place = Place { pair: Pair::SignAndReach, name: entry.it.id.to_string(), key: Some(entry) };
    both(&place, &half(&on_place, reads, at, inventory), &half(&behind, reads, at, inventory), at, view, out);
}

/// The systems in which tokens of a key's issuer are used.
fn verifiers<'a>(key: &Entry<Credential>, view: &View<'a>) -> BTreeSet<&'a str> {
    let Some(issuer) = key.it.issuer.as_deref() else { return BTreeSet::new() };
    let classes = view.classes.iter().filter(|class| class.issuer == issuer);
    let logs: Vec<_> = classes.flat_map(|class| &class.used_in).collect();
    let used_in = view.sources.iter().filter(|source| logs.contains(&&source.log));
    used_in.filter_map(|source| source.system.as_ref()).map(|system| system.as_str()).collect()
}

fn half<'a>(grants: &[&'a GrantRow], rights: Rights, at: EventTime, inventory: &Inventory) -> Half<'a> {
    let mut half = Half::new();
    for grant in grants.iter().filter(|grant| grant.rights.any(rights)) {
        let behind = holders::of(inventory, grant.holder, at);
        let hands = behind.people.into_iter().map(Hand::Person).chain(behind.nobodys.into_iter().map(Hand::Account));
        for hand in hands {
            half.entry(hand).or_insert(grant);
        }
    }
    half
}

/// Tells of each pair of ways by which somebody has both halves.
fn both(place: &Place<'_>, one: &Half<'_>, other: &Half<'_>, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
    let mut ways: BTreeMap<(HolderIx, HolderIx), (usize, &GrantRow, &GrantRow)> = BTreeMap::new();
    for (hand, by) in one {
        if let Some(and_by) = other.get(hand) {
            ways.entry((by.holder, and_by.holder)).or_insert((0, *by, *and_by)).0 += 1;
        }
    }
    for (count, one, other) in ways.into_values() {
        raise(place, count, (one, other), at, view, out);
    }
}

fn raise(
    place: &Place<'_>,
    count: usize,
    (one, other): (&GrantRow, &GrantRow),
    at: EventTime,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let inventory = view.inventory;
    let (word, may_one, may_other) = place.pair.words();
    let holder = |grant: &GrantRow| holders::thing(inventory, grant.holder);
    let resource = |grant: &GrantRow| inventory.resource(grant.resource).map(|entry| entry.it.id.to_string());
    let (Some(by), Some(and_by)) = (holder(one), holder(other)) else { return };
    let Some(entry) = inventory.resource(one.resource) else { return };
    let since = one.valid.earliest_start().max(other.valid.earliest_start()).min(at);
    let since = if since == EventTime::MIN { entry.known_from.as_event() } else { since };
    let accused = match place.key {
        Some(key) => Thing::new(ThingKind::Credential, key.it.id.as_str()),
        None => by.clone(),
    };
    out.raise(&Raise {
        meta: &META,
        accused: accused.clone(),
        variant: &format!("{word}\0{}\0{by}\0{and_by}", place.name),
        severity: if place.key.is_some() { Severity::High } else { Severity::Medium },
        confidence: Confidence::Likely,
        stage: Stage::Confirmed,
        was: None,
        at: since,
        known_at: since,
        evidence: say::fact(&entry.source, since, format!("{by} has {}", one.rights)),
        tell: &|| {
            let whose = format!("{} may", say::people(count));
            let ways = if by == and_by { format!("by {by}") } else { format!("by {by} and by {and_by}") };
            let title = format!("`{}`: {whose} both {may_one} and {may_other}, {ways}", place.name);
            let inputs = vec![
                say::input(may_one, resource(one).unwrap_or_default()),
                say::input(may_other, resource(other).unwrap_or_default()),
            ];
            let things = [by.clone(), and_by.clone()].into_iter().filter(|thing| *thing != accused);
            (title, things.collect::<BTreeSet<_>>().into_iter().collect(), inputs)
        },
    });
}
