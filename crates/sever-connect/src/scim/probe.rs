//! Looks at doors, with credentials of its own and in questions of its own. Nobody signs in through SCIM,
//! so that what it shows is observed and never tried.

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Span, UnknownWhy, VerdictStrength};
use sha2::{Digest, Sha256};

use super::connector::WINDOW;
use super::wire::{Found, PAGES_MAX, USERS, Wire, has_member, has_value, is_active, user_of};
use crate::connector::{Connection, ConnectionError};
use crate::http::unknown;

/// Pages of groups that are looked at for one with members.
const GROUP_PAGES: usize = 5;

/// Looks at doors of users.
pub(crate) struct Probing {
    wire: Wire,
    /// The id of the twin.
    twin: Option<String>,
}

/// What a question for a resource came to.
type Seen = Result<Option<Found>, ActError>;

/// What a door showed, before the controls are weighed.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Open(String),
    /// It is shown closed, if the controls hold.
    Shut(String),
    Unknown(UnknownWhy, String),
}

impl Probing {
    pub(crate) fn open(connection: &Connection) -> Result<Probing, ConnectionError> {
        let twin = connection.twin.as_ref().map(|twin| twin.user.clone());
        Ok(Probing { wire: Wire::of(connection)?, twin })
    }

    fn login(&self, door: &Door, user: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let seen = self.wire.resource(USERS, user, trial.nonce, cx);
        let shown = match (&seen, door.attribute("name")) {
            (Ok(None), name) if !name.is_empty() => self.namesake(name, cx),
            _ => login_shown(&seen),
        };
        let controls = match shown {
            Shown::Shut(_) => vec![self.twin(trial, cx), self.nobody(user, trial, cx)],
            _ => Vec::new(),
        };
        self.weigh(shown, controls)
    }

