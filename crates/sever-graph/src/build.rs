//! From facts to the tables of an inventory.

use std::collections::{BTreeMap, HashMap};

use sever_model::{
    AccountIx, Coverage, CoverageLine, Credential, CredentialIx, CredentialKind, Entry, EventTime, Exportable, Fact,
    FactRow, GrantRow, Group, GroupIx, Holder, HolderIx, Inventory, Link, Listing, MembershipRow, PersonIx, Resource,
    ResourceIx, Seen, SourceId, Stint, Tables, Valid, WallTime,
};

use crate::entities::{Entities, Version};
use crate::{correlation, custody};

/// Builds the inventory from all facts known at one moment.
///
/// A relation that names an account or person whom no source lists cannot be kept; how many there
/// were is told in the coverage of the source that named them. A group, resource or credential that
/// is only named is taken to exist.
pub fn build(facts: Vec<FactRow>, as_of: EventTime, known_at: WallTime, mut coverage: Coverage) -> Inventory {
    let mut building = Building::new(as_of);
    let (things, relations): (Vec<FactRow>, Vec<FactRow>) = facts.into_iter().partition(|row| is_thing(&row.fact));
    things.into_iter().for_each(|row| building.thing(row));
    relations.into_iter().for_each(|row| building.relation(row));
    for (source, count) in std::mem::take(&mut building.nameless) {
        coverage.lines.push(unlisted(source, count));
    }
    let tables = building.tables();
    Inventory::new(tables, as_of, known_at, coverage)
}

fn is_thing(fact: &Fact) -> bool {
    matches!(fact, Fact::Person(_) | Fact::Account(_) | Fact::Group(_) | Fact::Resource(_) | Fact::Credential(_))
}

fn unlisted(source: SourceId, count: u64) -> CoverageLine {
    CoverageLine {
        source,
        kinds: Vec::new(),
        seen: Seen::Partly,
        listing: Listing::Partial,
        from: None,
        to: None,
        records: 0,
        rejected: 0,
        gaps: vec![format!("{count} of its rows name an account or person that no source lists")],
    }
}

/// Custody as a source told it, before accounts are matched to people.
pub(crate) struct Told {
    pub holder: HolderIx,
    pub credential: CredentialIx,
    pub strength: sever_model::Strength,
    pub valid: Valid,
    pub evidence: Box<str>,
    pub source: SourceId,
}

struct Building {
    people: Entities<sever_model::Person>,
    accounts: Entities<sever_model::Account>,
    groups: Entities<Group>,
    resources: Entities<Resource>,
    credentials: Entities<Credential>,
    stints: BTreeMap<(u32, String), Vec<Entry<Stint>>>,
    memberships: Vec<MembershipRow>,
    grants: Vec<GrantRow>,
    granted_by: HashMap<(HolderIx, ResourceIx), String>,
    grant_used: HashMap<(HolderIx, ResourceIx), EventTime>,
    custody: Vec<Custody>,
    links: Vec<Entry<Link>>,
    handovers: Vec<Entry<sever_model::Handover>>,
    /// Rows that name an account or person whom no source lists.
    nameless: BTreeMap<SourceId, u64>,
    as_of: EventTime,
}

/// A custody fact whose credential may be named by where its secret lies.
struct Custody {
    holder: HolderIx,
    fact: sever_model::Custody,
    version: Version,
}

impl Building {
    fn new(as_of: EventTime) -> Building {
        Building {
            people: Entities::new(as_of),
            accounts: Entities::new(as_of),
            groups: Entities::new(as_of),
            resources: Entities::new(as_of),
            credentials: Entities::new(as_of),
            stints: BTreeMap::new(),
            memberships: Vec::new(),
            grants: Vec::new(),
            granted_by: HashMap::new(),
            grant_used: HashMap::new(),
            custody: Vec::new(),
            links: Vec::new(),
            handovers: Vec::new(),
            nameless: BTreeMap::new(),
            as_of,
        }
    }

    fn thing(&mut self, row: FactRow) {
        let version = Version::from(&row);
        match row.fact {
            Fact::Person(it) => self.people.add(it.id.clone().as_str(), it, &version),
            Fact::Account(it) => self.accounts.add(it.id.clone().as_str(), it, &version),
            Fact::Group(it) => self.groups.add(it.id.clone().as_str(), it, &version),
            Fact::Resource(it) => self.resources.add(it.id.clone().as_str(), it, &version),
            Fact::Credential(it) => self.credentials.add(it.id.clone().as_str(), it, &version),
            _ => 0,
        };
    }

    fn relation(&mut self, row: FactRow) {
        let version = Version::from(&row);
        match row.fact {
            Fact::Stint(it) => match self.people.by_id.get(it.person.as_str()).copied() {
                Some(person) => {
                    let key = (person, it.ordinal.clone());
                    let Version { valid, source, known_from } = version;
                    self.stints.entry(key).or_default().push(Entry { it, valid, source, known_from });
                }
                None => self.nameless(version),
            },
            Fact::Membership(it) => match self.holder(&it.member, &version) {
                Some(member) => {
                    let group = GroupIx(self.group(it.group.as_str(), &version));
                    self.memberships.push(MembershipRow { member, group, valid: version.valid });
                }
                None => self.nameless(version),
            },
            Fact::Grant(it) => match self.holder(&it.holder, &version) {
                Some(holder) => self.grant(holder, it, &version),
                None => self.nameless(version),
            },
            Fact::Custody(fact) => match self.holder(&fact.holder, &version) {
                Some(holder) => self.custody.push(Custody { holder, fact, version }),
                None => self.nameless(version),
            },
            Fact::Link(it) => {
                let Version { valid, source, known_from } = version;
                self.links.push(Entry { it, valid, source, known_from });
            }
            Fact::Handover(it) => {
                let Version { valid, source, known_from } = version;
                self.handovers.push(Entry { it, valid, source, known_from });
            }
            _ => {}
        }
    }

