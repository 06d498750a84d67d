//! What an answer of OpenBao's means for a door; pure.
//!
//! `403 permission denied` is the answer of a disabled entity, of a token that is gone, of one that never
//! was, of a user that is locked out for a while, and of a request from an address that the user is not
//! bound to. So it closes nothing by itself: what is seen from another token must say which of them it is.

use sever_model::act::Tried;
use sever_model::{Control, ControlKind, DoorState, EventTime, UnknownWhy, VerdictStrength};

/// What came of presenting a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It was taken; until when.
    LetIn(String, Option<EventTime>),
    /// `403`.
    Denied(String),
    /// It was told that it is wrong.
    Wrong(String),
    /// Nothing that says anything of the door.
    NoAnswer(UnknownWhy, String),
}

/// How a thing stands, as another token sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there, until when, and its entity is enabled.
    There(Option<EventTime>),
    /// It is there, and its entity is disabled.
    Contained(Option<EventTime>),
    /// It is not there.
    Gone,
    /// It cannot be looked at.
    Hidden(UnknownWhy, String),
}

/// What else may make a login be denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Nothing that we know of.
    Nothing,
    /// The user is locked out after wrong passwords, or is bound to other addresses.
    LockedOrBound,
    /// We may not look.
    Hidden,
}

/// The controls of one trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Controls(pub(crate) Vec<Control>);

impl Controls {
    fn hold(&self) -> bool {
        self.0.iter().all(|it| it.held) && self.0.iter().any(|it| it.kind == ControlKind::Positive)
    }

    fn closed(self, strength: VerdictStrength, evidence: String) -> Tried {
        let state = if self.hold() { DoorState::Closed } else { DoorState::Unknown(UnknownWhy::ControlFailed) };
        Tried { state, strength, evidence, controls: self.0 }
    }

    fn unknown(self, why: UnknownWhy, evidence: String) -> Tried {
        Tried { state: DoorState::Unknown(why), strength: VerdictStrength::Observed, evidence, controls: self.0 }
    }

    fn open(self, strength: VerdictStrength, until: Option<EventTime>, evidence: String) -> Tried {
        Tried { state: DoorState::Open { until }, strength, evidence, controls: self.0 }
    }
}

/// What trying a login showed; `entry` is `None` where there was nothing to try it with, and `standing`
/// is that of the login's user and entity.
pub(crate) fn login(entry: Option<Entry>, standing: Standing, otherwise: Otherwise, controls: Controls) -> Tried {
    match (entry, standing) {
        (Some(Entry::LetIn(words, until)), _) => controls.open(VerdictStrength::Tried, until, words),
        (Some(Entry::NoAnswer(why, words)), _) => controls.unknown(why, words),
        // The password was right: a wrong one is answered 400 by whichever user is not locked out.
        (Some(Entry::Denied(words)), Standing::Contained(_)) => match otherwise {
            Otherwise::Nothing => controls
                .closed(VerdictStrength::Tried, format!("{words}, with the right password; its entity is disabled")),
            _ => controls.closed(
                VerdictStrength::Observed,
                format!("{words}, which may be a lock or an address; its entity is disabled"),
            ),
        },
        (Some(Entry::Denied(words)), _) => controls.unknown(UnknownWhy::Ambiguous, words),
        (entry, Standing::Gone) => controls.closed(VerdictStrength::Observed, with(entry, "there is no such user")),
        (entry, Standing::Contained(_)) => {
            controls.closed(VerdictStrength::Observed, with(entry, "its entity is disabled"))
        }
        (None, Standing::There(_)) => {
            controls.open(VerdictStrength::Observed, None, "it is there, and its entity is enabled".to_owned())
        }
        (Some(entry), Standing::There(_) | Standing::Hidden(..)) => {
            controls.unknown(UnknownWhy::Ambiguous, entry.words())
        }
        (None, Standing::Hidden(why, words)) => controls.unknown(why, words),
    }
}

/// What trying a token showed, or a secret id: `standing` is what the lookup by its accessor says.
pub(crate) fn token(entry: Option<Entry>, standing: Standing, controls: Controls) -> Tried {
    match (entry, standing) {
        (Some(Entry::LetIn(words, until)), _) => controls.open(VerdictStrength::Tried, until, words),
        (Some(Entry::NoAnswer(why, words)), _) => controls.unknown(why, words),
        (Some(entry @ (Entry::Denied(_) | Entry::Wrong(_))), Standing::Gone) => {
            controls.closed(VerdictStrength::Tried, with(Some(entry), "its accessor is gone"))
        }
        (Some(Entry::Denied(words)), Standing::Contained(_)) => {
            controls.closed(VerdictStrength::Tried, format!("{words}; its entity is disabled"))
        }
        // It stands and would be taken: what was presented is another.
        (Some(entry), _) => controls.unknown(UnknownWhy::Ambiguous, entry.words()),
        (None, Standing::Gone) => controls.closed(VerdictStrength::Observed, "its accessor is gone".to_owned()),
        (None, Standing::There(until)) => {
            controls.open(VerdictStrength::Observed, until, "its accessor is there".to_owned())
        }
        // Whoever enables the entity opens it again: it is not called closed before it is gone.
        (None, Standing::Contained(until)) => controls.open(
            VerdictStrength::Observed,
            until,
            "its accessor is there; its entity is disabled for now".to_owned(),
        ),
        (None, Standing::Hidden(why, words)) => controls.unknown(why, words),
    }
}

/// What trying batch tokens showed; `entry` is `None` where nobody has one of them.
pub(crate) fn batch(entry: Option<Entry>, standing: Standing, until: Option<EventTime>, controls: Controls) -> Tried {
    let disabled = "its entity is disabled: enabled again, they would be taken again";
    match (entry, standing) {
        (Some(Entry::LetIn(words, until)), _) => controls.open(VerdictStrength::Tried, until, words),
        (Some(Entry::NoAnswer(why, words)), _) => controls.unknown(why, words),
        (Some(Entry::Denied(words)), Standing::Contained(_)) => {
            controls.closed(VerdictStrength::Tried, format!("{words}; {disabled}"))
        }
        (Some(entry), _) => controls.unknown(UnknownWhy::Ambiguous, entry.words()),
        (None, Standing::Contained(_)) => controls.closed(VerdictStrength::Observed, disabled.to_owned()),
        (None, Standing::Gone) => controls.closed(VerdictStrength::Observed, "there is no such entity".to_owned()),
        (None, Standing::There(_)) => controls.open(
            VerdictStrength::Observed,
            until,
            "nobody can list or revoke them: open until the last has expired".to_owned(),
        ),
        (None, Standing::Hidden(why, words)) => controls.unknown(why, words),
    }
}

/// What looking showed.
pub(crate) fn seen(standing: Standing, evidence: String, controls: Controls) -> Tried {
    match standing {
        Standing::Gone => controls.closed(VerdictStrength::Observed, evidence),
        Standing::There(until) | Standing::Contained(until) => {
            controls.open(VerdictStrength::Observed, until, evidence)
        }
        Standing::Hidden(why, words) => controls.unknown(why, words),
    }
}

fn with(entry: Option<Entry>, what: &str) -> String {
    entry.map_or_else(|| what.to_owned(), |entry| format!("{}; {what}", entry.words()))
}

impl Entry {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Entry::LetIn(words, _) | Entry::Denied(words) | Entry::Wrong(words) => words.clone(),
            Entry::NoAnswer(why, words) => format!("{why}: {words}"),
        }
    }
}

#[cfg(test)]
mod tests;
