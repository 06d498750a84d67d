//! The inventory: every fact known at one moment, with when each was true, indexed for lookup.
//!
//! It is immutable. `known_at` fixes what we knew; the intervals stay on every row, so that one
//! inventory judges events of any time, each at its own instant, and [`Inventory::as_of`] is only
//! the instant at which attributes were taken where a thing changed over time.
//!
//! Things are numbered densely ([`PersonIx`], [`AccountIx`] …); relations are rows of numbers, sorted
//! and indexed by both ends, because a company has ten million of them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Bound, Certainty, Coverage, Credential, CredentialId, EventTime, Group, GroupId, Handover,
    Person, PersonId, Resource, ResourceId, Rights, SourceId, Stint, Strength, Valid, WallTime,
};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
        impl $name {
            /// The number, for indexing.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index!(
    /// A person's number in one inventory.
    PersonIx
);
index!(
    /// An account's number in one inventory.
    AccountIx
);
index!(
    /// A group's number in one inventory.
    GroupIx
);
index!(
    /// A resource's number in one inventory.
    ResourceIx
);
index!(
    /// A credential's number in one inventory.
    CredentialIx
);

/// A thing, with when it existed and who told us.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The thing, with the attributes it had at the inventory's `as_of`.
    pub it: T,
    /// From its first to its last known instant.
    pub valid: Valid,
    /// The source that told us of it.
    pub source: SourceId,
    /// Since when we have known it as it is here.
    pub known_from: WallTime,
}

/// That a person's access has, or may have, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departed {
    /// When it ended.
    pub end: Bound,
    /// Since when we have known.
    pub known_from: WallTime,
}

/// Who holds something, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderIx {
    /// A person.
    Person(PersonIx),
    /// An account.
    Account(AccountIx),
    /// A group.
    Group(GroupIx),
    /// A credential.
    Credential(CredentialIx),
}

/// That a member was in a group during an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MembershipRow {
    /// An account or a group.
    pub member: HolderIx,
    /// The group.
    pub group: GroupIx,
    /// When.
    pub valid: Valid,
}

/// That a holder had rights on a resource (or pattern) during an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrantRow {
    /// Who.
    pub holder: HolderIx,
    /// On what.
    pub resource: ResourceIx,
    /// What they may do.
    pub rights: Rights,
    /// When.
    pub valid: Valid,
}

/// Custody of a credential, told or derived, down to one account or person.
#[derive(Debug, Clone, PartialEq)]
pub struct CustodyRow {
    /// The credential.
    pub credential: CredentialIx,
    /// The account through which, if it was through one.
    pub account: Option<AccountIx>,
    /// The person, where the account is matched to one or the record names one.
    pub person: Option<PersonIx>,
    /// How strongly.
    pub strength: Strength,
    /// When: for knowledge, from the moment it was gained on.
    pub valid: Valid,
    /// By what evidence, in words.
    pub evidence: Box<str>,
    /// The source that told us.
    pub source: SourceId,
}

/// Whose an account is, and why we think so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correlation {
    /// It is this person's.
    Matched {
        /// Whose.
        person: PersonIx,
        /// Why.
        reason: String,
        /// Whether by exact ids or a human's word; weighted attributes are not exact.
        exact: Certainty,
    },
    /// A human must say: these people are likely, none surely.
    Ask(Vec<Candidate>),
    /// It is nobody's of those known.
    Nobody,
    /// It is not meant to be one person's: a service or shared account.
    NotPersonal,
}

/// A person whom an account may belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub person: PersonIx,
    /// How alike, 0 to 100.
    pub score: u8,
    /// Why.
    pub reason: String,
}

/// The rows that an inventory is made of, as `sever-graph` builds them. All indices must be in range.
#[derive(Debug, Default)]
pub struct Tables {
    /// People.
    pub people: Vec<Entry<Person>>,
    /// Stints; any order.
    pub stints: Vec<(PersonIx, Entry<Stint>)>,
    /// Accounts.
    pub accounts: Vec<Entry<Account>>,
    /// Whose each account is; as long as `accounts`.
    pub correlations: Vec<Correlation>,
    /// Groups.
    pub groups: Vec<Entry<Group>>,
    /// Memberships; any order.
    pub memberships: Vec<MembershipRow>,
    /// Resources and patterns.
    pub resources: Vec<Entry<Resource>>,
    /// Grants; any order.
    pub grants: Vec<GrantRow>,
    /// Who granted, by (holder, resource), where a source says so.
    pub granted_by: HashMap<(HolderIx, ResourceIx), String>,
    /// When a grant was last exercised, where a source says so.
    pub grant_used: HashMap<(HolderIx, ResourceIx), EventTime>,
    /// Credentials.
    pub credentials: Vec<Entry<Credential>>,
    /// Custody, told and derived; any order.
    pub custody: Vec<CustodyRow>,
    /// Sanctioned hand-overs.
    pub handovers: Vec<Entry<Handover>>,
}

