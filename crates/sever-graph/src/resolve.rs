//! Names to numbers, and entries for what is only named by others.
//!
//! A right of an account that no listing shows is still a right: the account is entered as known from
//! that right alone, of unknown kind and status. Nothing is looked up across systems, for `ldap/ann`
//! and `shop/ann` may be two people; only key ids are, since tokens carry them bare.

use std::cell::OnceCell;
use std::collections::HashMap;

use sever_model::{
    Account, AccountIx, AccountKind, AccountStatus, Credential, CredentialIx, CredentialKind, Entry, Exportable, Group,
    GroupIx, Person, PersonIx, Resource, ResourceIx, SourceId, Valid, WallTime,
};

pub(crate) type Names<T> = HashMap<Box<str>, T, foldhash::fast::RandomState>;

/// Who named a thing that nobody lists, and since when we know.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) known_from: WallTime,
    pub(crate) source: &'a SourceId,
}

/// People by everything that is theirs alone.
#[derive(Default)]
pub(crate) struct People {
    by_id: Names<PersonIx>,
    /// Employee numbers, logins and e-mail addresses; `None` where two people share one. Made at the
    /// first name that is no id.
    by_name: OnceCell<Names<Option<PersonIx>>>,
}

impl People {
    pub(crate) fn new(by_id: Names<PersonIx>) -> People {
        People { by_id, by_name: OnceCell::new() }
    }

    /// The person of an id; failing that, of a number, login or address that only one has.
    pub(crate) fn find(&self, name: &str, people: &[Entry<Person>]) -> Option<PersonIx> {
        if let Some(ix) = self.by_id.get(name) {
            return Some(*ix);
        }
        let by_name = self.by_name.get_or_init(|| {
            let named = people.iter().enumerate().flat_map(|(at, entry)| {
                let person = &entry.it;
                let names = person.emails.iter().chain(&person.logins).chain(&person.employee_number);
                names.map(move |name| (name.to_lowercase(), PersonIx(at as u32)))
            });
            only_ones(named)
        });
        by_name.get(name.to_lowercase().as_str()).copied().flatten()
    }
}

/// Accounts by id and by login in their system.
#[derive(Default)]
pub(crate) struct Accounts {
    by_id: Names<AccountIx>,
    /// `system/login`, lower case; `None` where two accounts share one. Made at the first name that is
    /// no id.
    by_login: OnceCell<Names<Option<AccountIx>>>,
}

/// Names with what has them alone.
fn only_ones<T: Copy + PartialEq>(named: impl Iterator<Item = (String, T)>) -> Names<Option<T>> {
    let mut names: Names<Option<T>> = Names::default();
    for (name, ix) in named {
        let slot = names.entry(name.into()).or_insert(Some(ix));
        if *slot != Some(ix) {
            *slot = None;
        }
    }
    names
}

impl Accounts {
    pub(crate) fn new(by_id: Names<AccountIx>) -> Accounts {
        Accounts { by_id, by_login: OnceCell::new() }
    }

    /// The account of `system/name`, by id or by login.
    pub(crate) fn find(&self, id: &str, accounts: &[Entry<Account>]) -> Option<AccountIx> {
        if let Some(ix) = self.by_id.get(id) {
            return Some(*ix);
        }
        let by_login = self.by_login.get_or_init(|| {
            let named = accounts.iter().enumerate().map(|(at, entry)| {
                let key = format!("{}/{}", entry.it.id.system(), entry.it.login).to_lowercase();
                (key, AccountIx(at as u32))
            });
            only_ones(named)
        });
        by_login.get(id.to_lowercase().as_str()).copied().flatten()
    }

    /// The account of an id, entered where there is none.
    pub(crate) fn find_or_enter(&mut self, id: &str, told: Told<'_>, accounts: &mut Vec<Entry<Account>>) -> AccountIx {
        if let Some(ix) = self.find(id, accounts) {
            return ix;
        }
        let ix = AccountIx(accounts.len() as u32);
        let account = sever_model::AccountId::from(id);
        accounts.push(entry(
            Account {
                login: account.native().to_owned(),
                id: account,
                display_name: String::new(),
                emails: Vec::new(),
                employee_number: None,
                kind: AccountKind::Unknown,
                status: AccountStatus::Unknown,
                owner: None,
                created_by: None,
                last_used: None,
            },
            told,
        ));
        self.by_id.insert(id.into(), ix);
        ix
    }
}

