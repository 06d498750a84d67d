//! A real PostgreSQL with password sign-in, its log as CSV and JSON, and pgaudit where it is packaged.
//!
//! PostgreSQL refuses to run as root: there it is run as the user `postgres` that Debian's package
//! makes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::client::{self, Done};
use crate::server::{self, Server, program_or_skip};

/// A running PostgreSQL.
pub struct Postgres {
    server: Server,
    pgaudit: bool,
}

/// The password of the superuser of a cluster that lives for one test, on loopback.
const SUPERUSER_PASSWORD: &str = "superuser-of-a-test";

/// How long an answer in a session that stays may take.
const PATIENCE: Duration = Duration::from_secs(10);

const CONFIGURATION: &str = "
listen_addresses = '127.0.0.1'
port = PORT
unix_socket_directories = 'FOLDER'
fsync = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_destination = 'csvlog,jsonlog'
log_directory = 'FOLDER/log'
log_filename = 'postgresql.log'
log_file_mode = 0644
log_connections = on
log_disconnections = on
";

/// What openssl is to make: no authority, though it signs itself.
const CERTIFICATE: &str = "
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = PostgreSQL of a test
[extensions]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:FALSE
";

/// Without pgaudit, statements themselves are logged.
const STATEMENTS: &str = "log_statement = 'all'\n";
const PGAUDIT: &str = "pgaudit.log = 'role, ddl, write, read'\n";

impl Postgres {
    /// Who may do everything.
    pub const SUPERUSER: &'static str = "postgres";

