//! PostgreSQL: a cluster with a leaver who owns, has granted and is signed in; the real client is psql.

use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use sever_connect::{Connection, Login};
use sever_model::act::{ActError, Probe, Secrets, Trial};
use sever_model::{
    AccountId, Door, DoorKind, DoorState, Inverse, Said, Secret, StepDraft, UnknownWhy, VerdictStrength,
};
use sever_testkit::{Postgres, PsqlSession};

use crate::suite::{self, For, Here, World as _, cx, with_plan};

/// What `roles` documents, for a server of any version, and people. `TOO` is what version 16 wants beside.
const ROLES: &str = "
create role severance_read login nosuperuser password 'read-of-a-test';
create role severance_probe login nosuperuser password 'probe-of-a-test';
create role severance_cut login nosuperuser createrole password 'cut-of-a-test';
create role severance_twin login nosuperuser password 'twin-of-a-test';
grant pg_read_all_stats to severance_read, severance_probe, severance_cut;
grant pg_signal_backend to severance_cut;
create role data_owner nologin;
create role readers nologin;
create role writers nologin;
create role admins nologin;
create role ann login password 'ann-of-a-test';
do 'begin create role bob; exception when duplicate_object then null; end';
alter role bob login password 'bob-of-a-test';
create role zoe login password 'zoe-of-a-test';
grant readers, writers to admins with admin option;
grant admins to severance_cut;
grant data_owner to severance_cut TOO;
grant bob to severance_cut BESIDES;
set role admins;
grant readers to bob;
grant writers to bob with admin option;
reset role;
create database orders;
create database billing;
";

const ORDERS: &str = "
create schema shop authorization data_owner;
grant usage, create on schema shop to bob, ann, zoe;
set role data_owner;
create table shop.customers (id int);
grant select on shop.customers to bob, zoe with grant option;
set role bob;
create table shop.draft (id int);
create table shop.\"odd; name\" (id int);
grant select on shop.customers to ann;
grant writers to ann;
";

const BILLING: &str = "
create schema ledger authorization data_owner;
grant create, usage on schema ledger to bob;
set role bob;
create function ledger.total() returns int language sql as 'select 1';
";

struct World {
    postgres: Option<Postgres>,
    session: Mutex<Option<PsqlSession>>,
    settings: Vec<(&'static str, &'static str)>,
}

/// A world, or a reported skip.
fn world() -> Result<Option<World>> {
    Postgres::start()?.map(peopled).transpose()
}

/// A server with the roles and people on it.
fn peopled(postgres: Postgres) -> Result<World> {
    let version = postgres.manage("show server_version_num")?.text()?;
    let sixteen = version.lines().last().and_then(|line| line.parse::<u32>().ok()).context("no version")? >= 160_000;
    let too = if sixteen { "with inherit true, set true" } else { "" };
    let besides = if sixteen { "with admin true, inherit true, set true" } else { "" };
    postgres.manage(&ROLES.replace("TOO", too).replace("BESIDES", besides))?.text()?;
    postgres.manage_in("orders", ORDERS)?.text()?;
    postgres.manage_in("billing", BILLING)?.text()?;
    let session = postgres.session("orders", "bob", "bob-of-a-test")?;
    let settings = vec![("tls", "off"), ("owner", "data_owner")];
    Ok(World { postgres: Some(postgres), session: Mutex::new(Some(session)), settings })
}

impl World {
    fn postgres(&self) -> Result<&Postgres> {
        self.postgres.as_ref().context("it is stopped")
    }

    /// What the superuser's psql answers in a database: the line after the head.
    fn told(&self, database: &str, sql: &str) -> Result<String> {
        let text = self.postgres()?.manage_in(database, sql)?.text()?;
        Ok(text.lines().nth(1).unwrap_or_default().to_owned())
    }

    fn session_answers(&self) -> bool {
        self.session.lock().is_ok_and(|mut it| it.as_mut().is_some_and(PsqlSession::answers))
    }

    fn opened(&self) -> Result<(suite::Opened, Vec<Door>)> {
        let opened = suite::open(self)?;
        let (account, login) = self.leaver();
        let doors = opened.doors.doors(&account, &login, &cx())?.doors;
        Ok((opened, doors))
    }
}

