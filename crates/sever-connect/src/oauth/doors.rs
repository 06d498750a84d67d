//! Which doors an account has at an authorisation server, by its own books.

use std::collections::BTreeMap;

use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorList, Listing, SystemId};

use super::connector::ledger;
use super::ledger::{Held, Ledger};
use crate::connector::{Connection, ConnectionError};

/// Lists the doors of accounts.
pub(crate) struct Reading {
    system: SystemId,
    ledger: Box<dyn Ledger>,
}

impl Reading {
    pub(crate) fn open(connection: &Connection) -> Result<Reading, ConnectionError> {
        Ok(Reading { system: connection.system.clone(), ledger: ledger(connection)? })
    }
}

impl Doors for Reading {
    fn doors(&self, of: &AccountId, _login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let holdings = self.ledger.holds(of.native(), cx)?.unwrap_or_default();
        let listing = if holdings.gaps.is_empty() { Listing::Complete } else { Listing::Partial };
        let mut doors: Vec<Door> = holdings.held.into_iter().map(|held| door(&self.system, of, held)).collect();
        doors.sort_by(|one, other| (one.kind, &one.native).cmp(&(other.kind, &other.native)));
        Ok(DoorList { doors, listing, gaps: holdings.gaps })
    }
}

fn door(system: &SystemId, of: &AccountId, held: Held) -> Door {
    let format = if held.is_jwt { "jwt" } else { "" };
    let attributes = [
        ("account", of.native()),
        ("client", &held.client),
        ("grant", &held.grant),
        ("fingerprint", &held.fingerprint),
        ("jti", &held.jti),
        ("format", format),
    ];
    let said = attributes.iter().filter(|(_, value)| !value.is_empty());
    let attributes: BTreeMap<String, String> =
        said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Door {
        account: Some(of.clone()),
        title: held.title,
        until: held.until,
        last_used: held.last_used,
        attributes,
        ..Door::new(system, held.kind, held.native)
    }
}
