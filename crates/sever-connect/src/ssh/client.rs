//! The operator's `ssh`, run as a child: with a strict set of options, a time limit, and nothing of the
//! user's own configuration.
//!
//! `ssh` is trusted to speak the protocol, and it is what people know how to look into. It is told what to
//! do by arguments, never through a shell here; what runs at the other end is fixed text with quoted
//! parameters, and data goes by stdin. Private keys lie in files without a name, which end with us.
//!
//! What happened is read from its log (`-v`), whose lines tell *where* it ended: before the host was
//! reached, before we were let in, or after the command was sent and may have taken effect.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use sever_model::act::ActError;
use sever_model::{Secret, Span};

use super::hosts::Host;
use crate::child;

/// Longest piece of its log that is quoted.
const QUOTE_CHARS_MAX: usize = 200;

/// The client, and whose hosts' keys it believes.
pub(crate) struct Client {
    pub(crate) program: PathBuf,
    pub(crate) known_hosts: String,
}

/// What is shown to the host.
pub(crate) enum Identity<'a> {
    /// A private key: a real login.
    Private(&'a Unnamed),
    /// The public half alone, in a file: it is asked whether it would do.
    Public(&'a Path),
    /// A certificate and the public half of its key, in files: the same.
    Certificate { certificate: &'a Path, key: &'a Path },
}

/// How the client ended.
pub(crate) struct Ended {
    /// Its exit code; none where it did not end in time.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) log: String,
}

impl Client {
    /// Runs a command at a host, or only tries to.
    ///
    /// # Errors
    /// When the client itself cannot be run.
    pub(crate) fn run(
        &self,
        host: &Host,
        user: &str,
        identity: &Identity<'_>,
        remote: &str,
        stdin: &[u8],
        patience: Span,
    ) -> Result<Ended, ActError> {
        let mut command = Command::new(&self.program);
        command.args(["-F", "none", "-T", "-x", "-a", "-v", "-e", "none"]);
        let limit = format!("ConnectTimeout={}", patience.as_secs().clamp(1, 3600));
        let known = format!("UserKnownHostsFile=\"{}\"", self.known_hosts);
        for option in OPTIONS.iter().copied().chain([limit.as_str(), known.as_str()]) {
            command.args(["-o", option]);
        }
        match identity {
            Identity::Private(key) => command.arg("-i").arg(key.path()),
            Identity::Public(key) => command.arg("-i").arg(key),
            Identity::Certificate { certificate, key } => {
                let mut option = std::ffi::OsString::from("CertificateFile=");
                option.push(certificate);
                command.arg("-o").arg(option).arg("-i").arg(key)
            }
        };
        if let Some(port) = host.port {
            command.args(["-p", &port.to_string()]);
        }
        command.args(["-l", user, "--", &host.address, remote]);
        let ended = child::run(&mut command, stdin, patience)?;
        let log = String::from_utf8_lossy(&ended.stderr).into_owned();
        Ok(Ended { code: ended.code, stdout: ended.stdout, log })
    }
}

/// What the client must and must not do, whatever anybody's configuration says.
const OPTIONS: [&str; 17] = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PKCS11Provider=none",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "ConnectionAttempts=1",
    "PreferredAuthentications=publickey",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "ClearAllForwardings=yes",
    "ControlMaster=no",
    "ControlPath=none",
    "PermitLocalCommand=no",
    "CanonicalizeHostname=no",
    "LogLevel=DEBUG1",
];

impl Ended {
    /// Whether the host let us in.
    pub(crate) fn let_in(&self) -> bool {
        self.log.lines().any(|line| line.starts_with("Authenticated to ") || line.contains(": Authenticated to "))
    }

    /// Whether the command was sent, and so may have taken effect.
    fn sent(&self) -> bool {
        self.log.contains("debug1: Sending command:")
    }

    /// Whether the host refused all that it was shown.
    pub(crate) fn refused(&self) -> bool {
        self.log.lines().any(|line| line.contains(": Permission denied (") && !line.starts_with("debug"))
    }

    /// Whether the host answered at all, by a key that is not the one we know.
    pub(crate) fn is_stranger(&self) -> bool {
        self.log.contains("Host key verification failed")
    }

    /// What it printed and its code, where the command ran to its end.
    pub(crate) fn answer(self, host: &str, user: &str) -> Result<(i32, Vec<u8>), ActError> {
        let said = format!("{host}: {}", self.last_words());
        match self.code {
            None if self.sent() => Err(ActError::LostAnswer(format!("{host}: no answer in time"))),
            None => Err(ActError::Unreachable(format!("{host}: no answer in time"))),
            Some(255) if self.sent() => Err(ActError::LostAnswer(said)),
            Some(255) if self.is_stranger() => {
                Err(ActError::Refused(format!("{host}: its key is not the one in `known_hosts`")))
            }
            Some(255) if self.refused() => {
                Err(ActError::NotAllowed { what: said, lacking: format!("a login as `{user}` at {host}") })
            }
            Some(255) => Err(ActError::Unreachable(said)),
            Some(code) => Ok((code, self.stdout)),
        }
    }

    /// The last line of its log that is meant for people.
    pub(crate) fn last_words(&self) -> String {
        let mut lines = self.log.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("debug"));
        let last = lines.rfind(|line| !line.starts_with("OpenSSH_")).unwrap_or("it said nothing");
        last.chars().filter(|c| !c.is_control()).take(QUOTE_CHARS_MAX).collect()
    }
}

/// A private key in a file that has no name, and ends with us however we end.
pub(crate) struct Unnamed {
    #[cfg(target_os = "linux")]
    file: File,
    // Elsewhere a file cannot be named by its number to another process.
    #[cfg(not(target_os = "linux"))]
    file: tempfile::NamedTempFile,
}

impl Unnamed {
    /// Puts a key where `ssh` can read it.
    ///
    /// # Errors
    /// When there is no place for it.
    pub(crate) fn of(key: &Secret<String>) -> Result<Unnamed, ActError> {
        let make = || -> std::io::Result<Unnamed> {
            #[cfg(target_os = "linux")]
            let mut file = tempfile::tempfile()?;
            #[cfg(not(target_os = "linux"))]
            let mut file = tempfile::NamedTempFile::new()?;
            // `ssh` believes no private key that others may read.
            #[cfg(target_os = "linux")]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            file.write_all(key.expose().trim_end().as_bytes())?;
            file.write_all(b"\n")?;
            file.flush()?;
            Ok(Unnamed { file })
        };
        make().map_err(|error| ActError::Unreachable(format!("no place for a key: {error}")))
    }

    #[cfg(target_os = "linux")]
    fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()))
    }

    #[cfg(not(target_os = "linux"))]
    fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }
}

/// Text as one word of a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
