//! A simulated system with doors, on simulated time, that lies, loses answers, and goes away as told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use sever_model::act::{ActError, Action, Clock, Cx, Doors, Probe, Secrets, Trial, Tried};
use sever_model::{
    AccountId, Act, ActRow, Approval, ConnectionId, Control, ControlKind, Coverage, Departure, Door, DoorId, DoorKind,
    DoorList, DoorState, Inverse, Listing, Operation, Phase, Plan, PlanOf, PlannedDoor, Receipt, Request, Said, Secret,
    Span, Step, StepDraft, Swept, UnknownWhy, VerdictStrength, WallTime, Work,
};

use super::super::{Acting, Connected, CutEnd, Desk, Journal, Ticket, cut};
use crate::{EngineError, Quiet};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It says that it did, and does nothing.
    Lies,
    /// It does, and the answer is lost.
    LosesAnswer,
    /// It asks for patience.
    RateLimits,
    /// It cannot be reached.
    Gone,
    /// It refuses for good.
    Refuses,
}

/// A door as it really is.
#[derive(Debug, Clone)]
pub(super) struct Real {
    pub(super) door: Door,
    /// Since when it is closed; the propagation window is already in it.
    pub(super) closed_at: Option<WallTime>,
    /// When it is opened again, by somebody signing in anew.
    pub(super) reopens_at: Option<WallTime>,
    /// When it closes by itself, by the system's clock.
    pub(super) until: Option<WallTime>,
    /// How often it was closed.
    pub(super) effects: u32,
    /// Whether closing it can be undone.
    pub(super) reversible: bool,
    /// Whether a listing shows it yet.
    pub(super) listed_from: WallTime,
}

/// The system.
pub(super) struct World {
    pub(super) real: Mutex<BTreeMap<DoorId, Real>>,
    /// What goes wrong with the n-th call of an action, listing or probe, from 0.
    pub(super) fault: Box<dyn Fn(Call, usize) -> Option<Fault> + Send + Sync>,
    pub(super) calls: Mutex<BTreeMap<Call, usize>>,
    pub(super) now: AtomicI64,
    /// How long closing takes to be so.
    pub(super) takes: Span,
    /// How far the system's clock is before ours; behind it, where negative.
    pub(super) skew: Span,
    /// How many questions it is asked at once.
    pub(super) width: usize,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    List,
    Execute,
    Try,
}

pub(super) const START: i64 = 1_800_000_000;
const WINDOW: Span = Span::secs(10);

impl World {
    /// One account with so many doors, all open.
    pub(super) fn with(doors: usize) -> World {
        let kinds = [DoorKind::Login, DoorKind::Session, DoorKind::ApiKey, DoorKind::Membership];
        let real = (0..doors).map(|at| {
            let kind = kinds.get(at % kinds.len()).copied().unwrap_or(DoorKind::Login);
            real(kind, &format!("door-{at}"))
        });
        World {
            real: Mutex::new(real.map(|real| (real.door.id.clone(), real)).collect()),
            fault: Box::new(|_, _| None),
            calls: Mutex::default(),
            now: AtomicI64::new(START * 1_000_000),
            takes: Span::secs(4),
            skew: Span::ZERO,
            width: 1,
        }
    }

    pub(super) fn add(&self, real: Real) {
        self.real.lock().unwrap().insert(real.door.id.clone(), real);
    }

    /// What time it is at the system.
    fn there(&self) -> WallTime {
        self.now().plus(self.skew)
    }

    fn call(&self, call: Call) -> Option<Fault> {
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(call).or_default();
        let at = *count;
        *count += 1;
        (self.fault)(call, at)
    }

    pub(super) fn count(&self, call: Call) -> usize {
        self.calls.lock().unwrap().get(&call).copied().unwrap_or(0)
    }

    /// Whether a door lets in at an instant.
    pub(super) fn is_open(&self, id: &DoorId, at: WallTime) -> bool {
        let ended = |real: &Real| real.until.is_some_and(|until| until <= at.plus(self.skew));
        self.real.lock().unwrap().get(id).is_some_and(|real| real.is_open(at) && !ended(real))
    }

    /// The plan that closes its doors, as they are listed now.
    pub(super) fn plan(&self) -> Plan {
        let real = self.real.lock().unwrap();
        let shown = real.values().filter(|real| real.listed_from <= self.now());
        let doors: Vec<Door> = shown.map(|real| real.door.clone()).collect();
        drop(real);
        let mut steps = Vec::new();
        for phase in [Phase::Contain, Phase::Cut] {
            for door in &doors {
                for draft in self.steps(door).into_iter().filter(|draft| draft.phase == phase) {
                    steps.push(Step {
                        number: steps.len() as u32 + 1,
                        door: door.id.clone(),
                        phase,
                        work: Work::Operate(draft.operation),
                        how: draft.how,
                        reason: draft.reason,
                        after: Vec::new(),
                        breaks: Vec::new(),
                        inverse: draft.inverse,
                        replaces_secret: false,
                        window_secs: draft.window.as_secs(),
                    });
                }
            }
        }
        Plan {
            version: 1,
            about: PlanOf::Account { id: "sim/bob".into() },
            typed: "bob".to_owned(),
            made_at: self.now(),
            not_before: None,
            doors: doors.into_iter().map(planned).collect(),
            steps,
            swept: vec![Swept { connection: "sim".into(), account: "sim/bob".into(), login: "bob".to_owned() }],
            excluded: Vec::new(),
            not_covered: Vec::new(),
            coverage: Coverage::default(),
        }
    }
}

