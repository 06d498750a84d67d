//! What another tool says that it closed, as doors to be tried: a lifecycle workflow, an identity
//! governance tool, a spreadsheet. Its receipts are claims; the verdicts are ours.
//!
//! Which of the forms a file has is told by its shape. A claim that is about no door that anybody here knows
//! is counted, and shown with why.

mod entra;
mod okta;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sever_graph::Asked;
use sever_model::{AccountIx, DoorKind, Inventory, Plan, PlannedDoor, WallTime, counted};

use crate::cli::plan;
use crate::cli::site::{Moment, Site, cannot_read};
use crate::exit::Exit;
use crate::hint::Failure;

/// Largest file of claims.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Names that are shown for one reason; the rest are counted.
const NAMES_SHOWN: usize = 5;

/// That something of an account was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    /// What the account may be called, the surest first.
    names: Vec<String>,
    /// The system that it is in, where that is said.
    system: Option<String>,
    /// The kinds of door that are said to be closed; all of the account where there are none.
    kinds: Vec<DoorKind>,
    /// When.
    at: Option<WallTime>,
    /// Who says so.
    tool: String,
    /// The ticket or run that it was done by.
    ticket: Option<String>,
}

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    claims: Vec<Claim>,
    /// Records that claim nothing to be tried: why, and of whom.
    passed_over: BTreeMap<String, Vec<String>>,
}

impl Said {
    fn pass_over(&mut self, why: impl Into<String>, whom: &str) {
        self.passed_over.entry(why.into()).or_default().push(whom.to_owned());
    }

    /// What was passed over, in lines.
    fn lines(&self, place: &str) -> Vec<String> {
        let line = |(why, whom): (&String, &Vec<String>)| {
            let count = counted(whom.len() as u64, "claim");
            let mut names: Vec<&str> = whom.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
            names.sort_unstable();
            names.dedup();
            let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
            let names = names.into_iter().take(NAMES_SHOWN).collect::<Vec<_>>().join(", ");
            let of = if names.is_empty() { String::new() } else { format!(": {names}{more}") };
            format!("{count} of {place} not tried, {why}{of}")
        };
        self.passed_over.iter().map(line).collect()
    }
}

