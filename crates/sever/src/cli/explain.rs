//! `sever explain`: a detector, format, source, connector, judgement or exit code in words.

mod connector;

use std::fmt::Write as _;

use sever_model::{Judgement, Unjudgeable};

use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;

/// Explain a detector, format, source, connector, judgement or exit code
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its id, such as `token-never-issued`, or the number of an exit code
    pub id: String,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let (kind, id) = match args.id.split_once('/') {
        Some((kind, id)) => (Some(kind), id),
        None => (None, args.id.as_str()),
    };
    let explained = [
        ("detectors", detector(id)),
        ("formats", format(id)),
        ("sources", source(id)),
        ("connections", connector::page(id)),
        ("judgements", judgement(id)),
        ("exit-codes", exit_code(id)),
    ];
    let asked = explained.into_iter().filter(|(of, _)| kind.is_none_or(|kind| kind == *of));
    let pages: Vec<(&str, String)> = asked.filter_map(|(of, page)| Some((of, page?))).collect();
    if pages.is_empty() {
        return Err(Failure::unknown("detector, format, source, connector, judgement or exit code", id, known()));
    }
    // A log and an export of one system may have one id.
    if pages.len() > 1 {
        let each: Vec<String> = pages.iter().map(|(kind, _)| format!("`sever explain {kind}/{id}`")).collect();
        out.note(&format!("`{id}` is of several kinds: {}", each.join(", ")));
    }
    let pages: Vec<String> = pages.into_iter().map(|(_, page)| page).collect();
    out.text(&pages.join("\n"));
    Ok(vec![Exit::Clean])
}

fn known() -> impl Iterator<Item = &'static str> {
    let detectors = sever_detect::registry::DETECTORS.iter().map(|registered| registered.meta.id);
    let formats = sever_decode::FORMATS.iter().map(|format| format.id);
    let sources = sever_connect::PROVIDERS.iter().map(|provider| provider.id);
    let connectors = sever_connect::CONNECTORS.iter().map(|connector| connector.id);
    detectors.chain(formats).chain(sources).chain(connectors).chain(JUDGEMENTS.iter().map(|(word, _)| *word))
}

fn detector(id: &str) -> Option<String> {
    let meta = sever_detect::registry::DETECTORS.iter().find(|registered| registered.meta.id == id)?.meta;
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut page = format!("# {}\n\n{}.\n\n", meta.id, meta.title);
    let rows = [
        ("Speaks when", meta.speaks_when.to_owned()),
        ("Stays quiet when", meta.quiet_when.to_owned()),
        ("What to do", meta.remediation.to_owned()),
        ("Who should act", word(serde_json::json!(meta.audience))),
        ("Usual severity", word(serde_json::json!(meta.severity))),
        ("Usual confidence", format!("{} (each finding says its own)", word(serde_json::json!(meta.confidence)))),
        ("Settings", settings(id)),
        ("MITRE ATT&CK", meta.attack.join(", ")),
        ("Memory is bounded by", meta.bounded_by.to_owned()),
        (
            "Profiles people",
            if meta.profiles_people { "yes: off until a legal basis is recorded" } else { "no" }.to_owned(),
        ),
    ];
    for (name, text) in rows {
        // Writing to a String cannot fail.
        write!(page, "**{name}**: {text}\n\n").ok();
    }
    writeln!(page, "Fixtures: `tests/detectors/{}/`.", meta.id).ok();
    Some(page)
}

/// What of a detector can be set, with what holds where nothing is.
fn settings(id: &str) -> String {
    let all = serde_json::to_value(sever_detect::registry::Settings::default()).unwrap_or_default();
    let own = all.get(id).and_then(serde_json::Value::as_object);
    let own: Vec<String> =
        own.into_iter().flatten().map(|(name, default)| format!("`{name}` (default {default})")).collect();
    if own.is_empty() {
        return "none: it has no threshold".to_owned();
    }
    format!("under `[detectors.{id}]`: {}", own.join(", "))
}

