//! Who works here, which keys are theirs, and what was cut: as a gate asks it of one token.
//!
//! The inventory answers; here is only kept what makes asking cheap. Most tokens name customers, who are
//! nobody of ours: one look into a small table of those who have left, or will, tells them from others,
//! and everything exact is then asked of the inventory.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sever_detect::{ShownKey, leavers_who_know};
use sever_model::{
    AccountId, AccountIx, AccountKind, Bound, Certainty, Class, CredentialIx, CredentialKind, Departure, DoorKind,
    EventTime, Inventory, PersonId, PlanOf, Row, SourceId, Span, StepState, SystemId, Why,
};

/// What departures have cut, whatever HR says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cuts {
    /// People whose departure was begun, and when.
    pub people: BTreeMap<PersonId, EventTime>,
    /// Accounts cut by themselves.
    pub accounts: BTreeMap<AccountId, EventTime>,
    /// Doors that were closed: their system, and what it calls what opens them.
    pub doors: HashSet<(SystemId, String)>,
}

impl Cuts {
    /// Adds what a departure has done so far.
    pub fn add(&mut self, departure: &Departure) {
        let Some(begun) = departure.begun_at.map(|at| at.as_event()) else { return };
        match &departure.plan.about {
            PlanOf::Person { id, why, .. } if *why == Why::Leaves => {
                let first = self.people.entry(id.clone()).or_insert(begun);
                *first = begun.min(*first);
            }
            PlanOf::Account { id } => {
                self.accounts.entry(id.clone()).or_insert(begun);
            }
            PlanOf::Person { .. } | PlanOf::Credential { .. } => {}
        }
        for case in &departure.doors {
            let shown = matches!(
                case.door.kind,
                DoorKind::Session | DoorKind::RefreshToken | DoorKind::AccessToken | DoorKind::ApiKey
            );
            let closed = departure.steps_of(&case.door.id).any(|step| matches!(step.state, StepState::Answered(_)));
            if shown && closed {
                self.doors.insert((case.door.system.clone(), case.door.native.clone()));
            }
        }
    }
}

/// Who works here.
#[derive(Debug)]
pub(super) struct People {
    inventory: Option<Arc<Inventory>>,
    cuts: Cuts,
    /// Every name, in lower case, of accounts whose holders have left, will leave, or were cut.
    leaving: HashSet<Box<str>, foldhash::fast::RandomState>,
    /// Whether a record may name a credential of ours by its own id.
    has_ended: bool,
}

impl People {
    /// Nobody at all.
    pub(super) fn nobody() -> People {
        People { inventory: None, cuts: Cuts::default(), leaving: HashSet::default(), has_ended: false }
    }

    pub(super) fn of(inventory: Arc<Inventory>, cuts: Cuts, system: Option<&SystemId>) -> People {
        let mut leaving = HashSet::default();
        for (at, entry) in inventory.accounts().iter().enumerate() {
            let ix = AccountIx(u32::try_from(at).unwrap_or(u32::MAX));
            let here = system.is_none_or(|system| entry.it.id.system() == system.as_str());
            if !here || !may_be_out(&inventory, &cuts, ix) {
                continue;
            }
            let own = [entry.it.id.as_str(), entry.it.id.native(), &entry.it.login];
            for name in own.into_iter().chain(entry.it.emails.iter().map(String::as_str)) {
                leaving.insert(name.to_lowercase().into_boxed_str());
            }
        }
        let has_ended = inventory.credentials().iter().any(|entry| is_shown(entry.it.kind));
        People { inventory: Some(inventory), cuts, leaving, has_ended }
    }

    pub(super) fn inventory(&self) -> Option<Arc<Inventory>> {
        self.inventory.clone()
    }

    /// The signing key of an id.
    pub(super) fn key(&self, id: &str) -> Option<CredentialIx> {
        self.inventory.as_ref().filter(|_| !id.is_empty())?.credential_named(id)
    }

    /// Whether somebody who has left could know a key.
    pub(super) fn leaver_knows(&self, key: CredentialIx, now: EventTime) -> bool {
        self.inventory.as_ref().is_some_and(|inventory| leavers_who_know(inventory, key, now) > 0)
    }

