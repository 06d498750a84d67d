//! Which doors a user has, as the server shows them now.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx, Doors};
use sever_model::{AccountId, Door, DoorKind, DoorList, Listing};

use super::wire::{PAGES_MAX, USERS, Wire, has_member, is_active, values};
use crate::connector::{Connection, ConnectionError};

/// Lists the doors of users.
pub(crate) struct Reading {
    wire: Wire,
    filter: bool,
}

/// Attributes of a user that hold rights besides groups, each with the word of its doors.
pub(crate) const RIGHTS: [(&str, &str); 2] = [("roles", "role"), ("entitlements", "entitlement")];

impl Reading {
    pub(crate) fn open(connection: &Connection) -> Result<Reading, ConnectionError> {
        Ok(Reading { wire: Wire::of(connection)?, filter: connection.setting("filter") != Some("false") })
    }

    /// The groups of a user, each with its name: those that say so, and those that the user's record
    /// names. What could not be listed is a gap.
    fn groups(
        &self,
        id: &str,
        user: &Value,
        gaps: &mut Vec<String>,
        cx: &Cx<'_>,
    ) -> Result<BTreeMap<String, String>, ActError> {
        let filter = format!("members.value eq {}", json!(id));
        let asked = match self.filter {
            true => self.wire.list("/Groups", Some(&filter), PAGES_MAX, cx),
            false => self.wire.list("/Groups", None, PAGES_MAX, cx),
        };
        let listed = match asked {
            // A server need not know filters.
            Err(ActError::Refused(_)) if self.filter => self.wire.list("/Groups", None, PAGES_MAX, cx),
            other => other,
        };
        let mut groups = BTreeMap::new();
        match listed {
            Ok(listed) => {
                gaps.extend(listed.gap);
                for group in listed.resources.iter().filter(|group| has_member(group, id)) {
                    let text = |name: &str| group.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                    groups.insert(text("id"), text("displayName"));
                }
            }
            Err(ActError::NotAllowed { what, lacking }) => gaps.push(format!("groups: {what}; lacking: {lacking}")),
            Err(ActError::Refused(what)) => gaps.push(format!("groups: {what}")),
            Err(error) => return Err(error),
        }
        for own in user.get("groups").and_then(Value::as_array).into_iter().flatten() {
            let indirect =
                own.get("type").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case("indirect"));
            if let Some(group) = own.get("value").and_then(Value::as_str).filter(|_| !indirect) {
                let name = own.get("display").and_then(Value::as_str).unwrap_or_default();
                groups.entry(group.to_owned()).or_insert_with(|| name.to_owned());
            }
        }
        Ok(groups)
    }
}

impl Doors for Reading {
    fn doors(&self, of: &AccountId, _login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let id = of.native();
        let mut list = DoorList { doors: Vec::new(), listing: Listing::Complete, gaps: Vec::new() };
        let Some(found) = self.wire.resource(USERS, id, "", cx)? else { return Ok(list) };
        let user = &found.resource;
        let name = user.get("userName").and_then(Value::as_str).unwrap_or(id);
        let door = |kind: DoorKind, native: String, title: String, attributes: &[(&str, &str)]| {
            let mut door = Door::new(&self.wire.system, kind, native);
            door.account = Some(of.clone());
            door.title = title;
            door.attributes =
                attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            door
        };
        if is_active(user) {
            let attributes = [("user", id), ("name", name)];
            list.doors.push(door(DoorKind::Login, id.to_owned(), format!("user {name}"), &attributes));
        }
        for (group, shown) in self.groups(id, user, &mut list.gaps, cx)? {
            let title = format!("{name} in group {}", if shown.is_empty() { &group } else { &shown });
            let native = format!("{group}/{id}");
            list.doors.push(door(DoorKind::Membership, native, title, &[("user", id), ("group", &group)]));
        }
        for (attribute, word) in RIGHTS {
            for value in values(user, attribute) {
                let (native, title) = (format!("{word}/{value}/{id}"), format!("{name} has {word} {value}"));
                let attributes = [("user", id), ("attribute", attribute), ("value", value)];
                list.doors.push(door(DoorKind::Membership, native, title, &attributes));
            }
        }
        if !list.gaps.is_empty() {
            list.listing = Listing::Partial;
        }
        Ok(list)
    }
}
