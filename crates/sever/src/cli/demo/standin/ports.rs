//! The ports of the stand-ins: their doors listed, closed and tried, as a provider's are.
//!
//! A key is rotated with overlap, so that nobody honest is turned away: the next one is published, signs
//! once every gateway has fetched it, and the old one leaves the key set when the last token that it
//! signed has ended. Until then the old one opens, and the verdicts say so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sever_engine::Connected;
use sever_graph::SystemLink;
use sever_model::act::{ActError, Action, Clock, Cx, Doors, Probe, Trial, Tried};
use sever_model::{
    AccountId, ApprovedStep, ConnectionId, Control, ControlKind, Door, DoorKind, DoorList, DoorState, EventTime,
    Inverse, Listing, Operation, Phase, Receipt, Said, Secret, Span, StepDraft, SystemId, UnknownWhy, VerdictStrength,
    WallTime,
};

use super::{Answer, CACHE, Presented, State};

/// The claims of a token that only tries a door.
const TRIAL: &str = "a trial";

/// The stand-ins, on a clock of their own: waiting moves it.
#[derive(Debug)]
pub(in crate::cli::demo) struct StandIns {
    now: AtomicI64,
    state: Mutex<State>,
    /// As it was when the leaver left: every secret that they can have taken along.
    taken: State,
}

impl StandIns {
    /// The systems at an instant.
    pub(in crate::cli::demo) fn at(now: WallTime, state: State) -> Arc<StandIns> {
        Arc::new(StandIns { now: AtomicI64::new(now.micros()), state: Mutex::new(state.clone()), taken: state })
    }