fn planned(door: Door) -> PlannedDoor {
    PlannedDoor {
        door,
        strength: None,
        evidence: "it is bob's".to_owned(),
        how: "closed".to_owned(),
        breaks: Vec::new(),
        connection: Some("sim".into()),
    }
}

/// An open door of bob's.
pub(super) fn real(kind: DoorKind, native: &str) -> Real {
    let mut door = Door::new(&"sim".into(), kind, native);
    door.account = Some("sim/bob".into());
    Real {
        door,
        closed_at: None,
        reopens_at: None,
        until: None,
        effects: 0,
        reversible: true,
        listed_from: WallTime::from_secs(0),
    }
}

impl Real {
    /// As a listing shows it, in the system's time.
    fn shown(&self, there: WallTime) -> Door {
        let last_used = Some(there.as_event());
        Door { until: self.until.map(WallTime::as_event), last_used, ..self.door.clone() }
    }

    fn is_open(&self, at: WallTime) -> bool {
        let closed = self.closed_at.is_some_and(|closed| closed <= at);
        !closed || self.reopens_at.is_some_and(|again| again <= at)
    }
}

impl Clock for World {
    fn now(&self) -> WallTime {
        WallTime::from_micros(self.now.load(Ordering::SeqCst))
    }
    fn wait(&self, span: Span) -> bool {
        self.now.fetch_add(span.micros().max(1), Ordering::SeqCst);
        true
    }
}

impl Secrets for World {
    fn derive(&self, purpose: &str) -> Secret<String> {
        Secret::new(purpose.to_owned())
    }
}

impl Doors for World {
    fn doors(&self, of: &AccountId, _login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        match self.call(Call::List) {
            Some(Fault::Gone | Fault::Refuses) => return Err(ActError::Unreachable("gone".to_owned())),
            Some(Fault::RateLimits) => return Err(ActError::RateLimited(None)),
            _ => {}
        }
        let now = cx.clock.now();
        let real = self.real.lock().unwrap();
        // A closed door is still there: a disabled account, a revoked key.
        let shown = real.values().filter(|real| real.listed_from <= now && real.door.account.as_ref() == Some(of));
        Ok(DoorList {
            doors: shown.map(|real| real.shown(self.there())).collect(),
            listing: Listing::Complete,
            gaps: Vec::new(),
        })
    }
}

impl Action for World {
    fn connection(&self) -> &ConnectionId {
        static ID: std::sync::OnceLock<ConnectionId> = std::sync::OnceLock::new();
        ID.get_or_init(|| "sim".into())
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let reversible = self.real.lock().unwrap().get(&door.id).is_none_or(|real| real.reversible);
        let phase = if door.kind == DoorKind::Login { Phase::Contain } else { Phase::Cut };
        let operation = |verb: &str| Operation {
            connection: "sim".into(),
            verb: verb.to_owned(),
            target: door.id.to_string(),
            arguments: BTreeMap::new(),
        };
        vec![StepDraft {
            phase,
            operation: operation("close"),
            how: "close it".to_owned(),
            reason: "it is open".to_owned(),
            inverse: if reversible { Inverse::By(operation("open")) } else { Inverse::None },
            breaks: Vec::new(),
            replaces_secret: false,
            window: WINDOW,
            after: Vec::new(),
        }]
    }

    fn execute(&self, step: &sever_model::ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let fault = self.call(Call::Execute);
        let at = cx.clock.now();
        // It says what time it has.
        let receipt = |said| Ok(Receipt { said, answer: "200 OK".to_owned(), at: self.there() });
        match fault {
            Some(Fault::Lies) => return receipt(Said::Done),
            Some(Fault::RateLimits) => return Err(ActError::RateLimited(Some(Span::secs(90)))),
            Some(Fault::Gone) => return Err(ActError::Unreachable("gone".to_owned())),
            Some(Fault::Refuses) => return Err(ActError::Refused("no".to_owned())),
            Some(Fault::LosesAnswer) | None => {}
        }
        let mut real = self.real.lock().unwrap();
        let id: DoorId = step.operation().target.as_str().into();
        let Some(real) = real.get_mut(&id) else { return Err(ActError::BadStep(id.to_string())) };
        let already = real.closed_at.is_some() && real.reopens_at.is_none_or(|again| again > at);
        if !already {
            real.effects += 1;
            real.closed_at = Some(at.plus(self.takes));
            real.reopens_at = real.reopens_at.filter(|again| *again > at);
        }
        if fault == Some(Fault::LosesAnswer) {
            return Err(ActError::LostAnswer("broken pipe".to_owned()));
        }
        receipt(if already { Said::Already } else { Said::Done })
    }
}

