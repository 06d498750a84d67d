//! What each file of a folder is taken for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use sever_connect::{Preview, Provider, SourceSettings};
use sever_decode::{Field, Format, Mapping, Sniffed};
use sever_engine::{LogInput, LogSample};
use sever_model::{EventKind, EventSource, Limits, SourceId, SystemId, Zone};

use super::link::{self, Linked, Names};
use super::names::{NamesGiven, starred};
use super::{systems, together};
use crate::cli::{places, site};
use crate::hint::Failure;

/// Everything proposed.
#[derive(Default)]
pub(super) struct Proposals {
    pub sources: Vec<SourceProposal>,
    pub logs: Vec<LogProposal>,
    pub register: Option<PathBuf>,
    /// Files that nothing was made of, and why.
    pub unknown: Vec<(PathBuf, String)>,
}

/// A source of facts.
pub(super) struct SourceProposal {
    pub name: String,
    /// A file, a pattern for a series of dated ones, or a folder that is one export.
    pub path: PathBuf,
    /// The system whose ids it holds, where that is another source's, and why it is taken to be.
    pub system: Option<(String, String)>,
    pub provider: &'static Provider,
    pub why: String,
    pub preview: Result<Preview, String>,
    /// What it lists and names.
    pub names: Names,
}

/// A log.
pub(super) struct LogProposal {
    pub name: String,
    pub path: PathBuf,
    pub format: &'static Format,
    pub mapping: Option<Mapping>,
    pub why: String,
    pub sample: Option<LogSample>,
    /// The first few events, a line each.
    pub events: Vec<String>,
    /// Who acts in its head, lower case.
    pub actors: BTreeSet<String>,
    /// The account list that knows them.
    pub linked: Option<Linked>,
}

/// How sure a guess must be to be proposed.
const SCORE_MIN: u8 = 40;
/// How much of a file is looked at.
const HEAD_BYTES: u64 = 64 << 10;
/// Events shown of each log.
const EVENTS_SHOWN: usize = 5;

/// Proposes a source or log for every file that is recognised.
pub(super) fn all(dir: &Path, files: &[PathBuf], zone: &str) -> Result<Proposals, Failure> {
    let mut proposals = Proposals::default();
    let mut names = NamesGiven::default();
    let mut exports = Vec::new();
    let mut unknown: Vec<(PathBuf, String)> = Vec::new();
    // The files of a folder before those of the folders in it: an export's own are found first.
    let mut series: Vec<(PathBuf, Vec<PathBuf>)> = series(files).into_iter().collect();
    series.sort_by_key(|(pattern, _)| (pattern.components().count(), pattern.clone()));
    for (pattern, members) in series {
        let Some(newest) = members.last() else { continue };
        if newest.file_name().is_some_and(|name| name == "severance.toml" || name == "truth.json") {
            continue;
        }
        let mut head = Vec::new();
        let mut file = places::open(newest).map_err(|error| site::cannot_read(newest, error))?;
        file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| site::cannot_read(newest, error))?;
        let plain = site::unpacked(&head);
        // Exports are read from files of this machine only.
        let sources = if places::is_object(newest) {
            Vec::new()
        } else {
            sever_connect::sniff(newest).map_err(|error| site::cannot_read(newest, error))?
        };
        let source = sources.into_iter().next();
        let log = sever_decode::sniff(&plain).into_iter().next();
        let scores = (source.as_ref().map_or(0, |(_, score, _)| *score), log.as_ref().map_or(0, |log| log.score));
        let register = if places::is_object(newest) { 0 } else { register_score(&plain, &pattern) };
        let mut name = || names.source(&pattern);
        match (source, log) {
            _ if register > scores.0 && register > scores.1 && proposals.register.is_none() => {
                proposals.register = Some(pattern);
            }
            (Some((provider, score, why)), _) if provider.together && score >= SCORE_MIN && score >= scores.1 => {
                together::add(&mut exports, provider, why, pattern, members);
            }
            (Some((provider, score, why)), _) if score >= SCORE_MIN && score >= scores.1 => {
                proposals.sources.push(listing(name(), pattern.clone(), provider, why, &members, zone)?);
            }
            (source, Some(log)) if log.score >= SCORE_MIN => {
                let why = because(&log.why, &log);
                proposals.logs.push(look(pattern.clone(), newest, (log.format, None, why), zone));
                // Some logs are a source of facts as well: who read which secret.
                if let Some((provider, score, why)) = source.filter(|_| log.format.id == "openbao-audit")
                    && score >= SCORE_MIN
                {
                    proposals.sources.push(listing(name(), pattern.clone(), provider, why, &members, zone)?);
                }
            }
            (_, Some(log)) if log.format.id == "json-lines" => match mapped(&plain) {
                Some(mapping) => {
                    let why = because("JSON lines, with fields named as in a log", &log);
                    proposals.logs.push(look(pattern.clone(), newest, (log.format, Some(mapping), why), zone));
                }
                None => unknown.push((newest.clone(), "JSON lines, but no field reads as a time".to_owned())),
            },
            _ => unknown.push((newest.clone(), "no source or log format fits".to_owned())),
        }
    }
    // What nothing is made of, such as an empty policy, keeps no folder from being one export.
    let known: Vec<PathBuf> =
        files.iter().filter(|file| unknown.iter().all(|(path, _)| path != *file)).cloned().collect();
    for export in &exports {
        let source = one_of(export, dir, &known, &mut names, zone)?;
        unknown.retain(|(path, _)| source.path != export.folder || !path.starts_with(&export.folder));
        proposals.sources.push(source);
    }
    let shown = |path: &Path| path.strip_prefix(dir).unwrap_or(path).to_owned();
    proposals.unknown = unknown.into_iter().map(|(path, why)| (shown(&path), why)).collect();
    proposals.sources.sort_by(|a, b| a.path.cmp(&b.path));
    proposals.logs.sort_by(|a, b| a.path.cmp(&b.path));
    systems::link(&mut proposals.sources);
    for log in &mut proposals.logs {
        log.name = names.log(&log.path);
    }
    for at in 0..proposals.logs.len() {
        let linked = proposals.logs.get(at).and_then(|log| link::system_of(log, &proposals.sources));
        if let Some(log) = proposals.logs.get_mut(at) {
            log.linked = linked;
        }
    }
    Ok(proposals)
}

