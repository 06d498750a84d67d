//! What a record's message says, by how it begins.

use sever_model::port::EventSink;
use sever_model::{EventKind, Outcome, Row};

use super::deed::{self, Deed, Object};
use super::{Record, Writer, audit, sql};
use crate::search::{cut, cut_last, until};

impl Writer {
    /// Pushes what a record says, if it says anything about access.
    pub fn push(&mut self, record: &Record<'_>, out: &mut dyn EventSink) {
        let message = record.message;
        if record.severity == "LOG" && record.context.is_empty() && self.steps(record, out) {
            return;
        }
        let refused = record.severity == "FATAL" && refuses_sign_in(record);
        let identity = if refused { self.sign_ins.take_back(record.session) } else { None };
        self.sign_ins.settle(record, out);
        match record.severity {
            "FATAL" if refused => sign_in_refused(record, &identity.unwrap_or_default(), out),
            "ERROR" if record.state == "42501" => self.right_refused(record, out),
            // Only a function's own words have a context here.
            "FATAL" | "PANIC" | "ERROR" => {}
            _ if !record.context.is_empty() => {}
            _ => {
                if let Some(audited) = message.strip_prefix("AUDIT: ") {
                    audit::push(self, audited, record, out);
                } else if record.severity == "LOG" {
                    self.logged(message, record, out);
                }
            }
        }
    }

    /// Tells what was held back: the log has ended.
    pub fn finish(&mut self, out: &mut dyn EventSink) {
        self.sign_ins.finish(out);
    }

    /// Notes a step of a sign-in, if the record is one.
    fn steps(&mut self, record: &Record<'_>, out: &mut dyn EventSink) -> bool {
        let message = record.message.strip_prefix("replication ").unwrap_or(record.message);
        if let Some(rest) = message.strip_prefix("connection authorized: ") {
            let told = if record.application.is_empty() { application(rest) } else { record.application };
            self.sign_ins.step(record, told, "", "", out);
        } else if let Some(rest) = message.strip_prefix("connection authenticated: ") {
            let (method, identity) = authenticated(rest);
            self.sign_ins.step(record, "", method, identity, out);
        } else {
            return false;
        }
        true
    }

    fn logged(&mut self, message: &str, record: &Record<'_>, out: &mut dyn EventSink) {
        let beginning = |with| message.strip_prefix(with);
        if message.starts_with("connection received: ") {
            let mut row = record.row(EventKind::Used, Outcome::Unknown);
            row.action = "connection received";
            out.push(&row);
        } else if message.starts_with("disconnection: ") {
            let mut row = record.row(EventKind::Used, Outcome::Answered);
            (row.action, row.resource) = ("disconnection", record.database);
            out.push(&row);
        } else if let Some(command) = beginning("received replication command: ") {
            replicated(command, record, out);
        } else if let Some(rest) = beginning("parameter \"") {
            self.setting(rest, record, out);
        } else if let Some(statements) = statements(message) {
            sql::each_statement(statements, &mut |tokens, written| {
                if let Some(deed) = Deed::of(tokens) {
                    self.deed(&deed, written, record, out);
                }
            });
        }
    }

    /// Pushes what a statement does, once for each thing that it names.
    fn deed(&mut self, deed: &Deed<'_>, written: &str, record: &Record<'_>, out: &mut dyn EventSink) {
        let mut rest = deed.rest.clone();
        let mut object = deed.object;
        let mut account = deed.account;
        loop {
            let own: &[&str] = if deed.of.is_empty() { &[deed.verb] } else { &[deed.verb, " ", deed.of] };
            let row = self.row_of(deed, own, object, record);
            let row = Row { account, subject_ref: if deed.reads { written } else { "" }, ..row };
            out.push(&row);
            let Some(name) = rest.as_mut().and_then(sql::Tokens::further) else { return };
            object = object.called(name);
            account = if let Object::Role(role) = object { role } else { account };
        }
    }

    /// The event of a statement, with its action and the name of what it was done to.
    pub(super) fn row_of<'a>(
        &'a mut self,
        deed: &Deed<'_>,
        own: &[&str],
        object: Object<'a>,
        record: &Record<'a>,
    ) -> Row<'a> {
        deed.words.write(&mut self.action, own);
        name(&mut self.resource, object, record.database);
        let mut row = record.row(deed.kind, Outcome::Answered);
        (row.action, row.resource) = (&self.action, &self.resource);
        row
    }

    /// `parameter "log_statement" changed to "none"`, of a reload.
    fn setting(&mut self, rest: &str, record: &Record<'_>, out: &mut dyn EventSink) {
        let Some((setting, rest)) = rest.split_once('"') else { return };
        if !rest.starts_with(" changed to ") && !rest.starts_with(" removed from configuration file") {
            return;
        }
        name(&mut self.resource, Object::Setting(setting), "");
        let mut row = record.row(EventKind::Changed, Outcome::Answered);
        row.action = if deed::is_audit(setting) { "audit reload" } else { "reload" };
        row.resource = &self.resource;
        out.push(&row);
    }

    /// `permission denied for table customers`.
    fn right_refused(&mut self, record: &Record<'_>, out: &mut dyn EventSink) {
        let object = match record.message.strip_prefix("permission denied for ").and_then(|rest| rest.split_once(' ')) {
            Some(("database", name)) => Object::Database(name),
            Some(("schema" | "table" | "view" | "sequence" | "function", name)) => Object::Within(name),
            _ => Object::Unknown,
        };
        name(&mut self.resource, object, record.database);
        let kind = if deed::is_secret(object.name()) { EventKind::Read } else { EventKind::Used };
        let mut row = record.row(kind, Outcome::Refused);
        row.action = if record.doing.is_empty() { "permission denied" } else { record.doing };
        row.resource = if self.resource.is_empty() { record.database } else { &self.resource };
        out.push(&row);
    }
}

