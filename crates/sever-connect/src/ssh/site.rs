//! A connection's hosts, opened: the client, the login there, and what was set.

use sever_model::act::ActError;
use sever_model::{ConnectionId, Secret, Span, SystemId};

use super::client::Client;
use super::edit;
use super::hosts::{Host, hosts, is_user};
use super::remote::{self, Login};
use super::report::{self, Files, Live, Settings};
use crate::connector::{Connection, ConnectionError};

/// Most bytes of one keys file that are read.
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;

/// Hosts that are asked at the same time.
const HOSTS_AT_ONCE: usize = 8;

/// How often an edit is begun again because somebody else changed the file.
const EDITS_MAX: usize = 5;

pub(crate) struct Site {
    pub(crate) connection: ConnectionId,
    pub(crate) system: SystemId,
    pub(crate) hosts: Vec<Host>,
    pub(crate) client: Client,
    /// None where hosts are only asked whether they would let a key in.
    pub(crate) login: Option<Login>,
    pub(crate) twin: Option<Login>,
    /// The server's configuration on the hosts.
    config: String,
    /// The list of revoked keys, where it is not where the server's configuration says.
    pub(crate) revoked_keys: Option<String>,
    /// Where certificates that were signed are kept here.
    pub(crate) certificates: Option<String>,
}

impl Site {
    /// Opens a connection.
    ///
    /// # Errors
    /// When a setting is missing or is not what it should be.
    pub(crate) fn of(connection: &Connection) -> Result<Site, ConnectionError> {
        let known_hosts = connection.required("known_hosts")?;
        if known_hosts.contains(['"', '%', '\n', '\\']) || known_hosts.starts_with('~') {
            return Err(connection.wrong("`settings.known_hosts` must be a plain path"));
        }
        if !std::path::Path::new(known_hosts).is_file() {
            return Err(connection.wrong(format!("`settings.known_hosts` {known_hosts}: no such file")));
        }
        let sudo = match connection.setting("sudo") {
            None | Some("no") => false,
            Some("yes") => true,
            Some(_) => return Err(connection.wrong("`settings.sudo` is `yes` or `no`")),
        };
        let login = |login: &crate::connector::Login| -> Result<Login, ConnectionError> {
            if !is_user(&login.user) {
                return Err(connection.wrong("the user to log in as is not a name that `ssh -l` takes"));
            }
            Ok(Login { user: login.user.clone(), key: Secret::new(login.secret.expose().clone()), sudo })
        };
        Ok(Site {
            connection: connection.id.clone(),
            system: connection.system.clone(),
            hosts: hosts(connection)?,
            client: Client {
                program: connection.setting("program").unwrap_or("ssh").into(),
                known_hosts: known_hosts.to_owned(),
            },
            login: connection.login.as_ref().map(login).transpose()?,
            twin: connection.twin.as_ref().map(login).transpose()?,
            config: connection.setting("sshd_config").unwrap_or("/etc/ssh/sshd_config").to_owned(),
            revoked_keys: connection.setting("revoked_keys").map(str::to_owned),
            certificates: connection.setting("certificates").map(str::to_owned),
        })
    }

    /// The same, which cannot do without a login.
    ///
    /// # Errors
    /// When a setting is wrong, or there is no login.
    pub(crate) fn with_login(connection: &Connection) -> Result<Site, ConnectionError> {
        connection.login()?;
        Site::of(connection)
    }

    /// The host of a name.
    pub(crate) fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// Asks all hosts the same, several at a time; their answers in the hosts' order.
    pub(crate) fn each<T: Send>(
        &self,
        ask: impl Fn(&Host) -> Result<T, ActError> + Sync,
    ) -> Vec<(&Host, Result<T, ActError>)> {
        let mut answers = Vec::with_capacity(self.hosts.len());
        for hosts in self.hosts.chunks(HOSTS_AT_ONCE) {
            std::thread::scope(|scope| {
                let asked: Vec<_> = hosts.iter().map(|host| (host, scope.spawn(|| ask(host)))).collect();
                for (host, answer) in asked {
                    let broken = || Err(ActError::Unexpected(format!("{}: asking it broke off", host.name)));
                    answers.push((host, answer.join().unwrap_or_else(|_| broken())));
                }
            });
        }
        answers
    }

