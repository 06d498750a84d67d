//! The Sigma rules of a site: read from their files, checked, and what can be said of them before a run.
//!
//! Rules that cannot be read stop the run: a rule that somebody wrote and that never runs would look
//! like one that never had to. One that the logs at hand cannot show is a line of coverage.

use std::path::Path;

use sever_detect::sigma::{self, Outlook, RuleFile};
use sever_engine::LogInput;
use sever_model::{CoverageLine, EventSource, Listing, Seen, SourceId};

use super::{Site, cannot_read};
use crate::hint::Failure;

/// The longest file of rules.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Mistakes in rules that are told at once.
const ERRORS_SHOWN: usize = 20;

/// What of the rules runs over the logs of a run.
pub struct Rules {
    /// Whether there are any.
    configured: bool,
    /// How many run, and which cannot.
    pub outlook: Outlook,
}

impl Site {
    /// The configured rules, as they are written.
    ///
    /// # Errors
    /// When there is no file, one cannot be read, or a rule is wrong: every mistake with its file.
    pub fn rules(&self) -> Result<Vec<RuleFile>, Failure> {
        let Some(configured) = &self.config.sigma else { return Ok(Vec::new()) };
        let place = |failure: Failure| Failure {
            what: format!("{}: `[sigma]`: {}", configured.origin, failure.what),
            ..failure
        };
        let one = configured.paths.joined().is_file();
        let mut files = configured.paths.files().map_err(place)?;
        files.retain(|file| one || is_yaml(file));
        if files.is_empty() {
            let what = format!("`{}` holds no file that ends in `.yml` or `.yaml`", configured.paths.text);
            return Err(place(Failure::usage(what).hint("put Sigma rules there, or leave `[sigma]` out")));
        }
        let mut rules = Vec::new();
        for file in &files {
            let bytes = std::fs::metadata(file).map_err(|error| cannot_read(file, error))?.len();
            if bytes > FILE_BYTES_MAX {
                let what = format!("`{}` has {bytes} bytes, more than {FILE_BYTES_MAX}", file.display());
                return Err(place(Failure::usage(what).hint("split it: one rule a file")));
            }
            let text = std::fs::read_to_string(file).map_err(|error| cannot_read(file, error))?;
            let name = file.strip_prefix(&configured.paths.base).unwrap_or(file);
            rules.push(RuleFile { file: name.display().to_string(), text });
        }
        let errors = sigma::check(&rules);
        let Some(first) = errors.first() else { return Ok(rules) };
        let mut lines: Vec<String> =
            errors.iter().take(ERRORS_SHOWN).map(|error| format!("{}: {}", error.file, error.what)).collect();
        if errors.len() > ERRORS_SHOWN {
            lines.push(format!("and {} more", errors.len() - ERRORS_SHOWN));
        }
        Err(place(Failure::usage(lines.join("\n")).hint(first.hint)))
    }

    /// What of the rules runs over these logs.
    ///
    /// # Errors
    /// As [`Site::rules`].
    pub fn rules_over(&self, inputs: &[LogInput]) -> Result<Rules, Failure> {
        let rules = if self.config.detectors.off.iter().any(|id| id == "sigma") { Vec::new() } else { self.rules()? };
        let sources: Vec<EventSource> = inputs.iter().map(LogInput::read_as).collect();
        let outlook = sigma::outlook(&rules, &sources, &self.limits);
        Ok(Rules { configured: !rules.is_empty(), outlook })
    }
}

impl Rules {
    /// Those that cannot run, as lines of coverage.
    pub fn not_covered(&self) -> Vec<CoverageLine> {
        let line = |(title, file, why): &(String, String, String)| CoverageLine {
            source: SourceId::from(format!("sigma/{file}")),
            kinds: Vec::new(),
            seen: Seen::NotAtAll,
            listing: Listing::Partial,
            from: None,
            to: None,
            records: 0,
            rejected: 0,
            gaps: vec![format!("rule `{title}` not evaluable: {why}")],
        };
        self.outlook.not_evaluable.iter().map(line).collect()
    }

    /// How many run, and how many have nothing to run over.
    pub fn notes(&self, notes: &mut Vec<String>) {
        if !self.configured {
            return;
        }
        let Outlook { running, without_log, not_evaluable } = &self.outlook;
        let all = running + without_log + not_evaluable.len();
        let mut note = format!("Sigma: {running} of {all} rules ran");
        if *without_log > 0 {
            note.push_str(&format!("; {without_log} are for logs that this run does not have"));
        }
        if !not_evaluable.is_empty() {
            note.push_str(&format!("; {} are not evaluable", not_evaluable.len()));
        }
        notes.push(note);
    }
}

fn is_yaml(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml"))
}
