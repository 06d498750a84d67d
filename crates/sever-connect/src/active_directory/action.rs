//! Closing doors of Active Directory: disable, reset, expire, then groups, keys and delegations.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, StepDraft};

use super::doors::DELEGATIONS;
use super::wire;
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::change::{self, Done, argument, draft, locate, operation, settled};
use crate::ldap::place::{Place, kept};
use crate::ldap::reply::code;
use crate::ldap::talk::{Change, Talk};
use crate::ldap::watch::is_listed;
use crate::ldif::account::{DISABLED, number};

const DISABLE: &str = "disable-account";
const ENABLE: &str = "enable-account";
const RESET: &str = "reset-password";
const EXPIRE: &str = "expire-account";
const RESTORE: &str = "restore-expiry";
const REMOVE: &str = "remove-delegation";
const ADD: &str = "add-delegation";

/// Its flags of an account.
const FLAGS: &str = "userAccountControl";

/// How often flags that somebody else changes meanwhile are tried again.
const TURNS_MAX: usize = 3;

/// Writes as the cutting account.
pub(super) struct Cutter {
    id: ConnectionId,
    place: Place,
    login: Login,
}

/// Opens the closing of doors.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    let (place, login) = (Place::of(connection)?, kept(connection.login()?));
    if !place.is_private() {
        let mut error = connection.wrong("a controller takes no password on a connection without TLS");
        error.hint = Some("use `ldaps://`, or `settings.starttls = \"true\"`".to_owned());
        return Err(error);
    }
    Ok(Box::new(Cutter { id: connection.id.clone(), place, login }))
}

impl Action for Cutter {
    fn connection(&self) -> &ConnectionId {
        &self.id
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let is_delegation = DELEGATIONS.contains(&door.attribute("attribute"));
        let mut steps = match door.kind {
            _ if !is_listed(door) => Vec::new(),
            DoorKind::Login => self.contain(door),
            DoorKind::Membership => self.leave(door),
            DoorKind::Delegation if is_delegation => vec![self.undelegate(door)],
            DoorKind::SshKey | DoorKind::Certificate | DoorKind::Delegation => {
                vec![change::remove_key(&self.id, door.attribute("entry"), door)]
            }
            _ => Vec::new(),
        };
        for step in &mut steps {
            step.window = wire::WINDOW;
        }
        steps
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let own = [DISABLE, ENABLE, RESET, EXPIRE, RESTORE, REMOVE, ADD].contains(&operation.verb.as_str());
        if operation.connection != self.id || !(own || change::is_shared(&operation.verb)) {
            return Err(ActError::BadStep(format!("{} on {}", operation.verb, operation.connection)));
        }
        let mut talk = Talk::as_login(&self.place, &self.login, cx.patience)?;
        let filter = wire::by_id(&operation.target);
        let shared = change::execute(&mut talk, &self.place.base, operation, filter.as_deref());
        let done = match shared {
            Some(done) => done?,
            None => self.own(&mut talk, operation, filter.as_deref(), cx)?,
        };
        Ok(change::receipt(done, cx))
    }
}

impl Cutter {
    fn of(&self, door: &Door, verb: &str, with: &[(&str, &str)]) -> Operation {
        let with: Vec<(&str, &str)> = [("dn", door.attribute("dn"))].into_iter().chain(with.iter().copied()).collect();
        operation(&self.id, verb, door.attribute("entry"), &with)
    }

    /// What closes a login.
    fn contain(&self, door: &Door) -> Vec<StepDraft> {
        let dn = door.attribute("dn");
        let mut disable = draft(
            Phase::Contain,
            self.of(door, DISABLE, &[]),
            "disable the account",
            "first, for the leaver cannot undo it: no password, key or card signs in, and no new ticket is given",
            Inverse::By(self.of(door, ENABLE, &[])),
        );
        disable.breaks = vec![format!("whatever signs in as {dn}")];
        let services = door.attribute("services");
        if !services.is_empty() {
            disable.breaks.push(format!("the services that run as it: {services}"));
        }
        let mut reset = draft(
            Phase::Contain,
            self.of(door, RESET, &[("purpose", door.id.as_str())]),
            "replace the password by one of ours",
            "an account that is enabled again must not open to the old password. It is set twice, for a controller \
             believes the one before for an hour. With ours it can be tried: a disabled account says so to the right \
             password only",
            // Nothing that was lost is needed: whoever comes back is given a new password.
            Inverse::Renewed,
        );
        reset.replaces_secret = true;
        reset.breaks = vec![format!("whatever signs in with the password of {dn}")];
        let was = door.attribute("account-expires");
        let expire = draft(
            Phase::Cut,
            self.of(door, EXPIRE, &[]),
            "let the account end now",
            "a second lock that an `enable` by mistake or by a synchronisation does not lift",
            Inverse::By(self.of(door, RESTORE, &[("value", if was.is_empty() { "0" } else { was })])),
        );
        vec![disable, reset, expire]
    }

    /// What takes it out of a group, and out of those by which it is in it.
    fn leave(&self, door: &Door) -> Vec<StepDraft> {
        let mut steps = Vec::new();
        for at in 0.. {
            let (group, id) = (door.attribute(&format!("via-{at}")), door.attribute(&format!("via-{at}-id")));
            if group.is_empty() {
                break;
            }
            steps.push(change::leave_group(&self.id, id, group, "member", door.attribute("dn")));
        }
        steps
    }

