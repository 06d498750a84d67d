//! The world that a fixture describes: an inventory, a register, classes and logs, made directly.

use std::collections::HashMap;

use sever_model::{
    Account, AccountId, AccountIx, Bound, Candidate, Certainty, ClaimSet, Class, Correlation, Coverage, Credential,
    CredentialIx, CustodyRow, Employment, Entry, EventSource, EventTime, Fingerprint, GrantRow, Group, GroupIx,
    Handover, HolderIx, Inventory, Join, Knock, Limits, Lookup, MembershipRow, Person, PersonIx, Resource, ResourceId,
    ResourceIx, Rights, SourceId, Span, Stint, SubjectRegister, SystemId, Tables, Valid, WallTime,
};

use super::case::{AccountLine, ClassLine, EventLine, Expect, GrantLine, GroupLine, Line, PersonLine, SettleLine};
use crate::registry::Settings;

/// A fixture, ready to be played.
pub(super) struct World {
    pub settings: Settings,
    pub limits: Limits,
    pub inventory: Inventory,
    pub register: Option<Register>,
    pub classes: Vec<Class>,
    pub sources: Vec<EventSource>,
    pub steps: Vec<Step>,
    pub knocks: Vec<Knock>,
    pub expects: Vec<Expect>,
    pub why: String,
}

/// What happens, in order.
pub(super) enum Step {
    Event(Box<EventLine>),
    Settle(SettleLine),
    Stand(EventTime),
}

/// A register in memory.
#[derive(Default)]
pub(super) struct Register {
    subjects: HashMap<String, (EventTime, Option<EventTime>)>,
    complete_until: Option<EventTime>,
    len: u64,
}

impl SubjectRegister for Register {
    fn lookup(&self, id: &str) -> Lookup {
        match self.subjects.get(id) {
            Some((created, deleted)) => Lookup::Known { dense: 0, created: *created, deleted: *deleted, member: true },
            None => Lookup::Never,
        }
    }
    fn lookup_fingerprint(&self, _fingerprint: Fingerprint) -> Lookup {
        Lookup::Never // no detector knows an id by its fingerprint only
    }
    fn complete_until(&self) -> EventTime {
        self.complete_until.unwrap_or(EventTime::MIN)
    }
    fn len(&self) -> u64 {
        self.len.max(self.subjects.len() as u64)
    }
}

/// Makes the world of a fixture.
pub(super) fn build(lines: Vec<Line>) -> World {
    let mut builder = Builder::default();
    let mut world = World {
        settings: Settings::default(),
        limits: Limits::default(),
        inventory: Inventory::new(Tables::default(), EventTime::MIN, WallTime::MIN, Coverage::default()),
        register: None,
        classes: Vec::new(),
        sources: Vec::new(),
        steps: Vec::new(),
        knocks: Vec::new(),
        expects: Vec::new(),
        why: String::new(),
    };
    for line in lines {
        match line {
            Line::Why(why) => world.why = why,
            Line::Settings(settings) => world.settings = *settings,
            Line::Limits(limits) => world.limits.skew = Span::secs(limits.skew_secs),
            Line::Register(line) => {
                let register = world.register.get_or_insert_default();
                register.complete_until = Some(line.complete_until);
                register.len = line.len;
            }
            Line::Subject(subject) => {
                let created = subject.created.unwrap_or(EventTime::MIN);
                let register = world.register.get_or_insert_default();
                register.subjects.insert(subject.id, (created, subject.deleted));
            }
            Line::Log(log) => {
                let system = log.system.map(|system| SystemId::from(system.as_str()));
                let source = EventSource { format: log.format, ..EventSource::of(SourceId::from(log.name), system) };
                world.sources.push(source);
            }
            Line::Knock(knock) => world.knocks.push(*knock),
            Line::Class(line) => world.classes.push(class(*line)),
            Line::Event(mut event) => {
                event.time = event.time.plus(Span::secs(event.every_secs * event.nth as i64));
                world.steps.push(Step::Event(event));
            }
            Line::Settle(settle) => world.steps.push(Step::Settle(settle)),
            Line::Stand(at) => world.steps.push(Step::Stand(at)),
            Line::Expect(expect) => world.expects.push(*expect),
            fact => builder.fact(fact),
        }
    }
    let coverage = builder.coverage;
    world.inventory = Inventory::new(builder.tables, EventTime::MAX, WallTime::MAX, coverage);
    world
}

