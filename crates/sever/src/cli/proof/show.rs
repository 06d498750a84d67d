//! `sever proof show`: the statements of the log, with the names that are still kept beside it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sever_store::proof::{Entry, anchored_sizes};

use super::{departure, proof_failure, reader};
use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// List the statements of the log
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of one departure: its plan's digest, or the beginning of it
    #[arg(long, value_name = "ID")]
    departure: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let reader = reader(&site)?;
    let of = args.departure.as_deref().map(|given| departure(&reader, given)).transpose()?;
    let entries = reader.entries().map_err(proof_failure)?;
    let chosen = entries.iter().filter(|it| of.is_none() || it.departure == of);
    let columns = ["index", "at", "kind", "departure", "said", "names"];
    let mut sheet = Sheet::new("statements", "statements of the proof log", &columns);
    sheet.rows.extend(chosen.map(row));
    let checkpoint = reader.checkpoint();
    sheet.notes.push(format!("log {} of {} statements", checkpoint.origin, checkpoint.size));
    sheet.notes.push(match anchored_sizes(&reader).map_err(proof_failure)?.first() {
        Some(size) => format!("others attested to its first {size} statements"),
        None => "nothing outside this machine attests to it: `sever proof anchor`".to_owned(),
    });
    sheet.notes.push(format!("signed by {}: tell this to whoever checks a proof", reader.key().fingerprint()));
    let exits = vec![if sheet.rows.is_empty() { Exit::NothingLooked } else { Exit::Clean }];
    sheet.exits.clone_from(&exits);
    out.sheet(&sheet)?;
    Ok(exits)
}

fn row(entry: &Entry) -> Vec<Value> {
    let statement = &entry.statement;
    // Statements of one departure belong together, whether its id is still known or not.
    let unknown = || format!("~{}", statement.departure.get(..12).unwrap_or_default());
    let departure = entry.departure.clone().unwrap_or_else(unknown);
    vec![
        json!(entry.index),
        json!(statement.at),
        json!(statement.kind.word()),
        json!(departure),
        json!(said(&statement.public)),
        json!(names(&statement.commitments, &entry.private)),
    ]
}

/// Public words in one line.
fn said(public: &Value) -> String {
    let of = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let members = public.as_object().into_iter().flatten();
    members.map(|(name, value)| format!("{name}={}", of(value))).collect::<Vec<_>>().join(" ")
}

/// Names and values in one line; a field of which only the commitment is left has none.
fn names(commitments: &BTreeMap<String, String>, private: &BTreeMap<String, String>) -> String {
    let of =
        |field: &String| private.get(field).map_or_else(|| format!("{field}=(erased)"), |it| format!("{field}={it}"));
    commitments.keys().map(of).collect::<Vec<_>>().join(" ")
}
