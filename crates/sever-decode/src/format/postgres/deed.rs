//! What a SQL statement does, in our kinds and words.

use sever_model::EventKind;

use super::role::role;
use super::sql::Tokens;
use super::words::Words;

/// A name in a statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Object<'a> {
    /// None, or none that can be told.
    #[default]
    Unknown,
    /// A relation or the like, within the database.
    Within(&'a str),
    /// A role.
    Role(&'a str),
    /// A database.
    Database(&'a str),
    /// A setting of the server.
    Setting(&'a str),
}

impl<'a> Object<'a> {
    /// The same kind of thing under another name.
    pub fn called(self, name: &'a str) -> Object<'a> {
        match self {
            Object::Unknown => Object::Unknown,
            Object::Within(_) => Object::Within(name),
            Object::Role(_) => Object::Role(name),
            Object::Database(_) => Object::Database(name),
            Object::Setting(_) => Object::Setting(name),
        }
    }

    pub fn name(self) -> &'a str {
        match self {
            Object::Unknown => "",
            Object::Within(name) | Object::Role(name) | Object::Database(name) | Object::Setting(name) => name,
        }
    }
}

/// What a statement does.
#[derive(Debug, Clone)]
pub(super) struct Deed<'a> {
    pub kind: EventKind,
    pub words: Words,
    /// The command's tag, in one or two parts: `CREATE`, `ROLE`.
    pub verb: &'static str,
    pub of: &'static str,
    pub object: Object<'a>,
    /// The role that it is done to or for.
    pub account: &'a str,
    /// Whether its text says whose data was read.
    pub reads: bool,
    /// What follows the name, where more names may: `DROP TABLE a, b`.
    pub rest: Option<Tokens<'a>>,
}

/// Commands that begin, end or arrange, and touch nothing.
const IDLE: [&str; 13] = [
    "BEGIN",
    "START",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT",
    "RELEASE",
    "DEALLOCATE",
    "DISCARD",
    "CLOSE",
    "SHOW",
    "UNLISTEN",
];
const READING: [&str; 6] = ["SELECT", "WITH", "TABLE", "VALUES", "FETCH", "EXPLAIN"];
const WRITING: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];
/// Commands that use, or arrange, what is there.
const USING: [&str; 12] = [
    "DO",
    "CALL",
    "EXECUTE",
    "PREPARE",
    "DECLARE",
    "MOVE",
    "LOCK",
    "ANALYZE",
    "VACUUM",
    "CHECKPOINT",
    "LISTEN",
    "NOTIFY",
];
const CHANGING: [&str; 7] = ["COMMENT", "SECURITY", "REINDEX", "CLUSTER", "REFRESH", "IMPORT", "LOAD"];

/// Tables that hold what opens doors: password hashes, and passwords of other servers.
const SECRET: [&str; 5] = ["pg_authid", "pg_shadow", "pg_user_mapping", "pg_user_mappings", "pg_subscription"];

/// Whether a relation holds secrets.
pub(super) fn is_secret(relation: &str) -> bool {
    let last = relation.rsplit('.').next().unwrap_or(relation);
    SECRET.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// Whether a setting decides what is recorded.
pub(super) fn is_audit(setting: &str) -> bool {
    let begins = |with: &str| setting.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    ["pgaudit", "log_", "logging_collector", "shared_preload_libraries"].iter().any(|with| begins(with))
}

impl<'a> Deed<'a> {
    /// What a statement does; nothing where it only arranges a transaction or a cursor.
    pub fn of(mut tokens: Tokens<'a>) -> Option<Deed<'a>> {
        if tokens.eat_any(&IDLE).is_some() {
            return None;
        }
        let at = &mut tokens;
        let used = Deed::new(EventKind::Used, "statement", "");
        if let Some(verb) = at.eat_any(&READING) {
            return Some(Deed::reading(verb, at));
        }
        if let Some(verb) = at.eat_any(&WRITING) {
            at.eat_any(&["INTO", "FROM"]);
            at.eat("ONLY");
            return Some(Deed { object: within(at.name()), ..Deed::new(EventKind::Changed, verb, "") });
        }
        if let Some(verb) = at.eat_any(&["CREATE", "ALTER", "DROP"]) {
            return Some(Deed::definition(verb, at));
        }
        if let Some(verb) = at.eat_any(&["GRANT", "REVOKE"]) {
            return Some(Deed::granting(verb, at));
        }
        if let Some(verb) = at.eat_any(&["SET", "RESET"]) {
            return Some(Deed::setting(verb, at));
        }
        if let Some(verb) = at.eat_any(&USING) {
            return Some(Deed::new(EventKind::Used, verb, ""));
        }
        if let Some(verb) = at.eat_any(&CHANGING) {
            return Some(Deed::new(EventKind::Changed, verb, ""));
        }
        if at.eat("TRUNCATE") {
            at.eat("TABLE");
            at.eat("ONLY");
            let deed = Deed::new(EventKind::Changed, "TRUNCATE", "");
            let object = within(at.name());
            return Some(Deed { words: Words::of(&["delete"]), object, rest: Some(at.clone()), ..deed });
        }
        if at.eat("REASSIGN") {
            at.eat("OWNED");
            at.eat("BY");
            let deed = Deed::new(EventKind::Changed, "REASSIGN", "OWNED");
            return Some(Deed { words: Words::of(&["grant"]), account: at.name(), ..deed });
        }
        if at.eat("COPY") {
            return Some(Deed::copy(at));
        }
        Some(used)
    }

    pub(super) fn new(kind: EventKind, verb: &'static str, of: &'static str) -> Deed<'a> {
        Deed { kind, words: Words::default(), verb, of, object: Object::Unknown, account: "", reads: false, rest: None }
    }

    fn reading(verb: &'static str, at: &mut Tokens<'a>) -> Deed<'a> {
        let relation = match verb {
            "TABLE" => at.name(),
            "SELECT" if at.seek(&["FROM"]).is_some() => {
                at.eat("ONLY");
                at.eat("LATERAL");
                at.name()
            }
            // The name that follows is a helper's within the statement.
            _ => "",
        };
        let kind = if is_secret(relation) { EventKind::Read } else { EventKind::Used };
        Deed { object: within(relation), reads: true, ..Deed::new(kind, verb, "") }
    }

    fn copy(at: &mut Tokens<'a>) -> Deed<'a> {
        let relation = at.name();
        match at.seek(&["TO", "FROM"]) {
            Some("FROM") => Deed { object: within(relation), ..Deed::new(EventKind::Changed, "COPY", "") },
            _ => {
                let kind = if is_secret(relation) { EventKind::Read } else { EventKind::Used };
                let words = Words::of(&["export"]);
                Deed { words, object: within(relation), reads: true, ..Deed::new(kind, "COPY", "") }
            }
        }
    }

    fn definition(verb: &'static str, at: &mut Tokens<'a>) -> Deed<'a> {
        const BESIDE: [&str; 11] = [
            "OR",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "GLOBAL",
            "LOCAL",
            "UNIQUE",
            "RECURSIVE",
            "CONSTRAINT",
            "TRUSTED",
        ];
        while at.eat_any(&BESIDE).is_some() {}
        // `CREATE USER` makes one who may sign in, `CREATE ROLE` one who may not unless told so.
        let signs_in = at.clone().eat("USER");
        let of = kind_of(at);
        let deed = Deed::new(EventKind::Changed, verb, of);
        if of == "SYSTEM" {
            return Deed::setting(if at.eat("RESET") { "RESET" } else { "SET" }, at).renamed(verb, of);
        }
        while at.eat_any(&["IF", "NOT", "EXISTS", "CONCURRENTLY", "ONLY", "FOR", "SERVER", "BY"]).is_some() {}
        if of == "DEFAULT PRIVILEGES" {
            return Deed { words: Words::of(&["grant"]), ..deed };
        }
        let name = at.name();
        match (verb, of) {
            (_, "ROLE") => role(verb, name, signs_in, at),
            ("DROP", "OWNED") => Deed { words: Words::of(&["delete"]), account: name, ..deed },
            (_, "USER MAPPING") => {
                let word = if verb == "DROP" { "delete" } else { "create-key" };
                Deed { words: Words::of(&[word]), account: name, ..deed }
            }
            _ => {
                let object = if of == "DATABASE" { database(name) } else { within(name) };
                let words = Words::default().with_if(verb == "DROP", "delete").with_if(of == "POLICY", "grant");
                let words = words.with_if(of == "EXTENSION" && is_audit(name), "audit");
                let rest = (verb == "DROP").then(|| at.clone());
                Deed { words: if verb == "ALTER" { altering(words, at) } else { words }, object, rest, ..deed }
            }
        }
    }

    /// `GRANT right ON thing TO role`, `GRANT role TO role`, and `REVOKE … FROM`.
    fn granting(verb: &'static str, at: &mut Tokens<'a>) -> Deed<'a> {
        while at.eat_any(&["ADMIN", "GRANT", "INHERIT", "OPTION", "FOR"]).is_some() {}
        let granted = at.clone().name();
        let mut object = Object::Role(granted);
        let mut met = at.seek(&["ON", "TO", "FROM"]);
        if met == Some("ON") {
            const KINDS: [&str; 14] = [
                "TABLE",
                "SEQUENCE",
                "FUNCTION",
                "PROCEDURE",
                "ROUTINE",
                "LANGUAGE",
                "TABLESPACE",
                "TYPE",
                "DOMAIN",
                "DATABASE",
                "SCHEMA",
                "PARAMETER",
                "ALL",
                "FOREIGN",
            ];
            let of = at.eat_any(&KINDS).unwrap_or("TABLE");
            if of == "ALL" || of == "FOREIGN" {
                while at.eat_any(&["TABLES", "SEQUENCES", "FUNCTIONS", "IN", "SCHEMA", "SERVER", "DATA"]).is_some() {}
            }
            object = match of {
                "DATABASE" => database(at.name()),
                "PARAMETER" => Object::Setting(at.name()),
                _ => within(at.name()),
            };
            met = at.seek(&["TO", "FROM"]);
        }
        if met.is_some() {
            at.eat("GROUP");
        }
        let account = if met.is_some() { at.name() } else { "" };
        let object = if object.name().is_empty() { Object::Unknown } else { object };
        Deed { words: Words::of(&["grant"]), object, account, ..Deed::new(EventKind::Changed, verb, "") }
    }

    fn setting(verb: &'static str, at: &mut Tokens<'a>) -> Deed<'a> {
        while at.eat_any(&["LOCAL", "SET"]).is_some() {}
        let mut session = at.clone();
        if session.eat("SESSION") && !session.eat("AUTHORIZATION") {
            at.eat("SESSION");
        }
        let used = Deed::new(EventKind::Used, verb, "");
        if at.eat("ROLE") {
            return Deed { account: at.name(), of: "ROLE", ..used };
        }
        if at.eat("SESSION") && at.eat("AUTHORIZATION") {
            return Deed { account: at.name(), of: "SESSION AUTHORIZATION", ..used };
        }
        let name = at.name();
        let audit = is_audit(name) || (verb == "RESET" && name.eq_ignore_ascii_case("all"));
        let kind = if audit { EventKind::Changed } else { EventKind::Used };
        let object = if name.is_empty() { Object::Unknown } else { Object::Setting(name) };
        Deed { kind, words: Words::default().with_if(audit, "audit"), object, ..used }
    }

    /// The same as a command of another name, which changes what it names for everybody.
    fn renamed(self, verb: &'static str, of: &'static str) -> Deed<'a> {
        Deed { kind: EventKind::Changed, verb, of, ..self }
    }
}

