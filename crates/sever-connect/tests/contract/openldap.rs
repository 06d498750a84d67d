//! `openldap`, against a real slapd, by OpenLDAP's own clients.

mod faults;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sever_connect::{Connection, Login, connector};
use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{
    AccountId, Door, DoorKind, DoorState, Inverse, Secret, Span, StepDraft, UnknownWhy, VerdictStrength,
};
use sever_testkit::Slapd;

use crate::suite::{self, Expected, For, Opened, World, cx, execute, open, tried};

const BOB: &str = "bob-of-a-test";
const ZOE: &str = "zoe-of-a-test";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBobBobBobBobBobBobBobBobBobBobBobBobBobBobB bob@laptop";

/// A directory with Bob, who leaves, and Zoe, who stays.
struct Shop {
    slapd: Option<Slapd>,
    url: String,
    ca: String,
    /// Bob's `entryUUID`.
    id: String,
    twin: bool,
}

impl Shop {
    fn start(slapd: Option<Slapd>) -> Result<Option<Shop>> {
        let Some(slapd) = slapd else { return Ok(None) };
        slapd.add_staff()?;
        let certificate = std::fs::read_to_string(slapd.ca())?;
        let der: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
        let base = Slapd::BASE;
        let (bob, zoe, twin) = (Slapd::person("bob"), Slapd::person("zoe"), Slapd::TWIN.0);
        let entries = format!(
            "dn: {bob}\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nobjectClass: ldapPublicKey\nuid: bob\n\
             cn: Bob Ray\nsn: Ray\nuserPassword: {BOB}\nsshPublicKey: {KEY}\nuserCertificate;binary:: {der}\n\n\
             dn: {zoe}\nobjectClass: inetOrgPerson\nuid: zoe\ncn: Zoe\nsn: Zoe\nuserPassword: {ZOE}\n\n\
             dn: cn=signing,ou=groups,{base}\nobjectClass: groupOfNames\ncn: signing\nmember: {bob}\nmember: {twin}\n\n\
             dn: cn=unix,ou=groups,{base}\nobjectClass: posixGroup\ncn: unix\ngidNumber: 100\nmemberUid: bob\n\
             memberUid: zoe\n"
        );
        slapd.manage("ldapadd", &[], &entries)?.text()?;
        let found = slapd.manage("ldapsearch", &["-LLL", "-b", &bob, "-s", "base", "entryUUID"], "")?.text()?;
        let id = found.lines().find_map(|line| line.strip_prefix("entryUUID: ")).context("no id")?.to_owned();
        let (url, ca) = (slapd.url(), slapd.ca().display().to_string());
        Ok(Some(Shop { slapd: Some(slapd), url, ca, id, twin: true }))
    }

    fn slapd(&self) -> Result<&Slapd> {
        self.slapd.as_ref().context("it was stopped")
    }

    /// Whether a comparison by a real client is true.
    fn compares(&self, dn: &str, assertion: &str) -> Result<bool> {
        Ok(self.slapd()?.manage("ldapcompare", &[dn, assertion], "")?.stdout.contains("TRUE"))
    }

    fn signs_in(&self, uid: &str, password: &str) -> Result<bool> {
        Ok(self.slapd()?.ask("ldapwhoami", (&Slapd::person(uid), password), &[], "")?.success)
    }

    /// Its doors of one kind.
    fn doors_of(&self, opened: &Opened, kind: DoorKind) -> Result<Vec<Door>> {
        let (account, login) = self.leaver();
        let list = opened.doors.doors(&account, &login, &cx())?;
        Ok(list.doors.into_iter().filter(|door| door.kind == kind).collect())
    }

    fn login_door(&self, opened: &Opened) -> Result<Door> {
        self.doors_of(opened, DoorKind::Login)?.into_iter().next().context("no login")
    }