    /// The systems as they are now.
    pub(in crate::cli::demo) fn state(&self) -> State {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a rotation takes: until all have the next key, and until the tokens of the old one end.
    fn rotates_in(&self) -> Span {
        self.taken.lifetime.plus(CACHE).plus(CACHE).plus(CACHE)
    }

    /// What the leaver took along that opens a door: an account's secret.
    pub(in crate::cli::demo) fn taken(&self, door: &Door) -> Option<Secret<String>> {
        let account = self.taken.accounts.get(door.account.as_ref()?)?;
        Some(Secret::new(account.secret.clone()))
    }

    /// The connections to all of them.
    pub(in crate::cli::demo) fn connections(self: &Arc<Self>, links: &[SystemLink]) -> Vec<Connected> {
        let connected = |link: &SystemLink| Connected {
            id: link.connection.clone(),
            system: link.system.clone(),
            doors: Some(Box::new(self.port(link))),
            action: Some(Box::new(self.port(link))),
            probe: Some(Box::new(self.port(link))),
            width: 4,
            pause: Span::ZERO,
        };
        links.iter().map(connected).collect()
    }

    /// The connection to one of them.
    pub(in crate::cli::demo) fn port(self: &Arc<Self>, link: &SystemLink) -> Port {
        Port { all: Arc::clone(self), connection: link.connection.clone(), system: link.system.clone() }
    }
}

impl Clock for StandIns {
    fn now(&self) -> WallTime {
        WallTime::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn wait(&self, span: Span) -> bool {
        self.now.fetch_add(span.micros().max(1), Ordering::SeqCst);
        true
    }
}

/// Where the connections lead: every system of accounts and keys, and every gateway.
pub(in crate::cli::demo) fn links(state: &State, gateways: &[SystemId]) -> Vec<SystemLink> {
    let accounts = state.accounts.keys().map(|id| SystemId::from(id.system()));
    let mut systems: Vec<SystemId> = accounts.chain(state.keys.values().map(|key| key.system.clone())).collect();
    systems.extend(gateways.iter().cloned());
    systems.sort();
    systems.dedup();
    let link = |system: SystemId| SystemLink {
        connection: format!("stand-in for {system}").as_str().into(),
        can_list: state.accounts.keys().any(|id| id.system() == system.as_str()),
        can_close: true,
        tries: vec![DoorKind::Login, DoorKind::Membership, DoorKind::Secret, DoorKind::SigningKey],
        system,
    };
    systems.into_iter().map(link).collect()
}

/// A connection to one stand-in.
pub(in crate::cli::demo) struct Port {
    all: Arc<StandIns>,
    connection: ConnectionId,
    system: SystemId,
}

impl Doors for Port {
    fn doors(&self, of: &AccountId, _login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let now = cx.clock.now().as_event();
        let state = self.all.locked();
        let account = state.accounts.get(of).filter(|account| account.made_at <= now);
        let door = account.map(|account| {
            let mut door = Door::new(&self.system, DoorKind::Login, of.native());
            door.account = Some(of.clone());
            door.title = format!("login {} at {}", account.login, self.system);
            door
        });
        Ok(DoorList { doors: door.into_iter().collect(), listing: Listing::Complete, gaps: Vec::new() })
    }
}

impl Action for Port {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        match (door.kind, &door.account) {
            (DoorKind::Login, Some(account)) => vec![StepDraft {
                inverse: Inverse::By(self.operation("enable-account", account.as_str())),
                ..self.draft(Phase::Contain, "disable-account", account.as_str(), "disable the account")
            }],
            (DoorKind::Secret, Some(account)) => vec![StepDraft {
                replaces_secret: true,
                breaks: vec!["those who stay are given the new one".to_owned()],
                ..self.draft(Phase::Rotate, "replace-secret", account.as_str(), "replace the secret")
            }],
            (DoorKind::SigningKey, _) if self.signs(&door.native) => vec![
                StepDraft {
                    inverse: Inverse::By(self.operation("withdraw-next-key", &door.native)),
                    ..self.draft(Phase::Rotate, "publish-next-key", &door.native, "publish the next key")
                },
                StepDraft {
                    reason: "a gateway that has not fetched the next key would turn away what it signs".to_owned(),
                    inverse: Inverse::By(self.operation("sign-with-old-key", &door.native)),
                    window: CACHE.plus(CACHE),
                    ..self.draft(Phase::Rotate, "sign-with-next-key", &door.native, "sign with it once all have it")
                },
                StepDraft {
                    reason: "what the old key has signed is used until it ends".to_owned(),
                    inverse: Inverse::By(self.operation("publish-old-key", &door.native)),
                    window: self.all.rotates_in(),
                    ..self.draft(Phase::Rotate, "retire-key", &door.native, "withdraw the old one when its tokens end")
                },
            ],
            (DoorKind::SigningKey, _) => vec![StepDraft {
                window: self.all.rotates_in(),
                ..self.draft(Phase::Cut, "fetch-keys", &door.native, "fetch the key set when the old key leaves it")
            }],
            _ => Vec::new(),
        }
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let at = cx.clock.now();
        let operation = step.operation();
        let mut state = self.all.locked();
        let done = match operation.verb.as_str() {
            "disable-account" => state.enable(&operation.target, false),
            "enable-account" => state.enable(&operation.target, true),
            "replace-secret" => {
                let secret = cx.secrets.derive(step.step().door.as_str());
                state.replace_secret(&operation.target, secret.expose())
            }
            verb => state.rotate(verb, &operation.target, &self.system, at.as_event()),
        };
        let said = done.ok_or_else(|| ActError::BadStep(format!("{} {}", operation.verb, operation.target)))?;
        Ok(Receipt { said, answer: format!("{}: ok", operation.verb), at })
    }
}

impl Port {
    /// Whether the key's issuer is here.
    fn signs(&self, key_id: &str) -> bool {
        self.all.taken.keys.get(key_id).is_some_and(|key| key.system == self.system)
    }

    fn operation(&self, verb: &str, target: &str) -> Operation {
        Operation {
            connection: self.connection.clone(),
            verb: verb.to_owned(),
            target: target.to_owned(),
            arguments: BTreeMap::new(),
        }
    }

    fn draft(&self, phase: Phase, verb: &str, target: &str, how: &str) -> StepDraft {
        StepDraft {
            phase,
            operation: self.operation(verb, target),
            how: how.to_owned(),
            reason: String::new(),
            inverse: Inverse::Renewed,
            breaks: Vec::new(),
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        }
    }