/// One source for an export in several files.
fn one_of(
    export: &together::Export,
    dir: &Path,
    files: &[PathBuf],
    names: &mut NamesGiven,
    zone: &str,
) -> Result<SourceProposal, Failure> {
    let path = export.path(files);
    // A file or a folder of its own names the source; a glob does not, nor does the folder looked through.
    let is_glob = export.series.len() > 1 && path != export.folder;
    let named = if is_glob || path == dir { Path::new(export.provider.id) } else { path.as_path() };
    listing(names.source(named), path.clone(), export.provider, export.why.clone(), &export.files(), zone)
}

/// Any JSON lines may be a log: they are one where the names of their fields give a time.
fn mapped(head: &[u8]) -> Option<Mapping> {
    let guess = Mapping::guess(head);
    guess.mapping.pick(Field::Time)?;
    Some(guess.mapping)
}

/// Why a log is taken for what it is, with what it is carried in.
fn because(why: &str, log: &Sniffed) -> String {
    let what = log.what();
    format!("{why}{}", what.strip_prefix(log.format.id).unwrap_or_default())
}

fn listing(
    name: String,
    path: PathBuf,
    provider: &'static Provider,
    why: String,
    members: &[PathBuf],
    zone: &str,
) -> Result<SourceProposal, Failure> {
    let settings = SourceSettings {
        id: SourceId::from(name.as_str()),
        system: SystemId::from(name.as_str()),
        paths: members.to_vec(),
        zone: Zone::named(zone).map_err(anyhow::Error::from)?,
        complete: true,
        map: BTreeMap::new(),
        limits: Limits::default(),
    };
    let names = link::names(provider, settings.clone());
    let preview = sever_connect::preview(provider, settings).map_err(|error| {
        let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", error.what)
    });
    Ok(SourceProposal { name, path, system: None, provider, why, preview, names })
}

/// Files whose names differ only in a date or number are one series: a pattern, and its files.
fn series(files: &[PathBuf]) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut series: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let pattern = starred(&name);
        let key = file.with_file_name(pattern);
        series.entry(key).or_default().push(file.clone());
    }
    let single = |(pattern, files): (PathBuf, Vec<PathBuf>)| match files.as_slice() {
        [only] => (only.clone(), files),
        _ => (pattern, files),
    };
    series.into_iter().map(single).collect()
}

/// A reason without the list that may follow it: the columns are told by themselves.
pub(super) fn brief(why: &str) -> &str {
    why.split(": ").next().unwrap_or(why)
}