#[derive(Default)]
struct Builder {
    tables: Tables,
    coverage: Coverage,
}

impl Builder {
    fn fact(&mut self, line: Line) {
        match line {
            Line::Person(line) => self.person(line),
            Line::Account(line) => self.account(*line),
            Line::Group(line) => self.group(line),
            Line::Grant(line) => self.grant(line),
            Line::Coverage(line) => self.coverage.lines.push(*line),
            Line::Key(line) => {
                let key = Credential {
                    id: line.id.into(),
                    kind: line.kind,
                    account: line.account.map(AccountId::from),
                    issuer: line.issuer,
                    kept_at: line.kept_at.map(ResourceId::from),
                    exportable: line.exportable,
                    created_by: line.created_by,
                    rotated_at: line.rotated,
                    activated_at: line.activated,
                    retired_at: line.retired,
                    expires_at: line.expires,
                    last_used: None,
                };
                self.tables.credentials.push(entry(key, valid(&line.from, &line.to), None, "keys"));
            }
            Line::Custody(line) => {
                let row = CustodyRow {
                    credential: self.key(&line.key),
                    account: line.account.map(|id| self.account_ix(&id)),
                    person: line.person.map(|id| self.person_ix(&id)),
                    strength: line.strength,
                    valid: valid(&line.from, &line.to),
                    evidence: line.evidence.into(),
                    source: SourceId::from("custody"),
                };
                self.tables.custody.push(row);
            }
            Line::Resource(line) => {
                let resource =
                    Resource { id: line.id.into(), kind: line.kind, owner: line.owner, subjects: line.subjects };
                self.tables.resources.push(entry(resource, Valid::ALWAYS, None, "resources"));
            }
            Line::Handover(line) => {
                let handover = Handover {
                    account: line.account.map(Into::into),
                    credential: line.credential.map(Into::into),
                    to: line.to,
                    reason: "sanctioned".to_owned(),
                };
                self.tables.handovers.push(entry(handover, valid(&line.from, &line.until), None, "handovers"));
            }
            _ => unreachable!("only facts come here"),
        }
    }

    fn person(&mut self, line: PersonLine) {
        let ix = PersonIx(self.tables.people.len() as u32);
        let id = sever_model::PersonId::from(line.id);
        for (nth, stint) in line.stints.iter().enumerate() {
            let it = Stint {
                person: id.clone(),
                ordinal: (nth + 1).to_string(),
                employment: if stint.contractor { Employment::Contractor } else { Employment::Employee },
                team: stint.team.clone(),
                title: String::new(),
                last_day: None,
            };
            self.tables.stints.push((ix, entry(it, valid(&stint.from, &stint.to), stint.known, "hr")));
        }
        let person = Person {
            id,
            name: String::new(),
            emails: line.emails,
            logins: Vec::new(),
            employee_number: None,
            manager: None,
        };
        self.tables.people.push(entry(person, Valid::ALWAYS, None, "hr"));
    }

    fn account(&mut self, line: AccountLine) {
        let id = AccountId::from(line.id);
        let correlation = match (&line.of, &line.ask) {
            (Some(person), _) => Correlation::Matched {
                person: self.person_ix(person),
                reason: if line.likely { "same name" } else { "same employee number" }.to_owned(),
                exact: if line.likely { Certainty::Possible } else { Certainty::Yes },
            },
            (None, Some(person)) => Correlation::Ask(vec![Candidate {
                person: self.person_ix(person),
                score: 60,
                reason: "a similar name".to_owned(),
            }]),
            (None, None)
                if matches!(line.kind, sever_model::AccountKind::Service | sever_model::AccountKind::Shared) =>
            {
                Correlation::NotPersonal
            }
            (None, None) => Correlation::Nobody,
        };
        let account = Account {
            login: line.login.unwrap_or_else(|| id.native().to_owned()),
            id,
            display_name: String::new(),
            emails: Vec::new(),
            employee_number: None,
            kind: line.kind,
            status: line.status,
            owner: line.owner,
            created_by: line.created_by,
            last_used: line.last_used,
        };
        self.tables.correlations.push(correlation);
        self.tables.accounts.push(entry(account, valid(&line.from, &line.to), line.known, "accounts"));
    }

