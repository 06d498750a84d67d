//! `gate`: allow or refuse a token that is being shown, while its user waits.
//!
//! ```text
//! issuers' records ──► ledger ─┐
//! store ──► people, keys ──────┼─► decide(token, request, instant) ─► allow · refuse · wait
//! what was allowed ──► budgets ┘            │
//!                                            └─► one event each, which `scan` reads back
//! ```
//!
//! The questions are those of the detectors, asked one token at a time: was it issued as it is ([`LiveLedger`]),
//! is its key within its life and unknown to leavers, does its holder still work here, was it taken back,
//! and does whatever carries it reach more people a day than it may.
//!
//! # When it refuses
//!
//! What the ledger says is only acted upon where the ledger can be trusted ([`Mode`]): it reaches back over
//! the longest life of the class, its coverage is proven, its issuer is heard of, and tokens of the class
//! have met their issuances. Anything less, an empty, young, damaged or silent ledger above all, makes the
//! gate watch: it allows, says what it would have done, and says so loudly. None of that depends on the
//! tokens shown but that one met, so that no forger can talk the gate out of enforcing.
//!
//! Where issuances are *pushed*, the issuer waits for our word before it hands a token out, so that what is
//! not in the ledger now was not issued. Where a log is *followed*, a token that says it is new may be in
//! the next line of the log: its user waits a moment, and is then allowed, marked.
//!
//! # Faults
//!
//! A fault of the gate's own opens no door unless the configuration says so ([`OnFault`]).
//!
//! No clock: the instant is an argument. Bounded: the ledger by live tokens, budgets by their own limit;
//! what is shown leaves nothing else behind.

mod answer;
mod budget;
mod people;
mod record;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use sever_decode::{Presented, TokenFault};
use sever_detect::{LiveLedger, Shown};
use sever_model::{Class, EventTime, FingerprintKey, Inventory, Judgement, Limits, Row, SourceId, Span, SystemId};
use sha2::{Digest as _, Sha256};

pub use answer::{Decision, Mark, OnFault, OrElse, Reason};
pub use budget::{Budget, BudgetOf};
pub use people::Cuts;
pub use record::Told;
pub use standing::{ClassHealth, FeedHealth, Feeding, Health, Mode, Why};

use budget::Budgets;
use people::People;
use standing::Feeds;

/// What a gate is made from.
pub struct GateSetup {
    /// The classes of token.
    pub classes: Vec<Class>,
    /// The log that uses at this gate stand in, which classes name in `used_in`.
    pub log: SourceId,
    /// The system whose accounts tokens name.
    pub system: Option<SystemId>,
    /// The logs of issuers, and how each is known.
    pub feeds: Vec<(SourceId, Feeding)>,
    /// The key that identifiers are fingerprinted under.
    pub key: FingerprintKey,
    /// The run's limits.
    pub limits: Limits,
    /// What the configuration says.
    pub terms: Terms,
}

/// What the configuration says of deciding.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Whether anything is refused at all; else everything is watched.
    pub enforce: bool,
    /// The reasons that refuse; others are watched.
    pub refuse: Vec<Reason>,
    /// What happens when the gate itself fails.
    pub on_fault: OnFault,
    /// What becomes of a request without a token.
    pub no_token: OrElse,
    /// What becomes of a token of an issuer that no class here is of.
    pub not_covered: OrElse,
    /// The share of an issuer's records that must be proven seen.
    pub coverage_min: f64,
    /// For how long an issuer may be silent.
    pub silent_max: Span,
    /// How many distinct people whatever carries a token may reach in a day.
    pub budgets: Vec<Budget>,
    /// How many people are told apart for budgets, over all of them.
    pub budget_entries_max: usize,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// When.
    pub now: EventTime,
    /// The token as it was shown; empty where there is none.
    pub token: &'a str,
    /// What it says, or why it cannot be read.
    pub presented: Result<&'a Presented<'a>, TokenFault>,
    /// Whether its signature holds, where that was looked at.
    pub signature: Option<bool>,
    /// The address that the request came from.
    pub source_ip: &'a str,
    /// The client software, as it calls itself.
    pub user_agent: &'a str,
    /// Whose data is asked for, where the request says; else it is the token's subject.
    pub subject: &'a str,
    /// Whether it has waited for its issuance already.
    pub waited: bool,
}

/// Decides, and keeps what that takes.
pub struct Gate {
    classes: Vec<Class>,
    log: SourceId,
    /// The number of the gate's own log in the ledger.
    here: usize,
    system: Option<SystemId>,
    limits: Limits,
    terms: Terms,
    ledger: RwLock<LiveLedger>,
    feeds: Mutex<Feeds>,
    people: RwLock<Arc<People>>,
    budgets: Mutex<Budgets>,
    /// Whether each class enforces, as of the last look.
    enforcing: Vec<AtomicBool>,
    /// What was last said of each class.
    said: Mutex<Vec<&'static str>>,
    counts: Counts,
}

