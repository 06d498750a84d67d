//! Trying doors: before, until past the propagation window, and again.

use sever_model::act::{Probe, Trial, Tried};
use sever_model::{Act, Door, DoorId, DoorState, Round, Span, UnknownWhy, Verdict, VerdictStrength, WallTime};

use super::Run;
use super::pool::side_by_side;
use crate::{EngineError, Unit};

/// How long after the end of a window a door is tried for good.
const MARGIN: Span = Span::secs(1);

/// How long between two tries of a door that is still open within its window, at first and at most.
const AGAIN_SECS: i64 = 1;
const AGAIN_SECS_MAX: i64 = 30;

/// How often a system that does not answer is asked once the window has passed.
const SILENT_TRIES_MAX: u32 = 3;

/// A door that is still to be tried.
struct Pending {
    id: DoorId,
    due: WallTime,
    tries: u32,
    silent: u32,
}

/// A try: the door, by what, with what.
struct Try<'a> {
    door: Door,
    probe: &'a dyn Probe,
    nonce: String,
    replaced: bool,
}

impl Run<'_, '_> {
    /// Tries every door that nothing was done about yet: what opens now shows later that the probe works.
    pub(super) fn before(&mut self) -> Result<(), EngineError> {
        let untouched = |id: &DoorId| self.case.steps_of(id).all(|step| step.tries == 0);
        let doors = self.case.doors.iter().filter(|case| case.verdicts.is_empty() && untouched(&case.door.id));
        let ids: Vec<DoorId> = doors.map(|case| case.door.id.clone()).collect();
        self.tried(&ids, |_, _| Some(Round::Before)).map(drop)
    }

    /// The doors that have no verdict past their window yet, or something was done about them since.
    pub(super) fn unsettled(&self) -> Vec<DoorId> {
        let settled = |id: &DoorId| {
            let case = self.case.door(id)?;
            let (round, verdict) = case.verdicts.last()?;
            let after = self.case.settles_at(id).is_none_or(|at| verdict.at >= at);
            // What is open or unknown is tried again by every run.
            Some(*round >= Round::Settled && after && verdict.state == DoorState::Closed)
        };
        let ids = self.case.doors.iter().map(|case| &case.door.id);
        ids.filter(|id| settled(id) != Some(true)).cloned().collect()
    }

    /// Tries doors until each has a verdict past its propagation window.
    pub(super) fn settle(&mut self, doors: &[DoorId]) -> Result<(), EngineError> {
        let now = self.now();
        let mut pending: Vec<Pending> =
            doors.iter().map(|id| Pending { id: id.clone(), due: now, tries: 0, silent: 0 }).collect();
        self.progress.begin("trying doors", Some(pending.len() as u64), Unit::Items);
        while !pending.is_empty() && !self.interrupted {
            let now = self.now();
            let due: Vec<DoorId> = pending.iter().filter(|it| it.due <= now).map(|it| it.id.clone()).collect();
            if due.is_empty() {
                let next = pending.iter().map(|it| it.due).min().unwrap_or(now);
                self.interrupted = !self.acting.cx.clock.wait(next.since(now));
                continue;
            }
            // A try that began past the window is the one that counts, however long it took.
            let verdicts = self.tried(&due, |case, verdict| {
                let settled = case.settles_at(&verdict.door).is_none_or(|at| now >= at);
                let seen = case.door(&verdict.door).and_then(|it| it.latest()).map(|it| &it.state);
                match settled {
                    true => Some(Round::Settled),
                    false => (seen != Some(&verdict.state)).then_some(Round::Settling),
                }
            })?;
            for verdict in verdicts {
                let settles = self.case.settles_at(&verdict.door);
                let Some(it) = pending.iter_mut().find(|it| it.id == verdict.door) else { continue };
                it.tries += 1;
                let silent =
                    matches!(verdict.state, DoorState::Unknown(UnknownWhy::Unreachable | UnknownWhy::TimedOut));
                it.silent += u32::from(silent);
                let backoff = Span::secs((AGAIN_SECS << it.tries.min(6)).min(AGAIN_SECS_MAX) / 2);
                let settled = settles.is_none_or(|at| now >= at);
                let end = settles.map_or(now, |at| at.plus(MARGIN));
                it.due = match (settled, &verdict.state) {
                    (true, _) if silent && it.silent < SILENT_TRIES_MAX => now.plus(backoff),
                    (true, _) => WallTime::MAX,
                    (false, DoorState::Closed) => end,
                    (false, _) => now.plus(backoff).min(end),
                };
            }
            let before = pending.len();
            pending.retain(|it| it.due != WallTime::MAX);
            self.progress.advance((before - pending.len()) as u64);
        }
        Ok(())
    }