    fn modify(&self, dn: &str, change: &str) -> Result<()> {
        self.slapd()?.manage("ldapmodify", &[], &format!("dn: {dn}\nchangetype: modify\n{change}\n"))?.text()?;
        Ok(())
    }
}

impl World for Shop {
    fn connector(&self) -> &'static str {
        "openldap"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let (user, secret) = match what {
            For::Reading => Slapd::READING,
            For::Cutting => Slapd::CUTTING,
            For::Probing => Slapd::PROBING,
            For::ProbingWrongly => ("cn=severance-nobody,ou=services,dc=shop,dc=example", "wrong"),
        };
        let login =
            |(user, secret): (&str, &str)| Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) };
        let settings = [("base", Slapd::BASE), ("policy", Slapd::POLICY)];
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(Connection {
            id: "directory".into(),
            system: "ldap".into(),
            url: self.url.clone(),
            settings: settings.collect::<BTreeMap<_, _>>(),
            login: Some(login((user, secret))),
            twin: self.twin.then(|| login(Slapd::TWIN)),
        })
    }

    fn leaver(&self) -> (AccountId, String) {
        (format!("ldap/{}", self.id).into(), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![(DoorKind::Login, 1), (DoorKind::SshKey, 1), (DoorKind::Certificate, 1), (DoorKind::Membership, 2)]
    }

    fn expected(&self, door: &Door) -> Expected {
        match door.kind {
            DoorKind::Login => Expected::TRIED,
            _ => Expected::OBSERVED,
        }
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        (door.kind == DoorKind::Login).then(|| Secret::new(BOB.to_owned()))
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let bob = Slapd::person("bob");
        let held = |attribute: &str| -> Result<bool> {
            let words = ["-LLL", "-b", &bob, "-s", "base", attribute];
            Ok(self.slapd()?.ask("ldapsearch", (&Slapd::person("zoe"), ZOE), &words, "")?.text()?.contains(attribute))
        };
        Ok(Some(match door.kind {
            DoorKind::Login => self.signs_in("bob", BOB)?,
            // As the `AuthorizedKeysCommand` of a host asks.
            DoorKind::SshKey => held("sshPublicKey")?,
            DoorKind::Certificate => held("userCertificate")?,
            _ if !door.attribute("memberUid").is_empty() => {
                self.compares(&format!("cn=unix,ou=groups,{}", Slapd::BASE), "memberUid:bob")?
            }
            _ => self.compares(&format!("cn=signing,ou=groups,{}", Slapd::BASE), &format!("member:{bob}"))?,
        }))
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        let unix = self.compares(&format!("cn=unix,ou=groups,{}", Slapd::BASE), "memberUid:zoe")?;
        Ok(self.signs_in("zoe", ZOE)? && unix)
    }

    fn stop(&mut self) {
        self.slapd = None;
    }
}

/// The drafts of a door.
fn drafts<'a>(opened: &Opened, door: &'a Door) -> Vec<(&'a Door, StepDraft)> {
    opened.action.steps(door).into_iter().map(|step| (door, step)).collect()
}

fn probe_of(shop: &Shop) -> Result<Box<dyn Probe>> {
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let connection = shop.connection(For::Probing).context("no connection")?;
    Ok(connector.open_probe.context("no probe")?(&connection)?)
}

fn replaced(probe: &dyn Probe, door: &Door) -> Tried {
    probe.try_door(door, &Trial { nonce: "severance-test-nonce", secret: None, replaced: true }, &cx())
}

fn with_secret(probe: &dyn Probe, door: &Door, secret: &str) -> Tried {
    let secret = Secret::new(secret.to_owned());
    let trial = Trial { nonce: "severance-test-nonce", secret: Some(&secret), replaced: false };
    probe.try_door(door, &trial, &cx())
}

