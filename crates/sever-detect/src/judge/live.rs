//! The ledger for whoever must answer at once: a gateway that asks about a token while its user waits.
//!
//! It is fed with what issuers say, by the same records, decoders and joins as a scan, and asked about a
//! token that is being shown. Here nothing waits, nothing is taken back and no detector listens: what is
//! said holds for this instant. Whether to act upon it is the asker's to decide, by [`Standing`].
//!
//! - What is *shown* is never interned and leaves nothing behind but one flag per class: whoever shows
//!   tokens chooses every text in them, and may show as many as they like.
//! - The ledger's entries go by the issuers' log time and by the asker's clock, whichever is behind: a
//!   clock that jumps empties nothing.
//!
//! Bounded by the live tokens, and by [`SYMBOLS_MAX`] texts of issuers' records.

use std::sync::atomic::{AtomicBool, Ordering};

use sever_model::{
    Batch, Class, CoverageBy, EventKind, EventSource, EventTime, FingerprintKey, Join, Judgement, Limits, Row,
    SourceId, Span, Symbols, Unjudgeable,
};

use super::Judge;
use super::decide::Answer;

/// Texts of issuers' records that are held interned before the table begins anew.
const SYMBOLS_MAX: usize = 1 << 16;

/// The issued ledger, asked as it grows.
pub struct LiveLedger {
    judge: Judge,
    /// The logs, by the number that records are taken with.
    logs: Vec<SourceId>,
    key: FingerprintKey,
    symbols: Symbols,
    batch: Batch,
    /// Whether a token of each class was shown whose issuance was known.
    met: Vec<AtomicBool>,
    /// Issuances of each class without the id that it joins by: then a token without one may be real.
    unjoined: Vec<u64>,
}

/// What is said of a token that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Its class, by its number; nothing where the configuration has none for it at this verifier.
    pub class: Option<usize>,
    /// What the ledger says.
    pub judgement: Judgement,
    /// Whether a record that is still to come may change that, as far as the issuer's log is known.
    pub may_come: bool,
}

/// How much is known of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its issuer.
    pub issuer: String,
    /// Its name.
    pub name: String,
    /// The longest that its tokens live.
    pub lifetime_max: Span,
    /// How late its issuances may be logged.
    pub settle: Span,
    /// Whether any log has its issuances.
    pub has_issuances: bool,
    /// Live entries of the ledger that holds it, which similar classes share.
    pub entries: u64,
    /// Distinct tokens of it that were issued, since the process began.
    pub issued: u64,
    /// When the ledger begins.
    pub epoch: Option<EventTime>,
    /// Until when the issuer's log is known.
    pub watermark: Option<EventTime>,
    /// From what its coverage is known.
    pub coverage_by: CoverageBy,
    /// The share of the issuer's records seen, and what is proven of it at 95 % confidence.
    pub coverage: Option<(f64, f64)>,
    /// Gaps in the issuer's log that are known.
    pub gaps: u64,
    /// Whether a token of it was shown whose issuance was known: the join fits.
    pub met: bool,
}

impl LiveLedger {
    /// A ledger of these classes. Records are taken, and tokens shown, by a log's place in `logs`.
    pub fn new(classes: &[Class], logs: &[SourceId], limits: &Limits, key: FingerprintKey) -> LiveLedger {
        let sources: Vec<EventSource> = logs.iter().map(|log| EventSource::of(log.clone(), None)).collect();
        LiveLedger {
            judge: Judge::new(classes, &sources, limits, key),
            logs: logs.to_vec(),
            key,
            symbols: Symbols::new(key, SYMBOLS_MAX * 2),
            batch: Batch::new(),
            met: classes.iter().map(|_| AtomicBool::new(false)).collect(),
            unjoined: vec![0; classes.len()],
        }
    }

    /// The number of a log.
    pub fn log(&self, name: &SourceId) -> Option<usize> {
        self.logs.iter().position(|log| log == name)
    }

    /// Takes one record of an issuer's log. Only issuances and signs of life enter; any other may be numbered.
    pub fn take(&mut self, log: usize, row: &Row<'_>) {
        if self.symbols.len() > SYMBOLS_MAX {
            self.symbols = Symbols::new(self.key, SYMBOLS_MAX * 2);
            self.judge.uses.forget_symbols();
            self.judge.issuances.forget_symbols();
        }
        self.batch.clear();
        // Names that differ from record to record and are no claims of a token.
        self.batch.push(&Row { actor: "", account: "", action: "", ..*row }, &mut self.symbols);
        match row.kind {
            EventKind::Issued => {
                let Some(class) = self.judge.issuances.class_of(log, row.issuer, row.token_type) else {
                    self.judge.take(log, &self.batch, 0, &self.symbols);
                    return;
                };
                let lacks = self
                    .judge
                    .classes
                    .get(class)
                    .is_some_and(|state| state.join_of_issuance(&self.batch, 0).is_empty());
                if let Some(count) = self.unjoined.get_mut(class) {
                    *count += u64::from(lacks);
                }
                self.judge.take(log, &self.batch, 0, &self.symbols);
            }
            EventKind::Heartbeat => {
                self.judge.take(log, &self.batch, 0, &self.symbols);
            }
            _ => {
                let number = self.judge.log_of.get(log).copied();
                if let Some(log) = number {
                    self.judge.numbered(log, &self.batch, 0, false);
                }
            }
        }
    }

    /// Says that tokens are shown at a verifier at this time: entries that have ended by then may go.
    pub fn hear(&mut self, log: usize, now: EventTime) {
        let number = self.judge.log_of.get(log).copied();
        if let Some(log) = number.and_then(|log| self.judge.logs.get_mut(log)) {
            log.heard = log.heard.max(Some(now));
        }
    }

