//! `key-known-to-leaver`: a signing key is trusted that somebody who has left could know.
//!
//! Fires for a signing key that verifiers still believe, when a person who has left made, read or
//! could have read it since it was last rotated; gravest when it then signs tokens that nobody
//! issued. Stays quiet when the key was rotated or retired after they could last have read it, when
//! it cannot leave its place, when they work here again, and for a sanctioned hand-over of the key.
//! Bounded by: one entry per signing key of the inventory that was used unissued, at most
//! [`Limits::detector_entries_max`](sever_model::Limits); past it a key's standing finding counts
//! once more. What is kept of the inventory is a cache of as many.

use std::collections::{BTreeSet, HashMap};

use sever_model::port::{Detector, Settled, View};
use sever_model::{
    Audience, Confidence, CredentialIx, EventTime, FindingSet, Inventory, Meta, Outcome, Raise, Severity, Stage,
    Strength, Symbols, Thing, ThingKind, WallTime,
};

use super::custody::{self, Knower};
use super::say;
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "key-known-to-leaver",
    title: "a signing key is trusted that somebody who has left could know",
    speaks_when: "a signing key is trusted or used that a departed person made, read or could have read after its \
                  last rotation",
    quiet_when: "the key was rotated or retired since, it cannot leave its HSM or transit engine, the person works \
                 here again, or the key's hand-over is sanctioned",
    severity: Severity::Critical,
    confidence: Confidence::Likely,
    audience: Audience::Engineer,
    attack: &["T1552.004", "T1606.001", "T1078"],
    remediation: "rotate the key: publish the new one, wait until verifiers use it, sign with it, retire the old one \
                  and prove that each verifier refuses it; cutting the person's access does not help",
    bounded_by: "one entry per signing key that was used unissued; past the limit its standing finding counts once \
                 more",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(KeyKnownToLeaver::default()) };

#[derive(Default)]
struct KeyKnownToLeaver {
    /// Ids of keys whose misuse is confirmed: said already when the standing state is judged.
    misused: BTreeSet<String>,
    cache: Cache,
}

/// Who of those who had left could know a key, and between which instants that stays so. It follows
/// from the inventory alone, so it is not saved.
#[derive(Default)]
struct Cache {
    of: Option<(EventTime, WallTime)>,
    keys: HashMap<CredentialIx, (EventTime, EventTime, bool), foldhash::quality::RandomState>,
}

impl Detector for KeyKnownToLeaver {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn settle(&mut self, settled: &Settled<'_>, view: &View<'_>, out: &mut FindingSet) {
        let (batch, row) = (settled.batch, settled.row);
        let Some(key) = settled.resolved.key.filter(|_| settled.judgement.forged()) else { return };
        let at = batch.time(row);
        // A refused token does not show that the key signed it.
        if batch.outcome(row) == Outcome::Refused || !self.cache.any_leaver(view.inventory, key, at) {
            return;
        }
        let Some(entry) = view.inventory.credential(key) else { return };
        let leavers = leavers(view.inventory, key, at);
        let id = entry.it.id.as_str();
        if settled.stage == Stage::Confirmed && self.misused.len() < view.limits.detector_entries_max {
            self.misused.insert(id.to_owned());
        }
        let Some(first) = leavers.first() else { return };
        out.raise(&Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Credential, id),
            variant: "",
            severity: Severity::Critical,
            confidence: Confidence::Certain,
            stage: settled.stage,
            was: settled.was,
            at,
            known_at: settled.at,
            evidence: say::record(view, settled.source, batch, row),
            tell: &|| {
                let title = format!(
                    "key `{id}` signed {{count:use}} of tokens that nobody issued, and {}; it was not rotated since",
                    told(view.inventory, &leavers, first),
                );
                (title, things(view.inventory, &leavers), inputs(view.inventory, key, &leavers, at))
            },
        });
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for (index, entry) in view.inventory.credentials().iter().enumerate() {
            if custody::trusted_signer(entry, at) && !self.misused.contains(entry.it.id.as_str()) {
                stand_key(CredentialIx(index as u32), at, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.misused)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.misused = serde_json::from_value(state)?;
        Ok(())
    }
}

impl Cache {
    /// Whether anybody who had left by `at` could know the key. Asked for every forged use, so it is
    /// looked up again only when something about the key's knowers changes.
    fn any_leaver(&mut self, inventory: &Inventory, key: CredentialIx, at: EventTime) -> bool {
        let of = Some((inventory.as_of(), inventory.known_at()));
        if self.of != of {
            self.keys.clear();
            self.of = of;
        }
        if let Some((from, to, any)) = self.keys.get(&key)
            && (*from..*to).contains(&at)
        {
            return *any;
        }
        let any = !leavers(inventory, key, at).is_empty();
        let (from, to) = unchanged(inventory, key, at);
        self.keys.insert(key, (from, to, any));
        any
    }
}

/// How many people who had left by `at` could know the key as it is since its last rotation.
pub fn leavers_who_know(inventory: &Inventory, key: CredentialIx, at: EventTime) -> usize {
    leavers(inventory, key, at).len()
}

