//! Our own probes in the logs: they are counted, and are nobody's use of anything.
//!
//! An event is a probe's where a recorded [`Knock`] at the same system accounts for it: within its time
//! (and the clock skew), about its account and no other, with its nonce or from the address of ours that it
//! was made from, and with its outcome: what was answered is a probe's only where the knock was let in.
//!
//! **Who leaves cannot hide behind one.** A nonce that was not recorded, or at another system, time or
//! account, says nothing. Each knock accounts for one event of a kind in each log, and a few that name
//! nobody (its controls): of two, one is a finding, whichever was whose. What was let in is never hidden by
//! a knock that was refused.
//!
//! Bounded by: the knocks that are handed in, and one entry per event that they account for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Resolved, View};
use sever_model::{Batch, DoorId, EventKind, Knock, Outcome, SystemId, WallTime};

/// Events of nobody that one knock accounts for in one log: its controls, with names and tokens that were
/// never given out.
const CONTROLS_MAX: usize = 4;

/// The recorded knocks, and what they have accounted for so far.
#[derive(Debug, Default)]
pub(crate) struct Knocks {
    /// By system, in the order in which they began.
    of: BTreeMap<SystemId, Vec<Known>>,
    /// What was accounted for, in all.
    events: u64,
}

#[derive(Debug)]
struct Known {
    knock: Knock,
    spent: Vec<Spent>,
}

/// One event that a knock accounts for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Spent {
    /// The log's file.
    log: String,
    /// What was done; empty where it was nobody's.
    action: String,
}

/// How our own probes showed in the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnProbes {
    /// Events that were ours.
    pub events: u64,
    /// Tries of doors that they are of.
    pub tries: u64,
}

/// What was accounted for, to go on with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Saved {
    events: u64,
    spent: Vec<(SystemId, DoorId, String, WallTime, Vec<Spent>)>,
}

impl Knocks {
    pub(crate) fn new(knocks: Vec<Knock>) -> Knocks {
        let mut of: BTreeMap<SystemId, Vec<Known>> = BTreeMap::new();
        for knock in knocks {
            of.entry(knock.system.clone()).or_default().push(Known { knock, spent: Vec::new() });
        }
        for known in of.values_mut() {
            known.sort_by(|one, two| one.knock.began.cmp(&two.knock.began).then(one.knock.nonce.cmp(&two.knock.nonce)));
        }
        Knocks { of, events: 0 }
    }

    /// Whether an event is a probe's of ours; then that is remembered.
    pub(crate) fn account_for(
        &mut self,
        source: usize,
        batch: &Batch,
        row: usize,
        resolved: Resolved,
        view: &View<'_>,
    ) -> bool {
        if self.of.is_empty() || batch.kind(row) == EventKind::Heartbeat {
            return false;
        }
        let Some(log) = view.sources.get(source) else { return false };
        let Some(known) = log.system.as_ref().and_then(|system| self.of.get_mut(system)) else { return false };
        let (time, skew) = (batch.time(row), view.limits.skew);
        let from = known.partition_point(|it| it.knock.began.as_event().plus(skew).plus(Knock::LONGEST) < time);
        for it in known.iter_mut().skip(from) {
            if it.knock.began.as_event().minus(skew) > time {
                break;
            }
            let Some(whose) = whose(&it.knock, batch, row, resolved, view) else { continue };
            if it.knock.over().as_event().plus(skew) < time || !fits(&it.knock, batch.outcome(row)) {
                continue;
            }
            let action = match whose {
                Whose::TheDoors => view.symbols.text(batch.names(row).action).to_owned(),
                Whose::Nobodys => String::new(),
            };
            let spent = Spent { log: log.id.to_string(), action };
            let most = if whose == Whose::TheDoors { 1 } else { CONTROLS_MAX };
            if it.spent.iter().filter(|other| **other == spent).count() < most {
                it.spent.push(spent);
                self.events += 1;
                return true;
            }
        }
        false
    }

    pub(crate) fn seen(&self) -> OwnProbes {
        let tries = self.of.values().flatten().filter(|it| !it.spent.is_empty()).count() as u64;
        OwnProbes { events: self.events, tries }
    }

    pub(crate) fn save(&self) -> Saved {
        let spent = self.of.iter().flat_map(|(system, known)| known.iter().map(move |it| (system, it)));
        let spent = spent.filter(|(_, it)| !it.spent.is_empty()).map(|(system, it)| {
            let Knock { door, nonce, began, .. } = &it.knock;
            (system.clone(), door.clone(), nonce.clone(), *began, it.spent.clone())
        });
        Saved { events: self.events, spent: spent.collect() }
    }

    pub(crate) fn load(&mut self, saved: Saved) {
        self.events = saved.events;
        for (system, door, nonce, began, spent) in saved.spent {
            let known = self.of.get_mut(&system).into_iter().flatten();
            let same = |it: &&mut Known| (&it.knock.door, &it.knock.nonce, it.knock.began) == (&door, &nonce, began);
            if let Some(it) = { known }.find(same) {
                it.spent = spent;
            }
        }
    }
}

/// Whose an event is that a knock may account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The account's, or the credential's, that the door is of.
    TheDoors,
    /// That of a name that nobody has.
    Nobodys,
}

/// Whose an event is, where the knock may account for it by nonce or address.
fn whose(knock: &Knock, batch: &Batch, row: usize, resolved: Resolved, view: &View<'_>) -> Option<Whose> {
    let inventory = view.inventory;
    let mut own = false;
    for ix in [resolved.actor, resolved.account].into_iter().flatten() {
        let id = inventory.account(ix).map(|entry| &entry.it.id);
        if id.is_none() || id != knock.account.as_ref() {
            return None;
        }
        own = true;
    }
    if let Some(ix) = resolved.credential {
        let id = inventory.credential(ix).map(|entry| &entry.it.id);
        if knock.credential.is_some() && id != knock.credential.as_ref() {
            return None;
        }
        own |= id.is_some() && id == knock.credential.as_ref();
    }
    let address = batch.source_ip(row);
    let is_from = address.is_empty() || knock.from.as_deref() == Some(address);
    match (carries(knock, batch, row, view), own) {
        (true, true) => Some(Whose::TheDoors),
        (true, false) => Some(Whose::Nobodys),
        (false, true) if is_from && !knock.only_looked => Some(Whose::TheDoors),
        (false, _) => None,
    }
}

/// Whether an event says the knock's nonce: in whatever a connector puts it.
fn carries(knock: &Knock, batch: &Batch, row: usize, view: &View<'_>) -> bool {
    let names = batch.names(row);
    let recurring = [names.actor, names.account, names.client].map(|sym| view.symbols.text(sym));
    let own = [batch.user_agent(row), batch.session(row), batch.token_subject(row), batch.resource(row)];
    !knock.nonce.is_empty() && recurring.iter().chain(&own).any(|text| says(text, &knock.nonce))
}

/// Whether a text says a nonce, and not a longer one that begins or ends with it.
fn says(text: &str, nonce: &str) -> bool {
    text.match_indices(nonce).any(|(at, _)| {
        let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let after = text.get(at + nonce.len()..).and_then(|rest| rest.chars().next());
        alone(text.get(..at).and_then(|before| before.chars().next_back())) && alone(after)
    })
}

/// Whether an outcome can be the knock's.
fn fits(knock: &Knock, outcome: Outcome) -> bool {
    outcome == Outcome::Refused || knock.let_in
}

#[cfg(test)]
mod tests;
