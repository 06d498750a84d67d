//! Every test that cargo knows.

use std::process::Command;

use anyhow::{Context, Result};

use super::prepare::Tools;
use super::tally::Tally;
use crate::command;

/// Runs them all; whether the workspace builds.
pub(crate) fn run(tools: &Tools, tally: &mut Tally) -> Result<bool> {
    let skips = tools.folder.join("skips.txt");
    std::fs::write(&skips, "").with_context(|| format!("cannot write {}", skips.display()))?;
    if !with(tools, &["test", "--workspace", "--no-run"]).status()?.success() {
        return Ok(false);
    }
    if command::on_path("cargo-nextest") {
        part(tools, tally, "nextest", &["nextest", "run", "--workspace", "--no-fail-fast"])?;
        part(tools, tally, "doc tests", &["test", "--workspace", "--doc", "--no-fail-fast"])?;
    } else {
        part(tools, tally, "cargo test", &["test", "--workspace", "--no-fail-fast"])?;
    }
    // A test cannot tell its runner that it skipped: the testkit writes it here.
    let skipped = std::fs::read_to_string(&skips).context("cannot read what was skipped")?;
    for (suite, why) in skipped.lines().filter_map(|line| line.split_once('\t')) {
        tally.take_back();
        tally.skipped(suite, why);
    }
    Ok(true)
}

fn part(tools: &Tools, tally: &mut Tally, name: &str, words: &[&str]) -> Result<()> {
    let before = tally.failures();
    let good = command::tee(&mut with(tools, words), &mut |line| tally.read(line))?;
    if !good && tally.failures() == before {
        tally.failed(name, "ended with an error and named no failed test");
    }
    Ok(())
}

/// Cargo with the tools of the tests within reach, and the file in which tests say what they skipped.
fn with(tools: &Tools, words: &[&str]) -> Command {
    let mut command = tools.cargo(words.iter().copied());
    command.env("SEVER_TEST_SKIPS", tools.folder.join("skips.txt")).env("CARGO_TERM_COLOR", "never");
    command
}
