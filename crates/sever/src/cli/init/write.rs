//! Writes what was proposed as a commented configuration.

use std::fmt::Write as _;
use std::path::Path;

use sever_decode::Field;
use sever_model::{CoverageBy, EventKind};

use super::link::Linked;
use super::propose::{LogProposal, Proposals, brief};
use crate::hint::Failure;

/// The configuration, for a file in `base`.
pub(super) fn toml(proposals: &Proposals, zone: &str, base: &Path) -> Result<String, Failure> {
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let base = base.canonicalize()?;
    let path = |path: &Path| -> Result<String, Failure> {
        if crate::cli::places::is_object(path) {
            return Ok(quoted(&path.to_string_lossy()));
        }
        // A glob may cross folders: the nearest folder that is there is where it begins.
        let here = Path::new(".");
        let there = |dir: &&Path| !dir.as_os_str().is_empty() && dir.is_dir();
        let dir = path.ancestors().skip(1).find(there);
        let name = dir.map_or(path, |dir| path.strip_prefix(dir).unwrap_or(path));
        let full = dir.unwrap_or(here).canonicalize()?.join(name);
        let shown = full.strip_prefix(&base).unwrap_or(&full);
        Ok(quoted(&shown.to_string_lossy()))
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    writeln!(
        text,
        "# What Severance reads. `sever config settings` lists every setting; `sever doctor` tries this file.\n"
    )
    .ok();
    writeln!(text, "zone = {}  # of dates and times that name none", quoted(zone)).ok();
    writeln!(text, "data_dir = \"severance-data\"").ok();
    text.push_str(&privacy(&crate::operator::login()));
    for source in &proposals.sources {
        writeln!(text, "\n# taken for this because: {}", comment(brief(&source.why))).ok();
        if let Err(why) = &source.preview {
            writeln!(text, "# CANNOT BE READ YET: {}", comment(why)).ok();
        }
        writeln!(text, "[[source]]\nname = {}\nkind = {}", quoted(&source.name), quoted(source.provider.id)).ok();
        writeln!(text, "path = {}", path(&source.path)?).ok();
        if let Some((system, why)) = &source.system {
            writeln!(text, "system = {}  # {}", quoted(system), comment(why)).ok();
        }
        if let Ok(preview) = &source.preview
            && !preview.unmapped.is_empty()
        {
            writeln!(
                text,
                "# not used: {}  (map = {{ our_field = \"Their column\" }})",
                comment(&preview.unmapped.join(", "))
            )
            .ok();
        }
    }
    for log in &proposals.logs {
        writeln!(text, "\n# taken for this because: {}", comment(&log.why)).ok();
        writeln!(text, "[[log]]\nname = {}\npath = {}", quoted(&log.name), path(&log.path)?).ok();
        writeln!(text, "format = {}", quoted(log.format.id)).ok();
        match &log.linked {
            Some(Linked { system, known, named }) => {
                let why = format!("whose accounts it names: {known} of the {named} in its head are there");
                writeln!(text, "system = {}  # {why}", quoted(system)).ok();
            }
            None if log.actors.is_empty() => {}
            None => {
                writeln!(text, "# system = \"…\"  # whose accounts it names: the `system` of a source above").ok();
            }
        }
        if let Some(mapping) = &log.mapping {
            writeln!(text, "[log.map]  # guessed from the fields' names: check it with `sever decode`").ok();
            text.push_str(&mapping.to_toml());
            let has = |field| mapping.pick(field).is_some();
            if let Some(subject) = mapping.pick(Field::TokenSubject)
                && has(Field::Resource)
                && !has(Field::DataSubjects)
            {
                let own = "whose data was in the answer; so, where people see only their own";
                writeln!(text, "# data_subjects = {}  # {own}", subject.to_toml()).ok();
            }
        }
    }
    for (issuer, issued_in, used_in) in proposals.joins() {
        class(&mut text, proposals, &issuer, &issued_in, &used_in);
    }
    if let Some(register) = &proposals.register {
        writeln!(
            text,
            "\n# who is a customer; an id that is not in it never existed\n[register]\npath = {}",
            path(register)?
        )
        .ok();
        writeln!(text, "# complete_until = \"…\"  # default: when the file was last changed").ok();
    }
    Ok(text)
}

/// A class that joins two logs, with what both of them have.
fn class(text: &mut String, proposals: &Proposals, issuer: &str, issued_in: &str, used_in: &[String]) {
    let sample = |name: &str| {
        let log = proposals.logs.iter().find(|log: &&LogProposal| log.name == name);
        log.and_then(|log| log.sample.as_ref())
    };
    let both = |field: &str| {
        sample(issued_in).is_some_and(|sample| sample.has(field))
            && used_in.iter().all(|log| sample(log).is_some_and(|sample| sample.has(field)))
    };
    let claims = ["key_id", "token_subject", "audience", "client", "issued_at", "expires_at"];
    let bound: Vec<String> = claims.into_iter().filter(|claim| both(claim)).map(quoted).collect();
    let issuing = sample(issued_in);
    let coverage = match issuing {
        Some(sample) if sample.has("sequence") => CoverageBy::Sequence,
        Some(sample) if sample.tells(EventKind::Heartbeat) => CoverageBy::Heartbeat,
        _ => CoverageBy::Unknown,
    };
    let coverage = match coverage {
        CoverageBy::Sequence => "\"sequence\"  # its records are numbered",
        CoverageBy::Heartbeat => "\"heartbeat\"",
        _ => "\"unknown\"  # nothing shows that the issuer's log is complete: nothing can be called never issued",
    };
    let used: Vec<String> = used_in.iter().map(|log| quoted(log)).collect();
    writeln!(
        text,
        "\n# tokens of this issuer stand in both logs: each use is looked up among the issuances\n[[class]]\n\
         issuer = {}\nname = \"access\"\nissued_in = {}\nused_in = [{}]\njoin = \"jti\"\nbound = [{}]\n\
         lifetime_max = \"1h\"  # CHECK: the longest that a token lives\nsettle = \"2m\"        # how late an issuance may be logged\n\
         coverage = {coverage}",
        quoted(issuer),
        quoted(issued_in),
        used.join(", "),
        bound.join(", "),
    )
    .ok();
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text for a comment: one line, whatever is in it.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Who may see names and ids: whoever runs this, until they write down who should.
fn privacy(login: &str) -> String {
    let may = crate::config::Deed::ALL.map(|deed| quoted(deed.word())).join(", ");
    format!(
        "\n# Who may see the names of people who are employed (`--reveal REASON`) and write out the ids of those \
         whose data\n# was touched; each time is recorded (`sever privacy`). `[privacy.retention]` says how long \
         things are kept.\n[[privacy.role]]\nname = \"owner\"\nwho = [{}]\nmay = [{may}]\n",
        quoted(login)
    )
}