/// One plan without steps per account of which something is claimed to be closed: its doors, to be tried.
///
/// # Errors
/// When the file does not read, or is about no account that the inventory knows.
pub(super) fn plans(site: &Site, file: &Path, thing: Option<&str>) -> Result<Vec<Plan>, Failure> {
    let size = std::fs::metadata(file).map_err(|error| cannot_read(file, error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(Failure::usage(format!("`{}` has {size} bytes, more than {FILE_BYTES_MAX}", file.display())));
    }
    let bytes = std::fs::read(file).map_err(|error| cannot_read(file, error))?;
    let place = file.display().to_string();
    let mut said = read(&bytes).map_err(|what| {
        Failure::usage(format!("`{place}`: {what}")).hint(
            "a CSV with a column `account` (and system, kind, closed_at, tool, ticket), taskProcessingResults or \
             userProcessingResults of Microsoft Entra lifecycle workflows, or events of Okta's System Log, as JSON",
        )
    })?;
    let moment = Moment::now();
    let inventory = site.inventory(&moment)?;
    let mut of: BTreeMap<AccountIx, Vec<Claim>> = BTreeMap::new();
    for claim in std::mem::take(&mut said.claims) {
        match account(&inventory, &claim) {
            Some(ix) => of.entry(ix).or_default().push(claim),
            None => {
                let name = claim.names.first().cloned().unwrap_or_default();
                said.pass_over("for nothing here knows such an account", &name);
            }
        }
    }
    let mut plans = Vec::new();
    for (ix, claims) in of {
        let id = inventory.account(ix).map(|entry| entry.it.id.to_string()).unwrap_or_default();
        let is_named = |claim: &Claim| claim.names.iter().any(|name| Some(name.as_str()) == thing);
        if thing.is_some_and(|thing| thing != id) && !claims.iter().any(is_named) {
            continue;
        }
        let mut plan = plan::doors_only(site, &inventory, Asked::Account(ix), &moment)?;
        claimed(&mut plan, &claims, &id, &mut said);
        if !plan.doors.is_empty() {
            plans.push(plan);
        }
    }
    let not_tried = said.lines(&place);
    match (plans.first_mut(), not_tried.first()) {
        // Of several pages the first shows what is on none.
        (Some(first), _) => {
            first.not_covered.extend(not_tried);
            Ok(plans)
        }
        (None, Some(first)) => {
            let known = inventory.accounts().iter().map(|entry| entry.it.id.as_str());
            let names: Vec<&String> = said.passed_over.values().flatten().collect();
            let near = names.first().and_then(|name| crate::hint::nearest_or_all(name, &known.collect::<Vec<_>>()));
            let failure = Failure::new(first.clone()).exit(Exit::NothingLooked);
            Err(match near {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        (None, None) => Err(Failure::new(format!("`{place}` claims nothing")).exit(Exit::NothingLooked)),
    }
}

/// Keeps of a plan the doors that are claimed to be closed, with who says so; what else there is is told.
fn claimed(plan: &mut Plan, claims: &[Claim], id: &str, said: &mut Said) {
    let is_of = |claim: &Claim, door: &PlannedDoor| claim.kinds.is_empty() || claim.kinds.contains(&door.door.kind);
    for claim in claims.iter().filter(|claim| !plan.doors.iter().any(|door| is_of(claim, door))) {
        let kinds: Vec<&str> = claim.kinds.iter().map(|kind| kind.word()).collect();
        said.pass_over(format!("for no {} of it is known", kinds.join(" or ")), id);
    }
    let all = plan.doors.len();
    plan.doors.retain(|door| claims.iter().any(|claim| is_of(claim, door)));
    let left = all - plan.doors.len();
    if left > 0 {
        plan.not_covered.push(format!("{} of {id} that nobody claims to have closed", counted(left as u64, "door")));
    }
    for planned in &mut plan.doors {
        let by: Vec<String> = claims.iter().filter(|claim| is_of(claim, planned)).map(words).collect();
        planned.evidence = format!("{}; {}", by.join("; "), planned.evidence);
    }
    plan.made_at = claims.iter().filter_map(|claim| claim.at).max().unwrap_or(plan.made_at);
}

fn words(claim: &Claim) -> String {
    let at = claim.at.map_or(String::new(), |at| format!(" at {at}"));
    let ticket = claim.ticket.as_ref().map_or(String::new(), |ticket| format!(" ({ticket})"));
    format!("{} says that it closed it{at}{ticket}", claim.tool)
}

/// The account that a claim is about.
fn account(inventory: &Inventory, claim: &Claim) -> Option<AccountIx> {
    let system = claim.system.as_deref();
    let is_there = |ix: &AccountIx| {
        let of = inventory.account(*ix).map(|entry| entry.it.id.system().to_lowercase());
        system.is_none_or(|system| of.as_deref() == Some(&*system.to_lowercase()))
    };
    claim.names.iter().find_map(|name| {
        let by_id = inventory.find_account(&name.as_str().into());
        by_id.or_else(|| inventory.account_named(system, name)).filter(is_there)
    })
}

/// Reads a file of any of the forms.
fn read(bytes: &[u8]) -> Result<Said, String> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let text = text.map_err(|_| "it is not UTF-8".to_owned())?.trim_start();
    if !text.starts_with(['{', '[']) {
        return table::read(text);
    }
    let records = records(text)?;
    let mut said = Said::default();
    for record in &records {
        if okta::is(record) {
            okta::read(record, &mut said);
        } else if entra::is(record) {
            entra::read(record, &mut said);
        } else {
            said.pass_over("for nothing here knows such a record", "");
        }
    }
    Ok(said)
}

/// The records of a page (`value`), a list, one record, or one a line.
fn records(text: &str) -> Result<Vec<Value>, String> {
    let mut records = Vec::new();
    // One document or several: pages as they were saved one after the other, or lines.
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document.map_err(|error| format!("it is no JSON: {error}"))? {
            Value::Array(list) => records.extend(list),
            Value::Object(mut page) if page.get("value").is_some_and(Value::is_array) => {
                if let Some(Value::Array(list)) = page.remove("value") {
                    records.extend(list);
                }
            }
            record => records.push(record),
        }
    }
    Ok(records)
}

/// A text of a record, by the path to it.
fn text<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    record.pointer(path)?.as_str().filter(|text| !text.is_empty())
}

fn time(record: &Value, path: &str) -> Option<WallTime> {
    WallTime::parse(text(record, path)?).ok()
}

#[cfg(test)]
mod tests;
