//! What real servers write, read by our decoders and sources.
//!
//! One module per server. A server that is not installed is a reported skip; `cargo xtask test`
//! installs them.

mod decoded;
mod directories;
mod nginx;
mod openbao;
mod providers;
mod sshd;
