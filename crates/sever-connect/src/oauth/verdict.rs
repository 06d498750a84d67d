//! The verdict on what trying a door showed, from the controls that were tried beside it. Pure.

use sever_model::act::Tried;
use sever_model::{Control, ControlKind, DoorState, EventTime, UnknownWhy, VerdictStrength};

use super::server::{Live, Opened};
use crate::http::unknown;

/// What a door showed, before the controls are weighed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Open {
        until: Option<EventTime>,
        evidence: String,
    },
    /// It is shown closed, if the controls hold.
    Shut(String),
    Unknown(UnknownWhy, String),
}

/// The verdict: what is shown closed is closed only where both kinds of control are there and held.
pub(crate) fn decide(shown: Shown, strength: VerdictStrength, controls: Vec<Control>) -> Tried {
    let has = |kind: ControlKind| controls.iter().any(|control| control.kind == kind);
    let held = controls.iter().all(|control| control.held);
    let (state, evidence) = match shown {
        Shown::Open { until, evidence } => (DoorState::Open { until }, evidence),
        Shown::Unknown(why, evidence) => (DoorState::Unknown(why), evidence),
        Shown::Shut(evidence) if !has(ControlKind::Positive) => (DoorState::Unknown(UnknownWhy::Ambiguous), evidence),
        Shown::Shut(evidence) if held => (DoorState::Closed, evidence),
        Shown::Shut(evidence) => (DoorState::Unknown(UnknownWhy::ControlFailed), evidence),
    };
    Tried { state, strength, evidence, controls }
}

/// What introspection and a second way say together of a token: either can show it open, and only both
/// can show it closed. A second way that refuses without a word adds nothing.
pub(crate) fn token(live: Live, second: Option<Opened>) -> Shown {
    let introspected = match live {
        Live::Active { until, .. } => {
            return Shown::Open { until, evidence: "introspection: active".to_owned() };
        }
        Live::Inactive => "introspection: not active",
        Live::Unsupported => {
            let evidence = "introspection does not look at tokens of this kind".to_owned();
            return Shown::Unknown(UnknownWhy::NothingToTry, evidence);
        }
        Live::BadProbe(what) => return Shown::Unknown(UnknownWhy::ControlFailed, format!("introspection: {what}")),
        Live::Failed(error) => return Shown::Unknown(unknown(&error), error.to_string()),
    };
    match second {
        None => Shown::Shut(introspected.to_owned()),
        Some(Opened::No(what) | Opened::Silent(what)) => Shown::Shut(format!("{introspected}; presented: {what}")),
        Some(Opened::Yes(what)) => Shown::Open { until: None, evidence: format!("{introspected}, and yet: {what}") },
        Some(Opened::BadProbe(what)) => {
            Shown::Unknown(UnknownWhy::ControlFailed, format!("{introspected}; presented: {what}"))
        }
        Some(Opened::Failed(error)) => Shown::Unknown(unknown(&error), format!("{introspected}; {error}")),
    }
}

/// What presenting a session or a password showed.
pub(crate) fn presented(opened: Opened) -> Shown {
    match opened {
        Opened::Yes(evidence) => Shown::Open { until: None, evidence },
        Opened::No(evidence) => Shown::Shut(evidence),
        Opened::Silent(evidence) => Shown::Unknown(UnknownWhy::Ambiguous, evidence),
        Opened::BadProbe(evidence) => Shown::Unknown(UnknownWhy::ControlFailed, evidence),
        Opened::Failed(error) => Shown::Unknown(unknown(&error), error.to_string()),
    }
}

/// A token of the twin must be active, and of the same client: a server may call every other client's
/// token inactive.
pub(crate) fn twin_token(live: &Live, client: &str) -> Control {
    let (answer, held) = match live {
        Live::Active { client: is, .. } if client.is_empty() || is.is_empty() || is == client => {
            ("active".to_owned(), true)
        }
        Live::Active { .. } => ("active, of another client".to_owned(), false),
        other => (said(other), false),
    };
    control(ControlKind::Positive, "the twin's token of this kind, introspected", answer, held)
}

/// A token that nobody was given must not be active.
pub(crate) fn never_issued_token(live: &Live) -> Control {
    let held = matches!(live, Live::Inactive | Live::Unsupported);
    control(ControlKind::Negative, "a token that was never issued, introspected", said(live), held)
}

/// The twin's secret must open, or one that nobody was given must not.
pub(crate) fn opens(kind: ControlKind, what: &str, opened: &Opened) -> Control {
    let (answer, held) = match opened {
        Opened::Yes(said) => (said.clone(), kind == ControlKind::Positive),
        Opened::No(said) => (said.clone(), kind == ControlKind::Negative),
        Opened::Silent(said) | Opened::BadProbe(said) => (said.clone(), false),
        Opened::Failed(error) => (error.to_string(), false),
    };
    control(kind, what, answer, held)
}

/// A control.
pub(crate) fn control(kind: ControlKind, what: &str, answer: String, held: bool) -> Control {
    Control { kind, what: what.to_owned(), answer, held }
}

fn said(live: &Live) -> String {
    match live {
        Live::Active { .. } => "active".to_owned(),
        Live::Inactive => "not active".to_owned(),
        Live::Unsupported => "it does not look at tokens of this kind".to_owned(),
        Live::BadProbe(what) => what.clone(),
        Live::Failed(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
