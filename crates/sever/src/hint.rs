//! Failures as users see them: what, where, and the cure.
//!
//! Libraries say what went wrong and, where they know it, what to do about it. Here both become an
//! `error:` and a `hint:` line on stderr and an exit code. A misspelt name gets a did-you-mean
//! ([`nearest`]).

use std::fmt;
use std::io::{self, Write};

use sever_model::TimeError;
use sever_model::port::SourceError;

use crate::config::{ConfigError, Problem};
use crate::exit::Exit;
use crate::render::plain;

/// Why a command did not do its job.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong and where: lower case, no final period, the user's text in backticks.
    pub what: String,
    /// What to do: the next command, the line to add.
    pub hint: Option<String>,
    /// The code it ends with.
    pub exit: Exit,
}

impl Failure {
    /// It failed.
    pub fn new(what: impl Into<String>) -> Failure {
        Failure { what: what.into(), hint: None, exit: Exit::Failed }
    }

    /// It was asked wrongly.
    pub fn usage(what: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, ..Failure::new(what) }
    }

    /// A name that stands for nothing, with the nearest that does.
    pub fn unknown<'a>(noun: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = nearest_or_all(name, &known);
        Failure { what: format!("there is no {noun} `{name}`"), hint, exit: Exit::Usage }
    }

    /// With a cure.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// With another exit code.
    pub fn exit(mut self, exit: Exit) -> Failure {
        self.exit = exit;
        self
    }

    /// The same with its texts changed.
    pub fn map_text(&self, change: impl Fn(&str) -> String) -> Failure {
        Failure { what: change(&self.what), hint: self.hint.as_deref().map(change), exit: self.exit }
    }

    /// Writes `error: …` and `hint: …`, safe for a terminal whatever names are in it.
    ///
    /// # Errors
    /// When `err` cannot be written.
    pub fn print(&self, err: &mut dyn Write) -> io::Result<()> {
        for (at, line) in self.what.lines().enumerate() {
            writeln!(err, "{}{}", if at == 0 { "error: " } else { "       " }, plain(line))?;
        }
        for (at, line) in self.hint.iter().flat_map(|hint| hint.lines()).enumerate() {
            writeln!(err, "{}{}", if at == 0 { "hint: " } else { "      " }, plain(line))?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

impl From<ConfigError> for Failure {
    /// One problem has its hint below it; of several, each has its own behind it.
    fn from(error: ConfigError) -> Failure {
        match error.problems.as_slice() {
            [only] => Failure { hint: only.hint.clone(), ..Failure::usage(only.to_string()) },
            problems => {
                let line = |problem: &Problem| match &problem.hint {
                    Some(hint) => format!("{problem} ({hint})"),
                    None => problem.to_string(),
                };
                Failure::usage(problems.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    /// What the error's causes say, joined, with the hint and code of the one that knows them.
    fn from(error: anyhow::Error) -> Failure {
        let error = match error.downcast::<Failure>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        let error = match error.downcast::<ConfigError>() {
            Ok(config) => return config.into(),
            Err(error) => error,
        };
        let mut failure = Failure::new(joined(&error));
        for cause in error.chain() {
            if let Some(inner) = cause.downcast_ref::<Failure>() {
                (failure.hint, failure.exit) = (inner.hint.clone(), inner.exit);
            } else if let Some(source) = cause.downcast_ref::<SourceError>() {
                failure.hint = source.hint.clone();
            } else if cause.downcast_ref::<TimeError>().is_some() {
                failure.exit = Exit::Usage;
            } else if let Some(io) = cause.downcast_ref::<io::Error>() {
                failure.hint = failure.hint.or_else(|| io_hint(io.kind()).map(str::to_owned));
            }
        }
        failure
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        anyhow::Error::from(error).into()
    }
}

/// The causes from the outermost in, leaving out one that the message before it already quotes.
fn joined(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if said.is_empty() {
            said = text;
        } else if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
    }
    said
}

fn io_hint(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::PermissionDenied => Some("this user may not read or write it: change its owner or mode"),
        io::ErrorKind::StorageFull => Some("the disk is full: free space, or move `data_dir` with SEVER_DATA_DIR"),
        io::ErrorKind::ReadOnlyFilesystem => Some("set `data_dir` to a folder that can be written"),
        _ => None,
    }
}

/// The known name that a misspelt one was most likely meant to be.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    if name.is_empty() {
        return None;
    }
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let lower = candidate.to_lowercase();
        let mut likeness = strsim::jaro_winkler(&name, &lower);
        if lower.starts_with(&name) || strsim::damerau_levenshtein(&name, &lower) <= 1 {
            likeness = likeness.max(0.9);
        }
        // Below this, a suggestion is more often a distraction than a help.
        if likeness >= 0.8 && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?``, where a known name is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|found| format!("did you mean `{found}`?"))
}

/// A did-you-mean, else the names that there are, where they are few enough to read.
pub fn nearest_or_all(name: &str, known: &[&str]) -> Option<String> {
    did_you_mean(name, known.iter().copied()).or_else(|| match known {
        [] => None,
        [only] => Some(format!("there is only `{only}`")),
        few if few.len() <= 20 => Some(format!("one of `{}`", few.join("`, `"))),
        many => Some(format!("there are {}, such as `{}`", many.len(), many.get(..3).unwrap_or_default().join("`, `"))),
    })
}

#[cfg(test)]
mod tests;
