//! `sever privacy`: what is kept of whom, for how long, and who saw it; and what is done about it.
//!
//! Without a word it only tells. `erase`, `sweep` and `basis` change something: each needs a role that
//! may, with a reason (`--reveal`), and is recorded before it acts.

mod erase;
mod tell;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Site, lake_failure};
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;
use sever_detect::registry::{DETECTORS, Registered};
use sever_lake::{Rewrite, Write};
use sever_model::WallTime;
use sever_store::{Basis, Retention};

/// Say what is kept of whom, for how long, and who saw it; erase, sweep, record a legal basis
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List who saw what of whom, and why
    Accesses,
    /// Record the legal basis on which a detector may rank people, or withdraw it
    Basis(BasisArgs),
    /// Delete what is past its time
    Sweep(SweepArgs),
    /// Put one person out of everything that is kept
    Erase(erase::Args),
}

#[derive(Debug, clap::Args)]
struct BasisArgs {
    /// The detector
    detector: String,
    /// The basis: an agreement, a law, a decision, as a reader can find it
    #[arg(long, value_name = "TEXT", required_unless_present = "withdraw")]
    basis: Option<String>,
    /// The first day on which it no longer holds (a date)
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// It holds no longer
    #[arg(long, conflicts_with_all = ["basis", "until"])]
    withdraw: bool,
}

#[derive(Debug, clap::Args)]
struct SweepArgs {
    /// Only count what would go
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    match &args.what {
        None => tell::kept(&mut site, out),
        Some(What::Accesses) => tell::accesses(&site, out),
        Some(What::Basis(args)) => basis(args, &mut site, global, out),
        Some(What::Sweep(args)) => sweep(args, &mut site, global, out),
        Some(What::Erase(args)) => erase::run(args, &mut site, global, out),
    }
}

fn basis(args: &BasisArgs, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let Some(registered) = Registered::named(&args.detector) else {
        return Err(Failure::unknown("detector", &args.detector, DETECTORS.iter().map(|it| it.meta.id)));
    };
    let id = registered.meta.id;
    if !registered.meta.profiles_people {
        return Err(Failure::usage(format!("`{id}` ranks nobody, and needs no legal basis")));
    }
    let until = args.until.as_deref().map(WallTime::parse).transpose().map_err(anyhow::Error::from)?;
    let access = site.allow(Deed::Basis, global)?;
    if args.withdraw {
        let was = site.store_mut(async |store| store.withdraw_basis(id).await)?;
        out.note(&format!("{id}: {}", if was { "withdrawn; it is off" } else { "there was none" }));
        return Ok(vec![Exit::Clean]);
    }
    let basis = args.basis.clone().unwrap_or_default();
    let recorded = Basis { detector: id.to_owned(), basis, who: access.who, at: access.at, until };
    site.store_mut(async |store| store.set_basis(&recorded).await)?;
    out.note(&format!("{id} is on, by: {}", recorded.basis));
    Ok(vec![Exit::Clean])
}

fn sweep(args: &SweepArgs, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    site.remember_retention()?;
    let (past, rewrite) = terms(site);
    let write = if args.dry_run { Write::DryRun } else { Write::Now };
    if write == Write::Now {
        sever_lake::may_delete(&site.lake_dir()).map_err(lake_failure)?;
        site.allow(Deed::Sweep, global)?;
    }
    let swept = match write {
        Write::Now => site.store_mut(async |store| store.sweep(&past).await)?,
        Write::DryRun => site.store(async |store| store.past(&past).await)?,
    };
    let rows = sever_lake::rewrite(&site.lake_dir(), &rewrite, write);
    let rows = rows.map_err(lake_failure)?;
    if let (Write::Now, Some(before)) = (write, rewrite.before) {
        // Without the uses that they explain, our own tries of doors explain nothing.
        let young = |knock: &sever_model::Knock| knock.over().as_event() >= before;
        sever_store::retain_knocks(&site.config.data_dir, young).map_err(crate::cli::site::store_failure)?;
    }
    let ids = if write == Write::Now && rows.dropped > 0 { erase::forget_ids(site)? } else { 0 };
    let verb = if args.dry_run { "would go" } else { "gone" };
    out.note(&format!(
        "{verb}: {} facts, {} findings, {} records of access, {} judged uses, {ids} ids of subjects",
        swept.facts, swept.findings, swept.accesses, rows.dropped
    ));
    Ok(vec![Exit::Clean])
}

/// Before when each kind of data is past its time, at this moment.
fn terms(site: &Site) -> (Retention, Rewrite) {
    let now = crate::clock::now();
    let kept = site.config.privacy.retention;
    let before = |span: sever_model::Span| Some(now.minus(span));
    let past =
        Retention { facts: before(kept.facts), findings: before(kept.findings), accesses: before(kept.accesses) };
    (past, Rewrite { before: before(kept.uses).map(WallTime::as_event), ..Rewrite::default() })
}
