//! The judge: did the issuer make this token, and for this use of it?
//!
//! The adversary holds a genuine signing key. He chooses every claim of his tokens, sends as many
//! as he likes, and knows this file. What he cannot do is write into the issuer's log. So only
//! that log can clear a token, only that log can excuse one, and nothing that a *use* says may
//! widen an excuse beyond what the issuer's log itself left open. And whoever is honest must not pay
//! for a log that lost his issuance: what it left open is excused, however many claim it.
//!
//! ```text
//!   issuer's log                                       verifiers' logs
//!   ────────────                                       ───────────────
//!   Issued ──► fingerprint ──► LEDGER ◄── fingerprint ◄── Used
//!      │       check, end        │        check, own end     │
//!      │                         ▼                           │
//!      │              found? ── claims agree? ── in time? ───┼──► Issued · Expired    at once
//!      │                │no        │no                       │
//!      ├─ watermark ──► └────┬─────┘ waits for `settle`      │
//!      ├─ epoch              ▼                               │
//!      ├─ gaps ──────► excused? ──yes──► Unjudgeable(why)    │    when the watermark has passed
//!      └─ coverage           └──no────► NeverIssued · Mismatch    use time + settle
//! ```
//!
//! # The order of questions
//!
//! 1. *Which class?* The configuration says, by the log that the use stands in and the issuer that
//!    is trusted there ([`cover`]). No class: `Unjudgeable(ClassNotCovered)`. A record that names no
//!    issuer, nor anything that only an issued token has (a type, dates, a key that signed it), presents
//!    no token and is not judged: permanent keys stand in the same logs.
//! 2. *Is its id in the ledger?* A 128-bit keyed fingerprint of class and join key.
//! 3. *Do the claims agree?* ([`claims`]) A known id with other claims is a copied id: `Mismatch`,
//!    once the settle window has passed, for a late record may show the issuer gave the id twice.
//!    A claim that this verifier's log has *never* carried cannot be compared at all: then the class
//!    is misconfigured (`NeverMeet`), which an attacker cannot bring about, for every ordinary use
//!    carries it.
//! 4. *Is it in time?* Used after its own end, or after the end that the issuer logged, by more than
//!    the tolerated skew: `Expired`. An id that is not in the ledger is only excused by its own claimed
//!    end if its entry may have been dropped by then: else a forger would claim an old end at a
//!    verifier that does not look, and pass for merely expired.
//! 5. *Not found: may it have been issued all the same?* In this order: its entry may have been
//!    dropped (`LedgerExpired`); it may be older than the ledger (`BeforeLedger`: only until epoch plus
//!    the longest lifetime, and only where it claims to be that old or claims nothing; after that an
//!    old issued-at is a forger's claim); the issuer's coverage is not proven (`CoverageUnproven`);
//!    the two sides have never met (`NeverMeet`); a gap in the issuer's log ([`gaps`]) lies where it
//!    says it was issued (`IssuerGap`). None of these: `NeverIssued`.
//!
//! # Gaps
//!
//! Of a gap in numbered records it is known how many are lost. When more distinct tokens claim it, the
//! surplus was issued by nobody: that is certain, and *which* of them is not. So each of them stays
//! `Unjudgeable(IssuerGap)`, and the number is told beside as one fact about the gap
//! ([`port::Surplus`](sever_model::port::Surplus)): a flood cannot hide in a gap, nor push the honest
//! tokens of the gap into the dock. Only uses that have settled are counted.
//!
//! # Stages
//!
//! A use that would be forged is `Provisional` at once and waits. When the issuer's watermark passes
//! its time plus `settle` it is looked at again and `Confirmed` as whatever it is then; a provisional
//! word that turns out wrong is first taken back (`Retracted`). An issuance that comes later still
//! takes a confirmed word back, for as long as [`forged`] remembers it, if the token was issued before
//! that use could have settled: an id that the issuer gives out *after* a forger used it clears nothing.
//! So does a gap that shows only then, because the node that lost the records is seldom heard of.
//!
//! # A worked example
//!
//! `settle` is 2 minutes, lifetimes 1 hour; records are numbered, and enough of them were seen before.
//!
//! ```text
//! 12:00:00  issuer   #41 issued a7…  (kid 1, alice, 12:00–13:00)
//! 12:00:05  gateway  a7… alice                → Issued (key_id, token_subject, issued_at, expires_at agree)
//! 12:01:00  gateway  a7… bob                  → Mismatch, provisional: deadline 12:03:00
//! 12:01:30  gateway  99… carol                → NeverIssued, provisional: deadline 12:03:30
//! 12:01:31  gateway  c4… dave, issued 12:01:29 → NeverIssued, provisional: deadline 12:03:31
//! 12:03:10  issuer   #43 issued …             → #42 is missing, between 12:00:00 and 12:03:10
//!                                               Mismatch confirmed, known at 12:03:10
//! 12:04:00  issuer   heartbeat                → #42 may be carol's, and may be dave's: 99… and c4… are
//!                                               IssuerGap. Two claim one record: a surplus of 1, certain
//! 12:09:00  issuer   #42 issued c4… (12:01:29) → the gap is closed. Of those that claimed it 99… is left, and
//!                                               no record: the surplus stays 1
//! ```
//!
//! The last lines show the price of a gap: what was excused in it is not judged again, and that 99… was
//! forged is left for the reader of the surplus to see. With no gap there is no such doubt, which is why
//! gaps are told.
//!
//! # What he can still do
//!
//! Steal a token whole: it is `Issued`, and the report of compared claims says what was looked at.
//! Use a token in the shadow of a gap or before the epoch has passed: `Unjudgeable`, counted by
//! reason, never `Issued`, and in numbered records found once he uses more than were lost. Flood: the first [`Limits::pending_max`](sever_model::Limits) wait and are
//! confirmed in time, the rest are handed over provisionally, and counted. (To drop the *oldest*
//! instead would let a flood that lasts keep any of it from ever being confirmed.)
//!
//! # Determinism and bounds
//!
//! What is said is a function of the sequence of records alone: no clock, no chance, no dependence on
//! how they are cut into runs, and none on saving and loading between two of them. Every map is
//! bounded by a named limit; see the modules.

