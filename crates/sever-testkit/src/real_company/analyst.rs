//! Who asks the built binary about the company's day, as a user would, in its folder.
//!
//! The test of the binary and `bench truth` ask the same way; what they make of the answers is theirs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::RealCompany;

/// Exit codes of commands that did their work: clean, findings of some severity, or coverage incomplete.
const WORKED: [i32; 7] = [0, 6, 11, 12, 13, 14, 15];

/// The built binary, and the folder in which it is run.
pub struct Analyst<'a> {
    sever: PathBuf,
    folder: &'a Path,
}

/// What a command said.
pub struct Said {
    /// The answer.
    pub stdout: String,
    /// What was told beside it.
    pub stderr: String,
}

/// What a command found.
pub struct Found {
    /// Detector and accused of each finding, in order; an account by its system and login, whatever its id.
    pub accused: Vec<(String, String)>,
    /// The same in the findings' own words, and what was told beside them.
    pub words: String,
    /// How many events it was said of.
    pub events: Option<u64>,
}

impl RealCompany {
    /// Somebody with the binary at this path.
    pub fn analyst(&self, sever: impl Into<PathBuf>) -> Analyst<'_> {
        Analyst { sever: sever.into(), folder: self.folder() }
    }
}

impl Analyst<'_> {
    /// Runs a command with a scrubbed environment.
    ///
    /// # Errors
    /// When it did not do its work.
    pub fn run(&self, words: &[&str]) -> Result<Said> {
        let mut command = Command::new(&self.sever);
        command.args(words).current_dir(self.folder).env_clear().env("NO_COLOR", "1").env("HOME", self.folder);
        let output = command.output().context("cannot run sever")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (code, said) = (output.status.code(), Said { stdout: text(output.stdout), stderr: text(output.stderr) });
        let worked = code.is_some_and(|code| WORKED.contains(&code));
        ensure!(worked, "{words:?} ended with {}: {}{}", output.status, said.stdout, said.stderr);
        Ok(said)
    }

    /// Takes the configuration that `init` proposes, with what it says to check: here all servers share a
    /// clock, and the issuer writes before it answers. Then pulls the facts.
    ///
    /// # Errors
    /// When something is left out, or a command fails.
    pub fn begin(&self) -> Result<()> {
        let said = self.run(&["init", "--from", ".", "--zone", "UTC"])?;
        ensure!(!said.stderr.contains("left out: "), "{}", said.stderr);
        let path = self.folder.join("severance.toml");
        let proposed = std::fs::read_to_string(&path).context("init wrote nothing")?;
        let text = proposed.replace("settle = \"2m\"", "settle = \"1s\"");
        ensure!(text != proposed, "{proposed}");
        std::fs::write(&path, text.replacen("zone = ", "skew = \"0s\"\nzone = ", 1)).context("cannot configure")?;
        self.run(&["sync"])?;
        Ok(())
    }

    /// What `check` or `scan` finds.
    ///
    /// # Errors
    /// When the command fails, or says what cannot be read.
    pub fn findings(&self, verb: &str) -> Result<Found> {
        let said = self.run(&[verb, "--format", "jsonl"])?;
        let logins = self.logins()?;
        let mut found = Found { accused: Vec::new(), words: String::new(), events: None };
        for row in said.stdout.lines() {
            let row: Value = serde_json::from_str(row).context("a row that is no JSON")?;
            // How many events there were stands among the notes, which JSON lines hold in their last one.
            let counted = row.to_string().split("judged ").find_map(|rest| rest.split_once(" event")?.0.parse().ok());
            found.events = found.events.or(counted);
            if let (Some(detector), Some(accused)) = (text(&row, "/detector"), text(&row, "/things/0/id")) {
                let sentence = text(&row, "/sentence").unwrap_or_default();
                found.words.push_str(&format!("{detector} {accused}: {sentence}\n"));
                found.accused.push((detector, logins.get(&accused).cloned().unwrap_or(accused)));
            }
        }
        found.accused.sort();
        found.words.push_str(&said.stderr);
        Ok(found)
    }

    /// What each account is called, by its id: its system and its login.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn logins(&self) -> Result<BTreeMap<String, String>> {
        let listed = self.run(&["list", "accounts", "--format", "jsonl"])?;
        let mut logins = BTreeMap::new();
        for row in listed.stdout.lines() {
            let row: Value = serde_json::from_str(row).context("a row that is no JSON")?;
            if let (Some(id), Some(login)) = (text(&row, "/account"), text(&row, "/login"))
                && let Some((system, _)) = id.split_once('/')
            {
                let login = format!("{system}/{login}");
                logins.insert(id, login);
            }
        }
        Ok(logins)
    }
}

fn text(row: &Value, pointer: &str) -> Option<String> {
    row.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}
