//! The measurements of `cargo xtask bench`: speed and memory, each against its bar.
//!
//! ```text
//! bench scan    judging lines against only parsing them; memory per live token
//! bench facts   loading, re-syncing and listing facts; the subject register; who could read a key
//! bench decode  decoding each format against only parsing it
//! bench proof   adding statements to the proof log durably; checking a proof
//! bench plan    a plan of five hundred doors
//! bench cut     people planned, cut and verified at real servers against the plain clients
//! bench gate    what a decision of the gate costs against a handler that always says yes
//! bench reach   whose data was touched, asked of an index as large as the incident's
//! bench watch   from a line in a log to a finding that may be told; events a second
//! bench slow    what the ranked lists find over months, at ten rows a day, and what they say wrongly
//! bench truth   false findings and misses, over the plays and a company on real servers
//! ```
//!
//! Each measurement that is about memory, or that must not inherit another's, runs in a child process
//! of its own (`bench one NAME`), pinned to one core where `taskset` is there. Everything is generated
//! from fixed numbers, so that two runs measure the same work. All but `decode` and `truth` exit with 1 when a bar does
//! not hold.

mod company;
mod cut;
mod decode;
mod facts;
mod floor;
mod gate;
mod grants;
mod ledger;
mod lines;
mod parse;
mod plan;
mod process;
mod proof;
mod reach;
mod register;
mod report;
mod scan;
mod slow;
mod truth;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use report::Row;

/// Speed and memory against their bars.
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Judging lines against only parsing them; memory per live token
    Scan(Size),
    /// Loading, re-syncing and listing facts; the subject register; who could read a key
    Facts(Size),
    /// Decoding each format against only parsing it
    Decode(Size),
    /// Adding statements to the proof log durably; checking a proof
    Proof(Size),
    /// A plan of five hundred doors
    Plan(Size),
    /// What a decision of the gate costs, and what it adds behind nginx
    Gate(Size),
    /// People planned, cut and verified at real servers, against the plain clients
    Cut(Size),
    /// Whose data was touched, asked of an index as large as the incident's
    Reach(Size),
    /// From a line in a log to a finding that may be told; events a second
    Watch(Size),
    /// What the ranked lists find over months, at ten rows a day, and what they say wrongly
    Slow(slow::Args),
    /// False findings and misses, over the plays and a company on real servers
    Truth(truth::Args),
    /// One measurement, in this process; prints its number
    #[command(hide = true)]
    One {
        /// Its name
        name: String,
        /// How much
        count: u64,
    },
}

#[derive(Args)]
struct Size {
    /// How much of everything, as a share of what the bars are about
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// An array of measurements
    Json,
}

fn main() -> Result<ExitCode> {
    let (rows, format) = match Cli::parse().what {
        What::Scan(size) => (scan::rows(size.scale)?, size.format),
        What::Facts(size) => (facts::rows(size.scale)?, size.format),
        What::Proof(size) => (proof::rows(size.scale)?, size.format),
        What::Cut(size) => (cut::rows(size.scale)?, size.format),
        What::Gate(size) => (gate::rows(size.scale)?, size.format),
        What::Reach(size) => (reach::rows(size.scale)?, size.format),
        What::Watch(size) => (watch::rows(size.scale)?, size.format),
        What::Plan(size) => (plan::rows(size.scale)?, size.format),
        What::Decode(size) => {
            let costs = decode::costs(size.scale)?;
            return print(size.format, &costs, || decode::table(&costs));
        }
        What::Slow(args) => {
            let listed = slow::listed(&args)?;
            return print(args.format, &listed, || slow::table(&listed));
        }
        What::Truth(args) => {
            let told = truth::told(&args)?;
            return print(args.format, &told, || truth::table(&told));
        }
        What::One { name, count } => {
            let numbers = process::one(&name, count)?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&numbers)?)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    print(format, &rows, || report::table(&rows))?;
    Ok(if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints some measurements.
fn print(format: Format, measured: &impl serde::Serialize, table: impl Fn() -> String) -> Result<ExitCode> {
    let text = match format {
        Format::Table => table(),
        Format::Json => serde_json::to_string_pretty(measured)? + "\n",
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
