//! How the fields of somebody's JSON become those of an event: `[log.map]`.
//!
//! ```toml
//! [log.map]
//! time = "ts"                                     # a dotted path
//! source_ip = ["client.ip", "remote_addr"]        # the first that is there
//! issuer = { const = "https://id.shop.example" }  # the same for every record
//! kind = { path = "event", values = { token_issued = "issued", beat = "heartbeat" } }
//! outcome = "status"                              # HTTP statuses and common words are understood
//! key_id = 'jwt."header.kid"'                     # a key that holds a dot
//! zone = "Asia/Seoul"                             # for times without an offset
//! envelope = "cloudwatch-logs/syslog"             # or "none"; told from the log's head otherwise
//! ```
//!
//! What each field takes:
//!
//! - **any text field**: text, a number or a boolean, as text. `values` translates; a value that is
//!   not in it stays, unless there is a `default`. A list gives its first element, except that
//!   `audience` is joined by spaces and `fields` by commas;
//! - **`data_subjects`**: one, or a list. A path may pass through a list (`orders.member`);
//! - **`kind`**: one of `issued`, `used`, `authenticated`, `changed`, `read`, `heartbeat`, by itself
//!   or by `values`. Not mapped, every record is `used`. A record whose kind is none of these, with no
//!   `default`, is counted as another kind of record and not decoded;
//! - **`outcome`**: `answered`, `refused`, `unknown`; an HTTP status (2xx and 3xx answered, 4xx and
//!   5xx refused, but 499 and 0, where the client left first, unknown); true and false; and words such
//!   as `success` and `denied`;
//! - **`time`, `issued_at`, `expires_at`, `idle_since`**: RFC 3339, seconds since the epoch with or
//!   without a fraction, milli-, micro- or nanoseconds since, `10/Oct/2023:13:55:36 +0200`, and, with
//!   `zone`, local times such as `2026-09-30 17:00:00`. Without a `time` a record is rejected; a claim
//!   (`issued_at`, `expires_at`) that cannot be read is left out and counted, for whoever forges a
//!   token chooses its claims, and must not be able to have his request dropped;
//! - **`resource`** ends before its question mark: query strings carry secrets. Map `subject_ref` to
//!   the query where it is needed to tell whose data was in the answer;
//! - **`source_ip`** loses a port.
//!
//! A heartbeat has `idle_since`, and `subject_count` for the number of polls.

mod field;
mod guess;
mod pick;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use field::Field;
pub use guess::Guess;
pub use pick::Pick;
pub(crate) use pick::keys;

/// How the fields of a JSON log become those of an event, and what its times lack.
///
/// Formats other than the mapped ones take `zone`, `year` and constants only: a constant replaces
/// what the format says, where it says something (a Keycloak event names its realm by an id; tokens
/// name their issuer by URL).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    picks: BTreeMap<Field, Pick>,
    /// The zone of times that have no offset, by its IANA name.
    pub zone: Option<String>,
    /// The year of the log's first line, for formats whose times have none (RFC 3164).
    pub year: Option<i16>,
    /// What the records are carried in, where that is not to be told from the log's head: `none`, or
    /// ids of envelopes from the outermost, with `/` between them.
    pub envelope: Option<String>,
}

