//! What closing each door of an entity takes, in order; pure.

use std::collections::BTreeMap;

use sever_model::{ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Span, StepDraft};

/// What the configuration says of closing.
pub(crate) struct Settings {
    pub(crate) connection: ConnectionId,
    /// Whether users are deleted in the end.
    pub(crate) deletes: bool,
}

/// A step before it is complete.
struct Sketch<'a> {
    phase: Phase,
    verb: &'a str,
    target: &'a str,
    arguments: &'a [(&'a str, &'a str)],
    how: String,
    reason: &'a str,
    inverse: Inverse,
    breaks: &'a str,
}

/// The steps of a door; none for one that nothing here closes.
pub(crate) fn steps(settings: &Settings, door: &Door) -> Vec<StepDraft> {
    match door.kind {
        DoorKind::Login => login(settings, door),
        DoorKind::AccessToken => contain(settings, door).into_iter().collect(),
        DoorKind::Session | DoorKind::ApiKey => match (door.attribute("accessor"), door.attribute("prefix")) {
            ("", "") => secret_id(settings, door).into_iter().collect(),
            ("", prefix) => vec![settings.revoke_below(prefix)],
            (accessor, _) => vec![token(settings, door, accessor)],
        },
        DoorKind::Membership => membership(settings, door).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Disabling the entity; none for a login that has none.
fn contain(settings: &Settings, door: &Door) -> Option<StepDraft> {
    let entity = Some(door.attribute("entity")).filter(|it| !it.is_empty())?;
    Some(settings.draft(Sketch {
        phase: Phase::Contain,
        verb: "disable-entity",
        target: entity,
        arguments: &[],
        how: "disable the entity".to_owned(),
        reason: "no login of it and no token, batch tokens among them, is believed while it is disabled; it cannot undo it",
        inverse: Inverse::By(settings.operation("enable-entity", entity, &[])),
        breaks: "whatever uses a token that one of its logins made",
    }))
}

fn login(settings: &Settings, door: &Door) -> Vec<StepDraft> {
    let mut steps: Vec<StepDraft> = contain(settings, door).into_iter().collect();
    let (mount, name) = (door.attribute("mount"), door.attribute("name"));
    if door.attribute("type") != "userpass" || mount.is_empty() || name.is_empty() {
        return steps;
    }
    let reset = settings.draft(Sketch {
        phase: Phase::Contain,
        verb: "reset-password",
        target: name,
        arguments: &[("mount", mount), ("door", door.id.as_str())],
        how: "set a password of ours".to_owned(),
        reason: "whoever enables the entity again lets nobody in by the password that the leaver knows, and ours can \
                 be tried",
        inverse: Inverse::Renewed,
        breaks: "the old password cannot be put back: whoever returns gets a new one",
    });
    steps.push(StepDraft { replaces_secret: true, ..reset });
    steps.push(settings.revoke_below(&format!("{mount}/login/{name}")));
    if settings.deletes {
        steps.push(settings.draft(Sketch {
            phase: Phase::Cut,
            verb: "delete-user",
            target: name,
            arguments: &[("mount", mount)],
            how: format!("delete user {name}"),
            reason: "last: a user that is gone is answered like a wrong password, so that it can no longer be tried",
            inverse: Inverse::None,
            breaks: "its policies and limits are lost",
        }));
    }
    steps
}

fn token(settings: &Settings, door: &Door, accessor: &str) -> StepDraft {
    let breaks =
        if door.kind == DoorKind::ApiKey { "whatever uses the token, and the tokens that it made" } else { "" };
    settings.draft(Sketch {
        phase: Phase::Cut,
        verb: "revoke-accessor",
        target: accessor,
        arguments: &[],
        how: "revoke the token by its accessor".to_owned(),
        reason: "after it was contained; its own tokens and leases end with it",
        inverse: Inverse::Renewed,
        breaks,
    })
}

fn secret_id(settings: &Settings, door: &Door) -> Option<StepDraft> {
    let (mount, role, accessor) = (door.attribute("mount"), door.attribute("role"), door.attribute("secret_accessor"));
    if mount.is_empty() || role.is_empty() || accessor.is_empty() {
        return None;
    }
    Some(settings.draft(Sketch {
        phase: Phase::Cut,
        verb: "destroy-secret-id",
        target: accessor,
        arguments: &[("mount", mount), ("role", role)],
        how: format!("destroy a secret id of role {role}"),
        reason: "after the role was contained; what needs it is given another",
        inverse: Inverse::Renewed,
        breaks: "whatever signs in with it needs a new one",
    }))
}

fn membership(settings: &Settings, door: &Door) -> Option<StepDraft> {
    let entity = Some(door.attribute("entity")).filter(|it| !it.is_empty())?;
    let (policy, group) = (door.attribute("policy"), door.attribute("group"));
    let (verb, back, argument, value) = match (policy, group, door.attribute("type")) {
        // An auth method says who is in an external group, at every login.
        (_, _, "external") | ("", "", _) => return None,
        ("", group, _) => ("remove-member", "add-member", "group", group),
        (policy, _, _) => ("remove-policy", "add-policy", "policy", policy),
    };
    let arguments = [(argument, value)];
    Some(settings.draft(Sketch {
        phase: Phase::Cut,
        verb,
        target: entity,
        arguments: &arguments,
        how: format!("take {} away", door.title),
        reason: "after what it gives was needed for nothing more",
        inverse: Inverse::By(settings.operation(back, entity, &arguments)),
        breaks: "",
    }))
}

impl Settings {
    fn operation(&self, verb: &str, target: &str, arguments: &[(&str, &str)]) -> Operation {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Operation {
            connection: self.connection.clone(),
            verb: verb.to_owned(),
            target: target.to_owned(),
            arguments: arguments.collect::<BTreeMap<_, _>>(),
        }
    }

    fn revoke_below(&self, prefix: &str) -> StepDraft {
        self.draft(Sketch {
            phase: Phase::Cut,
            verb: "revoke-below",
            target: prefix,
            arguments: &[],
            how: format!("revoke every lease below {prefix}, and wait for it"),
            reason: "catches what was issued since the doors were listed",
            inverse: Inverse::Renewed,
            breaks: "",
        })
    }

    fn draft(&self, sketch: Sketch<'_>) -> StepDraft {
        StepDraft {
            phase: sketch.phase,
            operation: self.operation(sketch.verb, sketch.target, sketch.arguments),
            how: sketch.how,
            reason: sketch.reason.to_owned(),
            inverse: sketch.inverse,
            breaks: [sketch.breaks].iter().filter(|it| !it.is_empty()).map(|it| (*it).to_owned()).collect(),
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        }
    }
}