    /// Starts one; `None`, and a reported skip, where it or its client is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Postgres>> {
        Postgres::start_with(&[])
    }

    /// Starts one that runs jobs by pg_cron, in the database `postgres`; `None`, and a reported skip, where
    /// that is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start_with_cron() -> Result<Option<Postgres>> {
        if programs().is_none_or(|programs| !library(&programs, "pg_cron").exists()) {
            crate::skip("pg_cron", "it is not installed; `cargo xtask test` installs it as root on Debian");
            return Ok(None);
        }
        let Some(postgres) = Postgres::start_with(&["pg_cron"])? else { return Ok(None) };
        postgres.manage("create extension pg_cron")?.text()?;
        Ok(Some(postgres))
    }

    fn start_with(libraries: &[&str]) -> Result<Option<Postgres>> {
        let Some(programs) = programs() else {
            crate::skip("postgresql", "`initdb` is not installed; `cargo xtask test` installs it as root on Debian");
            return Ok(None);
        };
        if program_or_skip("postgresql", "psql").is_none() {
            return Ok(None);
        }
        let folder = server::temporary("postgresql")?;
        let port = server::free_port()?;
        let user = user(folder.path())?;
        let pgaudit = library(&programs, "pgaudit").exists();
        let libraries: Vec<&str> = libraries.iter().copied().chain(pgaudit.then_some("pgaudit")).collect();
        initialise(&programs, folder.path(), user.as_deref(), (port, &libraries))?;
        let mut command = as_user(&programs.join("postgres"), user.as_deref());
        command.arg("-D").arg(folder.path().join("data")).current_dir(folder.path());
        let address = (std::net::Ipv4Addr::LOCALHOST, port).into();
        let server = Server::start_at("postgresql", folder, address, command)?;
        let postgres = Postgres { server, pgaudit };
        // It listens a moment before it lets anybody in.
        crate::wait_until("postgresql to let its superuser in", || {
            Ok(postgres.manage("select 1")?.success.then_some(()))
        })?;
        if pgaudit {
            postgres.manage("create extension pgaudit")?.text()?;
        }
        Ok(Some(postgres))
    }

    /// Whether its statements are logged by pgaudit, and not by the server itself.
    pub fn has_pgaudit(&self) -> bool {
        self.pgaudit
    }

    /// Runs SQL with psql as a role; answers come as CSV.
    ///
    /// # Errors
    /// When psql cannot be run; that the server refuses is in what is done.
    pub fn ask(&self, role: &str, password: &str, sql: &str) -> Result<Done> {
        self.ask_in("postgres", role, password, sql)
    }

    /// The same in another database.
    ///
    /// # Errors
    /// When psql cannot be run.
    pub fn ask_in(&self, database: &str, role: &str, password: &str, sql: &str) -> Result<Done> {
        let mut command = self.psql(database, role, password)?;
        // From standard input, so that several statements are several.
        client::run(command.arg("--csv"), sql)
    }

    /// psql as a role that stays signed in until it is dropped.
    ///
    /// # Errors
    /// When psql cannot be run, or is not let in.
    pub fn session(&self, database: &str, role: &str, password: &str) -> Result<PsqlSession> {
        let mut command = self.psql(database, role, password)?;
        PsqlSession::begin(command.args(["--no-align", "--tuples-only"]))
    }

    fn psql(&self, database: &str, role: &str, password: &str) -> Result<Command> {
        let mut command = client::client("psql")?;
        command.env("PGPASSWORD", password).env("HOME", self.server.folder());
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password"]);
        command.args(["-h", "127.0.0.1", "-p", &self.server.port().to_string(), "-U", role, "-d", database]);
        Ok(command)
    }

    /// The same as the superuser.
    ///
    /// # Errors
    /// When psql cannot be run.
    pub fn manage(&self, sql: &str) -> Result<Done> {
        self.ask(Postgres::SUPERUSER, SUPERUSER_PASSWORD, sql)
    }

    /// Runs SQL as the superuser in a database.
    ///
    /// # Errors
    /// When psql cannot be run.
    pub fn manage_in(&self, database: &str, sql: &str) -> Result<Done> {
        self.ask_in(database, Postgres::SUPERUSER, SUPERUSER_PASSWORD, sql)
    }

    /// What PostgreSQL's own clients read of where it is and who asks: its superuser.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let port = self.server.port().to_string();
        let given = [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &port),
            ("PGUSER", Postgres::SUPERUSER),
            ("PGPASSWORD", SUPERUSER_PASSWORD),
            ("PGDATABASE", "postgres"),
        ];
        given.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// Its port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Ends it; what it holds stays.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it again where it was, after [`Postgres::stop`].
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&mut self) -> Result<()> {
        self.server.start_again("postgresql")?;
        crate::wait_until("postgresql to let its superuser in again", || {
            Ok(self.manage("select 1")?.success.then_some(()))
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://127.0.0.1:{}", self.server.port())
    }

    /// Serves TLS too, by a certificate for 127.0.0.1; the file of that.
    ///
    /// # Errors
    /// When there is no `openssl`, or the server does not take it.
    pub fn serve_tls(&self) -> Result<PathBuf> {
        let data = self.server.folder().join("data");
        let (key, certificate) = (data.join("server.key"), data.join("server.crt"));
        let configuration = self.server.folder().join("openssl.cnf");
        std::fs::write(&configuration, CERTIFICATE).context("cannot write openssl.cnf")?;
        // As the server's own user, who alone may read the key.
        let user = server::is_root().then_some(Postgres::SUPERUSER);
        let openssl = server::find_program("openssl").context("`openssl` is not installed")?;
        let mut command = as_user(&openssl, user);
        command.args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.arg("-config").arg(configuration).arg("-keyout").arg(key).arg("-out").arg(&certificate);
        client::run(command.current_dir(self.server.folder()), "")?.text().context("openssl")?;
        self.manage("alter system set ssl = on")?.text()?;
        self.manage("select pg_reload_conf()")?.text()?;
        crate::wait_until("the server to serve TLS", || {
            let is = self.manage("select ssl from pg_stat_ssl where pid = pg_backend_pid()")?.text()?;
            Ok(is.ends_with("t\n").then_some(()))
        })?;
        Ok(certificate)
    }

    /// Puts a line before all others of `pg_hba.conf`, and waits until it is in force.
    ///
    /// # Errors
    /// When the file cannot be written, or the server does not read it.
    pub fn admit(&self, line: &str) -> Result<()> {
        let path = self.server.folder().join("data/pg_hba.conf");
        let rest = std::fs::read_to_string(&path).context("no pg_hba.conf")?;
        std::fs::write(&path, format!("{line}\n{rest}")).context("cannot write pg_hba.conf")?;
        self.manage("select pg_reload_conf()")?.text()?;
        // The main process reads it when it gets to it, and says so.
        let before = self.json_log()?.matches("received SIGHUP").count();
        crate::wait_until("pg_hba.conf to be read again", || {
            self.manage("select pg_reload_conf()")?.text()?;
            Ok((self.json_log()?.matches("received SIGHUP").count() > before).then_some(()))
        })
    }

    /// Its log as CSV, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn csv_log(&self) -> Result<String> {
        self.server.file("log/postgresql.csv")
    }

    /// Its log as JSON, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn json_log(&self) -> Result<String> {
        self.server.file("log/postgresql.json")
    }
}

