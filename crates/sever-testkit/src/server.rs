//! A child process that serves on a loopback port, and dies with its guard.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long a server may take to answer, and anything that is waited for to come true.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often it is asked.
const POLL: Duration = Duration::from_millis(20);

/// How long one may take to end by itself once it was asked to.
const FAREWELL: Duration = Duration::from_secs(3);

/// A running server.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
    /// What starts it again.
    command: Command,
}

impl Server {
    /// Starts one. `command` is handed the folder and a free port of 127.0.0.1; what the server says on
    /// stderr goes to `server.log` there. Returns when something listens on the port.
    pub(crate) fn start(name: &str, command: &dyn Fn(&Path, u16) -> Result<Command>) -> Result<Server> {
        let folder = temporary(name)?;
        let port = free_port()?;
        let command = command(folder.path(), port)?;
        Server::start_at(name, folder, (Ipv4Addr::LOCALHOST, port).into(), command)
    }

    /// The same for a server that leaves the time and the head of its lines to syslog: each line on
    /// stderr gets the head that rsyslog would give it.
    pub(crate) fn start_as_syslog(name: &str, command: &dyn Fn(&Path, u16) -> Result<Command>) -> Result<Server> {
        let folder = temporary(name)?;
        let port = free_port()?;
        let mut command = command(folder.path(), port)?;
        let log = std::fs::File::create(folder.path().join("server.log")).context("cannot write its log")?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let said = child.stderr.take().context("it has no stderr")?;
        let tag = format!("door-1 {name}[{}]: ", child.id());
        // Ends with the server, which holds the other end of the pipe.
        std::thread::spawn(move || stamp(said, log, &tag));
        Server { child, address: (Ipv4Addr::LOCALHOST, port).into(), folder, command }.listening(name)
    }

    /// Starts one that listens where it was told to, in a folder that was made ready for it.
    pub(crate) fn start_at(name: &str, folder: TempDir, address: SocketAddr, mut command: Command) -> Result<Server> {
        let log = std::fs::File::create(folder.path().join("server.log")).context("cannot write its log")?;
        command.stdin(Stdio::null()).stdout(log.try_clone().context("cannot share its log")?).stderr(log);
        // A group of its own, so that what the server starts ends with it.
        command.process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Server { child, address, folder, command }.listening(name)
    }

    /// Ends it, and leaves its folder as it is.
    pub(crate) fn stop(&mut self) {
        // Asked first, so that it takes its own children and locks with it; either way it is waited
        // for, so that none is left behind.
        self.signal("TERM");
        let begun = Instant::now();
        while begun.elapsed() < FAREWELL && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL);
        }
        self.signal("KILL");
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Starts it again in its folder and on its port, after [`Server::stop`].
    pub(crate) fn start_again(&mut self, name: &str) -> Result<()> {
        self.child = self.command.spawn().with_context(|| format!("cannot start {name} again"))?;
        let up = wait_until(&format!("{name} to listen again"), || {
            self.alive(name)?;
            Ok(TcpStream::connect(self.address).ok())
        });
        up.with_context(|| self.said())?;
        Ok(())
    }

    /// Itself, once something listens.
    fn listening(mut self, name: &str) -> Result<Server> {
        let up = wait_until(&format!("{name} to listen"), || {
            self.alive(name)?;
            Ok(TcpStream::connect(self.address).ok())
        });
        up.with_context(|| self.said())?;
        Ok(self)
    }

    /// An error with what it said, once it has ended.
    fn alive(&mut self, name: &str) -> Result<()> {
        match self.child.try_wait().context("cannot look at it")? {
            Some(status) => bail!("{name} ended ({status}): {}", self.said()),
            None => Ok(()),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its folder, removed with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// A file that it writes, as it is now.
    pub(crate) fn file(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.folder.path().join(name)).with_context(|| format!("no {name}"))
    }

    /// Sends a signal to it and all that it started. It may have ended by itself: that is no failure.
    fn signal(&self, signal: &str) {
        let words = format!("kill -{signal} -{}", self.child.id());
        Command::new("sh").arg("-c").arg(words).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A folder for a server, which every user may enter: some refuse to run as root.
pub(crate) fn temporary(name: &str) -> Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix(&format!("sever-{name}-")).tempdir().context("no folder")?;
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).context("cannot open its folder")?;
    Ok(folder)
}

/// Writes what a server says with the head of syslog's lines: RFC 3339 time, host and program. When
/// the log cannot be written its test is over.
fn stamp(said: impl Read, mut log: std::fs::File, tag: &str) {
    for line in BufReader::new(said).lines().map_while(Result::ok) {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        if writeln!(log, "{now} {tag}{}", line.trim_end()).is_err() {
            return;
        }
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
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

/// Whether we may do what root may.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}
