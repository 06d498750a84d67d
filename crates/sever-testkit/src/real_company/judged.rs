//! What the built binary says of the company's day, beside what is true of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::RealCompany;

/// Exit codes of commands that did their work: clean, findings of some severity, or coverage incomplete.
const WORKED: [i32; 7] = [0, 6, 11, 12, 13, 14, 15];

/// What was said, and how much there was to say it of.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Events in the logs.
    pub events: u64,
    /// What `scan` found, each as detector and accused.
    pub said: BTreeSet<(String, String)>,
    /// What had to be found.
    pub expected: BTreeSet<(String, String)>,
}

impl RealCompany {
    /// Lets the binary at this path configure itself from the folder, sync, and scan.
    ///
    /// # Errors
    /// When a command fails, or leaves something out.
    pub fn judged_by(&self, sever: &Path) -> Result<Judged> {
        let folder = self.folder();
        configure(sever, folder)?;
        run(sever, folder, &["sync"])?;
        let (scanned, notes) = run(sever, folder, &["scan", "--format", "jsonl"])?;
        let logins = logins(sever, folder)?;
        let mut said = BTreeSet::new();
        for finding in rows(&scanned)? {
            if let (Some(detector), Some(accused)) = (text(&finding, "/detector"), text(&finding, "/things/0/id")) {
                said.insert((detector, logins.get(&accused).cloned().unwrap_or(accused)));
            }
        }
        let expected = self.truth().expected.iter().map(|it| (it.detector.to_owned(), it.accused.clone())).collect();
        // How many events there were stands among the notes, which JSON lines hold in their last one.
        let events = scanned.split("judged ").find_map(|rest| rest.split_once(" events of ")?.0.parse().ok());
        Ok(Judged { events: events.with_context(|| format!("no count of events: {notes}{scanned}"))?, said, expected })
    }
}

/// The configuration that `init` proposes, with what it says to check: here all servers share a clock,
/// and the issuer writes before it answers.
fn configure(sever: &Path, folder: &Path) -> Result<()> {
    run(sever, folder, &["init", "--from", ".", "--zone", "UTC"])?;
    let path = folder.join("severance.toml");
    let proposed = std::fs::read_to_string(&path).context("init wrote nothing")?;
    let text = proposed.replace("settle = \"2m\"", "settle = \"1s\"").replacen("zone = ", "skew = \"0s\"\nzone = ", 1);
    std::fs::write(&path, text).context("cannot write the configuration")
}

/// Runs a command in the folder: what it answered, and what it told beside.
fn run(sever: &Path, folder: &Path, words: &[&str]) -> Result<(String, String)> {
    let mut command = Command::new(sever);
    // Says where the servers' packages are; to `sever` itself it would be a misspelt setting.
    command.env_remove("SEVER_TEST_NODE");
    command.args(words).current_dir(folder).env_clear().env("NO_COLOR", "1").env("HOME", folder);
    let output = command.output().context("cannot run sever")?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (code, said, notes) = (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr));
    ensure!(WORKED.contains(&code), "{words:?} ended with {code}: {said}{notes}");
    Ok((said, notes))
}

fn rows(said: &str) -> Result<Vec<Value>> {
    said.lines().map(|line| serde_json::from_str(line).context("a row that is no JSON")).collect()
}

/// What each account is called, by its id: its system and its login.
fn logins(sever: &Path, folder: &Path) -> Result<BTreeMap<String, String>> {
    let (listed, _) = run(sever, folder, &["list", "accounts", "--format", "jsonl"])?;
    let listed = rows(&listed)?;
    let named = listed.iter().filter_map(|row| {
        let (id, login) = (text(row, "/account")?, text(row, "/login")?);
        let system = id.split_once('/')?.0.to_owned();
        Some((id, format!("{system}/{login}")))
    });
    Ok(named.collect())
}

fn text(row: &Value, pointer: &str) -> Option<String> {
    row.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}