impl suite::World for World {
    fn connector(&self) -> &'static str {
        "postgresql"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let (user, secret) = match what {
            For::Reading => ("severance_read", "read-of-a-test"),
            For::Cutting => ("severance_cut", "cut-of-a-test"),
            For::Probing => ("severance_probe", "probe-of-a-test"),
            For::ProbingWrongly => ("severance_probe", "wrong"),
        };
        let login = |user: &str, secret: &str| Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) };
        let settings = self.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(Connection {
            id: "cluster".into(),
            system: "cluster".into(),
            url: self.postgres.as_ref()?.url(),
            settings: settings.collect(),
            login: Some(login(user, secret)),
            twin: Some(login("severance_twin", "twin-of-a-test")),
        })
    }

    fn leaver(&self) -> (AccountId, String) {
        ("cluster/bob".into(), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![
            (DoorKind::Login, 1),
            (DoorKind::LiveConnection, 1),
            (DoorKind::Membership, 2),
            // What it owns in two databases, what it granted in one, and a membership.
            (DoorKind::Delegation, 4),
        ]
    }

    fn expected(&self, door: &Door) -> suite::Expected {
        match door.kind {
            DoorKind::Login => suite::Expected::TRIED,
            _ => suite::Expected::OBSERVED,
        }
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        (door.kind == DoorKind::Login).then(|| Secret::new("bob-of-a-test".to_owned()))
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let (group, database) = (door.attribute("group"), door.attribute("database"));
        let asks = match (door.kind, door.native.split('/').nth(1).unwrap_or_default()) {
            (DoorKind::Login, _) => return Ok(Some(self.postgres()?.ask("bob", "bob-of-a-test", "select 1")?.success)),
            (DoorKind::LiveConnection, _) => return Ok(Some(self.session_answers())),
            (DoorKind::Membership, _) => format!("select pg_has_role('bob', '{group}', 'member')"),
            (_, "owns") => "select exists (select from pg_class where relowner = 'bob'::regrole) \
                            or exists (select from pg_proc where proowner = 'bob'::regrole)"
                .to_owned(),
            (_, "granted") => "select exists (select from pg_class, aclexplode(relacl) x \
                               where x.grantor = 'bob'::regrole and relowner <> 'bob'::regrole)"
                .to_owned(),
            _ => "select exists (select from pg_auth_members where grantor = 'bob'::regrole)".to_owned(),
        };
        Ok(Some(self.told(if database.is_empty() { "postgres" } else { database }, &asks)? == "t"))
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        // What bob granted to ann is hers still: the table, and the membership.
        let reads = self.postgres()?.ask_in("orders", "ann", "ann-of-a-test", "select * from shop.customers")?.success;
        Ok(reads && self.told("postgres", "select pg_has_role('ann', 'writers', 'member')")? == "t")
    }

    fn stop(&mut self) {
        self.postgres = None;
    }
}

#[test]
fn keeps_the_contract() -> Result<()> {
    let Some(mut world) = world()? else { return Ok(()) };
    suite::keeps(&mut world)
}

#[test]
fn every_door_is_closed_and_it_is_said_how_that_is_known() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    perform(&opened, &doors, |_, _| true)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    for door in &doors {
        let is_login = door.kind == DoorKind::Login;
        let strength = if is_login { VerdictStrength::Tried } else { VerdictStrength::Observed };
        let tried = try_it(opened.probe.as_ref(), door, is_login);
        assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, strength), "{}: {tried:?}", door.id);
        assert!(!tried.controls.is_empty() && tried.controls.iter().all(|it| it.held), "{}: {tried:?}", door.id);
    }
    Ok(())
}

/// Does those steps of doors that `which` takes; what was said to each.
fn perform(
    opened: &suite::Opened,
    doors: &[Door],
    which: impl Fn(&Door, &StepDraft) -> bool,
) -> Result<Vec<Result<sever_model::Receipt, ActError>>> {
    let mut drafts = Vec::new();
    for door in doors {
        drafts.extend(opened.action.steps(door).into_iter().filter(|it| which(door, it)).map(|it| (door, it)));
    }
    drafts.sort_by_key(|(_, draft)| draft.phase);
    with_plan(&drafts, |approved| Ok(approved.steps().map(|step| opened.action.execute(&step, &cx())).collect()))
}

