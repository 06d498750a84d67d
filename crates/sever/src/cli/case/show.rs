//! `sever case show`, `list` and `log`: where a case stands, and who did and saw what.

use serde_json::{Value, json};
use sever_model::{Case, CaseAct, ClockState, Frozen, WallTime, counted};

use super::{COUNSEL, Desk, ShowArgs, moment, version};
use crate::cli::output::Output;
use crate::cli::reach::ask::Ask;
use crate::cli::reach::frozen::{self, short};
use crate::cli::reach::svg;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

pub(super) fn show(args: &ShowArgs, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.case(&args.name)?;
    let at = moment(args.as_of.as_deref())?;
    match args.answer {
        Some(number) => desk.looked(&case.name, &format!("version {number}"))?,
        None => desk.looked(&case.name, "the case")?,
    }
    if args.answer.is_some() {
        return one_version(args, &case, out);
    }
    let mut sheet = clocks(&case, at);
    history(&case, &mut sheet.notes);
    out.sheet(&sheet)?;
    out.hint(&next(&case));
    Ok(vec![Exit::Clean])
}

/// The clocks of a case at a moment, as a table.
pub(super) fn clocks(case: &Case, at: WallTime) -> Sheet {
    let title = format!("case {}, clocks at {at}", case.name);
    let mut sheet = Sheet::new("case", title, &["law", "to", "due", "stands", "source"]);
    let mut overdue = 0u64;
    for clock in case.clocks(at) {
        overdue += u64::from(matches!(clock.state, ClockState::Overdue(_)));
        let (law, source) = (&clock.law.id, format!("{}: {}", clock.law.name, clock.law.source));
        sheet.rows.push(vec![
            json!(law),
            json!(clock.to),
            json!(clock.due_at),
            json!(clock.state.words()),
            json!(source),
        ]);
    }
    sheet.summary.insert("aware_at".to_owned(), json!(case.aware_at));
    sheet.summary.insert("overdue".to_owned(), json!(overdue));
    sheet.notes.push(COUNSEL.to_owned());
    if overdue > 0 {
        sheet
            .notes
            .push(format!("OVERDUE: {} not given in time, as far as this case knows", counted(overdue, "notice")));
    }
    sheet
}

/// What has been done, the newest state of the answer last.
fn history(case: &Case, notes: &mut Vec<String>) {
    notes.push(format!("opened {} by {}: {}", case.opened_at, case.opened_who, case.opened_by.what));
    notes.push(format!("aware since {}", case.aware_at));
    let named = counted(case.people.len() as u64, "person");
    notes.push(format!("{named} named and known here, {} of nobody who is", counted(case.unknown, "id")));
    notes.push(match case.holds.as_slice() {
        [] => format!("NOT HELD: what is past its time is still deleted (`sever case hold {}`)", case.name),
        holds => format!("held: {}", holds.join(", ")),
    });
    if let Some(first) = case.shared.first() {
        let judged = if first.judged.is_empty() { String::new() } else { format!(", judged {}", first.judged) };
        let of = case.people.len();
        notes.push(format!("they share {} {}{judged}: {} of {of}", first.kind, first.thing, first.of_given));
    }
    for told in &case.told {
        notes.push(format!("told: {} ({}) at {}: {}", told.to, told.law, told.at, told.how));
    }
    for version in &case.versions {
        let it = &version.frozen;
        notes.push(format!("version {} of {} ({}): {}", version.number, it.at, short(&it.digest), bounds(it)));
    }
    if let Some((at, who, reason)) = &case.closed {
        notes.push(format!("closed {at} by {who}: {reason}"));
    }
}

/// The bounds of an answer in words.
pub(super) fn bounds(frozen: &Frozen) -> String {
    let lower = counted(frozen.figures.at_least, "person");
    match frozen.figures.at_most {
        Some(upper) if upper == frozen.figures.at_least => format!("{lower}, exactly"),
        Some(upper) => format!("at least {lower}, at most {upper}"),
        None => format!("at least {lower}; how many at most is unknown"),
    }
}

fn next(case: &Case) -> String {
    let name = &case.name;
    let verb = match case {
        Case { closed: Some(_), .. } => "log",
        Case { holds, .. } if holds.is_empty() => "hold",
        Case { versions, shared, people, .. } if versions.is_empty() && shared.is_empty() && people.len() > 1 => {
            "common"
        }
        Case { versions, .. } if versions.is_empty() => "reach",
        Case { drafts: 0, .. } => "say",
        _ => "log",
    };
    format!("`sever case {verb} {name}`")
}

