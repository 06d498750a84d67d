//! What closing each door of a role takes, in order; pure.

use std::collections::BTreeMap;

use sever_model::{ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Span, StepDraft};

/// What the configuration says of closing.
pub(crate) struct Settings {
    pub(crate) connection: ConnectionId,
    /// Who gets what leavers own.
    pub(crate) owner: Option<String>,
    /// Whether roles are dropped in the end.
    pub(crate) drops: bool,
}

/// A step before it is complete.
struct Sketch<'a> {
    phase: Phase,
    verb: &'a str,
    arguments: &'a [(&'a str, &'a str)],
    how: String,
    reason: &'a str,
    inverse: Inverse,
}

/// The steps of a door; none for one that is not a role's, or that nothing here closes.
pub(crate) fn steps(settings: &Settings, door: &Door) -> Vec<StepDraft> {
    let role = door.attribute("role");
    if role.is_empty() {
        return Vec::new();
    }
    match door.kind {
        DoorKind::Login => login(settings, door, role),
        DoorKind::LiveConnection => live(settings, door, role),
        DoorKind::Membership => membership(settings, door, role),
        DoorKind::Delegation => delegation(settings, door, role),
        _ => Vec::new(),
    }
}

fn login(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let back = settings.operation("login", role, &[]);
    let contain = settings.draft(
        role,
        Sketch {
            phase: Phase::Contain,
            verb: "nologin",
            arguments: &[],
            how: format!("ALTER ROLE {role} NOLOGIN"),
            reason: "the role itself cannot undo it; it comes first, so that an ended session cannot come back",
            inverse: Inverse::By(back),
        },
    );
    let contain = StepDraft { breaks: vec!["jobs and programs that sign in as it".to_owned()], ..contain };
    let reset = settings.draft(role, Sketch {
        phase: Phase::Contain,
        verb: "reset-password",
        arguments: &[("door", door.id.as_str())],
        how: "set a password of ours".to_owned(),
        reason: "whoever lets the role in again lets nobody in by the password that the leaver knows, and ours can be \
                 tried",
        inverse: Inverse::Renewed,
    });
    let breaks = vec!["the old password cannot be put back: whoever returns gets a new one".to_owned()];
    let mut steps = vec![contain, StepDraft { replaces_secret: true, breaks, ..reset }];
    if settings.drops {
        let drop = settings.draft(
            role,
            Sketch {
                phase: Phase::Cut,
                verb: "drop",
                arguments: &[],
                how: format!("DROP OWNED BY {role} in every database, then DROP ROLE {role}"),
                reason: "after what others need was handed over; a role that is gone is owner and grantor of nothing",
                inverse: Inverse::None,
            },
        );
        let listed = |name: &str| -> Vec<String> {
            door.attribute(name).split("; ").filter(|text| !text.is_empty()).map(str::to_owned).collect()
        };
        let foreign = listed("foreign").into_iter().map(|it| format!("DROP ROLE fails while this stands: {it}"));
        // `DROP OWNED` revokes only what our role may revoke: as the owner, if it is a member of that.
        let ours = settings.owner.as_ref().map(|owner| format!(" by {owner}"));
        let others = listed("held").into_iter().filter(|it| ours.as_ref().is_none_or(|ours| !it.ends_with(ours)));
        let others = others.map(|it| format!("DROP ROLE fails unless our role is a member of who granted: {it}"));
        let breaks =
            ["what it owns and nobody was handed is deleted".to_owned()].into_iter().chain(foreign).chain(others);
        steps.push(StepDraft { breaks: breaks.collect(), ..drop });
    }
    steps
}

fn live(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let (pid, started) = (door.attribute("pid"), door.attribute("started"));
    let step = settings.draft(
        role,
        Sketch {
            phase: Phase::Contain,
            verb: "terminate",
            arguments: &[("pid", pid), ("started", started)],
            how: format!("end connection {pid}"),
            reason: "NOLOGIN leaves connections open that are open; after it, so that it cannot be opened again",
            inverse: Inverse::Renewed,
        },
    );
    vec![StepDraft { breaks: vec!["what it is doing is rolled back".to_owned()], ..step }]
}

fn membership(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let (group, grantor, options) = (door.attribute("group"), door.attribute("grantor"), door.attribute("options"));
    let back = [("group", group), ("grantor", grantor), ("options", options)];
    vec![settings.draft(
        role,
        Sketch {
            phase: Phase::Cut,
            verb: "revoke-membership",
            arguments: &[("group", group), ("grantor", grantor)],
            how: format!("REVOKE {group} FROM {role}"),
            reason: "after the hand-over, which may need what the membership gives",
            inverse: Inverse::By(settings.operation("grant-membership", role, &back)),
        },
    )]
}

