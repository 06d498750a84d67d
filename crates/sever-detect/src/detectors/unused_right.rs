//! `unused-right`: a right has not been exercised for a long time.
//!
//! Fires for a right that has been held for longer than so many days and that nobody who holds it has
//! exercised within them: by what its system says, or by a log of that system that covers the whole
//! time. A log counts only when it has been shown to name things as rights do: some use in it fell
//! under some right there that is not on everything. Stays quiet where use cannot be seen: no log,
//! one that begins or ends too early, or one that names other things; for programs, whose doings are
//! often in no log; for closed accounts and empty groups; and for rights to touch a canary.
//! Bounded by: one time per right exercised, and one span per log's system, each at most
//! [`Limits::detector_entries_max`](sever_model::Limits); when a right is forgotten, logs prove
//! silence no more. What is kept of the inventory is a cache of its accounts.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    AccountIx, AccountKind, Audience, Bound, Certainty, Confidence, EventTime, FindingSet, GrantRow, GroupIx, HolderIx,
    Inventory, Meta, Raise, Rights, Severity, Span, Stage, Symbols, Thing, ThingKind, WallTime,
};

use super::bounded::Bounded;
use super::{holders, say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "unused-right",
    title: "a right has not been exercised for a long time",
    speaks_when: "nobody who holds a right has exercised it for 90 days, although its use can be seen: its system says \
                  when it was last exercised, or a log that names things as rights do covers the whole time",
    quiet_when: "its use cannot be seen (no log, one that begins or ends too early or names other things), it is newer \
                 than that, a program holds it, or its holder is closed or empty",
    severity: Severity::Low,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1078", "T1213"],
    remediation: "take it away, and give it for a time when somebody asks: `sever rights --replay` shows what that \
                  would have refused",
    bounded_by: "one time per right exercised; when full, the eighth longest ago are forgotten and logs no longer \
                 prove silence",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(UnusedRight {
            settings: settings.unused_right.clone(),
            state: State::default(),
            cache: Cache::default(),
        })
    },
};

/// How long before the instant asked about a log may end and still speak of it.
const FRESH: Span = Span::days(2);
/// Groups above an account that are followed.
const GROUPS_MAX: usize = 1_000;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days after which a right that nobody exercised is unused.
    pub days: u32,
    /// A resource that holds so many people's data makes its unused right graver.
    pub subjects_min: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { days: 90, subjects_min: 10_000 }
    }
}

struct UnusedRight {
    settings: Settings,
    state: State,
    cache: Cache,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// Rights exercised, by holder and resource.
    exercised: Bounded<()>,
    /// What has been read of each system's logs.
    shown: BTreeMap<String, Read>,
}

/// Since when a system's log is read, when it was last seen, and whether it names things as rights do.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Read {
    from: EventTime,
    to: EventTime,
    meets: bool,
}

/// The rights of each account that acted. It follows from the inventory alone, so it is not saved.
#[derive(Default)]
struct Cache {
    of: Option<(EventTime, WallTime)>,
    rights: HashMap<AccountIx, Vec<Held>, foldhash::quality::RandomState>,
}

/// A right of an account, whenever it holds.
struct Held {
    key: String,
    /// The system's own name of the thing, and whether it is a prefix.
    native: String,
    prefix: bool,
}

impl Detector for UnusedRight {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, _out: &mut FindingSet) {
        let Some(system) = view.sources.get(events.source).and_then(|source| source.system.as_ref()) else { return };
        if view.inventory.grants().is_empty() {
            return;
        }
        for row in events.range() {
            let time = events.batch.time(row);
            let span = self.state.span(system.as_str(), time);
            span.to = span.to.max(time);
            let Some(account) = whose::used(events.batch.kind(row), events.resolved(row)) else { continue };
            let Some(entry) = view.inventory.account(account).filter(|_| whose::got_in(events.batch, row)) else {
                continue;
            };
            if entry.it.id.system() == system.as_str() {
                self.exercise(account, system.as_str(), say::path(events.batch.resource(row)), time, view);
            }
        }
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for grant in view.inventory.grants().iter().filter(|grant| grant.valid.at(at) == Certainty::Yes) {
            self.stand_grant(grant, at, view, out);
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.state)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.state = serde_json::from_value(state)?;
        self.cache = Cache::default();
        Ok(())
    }
}

