//! One installation: its configuration, its data directory, and what every command needs of them.

mod acting;
mod connections;
mod gate;
mod guard;
mod knocking;
mod reach;
mod retention;
mod scanned;
pub(super) mod secret;
#[cfg(feature = "s3")]
mod shelf;
mod sigma;
mod watching;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sever_connect::SourceSettings;
use sever_decode::{Format as LogFormat, Mapping};
use sever_detect::registry;
use sever_engine::{LogInput, ScanOutcome, ScanSetup, SyncLine, SyncOutcome, Watch};
use sever_lake::{IndexWriter, LakeWriter, People};
use sever_model::port::{Detector, Source};
use sever_model::{
    Class, EventSource, EventTime, FactKind, Finding, FingerprintKey, Inventory, Limits, SourceId, SubjectRegister,
    WallTime, Zone,
};
use sever_store::{Brake, Register, RegisterInput, Run, RunKind, Store};

use crate::cli::output::Output;
use crate::cli::places::{self, Place};
use crate::cli::{Global, Times};
use crate::config::{Config, Known, LogConfig, Request, SourceConfig};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::progress::Meter;

pub use connections::Capability;
pub(super) use connections::NoSecrets;
pub use scanned::IssuerGaps;

/// The two times that a question is asked of.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// What was true then.
    pub as_of: EventTime,
    /// As we knew it then.
    pub known_at: WallTime,
}

impl Moment {
    /// Now, as we know it now.
    pub fn now() -> Moment {
        let now = crate::clock::now();
        Moment { as_of: now.as_event(), known_at: now }
    }
}

/// One installation.
pub struct Site {
    /// The configuration in force.
    pub config: Config,
    /// The run's limits.
    pub limits: Limits,
    store: Store,
    runtime: tokio::runtime::Runtime,
}

/// How much of a log is looked at to tell its format, decompressed.
const HEAD_BYTES: usize = 64 << 10;

impl Site {
    /// Opens the installation that the flags and files name.
    ///
    /// # Errors
    /// When the configuration is wrong, or there is none at all.
    pub fn open(global: &Global, out: &mut Output) -> Result<Site, Failure> {
        let config = load(global, global.config.clone())?;
        if config.is_bare() {
            return Err(Failure::usage("there is no severance.toml here that names a source or a log")
                .hint("`sever init --from DIR` writes one from a folder of exports and logs")
                .exit(Exit::Usage));
        }
        let mut site = Site::with(config)?;
        site.protect(global, out)?;
        Ok(site)
    }

    /// The same, or nothing but a data directory where logs are named on the command line.
    ///
    /// # Errors
    /// As [`Site::open`].
    pub fn open_or_bare(global: &Global, logs: &[PathBuf], out: &mut Output) -> Result<Site, Failure> {
        if logs.is_empty() {
            return Site::open(global, out);
        }
        let mut site = Site::with(load(global, global.config.clone())?)?;
        site.protect(global, out)?;
        Ok(site)
    }

