//! Which rule runs over which log, and which can run over none.
//!
//! A rule's `logsource` picks logs by their format, or by the log's own name as `service`. Of those, it
//! runs over the ones whose rows can have every field that it looks at: a rule without one of its fields
//! would never match, or, where the field is in a filter, match too much.

use std::collections::{BTreeMap, BTreeSet};

use rsigma_eval::Engine;
use rsigma_parser::{LogSource, SigmaCollection};
use sever_model::EventSource;

use super::fields;
use super::formats::Known;
use super::rules::{Rules, correlated_fields, counts_to, fields_of};

/// What can be said of the rules of a run before it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Rules that run over some log.
    pub running: usize,
    /// Rules for whose log source the run has no log.
    pub without_log: usize,
    /// Rules that can run over none of the logs they are for: title, file and why.
    pub not_evaluable: Vec<(String, String, String)>,
}

/// Rules, bound to the logs of a run.
pub(super) struct Bound {
    /// An engine for each kind of log.
    engines: Vec<Engine>,
    /// The engine of each log, and its format.
    of_source: Vec<(Option<usize>, Option<&'static Known>)>,
    /// What correlations run over.
    pub correlated: SigmaCollection,
    pub outlook: Outlook,
}

/// Where a rule runs.
enum Runs {
    /// Over these kinds of log.
    Over(Vec<usize>),
    NoLog,
    Not(String),
}

/// A kind of log: what decides which rules run over it.
#[derive(PartialEq, Eq, Clone)]
struct Kind<'a> {
    format: Option<&'a str>,
    log: &'a str,
}

impl Bound {
    /// Binds rules to logs. In one group of events, a window keeps so many.
    pub fn new(rules: &Rules, sources: &[EventSource], window_max: usize) -> Bound {
        let mut kinds: Vec<Kind<'_>> = Vec::new();
        let mut kind_of = Vec::new();
        for source in sources {
            let kind = Kind { format: source.format.as_deref(), log: source.log.as_str() };
            kind_of.push(kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                kinds.push(kind);
                kinds.len() - 1
            }));
        }
        let runs = where_each_runs(rules, &kinds, window_max);
        let engines: Vec<Option<Engine>> = (0..kinds.len()).map(|kind| engine(rules, &runs, kind)).collect();
        let mut places = Vec::new();
        let mut kept = Vec::new();
        for engine in engines {
            places.push(engine.is_some().then_some(kept.len()));
            kept.extend(engine);
        }
        let of = |kind: &usize| {
            let format = kinds.get(*kind).and_then(|kind| kind.format).and_then(Known::named);
            (places.get(*kind).copied().flatten(), format)
        };
        Bound {
            of_source: kind_of.iter().map(of).collect(),
            engines: kept,
            correlated: correlated(rules, &runs),
            outlook: outlook(rules, &runs),
        }
    }

    /// The engine that runs over a log, and the log's format.
    pub fn over(&self, source: usize) -> Option<(&Engine, Option<&'static Known>)> {
        let (engine, format) = self.of_source.get(source)?;
        Some((self.engines.get((*engine)?)?, *format))
    }
}

fn where_each_runs<'a>(rules: &'a Rules, kinds: &[Kind<'_>], window_max: usize) -> BTreeMap<&'a str, Runs> {
    let mut runs = BTreeMap::new();
    for rule in &rules.detections {
        let key = rule.id.as_deref().unwrap_or_default();
        let run = match rules.refused.get(key) {
            Some(why) => Runs::Not(why.clone()),
            None => of_detection(&rule.logsource, &fields_of(rule), kinds),
        };
        runs.insert(key, run);
    }
    // A correlation may name another that stands later: each pass settles at least one that can be.
    let mut left: Vec<_> = rules.correlations.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|rule| {
            let of: Vec<&str> = rule.rules.iter().map(|name| rules.key_of(name)).collect();
            let Some(run) = of_correlation(rule, &of, &runs, kinds, window_max) else { return true };
            runs.insert(rule.id.as_deref().unwrap_or_default(), run);
            false
        });
        if left.len() == before {
            let round = left.drain(..).map(|rule| (rule.id.as_deref().unwrap_or_default(), ()));
            runs.extend(
                round.map(|(key, ())| (key, Runs::Not("its correlations name each other in a circle".to_owned()))),
            );
        }
    }
    runs
}

