//! `cut` and `verify`: close the doors of an approved plan, and try every one.
//!
//! ```text
//! try before ─► contain ─► list again ─► hand over ─► rotate ─► cut ─► try, past the window ─► sweep again
//!                              └── doors that nobody knew of: closed in the same way ◄──────────────┘
//! ```
//!
//! INVARIANT: an [`Act`] is in the journal before its effect: [`Act::Intended`] before a provider is asked,
//! its answer after. The state of a departure is a fold over the journal, so that a run that was killed
//! anywhere is gone on with by running again: what was answered is not done twice, what was only intended
//! is done again (every operation is idempotent), and a door is closed only by a verdict.
//!
//! Work runs side by side in waves: all that is ready, at most [`Connected::width`] at one connection, then
//! what that made ready. One thread writes the journal; providers are called from threads of their own.

mod listing;
mod pool;
mod steps;
mod trying;

#[cfg(test)]
mod tests;

use sever_model::act::{Action, Cx, Doors, Probe};
use sever_model::{
    Act, Approval, ApprovedPlan, ConnectionId, Departure, Door, DoorId, Phase, Secret, Step, SystemId, WallTime,
};

use crate::{EngineError, Progress};
use steps::Retries;

/// How often the accounts are listed again for doors made meanwhile.
const SWEEPS_MAX: usize = 3;

/// Where acts are kept.
pub trait Journal {
    /// Writes some acts, all or none; durable when it returns.
    ///
    /// # Errors
    /// When they are not known to be written.
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError>;
}

/// A connection, with the capabilities that could be opened.
pub struct Connected {
    /// Its name.
    pub id: ConnectionId,
    /// The system it leads to.
    pub system: SystemId,
    /// Lists doors.
    pub doors: Option<Box<dyn Doors>>,
    /// Closes them.
    pub action: Option<Box<dyn Action>>,
    /// Tries them.
    pub probe: Option<Box<dyn Probe>>,
    /// How many questions it is asked at once.
    pub width: usize,
    /// How long each of those waits before it asks the next.
    pub pause: sever_model::Span,
}

/// Asks people for what we may not do.
pub trait Desk: Sync {
    /// Files a ticket for a door, and says where it is. Filing the same step's ticket again changes
    /// nothing.
    ///
    /// # Errors
    /// Why it could not be filed.
    fn hand_off(&self, ticket: &Ticket<'_>) -> Result<String, String>;
}

/// What is asked of somebody.
#[derive(Debug, Clone, Copy)]
pub struct Ticket<'a> {
    /// The plan's digest.
    pub digest: &'a str,
    /// The step.
    pub step: &'a Step,
    /// The door to be closed.
    pub door: &'a Door,
    /// Who is asked.
    pub owner: &'a str,
    /// By when.
    pub due_at: WallTime,
}

/// What cutting and verifying need besides the case.
#[derive(Clone, Copy)]
pub struct Acting<'a> {
    /// The connections.
    pub connections: &'a [Connected],
    /// Who files tickets.
    pub desk: &'a dyn Desk,
    /// The leaver's own secret of a door, where somebody has it.
    pub secret: &'a (dyn Fn(&Door) -> Option<Secret<String>> + Sync),
    /// The world.
    pub cx: Cx<'a>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutEnd {
    /// All steps are done; what the doors are is in the case.
    Done,
    /// Some steps are not.
    Partly,
    /// It was interrupted: run it again.
    Interrupted,
}

/// Executes an approved plan from where its case stands to its end.
///
/// # Errors
/// When the journal cannot be written: then nothing more is done.
pub fn cut(
    approved: &ApprovedPlan<'_>,
    approvals: &[Approval],
    acting: &Acting<'_>,
    case: &mut Departure,
    journal: &mut dyn Journal,
    progress: &mut dyn Progress,
) -> Result<CutEnd, EngineError> {
    let mut run = Run {
        approved: Some(approved),
        acting,
        case,
        journal,
        progress,
        retries: Retries::default(),
        interrupted: false,
    };
    let mut begin = vec![Act::Begun { digest: approved.digest().to_owned() }];
    let new = approvals.iter().filter(|approval| !run.case.approvals.contains(approval));
    begin.extend(new.cloned().map(Act::Approved));
    run.record(begin)?;
    run.before()?;
    run.steps(Phase::Contain)?;
    run.list()?;
    for phase in [Phase::Contain, Phase::HandOver, Phase::Rotate, Phase::Cut] {
        run.steps(phase)?;
    }
    run.settle(&run.unsettled())?;
    for _ in 0..SWEEPS_MAX {
        if run.interrupted || run.list()? == 0 {
            break;
        }
        run.steps(Phase::Cut)?;
        run.settle(&run.unsettled())?;
    }
    if run.interrupted {
        return Ok(CutEnd::Interrupted);
    }
    run.record(vec![Act::Ended])?;
    Ok(if run.case.steps.iter().all(|step| step.is_done()) { CutEnd::Done } else { CutEnd::Partly })
}

/// Tries doors of a case once more: all of them, or those named.
///
/// # Errors
/// When the journal cannot be written.
pub fn verify(
    doors: Option<&[DoorId]>,
    acting: &Acting<'_>,
    case: &mut Departure,
    journal: &mut dyn Journal,
    progress: &mut dyn Progress,
) -> Result<CutEnd, EngineError> {
    let mut run =
        Run { approved: None, acting, case, journal, progress, retries: Retries::default(), interrupted: false };
    let wanted = |id: &DoorId| doors.is_none_or(|doors| doors.contains(id));
    let all: Vec<DoorId> = run.case.doors.iter().map(|it| it.door.id.clone()).filter(wanted).collect();
    run.again(&all)?;
    Ok(if run.interrupted { CutEnd::Interrupted } else { CutEnd::Done })
}

/// One run over a case.
struct Run<'a, 'p> {
    approved: Option<&'a ApprovedPlan<'p>>,
    acting: &'a Acting<'a>,
    case: &'a mut Departure,
    journal: &'a mut dyn Journal,
    progress: &'a mut dyn Progress,
    retries: Retries,
    interrupted: bool,
}

impl<'a> Run<'a, '_> {
    fn now(&self) -> WallTime {
        self.acting.cx.clock.now()
    }

    /// Writes acts, then goes on by them.
    fn record(&mut self, acts: Vec<Act>) -> Result<(), EngineError> {
        if acts.is_empty() {
            return Ok(());
        }
        let at = self.now();
        self.journal.record(at, &acts)?;
        for act in &acts {
            self.case.after(at, act);
        }
        Ok(())
    }

    /// The connection that can do something with the doors of a system.
    fn connected<T: ?Sized>(
        &self,
        system: &SystemId,
        capability: impl Fn(&'a Connected) -> Option<&'a T>,
    ) -> Option<(usize, &'a T)> {
        let connections = self.acting.connections.iter().enumerate();
        connections.filter(|(_, it)| it.system == *system).find_map(|(at, it)| Some((at, capability(it)?)))
    }
}
