//! Follows the guides as a reader does: every `sh` block of `docs/guides/*.md` is run, in order, in an
//! empty folder of the guide's own, by `sh -e`, with the built `sever` first on the path.
//!
//! A block must end with 0, or with the code of its fence (`sh exit=14`); where a `text` block follows,
//! the output holds its lines. `$SEVERANCE` is the checkout, for guides that copy their examples.
//! A guide with servers has what it needs of them in its environment, as its reader set it ([`SERVERS`]).
//! `sever` prints tables, as it does on a terminal. The blocks that build code are `cargo xtask test`'s
//! (suite `guides`); that every other command parses is looked at in `docs.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sever_testkit::Postgres;
use sever_testkit::documents::{self, Block};

/// The guides that work on a directory and a database. They start the directory themselves.
const SERVERS: &[&str] = &["your-first-departure.md"];

/// Where the directory that a guide starts writes its process id.
const DIRECTORY_PID: &str = "directory/slapd.pid";

#[test]
fn every_guide_can_be_followed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut guides: Vec<PathBuf> =
        fs::read_dir(root.join("docs/guides")).unwrap().map(|entry| entry.unwrap().path()).collect();
    guides.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    guides.sort();
    let mut wrong = Vec::new();
    let mut ran = 0;
    for guide in &guides {
        let name = guide.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(guide).unwrap();
        // Alive until the guide ends.
        let database = if SERVERS.contains(&name.as_str()) {
            let (Some(database), true) = (Postgres::start().unwrap(), can_start_a_directory()) else { continue };
            Some(database)
        } else {
            None
        };
        ran += follow(&root, &name, &documents::blocks(&text), &environment(database.as_ref()), &mut wrong);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
    assert!(ran > 20, "only {ran} blocks were run: the reader of guides is broken");
}

/// Whether slapd and its clients are installed; a reported skip where they are not.
fn can_start_a_directory() -> bool {
    ["slapd", "ldapadd", "ldapsearch", "ldapwhoami"].iter().all(|name| {
        let there = sever_testkit::find_program(name).is_some();
        if !there {
            sever_testkit::skip("guides", &format!("`{name}` is not installed; `cargo xtask test` installs it"));
        }
        there
    })
}

/// What the reader of a guide with servers was told to export.
fn environment(database: Option<&Postgres>) -> Vec<(&'static str, String)> {
    let Some(database) = database else { return Vec::new() };
    let directory = format!("ldap://127.0.0.1:{}", sever_testkit::free_port().unwrap());
    database.environment().into_iter().chain([("LDAPURI", directory)]).collect()
}

/// Ends the directory that a guide started, where the guide did not come to its own end.
fn end_directory(folder: &Path) {
    if folder.join(DIRECTORY_PID).exists() {
        let ended =
            Command::new("sh").args(["-c", &format!("kill $(cat {DIRECTORY_PID})")]).current_dir(folder).status();
        assert!(ended.unwrap().success(), "a slapd was left behind");
    }
}

/// Runs a guide's blocks, up to the first that goes wrong; how many were run.
fn follow(
    root: &Path,
    name: &str,
    blocks: &[Block],
    environment: &[(&'static str, String)],
    wrong: &mut Vec<String>,
) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let programs = tempfile::tempdir().unwrap();
    as_on_a_terminal(&programs.path().join("sever"));
    let mut ran = 0;
    for (at, block) in blocks.iter().enumerate() {
        if block.language != "sh" || block.has("norun") || block.has("checkout") {
            continue;
        }
        ran += 1;
        let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap_or_default());
        let script = format!("exec 2>&1\n{}", block.text);
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &script]).current_dir(folder.path()).stdin(Stdio::null());
        // Nothing of who runs the tests: no configuration, no colours, no zone, no home.
        shell.env_clear().env("PATH", path).env("HOME", folder.path()).env("USER", "you").env("SEVERANCE", root);
        shell.envs(environment.iter().map(|(name, value)| (name, value)));
        let done = shell.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        let place = format!("docs/guides/{name}:{}", block.line);
        let code = block.value("exit").map_or(0, |code| code.parse().unwrap());
        if done.status.code() != Some(code) {
            wrong.push(format!("{place}: ended with {}, not {code}; it said:\n{said}", done.status));
            break;
        }
        let shown = blocks.get(at + 1).filter(|next| next.language == "text");
        if let Some(line) = shown.and_then(|shown| documents::unmet(&shown.text, &said)) {
            wrong.push(format!("{place}: this is not in its output, or not there: `{line}`; it said:\n{said}"));
        }
    }
    end_directory(folder.path());
    ran
}

/// A `sever` that prints as on a terminal unless told otherwise.
fn as_on_a_terminal(path: &Path) {
    let real = env!("CARGO_BIN_EXE_sever");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in\n*' --format '*|*' -f '*) exec '{real}' \"$@\";;\n*) exec '{real}' --format table \"$@\";;\nesac\n"
    );
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