fn of_detection(wanted: &LogSource, fields: &BTreeSet<String>, kinds: &[Kind<'_>]) -> Runs {
    let (mut over, mut missing, mut any) = (Vec::new(), None, false);
    for (at, kind) in kinds.iter().enumerate().filter(|(_, kind)| is_for(wanted, kind)) {
        any = true;
        match lacking(kind, fields) {
            None => over.push(at),
            Some(field) => missing = missing.or(Some(field)),
        }
    }
    match missing {
        _ if !over.is_empty() => Runs::Over(over),
        Some(field) => Runs::Not(format!("field `{field}`")),
        None if any => Runs::Not("it looks at no field".to_owned()),
        None => Runs::NoLog,
    }
}

/// Where a correlation runs; nothing while one that it counts has yet to be settled.
fn of_correlation(
    rule: &rsigma_parser::CorrelationRule,
    of: &[&str],
    runs: &BTreeMap<&str, Runs>,
    kinds: &[Kind<'_>],
    window_max: usize,
) -> Option<Runs> {
    if counts_to(rule) > window_max as u64 {
        let counts = counts_to(rule);
        return Some(Runs::Not(format!("it counts to {counts}, and a window keeps {window_max} events")));
    }
    let mut over = BTreeSet::new();
    for (name, key) in rule.rules.iter().zip(of) {
        match runs.get(key)? {
            Runs::Not(why) => return Some(Runs::Not(format!("rule `{name}`, which it counts, is not: {why}"))),
            Runs::NoLog => return Some(Runs::NoLog),
            Runs::Over(own) => {
                let fields = correlated_fields(rule, &[name, key]);
                let lacks = own.iter().filter_map(|at| kinds.get(*at)).find_map(|kind| lacking(kind, &fields));
                if let Some(field) = lacks {
                    return Some(Runs::Not(format!("field `{field}` of the events of `{name}`")));
                }
                over.extend(own.iter().copied());
            }
        }
    }
    Some(Runs::Over(over.into_iter().collect()))
}

/// Whether a rule is for logs of a kind: each word of its log source must be the format's, or the
/// log's own name.
fn is_for(wanted: &LogSource, kind: &Kind<'_>) -> bool {
    let format = kind.format.unwrap_or("");
    let known = Known::named(format);
    let meant = |word: &Option<String>, words: fn(&Known) -> &'static [&'static str]| {
        word.as_deref().is_none_or(|word| {
            let same = |own: &str| !own.is_empty() && own.eq_ignore_ascii_case(word);
            known.is_some_and(|known| words(known).iter().any(|own| same(own))) || same(format) || same(kind.log)
        })
    };
    meant(&wanted.product, |known| known.products)
        && meant(&wanted.service, |known| known.services)
        && meant(&wanted.category, |known| known.categories)
}

fn lacking<'a>(kind: &Kind<'_>, fields: &'a BTreeSet<String>) -> Option<&'a String> {
    let format = kind.format.and_then(Known::named);
    fields.iter().find(|field| fields::known(format, field).is_none())
}

fn engine(rules: &Rules, runs: &BTreeMap<&str, Runs>, kind: usize) -> Option<Engine> {
    let mut engine = Engine::new();
    let here = |key: &str| matches!(runs.get(key), Some(Runs::Over(kinds)) if kinds.contains(&kind));
    let own = rules.detections.iter().filter(|rule| here(rule.id.as_deref().unwrap_or_default()));
    // What cannot be compiled was told when the rules were read.
    let failed = engine.add_rules(own).len();
    (engine.rule_count() > 0 || failed > 0).then_some(engine)
}

fn correlated(rules: &Rules, runs: &BTreeMap<&str, Runs>) -> SigmaCollection {
    let mut collection = SigmaCollection::new();
    let runs_at_all = |id: &Option<String>| matches!(runs.get(id.as_deref().unwrap_or_default()), Some(Runs::Over(_)));
    collection.correlations = rules.correlations.iter().filter(|rule| runs_at_all(&rule.id)).cloned().collect();
    if !collection.correlations.is_empty() {
        collection.rules = rules.detections.iter().filter(|rule| runs_at_all(&rule.id)).cloned().collect();
    }
    collection
}

fn outlook(rules: &Rules, runs: &BTreeMap<&str, Runs>) -> Outlook {
    let mut outlook = Outlook::default();
    for about in &rules.about {
        match runs.get(about.key.as_str()) {
            Some(Runs::Over(_)) => outlook.running += 1,
            Some(Runs::Not(why)) => {
                outlook.not_evaluable.push((about.title.clone(), about.file.clone(), why.clone()));
            }
            Some(Runs::NoLog) | None => outlook.without_log += 1,
        }
    }
    outlook
}
