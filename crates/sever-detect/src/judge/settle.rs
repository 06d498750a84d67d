//! Waiting, settling, taking back: what happens to a judgement after it was first asked for.
//!
//! A use that the ledger does not clear waits in its issuer's log, by deadline (its time plus the
//! class's settle window). A sign of life that moves the watermark past deadlines settles them, each
//! at the exact log time at which it could be said. What is to be said queues as [`News`] and is
//! handed out by [`Judge::tell`] right after the row that caused it.
//!
//! Bounded by `pending_max` rows that wait and as many that can be taken back. When no more can
//! wait, the newcomer is handed over at once: as `Unjudgeable(IssuerSilent)` where the issuer is
//! silent, which is one fact about the issuer and not a million about its tokens; else
//! provisionally. Those that wait already keep their place, so that a flood is confirmed in time.

use sever_model::{Batch, ClaimSet, EventTime, Judgement, Outcome, Stage, Symbols, Unjudgeable};

use super::Judge;
use super::decide::{Answer, Claim, Use};
use super::feed::Sign;
use super::forged::{Id, Remembered};
use super::kept::Slot;

/// A use that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub slot: Slot,
    pub source: usize,
    pub class: usize,
    /// What was said of it provisionally.
    pub said: Option<Judgement>,
    /// Whether its entry would still have been in the ledger when it came.
    pub held: bool,
}

/// What a late issuance shows of its token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// When it was issued.
    pub time: EventTime,
    pub end: EventTime,
    /// The claims that it carried, and their check.
    pub over: ClaimSet,
    pub check: u32,
    /// Whether the id was known with other claims: then there is nothing to compare with.
    pub again: bool,
}

/// Something to be said of one use.
#[derive(Debug, Clone, Copy)]
pub(super) struct News {
    place: Place,
    source: usize,
    class: usize,
    judgement: Judgement,
    stage: Stage,
    at: EventTime,
    hearers: Hearers,
    /// Whether its row can be let go when this has been said.
    last: bool,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearers {
    /// The detectors only: a word that more is to follow on.
    Detectors,
    /// The sink only: the detectors have heard it.
    Sink,
    /// Both.
    All,
}

/// One thing said.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub source: usize,
    pub batch: &'a Batch,
    pub row: usize,
    pub class: usize,
    pub judgement: Judgement,
    pub stage: Stage,
    pub at: EventTime,
    pub hearers: Hearers,
}

/// Where a row lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the batch at hand.
    Here(usize),
    /// Among those that wait.
    Waiting(Slot),
    /// Among those that may be taken back.
    Forged(Slot),
}

