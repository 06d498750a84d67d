//! What tests share: temporary companies, real servers, and documents read as a newcomer reads them.
//!
//! - [`Company`]: a folder with the files a small company would have, one departure and one key in it.
//! - [`OpenBao`], [`Nginx`], [`Sshd`], [`Moto`]: real servers on ephemeral loopback ports in temporary folders.
//!   They are polled until they answer, with a deadline, and die with their guard.
//! - [`documents`]: the commands that a Markdown text tells to type.
//!
//! A server that is not installed is no failure of a test: `start` reports the skip and returns
//! `None`, and `cargo xtask test`, which installs them, counts it.
//!
//! ```
//! # fn main() -> anyhow::Result<()> {
//! let Some(nginx) = sever_testkit::Nginx::start()? else { return Ok(()) };
//! nginx.get("/api/me", &[])?;
//! assert!(nginx.access_log()?.contains("/api/me"));
//! # Ok(())
//! # }
//! ```

mod company;
pub mod documents;
mod http;
mod moto;
mod nginx;
mod openbao;
mod server;
mod sshd;

pub use company::Company;
pub use http::Answer;
pub use moto::Moto;
pub use nginx::Nginx;
pub use openbao::OpenBao;
pub use server::{find_program, skip, wait_until};
pub use sshd::Sshd;
