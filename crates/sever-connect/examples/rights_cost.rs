//! What reading a rights export costs: writes one of as many rows as asked for, and pulls it.
//!
//! `cargo run --release -p sever-connect --example rights_cost -- 10000000`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use sever_connect::{SourceSettings, provider};
use sever_model::{Limits, Zone};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let path = std::env::temp_dir().join(format!("severance-rights-{}.csv", std::process::id()));
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "holder,holder_kind,resource,rights,since,until")?;
    for row in 0..rows {
        let (holder, resource) = (row % 1_000_003, row % 99_991);
        writeln!(file, "user-{holder},account,orders/table-{resource},select,2024-01-{:02},", row % 28 + 1)?;
    }
    file.flush()?;
    let settings = SourceSettings {
        id: "rights".into(),
        system: "orders".into(),
        paths: vec![path.clone()],
        zone: Zone::named("Asia/Seoul")?,
        complete: true,
        map: BTreeMap::new(),
        limits: Limits::default(),
    };
    let source = (provider("rights").map_err(|_| "no such provider")?.open)(settings)?;
    let begun = Instant::now();
    let listing = source.listings()?.pop().ok_or("no listing")?;
    let hashed = begun.elapsed();
    let begun = Instant::now();
    let mut records = 0u64;
    source.pull(&listing, &mut |_| records += 1)?;
    let pulled = begun.elapsed();
    std::fs::remove_file(&path)?;
    let nanos = pulled.as_nanos() as f64 / rows as f64;
    writeln!(std::io::stdout(), "{records} records; digest {hashed:.2?}; pull {pulled:.2?}, {nanos:.0} ns a row")?;
    Ok(())
}
