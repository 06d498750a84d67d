//! Steps: what connections propose for each door, or who is asked where none can; and what must be done
//! before what.
//!
//! The rules of order, each told with its reason in the plan:
//!
//! - an account is contained before anything else of it is ended, or it would come back;
//! - recovery codes go before that, for a suspended account's cannot be deleted;
//! - what production uses is reissued before that, for it stops with the account;
//! - a key is replaced after the accounts by which they could read it are contained;
//! - who believes a key is asked to refuse it once something else signs;
//! - the account itself goes last: without it what it made and opened cannot be found, nor handed over.
//!
//! So a step of a later kind may stand in the phase *contain*, where something that must be contained waits
//! for it.

use std::collections::BTreeMap;

use sever_model::{AccountIx, DoorKind, Inverse, Phase, Step, StepDraft, Work};

use super::PlanInput;
use super::found::{Found, Role};
use super::order::{Pending, numbered};
use super::theirs::Theirs;

/// A plan's steps.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// The numbers of each door's steps.
    pub(super) of: Vec<Vec<u32>>,
    /// Doors handed off to nobody in particular.
    pub(super) unowned: usize,
}

/// The steps of all doors that are not left alone.
pub(super) fn steps(input: &PlanInput<'_>, theirs: &Theirs, found: &[Found]) -> Steps {
    let mut maker = Maker { input, theirs, pending: Vec::new(), unowned: 0 };
    for (at, one) in found.iter().enumerate().filter(|(_, one)| one.kept.is_none()) {
        maker.door(at, one);
    }
    let unowned = maker.unowned;
    let mut pending = maker.pending;
    depend(found, &mut pending);
    let (steps, of) = numbered(pending, found);
    Steps { steps, of, unowned }
}

struct Maker<'a> {
    input: &'a PlanInput<'a>,
    theirs: &'a Theirs,
    pending: Vec<Pending>,
    unowned: usize,
}

