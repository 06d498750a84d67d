//! `sever list`: the inventory as a table.

use clap::ValueEnum;
use serde_json::{Value, json};
use sever_model::{Bound, Certainty, Correlation, EventTime, Fact, FactKind, HolderIx, Inventory, PersonIx};
use sever_store::{ListQuery, When};

use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::cli::{Global, Times};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Print the inventory as a table
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to list
    pub kind: Kind,
    #[command(flatten)]
    pub times: Times,
    /// At most so many rows (0: all)
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everybody HR names, with their newest stint
    People,
    /// Those whose access has ended, or may have
    Leavers,
    /// Accounts, and whose each is
    Accounts,
    /// Accounts that a human must match to a person
    Review,
    /// Credentials: keys, tokens
    Keys,
    /// Groups and how many are in each
    Groups,
    /// Rights: who may do what
    Grants,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let moment = site.moment(&args.times)?;
    let (mut sheet, total) = match args.kind {
        // There may be ten million of them: a page comes straight from the store.
        Kind::Grants => grants(&site, &moment, args.limit)?,
        kind => {
            let inventory = site.inventory_of(needs(kind), &moment)?;
            let mut sheet = sheet(kind, &inventory, moment.as_of);
            sheet.coverage = inventory.coverage().clone();
            let total = sheet.rows.len() as u64;
            if args.limit > 0 {
                sheet.rows.truncate(args.limit);
            }
            (sheet, total)
        }
    };
    if (sheet.rows.len() as u64) < total {
        sheet.notes.push(format!("{} of {total} rows; all of them with `--limit 0`", sheet.rows.len()));
    }
    let mut exit = Exit::coverage(&sheet.coverage).unwrap_or(Exit::Clean);
    if sheet.rows.is_empty() && exit != Exit::NothingLooked {
        let (told, note) = nothing(args.kind, &sheet);
        sheet.notes.push(note);
        exit = if told { exit } else { Exit::NothingLooked };
    }
    sheet.exits = vec![exit];
    out.sheet(&sheet)?;
    if sheet.coverage.lines.is_empty() {
        out.hint(match &args.times.known_at {
            Some(_) => "nothing had been pulled then: `sever list` without `--known-at` says what is known now",
            None => "nothing has been pulled yet: `sever sync`",
        });
    }
    Ok(vec![exit])
}

/// Of a list without a row: whether a source tells of such things at all, and that in words.
fn nothing(kind: Kind, sheet: &Sheet) -> (bool, String) {
    let told = |kind: FactKind| sheet.coverage.lines.iter().any(|line| line.kinds.contains(&kind));
    let (fact, words) = match kind {
        Kind::People => (FactKind::Person, "people"),
        Kind::Leavers => (FactKind::Person, "leavers"),
        Kind::Accounts => (FactKind::Account, "accounts"),
        Kind::Review => (FactKind::Account, "accounts to match by hand"),
        Kind::Keys => (FactKind::Credential, "keys"),
        Kind::Groups => (FactKind::Group, "groups"),
        Kind::Grants => (FactKind::Grant, "grants"),
    };
    if told(fact) {
        return (true, format!("no {words}"));
    }
    let giving = sever_connect::PROVIDERS.iter().filter(|provider| provider.kinds.contains(&fact));
    let giving: Vec<String> = giving.map(|provider| format!("`{}`", provider.id)).collect();
    (false, format!("no source here tells of {words}: add one of kind {}", giving.join(", ")))
}

/// The facts that a list is made of.
fn needs(kind: Kind) -> &'static [FactKind] {
    match kind {
        Kind::People => &[FactKind::Person, FactKind::Stint],
        Kind::Groups => &[FactKind::Group, FactKind::Membership, FactKind::Account, FactKind::Person],
        _ => &FactKind::ALL,
    }
}

fn sheet(kind: Kind, inventory: &Inventory, at: EventTime) -> Sheet {
    match kind {
        Kind::People => people(inventory, at),
        Kind::Leavers => leavers(inventory, at),
        Kind::Accounts => accounts(inventory, at, false),
        Kind::Review => accounts(inventory, at, true),
        Kind::Keys => keys(inventory, at),
        Kind::Groups | Kind::Grants => groups(inventory, at),
    }
}