    /// Opens the installation of one configuration file, whatever the flags name.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn at(file: &Path, global: &Global) -> Result<Site, Failure> {
        Site::with(load(&Global { data_dir: None, ..global.clone() }, Some(file.to_owned()))?)
    }

    fn with(config: Config) -> Result<Site, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let store = runtime.block_on(Store::open(&config.data_dir)).map_err(store_failure)?;
        let limits = Limits { skew: config.skew, ..Limits::default() };
        #[cfg(feature = "s3")]
        shelf::teach();
        Ok(Site { config, limits, store, runtime })
    }

    /// The configured log that a file belongs to: its format and mapping. Nothing where there is no
    /// configuration, or the file is none of its.
    ///
    /// # Errors
    /// When the configuration is wrong, or the log's mapping does not read.
    pub fn configured_log(
        global: &Global,
        file: &Path,
    ) -> Result<Option<(&'static LogFormat, Option<Mapping>)>, Failure> {
        let config = load(global, global.config.clone())?;
        let Ok(file) = file.canonicalize() else { return Ok(None) };
        for log in &config.logs {
            // A pattern that matches nothing is told by the commands that need it.
            let files = log.paths.files().unwrap_or_default();
            if files.iter().any(|path| path.canonicalize().is_ok_and(|path| path == file)) {
                let format = format_of(log, &file)?;
                return Ok(Some((format, mapping_of(log, format, &file, &config.zone)?)));
            }
        }
        Ok(None)
    }

    /// The key that identifiers are fingerprinted under.
    pub fn key(&self) -> FingerprintKey {
        self.store.key()
    }

    /// The two times that flags name.
    ///
    /// # Errors
    /// When a time does not read.
    pub fn moment(&self, times: &Times) -> Result<Moment, Failure> {
        let mut moment = Moment::now();
        if let Some(text) = &times.as_of {
            moment.as_of = EventTime::parse(text).map_err(anyhow::Error::from)?;
        }
        if let Some(text) = &times.known_at {
            moment.known_at = WallTime::parse(text).map_err(anyhow::Error::from)?;
        }
        Ok(moment)
    }

    /// The inventory as of two times.
    ///
    /// # Errors
    /// When the store fails.
    pub fn inventory(&self, moment: &Moment) -> Result<Inventory, Failure> {
        let loaded = self.runtime.block_on(sever_engine::load(&self.store, moment.as_of, moment.known_at));
        loaded.map_err(engine_failure)
    }

    /// The inventory of some kinds of fact only, sooner.
    ///
    /// # Errors
    /// When the store fails.
    pub fn inventory_of(&self, kinds: &[FactKind], moment: &Moment) -> Result<Inventory, Failure> {
        let loaded = sever_engine::load_only(&self.store, kinds, moment.as_of, moment.known_at);
        self.runtime.block_on(loaded).map_err(engine_failure)
    }

    /// Runs something of the store's to its end.
    pub fn store<T>(&self, work: impl AsyncFnOnce(&Store) -> Result<T, sever_store::StoreError>) -> Result<T, Failure> {
        self.runtime.block_on(work(&self.store)).map_err(store_failure)
    }

    /// Runs something that changes the store to its end.
    pub fn store_mut<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Store) -> Result<T, sever_store::StoreError>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(work(&mut self.store)).map_err(store_failure)
    }

    /// The configured sources of facts, and those that cannot be opened or whose pattern matches
    /// nothing, with why.
    pub fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        for source in &self.config.sources {
            match self.open_source(source) {
                Ok(opened) => sources.opened.push(opened),
                Err(failure) => sources.failed.push((source.id.clone(), failure)),
            }
        }
        sources
    }

    fn open_source(&self, source: &SourceConfig) -> Result<Box<dyn Source>, Failure> {
        let provider = sever_connect::provider(&source.kind).map_err(|_| {
            Failure::unknown("kind of source", &source.kind, sever_connect::PROVIDERS.iter().map(|it| it.id))
        })?;
        let settings = SourceSettings {
            id: source.id.clone(),
            system: source.system.clone(),
            paths: source.paths.expand()?,
            zone: self.config.zone.clone(),
            complete: source.complete,
            map: source.map.clone(),
            limits: self.limits.clone(),
        };
        Ok((provider.open)(settings).map_err(anyhow::Error::from)?)
    }

    /// Pulls every source; one that cannot be opened is a failed line among the others. `now` says when
    /// we come to know a listing, by the instant it speaks of.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sync(&mut self, now: &dyn Fn(EventTime) -> WallTime) -> Result<SyncOutcome, Failure> {
        let Sources { opened, failed } = self.sources();
        let brake = Brake { share: self.config.brakes.share, count: self.config.brakes.count };
        let mut progress = Meter::stderr();
        let synced = sever_engine::sync(&mut self.store, &opened, &brake, now, &mut progress);
        let mut outcome = self.runtime.block_on(synced).map_err(engine_failure)?;
        outcome.lines.extend(failed.into_iter().map(|(source, failure)| SyncLine {
            source,
            listing: String::new(),
            applied: None,
            coverage: None,
            rejects: Vec::new(),
            failed: Some((failure.what, failure.hint)),
        }));
        if !self.store(async |store| store.names_are_current().await)? {
            let known = crate::clock::now();
            self.runtime.block_on(sever_engine::rename(&mut self.store, known)).map_err(engine_failure)?;
        }
        Ok(outcome)
    }

    /// Whether a register of subjects is configured.
    pub fn has_register(&self) -> bool {
        self.config.register.is_some()
    }

    /// The subject register, built anew where its file has changed.
    ///
    /// # Errors
    /// When its file cannot be read or has no ids.
    pub fn register(&mut self, out: &mut Output) -> Result<Option<Register>, Failure> {
        let Some(configured) = self.config.register.clone() else { return Ok(None) };
        let path = &configured.path;
        let meta = std::fs::metadata(path).map_err(|error| cannot_read(path, error))?;
        let changed = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let changed = WallTime::from_micros(changed.map_or(0, |at| i64::try_from(at.as_micros()).unwrap_or(i64::MAX)));
        let stamp = format!("{} {} {} {:?}", path.display(), meta.len(), changed, configured.complete_until);
        let target = self.store.register_path();
        let known = self.store(async |store| store.setting("register").await)?;
        if known.as_deref() != Some(stamp.as_str()) || !target.exists() {
            let complete_until = configured.complete_until.unwrap_or(changed.as_event());
            let columns = sever_store::Columns::default();
            let input = RegisterInput { path: path.clone(), columns, zone: self.config.zone.clone(), complete_until };
            let mut meter = Meter::stderr();
            let mut told = None;
            let built = Register::build(&input, &target, self.store.key(), &mut |done, of| {
                if told.is_none() {
                    meter.begin("register", Some(of), crate::progress::Unit::Items);
                }
                meter.advance(done.saturating_sub(told.unwrap_or(0)));
                told = Some(done);
            });
            let built = built.map_err(register_failure)?;
            for reject in &built.rejects {
                out.note(&format!("register: line {} not read: {}", reject.line.unwrap_or(0), reject.reason));
            }
            self.store_mut(async |store| store.set_setting("register", &stamp).await)?;
        }
        Register::open(&target, self.store.key()).map(Some).map_err(register_failure)
    }

    /// The files of the configured logs.
    ///
    /// # Errors
    /// When a pattern matches nothing, a file cannot be read, or a format cannot be told.
    pub fn logs(&self) -> Result<Vec<LogInput>, Failure> {
        self.logs_named(&[])
    }

    /// The files of these logs: names from the configuration, or files; all of them where none is named.
    ///
    /// # Errors
    /// As [`Site::logs`], or when a name is neither a log nor a file.
    pub fn logs_named(&self, names: &[PathBuf]) -> Result<Vec<LogInput>, Failure> {
        let mut inputs = Vec::new();
        if names.is_empty() {
            for log in &self.config.logs {
                inputs.extend(configured_inputs(log, &self.config.zone)?);
            }
        }
        for name in names {
            match self.config.log(&name.to_string_lossy()) {
                Some(log) => inputs.extend(configured_inputs(log, &self.config.zone)?),
                None => inputs.extend(self.bare_inputs(name)?),
            }
        }
        Ok(inputs)
    }

    /// The files of a path on the command line: a file as its log is configured, else sniffed.
    fn bare_inputs(&self, path: &Path) -> Result<Vec<LogInput>, Failure> {
        if !places::is_object(path) {
            let real = path.canonicalize().map_err(|error| {
                let known = self.config.logs.iter().map(|log| log.id.as_str());
                match error.kind() {
                    io::ErrorKind::NotFound => Failure::unknown("log or file", &path.to_string_lossy(), known),
                    _ => cannot_read(path, error),
                }
            })?;
            if let Some(input) = self.configured_file(&real)? {
                return Ok(vec![input]);
            }
        }
        let text = path.to_string_lossy();
        let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or(&text);
        let bare = LogConfig {
            id: SourceId::from(name),
            paths: crate::config::Paths { base: PathBuf::new(), text: String::new() },
            format: None,
            system: None,
            map: toml::Table::new(),
            origin: crate::config::Origin::Default,
        };
        inputs(&bare, &places::named(path)?, &self.config.zone)
    }

    /// A file of a configured log, as it is configured. Logs in object storage are not listed for it.
    fn configured_file(&self, real: &Path) -> Result<Option<LogInput>, Failure> {
        for log in self.config.logs.iter().filter(|log| !places::is_object(Path::new(&log.paths.text))) {
            // A pattern that matches nothing is told by the commands that need it.
            let files = places::files(&log.paths).unwrap_or_default();
            let same = |place: &&Place| place.path.canonicalize().is_ok_and(|path| path == real);
            if let Some(place) = files.iter().find(same) {
                regular(&place.path)?;
                let source = source(log, place, files.len());
                let format = format_of(log, &place.path)?;
                let mapping = mapping_of(log, format, &place.path, &self.config.zone)?;
                return input(source, place, format, mapping).map(Some);
            }
        }
        Ok(None)
    }

    /// The classes of token: those configured, and those that a log's format brings with it.
    pub fn classes(&self, inputs: &[LogInput]) -> Vec<Class> {
        self.classes_of(inputs.iter().map(|input| (&input.source.log, input.format.id)))
    }

    /// The classes of token of logs, each with its format.
    fn classes_of<'a>(&self, logs: impl Iterator<Item = (&'a SourceId, &'a str)>) -> Vec<Class> {
        let mut classes = self.config.classes.clone();
        let mut seen: Vec<&SourceId> = Vec::new();
        for (log, format) in logs {
            if !seen.contains(&log) {
                seen.push(log);
                classes.extend(sever_detect::builtin_classes(format, log));
            }
        }
        classes
    }

    /// The detectors that are on, with their settings.
    ///
    /// # Errors
    /// When a setting does not fit.
    pub fn detectors(&self) -> Result<Vec<Box<dyn Detector>>, Failure> {
        let configured = &self.config.detectors;
        let mut settings: registry::Settings =
            configured.settings.clone().try_into().map_err(|error: toml::de::Error| {
                Failure::usage(format!("{}: `[detectors]`: {}", configured.origin, error.message()))
                    .hint("`sever schema` lists the settings of each detector")
            })?;
        settings.sigma.rules.extend(self.rules()?);
        let mut off = configured.off.clone();
        off.extend(self.without_basis()?.into_iter().map(str::to_owned));
        Ok(registry::make_all(&settings, &off))
    }

    /// Judges logs, keeping nothing.
    ///
    /// # Errors
    /// When a log cannot be opened.
    pub fn scan<'a>(
        &mut self,
        inputs: Vec<LogInput>,
        inventory: &'a Inventory,
        register: Option<&'a dyn SubjectRegister>,
        watch: Option<Watch<'a>>,
        keep: Keep,
    ) -> Result<ScanOutcome, Failure> {
        let lake = match keep {
            Keep::Nothing => None,
            Keep::Uses => {
                let run = format!("scan-{}", crate::clock::now().micros());
                let sources = inputs.iter().map(|input| input.source.id.to_string());
                let (dir, key) = (self.lake_dir(), self.store.key());
                let lake =
                    LakeWriter::create(&dir, &run, sources, key, Some(self.dictionary()?)).map_err(lake_failure)?;
                Some(lake.with_index(IndexWriter::open(&self.store.index_dir()).map_err(lake_failure)?))
            }
        };
        let setup = ScanSetup {
            classes: self.classes(&inputs),
            inputs,
            inventory,
            register,
            detectors: self.detectors()?,
            key: self.store.key(),
            limits: self.limits.clone(),
            knocks: sever_store::knocks(self.store.dir()).map_err(store_failure)?,
            lake,
            watch,
        };
        let mut progress = Meter::stderr();
        let outcome = sever_engine::scan(setup, &mut progress).map_err(engine_failure)?;
        if outcome.lake_rows > 0 {
            self.update_index()?;
        }
        if keep == Keep::Uses {
            self.remember_retention()?;
        }
        Ok(outcome)
    }

    /// Where what the gate was told, and what it decided, is kept.
    pub fn gate_dir(&self) -> PathBuf {
        self.store.gate_dir()
    }

    /// Where judged uses are kept: a folder, or the address of a part of a bucket.
    pub fn lake_dir(&self) -> PathBuf {
        self.config.lake.clone().unwrap_or_else(|| self.store.lake_dir())
    }

    /// Who is in an answer: the configured resolvers and subject sets.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn people(&self) -> Result<People, Failure> {
        let mut people = People::new(self.store.key());
        for resolver in &self.config.resolvers {
            for path in resolver.paths.files()? {
                people.load_resolver(&resolver.endpoint, &path).map_err(lake_failure)?;
            }
        }
        for set in &self.config.subject_sets {
            people.load_set(&set.reference, &set.path).map_err(lake_failure)?;
        }
        Ok(people)
    }

    /// Remembers what a run found.
    ///
    /// # Errors
    /// When the store fails.
    pub fn save_findings(&mut self, kind: RunKind, inputs: Vec<String>, findings: &[Finding]) -> Result<(), Failure> {
        let now = crate::clock::now();
        let word = match kind {
            RunKind::Check => "check",
            RunKind::Scan => "scan",
        };
        let summary = serde_json::json!({ "findings": findings.len() });
        let run = Run { id: format!("{word}-{}", now.micros()), kind, known_at: now, inputs, summary };
        self.store_mut(async |store| {
            store.save_run(&run).await?;
            store.save_findings(&run, findings).await
        })
    }

    /// Findings but for those that somebody accepted, and how many those are.
    pub fn unsuppressed(&self, findings: Vec<Finding>) -> (Vec<Finding>, usize) {
        let now = crate::clock::now().as_event();
        let all = findings.len();
        let accepted = |finding: &Finding| {
            let mut suppressions = self.config.suppressions.iter();
            suppressions.any(|it| it.accepts(finding.id.as_str(), &finding.detector, now))
        };
        let left: Vec<Finding> = findings.into_iter().filter(|finding| !accepted(finding)).collect();
        let count = all - left.len();
        (left, count)
    }
}

