//! From TOML to a tree of values that know their place, checked against the table of settings.
//!
//! Every mistake is noted and the reading goes on, so that one run tells all of them. A value that is
//! wrong is left out of the tree.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::schema::{self, Field, Kind, ROOT, Registry};
use super::value::{self, Wrong};
use super::{Known, Origin, Problem};
use crate::hint::nearest_or_all;

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) tree: Tree,
    pub(super) origin: Origin,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    /// One that is no table: checked.
    Leaf(toml::Value),
    /// A table, in the order of the file.
    Table(Vec<(String, Node)>),
    /// A list of tables.
    Tables(Vec<Node>),
}

impl Node {
    /// An empty table of nobody's.
    pub(super) fn empty() -> Node {
        Node { tree: Tree::Table(Vec::new()), origin: Origin::Default }
    }

    /// A table's own value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.tree {
            Tree::Table(members) => members.iter().find(|(key, _)| key == name).map(|(_, node)| node),
            Tree::Leaf(_) | Tree::Tables(_) => None,
        }
    }

    /// Itself as TOML, without its places.
    pub(super) fn plain(&self) -> toml::Value {
        match &self.tree {
            Tree::Leaf(value) => value.clone(),
            Tree::Table(members) => {
                toml::Value::Table(members.iter().map(|(key, node)| (key.clone(), node.plain())).collect())
            }
            Tree::Tables(items) => toml::Value::Array(items.iter().map(Node::plain).collect()),
        }
    }
}

/// Reads one file's text.
pub(super) fn read(text: &str, path: &Arc<Path>, known: &Known<'_>, problems: &mut Vec<Problem>) -> Node {
    let mut reader = Reader { text, path, known, problems };
    match DeTable::parse(text) {
        Ok(table) => Node { tree: reader.table(table.get_ref(), ROOT, ""), origin: reader.origin(0..0) },
        Err(error) => {
            let what = error.message().lines().collect::<Vec<_>>().join("; ");
            let span = error.span().unwrap_or(0..0);
            reader.note(span, Wrong::new(format!("not valid TOML: {what}"), toml_hint(&what)));
            Node::empty()
        }
    }
}

