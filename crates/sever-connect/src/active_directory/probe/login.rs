//! Trying a login: what may be tried without locking anybody out, with what, and what the answer means.

use ldap3::Scope;
use sever_model::EventTime;

use super::wire::windows;
use super::*;
use crate::ldif::account::{DISABLED, number};
use crate::ldif::names::{file_time, generalized};

/// What is seen of an account beside trying it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Disabled, or past its end; nothing where that cannot be seen.
    pub(super) closed: Option<bool>,
    /// Wrong passwords that are still allowed; nothing where that cannot be seen.
    pub(super) left: Option<i64>,
}

impl Prober {
    pub(super) fn try_login(
        &self,
        talk: &mut Talk,
        own: Control,
        door: &Door,
        trial: &Trial<'_>,
        cx: &Cx<'_>,
    ) -> Result<Tried, Tried> {
        let mut controls = vec![own];
        let Some(entry) = self.entry(talk, door)? else { return self.gone_or_made_anew(talk, door, controls) };
        let seen = self.seen(talk, &entry, cx)?;
        if let Some(twin) = &self.twin {
            let signs_in = watch::twin(&self.place, twin, cx.patience)?;
            let held = signs_in.held;
            controls.push(signs_in);
            if !held {
                return Err(unknown(UnknownWhy::ControlFailed, "the twin is not let in", controls));
            }
        }
        let derived: Secret<String>;
        let secret = match (trial.replaced, trial.secret) {
            (true, _) => {
                derived = cx.secrets.derive(door.id.as_str());
                &derived
            }
            (false, Some(secret)) => secret,
            (false, None) => return Ok(untried(seen, controls)),
        };
        if let Err(why) = may_try(seen) {
            return Err(unknown(UnknownWhy::NotPermitted, why, controls));
        }
        let nobody = format!("CN={},CN=Users,{}", watch::named(trial.nonce), self.place.base);
        let never = cx.secrets.derive("a secret that was never issued");
        controls.push(watch::nobody(&self.place, &nobody, never.expose(), cx.patience, is_closed)?);
        let reply = watch::attempt(&self.place, &entry.dn, secret.expose(), cx.patience);
        let reply = reply.map_err(|failure| silent(&failure))?;
        let (state, words) = decide(&reply);
        Ok(watch::tried(state, VerdictStrength::Tried, format!("{}: {words}", reply.quote()), controls))
    }

    /// The account is not there. Who is made anew, such as by signing in elsewhere, has another id and the
    /// same name, and by that a way in.
    fn gone_or_made_anew(&self, talk: &mut Talk, door: &Door, controls: Vec<Control>) -> Result<Tried, Tried> {
        let other = wire::namesake(talk, &self.place.base, door.attribute("login"));
        match other.map_err(|failure| silent(&failure))? {
            None => self.gone(talk, controls),
            Some(other) => {
                let words = format!("its entry is gone, and another goes by its name now: {}", other.dn);
                Ok(watch::tried(DoorState::Open { until: None }, VerdictStrength::Observed, words, controls))
            }
        }
    }

    /// Whether it is disabled, and how many wrong passwords it may still be given.
    fn seen(&self, talk: &mut Talk, entry: &Entry, cx: &Cx<'_>) -> Result<Seen, Tried> {
        let now = their_now(talk, cx)?;
        let expired = entry.first("accountexpires").and_then(file_time).is_some_and(|end| end <= now);
        let closed = number(entry, "useraccountcontrol").map(|flags| flags & DISABLED != 0 || expired);
        let threshold = match entry.first("msds-resultantpso") {
            // A policy of its own, which only administrators may read unless it was opened to us.
            Some(own) => {
                let policy = talk.entry(own, &["msDS-LockoutThreshold"]).map_err(|failure| silent(&failure))?;
                policy.and_then(|policy| number(&policy, "msds-lockoutthreshold"))
            }
            None => self.threshold(talk)?,
        };
        // Every controller counts for itself; a count that is not shown has not begun.
        let count = number(entry, "badpwdcount").unwrap_or(0);
        let left = threshold.map(|most| if most == 0 { i64::MAX } else { most.saturating_sub(count) });
        Ok(Seen { closed, left })
    }

