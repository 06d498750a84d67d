//! `sever reach`: whose data a thing touched; or, the other way round, what touched a person.
//!
//! ```text
//! ask ──► answer (sever_lake) ──► cover: what no row can say, and how far that lifts the upper bound
//!           │
//!           ├─ page      the four numbers, or days, fields, endpoints
//!           ├─ frozen    the answer as evidence, and what moved between two of them
//!           ├─ svg       the picture
//!           └─ subjects  the ids, for a reason, and by two people where several may approve
//! ```

pub(super) mod ask;
mod cover;
pub(super) mod frozen;
mod page;
mod subjects;
pub(super) mod svg;
mod touched;

use std::path::PathBuf;

use sever_lake::{Filter, Pivot};
use sever_model::{Cap, EventTime};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site, lake_failure};
use crate::cli::who;
use crate::exit::Exit;
use crate::hint::Failure;
use ask::Ask;

/// Say whose data a thing touched, and when
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Key ids, accounts, people, token ids, sessions, network addresses or issuers; several are
    /// answered together
    #[arg(required_unless_present_any = ["subject", "diff"], value_name = "THING")]
    pub things: Vec<String>,
    /// The other way round: what touched this person's data
    #[arg(long, value_name = "ID", conflicts_with = "things")]
    pub subject: Option<String>,
    /// Only uses judged so
    #[arg(long, value_name = "AS")]
    pub judged: Option<Judged>,
    /// Split the answer
    #[arg(long, value_name = "BY")]
    pub by: Option<By>,
    /// What kind of thing it is, where its name does not tell
    #[arg(long, value_name = "KIND")]
    pub kind: Option<Kind>,
    /// Only uses from then on (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only uses before then (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", visible_alias = "as-of")]
    pub to: Option<String>,
    /// Write the ids of all who were surely touched to a file, with the first time of each: needs a
    /// role that may `subjects`, and `--reason`
    #[arg(long, value_name = "FILE")]
    pub subjects: Option<PathBuf>,
    /// Why the ids are written out; it is recorded
    #[arg(long, value_name = "TEXT", requires = "subjects")]
    pub reason: Option<String>,
    /// The signature of a second person who may approve, where several may (`[[cutting.approvers]]`)
    #[arg(long = "approval", value_name = "FILE", requires = "subjects")]
    pub approvals: Vec<PathBuf>,
    /// Draw the answer: people so far, and people by day
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the answer as evidence: numbers, bounds, days, coverage, digests of its inputs; no ids
    #[arg(long, value_name = "FILE")]
    pub freeze: Option<PathBuf>,
    /// Say what moved since this frozen answer, and why
    #[arg(long, value_name = "FILE", conflicts_with_all = ["things", "subject"])]
    pub diff: Option<PathBuf>,
    /// Compare with this frozen answer instead of the answer of now
    #[arg(long, value_name = "FILE", requires = "diff")]
    pub with: Option<PathBuf>,
    #[command(flatten)]
    pub cap: CapArgs,
}

/// An independent count of requests: it caps the upper bound where logs have gaps.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CapArgs {
    /// There were no more such requests than this, by an independent count
    #[arg(long, value_name = "N", requires = "requests_source")]
    pub requests_at_most: Option<u64>,
    /// Where that count comes from: a load balancer, a bill
    #[arg(long, value_name = "TEXT", requires = "requests_at_most")]
    pub requests_source: Option<String>,
    /// One request gives the data of no more people than this
    #[arg(long, value_name = "N", default_value_t = 1, requires = "requests_at_most")]
    pub people_per_request: u64,
}

impl CapArgs {
    /// The count, where one was given.
    pub(super) fn cap(&self) -> Option<Cap> {
        Some(Cap {
            requests_at_most: self.requests_at_most?,
            people_per_request: self.people_per_request,
            source: self.requests_source.clone().unwrap_or_default(),
        })
    }
}

/// What the ledger said of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Judged {
    /// Never issued, or a copied id
    Forged,
    /// Nobody issued it
    NeverIssued,
    /// A known id with other claims
    Mismatch,
    /// The issuer made it
    Issued,
    /// Used after its end
    Expired,
    /// It cannot be told
    Unjudgeable,
}

impl Judged {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Judged::Forged => "forged",
            Judged::NeverIssued => "never-issued",
            Judged::Mismatch => "mismatch",
            Judged::Issued => "issued",
            Judged::Expired => "expired",
            Judged::Unjudgeable => "unjudgeable",
        }
    }
}

