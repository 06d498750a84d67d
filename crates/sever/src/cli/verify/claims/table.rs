//! Claims as a table: a CSV with a line for each account, or for each kind of door of one.

use sever_model::{DoorKind, WallTime};

use super::{Claim, Said};
use crate::hint::nearest_or_all;

/// Reads it. `account` must be there; `system`, `kind`, `closed_at` (or `claimed_at`), `tool` and `ticket`
/// may be.
pub(super) fn read(text: &str) -> Result<Said, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let account = column("account").ok_or("it has no column `account`")?;
    let at = column("closed_at").or_else(|| column("claimed_at"));
    let (system, kind, tool, ticket) = (column("system"), column("kind"), column("tool"), column("ticket"));
    let mut said = Said::default();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        let text = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|text| !text.is_empty());
        let wrong = |what: String| format!("line {}: {what}", line + 2);
        let Some(name) = text(Some(account)) else {
            said.pass_over("for it names no account", "");
            continue;
        };
        let at = text(at).map(|text| WallTime::parse(text).map_err(|error| wrong(error.to_string()))).transpose()?;
        let kinds = text(kind).map(|word| of_word(word).map_err(wrong)).transpose()?;
        said.claims.push(Claim {
            names: vec![name.to_owned()],
            system: text(system).map(str::to_owned),
            kinds: kinds.into_iter().collect(),
            at,
            tool: text(tool).unwrap_or("another tool").to_owned(),
            ticket: text(ticket).map(str::to_owned),
        });
    }
    Ok(said)
}

fn of_word(word: &str) -> Result<DoorKind, String> {
    let found = DoorKind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word));
    found.ok_or_else(|| {
        let known = DoorKind::ALL.map(DoorKind::word);
        let near = nearest_or_all(word, &known).map_or(String::new(), |near| format!(": {near}"));
        format!("there is no kind of door `{word}`{near}")
    })
}
