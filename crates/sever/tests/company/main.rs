//! A small real company on real servers, end to end: what they wrote and exported, from `sever init` to
//! whose data it was. Every misuse is found, and nothing else.
//!
//! The day itself is [`sever_testkit::RealCompany`]. Where a server is not installed, that is a reported
//! skip; `cargo xtask test` installs them. A test of this crate, for only here cargo hands out the binary
//! that it has just built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sever_testkit::{Expected, RealCompany, Shown};

/// What `sever` said.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Exit codes of commands that did their work: clean, findings of some severity, or coverage incomplete.
const WORKED: [i32; 7] = [0, 6, 11, 12, 13, 14, 15];

fn sever(folder: &Path, words: &[&str]) -> Result<Said> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sever"));
    command.args(words).current_dir(folder).env_clear().env("NO_COLOR", "1").env("HOME", folder);
    let output = command.output().context("cannot run sever")?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let said =
        Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) };
    ensure!(WORKED.contains(&said.code), "{words:?} ended with {}: {}{}", said.code, said.stdout, said.stderr);
    Ok(said)
}

/// The rows of an answer in JSON lines.
fn rows(said: &Said) -> Result<Vec<Value>> {
    said.stdout.lines().map(|line| serde_json::from_str(line).context("a row that is no JSON")).collect()
}

fn text(row: &Value, pointer: &str) -> Option<String> {
    row.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// What each account is called, by its id: its system and its login.
fn logins(folder: &Path) -> Result<BTreeMap<String, String>> {
    let listed = rows(&sever(folder, &["list", "accounts", "--format", "jsonl"])?)?;
    let named = listed.iter().filter_map(|row| {
        let (id, login) = (text(row, "/account")?, text(row, "/login")?);
        let system = id.split_once('/')?.0.to_owned();
        Some((id, format!("{system}/{login}")))
    });
    Ok(named.collect())
}

/// The findings of a command, as detector and accused, in order; and each in its own words.
fn findings(folder: &Path, verb: &str) -> Result<(Vec<(String, String)>, String)> {
    let said = sever(folder, &[verb, "--format", "jsonl"])?;
    let logins = logins(folder)?;
    let mut found = Vec::new();
    let mut sentences = String::new();
    for finding in rows(&said)? {
        if let (Some(detector), Some(accused)) = (text(&finding, "/detector"), text(&finding, "/things/0/id")) {
            found.push((detector, logins.get(&accused).cloned().unwrap_or(accused)));
            sentences.push_str(&format!("{}\n", text(&finding, "/sentence").unwrap_or_default()));
        }
    }
    found.sort();
    Ok((found, sentences + &said.stderr))
}

fn expected(of: &[Expected], shown: &[Shown]) -> Vec<(String, String)> {
    let mut all: Vec<_> = of
        .iter()
        .filter(|it| shown.contains(&it.shown))
        .map(|it| (it.detector.to_owned(), it.accused.clone()))
        .collect();
    all.sort();
    all
}

/// The configuration that `init` proposes, with what it says to check: here all servers share a clock,
/// and the issuer writes before it answers.
fn configure(folder: &Path) -> Result<()> {
    let said = sever(folder, &["init", "--from", ".", "--zone", "UTC"])?;
    ensure!(!said.stderr.contains("left out: "), "{}", said.stderr);
    let path = folder.join("severance.toml");
    let proposed = std::fs::read_to_string(&path).context("init wrote nothing")?;
    let text = proposed.replace("settle = \"2m\"", "settle = \"1s\"").replacen("zone = ", "skew = \"0s\"\nzone = ", 1);
    ensure!(text != proposed && text.contains("settle = \"1s\""), "{proposed}");
    std::fs::write(&path, text).context("cannot write the configuration")
}

#[test]
fn every_misuse_is_found_and_nothing_else() -> Result<()> {
    let Some(company) = RealCompany::run(1)? else { return Ok(()) };
    let (folder, truth) = (company.folder(), company.truth());
    configure(folder)?;
    sever(folder, &["sync"])?;

    let (standing, said) = findings(folder, "check")?;
    assert_eq!(standing, expected(&truth.expected, &[Shown::ByExports]), "check:\n{said}");
    let (all, said) = findings(folder, "scan")?;
    assert_eq!(all, expected(&truth.expected, &[Shown::ByExports, Shown::ByLogs]), "scan:\n{said}");
    // Again, as people read it: it is the same, and no issuance is missing.
    let read = sever(folder, &["scan"])?;
    assert_eq!(read.stdout.lines().count(), all.len() + 1, "{}", read.stdout);
    assert!(read.stderr.contains("coverage 100.000 %"), "{}", read.stderr);

    // Who could have read the key: the two of the platform team, of whom one still works here and is
    // shown by a pseudonym; who did: bob.
    let knowers = sever(folder, &["who", "kid-1"])?.stdout;
    let people: BTreeSet<&str> = knowers.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let [bob, ann] = people.iter().copied().collect::<Vec<_>>()[..] else { panic!("{knowers}") };
    assert!(bob == "1002" && ann.starts_with("person-"), "{knowers}");
    let reads = |who: &str, how: &str| knowers.lines().any(|line| line.starts_with(who) && line.contains(how));
    assert!(reads(ann, "could read") && reads(bob, "could read"), "{knowers}");
    assert!(reads(bob, "read of secret/data/signing/kid-1"), "{knowers}");
    let doors = sever(folder, &["who", "bob"])?.stdout;
    for system in ["database", "desk", "directory", "domain", "host", "vault"] {
        let door = logins(folder)?.into_iter().find(|(_, named)| *named == format!("{system}/bob"));
        let (id, _) = door.with_context(|| format!("bob has no account in {system}"))?;
        assert!(doors.contains(&id), "{id} is not among bob's doors:\n{doors}");
    }
    assert!(doors.contains("host/SHA256:"), "{doors}");

    // Whose data the forged tokens took: all of the key's uses are most of the customers'.
    let reach = |words: &[&str]| -> Result<Value> {
        let said = sever(folder, &[&["reach", "kid-1", "--format", "json"], words].concat())?;
        serde_json::from_str(&said.stdout).context("a reach that is no JSON")
    };
    let number = |answer: &Value, name: &str| answer.pointer(&format!("/summary/{name}")).and_then(Value::as_u64);
    let reason = ["--reveal", "case 77: whom we have to tell"];
    let forged = reach(&[&["--judged", "forged", "--subjects", "touched.csv"], &reason[..]].concat())?;
    assert_eq!(number(&forged, "lower"), Some(truth.touched().len() as u64), "{forged:#}");
    assert_eq!(number(&forged, "upper"), number(&forged, "lower"), "{forged:#}");
    assert_eq!(number(&forged, "nonexistent"), Some(1), "{forged:#}");
    let touched = std::fs::read_to_string(folder.join("touched.csv")).context("no list of those touched")?;
    assert!(truth.touched().iter().all(|id| touched.contains(id)), "{touched}");
    assert!(number(&reach(&[])?, "lower") > number(&forged, "lower"));
    Ok(())
}
