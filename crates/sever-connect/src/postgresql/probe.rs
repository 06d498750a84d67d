//! Trying the doors of a role: signing in as it, and looking from a session of another role than the
//! one that cuts.
//!
//! The server checks the password first and `LOGIN` after it: a contained role is answered `28000 … not
//! permitted to log in` with the right password and `28P01` with a wrong one. So the first, with a
//! password of ours, is the proof. What is only looked at is `observed`, beside something that the same
//! session must see.
//!
//! One attempt with the door's secret, so that no lockout of an extension is tripped; the negative
//! control is a name that nobody has.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, Span, UnknownWhy, VerdictStrength};

use super::catalogue::{self, MemberColumn, PrivilegeColumn};
use super::verdict::{self, Entry, Sight, Standing};
use super::wire::{Failed, Place, Session};
use crate::connector::{Connection, ConnectionError, Login};

/// Tries doors of roles.
pub(crate) struct RoleProbe {
    place: Place,
    login: Option<Login>,
    twin: Option<Login>,
}

/// Opens the trying of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    Ok(Box::new(RoleProbe {
        place: Place::of(connection)?,
        login: connection.login.as_ref().map(super::copy),
        twin: connection.twin.as_ref().map(super::copy),
    }))
}

impl Probe for RoleProbe {
    fn window(&self, _door: &Door) -> Span {
        Span::ZERO
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let role = door.attribute("role");
        if role.is_empty() {
            return verdict::unknown(UnknownWhy::NoProbe, "not a door of a role".to_owned());
        }
        match door.kind {
            DoorKind::Login => self.login(door, role, trial, cx),
            _ => match self.sight(door, role, trial.nonce, cx) {
                Ok(Some(sight)) => verdict::seen(sight),
                Ok(None) => verdict::unknown(UnknownWhy::NoProbe, "nothing here can try it".to_owned()),
                Err(failed) => {
                    let (why, what) = failed.unknown();
                    verdict::unknown(why, what)
                }
            },
        }
    }
}

impl RoleProbe {
    fn login(&self, door: &Door, role: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let ours = trial.replaced.then(|| cx.secrets.derive(door.id.as_str()));
        let secret = ours.as_ref().or(trial.secret);
        let entry = secret.map(|secret| self.enter_as(role, secret.expose(), trial.nonce, cx));
        match entry {
            // Nothing else need be asked.
            Some(Entry::LetIn(evidence)) => return verdict::open(VerdictStrength::Tried, evidence),
            Some(Entry::NoAnswer(why, what)) => return verdict::unknown(why, what),
            _ => {}
        }
        let positive = self.positive(trial.nonce, cx);
        // As many letters as ours, and nobody's.
        let nobody = format!("severance-nobody-{}", trial.nonce);
        let negative = self.enter_as(&nobody, cx.secrets.derive(&nobody).expose(), trial.nonce, cx);
        // Where the answer itself is the proof, the catalogue need not be asked.
        let standing = match entry {
            Some(Entry::NotPermitted(_)) => Standing::Hidden(UnknownWhy::NothingToTry, String::new()),
            _ => self.standing(role, trial.nonce, cx),
        };
        verdict::login(entry, standing, positive, &negative)
    }

    fn enter_as(&self, role: &str, password: &str, nonce: &str, cx: &Cx<'_>) -> Entry {
        let entered = self.place.enter(&self.place.database, (role, password), nonce, cx.patience);
        Entry::of(entered.map(|_| ()))
    }

    /// That the server lets in who may come in: the twin, else our own role.
    fn positive(&self, nonce: &str, cx: &Cx<'_>) -> Control {
        let (who, login) = match (&self.twin, &self.login) {
            (Some(twin), _) => ("the twin", twin),
            (None, Some(login)) => ("our own role", login),
            (None, None) => {
                let answer = "neither a twin nor a role of ours is configured".to_owned();
                return Control { kind: ControlKind::Positive, what: "a login".to_owned(), answer, held: false };
            }
        };
        let entry = self.enter_as(&login.user, login.secret.expose(), nonce, cx);
        let what = format!("{who}, {}, logs in now", login.user);
        let held = matches!(entry, Entry::LetIn(_));
        Control { kind: ControlKind::Positive, what, answer: entry.words(), held }
    }

