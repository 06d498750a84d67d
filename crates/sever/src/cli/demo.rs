//! `sever demo`: the incidents, replayed end to end on files such as those companies had.
//!
//! Nothing here is special to the demo but the clock: the play's files are written, and then the
//! same configuration, sources, decoders, judge and detectors that a user runs are run over them,
//! with each listing known from the day it speaks of. What was said is compared with the truth, which
//! nothing but the comparison reads, and with what usual monitoring says of the same events.
//!
//! Where it is public which doors were left open, the departure is also planned, cut and tried, on
//! stand-ins for the company's systems in this process, and the same misuse comes once more.

mod closing;
mod replay;
mod review;
mod standin;
mod table;

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::{Format, Sheet};

/// Replay an incident end to end, no credentials needed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The incident (default: all)
    pub incident: Option<String>,
    /// List the incidents and their variants
    #[arg(long)]
    pub list: bool,
    /// Share of the real numbers: 1 is as large as it was
    #[arg(long, default_value_t = 0.001)]
    pub scale: f64,
    /// The same seed gives the same files
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Another way the incident could have gone (`--list` names them)
    #[arg(long, requires = "incident")]
    pub variant: Option<String>,
    /// Share of forged tokens that name somebody who never existed
    #[arg(long, default_value_t = 0.23)]
    pub unknown_share: f64,
    /// Keep the files, to try the other commands on them
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    if args.list {
        return list(out);
    }
    let incidents = match &args.incident {
        Some(id) => {
            let known = sever_replay::INCIDENTS.iter().map(|incident| incident.id);
            let found = sever_replay::INCIDENTS.iter().find(|incident| incident.id == id.as_str());
            vec![found.ok_or_else(|| Failure::unknown("incident", id, known))?]
        }
        None => sever_replay::INCIDENTS.iter().collect(),
    };
    let temporary = match &args.keep {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| Failure::new(format!("no temporary folder: {error}")))?),
    };
    let base = match (&args.keep, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => dir.path().to_owned(),
        (None, None) => PathBuf::from("."),
    };
    let mut told = Vec::new();
    for incident in incidents {
        out.note(&format!("{}: {} …", incident.id, incident.title));
        told.push(replay::play(incident, args, global, &base.join(incident.id), out)?);
    }
    match out.format {
        Format::Json => {
            let rows: Vec<Value> = told.iter().map(replay::Told::json).collect();
            out.text(&format!("{:#}\n", Value::Array(rows)));
        }
        _ => table::print(&told, out)?,
    }
    if let Some(dir) = &args.keep {
        let first = told.first().map_or("coupang", |told| told.incident.id);
        out.note(&format!("kept in {}", dir.display()));
        out.hint(&format!("cd {} && sever findings", dir.join(first).display()));
    }
    Ok(vec![if told.iter().all(replay::Told::as_it_should_be) { Exit::Clean } else { Exit::Failed }])
}

fn list(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut sheet = Sheet::new("incidents", "incidents", &["incident", "variant", "about"]);
    for incident in sever_replay::INCIDENTS {
        sheet.rows.push(vec![incident.id.into(), "".into(), incident.title.into()]);
        for (variant, about) in incident.variants {
            sheet.rows.push(vec![incident.id.into(), (*variant).into(), (*about).into()]);
        }
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}
