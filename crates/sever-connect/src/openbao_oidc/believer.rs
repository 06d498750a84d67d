//! Trying a signing key at somebody who believes it: with a token that the key has signed.
//!
//! Three tokens of the same twin, role and audience are shown, which differ by their signature alone: one
//! that the old key signed before it was replaced and that was kept since; one that the issuer signs now,
//! the positive control; and that with a signature that no key has made, the negative control. The last
//! names a key that is published, for one that is not would lead a careful verifier to fetch the keys anew:
//! trying would cure what it is to find.

use sever_model::act::{ActError, Cx, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorState, EventTime, Secret, UnknownWhy, VerdictStrength};

use super::issuer::Issuer;
use crate::http::{Answer, Ask, Http, unknown};
use crate::jwt::Jwt;

/// How somebody who was shown a token answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Lets in; the answer.
    Accepted(String),
    /// Does not; the answer.
    Refused(String),
    /// Says neither.
    Nothing(UnknownWhy, String),
}

impl Answered {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Answered::Accepted(words) | Answered::Refused(words) => words.clone(),
            Answered::Nothing(why, words) => format!("{why}: {words}"),
        }
    }

    fn is_accepted(&self) -> bool {
        matches!(self, Answered::Accepted(_))
    }

    fn is_refused(&self) -> bool {
        matches!(self, Answered::Refused(_))
    }
}

/// Under which purpose a token that a key has signed is kept.
pub(crate) fn signed_by(key_id: &str) -> String {
    format!("signed-by/{key_id}")
}

/// Shows a token to a verifier: asks for a page of it as whoever the token speaks for.
pub(crate) fn shown(http: &Http, token: &Secret<String>, name: &str, cx: &Cx<'_>) -> Answered {
    let ask = Ask::new("GET", "").header("user-agent", format!("severance/{name}")).bearer(token.expose());
    match http.ask(&ask, cx.patience) {
        Ok(answer) => read(&answer),
        Err(error) => Answered::Nothing(unknown(&error), error.to_string()),
    }
}

/// What an answer says. Its body is what the token opens, and is not quoted.
fn read(answer: &Answer) -> Answered {
    let status = answer.status.to_string();
    match answer.status {
        200..300 => Answered::Accepted(status),
        401 | 403 => Answered::Refused(status),
        500.. => Answered::Nothing(UnknownWhy::Unreachable, status),
        _ => Answered::Nothing(UnknownWhy::Unexpected, status),
    }
}

/// Tries the key of a door with whoever `show` shows tokens to.
pub(crate) fn try_key(
    door: &Door,
    trial: &Trial<'_>,
    issuer: &Issuer,
    show: &dyn Fn(&Secret<String>) -> Answered,
    cx: &Cx<'_>,
) -> Tried {
    // Without one nothing is closed, but what is open is found open.
    let now = issuer.token(trial.nonce, cx);
    if let Ok(token) = &now
        && token.key_id == door.native
    {
        return not_replaced(&show(&token.text));
    }
    let old = match old_token(door, trial, cx) {
        Ok(old) => old,
        Err(why) => return tried(DoorState::Unknown(UnknownWhy::NothingToTry), why, Vec::new()),
    };
    let old = show(&old);
    let (new, altered) = match &now {
        Ok(token) => (show(&token.text), show(&token.altered())),
        Err(error) => (no_token(error), no_token(error)),
    };
    decide(&old, &new, &altered)
}

fn no_token(error: &ActError) -> Answered {
    Answered::Nothing(UnknownWhy::ControlFailed, format!("no token of the issuer's: {error}"))
}