    /// Our own session, from which is looked.
    fn look(&self, database: &str, nonce: &str, cx: &Cx<'_>) -> Result<Session, Failed> {
        let Some(login) = &self.login else {
            return Err(Failed::Meaningless("no role to look with is configured".to_owned()));
        };
        let database = if database.is_empty() { &self.place.database } else { database };
        self.place.enter(database, (&login.user, login.secret.expose()), nonce, cx.patience)
    }

    /// How a role stands in the catalogue.
    fn standing(&self, role: &str, nonce: &str, cx: &Cx<'_>) -> Standing {
        let looked = self.look("", nonce, cx).and_then(|session| catalogue::role(&session, role));
        match looked {
            Ok(Some(role)) if role.can_login => Standing::MayLogIn,
            Ok(Some(_)) => Standing::MayNot,
            Ok(None) => Standing::Gone,
            Err(failed) => match failed.unknown() {
                // That nobody looks is no fault of whoever would.
                (UnknownWhy::Unexpected, words) => Standing::Hidden(UnknownWhy::NothingToTry, words),
                (why, words) => Standing::Hidden(why, words),
            },
        }
    }

    /// What our own session sees of a door; `None` for one that it knows nothing of.
    fn sight(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Option<Sight>, Failed> {
        let mut parts = door.native.strip_prefix(role).unwrap_or_default().trim_start_matches('/').split('/');
        match (door.kind, parts.next().unwrap_or_default()) {
            (DoorKind::LiveConnection, _) => self.connection(door, role, nonce, cx).map(Some),
            (DoorKind::Membership, _) => self.member(door, role, nonce, cx).map(Some),
            (DoorKind::Delegation, "owns" | "mappings") => self.depends(door, role, nonce, cx).map(Some),
            (DoorKind::Delegation, "granted") => self.granted(door, role, nonce, cx).map(Some),
            (DoorKind::Delegation, "lent") => self.lent(door, role, nonce, cx).map(Some),
            (DoorKind::Delegation, "job") => self.job(door, role, nonce, cx).map(Some),
            _ => Ok(None),
        }
    }

    fn connection(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let session = self.look("", nonce, cx)?;
        // Open while it is looked for, so that what we see of the leaver's we would see of the twin's.
        let (who, other) = match &self.twin {
            Some(twin) => {
                let enter = (twin.user.as_str(), twin.secret.expose().as_str());
                (twin.user.as_str(), Some(self.place.enter(&self.place.database, enter, nonce, cx.patience)?))
            }
            None => (self.login.as_ref().map_or("", |login| login.user.as_str()), None),
        };
        let twin = match catalogue::role(&session, who)? {
            Some(role) => catalogue::live(&session, role.oid)?,
            None => Vec::new(),
        };
        drop(other);
        let seen = twin.iter().filter(|it| it.started.is_some() && it.application == nonce).count();
        let control = verdict::sees(format!("connections of {who} that are open now"), seen as u64);
        let live = match catalogue::role(&session, role)? {
            Some(role) => catalogue::live(&session, role.oid)?,
            None => Vec::new(),
        };
        let (pid, started) = (door.attribute("pid"), door.attribute("started"));
        let same = live.iter().find(|it| it.pid.to_string() == pid);
        if same.is_some_and(|it| it.started.is_none()) {
            return Err(Failed::Meaningless("when the connection began is hidden: GRANT pg_read_all_stats".to_owned()));
        }
        let is_there = same.and_then(|it| it.started).is_some_and(|began| began.to_string() == started);
        let evidence = match (is_there, same) {
            (true, _) => format!("pg_stat_activity shows {pid} of that beginning"),
            (false, Some(_)) => format!("pg_stat_activity shows {pid}, which began at another time"),
            (false, None) => format!("pg_stat_activity shows no {pid} of {role}"),
        };
        Ok(Sight { is_there, evidence, control })
    }

    fn member(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let session = self.look("", nonce, cx)?;
        let control =
            verdict::sees("memberships of anybody".to_owned(), positive(catalogue::members_in_all(&session)?));
        let members = match catalogue::role(&session, role)? {
            Some(role) => catalogue::members(&session, MemberColumn::Member, role.oid)?,
            None => Vec::new(),
        };
        // By whomever it was granted: another grantor's lets it in as well.
        let group = door.attribute("group");
        let is_there = members.iter().any(|it| it.group == group);
        let word = if is_there { "a" } else { "no" };
        Ok(Sight { is_there, evidence: format!("pg_auth_members shows {role} as {word} member of {group}"), control })
    }

    fn lent(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let session = self.look("", nonce, cx)?;
        let control =
            verdict::sees("memberships of anybody".to_owned(), positive(catalogue::members_in_all(&session)?));
        let lent = match catalogue::role(&session, role)? {
            Some(role) => catalogue::members(&session, MemberColumn::Grantor, role.oid)?,
            None => Vec::new(),
        };
        let (group, member) = (door.attribute("group"), door.attribute("member"));
        let is_there = lent.iter().any(|it| it.group == group && it.member == member);
        let word = if is_there { "is" } else { "is not" };
        let evidence = format!("{member}'s membership in {group} {word} granted by {role}");
        Ok(Sight { is_there, evidence, control })
    }

    fn depends(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let session = self.look("", nonce, cx)?;
        let control =
            verdict::sees("owners and grantees of anything".to_owned(), positive(catalogue::depends_in_all(&session)?));
        let depends = match catalogue::role(&session, role)? {
            Some(role) => catalogue::depends(&session, role.oid)?,
            None => Vec::new(),
        };
        let (database, mapped) = (door.attribute("database"), door.native.contains("/mappings/"));
        let of_door = |it: &&catalogue::Depends| {
            let same = if mapped { it.owns && it.class == "pg_user_mapping" } else { it.is_handed_over() };
            same && it.database == database
        };
        let count: i64 = depends.iter().filter(of_door).map(|it| it.count).sum();
        let evidence = format!(
            "pg_shdepend shows {count} of {role}'s in {}",
            if database.is_empty() { "the cluster" } else { database }
        );
        Ok(Sight { is_there: count > 0, evidence, control })
    }

    fn granted(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let database = door.attribute("database");
        let session = self.look(database, nonce, cx)?;
        let control = verdict::sees(
            format!("privileges of anybody in {database}"),
            positive(catalogue::privileges_in_all(&session)?),
        );
        let granted = match catalogue::role(&session, role)? {
            Some(role) => catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid)?,
            None => Vec::new(),
        };
        let evidence =
            format!("access lists in {database} show {} by {role}", crate::row::counted(granted.len() as u64, "grant"));
        Ok(Sight { is_there: !granted.is_empty(), evidence, control })
    }

    fn job(&self, door: &Door, role: &str, nonce: &str, cx: &Cx<'_>) -> Result<Sight, Failed> {
        let session = self.look(door.attribute("database"), nonce, cx)?;
        let (jobs, sees) = catalogue::jobs(&session, role)?;
        let what = "row security lets our role see the jobs of all".to_owned();
        let control = Control { kind: ControlKind::Positive, what, answer: sees.to_string(), held: sees };
        let is_there = jobs.iter().any(|job| job.active && job.id.to_string() == door.attribute("job"));
        let word = if is_there { "an active" } else { "no active" };
        Ok(Sight { is_there, evidence: format!("cron.job shows {word} job {}", door.attribute("job")), control })
    }
}

fn positive(count: i64) -> u64 {
    count.max(0).unsigned_abs()
}

#[cfg(test)]
mod tests;
