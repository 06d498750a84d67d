//! Numbers: steps in an order in which they may be done one by one.
//!
//! By phase, then as doors stand on the screen, each after what it waits for. Where providers' steps wait
//! for one another in a circle, the first of them goes first and waits for nobody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sever_model::{After, Phase, Step, StepDraft, Work};

use super::found::Found;

/// A step before it has a number.
#[derive(Debug)]
pub(super) struct Pending {
    /// Its door's place.
    pub(super) door: usize,
    pub(super) step: Step,
    /// The places of those that it waits for, each with why.
    pub(super) after: Vec<(usize, String)>,
    /// Whether it gives what others use another credential.
    pub(super) is_reissue: bool,
}

impl Pending {
    pub(super) fn of(door: usize, draft: &StepDraft) -> Pending {
        let step = Step {
            number: 0,
            door: "".into(),
            phase: draft.phase,
            work: Work::Operate(draft.operation.clone()),
            how: draft.how.clone(),
            reason: draft.reason.clone(),
            after: Vec::new(),
            breaks: draft.breaks.clone(),
            inverse: draft.inverse.clone(),
            replaces_secret: draft.replaces_secret,
            window_secs: draft.window.as_secs(),
        };
        Pending { door, step, after: Vec::new(), is_reissue: false }
    }
}

/// The steps by number, and the numbers of each door's.
pub(super) fn numbered(pending: Vec<Pending>, found: &[Found]) -> (Vec<Step>, Vec<Vec<u32>>) {
    let order = order(&pending);
    let mut number_of = vec![0u32; pending.len()];
    for (number, at) in order.iter().enumerate() {
        if let Some(slot) = number_of.get_mut(*at) {
            *slot = number as u32 + 1;
        }
    }
    let mut slots: Vec<Option<Pending>> = pending.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(slots.len());
    let mut of: Vec<Vec<u32>> = vec![Vec::new(); found.len()];
    for at in order {
        let Some(Pending { door, mut step, after, .. }) = slots.get_mut(at).and_then(Option::take) else { continue };
        let Some(one) = found.get(door) else { continue };
        step.number = number_of.get(at).copied().unwrap_or(0);
        step.door = one.door.id.clone();
        let before = |(other, reason): (usize, String)| {
            let step = number_of.get(other).copied().filter(|number| *number < step.number)?;
            Some(After { step, reason })
        };
        let mut after: Vec<After> = after.into_iter().filter_map(before).collect();
        after.sort_by_key(|after| after.step);
        step.after = after;
        // What the door's closing may break is said at the first step of it.
        if let Some(numbers) = of.get_mut(door) {
            if numbers.is_empty() {
                let own: Vec<String> = one.breaks.iter().filter(|text| !step.breaks.contains(text)).cloned().collect();
                step.breaks.extend(own);
            }
            numbers.push(step.number);
        }
        steps.push(step);
    }
    (steps, of)
}

/// The places in order.
fn order(pending: &[Pending]) -> Vec<usize> {
    let mut waiting: Vec<usize> = pending.iter().map(|one| one.after.len()).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); pending.len()];
    for (at, one) in pending.iter().enumerate() {
        for (other, _) in &one.after {
            if let Some(list) = followers.get_mut(*other) {
                list.push(at);
            }
        }
    }
    let key =
        |at: usize| (pending.get(at).map_or(Phase::Cut, |one| one.step.phase), pending.get(at).map(|it| it.door), at);
    let mut ready: BinaryHeap<_> =
        (0..pending.len()).filter(|at| waiting.get(*at) == Some(&0)).map(|at| Reverse(key(at))).collect();
    let mut done = vec![false; pending.len()];
    let mut order = Vec::with_capacity(pending.len());
    while order.len() < pending.len() {
        let next = ready.pop().map(|Reverse((_, _, at))| at);
        // Nothing is ready: a circle. Its first goes, whatever it waits for.
        let stuck = || (0..pending.len()).filter(|at| done.get(*at) == Some(&false)).min_by_key(|at| key(*at));
        let Some(at) = next.or_else(stuck) else { break };
        match done.get_mut(at) {
            Some(slot) if !*slot => *slot = true,
            _ => continue,
        }
        order.push(at);
        for follower in followers.get(at).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*follower) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(Reverse(key(*follower)));
                }
            }
        }
    }
    order
}
