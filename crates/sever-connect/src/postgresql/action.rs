//! Closing the doors of a role: what each step says to the server.
//!
//! Every step looks first at how things stand, so that doing it again says `Already` and changes
//! nothing. A password of ours is sent as a SCRAM verifier that is made here, never in clear: a server
//! may log its statements.

use sever_model::act::{Action, ActError, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, Operation, Receipt, Said, StepDraft};

use super::catalogue::{self, LOOK_AGAIN, MemberColumn, Privilege, PrivilegeColumn, Role};
use super::steps::{self, Settings};
use super::wire::{Failed, Place, Session, quoted};
use crate::connector::{Connection, ConnectionError, Login};

/// Under which name the cutting session stands in the server's log.
const NAME: &str = "severance-cut";

/// What makes a role one that ours may alter.
const ALTERS: &str = "CREATEROLE, and from version 16 on ADMIN OPTION on the role; a superuser's is a superuser's to alter";

/// What lets ours act for the leaver and for the new owner.
const ACTS_FOR: &str = "membership, with INHERIT and SET, in the leaver's role and in the owner's";

/// Closes doors of roles.
pub(crate) struct RoleAction {
    place: Place,
    login: Login,
    settings: Settings,
}

/// What was said, and in which words.
type Done = Result<(Said, String), ActError>;

/// Opens the closing of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    let drops = match connection.setting("drop").unwrap_or("false") {
        "true" => true,
        "false" => false,
        other => return Err(connection.wrong(format!("`settings.drop` is `true` or `false`, not `{other}`"))),
    };
    let owner = connection.setting("owner").map(str::to_owned);
    Ok(Box::new(RoleAction {
        place: Place::of(connection)?,
        login: super::copy(connection.login()?),
        settings: Settings { connection: connection.id.clone(), owner, drops },
    }))
}

impl Action for RoleAction {
    fn connection(&self) -> &ConnectionId {
        &self.settings.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        steps::steps(&self.settings, door)
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let bad = |what: &str| Err(ActError::BadStep(format!("{what}: {} {}", operation.verb, operation.target)));
        if operation.connection != self.settings.connection {
            return bad("of another connection");
        }
        let Some(perform) = perform(&operation.verb) else { return bad("no such step") };
        if operation.target == self.login.user {
            return Err(ActError::Refused(format!("{} is the role that we cut with", operation.target)));
        }
        let (said, answer) = perform(self, operation, cx)?;
        Ok(Receipt { said, answer, at: cx.clock.now() })
    }
}

/// What does a step of a verb.
fn perform(verb: &str) -> Option<fn(&RoleAction, &Operation, &Cx<'_>) -> Done> {
    Some(match verb {
        "nologin" => |it, operation, cx| it.may_login(operation, false, cx),
        "login" => |it, operation, cx| it.may_login(operation, true, cx),
        "reset-password" => RoleAction::reset,
        "terminate" => RoleAction::terminate,
        "reassign" => RoleAction::reassign,
        "give-back" => RoleAction::give_back,
        "regrant" => RoleAction::regrant,
        "revoke-granted" => RoleAction::revoke_granted,
        "grant-option" => RoleAction::grant_option,
        "revoke-membership" => RoleAction::revoke_membership,
        "grant-membership" => RoleAction::grant_membership,
        "regrant-membership" => RoleAction::regrant_membership,
        "stop-job" => |it, operation, cx| it.job(operation, false, cx),
        "start-job" => |it, operation, cx| it.job(operation, true, cx),
        "drop-mappings" => RoleAction::drop_mappings,
        "drop" => RoleAction::drop,
        _ => return None,
    })
}

impl RoleAction {
    fn enter(&self, database: &str, cx: &Cx<'_>) -> Result<Session, ActError> {
        let database = if database.is_empty() { &self.place.database } else { database };
        let entered = self.place.enter(database, (&self.login.user, self.login.secret.expose()), NAME, cx.patience);
        entered.map_err(|failed| failed.acting("CONNECT on the database"))
    }

    /// A session in the step's database, and the role that it is about; none where that is gone.
    fn at(&self, operation: &Operation, cx: &Cx<'_>) -> Result<(Session, Option<Role>), ActError> {
        let session = self.enter(argument(operation, "database"), cx)?;
        let role = catalogue::role(&session, &operation.target).map_err(|failed| failed.acting("a login"))?;
        Ok((session, role))
    }

    fn may_login(&self, operation: &Operation, may: bool, cx: &Cx<'_>) -> Done {
        let (session, role) = self.at(operation, cx)?;
        match role {
            None if may => Err(ActError::Refused(format!("role {} does not exist", operation.target))),
            None => gone(operation),
            Some(role) if role.can_login == may => Ok((Said::Already, format!("rolcanlogin was {may}"))),
            Some(_) => {
                let word = if may { "LOGIN" } else { "NOLOGIN" };
                run(&session, &format!("ALTER ROLE {} {word}", quoted(&operation.target)), ALTERS)
            }
        }
    }

