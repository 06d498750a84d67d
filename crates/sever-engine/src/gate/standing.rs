//! Whether what a gate knows of a class is good enough to refuse by, and how it stands as a whole.

use std::sync::atomic::Ordering;

use sever_detect::Standing;
use sever_model::{CoverageBy, EventTime, SourceId, Span};

use super::{Gate, Reason};

/// How the issuances of a log come to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeding {
    /// The issuer hands each over, and waits for our word before the token leaves it.
    Push,
    /// Its log is read as it grows.
    Follow,
}

/// What a gate does about a class.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// It refuses.
    Enforcing,
    /// It watches.
    Watching(Why),
}

/// Why a gate only watches a class.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// The configuration says so.
    Configured,
    /// No log that the gate is fed with has its issuances.
    NoIssuances,
    /// Nothing of it is in the ledger.
    Empty,
    /// Part of the ledger was lost at this instant, and older tokens may still live.
    Lost(String, EventTime),
    /// The ledger is younger than the class's longest life: it enforces from this instant on.
    Young(EventTime),
    /// So much of the issuer's log is proven seen, where there is anything to measure.
    Coverage(Option<f64>),
    /// Its issuer was last heard of then, if ever.
    Silent(Option<EventTime>),
    /// The issuer's clock and ours are so far apart.
    Clocks(Span),
    /// No token that was shown has met its issuance yet: the join may not fit.
    NeverMet,
}

/// A class, as the gate stands to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassHealth {
    /// What is known of it.
    pub standing: Standing,
    /// What is done about it.
    pub mode: Mode,
}

/// How a gate stands as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Its classes.
    pub classes: Vec<ClassHealth>,
    /// Live entries of the ledger, and the bytes that they take.
    pub ledger: (u64, u64),
    /// Each log: its name, how it is known, when it was last heard of, and what was lost of it.
    pub feeds: Vec<FeedHealth>,
    /// Requests allowed, and those of them that were marked.
    pub allowed: (u64, u64),
    /// Requests refused, by reason.
    pub refused: Vec<(Reason, u64)>,
    /// Requests that would have been refused, by reason.
    pub watched: Vec<(Reason, u64)>,
    /// People told apart for budgets today, and those let through uncounted for want of room.
    pub budget: (u64, u64),
    /// Whether the store's people and keys are known.
    pub knows_people: bool,
}

/// A log that feeds a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    /// Which.
    pub log: SourceId,
    /// How it is known.
    pub feeding: Feeding,
    /// When something last came of it.
    pub heard: Option<EventTime>,
    /// What was lost of it, and when that was found.
    pub lost: Option<(String, EventTime)>,
}

/// The logs of issuers, and when each was heard of.
#[derive(Debug)]
pub(super) struct Feeds(Vec<Feed>);

#[derive(Debug)]
struct Feed {
    health: FeedHealth,
    /// By how much its newest record was ahead of our clock, or behind, when it came.
    apart: Span,
}

impl Feeds {
    pub(super) fn new(feeds: &[(SourceId, Feeding)]) -> Feeds {
        let feed = |(log, feeding): &(SourceId, Feeding)| Feed {
            health: FeedHealth { log: log.clone(), feeding: *feeding, heard: None, lost: None },
            apart: Span::ZERO,
        };
        Feeds(feeds.iter().map(feed).collect())
    }

    pub(super) fn feeding(&self, log: &SourceId) -> Option<Feeding> {
        self.0.iter().find(|feed| feed.health.log == *log).map(|feed| feed.health.feeding)
    }

    pub(super) fn heard(&mut self, at: usize, now: EventTime, latest: EventTime) {
        if let Some(feed) = self.0.get_mut(at) {
            feed.health.heard = feed.health.heard.max(Some(latest.min(now)));
            feed.apart = if latest > now { latest.since(now) } else { now.since(latest) };
        }
    }

    pub(super) fn lost(&mut self, at: usize, now: EventTime, what: String) {
        if let Some(feed) = self.0.get_mut(at) {
            feed.health.lost = Some((what, now));
        }
    }

    fn of(&self, log: Option<&SourceId>) -> Option<&Feed> {
        self.0.iter().find(|feed| Some(&feed.health.log) == log)
    }
}

impl Gate {
    /// Looks again at whether each class can be enforced, and says of which classes what is done has changed
    /// since it was last said. To be called every second or so.
    pub fn look(&self, now: EventTime) -> Vec<(String, Mode)> {
        if let Ok(mut ledger) = self.ledger.write() {
            ledger.hear(self.here, now);
        }
        let classes = self.take_stand(now);
        let Ok(mut said) = self.said.lock() else { return Vec::new() };
        said.resize(classes.len(), "");
        let changed = classes.into_iter().zip(said.iter_mut()).filter_map(|(health, said)| {
            let word = health.mode.word();
            let name = format!("{} of {}", health.standing.name, health.standing.issuer);
            (std::mem::replace(said, word) != word).then_some((name, health.mode))
        });
        changed.collect()
    }

    /// Has requests decided by how each class stands now.
    pub(super) fn take_stand(&self, now: EventTime) -> Vec<ClassHealth> {
        let classes = self.classes_now(now);
        for (at, flag) in self.enforcing.iter().enumerate() {
            let enforcing = classes.get(at).is_some_and(|health| health.mode == Mode::Enforcing);
            flag.store(enforcing, Ordering::Relaxed);
        }
        classes
    }