    fn group(&mut self, line: GroupLine) {
        let group = GroupIx(self.tables.groups.len() as u32);
        let many = line.and.into_iter().flat_map(|many| {
            (0..many.count).map(move |nth| many.of.replace("{n}", &nth.to_string())).collect::<Vec<_>>()
        });
        let members: Vec<String> = line.members.into_iter().chain(many).collect();
        self.tables.groups.push(entry(
            Group { id: line.id.into(), name: String::new() },
            Valid::ALWAYS,
            None,
            "groups",
        ));
        for member in members {
            let member = self.holder(&member);
            self.tables.memberships.push(MembershipRow { member, group, valid: Valid::ALWAYS });
        }
    }

    fn grant(&mut self, line: GrantLine) {
        let resource = find(&self.tables.resources, &line.resource, |it| it.id.as_str());
        let (holder, resource) = (self.holder(&line.holder), ResourceIx(resource));
        if let Some(by) = line.by {
            self.tables.granted_by.insert((holder, resource), by);
        }
        if let Some(used) = line.last_used {
            self.tables.grant_used.insert((holder, resource), used);
        }
        let rights = Rights::parse(&line.rights).expect("a fixture's rights");
        self.tables.grants.push(GrantRow { holder, resource, rights, valid: valid(&line.from, &line.to) });
    }

    fn holder(&self, id: &str) -> HolderIx {
        let tables = &self.tables;
        if tables.accounts.iter().any(|entry| entry.it.id.as_str() == id) {
            HolderIx::Account(self.account_ix(id))
        } else if tables.groups.iter().any(|entry| entry.it.id.as_str() == id) {
            HolderIx::Group(GroupIx(find(&tables.groups, id, |it| it.id.as_str())))
        } else {
            HolderIx::Person(self.person_ix(id))
        }
    }

    fn person_ix(&self, id: &str) -> PersonIx {
        PersonIx(find(&self.tables.people, id, |it| it.id.as_str()))
    }
    fn account_ix(&self, id: &str) -> AccountIx {
        AccountIx(find(&self.tables.accounts, id, |it| it.id.as_str()))
    }
    fn key(&self, id: &str) -> CredentialIx {
        CredentialIx(find(&self.tables.credentials, id, |it| it.id.as_str()))
    }
}

fn find<T>(entries: &[Entry<T>], id: &str, of: impl Fn(&T) -> &str) -> u32 {
    let at = entries.iter().position(|entry| of(&entry.it) == id);
    at.unwrap_or_else(|| panic!("`{id}` is named before it is described")) as u32
}

fn entry<T>(it: T, valid: Valid, known: Option<EventTime>, source: &str) -> Entry<T> {
    let known_from = WallTime::from_micros(known.unwrap_or(EventTime::MIN).micros());
    Entry { it, valid, source: SourceId::from(source), known_from }
}

fn valid(from: &str, to: &str) -> Valid {
    Valid { from: bound(from), to: bound(to) }
}

/// `2024-12-31`, `2024-11-30/2024-12-31`, or nothing.
fn bound(text: &str) -> Bound {
    let time = |text: &str| EventTime::parse(text).expect("a fixture's time");
    match text.split_once('/') {
        _ if text.is_empty() => Bound::Unbounded,
        Some((earliest, latest)) => Bound::Between(time(earliest), time(latest)),
        None => Bound::At(time(text)),
    }
}

fn class(line: ClassLine) -> Class {
    Class {
        issuer: line.issuer,
        name: line.name,
        issued_in: Some(SourceId::from("issuer")),
        used_in: line.used_in.into_iter().map(SourceId::from).collect(),
        token_type: line.token_type,
        audiences: line.audiences,
        key_ids: line.key_ids,
        join: Join::Jti,
        bound: ClaimSet::NONE,
        lifetime_max: Span::secs(line.lifetime_secs),
        settle: Span::secs(120),
        coverage: line.coverage,
    }
}