    fn grant(&mut self, holder: HolderIx, it: sever_model::Grant, version: &Version) {
        let id = it.resource.clone();
        let resource = self.resources.or_stub(id.as_str(), version, || Resource {
            id: id.clone(),
            kind: String::new(),
            owner: None,
            subjects: None,
        });
        let resource = ResourceIx(resource);
        self.grants.push(GrantRow { holder, resource, rights: it.rights, valid: version.valid });
        if let Some(by) = it.granted_by {
            self.granted_by.insert((holder, resource), by);
        }
        if let Some(at) = it.last_used {
            let used = self.grant_used.entry((holder, resource)).or_insert(at);
            *used = (*used).max(at);
        }
    }

    fn holder(&mut self, holder: &Holder, version: &Version) -> Option<HolderIx> {
        match holder {
            Holder::Person(id) => self.people.by_id.get(id.as_str()).map(|at| HolderIx::Person(PersonIx(*at))),
            Holder::Account(id) => self.accounts.by_id.get(id.as_str()).map(|at| HolderIx::Account(AccountIx(*at))),
            Holder::Group(id) => Some(HolderIx::Group(GroupIx(self.group(id.as_str(), version)))),
            Holder::Credential(id) => {
                self.credentials.by_id.get(id.as_str()).map(|at| HolderIx::Credential(CredentialIx(*at)))
            }
        }
    }

    fn group(&mut self, id: &str, version: &Version) -> u32 {
        self.groups.or_stub(id, version, || {
            let id = sever_model::GroupId::from(id);
            Group { name: id.native().to_owned(), id }
        })
    }

    fn nameless(&mut self, version: Version) {
        *self.nameless.entry(version.source).or_default() += 1;
    }

    /// Custody facts by number. One whose credential is a place where others are kept (the path that
    /// an audit log names) is custody of those.
    fn told(&mut self) -> Vec<Told> {
        let mut kept: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for (id, at) in &self.credentials.by_id {
            let entry = self.credentials.kept_at(*at);
            if let Some(place) = entry.filter(|place| *place != &**id) {
                kept.entry(place.into()).or_default().push(*at);
            }
        }
        let mut told = Vec::new();
        for Custody { holder, fact, version } in std::mem::take(&mut self.custody) {
            let mut of = kept.get(fact.credential.as_str()).cloned().unwrap_or_default();
            if of.is_empty() {
                let id = fact.credential.clone();
                of.push(self.credentials.or_stub(id.as_str(), &version, || stub(&id)));
            }
            of.sort_unstable();
            for credential in of {
                told.push(Told {
                    holder,
                    credential: CredentialIx(credential),
                    strength: fact.strength,
                    valid: version.valid,
                    evidence: fact.evidence.as_str().into(),
                    source: version.source.clone(),
                });
            }
        }
        told
    }

    fn tables(mut self) -> Tables {
        let told = self.told();
        let as_of = self.as_of;
        let stints = std::mem::take(&mut self.stints).into_iter();
        let stints = stints.flat_map(|((person, _), versions)| {
            joined(versions, as_of).into_iter().map(move |stint| (PersonIx(person), stint))
        });
        let mut tables = Tables {
            stints: stints.collect(),
            people: self.people.into_entries(),
            accounts: self.accounts.into_entries(),
            groups: self.groups.into_entries(),
            memberships: self.memberships,
            resources: self.resources.into_entries(),
            grants: self.grants,
            granted_by: self.granted_by,
            grant_used: self.grant_used,
            credentials: self.credentials.into_entries(),
            handovers: self.handovers,
            ..Tables::default()
        };
        tables.correlations = correlation::correlate(&tables, &self.links);
        tables.custody = custody::derive(&tables, told);
        tables
    }
}

impl Entities<Credential> {
    fn kept_at(&self, at: u32) -> Option<&str> {
        self.peek(at).and_then(|credential| credential.kept_at.as_ref()).map(sever_model::ResourceId::as_str)
    }
}

fn stub(id: &sever_model::CredentialId) -> Credential {
    Credential {
        id: id.clone(),
        kind: CredentialKind::Secret,
        account: None,
        issuer: None,
        kept_at: None,
        exportable: Exportable::Unknown,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    }
}

/// The versions of one stint as spells without a break: a transfer is one spell, a rehire is two.
/// The known time of a spell is that of the version that says how it ends.
fn joined(mut versions: Vec<Entry<Stint>>, as_of: EventTime) -> Vec<Entry<Stint>> {
    versions.sort_by_key(|version| (version.valid.earliest_start(), version.valid.latest_end()));
    let mut spells: Vec<Entry<Stint>> = Vec::new();
    for version in versions {
        let follows = |spell: &Entry<Stint>| spell.valid.latest_end() >= version.valid.earliest_start();
        match spells.last_mut().filter(|spell| follows(spell)) {
            Some(spell) => {
                if version.valid.latest_end() >= spell.valid.latest_end() {
                    (spell.known_from, spell.source) = (version.known_from, version.source);
                }
                spell.valid = spell.valid.join(&version.valid);
                if version.valid.earliest_start() <= as_of {
                    spell.it = version.it;
                }
            }
            None => spells.push(version),
        }
    }
    spells
}
