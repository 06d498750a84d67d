//! `sever sync`: pull the inventory.

use serde_json::json;
use sever_engine::SyncLine;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Pull the inventory, and say what was not covered
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let now = crate::clock::now();
    let outcome = site.sync(&|_| now)?;
    let register = site.register(out)?;

    let columns = ["source", "listing", "result", "records", "added", "changed", "ended", "unchanged", "rejected"];
    let mut sheet = Sheet::new("sync", "sync", &columns);
    for line in &outcome.lines {
        sheet.rows.push(row(line));
        sheet.coverage.lines.extend(line.coverage.clone());
    }
    for line in &outcome.lines {
        notes(line, &mut sheet.notes);
    }
    if let Some(register) = register {
        use sever_model::SubjectRegister as _;
        sheet.notes.push(format!(
            "register: {} subjects, complete until {}",
            register.len(),
            register.complete_until()
        ));
    }
    out.sheet(&sheet)?;
    let mut exits = Vec::new();
    if outcome.lines.is_empty() {
        exits.push(Exit::NothingLooked);
    }
    if outcome.braked() {
        out.hint("a brake tripped and nothing of that listing was applied: look at the file, or raise `[brakes]` for this once");
        exits.push(Exit::Refused);
    }
    if outcome.failed() {
        exits.push(if outcome.lines.iter().all(|line| line.failed.is_some()) { Exit::Failed } else { Exit::Partly });
    }
    let partial = sheet.coverage.lines.iter().any(|line| !line.gaps.is_empty() || line.rejected > 0);
    exits.push(if partial { Exit::CoverageIncomplete } else { Exit::Clean });
    Ok(exits)
}

fn row(line: &SyncLine) -> Vec<serde_json::Value> {
    let applied = line.applied.as_ref();
    let result = match (&line.failed, applied) {
        (Some(_), _) => "FAILED",
        (None, Some(applied)) if applied.braked.is_some() => "BRAKED",
        (None, Some(_)) => "applied",
        (None, None) => "unchanged",
    };
    let coverage = line.coverage.as_ref();
    vec![
        json!(line.source),
        json!(line.listing),
        json!(result),
        json!(coverage.map(|coverage| coverage.records)),
        json!(applied.map(|applied| applied.added)),
        json!(applied.map(|applied| applied.changed + applied.corrected)),
        json!(applied.map(|applied| applied.ended)),
        json!(applied.map(|applied| applied.unchanged)),
        json!(coverage.map(|coverage| coverage.rejected)),
    ]
}

/// What was not covered, and why: a line each.
fn notes(line: &SyncLine, notes: &mut Vec<String>) {
    let place = match line.listing.as_str() {
        "" => line.source.to_string(),
        listing => format!("{} {listing}", line.source),
    };
    if let Some((what, hint)) = &line.failed {
        notes.push(format!("{place}: {what}"));
        notes.extend(hint.iter().map(|hint| format!("  hint: {hint}")));
    }
    if let Some(braked) = line.applied.as_ref().and_then(|applied| applied.braked.as_ref()) {
        notes.push(format!("{place}: not applied: {}", braked.why));
    }
    for reject in &line.rejects {
        let at = reject.line.map_or(format!("byte {}", reject.offset), |line| format!("line {line}"));
        notes.push(format!("{place}: {at} not read: {}", reject.reason));
    }
}
