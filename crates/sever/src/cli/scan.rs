//! `sever scan`: judge history.

use std::path::PathBuf;

use sever_detect::{ClassReport, Report};
use sever_engine::{LogReport, ScanOutcome};
use sever_model::{CoverageBy, CoverageLine, Listing, Seen, SubjectRegister, counted};
use sever_store::RunKind;

use crate::cli::Global;
use crate::cli::findings;
use crate::cli::logs::Logs;
use crate::cli::output::Output;
use crate::cli::site::{Keep, Moment, Site};
use crate::exit::Exit;
use crate::hint::Failure;

/// Judge history: the configured logs, or only those named
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Logs to judge instead of the configured ones: names from the configuration, files, folders, or
    /// `s3://bucket/prefix`
    pub logs: Vec<PathBuf>,
    /// Do not keep judged uses for `sever reach`
    #[arg(long)]
    pub no_lake: bool,
    /// As we knew people and keys then (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open_or_bare(global, &args.logs, out)?;
    let mut moment = Moment::now();
    if let Some(text) = &args.known_at {
        moment.known_at = sever_model::WallTime::parse(text).map_err(anyhow::Error::from)?;
    }
    let logs = Logs::to_judge(&site, &args.logs)?;
    let missing = logs.not_covered();
    let inputs = logs.inputs;
    if inputs.is_empty() {
        return Err(Failure::new("there is no log to scan")
            .hint("name a file, or add a `[[log]]` to severance.toml; `sever init --from DIR` proposes them")
            .exit(Exit::NothingLooked));
    }
    let inventory = site.inventory(&moment)?;
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);
    let read = inputs.iter().map(|input| input.source.id.to_string()).collect();
    let keep = if args.no_lake { Keep::Nothing } else { Keep::Uses };
    let rules = site.rules_over(&inputs)?;
    let outcome = site.scan(inputs, &inventory, register, None, keep)?;
    site.save_findings(RunKind::Scan, read, &outcome.findings)?;

    let lines: Vec<CoverageLine> = outcome.logs.iter().map(log_line).chain(missing.iter().cloned()).collect();
    if keep == Keep::Uses {
        site.remember_scanned(&lines, &outcome.report)?;
    }
    let mut coverage = inventory.coverage().clone();
    coverage.lines.extend(outcome.logs.iter().map(log_line));
    let partly = !missing.is_empty() || outcome.logs.iter().any(|log| log.broken.is_some());
    coverage.lines.extend(missing);
    let unrun = !rules.outlook.not_evaluable.is_empty();
    coverage.lines.extend(rules.not_covered());
    let events: u64 = outcome.logs.iter().map(|log| log.accounting.events).sum();
    let (found, accepted) = site.unsuppressed(outcome.findings.clone());
    let mut sheet = findings::sheet(&found, coverage);
    findings::accepted_note(accepted, &mut sheet.notes);
    site.basis_note(&mut sheet.notes)?;
    rules.notes(&mut sheet.notes);
    notes(&outcome, inventory.people().is_empty(), &mut sheet.notes);
    sheet.exits = findings::exits(&sheet);
    if events == 0 {
        sheet.exits.push(Exit::NothingLooked);
    }
    if partly {
        sheet.exits.push(Exit::Partly);
    }
    if unrun || unjudged(&outcome.report) {
        sheet.exits.push(Exit::CoverageIncomplete);
    }
    out.sheet(&sheet)?;
    Ok(sheet.exits)
}

/// Whether some use of a token could not be judged: such a run is never clean.
fn unjudged(report: &Report) -> bool {
    let any = |class: &ClassReport| class.held_back > 0 || class.uses_unjudgeable.iter().any(|(_, count)| *count > 0);
    report.classes.iter().any(any) || !report.not_covered.is_empty() || report.not_covered_others > 0
}

/// What was judged and what could not be, the most important last.
fn notes(outcome: &ScanOutcome, nobody_known: bool, notes: &mut Vec<String>) {
    for log in &outcome.logs {
        if let Some(broken) = &log.broken {
            notes.push(format!("{}: reading stopped: {broken}", log.source.id));
        }
        for reject in &log.accounting.kept {
            notes.push(format!("{}: byte {} not read: {}", log.source.id, reject.offset, reject.reason));
        }
        let more = log.accounting.rejects.saturating_sub(log.accounting.kept.len() as u64);
        if more > 0 {
            notes.push(format!("{}: {} not read", log.source.id, counted(more, "more record")));
        }
    }
    if outcome.findings_dropped > 0 {
        notes.push(format!(
            "{} did not fit and were only counted",
            counted(outcome.findings_dropped, "further finding")
        ));
    }
    if outcome.symbols_overflowed > 0 {
        notes.push(format!("{} names past the limit of a run were not told apart", outcome.symbols_overflowed));
    }
    if nobody_known {
        notes.push("no people are known, so nothing can be said of leavers: `sever sync` with an HR list".to_owned());
    }
    judged(&outcome.report, notes);
    let own = outcome.own_probes;
    if own.events > 0 {
        let (events, tries) = (counted(own.events, "event"), counted(own.tries, "try").replace("trys", "tries"));
        notes.push(format!("our own probes: {events} of {tries} that `sever cut` and `sever verify` recorded"));
    }
    let (events, rejects) = outcome
        .logs
        .iter()
        .fold((0, 0), |(events, rejects), log| (events + log.accounting.events, rejects + log.accounting.rejects));
    let (events, rejects) = (counted(events, "event"), counted(rejects, "record"));
    let files = counted(outcome.logs.len() as u64, "file");
    notes.push(format!("judged {events} of {files}; {rejects} could not be read"));
}