/// A token that the door's key has signed and that would still be good: the leaver's, or the one that was
/// kept. One that has ended is forgotten.
fn old_token(door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Result<Secret<String>, String> {
    let ends = |token: &Jwt| token.expires_at.is_some_and(|at| at <= EventTime::from_micros(cx.clock.now().micros()));
    let own = trial.secret.and_then(|secret| Jwt::parse(secret.expose()));
    if let Some(own) = own.filter(|own| own.key_id == door.native && !ends(own)) {
        return Ok(own.text);
    }
    let purpose = signed_by(&door.native);
    let kept = cx.secrets.kept(&purpose).and_then(|secret| Jwt::parse(secret.expose()));
    let Some(kept) = kept.filter(|kept| kept.key_id == door.native) else {
        return Err("no token that it signed was kept before it was replaced".to_owned());
    };
    if ends(&kept) {
        let left = cx.secrets.forget(&purpose).err().map(|why| format!("; {why}")).unwrap_or_default();
        return Err(format!("the token that it signed has ended since{left}"));
    }
    Ok(kept.text)
}

/// What a key is that the issuer still signs with.
fn not_replaced(answer: &Answered) -> Tried {
    let state = match answer {
        Answered::Accepted(_) => DoorState::Open { until: None },
        // Refused while nothing else is signed with: that may be anything, the audience for one.
        Answered::Refused(_) => DoorState::Unknown(UnknownWhy::Ambiguous),
        Answered::Nothing(why, _) => DoorState::Unknown(*why),
    };
    tried(state, format!("{}; the issuer signs with this key now", answer.words()), Vec::new())
}

/// What the three answers show.
fn decide(old: &Answered, new: &Answered, altered: &Answered) -> Tried {
    let controls = vec![
        Control {
            kind: ControlKind::Positive,
            what: "a token that the issuer signs now".to_owned(),
            answer: new.words(),
            held: new.is_accepted(),
        },
        Control {
            kind: ControlKind::Negative,
            what: "the same with a signature that no key has made".to_owned(),
            answer: altered.words(),
            held: altered.is_refused(),
        },
    ];
    let mut evidence = format!("a token that the old key signed: {}", old.words());
    let state = match old {
        Answered::Accepted(_) => {
            if altered.is_accepted() {
                evidence.push_str("; it lets in whoever comes: it looks at no signature");
            }
            DoorState::Open { until: None }
        }
        Answered::Nothing(why, _) => DoorState::Unknown(*why),
        Answered::Refused(_) if new.is_accepted() && altered.is_refused() => DoorState::Closed,
        Answered::Refused(_) => DoorState::Unknown(UnknownWhy::ControlFailed),
    };
    tried(state, evidence, controls)
}

fn tried(state: DoorState, evidence: String, controls: Vec<Control>) -> Tried {
    Tried { state, strength: VerdictStrength::Tried, evidence, controls }
}

#[cfg(test)]
mod tests {
    use sever_model::{DoorState, UnknownWhy};

    use super::{Answered, decide, not_replaced, read};
    use crate::http::Answer;

    #[test]
    fn closed_is_only_what_is_refused_while_both_controls_hold() {
        let answers = || {
            let nothing = Answered::Nothing(UnknownWhy::TimedOut, "slow".to_owned());
            [Answered::Accepted("200".to_owned()), Answered::Refused("401".to_owned()), nothing]
        };
        for old in answers() {
            for new in answers() {
                for altered in answers() {
                    let state = decide(&old, &new, &altered).state;
                    let expected = match &old {
                        Answered::Accepted(_) => DoorState::Open { until: None },
                        Answered::Nothing(..) => DoorState::Unknown(UnknownWhy::TimedOut),
                        Answered::Refused(_) if new == answers()[0] && altered == answers()[1] => DoorState::Closed,
                        Answered::Refused(_) => DoorState::Unknown(UnknownWhy::ControlFailed),
                    };
                    assert_eq!(state, expected, "{old:?} {new:?} {altered:?}");
                }
            }
        }
        for answer in answers() {
            assert_ne!(not_replaced(&answer).state, DoorState::Closed);
        }
    }

    #[test]
    fn only_401_and_403_refuse_and_a_body_is_never_quoted() {
        for status in [100, 301, 302, 400, 404, 405, 418, 429, 500, 502, 503, 599] {
            assert!(
                matches!(read(&Answer::canned(status, "<html>signed out</html>")), Answered::Nothing(..)),
                "{status}"
            );
        }
        assert!(matches!(read(&Answer::canned(401, "")), Answered::Refused(_)));
        assert!(matches!(read(&Answer::canned(403, "")), Answered::Refused(_)));
        assert_eq!(read(&Answer::canned(200, "a customer's street")), Answered::Accepted("200".to_owned()));
    }
}
