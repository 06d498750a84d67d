//! Trying doors on hosts: by asking sshd itself, which is another path than the file that was changed.

use std::collections::BTreeMap;

use sever_model::act::{ActError, Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Span, UnknownWhy, VerdictStrength};
use sha2::{Digest, Sha256};

use super::edit::{self, Taken};
use super::hosts::{Host, is_user};
use super::offer::{self, Said, Shown};
use super::site::Site;

impl Probe for Site {
    /// None: sshd reads its files at every authentication, and a process that has ended has ended.
    fn window(&self, _door: &Door) -> Span {
        Span::ZERO
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let Some(host) = self.host(door.attribute("host")) else {
            let why = format!("`{}` is not among the hosts of the connection", door.attribute("host"));
            return unknown(UnknownWhy::NoProbe, why);
        };
        match door.kind {
            DoorKind::SshKey => self.key(door, host, trial, cx),
            DoorKind::Certificate => self.certificate(door, host, trial, cx),
            DoorKind::Delegation => self.line(door, host, cx),
            DoorKind::LiveConnection => self.connection(door, host, cx),
            _ => unknown(UnknownWhy::NoProbe, "no door of a host".to_owned()),
        }
    }
}

impl Site {
    fn key(&self, door: &Door, host: &Host, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let key = door.attribute("key");
        // A login would run the command of a line that forces one; the question alone runs nothing. And a
        // secret that is another key's says nothing about this one.
        let ours = trial
            .secret
            .filter(|_| door.attribute("forced") != "true")
            .filter(|secret| offer::public_of(secret).is_some_and(|(_, of)| Some(of) == offer::fingerprint(key)));
        let shown = ours.map_or(Shown::Key(key), Shown::Private);
        let tried = self.offered(door, host, &shown, trial, cx);
        let is_everybodys = door.attribute("user") == "*";
        if tried.state != DoorState::Closed || door.attribute("from") != "true" && !is_everybodys {
            return tried;
        }
        // It may refuse us only for where we come from, or refuse one user of many. So the file is looked at,
        // by whoever may.
        let seen = self.line(door, host, cx);
        if matches!(seen.state, DoorState::Unknown(_)) {
            let why = format!("{}; it opens only from some addresses, or to some users", tried.evidence);
            return Tried { state: DoorState::Unknown(UnknownWhy::Ambiguous), evidence: why, ..tried };
        }
        let mut controls = tried.controls;
        controls.extend(seen.controls);
        Tried { controls, ..seen }
    }

    fn certificate(&self, door: &Door, host: &Host, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let tried = self.offered(door, host, &Shown::Certificate(door.attribute("certificate")), trial, cx);
        if tried.state != DoorState::Closed || door.attribute("from") != "true" {
            return tried;
        }
        let evidence = format!("{}; it may open from elsewhere, or later", tried.evidence);
        Tried { state: DoorState::Unknown(UnknownWhy::Ambiguous), evidence, ..tried }
    }

