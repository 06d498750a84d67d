//! `sigma`: an event, or several in a window, match a Sigma rule of one's own.
//!
//! Fires when an event matches a rule of the files that `[sigma]` names, or when a correlation
//! (`event_count`, `value_count`, `temporal`, `temporal_ordered` and the numeric ones) is met, in the
//! time of the events. Rules are parsed and run by the crates `rsigma-parser` and `rsigma-eval`; what is
//! ours is [`fields`], what a rule sees of a row, [`formats`], which vendor's names are ours, [`bind`],
//! which rule runs over which log, and [`windows`], what bounds them.
//! A record that gives several events (an issuance beside a use) matches a rule once.
//! Bounded by: the entries of all windows, at most
//! [`Limits::detector_entries_max`](sever_model::Limits), and in one window
//! [`Limits::sigma_window_max`](sever_model::Limits); when full, the groups touched longest ago are
//! forgotten. Expressions run in linear time.

mod bind;
mod fields;
mod formats;
mod rules;
mod windows;

use std::collections::BTreeMap;

use rsigma_eval::{EvaluationResult, ResultBody};
use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Confidence, EventKind, EventSource, FindingSet, Limits, Meta, Raise, Severity, SourceId, Stage, Symbols,
    Thing, ThingKind,
};

pub use self::bind::Outlook;
pub use self::rules::{RuleError, RuleFile};

use self::bind::Bound;
use self::fields::{Field, Part, Seen};
use self::rules::{About, Rules};
use self::windows::Windows;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "sigma",
    title: "an event matches a Sigma rule",
    speaks_when: "an event matches a rule of the files that `[sigma]` names, or events within a time span meet a \
                  correlation rule; severity is the rule's level. Rules may use the names that `sever decode` prints, \
                  and the commonest names of the vendors of CloudTrail, Entra and Azure, Google Cloud and Workspace, \
                  GitHub, Kubernetes, Microsoft 365, nginx, Okta, OneLogin and the Windows Security log",
    quiet_when: "the rule's `logsource` names another product, service or category; the rule needs a field that no \
                 event has, keywords, placeholders or lists of objects, and is then told as not evaluable",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    audience: Audience::Responder,
    attack: &["T1078"],
    remediation: "what the rule's description says; where it is one of its known false positives, narrow its condition",
    bounded_by: "the entries of all windows; when full, the groups touched longest ago are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered =
    Registered { meta: &META, make: |settings| Box::new(Sigma::new(&settings.sigma)) };

/// The rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Files of rules, with their text; `[sigma]` `path` fills it.
    pub rules: Vec<RuleFile>,
}

/// What is wrong with rules, in the order of their files; nothing where all can be read.
pub fn check(files: &[RuleFile]) -> Vec<RuleError> {
    Rules::read(files).1
}

/// Which rules run over the logs of a run, and which cannot.
pub fn outlook(files: &[RuleFile], sources: &[EventSource], limits: &Limits) -> Outlook {
    Bound::new(&Rules::read(files).0, sources, limits.sigma_window_max).outlook
}

/// The formats whose vendor's names rules may use.
pub fn formats() -> impl Iterator<Item = &'static str> {
    formats::KNOWN.iter().map(|known| known.format)
}

struct Sigma {
    rules: Rules,
    /// Made at the first events, when the logs are known.
    running: Option<Running>,
    /// What a saved run had, until then.
    saved: Saved,
}

struct Running {
    bound: Bound,
    windows: Option<Windows>,
    /// Of each log, the newest record that matched, and the rules that it matched.
    matched: BTreeMap<SourceId, (u64, Vec<String>)>,
}

#[derive(Serialize, Deserialize, Default)]
struct Saved {
    windows: windows::Saved,
    matched: BTreeMap<SourceId, (u64, Vec<String>)>,
}