    fn reset(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let door = needed(operation, "door")?;
        let (session, role) = self.at(operation, cx)?;
        if role.is_none() {
            return gone(operation);
        }
        let secret = cx.secrets.derive(door);
        let verifier = postgres_protocol::password::scram_sha_256(secret.expose().as_bytes());
        let done = session.run(&format!("ALTER ROLE {} PASSWORD '{verifier}'", quoted(&operation.target)));
        done.map_err(|failed| failed.acting(ALTERS))?;
        Ok((Said::Done, "ALTER ROLE … PASSWORD, as a SCRAM-SHA-256 verifier".to_owned()))
    }

    fn terminate(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (pid, started) = (number(operation, "pid")?, number(operation, "started")?);
        let lacking = "pg_signal_backend; for a superuser's connection only a superuser";
        let acting = |failed: Failed| failed.acting(lacking);
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let is_there = || -> Result<bool, ActError> {
            let live = catalogue::live(&session, role.oid).map_err(acting)?;
            let same = live.iter().find(|it| it.pid == pid);
            match same.map(|it| it.started) {
                Some(None) => Err(ActError::NotAllowed {
                    what: "when the connection began is hidden".to_owned(),
                    lacking: "pg_read_all_stats".to_owned(),
                }),
                Some(Some(began)) => Ok(began == started),
                None => Ok(false),
            }
        };
        if !is_there()? {
            return Ok((Said::Already, format!("no connection {pid} of that beginning")));
        }
        // By its beginning too, in one statement: the id may be another's by now.
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity where pid::int8 = $1 and \
                   (extract(epoch from backend_start) * 1000000)::int8 = $2 and usesysid = $3::int8::oid";
        session.rows(sql, &[&pid, &started, &role.oid]).map_err(acting)?;
        let end = cx.clock.now().as_event().plus(cx.patience);
        while is_there()? {
            if cx.clock.now().as_event() >= end || !cx.clock.wait(LOOK_AGAIN) {
                return Ok((Said::Queued, format!("connection {pid} was told to end, and is still there")));
            }
        }
        Ok((Said::Done, format!("pg_terminate_backend({pid}), and it is gone")))
    }

    fn reassign(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let owner = needed(operation, "owner")?;
        let database = argument(operation, "database");
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let owned = catalogue::owned(&session, role.oid, database).map_err(|failed| failed.acting(ACTS_FOR))?;
        if owned.is_empty() {
            return Ok((Said::Already, "it owns nothing there".to_owned()));
        }
        run(&session, &format!("REASSIGN OWNED BY {} TO {}", quoted(&operation.target), quoted(owner)), ACTS_FOR)
    }

    fn give_back(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let wrong = || ActError::BadStep(format!("give-back of what is no object: {}", operation.target));
        let (session, role) = self.at(operation, cx)?;
        if role.is_none() {
            return Err(ActError::Refused(format!("role {} does not exist", operation.target)));
        }
        let mut statements = Vec::new();
        for object in needed(operation, "objects")?.split(',') {
            let (class, oid) = object.split_once('/').ok_or_else(wrong)?;
            let oid: i64 = oid.parse().map_err(|_| wrong())?;
            // The server itself writes the name, as it is now; what is gone cannot be given back.
            let sql = "select type, identity from pg_identify_object($1::text::regclass, $2::int8::oid, 0) \
                       where type is not null and identity is not null";
            let rows = session.rows(sql, &[&class, &oid]).map_err(|failed| failed.acting(ACTS_FOR))?;
            for row in rows {
                let read = |at: usize| row.try_get::<_, String>(at).map_err(|error| ActError::Unexpected(error.to_string()));
                statements.push(format!("ALTER {} {} OWNER TO {}", read(0)?, read(1)?, quoted(&operation.target)));
            }
        }
        run(&session, &statements.join("; "), ACTS_FOR)
    }

    fn regrant(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let missing = not_regranted(&session, &role).map_err(|failed| failed.acting(ACTS_FOR))?;
        if missing.is_empty() {
            return Ok((Said::Already, "nothing it granted is not granted by the owner too".to_owned()));
        }
        // Whoever is a member of the owner grants as the owner, whatever else it may grant by.
        let statements: Vec<String> = missing
            .iter()
            .map(|it| {
                let to = if it.grantee.is_empty() { "PUBLIC".to_owned() } else { quoted(&it.grantee) };
                format!("SET LOCAL ROLE {}; {}; RESET ROLE", quoted(&it.owner), it.grant(&to, it.grantable))
            })
            .collect();
        session.run(&statements.join("; ")).map_err(|failed| failed.acting(ACTS_FOR))?;
        Ok((Said::Done, format!("{} by the owner", crate::row::counted(missing.len() as u64, "grant"))))
    }

