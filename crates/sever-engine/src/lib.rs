//! The verbs: each orders the steps of one job and knows the ports, not the providers.
//!
//! ```text
//! sync    sources ─► store                         facts, bitemporal, behind brakes
//! load    store ─► inventory                       as of (valid, known)
//! check   inventory ─► standing detectors ─► findings
//! scan    logs ─► decode ─► merge by time ─► judge ─► detectors ─► findings
//!                                              └────► lake
//! watch   logs as they grow ─► the same, with checkpoints ─► findings once each
//! reach   lake + register + resolvers ─► whose data
//! cut     approved plan + connections ─► journal of acts: receipts, verdicts
//! verify  doors + connections ─► verdicts
//! narrow  lake + inventory ─► what rights that go unused would have refused
//! gate    a token that is shown + ledger + inventory ─► allow, refuse
//! readiness, doctor                                what could be answered with what is here
//! ```
//!
//! Nothing here reads the clock or prints: the caller hands in the moment, the files to open and a
//! [`Progress`] to tell. No provider is named: sources come in as [`sever_model::port::Source`]s.

mod check;
mod cut;
mod error;
pub mod follow;
pub mod gate;
mod load;
mod names;
mod narrow;
pub mod population;
mod progress;
mod readiness;
mod scan;
mod sync;
mod watch;

pub use check::{CheckSetup, check};
pub use cut::{Acting, Connected, CutEnd, Desk, Journal, Ticket, cut, verify};
pub use error::EngineError;
pub use load::{load, load_only};
pub use names::{names_of, rename};
pub use narrow::{Narrowed, narrow};
pub use progress::{Progress, Quiet, Unit};
pub use readiness::{Answer, Hand, LogSample, Need, Readiness, Seeing, readiness};
pub use scan::{LogInput, LogReport, Open, ScanOutcome, ScanSetup, Watch, scan};
pub use sync::{SyncLine, SyncOutcome, sync};
pub use watch::{Checkpoint, Commit, LogStatus, Moment, Turn, WatchNote, WatchSetup, WatchedLog, Watcher};
