//! What a watch needs of an installation: its logs, and the commit of what it found.

use std::collections::HashSet;
use std::path::PathBuf;

use sever_decode::Format as LogFormat;
use sever_engine::follow::Patience;
use sever_engine::{Checkpoint, Commit, WatchSetup, WatchedLog, Watcher};
use sever_model::{EventSource, Finding, Secret, SourceId, SubjectRegister};
use sever_store::{Run, RunKind};

use super::{Site, engine_failure, format_of, mapping_of, written};
use crate::cli::watch::folder::DiskFolder;
use crate::config::{LogConfig, SecretFrom};
use crate::exit::Exit;
use crate::hint::Failure;

impl Site {
    /// A watch over the configured logs, or those named, that begins or goes on.
    ///
    /// # Errors
    /// When a log's format cannot be told, or the checkpoint is of other logs.
    pub fn watcher<'a>(
        &self,
        names: &[PathBuf],
        register: Option<&'a dyn SubjectRegister>,
        saved: Option<Checkpoint>,
        commits: Vec<Commit>,
    ) -> Result<Watcher<'a>, Failure> {
        let logs = self.watched_logs(names)?;
        let setup = WatchSetup {
            classes: self.classes_of(logs.iter().map(|log| (&log.source.log, log.format.id))),
            logs,
            register,
            detectors: self.detectors()?,
            key: self.store.key(),
            limits: self.limits.clone(),
            patience: Patience::default(),
            hold: self.config.watch.hold,
        };
        Watcher::new(setup, saved, commits).map_err(|error| {
            let failure = engine_failure(error);
            failure.hint(
                "a watch goes on only with the logs and classes it began with: move the `watch` folder of the \
                          data directory away to begin anew, and `sever scan` judges what was",
            )
        })
    }

    /// The logs to watch, and their files.
    fn watched_logs(&self, names: &[PathBuf]) -> Result<Vec<WatchedLog>, Failure> {
        let named: HashSet<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        for name in &named {
            if self.config.log(name).is_none() {
                let known = self.config.logs.iter().map(|log| log.id.as_str());
                return Err(Failure::unknown("log", name, known));
            }
        }
        let wanted = self.config.logs.iter().filter(|log| named.is_empty() || named.contains(log.id.as_str()));
        let logs: Result<Vec<WatchedLog>, Failure> = wanted.map(|log| self.watched_log(log)).collect();
        let logs = logs?;
        if logs.is_empty() {
            return Err(Failure::new("there is no log to watch")
                .hint("add a `[[log]]` to severance.toml; `sever init --from DIR` proposes them")
                .exit(Exit::NothingLooked));
        }
        Ok(logs)
    }

    fn watched_log(&self, log: &LogConfig) -> Result<WatchedLog, Failure> {
        if crate::cli::places::is_object(&PathBuf::from(&log.paths.text)) {
            return Err(Failure::usage(format!(
                "{}: log `{}` lies in object storage, which is not followed",
                log.origin, log.id
            ))
            .hint("`sever scan` judges it; `sever watch LOG…` names the logs to follow"));
        }
        let source = EventSource::of(log.id.clone(), log.system.clone());
        let first = log.paths.files().ok().and_then(|files| files.into_iter().next());
        let (format, mapping) = match (&log.format, first) {
            (_, Some(file)) => {
                let format = format_of(log, &file)?;
                (format, mapping_of(log, format, &file, &self.config.zone)?)
            }
            (id, None) => {
                let id = id.as_deref().or((!log.map.is_empty()).then_some("json-lines"));
                let format = id.and_then(LogFormat::named).ok_or_else(|| {
                    Failure::usage(format!(
                        "{}: log `{}` has no file yet, so its format cannot be told",
                        log.origin, log.id
                    ))
                    .hint("name it: `format = \"…\"`; `sever formats` lists them")
                })?;
                let mut mapping = written(log)?.unwrap_or_default();
                mapping.zone = mapping.zone.or_else(|| self.config.zone.name().map(str::to_owned));
                (format, Some(mapping))
            }
        };
        Ok(WatchedLog { source, format, mapping, folder: Box::new(DiskFolder::new(log.paths.clone())) })
    }

    /// Remembers what a watch found: over what it found of the same before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn save_watched(&mut self, run: &str, inputs: Vec<String>, findings: &[Finding]) -> Result<(), Failure> {
        let now = crate::clock::now();
        let summary = serde_json::json!({ "findings": findings.len() });
        let run = Run { id: run.to_owned(), kind: RunKind::Scan, known_at: now, inputs, summary };
        self.store_mut(async |store| store.save_findings(&run, findings).await)
    }

    /// A secret of the configuration.
    ///
    /// # Errors
    /// When it is not where it should be.
    pub fn secret(&self, from: &SecretFrom, what: &str) -> Result<Secret<String>, Failure> {
        super::secret::fetch(from, what)
    }

    /// The folder of a pushed log.
    pub fn pushed_folder(&self, log: &SourceId) -> Option<PathBuf> {
        self.config.log(log.as_str()).map(|log| log.paths.joined())
    }
}
