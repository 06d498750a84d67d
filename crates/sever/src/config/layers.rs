//! The layers, farthest first: system file, user file, the project's file, environment, flags.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::{Node, Tree, read};
use super::schema::{Field, Kind, ROOT};
use super::value;
use super::{Known, Origin, Problem};
use crate::hint::nearest_or_all;

/// The project's file, where none is named.
const FILE: &str = "severance.toml";

/// The system's file.
const SYSTEM_FILE: &str = "/etc/severance/severance.toml";

/// A configuration is written by hand; what is larger is another file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Variables of the command line's own, which set no setting.
const OTHER_VARIABLES: &[&str] = &["SEVER_CONFIG", "SEVER_FORMAT", "SEVER_COLOR", "SEVER_LOG"];

/// What to read, and what overrides it.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The file named by `--config`, if one is; else [`FILE`] in `cwd`, if it is there.
    pub file: Option<PathBuf>,
    /// Settings given as flags: the setting's name (`data_dir`, `brakes.share`) and its text.
    pub flags: Vec<(&'static str, String)>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub cwd: PathBuf,
    /// The system's file.
    pub system: PathBuf,
    /// The ids that other rooms know.
    pub known: Known<'a>,
}

/// All layers as one tree.
pub(super) struct Merged {
    pub(super) root: Node,
    pub(super) files: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Request<'a> {
    /// For this process: its environment and working folder.
    pub fn of_process(file: Option<PathBuf>, known: Known<'a>) -> Request<'a> {
        // A variable that is not UTF-8 is none of ours: our values are text.
        let env =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Request {
            file,
            flags: Vec::new(),
            env: env.collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            system: PathBuf::from(SYSTEM_FILE),
            known,
        }
    }

    /// With a setting given as a flag, if it was given.
    pub fn flag(mut self, name: &'static str, text: Option<String>) -> Request<'a> {
        self.flags.extend(text.map(|text| (name, text)));
        self
    }

    fn user_file(&self) -> Option<PathBuf> {
        let set = |name: &str| self.env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // Source: XDG Base Directory Specification: a relative XDG_CONFIG_HOME is to be ignored.
        let home = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        Some(home.or_else(|| set("HOME").map(|home| home.join(".config")))?.join("severance").join(FILE))
    }
}

/// Reads all layers and lays the nearer over the farther.
pub(super) fn merge(request: &Request<'_>) -> Merged {
    let mut merged = Merged { root: Node::empty(), files: Vec::new(), problems: Vec::new() };
    merged.optional(&request.system, &request.known);
    if let Some(user) = request.user_file() {
        merged.optional(&user, &request.known);
    }
    let named = request.file.clone().or_else(|| request.env.get("SEVER_CONFIG").map(PathBuf::from));
    match named.filter(|file| !file.as_os_str().is_empty()) {
        Some(file) => merged.required(&request.cwd.join(&file), &request.known),
        None => merged.optional(&request.cwd.join(FILE), &request.known),
    }
    for (name, text) in request.env.iter().filter(|(name, _)| name.starts_with("SEVER_")) {
        merged.variable(name, text, &request.known);
    }
    for (name, text) in &request.flags {
        let origin = Origin::Flag(format!("--{}", name.replace(['_', '.'], "-")));
        let path: Vec<&str> = name.split('.').collect();
        merged.set(&path, text, origin, &request.known);
    }
    merged.files.reverse();
    merged
}

impl Merged {
    fn optional(&mut self, file: &Path, known: &Known<'_>) {
        match text_of(file) {
            Ok(text) => self.file(file, &text, known),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => self.unreadable(file, &error),
        }
    }

    fn required(&mut self, file: &Path, known: &Known<'_>) {
        match text_of(file) {
            Ok(text) => self.file(file, &text, known),
            Err(error) => self.unreadable(file, &error),
        }
    }

    fn file(&mut self, file: &Path, text: &str, known: &Known<'_>) {
        let path: Arc<Path> = Arc::from(file);
        let layer = read(text, &path, known, &mut self.problems);
        lay_over(&mut self.root, layer);
        self.files.push(file.to_owned());
    }

    fn unreadable(&mut self, file: &Path, error: &io::Error) {
        let origin = Origin::File { path: Arc::from(file), line: 0, column: 0 };
        let (what, hint) = match error.kind() {
            io::ErrorKind::NotFound => {
                ("there is no such file".to_owned(), Some("`sever init --from DIR` writes one".to_owned()))
            }
            io::ErrorKind::IsADirectory => ("is a folder".to_owned(), Some(format!("name the {FILE} in it"))),
            _ => (format!("cannot be read: {error}"), None),
        };
        self.problems.push(Problem { origin, what, hint });
    }

    /// `SEVER_ZONE`, `SEVER_BRAKES_SHARE`: a setting by its name. One that names none is told, for
    /// it was meant to change something.
    fn variable(&mut self, name: &str, text: &str, known: &Known<'_>) {
        if OTHER_VARIABLES.contains(&name) {
            return;
        }
        let all = variables();
        match all.iter().find(|(variable, _)| variable == name) {
            Some((_, path)) => self.set(path, text, Origin::Variable(name.to_owned()), known),
            None => {
                let names: Vec<&str> =
                    all.iter().map(|(name, _)| name.as_str()).chain(OTHER_VARIABLES.iter().copied()).collect();
                self.problems.push(Problem {
                    origin: Origin::Variable(name.to_owned()),
                    what: "sets nothing".to_owned(),
                    hint: nearest_or_all(name, &names),
                });
            }
        }
    }

    fn set(&mut self, path: &[&str], text: &str, origin: Origin, known: &Known<'_>) {
        let Some(field) = find(path) else {
            let what = format!("there is no setting `{}`", path.join("."));
            self.problems.push(Problem { origin, what, hint: None });
            return;
        };
        let value = from_text(&field.kind, text);
        if let Err(wrong) = value::check(&field.kind, field.name, &value, known) {
            self.problems.push(Problem { origin, what: wrong.what, hint: wrong.hint });
            return;
        }
        let mut node = Node { tree: Tree::Leaf(value), origin: origin.clone() };
        for name in path.iter().rev() {
            node = Node { tree: Tree::Table(vec![((*name).to_owned(), node)]), origin: origin.clone() };
        }
        lay_over(&mut self.root, node);
    }
}

/// Tables merge name by name; anything else is replaced.
fn lay_over(under: &mut Node, over: Node) {
    match (&mut under.tree, over.tree) {
        (Tree::Table(under), Tree::Table(over)) => {
            for (name, node) in over {
                match under.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => lay_over(known, node),
                    None => under.push((name, node)),
                }
            }
        }
        (_, tree) => *under = Node { tree, origin: over.origin },
    }
}

/// Every variable that sets something, and what.
fn variables() -> Vec<(String, Vec<&'static str>)> {
    let mut all = Vec::new();
    variables_of(ROOT, "SEVER", &[], &mut all);
    all
}

fn variables_of(
    fields: &'static [Field],
    place: &str,
    path: &[&'static str],
    all: &mut Vec<(String, Vec<&'static str>)>,
) {
    for field in fields {
        let variable = format!("{place}_{}", field.name.to_uppercase());
        let path = [path, &[field.name]].concat();
        match field.kind {
            Kind::Table(inner) => variables_of(inner, &variable, &path, all),
            kind if kind.scalar() => all.push((variable, path)),
            _ => {}
        }
    }
}

fn find(path: &[&str]) -> Option<&'static Field> {
    let (last, tables) = path.split_last()?;
    let mut fields = ROOT;
    for table in tables {
        match fields.iter().find(|field| field.name == *table)?.kind {
            Kind::Table(inner) => fields = inner,
            _ => return None,
        }
    }
    fields.iter().find(|field| field.name == *last && field.kind.scalar())
}

/// What a text stands for, where a number or a truth value is wanted.
fn from_text(kind: &Kind, text: &str) -> toml::Value {
    let text = text.trim();
    let parsed = match kind {
        Kind::Bool => text.parse().ok().map(toml::Value::Boolean),
        Kind::Count => text.parse().ok().map(toml::Value::Integer),
        Kind::Share => text.parse().ok().map(toml::Value::Float),
        _ => None,
    };
    parsed.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn text_of(file: &Path) -> io::Result<String> {
    let length = std::fs::metadata(file)?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{length} bytes are more than a configuration has")));
    }
    let bytes = std::fs::read(file)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("not UTF-8 at byte {at}; save it as UTF-8"))
    })
}
