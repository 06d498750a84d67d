//! What the reach index is asked of a site, and how it is kept in step with the lake.

use std::path::PathBuf;

use sever_lake::{ReachAnswer, ReachQuery, TouchedBy};
use sever_model::{Fingerprint, SubjectRegister};

use super::{Site, lake_failure};
use crate::hint::Failure;

impl Site {
    /// Whose data a thing touched, by the lists of the reach index, which are brought up to date first.
    ///
    /// # Errors
    /// When the lake or the index cannot be read.
    pub fn reach(&self, query: &ReachQuery, register: Option<&dyn SubjectRegister>) -> Result<ReachAnswer, Failure> {
        let (lake, index) = (self.lake_dir(), self.update_index()?);
        sever_lake::reach(&lake, &index, query, register, &self.people()?).map_err(lake_failure)
    }

    /// What touched a person's data.
    ///
    /// # Errors
    /// As [`Site::reach`].
    pub fn touched(&self, subject: &str) -> Result<Vec<TouchedBy>, Failure> {
        let (lake, index) = (self.lake_dir(), self.update_index()?);
        sever_lake::touched(&lake, &index, subject, &self.people()?).map_err(lake_failure)
    }

    /// Brings the reach index up to date; where it lies. A process that is at it already does so.
    ///
    /// # Errors
    /// When the lake cannot be read, or the index cannot be written.
    pub fn update_index(&self) -> Result<PathBuf, Failure> {
        let index = self.store.index_dir();
        sever_lake::update_index(&self.lake_dir(), &index).map_err(lake_failure)?;
        Ok(index)
    }

    /// Puts a subject out of the reach index, once the lake's rows no longer name them.
    ///
    /// # Errors
    /// When the index cannot be written, or another process is at it.
    pub fn forget_in_index(&self, id: &str) -> Result<bool, Failure> {
        let instead = Fingerprint(rand::random());
        let (lake, index) = (self.lake_dir(), self.store.index_dir());
        sever_lake::forget(&lake, &index, self.key().fingerprint(id.as_bytes()), instead).map_err(lake_failure)
    }

    /// Where the reach index lies.
    pub fn index_dir(&self) -> PathBuf {
        self.store.index_dir()
    }
}
