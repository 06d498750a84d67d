//! `sever verify`: tries every door of a departure once more, by our cut or somebody else's.

use std::path::PathBuf;

use sever_engine::Acting;
use sever_model::act::Cx;
use sever_model::{Departure, DoorId, Plan, Span, WallTime};
use sever_store::DerivedSecrets;

use crate::cli::cut::{PATIENCE, page, read};
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site, store_failure};
use crate::cli::{Global, plan};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::progress::Meter;

/// When a closed door is tried again, since the cut ended: it must stay dead.
const AGAIN: [Span; 3] = [Span::secs(3_600), Span::days(1), Span::days(7)];

/// Try every door of a departure once more: ours, or what another tool says that it closed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom or what; every departure that is due where absent
    pub thing: Option<String>,
    /// Only departures whose doors are due to be tried again: an hour, a day, a week after
    #[arg(long, conflicts_with_all = ["thing", "claims"])]
    pub due: bool,
    /// The plan, where several were made for the same thing
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// What another tool says that it closed: a CSV (account, system, kind, closed_at, tool, ticket), results of
    /// Microsoft Entra lifecycle workflows, or events of Okta's System Log
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub claims: Option<PathBuf>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let plans = match (&args.thing, &args.plan, &args.claims) {
        (_, _, Some(file)) => claims::plans(&site, file, args.thing.as_deref())?,
        (_, Some(file), None) => vec![read(file)?],
        (Some(thing), None, None) => {
            let thing = site.real(thing)?;
            of_thing(&site, &thing)?
        }
        (None, None, None) => due(&site, crate::clock::now())?,
    };
    if plans.is_empty() {
        let what = if args.thing.is_some() { "nothing was cut of it" } else { "no departure is due to be tried again" };
        let exit = if args.thing.is_some() { Exit::NothingLooked } else { Exit::Clean };
        if exit == Exit::Clean {
            out.note(what);
            return Ok(vec![exit]);
        }
        return Err(Failure::new(what)
            .hint("`sever plan` and `sever cut` close doors; `--claims FILE` tries what another tool closed")
            .exit(exit));
    }
    let mut exits = Vec::new();
    for plan in plans {
        let connections = site.connect(&plan, false)?;
        for gap in &connections.gaps {
            out.note(gap);
        }
        let secrets = DerivedSecrets::of(&site.config.data_dir).map_err(store_failure)?;
        let acting = Acting {
            connections: &connections.connected,
            desk: &NoDesk,
            secret: &|_| None,
            cx: Cx { clock: &SystemClock, secrets: &secrets, patience: PATIENCE },
        };
        let mut meter = Meter::stderr();
        let verify = |case: &mut Departure, journal: &mut dyn sever_engine::Journal| {
            sever_engine::verify(None::<&[DoorId]>, &acting, case, journal, &mut meter)
        };
        let (_, case) = site.with_departure(&plan, verify)?;
        forget(&case, &acting, out);
        let mut sheet = page::sheet("verify", &case);
        sheet.exits = page::exits(&case);
        exits.extend(sheet.exits.iter().copied());
        out.sheet(&sheet)?;
    }
    Ok(exits)
}

/// The plans that were begun for a thing, oldest first.
fn of_thing(site: &Site, thing: &str) -> Result<Vec<Plan>, Failure> {
    let inventory = site.inventory(&Moment::now())?;
    let found = sever_graph::find(&inventory, thing);
    let departures = site.store(async |store| store.departures().await)?;
    let is =
        |plan: &Plan| plan.typed == thing || found.iter().any(|asked| plan::is_about(&inventory, *asked, &plan.about));
    Ok(departures.into_iter().map(|it| it.plan).filter(|plan| is(plan)).collect())
}

/// The plans whose doors are due to be tried again.
fn due(site: &Site, now: WallTime) -> Result<Vec<Plan>, Failure> {
    let mut due = Vec::new();
    for departure in site.store(async |store| store.departures().await)? {
        let rows = site.store(async |store| store.acts(&departure.digest).await)?;
        let case = Departure::of(departure.plan, &rows);
        if is_due(&case, now) {
            due.push(case.plan);
        }
    }
    Ok(due)
}

/// Whether one of the moments at which doors are tried again has passed since they were last tried.
fn is_due(case: &Departure, now: WallTime) -> bool {
    let Some(begun) = case.begun_at else { return false };
    let last = case.doors.iter().filter_map(|door| door.latest()).map(|verdict| verdict.at).min();
    AGAIN.iter().any(|after| {
        let at = begun.plus(*after);
        at <= now && last.is_none_or(|last| last < at)
    })
}

/// Where a departure is over, what was kept for trying its doors again is kept no longer: a token that a
/// replaced key had signed.
fn forget(case: &Departure, acting: &Acting<'_>, out: &mut Output) {
    if !is_over(case) {
        return;
    }
    for door in &case.doors {
        let connections = acting.connections.iter().filter(|it| it.system == door.door.system);
        for probe in connections.filter_map(|it| it.probe.as_deref()) {
            if let Err(why) = probe.over(&door.door, &acting.cx) {
                out.note(&format!("what was kept for trying {} may still be there: {why}", door.door.id));
            }
        }
    }
}

/// Whether nothing more is to come of a departure: all is done, and every door was seen closed when it was
/// due to be tried for the last time.
fn is_over(case: &Departure) -> bool {
    let Some(last) = case.begun_at.zip(AGAIN.last()).map(|(begun, after)| begun.plus(*after)) else { return false };
    let seen = |door: &sever_model::DoorCase| {
        door.latest().is_some_and(|verdict| verdict.at >= last && verdict.state == sever_model::DoorState::Closed)
    };
    case.steps.iter().all(|step| step.is_done()) && case.doors.iter().all(seen)
}

/// Verifying asks nobody for anything.
struct NoDesk;

impl sever_engine::Desk for NoDesk {
    fn hand_off(&self, _: &sever_engine::Ticket<'_>) -> Result<String, String> {
        Err("verifying hands nothing off".to_owned())
    }
}

mod claims;

#[cfg(test)]
mod tests;
