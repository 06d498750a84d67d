//! Every setting there is, in one table: its name, kind, default and meaning.
//!
//! The reader, the did-you-mean, the environment variables, `sever schema` and the reference in the
//! documents all come from it. To add a setting: add its [`Field`] here and read it in `build.rs`.

mod case;
mod doors;
mod gate;
mod watch;

use serde_json::{Map, Value, json};
use sever_model::ClaimSet;

use super::Known;

/// What a setting holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// An IANA time zone.
    Zone,
    /// A file or folder, relative to the file that names it.
    Path,
    /// A file, folder or glob, relative to the file that names it.
    Glob,
    /// `true` or `false`.
    Bool,
    /// A whole number from 0.
    Count,
    /// From 0 to 1.
    Share,
    /// `90s`, `2m`, `1h`, `30d`.
    Duration,
    /// An instant: RFC 3339, or a date or local time in the configured zone.
    Time,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The id of a provider, format, detector or connector.
    Id(Registry),
    /// A list of texts.
    Texts,
    /// A list of claims.
    Claims,
    /// A table of texts: their column by our field.
    Columns,
    /// A table that another room reads.
    Open,
    /// Settings by detector id, and `off`.
    Detectors,
    /// A table of these fields.
    Table(&'static [Field]),
    /// Any number of tables of these fields.
    Tables(&'static [Field]),
}

/// A list of ids that another room keeps.
#[derive(Debug, Clone, Copy)]
pub(super) enum Registry {
    /// Kinds of source.
    Providers,
    /// Log formats.
    Formats,
    /// Detectors.
    Detectors,
    /// Kinds of live connection.
    Connectors,
}

/// Whether a setting must be there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    /// It must.
    Required,
    /// It need not be, and then holds nothing.
    Optional,
    /// It need not be, and then holds this.
    Default(&'static str),
}

/// One setting.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    pub(super) doc: &'static str,
}

