//! A cut for a day to come: waiting for it, and looking again once it is there.
//!
//! Nothing is begun while it waits, and nothing is kept: whoever ends it may run it again. The clock is
//! looked at again and again, so that a machine that slept wakes up to the right time.

use sever_model::act::Clock;
use sever_model::{Plan, PlanOf, Span, WallTime, Why, Zone};

use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::progress::Meter;

/// How often the clock is looked at.
const LOOK: Span = Span::secs(1);

/// That the person leaves as the plan says. Days may lie between a plan and its day, and people change their
/// minds.
///
/// # Errors
/// When they leave at another time now, or not at all.
pub(super) fn still_leaves(site: &Site, plan: &Plan) -> Result<(), Failure> {
    let PlanOf::Person { id, end: Some(planned), why: Why::Leaves, .. } = &plan.about else { return Ok(()) };
    let moment = Moment::now();
    let inventory = site.inventory(&moment)?;
    let person = inventory.find_person(id);
    let end = person.and_then(|person| sever_graph::end_of_access(&inventory, person, moment.as_of));
    if end == Some(*planned) {
        return Ok(());
    }
    let now = end.map_or("does not say that they leave".to_owned(), |end| format!("says {end}"));
    Err(Failure::new(format!("the plan is for an end of access at {planned}, and HR's list {now}"))
        .hint("`sever sync`, then plan it anew")
        .exit(Exit::Refused))
}

/// Waits until an instant: a countdown on a terminal, else one line.
///
/// # Errors
/// When it is interrupted.
pub(super) fn wait(plan: &Plan, begin: WallTime, zone: &Zone, out: &mut Output) -> Result<(), Failure> {
    let named = match &plan.about {
        PlanOf::Person { zone, .. } if !zone.is_empty() => Zone::named(zone).ok(),
        _ => None,
    };
    let local = named.as_ref().unwrap_or(zone).shown(begin.as_event());
    let left = begin.since(SystemClock.now());
    out.note(&format!("waits until {local}, for {left}; nothing is begun before, Ctrl-C ends it"));
    let mut meter = Meter::stderr();
    let waited = until(begin, &SystemClock, &mut |left| meter.say(&format!("begins {local}, in {left}")));
    meter.clear();
    match waited {
        true => Ok(()),
        false => Err(Failure::new("interrupted: nothing was begun").hint("run it again").exit(Exit::Interrupted)),
    }
}

/// Waits until an instant of a clock, telling again and again how long that still is. Whether it came.
fn until(begin: WallTime, clock: &dyn Clock, tell: &mut dyn FnMut(Span)) -> bool {
    loop {
        let left = begin.since(clock.now());
        if left <= Span::ZERO {
            return true;
        }
        tell(left);
        if !clock.wait(left.min(LOOK)) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests;
