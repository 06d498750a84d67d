//! `cargo xtask bench`: builds `sever-bench` optimised and runs it; for `truth`, the binary too.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::command;

/// What to measure.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// `scan`, `facts`, `decode`, `plan`, `proof`, `truth`, and their options; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, default_value = "--help")]
    args: Vec<String>,
}

/// Runs it; its exit code says whether every bar of `scan`, `facts`, `plan` and `proof` holds.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    if args.args.first().is_some_and(|what| what == "truth") {
        command::run(&mut command::cargo(["build", "--quiet", "--release", "--package", "sever", "--bin", "sever"]))?;
    }
    let words = ["run", "--quiet", "--release", "--package", "sever-bench", "--"];
    let status = command::cargo(words.into_iter().chain(args.args.iter().map(String::as_str))).status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
