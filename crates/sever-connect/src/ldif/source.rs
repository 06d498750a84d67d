//! `ldif`: accounts, groups and memberships from an LDAP directory or Active Directory.
//!
//! An account's id is its `uid` (or `sAMAccountName`), for that is what the systems behind the directory
//! and their logs name; without one, its distinguished name. Bounded by the entries of one export,
//! for members are named by distinguished names that may stand anywhere in it.

use std::collections::{HashMap, HashSet};

use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, EventTime, Fact, FactKind, Group, GroupId, Holder,
    Membership, Record, Span, Valid,
};

use super::wire::{Entries, Entry, first_part, normal_dn};
use crate::documents::Documents;
use crate::files::{self, Parts, file_name};
use crate::lines::Lines;
use crate::row::scoped;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings};

pub(crate) const PROVIDER: Provider = Provider {
    id: "ldif",
    title: "LDAP directory (LDIF)",
    about: "An export of people and groups with operational attributes: `ldapsearch -LLL -x -b BASE '*' '+'` or \
            `slapcat`. Read are `uid`, `cn`, `mail`, `employeeNumber`, `member`, `uniqueMember`, `memberUid`, \
            `memberOf`, `createTimestamp`, `creatorsName`, `authTimestamp`, `pwdLastSuccess`, \
            `pwdAccountLockedTime`, `nsAccountLock`, `shadowExpire`; of Active Directory `sAMAccountName`, \
            `userAccountControl`, `whenCreated`, `lastLogonTimestamp`. It cannot say since when somebody is in a \
            group: that is dated by the exports. Passwords and photos are not read.",
    scope: "a bind account that may read these entries with `+`; no write, no `userPassword`",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership],
    columns: &[],
    together: false,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

const PERSONS: [&str; 5] = ["inetOrgPerson", "organizationalPerson", "person", "user", "shadowAccount"];
const ACCOUNTS: [&str; 4] = ["posixAccount", "account", "simpleSecurityObject", "msDS-GroupManagedServiceAccount"];
const GROUPS: [&str; 6] =
    ["groupOfNames", "groupOfUniqueNames", "posixGroup", "group", "groupOfMembers", "organizationalRole"];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let text = String::from_utf8_lossy(sample.head.get(..sample.head.len().min(8 << 10)).unwrap_or_default());
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.find(|line| !line.starts_with("version:"))?;
    first.starts_with("dn:").then(|| (98, "entries that begin with `dn:`".to_owned()))
}

/// What is kept until all names are known.
#[derive(Default)]
struct Directory {
    /// Who a distinguished name is.
    names: HashMap<String, Holder>,
    accounts: Vec<(Account, Valid)>,
    /// Members by distinguished name, and the group by its name or id.
    by_dn: Vec<(String, GroupId)>,
    /// Groups by distinguished name, that an account says it is in.
    member_of: Vec<(AccountId, String)>,
    by_uid: Vec<(AccountId, GroupId)>,
    /// Whether any entry had an operational attribute.
    operational: bool,
    changes: u64,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut directory = Directory::default();
    for path in &parts.paths {
        let name = file_name(path);
        let input = files::open(path).map_err(|error| files::failed(settings, path, &error.to_string()))?;
        let mut entries = Entries::new(Lines::new(input, settings.limits.frame_bytes_max));
        let mut count = 0u64;
        while let Some((place, entry)) = entries.next() {
            count += 1;
            let taken = entry.and_then(|entry| directory.take(settings, parts.at, entry, &name, tally));
            if let Err(reason) = taken {
                tally.reject(&name, place, reason);
            }
        }
        if let Some(broken) = entries.broken() {
            tally.partial(format!("{name}: does not decompress to its end: {broken}"));
        } else if !entries.ended {
            tally.partial(format!("{name}: breaks off at line {}", entries.line()));
        } else if count == 0 {
            tally.empty(format!("{name}: empty"));
        }
    }
    directory.finish(settings, tally);
    Ok(())
}

/// Whether an entry's classes make it a person's.
#[derive(Clone, Copy, PartialEq)]
enum Person {
    Yes,
    No,
}

impl Directory {
    fn take(
        &mut self,
        settings: &SourceSettings,
        at: EventTime,
        entry: Entry,
        file: &str,
        tally: &mut Tally<'_>,
    ) -> Result<(), Reason> {
        if entry.dn.is_empty() {
            return self.result_line(&entry, file, tally);
        }
        if entry.first("changetype").is_some_and(|kind| !kind.eq_ignore_ascii_case("add")) {
            self.changes += 1;
            return Ok(());
        }
        let is_any = |classes: &[&str]| classes.iter().any(|class| entry.has("objectclass", class));
        if is_any(&GROUPS) {
            self.group(settings, &entry, tally)
        } else if is_any(&["computer"]) {
            Ok(())
        } else if is_any(&PERSONS) || is_any(&ACCOUNTS) {
            let person = if is_any(&PERSONS) { Person::Yes } else { Person::No };
            self.account(settings, at, &entry, person)
        } else {
            Ok(())
        }
    }