    /// Tries doors once more.
    pub(super) fn again(&mut self, doors: &[DoorId]) -> Result<(), EngineError> {
        self.progress.begin("trying doors", Some(doors.len() as u64), Unit::Items);
        let verdicts = self.tried(doors, |_, _| Some(Round::Again))?;
        self.progress.advance(verdicts.len() as u64);
        Ok(())
    }

    /// Tries doors side by side and records each verdict that `round` has a round for.
    fn tried(
        &mut self,
        doors: &[DoorId],
        round: impl Fn(&sever_model::Departure, &Verdict) -> Option<Round>,
    ) -> Result<Vec<Verdict>, EngineError> {
        let mut verdicts = Vec::new();
        let mut jobs: Vec<(usize, Try<'_>)> = Vec::new();
        for id in doors {
            let Some((at, case)) = self.case.doors.iter().enumerate().find(|(_, it)| it.door.id == *id) else {
                continue;
            };
            let door = case.door.clone();
            let digest = self.case.digest.get(..12).unwrap_or(&self.case.digest);
            let nonce = format!("severance-{digest}-{at}");
            match self.connected(&door.system, |it| it.probe.as_deref()) {
                Some((lane, probe)) => {
                    let replaced = self.case.is_replaced(id);
                    jobs.push((lane, Try { door, probe, nonce, replaced }));
                }
                None => verdicts.push(untried(&door, nonce, self.now())),
            }
        }
        self.verdicts(&verdicts, &round)?;
        let (cx, secret) = (self.acting.cx, self.acting.secret);
        let work = |it: &Try<'_>| {
            let own = secret(&it.door);
            let trial = Trial { nonce: &it.nonce, secret: own.as_ref(), replaced: it.replaced };
            let tried = it.probe.try_door(&it.door, &trial, &cx);
            (tried, cx.clock.now(), it.probe.window(&it.door))
        };
        side_by_side(self.acting.connections, cx.clock, &jobs, work, |together| {
            let of = together.into_iter().filter_map(|(at, said)| Some((jobs.get(at)?, said)));
            let new: Vec<Verdict> = of.map(|((_, it), said)| verdict(it, said)).collect();
            self.verdicts(&new, &round)?;
            verdicts.extend(new);
            Ok::<(), EngineError>(())
        })?;
        Ok(verdicts)
    }

    fn verdicts(
        &mut self,
        verdicts: &[Verdict],
        round: impl Fn(&sever_model::Departure, &Verdict) -> Option<Round>,
    ) -> Result<(), EngineError> {
        let with_round = verdicts.iter().filter_map(|it| Some((round(self.case, it)?, it.clone())));
        let acts = with_round.map(|(round, verdict)| Act::Tried { round, verdict }).collect();
        self.record(acts)
    }
}

/// What trying showed, with when and how.
fn verdict(it: &Try<'_>, (tried, at, window): (Tried, WallTime, Span)) -> Verdict {
    // INVARIANT: what a control contradicts is not closed, whatever the probe makes of it.
    let contradicted = tried.controls.iter().any(|control| !control.held);
    let state = match tried.state {
        DoorState::Closed if contradicted => DoorState::Unknown(UnknownWhy::ControlFailed),
        state => state,
    };
    Verdict {
        door: it.door.id.clone(),
        state,
        strength: tried.strength,
        evidence: tried.evidence,
        controls: tried.controls,
        at,
        window_secs: window.as_secs(),
        nonce: it.nonce.clone(),
    }
}

/// That nothing here can try a door.
fn untried(door: &Door, nonce: String, at: WallTime) -> Verdict {
    Verdict {
        door: door.id.clone(),
        state: DoorState::Unknown(UnknownWhy::NoProbe),
        strength: VerdictStrength::Observed,
        evidence: format!("no connection can try doors of `{}`", door.system),
        controls: Vec::new(),
        at,
        window_secs: 0,
        nonce,
    }
}
