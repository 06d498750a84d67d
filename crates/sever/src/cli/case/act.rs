//! `sever case hold`, `common`, `reach`, `told` and `close`: what is done about a case.

use sever_lake::{Hold, Pivot};
use sever_model::{Case, CaseAct, SharedThing, counted};

use super::{Desk, ReachArgs, ToldArgs, moment, show};
use crate::cli::common;
use crate::cli::output::Output;
use crate::cli::reach::ask::Ask;
use crate::cli::reach::frozen::{self, short};
use crate::cli::reach::time;
use crate::cli::site::lake_failure;
use crate::exit::Exit;
use crate::hint::Failure;

/// Shared things that a case keeps.
const SHARED_MAX: usize = 100;

pub(super) fn hold(name: &str, reason: Option<&str>, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(name)?;
    let reason = format!("case {name}: {}", reason.unwrap_or(&case.opened_by.what));
    let access = desk.site.record(&reason)?;
    let hold = Hold { name: format!("case-{name}"), reason: access.reason, who: access.who, at: access.at };
    match sever_lake::hold(&desk.site.lake_dir(), &hold).map_err(lake_failure)? {
        sever_lake::Held::New => {
            desk.record(name, &[CaseAct::Held { hold: hold.name.clone() }])?;
            out.note(&format!("hold `{}` since {}: nothing of the lake is deleted", hold.name, hold.at));
        }
        sever_lake::Held::Already => out.note(&format!("hold `{}` was there already", hold.name)),
    }
    out.note("logs that are not here are not held: stop their rotation, and the deletion of backups, too");
    out.hint(&format!("`sever case {} {name}`", if case.people.len() > 1 { "common" } else { "reach" }));
    Ok(vec![Exit::Clean])
}