    /// Why a key is out of its life here, if it is.
    pub(super) fn out_of_life(
        &self,
        key: CredentialIx,
        row: &Row<'_>,
        (log, classes): (&SourceId, &[Class]),
        now: EventTime,
        skew: Span,
    ) -> Option<&'static str> {
        let shown = ShownKey {
            log: Some(log),
            key,
            key_id: row.key_id,
            issuer: row.issuer,
            token_type: row.token_type,
            audience: row.audience,
        };
        shown.out_of_life(classes, self.inventory.as_ref()?, (now, row.issued_at), skew)
    }

    /// Whether a token's holder has left, or was cut: whom it names, or whom it was issued to.
    pub(super) fn departed(&self, row: &Row<'_>, system: Option<&SystemId>, now: EventTime, skew: Span) -> bool {
        if self.leaving.is_empty() {
            return false;
        }
        let Some(inventory) = &self.inventory else { return false };
        [row.token_subject, row.client].into_iter().filter(|name| self.may_be_leaving(name)).any(|name| {
            let account = inventory.account_named(system.map(SystemId::as_str), name);
            account.is_some_and(|ix| is_out(inventory, &self.cuts, ix, now, skew))
        })
    }

    /// Whether a name may be one of those that are kept; surely not, where this says so.
    fn may_be_leaving(&self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        // A domain's or a directory's form of a name is taken apart by the inventory.
        let composed = name.contains(['\\', ',']);
        composed
            || match name.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
                true => self.leaving.contains(name.to_lowercase().as_str()),
                false => self.leaving.contains(name),
            }
    }

    /// Whether a token, or the session it lives in, was taken back.
    pub(super) fn revoked(&self, row: &Row<'_>, system: Option<&SystemId>) -> bool {
        let ids = [row.credential, row.session, row.parent];
        let cut = |id: &str| match system {
            Some(system) => self.cuts.doors.contains(&(system.clone(), id.to_owned())),
            None => self.cuts.doors.iter().any(|(_, native)| native == id),
        };
        if !self.cuts.doors.is_empty() && ids.into_iter().any(|id| !id.is_empty() && cut(id)) {
            return true;
        }
        let Some(inventory) = self.inventory.as_ref().filter(|_| self.has_ended) else { return false };
        let entry = (!row.credential.is_empty()).then(|| inventory.credential_named(row.credential)).flatten();
        entry.and_then(|ix| inventory.credential(ix)).is_some_and(|entry| {
            let retired = entry.it.retired_at.is_some_and(|at| at <= row.time);
            is_shown(entry.it.kind) && (retired || entry.valid.ended(row.time) == Certainty::Yes)
        })
    }
}

/// Whether a credential of this kind is shown as a token.
fn is_shown(kind: CredentialKind) -> bool {
    matches!(kind, CredentialKind::Token | CredentialKind::ApiKey)
}

/// Whether an account's holder has left, will leave, or was cut, at any time.
fn may_be_out(inventory: &Inventory, cuts: &Cuts, ix: AccountIx) -> bool {
    let own = inventory.account(ix).is_some_and(|entry| cuts.accounts.contains_key(&entry.it.id));
    let Some(person) = inventory.person_of(ix) else { return own };
    let ends = |valid: &sever_model::Valid| valid.to != Bound::Unbounded;
    let entry = inventory.person(person);
    own || inventory.stints(person).any(|stint| ends(&stint.valid))
        || entry.is_some_and(|entry| ends(&entry.valid) || cuts.people.contains_key(&entry.it.id))
}

/// Whether an account's holder has surely left by now, or was cut and not taken on again.
fn is_out(inventory: &Inventory, cuts: &Cuts, ix: AccountIx, now: EventTime, skew: Span) -> bool {
    let Some(entry) = inventory.account(ix) else { return false };
    if cuts.accounts.get(&entry.it.id).is_some_and(|cut| *cut <= now) {
        return true;
    }
    let Some(person) = inventory.person_of(ix).filter(|_| entry.it.kind != AccountKind::Service) else { return false };
    if inventory.handed_over(Some(ix), None, now).is_some() {
        return false;
    }
    let cut = inventory.person(person).and_then(|entry| cuts.people.get(&entry.it.id));
    if let Some(cut) = cut.filter(|cut| **cut <= now) {
        // Somebody who was taken on again after the cut works here.
        let again = inventory.stints(person).any(|stint| stint.valid.earliest_start() > *cut);
        if !again {
            return true;
        }
    }
    inventory.departed(person, now).is_some_and(|departed| {
        let latest = match departed.end {
            Bound::Unbounded => EventTime::MAX,
            Bound::At(at) | Bound::Between(_, at) => at,
        };
        now >= latest.plus(skew)
    })
}
