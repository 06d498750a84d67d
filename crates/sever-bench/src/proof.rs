//! `bench proof`: adding statements to the proof log durably, and checking a proof.
//!
//! Signatures are verified on every core that there is, so that this runs in one process, unpinned.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use sever_model::WallTime;
use sever_store::proof::{Bundle, Claim, ClaimKind, LogKey, LogReader, ProofLog, Trust, check, export};

use crate::process::{median, timed};
use crate::report::Row;

/// Statements that the bar of the check is about.
const STATEMENTS: f64 = 10_000.0;

/// Statements of one durable commit: the steps of a departure.
const BATCH: usize = 100;

/// Statements that are added one by one.
const SINGLY: usize = 200;

/// The rows of `bench proof`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let count = ((STATEMENTS * scale) as usize).max(BATCH);
    let folder = tempfile::tempdir().context("no folder")?;
    let singly = append(&folder.path().join("singly"), SINGLY, 1)?;
    let batched = append(&folder.path().join("batched"), count, BATCH)?;
    let out = folder.path().join("proof.tar");
    let (export_secs, bytes) = timed(|| write(&folder.path().join("batched"), &out))?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let (secs, statements) = timed(|| checked(&out))?;
        if statements != count as u64 {
            bail!("{count} statements were written and {statements} checked");
        }
        times.push(secs);
    }
    let rate = |secs: f64, count: usize| count as f64 / secs;
    Ok(vec![
        Row::limit(
            &format!("append singly, {:.0} a second", rate(singly, SINGLY)),
            singly / SINGLY as f64 * 1e3,
            "ms",
            50.0,
        ),
        Row::limit(
            &format!("append by {BATCH}, {:.0} a second", rate(batched, count)),
            batched / count as f64 * 1e3,
            "ms",
            5.0,
        ),
        Row::limit(&format!("export {count} statements, {:.1} MB", bytes as f64 / 1e6), export_secs, "s", 2.0),
        Row::limit(&format!("check {count} statements"), median(times), "s", 1.0),
    ])
}

/// How long adding so many statements takes, so many to a commit.
fn append(data: &Path, count: usize, batch: usize) -> Result<f64> {
    let mut log = ProofLog::open(data, LogKey::read_or_make(data)?)?;
    let claims: Vec<Claim> = (0..count).map(claim).collect();
    let (secs, ()) = timed(|| claims.chunks(batch).try_for_each(|part| Ok(log.append_all(part).map(|_| ())?)))?;
    if log.checkpoint().size != count as u64 {
        bail!("{count} statements were added and the log holds {}", log.checkpoint().size);
    }
    Ok(secs)
}

/// Four statements to a step, as a cut makes them.
fn claim(number: usize) -> Claim {
    let kinds = [ClaimKind::Intent, ClaimKind::Receipt, ClaimKind::Verdict, ClaimKind::Verdict];
    let private =
        [("door", format!("ldap:uid=user-{number},ou=people,dc=shop,dc=example")), ("account", format!("a-{number}"))];
    Claim {
        kind: kinds.get(number % 4).copied().unwrap_or(ClaimKind::Verdict),
        departure: format!("dep-{}", number / 80),
        at: WallTime::from_secs(1_790_787_600 + number as i64),
        public: json!({"phase": "cut", "provider": "ldap", "result": "closed", "strength": "tried", "step": number}),
        private: private.map(|(field, value)| (field.to_owned(), value)).into(),
    }
}

fn write(data: &Path, out: &Path) -> Result<u64> {
    let exported = export(&LogReader::open(data)?, &LogKey::read_or_make(data)?, None, &|_| true)?;
    exported.bundle.write(out).context("cannot write the proof")?;
    Ok(std::fs::metadata(out).context("no proof")?.len())
}

fn checked(path: &Path) -> Result<u64> {
    let bundle = Bundle::read(path).context("cannot read the proof")?;
    let checked = bundle.and_then(|bundle| check(&bundle, &Trust::default())).map_err(|flaw| anyhow!("{flaw}"))?;
    Ok(checked.statements())
}