/// How to split an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// By day, UTC
    Day,
    /// By field of the data
    Field,
    /// By what was asked for
    Endpoint,
}

/// What kind of thing a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A signing key
    Key,
    /// An issuer
    Issuer,
    /// An account
    Account,
    /// A person
    Person,
    /// A token or other credential, by its own id
    Credential,
    /// A session
    Session,
    /// A network address
    Address,
}

impl Kind {
    const fn pivot(self) -> Pivot {
        match self {
            Kind::Key => Pivot::Key,
            Kind::Issuer => Pivot::Issuer,
            Kind::Account => Pivot::Account,
            Kind::Person => Pivot::Person,
            Kind::Credential => Pivot::Credential,
            Kind::Session => Pivot::Session,
            Kind::Address => Pivot::Address,
        }
    }
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    if let Some(subject) = &args.subject {
        return touched::touched(&site, subject, out);
    }
    if let Some(was) = &args.diff {
        return frozen::compare(&mut site, was, args.with.as_deref(), out);
    }
    let ask = Ask {
        things: Ask::about(&mut site, &args.things, args.kind)?,
        judged: args.judged.map(|judged| judged.word().to_owned()),
        from: time(args.from.as_deref())?,
        to: time(args.to.as_deref())?,
        cap: args.cap.cap(),
        listed: args.subjects.is_some(),
        to_freeze: args.freeze.is_some() || args.svg.is_some(),
    };
    if args.subjects.is_some() {
        subjects::allow(&mut site, &ask, args.reason.as_deref(), &args.approvals, global)?;
    }
    let asked = ask.answer(&mut site, out)?;
    if let Some(path) = &args.subjects {
        let unnamed = subjects::write(&site, path, &asked.answer)?;
        out.note(&format!("{} ids written to {}", asked.answer.people.len() as u64 - unnamed, path.display()));
        if unnamed > 0 {
            out.note(&format!("{unnamed} more were touched whose ids are not kept: they were erased"));
        }
    }
    if asked.ask.to_freeze {
        let frozen = asked.frozen();
        if let Some(path) = &args.svg {
            std::fs::write(path, svg::picture(&asked.ask.title(), &frozen))?;
            out.note(&format!("drawn in {}", path.display()));
        }
        if let Some(path) = &args.freeze {
            frozen::write(path, &frozen)?;
            out.note(&format!("frozen as {} in {}", frozen.digest, path.display()));
        }
    }
    out.sheet(&page::sheet(&asked, args.by))?;
    Ok(vec![if asked.is_exact() { Exit::Clean } else { Exit::CoverageIncomplete }])
}

/// A time of a flag.
pub(super) fn time(text: Option<&str>) -> Result<Option<EventTime>, Failure> {
    Ok(text.map(EventTime::parse).transpose().map_err(anyhow::Error::from)?)
}

/// What a name stands for among the things that uses are kept by: what the inventory says it is,
/// else what its shape says, else whatever the lake has of that name.
pub(super) fn thing(site: &Site, word: &str, kind: Option<Kind>) -> Result<(Pivot, String), Failure> {
    if let Some(kind) = kind {
        return Ok((kind.pivot(), word.to_owned()));
    }
    let inventory = site.inventory(&Moment::now())?;
    if let Some(found) = who::one(&inventory, word)? {
        return Ok(found);
    }
    if word.parse::<std::net::IpAddr>().is_ok() {
        return Ok((Pivot::Address, word.to_owned()));
    }
    for pivot in [Pivot::Key, Pivot::Issuer, Pivot::Credential, Pivot::Session, Pivot::Account, Pivot::Person] {
        let filter = Filter { thing: Some((pivot, word.to_owned())), ..Filter::default() };
        let mut any = false;
        sever_lake::read(&site.lake_dir(), &filter, &mut |_| any = true).map_err(lake_failure)?;
        if any {
            return Ok((pivot, word.to_owned()));
        }
    }
    Err(Failure::new(format!("nothing here is called `{word}`"))
        .hint("a key id, account, person, token id, session, address or issuer; `sever list keys` shows the keys")
        .exit(Exit::NothingLooked))
}

/// A day since the Unix epoch, as a date in UTC.
pub(super) fn date(day: i64) -> String {
    let start = EventTime::from_secs(day.saturating_mul(86_400)).to_string();
    start.split('T').next().unwrap_or(&start).to_owned()
}
