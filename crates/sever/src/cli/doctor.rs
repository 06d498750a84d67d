//! `sever doctor`: can each source and log be read, does each connection answer, and do issuances and uses
//! meet?
//!
//! The logs are judged without detectors and without keeping anything: what a class's two sides have
//! in common is counted over all of them, not guessed from a sample.

mod connections;

use serde_json::json;
use sever_engine::LogInput;
use sever_model::{SubjectRegister, counted};

use crate::cli::Global;
use crate::cli::logs::Logs;
use crate::cli::output::Output;
use crate::cli::scan;
use crate::cli::site::{Keep, Moment, Site, Sources};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Try whether each source and log can be read, each connection answers, and issuances and uses meet
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only open the sources and logs; do not count what meets
    #[arg(long)]
    pub quick: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let mut sheet = Sheet::new("doctor", "doctor", &["what", "name", "state", "found"]);
    let mut exits = vec![Exit::Clean];
    let Sources { opened: sources, failed } = site.sources();
    for (id, failure) in &failed {
        exits.push(Exit::Partly);
        sheet.rows.push(vec![json!("source"), json!(id), json!("FAILED"), json!(failure.what)]);
    }
    for source in sources {
        let (state, found) = match source.listings() {
            Ok(listings) if listings.is_empty() => ("EMPTY", "no listing".to_owned()),
            Ok(listings) => {
                let newest = listings.last().map(|listing| format!("newest {} of {}", listing.name, listing.at));
                ("ok", format!("{}, {}", counted(listings.len() as u64, "listing"), newest.unwrap_or_default()))
            }
            Err(error) => ("FAILED", error.to_string()),
        };
        if state != "ok" {
            exits.push(Exit::Partly);
        }
        sheet.rows.push(vec![json!("source"), json!(source.id()), json!(state), json!(found)]);
    }
    exits.extend(connections::asked(&site, &mut sheet));
    let logs = Logs::of(&site);
    for (id, failure) in &logs.failed {
        exits.push(Exit::Partly);
        sheet.rows.push(vec![json!("log"), json!(id), json!("FAILED"), json!(failure.what)]);
    }
    for input in &logs.inputs {
        let sample = sever_engine::LogSample::take(input, &site.limits).map_err(anyhow::Error::from)?;
        let state = match (sample.events, sample.rejects) {
            (0, _) => "NOTHING READ",
            (_, 0) => "ok",
            _ => "partly",
        };
        if state != "ok" {
            exits.push(Exit::CoverageIncomplete);
        }
        let fields: Vec<&str> = sample.fields.keys().copied().collect();
        let found = format!(
            "{}, {} and {} in its head; has {}",
            sample.format,
            counted(sample.events, "event"),
            counted(sample.rejects, "reject"),
            fields.join(" ")
        );
        sheet.rows.push(vec![json!("log"), json!(input.source.id), json!(state), json!(found)]);
    }
    if !args.quick && !logs.inputs.is_empty() {
        classes(&mut site, logs.inputs, &mut sheet, &mut exits, out)?;
    }
    sheet.notes.push("nothing was changed, here or elsewhere".to_owned());
    out.sheet(&sheet)?;
    Ok(exits)
}

/// Counts, per class, what was issued, what was used, and what met.
fn classes(
    site: &mut Site,
    inputs: Vec<LogInput>,
    sheet: &mut Sheet,
    exits: &mut Vec<Exit>,
    out: &mut Output,
) -> Result<(), Failure> {
    let inventory = site.inventory(&Moment::now())?;
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);
    let outcome = site.scan(inputs, &inventory, register, None, Keep::Nothing)?;
    for class in &outcome.report.classes {
        let uses = class.uses_issued + class.uses_mismatch + class.uses_never_issued + class.uses_expired;
        let state = match (class.issued, uses, class.uses_issued) {
            (0, ..) => "NO ISSUANCE",
            (_, 0, _) => "NO USE",
            (_, _, 0) => "NEVER MEET",
            _ => "ok",
        };
        if state != "ok" {
            exits.push(Exit::CoverageIncomplete);
        }
        let found = format!("{} issued, {} judged, {} met", class.issued, counted(uses, "use"), class.uses_issued);
        let name = format!("{} of {}", class.name, class.issuer);
        sheet.rows.push(vec![json!("class"), json!(name), json!(state), json!(found)]);
    }
    scan::judged(&outcome.report, &mut sheet.notes);
    Ok(())
}
