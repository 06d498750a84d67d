//! The plan's file: only its owner may read it, and another plan is not written over unasked.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sever_model::Plan;

use crate::cli::site::cannot_read;
use crate::exit::Exit;
use crate::hint::Failure;

/// What the file says of itself: whoever opens it should know that it is not veiled.
const READ_ME: &str = "An acting document: it names people, accounts and keys as they are, for it is what will be \
                       executed. Keep it where only those may read it who may approve it. The digest is of \
                       everything but this line.";

/// A name for a thing's file: what it is called, up to an `@`, without what file systems do not like.
pub(super) fn stem(thing: &str) -> String {
    let name = thing.split('@').next().unwrap_or_default();
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    match name.trim_matches(['.', '-']) {
        "" => "sever".to_owned(),
        name => name.to_owned(),
    }
}

/// Writes the plan; or, where the file holds the same one made earlier, takes that. Whether it was
/// written.
///
/// # Errors
/// When the file holds another plan or anything else, or cannot be written.
pub(super) fn write(path: &Path, plan: &mut Plan, force: bool) -> Result<bool, Failure> {
    match fs::read(path) {
        Ok(there) => {
            let old: Option<Plan> = serde_json::from_slice(&there).ok();
            let same = old.filter(|old| *old == Plan { made_at: old.made_at, ..plan.clone() });
            if let Some(old) = same {
                *plan = old;
                return Ok(false);
            }
            if !force {
                return Err(Failure::new(format!("`{}` is there and holds something else", path.display()))
                    .hint(
                        "`--force` writes over it, `--out FILE` writes elsewhere; a plan that was approved is \
                           approved by its digest only",
                    )
                    .exit(Exit::Refused));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot_read(path, error)),
    }
    let mut value = serde_json::to_value(&*plan).map_err(anyhow::Error::from)?;
    if let Value::Object(members) = &mut value {
        let own = std::mem::take(members);
        members.insert("read_me".to_owned(), json!(READ_ME));
        members.extend(own);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: io::Error| {
        Failure::new(format!("cannot write `{}`: {error}", path.display())).hint("`--out FILE` writes elsewhere")
    };
    // Whole or not at all, and readable by nobody else: such files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    serde_json::to_writer_pretty(&mut file, &value).map_err(|error| failed(error.into()))?;
    file.write_all(b"\n").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(true)
}

#[cfg(test)]
mod tests;
