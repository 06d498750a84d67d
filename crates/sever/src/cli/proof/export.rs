//! `sever proof export`: what a stranger needs to check the log, or one departure of it.
//!
//! Names of people who are employed are given out only with `--reveal`; what they were committed to
//! stays in the proof and verifies.

use std::path::PathBuf;

use sever_store::proof::{Disclosure, LogKey, export};

use super::{departure, proof_failure, reader};
use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;

/// Write a proof that a stranger can check: a folder, or one tar
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make, or a file whose name ends in `.tar`
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Only the statements of one departure: its plan's digest, or the beginning of it
    #[arg(long, value_name = "ID")]
    departure: Option<String>,
    /// Without any name or value: commitments only
    #[arg(long)]
    redacted: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let reader = reader(&site)?;
    let key = LogKey::read_or_make(&site.config.data_dir).map_err(proof_failure)?;
    let show = |it: &Disclosure| !args.redacted && out.shows(&it.value);
    let of = args.departure.as_deref().map(|given| departure(&reader, given)).transpose()?;
    let exported = export(&reader, &key, of.as_deref(), &show).map_err(proof_failure)?;
    if exported.statements == 0 {
        return Err(Failure::new("the log holds no statement yet")
            .hint("`sever cut` and `sever verify` write it")
            .exit(Exit::NothingLooked));
    }
    exported.bundle.write(&args.out).map_err(|error| {
        Failure::new(format!("cannot write `{}`: {error}", args.out.display()))
            .hint("name a folder or file that is not there")
    })?;
    if exported.withheld > 0 {
        let cure = if args.redacted { "" } else { "; `--reveal REASON` gives out names of people who are employed" };
        out.note(&format!("{} commitments are not opened: withheld, or erased{cure}", exported.withheld));
    }
    out.note(&format!(
        "{} statements and what opens {} commitments written to {}",
        exported.statements,
        exported.opened,
        args.out.display()
    ));
    out.hint(&format!("`sever proof check {} --key {}`", args.out.display(), reader.key().fingerprint()));
    Ok(vec![Exit::Clean])
}
