//! `scim`: users and groups of a system, as its SCIM 2.0 interface lists them (RFC 7643, RFC 7644).
//!
//! The resource's `id` is the id, `userName` the login. A page says how many there are in all, so that
//! one which was not fetched shows. What is in a directory are accounts; people come from HR.
//!
//! Bounded by the users and groups of one system.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, CredentialKind, FactKind, GroupId, Holder, SystemId, Valid,
};

use crate::answers::{self, Answers, Lists};
use crate::documents::Documents;
use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::files::Parts;
use crate::lines::Place;
use crate::tables::Seen;
use crate::tally::Tally;
use crate::wire::Around;
use crate::{Provider, Sample, SourceSettings, certificate, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "scim",
    title: "SCIM 2.0 users and groups",
    about: "What `GET /Users` and `GET /Groups` answer, every page of them (`startIndex`, `count`), in one file or a \
            folder: list responses one after another or in an array, bare arrays, or JSON lines. Users become accounts \
            with `userName` as login, `active`, `meta.created`, and the enterprise extension's `employeeNumber`; groups \
            are nested as their members are; `roles` and `entitlements` become groups; `x509Certificates`, \
            credentials by their fingerprints. Fewer than `totalResults` is a partial listing. Managers and \
            departments are HR's to say, and are not read: where HR itself speaks SCIM, read it as `people`. It cannot \
            say who made an account, when it was last used, since when somebody is in a group, or what a group may do.",
    scope: "a client that may read `/Users` and `/Groups`; many servers know only one token that may also write: ask \
            for one that is limited, and keep it as a secret",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership, FactKind::Credential],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// The lists that an export consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum List {
    Users,
    Groups,
}

const LISTS: &[(List, &str, &str)] =
    &[(List::Users, "users", "`GET /Users`"), (List::Groups, "groups", "`GET /Groups`")];

