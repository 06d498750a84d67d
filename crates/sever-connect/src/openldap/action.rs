//! Closing doors of OpenLDAP: lock, reset, expire, then groups and keys.
//!
//! INVARIANT: the overlay ppolicy lifts an account's lock whenever its password is set by somebody else.
//! So the step that resets the password sets the lock again, after it; in whatever order and however
//! often the steps are done, both hold in the end.

use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, StepDraft};

use super::wire::{self, MEMBER_LOGINS, MEMBERS};
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::change::{self, Done, argument, draft, locate, operation, settled};
use crate::ldap::place::{Place, kept};
use crate::ldap::reply::code;
use crate::ldap::talk::{Change, Talk};
use crate::ldap::watch::is_listed;

const LOCK: &str = "lock-account";
const UNLOCK: &str = "unlock-account";
const RESET: &str = "reset-password";
const EXPIRE: &str = "expire-shadow";
const RESTORE: &str = "restore-shadow";

/// The lock's attribute.
const LOCKED_TIME: &str = "pwdAccountLockedTime";

/// The day after the first of January 1970: long ago, and not the 0 that some systems take for never.
const LONG_AGO_DAYS: &str = "1";

/// Writes as the cutting account.
pub(super) struct Cutter {
    id: ConnectionId,
    place: Place,
    login: Login,
    locks: bool,
}

/// Opens the closing of doors.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    let locks = match connection.setting("lock").unwrap_or("ppolicy") {
        "ppolicy" => true,
        "none" => false,
        other => return Err(connection.wrong(format!("`settings.lock` is `ppolicy` or `none`, not `{other}`"))),
    };
    let (place, login) = (Place::of(connection)?, kept(connection.login()?));
    Ok(Box::new(Cutter { id: connection.id.clone(), place, login, locks }))
}

impl Action for Cutter {
    fn connection(&self) -> &ConnectionId {
        &self.id
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let mut steps = match door.kind {
            _ if !is_listed(door) => Vec::new(),
            DoorKind::Login => self.contain(door),
            DoorKind::Membership => self.leave(door),
            DoorKind::SshKey | DoorKind::Certificate => {
                vec![change::remove_key(&self.id, door.attribute("entry"), door)]
            }
            // slapd has no operation that ends a connection of another's.
            _ => Vec::new(),
        };
        for step in &mut steps {
            step.window = wire::WINDOW;
        }
        steps
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let own = [LOCK, UNLOCK, RESET, EXPIRE, RESTORE].contains(&operation.verb.as_str());
        if operation.connection != self.id || !(own || change::is_shared(&operation.verb)) {
            return Err(ActError::BadStep(format!("{} on {}", operation.verb, operation.connection)));
        }
        let mut talk = Talk::as_login(&self.place, &self.login, cx.patience)?;
        let filter = wire::by_id(&operation.target);
        let shared = change::execute(&mut talk, &self.place.base, operation, filter.as_deref());
        let done = match shared {
            Some(done) => done?,
            None => self.login(&mut talk, operation, filter.as_deref(), cx)?,
        };
        Ok(change::receipt(done, cx))
    }
}

impl Cutter {
    /// What closes a login.
    fn contain(&self, door: &Door) -> Vec<StepDraft> {
        let (entry, dn) = (door.attribute("entry"), door.attribute("dn"));
        let of = |verb: &str, with: &[(&str, &str)]| {
            let with: Vec<(&str, &str)> = [("dn", dn)].into_iter().chain(with.iter().copied()).collect();
            operation(&self.id, verb, entry, &with)
        };
        let mut steps = Vec::new();
        if self.locks {
            let mut lock = draft(
                Phase::Contain,
                of(LOCK, &[]),
                "lock the account for ever",
                "first, for the leaver cannot lift a lock: neither the right password nor a new one that is mailed to \
                 them signs in while it holds",
                Inverse::By(of(UNLOCK, &[])),
            );
            lock.breaks = vec![format!("whatever signs in as {dn}")];
            steps.push(lock);
        }
        let mut reset = draft(
            Phase::Contain,
            of(RESET, &[("purpose", door.id.as_str())]),
            "replace the password by one of ours",
            "a lock can be lifted, by an administrator or by a self-service reset; the old password must then not be \
             the one that signs in. With ours the account can also be tried. A reset lifts the lock of the password \
             policy, so it is set again in the same step",
            // Nothing that was lost is needed: whoever comes back is given a new password.
            Inverse::Renewed,
        );
        reset.replaces_secret = true;
        reset.breaks = vec![format!("whatever signs in with the password of {dn}")];
        steps.push(reset);
        let was = door.attribute("shadow");
        if !was.is_empty() {
            steps.push(draft(
                Phase::Contain,
                of(EXPIRE, &[]),
                "let the Unix account end in the past",
                "hosts that take accounts from this directory let SSH keys in whatever becomes of the password; an \
                 account that has ended they refuse",
                Inverse::By(of(RESTORE, &[("value", was)])),
            ));
        }
        steps
    }

