//! One operation of an LDAP connection: what was asked, and how it ended.

use sever_model::{EventKind, Row};

use super::Connection;
use crate::action;
use crate::search::{cut, cut_at, until, words};

/// What was asked.
#[derive(Debug)]
pub(super) enum Operation {
    Bind { dn: String, mechanism: String },
    Search { base: String, filter: String, attributes: String },
    Compare { dn: String, attribute: String },
    Change { word: &'static str, dn: String, attributes: String },
    Password { dn: String },
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    error: u32,
    entries: Option<u64>,
}

/// LDAP's result codes (RFC 4511, appendix A) that are no refusal.
const SUCCESS: u32 = 0;
const TIME_LIMIT: u32 = 3;
const SIZE_LIMIT: u32 = 4;
const COMPARE_FALSE: u32 = 5;
const COMPARE_TRUE: u32 = 6;
const SASL_IN_PROGRESS: u32 = 14;

/// Attributes that say who is in a group.
const MEMBERS: [&str; 4] = ["member", "uniquemember", "memberuid", "roleoccupant"];

impl Outcome {
    /// `RESULT tag=97 err=0 …` or `SEARCH RESULT tag=101 err=0 … nentries=1 text=`.
    pub(super) fn parse(text: &str) -> Option<Outcome> {
        let rest = text.strip_prefix("SEARCH ").unwrap_or(text).strip_prefix("RESULT ")?;
        let (mut error, mut entries) = (None, None);
        // What follows `text=` is for people.
        for word in words(rest).take_while(|word| !word.starts_with("text=")) {
            if let Some(number) = word.strip_prefix("err=") {
                error = error.or_else(|| number.parse().ok());
            } else if let Some(number) = word.strip_prefix("nentries=") {
                entries = entries.or_else(|| number.parse().ok());
            }
        }
        Some(Outcome { error: error?, entries })
    }
}

impl Operation {
    /// The first line of an operation; nothing for one that tells of no access.
    pub(super) fn parse(text: &str) -> Option<Operation> {
        let (word, rest) = cut_at(text, b' ')?;
        let dn = || value(rest, "dn=\"").or_else(|| value(rest, "id=\"")).map(str::to_owned);
        let change = |word| Some(Operation::Change { word, dn: dn()?, attributes: String::new() });
        match word {
            "BIND" => Some(Operation::Bind { dn: dn().unwrap_or_default(), mechanism: mechanism(rest).to_owned() }),
            "SRCH" => Some(Operation::Search {
                base: value(rest, "base=\"")?.to_owned(),
                // A filter may hold a quotation mark, and is the last on its line.
                filter: cut(rest, "filter=\"").map_or("", |(_, it)| it.strip_suffix('"').unwrap_or(it)).to_owned(),
                attributes: String::new(),
            }),
            "CMP" => {
                let attribute = value(rest, "attr=\"").unwrap_or_default().to_owned();
                Some(Operation::Compare { dn: dn()?, attribute })
            }
            "ADD" => change("ADD"),
            "MOD" => change("MOD"),
            "MODRDN" => change("MODRDN"),
            "DEL" => change("DEL"),
            "PASSMOD" => Some(Operation::Password { dn: dn().unwrap_or_default() }),
            _ => None,
        }
    }

    /// A further line of it.
    pub(super) fn more(&mut self, text: &str) {
        let Some((word, rest)) = cut_at(text, b' ') else { return };
        match (self, word) {
            (Operation::Bind { dn, mechanism: known }, "BIND") => {
                // The second line has the name that SASL found, and how.
                if let Some(found) = value(rest, "dn=\"").filter(|found| !found.is_empty()) {
                    found.clone_into(dn);
                }
                let found = mechanism(rest);
                if !found.is_empty() {
                    found.clone_into(known);
                }
            }
            (Operation::Search { attributes, .. }, "SRCH") | (Operation::Change { attributes, .. }, "MOD") => {
                if let Some(named) = rest.strip_prefix("attr=") {
                    attributes.clear();
                    for name in words(named.trim_end()) {
                        let comma = if attributes.is_empty() { "" } else { "," };
                        attributes.extend([comma, name]);
                    }
                }
            }
            // The extended operation itself comes first, so this is not met; it tells the same.
            _ => {}
        }
    }

