//! The decision itself: one use against the ledger and against what the issuer's log leaves open.

use sever_model::{
    Batch, ClaimSet, CoverageBy, EventTime, Fingerprint, Judgement, Outcome, Row, Span, Symbols, Unjudgeable,
};

use super::claims::{Claims, less};
use super::gaps::Window;
use super::{Judge, Shelf};
use crate::ledger::{Entry, Ledger};

/// What a use says that matters here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub class: usize,
    pub log: usize,
    pub id: Fingerprint,
    pub time: EventTime,
    issued_at: Option<EventTime>,
    expires_at: Option<EventTime>,
    pub outcome: Outcome,
    pub claims: Claims,
}

/// How the ledger answers a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing that may come changes it.
    Now(Judgement),
    /// What it would be if nothing more came from the issuer.
    Unless(Judgement),
}

/// Whether a token that may be from a gap is counted among those that claim it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Look,
    Count,
}

impl Use {
    /// When it may have been issued: it is as old as it says, or, where it says nothing, as old as it can be.
    fn window(&self, life: Span, skew: Span) -> Window {
        let (from, to) = self.issued_at.map_or((self.time.minus(life), self.time), |issued| (issued, issued));
        Window { from: from.minus(skew), to: to.plus(skew), used: self.time, life: life.plus(skew) }
    }
}

impl Judge {
    /// Reads a use that is asked about as it happens: the claims that a verifier was shown, and the text that
    /// it joins by.
    pub(super) fn read_shown(&self, (class, log): (usize, usize), shown: &Row<'_>, join: &str) -> Option<Use> {
        let state = self.classes.get(class)?;
        let mut claims = self.checker.read_row(shown, state.class.bound);
        claims.imply_issuer(state.issuer_hash, state.class.bound);
        Some(Use {
            class,
            log,
            id: state.id(join, &self.key),
            time: shown.time,
            issued_at: shown.issued_at,
            expires_at: shown.expires_at,
            outcome: shown.outcome,
            claims,
        })
    }

    /// Reads a use, of which the id may be known.
    pub(super) fn read(
        &self,
        (class, log): (usize, usize),
        id: Option<Fingerprint>,
        (batch, row): (&Batch, usize),
        symbols: &Symbols,
    ) -> Option<Use> {
        let state = self.classes.get(class)?;
        let mut claims = self.checker.read(batch, row, state.class.bound, symbols);
        claims.imply_issuer(state.issuer_hash, state.class.bound);
        Some(Use {
            class,
            log,
            id: id.unwrap_or_else(|| state.id(state.join_of_use(batch, row), &self.key)),
            time: batch.time(row),
            issued_at: batch.issued_at(row),
            expires_at: batch.expires_at(row),
            outcome: batch.outcome(row),
            claims,
        })
    }

    /// What is to be said of a use as things stand. `held` says that its entry would still have been
    /// there when it came, so that its absence is no matter of age.
    pub(super) fn decide(&mut self, one: &Use, held: bool, claim: Claim) -> Answer {
        let answer = self.would_say(one, held);
        if claim == Claim::Count && answer == Answer::Unless(Judgement::Unjudgeable(Unjudgeable::IssuerGap)) {
            self.claim_gap(one);
        }
        answer
    }

    /// The same, and nothing is counted.
    pub(super) fn would_say(&self, one: &Use, held: bool) -> Answer {
        let Some(shelf) = self.classes.get(one.class).and_then(|state| self.ledgers.get(state.ledger)) else {
            return Answer::Now(Judgement::Unjudgeable(Unjudgeable::ClassNotCovered));
        };
        if let Some(entry) = shelf.ledger.find(one.id) {
            return self.found(one, entry);
        }
        if let Some(gone) = self.may_be_dropped(one, shelf).filter(|_| !held) {
            // Where both may be, that it is older than the ledger is the plainer reason, and passes.
            let older = matches!(gone, Answer::Unless(_)) && self.before_ledger(one) == Some(true);
            return if older { Answer::Unless(Judgement::Unjudgeable(Unjudgeable::BeforeLedger)) } else { gone };
        }
        Answer::Unless(match self.excuse(one) {
            Some(reason) => Judgement::Unjudgeable(reason),
            None => Judgement::NeverIssued,
        })
    }

    /// Its id was issued: were its claims, and is it in time?
    fn found(&self, one: &Use, entry: Entry) -> Answer {
        let Some(state) = self.classes.get(one.class) else {
            return Answer::Now(Judgement::Unjudgeable(Unjudgeable::ClassNotCovered));
        };
        let combinations = &state.seen.combinations;
        let compared = match entry.check {
            // The issuer gave the id to several claim sets: there is nothing to compare with.
            None => Some(ClaimSet::NONE),
            Some(_) => combinations.iter().copied().find(|over| {
                one.claims.present.holds(*over) && Ledger::agrees(entry, self.checker.check(&one.claims, *over))
            }),
        };
        if let Some(compared) = compared {
            let own_end = one.expires_at.is_some_and(|end| one.time > end.plus(self.skew));
            // The ledger keeps ends coarsely: a compared end is the better witness.
            let logged_end = !compared.holds(ClaimSet::EXPIRES_AT) && one.time > entry.end.plus(self.skew);
            return Answer::Now(if own_end || logged_end { Judgement::Expired } else { Judgement::Issued(compared) });
        }
        let present = one.claims.present;
        let comparable = combinations.iter().copied().filter(|over| present.holds(*over));
        if let Some(widest) = comparable.max_by_key(|over| over.bits().count_ones()) {
            return Answer::Unless(Judgement::Mismatch(widest));
        }
        let lacking = combinations.iter().fold(ClaimSet::NONE, |all, over| all.with(less(*over, present)));
        let never_carried = less(lacking, state.seen.carried(one.log));
        Answer::Unless(if never_carried.is_empty() {
            Judgement::Mismatch(lacking)
        } else {
            Judgement::Unjudgeable(Unjudgeable::NeverMeet)
        })
    }

