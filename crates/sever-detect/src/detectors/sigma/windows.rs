//! The windows of correlation rules: the crate's engine, with a bound on all it keeps.
//!
//! Time is the event's, in microseconds, and is handed in with each event. The crate forgets by hash
//! order when it is full; so it is never let to be: before that, what is out of its window goes, and
//! then the groups touched longest ago, by time and then by name, the same however a log is cut up.

use rsigma_eval::{CorrelationAction, CorrelationConfig, CorrelationEngine, EvaluationResult, GroupKey, WindowState};
use rsigma_parser::SigmaCollection;
use serde::{Deserialize, Serialize};

use super::fields::Seen;

/// Windows by correlation and group.
pub(super) struct Windows {
    rules: SigmaCollection,
    engine: CorrelationEngine,
    /// Entries pushed since they were last counted, and those there were then.
    entries: usize,
    /// Groups forgotten for want of room.
    pub forgotten: u64,
    entries_max: usize,
    window_max: usize,
}

/// One group's window, as it is saved.
#[derive(Serialize, Deserialize)]
struct Group {
    rule: String,
    key: GroupKey,
    window: WindowState,
}

/// All windows, as they are saved.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Saved {
    groups: Vec<Group>,
    entries: usize,
    forgotten: u64,
}

impl Windows {
    /// Empty ones. `None` where there is no correlation, or none that can be compiled, which was told
    /// when the rules were read.
    pub fn new(rules: SigmaCollection, entries_max: usize, window_max: usize) -> Option<Windows> {
        let window_max = window_max.min(entries_max).max(1);
        let engine = engine(&rules, window_max)?;
        Some(Windows { rules, engine, entries: 0, forgotten: 0, entries_max: entries_max.max(1), window_max })
    }

    /// Counts what was matched in an event, and hands back which correlations are met by it.
    pub fn take(&mut self, seen: &Seen<'_>, matched: Vec<EvaluationResult>) -> Vec<EvaluationResult> {
        let at = seen.row.time.micros();
        if self.entries >= self.entries_max || self.engine.state_count() >= self.entries_max {
            self.make_room(at);
        }
        // Each may be counted by every correlation, and a correlation by those above it.
        self.entries += matched.len() * self.rules.correlations.len();
        let mut met = self.engine.process_with_detections(seen, matched, at);
        met.retain(EvaluationResult::is_correlation);
        met
    }

    pub fn save(&self) -> Saved {
        Saved { groups: groups(&self.engine), entries: self.entries, forgotten: self.forgotten }
    }

    pub fn load(&mut self, saved: Saved) {
        self.entries = saved.entries;
        self.forgotten = saved.forgotten;
        self.restore(saved.groups);
    }

    /// Leaves room for an eighth more.
    fn make_room(&mut self, at: i64) {
        self.engine.evict_expired(at);
        let mut kept = groups(&self.engine);
        let mut entries: usize = kept.iter().map(|group| size(&group.window)).sum();
        let room = self.entries_max - self.entries_max.div_ceil(8);
        if entries > room || kept.len() > room {
            kept.sort_by_cached_key(|group| (group.window.latest_timestamp(), group.rule.clone(), group.key.0.clone()));
            let mut gone = 0;
            for group in &kept {
                if entries <= room && kept.len() - gone <= room {
                    break;
                }
                entries -= size(&group.window);
                gone += 1;
            }
            self.forgotten += gone as u64;
            kept.drain(..gone);
            self.restore(kept);
        }
        self.entries = entries;
    }

    fn restore(&mut self, groups: Vec<Group>) {
        // INVARIANT: these rules were compiled before.
        let Some(mut engine) = engine(&self.rules, self.window_max) else { return };
        let mut snapshot = engine.export_state();
        for group in groups {
            snapshot.windows.entry(group.rule).or_default().push((group.key, group.window));
        }
        engine.import_state(snapshot);
        self.engine = engine;
    }
}

fn engine(rules: &SigmaCollection, window_max: usize) -> Option<CorrelationEngine> {
    if rules.correlations.is_empty() {
        return None;
    }
    let mut engine = CorrelationEngine::new(CorrelationConfig {
        max_state_entries: usize::MAX,
        max_group_entries: Some(window_max),
        action_on_match: CorrelationAction::Reset,
        ..CorrelationConfig::default()
    });
    engine.add_collection(rules).ok()?;
    Some(engine)
}

/// All windows with something in them, in one order.
fn groups(engine: &CorrelationEngine) -> Vec<Group> {
    let windows = engine.export_state().windows.into_iter();
    let mut groups: Vec<Group> = windows
        .flat_map(|(rule, groups)| {
            groups.into_iter().map(move |(key, window)| Group { rule: rule.clone(), key, window })
        })
        .filter(|group| !group.window.is_empty())
        .collect();
    groups.sort_by(|a, b| (&a.rule, &a.key.0).cmp(&(&b.rule, &b.key.0)));
    groups
}

fn size(window: &WindowState) -> usize {
    match window {
        WindowState::EventCount { timestamps } => timestamps.len(),
        WindowState::ValueCount { entries } => entries.len(),
        WindowState::Temporal { rule_hits } => rule_hits.values().map(std::collections::VecDeque::len).sum(),
        WindowState::NumericAgg { entries } => entries.len(),
    }
}
