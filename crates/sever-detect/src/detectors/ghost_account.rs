//! `ghost-account`: an account that is open, and is nobody's who works here.
//!
//! Fires for an enabled account that should be somebody's (a person's own, or of no stated kind),
//! joins to no person in the list of people, and has no declared owner; graver when whoever made it
//! has left. Its waking is a finding of its own, gravest: it is switched on, or used, after a month of
//! silence or after its maker left. Where a human must still say whose it may be, it is a possibility.
//! Who made it is told by its system, or, as databases do not, by the log that shows it being made.
//! Fires too for an account whose holder has left, where a listing from after the end still shows it
//! enabled: a listing from before cannot tell.
//! Stays quiet for service and shared accounts, owned ones, those handed over with leave and those of
//! somebody who works here again, and altogether when no people are known.
//! Bounded by: one entry per ghost seen in logs, [`Limits::detector_entries_max`](sever_model::Limits)
//! at most; the eighth seen longest ago is forgotten, and such a ghost's next use is then not a
//! waking unless its maker left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, Resolved, View};
use sever_model::{
    AccountIx, AccountStatus, Audience, Batch, Confidence, Departed, EventKind, EventTime, FactKind, FindingSet,
    Inventory, Listing, Meta, PersonId, PersonIx, Raise, Seen, Severity, Span, Stage, Sym, Symbols, Thing, ThingKind,
};

use super::bounded::Bounded;
use super::records::Records;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "ghost-account",
    title: "an open account is nobody's, or its holder has left",
    speaks_when: "an enabled account joins to no person and no declared owner, graver if its maker has left; such an \
                  account is switched on or used after a month of silence or after its maker left; or an account is \
                  still enabled after its holder left",
    quiet_when: "it is a service or shared account, somebody is declared its owner, its holder works here again or \
                 handed it over with leave, it was last listed before its holder left, or no list of people is at hand",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1136", "T1078", "T1098"],
    remediation: "disable it, or find out whose it is and say so (an owner, a hand-over, or a decision in the list of \
                  decisions); look at what else its maker made",
    bounded_by: "one entry per ghost account seen in logs; when full, the eighth seen longest ago is forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(GhostAccount { settings: settings.ghost_account.clone(), state: State::default() }),
};

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A ghost wakes when it is used after so many days of silence.
    pub silent_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { silent_days: 30 }
    }
}

struct GhostAccount {
    settings: Settings,
    state: State,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// When each log was first seen: silence before that proves nothing.
    begun: BTreeMap<String, EventTime>,
    ghosts: Bounded<Ghost>,
    #[serde(default)]
    records: Records,
}

/// What logs showed of one ghost.
#[derive(Default, Serialize, Deserialize)]
struct Ghost {
    last: Option<EventTime>,
    awake: bool,
    /// The person who made it, by a log, where its system does not say.
    #[serde(default)]
    maker: Option<PersonId>,
}

/// How a ghost stirred: each is a finding of its own, beside the standing one.
#[derive(Clone, Copy)]
enum Stirred {
    SwitchedOn,
    Used,
}

impl Stirred {
    const fn word(self) -> &'static str {
        match self {
            Stirred::SwitchedOn => "switched on",
            Stirred::Used => "used",
        }
    }
}

/// Why a ghost counts as woken.
enum Woken {
    MakerLeft(PersonIx),
    Silence(Span),
    Before,
}

