//! `bench cut`: people planned, cut and verified at a real slapd and a real PostgreSQL, beside the same list of
//! operations, controls and probes by the plain clients.
//!
//! ```text
//! ours   list ─► plan ─► approve ─► cut (journal durable before each effect) ─► verdicts
//! plain  list ─►                    the same questions, a session each, as many at once
//! ```
//!
//! Propagation windows are not waited for, on either side: the clock jumps over them. What remains is work.
//! Both take out people of the same servers by turns, so that what else runs on the machine slows both.

mod plain;
mod shop;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use sever_connect::{Connection, Login, connector};
use sever_engine::{Acting, Connected, CutEnd, Desk, EngineError, Journal, Quiet, Ticket, cut};
use sever_graph::{Cause, HandOffTo, Listed, PlanInput, Protected, SystemLink, find, plan};
use sever_model::act::{Clock, Cx};
use sever_model::{
    Account, AccountKind, AccountStatus, Act, Approval, Coverage, Departure, DoorKind, DoorState, EventTime, Fact,
    FactRow, Inventory, Person, Plan, Request, Secret, SourceId, Span, Valid, WallTime,
};
use sever_store::{DerivedSecrets, HeldDeparture, Store};
use sever_testkit::Slapd;

use crate::process::timed;
use crate::report::Row;
use shop::{DOORS, Leaver, PASSWORD, Shop};

/// Leavers that the bar is about.
const LEAVERS: f64 = 500.0;

/// How many questions a server is asked at once, on either side.
const WIDTH: usize = 8;

/// What the plain clients set as passwords.
const OURS: &str = "ours-of-a-bench-0123456789";

/// The rows of `bench cut`; none, and a reported skip, where a server is not installed.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let leavers = ((LEAVERS * scale) as usize).max(1);
    let Some(shop) = Shop::start(leavers)? else { return Ok(Vec::new()) };
    let folder = tempfile::tempdir().context("no folder")?;
    let mut cutter = Cutter::of(&shop, folder.path())?;
    let (mut ours, mut others, mut statements) = (0.0, 0.0, 0);
    for (one, other) in shop.ours.iter().zip(&shop.plain) {
        let (secs, acts) = timed(|| cutter.cut(one))?;
        (ours, statements) = (ours + secs, statements + acts);
        let (secs, closed) = timed(|| plain::cut(&shop, other))?;
        others += secs;
        ensure!(closed == DOORS, "the plain clients saw {closed} of {DOORS} doors of {} closed", other.login);
    }
    for leaver in [shop.ours.last(), shop.plain.last()].into_iter().flatten() {
        plain::is_out(&shop, leaver)?;
    }
    let doors = (leavers * DOORS) as f64;
    let name = format!(
        "plan, cut and verify, {leavers} leavers of {DOORS} doors, {:.0} doors a second, {statements} acts durable",
        doors / ours
    );
    let beside = format!("plain clients, {:.0} doors a second", doors / others);
    Ok(vec![Row::against(&name, ours / doors * 1e3, "ms", &beside, others / doors * 1e3, 1.3)])
}

/// Who takes people out through Severance.
struct Cutter {
    inventory: Inventory,
    connections: Vec<Connected>,
    links: Vec<SystemLink>,
    secrets: DerivedSecrets,
    clock: Jumping,
    store: Store,
    runtime: tokio::runtime::Runtime,
}

impl Cutter {
    fn of(shop: &Shop, data: &std::path::Path) -> Result<Cutter> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let store = runtime.block_on(Store::open(data))?;
        let clock = Jumping::default();
        let now = clock.now();
        let inventory = sever_graph::build(facts(shop), now.as_event(), now, Coverage::default());
        let connections = vec![directory(shop)?, database(shop)?];
        let links = connections.iter().map(|it| SystemLink {
            connection: it.id.clone(),
            system: it.system.clone(),
            can_list: true,
            can_close: true,
            tries: DoorKind::ALL.to_vec(),
        });
        let links = links.collect();
        Ok(Cutter { inventory, links, connections, secrets: DerivedSecrets::of(data)?, clock, store, runtime })
    }

    /// Plans, approves and executes; how many acts were written.
    fn cut(&mut self, leaver: &Leaver) -> Result<usize> {
        let plan = self.planned(leaver)?;
        ensure!(plan.doors.len() == DOORS, "{} doors of {} are planned, not {DOORS}", plan.doors.len(), leaver.login);
        let (digest, now) = (plan.digest(), self.clock.now());
        let approval =
            Approval { digest: digest.clone(), by: "bench".to_owned(), at: now, signed_by: "typed".to_owned() };
        let approvals = [approval];
        let request = Request { digest: &digest, typed: &plan.typed, approvals: &approvals, tripped: None, now };
        let approved = plan.approve(&request).map_err(|refusal| anyhow::anyhow!("refused: {refusal}"))?;
        let held = self.runtime.block_on(self.store.hold(&plan, now))?;
        let mut journal = Kept { store: &mut self.store, runtime: &self.runtime, held, acts: 0 };
        let mut case = Departure::of(plan.clone(), &[]);
        let cx = Cx { clock: &self.clock, secrets: &self.secrets, patience: Span::secs(30) };
        let acting = Acting { connections: &self.connections, desk: &NoDesk, secret: &|_| None, cx };
        let end = cut(&approved, &approvals, &acting, &mut case, &mut journal, &mut Quiet)?;
        let counts = case.counts();
        if end != CutEnd::Done || counts.closed != DOORS {
            let left = case.doors.iter().find(|door| door.state() != DoorState::Closed);
            bail!("{}: {end:?}, {} of {DOORS} doors closed; first: {left:?}", leaver.login, counts.closed);
        }
        Ok(journal.acts)
    }

    fn planned(&self, leaver: &Leaver) -> Result<Plan> {
        let asked = *find(&self.inventory, &leaver.number).first().context("the leaver is not found")?;
        let cx = Cx { clock: &self.clock, secrets: &self.secrets, patience: Span::secs(30) };
        let accounts =
            sever_graph::listed_accounts(&self.inventory, asked, cx.clock.now().as_event(), &Protected::default());
        let mut lists = Vec::new();
        for account in accounts.iter().filter_map(|ix| self.inventory.account(*ix)).map(|it| &it.it) {
            let at = self.connections.iter().find(|it| it.system.as_str() == account.id.system());
            let connected = at.context("no connection to an account's system")?;
            let doors = connected.doors.as_ref().context("nothing lists")?;
            let list = doors.doors(&account.id, &account.login, &cx).map_err(|error| error.to_string());
            lists.push(Listed { connection: connected.id.clone(), account: account.id.clone(), list });
        }
        let actions: Vec<_> = self.connections.iter().filter_map(|it| it.action.as_deref()).collect();
        let now = self.clock.now();
        let input = PlanInput {
            at: now.as_event(),
            made_at: now,
            cause: Cause::Leaves,
            not_before: None,
            zone: "UTC",
            lists: &lists,
            systems: &self.links,
            actions: &actions,
            verifiers: &[],
            protected: &Protected::default(),
            owners: &BTreeMap::new(),
            hand_off: &HandOffTo { owner: None, deadline: Span::days(1) },
            stale_after: Span::days(7),
        };
        plan(&self.inventory, asked, &input).map_err(Into::into)
    }
}

