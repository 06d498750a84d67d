//! `active-directory`, against a real Samba as a domain controller, by OpenLDAP's own clients.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sever_connect::{Connection, Login, connector};
use sever_model::act::{Probe, Trial, Tried};
use sever_model::{AccountId, Door, DoorKind, DoorState, Secret, StepDraft, UnknownWhy, VerdictStrength};
use sever_testkit::SambaAdDc;

use crate::suite::{self, Expected, For, Opened, World, cx, execute, open, tried};

const BOB: &str = "Bob-0f-a-test";
const ZOE: &str = "Zoe-0f-a-test";
const TWIN: &str = "Twin-0f-a-test";
const READING: &str = "Reading-0f-a-test";
const PROBING: &str = "Probing-0f-a-test";
const CUTTING: &str = "Cutting-0f-a-test";

/// The rights of the cutting account, as its page says: reset of the password of a user; its flags, its
/// end, its certificates, its mapped identities; the members of a group.
const RIGHTS: [&str; 6] = [
    "(OA;CI;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;{})",
    "(OA;CI;RPWP;bf967a68-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;{})",
    "(OA;CI;RPWP;bf967915-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;{})",
    "(OA;CI;RPWP;bf967a7f-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;{})",
    "(OA;CI;RPWP;00fbf30c-91fe-11d1-aebc-0000f80367c1;bf967aba-0de6-11d0-a285-00aa003049e2;{})",
    "(OA;CI;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;{})",
];

/// A process has one address for a controller.
static ONE: Mutex<()> = Mutex::new(());

/// A domain with Bob, who leaves, and Zoe, who stays. Bob is in `signers` by name, and by that in `keyholders`.
struct Shop {
    samba: Option<SambaAdDc>,
    url: String,
    ca: String,
    /// Bob's `objectGUID`.
    id: String,
    _one: MutexGuard<'static, ()>,
}

impl Shop {
    fn start() -> Result<Option<Shop>> {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(samba) = SambaAdDc::start()? else { return Ok(None) };
        for (name, password) in [
            ("bob", BOB),
            ("zoe", ZOE),
            ("severance-twin", TWIN),
            ("severance-reading", READING),
            ("severance-probing", PROBING),
            ("severance-cutting", CUTTING),
        ] {
            samba.add_user(name, password)?;
        }
        for right in RIGHTS {
            samba.delegate("severance-cutting", right)?;
        }
        let pem = std::fs::read_to_string(samba.ca())?;
        let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let named = SambaAdDc::named;
        let group = |name: &str, members: &[&str]| {
            let members: String = members.iter().map(|it| format!("member: {}\n", named(it))).collect();
            let dn = named(name);
            format!("dn: {dn}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n{members}\n")
        };
        let keys = |name: &str| {
            format!(
                "dn: {}\nchangetype: modify\nadd: userCertificate\nuserCertificate:: {der}\n-\n\
                 add: altSecurityIdentities\naltSecurityIdentities: Kerberos:{name}@partner.example\n-\n\n",
                named(name)
            )
        };
        let entries = [
            group("signers", &["bob", "zoe"]),
            group("keyholders", &["signers", "severance-twin"]),
            keys("bob"),
            keys("severance-twin"),
        ];
        samba.manage("ldapmodify", &[], &entries.concat())?.text()?;
        let words = ["-LLL", "-b", &named("bob"), "-s", "base", "objectGUID"];
        let found = samba.manage("ldapsearch", &words, "")?.text()?;
        let coded = found.lines().find_map(|line| line.strip_prefix("objectGUID:: ")).context("no id")?;
        let id = guid(&BASE64_STANDARD.decode(coded)?).context("no GUID")?;
        let (url, ca) = (samba.url(), samba.ca().display().to_string());
        Ok(Some(Shop { samba: Some(samba), url, ca, id, _one: one }))
    }

    fn samba(&self) -> Result<&SambaAdDc> {
        self.samba.as_ref().context("it was stopped")
    }

    fn signs_in(&self, name: &str, password: &str) -> Result<bool> {
        let search = ["-LLL", "-b", SambaAdDc::BASE, "-s", "base", "dn"];
        Ok(self.samba()?.ask("ldapsearch", (&format!("{name}@shop.example"), password), &search, "")?.success)
    }

    /// Whether somebody is found below a filter, by a real client.
    fn finds(&self, name: &str, filter: &str) -> Result<bool> {
        let dn = SambaAdDc::named(name);
        let words = ["-LLL", "-b", &dn, "-s", "base", filter, "dn"];
        Ok(self.samba()?.manage("ldapsearch", &words, "")?.text()?.contains("dn: "))
    }

    fn modify(&self, dn: &str, change: &str) -> Result<()> {
        self.samba()?.manage("ldapmodify", &[], &format!("dn: {dn}\nchangetype: modify\n{change}\n-\n"))?.text()?;
        Ok(())
    }

    fn doors_of(&self, opened: &Opened, kind: DoorKind) -> Result<Vec<Door>> {
        let (account, login) = self.leaver();
        let list = opened.doors.doors(&account, &login, &cx())?;
        Ok(list.doors.into_iter().filter(|door| door.kind == kind).collect())
    }
}