    /// `ldapsearch` without `-LLL` ends in a result; one that is no success means a cut listing.
    fn result_line(&self, entry: &Entry, file: &str, tally: &mut Tally<'_>) -> Result<(), Reason> {
        match entry.first("result") {
            Some(result) if result.starts_with("0 ") || result == "0" => Ok(()),
            Some(result) => {
                tally.partial(format!("{file}: the search ended with `{result}`, so entries are missing"));
                Ok(())
            }
            None => Err(Reason::Missing("dn")),
        }
    }

    fn account(
        &mut self,
        settings: &SourceSettings,
        at: EventTime,
        entry: &Entry,
        person: Person,
    ) -> Result<(), Reason> {
        let native = entry.first("samaccountname").or_else(|| entry.first("uid")).unwrap_or(&entry.dn);
        let id = AccountId::from(scoped(&settings.system, native));
        let held = self.names.insert(normal_dn(&entry.dn), Holder::Account(id.clone()));
        if held.is_some() {
            return Err(Reason::Conflict(format!("entry `{}` is there twice", entry.dn)));
        }
        self.operational |= is_operational(entry);
        let mut emails: Vec<String> = entry.all("mail").map(str::to_lowercase).collect();
        let proxies =
            entry.all("proxyaddresses").filter_map(|text| text.to_lowercase().strip_prefix("smtp:").map(str::to_owned));
        emails.extend(proxies);
        emails.sort();
        emails.dedup();
        let managed = entry.has("objectclass", "msDS-GroupManagedServiceAccount");
        let kind = match (managed, person == Person::Yes) {
            (true, _) => AccountKind::Service,
            (false, true) => AccountKind::Human,
            (false, false) if entry.has("objectclass", "simpleSecurityObject") => AccountKind::Service,
            (false, false) => AccountKind::Unknown,
        };
        let created = entry.first("createtimestamp").or_else(|| entry.first("whencreated"));
        let created =
            created.map(|text| generalized(text).ok_or_else(|| Reason::Invalid("createTimestamp", text.to_owned())));
        let from = created.transpose()?.map_or(Bound::Unbounded, Bound::At);
        for group in entry.all("memberof") {
            self.member_of.push((id.clone(), group.to_owned()));
        }
        let account = Account {
            login: native.to_owned(),
            display_name: entry.first("displayname").or_else(|| entry.first("cn")).unwrap_or_default().to_owned(),
            emails,
            employee_number: entry.first("employeenumber").or_else(|| entry.first("employeeid")).map(str::to_owned),
            kind,
            status: status(entry, at),
            owner: entry.first("owner").map(str::to_owned),
            created_by: entry.first("creatorsname").map(str::to_owned),
            last_used: last_used(entry),
            id,
        };
        self.accounts.push((account, Valid { from, to: Bound::Unbounded }));
        Ok(())
    }

    fn group(&mut self, settings: &SourceSettings, entry: &Entry, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let native = entry.first("cn").or_else(|| entry.first("samaccountname")).unwrap_or(&entry.dn);
        let id = GroupId::from(scoped(&settings.system, native));
        if self.names.insert(normal_dn(&entry.dn), Holder::Group(id.clone())).is_some() {
            return Err(Reason::Conflict(format!("entry `{}` is there twice", entry.dn)));
        }
        for member in ["member", "uniquemember", "roleoccupant"].iter().flat_map(|name| entry.all(name)) {
            self.by_dn.push((member.to_owned(), id.clone()));
        }
        for member in entry.all("memberuid") {
            self.by_uid.push((AccountId::from(scoped(&settings.system, member)), id.clone()));
        }
        let group = Group { name: native.to_owned(), id };
        tally.record(Record { fact: Fact::Group(group), valid: Valid::ALWAYS });
        Ok(())
    }