    fn revoke_granted(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let acting = |failed: Failed| failed.acting(ACTS_FOR);
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let missing = not_regranted(&session, &role).map_err(acting)?;
        if let Some(first) = missing.first() {
            return Err(ActError::Refused(format!("not granted again by the owner yet: {}", first.words())));
        }
        let granted = catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid).map_err(acting)?;
        if granted.is_empty() {
            return Ok((Said::Already, "it granted nothing that stands".to_owned()));
        }
        // What it may do itself stays; what hangs on its right to grant goes.
        let mut statements: Vec<String> = granted
            .iter()
            .map(|it| {
                let (owner, from) = (quoted(&it.owner), quoted(&operation.target));
                format!("SET LOCAL ROLE {owner}; REVOKE GRANT OPTION FOR {} FROM {from} CASCADE; RESET ROLE", it.on())
            })
            .collect();
        statements.dedup();
        session.run(&statements.join("; ")).map_err(acting)?;
        let left = catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid).map_err(acting)?;
        match left.first() {
            None => Ok((Said::Done, format!("{} revoked", crate::row::counted(granted.len() as u64, "grant")))),
            // It has its right to grant from somebody who is not the owner.
            Some(it) => Err(ActError::Refused(format!("still granted by it: {}", it.words()))),
        }
    }

    fn grant_option(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let on: Vec<&str> = needed(operation, "on")?.split("; ").collect();
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let held = catalogue::privileges(&session, PrivilegeColumn::GranteeOfOwner, role.oid);
        let held: Vec<Privilege> = held.map_err(|failed| failed.acting(ACTS_FOR))?;
        let lacks = held.iter().filter(|it| !it.grantable && on.contains(&it.on().as_str()));
        let to = quoted(&operation.target);
        let statements: Vec<String> = lacks
            .map(|it| format!("SET LOCAL ROLE {}; {}; RESET ROLE", quoted(&it.owner), it.grant(&to, true)))
            .collect();
        if statements.is_empty() {
            return Ok((Said::Already, "it may grant what it holds of them".to_owned()));
        }
        run(&session, &statements.join("; "), ACTS_FOR)
    }

    fn revoke_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (group, grantor) = (needed(operation, "group")?, argument(operation, "grantor"));
        let lacking = format!("ADMIN OPTION on {group}; from version 16 on also the rights of {grantor}, who granted it");
        let acting = |failed: Failed| failed.acting(&lacking);
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let stands = || -> Result<bool, ActError> {
            let members = catalogue::members(&session, MemberColumn::Member, role.oid).map_err(acting)?;
            Ok(members.iter().any(|it| it.group == group && it.grantor == grantor))
        };
        if !stands()? {
            return Ok((Said::Already, format!("it is no member of {group} by {grantor}")));
        }
        let by = granted_by(&session, grantor).map_err(acting)?;
        let statement = format!("REVOKE {} FROM {}{by}", quoted(group), quoted(&operation.target));
        session.run(&statement).map_err(acting)?;
        // A server only warns where the membership is another grantor's.
        if stands()? {
            let what = format!("it is still a member of {group} by {grantor}");
            return Err(ActError::NotAllowed { what, lacking });
        }
        Ok((Said::Done, statement))
    }

    fn grant_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let group = needed(operation, "group")?;
        let (session, role) = self.at(operation, cx)?;
        if role.is_none() {
            return Err(ActError::Refused(format!("role {} does not exist", operation.target)));
        }
        let acting = |failed: Failed| failed.acting("ADMIN OPTION on the group");
        let with = with_options(&session, argument(operation, "options")).map_err(acting)?;
        let statement = format!("GRANT {} TO {}{with}", quoted(group), quoted(&operation.target));
        run(&session, &statement, "ADMIN OPTION on the group")
    }

    fn regrant_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (group, member) = (needed(operation, "group")?, needed(operation, "member")?);
        let acting = |failed: Failed| failed.acting("ADMIN OPTION on the group, and the rights of the leaver's role");
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let lent = catalogue::members(&session, MemberColumn::Grantor, role.oid).map_err(acting)?;
        if !lent.iter().any(|it| it.group == group && it.member == member) {
            return Ok((Said::Already, "it did not grant that".to_owned()));
        }
        let with = with_options(&session, argument(operation, "options")).map_err(acting)?;
        let by = granted_by(&session, &operation.target).map_err(acting)?;
        let (group, member) = (quoted(group), quoted(member));
        let (grant, revoke) = (format!("GRANT {group} TO {member}{with}"), format!("REVOKE {group} FROM {member}{by}"));
        // Before version 16 there is one membership, with whoever granted it first; since then one for each grantor.
        let statements = if by.is_empty() { [revoke, grant] } else { [grant, revoke] };
        session.run(&statements.join("; ")).map_err(acting)?;
        Ok((Said::Done, statements.join("; ")))
    }

    fn job(&self, operation: &Operation, active: bool, cx: &Cx<'_>) -> Done {
        let job = number(operation, "job")?;
        let lacking = "membership, with SET, in the leaver's role";
        let (session, role) = self.at(operation, cx)?;
        if role.is_none() {
            return gone(operation);
        }
        // Only its owner sees and alters a job.
        let as_owner = format!("SET LOCAL ROLE {}", quoted(&operation.target));
        run(&session, &format!("{as_owner}; SELECT cron.alter_job({job}, active := {active})"), lacking)
    }

    fn drop_mappings(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let acting = |failed: Failed| failed.acting("USAGE and ownership of the foreign servers");
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let sql = "select srvname::text from pg_user_mappings where umuser = $1::int8::oid order by 1";
        let rows = session.rows(sql, &[&role.oid]).map_err(acting)?;
        let mut statements = Vec::new();
        for row in &rows {
            let server: String = row.try_get(0).map_err(|error| ActError::Unexpected(error.to_string()))?;
            let (role, server) = (quoted(&operation.target), quoted(&server));
            statements.push(format!("DROP USER MAPPING FOR {role} SERVER {server}"));
        }
        if statements.is_empty() {
            return Ok((Said::Already, "it has no user mappings there".to_owned()));
        }
        run(&session, &statements.join("; "), "ownership of the foreign servers")
    }

    fn drop(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let depends = catalogue::depends(&session, role.oid).map_err(|failed| failed.acting(ACTS_FOR))?;
        let mut databases: Vec<&str> = depends.iter().map(|it| it.database.as_str()).collect();
        databases.dedup();
        let name = quoted(&operation.target);
        for database in databases {
            let within = self.enter(database, cx)?;
            within.run(&format!("DROP OWNED BY {name}")).map_err(|failed| failed.acting(ACTS_FOR))?;
        }
        run(&session, &format!("DROP ROLE {name}"), ALTERS)
    }
}