/// Those who had left by `at` and could know the key: surest and strongest first. None where the
/// key's hand-over is sanctioned.
fn leavers(inventory: &Inventory, key: CredentialIx, at: EventTime) -> Vec<Knower<'_>> {
    if inventory.handed_over(None, Some(key), at).is_some() {
        return Vec::new();
    }
    let mut leavers = custody::knowers(inventory, key, at);
    leavers.retain(|knower| knower.departed.is_some());
    leavers
}

/// The instants around `at` between which nothing that decides [`leavers`] changes.
fn unchanged(inventory: &Inventory, key: CredentialIx, at: EventTime) -> (EventTime, EventTime) {
    let (mut from, mut to) = (EventTime::MIN, EventTime::MAX);
    let mut edge = |edge: EventTime| {
        if edge <= at {
            from = from.max(edge);
        } else {
            to = to.min(edge);
        }
    };
    let mut edges = |valid: &sever_model::Valid| {
        for bound in [valid.from, valid.to] {
            edge(say::earliest(bound));
            edge(say::latest(bound));
        }
    };
    for row in inventory.custody_of(key) {
        edges(&row.valid);
        if let Some(person) = row.person {
            inventory.stints(person).for_each(|stint| edges(&stint.valid));
            inventory.person(person).into_iter().for_each(|person| edges(&person.valid));
        }
    }
    inventory.handovers().iter().for_each(|handover| edges(&handover.valid));
    if let Some(rotated) = inventory.credential(key).and_then(|entry| entry.it.rotated_at) {
        edge(rotated);
    }
    (from, to)
}

fn stand_key(key: CredentialIx, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
    let inventory = view.inventory;
    let leavers = leavers(inventory, key, at);
    let (Some(entry), Some(first)) = (inventory.credential(key), leavers.first()) else { return };
    let id = entry.it.id.as_str();
    // Whoever left first made the key unsafe first.
    let since = |knower: &Knower<'_>| {
        knower.departed.map_or((at, at), |departed| {
            let end = say::latest(departed.end).min(at);
            (end, end.max(departed.known_from.as_event()))
        })
    };
    let (left_at, known_at) = leavers.iter().map(since).min_by_key(|(_, known)| *known).unwrap_or((at, at));
    let knew = leavers.iter().any(|knower| knower.row.strength > Strength::CouldRead);
    let gone = leavers
        .iter()
        .any(|knower| knower.sure && knower.departed.is_some_and(|departed| say::latest(departed.end) <= at));
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Credential, id),
        variant: "",
        severity: if knew { Severity::Critical } else { Severity::High },
        confidence: if gone { Confidence::Likely } else { Confidence::Possible },
        stage: Stage::Confirmed,
        was: None,
        at: left_at,
        known_at,
        evidence: say::fact(
            &first.row.source,
            first.row.valid.earliest_start().max(left_at.min(at)),
            &*first.row.evidence,
        ),
        tell: &|| {
            let who = told(inventory, &leavers, first);
            let title = format!("key `{id}` is trusted, and {who}; it was not rotated since");
            (title, things(inventory, &leavers), inputs(inventory, key, &leavers, at))
        },
    });
}

/// `p-17, who left 2024-12-31, read it 2024-11-02, and 2 more who left could know it`.
fn told(inventory: &Inventory, leavers: &[Knower<'_>], first: &Knower<'_>) -> String {
    let person = first.person.map_or("(unknown)", |ix| say::person_id(inventory, ix));
    let end = first.departed.map_or_else(|| "has left".to_owned(), |departed| say::left(departed.end));
    let start = first.row.valid.earliest_start();
    let knew = first.row.strength > Strength::CouldRead && start > EventTime::MIN;
    let when = if knew { format!(" {}", say::day(start)) } else { String::new() };
    let more = match leavers.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", as could {} more who left", say::people(more)),
    };
    format!("`{person}`, who {end}, {} it{when}{more}", first.row.strength.words())
}

fn things(inventory: &Inventory, leavers: &[Knower<'_>]) -> Vec<Thing> {
    leavers.iter().filter_map(|knower| knower.person).map(|ix| say::person(inventory, ix)).collect()
}

fn inputs(inventory: &Inventory, key: CredentialIx, leavers: &[Knower<'_>], at: EventTime) -> say::Inputs {
    let rotated = inventory.credential(key).and_then(|entry| custody::rotated(&entry.it, at));
    let mut inputs = vec![
        say::input("last rotated", rotated.map_or_else(|| "never, as far as known".to_owned(), |at| at.to_string())),
        say::input("people who left and could know it", leavers.len()),
    ];
    for knower in leavers.iter().take(10) {
        let person = knower.person.map_or("(unknown)", |ix| say::person_id(inventory, ix));
        let end = knower.departed.map_or_else(String::new, |departed| say::left(departed.end));
        let row = knower.row;
        inputs.push(say::input(person, format!("{end}; {}: {}", row.strength.words(), row.evidence)));
    }
    inputs
}
