//! The project's own chores: `cargo xtask {test,tidy,bench,gen-docs}`.
//!
//! ```text
//! test      installs what the tests need, runs every test, validates what the binary emits
//! tidy      the house checks itself: rooms, edges, documents, licences
//! gen-docs  writes the reference pages from what the built binary says of itself
//! bench     builds and runs the benchmarks of `sever-bench`
//! ```
//!
//! Light on purpose: it links none of the product's crates, so that it builds in seconds and runs
//! when they do not build.

mod bench;
mod command;
mod gen_docs;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every test, after installing what they need (root on Debian)
    Test(test::TestArgs),
    /// Check what the house promises of itself
    Tidy(tidy::TidyArgs),
    /// Write the reference pages under docs/
    GenDocs(gen_docs::GenDocsArgs),
    /// Measure speed and memory against the bars
    Bench(bench::BenchArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
        Chore::GenDocs(args) => gen_docs::run(&args),
        Chore::Bench(args) => bench::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            command::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