pub(super) fn common(name: &str, limit: usize, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(name)?;
    if case.people.len() < 2 {
        return Err(Failure::usage(format!("case `{name}` names {}", counted(case.people.len() as u64, "person")))
            .hint("two people at least can have something in common; open it with the list of them"));
    }
    let people = desk.site.people()?;
    let (shared, cut) =
        sever_lake::common_of_codes(&desk.site.lake_dir(), &case.people, &people).map_err(lake_failure)?;
    let thing = |it: &sever_lake::Common| SharedThing {
        kind: it.pivot.word().to_owned(),
        thing: it.thing.to_string(),
        judged: it.judged.to_owned(),
        of_given: it.of_given,
        of_all: it.of_all,
    };
    let things = shared.iter().take(SHARED_MAX).map(thing).collect();
    desk.record(name, &[CaseAct::Shared { given: case.people.len() as u64, things }])?;
    out.sheet(&common::sheet(&shared, case.people.len(), limit, cut))?;
    out.hint(&match common::next(&shared) {
        Some(next) => format!("`sever case reach {name}` asks whom else `{next}` touched"),
        None => format!("nothing explains it: scan more logs, or name a thing: `sever case reach {name} THING`"),
    });
    Ok(vec![if shared.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

pub(super) fn reach(args: &ReachArgs, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(&args.name)?;
    let asked = question(args, &case, desk)?.answer(&mut desk.site, out)?;
    let frozen = asked.frozen();
    let number = case.versions.len() + 1;
    desk.record(&case.name, &[CaseAct::Froze { frozen: Box::new(frozen.clone()) }])?;
    let title = format!("case {}, version {number}: {}", case.name, asked.ask.title());
    let differences = case.newest().map(|before| (before, before.frozen.differences(&frozen)));
    let mut sheet = match &differences {
        Some((before, differences)) => frozen::sheet(format!("{title}, beside version {}", before.number), differences),
        None => {
            let mut sheet = crate::render::Sheet::new("reach-diff", title, &["part", "what", "was", "is"]);
            let first = differences_from_nothing(&frozen);
            sheet.rows.extend(first);
            sheet
        }
    };
    sheet.notes.extend(asked.cover.said.iter().cloned());
    sheet.notes.push(format!(
        "version {number} is frozen: {}; `{}` answers it",
        short(&frozen.digest),
        asked.ask.command()
    ));
    sheet.notes.push(show::bounds(&frozen));
    sheet.summary.insert("version".to_owned(), number.into());
    sheet.summary.insert("digest".to_owned(), frozen.digest.clone().into());
    sheet.summary.insert("at_least".to_owned(), frozen.figures.at_least.into());
    sheet.summary.insert("at_most".to_owned(), frozen.figures.at_most.into());
    out.sheet(&sheet)?;
    out.hint(&format!("`sever case say {}` says what can be said of it", case.name));
    Ok(vec![if asked.is_exact() { Exit::Clean } else { Exit::CoverageIncomplete }])
}

/// The figures of a first version, as what moved from nothing.
fn differences_from_nothing(frozen: &sever_model::Frozen) -> Vec<Vec<serde_json::Value>> {
    let Ok(serde_json::Value::Object(figures)) = serde_json::to_value(&frozen.figures) else { return Vec::new() };
    let row = |(name, value): (String, serde_json::Value)| {
        let value = match value {
            serde_json::Value::Null => "unknown".into(),
            serde_json::Value::Number(number) => number.to_string().into(),
            value => value,
        };
        vec!["number".into(), name.replace('_', " ").into(), "".into(), value]
    };
    figures.into_iter().map(row).collect()
}

/// What is asked: as the flags say, else as the last version did; else about what the people share, or
/// what the case was opened by.
fn question(args: &ReachArgs, case: &Case, desk: &mut Desk) -> Result<Ask, Failure> {
    if !args.things.is_empty() {
        return Ok(Ask {
            things: Ask::about(&mut desk.site, &args.things, args.kind)?,
            judged: args.judged.map(|judged| judged.word().to_owned()),
            from: time(args.from.as_deref())?,
            to: time(args.to.as_deref())?,
            cap: args.cap.cap(),
            listed: false,
            to_freeze: true,
        });
    }
    if let Some(newest) = case.newest() {
        let before = Ask::again(&newest.frozen)?;
        let cap = args.cap.cap().or_else(|| before.cap.clone());
        return Ok(Ask { cap, ..before });
    }
    let shared = case.shared.first().map(|it| {
        let forged = matches!(it.judged.as_str(), "never-issued" | "mismatch");
        let judged = if forged { "forged" } else { it.judged.as_str() };
        ((it.kind.clone(), it.thing.clone()), Some(judged.to_owned()).filter(|judged| !judged.is_empty()))
    });
    let opened = || case.opened_by.thing.clone().map(|thing| (thing, case.opened_by.judged.clone()));
    let Some(((kind, id), judged)) = shared.or_else(opened) else {
        return Err(Failure::usage(format!("whose reach? case `{}` does not say", case.name)).hint(format!(
            "`sever case common {0}` finds what the people share; or `sever case reach {0} THING`",
            case.name
        )));
    };
    let pivots = Pivot::ALL.iter().map(|pivot| pivot.word());
    let pivot = Pivot::named(&kind).ok_or_else(|| Failure::unknown("kind of thing", &kind, pivots))?;
    Ok(Ask { things: vec![(pivot, id)], judged, cap: args.cap.cap(), to_freeze: true, ..Ask::default() })
}

pub(super) fn told(args: &ToldArgs, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(&args.name)?;
    let Some(law) = case.laws.iter().find(|law| law.id == args.law) else {
        return Err(Failure::unknown("law", &args.law, case.laws.iter().map(|law| law.id.as_str())));
    };
    if !law.to.contains(&args.to) {
        return Err(Failure::usage(format!("`{}` does not want `{}` told", law.id, args.to))
            .hint(format!("it wants {}", law.to.join(" and "))));
    }
    let at = moment(args.at.as_deref())?;
    if at > crate::clock::now() || at < case.aware_at {
        return Err(Failure::usage(format!("`--at {at}` is before awareness ({}), or still to come", case.aware_at)));
    }
    let how = args.how.trim();
    if how.is_empty() {
        return Err(Failure::usage("`--how` is empty").hint("what shows that they were told: a receipt, an address"));
    }
    let (law, to) = (args.law.clone(), args.to.clone());
    let now = desk.record(&case.name, &[CaseAct::Told { law, to, at, how: how.to_owned() }])?;
    out.sheet(&show::clocks(&desk.case(&args.name)?, now))?;
    Ok(vec![Exit::Clean])
}

pub(super) fn close(name: &str, reason: &str, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(name)?;
    if reason.trim().is_empty() {
        return Err(Failure::usage("`--reason` is empty"));
    }
    let now = desk.record(name, &[CaseAct::Closed { reason: reason.trim().to_owned() }])?;
    let running = case.clocks(now);
    let running = running
        .iter()
        .filter(|clock| matches!(clock.state, sever_model::ClockState::Left(_) | sever_model::ClockState::Overdue(_)));
    for clock in running {
        out.note(&format!(
            "{} ({}) was not told, as far as this case knows: {}",
            clock.to,
            clock.law.id,
            clock.state.words()
        ));
    }
    for hold in &case.holds {
        out.note(&format!("hold `{hold}` stays: `sever lake hold release {hold}` lifts it"));
    }
    out.note(&format!("case {name} is closed; its journal stays"));
    Ok(vec![Exit::Clean])
}
