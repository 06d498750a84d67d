//! A child process that serves on a loopback port, and dies with its guard.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long a server may take to answer, and anything that is waited for to come true.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often it is asked.
const POLL: Duration = Duration::from_millis(20);

/// A running server.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    /// Starts one. `command` is handed the folder and the port; what the server says on stderr goes
    /// to `server.log` there. Returns when something listens on the port.
    pub(crate) fn start(name: &str, command: &dyn Fn(&Path, u16) -> Result<Command>) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix(&format!("sever-{name}-")).tempdir().context("no folder")?;
        let port = free_port()?;
        let log = std::fs::File::create(folder.path().join("server.log")).context("cannot write its log")?;
        let mut command = command(folder.path(), port)?;
        command.stdin(Stdio::null()).stdout(log.try_clone().context("cannot share its log")?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut server = Server { child, port, folder };
        let address = (Ipv4Addr::LOCALHOST, port);
        let up = wait_until(&format!("{name} to listen"), || {
            if let Some(status) = server.child.try_wait().context("cannot look at it")? {
                bail!("{name} ended ({status}): {}", server.said());
            }
            Ok(TcpStream::connect(address).ok())
        });
        up.with_context(|| server.said())?;
        Ok(server)
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its folder, removed with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for, so that none is left behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Asks until there is an answer.
///
/// # Errors
/// When the question fails, or nothing came of it before the deadline of 30 seconds.
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if begun.elapsed() > DEADLINE {
            bail!("waited {} s in vain for {what}", DEADLINE.as_secs());
        }
        std::thread::sleep(POLL);
    }
}

/// A program by its name, on the search path or where Debian keeps servers.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
}

/// Says that a suite was not run, and why: to `cargo xtask test` through the file that it names in
/// `SEVER_TEST_SKIPS`, else on stderr.
pub fn skip(suite: &str, why: &str) {
    let written = match std::env::var_os("SEVER_TEST_SKIPS") {
        Some(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| file.write_all(format!("{suite}\t{why}\n").as_bytes())),
        None => writeln!(std::io::stderr(), "SKIPPED {suite}: {why}"),
    };
    assert!(written.is_ok(), "a skip that nobody hears of would look like a pass: {suite}: {why}");
}

/// A program, or a reported skip.
pub(crate) fn program_or_skip(suite: &str, name: &str) -> Option<PathBuf> {
    let found = find_program(name);
    if found.is_none() {
        skip(suite, &format!("`{name}` is not installed; `cargo xtask test` installs it as root on Debian"));
    }
    found
}

/// A port that nothing listens on. Another process may take it before the server does; the server
/// then ends at once, and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}