const fn field(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Field {
    Field { name, kind, need, doc }
}

use Kind::{
    Bool, Claims, Columns, Count, Day, Detectors, Duration, Glob, Id, Open, Path, Share, Table, Tables, Text, Texts,
    Time, Word, Zone,
};
use Need::{Default, Optional, Required};

/// The whole file.
pub(super) static ROOT: &[Field] = &[
    field("zone", Zone, Default("UTC"), "time zone of dates and local times that name none, such as a last day"),
    field("data_dir", Path, Default("severance-data"), "where facts, findings and judged uses are kept"),
    field("lake", Text, Optional, "where judged uses are kept instead: a folder, or `s3://bucket/prefix`"),
    field("source", Tables(SOURCE), Optional, "where facts come from: people, accounts, keys, rights"),
    field("log", Tables(LOG), Optional, "where events come from"),
    field("class", Tables(CLASS), Optional, "a class of token, and how its issuances and uses join"),
    field("register", Table(REGISTER), Optional, "who is, was or never was a customer"),
    field("resolver", Tables(RESOLVER), Optional, "who else is in an answer, such as an address book"),
    field("subject_set", Tables(SUBJECT_SET), Optional, "who is in an export that a log names by reference"),
    field("detectors", Detectors, Optional, "settings by detector id, and `off`, a list of detectors not to run"),
    field("skew", Duration, Default("2m"), "how far the clocks of systems may be apart"),
    field("brakes", Table(BRAKES), Optional, "when a listing that shrank is refused"),
    field("sigma", Table(SIGMA), Optional, "detections of one's own: Sigma rules, with correlations"),
    field("suppress", Tables(SUPPRESS), Optional, "findings that are accepted, by whom, why and until when"),
    field("privacy", Table(PRIVACY), Optional, "who may see what of people, and how long it is kept"),
    field(
        "connection",
        Tables(doors::CONNECTION),
        Optional,
        "a live connection to a system: lists, closes, tries doors",
    ),
    field(
        "cutting",
        Table(doors::CUTTING),
        Optional,
        "how people are cut off: what is never cut, who is asked, who approves",
    ),
    field("gate", Table(gate::GATE), Optional, "what is asked of tokens as they are shown, and what is answered"),
    field("watch", Table(watch::WATCH), Optional, "how `sever watch` follows logs, and what may be pushed to it"),
    field("notify", Tables(watch::NOTIFY), Optional, "who is told what `sever watch` finds"),
    field("case", Table(case::CASE), Optional, "incidents: which laws' clocks run, and whose notices they are"),
];

static SOURCE: &[Field] = &[
    field("name", Text, Required, "its name: evidence and coverage use it"),
    field("kind", Id(Registry::Providers), Required, "what it is: see `sever sources`"),
    field("path", Glob, Required, "file, folder or glob; a date in a file's name makes it a dated snapshot"),
    field("system", Text, Optional, "the system its ids belong to; its name where absent"),
    field("complete", Bool, Default("true"), "whether what is missing from it has ended"),
    field("map", Columns, Optional, "our field = their column, where it is not recognised"),
];

static LOG: &[Field] = &[
    field("name", Text, Required, "its name: classes and evidence use it"),
    field("path", Glob, Required, "file, folder, glob or `s3://bucket/prefix`; gzip and zstd are unpacked"),
    field("format", Id(Registry::Formats), Optional, "its format: see `sever formats`; sniffed where absent"),
    field("system", Text, Optional, "the system whose accounts it names"),
    field("map", Open, Optional, "for `json-lines`: our field = theirs; `envelope` where the head does not tell it"),
];

static CLASS: &[Field] = &[
    field("issuer", Text, Required, "the issuer, as tokens and logs name it"),
    field("name", Text, Required, "the class's name, such as `access`"),
    field("issued_in", Text, Optional, "the log its issuances stand in; without one nothing can be judged"),
    field("used_in", Texts, Required, "the logs its uses stand in"),
    field(
        "token_type",
        Text,
        Default(""),
        "the `token_type` that both logs carry, where an issuer has several classes",
    ),
    field("audiences", Texts, Optional, "audiences it is good for; any where absent"),
    field("key_ids", Texts, Optional, "ids of the keys that may sign it; any where absent"),
    field("join", Word(JOINS), Default("jti"), "by what an issuance and a use find each other"),
    field("bound", Claims, Optional, "claims compared besides the id, as far as both logs carry them"),
    field("lifetime_max", Duration, Required, "the longest a token of it lives"),
    field("settle", Duration, Default("2m"), "how late an issuance may be logged"),
    field("coverage", Word(COVERAGES), Default("unknown"), "how the issuer's log is known to be complete"),
];

pub(super) static JOINS: &[&str] = &["jti", "token-sha256", "session", "parent", "provider-hmac"];
pub(super) static COVERAGES: &[&str] = &["sequence", "heartbeat", "declared", "unknown"];

static REGISTER: &[Field] = &[
    field("path", Path, Required, "CSV or Parquet with the columns id, created, deleted, member"),
    field("complete_until", Time, Optional, "until when it holds every id; the file's newest entry where absent"),
];

static RESOLVER: &[Field] = &[
    field("endpoint", Text, Required, "the beginning of the `resource` whose answers it resolves"),
    field("path", Glob, Required, "a table with the columns subject, person"),
];

static SUBJECT_SET: &[Field] = &[
    field("ref", Text, Required, "the `subject_ref` that stands in the log"),
    field("path", Path, Required, "a table whose first column, or column `subject`, holds the ids"),
];

static SIGMA: &[Field] = &[field(
    "path",
    Glob,
    Required,
    "file, folder or glob of rules; of a folder or glob, what ends in `.yml` or `.yaml`",
)];

static BRAKES: &[Field] = &[
    field("share", Share, Default("0.1"), "the largest share of a listing that may end at once"),
    field("count", Count, Default("5"), "so many may end at once whatever the share"),
];

static SUPPRESS: &[Field] = &[
    field("finding", Text, Optional, "the finding's id, or"),
    field("detector", Id(Registry::Detectors), Optional, "the detector, all of whose findings are accepted"),
    field("reason", Text, Required, "why it is accepted"),
    field("author", Text, Required, "who accepted it"),
    field("until", Day, Required, "the last day it is accepted; an expired one is itself a finding"),
];

static PRIVACY: &[Field] = &[
    field("pseudonyms", Bool, Default("true"), "whether people who are employed are shown as pseudonyms"),
    field("role", Tables(ROLE), Optional, "who may do what with people's data"),
    field("retention", Table(RETENTION), Optional, "how long each kind of data is kept; `sever privacy sweep` deletes"),
    field(
        "dictionary_key",
        Table(SECRET),
        Optional,
        "the key of the subjects' ids; a file in the data directory where absent",
    ),
];

static ROLE: &[Field] = &[
    field("name", Text, Required, "the role's name, as records of access show it"),
    field("who", Texts, Required, "logins of this machine's users; `*` is anybody"),
    field("may", Texts, Required, "some of `reveal`, `subjects`, `basis`, `erase`, `sweep`, `release`, `case`"),
];

static RETENTION: &[Field] = &[
    field("facts", Duration, Default("1100d"), "facts that ended or were corrected"),
    field("findings", Duration, Default("1100d"), "findings, since they were last raised"),
    field("uses", Duration, Default("400d"), "judged uses, and the ids of the subjects in them"),
    field("accesses", Duration, Default("1100d"), "records of who saw what"),
];

static SECRET: &[Field] = &[
    field("env", Text, Optional, "the variable that holds it"),
    field("file", Path, Optional, "the file that holds it"),
    field("command", Texts, Optional, "the command that prints it"),
];

/// Whether a table says where a secret comes from.
pub(super) fn is_secret(fields: &'static [Field]) -> bool {
    std::ptr::eq(fields, SECRET)
}

impl Registry {
    /// The ids that there are, where the caller gave any.
    pub(super) fn ids<'a>(self, known: &Known<'a>) -> &'a [&'a str] {
        match self {
            Registry::Providers => known.providers,
            Registry::Formats => known.formats,
            Registry::Detectors => known.detectors,
            Registry::Connectors => known.connectors,
        }
    }

    /// What one of them is called.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Registry::Providers => "kind of source",
            Registry::Formats => "log format",
            Registry::Detectors => "detector",
            Registry::Connectors => "kind of connection",
        }
    }
}

