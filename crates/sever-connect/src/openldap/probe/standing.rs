//! What is seen of doors that nobody knocks at: groups, keys, connections. Seen as the probing account,
//! by searches and by comparisons, whose answers tell what is absent from what may not be seen.

use super::*;
use crate::ldap::keys;
use crate::ldap::reply::Failure;

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// It is not said.
    Hidden,
}

fn holds(reply: &Reply) -> Holds {
    match reply.code {
        code::COMPARE_TRUE => Holds::Yes,
        code::COMPARE_FALSE | code::NO_SUCH_ATTRIBUTE => Holds::No,
        _ => Holds::Hidden,
    }
}

impl Prober {
    pub(super) fn see_group(&self, talk: &mut Talk, door: &Door, own: Control) -> Result<Tried, Tried> {
        let failed = |failure: Failure| silent(&failure);
        let group = match wire::by_id(door.attribute("group-id")) {
            Some(filter) => talk
                .search(&self.place.base, ldap3::Scope::Subtree, &filter, &["objectClass", "member", "memberUid"])
                .map_err(failed)?
                .entries
                .into_iter()
                .next(),
            None => talk.entry(door.attribute("group"), &["objectClass", "member", "memberUid"]).map_err(failed)?,
        };
        let mut controls = vec![own];
        let Some(group) = group else {
            return Err(unknown(UnknownWhy::Ambiguous, "no such group, or none that may be seen", controls));
        };
        let named = wire::MEMBERS.iter().chain([&wire::MEMBER_LOGINS]).map(|name| (*name, door.attribute(name)));
        let mut said = Vec::new();
        for (attribute, value) in named.filter(|(_, value)| !value.is_empty()) {
            let reply = talk.compare(&group.dn, attribute, value.as_bytes()).map_err(failed)?;
            match holds(&reply) {
                Holds::Yes => {
                    let open = DoorState::Open { until: None };
                    let evidence = format!("{attribute} of {}: {}", group.dn, reply.quote());
                    return Ok(watch::tried(open, VerdictStrength::Observed, evidence, controls));
                }
                Holds::No => said.push(format!("{attribute}: {}", reply.quote())),
                Holds::Hidden => return Err(unknown(UnknownWhy::NotPermitted, reply.quote(), controls)),
            }
        }
        controls.push(self.known(talk, &group)?);
        let evidence = format!("{}: {}", group.dn, said.join(", "));
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, evidence, controls))
    }

    /// A comparison in the same way, with a value that is known to be there: another member, or the class.
    fn known(&self, talk: &mut Talk, entry: &Entry) -> Result<Control, Tried> {
        let known = ["member", "memberuid", "objectclass"].iter().find_map(|name| Some((*name, entry.first(name)?)));
        let Some((name, value)) = known else {
            let what = "a value that is there is seen to be there";
            return Ok(control(ControlKind::Positive, what, "no value is seen", false));
        };
        let reply = talk.compare(&entry.dn, name, value.as_bytes()).map_err(|failure| silent(&failure))?;
        let what = format!("a {name} that is there is seen to be there");
        Ok(control(ControlKind::Positive, what, reply.quote(), reply.code == code::COMPARE_TRUE))
    }

    pub(super) fn see_key(&self, talk: &mut Talk, door: &Door, own: Control) -> Result<Tried, Tried> {
        let failed = |failure: Failure| silent(&failure);
        let mut controls = vec![own];
        let entry = match read(talk, &self.place.base, door).map_err(failed)? {
            None => namesake(talk, &self.place.base, door.attribute("dn"), "").map_err(failed)?,
            entry => entry,
        };
        let Some(entry) = entry else { return self.gone(talk, controls) };
        let attribute = door.attribute("attribute").split(';').next().unwrap_or_default();
        let key = door.attribute("key");
        if keys::of(&entry).iter().any(|it| it.attribute == attribute && it.native == key) {
            let open = DoorState::Open { until: None };
            return Ok(watch::tried(open, VerdictStrength::Observed, format!("{attribute} holds it"), controls));
        }
        // Absent and hidden look the same in a search. A comparison with any value of the right form tells.
        let form = match attribute {
            "userCertificate" => "{ serialNumber 1, issuer rdnSequence:\"cn=none\" }",
            _ => "none",
        };
        let reply = talk.compare(&entry.dn, attribute, form.as_bytes()).map_err(failed)?;
        if holds(&reply) != Holds::No {
            return Err(unknown(UnknownWhy::NotPermitted, format!("{attribute}: {}", reply.quote()), controls));
        }
        controls.push(self.known(talk, &entry)?);
        let evidence = format!("{attribute} of {} does not hold it: {}", entry.dn, reply.quote());
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, evidence, controls))
    }

    pub(super) fn see_connection(&self, talk: &mut Talk, door: &Door) -> Result<Tried, Tried> {
        let live = wire::connections(talk).map_err(|failure| silent(&failure))?;
        let live = match live {
            Ok(live) => live,
            Err(reply) => return Err(unknown(UnknownWhy::NotPermitted, reply.quote(), Vec::new())),
        };
        let own = live.iter().any(|live| normal_dn(&live.dn) == normal_dn(&self.login.user));
        let what = "the probing account's own connection is listed";
        let controls = vec![control(ControlKind::Positive, what, if own { "it is" } else { "it is not" }, own)];
        let id = door.attribute("connection");
        let (state, words) = match live.iter().find(|live| live.id == id) {
            // The name it is bound as changes when it binds again.
            Some(live) if normal_dn(&live.dn) == normal_dn(door.attribute("dn")) => {
                (DoorState::Open { until: None }, "it is open; it ends when its client ends it, or by `idletimeout`")
            }
            Some(_) => (DoorState::Closed, "it is bound as somebody else"),
            None => (DoorState::Closed, "it has ended"),
        };
        Ok(watch::tried(state, VerdictStrength::Observed, format!("{id}: {words}"), controls))
    }
}
