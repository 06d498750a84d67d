//! `sole-holder`: without one person, something that is in use cannot be run.
//!
//! Fires for a resource that others use and that exactly one living person can administer, and for a
//! trusted signing key that exactly one living person knows or may rotate. Graver when that person's
//! access has a known end. The person is counted and not named: `sever who` tells. Stays quiet when an
//! account that is nobody's own (a program's, a shared or break-glass one) can do it too, when nobody
//! but that person uses the thing, and where no source tells of rights on it.
//! Bounded by: nothing is kept.

use std::collections::BTreeMap;

use sever_model::port::{Detector, View};
use sever_model::{
    Audience, Certainty, Confidence, CredentialIx, EventTime, Exportable, FindingSet, GrantRow, Inventory, Meta,
    PersonIx, Raise, ResourceIx, Rights, Severity, SourceId, Stage, Symbols, Thing, ThingKind,
};

use super::holders::Holders;
use super::{custody, holders, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "sole-holder",
    title: "without one person, something in use cannot be run",
    speaks_when: "exactly one living person can administer a resource that others use, or knows or may rotate a \
                  trusted signing key; graver when that person's end is known",
    quiet_when: "an account that is nobody's own can do it too, nobody else uses the thing, or no source tells of \
                 rights on it",
    severity: Severity::Low,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1531"],
    remediation: "find out with `sever who` whose it is, and give a second person, or a sealed break-glass account, \
                  what is needed before they are away",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(SoleHolder) };

struct SoleHolder;

/// What only one person can do.
struct Sole<'a> {
    thing: Thing,
    does: &'static str,
    person: PersonIx,
    since: EventTime,
    source: &'a SourceId,
    used_by: String,
}

/// Who is known to have a right on a thing.
#[derive(Default)]
struct On {
    administer: Holders,
    others: Holders,
    since: Option<EventTime>,
}