/// What beginners in TOML most often mean.
fn toml_hint(what: &str) -> Option<String> {
    let quotes =
        what.contains("string") || what.contains("bare") || what.contains("expected value") || what.contains("literal");
    quotes.then(|| "text stands in quotes: zone = \"Asia/Seoul\"".to_owned())
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Arc<Path>,
    known: &'a Known<'a>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, fields: &'static [Field], place: &str) -> Tree {
        let mut members = Vec::new();
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            let Some(field) = fields.iter().find(|field| field.name == name) else {
                self.unknown_key(key, fields, place);
                continue;
            };
            if let Some(tree) = self.value(value, field, place) {
                members.push((name.to_owned(), Node { tree, origin: self.origin(key.span()) }));
            }
        }
        Tree::Table(members)
    }

    fn unknown_key(&mut self, key: &Spanned<DeString<'_>>, fields: &[Field], place: &str) {
        let name = key.get_ref().as_ref();
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let within = if place.is_empty() { String::new() } else { format!(" in {place}") };
        // A top-level key below a table header belongs to that table: the commonest slip of all.
        let misplaced = !place.is_empty() && ROOT.iter().any(|field| field.name == name && field.kind.scalar());
        let hint = match misplaced {
            true => Some(format!("`{name}` stands before the first `[` of the file")),
            false => nearest_or_all(name, &names),
        };
        self.note(key.span(), Wrong::new(format!("unknown key `{name}`{within}"), hint));
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, field: &'static Field, place: &str) -> Option<Tree> {
        let span = value.span();
        match (&field.kind, value.get_ref()) {
            (Kind::Table(fields), DeValue::Table(table)) => {
                Some(self.table(table, fields, &format!("[{}]", field.name)))
            }
            // What stands there may be a secret: it is not repeated.
            (Kind::Table(fields), _) if schema::is_secret(fields) => {
                let hint =
                    format!("{0} = {{ env = \"…\" }}, {{ file = \"…\" }} or {{ command = [\"…\"] }}", field.name);
                self.note(
                    span,
                    Wrong::new(format!("`{}` says where a secret is, never what it is", field.name), Some(hint)),
                );
                None
            }
            (Kind::Tables(fields), DeValue::Array(items)) if items.iter().all(|item| item.get_ref().is_table()) => {
                let place = format!("[[{}]]", field.name);
                let tables = items.iter().filter_map(|item| Some((item, item.get_ref().as_table()?)));
                let nodes = tables.map(|(item, table)| {
                    let tree = self.table(table, fields, &place);
                    Node { tree, origin: self.origin(item.span()) }
                });
                Some(Tree::Tables(nodes.collect()))
            }
            (Kind::Tables(_), DeValue::Table(_)) => {
                let name = field.name;
                let hint = format!("write [[{name}]] with two brackets: there may be several");
                self.note(span, Wrong::new(format!("`{name}` is a list of tables"), Some(hint)));
                None
            }
            (Kind::Open, DeValue::Table(table)) => Some(self.open(table)),
            (Kind::Columns, DeValue::Table(table)) => Some(self.columns(table, field.name, place)),
            (Kind::Detectors, DeValue::Table(table)) => Some(self.detectors(table)),
            (kind, other) => {
                let plain = plain(other);
                match value::check(kind, field.name, &plain, self.known) {
                    Ok(()) => Some(Tree::Leaf(plain)),
                    Err(wrong) => {
                        self.note(span, wrong);
                        None
                    }
                }
            }
        }
    }

    /// A table that another room reads: kept as it is, with places.
    fn open(&mut self, table: &DeTable<'_>) -> Tree {
        let members = in_order(table).into_iter().map(|(key, value)| {
            let tree = match value.get_ref() {
                DeValue::Table(inner) => self.open(inner),
                other => Tree::Leaf(plain(other)),
            };
            (key.get_ref().to_string(), Node { tree, origin: self.origin(key.span()) })
        });
        Tree::Table(members.collect())
    }

    fn columns(&mut self, table: &DeTable<'_>, field: &str, place: &str) -> Tree {
        for (key, value) in in_order(table) {
            if !value.get_ref().is_str() {
                let name = key.get_ref();
                let what = match field {
                    "map" => format!("`{name}` in `map` of {place} must be a column's name in quotes"),
                    _ => format!("`{name}` in `{field}` of {place} must be text in quotes"),
                };
                self.note(value.span(), Wrong::new(what, None));
            }
        }
        self.open(table)
    }

    fn detectors(&mut self, table: &DeTable<'_>) -> Tree {
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            if name == "off" {
                self.off(value);
            } else if let Err(wrong) = value::id("detector", name, self.known.detectors) {
                self.note(key.span(), wrong);
            } else if !value.get_ref().is_table() {
                let hint = format!("write {name} = {{ … }}, or off = [\"{name}\"] not to run it");
                self.note(value.span(), Wrong::new(format!("`{name}` must be a table"), Some(hint)));
            }
        }
        self.open(table)
    }

    fn off(&mut self, value: &Spanned<DeValue<'_>>) {
        let items = value.get_ref().as_array().filter(|items| items.iter().all(|item| item.get_ref().is_str()));
        let Some(items) = items else {
            self.note(value.span(), Wrong::new("`off` must be a list of detectors, such as [\"dormant\"]", None));
            return;
        };
        for item in items.iter() {
            let id = item.get_ref().as_str().unwrap_or_default();
            if let Err(wrong) = value::id(Registry::Detectors.noun(), id, self.known.detectors) {
                self.note(item.span(), wrong);
            }
        }
    }

    fn note(&mut self, span: Range<usize>, wrong: Wrong) {
        let origin = self.origin(span);
        self.problems.push(Problem { origin, what: wrong.what, hint: wrong.hint });
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Origin::File { path: Arc::clone(self.path), line, column }
    }
}

/// A table's members in the order of the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut members: Vec<_> = table.iter().collect();
    members.sort_by_key(|(key, _)| key.span().start);
    members
}

/// A value without its places.
fn plain(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or_else(|_| toml::Value::String(number.as_str().to_owned()), toml::Value::Integer)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse();
            parsed.map_or_else(|_| toml::Value::String(number.as_str().to_owned()), toml::Value::Float)
        }
        DeValue::Boolean(value) => toml::Value::Boolean(*value),
        DeValue::Datetime(at) => toml::Value::Datetime(*at),
        DeValue::Array(items) => toml::Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(table) => toml::Value::Table(
            in_order(table).into_iter().map(|(key, item)| (key.get_ref().to_string(), plain(item.get_ref()))).collect(),
        ),
    }
}