    pub(super) fn kind(&self) -> EventKind {
        match self {
            Operation::Bind { .. } => EventKind::Authenticated,
            Operation::Search { .. } | Operation::Compare { .. } => EventKind::Used,
            Operation::Change { .. } | Operation::Password { .. } => EventKind::Changed,
        }
    }

    /// Who is bound from now on, where it changes that: a refused bind leaves nobody bound (RFC 4511
    /// §4.2.1).
    pub(super) fn binds(self, outcome: Outcome) -> Option<String> {
        match (self, outcome.error) {
            (Operation::Bind { .. }, SASL_IN_PROGRESS) => None,
            (Operation::Bind { dn, .. }, SUCCESS) => Some(dn),
            (Operation::Bind { .. }, _) => Some(String::new()),
            _ => None,
        }
    }

    /// Fills a row and hands it on, unless there is nothing to tell.
    pub(super) fn tell<'a>(
        &'a self,
        outcome: Outcome,
        connection: &'a Connection,
        action: &'a mut String,
        row: &mut Row<'a>,
        push: &mut dyn FnMut(&mut Row<'a>),
    ) {
        let answered = matches!(
            (self, outcome.error),
            (_, SUCCESS)
                | (Operation::Search { .. }, TIME_LIMIT | SIZE_LIMIT)
                | (Operation::Compare { .. }, COMPARE_FALSE | COMPARE_TRUE)
        );
        row.outcome = if answered { sever_model::Outcome::Answered } else { sever_model::Outcome::Refused };
        row.actor = name(&connection.bound);
        match self {
            Operation::Bind { dn, .. } if dn.is_empty() || outcome.error == SASL_IN_PROGRESS => return,
            Operation::Bind { dn, mechanism } => {
                let who = name(dn);
                (row.actor, row.account, row.resource) = (who, who, dn);
                action::write(action, &[], &["BIND ", mechanism]);
            }
            Operation::Search { base, filter, attributes } => {
                (row.resource, row.subject_ref, row.fields) = (base, filter, attributes);
                // What the server says of itself is nobody's.
                row.subject_count = outcome.entries.filter(|_| !base.is_empty());
                action::write(action, &[], &["SRCH"]);
            }
            Operation::Compare { dn, attribute } => {
                (row.resource, row.account, row.fields) = (dn, uid(dn), attribute);
                action::write(action, &[], &["CMP"]);
            }
            Operation::Change { word, dn, attributes } => {
                (row.resource, row.account, row.fields) = (dn, uid(dn), attributes);
                let is_member = |name: &str| MEMBERS.iter().any(|member| member.eq_ignore_ascii_case(name));
                let members = *word == "MOD" && attributes.split(',').any(is_member);
                let words: &[&str] = match *word {
                    "ADD" if !uid(dn).is_empty() => &["create-account"],
                    "DEL" => &["delete"],
                    "MOD" if members => &["grant"],
                    _ => &[],
                };
                action::write(action, words, &[word]);
            }
            Operation::Password { dn } => {
                let whose = if dn.is_empty() { &connection.bound } else { dn };
                (row.resource, row.account) = (whose, name(whose));
                action::write(action, &[], &["PASSMOD"]);
            }
        }
        row.action = action.trim_end();
        push(row);
    }
}

/// A quoted value: slapd writes a quotation mark within a name as `\22`.
fn value<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    // Most stand first.
    let rest = text.strip_prefix(before).or_else(|| cut(text, before).map(|(_, rest)| rest))?;
    Some(until(rest, b'"'))
}

/// `mech=SIMPLE`, or what the number of a method stands for.
fn mechanism(text: &str) -> &str {
    let mut method = None;
    for word in words(text) {
        if let Some(mechanism) = word.strip_prefix("mech=") {
            return mechanism;
        }
        method = method.or_else(|| word.strip_prefix("method="));
    }
    if method == Some("128") { "SIMPLE" } else { "" }
}

/// The login in a distinguished name that begins with one; empty elsewhere.
fn uid(dn: &str) -> &str {
    match cut_at(until(dn, b','), b'=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("uid") && !value.contains('+') => value.trim(),
        _ => "",
    }
}

/// What an account is called: its login, else its whole name.
fn name(dn: &str) -> &str {
    match uid(dn) {
        "" => dn,
        uid => uid,
    }
}
