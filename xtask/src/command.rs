//! Running other programs, and telling the user.
//!
//! Data goes to stdout, all else to stderr. A program's output is passed on as it comes; where a
//! chore needs to read it too, it sees each line.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Writes a line to stderr.
pub(crate) fn say(line: &str) {
    line_to(&mut std::io::stderr().lock(), line);
}

/// Writes a line to stdout.
pub(crate) fn print(line: &str) {
    line_to(&mut std::io::stdout().lock(), line);
}

fn line_to(out: &mut dyn Write, line: &str) {
    // A reader that went away (`| head`) is no failure of the chore: its exit code still tells.
    writeln!(out, "{line}").unwrap_or_default();
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A program to run in the root of the checkout.
pub(crate) fn program<I, S>(name: impl AsRef<OsStr>, args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(name);
    command.args(args).current_dir(root());
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo<I, S>(args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args);
    // Set for us by `cargo run`; they would make the inner cargo rebuild what the outer one built.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs it, its output passed on; fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs it and returns what it wrote to stdout; fails, with its stderr, when it does.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot run {}", shown(command)))?;
    if !done.status.success() {
        bail!("{} failed ({}): {}", shown(command), done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    String::from_utf8(done.stdout).with_context(|| format!("{} wrote something that is not UTF-8", shown(command)))
}

/// Runs it, passes each line of its output on to stderr and to `each`; whether it succeeded.
pub(crate) fn tee(command: &mut Command, each: &mut dyn FnMut(&str)) -> Result<bool> {
    let (reader, writer) = std::io::pipe().context("no pipe")?;
    let copy = writer.try_clone().context("no pipe")?;
    command.stdout(copy).stderr(writer).stdin(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", shown(command)))?;
    // The command still holds the write ends; the pipe ends only when they are gone.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("cannot read its output")?;
        let line = String::from_utf8_lossy(&line);
        say(&line);
        each(&line);
    }
    Ok(child.wait().context("cannot wait for it")?.success())
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|dir| dir.join(name).is_file())
}

/// The built binary, built now where `build` says so.
pub(crate) fn sever(build: Build) -> Result<PathBuf> {
    if build == Build::Now {
        run(&mut cargo(["build", "--quiet", "--package", "sever", "--bin", "sever"]))?;
    }
    let path = target_dir().join("debug").join(format!("sever{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!("{} is not there; run `cargo build` first", path.display());
    }
    Ok(path)
}

/// Whether to build the binary first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Build it.
    Now,
    /// It was built just now.
    Done,
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    format!("`{}`", words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" "))
}
