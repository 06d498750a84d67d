//! The doors of a role, as the catalogue shows them now.
//!
//! | door | native | attributes |
//! |---|---|---|
//! | login | `ROLE` | `foreign`, `held`: privileges that others than the owner gave it, and that the owner gave |
//! | live connection | `PID@START` | `role`, `pid`, `started` |
//! | membership | `ROLE/GROUP/GRANTOR` | `role`, `group`, `grantor`, `options` |
//! | delegation | `ROLE/owns/DATABASE` | `role`, `database`, `objects` |
//! | | `ROLE/granted/DATABASE` | `role`, `database`, `grants`, `on` |
//! | | `ROLE/lent/GROUP/MEMBER` | `role`, `group`, `member`, `options` |
//! | | `ROLE/mappings/DATABASE` | `role`, `database` |
//! | | `ROLE/job/ID` | `role`, `job`, `database` |
//!
//! Bounded by the roles' own connections, memberships, databases and jobs; lists within an attribute by
//! [`NAMED_MAX`].

use std::collections::BTreeMap;

use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorKind, DoorList, Listing, SystemId};

use super::catalogue::{self, Depends, MemberColumn, PrivilegeColumn, Role};
use super::wire::{Failed, Place, Session};
use crate::connector::{Connection, ConnectionError, Login};

/// Objects or privileges that an attribute names one by one.
pub(crate) const NAMED_MAX: usize = 500;

/// Privileges that a title names.
const SHOWN_MAX: usize = 5;

/// Under which name the reading session stands in the server's log.
const NAME: &str = "severance";

/// Lists the doors of roles.
pub(crate) struct RoleDoors {
    place: Place,
    system: SystemId,
    login: Login,
    cron_database: String,
}

/// What is gathered for one role.
struct Gathered<'a> {
    system: &'a SystemId,
    account: &'a AccountId,
    name: &'a str,
    doors: Vec<Door>,
    gaps: Vec<String>,
}

/// Privileges of a role's own, in words: what `DROP ROLE` may fail on.
#[derive(Default)]
struct Held {
    /// Granted by somebody who is not the owner.
    foreign: Vec<String>,
    /// Granted by the owner.
    by_owner: Vec<String>,
}

/// Opens the listing of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Doors>, ConnectionError> {
    Ok(Box::new(RoleDoors {
        place: Place::of(connection)?,
        system: connection.system.clone(),
        login: super::copy(connection.login()?),
        cron_database: connection.setting("cron_database").unwrap_or("postgres").to_owned(),
    }))
}

impl Doors for RoleDoors {
    fn doors(&self, of: &AccountId, _login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let acting = |failed: Failed| failed.acting("CONNECT on the database");
        let name = of.native();
        let session = self.enter(&self.place.database, cx).map_err(acting)?;
        let Some(role) = catalogue::role(&session, name).map_err(acting)? else {
            return Ok(DoorList { doors: Vec::new(), listing: Listing::Complete, gaps: Vec::new() });
        };
        let mut into = Gathered { system: &self.system, account: of, name, doors: Vec::new(), gaps: Vec::new() };
        let depends = catalogue::depends(&session, role.oid).map_err(acting)?;
        let mut held = Held::default();
        let mut granted = Vec::new();
        for database in names(&depends, |it| !it.owns) {
            match self.privileges(&database, role.oid, cx) {
                Ok((by_them, to_them)) => {
                    held.foreign.extend(to_them.foreign);
                    held.by_owner.extend(to_them.by_owner);
                    granted.push((database, by_them));
                }
                Err(failed) => into.gap(&database, "what they granted to others", failed),
            }
        }
        into.login(&role, &held);
        into.live(&session, &role).map_err(acting)?;
        into.members(&session, &role).map_err(acting)?;
        into.owned(self, &depends, &role, cx);
        for (database, privileges) in &granted {
            into.granted(database, privileges);
        }
        into.lent(&session, &role).map_err(acting)?;
        into.mappings(&depends);
        into.jobs(self, &session, cx).map_err(acting)?;
        let listing = if into.gaps.is_empty() { Listing::Complete } else { Listing::Partial };
        Ok(DoorList { doors: into.doors, listing, gaps: into.gaps })
    }
}

impl RoleDoors {
    fn enter(&self, database: &str, cx: &Cx<'_>) -> Result<Session, Failed> {
        self.place.enter(database, (&self.login.user, self.login.secret.expose()), NAME, cx.patience)
    }

