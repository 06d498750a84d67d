//! `sever case`: the night of an incident, from the e-mail to the notice.
//!
//! ```text
//! open ─► show (clocks) ─► hold ─► common ─► reach, reach again ─► say ─► notices ─► told ─► close
//! ```
//!
//! Everything that is done, and every look, is a row of the case's journal, which only grows
//! (`sever case log`). Nothing is ever sent from here: notices are drafted into files, and `told`
//! records that somebody gave one. The clocks count hours from awareness; which law applies, and when
//! awareness was, counsel decides.

mod act;
mod mail;
mod notices;
mod open;
mod say;
mod show;

use std::path::PathBuf;

use sever_model::{Case, CaseAct, WallTime};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::reach::{CapArgs, Judged, Kind};
use crate::cli::site::Site;
use crate::hint::Failure;

use crate::exit::Exit;

/// What is said wherever a clock is shown.
const COUNSEL: &str = "which law applies, when awareness was and what must be told is for counsel to decide";

/// Carry an incident: awareness, clocks, hold, frozen answers and their differences, drafts
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Open a case by an e-mail, a list of people, a finding or a thing
    Open(OpenArgs),
    /// Show a case: its clocks, and what has been done; or a frozen version of its answer
    Show(ShowArgs),
    /// List the cases
    List,
    /// List who did and saw what, when
    Log {
        /// The case
        name: String,
    },
    /// Stop every deletion for this case
    Hold {
        /// The case
        name: String,
        /// Why, besides the case itself
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Say what the people of the case have in common
    Common {
        /// The case
        name: String,
        /// At most so many rows
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Answer whose data it was, freeze the answer as a new version, and say what moved since the last
    Reach(ReachArgs),
    /// Say what can be said and what cannot: each sentence with its number and how it is known
    Say {
        /// The case
        name: String,
        /// Of this version of the frozen answer (default: the newest)
        #[arg(long, value_name = "N")]
        answer: Option<usize>,
    },
    /// Draft the notices to authority and people, each number linked to its rows; nothing is sent
    Notices(NoticesArgs),
    /// Record that somebody gave a notice: its clock stops
    Told(ToldArgs),
    /// Close a case; its journal stays
    Close {
        /// The case
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("by").required(true).multiple(true).args(["email", "subjects", "finding", "thing"])))]
struct OpenArgs {
    /// What to call it: letters, digits, `-`, `_` and `.`
    name: String,
    /// An e-mail as it was received (RFC 5322): ids of people in its text and attached lists are taken up
    #[arg(long, value_name = "FILE")]
    email: Option<PathBuf>,
    /// A list of people whose data leaked: one id a line, or the first column of a CSV
    #[arg(long, value_name = "FILE")]
    subjects: Option<PathBuf>,
    /// A finding, by its id or the beginning of it
    #[arg(long, value_name = "ID")]
    finding: Option<String>,
    /// A thing: a key id, an account, a person, a token id, a session, an address
    #[arg(long, value_name = "THING")]
    thing: Option<String>,
    /// When the organisation became aware (RFC 3339 or a date; default: the e-mail's date, else now)
    #[arg(long, value_name = "TIME")]
    aware: Option<String>,
    /// Only this law's clock; may be given several times (default: as configured)
    #[arg(long = "law", value_name = "LAW")]
    laws: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The case
    name: String,
    /// The clocks as they stood then (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// This version of the frozen answer
    #[arg(long, value_name = "N")]
    answer: Option<usize>,
    /// Write that version to a file, as `sever reach --freeze` does
    #[arg(long, value_name = "FILE", requires = "answer")]
    freeze: Option<PathBuf>,
    /// Draw that version
    #[arg(long, value_name = "FILE", requires = "answer")]
    svg: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ReachArgs {
    /// The case
    name: String,
    /// Whose reach (default: as the last version asked; else what the people share; else what the case
    /// was opened by)
    #[arg(value_name = "THING")]
    things: Vec<String>,
    /// Only uses judged so
    #[arg(long, value_name = "AS", requires = "things")]
    judged: Option<Judged>,
    /// What kind of thing it is, where its name does not tell
    #[arg(long, value_name = "KIND", requires = "things")]
    kind: Option<Kind>,
    /// Only uses from then on (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", requires = "things")]
    from: Option<String>,
    /// Only uses before then (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", requires = "things")]
    to: Option<String>,
    #[command(flatten)]
    cap: CapArgs,
}

#[derive(Debug, clap::Args)]
struct NoticesArgs {
    /// The case
    name: String,
    /// Of this version of the frozen answer (default: the newest)
    #[arg(long, value_name = "N")]
    answer: Option<usize>,
    /// The folder to write them to (default: `NAME-notices`)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over drafts that are there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct ToldArgs {
    /// The case
    name: String,
    /// The law that wanted it
    law: String,
    /// Who was told
    #[arg(long, value_name = "WHOM", value_parser = sever_model::AUDIENCES)]
    to: String,
    /// When (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How, as can be checked: a receipt's number, an address
    #[arg(long, value_name = "TEXT")]
    how: String,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let who = site.may_work_on_cases(global)?;
    let mut desk = Desk { site, who };
    match &args.what {
        What::Open(args) => open::run(args, &mut desk, out),
        What::Show(args) => show::show(args, &mut desk, out),
        What::List => show::list(&desk, out),
        What::Log { name } => show::log(name, &mut desk, out),
        What::Hold { name, reason } => act::hold(name, reason.as_deref(), &mut desk, out),
        What::Common { name, limit } => act::common(name, *limit, &mut desk, out),
        What::Reach(args) => act::reach(args, &mut desk, out),
        What::Say { name, answer } => say::run(name, *answer, &mut desk, out),
        What::Notices(args) => notices::run(args, &mut desk, out),
        What::Told(args) => act::told(args, &mut desk, out),
        What::Close { name, reason } => act::close(name, reason, &mut desk, out),
    }
}

/// Where cases are worked on, and by whom.
struct Desk {
    site: Site,
    who: String,
}

impl Desk {
    /// A case by its name.
    fn case(&self, name: &str) -> Result<Case, Failure> {
        let rows = self.site.store(async |store| store.case_rows(name).await)?;
        if let Some(case) = Case::of(name, &rows) {
            return Ok(case);
        }
        let cases = self.site.store(async |store| store.cases().await)?;
        Err(match cases.is_empty() {
            true => Failure::usage(format!("there is no case `{name}`")).hint("`sever case open NAME` opens one"),
            false => Failure::unknown("case", name, cases.iter().map(|case| case.name.as_str())),
        })
    }