mod ahead;
mod builtin;
mod claims;
mod class;
mod cover;
mod decide;
mod feed;
mod forged;
mod gaps;
mod kept;
mod live;
mod measure;
mod report;
mod saved;
mod settle;
mod surplus;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sever_model::{
    Batch, Class, CoverageBy, EventKind, EventSource, EventTime, FingerprintKey, Judgement, Limits, SourceId, Span,
    Symbols, Unjudgeable,
};

pub(crate) use ahead::WINDOW;
pub use builtin::builtin_classes;
pub use live::{LiveLedger, Shown, Standing};
pub use report::{ClassReport, Gap, GapKind, Report};
pub(crate) use saved::Saved;
pub(crate) use settle::{Hearers, Told};

use crate::ledger::{Inserted, Ledger, Terms};
use claims::Checker;
use class::ClassState;
use cover::Cover;
use feed::{Feed, Sign};
use forged::Forged;
use kept::Kept;
use settle::{News, Waiting};
use surplus::Weighed;

/// How far a log may lag behind the others before entries are dropped without it.
const LAG_MAX: Span = Span::days(1);
/// Issuers without a class that are told apart in the report.
const NOT_COVERED_MAX: usize = 100;

/// Judges uses against the issued ledger.
pub(crate) struct Judge {
    classes: Vec<ClassState>,
    ledgers: Vec<Shelf>,
    /// The log of each source, by number.
    log_of: Vec<usize>,
    logs: Vec<Log>,
    uses: Cover,
    issuances: Cover,
    key: FingerprintKey,
    checker: Checker,
    skew: Span,
    waiting_max: usize,
    /// The latest time that any log has shown.
    now: EventTime,
    /// Whether the row last taken presents a token.
    presented: bool,
    kept: Kept,
    waiting: u64,
    forged: Forged,
    /// Counts what waits, to keep equal deadlines in order.
    next: u64,
    /// What is to be said, in order.
    news: Vec<News>,
    /// Of which gaps the surplus has changed.
    surpluses: Vec<Weighed>,
    ahead: ahead::Ahead,
    not_covered: BTreeMap<String, u64>,
    not_covered_others: u64,
}