/// The configured sources of facts.
#[derive(Default)]
pub struct Sources {
    /// Those that were opened.
    pub opened: Vec<Box<dyn Source>>,
    /// Those that could not be, with why.
    pub failed: Vec<(SourceId, Failure)>,
}

/// Whether judged uses are kept for `sever reach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// They are.
    Uses,
    /// They are not.
    Nothing,
}

/// The ids that the rooms register.
pub struct Ids {
    /// Kinds of source.
    pub providers: Vec<&'static str>,
    /// Log formats.
    pub formats: Vec<&'static str>,
    /// Detectors.
    pub detectors: Vec<&'static str>,
    /// Kinds of live connection.
    pub connectors: Vec<&'static str>,
}

impl Ids {
    /// The same, for the configuration to check against.
    pub fn known(&self) -> Known<'_> {
        Known {
            providers: &self.providers,
            formats: &self.formats,
            detectors: &self.detectors,
            connectors: &self.connectors,
        }
    }
}

/// The ids that the rooms register.
pub fn ids() -> Ids {
    Ids {
        providers: sever_connect::PROVIDERS.iter().map(|provider| provider.id).collect(),
        formats: sever_decode::FORMATS.iter().map(|format| format.id).collect(),
        detectors: registry::DETECTORS.iter().map(|registered| registered.meta.id).collect(),
        connectors: sever_connect::CONNECTORS.iter().map(|connector| connector.id).collect(),
    }
}

