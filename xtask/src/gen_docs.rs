//! `cargo xtask gen-docs`: the reference pages, written from what the built binary says of itself.
//!
//! ```text
//! sever detectors --format json  ─► ids ─► sever explain ID ─► docs/detectors/ID.md
//! sever formats, sever sources   ─► the same under docs/formats/ and docs/sources/
//! sever connectors               ─► the same under docs/connections/
//! sever help, sever COMMAND help ─► docs/cli.md
//! ```
//!
//! What the program does not know is added here: which source and which log come from the same system
//! ([`TOGETHER`]), links between pages, the guides, and the pages of [`BY_HAND`].
//!
//! `--check` compares instead of writing. A page of a thing that is gone is removed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::command::{self, Build};

/// Whether to write.
#[derive(Args)]
pub(crate) struct GenDocsArgs {
    /// Only say whether the pages are fresh
    #[arg(long)]
    check: bool,
}

/// One kind of thing that has pages: the command that lists it, its folder, that one's title, what it is.
const KINDS: [(&str, &str, &str, &str); 4] = [
    ("detectors", "detectors", "Detectors", "What Severance can find, when it speaks and when it stays quiet."),
    ("formats", "formats", "Log formats", "The logs that it reads, and which fields it needs of them."),
    ("sources", "sources", "Sources", "Where facts come from, and which columns or files each needs."),
    (
        "connectors",
        "connections",
        "Connections",
        "The systems whose doors it lists, closes and tries, with which roles, and what each answer means.",
    ),
];

/// Sources and logs of one system, and why both are wanted.
const TOGETHER: [(&[&str], &[&str], &str); 12] = [
    (&["aws-iam"], &["cloudtrail"], "the export says who there is, the log who made whom and what was done"),
    (
        &["msgraph"],
        &["entra", "m365"],
        "the export says who owns which application, the log which of its secrets was used",
    ),
    (&["okta"], &["okta"], "the export says who has which application and token, the log how they were used"),
    (&["google-workspace"], &["google-workspace", "gcp-audit"], "the export says who has which grant, the log its use"),
    (&["keycloak-realm"], &["keycloak"], "the export says who there is, the log which tokens were issued"),
    (&["github"], &["github-audit"], "the export says who has which key, the log who made it"),
    (&["kubernetes"], &["kubernetes-audit"], "the export says who may read which secret, the log who did"),
    (&["postgres-roles"], &["postgres-csv", "postgres-json"], "the export says who may read what, the log who did"),
    (&["openbao", "openbao-audit"], &["openbao-audit"], "policies say who could have read a key, the log who did"),
    (
        &["ldif"],
        &["openldap", "samba-audit", "windows-security", "adfs"],
        "the export says who there is, the log who signed in",
    ),
    (&["ssh"], &["sshd"], "the export says whose keys open which host, the log which key did"),
    (&["scim", "accounts"], &["teleport", "auth0", "onelogin"], "a listing says who there is, the log who signed in"),
];

/// Connections and the sources of the same systems.
const CONNECTED: [(&[&str], &str); 6] = [
    (&["openldap", "active-directory"], "ldif"),
    (&["postgresql"], "postgres-roles"),
    (&["openbao"], "openbao"),
    (&["openssh"], "ssh"),
    (&["aws"], "aws-iam"),
    (&["scim"], "scim"),
];

/// As much of a list as the index needs.
#[derive(Deserialize)]
struct List {
    rows: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    title: String,
}

