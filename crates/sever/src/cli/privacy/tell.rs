//! What is kept, and who saw it, as tables.

use serde_json::json;
use sever_lake::{Write, dictionary};
use sever_model::Span;
use sever_store::proof::{LogReader, ProofError};

use crate::cli::output::Output;
use crate::cli::proof::proof_failure;
use crate::cli::site::{Site, lake_failure, store_failure};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Accesses that the summary shows.
const ACCESSES_SHOWN: usize = 5;

pub(super) fn kept(site: &mut Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let columns = ["kept", "of", "form", "count", "standing", "oldest", "kept_for"];
    let mut sheet = Sheet::new("privacy", "what is kept of whom", &columns);
    let retention = site.config.privacy.retention;
    for held in site.store(async |store| store.held().await)? {
        let (of, form, term) = match held.kind {
            "person" | "stint" => ("employees", "clear; shown as pseudonyms while employed", retention.facts),
            "finding" => ("whom a finding names", "clear; shown as pseudonyms while employed", retention.findings),
            "access" => ("users of this program", "clear", retention.accesses),
            "account" | "membership" | "custody" | "link" | "handover" | "grant" => {
                ("holders of accounts", "clear; shown as pseudonyms while employed", retention.facts)
            }
            _ => ("nobody", "clear", retention.facts),
        };
        let oldest = json!(held.oldest);
        let row = [json!(held.kind), json!(of), json!(form), json!(held.versions), json!(held.standing), oldest];
        sheet.rows.push(row.into_iter().chain([json!(days(term))]).collect());
    }
    let (past, rewrite) = super::terms(site);
    let nothing = sever_lake::Rewrite::default();
    let rows = sever_lake::rewrite(&site.lake_dir(), &nothing, Write::DryRun).map_err(lake_failure)?;
    let uses = json!("subjects by keyed code; accounts clear; addresses and paths as logged");
    sheet.rows.push(vec![
        json!("judged use"),
        json!("subjects, holders of accounts"),
        uses,
        json!(rows.kept),
        json!(rows.kept),
        json!(null),
        json!(days(retention.uses)),
    ]);
    let ids = dictionary::count(&site.dictionary_path(), &site.dictionary_key()?).map_err(lake_failure)?;
    let form = json!("encrypted, apart from the uses");
    let term = json!(format!("{} (with the uses)", days(retention.uses)));
    sheet.rows.push(vec![json!("subject id"), json!("subjects"), form, json!(ids), json!(ids), json!(null), term]);
    let cases = site.store(async |store| store.cases().await)?;
    if !cases.is_empty() {
        let (of, form) = ("people named in cases, who worked on them", "subjects by keyed code; operators clear");
        let count = cases.iter().map(|case| case.people.len() + case.looks).sum::<usize>();
        let open = cases.iter().filter(|case| case.closed.is_none()).count();
        let oldest = json!(cases.first().map(|case| case.opened_at));
        let row = [json!("case"), json!(of), json!(form), json!(count), json!(open), oldest];
        sheet.rows.push(row.into_iter().chain([json!("as long as the data directory")]).collect());
    }
    if let Some(disclosed) = disclosed(site)? {
        let (of, form) =
            ("leavers, approvers", "clear, beside a log of commitments; shown as pseudonyms while employed");
        let row = [json!("proof"), json!(of), json!(form), json!(disclosed), json!(disclosed), json!(null)];
        sheet.rows.push(row.into_iter().chain([json!("until erased; the log itself, for ever")]).collect());
    }
    let tries = sever_store::knocks(&site.config.data_dir).map_err(store_failure)?;
    if let Some(first) = tries.first() {
        let row = [json!("try of a door"), json!("leavers"), json!("clear"), json!(tries.len()), json!(tries.len())];
        let term = json!(format!("{} (with the uses)", days(retention.uses)));
        sheet.rows.push(row.into_iter().chain([json!(first.began), term]).collect());
    }

    let late = site.store(async |store| store.past(&past).await)?;
    let late_rows = sever_lake::rewrite(&site.lake_dir(), &rewrite, Write::DryRun).map_err(lake_failure)?;
    let late = late.facts + late.findings + late.accesses + late_rows.dropped;
    if late > 0 {
        sheet.notes.push(format!("{late} things are past their time: `sever privacy sweep` deletes them"));
    }
    if site.config.privacy.dictionary_key.is_none() {
        sheet.notes.push(
            "the key of the subjects' ids lies in the data directory: whoever copies that has both; \
             `dictionary_key` under `[privacy]` takes it from elsewhere"
                .to_owned(),
        );
    }
    bases(site, &mut sheet.notes)?;
    sheet.notes.push(
        match site.config.privacy.pseudonyms {
            true => "people who are employed are shown as pseudonyms; `--reveal REASON` shows names, and is recorded",
            false => "PSEUDONYMS ARE OFF (`pseudonyms = false` under `[privacy]`): every answer shows names",
        }
        .to_owned(),
    );
    let accesses = site.store(async |store| store.accesses().await)?;
    for access in accesses.iter().take(ACCESSES_SHOWN) {
        sheet
            .notes
            .push(format!("{} {} as {}: {} ({})", access.at, access.who, access.role, access.what, access.reason));
    }
    sheet.notes.push(match accesses.len() {
        0 => "nobody has seen a name or an id of a subject so far".to_owned(),
        1 => "somebody saw or changed what is about people once".to_owned(),
        count => format!("somebody saw or changed what is about people {count} times: `sever privacy accesses`"),
    });
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

/// The legal bases of detectors that rank people.
fn bases(site: &Site, notes: &mut Vec<String>) -> Result<(), Failure> {
    for basis in site.store(async |store| store.bases().await)? {
        let until = basis.until.map_or_else(String::new, |until| format!(", until {until}"));
        notes
            .push(format!("{} ranks people, by: {} ({}, {}{until})", basis.detector, basis.basis, basis.who, basis.at));
    }
    site.basis_note(notes)
}

/// How many names and values are kept beside the proof log, where there is one.
fn disclosed(site: &Site) -> Result<Option<u64>, Failure> {
    match LogReader::open(&site.config.data_dir) {
        Ok(reader) => Ok(Some(reader.disclosed().map_err(proof_failure)?)),
        Err(ProofError::Empty(_)) => Ok(None),
        Err(error) => Err(proof_failure(error)),
    }
}

pub(super) fn accesses(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut sheet = Sheet::new("accesses", "who saw what of whom", &["at", "who", "role", "reason", "command"]);
    let accesses = site.store(async |store| store.accesses().await)?;
    for it in &accesses {
        sheet.rows.push(vec![json!(it.at), json!(it.who), json!(it.role), json!(it.reason), json!(it.what)]);
    }
    if accesses.is_empty() {
        sheet.notes.push("nobody has seen a name or an id of a subject so far".to_owned());
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

fn days(span: Span) -> String {
    format!("{} days", span.as_secs() / 86_400)
}
