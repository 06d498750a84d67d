//! Real clients of the servers: a program run to its end, and what it said.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::server::find_program;

/// What a client program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Whether it ended with 0.
    pub success: bool,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Done {
    /// What it printed.
    ///
    /// # Errors
    /// When it did not succeed, with what it complained of.
    pub fn text(self) -> Result<String> {
        if self.success { Ok(self.stdout) } else { bail!("{} {}", self.stdout.trim(), self.stderr.trim()) }
    }
}

/// A program by its name, to be run as a client.
pub(crate) fn client(name: &str) -> Result<Command> {
    let path = find_program(name).with_context(|| format!("`{name}` is not installed"))?;
    Ok(Command::new(path))
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command, stdin: &str) -> Result<Done> {
    let name = Path::new(command.get_program()).display().to_string();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A client that refuses does not read to the end: its own words say why.
        pipe.write_all(stdin.as_bytes()).ok();
    }
    let output = child.wait_with_output().with_context(|| format!("cannot run {name}"))?;
    Ok(Done {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Makes a certificate that is its own authority, for an address and a name, and its key.
pub(crate) fn self_signed(key: &Path, certificate: &Path, name: &str, address: &str) -> Result<()> {
    let mut command = client("openssl")?;
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    command.args(["-days", "2", "-subj", &format!("/CN={name}")]);
    // A strict client takes no authority's certificate for a server's.
    command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    command.args(["-addext", &format!("subjectAltName=DNS:{name},IP:{address}")]);
    command.arg("-keyout").arg(key).arg("-out").arg(certificate);
    run(&mut command, "")?.text().context("openssl req")?;
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).context("cannot close its key")
}
