//! `sever rights`: which rights are broad, and who has them by which path; and what narrower ones
//! would have refused.

mod replay;

use serde_json::json;
use sever_model::{AccountIx, AccountStatus, Certainty, FactKind, HolderIx, Inventory, Rights};

use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::cli::{Global, Times};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Say which rights are broad, and who has them by which path
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of one account, by login or id
    pub account: Option<String>,
    /// All rights, not only the broad ones
    #[arg(long)]
    pub all: bool,
    /// Say what would have been refused, and whose data spared, with unused rights gone
    #[arg(long, conflicts_with = "all")]
    pub replay: bool,
    /// With `--replay`: days after which a right that nobody exercised goes
    #[arg(long, default_value_t = 90, requires = "replay")]
    pub days: u32,
    #[command(flatten)]
    pub times: Times,
}

/// Rights that reach further than reading and writing one's own.
const BROAD: Rights = Rights::ADMIN
    .with(Rights::EXPORT)
    .with(Rights::DELETE)
    .with(Rights::GRANT)
    .with(Rights::CREATE_ACCOUNTS)
    .with(Rights::AUDIT);

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let moment = site.moment(&args.times)?;
    let inventory = site.inventory(&moment)?;
    let accounts: Vec<AccountIx> = match &args.account {
        Some(name) => {
            let known = inventory.accounts().iter().map(|entry| entry.it.login.as_str());
            let found = inventory.account_named(None, name);
            vec![found.ok_or_else(|| Failure::unknown("account", name, known))?]
        }
        None => (0..inventory.accounts().len()).map(|at| AccountIx(at as u32)).collect(),
    };
    if args.replay {
        return replay::run(args, &mut site, &inventory, &moment, &accounts, out);
    }
    let columns = ["account", "person", "rights", "resource", "subjects", "last_used", "through"];
    let mut sheet = Sheet::new("rights", if args.all { "rights" } else { "broad rights" }, &columns);
    for account in accounts {
        rows(&inventory, account, &moment, args.all, &mut sheet);
    }
    sheet.coverage = inventory.coverage().clone();
    let used = sheet.rows.iter().filter(|row| row.get(5).is_some_and(|used| !used.is_null())).count();
    if used < sheet.rows.len() {
        let unsaid = sheet.rows.len() - used;
        sheet
            .notes
            .push(format!("of {unsaid} rights no source says when they were last used, so none is called unused"));
    }
    if !sheet.coverage.lines.iter().any(|line| line.kinds.contains(&FactKind::Grant)) {
        sheet.notes.push("no source here tells of rights: add one of kind `rights` or `openbao`".to_owned());
    }
    sheet.notes.push(format!(
        "{} rights; a pattern with `*` or without a count of people is broad by itself",
        sheet.rows.len()
    ));
    out.sheet(&sheet)?;
    let told = inventory.coverage().lines.iter().any(|line| line.kinds.contains(&FactKind::Grant));
    Ok(vec![if told { Exit::Clean } else { Exit::NothingLooked }])
}

fn rows(inventory: &Inventory, ix: AccountIx, moment: &super::site::Moment, all: bool, sheet: &mut Sheet) {
    let Some(account) = inventory.account(ix) else { return };
    if account.it.status == AccountStatus::Disabled || account.valid.at(moment.as_of) == Certainty::No {
        return;
    }
    for right in sever_graph::effective(inventory, HolderIx::Account(ix), moment.as_of) {
        let resource = inventory.resource(right.resource);
        let id = resource.map_or("", |entry| entry.it.id.as_str());
        if !all && !right.rights.any(BROAD) && !id.ends_with('*') {
            continue;
        }
        let through = right.through.iter().filter_map(|group| inventory.group(*group));
        let through: Vec<&str> = through.map(|entry| entry.it.id.as_str()).collect();
        let grants = inventory.grants_of(right.holder).filter(|grant| grant.resource == right.resource);
        let used = grants.filter_map(|grant| inventory.grant_used(grant)).max();
        let person = inventory.person_of(ix).and_then(|person| inventory.person(person));
        sheet.rows.push(vec![
            json!(account.it.id),
            json!(person.map(|entry| &entry.it.id)),
            json!(right.rights.to_string()),
            json!(id),
            json!(resource.and_then(|entry| entry.it.subjects)),
            json!(used),
            json!(through.join(" in ")),
        ]);
    }
}