    /// Runs a fixed command at a host.
    ///
    /// # Errors
    /// When it is not known to have run to its end, or there is no login to run it with.
    pub(crate) fn ask(
        &self,
        host: &Host,
        script: &str,
        parameters: &[&str],
        stdin: &[u8],
        patience: Span,
    ) -> Result<(i32, Vec<u8>), ActError> {
        let lacking =
            || ActError::NotAllowed { what: "no login is set for this".to_owned(), lacking: "a login".to_owned() };
        let login = self.login.as_ref().ok_or_else(lacking)?;
        remote::ask(&self.client, login, host, script, parameters, stdin, patience)
    }

    /// What a host's server is told, and who is there.
    pub(crate) fn settings(&self, host: &Host, login: &str, patience: Span) -> Result<Settings, ActError> {
        let answer = self.ask(host, remote::SETTINGS, &[&self.config, login], b"", patience)?;
        read(host, answer, report::settings)
    }

    /// Files of a host, each asked for by a line as [`remote::FILES`] has it.
    pub(crate) fn files(&self, host: &Host, lines: &[String], patience: Span) -> Result<Files, ActError> {
        let limit = (FILE_BYTES_MAX + 1).to_string();
        let stdin = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
        let answer = self.ask(host, remote::FILES, &[&limit], stdin.as_bytes(), patience)?;
        read(host, answer, report::files)
    }

    /// Whom a host serves now.
    pub(crate) fn served(&self, host: &Host, patience: Span) -> Result<Vec<Live>, ActError> {
        read(host, self.ask(host, remote::LIVE, &[], b"", patience)?, report::served)
    }

    /// Changes a file of a host, if `change` would; whether it was changed. What somebody else writes
    /// meanwhile is not lost: the change is then made to that.
    pub(crate) fn edit(
        &self,
        host: &Host,
        path: &str,
        change: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
        patience: Span,
    ) -> Result<bool, ActError> {
        for _ in 0..EDITS_MAX {
            let files = self.files(host, &[format!("f {path}")], patience)?;
            let Some((_, old)) = files.contents.first() else {
                return match files.is_root {
                    true => Ok(false),
                    false => Err(not_root(host)),
                };
            };
            if old.len() > FILE_BYTES_MAX {
                return Err(ActError::Refused(format!("{}: `{path}` is too large to be edited", host.name)));
            }
            let Some(new) = change(old) else { return Ok(false) };
            let (before, after) = (edit::digest(old), edit::digest(&new));
            match self.ask(host, remote::REPLACE, &[path, &before, &after], &new, patience)? {
                (0, _) => return Ok(true),
                // Somebody was there between reading and writing.
                (15, _) => {}
                (code, _) => return Err(refused(host, code)),
            }
        }
        Err(ActError::Refused(format!("{}: `{path}` is being changed all the time", host.name)))
    }
}

/// That whoever was logged in may not do it.
pub(crate) fn not_root(host: &Host) -> ActError {
    ActError::NotAllowed {
        what: format!("{}: the file cannot be read", host.name),
        lacking: format!("root at {}, or `settings.sudo`", host.name),
    }
}

fn read<T>(host: &Host, (code, stdout): (i32, Vec<u8>), read: fn(&[u8]) -> Option<T>) -> Result<T, ActError> {
    match code {
        0 => read(&stdout).ok_or_else(|| ActError::Unexpected(format!("{}: an answer that breaks off", host.name))),
        code => Err(refused(host, code)),
    }
}

/// What an exit code of the fixed commands means.
pub(crate) fn refused(host: &Host, code: i32) -> ActError {
    let lacking = |what: &str| ActError::NotAllowed {
        what: format!("{}: {what}", host.name),
        lacking: format!("root at {}, or `settings.sudo`", host.name),
    };
    let why = match code {
        1 | 16 | 18 => return lacking("the file may not be written"),
        10 => return lacking("`sshd -T` does not say how it is configured"),
        12 => "there is no such file",
        13 | 2 => return lacking("its folder may not be written"),
        14 => "somebody else holds the lock",
        15 => "it was changed meanwhile",
        17 => "what was to be written arrived in pieces",
        19 => "the certificate does not read there",
        20 => "`ssh-keygen` does not add to the list of revoked keys: it may be a plain list",
        21 => "`ssh-keygen` does not find the certificate in the list that it just wrote",
        22 => "the process of that number does not serve them any more",
        23 => return lacking("the process may not be ended"),
        24 => "the process does not end",
        126 | 127 => "a program that is needed is not there",
        _ => return ActError::Unexpected(format!("{}: exit code {code}", host.name)),
    };
    ActError::Refused(format!("{}: {why}", host.name))
}
