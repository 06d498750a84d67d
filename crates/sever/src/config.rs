//! The configuration: what `severance.toml` and its betters say, checked, with where each value
//! comes from.
//!
//! ```text
//! schema   one table of every setting ──────────────┐ names, kinds, defaults, meanings
//! read     TOML ─► a tree of values with line and column, every mistake noted at its place
//! layers   default < system < user < --config or ./severance.toml < SEVER_* < flag
//! build    the merged tree ─► typed settings: zones, classes, paths
//! ```
//!
//! Tables merge setting by setting; a list (all `[[source]]`s, say) in a nearer layer replaces the
//! farther one's. Relative paths are relative to the file that names them, those of variables and
//! flags to the working folder. Nothing is guessed: an unknown key, a misspelt log or a wrong zone is
//! an error with a suggestion, and all of them are told at once.

mod build;
mod case;
mod doors;
mod gate;
mod layers;
mod paths;
mod privacy;
mod read;
mod schema;
mod secret;
mod value;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sever_model::{Class, EventTime, SourceId, Span, SystemId, Zone};

pub use case::CaseConfig;
pub use doors::{Approver, ConnectionConfig, CutBrakes, CuttingConfig, HandOffConfig, HandOffPlace, LoginConfig};
pub use gate::{GateConfig, GateIssuer, Tell};
pub use layers::Request;
pub use paths::{Paths, expand};
pub use privacy::{Deed, PrivacyConfig, RetentionConfig, Role};
pub use schema::{Setting, json_schema, settings};
pub use secret::SecretFrom;
pub use watch::{InputKind, NotifyConfig, NotifyKind, WatchConfig, WatchInput};

/// The ids that other rooms know, for checking and suggesting. An empty list checks nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Kinds of source.
    pub providers: &'a [&'a str],
    /// Log formats.
    pub formats: &'a [&'a str],
    /// Detectors.
    pub detectors: &'a [&'a str],
    /// Kinds of live connection.
    pub connectors: &'a [&'a str],
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The zone of dates and local times that name none.
    pub zone: Zone,
    /// Where facts, findings and judged uses are kept.
    pub data_dir: PathBuf,
    /// Where judged uses are kept instead: a folder, or the address of a part of a bucket.
    pub lake: Option<PathBuf>,
    /// Where facts come from.
    pub sources: Vec<SourceConfig>,
    /// Where events come from.
    pub logs: Vec<LogConfig>,
    /// The classes of token.
    pub classes: Vec<Class>,
    /// Who is a customer.
    pub register: Option<RegisterConfig>,
    /// Who else is in an answer.
    pub resolvers: Vec<ResolverConfig>,
    /// Who is in an export.
    pub subject_sets: Vec<SubjectSetConfig>,
    /// Settings of detectors.
    pub detectors: DetectorsConfig,
    /// Detections of one's own.
    pub sigma: Option<SigmaConfig>,
    /// How far the clocks of systems may be apart.
    pub skew: Span,
    /// When a listing that shrank is refused.
    pub brakes: Brakes,
    /// Findings that are accepted.
    pub suppressions: Vec<Suppression>,
    /// Who may see what of people, and how long it is kept.
    pub privacy: PrivacyConfig,
    /// Live connections to systems.
    pub connections: Vec<ConnectionConfig>,
    /// How people are cut off.
    pub cutting: CuttingConfig,
    /// The gate, where one is configured.
    pub gate: Option<GateConfig>,
    /// How logs are followed.
    pub watch: WatchConfig,
    /// Who is told of findings.
    pub notify: Vec<NotifyConfig>,
    /// How incidents are carried.
    pub case: CaseConfig,
    /// The files that were read, nearest first.
    pub files: Vec<PathBuf>,
    explained: Vec<Explained>,
}

/// A source of facts.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// Its name.
    pub id: SourceId,
    /// The provider's id.
    pub kind: String,
    /// Its files.
    pub paths: Paths,
    /// The system its ids belong to.
    pub system: SystemId,
    /// Whether what is missing from it has ended.
    pub complete: bool,
    /// Our field = their column.
    pub map: BTreeMap<String, String>,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// A log of events.
#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    /// Its name.
    pub id: SourceId,
    /// Its files.
    pub paths: Paths,
    /// Its format; sniffed where absent.
    pub format: Option<String>,
    /// The system whose accounts it names.
    pub system: Option<SystemId>,
    /// The mapping, for mapped formats: as written, read by the decoders.
    pub map: toml::Table,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// The register of customers.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisterConfig {
    /// Its file.
    pub path: PathBuf,
    /// Until when it holds every id, where that is said.
    pub complete_until: Option<EventTime>,
}

/// Who else is in the answers of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolverConfig {
    /// The beginning of the `resource`.
    pub endpoint: String,
    /// Its tables.
    pub paths: Paths,
}

/// Who is in an export.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectSetConfig {
    /// The `subject_ref` that stands in the log.
    pub reference: String,
    /// The table of ids.
    pub path: PathBuf,
}

/// Settings of detectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DetectorsConfig {
    /// Detectors not to run.
    pub off: Vec<String>,
    /// Settings by detector id, read by the detectors' room.
    pub settings: toml::Table,
    /// Where they are configured, for messages.
    pub origin: Origin,
}

/// Sigma rules.
#[derive(Debug, Clone, PartialEq)]
pub struct SigmaConfig {
    /// Their files.
    pub paths: Paths,
    /// Where they are configured, for messages.
    pub origin: Origin,
}

/// When a listing that shrank is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brakes {
    /// The largest share that may end at once.
    pub share: f64,
    /// So many may end at once whatever the share.
    pub count: u64,
}

/// A finding, or all of a detector's, that somebody accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// What is accepted.
    pub what: Suppressed,
    /// Why.
    pub reason: String,
    /// By whom.
    pub author: String,
    /// The first instant at which it is not accepted any more.
    pub until: EventTime,
    /// Where it is configured, for messages.
    pub origin: Origin,
}

/// What a suppression accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suppressed {
    /// One finding, by its id.
    Finding(String),
    /// All findings of a detector.
    Detector(String),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody said otherwise.
    #[default]
    Default,
    /// A file; line and column from 1.
    File {
        /// Which.
        path: Arc<Path>,
        /// Its line.
        line: usize,
        /// The character in that line.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

/// One value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its name: `zone`, `source[hr].path`.
    pub name: String,
    /// Its value, as TOML writes it.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Why a configuration cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// One line each, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Config {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its place.
    pub fn load(request: &Request<'_>) -> Result<Config, ConfigError> {
        let layers::Merged { root, files, problems } = layers::merge(request);
        build::config(&root, request, files, problems)
    }

    /// Every value in force that is not a list or table, and where it comes from.
    pub fn explained(&self) -> &[Explained] {
        &self.explained
    }

    /// Whether nothing is configured: no source and no log.
    pub fn is_bare(&self) -> bool {
        self.sources.is_empty() && self.logs.is_empty()
    }

    /// The log of a name.
    pub fn log(&self, name: &str) -> Option<&LogConfig> {
        self.logs.iter().find(|log| log.id.as_str() == name)
    }
}

impl Suppression {
    /// Whether it accepts a finding, by its id and detector, at an instant.
    pub fn accepts(&self, finding: &str, detector: &str, at: EventTime) -> bool {
        let named = match &self.what {
            Suppressed::Finding(id) => id == finding,
            Suppressed::Detector(id) => id == detector,
        };
        named && at < self.until
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Origin::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Default => f.write_str(&self.what),
            _ => write!(f, "{}: {}", self.origin, self.what),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