/// A GUID as it is written (MS-DTYP 2.3.4.3).
fn guid(bytes: &[u8]) -> Option<String> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = <&[u8; 16]>::try_from(bytes).ok()?;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let (first, last) = rest.split_at_checked(2)?;
    Some(format!("{}-{}-{}-{}-{}", hex(&[*d, *c, *b, *a]), hex(&[*f, *e]), hex(&[*h, *g]), hex(first), hex(last)))
}

fn named(name: &str, secret: &str) -> Login {
    Login { user: format!("{name}@shop.example"), secret: Secret::new(secret.to_owned()) }
}

impl World for Shop {
    fn connector(&self) -> &'static str {
        "active-directory"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let login = match what {
            For::Reading => named("severance-reading", READING),
            For::Cutting => named("severance-cutting", CUTTING),
            For::Probing => named("severance-probing", PROBING),
            For::ProbingWrongly => named("severance-nobody", "wrong"),
        };
        let settings = [("base", SambaAdDc::BASE), ("ca", self.ca.as_str())];
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(Connection {
            id: "domain".into(),
            system: "ad".into(),
            url: self.url.clone(),
            settings: settings.collect::<BTreeMap<_, _>>(),
            login: Some(login),
            twin: Some(named("severance-twin", TWIN)),
        })
    }

    fn leaver(&self) -> (AccountId, String) {
        (format!("ad/{}", self.id).into(), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        let kinds = [DoorKind::Login, DoorKind::Certificate, DoorKind::Membership, DoorKind::Delegation];
        kinds.into_iter().map(|kind| (kind, if kind == DoorKind::Membership { 2 } else { 1 })).collect()
    }

    fn stays_unseen(&self, gap: &str) -> Option<&'static str> {
        gap.contains("Kerberos tickets").then_some("a controller lists no tickets")
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
        Ok(Some(match door.kind {
            DoorKind::Login => self.signs_in("bob", BOB)?,
            DoorKind::Certificate => self.finds("bob", "(userCertificate=*)")?,
            DoorKind::Delegation => self.finds("bob", "(altSecurityIdentities=*)")?,
            _ => {
                let group = door.attribute("group");
                self.finds("bob", &format!("(memberOf:1.2.840.113556.1.4.1941:={group})"))?
            }
        }))
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        Ok(self.signs_in("zoe", ZOE)? && self.finds("zoe", &format!("(memberOf={})", SambaAdDc::named("signers")))?)
    }

    fn stop(&mut self) {
        self.samba = None;
    }
}

fn drafts<'a>(opened: &Opened, door: &'a Door) -> Vec<(&'a Door, StepDraft)> {
    opened.action.steps(door).into_iter().map(|step| (door, step)).collect()
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
    let Some(mut shop) = Shop::start()? else { return Ok(()) };
    suite::keeps(&mut shop)
}

/// One domain for all of its traps, for each takes seconds to make.
#[test]
fn its_traps() -> Result<()> {
    let Some(shop) = Shop::start()? else { return Ok(()) };
    let opened = open(&shop)?;
    nobody_is_locked_out_by_trying(&shop, &opened).context("lockout")?;
    a_group_within_a_group_remains(&shop, &opened).context("groups")?;
    a_delegation_is_seen_and_removed(&shop).context("delegation")?;
    the_difference_is_the_proof(&shop, &opened).context("login")?;
    who_is_made_anew_is_open(&shop, &opened).context("made anew")?;
    what_the_server_may_not_be(&shop).context("server")
}

fn nobody_is_locked_out_by_trying(shop: &Shop, opened: &Opened) -> Result<()> {
    let doors = shop.doors_of(opened, DoorKind::Login)?;
    let door = doors.first().context("no login")?;
    shop.modify(SambaAdDc::BASE, "replace: lockoutThreshold\nlockoutThreshold: 3")?;
    for _ in 0..2 {
        ensure!(!shop.signs_in("bob", "wrong")?);
    }
    for _ in 0..3 {
        let seen = with_secret(opened.probe.as_ref(), door, "wrong too");
        assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::NotPermitted), "{seen:?}");
    }
    ensure!(shop.signs_in("bob", BOB)?, "trying locked the account");
    shop.modify(SambaAdDc::BASE, "replace: lockoutThreshold\nlockoutThreshold: 0")
}

fn a_group_within_a_group_remains(shop: &Shop, opened: &Opened) -> Result<()> {
    // He is in the outer group by name too, when the doors are listed; the step takes him out by name only.
    let (outer, bob) = (SambaAdDc::named("keyholders"), SambaAdDc::named("bob"));
    shop.modify(&outer, &format!("add: member\nmember: {bob}"))?;
    let doors = shop.doors_of(opened, DoorKind::Membership)?;
    let door = doors.iter().find(|door| door.attribute("group") == outer).context("no outer group")?;
    ensure!(door.title.contains("and by signers"), "{}", door.title);
    let (by_name, rest): (Vec<_>, Vec<_>) =
        drafts(opened, door).into_iter().partition(|(_, step)| step.operation.arguments.get("dn") == Some(&outer));
    execute(opened, &by_name)?;
    ensure!(!shop.finds("bob", &format!("(memberOf={outer})"))?, "the step did nothing");
    let seen = tried(shop, opened.probe.as_ref(), door, false);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    ensure!(seen.evidence.contains("by another group"), "{}", seen.evidence);
    execute(opened, &rest)?;
    let seen = tried(shop, opened.probe.as_ref(), door, false);
    assert_eq!((seen.state, seen.strength), (DoorState::Closed, VerdictStrength::Observed), "{}", seen.evidence);
    Ok(())
}

