//! `sever common`: what do these people have in common?

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::json;
use sever_lake::{Common, SURPRISE_MIN};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Site, cannot_read, lake_failure};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Say what people have in common: keys, credentials, endpoints, networks, by lift
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file of ids, one a line (or the first column of a CSV)
    #[arg(long, value_name = "FILE")]
    pub subjects: PathBuf,
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let given: HashSet<String> = ids(&args.subjects)?.into_iter().collect();
    let (shared, cut) = sever_lake::common(&site.lake_dir(), &given, &site.people()?).map_err(lake_failure)?;
    out.sheet(&sheet(&shared, given.len(), args.limit, cut))?;
    if let Some(next) = next(&shared) {
        out.hint(&format!("`sever reach {next}` says whom else"));
    }
    Ok(vec![if shared.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

/// The ids of a file: one a line, or the first column of a CSV.
pub(super) fn ids(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))?;
    let ids = text.lines().map(|line| line.split(',').next().unwrap_or_default().trim().trim_matches('"'));
    let ids: Vec<String> =
        ids.filter(|id| !id.is_empty() && !id.starts_with('#') && *id != "id").map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(Failure::usage(format!("there is no id in `{}`", path.display())).hint("one id a line"));
    }
    Ok(ids)
}

/// Whose reach to ask for next, where something explains what they share.
pub(super) fn next(shared: &[Common]) -> Option<String> {
    let first = shared.first().filter(|first| first.forged() || first.surprise >= SURPRISE_MIN)?;
    let judged = if first.judged.is_empty() { String::new() } else { format!(" --judged {}", first.judged) };
    Some(format!("{}{judged}", first.thing))
}

/// What people share, as a table.
pub(super) fn sheet(shared: &[Common], given: usize, limit: usize, cut: bool) -> Sheet {
    let columns = ["kind", "thing", "judged", "of_given", "of_everybody", "lift", "surprise"];
    let mut sheet = Sheet::new("common", format!("what {given} people have in common"), &columns);
    for common in shared.iter().take(limit) {
        sheet.rows.push(vec![
            json!(common.pivot.word()),
            json!(common.thing),
            json!(common.judged),
            json!(common.of_given),
            json!(common.of_all),
            json!((common.lift * 1_000.0).round() / 1_000.0),
            // Adding zero makes a negative one plain.
            json!((common.surprise * 10.0).round() / 10.0 + 0.0),
        ]);
    }
    if cut {
        sheet.notes.push("there were more candidates than are followed at once; the rest were left out".to_owned());
    }
    if shared.len() > limit {
        sheet.notes.push(format!("{limit} of {} things; more with `--limit`", shared.len()));
    }
    sheet.notes.push(
        "lift: their share over everybody's; surprise: how far beyond chance, in powers of ten, for all that was tried"
            .to_owned(),
    );
    match shared.first() {
        None => sheet.notes.push("nothing kept touched two of them; scan the logs of that time first".to_owned()),
        Some(first) => sheet.notes.push(format!(
            "first: {} {}{}, which touched {} of {} of them",
            first.pivot.word(),
            first.thing,
            if first.judged.is_empty() { String::new() } else { format!(" judged {}", first.judged) },
            first.of_given,
            given
        )),
    }
    sheet
}
