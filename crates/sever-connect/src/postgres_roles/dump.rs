//! `pg_dumpall --roles-only`: roles and memberships as the SQL that would make them again.
//!
//! Only `CREATE ROLE`, `ALTER ROLE … WITH …`, `GRANT role TO role` and `COMMENT ON ROLE` are read, each on
//! a line of its own, as `pg_dumpall` writes them. A password's verifier is noticed and not kept.

use sever_model::EventTime;

use super::roles::{Member, Role};

/// What one statement says.
#[derive(Debug, PartialEq)]
pub(crate) enum Statement {
    /// A role is there.
    Created(String),
    /// What it may do.
    Altered(Role),
    /// One role is in another.
    Granted(Member),
    /// What is said of a role.
    Commented(String, String),
    /// Something that is no concern of ours.
    Other,
}

/// Reads a line.
///
/// # Errors
/// What is wrong with a statement that begins as one of ours.
pub(crate) fn statement(line: &str) -> Result<Statement, String> {
    let words = words(line.trim())?;
    let word = |at: usize| words.get(at).map_or("", |word| word.upper.as_str());
    let name = |at: usize| {
        let found = words.get(at).map(|word| word.text.clone()).filter(|text| !text.is_empty());
        found.ok_or_else(|| "a role without a name".to_owned())
    };
    match (word(0), word(1)) {
        ("CREATE", "ROLE" | "USER") => Ok(Statement::Created(name(2)?)),
        ("ALTER", "ROLE") if word(3) == "WITH" => altered(name(2)?, words.get(4..).unwrap_or_default()),
        ("COMMENT", "ON") if word(2) == "ROLE" && word(4) == "IS" => Ok(Statement::Commented(name(3)?, name(5)?)),
        ("GRANT", _) if word(2) == "TO" => {
            let mut member = Member { role: name(1)?, member: name(3)?, grantor: None, admin: false };
            let options = words.get(4..).unwrap_or_default();
            for pair in options.windows(2) {
                let [first, second] = pair else { continue };
                member.admin |= first.upper == "ADMIN" && second.upper != "FALSE";
                if first.upper == "BY" {
                    member.grantor = Some(second.text.clone());
                }
            }
            Ok(Statement::Granted(member))
        }
        _ => Ok(Statement::Other),
    }
}

fn altered(name: String, options: &[Word]) -> Result<Statement, String> {
    let mut role = Role { name, ..Role::default() };
    let mut at = 0;
    while let Some(option) = options.get(at) {
        match option.upper.as_str() {
            "SUPERUSER" => role.superuser = true,
            "CREATEROLE" => role.createrole = true,
            "CREATEDB" => role.createdb = true,
            "LOGIN" => role.login = true,
            "REPLICATION" => role.replication = true,
            "BYPASSRLS" => role.bypassrls = true,
            "PASSWORD" => {
                role.password = true;
                at += 1;
            }
            "UNTIL" => {
                at += 1;
                let text = options.get(at).map_or("", |word| word.text.as_str());
                role.valid_until = until(text)?;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(Statement::Altered(role))
}

/// `2026-01-01 00:00:00+00`; `infinity` is no end.
pub(crate) fn until(text: &str) -> Result<Option<EventTime>, String> {
    if text.is_empty() || text.eq_ignore_ascii_case("infinity") {
        return Ok(None);
    }
    // PostgreSQL writes an offset of whole hours without minutes.
    let short =
        text.len().checked_sub(3).and_then(|at| text.get(at..)).is_some_and(|tail| tail.starts_with(['+', '-']));
    let whole = if short { format!("{text}:00") } else { text.to_owned() };
    EventTime::parse(&whole.replacen(' ', "T", 1)).map(Some).map_err(|_| format!("`{text}` is not a time"))
}

struct Word {
    text: String,
    /// In upper case, where it stands without quotes; else nothing, for then it is no keyword.
    upper: String,
}

/// Words, `"quoted names"` and `'texts'` up to the semicolon.
fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.next() {
        match first {
            ';' => break,
            '"' | '\'' => {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        None => return Err("a quote is opened and never closed".to_owned()),
                        Some(c) if c == first => {
                            if chars.peek() != Some(&first) {
                                break;
                            }
                            chars.next();
                            text.push(first);
                        }
                        Some(c) => text.push(c),
                    }
                }
                words.push(Word { text, upper: String::new() });
            }
            c if c.is_whitespace() || c == ',' => {}
            c => {
                let mut text = String::from(c);
                while let Some(next) = chars.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | ',' | '"' | '\'')) {
                    text.push(next);
                }
                words.push(Word { upper: text.to_ascii_uppercase(), text });
            }
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests;
