//! `sever who`: who holds a thing, who could have read it, who made it, since when, by what evidence.

use serde_json::{Value, json};
use sever_graph::{Asked, WhoRow};
use sever_lake::Pivot;
use sever_model::{
    AccountIx, Certainty, CredentialIx, EventTime, GroupIx, HolderIx, Inventory, PersonIx, ResourceIx, counted,
};

use crate::cli::list::{bound, holder};
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::cli::{Global, Times};
use crate::exit::Exit;
use crate::hint::{Failure, did_you_mean};
use crate::render::Sheet;

/// Say who holds a thing, who could have read it, who made it, since when, by what evidence
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A key id, person, account, group or resource
    pub thing: String,
    #[command(flatten)]
    pub times: Times,
    /// Also what was before the last rotation, and so no longer matters
    #[arg(long)]
    pub all: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let moment = site.moment(&args.times)?;
    let inventory = site.inventory(&moment)?;
    let thing = site.real(&args.thing)?;
    let found = found(&inventory, &thing)?;
    let mut sheet = match found {
        Asked::Credential(ix) => custody(&inventory, ix, moment.as_of, args.all),
        Asked::Person(ix) => person(&inventory, ix, moment.as_of),
        Asked::Account(ix) => account(&inventory, ix, moment.as_of),
        Asked::Group(ix) => group(&inventory, ix, moment.as_of),
        Asked::Resource(ix) => resource(&inventory, ix, moment.as_of),
    };
    sheet.coverage = inventory.coverage().clone();
    out.sheet(&sheet)?;
    Ok(vec![if inventory.coverage().is_whole() { Exit::Clean } else { Exit::CoverageIncomplete }])
}

/// The one thing of the inventory that a word stands for.
///
/// # Errors
/// When nothing is called so, or several things are.
pub(super) fn found(inventory: &Inventory, word: &str) -> Result<Asked, Failure> {
    unambiguous(inventory, word)?.ok_or_else(|| unknown(inventory, word))
}

/// That nothing is called so: the nearest name, else where such a thing would have to come from.
fn unknown(inventory: &Inventory, word: &str) -> Failure {
    let people = inventory.people().iter().flat_map(|entry| [entry.it.id.as_str(), entry.it.name.as_str()]);
    let accounts = inventory.accounts().iter();
    let accounts = accounts.flat_map(|entry| [entry.it.login.as_str(), entry.it.display_name.as_str()]);
    let keys = inventory.credentials().iter().map(|entry| entry.it.id.native());
    let hint = did_you_mean(word, people.chain(accounts).chain(keys)).unwrap_or_else(|| {
        match (inventory.coverage().lines.is_empty(), inventory.credentials().is_empty()) {
            (true, _) => "nothing has been pulled yet: `sever sync`",
            (_, true) => {
                "no source here tells of keys: save the issuer's JWKS and add it as a source of kind `jwks`, or \
                 list keys in one of kind `keys`"
            }
            _ => "`sever list people`, `accounts`, `keys`, `groups` and `grants` show what is known",
        }
        .to_owned()
    });
    let exit = if inventory.coverage().lines.is_empty() { Exit::NothingLooked } else { Exit::Usage };
    Failure::new(format!("there is no person, account, key, group or resource `{word}`")).hint(hint).exit(exit)
}

/// The one thing that a word stands for, or a question.
fn unambiguous(inventory: &Inventory, word: &str) -> Result<Option<Asked>, Failure> {
    let mut found = sever_graph::find(inventory, word);
    // A person's own accounts come with them: an address that is both is the person.
    if let Some(person) = found.iter().find_map(|found| match found {
        Asked::Person(person) => Some(*person),
        _ => None,
    }) {
        found.retain(|found| !matches!(found, Asked::Account(ix) if inventory.person_of(*ix) == Some(person)));
    }
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => {
            let names: Vec<String> = several.iter().map(|found| named(inventory, *found)).collect();
            Err(Failure::usage(format!("`{word}` may be {} things", several.len()))
                .hint(format!("name one by its id: {}", names.join(", "))))
        }
    }
}