/// The directory, each capability with an account of its own.
fn directory(shop: &Shop) -> Result<Connected> {
    let connection = |(user, secret): (&str, &str)| Connection {
        id: "directory".into(),
        system: "ldap".into(),
        url: shop.slapd.url(),
        settings: settings(&[("base", Slapd::BASE), ("policy", Slapd::POLICY)]),
        login: Some(login(user, secret)),
        twin: Some(login(Slapd::TWIN.0, Slapd::TWIN.1)),
    };
    connected("openldap", [connection(Slapd::READING), connection(Slapd::CUTTING), connection(Slapd::PROBING)])
}

/// The database likewise.
fn database(shop: &Shop) -> Result<Connected> {
    let connection = |user: &str| Connection {
        id: "database".into(),
        system: "pg".into(),
        url: shop.postgres.url(),
        settings: settings(&[("tls", "off"), ("owner", "data_owner")]),
        login: Some(login(user, PASSWORD)),
        twin: Some(login("severance_twin", PASSWORD)),
    };
    connected("postgresql", ["severance_read", "severance_cut", "severance_probe"].map(connection))
}

fn connected(kind: &str, [reading, cutting, probing]: [Connection; 3]) -> Result<Connected> {
    let connector = connector(kind).map_err(|_| anyhow::anyhow!("no connector `{kind}`"))?;
    Ok(Connected {
        id: reading.id.clone(),
        system: reading.system.clone(),
        doors: Some(connector.open_doors.context("it lists nothing")?(&reading)?),
        action: Some(connector.open_action.context("it closes nothing")?(&cutting)?),
        probe: Some(connector.open_probe.context("it tries nothing")?(&probing)?),
        width: WIDTH,
        pause: Span::ZERO,
    })
}

fn settings(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn login(user: &str, secret: &str) -> Login {
    Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) }
}

/// The people and their two accounts, joined by employee number.
fn facts(shop: &Shop) -> Vec<FactRow> {
    let fact = |fact: Fact| FactRow {
        fact,
        valid: Valid::since(EventTime::from_secs(1_600_000_000)),
        known_from: WallTime::from_secs(0),
        known_to: None,
        source: SourceId::from("bench"),
        seen_at: EventTime::from_secs(1_600_000_000),
    };
    let account = |id: String, of: &Leaver| Account {
        id: id.into(),
        login: of.login.clone(),
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: Some(of.number.clone()),
        kind: AccountKind::Human,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    };
    let of = |it: &Leaver| {
        let person = Person {
            id: it.number.as_str().into(),
            name: it.login.clone(),
            emails: Vec::new(),
            logins: Vec::new(),
            employee_number: Some(it.number.clone()),
            manager: None,
        };
        let accounts =
            [format!("ldap/{}", it.entry), format!("pg/{}", it.login)].map(|id| Fact::Account(account(id, it)));
        [Fact::Person(person)].into_iter().chain(accounts).map(fact).collect::<Vec<_>>()
    };
    shop.ours.iter().flat_map(of).collect()
}

/// The machine's clock, but waiting takes no time: it jumps.
#[derive(Default)]
struct Jumping {
    ahead_micros: AtomicI64,
}

impl Clock for Jumping {
    fn now(&self) -> WallTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        WallTime::from_micros(micros.saturating_add(self.ahead_micros.load(Ordering::Relaxed)))
    }

    fn wait(&self, span: Span) -> bool {
        self.ahead_micros.fetch_add(span.micros(), Ordering::Relaxed);
        true
    }
}

/// The journal, durable.
struct Kept<'a> {
    store: &'a mut Store,
    runtime: &'a tokio::runtime::Runtime,
    held: HeldDeparture,
    acts: usize,
}

impl Journal for Kept<'_> {
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError> {
        self.acts += acts.len();
        Ok(self.runtime.block_on(self.store.record_acts(&self.held, at, acts))?)
    }
}

/// Every door here is closed by a connection.
struct NoDesk;

impl Desk for NoDesk {
    fn hand_off(&self, _: &Ticket<'_>) -> Result<String, String> {
        Err("nothing is handed off in a measurement".to_owned())
    }
}
