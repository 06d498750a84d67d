//! A directory as it is put together from its entries: accounts and groups first, relations when all
//! names are known.

use std::collections::{HashMap, HashSet};

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, Credential, CredentialId, CredentialKind, EventTime, GroupId, Holder, ResourceId, Rights,
    SystemId, Valid,
};

use super::account::{self, is_any, is_operational, number};
use super::credentials;
use super::names::{relative, sid_of, stable_id};
use super::wire::{Entry, first_part, normal_dn};
use crate::facts::{self, Relations};
use crate::row::counted;
use crate::tally::Tally;

const GROUPS: [&str; 8] = [
    "groupOfNames",
    "groupOfUniqueNames",
    "posixGroup",
    "group",
    "groupOfMembers",
    "organizationalRole",
    "groupOfEntries",
    "ipaUserGroup",
];

/// What is kept until all names are known.
pub(super) struct Directory {
    system: SystemId,
    at: EventTime,
    /// Who a distinguished name is.
    names: HashMap<String, Holder>,
    /// Who a SID is; Active Directory names makers and primary groups so.
    sids: HashMap<String, Holder>,
    /// The account of a login, lower case, for `memberUid` and for makers; nothing where two share it.
    logins: HashMap<String, Option<AccountId>>,
    /// Logins as they are written, by account.
    shown: HashMap<AccountId, String>,
    ids: HashSet<String>,
    accounts: Vec<Made>,
    /// Members by distinguished name, and the group.
    by_dn: Vec<(String, GroupId)>,
    /// Groups by distinguished name, that an entry says it is in.
    member_of: Vec<(Holder, String)>,
    by_login: Vec<(String, GroupId)>,
    /// Primary groups, by the group's SID.
    primary: Vec<(AccountId, String)>,
    /// Groups of which only a part of the members was given, and whether the last part was.
    ranges: HashMap<GroupId, bool>,
    granted: Vec<(GroupId, Rights)>,
    /// SSH keys, certificates and the like that were handed over.
    known: HashSet<CredentialId>,
    /// Whether any entry had an operational attribute.
    operational: bool,
    /// Whether the file says how its search ended.
    pub(super) result_seen: bool,
    changes: u64,
    referrals: u64,
    hashes: u64,
    shared: u64,
}

/// An account and what opens it, until who made it is known.
struct Made {
    account: Account,
    created: Option<EventTime>,
    /// The maker's SID, where there is no name.
    creator: Option<String>,
    credentials: Vec<(Credential, Valid)>,
}

impl Directory {
    pub(super) fn new(system: &SystemId, at: EventTime) -> Directory {
        Directory {
            system: system.clone(),
            at,
            names: HashMap::new(),
            sids: HashMap::new(),
            logins: HashMap::new(),
            shown: HashMap::new(),
            ids: HashSet::new(),
            accounts: Vec::new(),
            by_dn: Vec::new(),
            member_of: Vec::new(),
            by_login: Vec::new(),
            primary: Vec::new(),
            ranges: HashMap::new(),
            granted: Vec::new(),
            known: HashSet::new(),
            operational: false,
            result_seen: false,
            changes: 0,
            referrals: 0,
            hashes: 0,
            shared: 0,
        }
    }

    /// Takes an entry, or what a search says beside its entries.
    pub(super) fn take(&mut self, entry: Entry, file: &str, tally: &mut Tally<'_>) -> Result<(), Reason> {
        if entry.dn.is_empty() {
            return self.trailer(&entry, file, tally);
        }
        if entry.first("changetype").is_some_and(|kind| !kind.eq_ignore_ascii_case("add")) {
            self.changes += 1;
            return Ok(());
        }
        // What lies in the recycle bin can do nothing; its end is dated by the listings.
        if entry.has("isdeleted", "true") {
            return Ok(());
        }
        // What has a password logs in, whatever else it is: a role that is one is a service's account.
        if is_any(&entry, &GROUPS) && !entry.has("objectclass", "simpleSecurityObject") {
            self.group(&entry, tally)
        } else if account::is_account(&entry) {
            self.account(&entry)
        } else {
            Ok(())
        }
    }

    /// `ldapsearch` ends in a result; one that is no success means a cut listing. Referrals stand
    /// between entries.
    fn trailer(&mut self, entry: &Entry, file: &str, tally: &mut Tally<'_>) -> Result<(), Reason> {
        if let Some(result) = entry.first("result") {
            self.result_seen = true;
            if result != "0" && !result.starts_with("0 ") {
                tally.partial(format!("{file}: the search ended with `{result}`, so entries are missing"));
            }
            return Ok(());
        }
        if entry.first("ref").is_some() {
            // Partitions of Active Directory that hold no accounts are referred to by every search.
            let without = ["cn=configuration", "dc=domaindnszones", "dc=forestdnszones"];
            let elsewhere = |link: &str| !without.iter().any(|part| link.to_lowercase().contains(part));
            self.referrals += entry.all("ref").filter(|link| elsewhere(link)).count() as u64;
            return Ok(());
        }
        if entry.first("search").is_some() { Ok(()) } else { Err(Reason::Missing("dn")) }
    }