/// One configured log.
struct Log {
    name: SourceId,
    /// The latest time that it has shown.
    heard: Option<EventTime>,
    /// What it says of its issuers, where it is an issuer's log.
    feed: Option<Feed>,
    /// Uses that wait for it, by deadline.
    waiting: BTreeMap<(EventTime, u64), Waiting>,
}

/// One ledger, and what decides when its entries go.
struct Shelf {
    ledger: Ledger,
    /// The logs that fill it or look into it: an entry goes when all of them are past its end.
    logs: Vec<usize>,
    /// By how much they must be past it: the longest settle window of its classes, and the skew. So a
    /// use that waits, and was in time, is settled before its entry can go.
    lateness: Span,
    /// When to look at the logs next.
    due: EventTime,
}

/// What the judge says of a row at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    pub judgement: Judgement,
    pub class: Option<usize>,
}

impl Judge {
    /// A judge of these classes over these files of logs.
    pub(crate) fn new(classes: &[Class], sources: &[EventSource], limits: &Limits, key: FingerprintKey) -> Judge {
        let mut logs: Vec<Log> = Vec::new();
        let mut log_of = Vec::new();
        for source in sources {
            let known = logs.iter().position(|log| log.name == source.log);
            log_of.push(known.unwrap_or_else(|| {
                logs.push(Log::new(source.log.clone()));
                logs.len() - 1
            }));
        }
        let number = |name: &SourceId| logs.iter().position(|log| log.name == *name);
        let verifiers_of = |class: &Class| class.used_in.iter().filter_map(number).collect::<Vec<_>>();
        let issuer_of = |class: &Class| class.issued_in.as_ref().and_then(number);
        let mut ledgers: Vec<Shelf> = Vec::new();
        let mut states = Vec::new();
        for class in classes {
            let mut both = verifiers_of(class);
            both.extend(issuer_of(class));
            let ledger = shelf_for(&mut ledgers, class, &both, limits.skew);
            states.push(ClassState::new(class.clone(), &key, ledger, issuer_of(class)));
        }
        let uses = Cover::new(classes, logs.len(), verifiers_of);
        let issuances = Cover::new(classes, logs.len(), |class| issuer_of(class).into_iter().collect());
        for (at, log) in logs.iter_mut().enumerate() {
            let here = || states.iter().filter(|state| state.feed == Some(at));
            let by_beats = here().filter(|state| state.class.coverage == CoverageBy::Heartbeat);
            let silence = by_beats.map(|state| state.class.settle).max();
            log.feed = here().next().is_some().then(|| Feed::new(silence));
        }
        Judge {
            classes: states,
            ledgers,
            log_of,
            logs,
            uses,
            issuances,
            key,
            checker: Checker::new(key),
            skew: limits.skew,
            waiting_max: limits.pending_max,
            now: EventTime::MIN,
            presented: false,
            kept: Kept::default(),
            waiting: 0,
            forged: Forged::default(),
            next: 0,
            news: Vec::new(),
            surpluses: Vec::new(),
            ahead: ahead::Ahead::default(),
            not_covered: BTreeMap::new(),
            not_covered_others: 0,
        }
    }

    /// Takes one more file of a log that it knows, by the next number. Of an unknown log nothing is judged.
    pub(crate) fn add(&mut self, source: &EventSource) {
        let log = self.logs.iter().position(|log| log.name == source.log);
        self.log_of.push(log.unwrap_or(usize::MAX));
    }

    /// Takes one record: what it says of the row at once. What follows later, or for earlier rows,
    /// waits in [`Judge::has_news`].
    pub(crate) fn take(&mut self, source: usize, batch: &Batch, row: usize, symbols: &Symbols) -> Option<Said> {
        self.presented = false;
        let log = *self.log_of.get(source)?;
        let at = batch.time(row);
        let heard = &mut self.logs.get_mut(log)?.heard;
        *heard = (*heard).max(Some(at));
        if at > self.now {
            self.now = at;
            self.drop_ended();
        }
        match batch.kind(row) {
            EventKind::Issued => self.issued(log, batch, row, symbols),
            EventKind::Heartbeat => self.heartbeat(log, batch, row, symbols),
            _ => {
                self.numbered(log, batch, row, false);
                return self.used(source, log, batch, row, symbols);
            }
        }
        None
    }

