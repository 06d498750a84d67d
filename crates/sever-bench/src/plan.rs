//! `bench plan`: a plan of five hundred doors, in a company of many accounts.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use sever_graph::{Asked, Cause, HandOffTo, Listed, PlanInput, Protected, SystemLink, Verifier, find, plan};
use sever_model::act::{ActError, Action, Cx};
use sever_model::{
    Account, AccountKind, AccountStatus, ApprovedStep, ConnectionId, Coverage, Credential, CredentialKind, Custody,
    Door, DoorKind, DoorList, EventTime, Exportable, Fact, FactRow, Group, Holder, Inverse, Listing, Membership,
    Operation, Person, Phase, Receipt, SourceId, Span, StepDraft, Strength, SystemId, Valid, WallTime,
};

use crate::process::{Numbers, in_child, median, timed};
use crate::report::Row;

/// Doors that the bar is about.
const DOORS: f64 = 500.0;

/// Accounts of others, in the same systems.
const OTHERS: u64 = 100_000;

/// Systems that the leaver has an account in.
const SYSTEMS: u64 = 20;

const NOW: EventTime = EventTime::from_secs(1_775_001_600);

/// The rows of `bench plan`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let doors = (DOORS * scale) as u64;
    let numbers = in_child("plan", doors)?;
    let of = |name: &str| numbers.get(name).copied().unwrap_or(f64::NAN);
    let name = format!("plan, {:.0} doors and {:.0} steps, with its digest", of("doors"), of("steps"));
    Ok(vec![Row::limit(&name, of("millis"), "ms", 1_000.0)])
}

/// Plans for somebody with about `count` doors: a quarter each of sessions, keys of their accounts, keys that
/// they read, and groups.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let facts = facts(count);
    let inventory = sever_graph::build(facts, NOW, WallTime::from_micros(NOW.micros()), Coverage::default());
    let asked: Asked = *find(&inventory, "bob").first().context("the leaver is not found")?;
    let actions: Vec<Closing> = systems().map(|system| Closing(connection(&system))).collect();
    let actions: Vec<&dyn Action> = actions.iter().map(|action| action as &dyn Action).collect();
    let lists: Vec<Listed> = (0..SYSTEMS).map(|number| listed(number, count / 4 / SYSTEMS)).collect();
    let links: Vec<SystemLink> = systems().map(|system| link(&system)).collect();
    let verifier = |number| Verifier { system: number, issuer: "https://id.shop.example".to_owned(), key_ids: vec![] };
    let verifiers = ["web", "app", "api"].map(|name| verifier(SystemId::from(name)));
    let input = PlanInput {
        at: NOW,
        made_at: WallTime::from_micros(NOW.micros()),
        cause: Cause::Leaves,
        not_before: None,
        zone: "UTC",
        lists: &lists,
        systems: &links,
        actions: &actions,
        verifiers: &verifiers,
        protected: &Protected::default(),
        owners: &BTreeMap::new(),
        hand_off: &HandOffTo { owner: Some("it@shop.example".to_owned()), deadline: Span::days(1) },
        stale_after: Span::days(7),
    };
    let (mut times, mut found, mut steps) = (Vec::new(), 0, 0);
    for _ in 0..5 {
        let (secs, planned) = timed(|| {
            let planned = plan(&inventory, asked, &input)?;
            if planned.digest().is_empty() {
                bail!("the plan has no digest");
            }
            Ok(planned)
        })?;
        times.push(secs);
        (found, steps) = (planned.doors.len(), planned.steps.len());
    }
    if (found as u64) < count {
        bail!("{count} doors were there and {found} are planned");
    }
    let numbers = [("millis", median(times) * 1e3), ("doors", found as f64), ("steps", steps as f64)];
    Ok(numbers.into_iter().map(|(name, number)| (name.to_owned(), number)).collect())
}

fn systems() -> impl Iterator<Item = SystemId> {
    (0..SYSTEMS).map(|number| SystemId::from(format!("s{number}")))
}

fn connection(system: &SystemId) -> ConnectionId {
    format!("{system}-live").into()
}

fn link(system: &SystemId) -> SystemLink {
    let (connection, tries) = (connection(system), DoorKind::ALL.to_vec());
    SystemLink { connection, system: system.clone(), can_list: true, can_close: true, tries }
}