#[test]
fn keeps_the_contract() -> Result<()> {
    let Some(mut shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    suite::keeps(&mut shop)
}

#[test]
fn a_login_is_proven_closed_by_our_own_password_and_the_nonce_is_logged() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let door = shop.login_door(&opened)?;
    assert!(shop.signs_in("bob", BOB)?);
    let door = Door { last_used: shop.login_door(&opened)?.last_used, ..door };
    assert!(door.last_used.is_some(), "lastbind is not read: {door:?}");
    execute(&opened, &drafts(&opened, &door))?;
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!((seen.state, seen.strength), (DoorState::Closed, VerdictStrength::Tried), "{}", seen.evidence);
    assert!(seen.evidence.contains("accountLocked"), "{}", seen.evidence);
    assert!(shop.slapd()?.stats_log().contains("uid=severance-test-nonce"));
    // The end of the Unix account is read where hosts read it.
    assert!(shop.compares(&Slapd::person("bob"), "shadowExpire:1")?);
    Ok(())
}

#[test]
fn without_disclosure_a_twin_decides_and_without_a_twin_nobody_knows() -> Result<()> {
    let Some(mut shop) = Shop::start(Slapd::start_silent()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let door = shop.login_door(&opened)?;
    execute(&opened, &drafts(&opened, &door))?;
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
    assert!(seen.controls.iter().any(|control| control.what.contains("twin") && control.held), "{seen:?}");
    shop.twin = false;
    let seen = replaced(probe_of(&shop)?.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::Ambiguous), "{seen:?}");
    Ok(())
}

#[test]
fn a_reset_by_somebody_else_lifts_the_lock_and_is_seen() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let door = shop.login_door(&opened)?;
    let steps = drafts(&opened, &door);
    execute(&opened, &steps)?;
    // Our own reset, again and by itself, does not lift it.
    let reset: Vec<_> = steps.into_iter().filter(|(_, step)| step.replaces_secret).collect();
    execute(&opened, &reset)?;
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
    shop.slapd()?.manage("ldappasswd", &["-s", "new-of-a-test", &Slapd::person("bob")], "")?.text()?;
    assert!(shop.signs_in("bob", "new-of-a-test")?);
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::Ambiguous), "our password is not theirs now: {seen:?}");
    let seen = with_secret(opened.probe.as_ref(), &door, "new-of-a-test");
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    Ok(())
}

#[test]
fn a_policy_that_does_not_enforce_locks_leaves_the_login_open() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    shop.modify(Slapd::POLICY, "replace: pwdLockout\npwdLockout: FALSE")?;
    let door = shop.login_door(&opened)?;
    execute(&opened, &drafts(&opened, &door))?;
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Open { until: None }, "the receipt said that it is locked: {seen:?}");
    Ok(())
}

#[test]
fn without_a_password_policy_a_reset_is_all_there_is_and_is_no_proof() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let connection = |what| -> Result<Connection> {
        let mut connection = shop.connection(what).context("no connection")?;
        for name in ["lock", "policy"] {
            connection.settings.insert(name.to_owned(), "none".to_owned());
        }
        Ok(connection)
    };
    let action = connector.open_action.context("no action")?(&connection(For::Cutting)?)?;
    let probe = connector.open_probe.context("no probe")?(&connection(For::Probing)?)?;
    let opened = Opened { action, probe, ..open(&shop)? };
    let door = shop.login_door(&opened)?;
    let steps = drafts(&opened, &door);
    ensure!(steps.iter().all(|(_, step)| step.operation.verb != "lock-account"), "{steps:?}");
    execute(&opened, &steps)?;
    assert!(!shop.signs_in("bob", BOB)?);
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!((&seen.state, seen.strength), (&DoorState::Closed, VerdictStrength::Observed), "{seen:?}");
    shop.slapd()?.manage("ldappasswd", &["-s", "new-of-a-test", &Slapd::person("bob")], "")?.text()?;
    let seen = replaced(opened.probe.as_ref(), &door);
    assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::Ambiguous), "{seen:?}");
    Ok(())
}

