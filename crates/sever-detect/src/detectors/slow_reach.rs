//! `slow-reach`: a key, issuer, client, network or service reaches more people than is usual for it.
//!
//! A threshold per source and hour is what two thousand addresses and seven quiet months defeat. So it
//! counts different people, by what an attacker cannot multiply cheaply, over five windows at once
//! ([`norm::WINDOWS`]), and compares each with the thing's own past and with its peers. Once a day, as
//! the day ends, whatever lies furthest from normal is ranked, with the reason for each window, and the
//! first [`Settings::rows_per_day`] of that list are told. `slow-reach-person` is the same about people
//! who work here ([`super::slow_reach_person`]).
//!
//! A row of the list is [`Stage::Provisional`]: statistics never page. It is confirmed only where a set
//! agrees with what is too many, for the same thing: at least half of the surplus was reached by uses
//! that were never issued or mismatch, names people who never existed, or is by somebody who has left.
//! Stays quiet for few people, for what the thing has done before, for what peers do on the same day (a
//! sale, a support peak), and for what was told within the last [`Settings::repeat_days`] days.
//!
//! Not for answers that carry a count and no ids: who is in them cannot be told apart (`bulk-export`).
//! Bounded by: [`Limits::detector_entries_max`](sever_model::Limits) people over all things, each
//! exact up to [`Settings::exact_max`] ([`seen`]); so many things as that over 256, those with the
//! fewest people being forgotten first, so that made-up names push out each other.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, Resolved, Settled, View};
use sever_model::{
    Audience, Batch, Confidence, EventKind, EventTime, Evidence, FindingSet, Judgement, Lookup, Meta, Severity, Span,
    Stage, Symbols, Thing,
};

use self::norm::Past;
use self::reasons::{Reasons, pair};
use self::seen::Seen;
use self::things::{About, Named, Pivot};
use super::{say, whose};
use crate::registry::Registered;

mod day;
mod norm;
mod reasons;
mod seen;
mod tell;
#[cfg(test)]
mod tests;
pub(crate) mod things;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "slow-reach",
    title: "a key, issuer, client, network or service reaches more people than is usual",
    speaks_when: "the different people that a key, issuer, client software, network or service account reached within \
                  an hour, a day, 7, 30 or 180 days lie far above its own past or its peers; the furthest of a day \
                  are ranked with their reasons, and confirmed only where forged uses, unknown people or a departed \
                  holder make up the surplus",
    quiet_when: "they are few, the thing has reached as many before, its peers rise on the same day, it was told within \
                 the last week, or there is not yet a past of four like days and there are no five peers",
    severity: Severity::Medium,
    confidence: Confidence::Possible,
    audience: Audience::Reviewer,
    attack: &["T1030", "T1020", "T1213"],
    remediation: "ask whoever answers for it what has changed; see whose data it was with `sever reach`, and look first \
                  at what the ledger says of its uses",
    bounded_by: "a million people over all things, exact up to 65,536 a thing and sampled beyond, with the error said; \
                 when there are too many things, those that reached fewest are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(SlowReach::new(&META, About::Things, settings.slow_reach.clone())),
};

/// So many entries of the limit stand for one thing and its past.
const ENTRIES_PER_THING: usize = 256;
/// A thing that is told to have reached so few is not sampled further; another is forgotten instead.
const SAMPLE_MIN: usize = 64;
/// A record that lies so many days back shows that the clock had run ahead.
const BACK_DAYS: i64 = 7;
/// Reasons may be written up so late.
const LATE_REASON: Span = Span::days(1);

/// Thresholds, of `slow-reach` and of `slow-reach-person`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of the list told a day.
    pub rows_per_day: usize,
    /// How far from normal something must lie, in deviations.
    pub score_min: f64,
    /// People below whom a window is not looked at.
    pub people_min: u64,
    /// A thing that was told is told again after so many days, or if it has got a quarter worse.
    pub repeat_days: u32,
    /// People up to whom a thing's counts are exact.
    pub exact_max: usize,
    /// Bits of an IPv4 address that make its network.
    pub ipv4_prefix: u8,
    /// Bits of an IPv6 address that make its network.
    pub ipv6_prefix: u8,
    /// Actions of records that explain why somebody's data may be looked at.
    pub explained_by: Vec<String>,
    /// For so many days after such a record.
    pub explained_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rows_per_day: 10,
            score_min: 5.0,
            people_min: 50,
            repeat_days: 7,
            exact_max: 65_536,
            ipv4_prefix: 16,
            ipv6_prefix: 32,
            explained_by: ["ticket", "case", "assignment"].map(str::to_owned).to_vec(),
            explained_days: 7,
        }
    }
}

