//! What another tool says that it closed, as doors to be tried: a lifecycle workflow, an identity
//! governance tool, a spreadsheet. Its receipts are claims; the verdicts are ours.

use std::path::Path;

use sever_graph::Asked;
use sever_model::{Plan, WallTime};

use crate::cli::plan;
use crate::cli::site::{Moment, Site, cannot_read};
use crate::exit::Exit;
use crate::hint::Failure;

/// The columns that are read; `tool` and `closed_at` may be absent.
const COLUMNS: [&str; 3] = ["account", "closed_at", "tool"];

/// One plan without steps per account that is claimed to be closed: its doors, to be tried.
///
/// # Errors
/// When the file does not read, or names no account that the inventory knows.
pub(super) fn plans(site: &Site, file: &Path, thing: Option<&str>) -> Result<Vec<Plan>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| cannot_read(file, error))?;
    let place = file.display();
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes.as_slice());
    let wrong = |what: String| {
        Failure::usage(format!("`{place}`: {what}")).hint(format!("its columns are {}", COLUMNS.join(", ")))
    };
    let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let account = column("account").ok_or_else(|| wrong("it has no column `account`".to_owned()))?;
    let (closed_at, tool) = (column("closed_at"), column("tool"));
    let moment = Moment::now();
    let inventory = site.inventory(&moment)?;
    let mut plans = Vec::new();
    let mut unknown = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let name = record.get(account).unwrap_or_default();
        let text = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|text| !text.is_empty());
        let at = match text(closed_at) {
            Some(text) => Some(WallTime::parse(text).map_err(|error| wrong(format!("line {}: {error}", line + 2)))?),
            None => None,
        };
        let found = inventory.find_account(&name.into()).or_else(|| inventory.account_named(None, name));
        let Some(ix) = found else {
            unknown.push(name.to_owned());
            continue;
        };
        let id = inventory.account(ix).map(|entry| entry.it.id.to_string()).unwrap_or_default();
        if thing.is_some_and(|thing| thing != id && thing != name) {
            continue;
        }
        let mut claimed = plan::doors_only(site, &inventory, Asked::Account(ix), &moment)?;
        let by = text(tool).unwrap_or("another tool");
        let when = at.map_or(String::new(), |at| format!(" at {at}"));
        for planned in &mut claimed.doors {
            planned.evidence = format!("{by} says that it closed the account{when}; {}", planned.evidence);
        }
        claimed.made_at = at.unwrap_or(claimed.made_at);
        plans.push(claimed);
    }
    match (plans.is_empty(), unknown.as_slice()) {
        (true, [first, ..]) => {
            Err(Failure::unknown("account", first, inventory.accounts().iter().map(|entry| entry.it.id.as_str()))
                .exit(Exit::NothingLooked))
        }
        (true, []) => Err(wrong("it claims nothing".to_owned()).exit(Exit::NothingLooked)),
        (false, []) => Ok(plans),
        (false, unknown) => {
            // Every door of the first plan's page shows it: a claim about an account that nobody knows is a gap.
            for plan in plans.iter_mut().take(1) {
                plan.not_covered
                    .extend(unknown.iter().map(|name| format!("no account `{name}`, which {place} claims closed")));
            }
            Ok(plans)
        }
    }
}