fn find(doors: &[Door], kind: DoorKind) -> Result<&Door> {
    doors.iter().find(|it| it.kind == kind).context("no such door")
}

fn try_it(probe: &dyn Probe, door: &Door, replaced: bool) -> sever_model::act::Tried {
    probe.try_door(door, &Trial { nonce: "severance-nonce-7", secret: None, replaced }, &cx())
}

#[test]
fn nologin_leaves_a_session_open_until_it_is_ended() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    let (login, live) = (find(&doors, DoorKind::Login)?, find(&doors, DoorKind::LiveConnection)?);
    perform(&opened, &doors, |door, _| door.kind == DoorKind::Login)?.into_iter().collect::<Result<Vec<_>, _>>()?;

    let tried = try_it(opened.probe.as_ref(), login, true);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    assert!(tried.evidence.contains("not permitted to log in"), "{tried:?}");
    let tried = try_it(opened.probe.as_ref(), live, false);
    assert_eq!(tried.state, DoorState::Open { until: None }, "{tried:?}");
    assert!(world.session_answers(), "the session is over already");

    let said = perform(&opened, &doors, |door, _| door.kind == DoorKind::LiveConnection)?;
    assert!(said.iter().all(|it| it.as_ref().is_ok_and(|it| it.said == Said::Done)), "{said:?}");
    let tried = try_it(opened.probe.as_ref(), live, false);
    assert_eq!((tried.state, tried.strength), (DoorState::Closed, VerdictStrength::Observed));
    assert!(!world.session_answers());
    Ok(())
}

#[test]
fn a_process_id_that_is_given_again_is_another_door() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, mut doors) = world.opened()?;
    for door in doors.iter_mut().filter(|it| it.kind == DoorKind::LiveConnection) {
        door.attributes.insert("started".to_owned(), "1700000000000000".to_owned());
    }
    let said = perform(&opened, &doors, |door, _| door.kind == DoorKind::LiveConnection)?;
    assert!(said.iter().all(|it| it.as_ref().is_ok_and(|it| it.said == Said::Already)), "{said:?}");
    assert!(world.session_answers(), "another connection was ended");
    let tried = try_it(opened.probe.as_ref(), find(&doors, DoorKind::LiveConnection)?, false);
    assert_eq!(tried.state, DoorState::Closed, "{tried:?}");
    assert!(tried.evidence.contains("began at another time"), "{tried:?}");
    Ok(())
}

#[test]
fn what_others_granted_stops_a_drop_and_the_plan_says_so() -> Result<()> {
    let Some(mut world) = world()? else { return Ok(()) };
    world.settings.push(("drop", "true"));
    let grant = "grant usage on schema public to bob; set role zoe; grant select on shop.customers to bob";
    world.postgres()?.manage_in("orders", grant)?.text()?;
    let (opened, doors) = world.opened()?;
    let login = find(&doors, DoorKind::Login)?;
    let steps = opened.action.steps(login);
    let drop = steps.iter().find(|it| it.operation.verb == "drop").context("no drop")?;
    assert_eq!(drop.inverse, Inverse::None);
    assert!(drop.breaks.iter().any(|it| it.contains("shop.customers in orders by zoe")), "{:?}", drop.breaks);

    assert!(
        drop.breaks.iter().any(|it| it.ends_with("SCHEMA public in orders by pg_database_owner")),
        "{:?}",
        drop.breaks
    );

    let said = perform(&opened, &doors, |_, _| true)?;
    let refused: Vec<_> = said.iter().filter_map(|it| it.as_ref().err()).collect();
    assert!(matches!(refused.as_slice(), [ActError::Refused(what)] if what.starts_with("2BP01")), "{refused:?}");
    // Nothing is lost by it: the role is contained, and what was handed over is there.
    assert_eq!(try_it(opened.probe.as_ref(), login, true).state, DoorState::Closed);
    assert_eq!(world.told("orders", "select count(*) from pg_class where relowner = 'data_owner'::regrole")?, "3");

    let revoke = "revoke usage on schema public from bob; set role zoe; revoke select on shop.customers from bob";
    world.postgres()?.manage_in("orders", revoke)?.text()?;
    let said = perform(&opened, &doors, |_, _| true)?;
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    assert_eq!(world.told("postgres", "select count(*) from pg_roles where rolname = 'bob'")?, "0");
    // A role that is gone is answered like a wrong password: that it is gone can be seen, and is no proof.
    let tried = try_it(opened.probe.as_ref(), login, true);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
    assert!(world.bystander_gets_in()?);
    Ok(())
}