impl Detector for GhostAccount {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        if view.inventory.people().is_empty() {
            return;
        }
        let Some(first) = events.range().next() else { return };
        let log = view.sources.get(events.source).map_or("", |source| source.log.as_str());
        if !self.state.begun.contains_key(log) {
            self.state.begun.insert(log.to_owned(), events.batch.time(first));
        }
        for row in events.range() {
            self.note_maker(events, row, view);
            let stirred = stirred(events.batch, row, events.resolved(row), view);
            if let Some((account, how)) = stirred.filter(|_| whose::got_in(events.batch, row))
                && let Some(confidence) = whose::ghost(view.inventory, account)
            {
                self.stir(events, row, (account, how), confidence, view, out);
            }
        }
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let listed_until = whose::listed_until(view.inventory);
        for index in 0..view.inventory.accounts().len() {
            let account = AccountIx(index as u32);
            let Some(entry) = view.inventory.account(account).filter(|_| whose::enabled(view.inventory, account, at))
            else {
                continue;
            };
            if let Some(confidence) = whose::ghost(view.inventory, account) {
                stand_ghost(account, self.maker(account, view.inventory), confidence, at, view, out);
            } else if let Some(person) = view.inventory.person_of(account)
                && let Some(departed) = whose::left_by(view.inventory, person, at)
            {
                // A source that says no times is taken to speak of now.
                let listed = listed_until.get(&entry.source).copied().unwrap_or(at).min(at);
                stand_leavers(account, person, departed, (listed, at), view, out);
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

/// The account that a record shows stirring: the one used, or the one being switched on.
fn stirred(batch: &Batch, row: usize, resolved: Resolved, view: &View<'_>) -> Option<(AccountIx, Stirred)> {
    if batch.kind(row) == EventKind::Changed
        && let Some(account) = resolved.account
        && whose::ghost(view.inventory, account).is_some()
    {
        let action = view.symbols.text(batch.names(row).action).to_ascii_lowercase();
        let on = ["enable", "activat", "unlock", "unsuspend"].iter().any(|word| action.contains(word));
        let off = action.contains("deactivat") || action.contains("disable");
        if on && !off {
            return Some((account, Stirred::SwitchedOn));
        }
    }
    whose::used(batch.kind(row), resolved).map(|account| (account, Stirred::Used))
}

impl GhostAccount {
    /// Remembers who made a ghost, where a record shows that.
    fn note_maker(&mut self, events: &Events<'_>, row: usize, view: &View<'_>) {
        let (batch, resolved) = (events.batch, events.resolved(row));
        let made = |action: Sym| view.symbols.text(action).split(' ').any(|word| word == "create-account");
        if batch.kind(row) != EventKind::Changed || !whose::got_in(batch, row) || !made(batch.names(row).action) {
            return;
        }
        let ghost = resolved.account.filter(|account| whose::ghost(view.inventory, *account).is_some());
        let maker = resolved.actor.and_then(|actor| view.inventory.person_of(actor));
        if let (Some(ghost), Some(maker)) = (ghost.and_then(|ix| view.inventory.account(ix)), maker) {
            let (id, max) = (ghost.it.id.as_str(), view.limits.detector_entries_max);
            let known = self.state.ghosts.touch(id, batch.time(row), max);
            known.maker = view.inventory.person(maker).map(|person| person.it.id.clone());
        }
    }

    /// Who made an account: by its system, else by a log.
    fn maker(&self, account: AccountIx, inventory: &Inventory) -> Option<PersonIx> {
        whose::made_by(inventory, account).or_else(|| {
            let ghost = self.state.ghosts.get(inventory.account(account)?.it.id.as_str())?;
            inventory.find_person(ghost.maker.as_ref()?)
        })
    }

    fn stir(
        &mut self,
        events: &Events<'_>,
        row: usize,
        (account, how): (AccountIx, Stirred),
        confidence: Confidence,
        view: &View<'_>,
        out: &mut FindingSet,
    ) {
        let time = events.batch.time(row);
        let Some(entry) = view.inventory.account(account) else { return };
        let log = view.sources.get(events.source).map_or("", |source| source.log.as_str());
        let begun = self.state.begun.get(log).copied().unwrap_or(time);
        let maker = self.maker(account, view.inventory);
        let ghost = self.state.ghosts.touch(entry.it.id.as_str(), time, view.limits.detector_entries_max);
        // Silence is counted from what we saw last, and at the earliest from when we began to look.
        let last = ghost.last.or(entry.it.last_used.filter(|used| *used < time));
        let silence = time.since(last.unwrap_or_else(|| begun.max(entry.valid.earliest_start())));
        let maker_left = maker.filter(|maker| whose::gone(view, *maker, time).is_some());
        let woken = match maker_left {
            Some(maker) => Some(Woken::MakerLeft(maker)),
            None if silence > Span::days(i64::from(self.settings.silent_days)) => Some(Woken::Silence(silence)),
            None if ghost.awake => Some(Woken::Before),
            None => None,
        };
        ghost.last = ghost.last.max(Some(time));
        ghost.awake |= woken.is_some();
        let found = format!("{} {}", entry.it.id, how.word());
        if let Some(woken) = woken.filter(|_| self.state.records.first(events, row, view, &found)) {
            raise_woken(events, row, (account, how), confidence, &woken, view, out);
        }
    }
}

/// An account that joins to nobody.
fn stand_ghost(
    account: AccountIx,
    maker: Option<PersonIx>,
    confidence: Confidence,
    at: EventTime,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let inventory = view.inventory;
    let Some(entry) = inventory.account(account) else { return };
    let id = entry.it.id.as_str();
    let left = maker.and_then(|maker| Some((maker, whose::left_by(inventory, maker, at)?)));
    let since = entry.valid.earliest_start().min(at);
    let listed_from = since.max(entry.known_from.as_event());
    // That its maker has left could not be said before they had.
    let known = left.map_or(listed_from, |(_, departed)| {
        listed_from.max(say::latest(departed.end)).max(departed.known_from.as_event())
    });
    let asked = confidence == Confidence::Possible;
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Account, id),
        variant: "",
        severity: match (left, asked) {
            (Some(_), _) => Severity::High,
            (None, false) => Severity::Medium,
            (None, true) => Severity::Low,
        },
        confidence: confidence.min(listed(inventory)),
        stage: Stage::Confirmed,
        was: None,
        at: if since == EventTime::MIN { listed_from.min(at) } else { since },
        known_at: known,
        evidence: say::fact(&entry.source, listed_from.min(at), shows(inventory, account)),
        tell: &|| {
            let by = match (left, maker) {
                (Some((maker, departed)), _) => {
                    format!("; it was made by `{}`, who {}", say::person_id(inventory, maker), say::left(departed.end))
                }
                (None, Some(_)) => "; whoever made it still works here".to_owned(),
                (None, None) => "; who made it is not known".to_owned(),
            };
            let joins = if asked { "may be nobody's: no person surely matches it" } else { "joins to no person" };
            let title = format!("{} {joins} and has no declared owner{by}", named(inventory, id));
            let things = left.map(|(maker, _)| say::person(inventory, maker)).into_iter().collect();
            (title, things, inputs(inventory, account))
        },
    });
}

