//! Hosts with a real sshd, each with users, files and processes of its own, and a real `ssh` with keys to
//! try them.
//!
//! A host is a sshd in namespaces of its own (`unshare`): its `/etc/passwd` and `/etc/ssh` are files of its
//! folder, and the processes that it sees are its own. So several hosts are several, and nothing of the
//! machine's own is read or changed. Making namespaces needs root.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::client;
use crate::server::{Server, is_root, program_or_skip, skip, temporary};

/// The users of every host besides root.
const USERS: [(&str, u32); 4] = [("ann", 3001), ("bob", 3002), ("deploy", 3003), ("severance-twin", 3004)];

/// A running host.
pub struct SshHost {
    server: Server,
    name: String,
}

impl SshHost {
    /// Starts one; `None`, and a reported skip, where that cannot be. `config` is added to what sshd is told;
    /// `etc` are files below its `/etc/ssh`.
    ///
    /// # Errors
    /// When it could be and does not come up.
    pub fn start(name: &str, config: &str, etc: &[(&str, &[u8])]) -> Result<Option<SshHost>> {
        let Some(sshd) = program_or_skip("ssh hosts", "sshd") else { return Ok(None) };
        if !is_root() {
            skip("ssh hosts", "a host of its own takes namespaces, and so root");
            return Ok(None);
        }
        let Some(unshare) = program_or_skip("ssh hosts", "unshare") else { return Ok(None) };
        std::fs::create_dir_all("/run/sshd").context("cannot make /run/sshd")?;
        let server = Server::start("ssh-host", &|folder, port| {
            fill(folder, port, config, etc)?;
            let place = folder.to_str().context("a folder that is not UTF-8")?;
            let binds: String = ["passwd", "group", "shadow", "ssh"]
                .map(|file| format!("mount --bind '{place}/etc/{file}' /etc/{file} && "))
                .concat();
            let script = format!("hostname '{name}' && {binds}exec '{}' -D -e", sshd.display());
            let mut command = Command::new(&unshare);
            command.args(["--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &script]);
            Ok(command)
        })?;
        Ok(Some(SshHost { server, name: name.to_owned() }))
    }

    /// `NAME=ADDRESS:PORT`.
    pub fn place(&self) -> String {
        format!("{}=127.0.0.1:{}", self.name, self.server.port())
    }

    /// Its line of `known_hosts`.
    ///
    /// # Errors
    /// When it has no key.
    pub fn known_hosts(&self) -> Result<String> {
        let key = self.server.file("etc/ssh/host.pub")?;
        let key: Vec<&str> = key.split_whitespace().take(2).collect();
        Ok(format!("[127.0.0.1]:{} {}\n", self.server.port(), key.join(" ")))
    }

    /// A file below its `/etc/ssh`.
    pub fn etc(&self, name: &str) -> PathBuf {
        self.server.folder().join("etc/ssh").join(name)
    }

    /// The keys file of a user.
    pub fn keys_of(&self, user: &str) -> PathBuf {
        home(self.server.folder(), user).join(".ssh/authorized_keys")
    }

    /// Writes the keys file of a user.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn let_in(&self, user: &str, keys: &[u8]) -> Result<()> {
        let path = self.keys_of(user);
        std::fs::write(&path, keys).context("cannot write authorized_keys")?;
        own(&path, user, 0o600)
    }

    /// What its sshd has said.
    pub fn log(&self) -> String {
        self.server.said()
    }
}

/// Writes all that a host has.
fn fill(folder: &Path, port: u16, config: &str, etc: &[(&str, &[u8])]) -> Result<()> {
    let write = |path: &Path, bytes: &[u8]| -> Result<()> {
        std::fs::create_dir_all(path.parent().context("no folder")?).context("cannot make a folder")?;
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let all = USERS.iter().copied().chain([("root", 0)]);
    let (mut passwd, mut group, mut shadow) = (String::new(), String::new(), String::new());
    for (user, number) in all {
        let home = home(folder, user);
        std::fs::create_dir_all(home.join(".ssh")).context("cannot make a home")?;
        own(&home, user, 0o755)?;
        own(&home.join(".ssh"), user, 0o700)?;
        passwd.push_str(&format!("{user}:x:{number}:{number}:{user}:{}:/bin/sh\n", home.display()));
        group.push_str(&format!("{user}:x:{number}:\n"));
        shadow.push_str(&format!("{user}:*:20000:0:99999:7:::\n"));
    }
    passwd.push_str("sshd:x:104:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n");
    group.push_str("nogroup:x:65534:\n");
    shadow.push_str("sshd:!:20000::::::\n");
    for (name, text) in [("passwd", passwd), ("group", group), ("shadow", shadow)] {
        write(&folder.join("etc").join(name), text.as_bytes())?;
    }
    for (name, bytes) in etc {
        write(&folder.join("etc/ssh").join(name), bytes)?;
    }
    let text = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey /etc/ssh/host\nPidFile none\nUsePAM no\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         LogLevel VERBOSE\nMaxStartups 100\n{config}"
    );
    write(&folder.join("etc/ssh/sshd_config"), text.as_bytes())?;
    let host = folder.join("etc/ssh/host");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", path(&host)?]).map(drop)
}

fn home(folder: &Path, user: &str) -> PathBuf {
    folder.join("home").join(user)
}

/// Gives a file to a user of the hosts.
fn own(path: &Path, user: &str, mode: u32) -> Result<()> {
    let number = USERS.iter().find(|(name, _)| *name == user).map_or(0, |(_, number)| *number);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).context("cannot set its mode")?;
    chown(path, Some(number), Some(number)).context("cannot give it away")
}

