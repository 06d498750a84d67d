//! The settings of `[watch]` and `[[notify]]`.

use super::Kind::{Bool, Count, Duration, Path, Table, Tables, Text, Word};
use super::Need::{Default, Optional, Required};
use super::{Field, SECRET, field};

pub(super) static WATCH: &[Field] = &[
    field(
        "listen",
        Text,
        Optional,
        "address and port for HTTP: pushed records, `/healthz`, keys; nothing where absent",
    ),
    field("hold", Duration, Default("1s"), "how long a record waits for other logs' that may be earlier"),
    field("checkpoint", Duration, Default("60s"), "how often all of the state is written"),
    field("body_bytes_max", Count, Default("16777216"), "the largest body that may be pushed"),
    field("spool_bytes_max", Count, Default("10737418240"), "how much of pushed records is kept, for each log"),
    field("input", Tables(INPUT), Optional, "logs that are pushed here, not followed as files"),
];

static INPUT: &[Field] = &[
    field("log", Text, Required, "the [[log]]; its `path` is the folder where what comes is kept"),
    field("kind", Word(&["http", "syslog"]), Required, "posted to `/v1/logs/<log>`, or syslog over TCP"),
    field("listen", Text, Optional, "for syslog: address and port"),
    field("token", Table(SECRET), Optional, "for http: the bearer token that is asked for"),
];

pub(super) static NOTIFY: &[Field] = &[
    field("name", Text, Required, "its name, as the status shows it"),
    field("kind", Word(&["webhook", "syslog", "file", "ssf"]), Required, "what kind of receiver it is"),
    field("url", Text, Default(""), "where: `https://…`; for syslog `tcp://host:port`"),
    field("path", Path, Optional, "for a file: its path"),
    field(
        "severity_min",
        Word(&["info", "low", "medium", "high", "critical"]),
        Default("medium"),
        "the least severity that it is told of",
    ),
    field("private", Bool, Default("false"), "whether its address may be a private one"),
    field("token", Table(SECRET), Optional, "the bearer token that it asks for"),
    field("issuer", Text, Default(""), "for ssf: the issuer of the tokens, a URL of ours"),
    field("audience", Text, Default(""), "for ssf: the audience of the tokens"),
];