/// The extension that holds the employee number (RFC 7643 §4.3).
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    let is = wire::is_json(sample.head) && (has("urn:ietf:params:scim:") || has("\"urn:scim:schemas:core:"));
    is.then(|| (97, "SCIM resources".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut scim = Scim {
        system: settings.system.clone(),
        seen: Seen::default(),
        lists: Lists::new(LISTS),
        total: None,
        totals: HashMap::new(),
        groups: HashSet::new(),
        members: Vec::new(),
        unlisted: 0,
        empty: 0,
    };
    answers::read(settings, parts, &["Resources"], &mut scim, tally)?;
    scim.finish(tally);
    Ok(())
}

/// A system as it is read.
struct Scim {
    system: SystemId,
    seen: Seen,
    lists: Lists<List>,
    /// How many the page says that there are in all, until a thing of it tells of what.
    total: Option<u64>,
    /// How many of a list there are, as its pages say, and how many were listed.
    totals: HashMap<List, (u64, u64)>,
    groups: HashSet<String>,
    /// Who is in what: the member's id, whether it says that it is a group, the group's id.
    members: Vec<(String, Option<bool>, String)>,
    /// Of pages with nothing in them, how many they said that there are.
    unlisted: u64,
    /// Lists that say that there is nothing, without saying of what.
    empty: u64,
}

impl Answers for Scim {
    fn page(&mut self, _: &Path, around: &Around, _: &mut Tally<'_>) {
        self.unlisted += self.total.take().unwrap_or(0);
        self.total = around.get("totalResults").and_then(Value::as_u64);
        self.empty += u64::from(self.total == Some(0));
    }

    fn thing(&mut self, place: Place, thing: &Value, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let fields = Fields::of(thing)?;
        let list = kind_of(&fields)?.ok_or(Reason::Unrelated)?;
        self.lists.saw(list);
        let total = self.total.take().unwrap_or(0);
        let known = self.totals.entry(list).or_default();
        known.0 = known.0.max(total);
        let id = fields.need("id")?;
        let read = match list {
            List::Users => self.user(id, &fields, place, tally),
            List::Groups => self.group(id, &fields, place, tally),
        };
        if read.is_ok() {
            self.totals.entry(list).or_default().1 += 1;
        }
        read
    }
}

/// By what it says that it is, else by what only a user or only a group has.
fn kind_of(fields: &Fields<'_>) -> Result<Option<List>, Reason> {
    let meta = fields.object("meta")?.map(|meta| meta.text("resourceType")).transpose()?.flatten();
    let schemas = fields.texts("schemas")?;
    let is = |name: &str| meta == Some(name) || schemas.iter().any(|schema| schema.rsplit(':').next() == Some(name));
    Ok(match () {
        () if is("Group") => Some(List::Groups),
        () if is("User") || fields.has("userName") => Some(List::Users),
        () if fields.has("members") => Some(List::Groups),
        () => None,
    })
}

impl Scim {
    fn user(&mut self, id: &str, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let mut addresses = Vec::new();
        for email in fields.objects("emails")? {
            // `home` is a private address.
            let private = email.text("type")? == Some("home");
            addresses.extend(email.text("value")?.filter(|_| !private));
        }
        let enterprise = fields.object(ENTERPRISE)?;
        let service = fields.text("userType")?.is_some_and(|kind| is_service(&kind.to_lowercase()));
        let account = Account {
            login: fields.text("userName")?.unwrap_or(id).to_owned(),
            display_name: shown_name(fields)?,
            emails: facts::emails(addresses),
            employee_number: enterprise.map(|it| it.word("employeeNumber")).transpose()?.flatten(),
            kind: if service { AccountKind::Service } else { AccountKind::Human },
            status: match fields.flag("active")? {
                Some(true) => AccountStatus::Enabled,
                Some(false) => AccountStatus::Disabled,
                None => AccountStatus::Unknown,
            },
            ..facts::account(&self.system, id)
        };
        let meta = fields.object("meta")?;
        let valid = facts::since(meta.map(|meta| meta.time("created")).transpose()?.flatten());
        let mut memberships = Vec::new();
        for group in fields.objects("groups")? {
            if group.text("type")?.is_none_or(|kind| !kind.eq_ignore_ascii_case("indirect")) {
                memberships.push(group.need("value")?.to_owned());
            }
        }
        let mut given = Vec::new();
        for role in fields.objects("roles")? {
            given.extend(role.text("value")?.map(|value| format!("role/{value}")));
        }
        for entitlement in fields.objects("entitlements")? {
            given.extend(entitlement.text("value")?.map(|value| format!("entitlement/{value}")));
        }
        let mut certificates = Vec::new();
        for held in fields.objects("x509Certificates")? {
            certificates.extend(held.text("value")?.and_then(certificate::of_text));
        }
        self.seen.once(&format!("user {id}"), place)?;
        memberships.extend(given);
        self.members.extend(memberships.into_iter().map(|group| (id.to_owned(), Some(false), group)));
        let own = AccountId::of(&self.system, id);
        facts::hand_account(tally, account, valid);
        for held in certificates {
            let native = format!("certificate/{}", held.fingerprint);
            let mut credential = facts::credential(&self.system, &native, CredentialKind::Certificate);
            credential.account = Some(own.clone());
            credential.activated_at = held.not_before;
            credential.expires_at = held.not_after;
            facts::hand_credential(tally, credential, facts::since(held.not_before));
        }
        Ok(())
    }

    fn group(&mut self, id: &str, fields: &Fields<'_>, place: Place, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let name = fields.owned("displayName")?;
        let meta = fields.object("meta")?;
        let valid = facts::since(meta.map(|meta| meta.time("created")).transpose()?.flatten());
        let mut members = Vec::new();
        for member in fields.objects("members")? {
            let kind = member.text("type")?.map(|kind| kind.eq_ignore_ascii_case("group"));
            let kind = kind.or(member.text("$ref")?.map(|link| link.contains("/Groups/")));
            members.push((member.need("value")?.to_owned(), kind, id.to_owned()));
        }
        self.seen.once(&format!("group {id}"), place)?;
        self.groups.insert(id.to_owned());
        self.members.extend(members);
        facts::hand_group(tally, GroupId::of(&self.system, id), &name, valid);
        Ok(())
    }

    /// Hands over memberships, and says what is missing.
    fn finish(mut self, tally: &mut Tally<'_>) {
        self.unlisted += self.total.take().unwrap_or(0);
        for (list, name, _) in LISTS {
            let Some((total, seen)) = self.totals.get(list) else { continue };
            if seen < total {
                tally.partial(format!("{name}: says that there are {total}, and {seen} are listed; fetch every page"));
            }
        }
        if self.totals.is_empty() && self.unlisted > 0 {
            let gap = format!("a list that says that it has {}, and holds none", self.unlisted);
            tally.partial(gap);
        }
        for (list, ..) in LISTS {
            if self.empty > 0 && !self.lists.has(*list) {
                self.lists.saw(*list);
                self.empty -= 1;
            }
        }
        self.lists.finish(tally);
        if !self.groups.is_empty() && self.members.is_empty() {
            tally.partial(
                "no group has members, and no user groups: ask for them (`attributes=members`, no `excludedAttributes`)"
                    .to_owned(),
            );
        }
        let mut relations = Relations::default();
        let mut made: HashSet<String> = HashSet::new();
        for (member, is_group, group) in std::mem::take(&mut self.members) {
            let id = GroupId::of(&self.system, &group);
            let given = group.split_once('/').filter(|(kind, _)| matches!(*kind, "role" | "entitlement"));
            if let Some((kind, name)) = given.filter(|_| !self.groups.contains(&group) && made.insert(group.clone())) {
                facts::hand_group(tally, id.clone(), &format!("{kind} {name}"), Valid::ALWAYS);
            }
            let holder = match is_group.unwrap_or_else(|| self.groups.contains(&member)) {
                true => Holder::Group(GroupId::of(&self.system, &member)),
                false => Holder::Account(AccountId::of(&self.system, &member)),
            };
            relations.member(tally, holder, id, Valid::ALWAYS);
        }
    }
}

fn is_service(kind: &str) -> bool {
    ["service", "bot", "machine", "application", "system"].iter().any(|word| kind.contains(word))
}

fn shown_name(fields: &Fields<'_>) -> Result<String, Reason> {
    if let Some(name) = fields.text("displayName")? {
        return Ok(name.to_owned());
    }
    let Some(name) = fields.object("name")? else { return Ok(String::new()) };
    if let Some(formatted) = name.text("formatted")? {
        return Ok(formatted.to_owned());
    }
    Ok(format!("{} {}", name.owned("givenName")?, name.owned("familyName")?).trim().to_owned())
}