    fn account(&mut self, entry: &Entry) -> Result<(), Reason> {
        let (mut account, created) = account::read(&self.system, self.at, entry)?;
        if self.ids.contains(account.id.as_str()) && stable_id(entry).is_none() {
            // Two entries of one `uid` are two accounts: the second goes by its whole name.
            account.id = AccountId::of(&self.system, &normal_dn(&entry.dn));
        }
        let credentials = credentials::of(&self.system, &account, created, entry);
        let holder = Holder::Account(account.id.clone());
        self.enter(entry, account.id.as_str(), &holder)?;
        self.shown.insert(account.id.clone(), account.login.clone());
        let own = Some(account.id.clone());
        let slot = self.logins.entry(account.login.to_lowercase()).or_insert_with(|| own.clone());
        if *slot != own {
            *slot = None;
        }
        self.operational |= is_operational(entry);
        self.hashes += u64::from(credentials::has_hash(entry));
        let sid = sid_of(entry, "objectsid");
        if let Some((domain, _)) = sid.as_deref().and_then(relative)
            && let Some(group) = number(entry, "primarygroupid")
        {
            self.primary.push((account.id.clone(), format!("{domain}-{group}")));
        }
        self.member_of.extend(entry.all("memberof").map(|group| (holder.clone(), group.to_owned())));
        let creator = sid_of(entry, "ms-ds-creatorsid");
        self.accounts.push(Made { account, created, creator, credentials });
        Ok(())
    }

    /// Notes under which names an entry goes; it may be there once.
    fn enter(&mut self, entry: &Entry, id: &str, holder: &Holder) -> Result<(), Reason> {
        let name = normal_dn(&entry.dn);
        if self.names.contains_key(&name) {
            return Err(Reason::Conflict(format!("entry `{}` is there twice", entry.dn)));
        }
        if !self.ids.insert(id.to_owned()) {
            return Err(Reason::Conflict(format!("`{id}` is there twice, the second time as `{}`", entry.dn)));
        }
        self.names.insert(name, holder.clone());
        self.sids.extend(sid_of(entry, "objectsid").map(|sid| (sid, holder.clone())));
        Ok(())
    }

    fn group(&mut self, entry: &Entry, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let name = entry.first("cn").or_else(|| entry.first("samaccountname")).unwrap_or(&entry.dn);
        let native = stable_id(entry).unwrap_or_else(|| name.to_owned());
        let mut id = GroupId::of(&self.system, &native);
        let ranged = entry.ranges.iter().filter(|(attribute, _)| attribute == "member").map(|(_, last)| *last);
        let ranged: Vec<Option<u64>> = ranged.collect();
        match (self.names.get(&normal_dn(&entry.dn)), ranged.is_empty()) {
            // A further part of a long list comes as the same entry again.
            (Some(Holder::Group(known)), false) => id = known.clone(),
            _ => {
                self.enter(entry, &format!("group {id}"), &Holder::Group(id.clone()))?;
                let created = entry.first("createtimestamp").or_else(|| entry.first("whencreated"));
                let created = created.and_then(super::names::generalized);
                facts::hand_group(tally, id.clone(), name, facts::since(created));
                let rights = sid_of(entry, "objectsid").as_deref().and_then(rights_of);
                self.granted.extend(rights.map(|rights| (id.clone(), rights)));
                let held = Holder::Group(id.clone());
                self.member_of.extend(entry.all("memberof").map(|group| (held.clone(), group.to_owned())));
            }
        }
        if !ranged.is_empty() {
            let last = self.ranges.entry(id.clone()).or_default();
            *last |= ranged.contains(&None);
        }
        for member in ["member", "uniquemember", "roleoccupant"].iter().flat_map(|name| entry.all(name)) {
            self.by_dn.push((member.to_owned(), id.clone()));
        }
        self.by_login.extend(
            entry.all("memberuid").filter(|login| !login.is_empty()).map(|login| (login.to_lowercase(), id.clone())),
        );
        Ok(())
    }

    /// Hands over what needed all names: accounts with who made them, memberships, rights.
    pub(super) fn finish(mut self, tally: &mut Tally<'_>) {
        self.finish_coverage(tally);
        self.finish_accounts(tally);
        let mut relations = Relations::default();
        self.finish_members(&mut relations, tally);
        for (group, rights) in std::mem::take(&mut self.granted) {
            let place = if rights == Rights::ADMIN { "*" } else { "directory" };
            let resource = ResourceId::of(&self.system, place);
            relations.grant(tally, facts::grant(Holder::Group(group), resource, rights), Valid::ALWAYS);
        }
    }

