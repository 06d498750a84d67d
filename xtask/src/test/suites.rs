//! What the built binary emits and says, held against what others wrote.
//!
//! | suite | what | against |
//! |---|---|---|
//! | `docs` | the generated pages | what the binary says of itself |
//! | `guides` | the guides that add code | a copy of the checkout in which they are followed |
//! | `sarif` | `check` and `scan` as SARIF 2.1.0 | its JSON schema, as the crate `serde-sarif` ships it |
//! | `ocsf` | the same as OCSF 2004 | the OCSF schema where it is at hand, and the models of `py-ocsf-models` |
//!
//! The suites with real servers are ordinary tests (`crates/sever-testkit/tests`).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sever_testkit::Company;

use super::guides;
use super::prepare::Tools;
use super::tally::Tally;
use crate::command::{self, Build};
use crate::gen_docs;

/// Where a checkout of the project's workplace may have the OCSF schema.
const OCSF_FOLDER: &str = "../shared/data";

/// Exit codes that mean that a command did its work: clean, or findings of some severity, or
/// incomplete coverage.
const WORKED: [i32; 7] = [0, 6, 11, 12, 13, 14, 15];

/// Runs them.
pub(crate) fn run(tools: &Tools, tally: &mut Tally) -> Result<()> {
    let sever = command::sever(Build::Done)?;
    count(tally, "docs", gen_docs::fresh(Build::Done).and_then(|fresh| said(fresh, "a page is not fresh")));
    count(tally, "guides", guides::follow(tools));
    let python = match &tools.python {
        Ok(python) => python,
        Err(why) => {
            tally.skipped("sarif", why);
            tally.skipped("ocsf", why);
            return Ok(());
        }
    };
    let company = Company::small()?;
    for format in ["sarif", "ocsf"] {
        let emitted = emit(&sever, &company, format);
        let validated = emitted.and_then(|files| match format {
            "sarif" => validate(python, "check_sarif.py", &sarif_schema()?, &files),
            _ => validate(python, "check_ocsf.py", &ocsf_schema(), &files),
        });
        count(tally, format, validated);
    }
    Ok(())
}

fn said(good: bool, otherwise: &str) -> Result<()> {
    if good { Ok(()) } else { bail!("{otherwise}") }
}

fn count(tally: &mut Tally, suite: &str, done: Result<()>) {
    match done {
        Ok(()) => {
            command::say(&format!("suite {suite}: passed"));
            tally.passed();
        }
        Err(error) => tally.failed(suite, &format!("{error:#}")),
    }
}

/// Lets the binary judge the company and writes what it says in one format into files.
fn emit(sever: &Path, company: &Company, format: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for verb in ["sync", "check", "scan"] {
        let mut command = command::program(sever, [verb]);
        command.current_dir(company.folder()).env_clear().env("NO_COLOR", "1");
        if verb != "sync" {
            command.args(["--format", format]);
        }
        let done = command.output().with_context(|| format!("cannot run `sever {verb}`"))?;
        if !done.status.code().is_some_and(|code| WORKED.contains(&code)) {
            bail!("`sever {verb}` ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim());
        }
        if verb != "sync" {
            let path = company.folder().join(format!("{verb}.{format}.json"));
            std::fs::write(&path, &done.stdout).with_context(|| format!("cannot write {}", path.display()))?;
            files.push(path);
        }
    }
    Ok(files)
}

fn validate(python: &Path, script: &str, schema: &Path, files: &[PathBuf]) -> Result<()> {
    let script = command::root().join("xtask/validate").join(script);
    let mut command = command::program(python, ["-B".as_ref(), script.as_os_str(), schema.as_os_str()]);
    let mut said = Vec::new();
    let good = command::tee(command.args(files), &mut |line| said.push(line.to_owned()))?;
    if good { Ok(()) } else { bail!("{}", said.first().map_or("it does not validate", String::as_str)) }
}

/// The SARIF schema that the crate we write SARIF with is generated from.
fn sarif_schema() -> Result<PathBuf> {
    let text = command::output(&mut command::cargo(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cargo metadata is no JSON")?;
    let packages = metadata.pointer("/packages").and_then(serde_json::Value::as_array);
    let manifest = packages.into_iter().flatten().find_map(|package| {
        let ours = package.get("name").and_then(serde_json::Value::as_str) == Some("serde-sarif");
        if ours { package.get("manifest_path").and_then(serde_json::Value::as_str) } else { None }
    });
    let manifest = Path::new(manifest.context("the crate `serde-sarif` is not built upon")?);
    let schema = manifest.with_file_name("src").join("schema.json");
    if schema.is_file() { Ok(schema) } else { bail!("{} is not there", schema.display()) }
}

/// The archive of the OCSF schema, or `-` for the models alone.
fn ocsf_schema() -> PathBuf {
    let folder = command::root().join(OCSF_FOLDER);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let archive = entries.map(|entry| entry.path()).find(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("ocsf-schema-") && name.ends_with(".tar.gz")
    });
    archive.unwrap_or_else(|| {
        command::say("suite ocsf: no schema archive at hand, so against the models of py-ocsf-models only");
        PathBuf::from("-")
    })
}
