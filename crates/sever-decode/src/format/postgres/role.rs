//! Statements about roles: who may sign in, with what, and with which rights.

use sever_model::EventKind;

use super::deed::{Deed, Object, is_audit};
use super::sql::Tokens;
use super::words::Words;

/// `CREATE ROLE`, `ALTER ROLE`, `DROP ROLE`, with what the options give and take.
pub(super) fn role<'a>(verb: &'static str, name: &'a str, signs_in: bool, at: &mut Tokens<'a>) -> Deed<'a> {
    const RIGHTS: [&str; 11] = [
        "SUPERUSER",
        "NOSUPERUSER",
        "CREATEROLE",
        "NOCREATEROLE",
        "CREATEDB",
        "NOCREATEDB",
        "REPLICATION",
        "NOREPLICATION",
        "BYPASSRLS",
        "NOBYPASSRLS",
        "IN",
    ];
    let object = if name.is_empty() { Object::Unknown } else { Object::Role(name) };
    let deed = Deed { object, account: name, ..Deed::new(EventKind::Changed, verb, "ROLE") };
    if verb == "DROP" {
        return Deed { words: Words::of(&["delete"]), rest: Some(at.clone()), ..deed };
    }
    // A statement that is not written down may make an account: that is the graver reading.
    let mut login = if verb == "CREATE" && (signs_in || name.is_empty()) { Some(true) } else { None };
    let mut words = Words::default();
    loop {
        if at.eat("PASSWORD") {
            words = words.with_if(!at.eat("NULL"), "create-key");
        } else if at.eat_any(&RIGHTS).is_some() {
            words = words.with("grant");
        } else if let Some(word) = at.eat_any(&["LOGIN", "NOLOGIN"]) {
            login = Some(word == "LOGIN");
        } else if at.eat_any(&["SET", "RESET"]).is_some() {
            words = words.with_if(is_audit(at.clone().name()), "audit");
        } else if at.eat_any(&["ADD", "DROP"]).is_some() {
            words = words.with_if(at.eat("USER"), "grant");
        } else if at.next().is_none() {
            break;
        }
    }
    let words = match (verb, login) {
        ("CREATE", Some(true)) => words.with("create-account"),
        ("CREATE", _) | (_, None) => words,
        (_, Some(true)) => words.with("enable"),
        (_, Some(false)) => words.with("disable"),
    };
    Deed { words, ..deed }
}
