//! `sever plan`: what would be closed, in which order, and why.
//!
//! The plan is written to a file, which holds real names and ids: it is what will be acted on, and its
//! digest is what is approved. What is printed passes the veil like any answer.

mod file;
mod page;

use std::path::PathBuf;

use serde_json::json;
use sever_graph::{Asked, Cause, HandOffTo, PlanInput, Protected, SystemLink, Unplannable};
use sever_model::act::Action;
use sever_model::{EventTime, Inventory, Plan, PlanOf, Span};

use crate::cli::output::Output;
use crate::cli::site::{Capability, Moment, Site};
use crate::cli::{Global, Times, who};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Format;

/// A listing older than this is said to be.
const STALE_AFTER: Span = Span::days(7);

/// Say what would be closed of a person, account or key, in which order, and why
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A person, account or key
    pub thing: String,
    /// The file to write the plan to (default: THING.plan.json)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write over another plan that is there
    #[arg(long)]
    pub force: bool,
    /// They do not leave but move to this team, and keep what everybody there has
    #[arg(long, value_name = "TEAM")]
    pub moves_to: Option<String>,
    /// Not to be executed before (RFC 3339, a local time or a date; default: their last day; `now`)
    #[arg(long, value_name = "TIME")]
    pub not_before: Option<String>,
    /// What was true then (RFC 3339 or a date; default: now)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Ask no connection: only what facts say
    #[arg(long)]
    pub offline: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let moment = site.moment(&Times { as_of: args.as_of.clone(), known_at: None })?;
    let thing = site.real(&args.thing)?;
    let inventory = site.inventory(&moment)?;
    let asked = who::found(&inventory, &thing)?;
    let mut plan = planned(args, &site, &inventory, asked, &moment)?;
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.plan.json", file::stem(&args.thing))));
    let written = file::write(&path, &mut plan, args.force)?;
    let exits = exits(&plan);
    let digest = plan.digest();
    match out.format {
        Format::Json => {
            let mut value = serde_json::to_value(&plan).map_err(anyhow::Error::from)?;
            if let Some(members) = value.as_object_mut() {
                members.insert("kind".to_owned(), json!("plan"));
                members.insert("digest".to_owned(), json!(digest));
                members.insert("file".to_owned(), json!(path));
                let told = |exit: &Exit| json!({ "code": exit.code(), "means": exit.words() });
                let told: Vec<_> = crate::exit::all(&exits).iter().map(told).collect();
                members.insert("exit".to_owned(), json!(told));
            }
            out.value(&value)?;
        }
        _ => {
            let mut sheet = page::sheet(&plan, &inventory, asked);
            sheet.exits = exits.clone();
            out.sheet(&sheet)?;
        }
    }
    let verb = if written { "written to" } else { "is as it was in" };
    out.note(&format!("plan {digest} {verb} {}", path.display()));
    out.hint(&next(&plan, &args.thing, &path.to_string_lossy()));
    Ok(exits)
}

/// Gathers what a plan is made from, and makes it.
fn planned(args: &Args, site: &Site, inventory: &Inventory, asked: Asked, moment: &Moment) -> Result<Plan, Failure> {
    let cutting = &site.config.cutting;
    let protected = Protected { break_glass: cutting.break_glass.clone(), own: cutting.own_accounts.clone() };
    let mut systems = site.links()?;
    let lists = if args.offline {
        Vec::new()
    } else {
        let accounts = sever_graph::listed_accounts(inventory, asked, moment.as_of, &protected);
        let accounts: Vec<_> = accounts.iter().filter_map(|ix| inventory.account(*ix)).map(|it| &it.it).collect();
        site.list_doors(&accounts)?
    };
    let mut gaps = Vec::new();
    let actions = actions(site, &mut systems, &mut gaps);
    let actions: Vec<&dyn Action> = actions.iter().map(AsRef::as_ref).collect();
    let hand_off = HandOffTo { owner: cutting.hand_off.owner.clone(), deadline: cutting.hand_off.deadline };
    let input = PlanInput {
        at: moment.as_of,
        made_at: crate::clock::now(),
        cause: args.moves_to.as_deref().map_or(Cause::Leaves, |to| Cause::Moves { to }),
        not_before: not_before(args, site, inventory, asked, moment)?,
        zone: site.config.zone.name().unwrap_or("UTC"),
        lists: &lists,
        systems: &systems,
        actions: &actions,
        verifiers: &site.verifiers(),
        protected: &protected,
        owners: &cutting.owners,
        hand_off: &hand_off,
        stale_after: STALE_AFTER,
    };
    let mut plan = sever_graph::plan(inventory, asked, &input).map_err(unplannable)?;
    plan.not_covered.extend(gaps);
    Ok(plan)
}

