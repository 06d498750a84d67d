//! `canary-touched`: something that nobody has any business with is touched.
//!
//! Fires when an event names a canary: a resource, account or credential that a listing of resources
//! marks by the kind `canary` (a row bears the id of the thing that it marks), or a subject that
//! the operator lists. It also fires when one actor asks for the data of many ids that were never
//! given out, where the register is complete past the use and the log has been shown to name people
//! whom the register knows. Stays quiet for whoever is declared to answer for the canary, for an
//! issuer's idle line, for a few mistyped ids, and for tokens that name somebody who does not exist,
//! which is `unknown-subject`'s matter.
//! Bounded by: one count per actor that asked for ids never given out, and two per log, each at most
//! [`Limits::detector_entries_max`](sever_model::Limits); what is kept of the inventory is a cache of
//! its canaries.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Confidence, EventKind, EventTime, FindingSet, Inventory, Lookup, Meta, Outcome, Raise, Severity, Span,
    Stage, SubjectRegister, Symbols, Thing, ThingKind, WallTime,
};

use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "canary-touched",
    title: "something that nobody has any business with is touched",
    speaks_when: "an event names a planted resource, account, credential or subject, or one actor asks for many ids \
                  that were never given out",
    quiet_when: "the declared owner of the canary touches it, only a few ids were mistyped, or the register is not \
                 complete past the use",
    severity: Severity::High,
    confidence: Confidence::Certain,
    audience: Audience::Responder,
    attack: &["T1087", "T1213", "T1552", "T1078"],
    remediation: "find out who is behind the credential with `sever who`, stop it, and see what else it touched with \
                  `sever reach`; then plant the canary anew",
    bounded_by: "one count per actor that asks for ids never given out, and two per log; when full, the eighth longest \
                 ago are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(CanaryTouched {
            settings: settings.canary_touched.clone(),
            state: State::default(),
            cache: Cache::default(),
        })
    },
};

/// Ids that the register knows, from which on a log is taken to name people whom it registers.
const KNOWN_MIN: u64 = 200;
/// Of so many such ids one at most may be unknown meanwhile.
const KNOWN_SHARE: u64 = 100;

/// Thresholds, and the subjects that are canaries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Ids of planted subjects: customers who do not exist but for us.
    pub subjects: Vec<String>,
    /// So many ids that were never given out, by one actor within the window, are no mistyping.
    pub never_given_min: u32,
    /// The window, in seconds.
    pub window_secs: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { subjects: Vec::new(), never_given_min: 20, window_secs: 86_400 }
    }
}

struct CanaryTouched {
    settings: Settings,
    state: State,
    cache: Cache,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// Of each log: subjects that the register knows and does not, until it is proven.
    logs: BTreeMap<String, (u64, u64)>,
    /// Ids never given out that each actor asked for: since when, and how many.
    asked: Bounded<(Option<EventTime>, u32)>,
}

/// The canaries of an inventory, by id. It follows from the inventory alone, so it is not saved.
#[derive(Default)]
struct Cache {
    of: Option<(EventTime, WallTime, usize)>,
    exact: HashMap<String, Option<String>, foldhash::quality::RandomState>,
    prefixes: Vec<(String, Option<String>)>,
}

/// Whether a resource's kind marks a canary: `canary`, `canary table`.
pub(crate) fn is_canary(kind: &str) -> bool {
    kind.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("canary"))
}

