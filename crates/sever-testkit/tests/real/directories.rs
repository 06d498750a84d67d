//! The logs of OpenLDAP and of Samba as a domain controller.

use anyhow::Result;
use sever_model::{EventKind, Outcome};
use sever_testkit::{SambaAdDc, Slapd};

use crate::decoded::{Event, decoded};

/// What was done, by whom, and how it ended.
fn deeds(events: &[Event]) -> Vec<(EventKind, &str, &str, Outcome)> {
    events.iter().map(|event| (event.kind, event.actor.as_str(), event.action.as_str(), event.outcome)).collect()
}

#[test]
fn the_stats_log_of_slapd() -> Result<()> {
    let Some(slapd) = Slapd::start()? else { return Ok(()) };
    let bob = Slapd::person("bob");
    let entry = format!(
        "dn: {bob}\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob Ray\nsn: Ray\nuserPassword: bob-of-a-test\n\n\
         dn: cn=administrators,ou=groups,{}\nchangetype: modify\nadd: member\nmember: {bob}\n",
        Slapd::BASE
    );
    slapd.manage("ldapmodify", &["-a"], &entry)?.text()?;
    let search = ["-LLL", "-b", Slapd::BASE, "(uid=bob)", "cn"];
    let found = slapd.ask("ldapsearch", (&bob, "bob-of-a-test"), &search, "")?.text()?;
    assert!(found.contains("cn: Bob Ray"), "{found}");
    assert!(!slapd.ask("ldapsearch", (&bob, "wrong"), &search, "")?.success);
    let zoe = Slapd::person("zoe.temp");
    let entry = format!("dn: {zoe}\nobjectClass: inetOrgPerson\nuid: zoe.temp\ncn: Zoe Temp\nsn: Temp\n");
    slapd.ask("ldapadd", (&bob, "bob-of-a-test"), &[], &entry)?.text()?;
    slapd.ask("ldapdelete", (&bob, "bob-of-a-test"), &[&zoe], "")?.text()?;

    // The result of a deletion is the last that it has to tell.
    let log = crate::decoded::settled(|| slapd.stats_log(), "RESULT tag=107")?;
    let (events, _) = decoded(log.as_bytes(), "openldap");
    let deeds = deeds(&events);
    for deed in [
        (EventKind::Changed, Slapd::MANAGER, "create-account ADD", Outcome::Answered),
        (EventKind::Changed, Slapd::MANAGER, "grant MOD", Outcome::Answered),
        (EventKind::Authenticated, "bob", "BIND SIMPLE", Outcome::Answered),
        (EventKind::Used, "bob", "SRCH", Outcome::Answered),
        (EventKind::Authenticated, "bob", "BIND SIMPLE", Outcome::Refused),
        (EventKind::Changed, "bob", "create-account ADD", Outcome::Answered),
        (EventKind::Changed, "bob", "delete DEL", Outcome::Answered),
    ] {
        assert!(deeds.contains(&deed), "{deed:?} is not among {deeds:#?}\n{log}");
    }
    assert!(!format!("{events:?}").contains("bob-of-a-test"));
    // The access log tells of the same, and the export of who made what.
    assert!(slapd.access_log()?.contains(&format!("reqAuthzID: {bob}")));
    let export = slapd.export((&bob, "bob-of-a-test"))?;
    assert!(export.contains("authTimestamp:") && export.contains("memberOf:") && !export.contains("userPassword:"));
    Ok(())
}

#[test]
fn the_audit_log_of_samba() -> Result<()> {
    let Some(samba) = SambaAdDc::start()? else { return Ok(()) };
    let bob = SambaAdDc::named("Bob Ray");
    let entry = format!(
        "dn: {bob}\nchangetype: add\nobjectClass: user\nsAMAccountName: bob\nuserPrincipalName: bob@shop.example\n\
         userAccountControl: 512\n{}\n\n\
         dn: {bob}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n-\n",
        SambaAdDc::unicode_password("Bob-0f-a-test")
    );
    let (add, disable) = entry.split_once("\n\n").unwrap_or_default();
    samba.manage("ldapmodify", &[], add)?.text()?;
    let search = ["-LLL", "-b", SambaAdDc::BASE, "-s", "base", "dn"];
    assert!(samba.ask("ldapsearch", ("bob@shop.example", "Bob-0f-a-test"), &search, "")?.success);
    assert!(!samba.ask("ldapsearch", ("bob@shop.example", "wrong"), &search, "")?.success);
    samba.manage("ldapmodify", &[], disable)?.text()?;
    assert!(!samba.ask("ldapsearch", ("bob@shop.example", "Bob-0f-a-test"), &search, "")?.success);
    assert!(samba.export()?.contains("sAMAccountName: bob"));

    let log = crate::decoded::settled(|| samba.audit_log().unwrap_or_default(), "NT_STATUS_ACCOUNT_DISABLED")?;
    let (events, _) = decoded(log.as_bytes(), "samba-audit");
    let deeds = deeds(&events);
    for deed in [
        (EventKind::Changed, "Administrator", "create-account Add", Outcome::Answered),
        (EventKind::Changed, "Administrator", "passwordChange Reset", Outcome::Answered),
        (EventKind::Authenticated, "bob", "LDAP, simple bind/TLS", Outcome::Answered),
        (EventKind::Authenticated, "bob", "LDAP, simple bind/TLS, NT_STATUS_WRONG_PASSWORD", Outcome::Refused),
        (EventKind::Changed, "Administrator", "disable Modify", Outcome::Answered),
        (EventKind::Authenticated, "bob", "LDAP, simple bind/TLS, NT_STATUS_ACCOUNT_DISABLED", Outcome::Refused),
    ] {
        assert!(deeds.contains(&deed), "{deed:?} is not among {deeds:#?}\n{log}");
    }
    assert!(!format!("{events:?}").contains("0f-a-test"));
    Ok(())
}
