//! Where one field is found.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Field, MappingError};

/// Where a field is found: paths of which the first present counts, or a constant; and what its values
/// stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pick {
    /// Dotted paths, the first present counts.
    pub paths: Vec<String>,
    /// The same for every record, where no path has a value.
    pub constant: Option<String>,
    /// What the log's values stand for.
    pub values: BTreeMap<String, String>,
    /// What stands for a value that is absent, or not in `values`.
    pub default: Option<String>,
}

impl Pick {
    /// A constant.
    pub fn constant(value: &str) -> Pick {
        Pick { constant: Some(value.to_owned()), ..Pick::default() }
    }

    /// The first present of several paths.
    pub fn first(paths: &[&str]) -> Pick {
        Pick { paths: paths.iter().map(|path| (*path).to_owned()).collect(), ..Pick::default() }
    }

    /// A path, with what its values stand for.
    pub fn translated(path: &str, values: &[(&str, &str)]) -> Pick {
        let values = values.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned()));
        Pick { values: values.collect(), ..Pick::from(path) }
    }

    /// As a value in TOML, in the shortest form.
    pub fn to_toml(&self) -> String {
        let path = match self.paths.as_slice() {
            [only] => quoted(only),
            several => format!("[{}]", several.iter().map(|path| quoted(path)).collect::<Vec<_>>().join(", ")),
        };
        if self.is_plain() {
            return path;
        }
        let mut parts = Vec::new();
        if !self.paths.is_empty() {
            parts.push(format!("path = {path}"));
        }
        parts.extend(self.constant.as_ref().map(|value| format!("const = {}", quoted(value))));
        if !self.values.is_empty() {
            let values: Vec<String> =
                self.values.iter().map(|(theirs, ours)| format!("{} = {}", key(theirs), quoted(ours))).collect();
            parts.push(format!("values = {{ {} }}", values.join(", ")));
        }
        parts.extend(self.default.as_ref().map(|value| format!("default = {}", quoted(value))));
        format!("{{ {} }}", parts.join(", "))
    }

    fn is_plain(&self) -> bool {
        self.constant.is_none() && self.values.is_empty() && self.default.is_none()
    }
}

impl From<&str> for Pick {
    fn from(path: &str) -> Pick {
        Pick { paths: vec![path.to_owned()], ..Pick::default() }
    }
}

/// The keys of a dotted path; a key in double quotes may hold dots.
pub(crate) fn keys(field: Field, path: &str) -> Result<Vec<String>, MappingError> {
    let wrong = |what| MappingError::Path { field: field.name(), path: path.to_owned(), what };
    let mut keys = Vec::new();
    let mut rest = path;
    loop {
        let (key, after) = match rest.strip_prefix('"') {
            Some(inner) => inner.split_once('"').ok_or_else(|| wrong("a quotation mark is not closed"))?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if key.is_empty() {
            return Err(wrong("a key is empty"));
        }
        keys.push(key.to_owned());
        if after.is_empty() {
            break;
        }
        rest = after.strip_prefix('.').ok_or_else(|| wrong("a dot is missing after a quoted key"))?;
    }
    // Deeper than this no record is read by default.
    if keys.len() > 32 { Err(wrong("it has more than 32 keys")) } else { Ok(keys) }
}

/// A key as TOML writes it.
fn key(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !text.is_empty() && text.bytes().all(bare) { text.to_owned() } else { quoted(text) }
}

/// A text as TOML writes it: literal where it holds quotation marks, so that quoted keys stay legible.
pub(super) fn quoted(text: &str) -> String {
    let plain = |text: &str| text.chars().all(|char| !char.is_control());
    if text.contains(['"', '\\']) && !text.contains('\'') && plain(text) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

impl Serialize for Pick {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.paths.as_slice() {
            [only] if self.is_plain() => return serializer.serialize_str(only),
            several if self.is_plain() => return several.serialize(serializer),
            _ => {}
        }
        Table {
            path: (!self.paths.is_empty()).then(|| Paths(self.paths.clone())),
            constant: self.constant.clone(),
            values: self.values.clone(),
            default: self.default.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pick, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

/// The three forms of a pick: a path, a list of paths, a table.
struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Pick;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, a list of paths, `{ const = … }` or `{ path = …, values = { … }, default = … }`")
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<Pick, E> {
        Ok(Pick::from(path))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pick, A::Error> {
        let mut paths = Vec::new();
        while let Some(path) = list.next_element::<String>()? {
            paths.push(path);
        }
        if paths.is_empty() {
            return Err(A::Error::custom("a list of paths is empty"));
        }
        Ok(Pick { paths, ..Pick::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pick, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        if table.path.is_none() && table.constant.is_none() {
            return Err(A::Error::custom("neither `path` nor `const` says where the field is"));
        }
        let paths = table.path.map_or_else(Vec::new, |Paths(paths)| paths);
        Ok(Pick { paths, constant: table.constant, values: table.values, default: table.default })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Paths>,
    #[serde(rename = "const", default, skip_serializing_if = "Option::is_none")]
    constant: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

/// One path or several.
#[derive(Serialize)]
#[serde(transparent)]
struct Paths(Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Paths, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Paths;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }
            fn visit_str<E: Error>(self, path: &str) -> Result<Paths, E> {
                Ok(Paths(vec![path.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Paths, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element()? {
                    paths.push(path);
                }
                Ok(Paths(paths))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}