/// One frozen version: shown, written out, drawn.
fn one_version(args: &ShowArgs, case: &Case, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let version = version(case, args.answer)?;
    let it = &version.frozen;
    let ask = Ask::again(it)?;
    let title = format!("case {}, version {}: {}", case.name, version.number, ask.title());
    let mut sheet = Sheet::new("case-version", title.clone(), &["what", "number"]);
    if let Ok(Value::Object(figures)) = serde_json::to_value(&it.figures) {
        let row = |(name, value): (String, Value)| {
            let value = if value.is_null() { json!("unknown") } else { value };
            vec![json!(name.replace('_', " ")), value]
        };
        sheet.rows.extend(figures.into_iter().map(row));
    }
    sheet.summary.insert("frozen".to_owned(), serde_json::to_value(it).map_err(anyhow::Error::from)?);
    sheet.notes.extend(it.coverage.iter().cloned());
    sheet.notes.push(format!("frozen {} by {}; digest {}", it.at, version.who, it.digest));
    sheet.notes.push(format!("its rows, as they are now: `{} --by day`", ask.command()));
    sheet.notes.push(bounds(it));
    if let Some(path) = &args.freeze {
        frozen::write(path, it)?;
        out.note(&format!("written to {}", path.display()));
    }
    if let Some(path) = &args.svg {
        std::fs::write(path, svg::picture(&title, it))?;
        out.note(&format!("drawn in {}", path.display()));
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

pub(super) fn list(desk: &Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let now = crate::clock::now();
    let columns = ["case", "opened", "aware", "by", "people", "versions", "next_due", "stands"];
    let mut sheet = Sheet::new("cases", "cases", &columns);
    for case in desk.site.store(async |store| store.cases().await)? {
        let clocks = case.clocks(now);
        let running = clocks.iter().filter(|it| matches!(it.state, ClockState::Left(_) | ClockState::Overdue(_)));
        let next = running.min_by_key(|clock| clock.due_at);
        let stands = match (&case.closed, next) {
            (Some(_), _) => "closed".to_owned(),
            (None, Some(clock)) => format!("{} ({})", clock.state.words(), clock.law.id),
            (None, None) => "no clock runs".to_owned(),
        };
        sheet.rows.push(vec![
            json!(case.name),
            json!(case.opened_at),
            json!(case.aware_at),
            json!(case.opened_by.what),
            json!(case.people.len()),
            json!(case.versions.len()),
            json!(next.and_then(|clock| clock.due_at).filter(|_| case.closed.is_none())),
            json!(stands),
        ]);
    }
    if sheet.rows.is_empty() {
        sheet.notes.push("no case was ever opened: `sever case open NAME` opens one".to_owned());
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

pub(super) fn log(name: &str, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    desk.case(name)?;
    desk.looked(name, "the log")?;
    let rows = desk.site.store(async |store| store.case_rows(name).await)?;
    let mut sheet = Sheet::new("case-log", format!("case {name}, who did and saw what"), &["at", "who", "act", "what"]);
    let mut versions = 0;
    for row in &rows {
        let (act, what) = told(&row.act, &mut versions);
        sheet.rows.push(vec![json!(row.at), json!(row.who), json!(act), json!(what)]);
    }
    sheet.notes.push(format!("{}, this look among them; the journal only grows", counted(rows.len() as u64, "row")));
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

/// An act in a word and a line.
fn told(act: &CaseAct, versions: &mut usize) -> (&'static str, String) {
    match act {
        CaseAct::Opened { by, aware_at, .. } => {
            let digest = by.digest.as_deref().map_or_else(String::new, |digest| format!(", file {}", short(digest)));
            ("opened", format!("{}{digest}; aware since {aware_at}", by.what))
        }
        CaseAct::Named { people, unknown, from } => {
            let people = counted(people.len() as u64, "person");
            ("named", format!("{people}, and {} of nobody who is known here, in {from}", counted(*unknown, "id")))
        }
        CaseAct::Shared { given, things } => {
            let first = things.first().map_or_else(|| "nothing".to_owned(), |it| format!("{} {}", it.kind, it.thing));
            ("shared", format!("what {} share: first {first}", counted(*given, "person")))
        }
        CaseAct::Held { hold } => ("held", hold.clone()),
        CaseAct::Froze { frozen } => {
            *versions += 1;
            ("froze", format!("version {versions}, {}: {}", short(&frozen.digest), bounds(frozen)))
        }
        CaseAct::Drafted { law, to, version, digest } => {
            ("drafted", format!("notice to {to} ({law}) from version {version}, {}", short(digest)))
        }
        CaseAct::Told { law, to, at, how } => ("told", format!("{to} ({law}) at {at}: {how}")),
        CaseAct::Looked { at } => ("looked", at.clone()),
        CaseAct::Closed { reason } => ("closed", reason.clone()),
    }
}
