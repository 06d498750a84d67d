//! The contract that every connector keeps, against the real server.
//!
//! One file per connector says how its server is set up and what a real client gets in by; what must
//! hold of all of them is in [`suite`].

mod active_directory;
mod aws;
mod oauth;
mod openbao;
mod openldap;
mod openssh;
mod own;
mod postgresql;
mod scim;
#[allow(dead_code, reason = "each connector uses what it needs")]
mod suite;
