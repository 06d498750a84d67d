//! A small real company: people at work on real servers, one who leaves and comes back, and what the
//! servers wrote of it.
//!
//! ```text
//! ann    leads the platform team          zoe   support, a client of everything
//! bob    platform engineer, who leaves    reports   the nightly job's own roles and clients
//!
//! morning    all of them work; bob reads the signing key out of OpenBao, makes himself a token there, an
//!            account for one Jo Doe in the directory, a role in the database and a key on the host
//! noon       HR ends bob's access, in its own zone; nothing is closed
//! evening    bob signs tokens with the key he read and uses all that he kept; the others work on
//! night      the exports are made and the logs collected, as their pages tell to
//! ```
//!
//! Every act is a real client's (`ldapsearch`, `psql`, `bao`, `ssh`, `curl`), so that what is in the logs is
//! what the servers make of it. [`RealCompany::run`] leaves a folder as `sever init --from` meets it, and
//! tells the [`Truth`]: what was misused, and what must be found, no more and no less.

mod analyst;
mod exports;
mod people;
mod servers;
mod truth;

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

pub use analyst::{Analyst, Found, Said};
use people::Day;
use servers::Servers;
pub use truth::{Expected, Shown, Truth};

/// A folder of what the servers wrote and exported, removed with it.
pub struct RealCompany {
    folder: TempDir,
    truth: Truth,
}

impl RealCompany {
    /// Starts the servers, lets the day pass and collects what they wrote; `None`, and a reported skip,
    /// where one of them is not installed. The seed varies who asks for what, and how often.
    ///
    /// # Errors
    /// When a server does not come up, or refuses what it should not.
    pub fn run(seed: u64) -> Result<Option<RealCompany>> {
        let Some(servers) = Servers::start()? else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("sever-real-company-").tempdir().context("no folder")?;
        let mut day = Day::begin(&servers, seed)?;
        day.morning()?;
        let left = day.noon()?;
        day.evening()?;
        let truth = day.truth(&left);
        exports::write(&servers, &day, &left, folder.path())?;
        let text = serde_json::to_string_pretty(&truth.to_json()).context("no truth")?;
        std::fs::write(folder.path().join("truth.json"), text).context("cannot write the truth")?;
        Ok(Some(RealCompany { folder, truth }))
    }

    /// Where its files are: exports and logs, and `truth.json`, which nothing reads but comparisons.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What really happened.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }
}