fn listed(number: u64, sessions: u64) -> Listed {
    let system = SystemId::from(format!("s{number}"));
    let session = |at: u64| Door::new(&system, DoorKind::Session, format!("session-{at}"));
    let doors = (0..sessions).map(session).collect();
    let list = Ok(DoorList { doors, listing: Listing::Complete, gaps: Vec::new() });
    Listed { connection: connection(&system), account: format!("{system}/bob").into(), list }
}

fn facts(count: u64) -> Vec<FactRow> {
    let mut facts = Vec::new();
    let mut tell = |fact: Fact| {
        let source = SourceId::from("bench");
        let (valid, known_from) = (Valid::since(EventTime::from_secs(1_600_000_000)), WallTime::from_secs(0));
        facts.push(FactRow { fact, valid, known_from, known_to: None, source, seen_at: NOW });
    };
    let logins = vec!["bob".to_owned()];
    let (emails, employee_number, manager) = (Vec::new(), Some("8".to_owned()), None);
    tell(Fact::Person(Person { id: "8".into(), name: "Bob Ray".into(), emails, logins, employee_number, manager }));
    for number in 0..SYSTEMS {
        tell(Fact::Account(account(format!("s{number}/bob"), Some("8"), None)));
    }
    for number in 0..OTHERS {
        let maker = if number % 500 == 0 { "bob" } else { "joiner" };
        let id = format!("s{}/a{number}", number % SYSTEMS);
        tell(Fact::Account(account(id, Some(&format!("n{number}")), Some(maker))));
    }
    for number in 0..count / 4 {
        let system = format!("s{}", number % SYSTEMS);
        let own = format!("{system}/bob");
        tell(Fact::Credential(credential(format!("{system}/own-{number}"), CredentialKind::ApiKey, Some(&own))));
        let kind = if number % 10 == 0 { CredentialKind::SigningKey } else { CredentialKind::Secret };
        let id = format!("{system}/read-{number}");
        tell(Fact::Credential(credential(id.clone(), kind, None)));
        let evidence = "the audit log".to_owned();
        for holder in ["bob", "a1", "a2", "a3"] {
            let holder = Holder::Account(format!("{system}/{holder}").into());
            let (credential, strength, evidence) = (id.as_str().into(), Strength::Read, evidence.clone());
            tell(Fact::Custody(Custody { holder, credential, strength, evidence }));
        }
        let group = Group { id: format!("{system}/group-{number}").into(), name: String::new() };
        let member = Holder::Account(own.into());
        tell(Fact::Membership(Membership { member, group: group.id.clone() }));
        tell(Fact::Group(group));
    }
    facts
}

fn account(id: String, number: Option<&str>, created_by: Option<&str>) -> Account {
    Account {
        login: id.rsplit('/').next().unwrap_or_default().to_owned(),
        id: id.into(),
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: number.map(str::to_owned),
        kind: AccountKind::Human,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: created_by.map(str::to_owned),
        last_used: None,
    }
}

fn credential(id: String, kind: CredentialKind, account: Option<&str>) -> Credential {
    Credential {
        id: id.into(),
        kind,
        account: account.map(Into::into),
        issuer: Some("https://id.shop.example".to_owned()),
        kept_at: None,
        exportable: Exportable::Yes,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: Some(NOW),
    }
}

/// Closes everything by three steps.
struct Closing(ConnectionId);

impl Action for Closing {
    fn connection(&self) -> &ConnectionId {
        &self.0
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let phases = if door.kind == DoorKind::Login {
            [Phase::Contain, Phase::HandOver, Phase::Cut].to_vec()
        } else {
            vec![Phase::Cut]
        };
        let draft = |phase: Phase| StepDraft {
            phase,
            operation: Operation {
                connection: self.0.clone(),
                verb: "close".to_owned(),
                target: door.native.clone(),
                arguments: BTreeMap::new(),
            },
            how: "close it".to_owned(),
            reason: "it is in this order".to_owned(),
            inverse: Inverse::Renewed,
            breaks: Vec::new(),
            replaces_secret: false,
            window: Span::secs(5),
            after: Vec::new(),
        };
        phases.into_iter().map(draft).collect()
    }

    fn execute(&self, _: &ApprovedStep<'_>, _: &Cx<'_>) -> std::result::Result<Receipt, ActError> {
        Err(ActError::BadStep("only planned here".to_owned()))
    }
}
