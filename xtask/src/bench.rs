//! `cargo xtask bench`: builds `sever-bench` optimised and runs it; for `cut`, `gate` and `truth` with the real servers
//! installed and within reach, for `gate`, `slow` and `truth` the binary too.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::command;
use crate::test::prepare::{self, Install};

/// What to measure.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Install nothing; what lacks its servers is skipped, which it says
    #[arg(long)]
    no_install: bool,
    /// `scan`, `facts`, `decode`, `plan`, `cut`, `gate`, `proof`, `reach`, `slow`, `watch`, `truth`, and their options;
    /// `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, default_value = "--help")]
    args: Vec<String>,
}

/// Runs it; its exit code says whether every bar of what was measured holds.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    let own = args.args.iter().map(String::as_str);
    let words = ["run", "--quiet", "--release", "--package", "sever-bench", "--"].into_iter().chain(own);
    let what = args.args.first().map_or("", String::as_str);
    let build = ["build", "--quiet", "--release", "--package", "sever", "--bin", "sever"];
    let mut bench = if matches!(what, "cut" | "gate" | "truth") {
        let tools = prepare::tools(if args.no_install { Install::Nothing } else { Install::Missing })?;
        if matches!(what, "gate" | "truth") {
            command::run(&mut tools.cargo(build))?;
        }
        tools.cargo(words)
    } else {
        if what == "slow" {
            command::run(&mut command::cargo(build))?;
        }
        command::cargo(words)
    };
    let status = bench.status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
