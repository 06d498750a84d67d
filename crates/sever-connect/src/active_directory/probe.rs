//! Trying doors of Active Directory: one bind as the account, and searches as the probing one.
//!
//! A controller tells a disabled account (533) from a wrong password (52e), and says the former to the
//! right password only: the difference is the proof. Groups are asked for through all that they are in.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Secret, Span, UnknownWhy, VerdictStrength};

use super::wire;
use crate::connector::{Connection, ConnectionError, Login};
use crate::ldap::place::{Place, kept};
use crate::ldap::reply::{Failure, Reply, code};
use crate::ldap::talk::Talk;
use crate::ldap::watch::{self, control, silent, unknown};
use crate::ldif::wire::Entry;

mod login;
mod standing;

/// Asks as the probing account.
pub(super) struct Prober {
    place: Place,
    login: Login,
    twin: Option<Login>,
}

/// Opens the trying of doors.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    Ok(Box::new(Prober {
        place: Place::of(connection)?,
        login: kept(connection.login()?),
        twin: connection.twin.as_ref().map(kept),
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
            DoorKind::SshKey | DoorKind::Certificate | DoorKind::Delegation => self.see_value(&mut talk, door, own),
            _ => return unknown(UnknownWhy::NoProbe, format!("no probe for a {}", door.kind), Vec::new()),
        };
        tried.unwrap_or_else(|tried| tried)
    }
}

impl Prober {
    /// The account's entry; an error where there is no answer.
    fn entry(&self, talk: &mut Talk, door: &Door) -> Result<Option<Entry>, Tried> {
        let names = &wire::NAMES;
        let found = match wire::by_id(door.attribute("entry")) {
            Some(filter) => talk
                .search(&self.place.base, ldap3::Scope::Subtree, &filter, names)
                .map(|found| found.entries.into_iter().next()),
            None => talk.entry(door.attribute("dn"), names),
        };
        found.map_err(|failure| silent(&failure))
    }

    /// The twin's entry, where there is a twin.
    fn twin_entry(&self, talk: &mut Talk) -> Result<Option<Entry>, Tried> {
        let Some(twin) = &self.twin else { return Ok(None) };
        let filter = wire::by_login(&twin.user);
        let found = talk.search(&self.place.base, ldap3::Scope::Subtree, &filter, &wire::NAMES);
        Ok(found.map_err(|failure| silent(&failure))?.entries.into_iter().next())
    }

    /// The account is not there. That it is gone, and not only hidden, shows where its twin is seen.
    fn gone(&self, talk: &mut Talk, mut controls: Vec<Control>) -> Result<Tried, Tried> {
        if self.twin.is_none() {
            return Err(unknown(UnknownWhy::Ambiguous, "no such entry, or none that may be seen", controls));
        }
        let seen = self.twin_entry(talk)?.is_some();
        let answer = if seen { "it is there" } else { "it is not" };
        controls.push(control(ControlKind::Positive, "the twin's entry is seen in the same way", answer, seen));
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, "its entry is gone", controls))
    }
}