impl Maker<'_> {
    fn door(&mut self, at: usize, one: &Found) {
        if one.role == Role::Usable {
            return;
        }
        if one.role == Role::Made {
            if !one.used_by.is_empty() {
                self.hand_off(at, one, Phase::HandOver, &one.used_by, "what they made is not closed unasked");
            }
            return;
        }
        if one.role == Role::OfAccount && !one.used_by.is_empty() {
            let what = format!("reissue it to somebody who stays, for {}", one.used_by);
            self.hand_off(at, one, Phase::HandOver, &what, "what production uses must not stop with its account");
            if let Some(last) = self.pending.last_mut() {
                last.is_reissue = true;
            }
        }
        let drafts = self.drafts(one);
        let links = self.input.systems.iter().filter(|link| link.system == one.door.system && link.can_close);
        let reason = match (links.count(), self.is_ghost(one)) {
            (0, _) => format!("no connection to {} can close it", one.door.system),
            (_, true) => "to an account of nobody's only what can be undone is done".to_owned(),
            (_, false) => format!("no connection to {} has a step for it", one.door.system),
        };
        if drafts.is_empty() {
            match one.role {
                // It goes with the account.
                Role::Right if !one.by_itself.is_empty() => {}
                Role::Right => self.hand_off(at, one, Phase::Cut, "take it away", &reason),
                Role::Login | Role::Ghost if !one.ask.is_empty() => {
                    self.hand_off(at, one, Phase::Contain, one.ask, &reason);
                }
                Role::Login => self.hand_off(at, one, Phase::Contain, "disable it, and end what is open", &reason),
                Role::Ghost => self.hand_off(at, one, Phase::Contain, "say whose it is, or disable it", &reason),
                Role::Known(_) => self.hand_off(at, one, Phase::Rotate, "replace it", &reason),
                // The rotation closes it, and trying it shows whether that is so.
                Role::Verifier(_) if !one.by_itself.is_empty() => {}
                Role::Verifier(_) => {
                    self.hand_off(at, one, Phase::Cut, "see that it refuses what the old key signs", &reason);
                }
                Role::OfAccount | Role::Usable | Role::Made => self.hand_off(at, one, Phase::Cut, "revoke it", &reason),
            }
            return;
        }
        let begin = self.pending.len();
        for (local, draft) in drafts.iter().enumerate() {
            let mut pending = Pending::of(at, draft);
            let before: Vec<usize> = if draft.after.is_empty() { (0..local).collect() } else { draft.after.clone() };
            // What a provider names that is not there is nothing to wait for.
            let before = before.into_iter().filter(|other| *other != local && *other < drafts.len());
            let why = if draft.reason.is_empty() { "its connection does them in this order" } else { &draft.reason };
            pending.after.extend(before.map(|other| (begin + other, why.to_owned())));
            if is_recovery(one) && pending.step.phase == Phase::Cut {
                pending.step.phase = Phase::Contain;
            }
            self.pending.push(pending);
        }
    }

    /// What the first connection that knows the door proposes for it.
    fn drafts(&self, one: &Found) -> Vec<StepDraft> {
        let mut links: Vec<_> =
            self.input.systems.iter().filter(|link| link.can_close && link.system == one.door.system).collect();
        links.sort_by_key(|link| &link.connection);
        for link in links {
            let action = self.input.actions.iter().find(|action| *action.connection() == link.connection);
            let drafts = action.map(|action| action.steps(&one.door)).unwrap_or_default();
            if drafts.is_empty() {
                continue;
            }
            return if self.is_ghost(one) { undoable(drafts) } else { drafts };
        }
        Vec::new()
    }

    fn is_ghost(&self, one: &Found) -> bool {
        one.account.is_some_and(|ix| self.theirs.ghosts.contains(&ix))
    }

    /// Asks somebody: the system's owner, else whoever is asked about everything.
    fn hand_off(&mut self, at: usize, one: &Found, phase: Phase, what: &str, reason: &str) {
        let system = &one.door.system;
        let named = one.owner.as_ref().or_else(|| self.input.owners.get(system));
        let owner = named.or(self.input.hand_off.owner.as_ref()).cloned();
        self.unowned += usize::from(owner.is_none());
        let owner = owner.unwrap_or_else(|| format!("whoever runs {system}"));
        let deadline_secs = self.input.hand_off.deadline.as_secs();
        let step = Step {
            number: 0,
            door: one.door.id.clone(),
            phase,
            how: format!("ask {owner}: {what}"),
            work: Work::HandOff { owner, deadline_secs },
            reason: reason.to_owned(),
            after: Vec::new(),
            breaks: Vec::new(),
            // Asking changes nothing by itself.
            inverse: Inverse::Renewed,
            replaces_secret: false,
            window_secs: deadline_secs,
        };
        self.pending.push(Pending { door: at, step, after: Vec::new(), is_reissue: false });
    }
}

/// Those of a provider's drafts that can be undone, waiting for one another as before.
fn undoable(drafts: Vec<StepDraft>) -> Vec<StepDraft> {
    let mut places = BTreeMap::new();
    let mut left = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        if draft.inverse != Inverse::None {
            places.insert(at, left.len());
            left.push(draft);
        }
    }
    for draft in left.iter_mut().filter(|draft| !draft.after.is_empty()) {
        draft.after = draft.after.iter().filter_map(|at| places.get(at).copied()).collect();
    }
    left
}

/// A secret of the account itself that lets its holder back in: a recovery code, an app password.
fn is_recovery(one: &Found) -> bool {
    one.role == Role::OfAccount && one.door.kind == DoorKind::Secret
}

/// Steps of one account, by what they are to it.
#[derive(Default)]
struct OfAccount {
    contain: Vec<usize>,
    last: Vec<usize>,
    before: Vec<usize>,
    others: Vec<usize>,
}