    /// Whether the row last taken, of which nothing was said at once, presents no token at all.
    pub(crate) fn is_no_use(&self, batch: &Batch, row: usize) -> bool {
        let minting = matches!(batch.kind(row), EventKind::Issued | EventKind::Heartbeat);
        !minting && !self.presented
    }

    /// A token was minted.
    fn issued(&mut self, log: usize, batch: &Batch, row: usize, symbols: &Symbols) {
        if self.logs.get(log).is_none_or(|log| log.feed.is_none()) {
            // A log that no class trusts for issuances can write what it likes.
            return;
        }
        self.numbered(log, batch, row, true);
        if let Some(class) = self.issuances.class(log, &batch.names(row), symbols) {
            self.enter(class, log, batch, row, symbols);
        }
        let sign = Sign { at: batch.time(row), idle: None, heartbeat: false };
        self.sign(log, sign, symbols);
    }

    /// The issuer is alive, or idle.
    fn heartbeat(&mut self, log: usize, batch: &Batch, row: usize, symbols: &Symbols) {
        self.numbered(log, batch, row, false);
        let at = batch.time(row);
        let Some(feed) = self.logs.get_mut(log).and_then(|log| log.feed.as_mut()) else { return };
        feed.beat(batch.node(row), at);
        let idle = batch.idle_since(row).map(|since| (since, batch.subject_total(row)));
        self.sign(log, Sign { at, idle, heartbeat: true }, symbols);
    }

    /// Reads a record's number. Records other than issuances need none.
    fn numbered(&mut self, log: usize, batch: &Batch, row: usize, must: bool) {
        let number = batch.sequence(row);
        if (must || number.is_some())
            && let Some(feed) = self.logs.get_mut(log).and_then(|log| log.feed.as_mut())
        {
            feed.number(batch.node(row), number, batch.time(row));
        }
    }

    /// Enters an issuance into its ledger, and takes back what it shows to have been wrong.
    fn enter(&mut self, at: usize, log: usize, batch: &Batch, row: usize, symbols: &Symbols) {
        let Some(state) = self.classes.get_mut(at) else { return };
        let join = state.join_of_issuance(batch, row);
        let Some(shelf) = self.ledgers.get_mut(state.ledger).filter(|_| !join.is_empty()) else { return };
        let id = self.ahead.id(row, at).unwrap_or_else(|| state.id(join, &self.key));
        let bound = state.class.bound;
        let mut claims = self.checker.read(batch, row, bound, symbols);
        claims.imply_issuer(state.issuer_hash, bound);
        if !state.seen.combinations.contains(&claims.present) {
            state.seen.combinations.push(claims.present);
        }
        let time = batch.time(row);
        let start = batch.issued_at(row).unwrap_or(time).min(time);
        let end = batch.expires_at(row).unwrap_or_else(|| start.plus(state.class.lifetime_max));
        let check = self.checker.check(&claims, claims.present);
        let inserted = shelf.ledger.insert(id, end, check);
        let counts = &mut state.seen.counts;
        match inserted {
            Inserted::New | Inserted::Gone => counts.issued += 1,
            Inserted::Same => counts.duplicates += 1,
            Inserted::Conflict => counts.conflicts += 1,
        }
        counts.overlong += u64::from(end.since(start) > state.class.lifetime_max.plus(self.skew));
        let feed = self.logs.get_mut(log).and_then(|log| log.feed.as_mut());
        if let Some(feed) = feed.filter(|feed| feed.watermark.is_some_and(|known| time < known)) {
            counts.issued_late += u64::from(inserted != Inserted::Same);
            feed.gaps.heal(at, id.into());
        }
        if !self.forged.is_empty() {
            let shown = settle::Shown { time, end, over: claims.present, check, again: inserted == Inserted::Conflict };
            self.take_back(at, id.into(), shown, symbols);
        }
    }

