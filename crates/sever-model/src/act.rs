//! The ports of acting: listing doors, closing them, trying them. Separate, so that a connection that
//! can only read is a whole one, and each works with credentials of its own.
//!
//! ```text
//! Doors::doors ─► Door ─► Action::steps ─► Plan ─► approve ─► ApprovedStep ─► Action::execute ─► Receipt
//!                  └────────────────────────────────────────► Probe::try_door ─────────────────► Verdict
//! ```
//!
//! All of them are synchronous: the engine runs them side by side on threads of its own. None of them
//! reads the clock or makes up secrets: that is in the [`Cx`] they are handed.

use crate::{
    AccountId, ConnectionId, Control, Door, DoorList, DoorState, Secret, Span, StepDraft, VerdictStrength, WallTime,
};
use crate::{ApprovedStep, Receipt};

/// What acting needs of the world.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Secrets of ours.
    pub secrets: &'a dyn Secrets,
    /// Longest that one question to a system may take.
    pub patience: Span,
}

/// Tells the time and waits; simulated in tests.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> WallTime;
    /// Waits. Returns early, and `false`, where the run is interrupted.
    fn wait(&self, span: Span) -> bool;
}

/// Makes secrets of ours: passwords that stand in for a leaver's after a reset. Each is derived from the
/// installation's key and its purpose, so that it need not be kept, is the same after a crash, and can be
/// tried again in a week.
pub trait Secrets: Sync {
    /// The secret for a purpose: 32 characters with capitals, small letters, digits and `-`.
    fn derive(&self, purpose: &str) -> Secret<String>;

    /// Keeps a secret that cannot be derived and is needed after a crash: a token that a key signed before
    /// it was replaced. What was kept for the purpose before is forgotten. Whoever keeps nothing says so.
    ///
    /// # Errors
    /// Why it is not kept, in words.
    fn keep(&self, _purpose: &str, _secret: &Secret<String>) -> Result<(), String> {
        Err("nothing here keeps secrets".to_owned())
    }

    /// What is kept for a purpose; none where nothing is, or it cannot be read any more.
    fn kept(&self, _purpose: &str) -> Option<Secret<String>> {
        None
    }

    /// Keeps it no longer.
    ///
    /// # Errors
    /// Why it may still be there, in words.
    fn forget(&self, _purpose: &str) -> Result<(), String> {
        Ok(())
    }
}

/// Lists the doors of accounts as they are now.
pub trait Doors: Send + Sync {
    /// The doors of one account of this system: its login, sessions, tokens, live connections, keys,
    /// memberships, and what it made that lets somebody in. An account that is not there has none.
    ///
    /// # Errors
    /// When nothing can be said at all; what is lacking only in part is in [`DoorList::gaps`].
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError>;
}

/// Closes doors.
pub trait Action: Send + Sync {
    /// The connection's name.
    fn connection(&self) -> &ConnectionId;

    /// What closing a door takes, in order. Pure: asks nobody. Empty for a door that it cannot close.
    fn steps(&self, door: &Door) -> Vec<StepDraft>;

    /// Does a step. Doing it again changes nothing more and says [`crate::Said::Already`] where the
    /// system lets us see that.
    ///
    /// # Errors
    /// Why it is not known to be done. [`ActError::LostAnswer`] where it may have been.
    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError>;
}

/// Tries doors, by another path than the action takes, and without harm: it locks nobody out, leaves
/// nothing behind, and changes nothing.
pub trait Probe: Send + Sync {
    /// How long after a step the door may still open.
    fn window(&self, door: &Door) -> Span;

    /// Tries it. Never an error: what went wrong is [`DoorState::Unknown`] with its reason.
    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried;

    /// A departure is over, in which the door was tried: what was kept for trying it again is kept no longer.
    /// Nothing, where nothing was kept.
    ///
    /// # Errors
    /// Why it may still be there, in words.
    fn over(&self, _door: &Door, _cx: &Cx<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// With what a door is tried.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// By what the judge will know the probe's traces: goes where the system logs it (an application
    /// name, a user agent).
    pub nonce: &'a str,
    /// The leaver's own secret, where somebody has it: a key found in a repository, a token of a test.
    pub secret: Option<&'a Secret<String>>,
    /// Whether the door's secret has been replaced by the one that [`Secrets::derive`] gives for the
    /// door's id.
    pub replaced: bool,
}

/// What trying showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What the door is.
    pub state: DoorState,
    /// How that is known.
    pub strength: VerdictStrength,
    /// The answer, shortened and without secrets.
    pub evidence: String,
    /// What was tried beside.
    pub controls: Vec<Control>,
}

/// Why a step is not known to be done, or doors could not be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The system could not be reached: nothing was done.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke after the question was sent: it may have been done.
    #[error("no answer, and it may have been done: {0}")]
    LostAnswer(String),
    /// The system asks for fewer questions; again after so long.
    #[error("asked to wait")]
    RateLimited(Option<Span>),
    /// The system does not let our credential do it; what would.
    #[error("not allowed: {what}")]
    NotAllowed {
        /// Its answer.
        what: String,
        /// The scope or right that is lacking.
        lacking: String,
    },
    /// The system refuses it: again would be refused again.
    #[error("refused: {0}")]
    Refused(String),
    /// The step is not one that this connection can do.
    #[error("not a step of this connection: {0}")]
    BadStep(String),
    /// An answer that means nothing to us.
    #[error("an answer that means nothing to us: {0}")]
    Unexpected(String),
}

impl ActError {
    /// Whether trying again may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, ActError::Unreachable(_) | ActError::LostAnswer(_) | ActError::RateLimited(_))
    }
}
