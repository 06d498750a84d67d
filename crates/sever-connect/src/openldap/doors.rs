//! The doors that an OpenLDAP directory shows of an account: its login, its keys, its groups, and the
//! connections that are open now.

use ldap3::{Scope, ldap_escape};
use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorKind, DoorList, EventTime, Listing, SystemId};

use super::wire::{self, MEMBER_LOGINS, MEMBERS, NAMES};
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::change::sees;
use crate::ldap::keys;
use crate::ldap::place::{Place, kept};
use crate::ldap::reply::code;
use crate::ldap::talk::Talk;
use crate::ldif::account::{self, is_any};
use crate::ldif::names::{generalized, stable_id};
use crate::ldif::wire::{Entry, first_part, normal_dn};

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

/// What is found, and what could not be.
struct Listed<'a> {
    reader: &'a Reader,
    of: &'a AccountId,
    entry: &'a Entry,
    login: String,
    doors: Vec<Door>,
    listing: Listing,
    gaps: Vec<String>,
}

impl Doors for Reader {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let mut talk = Talk::as_login(&self.place, &self.login, cx.patience)?;
        sees(&mut talk, &self.place.base)?;
        let Some(entry) = wire::find(&mut talk, &self.place.base, of, login)? else {
            return Ok(nobody(namesake(&mut talk, &self.place.base, "", login)?.as_ref()));
        };
        let mut listed = Listed {
            reader: self,
            of,
            entry: &entry,
            login: account::login(&entry).to_owned(),
            doors: Vec::new(),
            listing: Listing::Complete,
            gaps: Vec::new(),
        };
        listed.login(&mut talk, cx)?;
        listed.doors.extend(keys::doors(&self.system, of, &entry, "userCertificate;binary"));
        listed.groups(&mut talk)?;
        listed.connections(&mut talk)?;
        let Listed { mut doors, listing, gaps, .. } = listed;
        doors.sort_by(|one, two| one.id.cmp(&two.id));
        Ok(DoorList { doors, listing, gaps })
    }
}