impl Detector for SoleHolder {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let inventory = view.inventory;
        let valid = |grant: &&GrantRow| grant.valid.at(at) != Certainty::No;
        let mut rights: BTreeMap<ResourceIx, On> = BTreeMap::new();
        // Nothing asked for is held only by administration.
        let administers_any = |grant: &&GrantRow| grant.rights.any(Rights::NONE);
        for grant in inventory.grants().iter().filter(valid).filter(administers_any) {
            let on = rights.entry(grant.resource).or_default();
            on.administer.extend(holders::of(inventory, grant.holder, at));
            on.since = on.since.max(Some(grant.valid.earliest_start()));
        }
        for grant in inventory.grants().iter().filter(valid).filter(|grant| !administers_any(grant)) {
            if let Some(on) = rights.get_mut(&grant.resource) {
                on.others.extend(holders::of(inventory, grant.holder, at));
            }
        }
        let wide = wide(&rights, inventory);
        for (resource, on) in &rights {
            if let Some(sole) = administers(*resource, on, &wide, at, inventory) {
                raise(&sole, at, view, out);
            }
        }
        for (index, entry) in inventory.credentials().iter().enumerate() {
            if custody::trusted_signer(entry, at)
                && let Some(sole) = knows(CredentialIx(index as u32), &rights, &wide, at, inventory)
            {
                raise(&sole, at, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

/// Those who administer by a pattern, with what comes before its `*`.
fn wide<'a>(rights: &'a BTreeMap<ResourceIx, On>, inventory: &'a Inventory) -> Vec<(&'a str, &'a Holders)> {
    let patterns = rights.iter().filter_map(|(ix, on)| {
        let id = inventory.resource(*ix)?.it.id.as_str();
        // Up to a `+` the pattern says what it means; the rest only narrows it, and is not looked at.
        let prefix = id.strip_suffix('*').or_else(|| id.split_once("/+").map(|(prefix, _)| prefix))?;
        Some((prefix, &on.administer))
    });
    patterns.collect()
}

/// Everybody who administers a thing, by itself or by a pattern.
fn all(id: &str, own: Option<&Holders>, wide: &[(&str, &Holders)]) -> Holders {
    let mut all = own.cloned().unwrap_or_default();
    for (_, holders) in wide.iter().filter(|(prefix, _)| id.starts_with(prefix)) {
        all.extend((*holders).clone());
    }
    all
}

/// The one living person among holders, where there is no account that could stand in.
fn only(holders: &Holders, at: EventTime, inventory: &Inventory) -> Option<PersonIx> {
    if !holders.others.is_empty() || !holders.nobodys.is_empty() {
        return None;
    }
    let mut living = holders.people.iter().filter(|person| inventory.employed(**person, at) != Certainty::No);
    living.next().copied().filter(|_| living.next().is_none())
}

fn administers<'a>(
    ix: ResourceIx,
    on: &On,
    wide: &[(&str, &Holders)],
    at: EventTime,
    inventory: &'a Inventory,
) -> Option<Sole<'a>> {
    let entry = inventory.resource(ix)?;
    let since = on.since?;
    let person = only(&all(entry.it.id.as_str(), Some(&on.administer), wide), at, inventory)?;
    let living = |other: &&PersonIx| **other != person && inventory.employed(**other, at) != Certainty::No;
    let people = on.others.people.iter().filter(living).count();
    let programs = on.others.others.len();
    if people + programs == 0 {
        return None;
    }
    Some(Sole {
        thing: Thing::new(ThingKind::Resource, entry.it.id.as_str()),
        does: "can administer it",
        person,
        since,
        source: &entry.source,
        used_by: format!("{} and {} more have rights on it", say::people(people), say::plural(programs, "account")),
    })
}

fn knows<'a>(
    key: CredentialIx,
    rights: &BTreeMap<ResourceIx, On>,
    wide: &[(&str, &Holders)],
    at: EventTime,
    inventory: &'a Inventory,
) -> Option<Sole<'a>> {
    let entry = inventory.credential(key)?;
    // Nobody knows a key that stays in its engine: who runs the engine is another matter.
    if entry.it.exportable == Exportable::No {
        return None;
    }
    let mut holders = Holders::default();
    for row in inventory.custody_of(key).iter().filter(|row| row.valid.earliest_start() <= at) {
        match (row.person, row.account) {
            (Some(person), _) => {
                holders.people.insert(person);
            }
            (None, Some(account)) => {
                holders.others.insert(account);
            }
            (None, None) => return None,
        }
    }
    if let Some(place) = &entry.it.kept_at {
        let on = inventory.find_resource(place).and_then(|ix| rights.get(&ix));
        holders.extend(all(place.as_str(), on.map(|on| &on.administer), wide));
    }
    Some(Sole {
        thing: Thing::new(ThingKind::Credential, entry.it.id.as_str()),
        does: "knows it or may rotate it",
        person: only(&holders, at, inventory)?,
        since: entry.valid.earliest_start(),
        source: &entry.source,
        used_by: "verifiers believe it".to_owned(),
    })
}

fn raise(sole: &Sole<'_>, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
    let inventory = view.inventory;
    let stints = inventory.stints(sole.person).filter(|stint| stint.valid.at(at) != Certainty::No);
    let end = stints.map(|stint| stint.valid.latest_end()).max().filter(|end| *end < EventTime::MAX);
    let since = if sole.since == EventTime::MIN { inventory.as_of().min(at) } else { sole.since.min(at) };
    out.raise(&Raise {
        meta: &META,
        accused: sole.thing.clone(),
        variant: "",
        severity: if end.is_some() { Severity::High } else { Severity::Low },
        confidence: Confidence::Likely,
        stage: Stage::Confirmed,
        was: None,
        at: since,
        known_at: since,
        evidence: say::fact(sole.source, since, format!("one living person {}", sole.does)),
        tell: &|| {
            let ends = end.map_or_else(String::new, |end| format!(", whose access ends {}", say::day(end)));
            let thing = say::thing(view.inventory, &sole.thing);
            let title = format!("{thing}: one living person {}{ends}", sole.does);
            let known = end.map_or_else(|| "not known".to_owned(), |end| end.to_string());
            (title, Vec::new(), vec![say::input("in use", &sole.used_by), say::input("their end of access", known)])
        },
    });
}
