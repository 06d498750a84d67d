//! Trying doors of OpenLDAP: one bind as the account, and searches and comparisons as the probing one.
//!
//! slapd answers a wrong password and a locked account with the same code. It tells them apart in the
//! answer of the password policy's control, where `ppolicy_use_lockout` is set; that answer is given
//! before the password is looked at. Where it is not, a lock that is seen to be set, a policy that is seen
//! to enforce it, and a twin under the same policy that signs in together say as much; short of that,
//! nobody knows.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Secret, Span, UnknownWhy, VerdictStrength};

use super::doors::{namesake, read, told};
use super::wire;
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::place::{Place, kept};
use crate::ldap::reply::{Policy, Reply, code};
use crate::ldap::talk::Talk;
use crate::ldap::watch::{self, control, silent, unknown};
use crate::ldif::wire::{Entry, normal_dn};

mod login;
mod standing;

/// Asks as the probing account.
pub(super) struct Prober {
    place: Place,
    login: Login,
    twin: Option<Login>,
    /// The policy of accounts that name none of their own.
    policy: Option<String>,
}

/// Opens the trying of doors.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    Ok(Box::new(Prober {
        place: Place::of(connection)?,
        login: kept(connection.login()?),
        twin: connection.twin.as_ref().map(kept),
        policy: connection.setting("policy").map(str::to_owned),
    }))
}

impl Probe for Prober {
    fn window(&self, _door: &Door) -> Span {
        wire::WINDOW
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        if let Err(tried) = watch::named_entry(door) {
            return tried;
        }
        let (mut talk, own) = match watch::begin(&self.place, &self.login, cx.patience) {
            Ok(begun) => begun,
            Err(tried) => return tried,
        };
        let tried = match door.kind {
            DoorKind::Login => self.try_login(&mut talk, own, door, trial, cx),
            DoorKind::Membership => self.see_group(&mut talk, door, own),
            DoorKind::SshKey | DoorKind::Certificate => self.see_key(&mut talk, door, own),
            DoorKind::LiveConnection => self.see_connection(&mut talk, door),
            _ => return unknown(UnknownWhy::NoProbe, format!("no probe for a {}", door.kind), Vec::new()),
        };
        tried.unwrap_or_else(|tried| tried)
    }
}
