//! Listing again: what was made since the plan, and what closes it.

use sever_model::act::{ActError, Action, Doors};
use sever_model::{Act, After, Door, DoorList, Found, Listing, Step, StepDraft, Swept, Work};

use super::Run;
use super::pool::side_by_side;
use crate::EngineError;

impl Run<'_, '_> {
    /// Lists the doors of every account that the plan sweeps; how many were found that nobody knew of.
    pub(super) fn list(&mut self) -> Result<usize, EngineError> {
        if self.interrupted {
            return Ok(0);
        }
        let connections = self.acting.connections;
        let mut jobs: Vec<(usize, (Swept, &dyn Doors))> = Vec::new();
        let mut acts = Vec::new();
        for swept in &self.case.plan.swept {
            let found = connections.iter().enumerate().filter(|(_, it)| it.id == swept.connection);
            match found.filter_map(|(at, it)| Some((at, it.doors.as_deref()?))).next() {
                Some((at, doors)) => jobs.push((at, (swept.clone(), doors))),
                None => acts.push(unseen(swept, "nothing here can list doors there")),
            }
        }
        let cx = self.acting.cx;
        let work = |(swept, doors): &(Swept, &dyn Doors)| doors.doors(&swept.account, &swept.login, &cx);
        let mut lists: Vec<(usize, Result<DoorList, ActError>)> = Vec::new();
        side_by_side(connections, cx.clock, &jobs, work, |together| {
            lists.extend(together);
            Ok::<(), EngineError>(())
        })?;
        lists.sort_by_key(|(at, _)| *at);
        let mut next = self.case.steps.iter().map(|case| case.step.number).max().unwrap_or(0) + 1;
        let mut count = 0;
        for (at, list) in lists {
            let Some((lane, (swept, _))) = jobs.get(at) else { continue };
            let list = match list {
                Ok(list) => list,
                Err(error) => {
                    acts.push(unseen(swept, &error.to_string()));
                    continue;
                }
            };
            let doors = list.doors.len() as u32;
            let action = connections.get(*lane).and_then(|it| it.action.as_deref());
            let new = list.doors.into_iter().filter(|door| self.is_new(door, action));
            let new = new.filter(|door| !self.case.plan.excluded.iter().any(|it| it.door.id == door.id));
            let found: Vec<Found> = new.map(|door| closed_by(door, action, &mut next)).collect();
            count += found.len();
            acts.push(Act::Listed {
                connection: swept.connection.clone(),
                account: swept.account.clone(),
                listing: list.listing,
                gaps: list.gaps,
                doors,
                found,
            });
        }
        self.record(acts)?;
        Ok(count)
    }
}

impl Run<'_, '_> {
    /// Whether a listed door is one that nobody knew of; or one that only facts told of, without what its
    /// provider needs to close it, which the listing has.
    fn is_new(&self, door: &Door, action: Option<&dyn Action>) -> bool {
        let operated = self.case.steps_of(&door.id).any(|step| step.is_operation());
        let closable = || action.is_some_and(|action| !action.steps(door).is_empty());
        self.case.door(&door.id).is_none() || (!operated && closable())
    }
}

/// That an account's doors could not be listed.
fn unseen(swept: &Swept, why: &str) -> Act {
    Act::Listed {
        connection: swept.connection.clone(),
        account: swept.account.clone(),
        listing: Listing::Partial,
        gaps: vec![format!("the doors of {} could not be listed again: {why}", swept.account)],
        doors: 0,
        found: Vec::new(),
    }
}

/// What closes a door that was found, numbered on.
fn closed_by(door: Door, action: Option<&dyn Action>, next: &mut u32) -> Found {
    let first = *next;
    let drafts = action.map(|action| action.steps(&door)).unwrap_or_default();
    let steps: Vec<Step> = drafts.into_iter().enumerate().map(|(at, draft)| step(&door, draft, at, first)).collect();
    *next += steps.len() as u32;
    Found { door, steps }
}

/// A step for a door that was found; `first` is the number of the first of its door.
fn step(door: &Door, draft: StepDraft, at: usize, first: u32) -> Step {
    let before: Vec<usize> = if draft.after.is_empty() { (0..at).collect() } else { draft.after };
    let after = before.into_iter().filter(|it| *it < at);
    Step {
        number: first + at as u32,
        door: door.id.clone(),
        phase: draft.phase,
        work: Work::Operate(draft.operation),
        how: draft.how,
        after: after.map(|it| After { step: first + it as u32, reason: draft.reason.clone() }).collect(),
        reason: draft.reason,
        breaks: draft.breaks,
        inverse: draft.inverse,
        replaces_secret: draft.replaces_secret,
        window_secs: draft.window.as_secs(),
    }
}
