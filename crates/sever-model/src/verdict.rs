//! Receipts and verdicts: what they said, and what we saw.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DoorId, EventTime, WallTime};

/// A provider's answer to an executed step. It proves nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What it says that it did.
    pub said: Said,
    /// Its answer in its own words, redacted and shortened.
    pub answer: String,
    /// When it answered.
    pub at: WallTime,
}

/// What a provider says that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// It did.
    Done,
    /// It was so already.
    Already,
    /// It will: queued, not done.
    Queued,
}

/// What trying a door showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The door.
    pub door: DoorId,
    /// What it is.
    pub state: DoorState,
    /// How we know.
    pub strength: VerdictStrength,
    /// The answer, in the system's own words, shortened and without secrets.
    pub evidence: String,
    /// What was tried beside, so that the answer means something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// When it was tried.
    pub at: WallTime,
    /// Seconds after the step during which the door may still open.
    pub window_secs: i64,
    /// By what the judge knows the probe's traces in the system's logs.
    pub nonce: String,
}

impl Verdict {
    /// Whether the door is closed and that was shown by trying: with the secret or a twin of it.
    pub fn is_proven(&self) -> bool {
        self.state == DoorState::Closed && self.strength != VerdictStrength::Observed
    }
}

/// Whether a door is closed. `Unknown` is never `Closed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorState {
    /// It did not open, and the controls say that it would have.
    Closed,
    /// It opened, or will until the given time.
    Open {
        /// When it closes by itself, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<EventTime>,
    },
    /// Nobody knows.
    Unknown(UnknownWhy),
}

impl DoorState {
    /// Its word.
    pub const fn word(&self) -> &'static str {
        match self {
            DoorState::Closed => "closed",
            DoorState::Open { .. } => "open",
            DoorState::Unknown(_) => "unknown",
        }
    }
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownWhy {
    /// The system could not be reached.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// Its answer to a closed door and to a bad probe is the same, and there is no twin.
    Ambiguous,
    /// A control failed: the probe itself is not working.
    ControlFailed,
    /// No secret to try it with, none of ours can be put in its place, and no twin.
    NothingToTry,
    /// Trying it is not permitted: by the system, or by whoever configured us.
    NotPermitted,
    /// There is no connection to the system, or none that can try.
    NoProbe,
    /// An answer that nobody foresaw.
    Unexpected,
}

impl UnknownWhy {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            UnknownWhy::Unreachable => "the system cannot be reached",
            UnknownWhy::TimedOut => "no answer in time",
            UnknownWhy::Ambiguous => "the answer cannot be told from a bad probe's, and there is no twin",
            UnknownWhy::ControlFailed => "the probe itself does not work",
            UnknownWhy::NothingToTry => "nothing to try it with: no secret, and no twin",
            UnknownWhy::NotPermitted => "trying it is not permitted",
            UnknownWhy::NoProbe => "nothing here can try it",
            UnknownWhy::Unexpected => "an answer that means nothing to us",
        }
    }
}

impl fmt::Display for UnknownWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// How a verdict was reached, from strongest to weakest. Only the first two prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictStrength {
    /// With the secret itself, or one of ours in its place.
    Tried,
    /// With a credential of the same kind under the same rule.
    TriedByTwin,
    /// By what the system says on another path than the one that changed it.
    Observed,
}

impl VerdictStrength {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            VerdictStrength::Tried => "tried",
            VerdictStrength::TriedByTwin => "tried by twin",
            VerdictStrength::Observed => "observed",
        }
    }
}

/// Something tried beside a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Which way it should go.
    pub kind: ControlKind,
    /// What was tried.
    pub what: String,
    /// What was answered.
    pub answer: String,
    /// Whether it went as it should.
    pub held: bool,
}

/// Which way a control should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    /// It opened before, or its twin opens now.
    Positive,
    /// What was never issued does not open.
    Negative,
}