/// Reads the configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(global: &Global, file: Option<PathBuf>) -> Result<Config, Failure> {
    let ids = ids();
    let data_dir = global.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    let request = Request::of_process(file, ids.known()).flag("data_dir", data_dir);
    Ok(Config::load(&request)?)
}

/// The files of a configured log.
pub(super) fn configured_inputs(log: &LogConfig, zone: &Zone) -> Result<Vec<LogInput>, Failure> {
    inputs(log, &places::files(&log.paths)?, zone)
}

/// Files of one log. One whose format cannot be told (an empty one, say) is read as the others are.
fn inputs(log: &LogConfig, files: &[Place], zone: &Zone) -> Result<Vec<LogInput>, Failure> {
    let mut formats = Vec::new();
    for place in files {
        regular(&place.path)?;
        formats.push(format_of(log, &place.path));
    }
    let told = formats.iter().zip(files).find_map(|(format, place)| Some((format.as_ref().ok().copied()?, place)));
    let mut inputs = Vec::new();
    for (place, format) in files.iter().zip(formats) {
        let (format, like) = match (format, told) {
            (Err(_), Some(told)) => told,
            (format, _) => (format?, place),
        };
        let mapping = mapping_of(log, format, &like.path, zone)?;
        inputs.push(input(source(log, place, files.len()), place, format, mapping)?);
    }
    Ok(inputs)
}

