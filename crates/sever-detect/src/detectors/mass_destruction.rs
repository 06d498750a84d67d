//! `mass-destruction`: many things, or things that cannot be had again, are deleted in a short time.
//!
//! Fires when one actor deletes at least so many things within a window, or a few of a kind that
//! cannot be remade (volumes, snapshots, backups, mailboxes, tables). Graver when the actor has left,
//! is nobody's account, or is shared. Stays quiet when the actor, their team or, for a service, its
//! owner is the declared owner of the things, unless the actor has left.
//! Bounded by: the deletions of one window of one actor up to the threshold, for as many actors as
//! [`Limits::detector_entries_max`](sever_model::Limits) allows of such lists; when full the eighth
//! least recent actors are forgotten.

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, Resolved, View};
use sever_model::{
    AccountKind, Audience, Batch, Confidence, EventKind, EventTime, Evidence, FindingSet, Meta, PersonIx, Raise,
    ResourceId, Severity, Span, Stage, Symbols, Thing,
};

use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "mass-destruction",
    title: "many or irreplaceable things are deleted in a short time",
    speaks_when: "one actor deletes many things within a window, or a few that cannot be remade; graver by a ghost, \
                  departed or shared account",
    quiet_when: "the things are declared to be the actor's own, their team's or, for a service account, its owner's, \
                 and the actor works here; the deletions were refused",
    severity: Severity::High,
    confidence: Confidence::Likely,
    audience: Audience::Responder,
    attack: &["T1485", "T1490", "T1531"],
    remediation: "stop the actor's sessions and disable the account; keep what backups there are out of its reach; \
                  list what was deleted from the evidence on",
    bounded_by: "one window's deletions of each actor, up to the threshold; when full, the eighth of actors least \
                 recent are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(MassDestruction { settings: settings.mass_destruction.clone(), actors: Bounded::default() })
    },
};

/// Kinds of thing that cannot be remade. A machine can.
const IRREPLACEABLE: [&str; 5] = ["volume", "snapshot", "backup", "mailbox", "table"];

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Deletions by one actor from which on it is told.
    pub deletes_min: u32,
    /// Deletions of things that cannot be remade from which on it is told.
    pub irreplaceable_min: u32,
    /// Within how long, in seconds.
    pub window_secs: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { deletes_min: 20, irreplaceable_min: 3, window_secs: 3_600 }
    }
}

struct MassDestruction {
    settings: Settings,
    actors: Bounded<Recent>,
}

/// What one actor deleted within the last window and has not been told yet.
#[derive(Default, Serialize, Deserialize)]
struct Recent {
    any: Vec<Deletion>,
    /// Until when one more deletion belongs to what has been told.
    telling_until: Option<EventTime>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Deletion {
    evidence: Evidence,
    irreplaceable: bool,
}

/// Why an actor makes it graver.
#[derive(Clone, Copy)]
enum Graver {
    Left(PersonIx),
    Ghost,
    Shared,
}

impl Detector for MassDestruction {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            if events.batch.kind(row) == EventKind::Changed
                && whose::got_in(events.batch, row)
                && is_deletion(view.symbols.text(events.batch.names(row).action))
            {
                self.deleted(events, row, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.actors)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.actors = serde_json::from_value(state)?;
        Ok(())
    }
}

impl MassDestruction {
    fn deleted(&mut self, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let (batch, resolved) = (events.batch, events.resolved(row));
        let time = batch.time(row);
        let Some(accused) = whose::actor(view, events.source, batch, row, resolved) else { return };
        let graver = graver(batch, row, resolved, view);
        if !matches!(graver, Some(Graver::Left(_))) && own(events, row, resolved, view) {
            return;
        }
        let window = Span::secs(i64::from(self.settings.window_secs));
        let (many, few) = (self.settings.deletes_min.max(1) as usize, self.settings.irreplaceable_min.max(1) as usize);
        // Each actor may hold `many` deletions, so fewer actors fit.
        let actors_max = (view.limits.detector_entries_max / many).max(1);
        let recent = self.actors.touch(&accused.to_string(), time, actors_max);
        recent.any.retain(|deletion| deletion.evidence.at.plus(window) > time);
        recent.any.push(Deletion {
            evidence: say::record(view, events.source, batch, row),
            irreplaceable: irreplaceable(events, row, view),
        });
        let told = recent.telling_until.is_some_and(|until| time < until);
        let last_ones = recent.any.iter().filter(|deletion| deletion.irreplaceable).count();
        if !told && recent.any.len() < many && last_ones < few {
            return;
        }
        recent.telling_until = Some(time.plus(window));
        let count = recent.any.len();
        for deletion in std::mem::take(&mut recent.any) {
            let destroyed = Destroyed { accused: &accused, graver, count, last_ones, known_at: time };
            self.settings.raise(&destroyed, deletion.evidence, view, out);
        }
    }
}

/// What is told of one deletion.
struct Destroyed<'a> {
    accused: &'a Thing,
    graver: Option<Graver>,
    count: usize,
    last_ones: usize,
    known_at: EventTime,
}