impl Detector for Sigma {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        if self.rules.about.is_empty() {
            return;
        }
        let Sigma { rules, running, saved } = self;
        let running = running.get_or_insert_with(|| Running::new(rules, std::mem::take(saved), view));
        let Running { bound, windows, matched } = running;
        let Some((engine, format)) = bound.over(events.source) else { return };
        for row in events.range().filter(|row| events.batch.kind(*row) != EventKind::Heartbeat) {
            let mut subjects = Vec::new();
            let seen = Seen::of(view, events.source, (events.batch, row), format, &mut subjects);
            let mut hits = engine.evaluate(&seen);
            if hits.is_empty() {
                continue;
            }
            hits.sort_by(|a, b| a.header.rule_id.cmp(&b.header.rule_id));
            once_a_record(&mut hits, matched, seen.row.offset, view, events.source);
            for hit in &hits {
                told(rules, hit, 0, events, row, &seen, view, out);
            }
            if let Some(windows) = windows.as_mut().filter(|_| !hits.is_empty()) {
                let met = windows.take(&seen, hits);
                let forgotten = windows.forgotten;
                met.iter().for_each(|met| told(rules, met, forgotten, events, row, &seen, view, out));
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        let Some(running) = &self.running else { return say::saved(&self.saved) };
        let windows = running.windows.as_ref().map(Windows::save).unwrap_or_default();
        say::saved(&Saved { windows, matched: running.matched.clone() })
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.saved = serde_json::from_value(state)?;
        self.running = None;
        Ok(())
    }
}

impl Sigma {
    fn new(settings: &Settings) -> Sigma {
        // What is wrong with them was told when the configuration was read; the others run.
        let (rules, _) = Rules::read(&settings.rules);
        Sigma { rules, running: None, saved: Saved::default() }
    }
}

impl Running {
    fn new(rules: &Rules, saved: Saved, view: &View<'_>) -> Running {
        let limits = view.limits;
        let bound = Bound::new(rules, view.sources, limits.sigma_window_max);
        let mut windows = Windows::new(bound.correlated.clone(), limits.detector_entries_max, limits.sigma_window_max);
        if let Some(windows) = &mut windows {
            windows.load(saved.windows);
        }
        Running { bound, windows, matched: saved.matched }
    }
}

/// Leaves out what another event of the same record has matched before.
fn once_a_record(
    hits: &mut Vec<EvaluationResult>,
    matched: &mut BTreeMap<SourceId, (u64, Vec<String>)>,
    offset: u64,
    view: &View<'_>,
    source: usize,
) {
    let newest = matched.entry(say::log(view, source)).or_default();
    if newest.0 != offset {
        *newest = (offset, Vec::new());
    }
    hits.retain(|hit| !hit.header.rule_id.as_ref().is_some_and(|key| newest.1.contains(key)));
    newest.1.extend(hits.iter().filter_map(|hit| hit.header.rule_id.clone()));
}

/// Raises what matched, unless only a correlation is to hear of it.
#[allow(clippy::too_many_arguments)] // one event with all that is known of it: a struct would only name them twice
fn told(
    rules: &Rules,
    result: &EvaluationResult,
    forgotten: u64,
    events: &Events<'_>,
    row: usize,
    seen: &Seen<'_>,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let Some(about) = result.header.rule_id.as_deref().and_then(|key| rules.about_of(key)) else { return };
    if about.silent {
        return;
    }
    let actor = whose::actor(view, events.source, events.batch, row, events.resolved(row))
        .unwrap_or_else(|| Thing::new(ThingKind::Source, seen.log));
    let (accused, group) = match &result.body {
        ResultBody::Detection(_) => (actor, String::new()),
        ResultBody::Correlation(met) => {
            let group: Vec<String> = met.group_key.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (grouped(&met.group_key, seen, view, events.source).unwrap_or(actor), group.join("\0"))
        }
    };
    let at = seen.row.time;
    out.raise(&Raise {
        meta: &META,
        accused: accused.clone(),
        variant: &format!("{}\0{group}", about.key),
        severity: about.severity,
        confidence: about.confidence,
        stage: Stage::Confirmed,
        was: None,
        at,
        known_at: at,
        evidence: say::record(view, events.source, events.batch, row),
        tell: &|| {
            let verb = if about.correlation.is_some() { "met" } else { "matched" };
            let accused = say::thing(view.inventory, &accused);
            let title = format!("{accused} {verb} the Sigma rule `{}` {{count}} times", about.title);
            (title, Vec::new(), inputs(about, result, forgotten))
        },
    });
}

/// What a correlation groups by, as a thing to accuse, where it is one.
fn grouped(group: &[(String, String)], seen: &Seen<'_>, view: &View<'_>, source: usize) -> Option<Thing> {
    group.iter().find_map(|(name, value)| {
        let kind = match fields::known(seen.format, name)? {
            Part::Whole(Field::Account | Field::Actor) | Part::Subject | Part::Target | Part::Principal => {
                let system = view.sources.get(source).and_then(|source| source.system.as_ref());
                let id = view.inventory.account_named(system.map(|system| system.as_str()), value);
                let known = id.and_then(|ix| view.inventory.account(ix)).map(|entry| entry.it.id.as_str().to_owned());
                let named = || system.map_or_else(|| value.clone(), |system| format!("{system}/{value}"));
                return Some(Thing::new(ThingKind::Account, known.unwrap_or_else(named)));
            }
            Part::Whole(Field::Credential | Field::KeyId) | Part::Presented => ThingKind::Credential,
            Part::Whole(Field::Issuer) => ThingKind::Issuer,
            Part::Whole(Field::Session) => ThingKind::Session,
            Part::Whole(Field::SourceIp) => ThingKind::Address,
            Part::Whole(Field::Log | Field::Source) => ThingKind::Source,
            _ => return None,
        };
        Some(Thing::new(kind, value.as_str()))
    })
}

/// The rule and what of it was met.
fn inputs(about: &About, result: &EvaluationResult, forgotten: u64) -> say::Inputs {
    let mut inputs = vec![say::input("rule", &about.key), say::input("file", &about.file)];
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            inputs.push(say::input(name, text));
        }
    };
    add("looks for", &about.description);
    add("known false positives", &about.false_positives);
    add("ATT&CK", &about.techniques);
    match &result.body {
        ResultBody::Detection(met) => {
            // The engine names them in hash order.
            let mut selections = met.matched_selections.clone();
            selections.sort_unstable();
            add("selections met", &selections.join(", "));
        }
        ResultBody::Correlation(met) => {
            let (kind, span, by) = about.correlation.clone().unwrap_or_default();
            add("correlation", kind);
            add("within", &span);
            add("by", &by.join(", "));
            add("came to", &met.aggregated_value.to_string());
        }
    }
    if forgotten > 0 {
        inputs.push(say::input("groups forgotten for want of room", forgotten));
    }
    inputs
}

#[cfg(test)]
mod tests;