impl State {
    fn span(&mut self, system: &str, at: EventTime) -> &mut Read {
        if !self.shown.contains_key(system) {
            self.shown.insert(system.to_owned(), Read { from: at, to: at, meets: false });
        }
        self.shown.entry(system.to_owned()).or_insert(Read { from: at, to: at, meets: false })
    }
}

impl UnusedRight {
    /// Notes the rights that a use exercises.
    fn exercise(&mut self, account: AccountIx, system: &str, resource: &str, at: EventTime, view: &View<'_>) {
        let inventory = view.inventory;
        let of = Some((inventory.as_of(), inventory.known_at()));
        if self.cache.of != of {
            self.cache.rights.clear();
            self.cache.of = of;
        }
        let held = self.cache.rights.entry(account).or_insert_with(|| held(inventory, account, system));
        for right in held.iter().filter(|right| right.means(resource)) {
            self.state.exercised.touch(&right.key, at, view.limits.detector_entries_max);
            if !right.native.is_empty() {
                self.state.span(system, at).meets = true;
            }
        }
    }

    fn stand_grant(&self, grant: &GrantRow, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let inventory = view.inventory;
        let span = Span::days(i64::from(self.settings.days));
        let given = match grant.valid.from {
            Bound::Unbounded => EventTime::MIN,
            Bound::At(from) | Bound::Between(_, from) => from,
        };
        let (Some(holder), Some(entry)) = (holders::thing(inventory, grant.holder), inventory.resource(grant.resource))
        else {
            return;
        };
        let canary = super::canary_touched::is_canary(&entry.it.kind);
        if given > at.minus(span) || canary || !held_by_people(inventory, grant.holder, at) {
            return;
        }
        let Some((last, by)) = self.last_use(grant, &entry.it.id, at, view) else { return };
        if last.max(given) > at.minus(span) {
            return;
        }
        let resource = entry.it.id.as_str();
        let unused_at = last.max(given).plus(span);
        let known_at = unused_at.max(entry.known_from.as_event());
        let grave = entry.it.subjects.is_some_and(|subjects| subjects >= self.settings.subjects_min)
            || grant.rights.any(Rights::EXPORT.with(Rights::GRANT).with(Rights::CREATE_ACCOUNTS));
        out.raise(&Raise {
            meta: &META,
            accused: holder.clone(),
            variant: &format!("{resource}\0{}", grant.rights),
            severity: if grave { Severity::Medium } else { Severity::Low },
            confidence: Confidence::Likely,
            stage: Stage::Confirmed,
            was: None,
            at: unused_at.min(at),
            known_at,
            evidence: say::fact(&entry.source, last.max(given), format!("{holder} has {} on {resource}", grant.rights)),
            tell: &|| {
                let since = match by {
                    "its system" => format!("last exercised it on {}", say::day(last)),
                    _ if last > EventTime::MIN && by == "a log" => format!("last exercised it on {}", say::day(last)),
                    _ => format!("has not exercised it since {}", say::day(last.max(given))),
                };
                let held_by = say::thing(inventory, &holder);
                let title = format!("{held_by} has {} on `{resource}` and {since}", grant.rights);
                let inputs = vec![
                    say::input("last exercised told by", by),
                    say::input("days without use allowed", self.settings.days),
                    say::input("granted by", inventory.granted_by(grant).unwrap_or("not said")),
                ];
                (title, vec![Thing::new(ThingKind::Resource, resource)], inputs)
            },
        });
    }