    fn finish_coverage(&self, tally: &mut Tally<'_>) {
        if !self.accounts.is_empty() && !self.operational {
            tally.gap(
                "no entry has operational attributes, so nobody knows when an account was made and by whom, or whether \
                 it is locked; export with `'*' '+'`"
                    .to_owned(),
            );
        }
        if self.changes > 0 {
            tally.partial(format!("{} of a change, not an entry, left out", counted(self.changes, "record")));
        }
        if self.referrals > 0 {
            tally.partial(format!("{} to other servers, which were not followed", counted(self.referrals, "referral")));
        }
        if self.hashes > 0 {
            tally.gap(format!(
                "the export holds the password hashes of {}: none was read; export without them, and delete it",
                counted(self.hashes, "account")
            ));
        }
        let mut cut: Vec<&GroupId> = self.ranges.iter().filter(|(_, last)| !**last).map(|(group, _)| group).collect();
        cut.sort_unstable();
        for group in cut {
            tally.partial(format!("group `{}`: only a range of its members; fetch the rest", group.native()));
        }
    }

    fn finish_accounts(&mut self, tally: &mut Tally<'_>) {
        for made in std::mem::take(&mut self.accounts) {
            let Made { mut account, created, creator, credentials } = made;
            let by_sid = creator.map(|sid| match self.sids.get(&sid) {
                Some(Holder::Account(id)) => self.name_of(id),
                _ => sid,
            });
            account.created_by = account.created_by.as_deref().and_then(|dn| self.who(dn)).or(by_sid);
            account.owner = account.owner.as_deref().and_then(|dn| self.who(dn));
            facts::hand_account(tally, account, facts::since(created));
            for (credential, valid) in credentials {
                if self.known.insert(credential.id.clone()) {
                    facts::hand_credential(tally, credential, valid);
                } else if credential.kind != CredentialKind::Password {
                    self.shared += 1;
                }
            }
        }
        if self.shared > 0 {
            tally.gap(format!(
                "{} of one account opens another too, and is shown for the first only",
                counted(self.shared, "key")
            ));
        }
    }

    /// The login of whoever a distinguished name is; one that is not listed, by its first part.
    fn who(&self, dn: &str) -> Option<String> {
        match self.names.get(&normal_dn(dn)) {
            Some(Holder::Account(id)) => Some(self.name_of(id)),
            _ => first_part(dn).map(|(_, value)| value).filter(|value| !value.is_empty()),
        }
    }

    /// How an account is named where somebody reads it: by its login, if that is its alone.
    fn name_of(&self, id: &AccountId) -> String {
        let login =
            self.shown.get(id).filter(|login| self.logins.get(&login.to_lowercase()) == Some(&Some(id.clone())));
        login.map_or_else(|| id.native().to_owned(), Clone::clone)
    }

    fn finish_members(&mut self, relations: &mut Relations, tally: &mut Tally<'_>) {
        let mut unlisted = 0u64;
        for (dn, group) in std::mem::take(&mut self.by_dn) {
            match self.names.get(&normal_dn(&dn)).cloned().or_else(|| self.unlisted(&dn)) {
                Some(holder) => relations.member(tally, holder, group, Valid::ALWAYS),
                None => unlisted += 1,
            }
        }
        for (login, group) in std::mem::take(&mut self.by_login) {
            let known = self.logins.get(&login).cloned().flatten();
            let account = known.unwrap_or_else(|| AccountId::of(&self.system, &login));
            relations.member(tally, Holder::Account(account), group, Valid::ALWAYS);
        }
        for (member, dn) in std::mem::take(&mut self.member_of) {
            let group = match self.names.get(&normal_dn(&dn)) {
                Some(Holder::Group(id)) => Some(id.clone()),
                _ => first_part(&dn).map(|(_, name)| GroupId::of(&self.system, &name)),
            };
            if let Some(group) = group {
                relations.member(tally, member, group, Valid::ALWAYS);
            }
        }
        for (account, sid) in std::mem::take(&mut self.primary) {
            if let Some(Holder::Group(group)) = self.sids.get(&sid) {
                relations.member(tally, Holder::Account(account), group.clone(), Valid::ALWAYS);
            }
        }
        if unlisted > 0 {
            tally.gap(format!("{} named that the export does not hold", counted(unlisted, "member")));
        }
    }

    /// The account that an unlisted member's name gives away.
    fn unlisted(&self, dn: &str) -> Option<Holder> {
        let (name, value) = first_part(dn)?;
        (name == "uid").then(|| Holder::Account(AccountId::of(&self.system, &value)))
    }
}

/// What Windows' own groups may do in the directory, by their SIDs ([MS-DTYP] 2.4.2.4).
fn rights_of(sid: &str) -> Option<Rights> {
    let (domain, last) = relative(sid)?;
    let builtin = domain == "S-1-5-32";
    let own = domain.starts_with("S-1-5-21-");
    match last {
        // Domain Admins, Schema Admins, Enterprise Admins; Administrators.
        512 | 518 | 519 if own => Some(Rights::ADMIN),
        544 if builtin => Some(Rights::ADMIN),
        // Account Operators; Backup Operators, who may read everything out; Group Policy Creator Owners.
        548 if builtin => Some(Rights::WRITE.with(Rights::CREATE_ACCOUNTS).with(Rights::GRANT)),
        551 if builtin => Some(Rights::READ.with(Rights::EXPORT)),
        520 if own => Some(Rights::WRITE),
        _ => None,
    }
}