/// What was decided so far.
#[derive(Debug, Default)]
struct Counts {
    allowed: AtomicU64,
    marked: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
    /// What would have been refused, had it been enforced.
    watched: [AtomicU64; Reason::ALL.len()],
}

/// What speaks against a request, and whether that is acted upon.
#[derive(Debug, Clone, Copy)]
struct Against {
    reason: Reason,
    acts: bool,
}

impl Gate {
    /// A gate that knows nobody and no token yet.
    pub fn new(setup: GateSetup) -> Gate {
        let GateSetup { classes, log, system, feeds, key, limits, terms } = setup;
        let mut logs: Vec<SourceId> = feeds.iter().map(|(log, _)| log.clone()).collect();
        let here = logs.iter().position(|known| *known == log).unwrap_or_else(|| {
            logs.push(log.clone());
            logs.len() - 1
        });
        let ledger = LiveLedger::new(&classes, &logs, &limits, key);
        Gate {
            enforcing: classes.iter().map(|_| AtomicBool::new(false)).collect(),
            people: RwLock::new(Arc::new(People::nobody())),
            budgets: Mutex::new(Budgets::new(terms.budgets.clone(), terms.budget_entries_max, key)),
            feeds: Mutex::new(Feeds::new(&feeds)),
            ledger: RwLock::new(ledger),
            counts: Counts::default(),
            said: Mutex::new(Vec::new()),
            classes,
            log,
            here,
            system,
            limits,
            terms,
        }
    }