impl Judge {
    /// Whether something is to be said.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty() || !self.surpluses.is_empty()
    }

    /// The row of something to be said.
    pub(super) fn row_at<'a>(&'a self, place: Place, here: &'a Batch) -> Option<(&'a Batch, usize)> {
        match place {
            Place::Here(row) => Some((here, row)),
            Place::Waiting(slot) => Some((self.kept.batch(slot)?, slot.row)),
            Place::Forged(slot) => Some((self.forged.kept.batch(slot)?, slot.row)),
        }
    }

    /// Says what is to be said. `here` is the batch of the row just taken.
    pub(crate) fn tell(&mut self, here: &Batch, each: &mut dyn FnMut(&Told<'_>)) {
        for news in std::mem::take(&mut self.news) {
            let Some((batch, row)) = self.row_at(news.place, here) else { continue };
            let News { source, class, judgement, stage, at, hearers, .. } = news;
            each(&Told { source, batch, row, class, judgement, stage, at, hearers });
            match news.place {
                Place::Waiting(slot) if news.last => self.kept.release(slot),
                Place::Forged(slot) if news.last => self.forged.kept.release(slot),
                _ => {}
            }
        }
    }

    /// Judges a use as it comes: what can be said of it at once, if that is final.
    pub(super) fn judge(
        &mut self,
        source: usize,
        class: usize,
        batch: &Batch,
        row: usize,
        symbols: &Symbols,
    ) -> Option<Judgement> {
        let log = *self.log_of.get(source)?;
        let one = self.read((class, log), self.ahead.id(row, class), (batch, row), symbols)?;
        let would_be = match self.decide(&one, false, Claim::Look) {
            Answer::Now(judgement) => {
                self.count_final(&one, judgement, false);
                return Some(judgement);
            }
            Answer::Unless(judgement) => judgement,
        };
        let (feed, settle) = self.classes.get(class).map(|state| (state.feed, state.class.settle))?;
        let deadline = one.time.plus(settle);
        let watermark = self.logs.get(feed?)?.feed.as_ref()?.watermark;
        if watermark.is_some_and(|known| known >= deadline) {
            return self.late(source, &one, batch, row);
        }
        let said = would_be.forged().then_some(would_be);
        if self.kept.full(self.waiting_max) {
            let silent = watermark.is_none_or(|known| self.now > known.plus(settle));
            return self.crowded(source, &one, row, would_be, silent);
        }
        let slot = self.kept.keep(batch, row);
        let held = self.would_hold(&one);
        self.wait(feed?, deadline, Waiting { slot, source, class, said, held });
        if let Some(judgement) = said {
            self.say(Place::Waiting(slot), (source, class), judgement, Stage::Provisional, Hearers::Detectors, false);
        }
        None
    }

    /// Puts a use among those that wait.
    pub(super) fn wait(&mut self, feed: usize, deadline: EventTime, one: Waiting) {
        let Some(log) = self.logs.get_mut(feed) else { return };
        log.waiting.insert((deadline, self.next), one);
        self.next += 1;
        self.waiting += 1;
        if let Some(state) = self.classes.get_mut(one.class) {
            state.seen.counts.waiting += 1;
        }
    }

    /// Judges a use whose record came so late that it need not wait.
    fn late(&mut self, source: usize, one: &Use, batch: &Batch, row: usize) -> Option<Judgement> {
        let (Answer::Now(judgement) | Answer::Unless(judgement)) = self.decide(one, false, Claim::Count);
        self.count_final(one, judgement, true);
        self.weigh(one.class, self.now, Some((source, Place::Here(row))));
        if !judgement.forged() {
            return Some(judgement);
        }
        self.say(Place::Here(row), (source, one.class), judgement, Stage::Confirmed, Hearers::All, false);
        self.remember(source, one.class, one.id.into(), judgement, one.time, (batch, row));
        None
    }

    /// Hands over a use that there is no room to keep waiting.
    fn crowded(
        &mut self,
        source: usize,
        one: &Use,
        row: usize,
        would_be: Judgement,
        silent: bool,
    ) -> Option<Judgement> {
        let counts = &mut self.classes.get_mut(one.class)?.seen.counts;
        if silent || !would_be.forged() {
            let silent = Judgement::Unjudgeable(Unjudgeable::IssuerSilent);
            let judgement = if would_be.forged() { silent } else { would_be };
            counts.judged(judgement, one.outcome);
            return Some(judgement);
        }
        counts.provisional += 1;
        self.say(Place::Here(row), (source, one.class), would_be, Stage::Provisional, Hearers::All, false);
        None
    }

    /// A sign of life: moves the watermark and settles what has waited for it.
    pub(super) fn sign(&mut self, log: usize, sign: Sign, symbols: &Symbols) {
        let Some(feed) = self.logs.get_mut(log).and_then(|log| log.feed.as_mut()) else { return };
        let moved = feed.sign(sign);
        self.reconsider(log, symbols);
        if !moved {
            return;
        }
        self.weigh_log(log, sign.at, None);
        self.forget_old(log, sign.at);
        while let Some(entry) = self.logs.get_mut(log).and_then(|log| log.waiting.first_entry()) {
            let (deadline, _) = *entry.key();
            if deadline > sign.at {
                break;
            }
            let one = entry.remove();
            self.settle(one, deadline, sign.passed(deadline), symbols);
        }
    }

    /// Settles one use: what is said of it now stays, but for a late issuance.
    fn settle(&mut self, one: Waiting, deadline: EventTime, at: EventTime, symbols: &Symbols) {
        let place = (one.source, one.class);
        self.waiting -= 1;
        let Some(read) = self.read_waiting(&one, symbols) else { return };
        let (Answer::Now(judgement) | Answer::Unless(judgement)) = self.decide(&read, one.held, Claim::Count);
        self.count_final(&read, judgement, true);
        self.weigh(one.class, at, Some((one.source, Place::Waiting(one.slot))));
        if let Some(state) = self.classes.get_mut(one.class) {
            state.seen.counts.waiting -= 1;
        }
        if let Some(said) = one.said.filter(|said| *said != judgement) {
            self.say_at(at, Place::Waiting(one.slot), place, said, Stage::Retracted, Hearers::Detectors, false);
        }
        self.say_at(at, Place::Waiting(one.slot), place, judgement, Stage::Confirmed, Hearers::All, true);
        if judgement.forged() {
            let until =
                deadline.plus(self.classes.get(one.class).map_or(sever_model::Span::ZERO, |s| s.class.lifetime_max));
            self.remember_kept(&one, read.id.into(), judgement, until);
        }
        self.check_never_meets(one.class);
    }

    /// The logs are at their end: what still waits is handed over as it stands. Moves no watermark.
    pub(crate) fn end(&mut self, symbols: &Symbols) {
        for log in 0..self.logs.len() {
            let waiting = self.logs.get_mut(log).map(|log| std::mem::take(&mut log.waiting)).unwrap_or_default();
            for ((deadline, _), one) in waiting {
                self.hand_over(one, deadline, symbols);
            }
        }
    }

    fn hand_over(&mut self, one: Waiting, deadline: EventTime, symbols: &Symbols) {
        let place = (one.source, one.class);
        self.waiting -= 1;
        let Some(read) = self.read_waiting(&one, symbols) else { return };
        // It claims no gap: its issuance need not be lost, it may only not have been logged yet.
        let (Answer::Now(judgement) | Answer::Unless(judgement)) = self.decide(&read, one.held, Claim::Look);
        // Others have spoken of the time after its deadline, and its issuer has not.
        let silent = judgement.forged() && deadline <= self.now;
        let judgement = if silent { Judgement::Unjudgeable(Unjudgeable::IssuerSilent) } else { judgement };
        if let Some(state) = self.classes.get_mut(one.class) {
            state.seen.counts.waiting -= 1;
            state.seen.counts.provisional += u64::from(judgement.forged());
        }
        if let Some(said) = one.said.filter(|said| *said != judgement) {
            self.say(Place::Waiting(one.slot), place, said, Stage::Retracted, Hearers::Detectors, false);
        }
        if !judgement.forged() {
            self.count_final(&read, judgement, true);
            return self.say(Place::Waiting(one.slot), place, judgement, Stage::Confirmed, Hearers::All, true);
        }
        let hearers = if one.said == Some(judgement) { Hearers::Sink } else { Hearers::All };
        self.say(Place::Waiting(one.slot), place, judgement, Stage::Provisional, hearers, true);
    }

    /// Takes back what an issuance shows to have been wrong.
    pub(super) fn take_back(&mut self, class: usize, id: Id, shown: Shown, symbols: &Symbols) {
        let Some(state) = self.classes.get(class) else { return };
        let (bound, settle, issuer, skew) = (state.class.bound, state.class.settle, state.issuer_hash, self.skew);
        let checker = &self.checker;
        let mut now = Vec::new();
        let taken = self.forged.take(id, |kept, one| {
            let Some(batch) = kept.batch(one.slot) else { return false };
            let used = batch.time(one.slot.row);
            let mut claims = checker.read(batch, one.slot.row, bound, symbols);
            claims.imply_issuer(issuer, bound);
            let agrees = claims.present.holds(shown.over) && checker.check(&claims, shown.over) == shown.check;
            // An id that is given out after it was used clears nothing.
            let cleared = (agrees || shown.again) && shown.time <= used.plus(settle);
            if cleared {
                let compared = if shown.again { ClaimSet::NONE } else { shown.over };
                let expired = used > shown.end.plus(skew);
                now.push(if expired { Judgement::Expired } else { Judgement::Issued(compared) });
            }
            cleared
        });
        for (one, judgement) in taken.into_iter().zip(now) {
            self.retract(&one, judgement);
        }
    }

    /// When it is found that a class's two sides never meet, nothing that was said of it holds.
    fn check_never_meets(&mut self, class: usize) {
        let Some(state) = self.classes.get_mut(class) else { return };
        if !state.seen.never_meets && state.never_meets() {
            state.seen.never_meets = true;
            for one in self.forged.take_class(class) {
                self.retract(&one, Judgement::Unjudgeable(Unjudgeable::NeverMeet));
            }
            let feed = self.classes.get(class).and_then(|state| state.feed);
            if let Some(feed) = feed.and_then(|log| self.logs.get_mut(log)?.feed.as_mut()) {
                feed.gaps.forget(class);
            }
            self.weigh(class, self.now, None);
        }
    }

    pub(super) fn retract(&mut self, one: &Remembered, judgement: Judgement) {
        if let Some(state) = self.classes.get_mut(one.class) {
            let counts = &mut state.seen.counts;
            let outcome =
                self.forged.kept.batch(one.slot).map_or(Outcome::Unknown, |batch| batch.outcome(one.slot.row));
            counts.unjudged(one.judgement);
            counts.judged(judgement, outcome);
            counts.retracted += 1;
            if matches!(judgement, Judgement::Issued(_) | Judgement::Expired) {
                counts.met += u64::from(one.judgement == Judgement::NeverIssued);
                counts.met_late += 1;
            }
        }
        let (slot, place) = (Place::Forged(one.slot), (one.source, one.class));
        self.say(slot, place, one.judgement, Stage::Retracted, Hearers::All, false);
        self.say(slot, place, judgement, Stage::Confirmed, Hearers::All, true);
    }

    fn remember(
        &mut self,
        source: usize,
        class: usize,
        id: Id,
        judgement: Judgement,
        used: EventTime,
        (batch, row): (&Batch, usize),
    ) {
        let Some(state) = self.classes.get(class) else { return };
        let until = used.plus(state.class.settle).plus(state.class.lifetime_max);
        let one = Remembered { slot: Slot::default(), source, class, id, judgement, until };
        self.forged.remember(one, batch, row, self.waiting_max);
    }

    fn remember_kept(&mut self, one: &Waiting, id: Id, judgement: Judgement, until: EventTime) {
        let Waiting { slot, source, class, .. } = *one;
        if let Some(batch) = self.kept.batch(slot) {
            let remembered = Remembered { slot, source, class, id, judgement, until };
            self.forged.remember(remembered, batch, slot.row, self.waiting_max);
        }
    }

    /// Forgets forged uses that no late issuance of this log can take back any more, and gaps that
    /// can excuse nothing any more.
    fn forget_old(&mut self, log: usize, watermark: EventTime) {
        if !self.logs.get_mut(log).and_then(|log| log.feed.as_mut()).is_some_and(|feed| feed.is_due(watermark)) {
            return;
        }
        let classes = &self.classes;
        self.forged
            .expire(|one| one.until < watermark && classes.get(one.class).is_some_and(|state| state.feed == Some(log)));
        let Some(life) = classes.iter().filter(|c| c.feed == Some(log)).map(|c| c.class.lifetime_max).max() else {
            return;
        };
        let mine = classes.iter().filter(|state| state.feed == Some(log));
        let horizons = mine.filter_map(|state| self.ledgers.get(state.ledger)).map(|shelf| shelf.ledger.horizon());
        if let (Some(horizon), Some(feed)) = (horizons.min(), self.logs.get_mut(log).and_then(|log| log.feed.as_mut()))
        {
            feed.gaps.prune(horizon, life.plus(self.skew));
        }
    }

    fn read_waiting(&self, one: &Waiting, symbols: &Symbols) -> Option<Use> {
        let batch = self.kept.batch(one.slot)?;
        self.read((one.class, *self.log_of.get(one.source)?), None, (batch, one.slot.row), symbols)
    }

    fn count_final(&mut self, one: &Use, judgement: Judgement, late: bool) {
        let Some(state) = self.classes.get_mut(one.class) else { return };
        state.seen.counts.judged(judgement, one.outcome);
        let met = matches!(judgement, Judgement::Issued(_) | Judgement::Mismatch(_));
        state.seen.counts.joined(met, late && matches!(judgement, Judgement::Issued(_)));
        // Only of what the issuer vouches for: a forger must not be able to say what others carry.
        if matches!(judgement, Judgement::Issued(_)) {
            state.seen.carry(one.log, one.claims.present);
        }
    }

    fn say(
        &mut self,
        place: Place,
        of: (usize, usize),
        judgement: Judgement,
        stage: Stage,
        hearers: Hearers,
        last: bool,
    ) {
        self.say_at(self.now, place, of, judgement, stage, hearers, last);
    }

    #[allow(clippy::too_many_arguments)] // the fields of one record, set in one place
    fn say_at(
        &mut self,
        at: EventTime,
        place: Place,
        (source, class): (usize, usize),
        judgement: Judgement,
        stage: Stage,
        hearers: Hearers,
        last: bool,
    ) {
        self.news.push(News { place, source, class, judgement, stage, at, hearers, last });
    }
}