fn format(id: &str) -> Option<String> {
    let format = sever_decode::FORMATS.iter().find(|format| format.id == id)?;
    let mut page = format!("# {}\n\n{}\n\n{}\n\n", format.id, format.title, format.about);
    writeln!(page, "**How issuance and use join**: {}\n", format.joins).ok();
    writeln!(page, "**Records**: {}\n", records(format.framing)).ok();
    let whole: Vec<String> = format.whole.iter().map(|field| format!("`{}`", field.name())).collect();
    if !whole.is_empty() {
        writeln!(
            page,
            "**A whole record has** {}. One that lacks any was trimmed on its way: it is still read, and counted as \
             `missing`.\n",
            whole.join(", ")
        )
        .ok();
    }
    writeln!(page, "Try it: `sever decode FILE --as {id}`. In the configuration:\n").ok();
    writeln!(page, "```toml\n[[log]]\nname = \"{id}\"\npath = \"…\"\nformat = \"{id}\"\n```").ok();
    Some(page)
}

fn records(framing: sever_decode::Framing) -> &'static str {
    use sever_decode::Framing;
    match framing {
        Framing::Lines => "one a line",
        Framing::Csv => "one a line of CSV, whose quoted fields may hold line ends",
        Framing::Syslog => "one a line of syslog, with its header",
        Framing::Json => "JSON: one a line, in an array or a page of an API, or one after another",
    }
}

fn source(id: &str) -> Option<String> {
    let provider = sever_connect::PROVIDERS.iter().find(|provider| provider.id == id)?;
    let kinds: Vec<&str> = provider.kinds.iter().map(|kind| kind.word()).collect();
    let mut page = format!("# {}\n\n{}\n\n{}\n\n", provider.id, provider.title, provider.about);
    writeln!(page, "**The least scope that can make the export**: {}\n", provider.scope).ok();
    writeln!(page, "**Facts it gives**: {}\n", kinds.join(", ")).ok();
    if !provider.columns.is_empty() {
        page.push_str("| column | what it becomes | also recognised |\n|---|---|---|\n");
        for column in provider.columns {
            let also: Vec<String> = column.also.iter().map(|name| format!("`{name}`")).collect();
            writeln!(page, "| `{}` | {} | {} |", column.name, column.about, also.join(", ")).ok();
        }
        page.push_str(
            "\nNames are compared without case, blanks and signs. Another one is given under `[source.map]`: our name = \
             theirs.\n\n",
        );
    }
    if provider.together {
        page.push_str("Several files of it in one folder are one export: give the folder as `path`.\n\n");
    }
    page.push_str("In the configuration:\n\n");
    writeln!(page, "```toml\n[[source]]\nname = \"{id}\"\nkind = \"{id}\"\npath = \"…\"\n```").ok();
    Some(page)
}

/// What each judgement means.
const JUDGEMENTS: [(&str, &str); 5] = [
    (
        "issued",
        "The issuer logged that it made this token, and the claims named were compared and agree. A token that was \
         stolen whole is issued too: issuance says nothing about who holds it.",
    ),
    ("mismatch", "The issuer logged a token of this id, with other claims: the id was copied on to a forged token."),
    ("never-issued", "The issuer's log is known to be complete where it would have to stand, and it does not: forged."),
    ("expired", "The token was used after its own end."),
    ("unjudgeable", "It cannot be told whether the token was issued. Never counted as issued, and never as forged."),
];

fn judgement(id: &str) -> Option<String> {
    let (word, text) = JUDGEMENTS.iter().find(|(word, _)| *word == id)?;
    let mut page = format!("# {word}\n\n{text}\n");
    if *word == Judgement::Unjudgeable(Unjudgeable::NoJoinKey).word() {
        page.push_str("\n| why | what would make it judgeable |\n|---|---|\n");
        for reason in Unjudgeable::ALL {
            writeln!(page, "| {} | {} |", reason.words(), reason.cure()).ok();
        }
    }
    Some(page)
}

/// What an exit code means, and where it stands among the others.
fn exit_code(id: &str) -> Option<String> {
    let code: u8 = id.parse().ok()?;
    let exit = crate::exit::ORDER.into_iter().find(|exit| exit.code() == code)?;
    let mut page = format!("# exit code {code}\n\n{}.\n\n", exit.words());
    page.push_str("Where several hold, the process ends with the first of these; `--format json` lists all.\n\n");
    page.push_str("| code | means |\n|---|---|\n");
    for exit in crate::exit::ORDER {
        writeln!(page, "| {} | {} |", exit.code(), exit.words()).ok();
    }
    Some(page)
}
