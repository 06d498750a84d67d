//! `sever proof`: the evidence of departures, shown, exported, anchored and checked.
//!
//! `check` needs nothing but the proof: no configuration, no data directory, no network. The others are
//! about the log of this installation.

mod anchor;
mod check;
mod export;
mod sheets;
mod show;

use std::collections::BTreeSet;

use sever_store::proof::{LogReader, ProofError};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;

/// Show, export, anchor and check the evidence of departures
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the statements of the log
    Show(show::Args),
    /// Write a proof that a stranger can check: a folder, or one tar
    Export(export::Args),
    /// Have others attest to the log: write what to ask them, take in what they answer
    Anchor(anchor::Args),
    /// Write the auditor's sheets: the population, a page per leaver, the standards
    Sheets(sheets::Args),
    /// Check a proof, offline and with nothing else
    Check(check::Args),
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    match &args.what {
        What::Show(args) => show::run(args, global, out),
        What::Export(args) => export::run(args, global, out),
        What::Anchor(args) => anchor::run(args, global, out),
        What::Sheets(args) => sheets::run(args, global, out),
        What::Check(args) => check::run(args, out),
    }
}

/// The log of an installation.
fn reader(site: &Site) -> Result<LogReader, Failure> {
    LogReader::open(&site.config.data_dir).map_err(proof_failure)
}

/// The departure that a digest, or the beginning of one, stands for.
fn departure(reader: &LogReader, given: &str) -> Result<String, Failure> {
    let entries = reader.entries().map_err(proof_failure)?;
    let known: BTreeSet<&str> = entries.iter().filter_map(|it| it.departure.as_deref()).collect();
    let beginning: Vec<&str> = known.iter().copied().filter(|id| !given.is_empty() && id.starts_with(given)).collect();
    match beginning.as_slice() {
        _ if known.contains(given) => Ok(given.to_owned()),
        [one] => Ok((*one).to_owned()),
        [] => Err(Failure::unknown("departure", given, known).exit(Exit::NothingLooked)),
        several => Err(Failure::usage(format!("{} departures begin with `{given}`", several.len()))
            .hint(format!("one of {}", several.join(", ")))),
    }
}

/// Why the log could not do its work.
pub(super) fn proof_failure(error: ProofError) -> Failure {
    let exit = if matches!(error, ProofError::Empty(_)) { Exit::NothingLooked } else { Exit::Failed };
    let failure = Failure::new(error.to_string()).exit(exit);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