/// All facts known at one moment.
#[derive(Debug)]
pub struct Inventory {
    tables: Tables,
    as_of: EventTime,
    known_at: WallTime,
    coverage: Coverage,
    person_by_id: Names<PersonIx>,
    account_by_id: Names<AccountIx>,
    /// Logins and e-mail addresses; `None` where two accounts share one.
    account_by_name: Names<Option<AccountIx>>,
    group_by_id: Names<GroupIx>,
    resource_by_id: Names<ResourceIx>,
    credential_by_id: Names<CredentialIx>,
    /// Native ids (key ids, access key ids); `None` where two credentials share one.
    credential_by_native: Names<Option<CredentialIx>>,
    stints_of: Ranges,
    custody_of: Ranges,
    custody_by: Vec<Vec<u32>>,
    grants_by_resource: Ranges,
    grants_by_holder: Vec<u32>,
    members_of: Ranges,
    groups_of: Vec<u32>,
    accounts_of: Vec<Vec<AccountIx>>,
}

type Names<T> = HashMap<Box<str>, T, foldhash::quality::RandomState>;

/// Where each thing's rows begin in a table sorted by that thing; one longer than the things.
#[derive(Debug, Default)]
struct Ranges(Vec<u32>);

impl Ranges {
    fn of<T>(count: usize, rows: &[T], thing: impl Fn(&T) -> usize) -> Ranges {
        let mut starts = vec![0u32; count + 1];
        for row in rows {
            if let Some(next) = starts.get_mut(thing(row) + 1) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Ranges(starts)
    }

    fn get<'a, T>(&self, at: usize, rows: &'a [T]) -> &'a [T] {
        match (self.0.get(at), self.0.get(at + 1)) {
            (Some(from), Some(to)) => rows.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Inventory {
    /// Indexes the tables. Row order of relations is not kept.
    pub fn new(mut tables: Tables, as_of: EventTime, known_at: WallTime, coverage: Coverage) -> Inventory {
        tables.correlations.resize(tables.accounts.len(), Correlation::Nobody);
        tables.stints.sort_by_key(|(person, stint)| (*person, stint.valid.earliest_start()));
        tables.custody.sort_by(|a, b| {
            let key = |row: &CustodyRow| (row.credential, std::cmp::Reverse(row.strength), row.person, row.account);
            key(a).cmp(&key(b)).then(a.valid.earliest_start().cmp(&b.valid.earliest_start()))
        });
        tables.grants.sort_unstable_by_key(|row| (row.resource, row.holder));
        tables.memberships.sort_unstable_by_key(|row| (row.group, row.member));

        let number = |at: usize| at as u32;
        let mut account_by_name: Names<Option<AccountIx>> = Names::default();
        for (at, entry) in tables.accounts.iter().enumerate() {
            let ix = AccountIx(number(at));
            let names = entry.it.emails.iter().chain([&entry.it.login]);
            for name in names.filter(|name| !name.is_empty()) {
                let slot = account_by_name.entry(name.to_lowercase().into()).or_insert(Some(ix));
                if *slot != Some(ix) {
                    *slot = None;
                }
            }
        }
        let mut credential_by_native: Names<Option<CredentialIx>> = Names::default();
        for (at, entry) in tables.credentials.iter().enumerate() {
            let ix = CredentialIx(number(at));
            let slot = credential_by_native.entry(entry.it.id.native().into()).or_insert(Some(ix));
            if *slot != Some(ix) {
                *slot = None;
            }
        }
        let mut custody_by = vec![Vec::new(); tables.people.len()];
        for (at, row) in tables.custody.iter().enumerate() {
            if let Some(list) = row.person.and_then(|person| custody_by.get_mut(person.index())) {
                list.push(number(at));
            }
        }
        let mut accounts_of = vec![Vec::new(); tables.people.len()];
        for (at, correlation) in tables.correlations.iter().enumerate() {
            if let Correlation::Matched { person, .. } = correlation
                && let Some(list) = accounts_of.get_mut(person.index())
            {
                list.push(AccountIx(number(at)));
            }
        }
        let mut grants_by_holder: Vec<u32> = (0..number(tables.grants.len())).collect();
        grants_by_holder.sort_unstable_by_key(|at| tables.grants.get(*at as usize).map(|row| row.holder));
        let mut groups_of: Vec<u32> = (0..number(tables.memberships.len())).collect();
        groups_of.sort_unstable_by_key(|at| tables.memberships.get(*at as usize).map(|row| row.member));

        fn by_id<T, I>(entries: &[Entry<T>], id: impl Fn(&T) -> &str, ix: impl Fn(u32) -> I) -> Names<I> {
            let pairs = entries.iter().enumerate();
            pairs.map(|(at, entry)| (id(&entry.it).into(), ix(at as u32))).collect()
        }
        Inventory {
            person_by_id: by_id(&tables.people, |it| it.id.as_str(), PersonIx),
            account_by_id: by_id(&tables.accounts, |it| it.id.as_str(), AccountIx),
            group_by_id: by_id(&tables.groups, |it| it.id.as_str(), GroupIx),
            resource_by_id: by_id(&tables.resources, |it| it.id.as_str(), ResourceIx),
            credential_by_id: by_id(&tables.credentials, |it| it.id.as_str(), CredentialIx),
            stints_of: Ranges::of(tables.people.len(), &tables.stints, |(person, _)| person.index()),
            custody_of: Ranges::of(tables.credentials.len(), &tables.custody, |row| row.credential.index()),
            grants_by_resource: Ranges::of(tables.resources.len(), &tables.grants, |row| row.resource.index()),
            members_of: Ranges::of(tables.groups.len(), &tables.memberships, |row| row.group.index()),
            account_by_name,
            credential_by_native,
            custody_by,
            grants_by_holder,
            groups_of,
            accounts_of,
            tables,
            as_of,
            known_at,
            coverage,
        }
    }

    /// The instant at which attributes were taken.
    pub fn as_of(&self) -> EventTime {
        self.as_of
    }
    /// The moment whose knowledge this is.
    pub fn known_at(&self) -> WallTime {
        self.known_at
    }
    /// What was seen, and what was not.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }
    /// All people.
    pub fn people(&self) -> &[Entry<Person>] {
        &self.tables.people
    }
    /// All accounts.
    pub fn accounts(&self) -> &[Entry<Account>] {
        &self.tables.accounts
    }
    /// All groups.
    pub fn groups(&self) -> &[Entry<Group>] {
        &self.tables.groups
    }
    /// All resources and patterns.
    pub fn resources(&self) -> &[Entry<Resource>] {
        &self.tables.resources
    }
    /// All credentials.
    pub fn credentials(&self) -> &[Entry<Credential>] {
        &self.tables.credentials
    }
    /// All grants, by resource.
    pub fn grants(&self) -> &[GrantRow] {
        &self.tables.grants
    }
    /// All sanctioned hand-overs.
    pub fn handovers(&self) -> &[Entry<Handover>] {
        &self.tables.handovers
    }
    /// One person.
    pub fn person(&self, ix: PersonIx) -> Option<&Entry<Person>> {
        self.tables.people.get(ix.index())
    }
    /// One account.
    pub fn account(&self, ix: AccountIx) -> Option<&Entry<Account>> {
        self.tables.accounts.get(ix.index())
    }
    /// One group.
    pub fn group(&self, ix: GroupIx) -> Option<&Entry<Group>> {
        self.tables.groups.get(ix.index())
    }
    /// One resource.
    pub fn resource(&self, ix: ResourceIx) -> Option<&Entry<Resource>> {
        self.tables.resources.get(ix.index())
    }
    /// One credential.
    pub fn credential(&self, ix: CredentialIx) -> Option<&Entry<Credential>> {
        self.tables.credentials.get(ix.index())
    }
    /// The person of an id.
    pub fn find_person(&self, id: &PersonId) -> Option<PersonIx> {
        self.person_by_id.get(id.as_str()).copied()
    }
    /// The account of an id.
    pub fn find_account(&self, id: &AccountId) -> Option<AccountIx> {
        self.account_by_id.get(id.as_str()).copied()
    }
    /// The group of an id.
    pub fn find_group(&self, id: &GroupId) -> Option<GroupIx> {
        self.group_by_id.get(id.as_str()).copied()
    }
    /// The resource of an id.
    pub fn find_resource(&self, id: &ResourceId) -> Option<ResourceIx> {
        self.resource_by_id.get(id.as_str()).copied()
    }
    /// The credential of an id.
    pub fn find_credential(&self, id: &CredentialId) -> Option<CredentialIx> {
        self.credential_by_id.get(id.as_str()).copied()
    }

    /// The account that a log of `system` calls `name`: by id there, else by a login or e-mail
    /// address that only one account has. A distinguished name (`uid=ann,ou=people,…`) and a name with
    /// its domain (`CORP\ann`) are looked up whole, then by the login in them.
    pub fn account_named(&self, system: Option<&str>, name: &str) -> Option<AccountIx> {
        self.account_called(system, name).or_else(|| self.account_called(system, login_within(name)?))
    }

    fn account_called(&self, system: Option<&str>, name: &str) -> Option<AccountIx> {
        if name.is_empty() {
            return None;
        }
        if let Some(system) = system {
            let id = format!("{system}/{name}");
            if let Some(ix) = self.account_by_id.get(id.as_str()) {
                return Some(*ix);
            }
        }
        if let Some(ix) = self.account_by_id.get(name) {
            return Some(*ix);
        }
        let named = self.account_by_name.get(name.to_lowercase().as_str()).copied().flatten();
        named
            .filter(|ix| {
                system.is_none_or(|system| self.account(*ix).is_none_or(|entry| entry.it.id.system() == system))
            })
            .or_else(|| system.and_then(|system| self.account_by_login(system, name)))
            .or(named)
    }

    /// The credential whose own id this is: a key id, an access key id.
    pub fn credential_named(&self, native: &str) -> Option<CredentialIx> {
        self.credential_by_native.get(native).copied().flatten()
    }

    /// Whose an account is.
    pub fn correlation(&self, ix: AccountIx) -> &Correlation {
        self.tables.correlations.get(ix.index()).unwrap_or(&Correlation::Nobody)
    }
    /// The person whose account it is, if it is one's.
    pub fn person_of(&self, ix: AccountIx) -> Option<PersonIx> {
        match self.correlation(ix) {
            Correlation::Matched { person, .. } => Some(*person),
            _ => None,
        }
    }
    /// A person's accounts.
    pub fn accounts_of(&self, ix: PersonIx) -> &[AccountIx] {
        self.accounts_of.get(ix.index()).map_or(&[], Vec::as_slice)
    }
    /// A person's stints, oldest first.
    pub fn stints(&self, ix: PersonIx) -> impl Iterator<Item = &Entry<Stint>> {
        self.stints_of.get(ix.index(), &self.tables.stints).iter().map(|(_, stint)| stint)
    }
    /// Custody of a credential, strongest first.
    pub fn custody_of(&self, ix: CredentialIx) -> &[CustodyRow] {
        self.custody_of.get(ix.index(), &self.tables.custody)
    }
    /// What a person has custody of.
    pub fn custody_by(&self, ix: PersonIx) -> impl Iterator<Item = &CustodyRow> {
        let rows = self.custody_by.get(ix.index()).map_or(&[][..], Vec::as_slice);
        rows.iter().filter_map(|at| self.tables.custody.get(*at as usize))
    }
    /// Grants on exactly this resource or pattern.
    pub fn grants_on(&self, ix: ResourceIx) -> &[GrantRow] {
        self.grants_by_resource.get(ix.index(), &self.tables.grants)
    }
    /// Grants that a holder has directly.
    pub fn grants_of(&self, holder: HolderIx) -> impl Iterator<Item = &GrantRow> {
        let of = |at: &u32| self.tables.grants.get(*at as usize);
        let from = self.grants_by_holder.partition_point(|at| of(at).is_some_and(|row| row.holder < holder));
        let rows = self.grants_by_holder.get(from..).unwrap_or_default();
        rows.iter().filter_map(of).take_while(move |row| row.holder == holder)
    }
    /// Who is directly in a group.
    pub fn members_of(&self, ix: GroupIx) -> &[MembershipRow] {
        self.members_of.get(ix.index(), &self.tables.memberships)
    }
    /// The groups that a member is directly in.
    pub fn groups_of(&self, member: HolderIx) -> impl Iterator<Item = &MembershipRow> {
        let of = |at: &u32| self.tables.memberships.get(*at as usize);
        let from = self.groups_of.partition_point(|at| of(at).is_some_and(|row| row.member < member));
        let rows = self.groups_of.get(from..).unwrap_or_default();
        rows.iter().filter_map(of).take_while(move |row| row.member == member)
    }
    /// Who gave a grant, where a source says so.
    pub fn granted_by(&self, grant: &GrantRow) -> Option<&str> {
        self.tables.granted_by.get(&(grant.holder, grant.resource)).map(String::as_str)
    }
    /// Every grant whose giver a source names, with that name; in no order.
    pub fn grants_given(&self) -> impl Iterator<Item = (&GrantRow, &str)> {
        self.tables.granted_by.iter().flat_map(|((holder, resource), by)| {
            let rows = self.grants_on(*resource).iter().filter(|row| row.holder == *holder);
            rows.map(|row| (row, by.as_str()))
        })
    }
    /// When a grant was last exercised, where a source says so.
    pub fn grant_used(&self, grant: &GrantRow) -> Option<EventTime> {
        self.tables.grant_used.get(&(grant.holder, grant.resource)).copied()
    }

    /// Whether a person works here at an instant. Somebody without any stint does while HR lists them.
    pub fn employed(&self, ix: PersonIx, at: EventTime) -> Certainty {
        let mut stints = self.stints(ix).peekable();
        if stints.peek().is_none() {
            return self.person(ix).map_or(Certainty::No, |person| person.valid.at(at));
        }
        stints.map(|stint| stint.valid.at(at)).max().unwrap_or(Certainty::No)
    }

    /// How a person's access ended, if by `at` it has or may have: the end of their newest stint
    /// begun by then, where they are not surely employed at `at`.
    pub fn departed(&self, ix: PersonIx, at: EventTime) -> Option<Departed> {
        if self.employed(ix, at) == Certainty::Yes {
            return None;
        }
        let begun = |valid: &Valid| valid.earliest_start() <= at && valid.ended(at) != Certainty::No;
        let stints = self.stints(ix).map(|stint| (stint.valid, stint.known_from));
        let own = self.person(ix).filter(|_| self.stints(ix).next().is_none());
        let ended = stints.chain(own.map(|person| (person.valid, person.known_from))).filter(|(valid, _)| begun(valid));
        let newest = ended.max_by_key(|(valid, _)| valid.latest_end());
        newest.map(|(valid, known_from)| Departed { end: valid.to, known_from })
    }

    /// The sanctioned hand-over of an account or credential at an instant.
    pub fn handed_over(
        &self,
        account: Option<AccountIx>,
        credential: Option<CredentialIx>,
        at: EventTime,
    ) -> Option<&Handover> {
        let account = account.and_then(|ix| self.account(ix)).map(|entry| &entry.it.id);
        let credential = credential.and_then(|ix| self.credential(ix)).map(|entry| &entry.it.id);
        let mut entries = self.tables.handovers.iter().filter(|entry| entry.valid.at(at) != Certainty::No);
        entries
            .find(|entry| {
                (account.is_some() && entry.it.account.as_ref() == account)
                    || (credential.is_some() && entry.it.credential.as_ref() == credential)
            })
            .map(|entry| &entry.it)
    }

    fn account_by_login(&self, system: &str, name: &str) -> Option<AccountIx> {
        // Only reached for a name that several systems share, and then once per symbol of a run.
        let mut found = self
            .tables
            .accounts
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.it.id.system() == system && entry.it.login.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Some(AccountIx(at as u32)),
            _ => None,
        }
    }
}

/// The login in a distinguished name, the value of its first part, or after a Windows domain.
fn login_within(name: &str) -> Option<&str> {
    if let Some((_, login)) = name.rsplit_once('\\') {
        return Some(login);
    }
    let (first, _) = name.split_once(',')?;
    let (_, login) = first.split_once('=')?;
    Some(login.trim())
}