/// Gaps of a class that are told one by one.
const GAPS_SHOWN: usize = 5;

/// What the ledger says of each class, and of tokens that no class covers.
pub(super) fn judged(report: &Report, notes: &mut Vec<String>) {
    for class in &report.classes {
        notes.push(class_line(class));
        for gap in class.gaps.iter().take(GAPS_SHOWN) {
            let lost = gap.lost.map_or("an unknown number".to_owned(), |lost| lost.to_string());
            let claim = gap
                .claimants
                .map_or(String::new(), |count| format!("; {} may be from it", counted(count, "unknown token")));
            let of = if gap.node.is_empty() { String::new() } else { format!(" of node `{}`", gap.node) };
            let (from, to) = (gap.from, gap.to);
            notes.push(format!("  gap in the issuer's log{of}: {lost} missing between {from} and {to}{claim}"));
        }
        let more = (class.gaps.len().saturating_sub(GAPS_SHOWN) as u64).saturating_add(class.gaps_others);
        if more > 0 {
            notes.push(format!("  and {}", counted(more, "more gap")));
        }
        for (reason, count) in class.uses_unjudgeable.iter().filter(|(_, count)| *count > 0) {
            notes.push(format!("  {} unjudgeable: {}; {}", counted(*count, "use"), reason.words(), reason.cure()));
        }
        if class.uses_expired_answered > 0 {
            notes.push(format!(
                "  {} answered after the token's own end: that verifier does not look at it",
                counted(class.uses_expired_answered, "use")
            ));
        }
        if class.held_back > 0 {
            notes.push(format!(
                "  {} provisional: the issuer's log has not yet passed the settle window",
                counted(class.held_back, "use")
            ));
        }
        if class.conflicts > 0 {
            notes.push(format!("  {} issuances give a known id other claims", class.conflicts));
        }
    }
    for (issuer, count) in &report.not_covered {
        notes.push(format!("{} of tokens of `{issuer}` unjudgeable: class not covered", counted(*count, "use")));
    }
    if report.not_covered_others > 0 {
        notes.push(format!(
            "{} of further issuers unjudgeable: class not covered",
            counted(report.not_covered_others, "use")
        ));
    }
}

fn class_line(class: &ClassReport) -> String {
    let coverage = match (class.coverage_by, class.coverage_share) {
        (CoverageBy::Declared, _) => "coverage declared, not measured".to_owned(),
        (_, Some((share, lower))) => format!(
            "coverage {:.3} % of {}, at least {:.3} % at 95 % confidence",
            share * 100.0,
            counted(class.coverage_due, "record"),
            lower * 100.0
        ),
        (CoverageBy::Unknown, None) => "coverage unknown".to_owned(),
        (_, None) => "coverage not measurable yet".to_owned(),
    };
    let until = class.watermark.map_or("never seen".to_owned(), |until| format!("known until {until}"));
    format!(
        "class `{}` of {}: {} issued, {} issued, {} never issued, {} mismatched, {} expired; {coverage}; {until}",
        class.name,
        class.issuer,
        class.issued,
        counted(class.uses_issued, "use"),
        class.uses_never_issued,
        class.uses_mismatch,
        class.uses_expired
    )
}

/// What was seen of one file, as a line of coverage.
pub(super) fn log_line(log: &LogReport) -> CoverageLine {
    let mut gaps = Vec::new();
    gaps.extend(log.broken.as_ref().map(|broken| format!("reading stopped: {broken}")));
    let seen = match (log.accounting.events, gaps.is_empty() && log.accounting.rejects == 0) {
        (0, _) => Seen::NotAtAll,
        (_, true) => Seen::Whole,
        (_, false) => Seen::Partly,
    };
    CoverageLine {
        source: log.source.id.clone(),
        kinds: Vec::new(),
        seen,
        listing: Listing::Partial,
        from: log.first,
        to: log.last,
        records: log.accounting.events,
        rejected: log.accounting.rejects,
        gaps,
    }
}
