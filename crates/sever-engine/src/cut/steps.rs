//! Steps: intent first, then the effect, then what was said; again where that may help.

use std::collections::HashMap;

use sever_model::act::{ActError, Action};
use sever_model::{Act, ApprovedStep, Phase, Receipt, Span, Step, StepCase, StepState, WallTime, Work};

use super::pool::side_by_side;
use super::{Run, Ticket};
use crate::{EngineError, Unit};

/// How often a step is tried in one run.
const TRIES_MAX: u32 = 5;

/// How long the first retry waits; each next one twice as long.
const RETRY_SECS: i64 = 1;

/// The longest that a retry waits, unless the system asks for longer.
const RETRY_SECS_MAX: i64 = 60;

/// How long a step waits in one run, all told, because a system asks for patience: a quota that fills
/// again, a key that others have yet to fetch.
const PATIENCE_SECS_MAX: i64 = 60 * 60;

/// Retries of one run, by step.
#[derive(Default)]
pub(super) struct Retries {
    of: HashMap<u32, Retry>,
}

/// What became of a step in this run so far, where it was not done at once.
#[derive(Clone, Copy)]
struct Retry {
    /// How often it failed, but for being asked to wait.
    tries: u32,
    /// How often it was asked to wait.
    asked: u32,
    /// How long it was asked to wait, all told.
    waited: Span,
    /// When it is tried again.
    at: WallTime,
}

impl Retry {
    const NONE: Retry = Retry { tries: 0, asked: 0, waited: Span::ZERO, at: WallTime::MAX };

    /// Whether it was tried as often, or has waited as long, as one run allows.
    fn is_used_up(&self) -> bool {
        self.tries >= TRIES_MAX || self.waited.as_secs() >= PATIENCE_SECS_MAX
    }
}

impl Run<'_, '_> {
    /// Does every step up to a phase that is not done yet and waits for nothing that is not.
    pub(super) fn steps(&mut self, upto: Phase) -> Result<(), EngineError> {
        let steps = self.case.steps.iter().filter(|case| case.step.phase <= upto && !case.is_done()).count();
        if steps > 0 {
            self.progress.begin(upto.word(), Some(steps as u64), Unit::Items);
        }
        while !self.interrupted {
            let now = self.now();
            let open: Vec<u32> = self.ready(upto);
            let due = |number: &u32| self.retries.of.get(number).is_none_or(|it| it.at <= now);
            let wave: Vec<Step> = open.iter().filter(|number| due(number)).filter_map(|it| self.step(*it)).collect();
            if !wave.is_empty() {
                self.wave(&wave)?;
                continue;
            }
            let next = open.iter().filter_map(|number| self.retries.of.get(number)).map(|it| it.at).min();
            let Some(next) = next else { break };
            self.interrupted = !self.acting.cx.clock.wait(next.since(now));
        }
        Ok(())
    }

    fn step(&self, number: u32) -> Option<Step> {
        self.case.steps.iter().find(|case| case.step.number == number).map(|case| case.step.clone())
    }

    /// The steps that can be done now, or once their time has come.
    fn ready(&self, upto: Phase) -> Vec<u32> {
        let done = |number: u32| self.case.steps.iter().any(|it| it.step.number == number && it.is_done());
        let hopeless = |case: &&StepCase| {
            let StepState::Failed { passing, .. } = &case.state else { return false };
            self.retries.of.get(&case.step.number).is_some_and(|retry| !passing || retry.is_used_up())
        };
        let cases = self.case.steps.iter().filter(|case| case.step.phase <= upto && !case.is_done());
        let free = cases.filter(|case| case.step.after.iter().all(|after| done(after.step)));
        free.filter(|case| !hopeless(case)).map(|case| case.step.number).collect()
    }

