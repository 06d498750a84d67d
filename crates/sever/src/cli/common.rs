//! `sever common`: what do these people have in common?

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::json;
use sever_lake::SURPRISE_MIN;

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
    let text = std::fs::read_to_string(&args.subjects).map_err(|error| cannot_read(&args.subjects, error))?;
    let ids = text.lines().map(|line| line.split(',').next().unwrap_or_default().trim().trim_matches('"'));
    let given: HashSet<String> =
        ids.filter(|id| !id.is_empty() && !id.starts_with('#') && *id != "id").map(str::to_owned).collect();
    if given.is_empty() {
        return Err(Failure::usage(format!("there is no id in `{}`", args.subjects.display())).hint("one id a line"));
    }
    let (shared, cut) = sever_lake::common(&site.lake_dir(), &given, &site.people()?).map_err(lake_failure)?;
    let columns = ["kind", "thing", "judged", "of_given", "of_everybody", "lift", "surprise"];
    let mut sheet = Sheet::new("common", format!("what {} people have in common", given.len()), &columns);
    for common in shared.iter().take(args.limit) {
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
    if shared.len() > args.limit {
        sheet.notes.push(format!("{} of {} things; more with `--limit`", args.limit, shared.len()));
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
            given.len()
        )),
    }
    out.sheet(&sheet)?;
    if let Some(first) = shared.first().filter(|first| first.forged() || first.surprise >= SURPRISE_MIN) {
        let judged = if first.judged.is_empty() { String::new() } else { format!(" --judged {}", first.judged) };
        out.hint(&format!("`sever reach {}{judged}` says whom else", first.thing));
    }
    Ok(vec![if shared.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}
