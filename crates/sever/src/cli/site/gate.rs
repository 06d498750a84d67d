//! What the gate takes of an installation: how records of issuers' logs are read, and the logs that are followed.

use std::path::{Path, PathBuf};

use sever_model::SourceId;

use super::{Site, format_of, mapping_of};
use crate::cli::places;
use crate::config::LogConfig;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::web::gate::feed::Reading;

impl Site {
    /// A log by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn log_config(&self, name: &SourceId) -> Result<&LogConfig, Failure> {
        let known = self.config.logs.iter().map(|log| log.id.as_str());
        self.config.log(name.as_str()).ok_or_else(|| Failure::unknown("log", name.as_str(), known))
    }

    /// How what an issuer pushes is read: as its log is configured, else as JSON with the usual names.
    ///
    /// # Errors
    /// When its format or mapping does not fit.
    pub fn reading_of_pushed(&self, log: &LogConfig) -> Result<Reading, Failure> {
        if log.format.is_none() && log.map.is_empty() {
            return Reading::of_pushed().ok_or_else(|| Failure::new("the format `json-lines` is missing"));
        }
        self.reading(log, Path::new(""))
    }

    /// How a followed log is read, and its files, oldest first; the last of them grows.
    ///
    /// # Errors
    /// When it is not there, or its format cannot be told.
    pub fn followed(&self, log: &LogConfig) -> Result<(Reading, Vec<PathBuf>), Failure> {
        let mut files: Vec<PathBuf> = places::files(&log.paths)?.into_iter().map(|place| place.path).collect();
        if files.iter().any(|path| places::is_object(path)) {
            return Err(Failure::usage(format!("log `{}` lies in object storage, which cannot be followed", log.id))
                .hint("follow the file that is shipped there, or have the issuer push"));
        }
        files.sort_by_key(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok());
        let Some(newest) = files.last() else {
            return Err(Failure::new(format!("log `{}` has no file to follow", log.id)).exit(Exit::NothingLooked));
        };
        Ok((self.reading(log, newest)?, files))
    }

    fn reading(&self, log: &LogConfig, file: &Path) -> Result<Reading, Failure> {
        let format = format_of(log, file)?;
        Ok(Reading { format, mapping: mapping_of(log, format, file, &self.config.zone)? })
    }
}
