//! A small real company on real servers, end to end: what they wrote and exported, from `sever init` to
//! whose data it was. Every misuse is found, and nothing else.
//!
//! The day itself is [`sever_testkit::RealCompany`]. Where a server is not installed, that is a reported
//! skip; `cargo xtask test` installs them. A test of this crate, for only here cargo hands out the binary
//! that it has just built.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;
use sever_testkit::{RealCompany, Shown};

#[test]
fn every_misuse_is_found_and_nothing_else() -> Result<()> {
    let Some(company) = RealCompany::run(1)? else { return Ok(()) };
    let (folder, truth) = (company.folder(), company.truth());
    let analyst = company.analyst(env!("CARGO_BIN_EXE_sever"));
    analyst.begin()?;

    let standing = analyst.findings("check")?;
    assert_eq!(standing.accused, truth.accused(&[Shown::ByExports]), "check:\n{}", standing.words);
    let all = analyst.findings("scan")?;
    assert_eq!(all.accused, truth.accused(&[Shown::ByExports, Shown::ByLogs]), "scan:\n{}", all.words);
    // Again, as people read it: it is the same, and no issuance is missing.
    let read = analyst.run(&["scan"])?;
    assert_eq!(read.stdout.lines().count(), all.accused.len() + 1, "{}", read.stdout);
    assert!(read.stderr.contains("coverage 100.000 %"), "{}", read.stderr);

    // Who could have read the key: the two of the platform team, of whom one still works here and is
    // shown by a pseudonym; who did: bob.
    let knowers = analyst.run(&["who", "kid-1"])?.stdout;
    let people: BTreeSet<&str> = knowers.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let [bob, ann] = people.iter().copied().collect::<Vec<_>>()[..] else { panic!("{knowers}") };
    assert!(bob == "1002" && ann.starts_with("person-"), "{knowers}");
    let reads = |who: &str, how: &str| knowers.lines().any(|line| line.starts_with(who) && line.contains(how));
    assert!(reads(ann, "could read") && reads(bob, "could read"), "{knowers}");
    assert!(reads(bob, "read of secret/data/signing/kid-1"), "{knowers}");
    let doors = analyst.run(&["who", "bob"])?.stdout;
    for system in ["database", "desk", "directory", "domain", "host", "vault"] {
        let door = analyst.logins()?.into_iter().find(|(_, named)| *named == format!("{system}/bob"));
        let (id, _) = door.with_context(|| format!("bob has no account in {system}"))?;
        assert!(doors.contains(&id), "{id} is not among bob's doors:\n{doors}");
    }
    assert!(doors.contains("host/SHA256:"), "{doors}");

    // Whose data the forged tokens took: all of the key's uses are most of the customers'.
    let reach = |words: &[&str]| -> Result<Value> {
        let said = analyst.run(&[&["reach", "kid-1", "--format", "json"], words].concat())?;
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
