//! What both kinds of probe see, and the controls that make it mean something.
//!
//! A probe has connections of its own, as the probing account. That account signing in is a control; a
//! twin that signs in is a better one; a name that never was shows what a bad probe is answered. Where a
//! control fails the probe itself does not work, and nothing it sees is a verdict.

use sever_model::act::Tried;
use sever_model::{Control, ControlKind, Door, DoorState, Span, UnknownWhy, VerdictStrength};

use super::place::Place;
use super::reply::{Failure, Reply, code};
use super::talk::Talk;
use crate::connector::Login;

/// A verdict, weakened to `Unknown` where a control did not hold.
pub(crate) fn tried(
    state: DoorState,
    strength: VerdictStrength,
    evidence: impl Into<String>,
    controls: Vec<Control>,
) -> Tried {
    let failed = controls.iter().any(|control| !control.held);
    let shown = controls.iter().any(|control| control.kind == ControlKind::Positive);
    let state = match state {
        DoorState::Closed if failed => DoorState::Unknown(UnknownWhy::ControlFailed),
        DoorState::Closed if !shown => DoorState::Unknown(UnknownWhy::Ambiguous),
        other => other,
    };
    Tried { state, strength, evidence: evidence.into(), controls }
}

/// That nobody knows, and why.
pub(crate) fn unknown(why: UnknownWhy, evidence: impl Into<String>, controls: Vec<Control>) -> Tried {
    tried(DoorState::Unknown(why), VerdictStrength::Observed, evidence, controls)
}

/// That there was no answer.
pub(crate) fn silent(failure: &Failure) -> Tried {
    unknown(failure.why(), failure.words(), Vec::new())
}

/// Something tried beside.
pub(crate) fn control(kind: ControlKind, what: impl Into<String>, answer: impl Into<String>, held: bool) -> Control {
    Control { kind, what: what.into(), answer: answer.into(), held }
}

/// That a door says which entry it is about. One that was listed does; one that only facts tell of does
/// not, and what goes by no name at all is the server's own entry, which says nothing of anybody.
///
/// # Errors
/// The verdict, where it does not.
pub(crate) fn named_entry(door: &Door) -> Result<(), Tried> {
    if is_listed(door) {
        return Ok(());
    }
    Err(unknown(UnknownWhy::NoProbe, "this directory did not list the door, which names no entry", Vec::new()))
}

/// Whether a door was listed by a directory, and so names its entry.
pub(crate) fn is_listed(door: &Door) -> bool {
    !door.attribute("dn").is_empty()
}

/// Begins: connected as the probing account. Its own bind, on the path that all trying takes, is the
/// first control.
///
/// # Errors
/// The verdict, where there is no beginning.
pub(crate) fn begin(place: &Place, login: &Login, patience: Span) -> Result<(Talk, Control), Tried> {
    let mut talk = place.open(patience).map_err(|failure| silent(&failure))?;
    let reply = talk.bind(&login.user, login.secret.expose()).map_err(|failure| silent(&failure))?;
    let own = control(ControlKind::Positive, "the probing account signs in", reply.quote(), reply.is_success());
    match reply.code {
        code::SUCCESS => Ok((talk, own)),
        code::INVALID_CREDENTIALS => {
            Err(unknown(UnknownWhy::ControlFailed, "the probing account is not let in", vec![own]))
        }
        _ => Err(unknown(reply.says_nothing(), reply.quote(), vec![own])),
    }
}

/// One bind on a connection of its own.
///
/// # Errors
/// When there is no answer.
pub(crate) fn attempt(place: &Place, name: &str, secret: &str, patience: Span) -> Result<Reply, Failure> {
    place.open(patience)?.bind(name, secret)
}

/// Whether the twin signs in now.
///
/// # Errors
/// The verdict, where there is no answer.
pub(crate) fn twin(place: &Place, twin: &Login, patience: Span) -> Result<Control, Tried> {
    let reply = attempt(place, &twin.user, twin.secret.expose(), patience).map_err(|failure| silent(&failure))?;
    Ok(control(ControlKind::Positive, "a twin under the same rules signs in", reply.quote(), reply.is_success()))
}

/// What a name that never was is answered: refused, and not as `closed` is. The name carries the nonce
/// into the server's log.
///
/// # Errors
/// The verdict, where there is no answer.
pub(crate) fn nobody(
    place: &Place,
    name: &str,
    secret: &str,
    patience: Span,
    is_closed: impl Fn(&Reply) -> bool,
) -> Result<Control, Tried> {
    let reply = attempt(place, name, secret, patience).map_err(|failure| silent(&failure))?;
    let held = reply.code == code::INVALID_CREDENTIALS && !is_closed(&reply);
    let what = "a name that never was is refused, and not as a closed account is";
    Ok(control(ControlKind::Negative, what, reply.quote(), held))
}

/// The nonce as part of a name.
pub(crate) fn named(nonce: &str) -> String {
    let plain: String = nonce.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    if plain.is_empty() { "severance-probe".to_owned() } else { plain }
}

#[cfg(test)]
mod tests;
