//! The doors that Active Directory shows of an account: its login, its keys, its groups and those that
//! these are in, and what it may do in the name of others.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ldap3::{Scope, ldap_escape};
use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorKind, DoorList, EventTime, Listing, SystemId};

use super::wire::{self, IN_CHAIN};
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::change::sees;
use crate::ldap::keys;
use crate::ldap::place::{Place, kept};
use crate::ldap::talk::{Found, Talk};
use crate::ldif::account::{self, DISABLED, number};
use crate::ldif::names::{file_time, stable_id};
use crate::ldif::wire::{Entry, first_part, normal_dn};

/// The group that an account is in without being named there: Domain Users.
const DOMAIN_USERS: i64 = 513;

/// What the directory never shows.
const TICKETS: &str = "Kerberos tickets and connections that are open now: controllers do not list them; a ticket lives \
                       until it ends (10 hours by default), whatever becomes of the account";

/// Whom it may act as others to, and who may act as others to it.
pub(super) const DELEGATIONS: [&str; 2] = ["msDS-AllowedToDelegateTo", "msDS-AllowedToActOnBehalfOfOtherIdentity"];

/// Reads as the reading account.
pub(super) struct Reader {
    place: Place,
    system: SystemId,
    login: Login,
}

/// Opens the listing of doors.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Doors>, ConnectionError> {
    let (place, login) = (Place::of(connection)?, kept(connection.login()?));
    Ok(Box::new(Reader { place, system: connection.system.clone(), login }))
}

impl Doors for Reader {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let mut talk = Talk::as_login(&self.place, &self.login, cx.patience)?;
        sees(&mut talk, &self.place.base)?;
        let mut list = DoorList { doors: Vec::new(), listing: Listing::Complete, gaps: Vec::new() };
        let Some(entry) = wire::find(&mut talk, &self.place.base, of, login)? else {
            // Another that goes by its name is nobody's until somebody says whose.
            if let Some(other) = wire::namesake(&mut talk, &self.place.base, login)? {
                let dn = other.dn;
                list.gaps.push(format!(
                    "its entry is gone, and another goes by its name now: {dn}; whose it is, `sync` tells"
                ));
                list.listing = Listing::Partial;
            }
            return Ok(list);
        };
        let now = EventTime::from_micros(cx.clock.now().micros());
        list.doors.push(self.login(of, &entry, now, &mut list.gaps));
        list.doors.extend(keys::doors(&self.system, of, &entry, "userCertificate"));
        list.doors.extend(self.delegations(of, &entry));
        self.groups(&mut talk, of, &entry, &mut list)?;
        list.doors.sort_by(|one, two| one.id.cmp(&two.id));
        list.gaps.push(TICKETS.to_owned());
        Ok(list)
    }
}

impl Reader {
    fn door(&self, kind: DoorKind, native: &str, of: &AccountId, entry: &Entry) -> Door {
        let mut door = Door::new(&self.system, kind, native);
        door.account = Some(of.clone());
        put(&mut door, "dn", &entry.dn);
        put(&mut door, "entry", stable_id(entry).as_deref().unwrap_or(of.native()));
        door
    }

    /// The login, whether or not it is disabled: that can be undone.
    fn login(&self, of: &AccountId, entry: &Entry, now: EventTime, gaps: &mut Vec<String>) -> Door {
        let mut door = self.door(DoorKind::Login, of.native(), of, entry);
        let login = account::login(entry);
        let flags = number(entry, "useraccountcontrol");
        if flags.is_none() {
            gaps.push("whether it is disabled cannot be read: it needs `read` of userAccountControl".to_owned());
        }
        let disabled = flags.is_some_and(|flags| flags & DISABLED != 0);
        door.title = format!("login {login}{}", if disabled { " (disabled)" } else { "" });
        door.opens = "the domain, and all that asks it who somebody is".to_owned();
        door.last_used = account::read(&self.system, now, entry).ok().and_then(|(account, _)| account.last_used);
        let expires = entry.first("accountexpires").unwrap_or("0");
        door.until = file_time(expires);
        put(&mut door, "login", login);
        put(&mut door, "account-expires", expires);
        let services: Vec<&str> = entry.all("serviceprincipalname").collect();
        if !services.is_empty() {
            put(&mut door, "services", &services.join(" "));
        }
        door
    }

