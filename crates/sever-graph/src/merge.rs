//! Versions of facts to one entry per thing, and relations to rows of numbers.
//!
//! A thing that changed is several rows of the store: its entry has the attributes of the version
//! that was true at `as_of`, and the interval of all. Where several sources speak of one thing, what
//! one leaves open another fills. A *stint* or a *relation* keeps its separate intervals, for
//! what ended and began again was not so in between.

use std::collections::HashMap;

use sever_model::{
    Account, AccountIx, Certainty, Correlation, Credential, CredentialIx, CustodyRow, Entry, EventTime, Fact, FactRow,
    Grant, GrantRow, Group, GroupIx, Handover, Holder, HolderIx, Link, Membership, MembershipRow, Person, PersonIx,
    Resource, ResourceIx, SourceId, Stint, Tables, Valid, WallTime,
};

use crate::fill::{fill_account, fill_credential, fill_person, fill_resource};
use crate::groups::joins;
use crate::resolve::{self, Accounts, Credentials, Names, People, Told};

/// Everything but correlation and custody.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) people: Vec<Entry<Person>>,
    pub(crate) stints: Vec<(PersonIx, Entry<Stint>)>,
    pub(crate) accounts: Vec<Entry<Account>>,
    pub(crate) groups: Vec<Entry<Group>>,
    pub(crate) memberships: Vec<MembershipRow>,
    pub(crate) resources: Vec<Entry<Resource>>,
    /// With the number of the source that told of it.
    pub(crate) grants: Vec<(GrantRow, u16)>,
    pub(crate) granted_by: HashMap<(HolderIx, ResourceIx), String>,
    pub(crate) grant_used: HashMap<(HolderIx, ResourceIx), EventTime>,
    pub(crate) credentials: Vec<Entry<Credential>>,
    pub(crate) handovers: Vec<Entry<Handover>>,
    pub(crate) links: Vec<Entry<Link>>,
    pub(crate) told: Vec<ToldCustody>,
    /// Sources by number.
    pub(crate) sources: Vec<SourceId>,
    people_names: People,
    account_names: Accounts,
}

/// A custody row of a source, its ends found.
pub(crate) struct ToldCustody {
    pub(crate) credential: CredentialIx,
    /// `None` where nobody knows the holder; the name is then in the evidence.
    pub(crate) holder: Option<HolderIx>,
    pub(crate) strength: sever_model::Strength,
    pub(crate) evidence: String,
    pub(crate) valid: Valid,
    pub(crate) source: SourceId,
}

/// One version of a thing.
struct Version<T> {
    it: T,
    valid: Valid,
    known_from: WallTime,
    source: SourceId,
    seen_at: EventTime,
}

/// The facts by kind.
#[derive(Default)]
struct Sorted {
    people: Vec<Version<Person>>,
    stints: Vec<Version<Stint>>,
    accounts: Vec<Version<Account>>,
    groups: Vec<Version<Group>>,
    memberships: Vec<Version<Membership>>,
    resources: Vec<Version<Resource>>,
    grants: Vec<Version<Grant>>,
    credentials: Vec<Version<Credential>>,
    custody: Vec<Version<sever_model::Custody>>,
    links: Vec<Version<Link>>,
    handovers: Vec<Version<Handover>>,
}

/// Merges what was known at `known_at`.
pub(crate) fn merge(facts: Vec<FactRow>, as_of: EventTime, known_at: WallTime, gaps: &mut Vec<String>) -> Merged {
    let sorted = sort(facts, known_at);
    let mut merged = Merged::default();
    let people;
    (merged.people, people) =
        things(sorted.people, as_of, (PersonIx, PersonIx::index), |it| it.id.as_str(), fill_person);
    let accounts;
    (merged.accounts, accounts) =
        things(sorted.accounts, as_of, (AccountIx, AccountIx::index), |it| it.id.as_str(), fill_account);
    let mut groups: Names<GroupIx>;
    (merged.groups, groups) = things(sorted.groups, as_of, (GroupIx, GroupIx::index), |it| it.id.as_str(), |_, _| {});
    let mut resources: Names<ResourceIx>;
    (merged.resources, resources) =
        things(sorted.resources, as_of, (ResourceIx, ResourceIx::index), |it| it.id.as_str(), fill_resource);
    let credentials;
    (merged.credentials, credentials) =
        things(sorted.credentials, as_of, (CredentialIx, CredentialIx::index), |it| it.id.as_str(), fill_credential);

    let mut numbers = Numbers {
        people: People::new(people),
        accounts: Accounts::new(accounts),
        credentials: Credentials::new(&merged.credentials, credentials),
        unknown_people: 0,
    };
    merged.stints = stints(sorted.stints, as_of, &numbers.people, &merged.people);
    for version in sorted.memberships {
        let told = Told { known_from: version.known_from, source: &version.source };
        let group = resolve::group(&mut groups, version.it.group.as_str(), told, &mut merged.groups);
        let member = match &version.it.member {
            Holder::Group(id) => HolderIx::Group(resolve::group(&mut groups, id.as_str(), told, &mut merged.groups)),
            other => match numbers.holder(other, told, &mut merged, &mut groups) {
                Some(member) => member,
                None => continue,
            },
        };
        merged.memberships.push(MembershipRow { member, group, valid: version.valid });
    }
    grants(sorted.grants, &mut numbers, &mut merged, &mut groups, &mut resources);
    custody(sorted.custody, &mut numbers, &mut merged, &mut groups);
    places(&mut merged, &mut resources);
    coalesce_memberships(&mut merged.memberships);
    merged.handovers = sorted.handovers.into_iter().map(|version| handover(version, &numbers, &merged)).collect();
    merged.links = sorted.links.into_iter().map(Version::entry).collect();
    if numbers.unknown_people > 0 {
        gaps.push(format!("{} rights or memberships name a person whom no HR source lists", numbers.unknown_people));
    }
    merged.people_names = numbers.people;
    merged.account_names = numbers.accounts;
    merged
}

