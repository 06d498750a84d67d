//! `sever lake`: what the lake of judged uses holds, and what is done to it as a whole.
//!
//! Without a word it only tells. A hold needs nothing but a reason, for it only keeps; releasing one
//! lets data go, needs a role that may, and both are recorded (`sever privacy accesses`).

use serde_json::json;
use sever_lake::{Held, Hold, Overview};
use sever_model::{EventTime, Span, counted};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Site, lake_failure};
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Say what the lake of judged uses holds; compact it, check it, hold it for the law
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Merge each day's small segments, drop what was taken back, remove what was never committed
    Compact,
    /// Read every byte that counts, and hold it against its checksums
    Check,
    /// Print the files that count, one a line, for other engines to read
    Files,
    /// List how far each log is read
    Offsets,
    /// Stop every deletion, say what stops it, let it go on
    Hold(HoldArgs),
}

#[derive(Debug, clap::Args)]
struct HoldArgs {
    #[command(subcommand)]
    what: HoldWhat,
}

#[derive(Debug, clap::Subcommand)]
enum HoldWhat {
    /// Stop every deletion from now on
    Add {
        /// What to call it
        name: String,
        /// Why: a case, an order, a law, as a reader can find it
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List the holds
    List,
    /// Lift a hold: needs a role that may `release`, and a reason (`--reveal`)
    Release {
        /// Which
        name: String,
    },
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let dir = site.lake_dir();
    match &args.what {
        None => tell(&site, out),
        Some(What::Compact) => compact(&site, out),
        Some(What::Check) => {
            let segments = sever_lake::verify(&dir).map_err(lake_failure)?;
            out.note(&format!("{} read, every byte as it was written", counted(segments, "segment")));
            Ok(vec![if segments == 0 { Exit::NothingLooked } else { Exit::Clean }])
        }
        Some(What::Files) => files(&site, out),
        Some(What::Offsets) => offsets(&site, out),
        Some(What::Hold(args)) => match &args.what {
            HoldWhat::Add { name, reason } => add(name, reason, &mut site, out),
            HoldWhat::List => holds(&site, out),
            HoldWhat::Release { name } => release(name, &mut site, global, out),
        },
    }
}

fn tell(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let overview = overview(site)?;
    let columns = ["day", "segments", "rows", "bytes", "logs", "first", "last"];
    let mut sheet = Sheet::new("lake", "judged uses, by day", &columns);
    for (day, sum) in &overview.days {
        sheet.rows.push(vec![
            json!(date(*day)),
            json!(sum.segments),
            json!(sum.rows),
            json!(sum.bytes),
            json!(sum.sources),
            json!(sum.first),
            json!(sum.last),
        ]);
    }
    for lowered in &overview.lowered {
        sheet.notes.push(format!(
            "RETENTION LOWERED from {} to {} days, noticed {} in a run of {}",
            lowered.from_days, lowered.to_days, lowered.at, lowered.who
        ));
    }
    for hold in &overview.holds {
        sheet.notes.push(held(hold));
    }
    let kept = overview.kept_for_days.map_or_else(String::new, |days| format!(", kept for {days} days"));
    sheet.notes.push(format!("lake: {}{kept}", site.lake_dir().display()));
    sheet.notes.push(match overview.at {
        None => "nothing was ever committed: `sever scan` keeps what it judges".to_owned(),
        Some(at) => format!(
            "{} days, {} segments, {} rows, {} bytes; commit {} of {at} by {}; {} read ({} still readable)",
            overview.days.len(),
            overview.days.values().map(|day| day.segments).sum::<u64>(),
            overview.days.values().map(|day| day.rows).sum::<u64>(),
            overview.days.values().map(|day| day.bytes).sum::<u64>(),
            overview.number,
            overview.run,
            counted(overview.offsets.len() as u64, "log"),
            counted(overview.commits, "commit"),
        ),
    });
    out.sheet(&sheet)?;
    Ok(vec![if overview.days.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

fn overview(site: &Site) -> Result<Overview, Failure> {
    sever_lake::overview(&site.lake_dir()).map_err(lake_failure)
}

/// The day of that number, as its folder is called.
fn date(day: i64) -> String {
    let at = EventTime::from_secs(0).plus(Span::days(day)).to_string();
    at.split('T').next().unwrap_or(&at).to_owned()
}

fn held(hold: &Hold) -> String {
    format!("HOLD `{}` of {} by {}: {}; nothing is deleted", hold.name, hold.at, hold.who, hold.reason)
}

fn compact(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let compacted = sever_lake::compact(&site.lake_dir(), crate::clock::now()).map_err(lake_failure)?;
    out.note(&format!(
        "{} compacted: {} became {}; {} dropped that {} taken back; {} swept",
        counted(compacted.days, "day"),
        counted(compacted.before, "segment"),
        compacted.after,
        counted(compacted.dropped, "row"),
        if compacted.dropped == 1 { "was" } else { "were" },
        counted(compacted.swept, "file"),
    ));
    for hold in &overview(site)?.holds {
        out.note(&held(hold));
    }
    Ok(vec![Exit::Clean])
}

fn files(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let files = sever_lake::files(&site.lake_dir()).map_err(lake_failure)?;
    let mut sheet = Sheet::new("files", "the files that count", &["file"]);
    sheet.rows.extend(files.iter().map(|file| vec![json!(file.to_string_lossy())]));
    out.sheet(&sheet)?;
    Ok(vec![if files.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

fn offsets(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let offsets = overview(site)?.offsets;
    let mut sheet = Sheet::new("offsets", "how far each log is read", &["log", "bytes", "identity"]);
    for (source, offset) in &offsets {
        sheet.rows.push(vec![json!(source), json!(offset.bytes), json!(offset.identity)]);
    }
    out.sheet(&sheet)?;
    Ok(vec![if offsets.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

fn holds(site: &Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut sheet = Sheet::new("holds", "what stops every deletion", &["name", "at", "who", "reason"]);
    for hold in overview(site)?.holds {
        sheet.rows.push(vec![json!(hold.name), json!(hold.at), json!(hold.who), json!(hold.reason)]);
    }
    if sheet.rows.is_empty() {
        sheet.notes.push("no hold: what is past its time is deleted by `sever privacy sweep`".to_owned());
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

fn add(name: &str, reason: &str, site: &mut Site, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let access = site.record(reason)?;
    let hold = Hold { name: name.to_owned(), reason: access.reason, who: access.who, at: access.at };
    match sever_lake::hold(&site.lake_dir(), &hold).map_err(lake_failure)? {
        Held::New => out.note(&held(&hold)),
        Held::Already => {
            return Err(Failure::usage(format!("there is a hold `{name}` already")).hint("`sever lake hold list`"));
        }
    }
    Ok(vec![Exit::Clean])
}

fn release(name: &str, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let known = overview(site)?.holds;
    if !known.iter().any(|hold| hold.name == name) {
        return Err(Failure::unknown("hold", name, known.iter().map(|hold| hold.name.as_str())));
    }
    site.allow(Deed::Release, global)?;
    let released = sever_lake::release(&site.lake_dir(), name).map_err(lake_failure)?;
    let left = overview(site)?.holds.len() as u64;
    out.note(&match (released, left) {
        (None, _) => format!("`{name}` was released meanwhile"),
        (Some(_), 0) => format!("`{name}` is released: what is past its time may be deleted again"),
        (Some(_), left) => format!("`{name}` is released; {} still stops every deletion", counted(left, "hold")),
    });
    Ok(vec![Exit::Clean])
}