/// Why a mapping does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// A mapped format without a mapping.
    #[error("format `{0}` needs a mapping")]
    Needed(&'static str),
    /// A mapping that leaves out a field that no record can do without.
    #[error("the mapping does not say where `{0}` is")]
    Lacks(&'static str),
    /// A path that is no path.
    #[error("`{path}`, mapped to `{field}`, is no path: {what}")]
    Path {
        /// The field.
        field: &'static str,
        /// What stands there.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A kind or outcome that there is none of.
    #[error("`{value}` is no {field} (expected {expected})")]
    Value {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The zone is unknown.
    #[error("{0}")]
    Zone(String),
    /// A field that this format reads itself.
    #[error("format `{format}` finds `{field}` itself; only a constant can replace it")]
    Fixed {
        /// The format.
        format: &'static str,
        /// The field.
        field: &'static str,
    },
    /// An envelope that there is none of.
    #[error("there is no envelope `{0}`")]
    Envelope(String),
    /// A field that takes no constant.
    #[error("`{0}` cannot be a constant")]
    Constant(&'static str),
    /// More paths than a decoder takes.
    #[error("{0} paths are mapped; at most {max} can be", max = PATHS_MAX)]
    TooMany(usize),
}

impl MappingError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            MappingError::Needed(_) => "`sever init --from` proposes one",
            MappingError::Lacks(_) => "add `time = \"…\"` with the path of the record's time to `[log.map]`",
            MappingError::Path { .. } => "write `a.b.c`, and quote a key that holds a dot: `a.\"b.c\"`",
            MappingError::Value { .. } => "translate the log's words with `values = { theirs = \"ours\" }`",
            MappingError::Zone(_) => "write an IANA name such as `Europe/Berlin`",
            MappingError::Fixed { .. } => "write `{ const = \"…\" }`, or use format `json-lines` with a full mapping",
            MappingError::Envelope(_) => "write `none`, or ids such as `cloudwatch-logs/syslog`",
            MappingError::Constant(_) => "map it to a path",
            MappingError::TooMany(_) => "leave out alternatives that the log does not have",
        }
    }
}

/// Most paths of one mapping.
pub(crate) const PATHS_MAX: usize = 512;

impl Mapping {
    /// A mapping of nothing.
    pub fn new() -> Mapping {
        Mapping::default()
    }

    /// Maps a field.
    #[must_use]
    pub fn with(mut self, field: Field, pick: impl Into<Pick>) -> Mapping {
        self.set(field, pick);
        self
    }

    /// Maps a field, or maps it anew.
    pub fn set(&mut self, field: Field, pick: impl Into<Pick>) {
        self.picks.insert(field, pick.into());
    }

    /// What a field is mapped to.
    pub fn pick(&self, field: Field) -> Option<&Pick> {
        self.picks.get(&field)
    }

    /// The mapped fields.
    pub fn picks(&self) -> impl Iterator<Item = (Field, &Pick)> {
        self.picks.iter().map(|(field, pick)| (*field, pick))
    }

    /// This mapping where it says something, `base` elsewhere.
    pub(crate) fn over(&self, base: Mapping) -> Mapping {
        let mut both = base;
        for (field, pick) in self.picks() {
            both.set(field, pick.clone());
        }
        both.zone = self.zone.clone().or(both.zone);
        both.year = self.year.or(both.year);
        both.envelope = self.envelope.clone().or(both.envelope);
        both
    }

    /// The lines that belong under `[log.map]`.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| {
            out.push_str(name);
            out.push_str(" = ");
            out.push_str(&value);
            out.push('\n');
        };
        for (field, pick) in self.picks() {
            line(field.name(), pick.to_toml());
        }
        if let Some(zone) = &self.zone {
            line("zone", pick::quoted(zone));
        }
        if let Some(year) = self.year {
            line("year", year.to_string());
        }
        if let Some(envelope) = &self.envelope {
            line("envelope", pick::quoted(envelope));
        }
        out
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mapping, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        for (field, pick) in self.picks() {
            map.serialize_entry(field.name(), pick)?;
        }
        if let Some(zone) = &self.zone {
            map.serialize_entry("zone", zone)?;
        }
        if let Some(year) = self.year {
            map.serialize_entry("year", &year)?;
        }
        if let Some(envelope) = &self.envelope {
            map.serialize_entry("envelope", envelope)?;
        }
        map.end()
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Mapping;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of event fields and where they are")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
        let mut mapping = Mapping::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "zone" => mapping.zone = Some(map.next_value()?),
                "year" => mapping.year = Some(map.next_value()?),
                "envelope" => mapping.envelope = Some(map.next_value()?),
                name => {
                    let field = Field::named(name).ok_or_else(|| A::Error::custom(Field::unknown(name)))?;
                    if mapping.picks.insert(field, map.next_value()?).is_some() {
                        return Err(A::Error::custom(format!("`{name}` is mapped twice")));
                    }
                }
            }
        }
        Ok(mapping)
    }
}

#[cfg(test)]
mod tests;