fn sort(facts: Vec<FactRow>, known_at: WallTime) -> Sorted {
    let mut sorted = Sorted::default();
    for row in facts {
        if row.known_from > known_at || row.known_to.is_some_and(|until| until <= known_at) {
            continue;
        }
        let FactRow { fact, valid, known_from, source, seen_at, .. } = row;
        macro_rules! keep {
            ($list:ident, $it:ident) => {
                sorted.$list.push(Version { it: $it, valid, known_from, source, seen_at })
            };
        }
        match fact {
            Fact::Person(it) => keep!(people, it),
            Fact::Stint(it) => keep!(stints, it),
            Fact::Account(it) => keep!(accounts, it),
            Fact::Group(it) => keep!(groups, it),
            Fact::Membership(it) => keep!(memberships, it),
            Fact::Resource(it) => keep!(resources, it),
            Fact::Grant(it) => keep!(grants, it),
            Fact::Credential(it) => keep!(credentials, it),
            Fact::Custody(it) => keep!(custody, it),
            Fact::Link(it) => keep!(links, it),
            Fact::Handover(it) => keep!(handovers, it),
        }
    }
    sorted
}

/// How things of a kind are numbered, and their numbers used.
type Numbering<I> = (fn(u32) -> I, fn(I) -> usize);

/// One entry per thing, in order of first mention.
fn things<T, I: Copy>(
    versions: Vec<Version<T>>,
    as_of: EventTime,
    (number, index): Numbering<I>,
    id: fn(&T) -> &str,
    fill: fn(&mut T, T),
) -> (Vec<Entry<T>>, Names<I>) {
    let mut numbers: Names<I> = Names::default();
    let mut firsts: Vec<Version<T>> = Vec::with_capacity(versions.len());
    // Most things have one version; those that have more wait here by their place.
    let mut more: HashMap<usize, Vec<Version<T>>> = HashMap::new();
    for version in versions {
        match numbers.get(id(&version.it)) {
            Some(ix) => more.entry(index(*ix)).or_default().push(version),
            None => {
                numbers.insert(id(&version.it).into(), number(firsts.len() as u32));
                firsts.push(version);
            }
        }
    }
    let entries =
        firsts.into_iter().enumerate().map(|(at, first)| one(first, more.remove(&at).unwrap_or_default(), as_of, fill));
    (entries.collect(), numbers)
}

/// One entry of a thing's versions.
fn one<T>(first: Version<T>, more: Vec<Version<T>>, as_of: EventTime, fill: fn(&mut T, T)) -> Entry<T> {
    if more.is_empty() {
        return first.entry();
    }
    let mut best = first;
    let mut valid = vec![(best.source.clone(), best.valid)];
    // What we know of its end is what `departed` needs to have been known.
    let mut last = (best.valid.latest_end(), best.known_from);
    let mut others = Vec::with_capacity(more.len());
    for version in more {
        valid.push((version.source.clone(), version.valid));
        last = last.max((version.valid.latest_end(), version.known_from));
        let worse =
            if version.rank(as_of) >= best.rank(as_of) { std::mem::replace(&mut best, version) } else { version };
        others.push(worse);
    }
    others.sort_by_key(|version| version.rank(as_of));
    let (valid, known_from) = (joined(&valid), last.1);
    let mut it = best.it;
    for other in others.into_iter().rev().filter(|other| other.source != best.source) {
        fill(&mut it, other.it);
    }
    Entry { it, valid, source: best.source, known_from }
}

