//! The doors of accounts: what connections list of them now, and what facts say.

use std::collections::HashMap;

use sever_model::{
    AccountId, AccountIx, AccountStatus, Certainty, Correlation, Credential, CredentialIx, CredentialKind, Door,
    DoorKind, Entry, EventTime, ExcludedWhy, GroupId, HolderIx, Inventory, SystemId,
};

use super::found::{Doors, Found, Role, groups_named};
use super::team::Team;
use super::theirs::{Kept, Theirs};
use super::{PlanInput, words};
use crate::who::{Asked, who};

/// Every door of the accounts that are theirs, perhaps theirs, or made by them in nobody's name.
pub(super) fn gather(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    theirs: &Theirs,
    team: Option<&Team>,
    doors: &mut Doors,
) {
    let scene = Scene { inventory, input, theirs, team };
    scene.live(doors);
    for ix in theirs.closed() {
        scene.login(ix, doors);
    }
    for ix in &theirs.unconfirmed {
        scene.unconfirmed(*ix, doors);
    }
    for ix in &theirs.doubtful {
        scene.doubtful(*ix, doors);
    }
    scene.credentials(doors);
    for ix in theirs.closed() {
        scene.memberships(ix, doors);
        if team.is_some() {
            scene.grants(ix, doors);
        }
    }
    if team.is_some() {
        doors.end_sessions_of_narrowed();
    }
}

struct Scene<'a> {
    inventory: &'a Inventory,
    input: &'a PlanInput<'a>,
    theirs: &'a Theirs,
    team: Option<&'a Team>,
}

