//! Bytes to events: framing and one file per log format; sans-io.
//!
//! The room of everything that reads a log. It knows no files, no clock, no detectors and no storage:
//! bytes are pushed in, events come out, and every byte is accounted for.
//!
//! ```text
//! LogStream:  bytes ─► unpack ─► framing ─► envelopes ─► Decoder of a Format ─► EventSink
//!                     (gzip,    (lines, or  (Splunk,          │
//!                      zstd)     JSON)       syslog, …)       └─► rejects with place and reason, in Accounting
//! ```
//!
//! For example, a gateway's log, by a mapping:
//!
//! ```
//! use sever_decode::{Field, Format, LogStream, Mapping};
//! use sever_model::port::EventSink;
//! use sever_model::{Limits, Row};
//!
//! struct Print(Vec<String>);
//! impl EventSink for Print {
//!     fn push(&mut self, row: &Row<'_>) {
//!         self.0.push(format!("{} {} {}", row.time, row.credential, row.token_subject));
//!     }
//! }
//!
//! let mapping = Mapping::new().with(Field::Time, "ts").with(Field::Credential, "jwt.jti").with(Field::TokenSubject, "jwt.sub");
//! let format = Format::named("json-lines").expect("it is in the registry");
//! let limits = Limits::default();
//! let mut log = LogStream::new(format.decoder(Some(&mapping), &limits)?, format.framing, &limits);
//! let mut print = Print(Vec::new());
//! log.feed(b"{\"ts\":1696118400,\"jwt\":{\"jti\":\"t1\",\"sub\":\"m7\"}}\nnot JSON\n", &mut print);
//! log.finish(&mut print);
//! assert_eq!(print.0, ["2023-10-01T00:00:00Z t1 m7"]);
//! assert_eq!(log.accounting().rejects, 1);
//! # Ok::<(), sever_decode::MappingError>(())
//! ```
//!
//! # What those who judge events rely on
//!
//! - **What is a use.** An event of any kind but `issued` and `heartbeat` that has both `issuer` and
//!   `credential` presents a token of that issuer, and is judged: a `changed` record that was made
//!   with a temporary key is a use of that key. One credential presented once gives one such event;
//!   where a record gives several events, only one of them carries the credential.
//! - **What is an issuance.** An `issued` event is a token that was given out. A refused attempt is
//!   never `issued`, whatever the log calls it.
//! - **What actions are called**: see [`action`].
//! - **What is rejected.** Only a record that cannot be read, has no time, or is of another kind. A
//!   client chooses much of what a log says of it (user agent, path, claims): nothing that it sends
//!   may have its record dropped, so that unreadable claims are left out and broken text is repaired,
//!   and both are counted ([`Accounting::notes`]).

mod accounting;
pub mod action;
mod ends;
pub mod envelope;
mod format;
mod framing;
mod json;
mod mapping;
mod memo;
mod search;
mod sniff;
mod stream;
mod token;
mod unpack;
mod when;

pub use accounting::Accounting;
pub use envelope::{ENVELOPES, Envelope};
pub use format::{FORMATS, Format};
pub use framing::Framing;
pub use mapping::{Field, Guess, Mapping, MappingError, Pick};
pub use sniff::{Sniffed, named, sniff};
pub use stream::LogStream;
pub use token::{Presented, Signed, TOKEN_BYTES_MAX, TokenFault, TokenReader};
pub use unpack::{Fault, Unpack, head};