    /// Does some steps side by side.
    fn wave(&mut self, wave: &[Step]) -> Result<(), EngineError> {
        let mut jobs: Vec<(usize, (ApprovedStep<'_>, &dyn Action))> = Vec::new();
        let mut acts = Vec::new();
        let mut hand_offs = Vec::new();
        for step in wave {
            let mut refuse = |why: String| {
                self.retries.of.insert(step.number, Retry { tries: TRIES_MAX, ..Retry::NONE });
                acts.push(Act::Failed { step: step.number, why, passing: false });
            };
            match &step.work {
                Work::HandOff { .. } => hand_offs.push(step),
                Work::Operate(operation) => {
                    let connections = self.acting.connections.iter().enumerate();
                    let found = connections.filter(|(_, it)| it.id == operation.connection);
                    let action = found.filter_map(|(at, it)| Some((at, it.action.as_deref()?))).next();
                    let door = self.case.door(&step.door).map(|case| &case.door);
                    let approved = self.approved.zip(door).and_then(|(plan, door)| plan.step(door, step));
                    match (action, approved) {
                        (Some((at, action)), Some(approved)) => jobs.push((at, (approved, action))),
                        (None, _) => refuse(format!("nothing here can close doors at `{}`", operation.connection)),
                        (_, None) => {
                            refuse("nobody has approved it: it was found since, and cannot be undone".to_owned())
                        }
                    }
                }
            }
        }
        acts.extend(jobs.iter().map(|(_, (step, _))| Act::Intended { step: step.step().number }));
        self.record(acts)?;
        for step in hand_offs {
            self.hand_off(step)?;
        }
        let cx = self.acting.cx;
        let work = |(step, action): &(ApprovedStep<'_>, &dyn Action)| (action.execute(step, &cx), cx.clock.now());
        side_by_side(self.acting.connections, cx.clock, &jobs, work, |together| {
            let of = |at: usize| jobs.get(at).map_or(0, |(_, (step, _))| step.step().number);
            let acts: Vec<Act> = together.into_iter().map(|(at, said)| self.said(of(at), said)).collect();
            self.progress.advance(acts.len() as u64);
            self.record(acts)
        })
    }

    /// What a system said, or kept to itself, as an act.
    fn said(&mut self, step: u32, (said, at): (Result<Receipt, ActError>, WallTime)) -> Act {
        let error = match said {
            // INVARIANT: windows are counted by our clock, whatever time a system says that it is.
            Ok(receipt) => return Act::Answered { step, receipt: Receipt { at, ..receipt } },
            Err(error) => error,
        };
        let mut retry = self.retries.of.get(&step).copied().unwrap_or(Retry::NONE);
        let again = match &error {
            // INVARIANT: to be asked to wait is no failure: what takes long is bounded by its time alone.
            ActError::RateLimited(_) => {
                retry.asked += 1;
                retry.asked
            }
            _ => {
                retry.tries += 1;
                retry.tries
            }
        };
        let own = Span::secs((RETRY_SECS << again.min(6)).min(RETRY_SECS_MAX) / 2);
        let wait = match &error {
            ActError::RateLimited(Some(asked)) => *asked,
            _ => own,
        };
        let wait = wait.plus(jitter(&self.case.digest, step, again, wait));
        if matches!(error, ActError::RateLimited(_)) {
            retry.waited = retry.waited.plus(wait);
        }
        retry.at = self.now().plus(wait);
        self.retries.of.insert(step, retry);
        Act::Failed { step, why: error.to_string(), passing: error.is_passing() }
    }

    fn hand_off(&mut self, step: &Step) -> Result<(), EngineError> {
        let Work::HandOff { owner, deadline_secs } = &step.work else { return Ok(()) };
        let due_at = self.case.begun_at.unwrap_or(self.now()).plus(Span::secs(*deadline_secs));
        let Some(door) = self.case.door(&step.door).map(|case| case.door.clone()) else { return Ok(()) };
        let ticket = Ticket { digest: &self.case.digest, step, door: &door, owner, due_at };
        let act = match self.acting.desk.hand_off(&ticket) {
            Ok(ticket) => Act::Ticketed { step: step.number, owner: owner.clone(), due_at, ticket },
            Err(why) => {
                let retry = self.retries.of.get(&step.number).copied().unwrap_or(Retry::NONE);
                let at = self.now().plus(Span::secs(RETRY_SECS));
                self.retries.of.insert(step.number, Retry { tries: retry.tries + 1, at, ..retry });
                Act::Failed { step: step.number, why, passing: true }
            }
        };
        self.record(vec![act])
    }
}

/// Up to half of a wait, so that many do not come back at once; the same for the same try.
fn jitter(digest: &str, step: u32, tries: u32, wait: Span) -> Span {
    let key = sever_model::FingerprintKey::new(*b"severance jitter");
    let hash = key.hash64(format!("{digest} {step} {tries}").as_bytes());
    Span::from_micros((wait.micros() / 2).max(1) * ((hash % 1_000) as i64) / 1_000)
}