impl Probe for World {
    fn window(&self, _door: &Door) -> Span {
        WINDOW
    }

    fn try_door(&self, door: &Door, _trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let unknown = |why| Tried {
            state: DoorState::Unknown(why),
            strength: VerdictStrength::Tried,
            evidence: "no answer".to_owned(),
            controls: Vec::new(),
        };
        match self.call(Call::Try) {
            Some(Fault::Gone | Fault::RateLimits) => unknown(UnknownWhy::Unreachable),
            Some(Fault::LosesAnswer) => unknown(UnknownWhy::TimedOut),
            fault @ (Some(Fault::Lies | Fault::Refuses) | None) => {
                // A probe that lies is refused by the controls.
                let held = fault.is_none();
                let open = self.is_open(&door.id, cx.clock.now());
                let until = self.real.lock().unwrap().get(&door.id).and_then(|real| real.until);
                let until = until.map(WallTime::as_event);
                Tried {
                    state: if open && held { DoorState::Open { until } } else { DoorState::Closed },
                    strength: VerdictStrength::Tried,
                    evidence: if open { "200" } else { "401" }.to_owned(),
                    controls: vec![Control {
                        kind: ControlKind::Positive,
                        what: "the twin".to_owned(),
                        answer: "200".to_owned(),
                        held,
                    }],
                }
            }
        }
    }
}

/// A capability of a world that several share.
pub(super) struct Shared(pub(super) std::sync::Arc<World>);

impl Doors for Shared {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        self.0.doors(of, login, cx)
    }
}
impl Action for Shared {
    fn connection(&self) -> &ConnectionId {
        self.0.connection()
    }
    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        self.0.steps(door)
    }
    fn execute(&self, step: &sever_model::ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        self.0.execute(step, cx)
    }
}
impl Probe for Shared {
    fn window(&self, door: &Door) -> Span {
        self.0.window(door)
    }
    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        self.0.try_door(door, trial, cx)
    }
}

/// A journal in memory that breaks at one of its writes: the process is killed there.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) rows: Vec<ActRow>,
    pub(super) writes: usize,
    /// At which write it is killed, and whether that is written before.
    pub(super) killed: Option<(usize, bool)>,
    /// How many writes there is room for, where the disk is nearly full.
    pub(super) room: Option<usize>,
}

impl Journal for Kept {
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError> {
        let write = self.writes;
        if self.room == Some(0) {
            return Err(EngineError::Journal("database or disk is full".to_owned()));
        }
        self.room = self.room.map(|room| room - 1);
        self.writes += 1;
        let killed = self.killed.filter(|(at, _)| *at == write);
        if killed.is_none_or(|(_, written)| written) {
            for act in acts {
                self.rows.push(ActRow { number: self.rows.len() as i64 + 1, at, act: act.clone() });
            }
        }
        match killed {
            Some(_) => Err(EngineError::Journal("killed".to_owned())),
            None => Ok(()),
        }
    }
}

/// Files tickets nowhere.
pub(super) struct NoDesk;

impl Desk for NoDesk {
    fn hand_off(&self, ticket: &Ticket<'_>) -> Result<String, String> {
        Ok(format!("ticket for {}", ticket.owner))
    }
}

/// Cuts, as often as it is called; the people who approved.
pub(super) fn run(
    world: &std::sync::Arc<World>,
    plan: &Plan,
    people: &[&str],
    journal: &mut Kept,
) -> Result<(CutEnd, Departure), EngineError> {
    let connected = Connected {
        id: "sim".into(),
        system: "sim".into(),
        doors: Some(Box::new(Shared(world.clone()))),
        action: Some(Box::new(Shared(world.clone()))),
        probe: Some(Box::new(Shared(world.clone()))),
        width: world.width,
        pause: Span::ZERO,
    };
    let digest = plan.digest();
    let approvals: Vec<Approval> = people
        .iter()
        .map(|by| Approval {
            digest: digest.clone(),
            by: (*by).to_owned(),
            at: WallTime::from_secs(START),
            signed_by: "a key".to_owned(),
        })
        .collect();
    let request = Request { digest: &digest, typed: "bob", approvals: &approvals, tripped: None, now: world.now() };
    let approved = plan.approve(&request).expect("enough people");
    let connections = [connected];
    let acting = Acting {
        connections: &connections,
        desk: &NoDesk,
        secret: &|_| None,
        cx: Cx { clock: world.as_ref(), secrets: world.as_ref(), patience: Span::secs(10) },
    };
    let mut case = Departure::of(plan.clone(), &journal.rows);
    let end = cut(&approved, &approvals, &acting, &mut case, journal, &mut Quiet)?;
    Ok((end, case))
}