/// What a word stands for among the things that uses are kept by.
pub(super) fn one(inventory: &Inventory, word: &str) -> Result<Option<(Pivot, String)>, Failure> {
    let id = |text: &str| text.to_owned();
    Ok(match unambiguous(inventory, word)? {
        Some(Asked::Credential(ix)) => inventory.credential(ix).map(|entry| match entry.it.kind {
            sever_model::CredentialKind::SigningKey => (Pivot::Key, id(entry.it.id.native())),
            _ => (Pivot::Credential, id(entry.it.id.native())),
        }),
        Some(Asked::Account(ix)) => inventory.account(ix).map(|entry| (Pivot::Account, id(entry.it.id.as_str()))),
        Some(Asked::Person(ix)) => inventory.person(ix).map(|entry| (Pivot::Person, id(entry.it.id.as_str()))),
        _ => None,
    })
}

fn named(inventory: &Inventory, found: Asked) -> String {
    let text = match found {
        Asked::Person(ix) => inventory.person(ix).map(|entry| entry.it.id.to_string()),
        Asked::Account(ix) => inventory.account(ix).map(|entry| entry.it.id.to_string()),
        Asked::Credential(ix) => inventory.credential(ix).map(|entry| entry.it.id.to_string()),
        Asked::Group(ix) => inventory.group(ix).map(|entry| entry.it.id.to_string()),
        Asked::Resource(ix) => inventory.resource(ix).map(|entry| entry.it.id.to_string()),
    };
    text.unwrap_or_default()
}

/// Who made, read, could have read or could use a credential.
fn custody(inventory: &Inventory, ix: CredentialIx, at: EventTime, all: bool) -> Sheet {
    let title = format!("custody of {}", named(inventory, Asked::Credential(ix)));
    let columns = ["person", "name", "account", "strength", "since", "until", "employed", "left", "evidence", "source"];
    let mut sheet = Sheet::new("who", title, &columns);
    let rows = sever_graph::who(inventory, Asked::Credential(ix), at);
    let current = |row: &WhoRow| row.current != Some(Certainty::No);
    let before = rows.iter().filter(|row| !current(row)).count();
    let mut knowing: Vec<PersonIx> = Vec::new();
    for row in rows.iter().filter(|row| all || current(row)) {
        let person = row.person.and_then(|person| inventory.person(person));
        if current(row) && row.strength.is_some_and(|strength| !strength.cured_by_cutting()) {
            knowing.extend(row.person);
        }
        sheet.rows.push(vec![
            json!(person.map(|entry| &entry.it.id)),
            json!(person.map_or("", |entry| &entry.it.name)),
            json!(row.account.map(|account| named(inventory, Asked::Account(account)))),
            json!(row.strength.map(|strength| strength.words())),
            bound(row.valid.from),
            bound(row.valid.to),
            json!(row.employed.map(yes)),
            row.departed.map_or(Value::Null, |departed| bound(departed.end)),
            json!(row.evidence),
            json!(row.source),
        ]);
    }
    knowing.sort_unstable();
    knowing.dedup();
    let left = knowing.iter().filter(|person| inventory.departed(**person, at).is_some()).count();
    if let Some(entry) = inventory.credential(ix) {
        sheet.notes.push(match entry.it.rotated_at {
            Some(rotated) => {
                let matter = if before == 1 { "no longer matters" } else { "no longer matter" };
                format!("last rotated {rotated}; {} from before it {matter}", counted(before as u64, "row"))
            }
            None => "never rotated, as far as the sources say".to_owned(),
        });
    }
    sheet.notes.push(format!(
        "{} made, read or could have read it since; {left} of them {} left{}",
        counted(knowing.len() as u64, "person"),
        if left == 1 { "has" } else { "have" },
        if left > 0 { ": only rotation cures that" } else { "" }
    ));
    sheet
}

