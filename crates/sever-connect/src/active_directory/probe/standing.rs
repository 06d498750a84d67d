//! What is seen of doors that nobody knocks at: groups, keys, delegations, by searches as the probing
//! account.
//!
//! A controller answers a search for what may not be read as it answers one for what is not there. So
//! something of the same kind must be seen: another member of the group, another key of the account or of
//! its twin.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ldap3::{Scope, ldap_escape};

use super::wire::IN_CHAIN;
use super::*;
use crate::ldap::keys;

impl Prober {
    pub(super) fn see_group(&self, talk: &mut Talk, door: &Door, own: Control) -> Result<Tried, Tried> {
        let failed = |failure: Failure| silent(&failure);
        let mut controls = vec![own];
        let Some(entry) = self.entry(talk, door)? else { return self.gone(talk, controls) };
        let group = match wire::by_id(door.attribute("group-id")) {
            Some(filter) => talk.search(&self.place.base, Scope::Subtree, &filter, &["1.1"]).map_err(failed)?,
            None => talk.search(door.attribute("group"), Scope::Base, "(objectClass=*)", &["1.1"]).map_err(failed)?,
        };
        let Some(group) = group.entries.into_iter().next() else {
            return Err(unknown(UnknownWhy::Ambiguous, "no such group, or none that may be seen", controls));
        };
        // Through all groups that are in it, however deep.
        let within = |group: &str| format!("(memberOf:{IN_CHAIN}:={})", ldap_escape(group));
        let found = talk.search(&entry.dn, Scope::Base, &within(&group.dn), &["1.1"]).map_err(failed)?;
        if !found.entries.is_empty() {
            let direct = format!("(memberOf={})", ldap_escape(group.dn.as_str()));
            let direct = talk.search(&entry.dn, Scope::Base, &direct, &["1.1"]).map_err(failed)?;
            let how = if direct.entries.is_empty() { "by another group that is in it" } else { "by name" };
            let open = DoorState::Open { until: None };
            let evidence = format!("it is in {} {how}", group.dn);
            return Ok(watch::tried(open, VerdictStrength::Observed, evidence, controls));
        }
        if !found.is_whole {
            return Err(unknown(found.reply.says_nothing(), found.reply.quote(), controls));
        }
        let others = talk.search(&self.place.base, Scope::Subtree, &within(&group.dn), &["1.1"]).map_err(failed)?;
        match others.entries.first() {
            Some(_) => controls.push(control(
                ControlKind::Positive,
                "another member of the group is found by the same question",
                format!("{} found", others.entries.len()),
                true,
            )),
            None => controls.push(self.twin_in_a_group(talk)?),
        }
        let evidence = format!("it is not in {}, by name or by other groups", group.dn);
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, evidence, controls))
    }

    /// The same question about the twin, of a group that it is seen to be in.
    fn twin_in_a_group(&self, talk: &mut Talk) -> Result<Control, Tried> {
        let failed = |failure: Failure| silent(&failure);
        let what = "the twin is found in its own group by the same question";
        let lacks = |answer: &str| control(ControlKind::Positive, what, answer, false);
        let Some(twin) = self.twin_entry(talk)? else { return Ok(lacks("no twin is seen")) };
        let named = format!("(member={})", ldap_escape(twin.dn.as_str()));
        let groups = talk.search(&self.place.base, Scope::Subtree, &named, &["1.1"]).map_err(failed)?;
        let Some(group) = groups.entries.first() else { return Ok(lacks("the twin is in no group")) };
        let within = format!("(memberOf:{IN_CHAIN}:={})", ldap_escape(group.dn.as_str()));
        let found = talk.search(&twin.dn, Scope::Base, &within, &["1.1"]).map_err(failed)?;
        let held = !found.entries.is_empty();
        Ok(control(ControlKind::Positive, what, if held { "found" } else { "not found" }, held))
    }

    pub(super) fn see_value(&self, talk: &mut Talk, door: &Door, own: Control) -> Result<Tried, Tried> {
        let mut controls = vec![own];
        let Some(entry) = self.entry(talk, door)? else { return self.gone(talk, controls) };
        let attribute = door.attribute("attribute");
        if holds(&entry, door) {
            let open = DoorState::Open { until: None };
            return Ok(watch::tried(open, VerdictStrength::Observed, format!("{attribute} holds it"), controls));
        }
        let name = attribute.to_ascii_lowercase();
        let any = |entry: &Entry| entry.first(&name).is_some() || entry.bytes(&name).next().is_some();
        let (what, held) = match any(&entry) {
            true => ("another value of the same attribute is seen", true),
            false => {
                let twin = self.twin_entry(talk)?;
                ("the twin's value of the same attribute is seen", twin.as_ref().is_some_and(any))
            }
        };
        if !held {
            let evidence = format!("no {attribute} is seen, and nothing shows that one would be: give the twin one");
            return Err(unknown(UnknownWhy::Ambiguous, evidence, controls));
        }
        controls.push(control(ControlKind::Positive, what, "it is", held));
        let evidence = format!("{attribute} of {} does not hold it", entry.dn);
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, evidence, controls))
    }
}

/// Whether the entry holds what the door is.
fn holds(entry: &Entry, door: &Door) -> bool {
    let (attribute, key) = (door.attribute("attribute"), door.attribute("key"));
    if !key.is_empty() {
        return keys::of(entry).iter().any(|it| it.attribute == attribute && it.native == key);
    }
    let name = attribute.to_ascii_lowercase();
    let texts = entry.all(&name).map(str::as_bytes);
    texts.chain(entry.bytes(&name)).any(|value| BASE64_STANDARD.encode(value) == door.attribute("value64"))
}