impl Scene<'_> {
    /// What connections list.
    fn live(&self, doors: &mut Doors) {
        let by_id: HashMap<&AccountId, AccountIx> =
            self.theirs.closed().into_iter().filter_map(|ix| Some((&self.inventory.account(ix)?.it.id, ix))).collect();
        for listed in self.input.lists {
            let (Some(ix), Ok(list)) = (by_id.get(&listed.account).copied(), &listed.list) else { continue };
            for door in &list.doors {
                let mut door = door.clone();
                door.account = door.account.or_else(|| Some(listed.account.clone()));
                let role = match door.kind {
                    DoorKind::Login if self.theirs.ghosts.contains(&ix) => Role::Ghost,
                    DoorKind::Login => Role::Login,
                    DoorKind::Membership => Role::Right,
                    _ => Role::OfAccount,
                };
                let kept = self.kept(ix).or_else(|| self.still_needed(ix, &door));
                let by_itself = self.ends_with(ix, role);
                let evidence = format!("listed by {} as a door of {}", listed.connection, listed.account);
                let found = Found::new(door, role, evidence).of(ix).keep(kept);
                doors.add(Found { by_itself, is_live: true, ..found });
            }
        }
    }

    /// Signing in, as facts know it.
    fn login(&self, ix: AccountIx, doors: &mut Doors) {
        let Some(entry) = self.inventory.account(ix) else { return };
        let account = &entry.it;
        let is_ghost = self.theirs.ghosts.contains(&ix);
        let role = if is_ghost { Role::Ghost } else { Role::Login };
        let evidence = match self.inventory.correlation(ix) {
            _ if is_ghost => {
                let by = account.created_by.as_deref().unwrap_or_default();
                format!("`{by}` made it, and it joins to nobody and has no declared owner")
            }
            Correlation::Matched { reason, .. } if self.theirs.person.is_some() => format!("theirs: {reason}"),
            _ => "named in the question".to_owned(),
        };
        let door = login_door(self.inventory, ix, self.input.at);
        let kept = self.kept(ix).or_else(|| self.still_needed(ix, &door));
        let breaks = self.breaks_of_login(ix, entry.it.last_used);
        let is_disabled = account.status == AccountStatus::Disabled;
        let ask = if is_disabled { "see that it stays disabled, and end what is open" } else { "" };
        doors.add(Found { breaks, ask, ..Found::new(door, role, evidence).of(ix).keep(kept) });
    }

    /// An account of nobody's that was made by one which is only perhaps theirs: likewise.
    fn doubtful(&self, ix: AccountIx, doors: &mut Doors) {
        let by = self.inventory.account(ix).and_then(|entry| entry.it.created_by.as_deref()).unwrap_or_default();
        let why = format!("`{by}` made it, which is only perhaps theirs");
        let door = login_door(self.inventory, ix, self.input.at);
        let reason = format!("{why}; say whose that is in a source of kind `decisions`, then plan again");
        doors.add(Found::new(door, Role::Login, why).of(ix).keep(Some((ExcludedWhy::Unconfirmed, reason))));
    }

    /// An account that no human has said is theirs: shown, and left alone.
    fn unconfirmed(&self, ix: AccountIx, doors: &mut Doors) {
        let why = match self.inventory.correlation(ix) {
            Correlation::Matched { reason, .. } => format!("it is only likely theirs: {reason}"),
            Correlation::Ask(candidates) => {
                let candidate = candidates.iter().find(|it| Some(it.person) == self.theirs.person);
                candidate.map_or_else(String::new, |it| format!("perhaps theirs ({} points): {}", it.score, it.reason))
            }
            Correlation::Nobody | Correlation::NotPersonal => String::new(),
        };
        let reason = format!("{why}; say whose it is in a source of kind `decisions`, then plan again");
        let door = login_door(self.inventory, ix, self.input.at);
        let found = Found::new(door, Role::Login, why).of(ix);
        doors.add(found.keep(Some((ExcludedWhy::Unconfirmed, reason))));
    }

    /// The credentials that open their accounts.
    fn credentials(&self, doors: &mut Doors) {
        let closed: HashMap<&AccountId, AccountIx> =
            self.theirs.closed().into_iter().filter_map(|ix| Some((&self.inventory.account(ix)?.it.id, ix))).collect();
        for (number, entry) in self.inventory.credentials().iter().enumerate() {
            let Some(account) = entry.it.account.as_ref().and_then(|id| closed.get(id).copied()) else { continue };
            if is_over(entry, self.input.at) {
                continue;
            }
            let ix = CredentialIx(number as u32);
            if entry.it.kind == CredentialKind::Password
                && let Some(login) = doors.login(account)
            {
                login.door.credential = login.door.credential.take().or_else(|| Some(entry.it.id.clone()));
                continue;
            }
            let door = credential_door(&entry.it, self.input.at);
            let kept = self
                .kept(account)
                .or_else(|| handed_over(self.inventory, ix, self.input.at))
                .or_else(|| self.still_needed(account, &door));
            let mut found =
                Found::new(door, Role::OfAccount, format!("it opens {}", words::account(self.inventory, account)));
            found.used_by = self.used_by(ix, &entry.it);
            found.breaks.extend(Some(&found.used_by).filter(|text| !text.is_empty()).cloned());
            found.breaks.extend(self.used_after(entry.it.last_used));
            doors.add(found.of(account).keep(kept));
        }
    }

    /// Their groups: each a right that would come back with the account.
    fn memberships(&self, ix: AccountIx, doors: &mut Doors) {
        let at = self.input.at;
        let Some(account) = self.inventory.account(ix).map(|entry| &entry.it) else { return };
        for row in self.inventory.groups_of(HolderIx::Account(ix)).filter(|row| row.valid.at(at) != Certainty::No) {
            let Some(group) = self.inventory.group(row.group).map(|entry| &entry.it) else { continue };
            // A role that has members is an account in a group of its own: what lets others act for it, and no
            // way in beside its login.
            if group.id.as_str() == account.id.as_str() {
                continue;
            }
            let system = SystemId::from(group.id.system());
            let mut door = Door::new(&system, DoorKind::Membership, group.id.native());
            let name = if group.name.is_empty() { group.id.native() } else { &group.name };
            door.account = Some(account.id.clone());
            door.title = format!("{} in group {name}", account.login);
            let kept = self.kept(ix).or_else(|| self.team?.has_group(self.inventory, row.group, at));
            let evidence = format!("{} is a member of {}", account.id, group.id);
            let mut is_live = false;
            for live in doors.memberships(ix, group) {
                is_live = true;
                live.evidence = format!("{}; {evidence}", live.evidence);
                live.kept = live.kept.take().or_else(|| kept.clone());
            }
            if is_live {
                continue;
            }
            let found = Found::new(door, Role::Right, evidence);
            doors.add(Found { by_itself: self.ends_with(ix, Role::Right), ..found.of(ix).keep(kept) });
        }
    }

    /// A mover's own rights; a leaver's end with the account.
    fn grants(&self, ix: AccountIx, doors: &mut Doors) {
        let at = self.input.at;
        let Some(account) = self.inventory.account(ix).map(|entry| &entry.it) else { return };
        for grant in self.inventory.grants_of(HolderIx::Account(ix)).filter(|row| row.valid.at(at) != Certainty::No) {
            let Some(resource) = self.inventory.resource(grant.resource).map(|entry| &entry.it) else { continue };
            let mut door = Door::new(&SystemId::from(resource.id.system()), DoorKind::Membership, resource.id.native());
            door.account = Some(account.id.clone());
            door.title = format!("{}'s right `{}` on {}", account.login, grant.rights, resource.id);
            door.last_used = self.inventory.grant_used(grant);
            let kept = self.kept(ix).or_else(|| self.team?.has_right(self.inventory, grant, at));
            let evidence = format!("{} has `{}` on {}", account.id, grant.rights, resource.id);
            doors.add(Found::new(door, Role::Right, evidence).of(ix).keep(kept));
        }
    }

    /// Why a whole account is left alone, if it is.
    fn kept(&self, ix: AccountIx) -> Option<Kept> {
        self.theirs.kept(ix).cloned()
    }

    /// Whether a mover keeps a door, as everybody in the new team has its like.
    fn still_needed(&self, ix: AccountIx, door: &Door) -> Option<Kept> {
        let team = self.team?;
        match door.kind {
            DoorKind::Delegation => None,
            DoorKind::Membership => {
                let mut groups = groups_named(door);
                let group = groups.find_map(|name| self.inventory.find_group(&GroupId::of(&door.system, name)))?;
                team.has_group(self.inventory, group, self.input.at)
            }
            _ => team.has_account(self.inventory.account(ix)?.it.id.system()),
        }
    }

    /// How a right is closed that nobody can take by itself.
    fn ends_with(&self, ix: AccountIx, role: Role) -> String {
        match (role, self.team) {
            (Role::Right, None) => format!("ends with {}", words::account(self.inventory, ix)),
            _ => String::new(),
        }
    }

    fn breaks_of_login(&self, ix: AccountIx, last_used: Option<EventTime>) -> Vec<String> {
        let mut breaks: Vec<String> = self.used_after(last_used).into_iter().collect();
        let Some(account) = self.inventory.account(ix).map(|entry| &entry.it) else { return breaks };
        let mut owned: Vec<String> = Vec::new();
        for entry in self.inventory.resources() {
            let id = &entry.it.id;
            let owner = entry.it.owner.as_deref().filter(|_| id.system() == account.id.system());
            if owner.is_some_and(|owner| self.theirs.is_named(self.inventory, id.system(), owner)) {
                owned.push(id.to_string());
            }
        }
        if !owned.is_empty() {
            breaks.push(format!("they answer for {}: name another owner", words::some(&owned)));
        }
        breaks
    }

    /// That something was used after they had left: then somebody else, or they, still use it.
    fn used_after(&self, last_used: Option<EventTime>) -> Option<String> {
        let end = super::end_of_access(self.inventory, self.theirs.person?, self.input.at)?;
        let used = by_then(last_used, self.input.at).filter(|used| *used >= end)?;
        Some(format!("used {used}, after their access ended"))
    }

    /// Who else uses a credential of their account, as far as facts tell.
    fn used_by(&self, ix: CredentialIx, credential: &Credential) -> String {
        let rows = who(self.inventory, Asked::Credential(ix), self.input.at);
        let others = words::others(self.inventory, &rows, &self.theirs.own, self.theirs.person);
        let used =
            by_then(credential.last_used, self.input.at).map_or_else(String::new, |used| format!(", last used {used}"));
        match (&credential.kept_at, others.is_empty()) {
            (_, false) => format!("it is also held by {}{used}", words::some(&others)),
            (Some(place), true) => format!("it lies at {place}, where programs may take it from{used}"),
            (None, true) => String::new(),
        }
    }
}