/// psql that stays signed in.
pub struct PsqlSession {
    child: Child,
    lines: Receiver<String>,
    asked: u64,
}

impl PsqlSession {
    fn begin(command: &mut Command) -> Result<PsqlSession> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot run psql")?;
        let stdout = child.stdout.take().context("psql has no stdout")?;
        let (send, lines) = std::sync::mpsc::channel();
        // Ends with psql, which holds the other end of the pipe, or with whoever hears it.
        std::thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| send.send(line.clone()).is_ok())
                .count()
        });
        let mut session = PsqlSession { child, lines, asked: 0 };
        anyhow::ensure!(session.answers(), "psql was not let in");
        Ok(session)
    }

    /// Whether the server answers in it: asks a question of its own.
    pub fn answers(&mut self) -> bool {
        self.asked += 1;
        let word = format!("answer-{}", self.asked);
        let asked =
            self.child.stdin.as_mut().map(|stdin| writeln!(stdin, "select '{word}';").and_then(|()| stdin.flush()));
        matches!(asked, Some(Ok(()))) && self.lines.recv_timeout(PATIENCE).is_ok_and(|line| line == word)
    }
}

impl Drop for PsqlSession {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Where the newest installed version keeps its programs; `SEVER_TEST_POSTGRES` names another place.
fn programs() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SEVER_TEST_POSTGRES") {
        return Some(PathBuf::from(named)).filter(|path| path.join("initdb").is_file());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest =
        versions.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").is_file()).max_by_key(version);
    newest.map(|path| path.join("bin"))
}

/// The library of an extension, where Debian keeps it.
fn library(programs: &Path, name: &str) -> PathBuf {
    programs.join(format!("../lib/{name}.so"))
}

/// The user to run it as, who then owns the folder; `None` where that is ourselves.
fn user(folder: &Path) -> Result<Option<String>> {
    if !server::is_root() {
        return Ok(None);
    }
    let mut command = client::client("chown")?;
    command.arg(Postgres::SUPERUSER).arg(folder);
    client::run(&mut command, "")?.text().context("the user `postgres` of Debian's package")?;
    Ok(Some(Postgres::SUPERUSER.to_owned()))
}

fn as_user(program: &Path, user: Option<&str>) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

fn initialise(programs: &Path, folder: &Path, user: Option<&str>, (port, libraries): (u16, &[&str])) -> Result<()> {
    let password = folder.join("password");
    std::fs::write(&password, SUPERUSER_PASSWORD).context("cannot write its password")?;
    let data = folder.join("data");
    let mut command = as_user(&programs.join("initdb"), user);
    command.args(["--auth=scram-sha-256", "--no-sync", "--username", Postgres::SUPERUSER, "--pwfile"]).arg(password);
    command.arg("-D").arg(&data).current_dir(folder).env("LC_ALL", "C.UTF-8");
    client::run(&mut command, "")?.text().context("initdb")?;
    let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
    let own = CONFIGURATION.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
    let path = data.join("postgresql.conf");
    let text = std::fs::read_to_string(&path).context("initdb wrote no configuration")?;
    let statements = if libraries.contains(&"pgaudit") { PGAUDIT } else { STATEMENTS };
    let preload = format!("shared_preload_libraries = '{}'\n", libraries.join(","));
    std::fs::write(path, format!("{text}{own}{preload}{statements}")).context("cannot write its configuration")
}
