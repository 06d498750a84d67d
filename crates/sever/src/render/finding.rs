//! One finding as a page: what is claimed, why, on what evidence, what would
//! make it harmless, what to do next.

use std::io::{self, Write};

use sever_model::{Audience, Confidence, Finding, Meta, Severity, Stage, ThingKind};

use super::cell::thousands;
use super::{Style, Tone, plain};

/// Writes one finding as a page. `meta` is its detector's, where it is still registered.
///
/// # Errors
/// When `out` cannot be written.
pub fn finding_page(out: &mut dyn Write, finding: &Finding, meta: Option<&Meta>, style: &Style) -> io::Result<()> {
    let word = severity_word(finding.severity);
    let tone = Tone::of(word).unwrap_or(Tone::Strong);
    let (confidence, stage) = (confidence_word(finding.confidence), stage_word(finding.stage));
    writeln!(out, "{}", style.paint(&plain(&finding.sentence()), Tone::Strong))?;
    writeln!(out, "{} · {confidence} · {stage} · {} {}", style.paint(word, tone), finding.detector, finding.id)?;

    heading(out, style, "why it fired")?;
    let inputs = finding.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let speaks = meta.map(|meta| ("rule", meta.speaks_when));
    pairs(out, &speaks.into_iter().chain(inputs).collect::<Vec<_>>())?;

    heading(out, style, "what it names")?;
    for thing in &finding.things {
        writeln!(out, "  {:<10}  {}", thing.kind.word(), plain(&thing.id))?;
    }

    let (shown, count) = (finding.evidence.len(), thousands(&finding.count.to_string()));
    heading(out, style, &format!("evidence ({shown} shown, {count} in all)"))?;
    for evidence in &finding.evidence {
        let offset = evidence.offset.map_or_else(String::new, |offset| format!(" at byte {offset}"));
        writeln!(out, "  {}  {}{offset}", evidence.at, plain(evidence.source.as_str()))?;
        writeln!(out, "    {}", plain(&evidence.shows))?;
    }
    writeln!(out, "  first {}, last {}, could be said {}", finding.first, finding.last, finding.known_at)?;

    if let Some(meta) = meta {
        heading(out, style, "harmless if")?;
        writeln!(out, "  {}", meta.quiet_when)?;
    }
    heading(out, style, "what to do next")?;
    if let Some(meta) = meta {
        writeln!(out, "  {} ({})", meta.remediation, audience_word(meta.audience))?;
    }
    for command in next_commands(finding) {
        writeln!(out, "  {}", style.paint(&command, Tone::Hint))?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, style: &Style, text: &str) -> io::Result<()> {
    writeln!(out, "\n{}", style.paint(text, Tone::Strong))
}

fn pairs(out: &mut dyn Write, pairs: &[(&str, &str)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in pairs {
        writeln!(out, "  {:<width$}  {}", plain(name), plain(value))?;
    }
    Ok(())
}

/// The commands that open the rows behind what is claimed.
fn next_commands(finding: &Finding) -> Vec<String> {
    let mut commands = Vec::new();
    // The reach of a signing key is every customer; that of its forged uses is what was lost.
    let forged = finding.inputs.iter().any(|(input, value)| input == "judgement" && value == "never issued");
    let judged = if forged { " --judged never-issued" } else { "" };
    for thing in &finding.things {
        let id = shell_word(&thing.id);
        match thing.kind {
            ThingKind::Credential | ThingKind::Account => {
                commands.push(format!("sever who {id}"));
                commands.push(format!("sever reach {id}{judged}"));
            }
            ThingKind::Person | ThingKind::Group | ThingKind::Resource => commands.push(format!("sever who {id}")),
            ThingKind::Session | ThingKind::Address | ThingKind::Client => commands.push(format!("sever reach {id}")),
            ThingKind::Issuer | ThingKind::Source => commands.push("sever doctor".to_owned()),
        }
    }
    let mut said: Vec<String> = Vec::new();
    for command in commands {
        if !said.contains(&command) {
            said.push(command);
        }
    }
    said.truncate(NEXT_COMMANDS_MAX);
    said
}

/// More than these few would not be read.
const NEXT_COMMANDS_MAX: usize = 4;

/// The text as one word of a POSIX shell: a command that is copied must not run what a log says.
fn shell_word(text: &str) -> String {
    let bare = |char: char| char.is_ascii_alphanumeric() || "-_./:@+=%,".contains(char);
    let text = plain(text);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(bare) {
        return text.into_owned();
    }
    let dash = if text.starts_with('-') { "-- " } else { "" };
    format!("{dash}'{}'", text.replace('\'', r"'\''"))
}

pub(super) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

pub(super) const fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Possible => "possible",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}

pub(super) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Retracted => "retracted",
        Stage::Provisional => "provisional",
        Stage::Confirmed => "confirmed",
    }
}

pub(super) const fn audience_word(audience: Audience) -> &'static str {
    match audience {
        Audience::Responder => "responder",
        Audience::Engineer => "engineer",
        Audience::Reviewer => "reviewer",
    }
}