    /// Tries a key's door with a token that the old key signs, beside one of the key that signs now, and
    /// one of a key that nobody ever published.
    fn try_key(&self, key_id: &str, at: EventTime) -> Tried {
        let state = self.all.state();
        let present = |by: &State, key_id: &str, said: &str| {
            let signature = by.sign(key_id, TRIAL);
            signature.map(|signature| {
                let token = Presented { key_id: said, claims: TRIAL, signature };
                state.present(self.system.as_str(), &token, at)
            })
        };
        let Some(answer) = present(&self.all.taken, key_id, key_id) else { return nothing_to_try() };
        let signer = state.signer(key_id, at);
        let twin = present(&state, signer, signer).unwrap_or(Answer::UnknownKey);
        let mut never = State::default();
        never.add_key("never published", &self.system, (EventTime::MIN, EventTime::MAX));
        let none = present(&never, "never published", signer).unwrap_or(Answer::UnknownKey);
        tried(answer, ("a token of the key that signs now", twin), ("the same, signed by no key of the issuer", none))
    }
}

impl Probe for Port {
    fn window(&self, door: &Door) -> Span {
        match door.kind {
            DoorKind::SigningKey => self.all.rotates_in(),
            _ => Span::ZERO,
        }
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        if door.kind == DoorKind::SigningKey {
            return self.try_key(&door.native, cx.clock.now().as_event());
        }
        let state = self.all.locked();
        let account = door.account.as_ref().and_then(|id| Some((id, state.accounts.get(id)?)));
        let (Some((id, account)), Some(secret)) = (account, trial.secret) else { return nothing_to_try() };
        let system = self.system.as_str();
        let answer = state.sign_in(system, &account.login, secret.expose());
        let ours = trial.replaced.then(|| cx.secrets.derive(door.id.as_str()));
        let twin = match &ours {
            Some(ours) => Some(("the secret in its place", state.sign_in(system, &account.login, ours.expose()))),
            None => {
                let mut others = state.accounts.iter().filter(|(other, it)| *other != id && it.enabled);
                let twin = others.find(|(other, _)| other.system() == system).map(|(_, it)| it);
                twin.map(|it| ("another account", state.sign_in(system, &it.login, &it.secret)))
            }
        };
        let none = ("an account that was never made", state.sign_in(system, "", secret.expose()));
        tried(answer, twin.unwrap_or(("another account", Answer::NoSuchAccount)), none)
    }
}

/// What an answer shows, with the controls beside it.
fn tried(answer: Answer, twin: (&str, Answer), none: (&str, Answer)) -> Tried {
    let control = |kind, (what, answer): (&str, Answer), held| Control {
        kind,
        what: what.to_owned(),
        answer: answer.words().to_owned(),
        held,
    };
    Tried {
        state: if answer == Answer::LetIn { DoorState::Open { until: None } } else { DoorState::Closed },
        strength: VerdictStrength::Tried,
        evidence: answer.words().to_owned(),
        controls: vec![
            control(ControlKind::Positive, twin, twin.1 == Answer::LetIn),
            control(ControlKind::Negative, none, none.1 != Answer::LetIn),
        ],
    }
}

fn nothing_to_try() -> Tried {
    Tried {
        state: DoorState::Unknown(UnknownWhy::NothingToTry),
        strength: VerdictStrength::Tried,
        evidence: String::new(),
        controls: Vec::new(),
    }
}

impl State {
    fn enable(&mut self, id: &str, enabled: bool) -> Option<Said> {
        let account = self.accounts.get_mut(&AccountId::from(id))?;
        let was = std::mem::replace(&mut account.enabled, enabled);
        Some(if was == enabled { Said::Already } else { Said::Done })
    }

    fn replace_secret(&mut self, id: &str, secret: &str) -> Option<Said> {
        let account = self.accounts.get_mut(&AccountId::from(id))?;
        let was = std::mem::replace(&mut account.secret, secret.to_owned());
        Some(if was == secret { Said::Already } else { Said::Done })
    }

    /// A step of a key's rotation, or what undoes one.
    fn rotate(&mut self, verb: &str, key_id: &str, system: &SystemId, now: EventTime) -> Option<Said> {
        let next = format!("{key_id}-next");
        let signs_from = self.keys.get(&next).map(super::Key::signs_from);
        let lifetime = self.lifetime;
        let key = self.keys.get_mut(key_id)?;
        match verb {
            "publish-next-key" if signs_from.is_some() => return Some(Said::Already),
            "publish-next-key" => {
                let issuer = key.system.clone();
                self.add_key(&next, &issuer, (now, EventTime::MAX));
            }
            "withdraw-next-key" => {
                self.keys.remove(&next);
            }
            "sign-with-next-key" => key.next = Some((next, signs_from?)),
            "sign-with-old-key" => key.next = None,
            "retire-key" => {
                key.published.1 = signs_from?.plus(lifetime).plus(CACHE);
                return Some(Said::Queued);
            }
            "publish-old-key" => key.published.1 = EventTime::MAX,
            "fetch-keys" if key.told.contains(system) => return Some(Said::Already),
            "fetch-keys" => key.told.push(system.clone()),
            _ => return None,
        }
        Some(Said::Done)
    }
}