    /// What a role granted to others in a database, and what was granted to it.
    fn privileges(&self, database: &str, role: i64, cx: &Cx<'_>) -> Result<(Vec<catalogue::Privilege>, Held), Failed> {
        let session = self.enter(database, cx)?;
        let by_them = catalogue::privileges(&session, PrivilegeColumn::Grantor, role)?;
        let to_them = |column| -> Result<Vec<String>, Failed> {
            let privileges = catalogue::privileges(&session, column, role)?;
            Ok(privileges.iter().map(|it| format!("{} in {database} by {}", it.on(), it.grantor)).collect())
        };
        let foreign = to_them(PrivilegeColumn::GranteeOfOthers)?;
        Ok((by_them, Held { foreign, by_owner: to_them(PrivilegeColumn::GranteeOfOwner)? }))
    }
}

/// The databases in which something of a role's depends on it, once each.
fn names(depends: &[Depends], which: impl Fn(&Depends) -> bool) -> Vec<String> {
    let mut names: Vec<String> =
        depends.iter().filter(|it| which(it) && !it.database.is_empty()).map(|it| it.database.clone()).collect();
    names.sort();
    names.dedup();
    names
}

impl Gathered<'_> {
    fn door(&self, kind: DoorKind, native: String, title: String, attributes: &[(&str, String)]) -> Door {
        let mut door = Door::new(self.system, kind, native);
        door.account = Some(self.account.clone());
        door.title = title;
        let role = [("role".to_owned(), self.name.to_owned())];
        let more = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        door.attributes = role.into_iter().chain(more).collect();
        door
    }

    fn gap(&mut self, database: &str, what: &str, failed: Failed) {
        let (_, why) = failed.unknown();
        self.gaps.push(format!("{what} in {database} cannot be seen ({why}): GRANT CONNECT ON DATABASE {database}"));
    }

    fn login(&mut self, role: &Role, held: &Held) {
        if !role.can_login {
            return;
        }
        let mut attributes = Vec::new();
        for (name, list) in [("foreign", &held.foreign), ("held", &held.by_owner)] {
            let named: Vec<&str> = list.iter().take(NAMED_MAX).map(String::as_str).collect();
            if !named.is_empty() {
                attributes.push((name, named.join("; ")));
            }
        }
        let mut door =
            self.door(DoorKind::Login, self.name.to_owned(), format!("database role {}", self.name), &attributes);
        door.opens = if role.is_superuser { "the whole cluster, as a superuser" } else { "the cluster" }.to_owned();
        self.doors.push(door);
    }

    fn live(&mut self, session: &Session, role: &Role) -> Result<(), Failed> {
        let mut hidden = 0_u64;
        for live in catalogue::live(session, role.oid)? {
            let Some(started) = live.started else {
                hidden += 1;
                continue;
            };
            let place = if live.database.is_empty() { String::new() } else { format!(" in {}", live.database) };
            let program = if live.application.is_empty() { "a program" } else { &live.application };
            let title = format!("{program} from {}{place}", live.from);
            let attributes = [("pid", live.pid.to_string()), ("started", started.to_string())];
            // The operating system gives a process id again: with its beginning it is this connection alone.
            let native = format!("{}@{started}", live.pid);
            self.doors.push(self.door(DoorKind::LiveConnection, native, title, &attributes));
        }
        if hidden > 0 {
            let connections = crate::row::counted(hidden, "live connection");
            self.gaps.push(format!("{connections} whose beginning cannot be seen: GRANT pg_read_all_stats"));
        }
        Ok(())
    }

    fn members(&mut self, session: &Session, role: &Role) -> Result<(), Failed> {
        for member in catalogue::members(session, MemberColumn::Member, role.oid)? {
            let native = format!("{}/{}/{}", self.name, member.group, member.grantor);
            let title = format!("member of {}", member.group);
            let attributes = [
                ("group", member.group.clone()),
                ("grantor", member.grantor.clone()),
                ("options", options(member.admin, member.inherit, member.set)),
            ];
            self.doors.push(self.door(DoorKind::Membership, native, title, &attributes));
        }
        Ok(())
    }

    fn owned(&mut self, reader: &RoleDoors, depends: &[Depends], role: &Role, cx: &Cx<'_>) {
        let mut places: BTreeMap<&str, Vec<&Depends>> = BTreeMap::new();
        for it in depends.iter().filter(|it| it.is_handed_over()) {
            places.entry(&it.database).or_default().push(it);
        }
        for (database, owned) in places {
            let what: Vec<String> = owned.iter().map(|it| things(&it.class, it.count)).collect();
            let place = if database.is_empty() { String::new() } else { format!(" in {database}") };
            let title = format!("owns {}{place}", what.join(", "));
            let mut attributes = vec![("database", database.to_owned())];
            // Which they are matters only for giving them back; what cannot be listed cannot be given back.
            let enter = if database.is_empty() { &reader.place.database } else { database };
            let objects = reader.enter(enter, cx).and_then(|session| catalogue::owned(&session, role.oid, database));
            if let Ok(objects) = objects
                && objects.len() <= NAMED_MAX
            {
                attributes.push(("objects", objects.join(",")));
            }
            let native = format!("{}/owns/{database}", self.name);
            self.doors.push(self.door(DoorKind::Delegation, native, title, &attributes));
        }
    }

    fn granted(&mut self, database: &str, privileges: &[catalogue::Privilege]) {
        if privileges.is_empty() {
            return;
        }
        let words: Vec<String> = privileges.iter().map(catalogue::Privilege::words).collect();
        let shown: Vec<&str> = words.iter().take(SHOWN_MAX).map(String::as_str).collect();
        let more = words.len().saturating_sub(SHOWN_MAX);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        let title = format!("granted in {database}: {}{tail}", shown.join("; "));
        let named: Vec<&str> = words.iter().take(NAMED_MAX).map(String::as_str).collect();
        let mut on: Vec<String> = privileges.iter().take(NAMED_MAX).map(catalogue::Privilege::on).collect();
        on.dedup();
        let attributes = [("database", database.to_owned()), ("grants", named.join("; ")), ("on", on.join("; "))];
        let native = format!("{}/granted/{database}", self.name);
        self.doors.push(self.door(DoorKind::Delegation, native, title, &attributes));
    }

    fn lent(&mut self, session: &Session, role: &Role) -> Result<(), Failed> {
        for lent in catalogue::members(session, MemberColumn::Grantor, role.oid)? {
            if lent.member == self.name {
                continue;
            }
            let native = format!("{}/lent/{}/{}", self.name, lent.group, lent.member);
            let title = format!("made {} a member of {}", lent.member, lent.group);
            let attributes = [
                ("group", lent.group.clone()),
                ("member", lent.member.clone()),
                ("options", options(lent.admin, lent.inherit, lent.set)),
            ];
            self.doors.push(self.door(DoorKind::Delegation, native, title, &attributes));
        }
        Ok(())
    }

    fn mappings(&mut self, depends: &[Depends]) {
        for it in depends.iter().filter(|it| it.owns && it.class == "pg_user_mapping") {
            let (database, count) = (&it.database, it.count);
            let title = format!("{} in {database}", things("pg_user_mapping", count));
            let native = format!("{}/mappings/{database}", self.name);
            let attributes = [("database", database.clone())];
            let mut door = self.door(DoorKind::Delegation, native, title, &attributes);
            door.opens = "other servers, by the passwords that are kept in them".to_owned();
            self.doors.push(door);
        }
    }

    fn jobs(&mut self, reader: &RoleDoors, session: &Session, cx: &Cx<'_>) -> Result<(), Failed> {
        let Some(database) = catalogue::cron_database(session)? else { return Ok(()) };
        let database = if database.is_empty() { reader.cron_database.clone() } else { database };
        let listed = reader.enter(&database, cx).and_then(|cron| catalogue::jobs(&cron, self.name));
        match listed {
            Ok((jobs, sees)) => {
                for job in jobs.into_iter().filter(|job| job.active) {
                    let native = format!("{}/job/{}", self.name, job.id);
                    let title = format!("job {} in {} ({})", job.id, job.database, job.schedule);
                    let attributes = [("job", job.id.to_string()), ("database", database.clone())];
                    self.doors.push(self.door(DoorKind::Delegation, native, title, &attributes));
                }
                if !sees {
                    self.gaps.push(format!(
                        "jobs of pg_cron are hidden by row security: CREATE POLICY severance ON cron.job FOR SELECT \
                         TO {} USING (true)",
                        reader.login.user
                    ));
                }
            }
            Err(failed) => {
                let (_, why) = failed.unknown();
                self.gaps.push(format!(
                    "jobs of pg_cron in {database} cannot be seen ({why}): GRANT USAGE ON SCHEMA cron and SELECT ON \
                     cron.job"
                ));
            }
        }
        Ok(())
    }
}

/// A membership's options, as `admin,inherit,set` with those that it has.
fn options(admin: bool, inherit: bool, set: bool) -> String {
    let held = [("admin", admin), ("inherit", inherit), ("set", set)];
    let words: Vec<&str> = held.iter().filter(|(_, has)| *has).map(|(word, _)| *word).collect();
    words.join(",")
}

/// So many objects of a catalogue, in words.
fn things(class: &str, count: i64) -> String {
    let word = match class {
        "pg_class" => "table",
        "pg_proc" => "function",
        "pg_namespace" => "schema",
        "pg_type" => "type",
        "pg_database" => "database",
        "pg_tablespace" => "tablespace",
        "pg_subscription" => "subscription",
        "pg_publication" => "publication",
        "pg_foreign_server" => "foreign server",
        "pg_user_mapping" => "user mapping",
        "pg_largeobject" => "large object",
        "pg_extension" => "extension",
        "pg_event_trigger" => "event trigger",
        other => other,
    };
    crate::row::counted(count.max(0).unsigned_abs(), word)
}
