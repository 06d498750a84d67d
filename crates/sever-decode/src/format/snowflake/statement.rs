//! What a statement does: its kind, and the words of [`crate::action`].
//!
//! Told from `QUERY_TYPE`; only where that does not tell (a user altered: how?), from the text.

use sever_model::EventKind;

/// Beginnings of query types that change something.
const CHANGES: &[&str] = &[
    "ALTER",
    "CALL",
    "CLONE",
    "COPY",
    "CREATE",
    "DELETE",
    "DROP",
    "EXECUTE",
    "GRANT",
    "INSERT",
    "MERGE",
    "MULTI_TABLE_INSERT",
    "PUT",
    "RECLUSTER",
    "REMOVE",
    "RENAME",
    "REPLACE",
    "RESTORE",
    "REVOKE",
    "SET",
    "SWAP",
    "TRUNCATE",
    "UNDROP",
    "UNSET",
    "UPDATE",
    "UPSERT",
];

/// Those of the session's own life, which begin like them.
const OWN: &[&str] = &["ALTER_SESSION", "SET", "UNSET"];

pub(super) fn kind(query_type: &str) -> EventKind {
    let changes = begins(query_type, CHANGES) && !OWN.iter().any(|own| own.eq_ignore_ascii_case(query_type));
    if changes { EventKind::Changed } else { EventKind::Used }
}

pub(super) fn words(query_type: &str, text: &str) -> &'static [&'static str] {
    let is = |one_of: &[&str]| one_of.iter().any(|it| it.eq_ignore_ascii_case(query_type));
    let says = |part: &str| contains(text, part);
    let retention = begins(query_type, &["ALTER", "CREATE"]) && says("DATA_RETENTION_TIME_IN_DAYS");
    match query_type {
        _ if begins(query_type, &["DROP", "TRUNCATE", "REMOVE_FILES"]) => &["delete"],
        _ if is(&["CREATE_USER"]) => &["create-account"],
        _ if is(&["ALTER_USER", "ALTER"]) && says("USER") && sets_credential(text) => &["create-key"],
        _ if is(&["GRANT", "CREATE_NETWORK_POLICY", "ALTER_NETWORK_POLICY", "CREATE_SECURITY_INTEGRATION"]) => {
            &["grant"]
        }
        _ if is(&["CREATE_SHARE", "ALTER_SHARE", "CREATE_STORAGE_INTEGRATION", "CREATE_API_INTEGRATION"]) => &["grant"],
        _ if is(&["ALTER_USER"]) && says("DISABLED") => {
            if says("FALSE") {
                &["enable"]
            } else {
                &["disable"]
            }
        }
        _ if retention => &["audit"],
        _ if is(&["UNLOAD", "GET_FILES"]) => &["export"],
        _ => &[],
    }
}

/// Whether a statement that alters a user gives them another way in.
fn sets_credential(text: &str) -> bool {
    ["RSA_PUBLIC_KEY", "PASSWORD", "PROGRAMMATIC ACCESS TOKEN", "ADD PAT"].iter().any(|part| contains(text, part))
}

/// The user that a statement is about: `ann` in `CREATE USER IF NOT EXISTS ann …` and in `GRANT ROLE
/// analyst TO USER ann`.
pub(super) fn user<'a>(query_type: &str, text: &'a str) -> &'a str {
    let is = |word: &str, one_of: &[&str]| one_of.iter().any(|it| it.eq_ignore_ascii_case(word));
    let mut words = text.split_ascii_whitespace();
    let name = if is(query_type, &["CREATE_USER", "ALTER_USER", "DROP_USER"]) {
        words.find(|word| is(word, &["USER"]));
        words.find(|word| !is(word, &["IF", "NOT", "EXISTS"]))
    } else if is(query_type, &["GRANT", "REVOKE"]) {
        words.find(|word| is(word, &["TO", "FROM"]));
        words.next().filter(|word| is(word, &["USER"])).and_then(|_| words.next())
    } else {
        None
    };
    name.unwrap_or("").trim_end_matches(';').trim_matches('"')
}

fn begins(query_type: &str, with: &[&str]) -> bool {
    let begins = |with: &&str| query_type.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with));
    with.iter().any(begins)
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
