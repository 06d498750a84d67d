//! Closing the doors of a role: what each step says to the server.
//!
//! Every step looks first at how things stand, so that doing it again says `Already` and changes
//! nothing. A password of ours is sent as a SCRAM verifier that is made here, never in clear: a server
//! may log its statements.

use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, Operation, Receipt, Said, StepDraft};

use super::catalogue::{self, LOOK_AGAIN, Role};
use super::steps::{self, Settings};
use super::wire::{Failed, Place, Session, quoted};
use crate::connector::{Connection, ConnectionError, Login};

/// Under which name the cutting session stands in the server's log.
const NAME: &str = "severance-cut";

/// What makes a role one that ours may alter.
const ALTERS: &str =
    "CREATEROLE, and from version 16 on ADMIN OPTION on the role; a superuser's is a superuser's to alter";

/// What lets ours act for the leaver and for the new owner.
pub(super) const ACTS_FOR: &str =
    "membership, with INHERIT and SET, in the leaver's role and in the owner's; for the owner CREATE on the schema";

/// Closes doors of roles.
pub(super) struct RoleAction {
    place: Place,
    login: Login,
    settings: Settings,
}

/// What was said, and in which words.
pub(super) type Done = Result<(Said, String), ActError>;

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
    pub(super) fn at(&self, operation: &Operation, cx: &Cx<'_>) -> Result<(Session, Option<Role>), ActError> {
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
                let read =
                    |at: usize| row.try_get::<_, String>(at).map_err(|error| ActError::Unexpected(error.to_string()));
                statements.push(format!("ALTER {} {} OWNER TO {}", read(0)?, read(1)?, quoted(&operation.target)));
            }
        }
        run(&session, &statements.join("; "), ACTS_FOR)
    }

    fn job(&self, operation: &Operation, active: bool, cx: &Cx<'_>) -> Done {
        let job = number(operation, "job")?;
        let lacking = "USAGE on schema cron, SELECT and UPDATE (active) on cron.job, and a policy of our role's on it";
        let acting = |failed: Failed| failed.acting(lacking);
        let (session, _) = self.at(operation, cx)?;
        let (jobs, sees) = catalogue::jobs(&session, &operation.target).map_err(acting)?;
        if !sees {
            let what = "row security hides the jobs of others".to_owned();
            return Err(ActError::NotAllowed { what, lacking: lacking.to_owned() });
        }
        match jobs.iter().find(|it| it.id == job) {
            None => return Ok((Said::Already, format!("it has no job {job}"))),
            Some(it) if it.active == active => return Ok((Said::Already, format!("active was {active}"))),
            Some(_) => {}
        }
        // `cron.alter_job` may be called by nobody but superusers; its table tells it of changes.
        let sql = "update cron.job set active = $1 where jobid = $2 and username = $3 returning jobid";
        let rows = session.rows(sql, &[&active, &job, &operation.target]).map_err(acting)?;
        if rows.is_empty() {
            return Err(ActError::NotAllowed { what: "no job was changed".to_owned(), lacking: lacking.to_owned() });
        }
        Ok((Said::Done, format!("job {job}: active = {active}")))
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

/// Does statements that hold no secret, and says them in the receipt.
pub(super) fn run(session: &Session, statements: &str, lacking: &str) -> Done {
    session.run(statements).map_err(|failed| failed.acting(lacking))?;
    Ok((Said::Done, statements.chars().take(300).collect()))
}

pub(super) fn gone(operation: &Operation) -> Done {
    Ok((Said::Already, format!("role {} does not exist", operation.target)))
}

pub(super) fn argument<'a>(operation: &'a Operation, name: &str) -> &'a str {
    operation.arguments.get(name).map_or("", String::as_str)
}

pub(super) fn needed<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ActError> {
    let bad = || ActError::BadStep(format!("{} without `{name}`", operation.verb));
    Some(argument(operation, name)).filter(|value| !value.is_empty()).ok_or_else(bad)
}

fn number(operation: &Operation, name: &str) -> Result<i64, ActError> {
    let bad = |_| ActError::BadStep(format!("{}: `{name}` is no number", operation.verb));
    needed(operation, name)?.parse().map_err(bad)
}
