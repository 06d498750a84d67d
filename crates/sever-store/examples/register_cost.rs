//! What the subject register costs: a CSV of N ids built into one, opened, and looked up.
//!
//! `cargo run --release -p sever-store --example register_cost [N]` prints one line of JSON. The peak
//! of resident memory is the kernel's own figure, where there is one.

use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use sever_model::{EventTime, FingerprintKey, Lookup, SubjectRegister as _, Zone};
use sever_store::{Columns, Register, RegisterInput};

const LOOKUPS: u64 = 2_000_000;

fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let (csv, out) = (dir.path().join("members.csv"), dir.path().join("register.sever"));
    write(&csv, count)?;
    let key = FingerprintKey::new(*b"0123456789abcdef");
    let complete_until = EventTime::from_secs(1_800_000_000);
    let input = RegisterInput { path: csv, columns: Columns::default(), zone: Zone::UTC, complete_until };

    let start = Instant::now();
    let report = Register::build(&input, &out, key, &mut |_, _| {})?;
    let built = start.elapsed();
    anyhow::ensure!(report.meta.ids == count && report.meta.rejected == 0);
    let peak = peak_bytes();

    let start = Instant::now();
    let register = Register::open(&out, key)?;
    let opened = start.elapsed();
    // The first time brings the file into memory.
    register.verify()?;
    // Ids in a scattered order, half of them never given out.
    let mut known = 0;
    let start = Instant::now();
    for number in 0..LOOKUPS {
        let id = format!("m{:010}", number.wrapping_mul(2_654_435_761) % (2 * count));
        known += u64::from(black_box(register.lookup(&id)) != Lookup::Never);
    }
    let looked_up = start.elapsed();
    anyhow::ensure!(known > 0 && known < LOOKUPS);

    let bytes = std::fs::metadata(&out)?.len();
    let line = serde_json::json!({
        "ids": count,
        "build_secs": built.as_secs_f64(),
        "peak_bytes": peak,
        "file_bytes": bytes,
        "bytes_per_id": bytes as f64 / count as f64,
        "open_ms": opened.as_millis(),
        "lookup_ns": looked_up.as_nanos() as u64 / LOOKUPS,
    });
    std::io::stdout().write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}

fn write(path: &std::path::Path, count: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    writeln!(file, "id,created,deleted,member")?;
    for number in 0..count {
        let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
        let deleted = if number % 50 == 0 { "2025-06-01T10:20:30Z" } else { "" };
        writeln!(file, "m{number:010},2019-{month:02}-{day:02}T08:15:00Z,{deleted},{}", number % 9 != 0)?;
    }
    Ok(file.flush()?)
}

/// The most memory this process ever had resident.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