/// When a thing existed: per source from first to last; between sources a start that one knows
/// stands against one that none could see, and what one still lists has not ended.
fn joined(versions: &[(SourceId, Valid)]) -> Valid {
    let mut by_source: Vec<(&SourceId, Valid)> = Vec::new();
    for (source, valid) in versions {
        match by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, held)) => *held = held.join(valid),
            None => by_source.push((source, *valid)),
        }
    }
    let known = by_source.iter().map(|(_, valid)| valid).filter(|valid| valid.earliest_start() != EventTime::MIN);
    let from = known.min_by_key(|valid| valid.earliest_start()).map(|valid| valid.from);
    let to = by_source.iter().map(|(_, valid)| valid).max_by_key(|valid| valid.latest_end()).map(|valid| valid.to);
    Valid { from: from.unwrap_or_default(), to: to.unwrap_or_default() }
}

/// The stints, each interval of employment apart.
fn stints(
    versions: Vec<Version<Stint>>,
    as_of: EventTime,
    names: &People,
    people: &[Entry<Person>],
) -> Vec<(PersonIx, Entry<Stint>)> {
    let mut by_key: HashMap<(PersonIx, String), Vec<Version<Stint>>> = HashMap::new();
    for version in versions {
        if let Some(person) = names.find(version.it.person.as_str(), people) {
            by_key.entry((person, version.it.ordinal.clone())).or_default().push(version);
        }
    }
    let mut stints = Vec::new();
    for ((person, _), mut versions) in by_key {
        versions.sort_by_key(|version| version.valid.earliest_start());
        let mut runs: Vec<Vec<Version<Stint>>> = Vec::new();
        for version in versions {
            match runs.last_mut().filter(|run| run.iter().any(|held| continues(&held.valid, &version.valid))) {
                Some(run) => run.push(version),
                None => runs.push(vec![version]),
            }
        }
        for mut run in runs {
            let Some(first) = run.pop() else { continue };
            stints.push((person, one(first, run, as_of, |_, _| {})));
        }
    }
    // The map above has no order of its own.
    stints.sort_by(|(a, x), (b, y)| {
        (a, &x.it.ordinal, x.valid.earliest_start()).cmp(&(b, &y.it.ordinal, y.valid.earliest_start()))
    });
    stints
}

/// Whether the later version goes on where the earlier ended, rather than beginning anew after a gap.
fn continues(earlier: &Valid, later: &Valid) -> bool {
    earlier.overlaps(later) || joins(earlier, later)
}

struct Numbers {
    people: People,
    accounts: Accounts,
    credentials: Credentials,
    unknown_people: u64,
}

impl Numbers {
    fn holder(
        &mut self,
        holder: &Holder,
        told: Told<'_>,
        merged: &mut Merged,
        groups: &mut Names<GroupIx>,
    ) -> Option<HolderIx> {
        match holder {
            Holder::Account(id) => {
                Some(HolderIx::Account(self.accounts.find_or_enter(id.as_str(), told, &mut merged.accounts)))
            }
            Holder::Group(id) => Some(HolderIx::Group(resolve::group(groups, id.as_str(), told, &mut merged.groups))),
            Holder::Credential(id) => {
                let found = self.credentials.find_or_enter(id.as_str(), told, &mut merged.credentials);
                found.first().copied().map(HolderIx::Credential)
            }
            Holder::Person(id) => {
                let found = self.people.find(id.as_str(), &merged.people).map(HolderIx::Person);
                self.unknown_people += u64::from(found.is_none());
                found
            }
        }
    }
}

fn grants(
    versions: Vec<Version<Grant>>,
    numbers: &mut Numbers,
    merged: &mut Merged,
    groups: &mut Names<GroupIx>,
    resources: &mut Names<ResourceIx>,
) {
    let mut rows: Vec<(GrantRow, u16)> = Vec::with_capacity(versions.len());
    let mut source_numbers: HashMap<SourceId, u16> = HashMap::new();
    for version in versions {
        let told = Told { known_from: version.known_from, source: &version.source };
        let Some(holder) = numbers.holder(&version.it.holder, told, merged, groups) else { continue };
        let resource = resolve::resource(resources, version.it.resource.as_str(), told, &mut merged.resources);
        if let Some(by) = version.it.granted_by {
            merged.granted_by.insert((holder, resource), by);
        }
        if let Some(at) = version.it.last_used {
            let newest = merged.grant_used.entry((holder, resource)).or_insert(at);
            *newest = at.max(*newest);
        }
        let source = match source_numbers.get(&version.source) {
            Some(number) => *number,
            None => {
                let number = u16::try_from(merged.sources.len()).unwrap_or(u16::MAX);
                merged.sources.push(version.source.clone());
                source_numbers.insert(version.source, number);
                number
            }
        };
        rows.push((GrantRow { holder, resource, rights: version.it.rights, valid: version.valid }, source));
    }
    rows.sort_unstable_by_key(|(row, source)| {
        (row.resource, row.holder, row.rights, row.valid.earliest_start(), row.valid.latest_end(), *source)
    });
    // A right that was listed in several versions (it was used again, say) is one right.
    rows.dedup_by(|(later, _), (kept, _)| {
        let same = (later.resource, later.holder, later.rights) == (kept.resource, kept.holder, kept.rights)
            && joins(&kept.valid, &later.valid);
        if same {
            kept.valid = kept.valid.join(&later.valid);
        }
        same
    });
    merged.grants = rows;
}

