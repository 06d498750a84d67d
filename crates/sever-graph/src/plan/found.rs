//! Doors as they are found, each once: what facts and live lists say of one door becomes one.

use std::collections::{HashMap, HashSet};

use sever_model::{AccountIx, CredentialIx, Door, DoorId, DoorKind, ExcludedWhy, Group, Strength};

use super::theirs::Theirs;

/// A door, and what is known of it before it has steps.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) door: Door,
    pub(super) role: Role,
    /// Whether a connection listed it.
    pub(super) is_live: bool,
    /// The account that it is of, where it is of one.
    pub(super) account: Option<AccountIx>,
    pub(super) strength: Option<Strength>,
    pub(super) evidence: String,
    pub(super) breaks: Vec<String>,
    /// Why it is left alone, if it is.
    pub(super) kept: Option<(ExcludedWhy, String)>,
    /// How it is closed where it has no steps of its own.
    pub(super) by_itself: String,
    /// What is asked where no connection can close it, if not what is asked of any such door.
    pub(super) ask: &'static str,
    /// Who is asked where no connection can close it, if not the system's owner.
    pub(super) owner: Option<String>,
    /// The accounts of theirs by which they could read it.
    pub(super) read_by: Vec<AccountIx>,
    /// Who else uses it, in words, so that they need another first; empty where nobody is known to.
    pub(super) used_by: String,
}

/// What a door is to whom the plan is about. Ordered as a screen shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Signing in to an account of theirs.
    Login,
    /// Signing in to an account that they made in nobody's name: only what can be undone is done.
    Ghost,
    /// A session, token, key or live connection of an account.
    OfAccount,
    /// A credential that they know: only replacing it helps.
    Known(CredentialIx),
    /// The same at somebody who believes it.
    Verifier(CredentialIx),
    /// A right that comes by a group, or by a grant.
    Right,
    /// A key that they could use where it lies: cured by cutting the way to it.
    Usable,
    /// What they made for others, or answer for.
    Made,
}

impl Found {
    pub(super) fn new(door: Door, role: Role, evidence: impl Into<String>) -> Found {
        Found {
            door,
            role,
            is_live: false,
            account: None,
            strength: None,
            evidence: evidence.into(),
            breaks: Vec::new(),
            kept: None,
            by_itself: String::new(),
            ask: "",
            owner: None,
            read_by: Vec::new(),
            used_by: String::new(),
        }
    }

    pub(super) fn of(self, account: AccountIx) -> Found {
        Found { account: Some(account), ..self }
    }

    /// Left alone, for this reason; an earlier reason stands.
    pub(super) fn keep(mut self, kept: Option<(ExcludedWhy, String)>) -> Found {
        self.kept = self.kept.or(kept);
        self
    }
}

/// The doors found so far.
#[derive(Debug, Default)]
pub(super) struct Doors {
    found: Vec<Found>,
    by_id: HashMap<DoorId, usize>,
    by_credential: HashMap<String, usize>,
    logins: HashMap<AccountIx, usize>,
}

impl Doors {
    /// Adds a door, or what is new of one that is there: by its id, its credential, or as the login of
    /// one account. What was added first (live doors, then facts) has the word.
    pub(super) fn add(&mut self, mut new: Found) {
        let credential = new.door.credential.as_ref().map(ToString::to_string);
        let at_verifier = matches!(new.role, Role::Verifier(_));
        let login = new.account.filter(|_| new.door.kind == DoorKind::Login);
        let known = self.by_id.get(&new.door.id).copied();
        // What a connection lists as two are two.
        let is_one = |at: &usize| !new.is_live || self.found.get(*at).is_some_and(|old| !old.is_live);
        let known = known
            .or_else(|| self.by_credential.get(credential.as_ref()?).copied().filter(|_| !at_verifier).filter(is_one));
        let known = known.or_else(|| self.logins.get(&login?).copied().filter(is_one));
        if let Some((at, old)) = known.and_then(|at| Some((at, self.found.get_mut(at)?))) {
            // A group has one id and many members: another account's membership is another door.
            let another = old.account.is_some() && new.account.is_some() && old.account != new.account;
            if !another {
                merge(old, new);
                if let Some(credential) = credential.filter(|_| !at_verifier) {
                    self.by_credential.entry(credential).or_insert(at);
                }
                return;
            }
            let of = new.door.account.as_ref().map(ToString::to_string).unwrap_or_default();
            new.door.id = format!("{}@{of}", new.door.id).into();
            if let Some(at) = self.by_id.get(&new.door.id) {
                if let Some(old) = self.found.get_mut(*at) {
                    merge(old, new);
                }
                return;
            }
        }
        let at = self.found.len();
        self.by_id.insert(new.door.id.clone(), at);
        if let Some(credential) = credential.filter(|_| !at_verifier) {
            self.by_credential.entry(credential).or_insert(at);
        }
        if let Some(account) = login {
            self.logins.entry(account).or_insert(at);
        }
        self.found.push(new);
    }