/// The group of an id, entered where there is none.
pub(crate) fn group(names: &mut Names<GroupIx>, id: &str, told: Told<'_>, groups: &mut Vec<Entry<Group>>) -> GroupIx {
    if let Some(ix) = names.get(id) {
        return *ix;
    }
    let ix = GroupIx(groups.len() as u32);
    let group = sever_model::GroupId::from(id);
    groups.push(entry(Group { name: group.native().to_owned(), id: group }, told));
    names.insert(id.into(), ix);
    ix
}

/// The resource of an id, entered where there is none.
pub(crate) fn resource(
    names: &mut Names<ResourceIx>,
    id: &str,
    told: Told<'_>,
    resources: &mut Vec<Entry<Resource>>,
) -> ResourceIx {
    if let Some(ix) = names.get(id) {
        return *ix;
    }
    let ix = ResourceIx(resources.len() as u32);
    resources.push(entry(Resource { id: id.into(), kind: String::new(), owner: None, subjects: None }, told));
    names.insert(id.into(), ix);
    ix
}

/// Credentials by id, and by the bare id that a token carries.
#[derive(Default)]
pub(crate) struct Credentials {
    by_id: Names<CredentialIx>,
    by_native: Names<Option<CredentialIx>>,
    by_place: Names<Vec<CredentialIx>>,
}

impl Credentials {
    pub(crate) fn new(credentials: &[Entry<Credential>], by_id: Names<CredentialIx>) -> Credentials {
        let mut known = Credentials { by_id, ..Credentials::default() };
        for (at, entry) in credentials.iter().enumerate() {
            let ix = CredentialIx(at as u32);
            let slot = known.by_native.entry(entry.it.id.native().into()).or_insert(Some(ix));
            if *slot != Some(ix) {
                *slot = None;
            }
            if let Some(place) = &entry.it.kept_at {
                known.by_place.entry(place.as_str().into()).or_default().push(ix);
            }
        }
        known
    }

    /// The credentials that an id means: its own, all that lie at a path of that name, or the only
    /// one of its bare id.
    pub(crate) fn find(&self, id: &str) -> Vec<CredentialIx> {
        let mut found: Vec<CredentialIx> = self.by_id.get(id).copied().into_iter().collect();
        found.extend(self.by_place.get(id).into_iter().flatten().filter(|ix| self.by_id.get(id) != Some(*ix)));
        if found.is_empty() {
            let native = id.split_once('/').map_or(id, |(_, native)| native);
            found.extend(self.by_native.get(native).copied().flatten());
        }
        found
    }

    /// The same; where there is none, a secret of that name at a place of that name is entered.
    pub(crate) fn find_or_enter(
        &mut self,
        id: &str,
        told: Told<'_>,
        credentials: &mut Vec<Entry<Credential>>,
    ) -> Vec<CredentialIx> {
        let found = self.find(id);
        if !found.is_empty() {
            return found;
        }
        let ix = CredentialIx(credentials.len() as u32);
        let secret = Credential {
            id: id.into(),
            kind: CredentialKind::Secret,
            account: None,
            issuer: None,
            kept_at: Some(id.into()),
            exportable: Exportable::Unknown,
            created_by: None,
            rotated_at: None,
            activated_at: None,
            retired_at: None,
            expires_at: None,
            last_used: None,
        };
        credentials.push(entry(secret, told));
        self.by_id.insert(id.into(), ix);
        vec![ix]
    }
}

/// That a right existed for a time says nothing of when its holder was made.
fn entry<T>(it: T, told: Told<'_>) -> Entry<T> {
    Entry { it, valid: Valid::ALWAYS, source: told.source.clone(), known_from: told.known_from }
}