fn custody(
    versions: Vec<Version<sever_model::Custody>>,
    numbers: &mut Numbers,
    merged: &mut Merged,
    groups: &mut Names<GroupIx>,
) {
    for version in versions {
        let told = Told { known_from: version.known_from, source: &version.source };
        let it = version.it;
        let (holder, evidence) = match &it.holder {
            Holder::Person(id) => match numbers.people.find(id.as_str(), &merged.people) {
                Some(person) => (Some(HolderIx::Person(person)), it.evidence),
                // A holder whom HR does not list is still a holder; the row says whom it names.
                None => (None, format!("{} (by `{id}`, whom no HR source lists)", it.evidence)),
            },
            other => (numbers.holder(other, told, merged, groups), it.evidence),
        };
        for credential in numbers.credentials.find_or_enter(it.credential.as_str(), told, &mut merged.credentials) {
            merged.told.push(ToldCustody {
                credential,
                holder,
                strength: it.strength,
                evidence: evidence.clone(),
                valid: version.valid,
                source: version.source.clone(),
            });
        }
    }
}

/// Enters the places where credentials lie, so that rights on them can be looked up.
fn places(merged: &mut Merged, resources: &mut Names<ResourceIx>) {
    for entry in &merged.credentials {
        if let Some(place) = &entry.it.kept_at {
            let told = Told { known_from: entry.known_from, source: &entry.source };
            resolve::resource(resources, place.as_str(), told, &mut merged.resources);
        }
    }
}

fn coalesce_memberships(rows: &mut Vec<MembershipRow>) {
    rows.sort_by_key(|row| (row.group, row.member, row.valid.earliest_start()));
    rows.dedup_by(|later, kept| {
        let same = (later.group, later.member) == (kept.group, kept.member) && joins(&kept.valid, &later.valid);
        if same {
            kept.valid = kept.valid.join(&later.valid);
        }
        same
    });
}

/// A hand-over with the ids that its account and credential are listed under; people write logins and
/// bare key ids.
fn handover(version: Version<Handover>, numbers: &Numbers, merged: &Merged) -> Entry<Handover> {
    let mut entry = version.entry();
    if let Some(id) = &mut entry.it.account
        && let Some(found) =
            numbers.accounts.find(id.as_str(), &merged.accounts).and_then(|ix| merged.accounts.get(ix.index()))
    {
        *id = found.it.id.clone();
    }
    if let Some(id) = &mut entry.it.credential
        && let [only] = numbers.credentials.find(id.as_str()).as_slice()
        && let Some(found) = merged.credentials.get(only.index())
    {
        *id = found.it.id.clone();
    }
    entry
}

impl Merged {
    /// The person of an id, number, login or address.
    pub(crate) fn person(&self, name: &str) -> Option<PersonIx> {
        self.people_names.find(name, &self.people)
    }

    /// The tables of an inventory. The names are dropped here, before the inventory makes its own.
    pub(crate) fn into_tables(self, correlations: Vec<Correlation>, custody: Vec<CustodyRow>) -> Tables {
        Tables {
            people: self.people,
            stints: self.stints,
            accounts: self.accounts,
            correlations,
            groups: self.groups,
            memberships: self.memberships,
            resources: self.resources,
            grants: self.grants.into_iter().map(|(grant, _)| grant).collect(),
            granted_by: self.granted_by,
            grant_used: self.grant_used,
            credentials: self.credentials,
            custody,
            handovers: self.handovers,
        }
    }

    /// The account of an id, or of a login in its system.
    pub(crate) fn account(&self, id: &str) -> Option<AccountIx> {
        self.account_names.find(id, &self.accounts)
    }
}

impl<T> Version<T> {
    fn entry(self) -> Entry<T> {
        Entry { it: self.it, valid: self.valid, source: self.source, known_from: self.known_from }
    }

    /// How well a version speaks for `as_of`: true then, else the newest before it, else the first after.
    fn rank(&self, as_of: EventTime) -> (Certainty, bool, i64, EventTime, WallTime) {
        let start = self.valid.earliest_start();
        let before = start <= as_of;
        let nearness = if before { start.micros() } else { start.micros().saturating_neg() };
        (self.valid.at(as_of), before, nearness, self.seen_at, self.known_from)
    }
}

#[cfg(test)]
mod tests;
