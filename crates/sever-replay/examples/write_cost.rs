//! What writing a play costs: seconds, memory and bytes, in all and for each event.
//!
//! `cargo run --release -p sever-replay --example write_cost -- coupang 0.01 /var/tmp/play`

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sever_replay::Play;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let usage = "INCIDENT SCALE DIR";
    let id = words.next().ok_or(usage)?;
    let scale: f64 = words.next().ok_or(usage)?.parse()?;
    let dir = PathBuf::from(words.next().ok_or(usage)?);
    let begun = Instant::now();
    let truth = sever_replay::incident(&id)?.play(&Play { scale, ..Play::default() }, &dir)?;
    let secs = begun.elapsed().as_secs_f64();
    let events = (truth.benign_events + truth.misuse_events) as f64;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{id} at {scale}: {} misuse, {} benign events, {} people",
        truth.misuse_events, truth.benign_events, truth.people_count
    )?;
    writeln!(out, "{secs:.1} s, {:.0} ns an event; peak {} kB", secs * 1e9 / events, peak_kb()?)?;
    for part in ["logs", "truth", ""] {
        let bytes = bytes(&dir.join(part))?;
        let name = if part.is_empty() { "all" } else { part };
        writeln!(out, "{name:6} {bytes:>14} bytes, {:.1} an event", bytes as f64 / events)?;
    }
    Ok(())
}

fn bytes(dir: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}

/// The most memory that this process has had, as Linux tells it.
fn peak_kb() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0))
}