    /// What takes it out of a group: by each of the attributes that name it.
    fn leave(&self, door: &Door) -> Vec<StepDraft> {
        let (group, id) = (door.attribute("group"), door.attribute("group-id"));
        let named = MEMBERS.iter().chain([&MEMBER_LOGINS]).filter(|name| !door.attribute(name).is_empty());
        named.map(|name| change::leave_group(&self.id, id, group, name, door.attribute(name))).collect()
    }

    fn login(
        &self,
        talk: &mut Talk,
        operation: &Operation,
        filter: Option<&str>,
        cx: &Cx<'_>,
    ) -> Result<Done, ActError> {
        let arguments = &operation.arguments;
        let dn = argument(arguments, "dn")?;
        let Some(dn) = locate(talk, &self.place.base, filter, dn)? else {
            return Ok((Said::Already, format!("{dn} is gone")));
        };
        match operation.verb.as_str() {
            LOCK => lock(talk, &dn),
            UNLOCK => put(talk, &dn, LOCKED_TIME, None),
            EXPIRE => put(talk, &dn, "shadowExpire", Some(LONG_AGO_DAYS)),
            RESTORE => {
                let value = Some(argument(arguments, "value")?).filter(|value| *value != "none");
                put(talk, &dn, "shadowExpire", value)
            }
            _ => self.reset(talk, &dn, cx.secrets.derive(argument(arguments, "purpose")?).expose()),
        }
    }

    fn reset(&self, talk: &mut Talk, dn: &str, secret: &str) -> Result<Done, ActError> {
        let reply = talk.set_password(dn, secret)?;
        let done = match reply.code {
            code::SUCCESS => (Said::Done, reply.quote()),
            // What the password policy says where it keeps a history and the password is ours already.
            code::CONSTRAINT if reply.text.contains("not being changed") => (Said::Already, reply.quote()),
            _ => return Err(reply.refused(&format!("`write` of userPassword of {dn}"))),
        };
        if self.locks {
            lock(talk, dn)?;
        }
        Ok(done)
    }
}

fn lock(talk: &mut Talk, dn: &str) -> Result<Done, ActError> {
    match put(talk, dn, LOCKED_TIME, Some(wire::FOR_EVER)) {
        Err(ActError::Refused(what)) if what.contains("undefinedAttributeType") => {
            Err(ActError::Refused(format!("{what}: the overlay ppolicy is not there; set `settings.lock` to `none`")))
        }
        other => other,
    }
}

/// Gives an attribute one value, or none.
fn put(talk: &mut Talk, dn: &str, attribute: &'static str, value: Option<&str>) -> Result<Done, ActError> {
    let entry = talk.entry(dn, &[attribute])?;
    let held = entry.as_ref().and_then(|entry| entry.first(&attribute.to_ascii_lowercase()));
    // An attribute that is not ours to read looks absent: only a value that is seen needs no change.
    if held.is_some() && held == value {
        return Ok((Said::Already, format!("{attribute} is {}", held.unwrap_or_default())));
    }
    let values = value.map(|value| value.as_bytes().to_vec()).into_iter().collect();
    let reply = talk.modify(dn, &[Change::Replace(attribute, values)])?;
    settled(&reply, &format!("`write` of {attribute} of {dn}"))
}