    /// What is said of a token that is shown at a verifier. `hash` is the SHA-256 of the whole token, asked
    /// for where its class joins by that.
    pub fn ask(&self, log: usize, shown: &Row<'_>, hash: &mut dyn FnMut() -> String) -> Shown {
        let said = |class, reason| Shown { class, judgement: Judgement::Unjudgeable(reason), may_come: false };
        let number = self.judge.log_of.get(log).copied().unwrap_or(usize::MAX);
        let Some(class) = self.judge.uses.class_of(number, shown.issuer, shown.token_type) else {
            return said(None, Unjudgeable::ClassNotCovered);
        };
        let Some(state) = self.judge.classes.get(class) else { return said(None, Unjudgeable::ClassNotCovered) };
        if let Some(reason) = state.hopeless {
            return said(Some(class), reason);
        }
        let hashed = if state.class.join == Join::TokenSha256 { hash() } else { String::new() };
        let join = if hashed.is_empty() { state.join_of_shown(shown) } else { hashed.as_str() };
        if join.is_empty() {
            return self.without_id(class);
        }
        let Some(one) = self.judge.read_shown((class, number), shown, join) else {
            return said(Some(class), Unjudgeable::ClassNotCovered);
        };
        let answer = self.judge.would_say(&one, false);
        let (Answer::Now(judgement) | Answer::Unless(judgement)) = answer;
        if matches!(judgement, Judgement::Issued(_)) && !self.met(class) {
            self.has_met(class);
        }
        let may_come = matches!(answer, Answer::Unless(_)) && !self.is_known(class, shown);
        Shown { class: Some(class), judgement, may_come }
    }

    /// A token without the id that its class joins by: nobody issued it, unless its issuer leaves ids out.
    fn without_id(&self, class: usize) -> Shown {
        let none_lack = self.unjoined.get(class).is_some_and(|lacking| *lacking == 0);
        let issued = self.judge.classes.get(class).is_some_and(|state| state.seen.counts.issued > 0);
        let judgement =
            if none_lack && issued { Judgement::NeverIssued } else { Judgement::Unjudgeable(Unjudgeable::NoJoinKey) };
        Shown { class: Some(class), judgement, may_come: false }
    }

    /// Whether the issuer's log is known past the time by which the token's issuance must have been logged, if
    /// it was issued when it says. One that says nothing may have been issued just now.
    fn is_known(&self, class: usize, shown: &Row<'_>) -> bool {
        let Some(state) = self.judge.classes.get(class) else { return false };
        let feed = state.feed.and_then(|log| self.judge.logs.get(log)?.feed.as_ref());
        let (Some(known), Some(issued)) = (feed.and_then(|feed| feed.watermark), shown.issued_at) else { return false };
        // What claims to be issued later than now can by any honest clock is no newcomer.
        let ahead = issued > shown.time.plus(self.judge.skew);
        // Both are the issuer's own times, which agree.
        ahead || known >= issued.plus(state.class.settle)
    }

    /// The classes that an issuer has at a verifier; all there, where it names none.
    pub fn classes_at<'a>(&'a self, log: usize, issuer: &'a str) -> impl Iterator<Item = usize> + 'a {
        let number = self.judge.log_of.get(log).copied().unwrap_or(usize::MAX);
        self.judge.uses.classes_of(number, issuer)
    }

    /// Says that a class's issuances and uses are known to meet.
    pub fn has_met(&self, class: usize) {
        if let Some(met) = self.met.get(class) {
            met.store(true, Ordering::Relaxed);
        }
    }

    fn met(&self, class: usize) -> bool {
        self.met.get(class).is_some_and(|met| met.load(Ordering::Relaxed))
    }

    /// Says that what was issued before this instant may be lost: the ledger of that log begins anew, and what
    /// it still holds stays.
    pub fn begin_anew(&mut self, log: usize, at: EventTime) {
        let number = self.judge.log_of.get(log).copied();
        let feed = number.and_then(|log| self.judge.logs.get_mut(log)?.feed.as_mut());
        if let Some(feed) = feed {
            feed.epoch = Some(at);
        }
    }

    /// Says that the ledger of a log goes back to this instant, where records show less.
    pub fn reaches_back(&mut self, log: usize, to: EventTime) {
        let number = self.judge.log_of.get(log).copied();
        let feed = number.and_then(|log| self.judge.logs.get_mut(log)?.feed.as_mut());
        if let Some(feed) = feed {
            feed.epoch = feed.epoch.map(|epoch| epoch.min(to)).or(Some(to));
        }
    }

    /// How much is known of each class.
    pub fn standings(&self) -> Vec<Standing> {
        let report = self.judge.report();
        let rows = report.classes.into_iter().zip(&self.judge.classes).enumerate();
        rows.map(|(at, (class, state))| Standing {
            lifetime_max: state.class.lifetime_max,
            settle: state.class.settle,
            has_issuances: state.hopeless.is_none(),
            entries: self.judge.ledgers.get(state.ledger).map_or(0, |shelf| shelf.ledger.len()),
            issued: class.issued,
            epoch: class.epoch,
            watermark: class.watermark,
            coverage_by: class.coverage_by,
            coverage: class.coverage_share,
            gaps: class.gaps.len() as u64 + class.gaps_others,
            met: self.met(at),
            issuer: class.issuer,
            name: class.name,
        })
        .collect()
    }

    /// Live entries of all classes, and the bytes that they take.
    pub fn size(&self) -> (u64, u64) {
        let ledgers = self.judge.ledgers.iter();
        ledgers.fold((0, 0), |(entries, bytes), shelf| (entries + shelf.ledger.len(), bytes + shelf.ledger.bytes()))
    }
}

#[cfg(test)]
mod tests;
