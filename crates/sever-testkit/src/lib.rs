//! What tests share: temporary companies, real servers, and documents read as a newcomer reads them.
//!
//! - [`Company`]: a folder with the files a small company would have, one departure and one key in it.
//! - [`Glewlwyd`], [`Moto`], [`Nginx`], [`OidcProvider`], [`OpenBao`], [`Postgres`], [`SambaAdDc`],
//!   [`ScimServer`], [`Slapd`], [`Sshd`]: real servers on ephemeral loopback ports in temporary folders,
//!   asked by real clients. They are polled until they answer, with a deadline, and die with their guard.
//!   [`GuardedGateway`] is an nginx that asks a gate, [`Gateway`] an nginx before an application that believes the tokens of an [`OidcProvider`],
//!   [`Desk`] somebody's browser and a client at one.
//!   [`Verifier`] an application that believes the keys of any issuer, carefully or not.
//! - [`Wire`]: somebody on the wire to any of them, who counts, kills and cuts.
//! - [`SshHost`] and [`SshKeys`]: hosts with users and processes of their own, and a client with keys.
//! - [`RealCompany`]: all of these servers together, a day of work on them, and one who leaves.
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

mod client;
mod company;
pub mod documents;
mod gateway;
mod glewlwyd;
mod guarded;
mod http;
mod moto;
mod nginx;
mod node;
mod oidc_desk;
mod openbao;
mod postgres;
mod real_company;
mod samba;
mod scim;
mod server;
mod slapd;
mod ssh_hosts;
mod sshd;
mod verifier;
mod wire;

pub use client::Done;
pub use company::Company;
pub use gateway::Gateway;
pub use glewlwyd::Glewlwyd;
pub use guarded::{AskingGateway, GuardedGateway};
pub use http::{Answer, request};
pub use moto::{AwsKey, Moto};
pub use nginx::Nginx;
pub use node::{ADMINISTRATION, LISTENER, OidcProvider, PUSH, new_signing_key};
pub use oidc_desk::{Desk, DeskTokens};
pub use openbao::OpenBao;
pub use postgres::{Postgres, PsqlSession};
pub use real_company::{Analyst, Expected, Found, RealCompany, Said, Shown, Truth};
pub use samba::SambaAdDc;
pub use scim::{Honesty, ScimServer};
pub use server::{find_program, free_port, skip, wait_until};
pub use slapd::Slapd;
pub use ssh_hosts::{Held, SshHost, SshKeys};
pub use sshd::Sshd;
pub use verifier::{Keys, Verifier};
pub use wire::{Moment, Pass, Turn, Wire};
