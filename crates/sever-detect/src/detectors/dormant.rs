//! `dormant`: an enabled account has not been used for a long time.
//!
//! Fires for an enabled account that has existed for longer than so many days and was last used
//! before that, by what its system says or by what logs show, whichever is later. Stays quiet when
//! neither can tell: a person's account whose system keeps no last use is told only where a log of
//! that system has been read over the whole time. A service's is not: what programs do is often in
//! no log, so that silence proves nothing.
//! Bounded by: one time per account seen in logs, at most
//! [`Limits::detector_entries_max`](sever_model::Limits); when full, the eighth seen longest ago are
//! forgotten, and then only what systems themselves say is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    AccountIx, AccountKind, Audience, Bound, Confidence, EventTime, FindingSet, Meta, Raise, Severity, SourceId, Span,
    Stage, Symbols, Thing, ThingKind,
};

use super::bounded::Bounded;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "dormant",
    title: "an enabled account has not been used for a long time",
    speaks_when: "an enabled account was last used more than 45 days ago (90 for a service's)",
    quiet_when: "it is newer than that, a log shows it in use, or neither its system nor a log that covers the whole \
                 time can tell when it was last used; the silence of logs tells nothing of a service account",
    severity: Severity::Low,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1078"],
    remediation: "disable it, and delete it once nobody has missed it",
    bounded_by: "one time per account seen in logs; when full, the eighth seen longest ago are forgotten and logs no \
                 longer prove silence",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(Dormant { settings: settings.dormant.clone(), state: State::default() }),
};

/// How long before the instant asked about a log or a listing may end and still speak of it.
const FRESH: Span = Span::days(2);

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days without use after which an account is dormant (CIS Controls v8, 5.3).
    pub days: u32,
    /// The same for service accounts.
    pub service_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { days: 45, service_days: 90 }
    }
}

struct Dormant {
    settings: Settings,
    state: State,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    seen: Bounded<()>,
    /// Of each system whose accounts a log names: when that log began and when it was last seen.
    covered: BTreeMap<String, (EventTime, EventTime)>,
}

/// When an account was last used, and who says so.
struct LastUse {
    at: EventTime,
    told_by: &'static str,
}

impl Detector for Dormant {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, _out: &mut FindingSet) {
        let mut last = None;
        for row in events.range() {
            let batch = events.batch;
            last = last.max(Some(batch.time(row)));
            if let Some(account) = whose::used(batch.kind(row), events.resolved(row))
                && whose::got_in(batch, row)
                && let Some(entry) = view.inventory.account(account)
            {
                self.state.seen.touch(entry.it.id.as_str(), batch.time(row), view.limits.detector_entries_max);
            }
        }
        let system = view.sources.get(events.source).and_then(|source| source.system.as_ref());
        if let (Some(system), Some(last), Some(first)) = (system, last, events.range().next()) {
            let first = events.batch.time(first);
            if !self.state.covered.contains_key(system.as_str()) {
                self.state.covered.insert(system.to_string(), (first, last));
            } else if let Some((_, seen_to)) = self.state.covered.get_mut(system.as_str()) {
                *seen_to = last.max(*seen_to);
            }
        }
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let told_until = whose::listed_until(view.inventory);
        for index in 0..view.inventory.accounts().len() {
            let account = AccountIx(index as u32);
            if whose::enabled(view.inventory, account, at) {
                self.stand_account(account, at, &told_until, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.state)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.state = serde_json::from_value(state)?;
        Ok(())
    }
}

impl Dormant {
    fn stand_account(
        &self,
        account: AccountIx,
        at: EventTime,
        told_until: &BTreeMap<&SourceId, EventTime>,
        view: &View<'_>,
        out: &mut FindingSet,
    ) {
        let Some(entry) = view.inventory.account(account) else { return };
        let service = entry.it.kind == AccountKind::Service;
        let days = if service { self.settings.service_days } else { self.settings.days };
        let span = Span::days(i64::from(days));
        // What a system says of last use is only as new as its listing.
        let told_to = told_until.get(&entry.source).copied().unwrap_or(at).min(at);
        let born = match entry.valid.from {
            Bound::Unbounded => EventTime::MIN,
            Bound::At(from) | Bound::Between(_, from) => from,
        };
        let Some(last) = self.last_use(account, at, view) else { return };
        let speaks_to = if last.told_by == "its system" { told_to } else { at };
        if last.at > speaks_to.minus(span) || born > speaks_to.minus(span) {
            return;
        }
        let id = entry.it.id.as_str();
        let since = last.at.max(born).plus(span);
        let known_at = since.max(entry.known_from.as_event());
        out.raise(&Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Account, id),
            variant: "",
            severity: Severity::Low,
            confidence: Confidence::Likely,
            stage: Stage::Confirmed,
            was: None,
            at: since.min(at),
            known_at,
            evidence: say::fact(&entry.source, last.at, format!("last use: {}, by {}", last.at, last.told_by)),
            tell: &|| {
                let since = if last.told_by == "silence of its logs" {
                    format!("has not been used since logs begin on {}", say::day(last.at))
                } else {
                    format!("was last used on {}", say::day(last.at))
                };
                let inputs = vec![
                    say::input("last use told by", last.told_by),
                    say::input("days without use allowed", days),
                    say::input("seen until", speaks_to),
                ];
                let account = say::thing(view.inventory, &Thing::new(ThingKind::Account, id));
                (format!("{account} is enabled and {since}"), Vec::new(), inputs)
            },
        });
    }

    /// The latest use that a fact or a log shows by `at`. A log that covers the time and shows none
    /// proves that there was none since it began.
    fn last_use(&self, account: AccountIx, at: EventTime, view: &View<'_>) -> Option<LastUse> {
        let entry = view.inventory.account(account)?;
        let seen = self.state.seen.touched(entry.it.id.as_str()).map(|at| LastUse { at, told_by: "a log" });
        if entry.it.last_used.is_some_and(|used| used > at) {
            return None; // its system knows of a later use, and has forgotten the one before it
        }
        let told = entry.it.last_used.map(|at| LastUse { at, told_by: "its system" });
        let known = match (seen, told) {
            (Some(seen), Some(told)) => Some(if seen.at > told.at { seen } else { told }),
            (seen, told) => seen.or(told),
        };
        let covered = self.state.covered.get(entry.it.id.system()).copied();
        let covers = covered.filter(|(_, to)| to.plus(FRESH) >= at && self.state.seen.forgotten() == 0);
        match (known, covers) {
            // Seen in a log that has since ended: nobody can tell whether it went on.
            (Some(known), None) if known.told_by == "a log" => None,
            (Some(known), _) => Some(known),
            // What a program does is often in no log of its system.
            (None, Some(_)) if entry.it.kind == AccountKind::Service => None,
            (None, Some((from, _))) => Some(LastUse { at: from, told_by: "silence of its logs" }),
            (None, None) => None,
        }
    }
}