impl Detector for CanaryTouched {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        self.cache.prepare(view.inventory);
        let planted = !self.cache.is_empty();
        let register = view.register.filter(|register| !register.is_empty());
        for row in events.range().filter(|row| events.batch.kind(*row) != EventKind::Heartbeat) {
            if planted {
                for (canary, owner) in self.cache.named(events, row, view) {
                    if !owner.is_some_and(|owner| answers(events, row, &owner, view)) {
                        raise(&Touch { canary: &canary, what: "a canary" }, events, row, view, out);
                    }
                }
            }
            self.subjects(events, row, view, out);
            if let Some(register) = register.filter(|_| events.batch.kind(row) != EventKind::Issued) {
                self.never_given(events, row, register, view, out);
            }
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

impl CanaryTouched {
    /// Planted subjects.
    fn subjects(&self, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
        let (batch, planted) = (events.batch, &self.settings.subjects);
        if planted.is_empty() {
            return;
        }
        let named = batch.data_subjects(row).chain([batch.token_subject(row)]);
        let hit = named.filter(|id| !id.is_empty()).find_map(|id| planted.iter().find(|planted| *planted == id));
        if let Some(subject) = hit {
            let canary = format!("subject {subject}");
            raise(&Touch { canary: &canary, what: "a planted subject" }, events, row, view, out);
        }
    }

    /// Ids that were never given out, in whose name nobody comes.
    fn never_given(
        &mut self,
        events: &Events<'_>,
        row: usize,
        register: &dyn SubjectRegister,
        view: &View<'_>,
        out: &mut FindingSet,
    ) {
        let batch = events.batch;
        let time = batch.time(row);
        let token_subject = batch.token_subject(row);
        let mut never = 0u32;
        let mut known = 0u64;
        for id in batch.data_subjects(row).filter(|id| *id != token_subject) {
            match register.lookup(id) {
                Lookup::Known { .. } => known += 1,
                Lookup::Never if self.settings.subjects.iter().any(|planted| planted == id) => {}
                Lookup::Never => never += 1,
            }
        }
        if known == 0 && never == 0 {
            return;
        }
        let log = view.sources.get(events.source).map_or("", |source| source.log.as_str());
        let proven = self.state.prove(log, known, u64::from(never));
        let Some(actor) = whose::actor(view, events.source, batch, row, events.resolved(row)) else { return };
        if never == 0 || !proven || register.complete_until() <= time {
            return;
        }
        let window = Span::secs(i64::from(self.settings.window_secs));
        let asked = self.state.asked.touch(&actor.to_string(), time, view.limits.detector_entries_max);
        if asked.0.is_none_or(|since| since.plus(window) < time) {
            *asked = (Some(time), 0);
        }
        asked.1 = asked.1.saturating_add(never);
        if asked.1 >= self.settings.never_given_min {
            raise(&Touch { canary: "", what: "ids that were never given out" }, events, row, view, out);
        }
    }
}

impl State {
    /// Notes what a log's subjects are to the register; whether it is proven to name people whom it
    /// registers. Once it is, whoever asks for others cannot make it unproven.
    fn prove(&mut self, log: &str, known: u64, never: u64) -> bool {
        if !self.logs.contains_key(log) {
            self.logs.insert(log.to_owned(), (0, 0));
        }
        let Some((all_known, all_never)) = self.logs.get_mut(log) else { return false };
        if *all_known >= KNOWN_MIN {
            return true;
        }
        *all_known += known;
        *all_never += never;
        // Not proven as long as too many are unknown; then it counts anew.
        if *all_known >= KNOWN_MIN && all_never.saturating_mul(KNOWN_SHARE) > *all_known {
            (*all_known, *all_never) = (0, 0);
        }
        false
    }
}

impl Cache {
    fn prepare(&mut self, inventory: &Inventory) {
        let of = Some((inventory.as_of(), inventory.known_at(), inventory.resources().len()));
        if self.of == of {
            return;
        }
        self.of = of;
        self.exact.clear();
        self.prefixes.clear();
        for entry in inventory.resources().iter().filter(|entry| is_canary(&entry.it.kind)) {
            let (id, owner) = (entry.it.id.as_str(), entry.it.owner.clone());
            match id.strip_suffix('*') {
                Some(prefix) => self.prefixes.push((prefix.to_owned(), owner)),
                None => {
                    self.exact.insert(id.to_owned(), owner);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    /// The canaries that an event names, with who answers for them.
    fn named(&self, events: &Events<'_>, row: usize, view: &View<'_>) -> Vec<(String, Option<String>)> {
        let (batch, resolved, inventory) = (events.batch, events.resolved(row), view.inventory);
        let account = |ix| inventory.account(ix).map(|entry| entry.it.id.to_string());
        let credential = |ix| inventory.credential(ix).map(|entry| entry.it.id.to_string());
        let mut names: Vec<String> =
            [resolved.actor, resolved.account].into_iter().flatten().filter_map(account).collect();
        names.extend([resolved.key, resolved.credential].into_iter().flatten().filter_map(credential));
        let system = view.sources.get(events.source).and_then(|source| source.system.as_ref());
        let texts = [
            say::path(batch.resource(row)).trim_start_matches('/'),
            view.symbols.text(batch.names(row).actor),
            view.symbols.text(batch.names(row).account),
            view.symbols.text(batch.names(row).key_id),
            batch.credential(row),
        ];
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            names.extend(system.map(|system| format!("{system}/{text}")));
            names.push(text.to_owned());
        }
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for name in names {
            let prefixed = || self.prefixes.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, owner)| owner);
            if let Some(owner) = self.exact.get(&name).or_else(prefixed)
                && !found.iter().any(|(known, _)| *known == name)
            {
                found.push((name, owner.clone()));
            }
        }
        found
    }
}

/// Whether whoever acted is declared to answer for the canary.
fn answers(events: &Events<'_>, row: usize, owner: &str, view: &View<'_>) -> bool {
    let account = events.resolved(row).actor;
    account.is_some_and(|account| whose::owns(view.inventory, account, owner, events.batch.time(row)))
}

/// One touch, as it is told.
struct Touch<'a> {
    /// The canary's id; empty for ids that nobody planted.
    canary: &'a str,
    what: &'static str,
}

fn raise(touch: &Touch<'_>, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
    let (batch, resolved) = (events.batch, events.resolved(row));
    let time = batch.time(row);
    let accused = accused(events, row, view).unwrap_or_else(|| Thing::new(ThingKind::Resource, touch.canary));
    let refused = batch.outcome(row) == Outcome::Refused;
    let planted = !touch.canary.is_empty();
    out.raise(&Raise {
        meta: &META,
        accused: accused.clone(),
        variant: touch.canary,
        severity: match (planted, refused) {
            (true, false) => Severity::Critical,
            (true, true) => Severity::High,
            (false, _) => Severity::Medium,
        },
        confidence: if planted { Confidence::Certain } else { Confidence::Likely },
        stage: Stage::Confirmed,
        was: None,
        at: time,
        known_at: time,
        evidence: say::record(view, events.source, batch, row),
        tell: &|| {
            let by = say::thing(view.inventory, &accused);
            let title = if planted {
                format!("{by} touched {} `{}` {{count}} times", touch.what, touch.canary)
            } else {
                format!("{by} asked {{count}} times for {}", touch.what)
            };
            let mut things = Vec::new();
            if planted && accused.id != touch.canary {
                things.push(Thing::new(ThingKind::Resource, touch.canary));
            }
            let key = resolved.key.and_then(|ix| view.inventory.credential(ix));
            things.extend(key.map(|entry| Thing::new(ThingKind::Credential, entry.it.id.as_str())));
            things.retain(|thing| *thing != accused);
            let complete = view.register.map(|register| register.complete_until().to_string());
            let inputs = vec![
                say::input("outcome when first told", say::outcome(batch.outcome(row))),
                say::input("register complete until", complete.unwrap_or_else(|| "no register".to_owned())),
            ];
            (title, things, inputs)
        },
    });
}

/// Who touched it: the account or credential, the key that signed, or the address.
fn accused(events: &Events<'_>, row: usize, view: &View<'_>) -> Option<Thing> {
    let (batch, resolved) = (events.batch, events.resolved(row));
    if let Some(actor) = whose::actor(view, events.source, batch, row, resolved) {
        return Some(actor);
    }
    if let Some(entry) = resolved.account.and_then(|ix| view.inventory.account(ix)) {
        return Some(Thing::new(ThingKind::Account, entry.it.id.as_str()));
    }
    let issuer = view.symbols.text(batch.names(row).issuer);
    match batch.source_ip(row) {
        _ if !issuer.is_empty() => Some(Thing::new(ThingKind::Issuer, issuer)),
        "" => None,
        address => Some(Thing::new(ThingKind::Address, address)),
    }
}
