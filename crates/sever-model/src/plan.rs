//! Plans: what would be closed, in which order and why; pure data with a digest.
//!
//! Only an approval makes steps that can be executed: [`Plan::approve`] is the one maker of an
//! [`ApprovedPlan`], and that of [`ApprovedStep`]s.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    AccountId, ConnectionId, Coverage, Door, DoorId, EventTime, Inverse, Operation, PersonId, Step, Strength, WallTime,
    Work,
};

/// What would be done about one leaver, or one key that is known to be out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format: 1.
    pub version: u32,
    /// Whom or what it is about.
    pub about: PlanOf,
    /// What must be typed to execute it: the person's name in the inventory, or the key's id.
    pub typed: String,
    /// When it was made.
    pub made_at: WallTime,
    /// When it may be begun, where it was made for a day to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<EventTime>,
    /// The doors, in the order that a screen shows them.
    pub doors: Vec<PlannedDoor>,
    /// The steps, in an order in which they may be done one by one.
    pub steps: Vec<Step>,
    /// The accounts whose doors are listed again before cutting and after: what is new among them is
    /// closed in the same way.
    pub swept: Vec<Swept>,
    /// Doors that are left alone, with why.
    pub excluded: Vec<Excluded>,
    /// What is not covered, in words.
    pub not_covered: Vec<String>,
    /// What the inventory it was made from had seen.
    pub coverage: Coverage,
}

/// Whom or what a plan is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanOf {
    /// A person who leaves, has left or moves.
    Person {
        /// Who.
        id: PersonId,
        /// When their access ends, where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<EventTime>,
        /// The zone of that, for showing it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        zone: String,
        /// Whether they leave, or keep what their new team has.
        why: Why,
    },
    /// A key or token that is out, whoever has it.
    Credential {
        /// Its id in the inventory.
        id: crate::CredentialId,
    },
    /// An account, whosever it is.
    Account {
        /// Which.
        id: AccountId,
    },
}

/// Why a person's doors are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// They leave: everything.
    Leaves,
    /// They move: what their new team does not have.
    Moves,
}

/// A door, and what the plan knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDoor {
    /// The door.
    pub door: Door,
    /// How strongly they have it: a credential's custody. `None` for an account of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// By what evidence it is theirs.
    pub evidence: String,
    /// How it is closed, in words.
    pub how: String,
    /// What closing it may break, and who uses it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
    /// The connection that can try it; none where nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
}

/// An account whose doors are listed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Where.
    pub connection: ConnectionId,
    /// Which.
    pub account: AccountId,
    /// Its login there.
    pub login: String,
}

/// A door that a plan leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The door.
    pub door: Door,
    /// Why.
    pub why: ExcludedWhy,
    /// In words, with what would change it.
    pub reason: String,
}

/// Why a door is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExcludedWhy {
    /// Whose it is, no human has confirmed.
    Unconfirmed,
    /// It is the last administrator's.
    LastAdministrator,
    /// It is for emergencies.
    BreakGlass,
    /// It is ours.
    OurOwn,
    /// It was handed over.
    HandedOver,
    /// Their new team has it.
    StillNeeded,
}

/// One person's approval of one plan. Whoever made it has checked the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The digest that was approved.
    pub digest: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: WallTime,
    /// By what it is known that it was they: a key's fingerprint.
    pub signed_by: String,
}

/// Why a plan may not be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The digest is another.
    #[error("the plan's digest is {is}, not {asked}")]
    Digest {
        /// What it is.
        is: String,
        /// What was asked for.
        asked: String,
    },
    /// The name that was typed is another.
    #[error("`{0}` was typed, which is not whom the plan is about")]
    Typed(String),
    /// Too few different people approved it.
    #[error("{have} of {need} different people have approved it: {why}")]
    Approvals {
        /// How many have.
        have: usize,
        /// How many must.
        need: usize,
        /// Why so many.
        why: String,
    },
    /// It is too early.
    #[error("it is not to begin before {0:?}")]
    TooEarly(EventTime),
    /// It is too old: what it was made from has changed since.
    #[error("it was made at {0:?}, and is too old")]
    Stale(WallTime),
}

