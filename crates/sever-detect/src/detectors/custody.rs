//! Who could know a key: the question behind all four incidents.
//!
//! Knowledge is cured by rotation only, so what counts is custody gained or possible since the key
//! was last rotated. Being able to *use* a key where it lies leaves no knowledge behind and never
//! counts; nobody knows a key that cannot leave its place.

use sever_model::port::View;
use sever_model::{
    AccountIx, Bound, Certainty, Correlation, Credential, CredentialIx, CredentialKind, CustodyRow, Departed, Entry,
    EventTime, Exportable, Inventory, PersonIx, Strength, Valid,
};

use super::{say, whose};

/// Somebody who made, read or could have read a key since it was last rotated.
pub(crate) struct Knower<'a> {
    /// The person, where one is known.
    pub(crate) person: Option<PersonIx>,
    /// Their strongest custody.
    pub(crate) row: &'a CustodyRow,
    /// Whether it surely fell after the last rotation, and the account is surely theirs.
    pub(crate) sure: bool,
    /// How their access ended, if by then it has or may have.
    pub(crate) departed: Option<Departed>,
}

/// Everybody who, by `at`, made, read or could have read a key since it was last rotated: each
/// person once, by their strongest custody; accounts that are nobody's once each.
pub(crate) fn knowers(inventory: &Inventory, key: CredentialIx, at: EventTime) -> Vec<Knower<'_>> {
    let Some(entry) = inventory.credential(key) else { return Vec::new() };
    if entry.it.exportable == Exportable::No {
        return Vec::new();
    }
    let rotated = rotated(&entry.it, at);
    let mut found: Vec<Knower<'_>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    // Rows come strongest first, so the first of each person is the one to name.
    for row in inventory.custody_of(key) {
        let since = since_rotation(row, rotated, at);
        if since == Certainty::No || (row.person.is_none() && row.account.is_none()) {
            continue;
        }
        let who = (row.person, row.account.filter(|_| row.person.is_none()));
        if !seen.insert(who) {
            continue;
        }
        let sure = since == Certainty::Yes && surely_theirs(inventory, row.account);
        let departed = row.person.and_then(|person| inventory.departed(person, at));
        found.push(Knower { person: row.person, row, sure, departed });
    }
    found
}

/// When a key was last rotated before `at`, where that is known.
pub(crate) fn rotated(key: &Credential, at: EventTime) -> Option<EventTime> {
    key.rotated_at.filter(|rotated| *rotated <= at)
}

/// Whether a credential is a signing key that verifiers would believe at an instant.
pub(crate) fn trusted_signer(entry: &Entry<Credential>, at: EventTime) -> bool {
    let ended = |end: Option<EventTime>| end.is_some_and(|end| end <= at);
    entry.it.kind == CredentialKind::SigningKey
        && entry.valid.at(at) != Certainty::No
        && !ended(entry.it.retired_at)
        && !ended(entry.it.expires_at)
}

/// Whether a credential can be used at an instant: not destroyed, retired, expired or still to be
/// activated, and its account, where it is one account's, is open.
pub(crate) fn in_use(inventory: &Inventory, entry: &Entry<Credential>, at: EventTime) -> bool {
    let ended = |end: Option<EventTime>| end.is_some_and(|end| end <= at);
    let account = entry.it.account.as_ref().and_then(|id| inventory.find_account(id));
    entry.valid.at(at) != Certainty::No
        && !ended(entry.it.retired_at)
        && !ended(entry.it.expires_at)
        && entry.it.activated_at.is_none_or(|activated| activated <= at)
        && account.is_none_or(|account| whose::enabled(inventory, account, at))
}

/// One clause about who could have known a key: honest about what the inventory cannot tell.
pub(crate) fn clause(view: &View<'_>, key: Option<CredentialIx>, at: EventTime) -> String {
    let inventory = view.inventory;
    let Some((key, entry)) = key.and_then(|ix| Some((ix, inventory.credential(ix)?))) else {
        return "there is no inventory of who could read it".to_owned();
    };
    if entry.it.exportable == Exportable::No {
        return "it cannot be read where it lies".to_owned();
    }
    let knowers = knowers(inventory, key, at);
    if knowers.is_empty() {
        return "nobody known had custody of it".to_owned();
    }
    let persons = knowers.iter().filter(|knower| knower.person.is_some()).count();
    let accounts = knowers.len() - persons;
    let left = knowers.iter().filter(|knower| knower.departed.is_some()).count();
    let mut who = match (persons, accounts) {
        (0, accounts) => format!("{} of nobody known", say::plural(accounts, "account")),
        (persons, 0) => say::people(persons),
        (persons, accounts) => {
            format!("{} and {} of nobody known", say::people(persons), say::plural(accounts, "account"))
        }
    };
    who.push_str(" could have read it since ");
    who.push_str(if rotated(&entry.it, at).is_some() { "its last rotation" } else { "it was made" });
    if persons > 0 {
        let left = if left == 0 { "none".to_owned() } else { left.to_string() };
        let verb = if left == "none" || left == "1" { "has" } else { "have" };
        who.push_str(&format!(", {left} of them {verb} left"));
    }
    who
}

/// Whether a custody leaves somebody knowing, at `at`, the secret as it is since `rotated`.
fn since_rotation(row: &CustodyRow, rotated: Option<EventTime>, at: EventTime) -> Certainty {
    if row.strength == Strength::CouldUse || row.valid.earliest_start() > at {
        return Certainty::No;
    }
    let Some(rotated) = rotated else { return Certainty::Yes };
    match row.strength {
        // Knowledge is gained at the start. An end, where one is given, means that they held it until
        // then, and so had the new secret as well.
        Strength::Made | Strength::Read => gained(row.valid.from, rotated).max(held(&row.valid, rotated)),
        Strength::CouldRead if row.valid.to == Bound::Unbounded => Certainty::Yes,
        Strength::CouldRead => held(&row.valid, rotated),
        Strength::CouldUse => Certainty::No,
    }
}

fn gained(from: Bound, rotated: EventTime) -> Certainty {
    match from {
        // Before we looked: it cannot be told whether before the rotation too.
        Bound::Unbounded => Certainty::Possible,
        Bound::At(at) if at >= rotated => Certainty::Yes,
        Bound::Between(earliest, _) if earliest >= rotated => Certainty::Yes,
        Bound::Between(_, latest) if latest >= rotated => Certainty::Possible,
        Bound::At(_) | Bound::Between(..) => Certainty::No,
    }
}

fn held(valid: &Valid, rotated: EventTime) -> Certainty {
    match valid.to {
        Bound::Unbounded => Certainty::No,
        Bound::At(to) if to > rotated => Certainty::Yes,
        Bound::Between(earliest, _) if earliest > rotated => Certainty::Yes,
        Bound::Between(_, latest) if latest > rotated => Certainty::Possible,
        Bound::At(_) | Bound::Between(..) => Certainty::No,
    }
}

fn surely_theirs(inventory: &Inventory, account: Option<AccountIx>) -> bool {
    account.is_none_or(|account| match inventory.correlation(account) {
        Correlation::Matched { exact, .. } => *exact == Certainty::Yes,
        _ => true,
    })
}