fn a_delegation_is_seen_and_removed(shop: &Shop) -> Result<()> {
    // Removing it needs a user right that only administrators have.
    let (name, secret) = SambaAdDc::administrator();
    let connector = connector("active-directory").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let mut connection = shop.connection(For::Cutting).context("no connection")?;
    connection.login = Some(Login { user: name.to_owned(), secret: Secret::new(secret.to_owned()) });
    let action = connector.open_action.context("no action")?(&connection)?;
    let opened = Opened { action, ..open(shop)? };
    for account in ["bob", "severance-twin"] {
        let dn = SambaAdDc::named(account);
        shop.modify(&dn, "add: msDS-AllowedToDelegateTo\nmsDS-AllowedToDelegateTo: HOST/dc1.shop.example")?;
    }
    let doors = shop.doors_of(&opened, DoorKind::Delegation)?;
    let door = doors.iter().find(|it| it.title.contains("HOST/dc1")).context("no delegation")?;
    let seen = tried(shop, opened.probe.as_ref(), door, false);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    for _ in 0..2 {
        execute(&opened, &drafts(&opened, door))?;
    }
    let seen = tried(shop, opened.probe.as_ref(), door, false);
    assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
    Ok(())
}

fn the_difference_is_the_proof(shop: &Shop, opened: &Opened) -> Result<()> {
    let doors = shop.doors_of(opened, DoorKind::Login)?;
    let door = doors.first().context("no login")?;
    let (first, rest) = {
        let mut steps = drafts(opened, door);
        let rest = steps.split_off(1);
        (steps, rest)
    };
    // Disabled, and the password still theirs: theirs is the right one, ours a wrong one.
    execute(opened, &first)?;
    let seen = with_secret(opened.probe.as_ref(), door, BOB);
    assert_eq!((seen.state, seen.strength), (DoorState::Closed, VerdictStrength::Tried), "{}", seen.evidence);
    ensure!(seen.evidence.contains("data 533"), "{}", seen.evidence);
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::Ambiguous), "the reset was not done: {seen:?}");
    ensure!(seen.evidence.contains("data 52e"), "{}", seen.evidence);
    execute(opened, &rest)?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
    let seen = with_secret(opened.probe.as_ref(), door, BOB);
    assert_eq!(seen.state, DoorState::Unknown(UnknownWhy::Ambiguous), "theirs is a wrong one now: {seen:?}");
    ensure!(seen.evidence.contains("data 52e"), "the one before is believed for an hour: {}", seen.evidence);
    // Enabled again by somebody: what is left is that it has ended.
    let bob = SambaAdDc::named("bob");
    shop.modify(&bob, "replace: userAccountControl\nuserAccountControl: 512")?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
    ensure!(seen.evidence.contains("data 701"), "{}", seen.evidence);
    shop.modify(&bob, "replace: accountExpires\naccountExpires: 0")?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    // The right password that must be changed first is no closed door.
    shop.modify(&bob, "replace: pwdLastSet\npwdLastSet: 0")?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    ensure!(shop.samba()?.audit_log()?.contains("severance-test-nonce"), "the nonce is not logged");
    Ok(())
}

/// Somebody is deleted, and made anew under the same login (JIT): another entry, and a way in again.
fn who_is_made_anew_is_open(shop: &Shop, opened: &Opened) -> Result<()> {
    let doors = shop.doors_of(opened, DoorKind::Login)?;
    let door = doors.first().context("no login")?;
    shop.samba()?.manage("ldapdelete", &[&SambaAdDc::named("bob")], "")?.text()?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!((&seen.state, seen.strength), (&DoorState::Closed, VerdictStrength::Observed), "{seen:?}");
    shop.samba()?.add_user("bob", BOB)?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
    let (account, login) = shop.leaver();
    let list = opened.doors.doors(&account, &login, &cx())?;
    ensure!(list.doors.is_empty() && list.gaps.iter().any(|gap| gap.contains("another goes by its name")), "{list:?}");
    Ok(())
}

fn what_the_server_may_not_be(shop: &Shop) -> Result<()> {
    let connector = connector("active-directory").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let (account, login) = shop.leaver();
    let mut connection = shop.connection(For::Reading).context("no connection")?;
    connection.settings.remove("ca");
    let reader = connector.open_doors.context("no doors")?(&connection)?;
    ensure!(reader.doors(&account, &login, &cx()).is_err(), "a server that nobody vouches for is believed");
    connection.url = "ldap://127.0.0.1".to_owned();
    ensure!(connector.open_action.context("no action")?(&connection).is_err(), "it would send a password in clear");
    Ok(())
}