impl Plan {
    /// SHA-256, in hexadecimal, of the plan as canonical JSON (RFC 8785). Empty, which is never approved,
    /// where it has no canonical form: a plan that holds only texts and whole numbers has one.
    pub fn digest(&self) -> String {
        let bytes = serde_json_canonicalizer::to_vec(self);
        let hex = |bytes: Vec<u8>| Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.map(hex).unwrap_or_default()
    }

    /// Whether a step of it cannot be undone, and which is the first.
    pub fn irreversible(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.inverse == Inverse::None)
    }

    /// A door of it.
    pub fn door(&self, id: &DoorId) -> Option<&PlannedDoor> {
        self.doors.iter().find(|planned| planned.door.id == *id)
    }

    /// Makes it executable: what was approved is this very plan, by enough different people.
    ///
    /// `tripped` says why two people are needed besides what cannot be undone: a brake.
    ///
    /// # Errors
    /// Why it may not be executed.
    pub fn approve(&self, request: &Request<'_>) -> Result<ApprovedPlan<'_>, Refusal> {
        let digest = self.digest();
        if digest.is_empty() || request.digest != digest {
            return Err(Refusal::Digest { is: digest, asked: request.digest.to_owned() });
        }
        if request.typed != self.typed {
            return Err(Refusal::Typed(request.typed.to_owned()));
        }
        if let Some(begin) = self.not_before.filter(|begin| *begin > request.now.as_event()) {
            return Err(Refusal::TooEarly(begin));
        }
        let mut people: Vec<&str> =
            request.approvals.iter().filter(|it| it.digest == digest).map(|it| it.by.as_str()).collect();
        people.sort_unstable();
        people.dedup();
        let irreversible = self.irreversible().map(|step| format!("step {} cannot be undone", step.number));
        let (need, why) = match (request.tripped, irreversible) {
            (Some(brake), _) => (2, brake.to_owned()),
            (None, Some(step)) => (2, step),
            (None, None) => (1, "every plan needs one".to_owned()),
        };
        if people.len() < need {
            return Err(Refusal::Approvals { have: people.len(), need, why });
        }
        Ok(ApprovedPlan { plan: self, digest, people: people.len() })
    }
}

/// What is said when a plan is to be executed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The digest that was typed or named.
    pub digest: &'a str,
    /// The name that was typed.
    pub typed: &'a str,
    /// The approvals, their signatures checked.
    pub approvals: &'a [Approval],
    /// The brake that tripped, if one did.
    pub tripped: Option<&'a str>,
    /// Now.
    pub now: WallTime,
}

/// A plan that may be executed. Only [`Plan::approve`] makes one.
#[derive(Debug)]
pub struct ApprovedPlan<'a> {
    plan: &'a Plan,
    digest: String,
    people: usize,
}

impl<'a> ApprovedPlan<'a> {
    /// The plan.
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Its digest.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its steps that a provider executes.
    pub fn steps(&self) -> impl Iterator<Item = ApprovedStep<'a>> {
        self.plan.steps.iter().filter_map(ApprovedStep::of)
    }

    /// A step of it, or one for a door that was found by listing again: of an account that the plan
    /// sweeps, by an operation that can be undone or that two people's approval covers. `None` for any
    /// other, and for one that no provider executes.
    pub fn step<'b>(&self, door: &Door, step: &'b Step) -> Option<ApprovedStep<'b>> {
        if self.plan.steps.contains(step) {
            return ApprovedStep::of(step);
        }
        let Work::Operate(operation) = &step.work else { return None };
        let account = door.account.as_ref().filter(|_| door.id == step.door)?;
        let swept = self.plan.swept.iter().any(|it| it.account == *account && it.connection == operation.connection);
        let allowed = step.inverse != Inverse::None || self.people >= 2;
        (swept && allowed).then(|| ApprovedStep::of(step)).flatten()
    }
}

/// One operation that may be executed. Only an [`ApprovedPlan`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct ApprovedStep<'a> {
    operation: &'a Operation,
    step: &'a Step,
}

impl<'a> ApprovedStep<'a> {
    fn of(step: &'a Step) -> Option<ApprovedStep<'a>> {
        match &step.work {
            Work::Operate(operation) => Some(ApprovedStep { operation, step }),
            Work::HandOff { .. } => None,
        }
    }

    /// What is to be done.
    pub fn operation(&self) -> &'a Operation {
        self.operation
    }

    /// The step.
    pub fn step(&self) -> &'a Step {
        self.step
    }
}
