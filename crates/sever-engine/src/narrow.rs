//! `rights --replay`: narrow rights played back over what the lake and the records of custody show.
//!
//! What is an exercise of a right: an event in the lake that was not refused and by an account we know,
//! and a reading of a secret that a listing of custody tells of, at the place where the secret
//! lies. Of which systems exercises are *seen*: those of which the lake has shown that its events name
//! things as rights do, from their first event on; and those whose secrets' readings a complete listing
//! of custody tells, from the first that it tells of. Both are assumptions, and are told as such.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use sever_graph::{Exercise, Narrow};
use sever_lake::{Filter, UseRow, read};
use sever_model::{
    AccountId, AccountIx, CredentialIx, EventTime, FactKind, Inventory, Listing, Outcome, Seen, SourceId, Span,
    Strength,
};

use crate::EngineError;

/// Narrow rights, and on what they rest.
pub struct Narrowed<'a> {
    inventory: &'a Inventory,
    /// The rights under the rule.
    pub narrow: Narrow<'a>,
    /// Since when exercises are seen, by system.
    pub seen: BTreeMap<String, EventTime>,
    /// What was assumed, in sentences.
    pub assumed: Vec<String>,
    /// What was seen, by time.
    exercises: Vec<Exercise>,
}

/// Plays the rule that a right goes which its holder has not exercised for `idle`, up to `at`.
///
/// # Errors
/// When the lake cannot be read.
pub fn narrow<'a>(
    inventory: &'a Inventory,
    lake: &Path,
    idle: Span,
    at: EventTime,
) -> Result<Narrowed<'a>, EngineError> {
    let mut gathered = Gathered::default();
    let mut accounts: HashMap<String, Option<AccountIx>> = HashMap::new();
    read(lake, &Filter { to: Some(at.plus(Span::from_micros(1))), ..Filter::default() }, &mut |row| {
        let account = match accounts.get(row.account) {
            Some(known) => *known,
            None => {
                let found = inventory.find_account(&AccountId::from(row.account));
                accounts.insert(row.account.to_owned(), found);
                found
            }
        };
        if let Some(account) = account.filter(|_| row.outcome != Outcome::Refused) {
            gathered.used(inventory, account, row);
        }
    })?;
    let meet = gathered.meeting(inventory, idle, at);
    let mut seen: BTreeMap<String, EventTime> = gathered.first.clone();
    seen.retain(|system, _| meet.contains(system));
    let mut assumed: Vec<String> = seen
        .iter()
        .map(|(system, from)| format!("every use of `{system}` since {from} is in the logs that were scanned"))
        .collect();
    for (system, (from, source)) in readings(inventory, &mut gathered.exercises) {
        assumed.push(format!("`{source}` tells of every reading of a secret in `{system}` since {from}"));
        let known = seen.entry(system).or_insert(from);
        *known = from.min(*known);
    }
    let narrow = Narrow::new(inventory, gathered.exercises.clone(), &seen, idle, at);
    Ok(Narrowed { inventory, narrow, seen, assumed, exercises: gathered.exercises })
}

impl Narrowed<'_> {
    /// What an account was seen to do.
    pub fn exercises(&self, account: AccountIx) -> impl Iterator<Item = &Exercise> {
        self.exercises.iter().filter(move |exercise| exercise.account == account)
    }

    /// Whether a use would have been refused.
    pub fn refuses(&self, row: &UseRow<'_>) -> bool {
        let account = self.inventory.find_account(&AccountId::from(row.account));
        account.is_some_and(|account| self.narrow.refuses(&exercise(self.inventory, account, row)))
    }
}

/// Exercises, and the first event of each system.
#[derive(Default)]
struct Gathered {
    exercises: Vec<Exercise>,
    first: BTreeMap<String, EventTime>,
}

impl Gathered {
    fn used(&mut self, inventory: &Inventory, account: AccountIx, row: &UseRow<'_>) {
        let exercise = exercise(inventory, account, row);
        let system = exercise.resource.split_once('/').map_or("", |(system, _)| system);
        match self.first.get_mut(system) {
            Some(first) => *first = row.time.min(*first),
            None => {
                self.first.insert(system.to_owned(), row.time);
            }
        }
        self.exercises.push(exercise);
    }

    /// The systems whose events name things as rights do: some event fell under some right there that
    /// is not on everything.
    fn meeting(&self, inventory: &Inventory, idle: Span, at: EventTime) -> Vec<String> {
        let tried = Narrow::new(inventory, self.exercises.clone(), &self.first, idle, at);
        let mut meet: Vec<String> = Vec::new();
        for account in 0..inventory.accounts().len() {
            for right in tried.rights(AccountIx(account as u32)).iter().filter(|right| right.exercised.is_some()) {
                let Some(entry) = inventory.resource(right.resource) else { continue };
                let system = entry.it.id.system();
                let whole = matches!(entry.it.id.native(), "*" | "/*");
                if !whole && !meet.iter().any(|known| known == system) {
                    meet.push(system.to_owned());
                }
            }
        }
        meet
    }
}

fn exercise(inventory: &Inventory, account: AccountIx, row: &UseRow<'_>) -> Exercise {
    let system = inventory.account(account).map_or("", |entry| entry.it.id.system());
    let path = row.resource.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    // Where a log names the system too, it is not named twice.
    let named = path.split_once('/').is_some_and(|(first, _)| first == system);
    let resource = if named { path.to_owned() } else { format!("{system}/{path}") };
    Exercise { at: row.time, account, resource }
}

/// Adds the readings that complete listings of custody tell of; by system, since when and which.
fn readings(inventory: &Inventory, exercises: &mut Vec<Exercise>) -> BTreeMap<String, (EventTime, SourceId)> {
    let complete = |source: &SourceId| {
        inventory.coverage().lines.iter().any(|line| {
            line.source == *source
                && line.kinds.contains(&FactKind::Custody)
                && line.listing == Listing::Complete
                && line.seen == Seen::Whole
        })
    };
    let mut seen: BTreeMap<String, (EventTime, SourceId)> = BTreeMap::new();
    let mut reads: BTreeSet<String> = BTreeSet::new();
    for (at, entry) in inventory.credentials().iter().enumerate() {
        let Some(place) = &entry.it.kept_at else { continue };
        let told = inventory.custody_of(CredentialIx(at as u32)).iter();
        for row in told.filter(|row| row.strength >= Strength::Read && complete(&row.source)) {
            let at = row.valid.earliest_start();
            let known = seen.entry(place.system().to_owned()).or_insert((at, row.source.clone()));
            known.0 = known.0.min(at);
            if let Some(account) = row.account.filter(|_| row.strength == Strength::Read) {
                exercises.push(Exercise { at, account, resource: place.to_string() });
                reads.insert(place.system().to_owned());
            }
        }
    }
    // A list that names makers only says nothing of readings.
    seen.retain(|system, _| reads.contains(system));
    seen
}
