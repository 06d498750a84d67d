//! What an audit is about: its targets, and what was modified of each.

use super::first;
use crate::format::paths;
use crate::json::{Plan, Reader, Want};

paths! {
    Id = "id" Text;
    Type = "type" Text;
    Upn = "userPrincipalName" Text;
    Name = "displayName" Text;
    Modified = "modifiedProperties" Json;
}

/// A property that was modified. The slots are in this order.
const PROPERTY: &[(&str, Want)] = &[("displayName", Want::Text), ("newValue", Want::Text), ("oldValue", Want::Text)];

/// The targets of one audit.
pub(super) struct Targets {
    target: Reader,
    property: Reader,
    /// The first user's principal name, or id.
    pub user: String,
    /// The first other thing: the id of what inventories list, else its name.
    pub thing: String,
    /// The group or role that a user's membership in was modified.
    membership: String,
    /// The id of a key that was added.
    pub key: String,
    /// The names of the properties that were modified, separated by commas.
    pub properties: String,
}

/// Types of target that inventories list by id; others are better known by name.
const LISTED: &[&str] = &["Group", "ServicePrincipal", "Application", "Device"];

/// Names of properties that are remembered.
const PROPERTIES_BYTES_MAX: usize = 500;

impl Targets {
    pub fn new(json_depth_max: usize) -> Targets {
        let reader = |paths| Reader::new(Plan::any_case(paths), json_depth_max);
        let text = String::new;
        Targets {
            target: reader(PATHS),
            property: reader(PROPERTY),
            user: text(),
            thing: text(),
            membership: text(),
            key: text(),
            properties: text(),
        }
    }

    /// What reads them.
    pub fn readers(&self) -> [&Reader; 2] {
        [&self.target, &self.property]
    }

    /// What the audit is about, if not a user: a thing among the targets, else the group or role.
    pub fn resource(&self) -> &str {
        first(&[&self.thing, &self.membership])
    }

    /// Reads the list of one audit, in place of the last one's.
    pub fn read(&mut self, list: &str) {
        let Targets { target, property, user, thing, membership, key, properties } = self;
        for text in [&mut *user, &mut *thing, &mut *membership, &mut *key, &mut *properties] {
            text.clear();
        }
        target.each(list, &mut |found| {
            let text = |path: Path| found.text(path as usize);
            let kind = text(Path::Type);
            let is_user = kind.eq_ignore_ascii_case("User") || !text(Path::Upn).is_empty();
            let (id, name) = (text(Path::Id), text(Path::Name));
            if is_user && user.is_empty() {
                user.push_str(first(&[text(Path::Upn), name, id]));
            } else if !is_user && thing.is_empty() {
                let is_listed = LISTED.iter().any(|listed| kind.eq_ignore_ascii_case(listed));
                thing.push_str(if is_listed { first(&[id, name]) } else { first(&[name, id]) });
            }
            property.each(text(Path::Modified), &mut |found| {
                let (name, new, old) = (found.text(0), found.text(1), found.text(2));
                note(name, first(&[new, old]), membership, properties);
                if key.is_empty() && KEYS.iter().any(|of| name.eq_ignore_ascii_case(of)) {
                    key.push_str(changed_key(new, old));
                }
            });
        });
    }
}

/// The properties that list an application's keys.
const KEYS: [&str; 2] = ["KeyDescription", "FederatedIdentityCredentials"];

/// The key that a change of a list of keys is about: one that only the new list has, else one that only
/// the old one has, else the first. The lists hold every key, not only the changed one.
pub(super) fn changed_key<'a>(new: &'a str, old: &'a str) -> &'a str {
    fn keys(list: &str) -> impl Iterator<Item = &str> {
        list.split("KeyIdentifier=").skip(1).filter_map(|rest| rest.split([',', ']', '"', '\\']).next())
    }
    let added = keys(new).find(|key| !old.contains(key));
    let removed = || keys(old).find(|key| !new.contains(key));
    added.or_else(removed).or_else(|| keys(new).next()).unwrap_or_default()
}

/// Notes one modified property. Values are texts of JSON: `"\"Global Administrator\""`.
fn note(name: &str, value: &str, membership: &mut String, properties: &mut String) {
    let plain = value.trim_matches(['"', '[', ']', '\\']);
    let is = |names: &[&str]| names.iter().any(|of| name.eq_ignore_ascii_case(of));
    if membership.is_empty() && is(&["Role.DisplayName", "Group.ObjectID", "Group.DisplayName", "AppRole.Value"]) {
        membership.push_str(plain);
    }
    if properties.len() + name.len() < PROPERTIES_BYTES_MAX && !is(&["Included Updated Properties"]) && !name.is_empty()
    {
        if !properties.is_empty() {
            properties.push(',');
        }
        properties.push_str(name);
    }
}
