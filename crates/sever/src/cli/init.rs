//! `sever init`: from a folder of exports and logs to a commented severance.toml.
//!
//! Every file is sniffed by every provider and every log format; the surest wins, and the user sees
//! what would be made of it before believing it: the columns and a few mapped rows. What is guessed is
//! written down as a guess. Nothing is pulled or judged yet.

mod link;
mod names;
mod propose;
mod row;
mod systems;
mod together;
mod write;

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use sever_model::Zone;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;

/// Sniff a folder of exports and logs, and write a commented severance.toml
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder, or `s3://bucket/prefix` for logs
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub from: PathBuf,
    /// The zone of dates and times that name none, such as `Asia/Seoul` (asked for on a terminal)
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Where to write
    #[arg(long, value_name = "FILE", default_value = "severance.toml")]
    pub output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

pub(super) fn run(args: &Args, _global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    if args.output.exists() && !args.force {
        return Err(Failure::usage(format!("`{}` is there already", args.output.display()))
            .hint("`--force` writes over it, `--output FILE` writes elsewhere"));
    }
    let stored = super::places::is_object(&args.from);
    if !stored && !args.from.is_dir() {
        return Err(Failure::usage(format!("`{}` is not a folder", args.from.display())));
    }
    let zone = zone(args, out)?;
    let files = if stored {
        super::places::named(&args.from)?.into_iter().map(|place| place.path).collect()
    } else {
        files(&args.from)?
    };
    let proposals = propose::all(&args.from, &files, &zone)?;
    if proposals.sources.is_empty() && proposals.logs.is_empty() {
        return Err(Failure::new(format!("no export or log was recognised in `{}`", args.from.display()))
            .hint("`sever sources` and `sever formats` list what is; `sever decode FILE --as FORMAT` tries one")
            .exit(Exit::NothingLooked));
    }
    out.text(&proposals.shown());
    let base = args.output.parent().unwrap_or(Path::new(""));
    let text = write::toml(&proposals, &zone, base)?;
    std::fs::write(&args.output, text)?;
    out.note(&format!("wrote {}", args.output.display()));
    for (path, why) in &proposals.unknown {
        out.note(&format!("left out: {}: {why}", path.display()));
    }
    out.hint("read it through, then `sever sync`, `sever list leavers`, `sever readiness` and `sever scan`");
    Ok(vec![if proposals.unknown.is_empty() { Exit::Clean } else { Exit::CoverageIncomplete }])
}

/// The zone: as given, as answered on a terminal, else UTC and said so.
fn zone(args: &Args, out: &mut Output) -> Result<String, Failure> {
    let mut name = args.zone.clone();
    if name.is_none() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        out.note("in which time zone are dates without one? (an IANA name such as Asia/Seoul; empty for UTC)");
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        name = Some(line.trim().to_owned()).filter(|line| !line.is_empty());
    }
    let Some(name) = name else {
        out.note(
            "dates without a zone are read as UTC; `--zone Asia/Seoul` or the first line of the file says otherwise",
        );
        return Ok("UTC".to_owned());
    };
    Zone::named(&name).map_err(anyhow::Error::from)?;
    Ok(name)
}

/// The files of a folder and of the folders in it, by name; hidden ones are left out.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    /// Folders in folders are followed this deep.
    const DEPTH_MAX: usize = 4;
    /// A folder with more files is no folder of exports.
    const FILES_MAX: usize = 10_000;
    let mut found = Vec::new();
    let mut waiting = vec![(dir.to_owned(), 0)];
    while let Some((dir, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(&dir).map_err(|error| super::site::cannot_read(&dir, error))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let hidden = name.starts_with('.') && name != ".ssh";
            if hidden {
                continue;
            }
            if path.is_dir() && depth < DEPTH_MAX {
                waiting.push((path, depth + 1));
            } else if path.is_file() {
                found.push(path);
            }
            if found.len() > FILES_MAX {
                return Err(Failure::usage(format!("there are more than {FILES_MAX} files in `{}`", dir.display()))
                    .hint("name a folder that holds only exports and logs"));
            }
        }
    }
    found.sort();
    Ok(found)
}
