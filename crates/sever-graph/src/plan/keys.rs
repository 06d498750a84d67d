//! Credentials that they made, held, read, could have read or could use, each with how and by what
//! evidence.
//!
//! Only what they know as it is *now* counts: what was read before the last rotation opens nothing. A
//! key that they could only use where it lies is cured by cutting the way to it.

use std::collections::BTreeMap;

use sever_model::{
    AccountIx, Certainty, Credential, CredentialIx, CredentialKind, Door, DoorKind, EventTime, ExcludedWhy, Inventory,
    Strength, SystemId,
};

use super::accounts::{by_then, credential_door, handed_over, is_over};
use super::found::{Doors, Found, Role};
use super::team::Team;
use super::theirs::{Theirs, protected_by};
use super::{PlanInput, Verifier, words};
use crate::who::{Asked, WhoRow, who};

/// What they know.
pub(super) fn gather(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    theirs: &Theirs,
    team: Option<&Team>,
    asked: Asked,
    doors: &mut Doors,
    gaps: &mut Vec<String>,
) {
    let mut known: BTreeMap<CredentialIx, Vec<WhoRow>> = BTreeMap::new();
    for row in rows(inventory, input, theirs, asked) {
        if let Some(ix) = row.credential.filter(|_| row.current != Some(Certainty::No)) {
            known.entry(ix).or_default().push(row);
        }
    }
    for (ix, mut rows) in known {
        let Some(entry) = inventory.credential(ix).filter(|entry| !is_over(entry, input.at)) else { continue };
        let opened = entry.it.account.as_ref().and_then(|id| inventory.find_account(id));
        if opened.is_some_and(|account| theirs.closed().contains(&account)) {
            // A door of that account already; that they hold it is why.
            if let Some(found) = doors.of_credential(entry.it.id.as_str()) {
                found.strength = found.strength.max(rows.iter().filter_map(|row| row.strength).max());
            }
            continue;
        }
        // What rests on an account that is only perhaps theirs is planned by nobody's word.
        let unconfirmed = |row: &WhoRow| row.account.is_some_and(|ix| theirs.unconfirmed.contains(&ix));
        let doubtful = rows.iter().all(unconfirmed);
        if !doubtful {
            rows.retain(|row| !unconfirmed(row));
        }
        rows.sort_by(|a, b| b.strength.cmp(&a.strength).then_with(|| a.evidence.cmp(&b.evidence)));
        let Some(strength) = rows.first().and_then(|row| row.strength) else { continue };
        let doubt = doubtful.then(|| {
            let accounts = through(inventory, &rows);
            (ExcludedWhy::Unconfirmed, format!("only by {accounts}, and no human has said that it is theirs"))
        });
        let kept = doubt
            .or_else(|| protected_by(inventory, opened?, input.protected))
            .or_else(|| handed_over(inventory, ix, input.at))
            .or_else(|| team?.has_custody(inventory, ix, strength, input.at));
        let evidence = evidence(&rows);
        if strength.cured_by_cutting() {
            let door = usable(&entry.it, input.at);
            let by_itself = format!("ends with the way to it: {}", through(inventory, &rows));
            let found = Found { strength: Some(strength), by_itself, ..Found::new(door, Role::Usable, evidence) };
            doors.add(found.keep(kept));
            continue;
        }
        let read_by = rows.iter().filter_map(|row| row.account).filter(|ix| theirs.own.contains(ix)).collect();
        let found = Found {
            strength: Some(strength),
            read_by,
            ..Found::new(credential_door(&entry.it, input.at), Role::Known(ix), evidence)
        };
        add(inventory, input, ix, found.keep(kept), theirs, doors, gaps);
    }
}

/// A credential that is out, whoever has it.
pub(super) fn gather_one(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    ix: CredentialIx,
    doors: &mut Doors,
    gaps: &mut Vec<String>,
) {
    let Some(entry) = inventory.credential(ix) else { return };
    let opened = entry.it.account.as_ref().and_then(|id| inventory.find_account(id));
    let kept = opened.and_then(|account| protected_by(inventory, account, input.protected));
    let mut found =
        Found::new(credential_door(&entry.it, input.at), Role::Known(ix), "it is out: whoever has it gets in");
    found.account = opened;
    add(inventory, input, ix, found.keep(kept), &Theirs::default(), doors, gaps);
}