    fn undelegate(&self, door: &Door) -> StepDraft {
        let with = [("attribute", door.attribute("attribute")), ("value64", door.attribute("value64"))];
        draft(
            Phase::Cut,
            self.of(door, REMOVE, &with),
            &format!("remove {}", door.title),
            "whoever holds the account's key acts in the name of anybody by it; after the account is contained",
            Inverse::By(self.of(door, ADD, &with)),
        )
    }

    fn own(&self, talk: &mut Talk, operation: &Operation, filter: Option<&str>, cx: &Cx<'_>) -> Result<Done, ActError> {
        let arguments = &operation.arguments;
        let dn = argument(arguments, "dn")?;
        let Some(dn) = locate(talk, &self.place.base, filter, dn)? else {
            return Ok((Said::Already, format!("{dn} is gone")));
        };
        match operation.verb.as_str() {
            DISABLE => flag(talk, &dn, |flags| flags | DISABLED),
            ENABLE => flag(talk, &dn, |flags| flags & !DISABLED),
            RESET => reset(talk, &dn, argument(arguments, "purpose")?, cx),
            EXPIRE => expire(talk, &dn, wire::file_time(cx.clock.now())),
            RESTORE => {
                let value = argument(arguments, "value")?.as_bytes().to_vec();
                let reply = talk.modify(&dn, &[Change::Replace("accountExpires", vec![value])])?;
                settled(&reply, &format!("`write` of accountExpires of {dn}"))
            }
            verb => delegation(talk, &dn, verb, arguments),
        }
    }
}

/// Changes the flags, if nobody else has in between: the old ones are removed by their value.
fn flag(talk: &mut Talk, dn: &str, change: impl Fn(i64) -> i64) -> Result<Done, ActError> {
    let lacking = format!("`read` and `write` of {FLAGS} of {dn}");
    for _ in 0..TURNS_MAX {
        let entry = talk.entry(dn, &[FLAGS])?;
        let Some(was) = entry.as_ref().and_then(|entry| number(entry, "useraccountcontrol")) else {
            return Err(ActError::NotAllowed { what: format!("{FLAGS} is not shown"), lacking });
        };
        let new = change(was);
        if new == was {
            return Ok((Said::Already, format!("{FLAGS} is {was}")));
        }
        let changes = [
            Change::Remove(FLAGS.to_owned(), was.to_string().into_bytes()),
            Change::Add(FLAGS.to_owned(), new.to_string().into_bytes()),
        ];
        let reply = talk.modify(dn, &changes)?;
        // Somebody else changed them meanwhile.
        if reply.code != code::NO_SUCH_ATTRIBUTE {
            return settled(&reply, &lacking);
        }
    }
    Err(ActError::RateLimited(None))
}

/// Sets the password twice. Controllers believe the one before for an hour (`OldPasswordAllowedPeriod`;
/// Samba's `old password allowed period`), so what is before ours must be nobody's.
fn reset(talk: &mut Talk, dn: &str, purpose: &str, cx: &Cx<'_>) -> Result<Done, ActError> {
    let mut done = Vec::new();
    for purpose in [&format!("{purpose} in between"), purpose] {
        let value = wire::unicode_password(cx.secrets.derive(purpose).expose());
        let reply = talk.modify(dn, &[Change::Replace("unicodePwd", vec![value])])?;
        done.push(settled(&reply, &format!("`Reset password` on {dn}"))?);
    }
    done.pop().ok_or_else(|| ActError::BadStep("nothing was set".to_owned()))
}

/// Lets it end now, unless it has ended.
fn expire(talk: &mut Talk, dn: &str, now: i64) -> Result<Done, ActError> {
    let entry = talk.entry(dn, &["accountExpires"])?;
    let ends = entry.as_ref().and_then(|entry| number(entry, "accountexpires")).unwrap_or(0);
    if ends > 0 && ends <= now {
        return Ok((Said::Already, format!("accountExpires is {ends}")));
    }
    let reply = talk.modify(dn, &[Change::Replace("accountExpires", vec![now.to_string().into_bytes()])])?;
    settled(&reply, &format!("`write` of accountExpires of {dn}"))
}

fn delegation(
    talk: &mut Talk,
    dn: &str,
    verb: &str,
    arguments: &std::collections::BTreeMap<String, String>,
) -> Result<Done, ActError> {
    let attribute = argument(arguments, "attribute")?;
    if !DELEGATIONS.contains(&attribute) {
        return Err(ActError::BadStep(format!("{verb} of {attribute}")));
    }
    let value = BASE64_STANDARD.decode(argument(arguments, "value64")?);
    let value = value.map_err(|error| ActError::BadStep(error.to_string()))?;
    if verb == ADD {
        return change::add_value(talk, dn, attribute, &value);
    }
    let reply = talk.modify(dn, &[Change::Remove(attribute.to_owned(), value)])?;
    match reply.code {
        code::NO_SUCH_ATTRIBUTE => Ok((Said::Already, reply.quote())),
        _ => settled(&reply, &format!("`write` of {attribute} of {dn}")),
    }
}
