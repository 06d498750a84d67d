//! Trying a login: what may be tried without locking anybody out, with what, and what the answer means.

use super::*;

/// What is seen of an account beside trying it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// It is locked for ever.
    pub(super) locked: bool,
    /// The policy over it enforces locks; nothing where that cannot be seen.
    pub(super) enforced: Option<bool>,
    /// Wrong binds that the policy still allows; nothing where that cannot be seen.
    pub(super) left: Option<usize>,
    /// A twin under the same policy signed in.
    pub(super) twin: bool,
}

/// Whose secret is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    Theirs,
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
        let entry = read(talk, &self.place.base, door).map_err(|failure| silent(&failure))?;
        let Some(entry) = entry else { return self.gone_or_made_anew(talk, door, controls) };
        let mut seen = self.seen(talk, &entry)?;
        if let Some(twin) = &self.twin {
            let signs_in = watch::twin(&self.place, twin, cx.patience)?;
            seen.twin = signs_in.held && self.same_policy(talk, twin, &entry)?;
            let held = signs_in.held;
            controls.push(signs_in);
            if !held {
                return Err(unknown(UnknownWhy::ControlFailed, "the twin is not let in", controls));
            }
        }
        let derived: Secret<String>;
        let (secret, whose) = match (trial.replaced, trial.secret) {
            (true, _) => {
                derived = cx.secrets.derive(door.id.as_str());
                (&derived, Whose::Ours)
            }
            (false, Some(secret)) => (secret, Whose::Theirs),
            (false, None) => return Ok(untried(seen, controls)),
        };
        if let Err(why) = may_try(seen) {
            return Err(unknown(UnknownWhy::NotPermitted, why, controls));
        }
        let parent = entry.dn.split_once(',').map_or(self.place.base.as_str(), |(_, parent)| parent);
        let nobody = format!("uid={},{parent}", watch::named(trial.nonce));
        let never = cx.secrets.derive("a secret that was never issued");
        let is_closed = |reply: &Reply| reply.policy == Some(Policy::Locked);
        controls.push(watch::nobody(&self.place, &nobody, never.expose(), cx.patience, is_closed)?);
        let reply = watch::attempt(&self.place, &entry.dn, secret.expose(), cx.patience);
        let reply = reply.map_err(|failure| silent(&failure))?;
        let (state, strength, words) = decide(&reply, whose, seen);
        Ok(watch::tried(state, strength, format!("{}: {words}", reply.quote()), controls))
    }

    /// What the policy says of it: whether locks hold, how many wrong binds are left.
    fn seen(&self, talk: &mut Talk, entry: &Entry) -> Result<Seen, Tried> {
        let locked = entry.first("pwdaccountlockedtime") == Some(wire::FOR_EVER);
        let mut seen = Seen { locked, ..Seen::default() };
        let failures = talk.compare(&entry.dn, "pwdFailureTime", b"19700101000000Z");
        let failures = failures.map_err(|failure| silent(&failure))?;
        if failures.code == code::UNDEFINED_TYPE {
            // No password policy at all: nothing is counted, and nothing is locked.
            return Ok(Seen { enforced: Some(false), left: Some(usize::MAX), ..seen });
        }
        let name = entry.first("pwdpolicysubentry").or(self.policy.as_deref());
        if name == Some("none") {
            return Ok(Seen { enforced: Some(false), left: Some(usize::MAX), ..seen });
        }
        let Some(name) = name else { return Ok(seen) };
        const NAMES: [&str; 4] = ["objectClass", "pwdLockout", "pwdMaxFailure", "pwdAttribute"];
        let policy = talk.entry(name, &NAMES).map_err(|failure| silent(&failure))?;
        let Some(policy) = policy.filter(|policy| policy.first("pwdattribute").is_some()) else { return Ok(seen) };
        let lockout = policy.has("pwdlockout", "TRUE");
        let most: usize = policy.first("pwdmaxfailure").and_then(|text| text.parse().ok()).unwrap_or(0);
        seen.enforced = Some(lockout);
        let counted = matches!(failures.code, code::NO_SUCH_ATTRIBUTE | code::COMPARE_FALSE | code::COMPARE_TRUE);
        seen.left = match (lockout && most > 0, counted) {
            (false, _) => Some(usize::MAX),
            // All of them are counted, also those that are past their interval.
            (true, true) => Some(most.saturating_sub(entry.all("pwdfailuretime").count())),
            (true, false) => None,
        };
        Ok(seen)
    }

    /// Whether the twin is under the policy that the account is under.
    fn same_policy(&self, talk: &mut Talk, twin: &Login, entry: &Entry) -> Result<bool, Tried> {
        let found =
            talk.entry(&twin.user, &["pwdPolicySubentry", "objectClass"]).map_err(|failure| silent(&failure))?;
        let own = |entry: &Entry| entry.first("pwdpolicysubentry").map(normal_dn);
        Ok(found.is_some_and(|twin| own(&twin) == own(entry)))
    }

    /// The account is not there. Who is made anew, such as by signing in elsewhere, has another id and the
    /// same name, and by that a way in.
    fn gone_or_made_anew(&self, talk: &mut Talk, door: &Door, controls: Vec<Control>) -> Result<Tried, Tried> {
        let other = namesake(talk, &self.place.base, door.attribute("dn"), door.attribute("login"));
        match other.map_err(|failure| silent(&failure))? {
            None => self.gone(talk, controls),
            Some(other) => {
                let words = format!("its entry is gone, and another goes by its name now: {}", told(&other));
                Ok(watch::tried(DoorState::Open { until: None }, VerdictStrength::Observed, words, controls))
            }
        }
    }

    /// The account is not there. That it is gone, and not only hidden, shows where its twin is seen.
    pub(super) fn gone(&self, talk: &mut Talk, mut controls: Vec<Control>) -> Result<Tried, Tried> {
        let Some(twin) = &self.twin else {
            return Err(unknown(UnknownWhy::Ambiguous, "no such entry, or none that may be seen", controls));
        };
        let seen = talk.entry(&twin.user, &["1.1"]).map_err(|failure| silent(&failure))?.is_some();
        let answer = if seen { "it is there" } else { "it is not" };
        controls.push(control(ControlKind::Positive, "the twin's entry is seen in the same way", answer, seen));
        Ok(watch::tried(DoorState::Closed, VerdictStrength::Observed, "its entry is gone", controls))
    }
}

