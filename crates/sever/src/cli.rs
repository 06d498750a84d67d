//! The command line: what there is to say, and who does it.
//!
//! One file per command in `cli/`, each with its arguments and a `run`. What they share (the
//! configuration, the store, the logs to open) is the [`site::Site`]; how they answer is the
//! [`output::Output`]. The help text here is the reference from which `docs/cli.md` is made.

mod case;
mod check;
mod common;
mod completions;
mod config;
mod cut;
mod decode;
mod demo;
mod doctor;
mod explain;
mod findings;
mod gate;
mod init;
mod lake;
mod list;
mod logs;
mod output;
mod places;
mod plan;
mod privacy;
mod proof;
mod reach;
mod readiness;
mod registry;
mod rights;
mod scan;
mod site;
mod sync;
mod verify;
mod watch;
mod who;

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::{ColorChoice, Format};
use output::Output;

/// Find everything a leaver can still reach, judge every use of every credential, and name whose
/// data was touched.
#[derive(Debug, Parser)]
#[command(name = "sever", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Configuration file (default: ./severance.toml)
    #[arg(long, global = true, value_name = "FILE", env = "SEVER_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where facts, findings and judged uses are kept (default: as configured, else ./severance-data)
    #[arg(long, global = true, value_name = "DIR", env = "SEVER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// How to print the answer (default: a table on a terminal, tab-separated when piped)
    #[arg(long, short = 'f', global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Whether to colour words
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Exit with 0 whatever was found (failures still fail)
    #[arg(long, global = true)]
    pub exit_zero: bool,
    /// Show people who are employed by name, for this reason; it is recorded
    #[arg(long, global = true, value_name = "REASON")]
    pub reveal: Option<String>,
    /// The role in which `--reveal` is asked for (default: the one that allows it)
    #[arg(long, global = true, value_name = "ROLE", requires = "reveal")]
    pub role: Option<String>,
}

/// The two times a question can be asked of.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Times {
    /// What was true then (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// As we knew it then (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay an incident end to end, no credentials needed
    Demo(demo::Args),
    /// Sniff a folder of exports and logs, and write a commented severance.toml
    Init(init::Args),
    /// Say which incidents would be seen with today's files, and the lines to add
    Readiness(readiness::Args),
    /// Try whether each source and log can be read, and whether issuances and uses meet
    Doctor(doctor::Args),
    /// Pull the inventory, and say what was not covered
    Sync(sync::Args),
    /// Print the inventory: people, leavers, accounts, keys, grants, groups …
    List(list::Args),
    /// Print what the decoders make of a log, event by event
    Decode(decode::Args),
    /// Say who holds a thing, who could have read it, who made it, since when, by what evidence
    Who(who::Args),
    /// Judge the standing state: every invariant, now
    Check(check::Args),
    /// Judge history: the configured logs, or those named
    Scan(scan::Args),
    /// Allow or refuse tokens as they are shown, for nginx, Envoy, Traefik or an application
    Gate(gate::Args),
    /// Judge live: follow the configured logs, and tell what is found
    Watch(watch::Args),
    /// List, show and close findings
    Findings(findings::Args),
    /// Say whose data a thing touched, and when
    Reach(reach::Args),
    /// Say what people have in common: keys, credentials, endpoints, networks, by lift
    Common(common::Args),
    /// Carry an incident: awareness, clocks, hold, frozen answers and their differences, drafts
    Case(case::Args),
    /// Say what the lake of judged uses holds; compact it, check it, hold it for the law
    Lake(lake::Args),
    /// Say what would be closed of a person, account or key, in which order, and why
    Plan(plan::Args),
    /// Close what an approved plan says, in its order, try every door, and prove it
    Cut(cut::Args),
    /// Try every door of a departure once more: ours, or what another tool says that it closed
    Verify(verify::Args),
    /// Say which rights are broad, and who has them by which path
    Rights(rights::Args),
    /// Show, export, anchor and check the evidence of departures
    Proof(proof::Args),
    /// Say what is kept of whom, for how long, and who saw it; erase, sweep, record a legal basis
    Privacy(privacy::Args),
    /// Explain a detector, format, source, connector or exit code
    Explain(explain::Args),
    /// List the detectors
    Detectors(registry::Args),
    /// List the log formats
    Formats(registry::Args),
    /// List the kinds of source
    Sources(registry::Args),
    /// List the kinds of live connection
    Connectors(registry::Args),
    /// Show the configuration in force, and where each value comes from
    Config(config::Args),
    /// Print the JSON schema of severance.toml
    Schema,
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// The command line's definition, for completions, reference and tests.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line and says how to exit.
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut output = Output::of(&cli.global);
    let exits = match run(&cli, &mut output) {
        Ok(exits) => exits,
        Err(failure) => {
            let exit = failure.exit;
            output.fail(&failure);
            vec![exit]
        }
    };
    let exits = output.close(exits);
    std::process::ExitCode::from(crate::exit::worst(&silenced(exits, cli.global.exit_zero)))
}

fn run(cli: &Cli, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Demo(args) => demo::run(args, global, out),
        Command::Init(args) => init::run(args, global, out),
        Command::Readiness(args) => readiness::run(args, global, out),
        Command::Doctor(args) => doctor::run(args, global, out),
        Command::Sync(args) => sync::run(args, global, out),
        Command::List(args) => list::run(args, global, out),
        Command::Decode(args) => decode::run(args, global, out),
        Command::Who(args) => who::run(args, global, out),
        Command::Check(args) => check::run(args, global, out),
        Command::Scan(args) => scan::run(args, global, out),
        Command::Gate(args) => gate::run(args, global, out),
        Command::Watch(args) => watch::run(args, global, out),
        Command::Findings(args) => findings::run(args, global, out),
        Command::Reach(args) => reach::run(args, global, out),
        Command::Common(args) => common::run(args, global, out),
        Command::Case(args) => case::run(args, global, out),
        Command::Lake(args) => lake::run(args, global, out),
        Command::Plan(args) => plan::run(args, global, out),
        Command::Cut(args) => cut::run(args, global, out),
        Command::Verify(args) => verify::run(args, global, out),
        Command::Rights(args) => rights::run(args, global, out),
        Command::Proof(args) => proof::run(args, global, out),
        Command::Privacy(args) => privacy::run(args, global, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Detectors(_) => registry::detectors(out),
        Command::Formats(_) => registry::formats(out),
        Command::Sources(_) => registry::sources(out),
        Command::Connectors(_) => registry::connectors(out),
        Command::Config(args) => config::run(args, global, out),
        Command::Schema => config::schema(out),
        Command::Completions(args) => completions::run(args, out),
    }
}

/// Help and version are answers; anything else is a mistake in the command.
fn usage(error: &clap::Error) -> std::process::ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (false, Ok(())) => std::process::ExitCode::SUCCESS,
        _ => std::process::ExitCode::from(crate::exit::worst(&[Exit::Usage])),
    }
}

/// With `--exit-zero` findings do not change the exit code; everything else still does.
fn silenced(exits: Vec<Exit>, exit_zero: bool) -> Vec<Exit> {
    exits.into_iter().filter(|exit| !(exit_zero && exit.is_finding())).collect()
}