    /// The user is gone. Who is made anew by signing in (JIT) has another id and the same name.
    fn namesake(&self, name: &str, cx: &Cx<'_>) -> Shown {
        let listed = match self.wire.list(USERS, Some(&format!("userName eq {}", json!(name))), PAGES_MAX, cx) {
            // A server need not know filters.
            Err(ActError::Refused(_)) => self.wire.list(USERS, None, PAGES_MAX, cx),
            other => other,
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return Shown::Unknown(unknown(&error), format!("404; users by that name: {error}")),
        };
        // RFC 7643 §4.1.1: names differ by more than case.
        let same =
            |user: &Value| user.get("userName").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(name));
        match (listed.resources.iter().find(|user| same(user) && is_active(user)), listed.gap) {
            (Some(user), _) => {
                let id = user.get("id").and_then(Value::as_str).unwrap_or_default();
                Shown::Open(format!("404, and user {id} goes by its name now, active"))
            }
            (None, Some(gap)) => Shown::Unknown(UnknownWhy::Unexpected, format!("404; users by that name: {gap}")),
            (None, None) => Shown::Shut("404, and nobody active goes by its name".to_owned()),
        }
    }

    fn group(&self, group: &str, user: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let shown = self.wire.resource("/Groups", group, trial.nonce, cx);
        let record = self.wire.resource(USERS, user, trial.nonce, cx);
        let others = match &shown {
            Ok(Some(found)) => members(&found.resource),
            _ => 0,
        };
        let shown = group_shown(&shown, &record, group, user);
        let controls = match shown {
            Shown::Shut(_) => vec![self.members_are_shown(others, cx), self.nobody(user, trial, cx)],
            _ => Vec::new(),
        };
        decide(shown, controls)
    }

    fn right(&self, door: &Door, user: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let record = self.wire.resource(USERS, user, trial.nonce, cx);
        let shown = right_shown(&record, door.attribute("attribute"), door.attribute("value"));
        let controls = match shown {
            Shown::Shut(_) => vec![self.twin(trial, cx), self.nobody(user, trial, cx)],
            _ => Vec::new(),
        };
        self.weigh(shown, controls)
    }

    /// The verdict on what the twin is the control of: without one, a closed door looks like a bad probe.
    fn weigh(&self, shown: Shown, controls: Vec<Control>) -> Tried {
        let tried = decide(shown, controls);
        match tried.state {
            DoorState::Unknown(UnknownWhy::ControlFailed) if self.twin.is_none() => {
                Tried { state: DoorState::Unknown(UnknownWhy::Ambiguous), ..tried }
            }
            _ => tried,
        }
    }

    /// The twin must be shown, and active.
    fn twin(&self, trial: &Trial<'_>, cx: &Cx<'_>) -> Control {
        let (answer, held) = match &self.twin {
            None => ("no twin is configured".to_owned(), false),
            Some(twin) => match self.twins_record(twin, trial, cx) {
                Ok(Some(record)) if is_active(&record) => ("200, active".to_owned(), true),
                Ok(Some(_)) => ("200, not active".to_owned(), false),
                Ok(None) => ("404".to_owned(), false),
                Err(error) => (error.to_string(), false),
            },
        };
        Control { kind: ControlKind::Positive, what: "the twin's record".to_owned(), answer, held }
    }

    /// The record of the twin, who is named by `id` or by `userName`.
    fn twins_record(&self, twin: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Result<Option<Value>, ActError> {
        if let Some(found) = self.wire.resource(USERS, twin, trial.nonce, cx)? {
            return Ok(Some(found.resource));
        }
        let listed = self.wire.list(USERS, Some(&format!("userName eq {}", json!(twin))), 1, cx)?;
        // A server that filters wrongly gives others.
        let is_twin = |user: &Value| user.get("userName").and_then(Value::as_str) == Some(twin);
        Ok(listed.resources.into_iter().find(is_twin))
    }

    /// An id of the same shape that nobody was given must not be there.
    fn nobody(&self, user: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Control {
        let (answer, held) = match self.wire.resource(USERS, &never_given(user, trial.nonce), trial.nonce, cx) {
            Ok(None) => ("404".to_owned(), true),
            Ok(Some(_)) => ("200".to_owned(), false),
            Err(error) => (error.to_string(), false),
        };
        Control { kind: ControlKind::Negative, what: "an id that nobody was given".to_owned(), answer, held }
    }

    /// Members must be shown at all: of this group, else of some other.
    fn members_are_shown(&self, others: usize, cx: &Cx<'_>) -> Control {
        let (answer, held) = match others {
            0 => match self.wire.list("/Groups", None, GROUP_PAGES, cx) {
                Ok(listed) => {
                    let shown: usize = listed.resources.iter().map(members).sum();
                    (format!("{shown} members of {} groups", listed.resources.len()), shown > 0)
                }
                Err(error) => (error.to_string(), false),
            },
            others => (format!("{others} others are in this group"), true),
        };
        Control { kind: ControlKind::Positive, what: "members are shown".to_owned(), answer, held }
    }
}

impl Probe for Probing {
    fn window(&self, _door: &Door) -> Span {
        WINDOW
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let user = user_of(door);
        match door.kind {
            DoorKind::Login => self.login(door, user, trial, cx),
            DoorKind::Membership if user.is_empty() => {
                decide(Shown::Unknown(UnknownWhy::NothingToTry, "the door names no user".to_owned()), Vec::new())
            }
            DoorKind::Membership => match door.attribute("group") {
                "" => self.right(door, user, trial, cx),
                group => self.group(group, user, trial, cx),
            },
            kind => decide(Shown::Unknown(UnknownWhy::NoProbe, format!("SCIM shows no {kind}")), Vec::new()),
        }
    }
}

/// What a user's record says of their login.
fn login_shown(seen: &Seen) -> Shown {
    match seen {
        Ok(Some(found)) if is_active(&found.resource) => Shown::Open("200, active".to_owned()),
        Ok(Some(_)) => Shown::Shut("200, not active".to_owned()),
        Ok(None) => Shown::Shut("404, no such user".to_owned()),
        Err(error) => Shown::Unknown(unknown(error), error.to_string()),
    }
}

/// What a group's and a user's record say of a membership: either is enough for it to be open.
fn group_shown(group: &Seen, user: &Seen, group_id: &str, user_id: &str) -> Shown {
    let named = match user {
        Ok(Some(found)) => has_value(&found.resource, "groups", group_id),
        Ok(None) => false,
        Err(error) => return Shown::Unknown(unknown(error), error.to_string()),
    };
    match group {
        Err(error) => Shown::Unknown(unknown(error), error.to_string()),
        Ok(Some(found)) if has_member(&found.resource, user_id) => Shown::Open("the group shows the user".to_owned()),
        Ok(_) if named => Shown::Open("the user's record names the group".to_owned()),
        Ok(Some(_)) => Shown::Shut("the group does not show the user".to_owned()),
        Ok(None) => Shown::Shut("404, no such group".to_owned()),
    }
}

/// What a user's record says of a role or an entitlement.
fn right_shown(seen: &Seen, attribute: &str, value: &str) -> Shown {
    match seen {
        Ok(Some(found)) if has_value(&found.resource, attribute, value) => Shown::Open(format!("`{attribute}` has it")),
        Ok(Some(_)) => Shown::Shut(format!("`{attribute}` does not have it")),
        Ok(None) => Shown::Shut("404, no such user".to_owned()),
        Err(error) => Shown::Unknown(unknown(error), error.to_string()),
    }
}

/// The verdict: what is shown closed is closed only where every control held.
fn decide(shown: Shown, controls: Vec<Control>) -> Tried {
    let held = controls.iter().all(|control| control.held);
    let (state, evidence) = match shown {
        Shown::Open(evidence) => (DoorState::Open { until: None }, evidence),
        Shown::Unknown(why, evidence) => (DoorState::Unknown(why), evidence),
        Shown::Shut(evidence) if held && !controls.is_empty() => (DoorState::Closed, evidence),
        Shown::Shut(evidence) => (DoorState::Unknown(UnknownWhy::ControlFailed), evidence),
    };
    Tried { state, strength: VerdictStrength::Observed, evidence, controls }
}

fn members(group: &Value) -> usize {
    group.get("members").and_then(Value::as_array).map_or(0, Vec::len)
}

/// An id of the same shape that nobody was given: digits stay digits, hexadecimal letters such, other
/// letters letters, and all else as it is. Too short to be sure of that, it is made longer.
fn never_given(id: &str, nonce: &str) -> String {
    let digest = Sha256::digest(format!("nobody's id: {id} {nonce}"));
    let shaped = |(letter, byte): (char, &u8)| match letter {
        '0'..='9' => char::from(b'0' + byte % 10),
        'a'..='f' => char::from(b'a' + byte % 6),
        'A'..='F' => char::from(b'A' + byte % 6),
        'g'..='z' => char::from(b'g' + byte % 20),
        'G'..='Z' => char::from(b'G' + byte % 20),
        other => other,
    };
    let made: String = id.chars().zip(digest.iter().cycle()).map(shaped).collect();
    match made.chars().count() {
        length @ 0..12 => format!("9{made}{}", "9".repeat(11_usize.saturating_sub(length))),
        _ => made,
    }
}

#[cfg(test)]
mod tests;
