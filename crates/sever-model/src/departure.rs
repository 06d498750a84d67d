//! Departures: what has been done about a plan, told by its journal.
//!
//! The journal is a sequence of [`Act`]s that only grows; the state of a departure is a fold over it
//! ([`Departure::of`]), so that what a crash interrupted is known from what was written before it.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Approval, ConnectionId, Door, DoorId, DoorState, Listing, Plan, Receipt, Step, UnknownWhy, Verdict,
    WallTime, Work,
};

/// One thing that was done, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The plan of this digest is begun, or gone on with.
    Begun {
        /// Its digest.
        digest: String,
    },
    /// Somebody approved it.
    Approved(Approval),
    /// A step is about to be executed. Written before anything is asked of the system.
    Intended {
        /// Its number.
        step: u32,
    },
    /// The system answered.
    Answered {
        /// The step's number.
        step: u32,
        /// What it said.
        receipt: Receipt,
    },
    /// It is not known that the step was done.
    Failed {
        /// The step's number.
        step: u32,
        /// Why.
        why: String,
        /// Whether trying again may help.
        passing: bool,
    },
    /// Whoever owns the door was asked to close it.
    Ticketed {
        /// The step's number.
        step: u32,
        /// Who.
        owner: String,
        /// By when.
        due_at: WallTime,
        /// Where the ticket is.
        ticket: String,
    },
    /// The doors of an account were listed again.
    Listed {
        /// Where.
        connection: ConnectionId,
        /// Whose.
        account: AccountId,
        /// Whether there are no others.
        listing: Listing,
        /// What could not be seen.
        gaps: Vec<String>,
        /// How many doors there are.
        doors: u32,
        /// Those that nobody knew of.
        found: Vec<Found>,
    },
    /// A door was tried.
    Tried {
        /// When, within the departure.
        round: Round,
        /// What that showed.
        verdict: Verdict,
    },
    /// Nothing more is to be done now.
    Ended,
}

/// A door that was found by listing again, and what closes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The door.
    pub door: Door,
    /// The steps, numbered on from the plan's.
    pub steps: Vec<Step>,
}

/// When, within a departure, a door was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Round {
    /// Before anything was done.
    Before,
    /// After the steps, while it may still open by itself.
    Settling,
    /// Past the propagation window.
    Settled,
    /// Once more, later: it must stay dead.
    Again,
}

/// An act with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActRow {
    /// Its number, from 1, growing.
    pub number: i64,
    /// When it was written.
    pub at: WallTime,
    /// What.
    pub act: Act,
}

/// The case of one plan: what has been done, and what trying showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: String,
    /// Who approved it.
    pub approvals: Vec<Approval>,
    /// The steps of the plan and of the doors that were found since, by number.
    pub steps: Vec<StepCase>,
    /// The doors of the plan and those found since.
    pub doors: Vec<DoorCase>,
    /// What listing again could not see.
    pub gaps: Vec<String>,
    /// When it was first begun.
    pub begun_at: Option<WallTime>,
    /// When it last ended, if nothing was done since.
    pub ended_at: Option<WallTime>,
}

/// A step, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCase {
    /// The step.
    pub step: Step,
    /// How far it is.
    pub state: StepState,
    /// How often it was intended.
    pub tries: u32,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Nothing was done.
    NotBegun,
    /// It was about to be executed: it may have been.
    Intended,
    /// The system answered.
    Answered(Receipt),
    /// It is not known that it was done.
    Failed {
        /// Why.
        why: String,
        /// Whether trying again may help.
        passing: bool,
    },
    /// Whoever owns the door was asked.
    Ticketed {
        /// By when it is to be closed.
        due_at: WallTime,
        /// Where the ticket is.
        ticket: String,
    },
}

/// A door, and what trying it has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct DoorCase {
    /// The door.
    pub door: Door,
    /// Whether it was found by listing again.
    pub found: bool,
    /// Every verdict, oldest first.
    pub verdicts: Vec<(Round, Verdict)>,
}

impl Departure {
    /// The case as the journal tells it. What the journal says of steps and doors that neither the plan
    /// nor an earlier act knows is passed over.
    pub fn of(plan: Plan, rows: &[ActRow]) -> Departure {
        let digest = plan.digest();
        let steps = plan.steps.iter().cloned().map(StepCase::new).collect();
        let doors = plan.doors.iter().map(|planned| DoorCase::new(planned.door.clone(), false)).collect();
        let mut case = Departure {
            plan,
            digest,
            approvals: Vec::new(),
            steps,
            doors,
            gaps: Vec::new(),
            begun_at: None,
            ended_at: None,
        };
        for row in rows {
            case.after(row.at, &row.act);
        }
        case
    }