    /// Whether the ledger would still have the entry of a use that just came.
    pub(super) fn would_hold(&self, one: &Use) -> bool {
        let shelf = self.classes.get(one.class).and_then(|state| self.ledgers.get(state.ledger));
        shelf.is_some_and(|shelf| self.may_be_dropped(one, shelf).is_none())
    }

    /// What is said of a use whose entry may be gone from the ledger.
    fn may_be_dropped(&self, one: &Use, shelf: &Shelf) -> Option<Answer> {
        let state = self.classes.get(one.class)?;
        let dropped = Judgement::Unjudgeable(Unjudgeable::LedgerExpired);
        match one.expires_at {
            // A second's grace: the issuer may log a fraction that the token does not have.
            Some(end) if !shelf.ledger.holds(end.minus(Span::secs(1))) => {
                let expired = one.time > end.plus(self.skew);
                return Some(Answer::Now(if expired { Judgement::Expired } else { dropped }));
            }
            Some(_) => {}
            None if !shelf.ledger.holds(one.time) => return Some(Answer::Now(dropped)),
            // A client that goes on with a token after its end is refused, for as long as it likes. A
            // verifier that answers says that the token had not ended.
            None if one.outcome == Outcome::Refused && self.has_dropped(state.feed, shelf) => {
                return Some(Answer::Unless(dropped));
            }
            None => {}
        }
        // An issuer that breaks its own longest lifetime makes tokens that outlive their entries.
        let reach = shelf.ledger.terms().reach().minus(shelf.lateness);
        let old = one.issued_at.is_none_or(|issued| one.time.since(issued) > reach);
        let outlived = state.seen.counts.overlong > 0 && old && self.age(state.feed) > reach;
        outlived.then_some(Answer::Unless(dropped))
    }

    /// Why a token that is not in the ledger may have been issued all the same.
    pub(super) fn excuse(&self, one: &Use) -> Option<Unjudgeable> {
        match self.before_ledger(one) {
            None => return Some(Unjudgeable::IssuerSilent),
            Some(true) => return Some(Unjudgeable::BeforeLedger),
            Some(false) => {}
        }
        let state = self.classes.get(one.class)?;
        let window = one.window(state.class.lifetime_max, self.skew);
        let feed = self.logs.get(state.feed?)?.feed.as_ref()?;
        let proven = match state.class.coverage {
            CoverageBy::Sequence => feed.numbered.proven(),
            CoverageBy::Heartbeat => feed.beats.proven(),
            CoverageBy::Declared => true,
            CoverageBy::Unknown => false,
        };
        if !proven {
            return Some(Unjudgeable::CoverageUnproven);
        }
        if state.never_meets() {
            return Some(Unjudgeable::NeverMeet);
        }
        feed.gaps.excuse(&window).then_some(Unjudgeable::IssuerGap)
    }

    /// Counts a token among those that claim the gaps which excuse it.
    pub(super) fn claim_gap(&mut self, one: &Use) {
        let Some(state) = self.classes.get(one.class) else { return };
        let window = one.window(state.class.lifetime_max, self.skew);
        let log = state.feed.and_then(|log| self.logs.get_mut(log));
        if let Some(feed) = log.and_then(|log| log.feed.as_mut()) {
            feed.gaps.claim(one.class, one.id.into(), &window);
        }
    }

    /// Whether a gap excuses a use that was called forged before the gap was known.
    pub(super) fn excused_since(&self, one: &Use) -> bool {
        let state = self.classes.get(one.class);
        let feed = state.and_then(|state| self.logs.get(state.feed?)?.feed.as_ref());
        state.zip(feed).is_some_and(|(state, feed)| feed.gaps.excuse(&one.window(state.class.lifetime_max, self.skew)))
    }

    /// Whether a token may be from before the ledger; nothing while there is no ledger.
    fn before_ledger(&self, one: &Use) -> Option<bool> {
        let state = self.classes.get(one.class)?;
        let epoch = self.logs.get(state.feed?)?.feed.as_ref()?.epoch?;
        let claims_older = one.issued_at.is_none_or(|issued| issued < epoch.plus(self.skew));
        Some(claims_older && one.time <= epoch.plus(state.class.lifetime_max))
    }

    /// Whether the ledger can have dropped anything yet.
    fn has_dropped(&self, feed: Option<usize>, shelf: &Shelf) -> bool {
        let epoch = feed.and_then(|log| self.logs.get(log)?.feed.as_ref()?.epoch);
        epoch.is_some_and(|epoch| shelf.ledger.horizon() > epoch)
    }

    /// How long the ledger has been kept.
    fn age(&self, feed: Option<usize>) -> Span {
        let epoch = feed.and_then(|log| self.logs.get(log)?.feed.as_ref()?.epoch);
        epoch.map_or(Span::ZERO, |epoch| self.now.since(epoch))
    }
}
