//! `sever cut`: executes an approved plan, tries every door, and leaves a proof.
//!
//! It can be run again after anything: what the journal says was answered is not done twice.

mod brakes;
mod desk;
pub(super) mod page;
mod scheduled;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use sever_engine::{Acting, CutEnd};
use sever_model::act::Cx;
use sever_model::{Approval, Departure, Plan, Refusal, Request, Span, WallTime};
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
    /// Wait until the plan may begin, then look at everything again and cut. What would be refused then is refused
    /// now, as far as it can be known; nothing is begun before, so that it may be ended and run again. `at`, `cron`
    /// and a systemd timer do as well: run it without this when the time has come
    #[arg(long)]
    pub wait: bool,
}

/// Fewest characters of a digest that are taken for it.
const DIGEST_CHARS_MIN: usize = 12;

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let mut plan = read(&args.plan)?;
    let thing = site.real(&args.thing)?;
    about(&site, &plan, &thing)?;
    let begin = plan.not_before.map_or(WallTime::MIN, |begin| WallTime::from_micros(begin.micros()));
    let waits = args.wait && begin > crate::clock::now();
    begun(args, &site, &plan, if waits { begin } else { crate::clock::now() })?;
    let mut said = Said {
        typed: asked("the name of whom it is about", "--typed", args.typed.as_deref(), out)?,
        digest: asked("the plan's digest", "--digest", args.digest.as_deref(), out)?,
    };
    if waits {
        // Mistakes are told now, and not when nobody is there.
        admitted(args, &site, &plan, &said, begin)?;
        said.digest = plan.digest();
        scheduled::wait(&plan, begin, &site.config.zone, out)?;
        // Days may have passed: everything is read again.
        site = Site::open(global, out)?;
        plan = read(&args.plan)?;
        about(&site, &plan, &thing)?;
    }
    let now = crate::clock::now();
    let Admitted { approved_by, tripped } = admitted(args, &site, &plan, &said, now)?;
    let digest = plan.digest();
    let request = request(&digest, &said, &approved_by, tripped.as_deref(), now);
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
    let cut = |case: &mut Departure, journal: &mut dyn sever_engine::Journal| {
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

/// What whoever cuts has said by hand.
struct Said {
    typed: String,
    digest: String,
}

/// What a plan is executed by.
struct Admitted {
    approved_by: Vec<Approval>,
    /// The brake that tripped, if one did.
    tripped: Option<String>,
}

/// What was begun of a plan. One that is too old by an instant is not begun then.
fn begun(args: &Args, site: &Site, plan: &Plan, at: WallTime) -> Result<Departure, Failure> {
    let acts = site.store(async |store| store.acts(&plan.digest()).await)?;
    let begun = Departure::of(plan.clone(), &acts);
    if args.resume && begun.begun_at.is_none() {
        return Err(Failure::usage("nothing was begun of this plan").hint("leave `--resume` away"));
    }
    if begun.begun_at.is_none() && plan.made_at.plus(site.config.cutting.plan_age_max) < at {
        return Err(refused(&Refusal::Stale(plan.made_at)));
    }
    Ok(begun)
}

/// That a plan may be executed at an instant, and by what.
///
/// # Errors
/// Why it may not.
fn admitted(args: &Args, site: &Site, plan: &Plan, said: &Said, at: WallTime) -> Result<Admitted, Failure> {
    let begun = begun(args, site, plan, at)?;
    let digest = plan.digest();
    if said.digest.len() < DIGEST_CHARS_MIN || !digest.starts_with(&said.digest) {
        return Err(refused(&Refusal::Digest { is: digest, asked: said.digest.clone() }));
    }
    if plan.not_before.is_some() && begun.begun_at.is_none() {
        scheduled::still_leaves(site, plan)?;
    }
    let (now, login) = (crate::clock::now(), crate::operator::login());
    let mut approved_by = approvals(&args.approvals, &site.config.cutting.approvers, &digest, &login, now)?;
    approved_by.extend(begun.approvals.into_iter().filter(|_| args.resume));
    let tripped = brakes::tripped(site, plan, now)?;
    let request = request(&digest, said, &approved_by, tripped.as_deref(), at);
    plan.approve(&request).map_err(|refusal| refused(&refusal))?;
    Ok(Admitted { approved_by, tripped })
}

fn request<'a>(
    digest: &'a str,
    said: &'a Said,
    approvals: &'a [Approval],
    tripped: Option<&'a str>,
    now: WallTime,
) -> Request<'a> {
    Request { digest, typed: &said.typed, approvals, tripped, now }
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
        Refusal::TooEarly(_) => {
            failure.hint("`--wait` waits for it; or run it then, or plan it anew with `--not-before now`")
        }
        Refusal::Stale(_) => failure.hint(
            "make it anew: what was true then may not be now; how old a plan may be when it begins is `plan_age_max` \
             of `[cutting]`",
        ),
    }
}
