//! The account that an entry is: whose kind it is, whether it can be used, since when, by whom.

use sever_model::port::Reason;
use sever_model::{Account, AccountKind, AccountStatus, EventTime, Span, SystemId};

use super::names::{file_time, generalized, stable_id};
use super::wire::Entry;
use crate::facts;

const PERSONS: [&str; 5] = ["inetOrgPerson", "organizationalPerson", "person", "user", "shadowAccount"];
const ACCOUNTS: [&str; 3] = ["posixAccount", "account", "simpleSecurityObject"];
/// Accounts that Windows keeps the passwords of itself.
const MANAGED: [&str; 3] =
    ["msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount", "msDS-DelegatedManagedServiceAccount"];

/// Bits of userAccountControl (MS-ADTS 2.2.16).
pub(crate) const DISABLED: i64 = 0x2;
const TRUSTS: i64 = 0x800 | 0x1000 | 0x2000;
pub(super) const NEVER_EXPIRES: i64 = 0x1_0000;
pub(super) const CARD_REQUIRED: i64 = 0x4_0000;

/// Whether an entry is an account.
pub(super) fn is_account(entry: &Entry) -> bool {
    is_any(entry, &PERSONS) || is_any(entry, &ACCOUNTS) || is_any(entry, &MANAGED) || is_any(entry, &["computer"])
}

/// Whether an entry has one of these classes.
pub(crate) fn is_any(entry: &Entry, classes: &[&str]) -> bool {
    classes.iter().any(|class| entry.has("objectclass", class))
}

/// A number in an attribute.
pub(crate) fn number(entry: &Entry, name: &str) -> Option<i64> {
    entry.first(name).and_then(|text| text.trim().parse().ok())
}

/// The account of an entry. Its maker and owner are still named as the entry names them.
pub(crate) fn read(system: &SystemId, at: EventTime, entry: &Entry) -> Result<(Account, Option<EventTime>), Reason> {
    let login = login(entry);
    let native = stable_id(entry).unwrap_or_else(|| login.to_owned());
    let proxies = entry.all("proxyaddresses").filter_map(|text| {
        let (scheme, address) = text.split_once(':')?;
        scheme.eq_ignore_ascii_case("smtp").then_some(address)
    });
    // The principal name is written as an address, and is what Kerberos and Entra call the account.
    let principal = entry.first("userprincipalname").into_iter().chain(entry.first("krbprincipalname"));
    let mut emails = facts::emails(entry.all("mail").chain(proxies).chain(principal));
    emails.sort();
    let created = entry.first("createtimestamp").or_else(|| entry.first("whencreated"));
    let created =
        created.map(|text| generalized(text).ok_or_else(|| Reason::Invalid("createTimestamp", text.to_owned())));
    let created = created.transpose()?;
    let kind = kind(entry);
    let owner = entry.first("owner").or_else(|| entry.first("managedby"));
    let manager = entry.first("manager").filter(|_| kind == AccountKind::Service);
    let account = Account {
        login: login.to_owned(),
        display_name: entry.first("displayname").or_else(|| entry.first("cn")).unwrap_or_default().to_owned(),
        emails,
        employee_number: entry.first("employeenumber").or_else(|| entry.first("employeeid")).map(str::to_owned),
        kind,
        status: status(entry, at),
        owner: owner.or(manager).map(str::to_owned),
        created_by: entry.first("creatorsname").map(str::to_owned),
        last_used: last_used(entry),
        ..facts::account(system, &native)
    };
    Ok((account, created))
}

/// What is typed, and what logs name: `sAMAccountName`, `uid`, else the distinguished name.
pub(crate) fn login(entry: &Entry) -> &str {
    entry.first("samaccountname").or_else(|| entry.first("uid")).unwrap_or(&entry.dn)
}

fn kind(entry: &Entry) -> AccountKind {
    let trusted = number(entry, "useraccountcontrol").is_some_and(|flags| flags & TRUSTS != 0);
    if trusted || is_any(entry, &MANAGED) || is_any(entry, &["computer"]) {
        return AccountKind::Service;
    }
    // What others ask Kerberos tickets for is a service, unless HR numbers it.
    let numbered = entry.first("employeeid").or_else(|| entry.first("employeenumber")).is_some();
    if entry.first("serviceprincipalname").is_some() && !numbered {
        return AccountKind::Service;
    }
    match is_any(entry, &PERSONS) {
        true => AccountKind::Human,
        false if entry.has("objectclass", "simpleSecurityObject") => AccountKind::Service,
        false => AccountKind::Unknown,
    }
}

/// Whether the account can be used, by any of the ways in which directories say so.
fn status(entry: &Entry, at: EventTime) -> AccountStatus {
    let over = |when: Option<EventTime>| when.is_some_and(|end| end <= at);
    // FreeIPA's end of a principal, Active Directory's of an account.
    let expired = over(entry.first("krbprincipalexpiration").and_then(generalized))
        || over(entry.first("accountexpires").and_then(file_time))
        || over(entry.first("pwdendtime").and_then(generalized));
    if let Some(flags) = number(entry, "useraccountcontrol") {
        return if flags & DISABLED != 0 || expired { AccountStatus::Disabled } else { AccountStatus::Enabled };
    }
    let locked = entry.first("pwdaccountlockedtime").is_some() || entry.has("nsaccountlock", "true");
    // Days since the epoch (shadow(5)); -1 and nothing are never.
    let shadow = number(entry, "shadowexpire")
        .is_some_and(|days| days >= 0 && Span::days(days) <= at.since(EventTime::from_secs(0)));
    match (locked || shadow || expired, is_operational(entry)) {
        (true, _) => AccountStatus::Disabled,
        (false, true) => AccountStatus::Enabled,
        // Without operational attributes a lock would not show.
        (false, false) => AccountStatus::Unknown,
    }
}

/// Whether the export was made with operational attributes.
pub(super) fn is_operational(entry: &Entry) -> bool {
    ["createtimestamp", "creatorsname", "whencreated", "entryuuid"].iter().any(|name| entry.first(name).is_some())
}

fn last_used(entry: &Entry) -> Option<EventTime> {
    let text = ["authtimestamp", "pwdlastsuccess", "lastlogin", "krblastsuccessfulauth"]
        .iter()
        .filter_map(|name| entry.first(name))
        .filter_map(generalized);
    let windows = ["lastlogontimestamp", "lastlogon"].iter().filter_map(|name| entry.first(name)).filter_map(file_time);
    text.chain(windows).max()
}
