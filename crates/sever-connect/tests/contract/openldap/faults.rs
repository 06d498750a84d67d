//! A directory that others change while it is listed, in which somebody is made anew, or whose clock is
//! hours from ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use sever_connect::connector;
use sever_model::act::Clock as _;
use sever_model::{DoorKind, DoorState, Listing, VerdictStrength};
use sever_testkit::{Moment, Pass, Slapd, Wire};

use super::{BOB, KEY, Shop, drafts, replaced};
use crate::suite::{self, For, Here, World as _, cx, execute, open};

/// slapd goes on by the number of an entry and not by counting: what is removed or added between two
/// pages moves nothing else.
#[test]
fn what_others_change_between_two_pages_hides_nothing_else() -> Result<()> {
    let Some(mut shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let (base, bob, twin) = (Slapd::BASE, Slapd::person("bob"), Slapd::TWIN.0);
    let group = |at: u32| format!("cn=team-{at:04},ou=groups,{base}");
    let entry = |at: u32| format!("dn: {}\nobjectClass: groupOfNames\nmember: {bob}\nmember: {twin}\n\n", group(at));
    shop.slapd()?.manage("ldapadd", &[], &(0..450).map(entry).collect::<String>())?.text()?;
    // The first page has 400: of those some go, and of what was not listed yet some come and go.
    let slapd = Arc::new(shop.slapd.take().context("it was stopped")?);
    let (other, pages) = (slapd.clone(), AtomicU32::new(0));
    let change = [0, 7, 399, 449].map(|at| format!("dn: {}\nchangetype: delete\n\n", group(at))).concat()
        + &entry(900).replacen('\n', "\nchangetype: add\n", 1);
    let wire = Wire::to(slapd.port(), move |turn| {
        // The answer to the first page is there, and the second is not asked for.
        let page = turn.moment == Moment::Asked && turn.says("1.2.840.113556.1.4.319") && turn.says("member");
        if page && pages.fetch_add(1, Ordering::SeqCst) == 1 {
            assert!(other.manage("ldapmodify", &[], &change).is_ok_and(|done| done.success));
        }
        Pass::On
    })?;
    shop.url = format!("ldap://127.0.0.1:{}", wire.port());
    let connector = connector("openldap").map_err(|_| anyhow::anyhow!("no such connector"))?;
    let reader = connector.open_doors.context("no doors")?(&shop.connection(For::Reading).context("no connection")?)?;
    let (account, login) = shop.leaver();
    let list = reader.doors(&account, &login, &cx())?;
    let listed: Vec<&str> = list.doors.iter().map(|door| door.attribute("group")).collect();
    ensure!(listed.len() > 440, "{} doors: {:?}", listed.len(), list.gaps);
    for at in (0..450).filter(|at| ![0, 7, 399, 449].contains(at)) {
        ensure!(
            listed.contains(&group(at).as_str()),
            "{} was passed over, and the listing is {:?}",
            group(at),
            list.listing
        );
    }
    let gone = !slapd.manage("ldapsearch", &["-LLL", "-b", &group(7), "dn"], "")?.success;
    ensure!(gone, "nobody changed it meanwhile");
    Ok(())
}

/// Somebody is deleted, and made anew under the same login, as by signing in (JIT): another entry, and a
/// way in again.
#[test]
fn who_is_made_anew_under_the_same_login_is_open() -> Result<()> {
    let Some(shop) = Shop::start(Slapd::start()?)? else { return Ok(()) };
    let opened = open(&shop)?;
    let (account, login) = shop.leaver();
    let doors = opened.doors.doors(&account, &login, &cx())?.doors;
    let steps: Vec<_> = doors.iter().flat_map(|door| drafts(&opened, door)).collect();
    execute(&opened, &steps)?;
    let door = doors.iter().find(|door| door.kind == DoorKind::Login).context("no login")?;
    assert_eq!(replaced(opened.probe.as_ref(), door).state, DoorState::Closed);

    shop.slapd()?.manage("ldapdelete", &[&Slapd::person("bob")], "")?.text()?;
    let seen = replaced(opened.probe.as_ref(), door);
    assert_eq!((&seen.state, seen.strength), (&DoorState::Closed, VerdictStrength::Observed), "{seen:?}");
    assert!(opened.doors.doors(&account, &login, &cx())?.gaps.is_empty());

    // In the same place, and elsewhere.
    for place in ["ou=people", "ou=groups"] {
        let dn = format!("uid=bob,{place},{}", Slapd::BASE);
        let anew = format!(
            "dn: {dn}\nobjectClass: inetOrgPerson\nobjectClass: ldapPublicKey\nuid: bob\ncn: Bob\nsn: Ray\n\
             userPassword: {BOB}\nsshPublicKey: {KEY}\n"
        );
        shop.slapd()?.manage("ldapadd", &[], &anew)?.text()?;
        ensure!(shop.slapd()?.ask("ldapwhoami", (&dn, BOB), &[], "")?.success, "{dn} does not sign in");
        let seen = replaced(opened.probe.as_ref(), door);
        assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
        ensure!(seen.evidence.contains(&dn), "{}", seen.evidence);
        // Nobody has said whose it is: it is told, and not closed.
        let list = opened.doors.doors(&account, &login, &cx())?;
        assert_eq!((list.doors.len(), list.listing), (0, Listing::Partial));
        ensure!(list.gaps.iter().any(|gap| gap.contains(&dn)), "{:?}", list.gaps);
        if place == "ou=people" {
            let key = doors.iter().find(|door| door.kind == DoorKind::SshKey).context("no key")?;
            assert_eq!(replaced(opened.probe.as_ref(), key).state, DoorState::Open { until: None });
        }
        shop.slapd()?.manage("ldapdelete", &[&dn], "")?.text()?;
    }
    Ok(())
}

/// Its clock hours from ours: what is listed, done and shown is the same.
#[test]
fn a_directory_in_another_time_keeps_the_contract() -> Result<()> {
    for offset in ["+7h", "-7h"] {
        let Some(mut shop) = Shop::start(Slapd::start_at_another_time(offset)?)? else { return Ok(()) };
        let made = shop.slapd()?.manage("ldapsearch", &["-LLL", "-b", &Slapd::person("bob"), "createTimestamp"], "")?;
        let made = made.text()?.lines().find_map(|line| line.strip_prefix("createTimestamp: ").map(str::to_owned));
        let here = Here.now().to_string().replace(['-', ':', 'T'], "");
        ensure!(made.as_deref().is_some_and(|made| made.get(..10) != here.get(..10)), "{made:?} is no other time");
        suite::keeps(&mut shop).context(offset)?;
    }
    Ok(())
}