impl Settings {
    fn raise(&self, destroyed: &Destroyed<'_>, evidence: Evidence, view: &View<'_>, out: &mut FindingSet) {
        let accused = destroyed.accused;
        out.raise(&Raise {
            meta: &META,
            accused: accused.clone(),
            variant: "",
            severity: if destroyed.graver.is_some() { Severity::Critical } else { Severity::High },
            confidence: if destroyed.graver.is_some() { Confidence::Certain } else { Confidence::Likely },
            stage: Stage::Confirmed,
            was: None,
            at: evidence.at,
            known_at: destroyed.known_at,
            evidence,
            tell: &|| {
                let (who, things) = match destroyed.graver {
                    Some(Graver::Left(person)) => {
                        let id = say::person_id(view.inventory, person);
                        (format!(", whose holder `{id}` has left,"), vec![say::person(view.inventory, person)])
                    }
                    Some(Graver::Ghost) => (", which is nobody's,".to_owned(), Vec::new()),
                    Some(Graver::Shared) => (", which is shared,".to_owned(), Vec::new()),
                    None => (String::new(), Vec::new()),
                };
                let title = format!("{}{who} deleted {{count:thing}}", say::thing(view.inventory, accused));
                let window = Span::secs(i64::from(self.window_secs));
                let inputs = vec![
                    say::input("deletions when it was told", destroyed.count),
                    say::input("of them not to be remade", destroyed.last_ones),
                    say::input("told from", self.deletes_min),
                    say::input("told from, of what cannot be remade", self.irreplaceable_min),
                    say::input("window", window),
                ];
                (title, things, inputs)
            },
        });
    }
}

fn is_deletion(action: &str) -> bool {
    action.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("delete"))
}

fn graver(batch: &Batch, row: usize, resolved: Resolved, view: &View<'_>) -> Option<Graver> {
    let inventory = view.inventory;
    let account = whose::used(batch.kind(row), resolved)?;
    if let Some(person) = inventory.person_of(account)
        && whose::gone(view, person, batch.time(row)).is_some()
        && inventory.handed_over(Some(account), resolved.credential, batch.time(row)).is_none()
    {
        return Some(Graver::Left(person));
    }
    if whose::ghost(inventory, account).is_some() {
        return Some(Graver::Ghost);
    }
    let kind = inventory.account(account)?.it.kind;
    (kind == AccountKind::Shared).then_some(Graver::Shared)
}

/// The thing deleted, by its full id or as the log's system calls it.
fn thing(events: &Events<'_>, row: usize, view: &View<'_>) -> Option<sever_model::ResourceIx> {
    let name = events.batch.resource(row);
    let system = view.sources.get(events.source).and_then(|source| source.system.as_ref());
    let scoped = system.and_then(|system| view.inventory.find_resource(&ResourceId::of(system, name)));
    scoped.or_else(|| view.inventory.find_resource(&ResourceId::from(name)))
}

/// Whether the thing is declared to be the actor's to delete.
fn own(events: &Events<'_>, row: usize, resolved: Resolved, view: &View<'_>) -> bool {
    let account = whose::used(events.batch.kind(row), resolved);
    let entry = thing(events, row, view).and_then(|ix| view.inventory.resource(ix));
    let owner = entry.and_then(|entry| entry.it.owner.as_deref());
    matches!((account, owner), (Some(account), Some(owner)) if whose::owns(view.inventory, account, owner, events.batch.time(row)))
}

/// Whether the thing is of a kind that cannot be remade: by its record, else by the action's words.
fn irreplaceable(events: &Events<'_>, row: usize, view: &View<'_>) -> bool {
    let known = thing(events, row, view).and_then(|ix| view.inventory.resource(ix));
    let is = |text: &str| {
        let text = text.to_ascii_lowercase();
        IRREPLACEABLE.iter().any(|kind| text.contains(kind))
    };
    match known {
        Some(entry) if !entry.it.kind.is_empty() => is(&entry.it.kind),
        _ => is(view.symbols.text(events.batch.names(row).action)),
    }
}