/// What evidence names: the log, and the file where there are several.
fn source(log: &LogConfig, place: &Place, count: usize) -> EventSource {
    let mut source = EventSource::of(log.id.clone(), log.system.clone());
    if count > 1 {
        source.id = SourceId::from(format!("{}/{}", log.id, place.name));
    }
    source
}

fn input(
    source: EventSource,
    place: &Place,
    format: &'static LogFormat,
    mapping: Option<Mapping>,
) -> Result<LogInput, Failure> {
    regular(&place.path)?;
    let bytes = match std::fs::metadata(&place.path) {
        Ok(meta) => meta.len(),
        Err(_) => place.bytes,
    };
    let path = place.path.clone();
    let open: sever_engine::Open = Box::new(move || places::open(&path));
    Ok(LogInput { source, format, mapping, bytes, open })
}

fn format_of(log: &LogConfig, file: &Path) -> Result<&'static LogFormat, Failure> {
    if let Some(id) = &log.format {
        let known = sever_decode::FORMATS.iter().map(|format| format.id);
        return LogFormat::named(id).ok_or_else(|| Failure::unknown("log format", id, known));
    }
    if !log.map.is_empty() {
        return LogFormat::named("json-lines").ok_or_else(|| Failure::new("the format `json-lines` is missing"));
    }
    let head = head_of(file)?;
    sever_decode::sniff(&head).first().map(|sniffed| sniffed.format).ok_or_else(|| {
        Failure::new(format!("cannot tell what format `{}` has", file.display()))
            .hint("name it: `format = \"…\"` in its `[[log]]`; `sever formats` lists them")
    })
}