/// What the rest of an `ALTER` says of rights and protections.
fn altering(words: Words, at: &mut Tokens<'_>) -> Words {
    match at.seek(&["OWNER", "DISABLE", "ENABLE", "SET", "RESET"]) {
        Some("OWNER") => words.with("grant"),
        Some("DISABLE") => words.with("disable"),
        Some("ENABLE") => words.with("enable"),
        Some("SET" | "RESET") => words.with_if(is_audit(at.name()), "audit"),
        _ => words,
    }
}

/// The kind of thing that is made, changed or dropped.
fn kind_of(at: &mut Tokens<'_>) -> &'static str {
    const KINDS: [&str; 28] = [
        "ROLE",
        "TABLE",
        "DATABASE",
        "SCHEMA",
        "VIEW",
        "INDEX",
        "SEQUENCE",
        "FUNCTION",
        "PROCEDURE",
        "ROUTINE",
        "AGGREGATE",
        "TYPE",
        "DOMAIN",
        "TRIGGER",
        "RULE",
        "POLICY",
        "EXTENSION",
        "SERVER",
        "PUBLICATION",
        "SUBSCRIPTION",
        "TABLESPACE",
        "LANGUAGE",
        "OPERATOR",
        "COLLATION",
        "CAST",
        "STATISTICS",
        "SYSTEM",
        "OWNED",
    ];
    if at.eat("USER") {
        return if at.eat("MAPPING") { "USER MAPPING" } else { "ROLE" };
    }
    if at.eat("GROUP") {
        return "ROLE";
    }
    if at.eat("MATERIALIZED") {
        at.eat("VIEW");
        return "MATERIALIZED VIEW";
    }
    if at.eat("FOREIGN") {
        if at.eat("TABLE") {
            return "FOREIGN TABLE";
        }
        at.eat("DATA");
        at.eat("WRAPPER");
        return "FOREIGN DATA WRAPPER";
    }
    if at.eat("EVENT") {
        at.eat("TRIGGER");
        return "EVENT TRIGGER";
    }
    if at.eat("DEFAULT") {
        at.eat("PRIVILEGES");
        return "DEFAULT PRIVILEGES";
    }
    at.eat_any(&KINDS).unwrap_or("")
}

fn within(name: &str) -> Object<'_> {
    if name.is_empty() { Object::Unknown } else { Object::Within(name) }
}

fn database(name: &str) -> Object<'_> {
    if name.is_empty() { Object::Unknown } else { Object::Database(name) }
}