/// An account that outlived its holder's time here, by a listing from after the end.
fn stand_leavers(
    account: AccountIx,
    person: PersonIx,
    departed: Departed,
    (listed, at): (EventTime, EventTime),
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let inventory = view.inventory;
    let Some(entry) = inventory.account(account) else { return };
    let end = say::latest(departed.end);
    if listed <= end.plus(view.limits.skew) || inventory.handed_over(Some(account), None, at).is_some() {
        return;
    }
    let id = entry.it.id.as_str();
    let known_at = end.max(departed.known_from.as_event()).max(entry.known_from.as_event()).max(listed);
    let said = entry.it.status == AccountStatus::Enabled;
    let matched = whose::match_confidence(inventory, account);
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Account, id),
        variant: "holder left",
        severity: Severity::High,
        confidence: if said { matched } else { Confidence::Possible },
        stage: Stage::Confirmed,
        was: None,
        at: end,
        known_at,
        evidence: say::fact(&entry.source, listed, shows(inventory, account)),
        tell: &|| {
            let holder = say::person_id(inventory, person);
            let open = if said { "is open" } else { "is not known to be closed" };
            let left = say::left(departed.end);
            let inputs = vec![
                say::input("end of access", &left),
                say::input("end of access known since", departed.known_from),
                say::input("account listed until", listed),
                say::input("account is theirs", whose::reason(inventory, account)),
            ];
            let title = format!("{} {open}, and its holder `{holder}` {left}", named(inventory, id));
            (title, vec![say::person(inventory, person)], inputs)
        },
    });
}