fn people(inventory: &Inventory, at: EventTime) -> Sheet {
    let mut sheet = Sheet::new("people", "people", &["person", "name", "team", "title", "employed", "since", "until"]);
    for (number, entry) in inventory.people().iter().enumerate() {
        let ix = PersonIx(number as u32);
        let begun = inventory.stints(ix).filter(|stint| stint.valid.earliest_start() <= at);
        let newest = begun.max_by_key(|stint| stint.valid.earliest_start());
        if newest.is_none() && entry.valid.at(at) == Certainty::No {
            continue;
        }
        let stint = newest.map(|stint| &stint.it);
        let valid = newest.map_or(entry.valid, |stint| stint.valid);
        sheet.rows.push(vec![
            json!(entry.it.id),
            json!(entry.it.name),
            json!(stint.map_or("", |stint| &stint.team)),
            json!(stint.map_or("", |stint| &stint.title)),
            json!(yes(inventory.employed(ix, at))),
            bound(valid.from),
            bound(valid.to),
        ]);
    }
    sheet
}

fn leavers(inventory: &Inventory, at: EventTime) -> Sheet {
    let columns = ["person", "name", "team", "last_day", "access_ended", "known_since", "open_accounts", "keys"];
    // The team is left out on a terminal, so that a row fits into a hundred columns.
    let brief = ["person", "name", "last_day", "access_ended", "known_since", "open_accounts", "keys"];
    let mut sheet = Sheet::new("leavers", "leavers", &columns).brief(&brief);
    let mut uncertain = 0;
    for (number, entry) in inventory.people().iter().enumerate() {
        let ix = PersonIx(number as u32);
        let Some(departed) = inventory.departed(ix, at) else { continue };
        uncertain += u64::from(matches!(departed.end, Bound::Between(..)));
        let newest = inventory.stints(ix).filter(|stint| stint.valid.earliest_start() <= at).last();
        let open = inventory.accounts_of(ix).iter().filter_map(|account| inventory.account(*account));
        let open = open.filter(|account| {
            account.it.status != sever_model::AccountStatus::Disabled && account.valid.at(at) != Certainty::No
        });
        let mut keys: Vec<_> = inventory.custody_by(ix).map(|row| row.credential).collect();
        keys.sort_unstable();
        keys.dedup();
        sheet.rows.push(vec![
            json!(entry.it.id),
            json!(entry.it.name),
            json!(newest.map_or("", |stint| &stint.it.team)),
            json!(newest.and_then(|stint| stint.it.last_day.as_deref()).unwrap_or("")),
            bound(departed.end),
            json!(departed.known_from),
            json!(open.count()),
            json!(keys.len()),
        ]);
    }
    if uncertain > 0 {
        sheet.notes.push(format!("{uncertain} of them left between two snapshots: the end is an interval"));
    }
    sheet
}

fn accounts(inventory: &Inventory, at: EventTime, review: bool) -> Sheet {
    let columns = ["account", "login", "kind", "status", "person", "why", "owner", "created_by", "last_used"];
    let mut sheet = match review {
        true => Sheet::new("review", "accounts to match by hand", &columns),
        false => Sheet::new("accounts", "accounts", &columns),
    };
    for (number, entry) in inventory.accounts().iter().enumerate() {
        let correlation = inventory.correlation(sever_model::AccountIx(number as u32));
        if entry.valid.at(at) == Certainty::No || (review && !matches!(correlation, Correlation::Ask(_))) {
            continue;
        }
        let (person, why) = whose(inventory, correlation);
        sheet.rows.push(vec![
            json!(entry.it.id),
            json!(entry.it.login),
            json!(entry.it.kind),
            json!(entry.it.status),
            json!(person),
            json!(why),
            json!(entry.it.owner.as_deref().unwrap_or("")),
            json!(entry.it.created_by.as_deref().unwrap_or("")),
            entry.it.last_used.map_or(json!(""), |time| json!(time)),
        ]);
    }
    if review && !sheet.rows.is_empty() {
        sheet
            .notes
            .push("say whose they are in a source of kind `decisions`: account, person, decided_by, reason".into());
    }
    sheet
}

/// Whose an account is and why, in words.
fn whose(inventory: &Inventory, correlation: &Correlation) -> (String, String) {
    let named = |person: PersonIx| inventory.person(person).map_or(String::new(), |entry| entry.it.id.to_string());
    match correlation {
        Correlation::Matched { person, reason, .. } => (named(*person), reason.clone()),
        Correlation::Ask(candidates) => {
            let words = |c: &sever_model::Candidate| format!("{}? {} of 100: {}", named(c.person), c.score, c.reason);
            (String::new(), candidates.iter().map(words).collect::<Vec<_>>().join("; "))
        }
        Correlation::Nobody => (String::new(), "nobody HR knows".to_owned()),
        Correlation::NotPersonal => (String::new(), "not one person's".to_owned()),
    }
}

