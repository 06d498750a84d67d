//! Events and inventory to judgements and findings: the issued ledger, the judge and the detectors.
//!
//! Sans-io and without a clock: it is handed batches of events in event-time order and says what
//! follows. [`Pipeline`] is the way in.
//!
//! ```text
//!             ┌─ resolve ─► who do the names stand for?
//! events ─────┤                                           ┌─► detectors ─► findings
//!             └─ judge ───► was it issued? ──Judgement────┤
//!                  ▲                                      └─► sink (the lake)
//!                  └─ ledger: every issuance, 20 bytes each
//! ```

mod detectors;
mod judge;
mod knocks;
mod ledger;
mod pipeline;
pub mod registry;
mod resolve;

pub use detectors::key_known_to_leaver::leavers_who_know;
pub use detectors::key_out_of_life::ShownKey;
pub use detectors::sigma;
pub use judge::{ClassReport, Gap, GapKind, LiveLedger, Report, Shown, Standing, builtin_classes};
pub use knocks::OwnProbes;
pub use pipeline::{Pipeline, SettledSink, Setup};
