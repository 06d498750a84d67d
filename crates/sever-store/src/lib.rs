//! Facts, findings and the subject register in a data directory.
//!
//! ```text
//! data_dir/
//!   store.sqlite     facts (bitemporal), pulls, findings, runs, departures, cases   one writer, many readers
//!   key              the key under which identifiers are fingerprinted       random, 0600, made once
//!   proof.key        the key that signs the proof log                        random, 0600, made once
//!   proof/           the proof log: statements, tree, checkpoint ([`proof`]) append only, static files
//!   watch/           what a watch keeps ([`watch`])
//!   register.sever   the subject register: 14 bytes per id                   mapped, written by rename
//!   gate/issued/     what issuers hand to the gate ([`IssuedLog`])            append only, JSON lines
//!   gate/decisions/  what the gate decided, as a log                         append only, JSON lines
//! ```
//!
//! The store decides one thing by itself: what a listing *means* for what we knew ([`Store::apply`]).
//! Everything else is remembering. It reads no clock; callers say when "now" is.
//!
//! Nothing is ever deleted. Every change is a new version of a fact; the old one keeps the interval
//! in which we believed it.

mod case;
mod departure;
mod derived;
mod error;
mod facts;
mod finding;
mod issued;
mod key;
mod knocks;
mod privacy;
pub mod proof;
mod register;
mod run;
mod schema;
mod store;
pub mod watch;

pub use departure::{DepartureRow, Held as HeldDeparture};
pub use derived::DerivedSecrets;
pub use error::StoreError;
pub use facts::{Applied, Brake, Braked, ListQuery, Page, PullMeta, When};
pub use finding::{Closed, FindingFilter, FindingState, How, Kept};
pub use issued::{IssuedFound, IssuedLog};
pub use knocks::{KnockLog, knocks, retain_knocks};
pub use privacy::{Access, Basis, Erased, Held, Known, Name, Retention, Swept};
pub use register::{BuildReport, Columns, Register, RegisterError, RegisterInput, RegisterMeta};
pub use run::{Run, RunKind};
pub use store::{Changes, Store};