/// Writes the pages, or checks them.
pub(crate) fn run(args: &GenDocsArgs) -> Result<ExitCode> {
    if args.check {
        return Ok(if fresh(Build::Now)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let pages = pages(&command::sever(Build::Now)?)?;
    let differences = differences(&pages)?;
    for difference in &differences {
        let path = command::root().join(difference.path());
        match difference {
            Difference::Missing(name) | Difference::Stale(name) => {
                let folder = path.parent().context("a page without a folder")?;
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
                std::fs::write(&path, pages.get(name).map_or("", String::as_str))
                    .with_context(|| format!("cannot write {name}"))?;
            }
            Difference::Left(name) => std::fs::remove_file(&path).with_context(|| format!("cannot remove {name}"))?,
        }
    }
    command::say(&format!("{} pages, {} changed", pages.len(), differences.len()));
    Ok(ExitCode::SUCCESS)
}

/// Whether every page is as it should be; says which are not.
pub(crate) fn fresh(build: Build) -> Result<bool> {
    let differences = differences(&pages(&command::sever(build)?)?)?;
    for difference in &differences {
        let what = match difference {
            Difference::Missing(_) => "is missing",
            Difference::Stale(_) => "is stale",
            Difference::Left(_) => "is of a thing that is gone",
        };
        command::print(&format!("{}:1: {what}, run `cargo xtask gen-docs`", difference.path()));
    }
    Ok(differences.is_empty())
}

/// How a page is not as it should be.
enum Difference {
    Missing(String),
    Stale(String),
    Left(String),
}

impl Difference {
    fn path(&self) -> &str {
        match self {
            Difference::Missing(path) | Difference::Stale(path) | Difference::Left(path) => path,
        }
    }
}

fn differences(pages: &BTreeMap<String, String>) -> Result<Vec<Difference>> {
    let root = command::root();
    let mut found = Vec::new();
    for (path, text) in pages {
        match std::fs::read_to_string(root.join(path)) {
            Ok(there) if there == *text => {}
            Ok(_) => found.push(Difference::Stale(path.clone())),
            Err(_) => found.push(Difference::Missing(path.clone())),
        }
    }
    for (_, kind, _, _) in KINDS {
        let folder = root.join("docs").join(kind);
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = format!("docs/{kind}/{}", entry?.file_name().to_string_lossy());
            if !pages.contains_key(&path) {
                found.push(Difference::Left(path));
            }
        }
    }
    Ok(found)
}

/// Pages written by hand, with their titles in the index.
const BY_HAND: [(&str, &str); 5] = [
    ("gate.md", "The gate"),
    ("lake.md", "The lake, column by column"),
    ("proof.md", "The proof, byte by byte"),
    ("reach.md", "The reach index, byte by byte"),
    ("watch.md", "Watching, and being told"),
];

/// Every page by its path.
fn pages(sever: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Guides and reference\n\nGenerated from the program by `cargo xtask gen-docs`, but for the guides.\n\n",
    );
    index.push_str("## Guides\n\nStep by step, with examples to paste; a test follows each.\n\n");
    for (name, title) in guides()? {
        index.push_str(&format!("- [{title}](guides/{name})\n"));
    }
    index.push_str("\n## Commands\n\n- [Every command and its options](cli.md)\n");
    for (name, title) in BY_HAND {
        index.push_str(&format!("- [{title}]({name})\n"));
    }
    let mut listed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (command, kind, title, what) in KINDS {
        let text = said(sever, &[command, "--format", "json"])?;
        let list: List =
            serde_json::from_str(&text).with_context(|| format!("`sever {command} --format json` is no such list"))?;
        if list.rows.is_empty() {
            bail!("`sever {command}` lists nothing");
        }
        index.push_str(&format!("\n## {title}\n\n{what}\n\n"));
        for Listed { id, title } in list.rows {
            index.push_str(&format!("- [`{id}`]({kind}/{id}.md): {title}\n"));
            listed.entry(kind).or_default().push(id);
        }
    }
    let all: Vec<(&str, &str)> =
        listed.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| (*kind, id.as_str()))).collect();
    for (kind, id) in &all {
        let page = said(sever, &["explain", &format!("{kind}/{id}")])?;
        let page = linked(&page, kind, id, &all) + &beside(kind, id, &all);
        pages.insert(format!("docs/{kind}/{id}.md"), page);
    }
    pages.insert("docs/README.md".to_owned(), index);
    pages.insert("docs/cli.md".to_owned(), reference(sever)?);
    Ok(pages)
}

/// The hand-written guides: file and title.
fn guides() -> Result<Vec<(String, String)>> {
    let folder = command::root().join("docs/guides");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            let text = std::fs::read_to_string(entry.path()).with_context(|| format!("cannot read {name}"))?;
            let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
            found.push((name.clone(), title.with_context(|| format!("{name} has no title"))?.to_owned()));
        }
    }
    // In the order of a first reading: one's own files, a departure, an incident, then what others export, then adding to it.
    let first = |name: &str| match name {
        "your-own-three-files.md" => 0,
        "your-first-departure.md" => 1,
        "the-night-of-an-incident.md" => 2,
        name if name.starts_with("from-") => 3,
        _ => 4,
    };
    found.sort_by_key(|(name, _)| (first(name), name.clone()));
    Ok(found)
}