/// A log's mapping, for the mapped format: as configured, else guessed from its fields' names.
///
/// Dates without a zone are read in the configuration's, unless the mapping names one.
fn mapping_of(log: &LogConfig, format: &LogFormat, file: &Path, zone: &Zone) -> Result<Option<Mapping>, Failure> {
    let mut mapping = match written(log)? {
        Some(mapping) => mapping,
        None if format.id == "json-lines" => Mapping::guess(&head_of(file)?).mapping,
        None => Mapping::default(),
    };
    mapping.zone = mapping.zone.or_else(|| zone.name().map(str::to_owned));
    Ok(Some(mapping))
}

/// The mapping that a log's configuration writes down, if it does.
fn written(log: &LogConfig) -> Result<Option<Mapping>, Failure> {
    if !log.map.is_empty() {
        let mapping: Result<Mapping, toml::de::Error> = log.map.clone().try_into();
        let mapping = mapping.map_err(|error| {
            Failure::usage(format!("{}: `[log.map]` of `{}`: {}", log.origin, log.id, error.message()))
        })?;
        return Ok(Some(mapping));
    }
    Ok(None)
}

/// The head of a file, decompressed.
fn head_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut stored = Vec::new();
    let mut reader = places::open(file).map_err(|error| cannot_read(file, error))?;
    reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut stored).map_err(|error| cannot_read(file, error))?;
    Ok(unpacked(&stored))
}

/// The beginning of a log, decompressed.
pub fn unpacked(stored: &[u8]) -> Vec<u8> {
    sever_decode::head(stored, HEAD_BYTES)
}

/// Refuses a pipe or device as a log: it would be waited for, and can be read only once.
fn regular(file: &Path) -> Result<(), Failure> {
    if places::is_object(file) {
        return Ok(());
    }
    let kind = std::fs::metadata(file).map_err(|error| cannot_read(file, error))?.file_type();
    match kind.is_file() {
        true => Ok(()),
        false => Err(Failure::new(format!("`{}` is a folder, pipe or device, not a file", file.display()))
            .hint("write it to a file first; `sever decode -` reads standard input")),
    }
}

/// That a file cannot be read, and what to do.
pub fn cannot_read(path: &Path, error: io::Error) -> Failure {
    let failure = Failure::new(format!("cannot read `{}`: {error}", path.display()));
    if let Some(hint) = places::hint_of(&error) {
        return failure.hint(hint);
    }
    match error.kind() {
        io::ErrorKind::NotFound => failure.hint("check the path; it is relative to the file that names it"),
        io::ErrorKind::PermissionDenied => failure.hint("this user may not read it"),
        _ => failure,
    }
}

pub(super) fn store_failure(error: sever_store::StoreError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn register_failure(error: sever_store::RegisterError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Why the lake gave no answer.
pub fn lake_failure(error: sever_lake::LakeError) -> Failure {
    let failure = match &error {
        sever_lake::LakeError::Held { .. } => Failure::new(error.to_string()).exit(Exit::Refused),
        error => Failure::new(error.to_string()),
    };
    let told = match &error {
        sever_lake::LakeError::File { error, .. } => places::hint_of(error),
        _ => None,
    };
    match told.or_else(|| error.hint().map(str::to_owned)) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn engine_failure(error: sever_engine::EngineError) -> Failure {
    match error {
        sever_engine::EngineError::Store(error) => store_failure(error),
        sever_engine::EngineError::Lake(error) => lake_failure(error),
        other => anyhow::Error::from(other).into(),
    }
}