impl Kind {
    /// What it holds, in words.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Kind::Text | Kind::Word(_) | Kind::Id(_) => "text in quotes",
            Kind::Zone => "an IANA time zone in quotes, such as \"Asia/Seoul\"",
            Kind::Path => "a path in quotes",
            Kind::Glob => "a path or glob in quotes",
            Kind::Bool => "true or false",
            Kind::Count => "a whole number from 0",
            Kind::Share => "a number from 0 to 1",
            Kind::Duration => "a length of time in quotes, such as \"90s\", \"2m\", \"1h\" or \"30d\"",
            Kind::Time => "a time, such as \"2025-11-18T00:00:00Z\"",
            Kind::Day => "a day, such as \"2026-12-31\"",
            Kind::Texts | Kind::Claims => "a list of texts, such as [\"a\", \"b\"]",
            Kind::Columns => "a table of texts, such as { id = \"Pers.No.\" }",
            Kind::Open | Kind::Detectors | Kind::Table(_) => "a table",
            Kind::Tables(_) => "a list of tables",
        }
    }

    /// Whether an environment variable or a flag can hold it.
    pub(super) const fn scalar(&self) -> bool {
        matches!(self, Text | Zone | Path | Glob | Bool | Count | Share | Duration | Time | Day | Word(_) | Id(_))
    }
}