    /// Hands over what needed all names: accounts with who made them, and memberships.
    fn finish(self, settings: &SourceSettings, tally: &mut Tally<'_>) {
        let who = |dn: &str| match self.names.get(&normal_dn(dn)) {
            Some(Holder::Account(id)) => Some(id.native().to_owned()),
            _ => first_part(dn).map(|(_, value)| value),
        };
        if !self.accounts.is_empty() && !self.operational {
            tally.gap(
                "no entry has operational attributes, so nobody knows when an account was made and by whom, or whether \
                 it is locked; export with `'*' '+'`"
                    .to_owned(),
            );
        }
        if self.changes > 0 {
            tally.partial(format!(
                "{} of a change, not an entry, left out",
                crate::row::counted(self.changes, "record")
            ));
        }
        for (mut account, valid) in self.accounts {
            account.created_by = account.created_by.as_deref().and_then(who);
            account.owner = account.owner.as_deref().and_then(who);
            tally.record(Record { fact: Fact::Account(account), valid });
        }
        let mut members: HashSet<(Holder, GroupId)> = HashSet::new();
        let mut unlisted = 0u64;
        let mut ordered: Vec<(Holder, GroupId)> = Vec::new();
        let named = self.by_dn.into_iter().filter_map(|(dn, group)| {
            let holder = self.names.get(&normal_dn(&dn)).cloned().or_else(|| uid_of(settings, &dn));
            unlisted += u64::from(holder.is_none());
            Some((holder?, group))
        });
        ordered.extend(named);
        ordered.extend(self.by_uid.into_iter().map(|(account, group)| (Holder::Account(account), group)));
        for (account, dn) in self.member_of {
            let group = match self.names.get(&normal_dn(&dn)) {
                Some(Holder::Group(id)) => Some(id.clone()),
                _ => first_part(&dn).map(|(_, name)| GroupId::from(scoped(&settings.system, &name))),
            };
            ordered.extend(group.map(|group| (Holder::Account(account), group)));
        }
        for (member, group) in ordered {
            if members.insert((member.clone(), group.clone())) {
                tally.record(Record { fact: Fact::Membership(Membership { member, group }), valid: Valid::ALWAYS });
            }
        }
        if unlisted > 0 {
            tally.gap(format!("{} named that the export does not hold", crate::row::counted(unlisted, "member")));
        }
    }
}

/// The account that an unlisted member's name gives away.
fn uid_of(settings: &SourceSettings, dn: &str) -> Option<Holder> {
    let (name, value) = first_part(dn)?;
    (name == "uid").then(|| Holder::Account(AccountId::from(scoped(&settings.system, &value))))
}

/// Whether the account can be used, by any of the ways in which directories say so.
fn status(entry: &Entry, at: EventTime) -> AccountStatus {
    let number = |name: &str| entry.first(name).and_then(|text| text.trim().parse::<i64>().ok());
    // Bit 2 of userAccountControl is ACCOUNTDISABLE (MS-ADTS 2.2.16).
    if let Some(flags) = number("useraccountcontrol") {
        return if flags & 2 != 0 { AccountStatus::Disabled } else { AccountStatus::Enabled };
    }
    let locked = entry.first("pwdaccountlockedtime").is_some() || entry.has("nsaccountlock", "true");
    // Days since the epoch (shadow(5)); -1 and nothing are never.
    let expired =
        number("shadowexpire").is_some_and(|days| days >= 0 && Span::days(days) <= at.since(EventTime::from_secs(0)));
    match (locked || expired, is_operational(entry)) {
        (true, _) => AccountStatus::Disabled,
        (false, true) => AccountStatus::Enabled,
        // Without operational attributes a lock would not show.
        (false, false) => AccountStatus::Unknown,
    }
}

/// Whether the export was made with operational attributes.
fn is_operational(entry: &Entry) -> bool {
    ["createtimestamp", "creatorsname", "whencreated", "entryuuid"].iter().any(|name| entry.first(name).is_some())
}

fn last_used(entry: &Entry) -> Option<EventTime> {
    let text = ["authtimestamp", "pwdlastsuccess", "lastlogin"]
        .iter()
        .filter_map(|name| entry.first(name))
        .filter_map(generalized);
    let windows = ["lastlogontimestamp", "lastlogon"].iter().filter_map(|name| entry.first(name)).filter_map(file_time);
    text.chain(windows).max()
}

/// LDAP's GeneralizedTime (RFC 4517 §3.3.13): `20240401083000Z`, with a fraction or an offset.
fn generalized(text: &str) -> Option<EventTime> {
    let text = text.trim();
    let (digits, rest) = text.split_at_checked(14)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let zone = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    let zone = if zone.is_empty() { "Z" } else { zone };
    let plain =
        format!("{}-{}-{}T{}:{}:{}{zone}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14));
    EventTime::parse(&plain).ok()
}

/// 100-nanosecond ticks since 1601 (MS-DTYP FILETIME).
fn file_time(text: &str) -> Option<EventTime> {
    const EPOCH_SECS: i64 = 11_644_473_600;
    let ticks: i64 = text.trim().parse().ok().filter(|ticks| *ticks > 0)?;
    Some(EventTime::from_micros((ticks / 10).checked_sub(EPOCH_SECS * 1_000_000)?))
}
