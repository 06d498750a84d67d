//! Whose an account is, and what a name in a record stands for, as detectors need it.

use std::collections::BTreeMap;

use sever_model::port::{Resolved, View};
use sever_model::{
    AccountIx, AccountKind, AccountStatus, Batch, Certainty, Confidence, Correlation, Departed, EventKind, EventTime,
    FactKind, Inventory, Outcome, PersonIx, Seen, SourceId, Thing, ThingKind,
};

use super::say;

/// The account that was used in a record: the one that acted, or the one signed in to. An account
/// that was acted *upon* was not used: disabling a leaver's account is no use of it.
pub(crate) fn used(kind: EventKind, resolved: Resolved) -> Option<AccountIx> {
    let signed_in = matches!(kind, EventKind::Authenticated | EventKind::Issued);
    resolved.actor.or(resolved.account.filter(|_| signed_in))
}

/// Whether a record shows activity that got somewhere.
pub(crate) fn got_in(batch: &Batch, row: usize) -> bool {
    batch.kind(row) != EventKind::Heartbeat && batch.outcome(row) != Outcome::Refused
}

/// Who acted, as a thing to accuse: the account, else the name in the log, else the credential.
pub(crate) fn actor(view: &View<'_>, source: usize, batch: &Batch, row: usize, resolved: Resolved) -> Option<Thing> {
    if let Some(entry) = used(batch.kind(row), resolved).and_then(|ix| view.inventory.account(ix)) {
        return Some(Thing::new(ThingKind::Account, entry.it.id.as_str()));
    }
    let name = view.symbols.text(batch.names(row).actor);
    if !name.is_empty() {
        let system = view.sources.get(source).and_then(|source| source.system.as_ref());
        let id = system.map_or_else(|| name.to_owned(), |system| format!("{system}/{name}"));
        return Some(Thing::new(ThingKind::Account, id));
    }
    let standing = [resolved.credential, resolved.key].into_iter().flatten().next();
    let entry = standing.and_then(|ix| view.inventory.credential(ix))?;
    Some(Thing::new(ThingKind::Credential, entry.it.id.as_str()))
}

/// How sure it is that an account which should be somebody's joins to nobody who is or was here and
/// has no declared owner; `None` where it joins, or need not. Never said without a list of people.
pub(crate) fn ghost(inventory: &Inventory, ix: AccountIx) -> Option<Confidence> {
    let confidence = match inventory.correlation(ix) {
        Correlation::Nobody => Confidence::Likely,
        Correlation::Ask(_) => Confidence::Possible,
        Correlation::Matched { .. } | Correlation::NotPersonal => return None,
    };
    let account = &inventory.account(ix)?.it;
    let personal = matches!(account.kind, AccountKind::Human | AccountKind::Unknown);
    let owned = account.owner.as_ref().is_some_and(|owner| !owner.is_empty());
    (personal && !owned && !inventory.people().is_empty()).then_some(confidence)
}

/// Whether an account exists and can be used at an instant, as far as its system says.
pub(crate) fn enabled(inventory: &Inventory, ix: AccountIx, at: EventTime) -> bool {
    inventory
        .account(ix)
        .is_some_and(|entry| entry.it.status != AccountStatus::Disabled && entry.valid.at(at) != Certainty::No)
}

/// The person whom a system names as maker or granter: by one of their accounts, or by their own id.
pub(crate) fn maker(inventory: &Inventory, system: &str, name: &str) -> Option<PersonIx> {
    let account = inventory.account_named(Some(system), name);
    let person = account.and_then(|ix| inventory.person_of(ix));
    person.or_else(|| inventory.find_person(&name.into()))
}

/// The person who made an account, where its system says and they are known.
pub(crate) fn made_by(inventory: &Inventory, ix: AccountIx) -> Option<PersonIx> {
    let account = &inventory.account(ix)?.it;
    maker(inventory, account.id.system(), account.created_by.as_deref()?)
}

/// Until when each source's listings of accounts speak; a source that is not here says no times.
pub(crate) fn listed_until(inventory: &Inventory) -> BTreeMap<&SourceId, EventTime> {
    let mut until = BTreeMap::new();
    let lines = inventory.coverage().lines.iter();
    for line in lines.filter(|line| line.kinds.contains(&FactKind::Account) && line.seen != Seen::NotAtAll) {
        if let Some(to) = line.to {
            let newest = until.entry(&line.source).or_insert(to);
            *newest = to.max(*newest);
        }
    }
    until
}

/// How a person's access ended, where by `at` it surely has. For one fact beside another, whose times
/// come from no two clocks.
pub(crate) fn left_by(inventory: &Inventory, person: PersonIx, at: EventTime) -> Option<Departed> {
    let departed = inventory.departed(person, at)?;
    (at >= say::latest(departed.end)).then_some(departed)
}

/// How a person's access ended, where by `at` it surely has, the clock skew allowed for: for a fact
/// beside an event.
pub(crate) fn gone(view: &View<'_>, person: PersonIx, at: EventTime) -> Option<Departed> {
    let departed = view.inventory.departed(person, at)?;
    (at >= say::latest(departed.end).plus(view.limits.skew)).then_some(departed)
}

/// How sure we may be of what an account says about a person: a match by weighted attributes is
/// likely at most.
pub(crate) fn match_confidence(inventory: &Inventory, ix: AccountIx) -> Confidence {
    match inventory.correlation(ix) {
        Correlation::Matched { exact: Certainty::Yes, .. } => Confidence::Certain,
        _ => Confidence::Likely,
    }
}

/// Why an account is taken to be its person's.
pub(crate) fn reason(inventory: &Inventory, ix: AccountIx) -> String {
    match inventory.correlation(ix) {
        Correlation::Matched { reason, .. } => reason.clone(),
        _ => "not known".to_owned(),
    }
}

/// Whether it is a service account that somebody answers for.
pub(crate) fn owned_service(inventory: &Inventory, ix: AccountIx) -> bool {
    inventory.account(ix).is_some_and(|entry| {
        entry.it.kind == AccountKind::Service && entry.it.owner.as_ref().is_some_and(|owner| !owner.is_empty())
    })
}

/// Whether the declared owner of a thing is the account's own, its person, their team, or, for a
/// service account, its owner.
pub(crate) fn owns(inventory: &Inventory, ix: AccountIx, owner: &str, at: EventTime) -> bool {
    let Some(entry) = inventory.account(ix) else { return false };
    let same = |text: &str| !text.is_empty() && text.eq_ignore_ascii_case(owner);
    let account = &entry.it;
    if same(&account.login) || same(account.id.as_str()) || account.emails.iter().any(|email| same(email)) {
        return true;
    }
    if account.kind == AccountKind::Service && account.owner.as_deref().is_some_and(same) {
        return true;
    }
    let Some(person) = inventory.person_of(ix) else { return false };
    let own = inventory.person(person).is_some_and(|person| {
        same(person.it.id.as_str()) || person.it.emails.iter().chain(&person.it.logins).any(|name| same(name))
    });
    own || inventory.stints(person).any(|stint| stint.valid.at(at) != Certainty::No && same(&stint.it.team))
}
