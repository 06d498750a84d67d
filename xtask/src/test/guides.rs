//! Follows the guides that add code: a toy detector and a toy format, in a copy of the checkout.
//!
//! ```text
//! the checkout ─► target/guides ─► blocks with `file=` are written there, or their `+` lines added
//!                                ─► `sh checkout` blocks are run there, in the guide's order
//! ```
//!
//! The copy shares the checkout's target folder, so that dependencies are not built again, and only
//! files that differ are written, so that a second run builds little. All guides share one copy: they
//! add different things, and each still passes beside the other.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use sever_testkit::documents::{self, Block};

use super::prepare::Tools;
use crate::command;
use crate::tree::Tree;

/// Follows them all; an error says which block went wrong and what it said.
pub(super) fn follow(tools: &Tools) -> Result<()> {
    let root = command::root();
    let tree = Tree::read(&root)?;
    let guides: Vec<(&str, Vec<Block>)> =
        tree.under("docs/guides/", ".md").map(|(path, text)| (path, documents::blocks(text))).collect();
    let folder = command::target_dir().join("guides");
    copy(&root, &folder, &tree)?;
    let mut ran = 0;
    for (guide, blocks) in &guides {
        for (at, block) in blocks.iter().enumerate() {
            let place = format!("{guide}:{}", block.line);
            if let Some(file) = block.value("file") {
                apply(&folder.join(file), block).with_context(|| format!("{place}: cannot be applied"))?;
            } else if block.language == "sh" && block.has("checkout") {
                let shown = blocks.get(at + 1).filter(|next| next.language == "text" && next.words.is_empty());
                run(tools, &folder, block, shown).with_context(|| place)?;
                ran += 1;
            }
        }
    }
    if ran == 0 { bail!("no guide has a block `sh checkout`") } else { Ok(()) }
}

/// Makes a folder hold the checkout and nothing else.
fn copy(root: &Path, folder: &Path, tree: &Tree) -> Result<()> {
    let wanted: BTreeSet<&str> = tree.files().map(|(path, _)| path).collect();
    if folder.is_dir() {
        for (path, _) in Tree::read(folder)?.files().filter(|(path, _)| !wanted.contains(path)) {
            std::fs::remove_file(folder.join(path)).with_context(|| format!("cannot remove {path} of the copy"))?;
        }
    }
    for path in wanted {
        let bytes = std::fs::read(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        write(&folder.join(path), &bytes)?;
    }
    Ok(())
}

/// Writes a file unless it is so already: cargo goes by the time of change.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a block's file, or adds the lines of a `diff`.
fn apply(path: &Path, block: &Block) -> Result<()> {
    if block.language != "diff" {
        return write(path, block.text.as_bytes());
    }
    let before = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    write(path, with_added(&before, &block.text)?.as_bytes())
}

/// A text with the `+` lines of a diff put after the line that stands before them in it. The other
/// lines are landmarks: each is looked for after the one before it, whatever stands between.
fn with_added(text: &str, diff: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    for line in diff.lines() {
        if let Some(added) = line.strip_prefix('+') {
            lines.insert(at, added);
            at += 1;
        } else {
            let landmark = line.strip_prefix(' ').unwrap_or(line).trim_end();
            let found = lines.iter().skip(at).position(|it| it.trim_end() == landmark);
            at += found.with_context(|| format!("`{landmark}` is not there, or not after the line before it"))? + 1;
        }
    }
    Ok(lines.join("\n") + "\n")
}

fn run(tools: &Tools, folder: &Path, block: &Block, shown: Option<&Block>) -> Result<()> {
    let script = format!("exec 2>&1\n{}", block.text);
    let mut shell = command::program("sh", ["-e", "-c", &script]);
    shell.current_dir(folder).stdin(Stdio::null()).env("PATH", &tools.path).env("CARGO_TERM_COLOR", "never");
    shell.env("CARGO_TARGET_DIR", command::target_dir());
    let done = shell.output().context("cannot run sh")?;
    let said = String::from_utf8_lossy(&done.stdout);
    if !done.status.success() {
        bail!("ended with {}; it said:\n{}", done.status, tail(&said));
    }
    match shown.and_then(|shown| documents::unmet(&shown.text, &said)) {
        Some(line) => bail!("`{line}` is not in its output, or not there; it said:\n{}", tail(&said)),
        None => Ok(()),
    }
}

/// The last lines, which say what went wrong.
fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines.get(lines.len().saturating_sub(60)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests;