    /// What it may do in the name of others.
    fn delegations(&self, of: &AccountId, entry: &Entry) -> Vec<Door> {
        let mut doors = Vec::new();
        for attribute in DELEGATIONS {
            let name = attribute.to_ascii_lowercase();
            let texts = entry.all(&name).map(str::as_bytes);
            for value in texts.chain(entry.bytes(&name)) {
                let shown = match std::str::from_utf8(value) {
                    Ok(text) if !text.contains(char::is_control) => text.to_owned(),
                    // A security descriptor: one for the whole attribute.
                    _ => "by a security descriptor".to_owned(),
                };
                let native = format!("{}/{attribute}/{shown}", of.native());
                let mut door = self.door(DoorKind::Delegation, &native, of, entry);
                door.title = format!("{attribute} {shown}");
                door.opens = match attribute {
                    "msDS-AllowedToDelegateTo" => format!("{shown}, in the name of anybody"),
                    _ => "this account's services, in the name of anybody, to whom it names".to_owned(),
                };
                put(&mut door, "attribute", attribute);
                put(&mut door, "value64", &BASE64_STANDARD.encode(value));
                doors.push(door);
            }
        }
        doors
    }

    /// The groups that name it, and those that these are in.
    fn groups(&self, talk: &mut Talk, of: &AccountId, entry: &Entry, list: &mut DoorList) -> Result<(), ActError> {
        let groups = |talk: &mut Talk, filter: &str| {
            talk.search(&self.place.base, Scope::Subtree, filter, &["objectGUID", "cn", "sAMAccountName"])
        };
        let dn = ldap_escape(entry.dn.as_str());
        let direct = groups(talk, &format!("(member={dn})"))?;
        let all = groups(talk, &format!("(member:{IN_CHAIN}:={dn})"))?;
        part("groups", &direct, list);
        part("groups within groups", &all, list);
        for said in entry.all("memberof") {
            if !direct.entries.iter().any(|group| normal_dn(&group.dn) == normal_dn(said)) {
                list.gaps.push(format!("it is in {said}, which cannot be seen below {}", self.place.base));
                list.listing = Listing::Partial;
            }
        }
        let within: Vec<(&Entry, Found)> = direct
            .entries
            .iter()
            .map(|group| {
                Ok((group, groups(talk, &format!("(member:{IN_CHAIN}:={})", ldap_escape(group.dn.as_str())))?))
            })
            .collect::<Result<_, ActError>>()?;
        for group in &all.entries {
            let is_direct = direct.entries.iter().any(|it| it.dn == group.dn);
            let through = within.iter().filter(|(_, above)| above.entries.iter().any(|it| it.dn == group.dn));
            let mut via: Vec<&Entry> = through.map(|(direct, _)| *direct).collect();
            if is_direct {
                via.insert(0, group);
            }
            via.dedup_by(|one, two| one.dn == two.dn);
            list.doors.push(self.group(of, entry, group, &via, is_direct));
        }
        let primary = number(entry, "primarygroupid").unwrap_or(DOMAIN_USERS);
        if primary != DOMAIN_USERS {
            let gap = format!("its primary group, {primary}, is left only by giving it another: not closed here");
            list.gaps.push(gap);
        }
        Ok(())
    }

    /// A door of a group, with the groups that it has to be taken out of to be out of this one.
    fn group(&self, of: &AccountId, entry: &Entry, group: &Entry, via: &[&Entry], is_direct: bool) -> Door {
        let name_of = |group: &Entry| {
            let name = group.first("samaccountname").or_else(|| group.first("cn")).map(str::to_owned);
            name.or_else(|| first_part(&group.dn).map(|(_, name)| name)).unwrap_or_default()
        };
        let name = name_of(group);
        let id = stable_id(group).unwrap_or_else(|| name.clone());
        let mut door = self.door(DoorKind::Membership, &format!("{}/{id}", of.native()), of, entry);
        let through: Vec<String> = via.iter().filter(|it| it.dn != group.dn).map(|it| name_of(it)).collect();
        door.title = match (is_direct, through.is_empty()) {
            (true, true) => format!("in the group {name}"),
            (true, false) => format!("in the group {name}, and by {}", through.join(", ")),
            (false, _) => format!("in the group {name} by {}", through.join(", ")),
        };
        door.opens = format!("what {} opens", group.dn);
        put(&mut door, "group", &group.dn);
        put(&mut door, "group-id", &id);
        for (at, group) in via.iter().enumerate() {
            put(&mut door, &format!("via-{at}"), &group.dn);
            put(&mut door, &format!("via-{at}-id"), stable_id(group).as_deref().unwrap_or(&group.dn));
        }
        door
    }
}

/// Notes that a search was cut short.
fn part(what: &str, found: &Found, list: &mut DoorList) {
    if !found.is_whole {
        list.gaps.push(format!("{what} were listed in part: {}", found.reply.quote()));
        list.listing = Listing::Partial;
    }
}

fn put(door: &mut Door, name: &str, value: &str) {
    door.attributes.insert(name.to_owned(), value.to_owned());
}
