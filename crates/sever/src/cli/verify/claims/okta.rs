//! Deprovisioning in Okta's System Log (`/api/v1/logs`), as the events are: what was deactivated, suspended,
//! cleared and unassigned, each of a user or of a user's account in an application.
//!
//! An application's system is the one that is called as the application is.

use serde_json::Value;
use sever_model::DoorKind;

use super::{Claim, Said, text, time};

/// What an event says that was closed: of the user, or in an application.
const EVENTS: [(&str, Of, &[DoorKind]); 8] = [
    ("user.lifecycle.deactivate", Of::User, &[]),
    ("user.lifecycle.delete.completed", Of::User, &[]),
    ("user.lifecycle.suspend", Of::User, &[DoorKind::Login]),
    ("user.session.clear", Of::User, &[DoorKind::Session]),
    ("group.user_membership.remove", Of::User, &[DoorKind::Membership]),
    ("application.user_membership.remove", Of::Application, &[]),
    ("application.provision.user.deactivate", Of::Application, &[DoorKind::Login]),
    ("application.provision.user.deprovision", Of::Application, &[]),
];

/// Where an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    User,
    Application,
}

/// Whether a record is an event of the System Log.
pub(super) fn is(record: &Value) -> bool {
    text(record, "/eventType").is_some() && record.get("target").is_some() && text(record, "/published").is_some()
}

/// Reads an event.
pub(super) fn read(record: &Value, said: &mut Said) {
    let event = text(record, "/eventType").unwrap_or_default();
    let targets: Vec<&Value> = record.get("target").and_then(Value::as_array).into_iter().flatten().collect();
    let target = |kind: &str| targets.iter().copied().find(|it| text(it, "/type") == Some(kind));
    let whom = target("User").and_then(|user| text(user, "/alternateId")).unwrap_or_default();
    let Some((_, of, kinds)) = EVENTS.iter().find(|(known, ..)| *known == event) else {
        return said.pass_over(format!("for `{event}` closes no door"), whom);
    };
    if text(record, "/outcome/result") != Some("SUCCESS") {
        return said.pass_over("for its own tool says that it is not done", whom);
    }
    let called = |target: Option<&Value>| {
        // Not the name shown: several may be called so.
        let paths = ["/id", "/alternateId"];
        let of = |target: &Value| paths.iter().filter_map(|path| text(target, path)).map(str::to_owned).collect();
        target.map(of).unwrap_or_default()
    };
    let (names, system): (Vec<String>, _) = match of {
        Of::User => (called(target("User")), None),
        Of::Application => {
            let names: Vec<String> = [called(target("AppUser")), called(target("User"))].concat();
            let application = target("AppInstance").and_then(|it| text(it, "/displayName"));
            (names, application.map(str::to_owned))
        }
    };
    if names.is_empty() || (*of == Of::Application && system.is_none()) {
        return said.pass_over("for it does not say of whom, or where", whom);
    }
    said.claims.push(Claim {
        names,
        system,
        kinds: kinds.to_vec(),
        at: time(record, "/published"),
        tool: "Okta".to_owned(),
        ticket: text(record, "/uuid").map(|uuid| format!("event {uuid}")),
    });
}
