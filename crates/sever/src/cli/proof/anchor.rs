//! `sever proof anchor`: has others attest to the log, by files that go out and come back.
//!
//! Without it, whoever holds the signing key could write another history, and nobody could tell.

use std::path::{Path, PathBuf};

use sever_store::proof::{Answer, ask, take_cosigned, take_stamp};

use super::{proof_failure, reader};
use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;

/// Have others attest to the log: write what to ask them, take in what they answer
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take in a time stamp authority's answer to a request (RFC 3161)
    #[arg(long, value_name = "FILE")]
    tsr: Option<PathBuf>,
    /// Take in a checkpoint with a witness' signature on it (C2SP tlog-cosignature)
    #[arg(long, value_name = "FILE")]
    cosigned: Option<PathBuf>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let reader = reader(&site)?;
    let mut answers = Vec::new();
    if let Some(path) = &args.tsr {
        answers.push(take_stamp(&reader, &bytes(path)?).map_err(proof_failure)?);
    }
    if let Some(path) = &args.cosigned {
        answers.push(take_cosigned(&reader, &bytes(path)?).map_err(proof_failure)?);
    }
    if !answers.is_empty() {
        answers.iter().for_each(|answer| out.note(&taken(answer)));
        out.hint("it goes into every export from now on; `sever proof check` says whom it believes, by `--tsa-ca` or `--witness`");
        return Ok(vec![Exit::Clean]);
    }
    let asked = ask(&reader).map_err(proof_failure)?;
    out.text(&format!("{}\n{}\n", asked.request.display(), asked.checkpoint.display()));
    out.note(&format!(
        "the first of them asks for a time stamp of {} statements, the second is for a witness",
        asked.size
    ));
    out.hint(
        "`curl -H 'Content-Type: application/timestamp-query' --data-binary @request.tsq URL > response.tsr`, \
         then `sever proof anchor --tsr response.tsr`",
    );
    Ok(vec![Exit::Clean])
}

fn taken(answer: &Answer) -> String {
    match answer {
        Answer::Stamped { size, stamp } => {
            format!("{size} statements existed at {}, says {}", stamp.at, stamp.authority)
        }
        Answer::Cosigned { size, witnesses } => {
            format!("a checkpoint of {size} statements was signed by {}", witnesses.join(", "))
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
}
