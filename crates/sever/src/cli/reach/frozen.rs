//! Frozen answers in files, and what moved between two of them.

use std::path::Path;

use serde_json::json;
use sever_model::{Differences, Frozen, FrozenError};

use super::ask::Ask;
use crate::cli::output::Output;
use crate::cli::site::{Site, cannot_read};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Reads a frozen answer and holds it against its digest.
///
/// # Errors
/// When it cannot be read, is none, or was changed.
pub fn read(path: &Path) -> Result<Frozen, Failure> {
    let bytes = std::fs::read(path).map_err(|error| cannot_read(path, error))?;
    Frozen::parse(&bytes).map_err(|error| {
        let failure = Failure::new(format!("`{}`: {error}", path.display()));
        match error {
            FrozenError::Shape(_) => failure.hint("`sever reach THING --freeze FILE` writes one").exit(Exit::Usage),
            FrozenError::Changed { .. } => failure.hint("only its first state is evidence").exit(Exit::ProofFails),
        }
    })
}

/// Writes a frozen answer, never over another file.
///
/// # Errors
/// When it cannot be written, or is there already.
pub fn write(path: &Path, frozen: &Frozen) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(frozen).map_err(anyhow::Error::from)?;
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = created.map_err(|error| {
        let failure = Failure::new(format!("cannot write `{}`: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => failure.hint("a frozen answer is not written over: name another file"),
            _ => failure,
        }
    })?;
    std::io::Write::write_all(&mut file, format!("{text}\n").as_bytes())?;
    Ok(())
}

/// Says what moved from a frozen answer to another one, or to the answer of now.
///
/// # Errors
/// When a file is no frozen answer, or the lake cannot be read.
pub(super) fn compare(
    site: &mut Site,
    was: &Path,
    with: Option<&Path>,
    out: &mut Output,
) -> Result<Vec<Exit>, Failure> {
    let was = read(was)?;
    let is = match with {
        Some(path) => read(path)?,
        None => Ask::again(&was)?.answer(site, out)?.frozen(),
    };
    let differences = was.differences(&is);
    let names = [format!("{} of {}", short(&was.digest), was.at), format!("{} of {}", short(&is.digest), is.at)];
    let title = format!("from {} to {}", names[0], if with.is_some() { &names[1] } else { "now" });
    out.sheet(&sheet(title, &differences))?;
    Ok(vec![Exit::Clean])
}

/// What moved, what changed, and why, as a table.
pub fn sheet(title: String, differences: &Differences) -> Sheet {
    let mut sheet = Sheet::new("reach-diff", title, &["part", "what", "was", "is"]);
    for (part, all) in [("number", &differences.moved), ("input", &differences.changed)] {
        let rows = all.iter().map(|it| vec![json!(part), json!(it.what), json!(it.was), json!(it.is)]);
        sheet.rows.extend(rows);
    }
    sheet.notes.extend(differences.why.iter().map(|why| format!("why: {why}")));
    sheet.notes.push(match (differences.moved.len(), differences.changed.len()) {
        (0, 0) => "nothing moved and no input changed".to_owned(),
        (0, _) => "no number moved, though inputs changed".to_owned(),
        (moved, _) => format!("{} moved", sever_model::counted(moved as u64, "number")),
    });
    sheet
}

/// The beginning of a digest, as people quote it.
pub fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
