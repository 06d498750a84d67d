//! The contract that every connector keeps, against the real server.
//!
//! One file per connector says how its server is set up and what a real client gets in by; what must
//! hold of all of them is in [`suite`].

mod oauth;
mod openssh;
mod own;
mod scim;
#[allow(dead_code, reason = "each connector uses what it needs")]
mod suite;