#[test]
fn grants_are_not_cut_before_they_are_granted_again() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    let said = perform(&opened, &doors, |_, step| step.operation.verb == "revoke-granted")?;
    assert!(matches!(said.as_slice(), [Err(ActError::Refused(_))]), "{said:?}");
    assert!(world.bystander_gets_in()?);
    Ok(())
}

#[test]
fn a_right_to_grant_that_is_not_the_owners_is_cut_too() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let chain = "set role data_owner; revoke select on shop.customers from bob cascade;
                 set role zoe; grant select on shop.customers to bob with grant option;
                 set role bob; grant select on shop.customers to ann with grant option;
                 set role ann; grant select on shop.customers to severance_twin";
    world.postgres()?.manage_in("orders", chain)?.text()?;
    let (opened, doors) = world.opened()?;
    perform(&opened, &doors, |_, _| true)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let granted = doors.iter().find(|it| it.native == "bob/granted/orders").context("no grants")?;
    assert_eq!(try_it(opened.probe.as_ref(), granted, false).state, DoorState::Closed);
    // What ann passed on hung on bob's grant, and hangs on the owner's now.
    let may = "select has_table_privilege('severance_twin', 'shop.customers', 'select')";
    assert_eq!(world.told("orders", may)?, "t");
    assert!(world.bystander_gets_in()?);
    Ok(())
}

#[test]
fn a_membership_that_a_superuser_granted_is_told_where_it_cannot_be_revoked() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    world.postgres()?.manage("grant readers to zoe")?.text()?;
    let opened = suite::open(&world)?;
    let doors = opened.doors.doors(&"cluster/zoe".into(), "zoe", &cx())?.doors;
    let said = perform(&opened, &doors, |door, _| door.kind == DoorKind::Membership)?;
    let tried = try_it(opened.probe.as_ref(), find(&doors, DoorKind::Membership)?, false);
    if world.told("postgres", "select current_setting('server_version_num')::int >= 160000")? == "t" {
        assert!(
            matches!(said.as_slice(), [Err(ActError::NotAllowed { lacking, .. })] if lacking.contains("postgres")),
            "{said:?}"
        );
        assert!(matches!(tried.state, DoorState::Open { .. }), "{tried:?}");
    } else {
        assert!(matches!(said.as_slice(), [Ok(receipt)] if receipt.said == Said::Done), "{said:?}");
        assert_eq!(tried.state, DoorState::Closed, "{tried:?}");
    }
    Ok(())
}

#[test]
fn inverses_put_things_back() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    perform(&opened, &doors, |_, _| true)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut undone = 0;
    for door in &doors {
        for draft in opened.action.steps(door) {
            let Inverse::By(operation) = draft.inverse.clone() else { continue };
            let back = StepDraft { operation, ..draft };
            let (said, again) = with_plan(&[(door, back)], |approved| {
                let mut steps = approved.steps();
                let step = steps.next().context("no step")?;
                Ok((opened.action.execute(&step, &cx())?, opened.action.execute(&step, &cx())?))
            })?;
            ensure!(said.said == Said::Done && !again.answer.is_empty(), "{}: {said:?} {again:?}", door.id);
            undone += 1;
        }
    }
    assert_eq!(undone, 6, "login, two memberships, two databases, one right to grant");
    let (_, again) = world.opened()?;
    let of = |doors: &[Door], part: &str| doors.iter().filter(|it| it.id.as_str().contains(part)).count();
    for part in ["/login/", "/membership/", "/owns/"] {
        assert_eq!(of(&again, part), of(&doors, part), "{part}");
    }
    let may = "set role bob; grant select on shop.customers to zoe";
    assert!(world.postgres()?.manage_in("orders", may)?.success, "its right to grant is not back");
    Ok(())
}

