//! How findings are worded: days, people, records and evidence, the same in every detector.
//!
//! A finding accuses a credential before a person: people who still work here are counted and never
//! named; those who have left are named by their id. No text from a token, and no query string,
//! which may carry one, gets into a sentence or a line of evidence.

use serde::Serialize;
use sever_model::port::View;
use sever_model::{
    Account, AccountKind, Batch, Bound, CredentialKind, EventTime, Evidence, Inventory, Outcome, PersonIx, SourceId,
    Thing, ThingKind,
};

/// A finding's rule inputs: each input and its value.
pub(crate) type Inputs = Vec<(String, String)>;

/// One rule input.
pub(crate) fn input(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

/// The day of an instant, UTC: `2025-01-31`.
pub(crate) fn day(at: EventTime) -> String {
    let text = at.to_string();
    text.get(..10).filter(|_| text.ends_with('Z')).unwrap_or(&text).to_owned()
}

/// How an end reads: `left 2024-12-31`, `left between 2024-11-30 and 2024-12-31`.
pub(crate) fn left(end: Bound) -> String {
    match end {
        Bound::Unbounded => "has left".to_owned(),
        Bound::At(at) => format!("left {}", day(at)),
        Bound::Between(earliest, latest) => format!("left between {} and {}", day(earliest), day(latest)),
    }
}

/// The first instant of an end.
pub(crate) fn earliest(end: Bound) -> EventTime {
    match end {
        Bound::Unbounded => EventTime::MIN,
        Bound::At(at) | Bound::Between(at, _) => at,
    }
}

/// The instant by which an end has come for sure.
pub(crate) fn latest(end: Bound) -> EventTime {
    match end {
        Bound::Unbounded => EventTime::MAX,
        Bound::At(at) | Bound::Between(_, at) => at,
    }
}

/// `1 person`, `14 people`.
pub(crate) fn people(count: usize) -> String {
    sever_model::counted(count as u64, "person")
}

/// `1 account`, `3 accounts`.
pub(crate) fn plural(count: usize, thing: &str) -> String {
    sever_model::counted(count as u64, thing)
}

/// A person as a thing.
pub(crate) fn person(inventory: &Inventory, ix: PersonIx) -> Thing {
    Thing::new(ThingKind::Person, person_id(inventory, ix))
}

/// A person's id.
pub(crate) fn person_id(inventory: &Inventory, ix: PersonIx) -> &str {
    inventory.person(ix).map_or("(unknown)", |entry| entry.it.id.as_str())
}

/// A thing as sentences name it: by its id and, where that is an account's and does not say it, by what
/// people call it: account `ann.lee` (`directory/0b9e…`).
pub(crate) fn thing(inventory: &Inventory, thing: &Thing) -> String {
    let (kind, id) = (thing.kind.word(), &thing.id);
    let account = (thing.kind == ThingKind::Account).then(|| inventory.find_account(&id.as_str().into()));
    let account = account.flatten().and_then(|ix| inventory.account(ix));
    match account.and_then(|entry| called(&entry.it)) {
        Some(name) => format!("{kind} `{name}` (`{id}`)"),
        None => format!("{kind} `{id}`"),
    }
}

/// What people call an account, where its id does not say it. A program's login may be an id of another
/// kind; its name then says more.
fn called(account: &Account) -> Option<&str> {
    let (login, shown) = (account.login.as_str(), account.display_name.as_str());
    let name = if account.kind == AccountKind::Service && !shown.is_empty() { shown } else { login };
    let said = account.id.native().to_lowercase().contains(&name.to_lowercase());
    (!name.is_empty() && !said).then_some(name)
}

/// What was touched, without the query, which may hold anything.
pub(crate) fn path(resource: &str) -> &str {
    resource.split(['?', '#']).next().unwrap_or(resource)
}

/// What a credential is, in words.
pub(crate) const fn credential_kind(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::SigningKey => "signing key",
        CredentialKind::ApiKey => "API key",
        CredentialKind::SshKey => "SSH key",
        CredentialKind::Password => "password",
        CredentialKind::Certificate => "certificate",
        CredentialKind::Token => "token",
        CredentialKind::Secret => "secret",
    }
}

/// An outcome in a word.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Refused => "refused",
        Outcome::Unknown => "outcome unknown",
    }
}

/// The name of a log, as evidence shows it.
pub(crate) fn log(view: &View<'_>, source: usize) -> SourceId {
    view.sources.get(source).map_or_else(|| SourceId::from("(unnamed log)"), |source| source.id.clone())
}

/// A record as evidence: what was done to what, from where, and how it ended.
pub(crate) fn record(view: &View<'_>, source: usize, batch: &Batch, row: usize) -> Evidence {
    let action = view.symbols.text(batch.names(row).action);
    let mut shows = String::from(if action.is_empty() { "used" } else { action });
    for (word, text) in [(" for ", path(batch.resource(row))), (" from ", batch.source_ip(row))] {
        if !text.is_empty() {
            shows.push_str(word);
            shows.push_str(text);
        }
    }
    shows.push_str(", ");
    shows.push_str(outcome(batch.outcome(row)));
    Evidence { source: log(view, source), offset: Some(batch.offset(row)), at: batch.time(row), shows }
}

/// A fact as evidence.
pub(crate) fn fact(source: &SourceId, at: EventTime, shows: impl Into<String>) -> Evidence {
    Evidence { source: source.clone(), offset: None, at, shows: shows.into() }
}

/// A detector's state as it is saved.
pub(crate) fn saved(state: &impl Serialize) -> serde_json::Value {
    // INVARIANT: detector states are structs and maps with text keys, which always have a JSON form.
    serde_json::to_value(state).unwrap_or_default()
}
