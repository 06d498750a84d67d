//! `sever proof sheets`: what an auditor takes away: the population, a page per leaver, the standards.
//!
//! It names people, so it needs a reason, which is recorded.

use std::fs;
use std::path::{Path, PathBuf};

use sever_engine::population::{CONTROLS, Outcome, Population, answered, population};
use sever_model::{Departure, EventTime, Inventory, WallTime};

use crate::cli::Global;
use crate::cli::cut::page;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::{Format, Sheet};

/// Write the auditor's sheets: the population, a page per leaver, the standards
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The first day of the period
    #[arg(long, value_name = "DATE")]
    since: String,
    /// The day after its last
    #[arg(long, value_name = "DATE")]
    until: String,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    if site.config.privacy.pseudonyms {
        site.allow(Deed::Reveal, global)?;
    }
    let day = |text: &str| site.config.zone.start_of(text).map_err(anyhow::Error::from);
    let (from, to) = (day(&args.since)?, day(&args.until)?);
    if from >= to {
        return Err(Failure::usage("the period ends before it begins"));
    }
    let cases = cases(&site)?;
    let inventory = site.inventory(&Moment::now())?;
    let population = population(&inventory, &cases, from, to);
    let sheet = summary(&population, from, to);
    fs::create_dir_all(args.out.join("leavers")).map_err(|error| cannot_write(&args.out, &error))?;
    let write = |name: &str, text: &str| {
        let path = args.out.join(name);
        fs::write(&path, text).map_err(|error| cannot_write(&path, &error))
    };
    write("population.csv", &people(&population, &inventory, &cases)?)?;
    write("standards.csv", &standards(&population, &cases)?)?;
    for leaver in &population.leavers {
        let Some(case) = leaver.case.and_then(|at| cases.get(at)) else { continue };
        let mut of_one = page::sheet("leaver", case);
        of_one.coverage = case.plan.coverage.clone();
        let stem: String =
            leaver.id.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        write(&format!("leavers/{stem}.csv"), &rendered(&of_one, Format::Csv)?)?;
        write(&format!("leavers/{stem}.html"), &html(&of_one, &leaver.end))?;
    }
    out.sheet(&sheet)?;
    out.note(&format!("written to {}", args.out.display()));
    let bad = [Outcome::Open, Outcome::Unknown, Outcome::NotCut].map(|it| population.count(it));
    Ok(match bad {
        _ if population.leavers.is_empty() => vec![Exit::NothingLooked],
        [0, 0, 0] => vec![Exit::Clean],
        [open, unknown, not_cut] => {
            let open = (open + not_cut > 0).then_some(Exit::DoorsOpen);
            open.into_iter().chain((unknown > 0).then_some(Exit::DoorsUnknown)).collect()
        }
    })
}

/// Every departure that was begun, as its journal tells it.
fn cases(site: &Site) -> Result<Vec<Departure>, Failure> {
    let mut cases = Vec::new();
    for row in site.store(async |store| store.departures().await)? {
        let acts = site.store(async |store| store.acts(&row.digest).await)?;
        cases.push(Departure::of(row.plan, &acts));
    }
    Ok(cases)
}

/// How many leavers are in each class; the last row is their sum.
fn summary(population: &Population, from: EventTime, to: EventTime) -> Sheet {
    let title = format!("leavers whose access ended from {from} to {to}, by HR");
    let mut sheet = Sheet::new("population", title, &["class", "leavers"]);
    let mut sum = 0;
    for outcome in Outcome::ALL {
        let count = population.count(outcome);
        sum += count;
        sheet.rows.push(vec![outcome.words().into(), count.into()]);
    }
    // INVARIANT: every leaver is in one class.
    debug_assert_eq!(sum, population.leavers.len());
    sheet.rows.push(vec!["all".into(), population.leavers.len().into()]);
    let shown = |at: Option<i64>| at.map_or("–".to_owned(), |minutes| format!("{minutes} min"));
    sheet.notes.push(format!(
        "from the end of access to a door seen closed for good: half of the doors within {}, 95 of 100 within {}",
        shown(population.percentile(50)),
        shown(population.percentile(95))
    ));
    sheet
}

fn people(population: &Population, inventory: &Inventory, cases: &[Departure]) -> Result<String, Failure> {
    let header =
        ["person", "name", "access_ended", "class", "doors", "closed", "proven", "open", "unknown", "plan", "begun"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for leaver in &population.leavers {
        let case = leaver.case.and_then(|at| cases.get(at));
        let counts = case.map(Departure::counts).unwrap_or_default();
        let name = inventory.person(leaver.person).map_or(String::new(), |entry| entry.it.name.clone());
        rows.push(vec![
            leaver.id.to_string(),
            name,
            leaver.end.to_string(),
            leaver.outcome.words().to_owned(),
            case.map_or(0, |case| case.doors.len()).to_string(),
            counts.closed.to_string(),
            counts.proven.to_string(),
            counts.open.to_string(),
            counts.unknown.to_string(),
            case.map_or(String::new(), |case| page::short(&case.digest).to_owned()),
            case.and_then(|case| case.begun_at).map_or(String::new(), |at: WallTime| at.to_string()),
        ]);
    }
    csv_of(&rows)
}

fn standards(population: &Population, cases: &[Departure]) -> Result<String, Failure> {
    let header =
        ["standard", "control", "asks", "limit_minutes", "doors", "closed", "late", "not_closed", "leavers_not_cut"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for control in &CONTROLS {
        let answer = answered(control, population, cases);
        rows.push(vec![
            control.standard.to_owned(),
            control.control.to_owned(),
            control.asks.to_owned(),
            control.minutes_max.map_or(String::new(), |minutes| minutes.to_string()),
            answer.doors.to_string(),
            answer.closed.to_string(),
            answer.late.to_string(),
            answer.not_closed.to_string(),
            answer.not_cut.to_string(),
        ]);
    }
    csv_of(&rows)
}

fn csv_of(rows: &[Vec<String>]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(anyhow::Error::from)?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn rendered(sheet: &Sheet, format: Format) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    crate::render::write(&mut bytes, sheet, format, &crate::render::Style::new(false, None))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One leaver's page: a table, and what was not covered; nothing is loaded from anywhere.
fn html(sheet: &Sheet, end: &EventTime) -> String {
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => escaped(text),
        serde_json::Value::Null => String::new(),
        other => escaped(&other.to_string()),
    };
    let head: String = sheet.columns.iter().map(|it| format!("<th scope=\"col\">{}</th>", escaped(&it.name))).collect();
    let rows = sheet.rows.iter().map(|row| {
        let cells: String = row.iter().map(|value| format!("<td>{}</td>", cell(value))).collect();
        format!("<tr>{cells}</tr>\n")
    });
    let notes = sheet.notes.iter().map(|note| format!("<li>{}</li>\n", escaped(note)));
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<style>body{{font:15px \
         sans-serif;margin:2em}}table{{border-collapse:collapse}}td,th{{border:1px solid #767676;padding:.3em \
         .6em;text-align:left;vertical-align:top}}</style>\n<h1>{title}</h1>\n<p>Access ended {end}.</p>\n<table>\
         <caption>Every door, and what trying it showed</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\
         </table>\n<ul>\n{notes}</ul>\n</html>\n",
        title = escaped(&sheet.title),
        rows = rows.collect::<String>(),
        notes = notes.collect::<String>(),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write `{}`: {error}", path.display()))
}