    /// A case that is still open.
    fn open_case(&self, name: &str) -> Result<Case, Failure> {
        let case = self.case(name)?;
        match &case.closed {
            None => Ok(case),
            Some((at, who, _)) => Err(Failure::new(format!("case `{name}` was closed {at} by {who}"))
                .hint("`sever case show` and `log` still tell of it; what is new is a new case")
                .exit(Exit::Refused)),
        }
    }

    /// Writes into a case's journal.
    fn record(&mut self, name: &str, acts: &[CaseAct]) -> Result<WallTime, Failure> {
        let (at, who) = (crate::clock::now(), self.who.clone());
        self.site.store_mut(async |store| store.record_case(name, at, &who, acts).await)?;
        Ok(at)
    }

    /// Writes that somebody looks, before anything is shown.
    fn looked(&mut self, name: &str, at: &str) -> Result<(), Failure> {
        self.record(name, &[CaseAct::Looked { at: at.to_owned() }]).map(drop)
    }
}

/// A moment of a flag; now where it is not given.
fn moment(text: Option<&str>) -> Result<WallTime, Failure> {
    let read = text.map(WallTime::parse).transpose().map_err(anyhow::Error::from)?;
    Ok(read.unwrap_or_else(crate::clock::now))
}

/// A version of a case's answer: the one that is named, else the newest.
fn version(case: &Case, number: Option<usize>) -> Result<&sever_model::Version, Failure> {
    let found = number.map_or_else(|| case.newest(), |number| case.version(number));
    found.ok_or_else(|| match (number, case.versions.len()) {
        (_, 0) => Failure::new(format!("no answer of case `{}` is frozen yet", case.name))
            .hint(format!("`sever case reach {}` answers and freezes", case.name))
            .exit(Exit::NothingLooked),
        (Some(number), count) => Failure::usage(format!("there is no version {number}: the newest is {count}")),
        (None, _) => Failure::new("there is no version"),
    })
}