    /// Takes records of an issuer's log, which arrived at `now`. What claims to be of later is of now.
    pub fn take(&self, feed: usize, now: EventTime, rows: impl FnOnce(&mut dyn FnMut(&Row<'_>))) {
        let Ok(mut ledger) = self.ledger.write() else { return };
        let mut latest: Option<EventTime> = None;
        rows(&mut |row| {
            latest = latest.max(Some(row.time));
            ledger.take(feed, &Row { time: row.time.min(now), ..*row });
        });
        drop(ledger);
        if let (Ok(mut feeds), Some(latest)) = (self.feeds.lock(), latest) {
            feeds.heard(feed, now, latest);
        }
    }

    /// Says that records of a log may be lost that are older than this: it is young again.
    pub fn lost(&self, feed: usize, now: EventTime, what: String) {
        if let Ok(mut ledger) = self.ledger.write() {
            ledger.begin_anew(feed, now);
        }
        if let Ok(mut feeds) = self.feeds.lock() {
            feeds.lost(feed, now, what);
        }
        self.take_stand(now);
    }

    /// Says that the ledger of a log goes back to this instant, though its records do not any more.
    pub fn reaches_back(&self, feed: usize, to: EventTime) {
        if let Ok(mut ledger) = self.ledger.write() {
            ledger.reaches_back(feed, to);
        }
    }

    /// Says that tokens of a class are known to have met their issuances, before the process began.
    pub fn has_met(&self, issuer: &str, name: &str) {
        let class = self.classes.iter().position(|class| class.issuer == issuer && class.name == name);
        if let (Some(class), Ok(ledger)) = (class, self.ledger.read()) {
            ledger.has_met(class);
        }
    }

    /// Takes up who works here, what they hold, and what was cut.
    pub fn know(&self, inventory: Arc<Inventory>, cuts: Cuts) {
        let people = People::of(inventory, cuts, self.system.as_ref());
        if let Ok(mut known) = self.people.write() {
            *known = Arc::new(people);
        }
    }

    /// The inventory that it knows, to take up other cuts with.
    pub fn inventory(&self) -> Option<Arc<Inventory>> {
        self.people.read().ok().and_then(|people| people.inventory())
    }

    /// Decides one request.
    pub fn decide(&self, ask: &Ask<'_>) -> Decision {
        let decision = self.weighed(ask).unwrap_or_else(|| self.fault());
        self.count(&decision);
        decision
    }

    /// What it answers when it cannot decide.
    pub fn fault(&self) -> Decision {
        match self.terms.on_fault {
            OnFault::Open => Decision::allow(None, None, Some(Mark::Fault)),
            OnFault::Closed => Decision::refuse(Reason::Fault, None, None),
        }
    }

    /// Nothing where the gate itself has failed.
    fn weighed(&self, ask: &Ask<'_>) -> Option<Decision> {
        if ask.token.is_empty() {
            return Some(self.against(Reason::NoToken, self.terms.no_token == OrElse::Refuse));
        }
        let presented = match ask.presented {
            Ok(presented) => presented,
            Err(_) => return Some(self.against(Reason::Unreadable, true)),
        };
        if ask.signature == Some(false) {
            return Some(self.against(Reason::BadSignature, true));
        }
        let row = &presented.row;
        let shown = self.ledger.read().ok()?.ask(self.here, row, &mut || hash_of(ask.token));
        let people = Arc::clone(&*self.people.read().ok()?);
        let key = people.key(row.key_id);
        let class = shown.class;
        let (system, skew) = (self.system.as_ref(), self.limits.skew);
        let out_of_life = |key| people.out_of_life(key, row, (&self.log, &self.classes), ask.now, skew);
        let forged = shown.judgement.forged();
        let against = [
            self.by_ledger(shown, row, forged && key.is_some_and(|key| people.leaver_knows(key, ask.now))),
            people.revoked(row, system).then_some(Against::yes(Reason::Revoked)),
            people.departed(row, system, ask.now, skew).then_some(Against::yes(Reason::HolderDeparted)),
            key.and_then(out_of_life).map(|_| Against::yes(Reason::KeyOutOfLife)),
        ];
        let acting = against.iter().flatten().find(|one| one.acts && self.acts(one.reason));
        if let Some(one) = acting {
            return Some(Decision::refuse(one.reason, class, Some(shown.judgement)));
        }
        if shown.may_come && forged && !ask.waited && self.is_followed(class) {
            return Some(Decision::wait(class, shown.judgement));
        }
        let over = self.budgets.lock().ok()?.spend(row, ask, ask.now.day());
        if over && self.acts(Reason::ReachBudget) {
            return Some(Decision::refuse(Reason::ReachBudget, class, Some(shown.judgement)));
        }
        let watched = against.iter().flatten().map(|one| one.reason).next();
        let mark = match watched.or(over.then_some(Reason::ReachBudget)) {
            Some(reason) => Some(Mark::WouldRefuse(reason)),
            None => marked(shown),
        };
        Some(Decision::allow(class, Some(shown.judgement), mark))
    }

    /// What the ledger says against a token, and whether it may be acted upon.
    fn by_ledger(&self, shown: Shown, row: &Row<'_>, leaver_knows: bool) -> Option<Against> {
        let Some(class) = shown.class else {
            // Of an issuer that has classes here: it is of none of them. Of another, the configuration says.
            let ledger = self.ledger.read().ok()?;
            let mut own = ledger.classes_at(self.here, row.issuer).peekable();
            let acts = match own.peek() {
                Some(_) => own.all(|class| self.enforces(class)),
                None => self.terms.not_covered == OrElse::Refuse,
            };
            return Some(Against { reason: Reason::NotCovered, acts });
        };
        let reason = match shown.judgement {
            Judgement::NeverIssued | Judgement::Mismatch(_) if leaver_knows => Reason::KeyKnownToLeaver,
            Judgement::NeverIssued => Reason::NeverIssued,
            Judgement::Mismatch(_) => Reason::Mismatch,
            Judgement::Expired => Reason::Expired,
            Judgement::Issued(_) | Judgement::Unjudgeable(_) => return None,
        };
        // What says that it is new may be in the next line of a log that is followed.
        let new = shown.may_come && self.is_followed(Some(class)) && shown.judgement == Judgement::NeverIssued;
        (!new).then(|| Against { reason, acts: self.enforces(class) })
    }

    /// A request that is refused, or watched, for what it is.
    fn against(&self, reason: Reason, acts: bool) -> Decision {
        match acts && self.acts(reason) {
            true => Decision::refuse(reason, None, None),
            false => Decision::allow(None, None, Some(Mark::WouldRefuse(reason))),
        }
    }

    /// Whether a reason refuses at all.
    fn acts(&self, reason: Reason) -> bool {
        self.terms.enforce && self.terms.refuse.contains(&reason)
    }

    fn enforces(&self, class: usize) -> bool {
        self.enforcing.get(class).is_some_and(|one| one.load(Ordering::Relaxed))
    }

    fn is_followed(&self, class: Option<usize>) -> bool {
        let log = class.and_then(|class| self.classes.get(class)?.issued_in.as_ref());
        let feeds = self.feeds.lock();
        log.is_some_and(|log| feeds.is_ok_and(|feeds| feeds.feeding(log) == Some(Feeding::Follow)))
    }

    fn count(&self, decision: &Decision) {
        let add = |of: &AtomicU64| of.fetch_add(1, Ordering::Relaxed);
        let at = |of: &[AtomicU64; Reason::ALL.len()], reason: Reason| of.get(reason.number()).map(add);
        match (decision.refused, decision.mark) {
            _ if decision.wait => {}
            (Some(reason), _) => drop(at(&self.counts.refused, reason)),
            (None, mark) => {
                add(&self.counts.allowed);
                if let Some(mark) = mark {
                    add(&self.counts.marked);
                    if let Mark::WouldRefuse(reason) = mark {
                        at(&self.counts.watched, reason);
                    }
                }
            }
        }
    }
}

impl Against {
    /// What needs no ledger.
    const fn yes(reason: Reason) -> Against {
        Against { reason, acts: true }
    }
}

/// What is to be noted of a token that is allowed.
fn marked(shown: Shown) -> Option<Mark> {
    match shown.judgement {
        Judgement::Unjudgeable(reason) => Some(Mark::Unjudgeable(reason)),
        judgement if judgement.forged() => Some(Mark::MayBeNew),
        _ => None,
    }
}

fn hash_of(token: &str) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(token.as_bytes()) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