#[test]
fn where_no_password_is_asked_nologin_closes_and_the_verdict_says_so() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    world.postgres()?.admit("host all all 127.0.0.1/32 trust")?;
    let (opened, doors) = world.opened()?;
    let login = find(&doors, DoorKind::Login)?;
    let wrong = Secret::new("never set".to_owned());
    let trial = Trial { nonce: "severance-nonce-8", secret: Some(&wrong), replaced: false };
    let tried = opened.probe.try_door(login, &trial, &cx());
    assert!(matches!(tried.state, DoorState::Open { .. }), "any password lets in: {tried:?}");
    perform(&opened, &doors, |door, _| door.kind == DoorKind::Login)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let tried = try_it(opened.probe.as_ref(), login, true);
    assert_eq!(tried.state, DoorState::Closed, "{tried:?}");
    assert!(tried.evidence.contains("may not ask for a password"), "{tried:?}");
    Ok(())
}

#[test]
fn the_log_has_the_nonce_and_no_password() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    let login = find(&doors, DoorKind::Login)?;
    perform(&opened, &doors, |door, _| door.kind == DoorKind::Login)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    try_it(opened.probe.as_ref(), login, true);
    let ours = Here.derive(login.id.as_str());
    sever_testkit::wait_until("the nonce in the log", || {
        let log = world.postgres()?.json_log()?;
        ensure!(!log.contains(ours.expose().as_str()), "our password is in the log");
        Ok(log.contains("severance-nonce-7").then_some(()))
    })?;
    Ok(())
}

#[test]
fn what_may_not_be_seen_is_a_gap_and_never_closed() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let blind = "revoke pg_read_all_stats from severance_read, severance_probe;
                 revoke connect on database orders from public; grant connect on database orders to bob, ann";
    world.postgres()?.manage(blind)?.text()?;
    let (account, name) = world.leaver();
    let opened = suite::open(&world)?;
    let list = opened.doors.doors(&account, &name, &cx())?;
    assert_eq!(list.listing, sever_model::Listing::Partial);
    for scope in ["pg_read_all_stats", "GRANT CONNECT ON DATABASE orders"] {
        assert!(list.gaps.iter().any(|it| it.contains(scope)), "{scope}: {:?}", list.gaps);
    }
    // What it owns there is known all the same.
    assert!(list.doors.iter().any(|it| it.title == "owns 2 tables in orders"), "{:?}", list.doors);
    let hidden = world.told("postgres", "select pid from pg_stat_activity where usename = 'bob'")?;
    let mut door = Door::new(&"cluster".into(), DoorKind::LiveConnection, format!("{hidden}@1"));
    for (name, value) in [("role", "bob"), ("pid", hidden.as_str()), ("started", "1")] {
        door.attributes.insert(name.to_owned(), value.to_owned());
    }
    let tried = try_it(opened.probe.as_ref(), &door, false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Unexpected), "{tried:?}");
    Ok(())
}

#[test]
fn our_own_role_is_refused() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = opened.doors.doors(&"cluster/severance_cut".into(), "severance_cut", &cx())?.doors;
    let said = perform(&opened, &doors, |door, _| door.kind == DoorKind::Login)?;
    assert!(!said.is_empty() && said.iter().all(|it| matches!(it, Err(ActError::Refused(_)))), "{said:?}");
    Ok(())
}