/// The detector, of things or of people.
pub(crate) struct SlowReach {
    meta: &'static Meta,
    about: About,
    settings: Settings,
    state: State,
    /// Scratch: the people of the record at hand.
    people: Vec<u64>,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// The day at hand.
    day: Option<i64>,
    things: HashMap<u64, Tracked, RandomState>,
    /// People kept, over all things.
    entries: usize,
    reasons: Reasons,
    /// Things forgotten for want of room.
    forgotten: u64,
}

/// One thing that reaches people.
#[derive(Serialize, Deserialize)]
struct Tracked {
    pivot: Pivot,
    thing: Thing,
    /// Those who do the like: a person's team.
    peers: String,
    touched: EventTime,
    seen: Seen,
    past: Past,
    /// The first record of its newest day.
    record: Option<Evidence>,
    /// When it was last told, and with which score.
    told: Option<(i64, f64)>,
}

impl Detector for SlowReach {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            let (batch, kind) = (events.batch, events.batch.kind(row));
            if !matches!(kind, EventKind::Used | EventKind::Read | EventKind::Changed) || !whose::got_in(batch, row) {
                continue;
            }
            if kind == EventKind::Changed && self.explains(view.symbols.text(batch.names(row).action)) {
                if self.about == About::People {
                    self.reason(events, row, view);
                }
            } else if batch.data_subjects(row).next().is_some() || !batch.token_subject(row).is_empty() {
                self.turn(batch.time(row), view, out);
                self.reached(events, row, view);
            }
        }
    }

    fn settle(&mut self, settled: &Settled<'_>, view: &View<'_>, _out: &mut FindingSet) {
        let forged = matches!(settled.judgement, Judgement::NeverIssued | Judgement::Mismatch(_));
        let agreed = match (settled.stage, settled.was) {
            (Stage::Confirmed, _) => true,
            (Stage::Retracted, Some(Stage::Confirmed)) => false,
            _ => return,
        };
        if !forged || self.about == About::People {
            return;
        }
        let at = (settled.batch, settled.row);
        let named = things::named((self.about, &self.settings), settled.source, at, settled.resolved, view);
        for who in subjects(settled.batch, settled.row, view) {
            for Named { id, .. } in named.iter().flatten() {
                if let Some(tracked) = self.state.things.get_mut(id) {
                    tracked.seen.agree(who, agreed);
                }
            }
        }
    }

    fn stand(&mut self, _at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        // The logs are at their end for now: the day at hand is told as far as it goes.
        if let Some(day) = self.state.day.take() {
            self.end(day, view, out);
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

impl SlowReach {
    pub(crate) fn new(meta: &'static Meta, about: About, settings: Settings) -> SlowReach {
        SlowReach { meta, about, settings, state: State::default(), people: Vec::new() }
    }

    fn explains(&self, action: &str) -> bool {
        self.settings.explained_by.iter().any(|word| word.eq_ignore_ascii_case(action))
    }

    /// Ends the day at hand where a record is of a later one.
    fn turn(&mut self, time: EventTime, view: &View<'_>, out: &mut FindingSet) {
        match self.state.day {
            Some(day) if time.day() > day => {
                self.end(day, view, out);
                self.state.day = Some(time.day());
            }
            Some(day) if time.day() >= day - BACK_DAYS => {}
            _ => self.state.day = Some(time.day()),
        }
    }

    /// Takes a ticket, a case or an assignment.
    fn reason(&mut self, events: &Events<'_>, row: usize, view: &View<'_>) {
        let (batch, key) = (events.batch, view.symbols.key());
        let time = batch.time(row);
        let by = view.symbols.text(batch.names(row).actor);
        let holds = Span::days(i64::from(self.settings.explained_days));
        let about = (self.about, &self.settings);
        let agent = things::named(about, events.source, (batch, row), events.resolved(row), view);
        for who in subjects(batch, row, view) {
            self.state.reasons.add(pair(key, by, who), time, holds, view.limits.detector_entries_max);
            // Tickets are written up late: who was looked at since yesterday is explained as well.
            for Named { id, .. } in agent.iter().flatten() {
                if let Some(tracked) = self.state.things.get_mut(id) {
                    tracked.seen.explain(who, time.minus(LATE_REASON));
                }
            }
        }
    }

    fn reached(&mut self, events: &Events<'_>, row: usize, view: &View<'_>) {
        let (batch, resolved) = (events.batch, events.resolved(row));
        let time = batch.time(row);
        let named = things::named((self.about, &self.settings), events.source, (batch, row), resolved, view);
        let gone = departed(batch, row, resolved, view);
        let asked = self.about == About::People && self.state.reasons.are_told();
        let by = view.symbols.text(batch.names(row).actor);
        let mut people = std::mem::take(&mut self.people);
        people.clear();
        people.extend(subjects(batch, row, view));
        for Named { id, pivot, name, peers } in named.iter().flatten() {
            if !self.state.things.contains_key(id) {
                let thing = pivot.thing(name, &self.settings);
                self.begin(*id, *pivot, thing, peers, time, view);
            }
            let Some(tracked) = self.state.things.get_mut(id) else { continue };
            let of_day = |record: &Evidence| record.at.day() == time.day();
            if !tracked.record.as_ref().is_some_and(of_day) {
                tracked.record = Some(say::record(view, events.source, batch, row));
                (*peers).clone_into(&mut tracked.peers);
            }
            tracked.touched = tracked.touched.max(time);
            let mut grown = 0;
            for who in people.iter().copied() {
                let key = view.symbols.key();
                let pairs = [by, peers, ""].map(|of| if asked { pair(key, of, who) } else { 0 });
                let explained = asked && self.state.reasons.explain(pairs, time);
                let new = tracked.seen.touch(who, time, explained);
                grown += usize::from(new);
                if gone || (new && unknown(batch, row, view)) {
                    tracked.seen.agree(who, true);
                }
            }
            self.state.entries += grown;
            while grown > 0 && tracked.seen.len() > self.settings.exact_max.max(SAMPLE_MIN) {
                let before = tracked.seen.len();
                tracked.seen.halve();
                self.state.entries -= before - tracked.seen.len();
            }
        }
        self.people = people;
        self.fit(view.limits.detector_entries_max.max(SAMPLE_MIN));
    }

    fn begin(&mut self, id: u64, pivot: Pivot, thing: Thing, peers: &str, at: EventTime, view: &View<'_>) {
        if self.state.things.len() >= (view.limits.detector_entries_max / ENTRIES_PER_THING).max(1) {
            self.forget();
        }
        let peers = peers.to_owned();
        let (seen, past) = (Seen::default(), Past::default());
        self.state
            .things
            .insert(id, Tracked { pivot, thing, peers, touched: at, seen, past, record: None, told: None });
    }

    /// Keeps within the limit of people over all things: the largest are sampled, or the smallest
    /// forgotten where that would leave nothing to count.
    fn fit(&mut self, max: usize) {
        while self.state.entries > max {
            let largest = self.state.things.iter_mut().max_by_key(|(id, it)| (it.seen.len(), **id));
            match largest {
                Some((_, tracked)) if tracked.seen.len() > SAMPLE_MIN => {
                    let before = tracked.seen.len();
                    tracked.seen.halve();
                    self.state.entries -= before - tracked.seen.len();
                }
                _ => self.forget(),
            }
        }
    }

    fn forget(&mut self) {
        let order = |(id, it): (&u64, &Tracked)| (it.seen.len(), it.touched, *id);
        let mut least: Vec<(usize, EventTime, u64)> = self.state.things.iter().map(order).collect();
        least.sort_unstable();
        for (people, _, id) in least.iter().take((least.len() / 8).max(1)) {
            self.state.things.remove(id);
            self.state.entries -= people;
            self.state.forgotten += 1;
        }
    }
}

/// Who is in an answer, by their hash: those whom the record names, else the one whom the token names.
fn subjects<'a>(batch: &'a Batch, row: usize, view: &'a View<'_>) -> impl Iterator<Item = u64> + 'a {
    let own = batch.token_subject(row);
    let alone = batch.data_subjects(row).next().is_none() && !own.is_empty();
    let named = batch.data_subjects(row).chain(alone.then_some(own));
    named.map(|subject| view.symbols.key().hash64(subject.as_bytes()))
}

/// Whether the token names somebody who never existed, where the register can tell.
fn unknown(batch: &Batch, row: usize, view: &View<'_>) -> bool {
    let Some(register) = view.register.filter(|it| !it.is_empty() && it.complete_until() > batch.time(row)) else {
        return false;
    };
    let subject = batch.token_subject(row);
    !subject.is_empty() && register.lookup(subject) == Lookup::Never
}

/// Whether whoever acted has left.
fn departed(batch: &Batch, row: usize, resolved: Resolved, view: &View<'_>) -> bool {
    let account = whose::used(batch.kind(row), resolved);
    let person = account.and_then(|account| view.inventory.person_of(account));
    let gone = person.is_some_and(|person| whose::gone(view, person, batch.time(row)).is_some());
    gone && view.inventory.handed_over(account, resolved.credential, batch.time(row)).is_none()
}
