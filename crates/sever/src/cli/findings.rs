//! `sever findings`: list, show and close; and how every command prints findings.

use serde_json::json;
use sever_detect::registry;
use sever_model::{Coverage, Finding, Stage};
use sever_store::{Closed, FindingFilter, FindingState, How, Kept};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::{Format, Sheet};

/// List, show and close findings
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The finding to show, by its id or the beginning of it
    pub id: Option<String>,
    /// Close the finding as what it turned out to be
    #[arg(long, value_name = "AS", requires = "id", requires = "reason")]
    pub close: Option<Close>,
    /// Why it is closed
    #[arg(long, value_name = "TEXT", requires = "close")]
    pub reason: Option<String>,
    /// Who closes it
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    pub by: String,
    /// Show closed ones too
    #[arg(long)]
    pub all: bool,
    /// As we knew them then (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
    /// Those about what was so then (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
}

/// What a finding turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Close {
    /// It was so, and has been dealt with
    Real,
    /// It was so, and is meant to be
    Expected,
    /// It was not so
    FalseAlarm,
    /// Another finding says the same
    Duplicate,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    if let Some(id) = &args.id {
        let kept = site.store(async |store| store.finding(id).await)?;
        if let (Some(how), Some(reason)) = (args.close, &args.reason) {
            let at = crate::clock::now();
            let closed = Closed { how: how.into(), reason: reason.clone(), by: args.by.clone(), at };
            let id = kept.finding.id.clone();
            site.store_mut(async |store| store.close_finding(&id, &closed).await)?;
            out.note(&format!("closed {id} as {}: {reason}", closed.how.word()));
            return Ok(vec![Exit::Clean]);
        }
        return page(&kept, out);
    }
    let time = |text: &Option<String>| text.as_deref().map(sever_model::WallTime::parse).transpose();
    let known_at = time(&args.known_at).map_err(anyhow::Error::from)?;
    let as_of = args.as_of.as_deref().map(sever_model::EventTime::parse).transpose().map_err(anyhow::Error::from)?;
    let state = (!args.all).then_some(FindingState::Open);
    let filter = FindingFilter { state, known_at, ..FindingFilter::default() };
    let mut kept = site.store(async |store| store.findings(&filter).await)?;
    kept.retain(|kept| as_of.is_none_or(|at| kept.finding.first <= at));
    let runs = site.store(async |store| store.runs().await)?;
    let found = kept.into_iter().map(|kept| kept.finding).collect();
    let (found, accepted) = site.unsuppressed(found);
    let coverage = site.inventory(&Moment::now())?.coverage().clone();
    let mut sheet = sheet(&found, coverage);
    accepted_note(accepted, &mut sheet.notes);
    let Some(last) = runs.first() else {
        return Err(Failure::new("nothing has been judged yet, so there is nothing to list")
            .hint("`sever check` judges the standing state, `sever scan` the logs")
            .exit(Exit::NothingLooked));
    };
    sheet.notes.push(format!("last judged {} ({})", last.known_at, last.id));
    sheet.exits = exits(&sheet);
    out.sheet(&sheet)?;
    if !sheet.findings.is_empty() {
        out.hint("`sever findings ID` shows one with its evidence");
    }
    Ok(sheet.exits)
}

/// One finding, whole.
fn page(kept: &Kept, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let finding = &out.shown(&kept.finding)?;
    match out.format {
        Format::Json => out.text(&format!("{:#}\n", json!(finding))),
        Format::Jsonl => out.text(&format!("{}\n", json!(finding))),
        Format::Sarif | Format::Ocsf => {
            out.sheet(&sheet(std::slice::from_ref(finding), Coverage::default()))?;
        }
        _ => {
            let meta = registry::Registered::named(&finding.detector).map(|registered| registered.meta);
            out.finding(finding, meta);
            if let Some(closed) = &kept.closed {
                out.text(&format!(
                    "closed {} as {} by {}: {}\n",
                    closed.at,
                    closed.how.word(),
                    closed.by,
                    closed.reason
                ));
            }
        }
    }
    Ok(vec![Exit::finding(finding.severity)])
}

/// Says how many findings somebody has accepted, so that an empty list is not taken for a clean one.
pub(super) fn accepted_note(accepted: usize, notes: &mut Vec<String>) {
    if accepted > 0 {
        notes.push(format!("{accepted} more are accepted by `[[suppress]]` in the configuration"));
    }
}

impl From<Close> for How {
    fn from(close: Close) -> How {
        match close {
            Close::Real => How::Real,
            Close::Expected => How::Expected,
            Close::FalseAlarm => How::FalseAlarm,
            Close::Duplicate => How::Duplicate,
        }
    }
}

/// Findings as a table, with what was covered.
pub(super) fn sheet(findings: &[Finding], coverage: Coverage) -> Sheet {
    let columns =
        ["id", "severity", "confidence", "stage", "detector", "finding", "count", "first", "last", "known_at"];
    let brief = ["id", "severity", "detector", "finding", "first", "known_at"];
    let mut sheet = Sheet::new("findings", "findings", &columns).brief(&brief);
    sheet.rules = registry::DETECTORS.iter().map(|registered| registered.meta).collect();
    for finding in findings {
        sheet.rows.push(vec![
            json!(finding.id),
            json!(finding.severity),
            json!(finding.confidence),
            json!(finding.stage),
            json!(finding.detector),
            json!(finding.sentence()),
            json!(finding.count),
            json!(finding.first),
            json!(finding.last),
            json!(finding.known_at),
        ]);
    }
    if findings.is_empty() {
        sheet.notes.push("no findings".to_owned());
    }
    sheet.findings = findings.to_vec();
    sheet.coverage = coverage;
    sheet
}

/// What printed findings come to: the gravest confirmed one, and the coverage.
pub(super) fn exits(sheet: &Sheet) -> Vec<Exit> {
    let confirmed = sheet.findings.iter().filter(|finding| finding.stage == Stage::Confirmed);
    let mut exits: Vec<Exit> = confirmed.map(|finding| Exit::finding(finding.severity)).collect();
    exits.extend(Exit::coverage(&sheet.coverage));
    exits.push(Exit::Clean);
    exits
}