/// Makes each step wait for what must be done before it.
fn depend(found: &[Found], pending: &mut [Pending]) {
    let mut accounts: BTreeMap<AccountIx, OfAccount> = BTreeMap::new();
    for (at, one) in pending.iter().enumerate() {
        let Some(door) = found.get(one.door) else { continue };
        let Some(account) = door.account else { continue };
        let of = accounts.entry(account).or_default();
        match door.role {
            Role::Login | Role::Ghost if one.step.phase == Phase::Contain => of.contain.push(at),
            Role::Login | Role::Ghost => of.last.push(at),
            Role::OfAccount if one.is_reissue => of.before.push(at),
            Role::OfAccount if is_recovery(door) && one.step.phase == Phase::Contain => of.before.push(at),
            Role::OfAccount | Role::Right => of.others.push(at),
            Role::Known(_) | Role::Verifier(_) | Role::Usable | Role::Made => {}
        }
    }
    for of in accounts.values() {
        around(of, pending);
    }
    for at in 0..pending.len() {
        let Some(door) = pending.get(at).and_then(|one| found.get(one.door)) else { continue };
        match door.role {
            Role::Known(_) => {
                for of in door.read_by.iter().filter_map(|account| accounts.get(account)) {
                    let why = "until they cannot get in they could read the new one, too";
                    wait(pending, at, &of.contain, why);
                }
            }
            Role::Verifier(ix) => {
                let home: Vec<usize> = steps_where(found, pending, |door| door.role == Role::Known(ix));
                wait(pending, at, &home, "it can refuse the old key once another one signs");
            }
            Role::Made => {
                let system = &door.door.system;
                let of_system = |ix: &AccountIx| {
                    let login = found.iter().find(|one| one.account == Some(*ix) && one.role == Role::Login);
                    login.is_some_and(|login| login.door.system == *system)
                };
                let last: Vec<usize> =
                    accounts.iter().filter(|(ix, _)| of_system(ix)).flat_map(|(_, of)| of.last.clone()).collect();
                for later in last {
                    wait(pending, later, &[at], "who made it cannot be told once the account is gone");
                }
            }
            Role::Login | Role::Ghost | Role::OfAccount | Role::Right | Role::Usable => {}
        }
    }
}

/// The order around one account.
fn around(of: &OfAccount, pending: &mut [Pending]) {
    for contain in &of.contain {
        for before in &of.before {
            let is_reissue = pending.get(*before).is_some_and(|one| one.is_reissue);
            let why = match is_reissue {
                true => "what uses this account's token stops when it is closed: it has another first",
                false => "recovery codes of a suspended account cannot be deleted",
            };
            wait(pending, *contain, &[*before], why);
            if let Some(one) = pending.get_mut(*before) {
                one.step.phase = Phase::Contain;
            }
        }
    }
    for other in &of.others {
        wait(pending, *other, &of.contain, "what is ended while they can still sign in comes back");
        // A credential that was reissued is revoked after that.
        let door = pending.get(*other).map(|one| one.door);
        let same = |at: &&usize| pending.get(**at).map(|one| one.door) == door;
        let reissued: Vec<usize> = of.before.iter().filter(same).copied().collect();
        wait(pending, *other, &reissued, "what uses it has another first");
    }
    for last in &of.last {
        let why = "once the account is gone, what it made and opened cannot be found by it";
        let all: Vec<usize> = of.others.iter().chain(&of.before).copied().collect();
        wait(pending, *last, &all, why);
        let contain: Vec<usize> = of.contain.iter().copied().filter(|at| !waits(pending, *at, *last)).collect();
        wait(pending, *last, &contain, "the way in is closed first");
    }
}

fn waits(pending: &[Pending], at: usize, for_other: usize) -> bool {
    pending.get(at).is_some_and(|one| one.after.iter().any(|(other, _)| *other == for_other))
}

fn wait(pending: &mut [Pending], at: usize, before: &[usize], why: &str) {
    let Some(one) = pending.get_mut(at) else { return };
    for other in before.iter().filter(|other| **other != at) {
        if !one.after.iter().any(|(known, _)| known == other) {
            one.after.push((*other, why.to_owned()));
        }
    }
}

fn steps_where(found: &[Found], pending: &[Pending], is: impl Fn(&Found) -> bool) -> Vec<usize> {
    let all = pending.iter().enumerate();
    all.filter(|(_, one)| found.get(one.door).is_some_and(&is)).map(|(at, _)| at).collect()
}