    /// After how many wrong passwords the domain locks an account; 0 is never.
    fn threshold(&self, talk: &mut Talk) -> Result<Option<i64>, Tried> {
        // The base may be a part of the domain.
        let at = self.place.base.to_ascii_lowercase().find("dc=").unwrap_or(0);
        let domain = self.place.base.get(at..).unwrap_or_default();
        let found = talk.search(domain, Scope::Base, "(objectClass=*)", &["lockoutThreshold"]);
        let found = found.map_err(|failure| silent(&failure))?;
        Ok(found.entries.first().and_then(|domain| number(domain, "lockoutthreshold")))
    }
}

/// What time it is at the controller, which decides when an account's end has come; here, where it does
/// not say.
fn their_now(talk: &mut Talk, cx: &Cx<'_>) -> Result<EventTime, Tried> {
    let root = talk.entry("", &["currentTime"]).map_err(|failure| silent(&failure))?;
    let told = root.as_ref().and_then(|root| root.first("currenttime")).and_then(generalized);
    Ok(told.unwrap_or(cx.clock.now().as_event()))
}

/// Whether one more bind may be tried: never the one that would lock somebody out.
pub(super) fn may_try(seen: Seen) -> Result<(), &'static str> {
    match seen.left {
        Some(left) if left >= 2 => Ok(()),
        Some(_) => Err("one more wrong password would lock the account: it is not tried"),
        None => Err("how near the account is to a lockout cannot be seen: `lockoutThreshold` of the domain, or \
                     `msDS-LockoutThreshold` of the policy that it has of its own, must be ours to read; it is not tried"),
    }
}

/// What is known without trying: what the directory says of the account.
fn untried(seen: Seen, controls: Vec<Control>) -> Tried {
    let (state, words) = match seen.closed {
        Some(true) => (DoorState::Closed, "it is disabled or past its end; nothing to try it with"),
        Some(false) => (DoorState::Open { until: None }, "nothing disables it; nothing to try it with"),
        None => (DoorState::Unknown(UnknownWhy::NothingToTry), "whether it is disabled cannot be seen"),
    };
    watch::tried(state, VerdictStrength::Observed, words, controls)
}

/// Whether a refusal is what the right password gets of a closed account.
fn is_closed(reply: &Reply) -> bool {
    decide(reply).0 == DoorState::Closed
}

/// What the answer to the bind means.
pub(super) fn decide(reply: &Reply) -> (DoorState, &'static str) {
    let open = DoorState::Open { until: None };
    let ambiguous = DoorState::Unknown(UnknownWhy::Ambiguous);
    match (reply.code, reply.windows_error()) {
        (code::SUCCESS, _) => (open, "it signs in"),
        (code::INVALID_CREDENTIALS, Some(error)) => match error {
            windows::DISABLED => (DoorState::Closed, "the password is right, and the account is disabled"),
            windows::ACCOUNT_EXPIRED => (DoorState::Closed, "the password is right, and the account has ended"),
            windows::PASSWORD_EXPIRED | windows::MUST_CHANGE => {
                (open, "the password is right; whoever knows it may set a new one, and then sign in")
            }
            windows::WRONG_PASSWORD => (ambiguous, "a wrong password: of the account it says nothing"),
            windows::NO_SUCH_USER => (ambiguous, "no such account, although its entry is seen"),
            windows::LOCKED_OUT => (ambiguous, "locked out by wrong passwords, which passes by itself"),
            windows::WRONG_HOURS | windows::WRONG_WORKSTATION => {
                (ambiguous, "not at this hour, or not from this machine: at another it may open")
            }
            _ => (DoorState::Unknown(UnknownWhy::Unexpected), "a reason that nobody foresaw"),
        },
        (code::INVALID_CREDENTIALS, None) => (ambiguous, "refused without a reason"),
        _ => (DoorState::Unknown(reply.says_nothing()), "an answer that says nothing of the account"),
    }
}

#[cfg(test)]
mod tests;