fn delegation(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let mut parts = door.native.strip_prefix(role).unwrap_or_default().trim_start_matches('/').split('/');
    match parts.next().unwrap_or_default() {
        "owns" => owned(settings, door, role),
        "granted" => granted(settings, door, role),
        "lent" => lent(settings, door, role),
        "mappings" => mappings(settings, door, role),
        "job" => job(settings, door, role),
        _ => Vec::new(),
    }
}

fn owned(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let Some(owner) = &settings.owner else { return Vec::new() };
    let (database, objects) = (door.attribute("database"), door.attribute("objects"));
    let inverse = if objects.is_empty() {
        Inverse::None
    } else {
        Inverse::By(settings.operation("give-back", role, &[("database", database), ("objects", objects)]))
    };
    let place = if database.is_empty() { String::new() } else { format!(" in {database}") };
    let step = settings.draft(
        role,
        Sketch {
            phase: Phase::HandOver,
            verb: "reassign",
            arguments: &[("database", database), ("owner", owner)],
            how: format!("REASSIGN OWNED BY {role} TO {owner}{place}"),
            reason: "an owner may do anything with what it owns; it is the database's own, so once in each",
            inverse,
        },
    );
    vec![StepDraft {
        breaks: vec!["functions that run with their owner's rights then run with the new owner's".to_owned()],
        ..step
    }]
}

fn granted(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let database = door.attribute("database");
    let arguments = [("database", database)];
    let back = settings.operation("grant-option", role, &[("database", database), ("on", door.attribute("on"))]);
    let regrant = settings.draft(
        role,
        Sketch {
            phase: Phase::HandOver,
            verb: "regrant",
            arguments: &arguments,
            how: format!("grant again, as the owner, what {role} granted"),
            reason: "what is granted by a role ends with that role's right to grant it",
            inverse: Inverse::Renewed,
        },
    );
    let revoke = settings.draft(
        role,
        Sketch {
            phase: Phase::Cut,
            verb: "revoke-granted",
            arguments: &arguments,
            how: format!("REVOKE GRANT OPTION FOR … FROM {role} CASCADE"),
            reason: "after each was granted again by the owner: it is refused where one was not",
            inverse: Inverse::By(back),
        },
    );
    let kept = door.attribute("grants").split("; ").filter(|text| !text.is_empty());
    let kept: Vec<String> = kept.map(|text| format!("kept, now by the owner: {text}")).collect();
    vec![StepDraft { breaks: kept, ..regrant }, StepDraft { after: vec![0], ..revoke }]
}

fn lent(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let (group, member) = (door.attribute("group"), door.attribute("member"));
    let arguments = [("group", group), ("member", member), ("options", door.attribute("options"))];
    let step = settings.draft(
        role,
        Sketch {
            phase: Phase::HandOver,
            verb: "regrant-membership",
            arguments: &arguments,
            how: format!("GRANT {group} TO {member} by ours, in the place of {role}'s grant"),
            reason: "what a role granted hangs on it, and the leaver's own membership cannot go before",
            inverse: Inverse::Renewed,
        },
    );
    vec![StepDraft { breaks: vec![format!("{member} keeps the membership: see whether that is meant")], ..step }]
}

fn mappings(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    if !settings.drops {
        return Vec::new();
    }
    let step = settings.draft(
        role,
        Sketch {
            phase: Phase::Cut,
            verb: "drop-mappings",
            arguments: &[("database", door.attribute("database"))],
            how: format!("DROP USER MAPPING FOR {role}"),
            reason: "the passwords in it open other servers",
            inverse: Inverse::None,
        },
    );
    vec![StepDraft { breaks: vec!["the passwords kept in it are lost".to_owned()], ..step }]
}

fn job(settings: &Settings, door: &Door, role: &str) -> Vec<StepDraft> {
    let arguments = [("database", door.attribute("database")), ("job", door.attribute("job"))];
    let back = settings.operation("start-job", role, &arguments);
    let step = settings.draft(
        role,
        Sketch {
            phase: Phase::Cut,
            verb: "stop-job",
            arguments: &arguments,
            how: format!("stop job {}", door.attribute("job")),
            reason: "it runs as the role; with NOLOGIN it fails at every turn",
            inverse: Inverse::By(back),
        },
    );
    vec![StepDraft {
        breaks: vec![format!("{}: a job that is needed must be made anew by its new owner", door.title)],
        ..step
    }]
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

    fn draft(&self, role: &str, sketch: Sketch<'_>) -> StepDraft {
        StepDraft {
            phase: sketch.phase,
            operation: self.operation(sketch.verb, role, sketch.arguments),
            how: sketch.how,
            reason: sketch.reason.to_owned(),
            inverse: sketch.inverse,
            breaks: Vec::new(),
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
