//! Installs what the tests need: real servers and validators.
//!
//! Debian packages come by name (the release pins them) with apt, as root; Python packages come
//! pinned from `xtask/validate/requirements.txt` into a virtual environment of their own under the
//! target folder, never system-wide. What is there already is left alone, so that a second run costs
//! nothing. Without root, or elsewhere than on Debian, the one line to run is printed instead.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command;

/// What is wanted from the system: the Debian package and a file that shows it is there.
const PACKAGES: [(&str, &str); 4] = [
    ("nginx", "/usr/sbin/nginx"),
    ("openssh-server", "/usr/sbin/sshd"),
    ("openssh-client", "/usr/bin/ssh-keygen"),
    ("python3-venv", "/usr/share/doc/python3-venv"),
];

const REQUIREMENTS: &str = "xtask/validate/requirements.txt";

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
    /// The folder that tests may leave things in.
    pub(crate) folder: PathBuf,
}

/// Finds the tools, installing what is missing.
pub(crate) fn tools(install: Install) -> Result<Tools> {
    let folder = command::target_dir().join("test-env");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if install == Install::Missing {
        packages()?;
    }
    let python = python(&folder, install);
    let own = std::env::var_os("PATH").unwrap_or_default();
    let extra = [folder.join("venv/bin"), PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    let path = std::env::join_paths(std::env::split_paths(&own).chain(extra)).context("no search path")?;
    Ok(Tools { path, python, folder })
}

/// Installs the missing Debian packages, or says how.
fn packages() -> Result<()> {
    let missing = PACKAGES.iter().filter(|(_, file)| !Path::new(file).exists());
    let missing: Vec<&str> = missing.map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !Path::new("/etc/debian_version").exists() {
        command::say(&format!("not Debian: install what these Debian packages hold: {}", missing.join(" ")));
        return Ok(());
    }
    if !is_root() {
        command::say(&format!("not root; to run every suite, first run: sudo {line}"));
        return Ok(());
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
    Ok(())
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
    command::say("installing the validators and OpenBao into a Python environment");
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