/// Adds the door at the credential's own system, and one at each who believes it.
fn add(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    ix: CredentialIx,
    mut found: Found,
    theirs: &Theirs,
    doors: &mut Doors,
    gaps: &mut Vec<String>,
) {
    let Some(credential) = inventory.credential(ix).map(|entry| &entry.it) else { return };
    let others = words::others(inventory, &who(inventory, Asked::Credential(ix), input.at), &theirs.own, theirs.person);
    if !others.is_empty() {
        found.breaks.push(format!("it is also held by {}", words::some(&others)));
    }
    let believers = verifiers(credential, input.verifiers);
    if credential.kind == CredentialKind::SigningKey {
        let names: Vec<String> = believers.iter().map(|it| it.system.to_string()).collect();
        match names.len() {
            0 => gaps.push(format!(
                "{}: nobody says who believes this key; a `[[class]]` of its issuer names the logs of those who do",
                credential.id
            )),
            1 => found.breaks.push(format!("{} believes it", words::some(&names))),
            count => found.breaks.push(format!("{count} verifiers believe it: {}", words::some(&names))),
        }
    }
    found.breaks.extend(by_then(credential.last_used, input.at).map(|used| format!("last used {used}")));
    for verifier in believers {
        let mut door = Door::new(&verifier.system, DoorKind::SigningKey, credential.id.native());
        door.credential = Some(credential.id.clone());
        door.title = format!("signing key {} at {}", credential.id.native(), verifier.system);
        door.opens = format!("whatever {} lets in", verifier.system);
        let evidence = format!("{} believes what {} signs", verifier.system, verifier.issuer);
        let mut at_verifier = Found::new(door, Role::Verifier(ix), evidence);
        at_verifier.strength = found.strength;
        let mut links = input.systems.iter().filter(|link| link.system == verifier.system);
        if links.any(|link| link.tries.contains(&DoorKind::SigningKey)) {
            at_verifier.by_itself = format!("closed by the rotation at {}, and tried", found.door.system);
        }
        doors.add(at_verifier.keep(found.kept.clone()));
    }
    doors.add(found);
}

/// The rows of custody of whom the plan is about: theirs, and those of accounts that they made in nobody's
/// name.
fn rows(inventory: &Inventory, input: &PlanInput<'_>, theirs: &Theirs, asked: Asked) -> Vec<WhoRow> {
    let mut accounts = theirs.ghosts.clone();
    let mut rows = Vec::new();
    match asked {
        Asked::Person(_) => rows = who(inventory, asked, input.at),
        Asked::Account(ix) => accounts.push(ix),
        Asked::Credential(_) | Asked::Group(_) | Asked::Resource(_) => {}
    }
    if accounts.is_empty() {
        return rows;
    }
    for ix in (0..inventory.credentials().len() as u32).map(CredentialIx) {
        let by_one = |account: Option<AccountIx>| account.is_some_and(|account| accounts.contains(&account));
        if inventory.custody_of(ix).iter().any(|row| by_one(row.account)) {
            let all = who(inventory, Asked::Credential(ix), input.at).into_iter();
            rows.extend(all.filter(|row| by_one(row.account)));
        }
    }
    rows
}

/// Those who believe a key.
fn verifiers<'a>(credential: &Credential, verifiers: &'a [Verifier]) -> Vec<&'a Verifier> {
    let (Some(issuer), CredentialKind::SigningKey) = (&credential.issuer, credential.kind) else { return Vec::new() };
    let believes = |it: &&Verifier| {
        let key = it.key_ids.is_empty() || it.key_ids.iter().any(|id| id == credential.id.native());
        it.issuer == *issuer && key
    };
    let mut found: Vec<&Verifier> = verifiers.iter().filter(believes).collect();
    found.sort();
    found.dedup_by(|a, b| a.system == b.system);
    found
}

/// The right to use a key where it lies.
fn usable(credential: &Credential, at: EventTime) -> Door {
    let mut door = Door::new(&SystemId::from(credential.id.system()), DoorKind::Membership, credential.id.native());
    door.title = format!("use of {} at {}", credential.id.native(), credential.id.system());
    door.credential = Some(credential.id.clone());
    door.last_used = by_then(credential.last_used, at);
    door
}

/// The strongest evidence, the rest counted.
fn evidence(rows: &[WhoRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let since = match first.valid.earliest_start() {
        EventTime::MIN => String::new(),
        since => format!(" since {since}"),
    };
    let word = first.strength.map_or("", Strength::words);
    let more = rows.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" (and by {more} more)") };
    format!("{word}{since}: {}{more}", first.evidence)
}

/// The accounts through which.
fn through(inventory: &Inventory, rows: &[WhoRow]) -> String {
    let mut accounts: Vec<AccountIx> = rows.iter().filter_map(|row| row.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let names: Vec<String> = accounts.iter().map(|ix| words::account(inventory, *ix)).collect();
    if names.is_empty() { "no account is known".to_owned() } else { words::some(&names) }
}
