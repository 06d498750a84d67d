//! Steps: what is done to close doors, one at a time; pure data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, DoorId, Span};

/// The phases of a cut, in their order. Verifying and sweeping are the engine's own and follow them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Close the way in, where the leaver cannot undo it: disable, deny, `NOLOGIN`.
    Contain,
    /// Give what others need to somebody who stays.
    HandOver,
    /// Replace what the leaver may know.
    Rotate,
    /// End what is left: sessions, tokens, keys, memberships, the account.
    Cut,
}

impl Phase {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Contain => "contain",
            Phase::HandOver => "hand-over",
            Phase::Rotate => "rotate",
            Phase::Cut => "cut",
        }
    }
}

/// One change at one system, as its provider understands it. Doing it twice equals doing it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Where.
    pub connection: ConnectionId,
    /// What, in a word of the provider's: `disable-account`, `revoke-token`.
    pub verb: String,
    /// On what: the system's own id. Never a secret.
    pub target: String,
    /// What else it needs. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

/// A step as a provider proposes it, before it has a number and a place in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDraft {
    /// When.
    pub phase: Phase,
    /// What.
    pub operation: Operation,
    /// In words, for a screen: `disable the account`.
    pub how: String,
    /// Why it stands where it does.
    pub reason: String,
    /// What undoes it.
    pub inverse: Inverse,
    /// What it may break, in words.
    pub breaks: Vec<String>,
    /// Whether it puts a secret of ours, [`crate::act::Secrets::derive`] of the door's id, in the place of
    /// the door's own: the door can then be tried with that.
    pub replaces_secret: bool,
    /// How long after it the door may still open: the system's propagation window.
    pub window: Span,
    /// The places, among the drafts for the same door, of those that must be done before; empty for
    /// all before it in the list.
    pub after: Vec<usize>,
}

/// What undoes a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inverse {
    /// This operation.
    By(Operation),
    /// Nothing need be undone: the holder only has to sign in again.
    Renewed,
    /// Nothing can: two people must want it.
    None,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number in the plan, from 1.
    pub number: u32,
    /// The door that it closes.
    pub door: DoorId,
    /// When.
    pub phase: Phase,
    /// What is done.
    pub work: Work,
    /// In words, for a screen.
    pub how: String,
    /// Why it stands where it does.
    pub reason: String,
    /// The steps that must be done before, each with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<After>,
    /// What it may break, and who uses that now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
    /// What undoes it.
    pub inverse: Inverse,
    /// Whether it puts a secret of ours in the place of the door's own.
    #[serde(default)]
    pub replaces_secret: bool,
    /// Seconds after it during which the door may still open.
    pub window_secs: i64,
}

/// That a step waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The other's number.
    pub step: u32,
    /// Why.
    pub reason: String,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A provider changes something.
    Operate(Operation),
    /// We may not close the door: whoever owns it gets a ticket, and it is verified like any other.
    HandOff {
        /// Who is asked.
        owner: String,
        /// By when, in seconds from the cut.
        deadline_secs: i64,
    },
}