fn raise_woken(
    events: &Events<'_>,
    row: usize,
    (account, how): (AccountIx, Stirred),
    confidence: Confidence,
    woken: &Woken,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let inventory = view.inventory;
    let Some(entry) = inventory.account(account) else { return };
    let id = entry.it.id.as_str();
    let time = events.batch.time(row);
    // The record itself names the account, and no person was there to match it. When its row was last
    // told anew (which a newer last use does) is no matter; when its maker was known to have left is.
    let told = match woken {
        Woken::MakerLeft(maker) => inventory.departed(*maker, time).map(|departed| departed.known_from.as_event()),
        Woken::Silence(_) | Woken::Before => None,
    };
    let told = told.unwrap_or(EventTime::MIN);
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Account, id),
        variant: how.word(),
        severity: if confidence == Confidence::Possible { Severity::High } else { Severity::Critical },
        confidence: confidence.min(listed(inventory)),
        stage: Stage::Confirmed,
        was: None,
        at: time,
        known_at: time.max(told),
        evidence: say::record(view, events.source, events.batch, row),
        tell: &|| {
            let (why, things) = match woken {
                Woken::MakerLeft(maker) => {
                    let left = inventory.departed(*maker, time).map_or_else(String::new, |d| say::left(d.end));
                    let by = say::person_id(inventory, *maker);
                    (format!("after `{by}`, who made it, {left}"), vec![say::person(inventory, *maker)])
                }
                Woken::Silence(silence) => (format!("after {silence} of silence"), Vec::new()),
                Woken::Before => ("after it woke".to_owned(), Vec::new()),
            };
            let joins = if confidence == Confidence::Possible { "may be nobody's" } else { "is nobody's" };
            let title = format!("{} {joins} and was {} {{count}} times {why}", named(inventory, id), how.word());
            (title, things, inputs(inventory, account))
        },
    });
}

/// How sure the list of people lets us be: a list that may lack somebody proves little.
fn listed(inventory: &Inventory) -> Confidence {
    let mut lines = inventory.coverage().lines.iter().filter(|line| line.kinds.contains(&FactKind::Person)).peekable();
    let unsaid = lines.peek().is_none();
    let whole = lines.any(|line| line.seen == Seen::Whole && line.listing == Listing::Complete);
    if unsaid || whole { Confidence::Certain } else { Confidence::Possible }
}

fn named(inventory: &Inventory, id: &str) -> String {
    say::thing(inventory, &Thing::new(ThingKind::Account, id))
}

fn shows(inventory: &Inventory, account: AccountIx) -> String {
    let Some(entry) = inventory.account(account) else { return String::new() };
    let by = entry.it.created_by.as_deref().unwrap_or("not said by whom");
    format!("account `{}` ({}), made: {by}", entry.it.login, entry.it.display_name)
}

fn inputs(inventory: &Inventory, account: AccountIx) -> say::Inputs {
    let Some(entry) = inventory.account(account) else { return Vec::new() };
    let candidates = match inventory.correlation(account) {
        sever_model::Correlation::Ask(candidates) => candidates.len(),
        _ => 0,
    };
    vec![
        say::input("people it was compared with", inventory.people().len()),
        say::input("people it may belong to", candidates),
        say::input("declared owner", entry.it.owner.as_deref().unwrap_or("none")),
        say::input("made by", entry.it.created_by.as_deref().unwrap_or("not said")),
        say::input("list of people", if listed(inventory) == Confidence::Certain { "whole" } else { "not whole" }),
    ]
}
