//! `sever rights --replay`: what narrow rights would have refused, and whose data it would have spared.

use serde_json::{Value, json};
use sever_engine::{Narrowed, narrow};
use sever_graph::Readers;
use sever_lake::{Filter, Pivot, ReachQuery, reach_where};
use sever_model::{
    AccountIx, CredentialIx, CredentialKind, FactKind, Inventory, Outcome, PersonIx, Span, SubjectRegister,
};

use super::Args;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site, lake_failure};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Accounts whose reach is counted; each costs two passes over what the lake holds of it.
const ACCOUNTS_MAX: usize = 100;

/// Prints the reach of each account, person and key, with all rights and with those that are used.
pub(super) fn run(
    args: &Args,
    site: &mut Site,
    inventory: &Inventory,
    moment: &Moment,
    accounts: &[AccountIx],
    out: &mut Output,
) -> Result<Vec<Exit>, Failure> {
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);
    let idle = Span::days(i64::from(args.days));
    let narrowed = narrow(inventory, &site.lake_dir(), idle, moment.as_of)
        .map_err(|error| Failure::new(error.to_string()).hint("`sever scan` fills the lake"))?;
    let columns = ["kind", "thing", "rights", "unused", "uses", "refused", "people", "people_then"];
    let title = format!("reach, and with rights unused for {} days gone", args.days);
    let mut sheet = Sheet::new("rights_replay", &title, &columns);
    let mut asked: Vec<(AccountIx, u64)> = accounts
        .iter()
        .map(|account| (*account, refused(&narrowed, *account)))
        .filter(|(_, refused)| *refused > 0)
        .collect();
    asked.sort_by_key(|(account, refused)| (std::cmp::Reverse(*refused), *account));
    let beyond = asked.len().saturating_sub(ACCOUNTS_MAX);
    asked.truncate(ACCOUNTS_MAX);
    let rights = |accounts: &[AccountIx]| {
        let of = |account: &AccountIx| (narrowed.narrow.rights(*account).len(), unused(&narrowed, *account).0);
        accounts.iter().map(of).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    };
    for (account, _) in &asked {
        let id = inventory.account(*account).map_or("", |entry| entry.it.id.as_str());
        let reached = reached(&narrowed, Some((Pivot::Account, id.to_owned())), site, register, moment)?;
        sheet.rows.push(row("account", id, rights(&[*account]), &reached));
    }
    for person in people(inventory, &asked) {
        let id = inventory.person(person).map_or("", |entry| entry.it.id.as_str());
        let reached = reached(&narrowed, Some((Pivot::Person, id.to_owned())), site, register, moment)?;
        sheet.rows.push(row("person", id, rights(inventory.accounts_of(person)), &reached));
    }
    if args.account.is_none() {
        sheet.rows.extend(key_rows(&narrowed, inventory, moment));
        let reached = reached(&narrowed, None, site, register, moment)?;
        sheet.rows.push(row("all", "everybody", rights(accounts), &reached));
    }
    sheet.coverage = inventory.coverage().clone();
    let cut: usize = accounts.iter().map(|account| unused(&narrowed, *account).0).sum();
    let blind: usize = accounts.iter().map(|account| unused(&narrowed, *account).1).sum();
    sheet.notes.extend(narrowed.assumed.iter().map(|assumed| format!("assumed: {assumed}")));
    sheet.notes.push("assumed: nobody would have asked for a right again after it was taken away".to_owned());
    if beyond > 0 {
        sheet.notes.push(format!("{beyond} more accounts would have been refused something and are not counted"));
    }
    if blind > 0 {
        sheet.notes.push(format!("of {blind} rights nobody can see whether they are used: they stay"));
    }
    sheet.notes.push(format!(
        "{cut} rights would be gone; accounts that are not listed would have been refused nothing of what they did"
    ));
    let told = inventory.coverage().lines.iter().any(|line| line.kinds.contains(&FactKind::Grant));
    out.sheet(&sheet)?;
    Ok(vec![if told && !narrowed.seen.is_empty() { Exit::Clean } else { Exit::NothingLooked }])
}

/// An account's rights that are gone, and those whose use nobody can see.
fn unused(narrowed: &Narrowed<'_>, account: AccountIx) -> (usize, usize) {
    let rights = narrowed.narrow.rights(account);
    (rights.iter().filter(|right| right.cut.is_some()).count(), rights.iter().filter(|right| !right.seen).count())
}

/// Uses that an account was seen to make and that would have been refused.
fn refused(narrowed: &Narrowed<'_>, account: AccountIx) -> u64 {
    narrowed.exercises(account).filter(|exercise| narrowed.narrow.refuses(exercise)).count() as u64
}

/// Whose data was in answers to a thing's uses, and whose would have been.
struct Reached {
    uses: u64,
    refused: u64,
    people: u64,
    then: u64,
}

fn reached(
    narrowed: &Narrowed<'_>,
    thing: Option<(Pivot, String)>,
    site: &Site,
    register: Option<&dyn SubjectRegister>,
    moment: &Moment,
) -> Result<Reached, Failure> {
    let to = Some(moment.as_of.plus(Span::from_micros(1)));
    let query = ReachQuery { filter: Filter { thing, from: None, to }, ..ReachQuery::default() };
    let (people, dir) = (site.people()?, site.lake_dir());
    let whole = site.reach(&query, register)?;
    let mut refused = 0u64;
    let then = reach_where(&dir, &query, register, &people, &mut |row| {
        let no = row.outcome != Outcome::Refused && narrowed.refuses(row);
        refused += u64::from(no);
        !no
    })
    .map_err(lake_failure)?;
    let uses = whole.requests.answered + whole.requests.unknown;
    Ok(Reached { uses, refused, people: whole.lower, then: then.lower })
}

fn row(kind: &str, thing: &str, (rights, cut): (usize, usize), reached: &Reached) -> Vec<Value> {
    vec![
        json!(kind),
        json!(thing),
        json!(rights),
        json!(cut),
        json!(reached.uses),
        json!(reached.refused),
        json!(reached.people),
        json!(reached.then),
    ]
}

/// People with several accounts that would have been refused something, each as one.
fn people(inventory: &Inventory, accounts: &[(AccountIx, u64)]) -> Vec<PersonIx> {
    let mut all: Vec<PersonIx> = accounts.iter().filter_map(|(account, _)| inventory.person_of(*account)).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|person| inventory.accounts_of(*person).len() > 1);
    all
}

/// Signing keys that somebody may read where they lie: by how many people.
fn key_rows(narrowed: &Narrowed<'_>, inventory: &Inventory, moment: &Moment) -> Vec<Vec<Value>> {
    let keys = inventory.credentials().iter().enumerate();
    let keys = keys.filter(|(_, entry)| entry.it.kind == CredentialKind::SigningKey);
    keys.filter_map(|(at, entry)| {
        let Readers { all, left } = narrowed.narrow.readers(CredentialIx(at as u32), moment.as_of)?;
        (all > 0).then(|| {
            vec![
                json!("key"),
                json!(entry.it.id),
                json!(all),
                json!(all - left),
                Value::Null,
                Value::Null,
                json!(format!("{all} may read it")),
                json!(format!("{left} may read it")),
            ]
        })
    })
    .collect()
}