    /// When a right was last exercised by `at`, and who says so; for the silence of a log, since when
    /// it is read. `None` where it cannot be seen.
    fn last_use(
        &self,
        grant: &GrantRow,
        id: &sever_model::ResourceId,
        at: EventTime,
        view: &View<'_>,
    ) -> Option<(EventTime, &'static str)> {
        let told = view.inventory.grant_used(grant);
        if told.is_some_and(|told| told > at) {
            return None; // its system knows of a later use, and has forgotten the one before it
        }
        let seen = self.state.exercised.touched(&key(view.inventory, grant)?);
        if let Some(told) = told {
            return Some(seen.filter(|seen| *seen > told).map_or((told, "its system"), |seen| (seen, "a log")));
        }
        let shown = self.state.shown.get(id.system()).filter(|shown| shown.meets)?;
        let whole = shown.from <= at.minus(Span::days(i64::from(self.settings.days)))
            && shown.to.plus(FRESH) >= at
            && self.state.exercised.forgotten() == 0;
        if !whole || !in_system(view.inventory, grant.holder, id.system()) {
            return None;
        }
        Some(seen.map_or((shown.from, "silence of its logs"), |seen| (seen, "a log")))
    }
}

impl Held {
    fn means(&self, resource: &str) -> bool {
        let resource = resource.trim_start_matches('/');
        if self.prefix { resource.starts_with(&self.native) } else { resource == self.native }
    }
}

/// All rights of an account in a system, by whichever group and at whatever time. Up to a `+` a
/// pattern says what it means; the rest only narrows it, and is not looked at.
fn held(inventory: &Inventory, account: AccountIx, system: &str) -> Vec<Held> {
    let mut holders = vec![HolderIx::Account(account)];
    holders.extend(inventory.person_of(account).map(HolderIx::Person));
    let mut next = 0;
    while let Some(holder) = holders.get(next).copied().filter(|_| holders.len() < GROUPS_MAX) {
        let above: Vec<GroupIx> = inventory.groups_of(holder).map(|row| row.group).collect();
        for group in above.into_iter().map(HolderIx::Group) {
            if !holders.contains(&group) {
                holders.push(group);
            }
        }
        next += 1;
    }
    let grants = holders.iter().flat_map(|holder| inventory.grants_of(*holder));
    let held = grants.filter_map(|grant| {
        let id = &inventory.resource(grant.resource)?.it.id;
        let native = id.native().trim_start_matches('/');
        let body = native.strip_suffix('*').or_else(|| native.split_once('+').map(|(body, _)| body));
        (id.system() == system).then_some(())?;
        let key = key(inventory, grant)?;
        Some(Held { key, native: body.unwrap_or(native).to_owned(), prefix: body.is_some() })
    });
    held.collect()
}

/// What tells a right from others: its holder and its resource.
fn key(inventory: &Inventory, grant: &GrantRow) -> Option<String> {
    let holder = holders::thing(inventory, grant.holder)?;
    Some(format!("{holder}\0{}", inventory.resource(grant.resource)?.it.id))
}

/// Whether people, or accounts that should be people's, hold it, and may use it.
fn held_by_people(inventory: &Inventory, holder: HolderIx, at: EventTime) -> bool {
    if let HolderIx::Account(account) = holder {
        let program = inventory.account(account).is_some_and(|entry| entry.it.kind == AccountKind::Service);
        return !program && whose::enabled(inventory, account, at);
    }
    let behind = holders::of(inventory, holder, at);
    !(behind.people.is_empty() && behind.nobodys.is_empty()) && behind.others.is_empty()
}

/// Whether all accounts behind a holder are the system's own, so that its logs would name them.
fn in_system(inventory: &Inventory, holder: HolderIx, system: &str) -> bool {
    match holder {
        HolderIx::Account(account) => inventory.account(account).is_some_and(|entry| entry.it.id.system() == system),
        HolderIx::Group(group) => inventory.group(group).is_some_and(|entry| entry.it.id.system() == system),
        HolderIx::Person(_) | HolderIx::Credential(_) => false,
    }
}
