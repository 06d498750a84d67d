//! A real sshd, tried with real keys, whose auth lines are framed as a syslog daemon frames them.
//!
//! sshd writes to the system's log; there is none in a test, so it is run with its log on stderr
//! (`-e`) and each line gets the head that rsyslog would give it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::client;
use crate::server::{Server, find_program, program_or_skip};

/// A running sshd that lets one key in.
pub struct Sshd {
    server: Server,
    ssh: PathBuf,
    keygen: PathBuf,
    user: String,
}

impl Sshd {
    /// Starts one; `None`, and a reported skip, where it is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Sshd>> {
        let Some(sshd) = program_or_skip("sshd", "sshd") else { return Ok(None) };
        let (Some(ssh), Some(keygen)) = (program_or_skip("sshd", "ssh"), find_program("ssh-keygen")) else {
            return Ok(None);
        };
        if !Path::new("/run/sshd").exists() && std::fs::create_dir_all("/run/sshd").is_err() {
            crate::skip("sshd", "`/run/sshd`, which Debian's sshd insists on, cannot be made without root");
            return Ok(None);
        }
        let server = Server::start_as_syslog("sshd", &|folder, port| {
            for key in ["host", "known", "stranger"] {
                make_key(&keygen, &folder.join(key))?;
            }
            let public = std::fs::read(folder.join("known.pub")).context("no public key")?;
            std::fs::write(folder.join("authorized_keys"), public).context("cannot write authorized_keys")?;
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder_text}/host\nPidFile none\n\
                 AuthorizedKeysFile {folder_text}/authorized_keys\nStrictModes no\nUsePAM no\n\
                 PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
                 LogLevel VERBOSE\nMaxStartups 100\n"
            );
            std::fs::write(folder.join("sshd_config"), text).context("cannot write its configuration")?;
            let mut command = Command::new(&sshd);
            command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
            Ok(command)
        })?;
        let user = whoami()?;
        Ok(Some(Sshd { server, ssh, keygen, user }))
    }

    /// Makes a key of that name and lets it in, as whoever holds the file may; its fingerprint.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn let_in(&self, name: &str) -> Result<String> {
        let key = self.server.folder().join(name);
        make_key(&self.keygen, &key)?;
        let public = std::fs::read_to_string(key.with_extension("pub")).context("no public key")?;
        let path = self.server.folder().join("authorized_keys");
        let known = std::fs::read_to_string(&path).context("no authorized_keys")?;
        std::fs::write(path, known + &public).context("cannot write authorized_keys")?;
        let mut command = Command::new(&self.keygen);
        let told = client::run(command.args(["-l", "-E", "sha256", "-f"]).arg(key), "")?.text()?;
        Ok(told.split(' ').nth(1).context("ssh-keygen told no fingerprint")?.to_owned())
    }

    /// Logs in with a key that [`Sshd::let_in`] made; whether it was let in.
    ///
    /// # Errors
    /// When ssh itself cannot be run.
    pub fn log_in_with(&self, name: &str) -> Result<bool> {
        self.log_in(&self.user, name)
    }

    /// The user who may log in: the one who runs the test.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Logs in with the key that is let in; whether it was.
    ///
    /// # Errors
    /// When ssh itself cannot be run.
    pub fn log_in_known(&self) -> Result<bool> {
        self.log_in(&self.user, "known")
    }

    /// Tries a key that is not, as this user.
    ///
    /// # Errors
    /// When ssh itself cannot be run.
    pub fn log_in_stranger(&self, user: &str) -> Result<bool> {
        self.log_in(user, "stranger")
    }

    /// What it has said, once that holds `needle`, framed as syslog.
    ///
    /// # Errors
    /// When it never says it.
    pub fn auth_log(&self, needle: &str) -> Result<String> {
        crate::wait_until(&format!("sshd to say `{needle}`"), || {
            Ok(Some(self.server.said()).filter(|said| said.contains(needle)))
        })
    }

    fn log_in(&self, user: &str, key: &str) -> Result<bool> {
        let mut command = Command::new(&self.ssh);
        command.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
        command.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]);
        command.arg("-i").arg(self.server.folder().join(key)).arg("-p").arg(self.server.port().to_string());
        command.arg(format!("{user}@127.0.0.1")).arg("true");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        Ok(status.context("cannot run ssh")?.success())
    }
}

fn make_key(keygen: &Path, path: &Path) -> Result<()> {
    let mut command = Command::new(keygen);
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "sever-test", "-f"]).arg(path);
    if !command.status().context("cannot run ssh-keygen")?.success() {
        bail!("ssh-keygen made no key");
    }
    Ok(())
}

fn whoami() -> Result<String> {
    let output = Command::new("id").arg("-un").output().context("cannot run id")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
