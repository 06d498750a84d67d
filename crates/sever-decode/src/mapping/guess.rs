//! Proposing a mapping from a sample, by the names that people give their fields.
//!
//! A guess is shown before it is believed: names decide, values only veto (a `time` that is no time is
//! not taken). What is left over is listed, so that the reader sees what was not understood.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::{Field, Mapping, Pick};
use crate::envelope::peel::Peeled;
use crate::sniff::Sample;
use crate::{Format, when};

/// A proposed mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The mapping.
    pub mapping: Mapping,
    /// Paths of the sample that are mapped to nothing.
    pub unmapped: Vec<String>,
    /// What was taken for what, in words.
    pub why: String,
}

/// Deepest path that is considered, in keys.
const DEPTH_MAX: usize = 4;
/// Paths considered; a log with more has ids for keys.
const PATHS_MAX: usize = 400;
/// Distinct values remembered of a path.
const VALUES_MAX: usize = 12;

/// Names by field, the likeliest first, in the order in which fields choose. A name with a dot is a
/// path's end; all are compared without case and punctuation.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Time,
        &[
            "time",
            "timestamp",
            "ts",
            "@timestamp",
            "datetime",
            "event_time",
            "time_iso8601",
            "start_time",
            "msec",
            "time_local",
            "logged_at",
            "occurred_at",
            "event_timestamp",
            "date",
            "at",
            "created_at",
        ],
    ),
    (Field::IssuedAt, &["iat", "issued_at", "token_iat", "jwt_iat", "auth_time"]),
    (Field::ExpiresAt, &["exp", "expires_at", "expiry", "expires", "token_exp", "jwt_exp"]),
    (Field::IdleSince, &["idle_since"]),
    (
        Field::Credential,
        &["jti", "token_id", "jwt_jti", "token_sha256", "token_hash", "access_key_id", "api_key_id", "credential"],
    ),
    (Field::KeyId, &["kid", "key_id", "signing_key_id", "signing_key", "jwt_kid"]),
    (Field::Issuer, &["iss", "issuer", "jwt_iss", "token_issuer"]),
    (Field::Audience, &["aud", "audience", "jwt_aud"]),
    (Field::TokenType, &["token_type", "token_use", "token_class", "typ", "class"]),
    (Field::Client, &["azp", "client_id", "client", "app_id", "application", "app"]),
    (Field::Session, &["sid", "session_id", "session", "session_state"]),
    (Field::Parent, &["parent", "parent_id", "parent_jti", "refresh_token_id", "refresh_jti"]),
    (
        Field::TokenSubject,
        &["sub", "token_subject", "jwt_sub", "token_sub", "subject", "member_id", "customer_id", "subject_id"],
    ),
    (
        Field::DataSubjects,
        &["data_subjects", "subjects", "subject_ids", "member_ids", "customer_ids", "members", "customers"],
    ),
    (
        Field::SubjectCount,
        &[
            "subject_count",
            "row_count",
            "rows_returned",
            "rows",
            "num_rows",
            "record_count",
            "records",
            "polls",
            "count",
        ],
    ),
    (Field::SubjectRef, &["subject_ref", "report_id", "export_id", "query_id", "snapshot"]),
    (Field::Fields, &["fields", "columns"]),
    (
        Field::Outcome,
        &[
            "status",
            "status_code",
            "http_status",
            "response_code",
            "response_status",
            "outcome",
            "result",
            "success",
            "code",
        ],
    ),
    (
        Field::Resource,
        &[
            "path",
            "request_uri",
            "uri",
            "url",
            "endpoint",
            "resource",
            "route",
            "request_path",
            "target",
            "object",
            "request",
        ],
    ),
    (
        Field::SourceIp,
        &[
            "source_ip",
            "client_ip",
            "remote_addr",
            "remote_ip",
            "ip",
            "ip_address",
            "src_ip",
            "client_address",
            "downstream_remote_address",
            "peer",
            "x_forwarded_for",
        ],
    ),
    (Field::UserAgent, &["user_agent", "http_user_agent", "ua", "agent"]),
    (Field::Node, &["node", "hostname", "host", "instance", "pod", "server", "region"]),
    (Field::Sequence, &["seq", "sequence", "sequence_number", "seqno", "seq_no"]),
    (
        Field::Actor,
        &[
            "actor",
            "user",
            "username",
            "user_name",
            "login",
            "principal",
            "operator",
            "employee",
            "email",
            "user_id",
            "uid",
        ],
    ),
    (Field::Account, &["account", "account_id", "target_user", "target_account"]),
    (Field::Action, &["action", "operation", "op", "method", "request_method", "http_method", "verb"]),
    (Field::Kind, &["kind", "event", "event_type", "event_name", "type", "event_kind"]),
];

/// What parts of an event's name say of its kind, the most telling first.
const KIND_WORDS: &[(&str, &[&str])] = &[
    ("heartbeat", &["heartbeat", "heart_beat", "keepalive", "idle", "poll", "ping", "alive"]),
    ("issued", &["issue", "mint", "token_created", "token.created", "granted_token", "code_to_token", "token_granted"]),
    ("authenticated", &["login", "logon", "signin", "sign_in", "sign-in", "authenticat"]),
    ("read", &["secret_read", "secret.read", "read_secret"]),
    ("changed", &["create", "update", "delete", "remove", "change", "grant", "revoke", "disable", "enable", "rotate"]),
    ("used", &["used", "use", "request", "access", "verif", "present", "call", "view", "download", "export", "report"]),
];

/// What was seen at one path.
#[derive(Default)]
struct Seen {
    count: u64,
    values: BTreeSet<String>,
}