/// Keys, and a client that logs in with them.
pub struct SshKeys {
    folder: TempDir,
}

impl SshKeys {
    /// None yet.
    ///
    /// # Errors
    /// When there is no place for them.
    pub fn new() -> Result<SshKeys> {
        Ok(SshKeys { folder: temporary("ssh-keys")? })
    }

    /// Makes one with a comment; its public half, a line.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self, name: &str, comment: &str) -> Result<String> {
        let file = self.folder.path().join(name);
        keygen(&["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path(&file)?])?;
        self.public(name)
    }

    /// The public half of one, a line.
    ///
    /// # Errors
    /// When there is none of the name.
    pub fn public(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.file(&format!("{name}.pub"))).context("no public key")
    }

    /// The private half.
    ///
    /// # Errors
    /// When there is none of the name.
    pub fn private(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.file(name)).context("no private key")
    }

    /// A file of theirs.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs a key for an hour with another; the certificate, a line. `more` is told to `ssh-keygen`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn certify(
        &self,
        authority: &str,
        name: &str,
        identity: &str,
        principals: &str,
        more: &[&str],
    ) -> Result<String> {
        let (authority, public) = (self.file(authority), self.file(&format!("{name}.pub")));
        let words = ["-q", "-s", path(&authority)?, "-I", identity, "-n", principals, "-V", "+1h"];
        keygen(&[words.as_slice(), more, &[path(&public)?]].concat())?;
        std::fs::read_to_string(self.file(&format!("{name}-cert.pub"))).context("no certificate")
    }

    /// An empty list of revoked keys.
    ///
    /// # Errors
    /// When `ssh-keygen` makes none.
    pub fn empty_list(&self) -> Result<Vec<u8>> {
        let list = self.file("list");
        keygen(&["-k", "-f", path(&list)?])?;
        std::fs::read(list).context("no list")
    }

    /// Logs in by the real client with a key, and a certificate where one lies beside it; whether it was let in.
    ///
    /// # Errors
    /// When the client cannot be run.
    pub fn log_in(&self, host: &SshHost, user: &str, key: &str) -> Result<bool> {
        let status = self.client(host, user, key, "true")?.stdin(Stdio::null()).status();
        Ok(status.context("cannot run ssh")?.success())
    }

    /// Logs in and stays.
    ///
    /// # Errors
    /// When it is not let in.
    pub fn hold(&self, host: &SshHost, user: &str, key: &str) -> Result<Held> {
        let mut command = self.client(host, user, key, "echo in; cat")?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run ssh")?;
        let mut said = [0u8; 3];
        let mut stdout = child.stdout.take().context("no stdout")?;
        std::io::Read::read_exact(&mut stdout, &mut said).context("it was not let in")?;
        ensure!(&said == b"in\n", "it said {said:?}");
        Ok(Held { child })
    }

    fn client(&self, host: &SshHost, user: &str, key: &str, remote: &str) -> Result<Command> {
        let mut command = client::client("ssh")?;
        command.args([
            "-F",
            "none",
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
        ]);
        command.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]);
        command.arg("-i").arg(self.file(key)).args([
            "-p",
            &host.server.port().to_string(),
            "-l",
            user,
            "127.0.0.1",
            remote,
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }
}

/// A connection that stays until it is ended at the other side, or dropped.
pub struct Held {
    child: Child,
}

impl Held {
    /// Whether it is still there.
    ///
    /// # Errors
    /// When the client cannot be looked at.
    pub fn is_open(&mut self) -> Result<bool> {
        Ok(self.child.try_wait().context("cannot look at ssh")?.is_none())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended by itself: that is no failure.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn keygen(words: &[&str]) -> Result<String> {
    client::run(client::client("ssh-keygen")?.args(words), "")?.text()
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}
