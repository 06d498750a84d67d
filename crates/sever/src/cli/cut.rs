//! `sever cut`: executes an approved plan, tries every door, and leaves a proof.
//!
//! It can be run again after anything: what the journal says was answered is not done twice.

mod brakes;
mod desk;
pub(super) mod page;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use sever_engine::{Acting, CutEnd};
use sever_model::act::Cx;
use sever_model::{Plan, Refusal, Request, Span};
use sever_store::DerivedSecrets;

use crate::approval::approvals;
use crate::cli::output::Output;
use crate::cli::site::{Site, cannot_read, store_failure};
use crate::cli::{Global, plan};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::progress::Meter;

/// Longest that one question to a system may take.
pub(super) const PATIENCE: Span = Span::secs(30);

/// Close what an approved plan says, in its order, try every door, and prove it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom or what the plan is about, as `sever plan` was asked
    pub thing: String,
    /// The plan that was approved
    #[arg(long, value_name = "FILE")]
    pub plan: PathBuf,
    /// The plan's digest, or its beginning: 12 characters at least (asked for on a terminal)
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<String>,
    /// The name that the plan is about, written out (asked for on a terminal)
    #[arg(long, value_name = "NAME")]
    pub typed: Option<String>,
    /// A signature over the digest by somebody who may approve; may be given several times
    #[arg(long = "approval", value_name = "FILE")]
    pub approvals: Vec<PathBuf>,
    /// Go on with a cut that was begun; its approvals count
    #[arg(long)]
    pub resume: bool,
}

/// Fewest characters of a digest that are taken for it.
const DIGEST_CHARS_MIN: usize = 12;

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let plan = read(&args.plan)?;
    let thing = site.real(&args.thing)?;
    about(&site, &plan, &thing)?;
    let now = crate::clock::now();
    let digest = plan.digest();
    let begun = site.store(async |store| store.acts(&digest).await)?;
    let begun = sever_model::Departure::of(plan.clone(), &begun);
    if args.resume && begun.begun_at.is_none() {
        return Err(Failure::usage("nothing was begun of this plan").hint("leave `--resume` away"));
    }
    if begun.begun_at.is_none() && plan.made_at.plus(site.config.cutting.plan_age_max) < now {
        return Err(refused(&Refusal::Stale(plan.made_at)));
    }
    let typed = asked("the name of whom it is about", "--typed", args.typed.as_deref(), out)?;
    let named = asked("the plan's digest", "--digest", args.digest.as_deref(), out)?;
    if named.len() < DIGEST_CHARS_MIN || !digest.starts_with(&named) {
        return Err(refused(&Refusal::Digest { is: digest, asked: named }));
    }
    let approvers = &site.config.cutting.approvers;
    let mut approved_by = approvals(&args.approvals, approvers, &digest, &crate::operator::login(), now)?;
    approved_by.extend(begun.approvals.iter().filter(|_| args.resume).cloned());
    let tripped = brakes::tripped(&site, &plan, now)?;
    let request = Request { digest: &digest, typed: &typed, approvals: &approved_by, tripped: tripped.as_deref(), now };
    let approved = plan.approve(&request).map_err(|refusal| refused(&refusal))?;

    let connections = site.connect(&plan, true)?;
    for gap in &connections.gaps {
        out.note(gap);
    }
    let secrets = DerivedSecrets::of(&site.config.data_dir).map_err(store_failure)?;
    let desk = desk::Desk::of(&site.config.cutting.hand_off, &site.config.data_dir);
    let acting = Acting {
        connections: &connections.connected,
        desk: &desk,
        secret: &|_| None,
        cx: Cx { clock: &SystemClock, secrets: &secrets, patience: PATIENCE },
    };
    let mut meter = Meter::stderr();
    let cut = |case: &mut sever_model::Departure, journal: &mut dyn sever_engine::Journal| {
        sever_engine::cut(&approved, &approved_by, &acting, case, journal, &mut meter)
    };
    let (end, case) = site.with_departure(&plan, cut)?;
    let mut sheet = page::sheet("cut", &case);
    let mut exits = page::exits(&case);
    match end {
        CutEnd::Done => {}
        CutEnd::Partly => exits.push(Exit::Partly),
        CutEnd::Interrupted => exits.push(Exit::Interrupted),
    }
    sheet.exits = exits.clone();
    out.sheet(&sheet)?;
    out.hint(&page::next(&case, &args.thing, &args.plan));
    Ok(exits)
}

/// The plan of a file.
pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let bytes = std::fs::read(path).map_err(|error| cannot_read(path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::usage(format!("`{}` holds no plan: {error}", path.display())).hint("`sever plan` writes one")
    })
}

/// That the plan is about the thing that was named.
fn about(site: &Site, plan_of: &Plan, thing: &str) -> Result<(), Failure> {
    let inventory = site.inventory(&crate::cli::site::Moment::now())?;
    let found = sever_graph::find(&inventory, thing);
    if found.iter().any(|asked| plan::is_about(&inventory, *asked, &plan_of.about)) {
        return Ok(());
    }
    Err(Failure::new(format!("the plan is not about `{thing}`"))
        .hint("name whom the plan was made for, or make one for this one: `sever plan`")
        .exit(Exit::Refused))
}

/// What was given by a flag, or is typed now. No flag stands in for typing but the one that holds what
/// would be typed.
fn asked(what: &str, flag: &str, given: Option<&str>, out: &mut Output) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.trim().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(format!("{what} must be typed"))
            .hint(format!("or given by `{flag}`"))
            .exit(Exit::Refused));
    }
    out.note(&format!("type {what}:"));
    let mut line = String::new();
    std::io::stdout().flush()?;
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Why a plan is not executed, and what would let it.
fn refused(refusal: &Refusal) -> Failure {
    let failure = Failure::new(refusal.to_string()).exit(Exit::Refused);
    match refusal {
        Refusal::Digest { is, .. } => failure.hint(format!("if this is the plan that was approved: `--digest {is}`")),
        Refusal::Typed(_) => failure.hint("the first line of `sever plan` shows the name"),
        Refusal::Approvals { .. } => failure.hint(
            "each approver signs the digest: `printf %s DIGEST | ssh-keygen -Y sign -n severance-plan -f KEY > me.sig`, \
             then `--approval me.sig`; who may is in `[[cutting.approvers]]`",
        ),
        Refusal::TooEarly(_) => failure.hint("run it then, or plan it anew with `--not-before now`"),
        Refusal::Stale(_) => failure.hint("make it anew: what was true then may not be now"),
    }
}