/// A use, where it is not yet to come at the instant that is asked about.
pub(super) fn by_then(used: Option<EventTime>, at: EventTime) -> Option<EventTime> {
    used.filter(|used| *used <= at)
}

/// The door of signing in to an account.
pub(super) fn login_door(inventory: &Inventory, ix: AccountIx, at: EventTime) -> Door {
    let Some(account) = inventory.account(ix).map(|entry| &entry.it) else {
        return Door::new(&SystemId::from(""), DoorKind::Login, "");
    };
    let mut door = Door::new(&SystemId::from(account.id.system()), DoorKind::Login, account.id.native());
    let disabled = if account.status == AccountStatus::Disabled { ", disabled" } else { "" };
    door.title = format!("login {} at {}{disabled}", account.login, account.id.system());
    door.account = Some(account.id.clone());
    door.last_used = by_then(account.last_used, at);
    door.opens = words::opens(inventory, ix, at);
    door
}

/// The door that a credential opens, at its own system.
pub(super) fn credential_door(credential: &Credential, at: EventTime) -> Door {
    let kind = match credential.kind {
        CredentialKind::SigningKey => DoorKind::SigningKey,
        CredentialKind::ApiKey | CredentialKind::Token => DoorKind::ApiKey,
        CredentialKind::SshKey => DoorKind::SshKey,
        CredentialKind::Certificate => DoorKind::Certificate,
        CredentialKind::Password | CredentialKind::Secret => DoorKind::Secret,
    };
    let id = &credential.id;
    let mut door = Door::new(&SystemId::from(id.system()), kind, id.native());
    let word = match credential.kind {
        CredentialKind::Password => "password".to_owned(),
        CredentialKind::Token => "token".to_owned(),
        _ => kind.word().replace('-', " "),
    };
    door.title = format!("{word} {} at {}", id.native(), id.system());
    door.account = credential.account.clone();
    door.credential = Some(id.clone());
    door.until = credential.expires_at;
    door.last_used = by_then(credential.last_used, at);
    door.opens = match (&credential.issuer, &door.account) {
        (Some(issuer), _) if kind == DoorKind::SigningKey => format!("whoever {issuer} speaks for"),
        (_, Some(account)) => format!("what {account} may"),
        _ => String::new(),
    };
    door
}

/// Whether a credential cannot open anything any more. A signing key past its end may still be believed.
pub(super) fn is_over(entry: &Entry<Credential>, at: EventTime) -> bool {
    let expired = entry.it.kind != CredentialKind::SigningKey && entry.it.expires_at.is_some_and(|end| end <= at);
    expired || entry.valid.at(at) == Certainty::No
}

/// Whether a credential was handed over by a sanctioned decision.
pub(super) fn handed_over(inventory: &Inventory, ix: CredentialIx, at: EventTime) -> Option<Kept> {
    let handover = inventory.handed_over(None, Some(ix), at)?;
    Some((ExcludedWhy::HandedOver, format!("{} answers for it now: {}", handover.to, handover.reason)))
}