impl Listed<'_> {
    /// The login, whether or not it is locked: a lock can be lifted.
    fn login(&mut self, talk: &mut Talk, cx: &Cx<'_>) -> Result<(), ActError> {
        let mut door = self.door(DoorKind::Login, self.of.native());
        let locked = self.entry.first("pwdaccountlockedtime").is_some();
        door.title = format!("login {}{}", self.login, if locked { " (locked)" } else { "" });
        door.opens = "this directory, and all that asks it for passwords".to_owned();
        let now = EventTime::from_micros(cx.clock.now().micros());
        door.last_used = account::read(&self.reader.system, now, self.entry).ok().and_then(|(it, _)| it.last_used);
        door.until = self.entry.first("pwdendtime").and_then(generalized);
        put(&mut door, "login", &self.login);
        if is_any(self.entry, &["shadowAccount"]) {
            put(&mut door, "shadow", self.entry.first("shadowexpire").unwrap_or("none"));
        }
        self.doors.push(door);
        // Whether an attribute is absent or not ours to read looks the same in a search, not in a comparison.
        const HIDDEN: [(&str, &str); 3] = [
            ("pwdAccountLockedTime", wire::FOR_EVER),
            ("sshPublicKey", "none"),
            ("userCertificate", "{ serialNumber 1, issuer rdnSequence:\"cn=none\" }"),
        ];
        for (name, value) in HIDDEN {
            let reply = talk.compare(&self.entry.dn, name, value.as_bytes())?;
            if reply.code == code::NO_ACCESS {
                self.gap(format!("{name} of {} cannot be read: it needs `read` of attrs={name}", self.entry.dn));
            }
        }
        Ok(())
    }

    /// The groups that name it.
    fn groups(&mut self, talk: &mut Talk) -> Result<(), ActError> {
        let base = self.reader.place.base.clone();
        let by_dn = MEMBERS.map(|attribute| (attribute, self.entry.dn.clone()));
        let by_login = [(MEMBER_LOGINS, self.login.clone())];
        let mut groups: Vec<(Entry, Vec<(&str, String)>)> = Vec::new();
        for (attribute, value) in by_dn.into_iter().chain(by_login) {
            let filter = format!("({attribute}={})", ldap_escape(value.as_str()));
            let found = talk.search(&base, Scope::Subtree, &filter, &["entryUUID", "cn", "objectClass"])?;
            if !found.is_whole {
                let how = found.reply.quote();
                self.gap(format!("groups that name it by {attribute} were listed in part: {how}"));
            }
            for group in found.entries {
                match groups.iter_mut().find(|(known, _)| known.dn == group.dn) {
                    Some((_, by)) => by.push((attribute, value.clone())),
                    None => groups.push((group, vec![(attribute, value.clone())])),
                }
            }
        }
        for said in self.entry.all("memberof") {
            if !groups.iter().any(|(group, _)| normal_dn(&group.dn) == normal_dn(said)) {
                self.gaps
                    .push(format!("it is in {said}, which cannot be seen: it needs `search` of attrs=member there"));
                self.listing = Listing::Partial;
            }
        }
        for (group, by) in &groups {
            self.group(group, by);
            let within = format!("(member={})", ldap_escape(group.dn.as_str()));
            for above in talk.search(&base, Scope::Subtree, &within, &["1.1"])?.entries {
                let (group, above) = (&group.dn, &above.dn);
                self.gaps
                    .push(format!("{group} is in {above}: whether what reads {above} follows that, only it knows"));
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &Entry, by: &[(&str, String)]) {
        let name = group.first("cn").map(str::to_owned);
        let name = name.or_else(|| first_part(&group.dn).map(|(_, value)| value)).unwrap_or_default();
        let id = stable_id(group).unwrap_or_else(|| name.clone());
        let mut door = self.door(DoorKind::Membership, &format!("{}/{id}", self.of.native()));
        door.title = format!("in the group {name}");
        door.opens = format!("what {} opens", group.dn);
        put(&mut door, "group", &group.dn);
        put(&mut door, "group-id", stable_id(group).as_deref().unwrap_or(&group.dn));
        for (attribute, value) in by {
            put(&mut door, attribute, value);
        }
        self.doors.push(door);
    }

    /// Connections that are bound as it now.
    fn connections(&mut self, talk: &mut Talk) -> Result<(), ActError> {
        let live = match wire::connections(talk)? {
            Ok(live) => live,
            Err(reply) => {
                self.gap(format!(
                    "connections that are open now are not shown ({}): it needs `database monitor` and `read` of {}",
                    reply.quote(),
                    wire::CONNECTIONS
                ));
                return Ok(());
            }
        };
        let own = normal_dn(&self.entry.dn);
        for live in live.into_iter().filter(|live| normal_dn(&live.dn) == own) {
            let mut door = self.door(DoorKind::LiveConnection, &live.id);
            door.title = format!("connection from {}", live.peer);
            door.opens = "what the account could do when it signed in".to_owned();
            put(&mut door, "connection", &live.id);
            self.doors.push(door);
        }
        Ok(())
    }

    fn door(&self, kind: DoorKind, native: &str) -> Door {
        let mut door = Door::new(&self.reader.system, kind, native);
        door.account = Some(self.of.clone());
        put(&mut door, "dn", &self.entry.dn);
        put(&mut door, "entry", stable_id(self.entry).as_deref().unwrap_or(self.of.native()));
        door
    }

    fn gap(&mut self, gap: String) {
        self.gaps.push(gap);
        self.listing = Listing::Partial;
    }
}

fn put(door: &mut Door, name: &str, value: &str) {
    door.attributes.insert(name.to_owned(), value.to_owned());
}

/// What is listed of an account that is not there. Another that goes by its name is nobody's until
/// somebody says whose.
fn nobody(other: Option<&Entry>) -> DoorList {
    let gaps: Vec<String> = other
        .map(|it| {
            format!("its entry is gone, and another goes by its name now: {}; whose it is, `sync` tells", told(it))
        })
        .into_iter()
        .collect();
    let listing = if gaps.is_empty() { Listing::Complete } else { Listing::Partial };
    DoorList { doors: Vec::new(), listing, gaps }
}

/// An entry in words: its name, and since when it is there.
pub(super) fn told(entry: &Entry) -> String {
    let made = entry.first("createtimestamp").and_then(generalized);
    made.map_or_else(|| entry.dn.clone(), |at| format!("{}, made {at}", entry.dn))
}

/// The entry that goes by a name of one that is not there: in its place, else by its login.
pub(super) fn namesake(
    talk: &mut Talk,
    base: &str,
    dn: &str,
    login: &str,
) -> Result<Option<Entry>, crate::ldap::reply::Failure> {
    if !dn.is_empty()
        && let Some(entry) = talk.entry(dn, &NAMES)?
    {
        return Ok(Some(entry));
    }
    if login.is_empty() {
        return Ok(None);
    }
    let filter = format!("(uid={})", ldap_escape(login));
    Ok(talk.search(base, Scope::Subtree, &filter, &NAMES)?.entries.into_iter().next())
}

/// All that is asked of an account, so that a probe sees what the listing saw.
pub(super) fn read(talk: &mut Talk, base: &str, door: &Door) -> Result<Option<Entry>, crate::ldap::reply::Failure> {
    match wire::by_id(door.attribute("entry")) {
        Some(filter) => Ok(talk.search(base, Scope::Subtree, &filter, &NAMES)?.entries.into_iter().next()),
        None => talk.entry(door.attribute("dn"), &NAMES),
    }
}