    /// A token was presented.
    fn used(&mut self, source: usize, log: usize, batch: &Batch, row: usize, symbols: &Symbols) -> Option<Said> {
        let names = batch.names(row);
        let unnamed = names.issuer.is_none();
        if unnamed && !(self.uses.any(log) && looks_issued(batch, row)) {
            return None;
        }
        let Some(class) = self.uses.class(log, &names, symbols) else {
            if unnamed || batch.credential(row).is_empty() {
                return None;
            }
            self.count_not_covered(symbols.text(names.issuer));
            return Some(Said { judgement: Judgement::Unjudgeable(Unjudgeable::ClassNotCovered), class: None });
        };
        let state = self.classes.get_mut(class)?;
        let join = state.join_of_use(batch, row);
        let early = match state.hopeless {
            _ if join.is_empty()
                && batch.credential(row).is_empty()
                && (unnamed || batch.kind(row) != EventKind::Used) =>
            {
                return None;
            }
            Some(reason) => Some(reason),
            None => join.is_empty().then_some(Unjudgeable::NoJoinKey),
        };
        if let Some(reason) = early {
            let judgement = Judgement::Unjudgeable(reason);
            state.seen.counts.judged(judgement, batch.outcome(row));
            return Some(Said { judgement, class: Some(class) });
        }
        state.seen.counts.uses += 1;
        self.presented = true;
        let judgement = self.judge(source, class, batch, row, symbols)?;
        Some(Said { judgement, class: Some(class) })
    }

    /// Moves each ledger's horizon to where no use can come or settle any more that asks for what has
    /// ended. Called before a row is taken, so that what the row settles finds its entries.
    fn drop_ended(&mut self) {
        for shelf in &mut self.ledgers {
            if self.now < shelf.due {
                continue;
            }
            let slowest = shelf.logs.iter().filter_map(|log| self.logs.get(*log)).map(Log::known_until).min();
            let slowest = slowest.unwrap_or(self.now).max(self.now.minus(LAG_MAX));
            shelf.ledger.advance(slowest.minus(shelf.lateness));
            shelf.due = self.now.plus(shelf.ledger.terms().unit());
        }
    }

    fn count_not_covered(&mut self, issuer: &str) {
        if let Some(count) = self.not_covered.get_mut(issuer) {
            *count += 1;
        } else if self.not_covered.len() < NOT_COVERED_MAX {
            self.not_covered.insert(issuer.to_owned(), 1);
        } else {
            self.not_covered_others += 1;
        }
    }
}

impl Log {
    fn new(name: SourceId) -> Log {
        Log { name, heard: None, feed: None, waiting: BTreeMap::new() }
    }

    /// Until when nothing more is to be expected of it: as a verifier's log, and as an issuer's.
    fn known_until(&self) -> EventTime {
        let watermark = self.feed.as_ref().map(|feed| feed.watermark);
        self.heard.min(watermark.unwrap_or(self.heard)).unwrap_or(EventTime::MIN)
    }
}

/// Whether a record that names no issuer presents an issued token all the same: it carries what only
/// issued tokens have. A permanent key has none of it; a forger who leaves out the issuer has little left.
fn looks_issued(batch: &Batch, row: usize) -> bool {
    let names = batch.names(row);
    let dated = batch.issued_at(row).is_some() || batch.expires_at(row).is_some();
    batch.kind(row) == EventKind::Used && (dated || !names.key_id.is_none() || !names.token_type.is_none())
}

/// The shelf of a class: one is shared by classes that live about equally long.
fn shelf_for(ledgers: &mut Vec<Shelf>, class: &Class, logs: &[usize], skew: Span) -> usize {
    let lateness = class.settle.plus(skew);
    let terms = Terms::reaching(class.lifetime_max.plus(lateness).plus(LAG_MAX).plus(skew));
    let at = ledgers.iter().position(|shelf| shelf.ledger.terms() == terms).unwrap_or_else(|| {
        let ledger = Ledger::new(terms);
        ledgers.push(Shelf { ledger, logs: Vec::new(), lateness, due: EventTime::MIN });
        ledgers.len() - 1
    });
    if let Some(shelf) = ledgers.get_mut(at) {
        shelf.lateness = shelf.lateness.max(lateness);
        let new = logs.iter().filter(|log| !shelf.logs.contains(log)).copied().collect::<Vec<_>>();
        shelf.logs.extend(new);
    }
    at
}