#[test]
fn nobody_is_locked_out_by_trying() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let door = shop.login_door(&opened)?;
    // Five wrong passwords lock an account.
    for _ in 0..4 {
        assert!(!shop.signs_in("bob", "wrong")?);
    }
    for _ in 0..3 {
        let seen = with_secret(opened.probe.as_ref(), &door, "wrong too");
        assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::NotPermitted), "{seen:?}");
    }
    assert!(shop.signs_in("bob", BOB)?, "trying locked the account");
    Ok(())
}

#[test]
fn an_open_connection_stays_open_until_its_client_ends_it() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let mut live = ldap3::LdapConn::new(&shop.url)?;
    live.simple_bind(&Slapd::person("bob"), BOB)?.success()?;
    let doors = shop.doors_of(&opened, DoorKind::LiveConnection)?;
    let [door] = doors.as_slice() else { anyhow::bail!("{doors:?}") };
    assert!(opened.action.steps(door).is_empty());
    let login = shop.login_door(&opened)?;
    execute(&opened, &drafts(&opened, &login))?;
    let seen = tried(&shop, opened.probe.as_ref(), door, false);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    // It still does what it could, whatever became of the account.
    let found = live.search(Slapd::BASE, ldap3::Scope::Base, "(objectClass=*)", ["dc"])?;
    assert_eq!(found.success()?.0.len(), 1);
    drop(live);
    sever_testkit::wait_until("the connection to be gone", || {
        let seen = tried(&shop, opened.probe.as_ref(), door, false);
        Ok((seen.state == DoorState::Closed).then_some(()))
    })
}

#[test]
fn what_was_cut_is_put_back_by_the_inverse() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let (account, login) = shop.leaver();
    let doors = opened.doors.doors(&account, &login, &cx())?.doors;
    let steps: Vec<_> = doors.iter().flat_map(|door| drafts(&opened, door)).collect();
    execute(&opened, &steps)?;
    for door in &doors {
        assert_eq!(shop.gets_in(door)?, Some(false), "{}", door.id);
    }
    let undone = steps.iter().filter_map(|(door, step)| match &step.inverse {
        Inverse::By(operation) => Some((*door, StepDraft { operation: operation.clone(), ..step.clone() })),
        _ => None,
    });
    let undone: Vec<_> = undone.collect();
    execute(&opened, &undone)?;
    execute(&opened, &undone).context("again")?;
    for door in doors.iter().filter(|door| door.kind != DoorKind::Login) {
        assert_eq!(shop.gets_in(door)?, Some(true), "{}", door.id);
    }
    // The lock is lifted; the password stays ours.
    let seen = replaced(opened.probe.as_ref(), &shop.login_door(&opened)?);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    assert!(!shop.signs_in("bob", BOB)?);
    Ok(())
}

#[test]
fn the_last_member_of_a_group_is_refused_in_words() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let group = format!("cn=signing,ou=groups,{}", Slapd::BASE);
    shop.modify(&group, &format!("delete: member\nmember: {}", Slapd::TWIN.0))?;
    let doors = shop.doors_of(&opened, DoorKind::Membership)?;
    let door = doors.iter().find(|door| !door.attribute("member").is_empty()).context("no group")?;
    let refused = execute(&opened, &drafts(&opened, door)).err().context("it was done")?;
    assert!(format!("{refused:#}").contains("must have a member"), "{refused:#}");
    let seen = tried(&shop, opened.probe.as_ref(), door, false);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    Ok(())
}

