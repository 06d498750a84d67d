//! What answers HTTP: one file per resource, and what they stand on.
//!
//! - [`listen`]: connections, their limits and their pace; nothing of what is asked.
//! - [`gate`]: tokens as they are shown, for a proxy in front of an application.
//! - [`watch`]: records that are pushed to a watch, and how it stands.
//! - [`syslog`]: records that come by syslog.

pub mod gate;
pub mod listen;
pub mod syslog;
pub mod watch;
