//! `sever watch`: judge live.
//!
//! One thread follows, judges and commits ([`run`]); others take what is pushed ([`serve`]) and tell what
//! was found ([`tell`]). They meet in the spool, whose files are followed like any, and in the outbox.

pub(in crate::cli) mod folder;
mod live;
mod serve;
mod status;
mod tell;

use std::path::PathBuf;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;

/// Judge live: follow the configured logs, and tell what is found
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Logs to follow instead of all: names from the configuration
    logs: Vec<PathBuf>,
    /// Stop once all that there is now has been judged; the next watch goes on from there
    #[arg(long)]
    once: bool,
    /// Take standard input as records of this log, whose `path` is the folder where they are kept
    #[arg(long, value_name = "LOG")]
    stdin: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say how the watch of this data directory stands: lag, rate, rejects, drops, what waits to be told
    Status,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    match &args.command {
        Some(Command::Status) => status::show(global, out),
        None => live::run(args, global, out),
    }
}
