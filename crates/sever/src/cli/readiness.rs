//! `sever readiness`: what would be seen with today's files, and the lines to add.

use serde_json::json;
use sever_engine::{Hand, LogSample, Seeing};

use crate::cli::Global;
use crate::cli::logs::Logs;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Say which incidents would be seen with today's files, and the lines to add
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave out the lines to add
    #[arg(long)]
    pub brief: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let inventory = site.inventory(&Moment::now())?;
    let logs = Logs::of(&site);
    let inputs = &logs.inputs;
    let mut samples: Vec<LogSample> = Vec::new();
    for input in inputs {
        // One file of a log speaks for the others.
        if !samples.iter().any(|sample| sample.log == input.source.log) {
            samples.push(LogSample::take(input, &site.limits).map_err(anyhow::Error::from)?);
        }
    }
    let classes = site.classes(inputs);
    let hand = Hand { inventory: &inventory, samples: &samples, classes: &classes, register: site.has_register() };
    let readiness = sever_engine::readiness(&hand);

    let mut sheet = Sheet::new("readiness", "readiness", &["incident", "would_be", "need", "met", "because"]);
    sheet.coverage.lines = logs.not_covered();
    let mut missing: Vec<(&str, &str)> = Vec::new();
    for answer in &readiness.answers {
        for need in &answer.needs {
            let met = if need.met {
                "yes"
            } else if need.vital {
                "NO"
            } else {
                "no"
            };
            sheet.rows.push(vec![
                json!(answer.incident),
                json!(answer.seeing.word()),
                json!(need.what),
                json!(met),
                json!(need.because),
            ]);
            if !need.met && !missing.iter().any(|(what, _)| *what == need.what) {
                missing.push((need.what, need.cure));
            }
        }
    }
    if inventory.coverage().lines.is_empty() {
        sheet.notes.push("the inventory is empty: `sever sync` first, where sources are configured".to_owned());
    }
    if !args.brief {
        for (what, cure) in &missing {
            sheet.notes.push(format!("to add {what}:\n    {}", cure.replace('\n', "\n    ")));
        }
    }
    for answer in &readiness.answers {
        let lacking: Vec<&str> = answer.needs.iter().filter(|need| !need.met).map(|need| need.what).collect();
        let tail = if lacking.is_empty() { String::new() } else { format!(", for lack of {}", lacking.join("; ")) };
        sheet.notes.push(format!(
            "{} ({}): {}{tail}",
            answer.incident,
            answer.about,
            answer.seeing.word().to_uppercase()
        ));
    }
    sheet.notes.push(format!("with these files {} of the 4 incidents would be seen whole", readiness.seen()));
    out.sheet(&sheet)?;
    let whole = readiness.answers.iter().all(|answer| answer.seeing == Seeing::Seen);
    Ok(vec![if whole { Exit::Clean } else { Exit::CoverageIncomplete }])
}