fn keys(inventory: &Inventory, at: EventTime) -> Sheet {
    let columns = ["credential", "kind", "issuer", "exportable", "rotated", "retired", "could_read", "of_them_left"];
    let mut sheet = Sheet::new("keys", "keys", &columns);
    for (number, entry) in inventory.credentials().iter().enumerate() {
        if entry.valid.at(at) == Certainty::No {
            continue;
        }
        let rows = inventory.custody_of(sever_model::CredentialIx(number as u32)).iter();
        let knows = rows.filter(|row| !row.strength.cured_by_cutting() && row.valid.earliest_start() <= at);
        let mut people: Vec<PersonIx> = knows.filter_map(|row| row.person).collect();
        people.sort_unstable();
        people.dedup();
        let left = people.iter().filter(|person| inventory.departed(**person, at).is_some()).count();
        let time = |time: Option<EventTime>| time.map_or(json!(""), |time| json!(time));
        sheet.rows.push(vec![
            json!(entry.it.id),
            json!(entry.it.kind),
            json!(entry.it.issuer.as_deref().unwrap_or("")),
            json!(entry.it.exportable),
            time(entry.it.rotated_at),
            time(entry.it.retired_at),
            json!(people.len()),
            json!(left),
        ]);
    }
    sheet
}

fn groups(inventory: &Inventory, at: EventTime) -> Sheet {
    let mut sheet = Sheet::new("groups", "groups", &["group", "name", "members"]);
    for (number, entry) in inventory.groups().iter().enumerate() {
        let ix = sever_model::GroupIx(number as u32);
        let members = inventory.members_of(ix).iter().filter(|row| row.valid.at(at) != Certainty::No).count();
        sheet.rows.push(vec![json!(entry.it.id), json!(entry.it.name), json!(members)]);
    }
    sheet
}

/// A page of the rights in force, and how many there are.
fn grants(site: &Site, moment: &Moment, limit: usize) -> Result<(Sheet, u64), Failure> {
    let columns = ["kind", "holder", "resource", "rights", "since", "until", "granted_by", "last_used"];
    let mut sheet = Sheet::new("grants", "grants", &columns);
    let query = ListQuery {
        kind: FactKind::Grant,
        when: When::At(moment.as_of),
        known_at: moment.known_at,
        offset: 0,
        limit: if limit == 0 { u64::MAX } else { limit as u64 },
    };
    let page = site.store(async |store| store.list(&query).await)?;
    sheet.coverage = site.store(async |store| store.coverage(moment.known_at).await)?;
    for row in page.rows {
        let Fact::Grant(grant) = row.fact else { continue };
        let key = grant.holder.key();
        let (kind, holder) = key.split_once(':').unwrap_or(("", &key));
        sheet.rows.push(vec![
            json!(kind),
            json!(holder),
            json!(grant.resource),
            json!(grant.rights.to_string()),
            bound(row.valid.from),
            bound(row.valid.to),
            json!(grant.granted_by),
            json!(grant.last_used),
        ]);
    }
    Ok((sheet, page.total))
}

/// A holder's kind and id, in words.
pub(super) fn holder(inventory: &Inventory, holder: HolderIx) -> (&'static str, String) {
    match holder {
        HolderIx::Person(ix) => ("person", inventory.person(ix).map_or(String::new(), |it| it.it.id.to_string())),
        HolderIx::Account(ix) => ("account", inventory.account(ix).map_or(String::new(), |it| it.it.id.to_string())),
        HolderIx::Group(ix) => ("group", inventory.group(ix).map_or(String::new(), |it| it.it.id.to_string())),
        HolderIx::Credential(ix) => {
            ("credential", inventory.credential(ix).map_or(String::new(), |it| it.it.id.to_string()))
        }
    }
}

/// An end of an interval, for a cell: empty, an instant, or `between … and …`.
pub(super) fn bound(bound: Bound) -> Value {
    match bound {
        Bound::Unbounded => json!(""),
        Bound::At(at) => json!(at),
        Bound::Between(from, to) => json!(format!("between {from} and {to}")),
    }
}

fn yes(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Yes => "yes",
        Certainty::Possible => "possibly",
        Certainty::No => "no",
    }
}
