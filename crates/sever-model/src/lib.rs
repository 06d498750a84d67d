//! The nouns of Severance, their ids, time, secrets and ports.
//!
//! Everything else stands on this crate and it stands on nothing: no I/O, no clock, no async
//! runtime, no storage. It holds six groups of things:
//!
//! - **facts**, what sources told us: [`Person`], [`Stint`], [`Account`], [`Group`], [`Grant`],
//!   [`Credential`], [`Custody`] … each a [`Fact`] with the time it was true ([`Valid`]) and the
//!   time we knew it ([`WallTime`]);
//! - the **inventory**, all facts known at one moment, indexed for lookup ([`Inventory`]);
//! - **events**, what logs told us, in columns ([`Batch`], read a row at a time as [`Row`]);
//! - what we make of the two: [`Judgement`], [`Finding`];
//! - **departures**: [`Door`]s, the [`Plan`] that closes them, [`Receipt`]s and [`Verdict`]s;
//! - **incidents**: [`Case`]s, their journal and clocks, and the [`Frozen`] answers in them.
//!
//! ```text
//! Source ──Record──► store ──Fact──► graph ──► Inventory ─┐
//!                                                         ├─► Detector ──► Finding
//! Decoder ──Row──► Batch ──► judge ──Judgement────────────┘
//! ```
//!
//! The traits at the edges of the rooms are in [`port`], those of acting in [`act`]. A line of code that names a thing belongs
//! here; one that decides, reads or stores belongs elsewhere.

mod account;
pub mod act;
mod batch;
mod case;
mod class;
mod coverage;
mod credential;
mod custody;
mod departure;
mod door;
mod event;
mod fact;
mod finding;
mod frozen;
mod grant;
mod id;
mod inventory;
mod judgement;
mod knock;
mod law;
mod limits;
mod person;
mod plan;
pub mod port;
mod register;
mod resource;
mod secret;
mod step;
mod symbol;
mod time;
mod verdict;

pub use account::{Account, AccountKind, AccountStatus, Group, Handover, Link, Membership};
pub use batch::{Batch, Names};
pub use case::{Case, CaseAct, CaseRow, Clock, ClockState, OpenedBy, SharedThing, Told, Version};
pub use class::{Class, CoverageBy, Join};
pub use coverage::{Coverage, CoverageLine, Seen};
pub use credential::{Credential, CredentialKind, Exportable};
pub use custody::{Custody, Holder, Strength};
pub use departure::{Act, ActRow, Counts, Departure, DoorCase, Found, Round, StepCase, StepState};
pub use door::{Door, DoorKind, DoorList};
pub use event::{EventKind, EventSource, Outcome, Row};
pub use fact::{Fact, FactKind, FactRow, Listing, Record};
pub use finding::{
    Audience, Confidence, Evidence, Finding, FindingSet, Meta, Raise, SavedFindings, Severity, Stage, Thing, ThingKind,
    counted,
};
pub use frozen::{
    Cap, Differences, FROZEN_VERSION, Figures, Frozen, FrozenDay, FrozenError, FrozenStep, Inputs, Moved, Question,
    sha256_hex,
};
pub use grant::{Grant, Rights};
pub use id::{
    AccountId, ConnectionId, CredentialId, DoorId, FindingId, GroupId, PersonId, ResourceId, SourceId, SystemId,
};
pub use inventory::{
    AccountIx, Candidate, Correlation, CredentialIx, CustodyRow, Departed, Entry, GrantRow, GroupIx, HolderIx,
    Inventory, MembershipRow, PersonIx, ResourceIx, Tables,
};
pub use judgement::{ClaimSet, Judgement, Unjudgeable};
pub use knock::Knock;
pub use law::{AUDIENCES, Law};
pub use limits::Limits;
pub use person::{Employment, Person, Stint};
pub use plan::{
    Approval, ApprovedPlan, ApprovedStep, Excluded, ExcludedWhy, Plan, PlanOf, PlannedDoor, Refusal, Request, Swept,
    Why,
};
pub use register::{Lookup, SubjectRegister};
pub use resource::Resource;
pub use secret::{Fingerprint, FingerprintKey, Secret};
pub use step::{After, Inverse, Operation, Phase, Step, StepDraft, Work};
pub use symbol::{Sym, Symbols};
pub use time::{Bound, Certainty, EventTime, LocalTimes, Span, TimeError, Valid, WallTime, Zone};
pub use verdict::{Control, ControlKind, DoorState, Receipt, Said, UnknownWhy, Verdict, VerdictStrength};