impl Mapping {
    /// Proposes a mapping from the head of a decompressed log.
    pub fn guess(sample: &[u8]) -> Guess {
        let peeled = Peeled::of(sample);
        let depth = Format::named("json-lines").map_or(0, |format| peeled.best(format).0);
        let empty = Sample::of_lines(Vec::new());
        let sample = peeled.sample(depth).unwrap_or(&empty);
        let mut seen = BTreeMap::new();
        for record in &sample.records {
            if let Value::Object(_) = record {
                collect(record, String::new(), 0, &mut seen);
            }
        }
        let (mut mapping, mut why, mut taken) = (Mapping::new(), Vec::new(), BTreeSet::new());
        for (field, names) in NAMES {
            let Some(path) = names.iter().find_map(|name| find(*field, name, &seen, &taken)) else { continue };
            let Some(pick) = pick(*field, &path, &seen) else { continue };
            why.push(format!("`{path}` is {}", field.name()));
            mapping.set(*field, pick);
            taken.insert(path);
        }
        if mapping.pick(Field::Kind).is_none() && is_issuer_log(&mapping) {
            why.push("records name a token and its end and no request, so each is an issuance".to_owned());
            mapping.set(Field::Kind, Pick::constant("issued"));
        }
        if mapping.pick(Field::Time).is_none() && !peeled.chain(depth).is_empty() && !seen.is_empty() {
            why.push("no field reads as a time, so that of the envelope is taken".to_owned());
            mapping.set(Field::Time, Pick::from("time"));
        } else if mapping.pick(Field::Time).is_none() {
            why.push("no field reads as a time".to_owned());
        }
        let unmapped = seen.into_keys().filter(|path| !taken.contains(path)).collect();
        Guess { mapping, unmapped, why: why.join(", ") }
    }
}

/// Notes every path of a record that ends in a value; lists stand for their elements.
fn collect(value: &Value, path: String, depth: usize, seen: &mut BTreeMap<String, Seen>) {
    match value {
        Value::Object(members) if depth < DEPTH_MAX => {
            for (key, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                let key = if key.contains(['.', '"']) || key.is_empty() { format!("\"{key}\"") } else { key.clone() };
                collect(member, format!("{path}{dot}{key}"), depth + 1, seen);
            }
        }
        Value::Array(elements) => {
            for element in elements.iter().take(VALUES_MAX) {
                collect(element, path.clone(), depth, seen);
            }
        }
        Value::Object(_) | Value::Null => {}
        single => {
            if seen.len() >= PATHS_MAX && !seen.contains_key(&path) {
                return;
            }
            let seen = seen.entry(path).or_default();
            seen.count += 1;
            if seen.values.len() < VALUES_MAX {
                seen.values.insert(single.as_str().map_or_else(|| single.to_string(), str::to_owned));
            }
        }
    }
}

/// The path of that name, if its values allow: the whole path before its last key, and the path with
/// the most values of several.
fn find(field: Field, name: &str, seen: &BTreeMap<String, Seen>, taken: &BTreeSet<String>) -> Option<String> {
    let name = plain(name);
    let free = seen.iter().filter(|(path, seen)| !taken.contains(*path) && allows(field, &seen.values));
    let named = free.filter_map(|(path, seen)| {
        let whole = plain(path) == name;
        let last = path.trim_end_matches('"').rsplit(['.', '"']).next().is_some_and(|last| plain(last) == name);
        (whole || last).then_some((whole, seen.count, path))
    });
    named.max_by_key(|(whole, count, path)| (*whole, *count, std::cmp::Reverse(*path))).map(|(_, _, path)| path.clone())
}

/// A name without case and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// Whether values do not speak against a field.
fn allows(field: Field, values: &BTreeSet<String>) -> bool {
    let all = |is: fn(&str) -> bool| values.iter().all(|value| is(value));
    match field {
        field if field.is_time() => all(|value| when::instant_text(value, Some(&sever_model::Zone::UTC)).is_some()),
        field if field.is_count() => all(|value| value.parse::<u64>().is_ok()),
        Field::SourceIp => all(|value| value.parse::<IpAddr>().is_ok() || value.contains([':', ','])),
        Field::Kind => values.iter().any(|value| kind_of(value).is_some_and(|kind| kind != "used")),
        Field::Outcome => all(|value| {
            value.parse::<u64>().is_ok_and(|status| status < 600) || crate::format::outcome_word(value).is_some()
        }),
        _ => true,
    }
}

/// The mapping of a field to a path; a kind needs its words translated.
fn pick(field: Field, path: &str, seen: &BTreeMap<String, Seen>) -> Option<Pick> {
    if field != Field::Kind {
        return Some(Pick::from(path));
    }
    let values = &seen.get(path)?.values;
    let pairs: Vec<(&str, &str)> = values.iter().filter_map(|value| Some((value.as_str(), kind_of(value)?))).collect();
    if pairs.iter().all(|(theirs, ours)| theirs == ours) {
        return Some(Pick::from(path));
    }
    Some(Pick::translated(path, &pairs))
}

fn kind_of(value: &str) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    KIND_WORDS.iter().find(|(_, words)| words.iter().any(|word| value.contains(word))).map(|(kind, _)| *kind)
}

/// Whether records tell of a token and of no request.
fn is_issuer_log(mapping: &Mapping) -> bool {
    let has = |field| mapping.pick(field).is_some();
    has(Field::Credential)
        && (has(Field::ExpiresAt) || has(Field::IssuedAt))
        && !has(Field::Resource)
        && !has(Field::Outcome)
}

#[cfg(test)]
mod tests;