    /// Goes on by one act.
    pub fn after(&mut self, at: WallTime, act: &Act) {
        if !matches!(act, Act::Ended) {
            self.ended_at = None;
        }
        match act {
            Act::Begun { .. } => self.begun_at = self.begun_at.or(Some(at)),
            Act::Approved(approval) if self.approvals.contains(approval) => {}
            Act::Approved(approval) => self.approvals.push(approval.clone()),
            Act::Intended { step } => self.of_step(*step, |case| {
                case.state = StepState::Intended;
                case.tries += 1;
            }),
            Act::Answered { step, receipt } => {
                self.of_step(*step, |case| case.state = StepState::Answered(receipt.clone()));
            }
            Act::Failed { step, why, passing } => {
                self.of_step(*step, |case| case.state = StepState::Failed { why: why.clone(), passing: *passing });
            }
            Act::Ticketed { step, due_at, ticket, .. } => {
                self.of_step(*step, |case| {
                    case.state = StepState::Ticketed { due_at: *due_at, ticket: ticket.clone() };
                });
            }
            Act::Listed { connection, gaps, found, .. } => {
                self.gaps.extend(gaps.iter().map(|gap| format!("{connection}: {gap}")));
                self.gaps.sort();
                self.gaps.dedup();
                for found in found {
                    // One that only facts told of is now known as its system tells of it.
                    match self.doors.iter_mut().find(|case| case.door.id == found.door.id) {
                        Some(case) => (case.door, case.found) = (found.door.clone(), true),
                        None => self.doors.push(DoorCase::new(found.door.clone(), true)),
                    }
                    self.steps.extend(found.steps.iter().cloned().map(StepCase::new));
                }
            }
            Act::Tried { round, verdict } => {
                if let Some(case) = self.doors.iter_mut().find(|case| case.door.id == verdict.door) {
                    case.verdicts.push((*round, verdict.clone()));
                }
            }
            Act::Ended => self.ended_at = Some(at),
        }
    }

    fn of_step(&mut self, number: u32, change: impl FnOnce(&mut StepCase)) {
        if let Some(case) = self.steps.iter_mut().find(|case| case.step.number == number) {
            change(case);
        }
    }

    /// One of its doors.
    pub fn door(&self, id: &DoorId) -> Option<&DoorCase> {
        self.doors.iter().find(|case| case.door.id == *id)
    }

    /// The steps of a door.
    pub fn steps_of<'a>(&'a self, id: &'a DoorId) -> impl Iterator<Item = &'a StepCase> {
        self.steps.iter().filter(move |case| case.step.door == *id)
    }

    /// Until when a door may still open by itself: the end of the last propagation window of its steps
    /// that were answered.
    pub fn settles_at(&self, id: &DoorId) -> Option<WallTime> {
        let ends = self.steps_of(id).filter_map(|case| match &case.state {
            StepState::Answered(receipt) => Some(receipt.at.plus(crate::Span::secs(case.step.window_secs))),
            _ => None,
        });
        ends.max()
    }

    /// Whether a door's secret is one of ours now.
    pub fn is_replaced(&self, id: &DoorId) -> bool {
        self.steps_of(id).any(|case| case.step.replaces_secret && matches!(case.state, StepState::Answered(_)))
    }

    /// How many doors are closed, open and unknown.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for case in &self.doors {
            match case.state() {
                DoorState::Closed => counts.closed += 1,
                DoorState::Open { .. } => counts.open += 1,
                DoorState::Unknown(_) => counts.unknown += 1,
            }
            counts.proven += usize::from(case.latest().is_some_and(Verdict::is_proven));
        }
        counts
    }
}

/// How many doors are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Closed, however that is known.
    pub closed: usize,
    /// Those of them that were tried.
    pub proven: usize,
    /// Open.
    pub open: usize,
    /// Nobody knows.
    pub unknown: usize,
}

impl StepCase {
    fn new(step: Step) -> StepCase {
        StepCase { step, state: StepState::NotBegun, tries: 0 }
    }

    /// Whether nothing more is to be done for it: the system said that it did, or its owner was asked.
    pub fn is_done(&self) -> bool {
        match &self.state {
            StepState::Answered(_) | StepState::Ticketed { .. } => true,
            StepState::NotBegun | StepState::Intended | StepState::Failed { .. } => false,
        }
    }

    /// Whether a provider does it.
    pub fn is_operation(&self) -> bool {
        matches!(self.step.work, Work::Operate(_))
    }
}

impl DoorCase {
    fn new(door: Door, found: bool) -> DoorCase {
        DoorCase { door, found, verdicts: Vec::new() }
    }

    /// The newest verdict that was reached after something was done.
    pub fn latest(&self) -> Option<&Verdict> {
        self.verdicts.iter().rev().find(|(round, _)| *round != Round::Before).map(|(_, verdict)| verdict)
    }

    /// What it was before anything was done.
    pub fn before(&self) -> Option<&Verdict> {
        self.verdicts.iter().find(|(round, _)| *round == Round::Before).map(|(_, verdict)| verdict)
    }

    /// What it is, as far as anybody knows: what was never tried is unknown.
    pub fn state(&self) -> DoorState {
        self.latest().map_or(DoorState::Unknown(UnknownWhy::NoProbe), |verdict| verdict.state.clone())
    }

    /// Since when it has been seen closed, each time that it was tried: the first of the closed verdicts
    /// that no open or unknown one follows, past the propagation window.
    pub fn closed_since(&self) -> Option<WallTime> {
        let settled = self.verdicts.iter().rev().filter(|(round, _)| *round >= Round::Settled);
        let closed = settled.take_while(|(_, verdict)| verdict.state == DoorState::Closed);
        closed.last().map(|(_, verdict)| verdict.at)
    }
}