    /// What is known of a credential's door, where one was found.
    pub(super) fn of_credential(&mut self, credential: &str) -> Option<&mut Found> {
        let at = *self.by_credential.get(credential)?;
        self.found.get_mut(at)
    }

    /// The live memberships of an account in a group, which connections name in ways of their own.
    pub(super) fn memberships(&mut self, account: AccountIx, group: &Group) -> impl Iterator<Item = &mut Found> {
        let of = move |one: &&mut Found| one.is_live && one.role == Role::Right && one.account == Some(account);
        let found = self.found.iter_mut().filter(of);
        found.filter(|one| {
            let mut names = groups_named(&one.door);
            names.any(|name| name == group.id.native() || (!group.name.is_empty() && name == group.name))
        })
    }

    /// The account's login, where one was found.
    pub(super) fn login(&mut self, account: AccountIx) -> Option<&mut Found> {
        let at = *self.logins.get(&account)?;
        self.found.get_mut(at)
    }

    /// Ends what carries rights that have just gone: a session keeps what its account could do when it
    /// began. Those of accounts of which nothing goes are left alone.
    pub(super) fn end_sessions_of_narrowed(&mut self) {
        let gone = |one: &&Found| one.role == Role::Right && one.kept.is_none();
        let narrowed: HashSet<AccountIx> = self.found.iter().filter(gone).filter_map(|one| one.account).collect();
        for one in self.found.iter_mut().filter(|one| is_living(one.door.kind)) {
            let still_needed = matches!(one.kept, Some((ExcludedWhy::StillNeeded, _)));
            if still_needed && one.account.is_some_and(|ix| narrowed.contains(&ix)) {
                one.kept = None;
                one.breaks.push("they sign in again".to_owned());
            }
        }
    }

    /// All of them as a screen shows them: an account with what is its own, then keys, rights, and what
    /// was made for others.
    pub(super) fn in_order(self, theirs: &Theirs) -> Vec<Found> {
        let mut found = self.found;
        found.sort_by_cached_key(|one| {
            let group = match one.role {
                Role::Login | Role::OfAccount => 0,
                Role::Ghost => 1,
                Role::Known(_) | Role::Verifier(_) => 2,
                Role::Right => 3,
                Role::Usable => 4,
                Role::Made => 5,
            };
            let place = if group == 0 { one.account.map_or(usize::MAX, |ix| theirs.place(ix)) } else { 0 };
            // A key stands with those who believe it.
            let key = match one.role {
                Role::Known(ix) | Role::Verifier(ix) => ix.index(),
                _ => 0,
            };
            (group, place, key, one.role, one.door.kind, one.door.id.clone())
        });
        found
    }
}

/// What a membership's door may call its group: its own id, or part of it, or an attribute.
pub(super) fn groups_named(door: &Door) -> impl Iterator<Item = &str> {
    let parts = [Some(door.native.as_str()), door.native.split_once('#').map(|(group, _)| group)];
    let attributes = ["group-id", "group", "policy-arn", "policy"].map(|name| door.attribute(name));
    parts.into_iter().flatten().chain(attributes).filter(|name| !name.is_empty())
}

/// Whether a door carries the rights of the moment in which it was opened.
fn is_living(kind: DoorKind) -> bool {
    matches!(kind, DoorKind::Session | DoorKind::RefreshToken | DoorKind::AccessToken | DoorKind::LiveConnection)
}

/// Adds what is new.
fn merge(old: &mut Found, new: Found) {
    let door = &mut old.door;
    door.account = door.account.take().or(new.door.account);
    door.credential = door.credential.take().or(new.door.credential);
    door.until = door.until.or(new.door.until);
    door.last_used = door.last_used.max(new.door.last_used);
    for (text, other) in [(&mut door.title, new.door.title), (&mut door.opens, new.door.opens)] {
        if text.is_empty() {
            *text = other;
        }
    }
    for (name, value) in new.door.attributes {
        door.attributes.entry(name).or_insert(value);
    }
    if old.role == Role::OfAccount && matches!(new.role, Role::Known(_)) {
        // Others' too: it is replaced, not ended.
        old.role = new.role;
    }
    old.account = old.account.or(new.account);
    old.strength = old.strength.max(new.strength);
    old.is_live |= new.is_live;
    old.kept = old.kept.take().or(new.kept);
    if old.ask.is_empty() {
        old.ask = new.ask;
    }
    old.owner = old.owner.take().or(new.owner);
    if !new.evidence.is_empty() && !old.evidence.contains(&new.evidence) {
        let between = if old.evidence.is_empty() { "" } else { "; " };
        old.evidence = format!("{}{between}{}", old.evidence, new.evidence);
    }
    for text in new.breaks {
        if !old.breaks.contains(&text) {
            old.breaks.push(text);
        }
    }
    for account in new.read_by {
        if !old.read_by.contains(&account) {
            old.read_by.push(account);
        }
    }
    if old.used_by.is_empty() {
        old.used_by = new.used_by;
    }
    if old.by_itself.is_empty() {
        old.by_itself = new.by_itself;
    }
}