/// A page in whose prose other pages' ids are links. Only ids of several words, for a single one may be
/// a column's or a field's name; the same kind goes first.
fn linked(page: &str, kind: &str, id: &str, all: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        if fenced || line.starts_with('#') || line.starts_with('|') || line.starts_with("Try it") {
            out.push_str(line);
        } else {
            for (at, part) in line.split('`').enumerate() {
                let there = all.iter().filter(|(_, other)| *other == part && *other != id && other.contains('-'));
                let target = there.min_by_key(|(of, _)| *of != kind);
                match target.filter(|_| at % 2 == 1) {
                    Some((of, other)) => out.push_str(&format!("[`{other}`](../{of}/{other}.md)")),
                    None if at % 2 == 1 => out.push_str(&format!("`{part}`")),
                    None => out.push_str(part),
                }
            }
        }
        out.push('\n');
    }
    out
}

/// What else to read beside a page: the other half of its system, and the guides.
fn beside(kind: &str, id: &str, all: &[(&str, &str)]) -> String {
    let mut lines = Vec::new();
    for (sources, formats, why) in TOGETHER {
        let (own, others, of) = match kind {
            "sources" => (sources, formats, "formats"),
            "formats" => (formats, sources, "sources"),
            _ => continue,
        };
        for other in others.iter().filter(|other| own.contains(&id) && all.contains(&(of, *other))) {
            let noun = if of == "formats" { "log" } else { "source" };
            lines.push(format!("- the {noun} [`{other}`](../{of}/{other}.md): {why}"));
        }
    }
    for (_, source) in CONNECTED.iter().filter(|(ids, _)| kind == "connections" && ids.contains(&id)) {
        lines.push(format!(
            "- the source [`{source}`](../sources/{source}.md): whose the accounts are, and who made them"
        ));
    }
    lines.push(match (kind, id) {
        ("detectors", _) => "- [Write a detector](../guides/write-a-detector.md)".to_owned(),
        (_, "aws-iam" | "cloudtrail") => "- [From AWS](../guides/from-aws.md), step by step".to_owned(),
        (_, "msgraph" | "entra" | "m365") => {
            "- [From Entra and Splunk](../guides/from-entra-and-splunk.md), step by step".to_owned()
        }
        ("connections", "openldap" | "postgresql") => {
            "- [Your first departure](../guides/your-first-departure.md), step by step".to_owned()
        }
        ("formats", _) => "- [Map your own log](../guides/map-your-own-log.md), where none fits".to_owned(),
        _ => "- [Your own three files](../guides/your-own-three-files.md), step by step".to_owned(),
    });
    format!("\n## See also\n\n{}\n", lines.join("\n"))
}

/// The command line's own help, command by command; what every command takes is told once.
fn reference(sever: &Path) -> Result<String> {
    let top = said(sever, &["--help"])?;
    let mut page = format!("# Commands\n\n```text\n{}\n```\n", trimmed(&top));
    let brief = said(sever, &["-h"])?;
    let global: Vec<&str> = brief.lines().filter_map(flag).collect();
    let listed = brief.lines().skip_while(|line| line.trim() != "Commands:").skip(1);
    let names = listed.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("    "));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let help = own(&said(sever, &[name, "-h"])?, &global);
        page.push_str(&format!("\n## `sever {name}`\n\n```text\n{}\n```\n", trimmed(&help)));
    }
    Ok(page)
}

/// A command's help without the options that every command takes.
fn own(help: &str, global: &[&str]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut dropping = false;
    for line in help.lines() {
        let is_option = flag(line).is_some();
        // An option's text may go on in lines that are indented further.
        dropping = match flag(line) {
            Some(flag) => global.contains(&flag),
            None => dropping && line.starts_with("          "),
        };
        if !dropping {
            let empty = lines.last().is_some_and(|last| *last == "Options:") && !is_option;
            if empty {
                lines.pop();
            }
            lines.push(line);
        }
    }
    if lines.last().is_some_and(|last| *last == "Options:") {
        lines.pop();
    }
    lines.join("\n")
}

/// The flags that a line of help is about: `-f, --format <FORMAT>`.
fn flag(line: &str) -> Option<&str> {
    let text = line.trim_start();
    text.starts_with('-').then(|| text.split("  ").next().unwrap_or(text))
}

/// Without spaces that nobody sees.
fn trimmed(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What the binary prints, in an environment that changes nothing about it.
fn said(sever: &Path, args: &[&str]) -> Result<String> {
    let mut command = command::program(sever, args);
    command.env_clear().env("NO_COLOR", "1").env("COLUMNS", "100");
    command::output(&mut command)
}
