//! `sever completions`: a completion script for a shell.

use clap_complete::Shell;

use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "sever", &mut script);
    out.text(&String::from_utf8_lossy(&script));
    Ok(vec![Exit::Clean])
}
