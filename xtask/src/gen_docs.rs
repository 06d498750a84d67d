//! `cargo xtask gen-docs`: the reference pages, written from what the built binary says of itself.
//!
//! ```text
//! sever detectors --format json  ─► ids ─► sever explain ID ─► docs/detectors/ID.md
//! sever formats, sever sources   ─► the same under docs/formats/ and docs/sources/
//! sever help, sever COMMAND help ─► docs/cli.md
//! ```
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

/// One kind of thing that has pages: the command that lists it, its folder's title, what it is.
const KINDS: [(&str, &str, &str); 3] = [
    ("detectors", "Detectors", "What Severance can find, when it speaks and when it stays quiet."),
    ("formats", "Log formats", "The logs that it reads, and which fields it needs of them."),
    ("sources", "Sources", "Where facts come from, and which columns or files each needs."),
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
    for (kind, _, _) in KINDS {
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

/// Every page by its path.
fn pages(sever: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut index =
        String::from("# Reference\n\nGenerated from the program by `cargo xtask gen-docs`.\n\n- [Commands](cli.md)\n");
    for (kind, title, what) in KINDS {
        let text = said(sever, &[kind, "--format", "json"])?;
        let list: List =
            serde_json::from_str(&text).with_context(|| format!("`sever {kind} --format json` is no such list"))?;
        if list.rows.is_empty() {
            bail!("`sever {kind}` lists nothing");
        }
        index.push_str(&format!("\n## {title}\n\n{what}\n\n"));
        for Listed { id, title } in list.rows {
            index.push_str(&format!("- [`{id}`]({kind}/{id}.md): {title}\n"));
            let page = said(sever, &["explain", &id])?;
            pages.insert(format!("docs/{kind}/{id}.md"), page);
        }
    }
    pages.insert("docs/README.md".to_owned(), index);
    pages.insert("docs/cli.md".to_owned(), reference(sever)?);
    Ok(pages)
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
