//! The proof log: what was planned, agreed to, done, answered and seen, so that a stranger can check it.
//!
//! ```text
//! Claim ──► Statement (in-toto) ──► envelope (DSSE, Ed25519) ──► leaf of a tree (C2SP tlog-tiles)
//!   │         salted commitments                                    │
//!   └──► Disclosure (salt, name, value), beside the log             └──► checkpoint (signed note)
//!          can be erased                                                   │ anchored by a witness' cosignature
//!                                                                          └ or an RFC 3161 time stamp
//! ```
//!
//! One example: the engine is about to disable an account. It appends an `Intent` whose public words are
//! the phase and the kind of provider, and whose private fields are person and door. The log holds two
//! salted commitments; `disclosures.jsonl` holds what opens them. The provider's answer becomes a
//! `Receipt`, what trying the door showed a `Verdict`. [`export`] puts all of it into a folder, and
//! [`check`] goes through that folder with nothing else at hand.
//!
//! ```text
//! <data_dir>/proof.key         the signing key, 0600
//! <data_dir>/proof/
//!   log.vkey                   its public half
//!   checkpoint                 the newest signed root; written by rename
//!   tile/<L>/<N>[.p/<W>]       hashes of the tree
//!   tile/entries/<N>[.p/<W>]   envelopes
//!   departures.jsonl           ids of departures, with their salts
//!   disclosures.jsonl          names and values, with their salts
//!   anchors/<size>/            what others say of a checkpoint
//! ```
//!
//! Invariants: an acknowledged statement is on the disk and stays there through `kill -9`; what a
//! checkpoint names is never written again; nobody is named in the log; any changed byte of an exported
//! proof is found. Limits: an envelope is at most 65,535 bytes; partial tiles of older checkpoints are
//! removed once a newer one is durable; who holds the signing key can write another history, which only
//! an anchor shows.

mod anchor;
mod bundle;
mod check;
mod digest;
mod disclosures;
mod disk;
mod envelope;
mod error;
mod export;
mod log;
mod merkle;
mod note;
mod read;
mod signer;
mod stamp;
mod statement;
mod tiles;

pub use anchor::{Answer, Asked, anchored_sizes, ask, take_cosigned, take_stamp};
pub use bundle::Bundle;
pub use check::{Anchored, By, Checked, Trust, TrustedKey, check};
pub use digest::{Hash, hex, unhex};
pub use disclosures::Erase;
pub use envelope::PAYLOAD_TYPE;
pub use error::{Flaw, ProofError};
pub use export::{Exported, export};
pub use log::ProofLog;
pub use merkle::leaf_hash;
pub use note::{Checkpoint, KeyKind, Note, NoteKey, Signature};
pub use read::{Entry, LogReader};
pub use signer::LogKey;
pub use stamp::{Stamp, certificates};
pub use statement::{Claim, ClaimKind, DEPARTURE, Disclosure, PREDICATE_BASE, STATEMENT_TYPE, Statement};