/// Whether a table looks like a list of customers: ids with little else, in a file that is called so.
fn register_score(head: &[u8], path: &Path) -> u8 {
    let text = String::from_utf8_lossy(head);
    let header = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_lowercase();
    let columns: Vec<&str> = header.split([',', ';', '\t']).map(|name| name.trim().trim_matches('"')).collect();
    let known = [
        "id",
        "member_id",
        "user_id",
        "customer_id",
        "subject_id",
        "member",
        "created",
        "created_at",
        "joined",
        "deleted",
        "deleted_at",
        "closed",
        "closed_at",
        "is_member",
    ];
    let all = columns.iter().all(|column| known.contains(column));
    let id = columns.iter().any(|column| *column == "id" || column.ends_with("_id"));
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let called = ["member", "customer", "subject", "user", "register"].iter().any(|word| name.contains(word));
    match (all && id, called) {
        (true, true) => 95,
        (true, false) if columns.len() > 1 => 60,
        _ => 0,
    }
}

fn look(
    path: PathBuf,
    newest: &Path,
    (format, mapping, why): (&'static Format, Option<Mapping>, String),
    zone: &str,
) -> LogProposal {
    let file = newest.to_owned();
    // Read as it will be: times without a zone in the configured one.
    let mut as_read = mapping.clone().unwrap_or_default();
    as_read.zone = as_read.zone.or_else(|| Some(zone.to_owned()));
    let input = LogInput {
        source: EventSource::of(SourceId::from(path.to_string_lossy().as_ref()), None),
        format,
        mapping: Some(as_read),
        bytes: 0,
        open: Box::new(move || places::open(&file)),
    };
    let sample = LogSample::take(&input, &Limits::default()).ok();
    let events = crate::cli::decode::first_events(&input, EVENTS_SHOWN);
    let actors = link::actors(&input);
    // It is named when all sources are.
    LogProposal { name: String::new(), path, format, mapping, why, sample, events, actors, linked: None }
}

impl Proposals {
    /// What the user is shown: every proposal with a few mapped rows.
    pub(super) fn shown(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for source in &self.sources {
            writeln!(text, "{}  →  {} ({})", source.path.display(), source.provider.id, brief(&source.why)).ok();
            if let Some((system, why)) = &source.system {
                writeln!(text, "    of the system `{system}`: {why}").ok();
            }
            match &source.preview {
                Ok(preview) => {
                    let renamed = preview.mapped.iter().filter(|(ours, theirs)| ours != theirs);
                    let renamed: Vec<String> = renamed.map(|(ours, theirs)| format!("{ours} ← {theirs}")).collect();
                    if !renamed.is_empty() {
                        writeln!(text, "    columns: {}", renamed.join(", ")).ok();
                    }
                    if !preview.unmapped.is_empty() {
                        writeln!(text, "    not used: {}", preview.unmapped.join(", ")).ok();
                    }
                    for record in &preview.records {
                        writeln!(text, "    {}", super::row::row(record)).ok();
                    }
                    if preview.rejected > 0 {
                        writeln!(text, "    NOTE {} rows cannot be read", preview.rejected).ok();
                    }
                    for gap in &preview.gaps {
                        writeln!(text, "    NOTE {gap}").ok();
                    }
                }
                Err(why) => {
                    writeln!(text, "    CANNOT BE READ YET: {why}").ok();
                }
            }
        }
        if let Some(register) = &self.register {
            writeln!(text, "{}  →  register of customers", register.display()).ok();
        }
        for log in &self.logs {
            writeln!(text, "{}  →  log, {} ({})", log.path.display(), log.format.id, log.why).ok();
            if let Some(mapping) = &log.mapping {
                let fields: Vec<String> =
                    mapping.to_toml().lines().map(|line| line.replacen(" = ", " ← ", 1)).collect();
                writeln!(text, "    fields: {}", fields.join(", ").replace('"', "")).ok();
            }
            if let Some(Linked { system, known, named }) = &log.linked {
                writeln!(text, "    accounts: {known} of the {named} names in its head are in `{system}`").ok();
            }
            for event in &log.events {
                writeln!(text, "    {event}").ok();
            }
        }
        text
    }

    /// Issuers that some log issues for and another shows uses of: the issuer, the log of its
    /// issuances, the logs of uses.
    pub(super) fn joins(&self) -> Vec<(String, String, Vec<String>)> {
        let mut joins = Vec::new();
        let samples = || self.logs.iter().filter_map(|log| log.sample.as_ref().map(|sample| (log, sample)));
        for (issuing, sample) in samples().filter(|(_, sample)| sample.tells(EventKind::Issued)) {
            for issuer in &sample.issuers {
                let using = samples().filter(|(log, sample)| {
                    log.name != issuing.name && sample.has("credential") && sample.issuers.contains(issuer)
                });
                let using: Vec<String> = using.map(|(log, _)| log.name.clone()).collect();
                if !using.is_empty() {
                    joins.push((issuer.clone(), issuing.name.clone(), using));
                }
            }
        }
        joins
    }
}