/// Writes a thing's name as the inventory of PostgreSQL has it: `shop/public/customers`.
fn name(into: &mut String, object: Object<'_>, database: &str) {
    into.clear();
    match object {
        Object::Unknown => {}
        Object::Database(name) => into.push_str(name),
        Object::Role(name) => into.extend(["role/", name]),
        Object::Setting(name) => into.extend(["setting/", name]),
        Object::Within(name) => {
            if !database.is_empty() {
                into.extend([database, "/"]);
            }
            let mut quoted = false;
            for char in name.chars() {
                quoted ^= char == '"';
                into.push(if char == '.' && !quoted { '/' } else { char });
            }
        }
    }
}

/// Method and identity of `identity="ann@SHOP.EXAMPLE" method=gss (/etc/postgresql/pg_hba.conf:7)`; of
/// `user="ann" method=trust (…)` the method alone, for it proves nobody's identity.
fn authenticated(rest: &str) -> (&str, &str) {
    // The identity is the client's word, and may hold anything: what follows it is read from the end.
    let Some((identity, method)) = cut_last(rest, "\" method=") else { return ("", "") };
    (until(method, b' '), identity.strip_prefix("identity=\"").unwrap_or(""))
}

/// The application's name, which in a sign-in's message stands before what is said of its encryption.
fn application(rest: &str) -> &str {
    let Some((_, name)) = cut(rest, " application_name=") else { return "" };
    cut_last(name, " SSL enabled").or_else(|| cut_last(name, " GSS (")).map_or(name, |(name, _)| name)
}

/// Whether a FATAL record is a sign-in that was refused, and not a session that was ended.
fn refuses_sign_in(record: &Record<'_>) -> bool {
    let state = record.state;
    state.starts_with("28")
        || matches!(record.doing, "authentication" | "startup")
            && matches!(state, "3D000" | "53300" | "42501" | "0A000")
}

fn sign_in_refused(record: &Record<'_>, identity: &str, out: &mut dyn EventSink) {
    let message = record.message;
    let mut row = record.row(EventKind::Authenticated, Outcome::Refused);
    (row.account, row.resource, row.token_subject) = (record.user, record.database, identity);
    row.action = match cut(message, " authentication failed for user ") {
        Some((method, _)) if !method.contains(' ') => method,
        _ if message.starts_with("no pg_hba.conf entry") => "no pg_hba.conf entry",
        _ if message.starts_with("pg_hba.conf rejects") => "pg_hba.conf rejects",
        _ if message.ends_with(" is not permitted to log in") => "not permitted to log in",
        _ if record.state == "3D000" => "no such database",
        _ if record.state == "53300" => "too many connections",
        _ if record.state == "42501" => "no right to connect",
        _ if message.starts_with("role ") && message.ends_with(" does not exist") => "no such role",
        _ => "sign-in refused",
    };
    out.push(&row);
}

/// A base backup is every byte of every database.
fn replicated(command: &str, record: &Record<'_>, out: &mut dyn EventSink) {
    let mut row = record.row(EventKind::Used, Outcome::Answered);
    row.action = match command.split([' ', ';', '(']).next().unwrap_or("") {
        "BASE_BACKUP" => "export BASE_BACKUP",
        "START_REPLICATION" => "export START_REPLICATION",
        "CREATE_REPLICATION_SLOT" => "CREATE_REPLICATION_SLOT",
        "IDENTIFY_SYSTEM" | "SHOW" | "TIMELINE_HISTORY" => return,
        _ => "replication command",
    };
    row.resource = record.database;
    out.push(&row);
}

/// The SQL of a line of `log_statement`, or of one that says how long it took; nothing for the
/// parsing and binding that come before.
fn statements(message: &str) -> Option<&str> {
    let message = match message.strip_prefix("duration: ") {
        Some(rest) => cut(rest, " ms  ")?.1,
        None => message,
    };
    if let Some(statement) = message.strip_prefix("statement: ") {
        return Some(statement);
    }
    // `execute fetch from` is the rest of what `execute` began.
    let execute = message.strip_prefix("execute ").filter(|rest| !rest.starts_with("fetch from "))?;
    Some(cut(execute, ": ")?.1)
}
