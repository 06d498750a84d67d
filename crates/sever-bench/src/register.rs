//! The subject register: how long it takes to build, and in how much memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sever_model::{EventTime, FingerprintKey, SubjectRegister, Zone};
use sever_store::{Columns, Register, RegisterInput};

use crate::ledger;
use crate::process::{Numbers, memory, timed};

/// Builds a register of `count` ids from a CSV file.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let folder = tempfile::tempdir().context("no folder")?;
    write(&folder.path().join("members.csv"), count).context("cannot write the ids")?;
    let (secs, register) = timed(|| build(folder.path(), ledger::KEY))?;
    // Taken before anything is looked up: looking up maps pages in.
    let peak = memory("VmHWM")?;
    if register.len() != count {
        bail!("{count} ids were written and {} are in the register", register.len());
    }
    Ok(Numbers::from([("secs".to_owned(), secs), ("peak_bytes".to_owned(), peak as f64)]))
}

/// A register of the ids `c00000000` and on, for other measurements.
pub(crate) fn of(folder: &Path, count: u64, key: FingerprintKey) -> Result<Register> {
    write(&folder.join("members.csv"), count).context("cannot write the ids")?;
    build(folder, key)
}

fn build(folder: &Path, key: FingerprintKey) -> Result<Register> {
    let input = RegisterInput {
        path: folder.join("members.csv"),
        columns: Columns::default(),
        zone: Zone::UTC,
        complete_until: EventTime::from_secs(1_800_000_000),
    };
    let out = folder.join("register.sever");
    let report = Register::build(&input, &out, key, &mut |_, _| {})?;
    if report.meta.rejected > 0 {
        bail!("{} rows were rejected: {:?}", report.meta.rejected, report.rejects.first());
    }
    Ok(Register::open(&out, key)?)
}

fn write(path: &Path, count: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(b"id,created,deleted,member\n")?;
    for id in 0..count {
        let (month, day) = (1 + id % 12, 1 + id % 28);
        let deleted = if id % 50 == 49 { "2025-06-01T00:00:00Z" } else { "" };
        writeln!(file, "c{id:08},2021-{month:02}-{day:02}T10:20:30Z,{deleted},true")?;
    }
    file.flush()
}