/// The doors of a thing as they are now, and nothing to be done about them: for trying what others closed.
pub(super) fn doors_only(site: &Site, inventory: &Inventory, asked: Asked, moment: &Moment) -> Result<Plan, Failure> {
    let args = Args {
        thing: String::new(),
        out: None,
        force: false,
        moves_to: None,
        not_before: Some("now".to_owned()),
        as_of: None,
        offline: false,
    };
    let mut plan = planned(&args, site, inventory, asked, moment)?;
    plan.steps.clear();
    plan.swept.clear();
    Ok(plan)
}

/// Whether a plan is about a thing.
pub(super) fn is_about(inventory: &Inventory, asked: Asked, about: &PlanOf) -> bool {
    match (asked, about) {
        (Asked::Person(ix), PlanOf::Person { id, .. }) => inventory.person(ix).is_some_and(|it| it.it.id == *id),
        (Asked::Credential(ix), PlanOf::Credential { id }) => {
            inventory.credential(ix).is_some_and(|it| it.it.id == *id)
        }
        (Asked::Account(ix), PlanOf::Account { id }) => inventory.account(ix).is_some_and(|it| it.it.id == *id),
        _ => false,
    }
}

/// What proposes steps, without its secrets. A connection that cannot even say what it would do closes
/// nothing, and that is not covered.
fn actions(site: &Site, systems: &mut [SystemLink], gaps: &mut Vec<String>) -> Vec<Box<dyn Action>> {
    let mut actions = Vec::new();
    for link in systems.iter_mut().filter(|link| link.can_close) {
        let config = site.config.connections.iter().find(|config| config.id == link.connection);
        let Some(config) = config else { continue };
        match site.open_action(config, Capability::Planning) {
            Ok(action) => actions.push(action),
            Err(failure) => {
                link.can_close = false;
                gaps.push(format!("{}: cannot say what closing a door there takes: {}", link.connection, failure.what));
            }
        }
    }
    actions
}

/// When it may begin: as asked, else the end of their access where that is to come.
fn not_before(
    args: &Args,
    site: &Site,
    inventory: &Inventory,
    asked: Asked,
    moment: &Moment,
) -> Result<Option<EventTime>, Failure> {
    match args.not_before.as_deref().map(str::trim) {
        Some("now") => return Ok(None),
        Some(text) => {
            let day = site.config.zone.start_of(text).ok().filter(|_| text.len() == 10);
            let begin = day.map_or_else(|| site.config.zone.local(text), Ok);
            return begin.map(Some).map_err(|error| anyhow::Error::from(error).into());
        }
        None => {}
    }
    let Asked::Person(person) = asked else { return Ok(None) };
    let end = sever_graph::end_of_access(inventory, person, moment.as_of).filter(|_| args.moves_to.is_none());
    Ok(end.filter(|end| *end > crate::clock::now().as_event()))
}

fn unplannable(error: Unplannable) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error {
        Unplannable::NoDoors => failure.hint("`sever who` says who has it"),
        Unplannable::EmptyTeam(_) => failure.hint("`sever list people` shows the teams as HR writes them"),
        Unplannable::NotThere => failure,
    }
}

fn exits(plan: &Plan) -> Vec<Exit> {
    if plan.coverage.lines.is_empty() {
        return vec![Exit::NothingLooked];
    }
    vec![if plan.not_covered.is_empty() { Exit::Clean } else { Exit::CoverageIncomplete }]
}

/// What to do next: look at what may break, then cut.
fn next(plan: &Plan, thing: &str, path: &str) -> String {
    let risky = plan.doors.iter().filter(|planned| !planned.breaks.is_empty());
    let risky = risky.filter_map(|planned| planned.door.credential.as_ref()).next();
    let look = risky.map_or_else(String::new, |id| format!("resolve ⚠ with `sever who {id}`, then "));
    format!("{look}`sever cut {thing} --plan {path}`")
}