    /// Shows a key or certificate, then one that nobody has, then the twin's.
    fn offered(&self, door: &Door, host: &Host, shown: &Shown<'_>, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let user = match door.attribute("user") {
            "*" => door.account.as_ref().map_or("root", |account| account.native()),
            user => user,
        };
        if !is_user(user) {
            return unknown(UnknownWhy::NotPermitted, "the user is not a name that `ssh -l` takes".to_owned());
        }
        let show =
            |user: &str, shown: &Shown<'_>| offer::show(&self.client, host, user, shown, trial.nonce, cx.patience);
        let said = show(user, shown);
        let mut controls = Vec::new();
        let mut state = offer::decide(&said, &Said::Refused, None);
        if matches!(said, Said::WouldDo | Said::Refused) {
            let seed = Sha256::digest(cx.secrets.derive(&format!("{}/{}", door.id, trial.nonce)).expose());
            let never = offer::stranger(&seed);
            let stranger = show(user, &Shown::Key(&never));
            let what = format!("a key that nobody has, {}", offer::fingerprint(&never).unwrap_or_default());
            controls.push(offer::control(ControlKind::Negative, what, &stranger));
            let twin = self.twin.as_ref().filter(|_| said == Said::Refused).map(|twin| {
                let public = offer::public_of(&twin.key);
                let shown = public.as_ref().map_or(Shown::Private(&twin.key), |(public, _)| Shown::Key(public));
                let answer = show(&twin.user, &shown);
                let what = format!("the key of `{}` at the same host", twin.user);
                controls.push(offer::control(ControlKind::Positive, what, &answer));
                answer
            });
            state = offer::decide(&said, &stranger, twin.as_ref());
        }
        if let DoorState::Open { until } = &mut state {
            *until = door.until;
        }
        let evidence = format!("{user} at {}: {}", host.name, said.words());
        Tried { state, strength: VerdictStrength::Tried, evidence, controls }
    }

    /// Looks whether the line is there, with the probing login.
    fn line(&self, door: &Door, host: &Host, cx: &Cx<'_>) -> Tried {
        if self.login.is_none() {
            return unknown(UnknownWhy::NothingToTry, "no login is set that could look at the file".to_owned());
        }
        let paths: BTreeMap<String, Vec<Taken>> = serde_json::from_str(door.attribute("lines")).unwrap_or_default();
        let asked: Vec<String> = paths.keys().map(|path| format!("f {path}")).collect();
        let files = match self.files(host, &asked, cx.patience) {
            Ok(files) => files,
            Err(error) => return failed(&error),
        };
        if !files.is_root || asked.is_empty() {
            return unknown(UnknownWhy::NotPermitted, "the probing login does not see the file".to_owned());
        }
        let fingerprint = door.native.split('@').next().unwrap_or_default();
        let there = |content: &Vec<u8>| edit::lines(content).any(|line| edit::carries(line, fingerprint));
        let is_there = files.contents.iter().any(|(_, content)| there(content));
        let control = Control {
            kind: ControlKind::Positive,
            what: "whether we may see every file there".to_owned(),
            answer: "asked as root".to_owned(),
            held: true,
        };
        let (state, evidence) = match is_there {
            true => (DoorState::Open { until: door.until }, "the line is there"),
            false => (DoorState::Closed, "the line is not there"),
        };
        let evidence = format!("{}: {evidence}", host.name);
        Tried { state, strength: VerdictStrength::Observed, evidence, controls: vec![control] }
    }

    /// Looks whether the process is there that serves a connection.
    fn connection(&self, door: &Door, host: &Host, cx: &Cx<'_>) -> Tried {
        if self.login.is_none() {
            return unknown(UnknownWhy::NothingToTry, "no login is set that could look at the host".to_owned());
        }
        let served = match self.served(host, cx.patience) {
            Ok(served) => served,
            Err(error) => return failed(&error),
        };
        let native = |live: &super::report::Live| format!("{}/{}.{}", host.name, live.pid, live.begun);
        let is_there = served.iter().any(|live| native(live) == door.native);
        // By the same listing our own connection must be there, served by a process of root's like theirs.
        let ours = served.iter().find(|live| live.is_ours);
        let control = Control {
            kind: ControlKind::Positive,
            what: "our own connection in the same listing".to_owned(),
            answer: ours.map_or("not there".to_owned(), |live| format!("process {} of `{}`", live.pid, live.user)),
            held: ours.is_some(),
        };
        let (state, evidence) = match (is_there, control.held) {
            (true, _) => (DoorState::Open { until: None }, "the process is there"),
            (false, true) => (DoorState::Closed, "no process of that number and beginning serves anybody"),
            (false, false) => {
                (DoorState::Unknown(UnknownWhy::ControlFailed), "we do not see our own connection either")
            }
        };
        let evidence = format!("{}: {evidence}", host.name);
        Tried { state, strength: VerdictStrength::Observed, evidence, controls: vec![control] }
    }
}

fn unknown(why: UnknownWhy, evidence: String) -> Tried {
    Tried { state: DoorState::Unknown(why), strength: VerdictStrength::Observed, evidence, controls: Vec::new() }
}

/// Why looking failed, as a reason.
fn failed(error: &ActError) -> Tried {
    let why = match error {
        ActError::Unreachable(_) => UnknownWhy::Unreachable,
        ActError::LostAnswer(_) => UnknownWhy::TimedOut,
        ActError::NotAllowed { .. } => UnknownWhy::NotPermitted,
        _ => UnknownWhy::Unexpected,
    };
    unknown(why, error.to_string())
}