#[test]
fn what_may_not_be_seen_is_a_gap_and_never_closed() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let as_somebody = |dn: String, secret: &str| -> Result<Connection> {
        let mut connection = shop.connection(For::Probing).context("no connection")?;
        connection.login = Some(Login { user: dn, secret: Secret::new(secret.to_owned()) });
        Ok(connection)
    };
    let (account, login) = shop.leaver();
    // Zoe may read people, and not the monitor.
    let reader = connector.open_doors.context("no doors")?(&as_somebody(Slapd::person("zoe"), ZOE)?)?;
    let list = reader.doors(&account, &login, &cx())?;
    ensure!(list.gaps.iter().any(|gap| gap.contains("cn=Monitor")), "{:?}", list.gaps);
    assert_eq!(list.listing, sever_model::Listing::Partial);
    // A service that nobody gave anything sees nothing: that is no empty listing.
    let stranger = format!("cn=stranger,ou=services,{}", Slapd::BASE);
    let entry = format!(
        "dn: {stranger}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: stranger\n\
         userPassword: stranger-of-a-test\n"
    );
    shop.slapd()?.manage("ldapadd", &[], &entry)?.text()?;
    let stranger = as_somebody(stranger, "stranger-of-a-test")?;
    let reader = connector.open_doors.context("no doors")?(&stranger)?;
    ensure!(reader.doors(&account, &login, &cx()).is_err(), "nothing seen, and listed as nothing there");
    let probe = connector.open_probe.context("no probe")?(&stranger)?;
    for door in list.doors {
        let seen = replaced(probe.as_ref(), &door);
        ensure!(matches!(seen.state, DoorState::Unknown(_)), "{}: {seen:?}", door.id);
    }
    Ok(())
}

#[test]
fn a_door_that_only_facts_tell_of_is_neither_closed_nor_seen_closed() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    for kind in [DoorKind::Login, DoorKind::Membership, DoorKind::SshKey, DoorKind::Certificate] {
        let door = Door::new(&"ldap".into(), kind, &shop.id);
        ensure!(opened.action.steps(&door).is_empty(), "a step for a door that names no entry: {kind}");
        let seen = replaced(opened.probe.as_ref(), &door);
        ensure!(seen.state == DoorState::Unknown(UnknownWhy::NoProbe), "{kind}: {seen:?}");
    }
    // Whatever stands in a plan: what names no entry is not done to whoever is bound.
    let door = shop.login_door(&opened)?;
    let mut steps = opened.action.steps(&door);
    steps.retain(|step| step.replaces_secret);
    for step in &mut steps {
        step.operation.target.clear();
        step.operation.arguments.insert("dn".to_owned(), String::new());
        let done = execute(&opened, &[(&door, step.clone())]);
        ensure!(done.is_err(), "a password was replaced of nobody by name");
    }
    let (dn, secret) = Slapd::CUTTING;
    ensure!(shop.slapd()?.ask("ldapwhoami", (dn, secret), &[], "")?.success, "our own password was replaced");
    Ok(())
}

#[test]
fn starttls_with_an_authority_of_ones_own() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let (account, login) = shop.leaver();
    let doors = |ca: Option<&str>| -> Result<bool> {
        let mut connection = shop.connection(For::Reading).context("no connection")?;
        connection.settings.insert("starttls".to_owned(), "true".to_owned());
        if let Some(ca) = ca {
            connection.settings.insert("ca".to_owned(), ca.to_owned());
        }
        let reader = connector.open_doors.context("no doors")?(&connection)?;
        Ok(reader.doors(&account, &login, &cx()).is_ok())
    };
    assert!(doors(Some(&shop.ca))?, "a trusted server is refused");
    assert!(shop.slapd()?.stats_log().contains("TLS established"));
    assert!(!doors(None)?, "a server that nobody vouches for is believed");
    Ok(())
}

#[test]
fn the_rules_of_the_page_are_those_that_the_tests_ran_under() -> Result<()> {
    let Some(slapd) = Slapd::start()? else { return Ok(()) };
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let configured: Vec<String> = slapd.configuration()?.lines().map(plain).collect();
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let (_, rules) = connector.roles.split_once("```text\n").context("no rules")?;
    let (rules, _) = rules.split_once("```").context("no end of the rules")?;
    let rules: Vec<String> = rules.lines().filter(|line| !line.starts_with('#')).map(plain).collect();
    ensure!(rules.iter().any(|rule| rule.starts_with("access to attrs=userPassword")), "{rules:?}");
    // In their order, as one block: the first rule that fits is the one that counts.
    let stands = configured.windows(rules.len()).any(|lines| lines == rules.as_slice());
    ensure!(stands, "{rules:#?} is not in {configured:#?}");
    Ok(())
}

