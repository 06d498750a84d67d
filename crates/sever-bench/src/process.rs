//! Measuring in a child process: its own memory, its own caches, one core.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{decode, facts, gate, grants, ledger, plan, register, scan};

/// What a measurement found: numbers by name.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Runs one measurement in a child process and returns its numbers.
pub(crate) fn in_child(name: &str, count: u64) -> Result<Numbers> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut command = if std::path::Path::new("/usr/bin/taskset").exists() {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", "0"]).arg(own);
        command
    } else {
        Command::new(own)
    };
    let output = command.args(["one", name, &count.to_string()]).output().context("cannot start a child")?;
    if !output.status.success() {
        bail!("measuring {name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("measuring {name} printed no numbers"))
}

/// One measurement, in this process.
pub(crate) fn one(name: &str, count: u64) -> Result<Numbers> {
    match name {
        "decode" => decode::one(count),
        "facts" => facts::one(count),
        "gate-yes" => gate::always_yes(count),
        "scan" => scan::one(count),
        "ledger" => ledger::one(count),
        "plan" => plan::one(count),
        "register" => register::one(count),
        "grants" => grants::one(count),
        _ => bail!("there is no measurement `{name}`"),
    }
}

/// How long something takes, in seconds, with what it gives.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let begun = Instant::now();
    let value = work()?;
    Ok((begun.elapsed().as_secs_f64(), value))
}

/// The same in seconds of this thread on a core: what others run beside does not count.
pub(crate) fn cpu_timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let begun = on_core_secs();
    let value = work()?;
    Ok((on_core_secs() - begun, value))
}

/// By the clock that is read now: what `/proc` shows is as of the last tick, milliseconds ago.
fn on_core_secs() -> f64 {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    at.tv_sec as f64 + at.tv_nsec as f64 / 1e9
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Bytes of memory that this process has now (`VmRSS`) or had at most (`VmHWM`).
pub(crate) fn memory(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc: measure on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.with_context(|| format!("no {field} in /proc/self/status"))? * 1_024)
}
