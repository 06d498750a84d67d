//! `bench facts`: loading, re-syncing and listing facts; the register; who could read a key.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use sever_connect::SourceSettings;
use sever_engine::{Quiet, SyncOutcome, sync};
use sever_model::port::Source;
use sever_model::{EventTime, FactKind, Limits, SourceId, SystemId, WallTime, Zone};
use sever_store::{Brake, ListQuery, Store, When};

use crate::company;
use crate::process::{Numbers, in_child, median, timed};
use crate::report::Row;

/// Facts that the bars are about.
const FACTS: f64 = 1_000_000.0;

/// Ids of the register that the bar is about.
const IDS: f64 = 37_500_000.0;

/// Grants that the bar is about.
const GRANTS: f64 = 10_000_000.0;

/// Rows of a page of a list.
const PAGE: u64 = 1_000;

/// The rows of `bench facts`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let scaled = |count: f64| (count * scale) as u64;
    let facts = in_child("facts", scaled(FACTS))?;
    let register = in_child("register", scaled(IDS))?;
    let grants = in_child("grants", scaled(GRANTS))?;
    let of = |numbers: &Numbers, name: &str| numbers.get(name).copied().unwrap_or(f64::NAN);
    let millions = |count: f64| format!("{:.1} M", count * scale / 1e6);
    Ok(vec![
        Row::limit(&format!("load, {} facts", millions(FACTS)), of(&facts, "load_secs"), "s", 10.0),
        Row::limit("sync again, files untouched", of(&facts, "same_secs"), "s", 3.0),
        // All of it is read and compared again: no dearer than a load, though nothing is written.
        Row::limit("sync again, rows in another order", of(&facts, "reordered_secs"), "s", 10.0),
        Row::limit("list --as-of, slowest kind", of(&facts, "list_secs") * 1e3, "ms", 200.0),
        Row::limit(&format!("register, {} ids", millions(IDS)), of(&register, "secs"), "s", 60.0),
        Row::limit("register, most memory", of(&register, "peak_bytes") / 1e6, "MB", 600.0),
        Row::limit(&format!("who KEY, {} grants", millions(GRANTS)), of(&grants, "millis"), "ms", 100.0),
    ])
}

/// Loads about `count` facts from files, twice more without a change, and lists them.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let folder = tempfile::tempdir().context("no folder")?;
    company::write(folder.path(), count, company::Order::Rising).context("cannot write the files")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("no runtime")?;
    let mut store = runtime.block_on(Store::open(&folder.path().join("data")))?;
    let pull = |store: &mut Store, now: i64| -> Result<(f64, SyncOutcome)> {
        let sources = sources(folder.path())?;
        let known = move |_at: EventTime| WallTime::from_secs(now);
        timed(|| Ok(runtime.block_on(sync(store, &sources, &Brake::default(), &known, &mut Quiet))?))
    };
    let (load_secs, loaded) = pull(&mut store, 1_775_001_600)?;
    let added = sum(&loaded, |applied| applied.added)?;
    if (added as f64) < count as f64 * 0.9 {
        bail!("{count} facts were to be loaded and {added} were");
    }
    let (same_secs, _) = pull(&mut store, 1_775_088_000)?;
    company::write(folder.path(), count, company::Order::Falling).context("cannot write the files")?;
    let (reordered_secs, again) = pull(&mut store, 1_775_174_400)?;
    let unchanged = sum(&again, |applied| applied.unchanged)?;
    if unchanged < added {
        bail!("{added} facts were loaded and only {unchanged} were found unchanged");
    }
    let mut list_secs: f64 = 0.0;
    for kind in [FactKind::Person, FactKind::Stint, FactKind::Account, FactKind::Grant] {
        list_secs = list_secs.max(listing(&runtime, &store, kind)?);
    }
    let numbers = [
        ("load_secs", load_secs),
        ("same_secs", same_secs),
        ("reordered_secs", reordered_secs),
        ("list_secs", list_secs),
    ];
    Ok(numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// How long a page of what was true at an instant takes.
fn listing(runtime: &tokio::runtime::Runtime, store: &Store, kind: FactKind) -> Result<f64> {
    let query = ListQuery {
        kind,
        when: When::At(EventTime::from_secs(1_760_000_000)),
        known_at: WallTime::from_secs(1_775_174_400),
        offset: 0,
        limit: PAGE,
    };
    let mut times = Vec::new();
    for _ in 0..5 {
        let (secs, page) = timed(|| Ok(runtime.block_on(store.list(&query))?))?;
        if page.rows.is_empty() {
            bail!("no {} is listed", kind.word());
        }
        times.push(secs);
    }
    Ok(median(times))
}

fn sum(outcome: &SyncOutcome, of: impl Fn(&sever_store::Applied) -> u64) -> Result<u64> {
    let mut total = 0;
    for line in &outcome.lines {
        if let Some((what, _)) = &line.failed {
            bail!("{}: {what}", line.source);
        }
        let applied = line.applied.as_ref().with_context(|| format!("{} was not applied", line.source))?;
        if let Some(braked) = &applied.braked {
            bail!("{}: {}", line.source, braked.why);
        }
        total += of(applied);
    }
    Ok(total)
}

fn sources(folder: &Path) -> Result<Vec<Box<dyn Source>>> {
    let files =
        [("hr", "people", "people.csv"), ("shop", "accounts", "accounts.csv"), ("rights", "rights", "rights.csv")];
    files.into_iter().map(|(name, kind, file)| source(name, kind, folder.join(file))).collect()
}

fn source(name: &str, kind: &str, path: PathBuf) -> Result<Box<dyn Source>> {
    let provider = sever_connect::provider(kind).map_err(|_| anyhow!("no provider {kind}"))?;
    let settings = SourceSettings {
        id: SourceId::from(name),
        system: SystemId::from(if name == "rights" { "shop" } else { name }),
        paths: vec![path],
        zone: Zone::UTC,
        complete: true,
        map: std::collections::BTreeMap::new(),
        limits: Limits::default(),
    };
    Ok((provider.open)(settings)?)
}