/// A directory that answers every question with these bytes.
fn impostor(answer: &[u8]) -> Result<String> {
    let answer = answer.to_vec();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("ldap://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut asked = [0; 4096];
                while stream.read(&mut asked).is_ok_and(|count| count > 0) {
                    if stream.write_all(&answer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(url)
}

#[test]
fn a_replica_silence_and_nonsense_are_unknown() -> Result<()> {
    // Brackets within brackets, which a parser that calls itself would follow until its stack ends.
    // Written from its end.
    let mut brackets = vec![0x00, 0x04];
    for _ in 0..50_000 {
        let length = (brackets.len() as u32).to_be_bytes();
        brackets.extend(length.iter().rev().chain(&[0x84, 0x30]));
    }
    brackets.reverse();
    let answers: [(&str, &[u8]); 7] = [
        ("a message of brackets", &brackets),
        ("silence", b""),
        ("a referral", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x0a\x04\x00\x04\x00"),
        ("unavailable", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x34\x04\x00\x04\x00"),
        ("HTTP", b"HTTP/1.1 200 OK\r\n\r\n<html>"),
        ("no bind's answer", b"\x30\x05\x02\x01\x01\x61\x00"),
        ("a result that is not text", b"\x30\x0e\x02\x01\x01\x61\x09\x0a\x01\x00\x04\x02\xff\xfe\x04\x00"),
    ];
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let hasty = Cx { patience: Span::secs(1), ..cx() };
    for (what, answer) in answers {
        let url = impostor(answer)?;
        let shop = Shop { slapd: None, url, ca: String::new(), id: "bob".to_owned(), twin: true };
        let connection = shop.connection(For::Probing).context("no connection")?;
        let probe = connector.open_probe.context("no probe")?(&connection)?;
        let reader = connector.open_doors.context("no doors")?(&connection)?;
        let (account, login) = shop.leaver();
        ensure!(reader.doors(&account, &login, &hasty).is_err(), "{what}: doors are listed");
        for kind in [DoorKind::Login, DoorKind::Membership, DoorKind::SshKey, DoorKind::LiveConnection] {
            let mut door = Door::new(&"ldap".into(), kind, "bob");
            door.attributes.insert("dn".to_owned(), Slapd::person("bob"));
            let trial = Trial { nonce: "severance-test-nonce", secret: None, replaced: true };
            let seen = probe.try_door(&door, &trial, &hasty);
            ensure!(matches!(seen.state, DoorState::Unknown(_)), "{what}: {seen:?}");
            if what == "silence" {
                assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::TimedOut));
            }
        }
    }
    Ok(())
}

#[test]
fn no_secret_is_in_steps_receipts_or_verdicts() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let (account, login) = shop.leaver();
    let list = opened.doors.doors(&account, &login, &cx())?;
    let steps: Vec<_> = list.doors.iter().flat_map(|door| drafts(&opened, door)).collect();
    execute(&opened, &steps)?;
    let mut said = format!("{list:?} {steps:?}");
    for door in &list.doors {
        said.push_str(&format!("{:?}", replaced(opened.probe.as_ref(), door)));
        said.push_str(&format!("{:?}", with_secret(opened.probe.as_ref(), door, BOB)));
        let ours = cx().secrets.derive(door.id.as_str());
        let coded = BASE64_STANDARD.encode(ours.expose());
        ensure!(!said.contains(ours.expose().as_str()) && !said.contains(&coded), "our secret is told");
    }
    ensure!(!said.contains(BOB), "theirs is told");
    ensure!(!shop.slapd()?.stats_log().contains(BOB), "it is logged");
    Ok(())
}