/// What a role granted and the owner has not granted too.
fn not_regranted(session: &Session, role: &Role) -> Result<Vec<Privilege>, Failed> {
    let by_them = catalogue::privileges(session, PrivilegeColumn::Grantor, role.oid)?;
    let by_owner = catalogue::privileges(session, PrivilegeColumn::OfOwnerBeside, role.oid)?;
    let is_by_owner = |it: &Privilege| {
        by_owner.iter().any(|other| {
            other.grantee == it.grantee && other.on() == it.on() && (other.grantable || !it.grantable)
        })
    };
    Ok(by_them.into_iter().filter(|it| !is_by_owner(it)).collect())
}

/// `GRANTED BY`, where the server keeps memberships apart by it.
fn granted_by(session: &Session, grantor: &str) -> Result<String, Failed> {
    let apart = catalogue::version(session)? >= 160_000 && !grantor.is_empty();
    Ok(if apart { format!(" GRANTED BY {}", quoted(grantor)) } else { String::new() })
}

/// A membership's options, as the server's version writes them.
fn with_options(session: &Session, options: &str) -> Result<String, Failed> {
    let has = |word: &str| options.split(',').any(|it| it == word);
    if catalogue::version(session)? < 160_000 {
        return Ok(if has("admin") { " WITH ADMIN OPTION".to_owned() } else { String::new() });
    }
    let word = |name: &str| if has(name) { "TRUE" } else { "FALSE" };
    Ok(format!(" WITH ADMIN {}, INHERIT {}, SET {}", word("admin"), word("inherit"), word("set")))
}

/// Does statements that hold no secret, and says them in the receipt.
fn run(session: &Session, statements: &str, lacking: &str) -> Done {
    session.run(statements).map_err(|failed| failed.acting(lacking))?;
    Ok((Said::Done, statements.chars().take(300).collect()))
}

fn gone(operation: &Operation) -> Done {
    Ok((Said::Already, format!("role {} does not exist", operation.target)))
}

fn argument<'a>(operation: &'a Operation, name: &str) -> &'a str {
    operation.arguments.get(name).map_or("", String::as_str)
}

fn needed<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ActError> {
    let bad = || ActError::BadStep(format!("{} without `{name}`", operation.verb));
    Some(argument(operation, name)).filter(|value| !value.is_empty()).ok_or_else(bad)
}

fn number(operation: &Operation, name: &str) -> Result<i64, ActError> {
    let bad = |_| ActError::BadStep(format!("{}: `{name}` is no number", operation.verb));
    needed(operation, name)?.parse().map_err(bad)
}