/// One line of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands: `zone`, `[[log]] path`, `[brakes] share`.
    pub name: String,
    /// What it holds.
    pub holds: String,
    /// Its default; `required`, or empty.
    pub default: String,
    /// What it means.
    pub doc: &'static str,
    /// The environment variable that sets it, where one can.
    pub variable: Option<String>,
}

/// Every setting, in the order of the file: for the documents.
pub fn settings() -> Vec<Setting> {
    let mut settings = Vec::new();
    list(ROOT, "", None, &mut settings);
    settings
}

fn list(fields: &[Field], place: &str, variable: Option<&str>, settings: &mut Vec<Setting>) {
    let top = place.is_empty();
    for field in fields {
        let name = if top { field.name.to_owned() } else { format!("{place} {}", field.name) };
        let variable_of = |prefix: &str| format!("{prefix}_{}", field.name.to_uppercase());
        let own = if top { Some(variable_of("SEVER")) } else { variable.map(variable_of) };
        let default = match field.need {
            Need::Required => "required".to_owned(),
            Need::Optional | Need::Default("") => String::new(),
            Need::Default(text) => text.to_owned(),
        };
        let holds = match field.kind {
            Kind::Word(words) => format!("one of {}", words.join(", ")),
            Kind::Claims => format!("a list of {}", ClaimSet::names().collect::<Vec<_>>().join(", ")),
            kind => kind.expected().to_owned(),
        };
        let set_by = own.clone().filter(|_| field.kind.scalar());
        settings.push(Setting { name, holds, default, doc: field.doc, variable: set_by });
        let outer = if top { String::new() } else { format!("{}.", place.trim_matches(['[', ']'])) };
        match field.kind {
            Kind::Table(inner) => list(inner, &format!("[{outer}{}]", field.name), own.as_deref(), settings),
            Kind::Tables(inner) => list(inner, &format!("[[{outer}{}]]", field.name), None, settings),
            _ => {}
        }
    }
}

/// The JSON Schema (2020-12) of `severance.toml`, for editors.
pub fn json_schema(known: &Known<'_>) -> Value {
    let mut schema = table_schema(ROOT, known);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        object.insert("title".to_owned(), "severance.toml".into());
    }
    schema
}

fn table_schema(fields: &[Field], known: &Known<'_>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut schema = kind_schema(&field.kind, known);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), field.doc.into());
            if let Need::Default(text) = field.need {
                object.insert("default".to_owned(), default_value(&field.kind, text));
            }
        }
        if matches!(field.need, Need::Required) {
            required.push(field.name);
        }
        properties.insert(field.name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn kind_schema(kind: &Kind, known: &Known<'_>) -> Value {
    match kind {
        Kind::Text | Kind::Zone | Kind::Path | Kind::Glob | Kind::Time | Kind::Day => json!({ "type": "string" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
        Kind::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::Duration => json!({ "type": "string", "pattern": "^[0-9]+(s|m|h|d)$" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Id(registry) => id_schema(*registry, known),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Claims => json!({ "type": "array", "items": { "enum": ClaimSet::names().collect::<Vec<_>>() } }),
        Kind::Columns => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::Open => json!({ "type": "object" }),
        Kind::Detectors => {
            let off = json!({ "type": "array", "items": id_schema(Registry::Detectors, known) });
            let mut properties = Map::from_iter([("off".to_owned(), off)]);
            properties.extend(known.detectors.iter().map(|id| ((*id).to_owned(), json!({ "type": "object" }))));
            let open = known.detectors.is_empty();
            json!({ "type": "object", "properties": properties, "additionalProperties": open })
        }
        Kind::Table(fields) => table_schema(fields, known),
        Kind::Tables(fields) => json!({ "type": "array", "items": table_schema(fields, known) }),
    }
}

fn id_schema(registry: Registry, known: &Known<'_>) -> Value {
    match registry.ids(known) {
        [] => json!({ "type": "string" }),
        ids => json!({ "enum": ids }),
    }
}

fn default_value(kind: &Kind, text: &str) -> Value {
    match kind {
        Kind::Bool | Kind::Count | Kind::Share => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}