/// Whether one more bind may be tried: never the one that would lock somebody out.
pub(super) fn may_try(seen: Seen) -> Result<(), String> {
    match seen.left {
        // Nothing is made worse.
        _ if seen.locked => Ok(()),
        Some(left) if left >= 2 => Ok(()),
        Some(_) => Err("one more wrong password would lock the account: it is not tried".to_owned()),
        None => Err("how near the account is to a lockout cannot be seen: the policy (`settings.policy`) and \
                     pwdFailureTime must be ours to read; it is not tried"
            .to_owned()),
    }
}

/// What is known without trying: what the directory says of the account.
fn untried(seen: Seen, controls: Vec<Control>) -> Tried {
    match (seen.locked, seen.enforced) {
        (true, Some(true)) => watch::tried(
            DoorState::Closed,
            VerdictStrength::Observed,
            "it is locked, and its policy enforces that; nothing to try it with",
            controls,
        ),
        (false, Some(_)) | (true, Some(false)) => watch::tried(
            DoorState::Open { until: None },
            VerdictStrength::Observed,
            "nothing locks it; nothing to try it with",
            controls,
        ),
        (_, None) => unknown(UnknownWhy::NothingToTry, "whether a lock would hold cannot be seen", controls),
    }
}

/// What the answer to the bind means.
pub(super) fn decide(reply: &Reply, whose: Whose, seen: Seen) -> (DoorState, VerdictStrength, &'static str) {
    use VerdictStrength::{Observed, Tried};
    let open = DoorState::Open { until: None };
    let ambiguous = DoorState::Unknown(UnknownWhy::Ambiguous);
    match (reply.code, reply.policy) {
        (code::SUCCESS, _) if whose == Whose::Ours && !seen.locked && seen.enforced == Some(false) => {
            (DoorState::Closed, Observed, "the password is ours, so theirs is not; nothing locks the account")
        }
        (code::SUCCESS, _) => (open, Tried, "it signs in"),
        (code::INVALID_CREDENTIALS, Some(Policy::Locked)) => (DoorState::Closed, Tried, "the account is locked"),
        (code::INVALID_CREDENTIALS, Some(Policy::Expired)) => {
            (DoorState::Closed, Tried, "the password is right, and has expired")
        }
        (code::INVALID_CREDENTIALS, None) if seen.locked && seen.enforced == Some(true) && seen.twin => {
            (DoorState::Closed, Tried, "refused without a reason; it is locked, and its twin, which is not, signs in")
        }
        (code::INVALID_CREDENTIALS, _) => (
            ambiguous,
            Tried,
            "a wrong password is answered in the same way: set `ppolicy_use_lockout`, or give a twin",
        ),
        _ => (DoorState::Unknown(reply.says_nothing()), Tried, "an answer that says nothing of the account"),
    }
}

#[cfg(test)]
mod tests;
