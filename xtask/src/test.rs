//! `cargo xtask test`: every test there is, with what they need installed first.
//!
//! ```text
//! prepare   the real servers, their clients and the validators, where they are not there yet
//! cargo     every test of the workspace, doc tests too
//! suites    what the binary emits and says, held against schemas that others wrote
//! tally     `N passed, N failed, N skipped`
//! ```
//!
//! A suite that cannot run is SKIPPED with its reason and the run says INCOMPLETE: it then shows that
//! nothing failed, not that everything works. Under `CI` a skip is a failure, for there the machine
//! is ours.

mod cargo;
mod guides;
pub(crate) mod prepare;
mod suites;
mod tally;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::command;
use tally::Tally;

/// What to run.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Install nothing; suites that lack something are skipped
    #[arg(long)]
    no_install: bool,
    /// Only the suites after the cargo tests
    #[arg(long)]
    suites_only: bool,
}

/// Runs them.
pub(crate) fn run(args: &TestArgs) -> Result<ExitCode> {
    let tools = prepare::tools(if args.no_install { prepare::Install::Nothing } else { prepare::Install::Missing })?;
    let mut tally = Tally::default();
    let mut built = true;
    if !args.suites_only {
        built = cargo::run(&tools, &mut tally)?;
    }
    if built {
        suites::run(&tools, &mut tally)?;
    } else {
        tally.failed("build", "the workspace does not build, so no suite was run");
    }
    let strict = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let complete = tally.report(&mut command::print);
    let good = tally.good() && (complete || !strict);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests;