    /// How it stands, which from now on it acts by.
    pub fn health(&self, now: EventTime) -> Health {
        let count = |of: &[std::sync::atomic::AtomicU64]| {
            let counts = Reason::ALL.into_iter().zip(of).map(|(reason, count)| (reason, count.load(Ordering::Relaxed)));
            counts.filter(|(_, count)| *count > 0).collect()
        };
        let counts = &self.counts;
        Health {
            classes: self.take_stand(now),
            ledger: self.ledger.read().map(|ledger| ledger.size()).unwrap_or_default(),
            feeds: self
                .feeds
                .lock()
                .map(|feeds| feeds.0.iter().map(|feed| feed.health.clone()).collect())
                .unwrap_or_default(),
            allowed: (counts.allowed.load(Ordering::Relaxed), counts.marked.load(Ordering::Relaxed)),
            refused: count(&counts.refused),
            watched: count(&counts.watched),
            budget: self.budgets.lock().map_or((0, 0), |budgets| (budgets.entries() as u64, budgets.uncounted)),
            knows_people: self.inventory().is_some(),
        }
    }

    fn classes_now(&self, now: EventTime) -> Vec<ClassHealth> {
        let standings = self.ledger.read().map(|ledger| ledger.standings());
        let feeds = self.feeds.lock();
        let (Ok(standings), Ok(feeds)) = (standings, feeds) else { return Vec::new() };
        let classes = standings.into_iter().zip(&self.classes);
        classes
            .map(|(standing, class)| {
                let mode = self.mode(&standing, feeds.of(class.issued_in.as_ref()), now);
                ClassHealth { standing, mode }
            })
            .collect()
    }

    fn mode(&self, of: &Standing, feed: Option<&Feed>, now: EventTime) -> Mode {
        let why = |why| Mode::Watching(why);
        if !self.terms.enforce {
            return why(Why::Configured);
        }
        let (Some(feed), true) = (feed, of.has_issuances) else { return why(Why::NoIssuances) };
        let old = of.epoch.map(|epoch| epoch.plus(of.lifetime_max).plus(self.limits.skew));
        if let Some((what, at)) = &feed.health.lost
            && old.is_none_or(|old| now < old)
        {
            return why(Why::Lost(what.clone(), *at));
        }
        let Some(old) = old.filter(|_| of.entries > 0 && of.issued > 0) else { return why(Why::Empty) };
        let proven = of.coverage.map(|(_, proven)| proven);
        let covered = match of.coverage_by {
            CoverageBy::Declared => true,
            CoverageBy::Sequence | CoverageBy::Heartbeat => proven.is_some_and(|it| it >= self.terms.coverage_min),
            CoverageBy::Unknown => false,
        };
        if !covered {
            return why(Why::Coverage(proven));
        }
        let silent_from = feed.health.heard.map(|heard| heard.plus(self.terms.silent_max).plus(of.settle));
        if silent_from.is_none_or(|from| now > from) {
            return why(Why::Silent(feed.health.heard));
        }
        if feed.health.feeding == Feeding::Push && feed.apart > self.limits.skew.plus(of.settle) {
            return why(Why::Clocks(feed.apart));
        }
        if now < old {
            return why(Why::Young(old));
        }
        if !of.met {
            return why(Why::NeverMet);
        }
        Mode::Enforcing
    }
}

impl Mode {
    /// In one word: `enforcing`, or why it only watches.
    pub const fn word(&self) -> &'static str {
        match self {
            Mode::Enforcing => "enforcing",
            Mode::Watching(why) => why.word(),
        }
    }
}

impl Why {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Why::Configured => "the configuration says `observe`".to_owned(),
            Why::NoIssuances => "no log that the gate is fed with has its issuances".to_owned(),
            Why::Empty => "nothing of it is in the ledger".to_owned(),
            Why::Lost(what, at) => format!("part of the ledger was lost, found at {at}: {what}"),
            Why::Young(from) => format!("the ledger is younger than its longest life; enforces from {from}"),
            Why::Coverage(None) => "the issuer's coverage cannot be measured yet".to_owned(),
            Why::Coverage(Some(share)) => {
                format!("only {:.3} % of the issuer's records are proven seen", share * 100.0)
            }
            Why::Silent(None) => "the issuer was never heard of".to_owned(),
            Why::Silent(Some(at)) => format!("the issuer was last heard of at {at}"),
            Why::Clocks(apart) => format!("the issuer's clock and ours are {} s apart", apart.as_secs()),
            Why::NeverMet => "no token shown has met its issuance yet".to_owned(),
        }
    }

    /// In one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Why::Configured => "configured",
            Why::NoIssuances => "no-issuances",
            Why::Empty => "ledger-empty",
            Why::Lost(..) => "ledger-lost",
            Why::Young(_) => "ledger-young",
            Why::Coverage(_) => "coverage",
            Why::Silent(_) => "issuer-silent",
            Why::Clocks(_) => "clocks-apart",
            Why::NeverMet => "never-met",
        }
    }
}