#[test]
fn over_tls_the_server_is_known_by_its_certificate() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let postgres = world.postgres()?;
    let certificate = postgres.serve_tls()?;
    postgres.admit("hostnossl all all all reject")?;
    let probe = |settings: &[(&str, &str)]| -> Result<Box<dyn Probe>> {
        let mut connection = world.connection(For::Probing).context("no connection")?;
        connection.settings = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        let connector = sever_connect::connector("postgresql").ok().context("no connector")?;
        Ok(connector.open_probe.context("no probe")?(&connection)?)
    };
    let mut door = Door::new(&"cluster".into(), DoorKind::Login, "bob");
    door.attributes.insert("role".to_owned(), "bob".to_owned());
    let verify = [("ca", certificate.to_str().context("a path that is not UTF-8")?)];
    assert!(matches!(try_it(probe(&verify)?.as_ref(), &door, false).state, DoorState::Open { .. }));
    postgres.manage("alter role bob nologin")?.text()?;
    let own = Secret::new("bob-of-a-test".to_owned());
    let trial = Trial { nonce: "severance-nonce-9", secret: Some(&own), replaced: false };
    let tried = probe(&verify)?.try_door(&door, &trial, &cx());
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");

    // Whoever cannot show the certificate is not asked, and nothing it says counts.
    let other = postgres.serve_tls()?;
    let old = tempfile::NamedTempFile::new()?;
    std::fs::copy(&other, old.path())?;
    let stale = [("ca", old.path().to_str().context("a path that is not UTF-8")?)];
    postgres.serve_tls()?;
    let stale = probe(&stale)?;
    // Until the server has read its new one, the old one is good.
    sever_testkit::wait_until("the certificate to be another", || {
        let tried = stale.try_door(&door, &trial, &cx());
        Ok((tried.state == DoorState::Unknown(UnknownWhy::Unreachable)).then_some(()))
    })?;
    let tried = probe(&[("tls", "off")])?.try_door(&door, &trial, &cx());
    assert!(matches!(tried.state, DoorState::Unknown(_)), "{tried:?}");
    Ok(())
}

const CRON_ROLES: &str = "
grant usage on schema cron to severance_cut;
grant select, update (active) on cron.job to severance_cut;
create policy severance_cut on cron.job to severance_cut using (true);
grant usage on schema cron to severance_read, severance_probe;
grant select on cron.job to severance_read, severance_probe;
create policy severance on cron.job for select to severance_read, severance_probe using (true);
";

#[test]
fn jobs_of_pg_cron_are_doors_and_row_security_does_not_hide_them_quietly() -> Result<()> {
    let Some(postgres) = Postgres::start_with_cron()? else { return Ok(()) };
    let job = "create role bob; grant usage on schema cron to bob; set role bob; select cron.schedule('0 3 * * *', 'select 1')";
    // Before anything else is there, so that the job is made by a role that is nothing else.
    postgres.manage(job)?.text()?;
    let (roles, policy) = CRON_ROLES.split_once("create policy severance on").context("no policy")?;
    let world = peopled(postgres)?;
    world.postgres()?.manage(roles)?.text()?;
    let (account, name) = world.leaver();
    let opened = suite::open(&world)?;
    let list = opened.doors.doors(&account, &name, &cx())?;
    assert!(list.gaps.iter().any(|it| it.contains("CREATE POLICY")), "{:?}", list.gaps);
    assert_eq!(list.listing, sever_model::Listing::Partial);

    world.postgres()?.manage(&format!("create policy severance on {policy}"))?.text()?;
    let list = opened.doors.doors(&account, &name, &cx())?;
    assert!(list.gaps.is_empty(), "{:?}", list.gaps);
    let doors: Vec<Door> = list.doors.into_iter().filter(|it| it.native.contains("/job/")).collect();
    let [door] = doors.as_slice() else { panic!("no job, or more than one: {doors:?}") };
    assert!(matches!(try_it(opened.probe.as_ref(), door, false).state, DoorState::Open { .. }));
    perform(&opened, &doors, |_, _| true)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let tried = try_it(opened.probe.as_ref(), door, false);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
    assert_eq!(world.told("postgres", "select active from cron.job")?, "f");
    // Hidden again, it is not taken for gone.
    world.postgres()?.manage("drop policy severance on cron.job")?.text()?;
    let tried = try_it(opened.probe.as_ref(), door, false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::ControlFailed), "{tried:?}");
    Ok(())
}