/// What a person holds: accounts, keys, rights.
fn person(inventory: &Inventory, ix: PersonIx, at: EventTime) -> Sheet {
    let entry = inventory.person(ix);
    let title = entry.map_or(String::new(), |entry| format!("what {} ({}) holds", entry.it.name, entry.it.id));
    let mut sheet = Sheet::new("who", title, &["holds", "what", "how", "since", "until", "why"]);
    for account in inventory.accounts_of(ix) {
        let Some(entry) = inventory.account(*account) else { continue };
        let why = match inventory.correlation(*account) {
            sever_model::Correlation::Matched { reason, .. } => reason.as_str(),
            _ => "",
        };
        sheet.rows.push(vec![
            json!("account"),
            json!(entry.it.id),
            json!(entry.it.status),
            bound(entry.valid.from),
            bound(entry.valid.to),
            json!(why),
        ]);
    }
    for row in inventory.custody_by(ix).filter(|row| row.valid.earliest_start() <= at) {
        sheet.rows.push(vec![
            json!("credential"),
            json!(named(inventory, Asked::Credential(row.credential))),
            json!(row.strength.words()),
            bound(row.valid.from),
            bound(row.valid.to),
            json!(row.evidence),
        ]);
    }
    for account in inventory.accounts_of(ix) {
        rights_rows(inventory, *account, at, &mut sheet);
    }
    let departed = inventory.departed(ix, at);
    sheet.notes.push(match departed {
        Some(departed) => format!("access ended {}", bound(departed.end).as_str().unwrap_or("at an unknown time")),
        None => "works here".to_owned(),
    });
    sheet
}

fn account(inventory: &Inventory, ix: AccountIx, at: EventTime) -> Sheet {
    let title = format!("what {} holds", named(inventory, Asked::Account(ix)));
    let mut sheet = Sheet::new("who", title, &["holds", "what", "how", "since", "until", "why"]);
    rights_rows(inventory, ix, at, &mut sheet);
    let whose = match inventory.correlation(ix) {
        sever_model::Correlation::Matched { person, reason, .. } => {
            format!("it is {}'s: {reason}", named(inventory, Asked::Person(*person)))
        }
        sever_model::Correlation::Ask(_) => "whose it is, a human must say: `sever list review`".to_owned(),
        sever_model::Correlation::Nobody => "it is nobody's whom HR knows".to_owned(),
        sever_model::Correlation::NotPersonal => "it is not one person's".to_owned(),
    };
    if let Some(by) = inventory.account(ix).and_then(|entry| entry.it.created_by.as_deref()) {
        sheet.notes.push(format!("made by {by}"));
    }
    sheet.notes.push(whose);
    sheet
}

/// An account's rights, each with the path it comes by.
fn rights_rows(inventory: &Inventory, ix: AccountIx, at: EventTime, sheet: &mut Sheet) {
    for right in sever_graph::effective(inventory, HolderIx::Account(ix), at) {
        let path: Vec<String> = right.through.iter().map(|group| named(inventory, Asked::Group(*group))).collect();
        sheet.rows.push(vec![
            json!("right"),
            json!(named(inventory, Asked::Resource(right.resource))),
            json!(right.rights.to_string()),
            bound(right.valid.from),
            bound(right.valid.to),
            json!(if path.is_empty() { "granted itself".to_owned() } else { format!("through {}", path.join(" in ")) }),
        ]);
    }
}

fn group(inventory: &Inventory, ix: GroupIx, at: EventTime) -> Sheet {
    let title = format!("who is in {}", named(inventory, Asked::Group(ix)));
    let mut sheet = Sheet::new("who", title, &["kind", "member", "since", "until"]);
    for row in inventory.members_of(ix).iter().filter(|row| row.valid.at(at) != Certainty::No) {
        let (kind, member) = holder(inventory, row.member);
        sheet.rows.push(vec![json!(kind), json!(member), bound(row.valid.from), bound(row.valid.to)]);
    }
    for row in inventory.grants_of(HolderIx::Group(ix)).filter(|row| row.valid.at(at) != Certainty::No) {
        sheet.notes.push(format!("may {} {}", row.rights, named(inventory, Asked::Resource(row.resource))));
    }
    sheet
}

fn resource(inventory: &Inventory, ix: ResourceIx, at: EventTime) -> Sheet {
    let title = format!("who may use {}", named(inventory, Asked::Resource(ix)));
    let mut sheet = Sheet::new("who", title, &["kind", "holder", "rights", "since", "until", "granted_by"]);
    for row in inventory.grants_on(ix).iter().filter(|row| row.valid.at(at) != Certainty::No) {
        let (kind, who) = holder(inventory, row.holder);
        sheet.rows.push(vec![
            json!(kind),
            json!(who),
            json!(row.rights.to_string()),
            bound(row.valid.from),
            bound(row.valid.to),
            json!(inventory.granted_by(row).unwrap_or("")),
        ]);
    }
    sheet
}

fn yes(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Yes => "yes",
        Certainty::Possible => "possibly",
        Certainty::No => "no",
    }
}
