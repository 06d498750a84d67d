//! The ids of those who were touched, written out: for a reason, by a role that may, and in a shared
//! installation by two people.
//!
//! An installation is shared where several people may approve (`[[cutting.approvers]]`). Then somebody
//! else signs the request: its question, its reason, who asks, and the day, so that an approval is of
//! one list of one day.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use sever_lake::{ReachAnswer, code_of, dictionary};
use sever_model::sha256_hex;

use super::ask::Ask;
use super::date;
use crate::approval::{SUBJECTS, how, signed};
use crate::cli::Global;
use crate::cli::site::{Site, lake_failure};
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;

/// Lets whoever asks write the ids out, and records it first.
///
/// # Errors
/// When no role of theirs may, no reason is given, or nobody else approved it where somebody must.
pub(super) fn allow(
    site: &mut Site,
    ask: &Ask,
    reason: Option<&str>,
    approvals: &[PathBuf],
    global: &Global,
) -> Result<(), Failure> {
    let reason = reason.map(str::to_owned).or_else(|| global.reveal.clone());
    let who = crate::operator::login();
    let approvers = &site.config.cutting.approvers;
    if approvers.len() > 1 {
        let digest = request(ask, reason.as_deref().unwrap_or_default(), &who)?;
        let signed = signed(approvals, approvers, &digest, SUBJECTS, crate::clock::now())?;
        if !signed.iter().any(|approval| approval.by != who) {
            return Err(Failure::new(format!("writing out ids needs a second person here: request {digest}"))
                .hint(format!(
                    "somebody who may approve signs it: {}; then `--approval me.sig`",
                    how(&digest, SUBJECTS)
                ))
                .exit(Exit::Refused));
        }
    }
    let global = Global { reveal: reason, ..global.clone() };
    site.allow(Deed::Subjects, &global).map(drop)
}

/// The digest of a request: SHA-256 over its canonical JSON (RFC 8785).
fn request(ask: &Ask, reason: &str, who: &str) -> Result<String, Failure> {
    let request = json!({
        "what": "subjects", "question": ask.command(), "kinds": ask.words(), "reason": reason.trim(), "who": who,
        "day": date(crate::clock::now().as_event().day()),
    });
    let bytes = serde_json_canonicalizer::to_vec(&request).map_err(anyhow::Error::from)?;
    Ok(sha256_hex(&bytes))
}

/// The ids are people's: the file is the user's own, made readable by nobody else.
pub(super) fn write(site: &Site, path: &std::path::Path, answer: &ReachAnswer) -> Result<u64, Failure> {
    let people = site.people()?;
    let codes: Vec<_> = answer.people.iter().map(|(who, _)| code_of(*who)).collect();
    let people_named = answer.people.iter().map(|(who, _)| people.name(*who));
    let beyond = codes.iter().zip(people_named).filter(|(_, name)| name.is_none()).map(|(code, _)| &**code);
    let ids = dictionary::names(&site.dictionary_path(), &site.dictionary_key()?, beyond).map_err(lake_failure)?;
    let mut named = BTreeMap::new();
    for ((who, first), code) in answer.people.iter().zip(&codes) {
        if let Some(id) = people.name(*who).or_else(|| ids.get(code).map(AsRef::as_ref)) {
            named.insert(id, first);
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let mut table = csv::Writer::from_writer(file);
    let mut write = |row: [&str; 2]| table.write_record(row).map_err(|error| Failure::new(error.to_string()));
    write(["id", "first_day"])?;
    for (id, first) in &named {
        write([id, &date(**first)])?;
    }
    table.flush()?;
    Ok((answer.people.len() - named.len()) as u64)
}
