//! Statements as `pg_dumpall` writes them.

use super::{Statement, statement, until};

fn check(line: &str, expect: &str) {
    let said = statement(line).map_or_else(|what| what, |statement| format!("{statement:?}"));
    assert!(said.contains(expect), "{line}: {said}");
}

#[test]
fn statements_are_read() {
    assert_eq!(statement("CREATE ROLE \"deploy bot\";"), Ok(Statement::Created("deploy bot".to_owned())));
    let line = "ALTER ROLE ann WITH NOSUPERUSER INHERIT CREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD \
                'SCRAM-SHA-256$4096:x''y' VALID UNTIL '2027-01-01 00:00:00+00';";
    check(line, "login: true, superuser: false, createrole: true");
    check(line, "valid_until: Some(2027-01-01T00:00:00Z)");
    check(
        "GRANT app TO ann WITH ADMIN OPTION, INHERIT TRUE GRANTED BY postgres;",
        "grantor: Some(\"postgres\"), admin: true",
    );
    check("GRANT app TO ann WITH ADMIN FALSE, INHERIT TRUE GRANTED BY postgres;", "admin: false");
    check("GRANT app TO ann GRANTED BY postgres;", "admin: false");
    assert_eq!(statement("SET client_encoding = 'UTF8';"), Ok(Statement::Other));
    assert_eq!(statement("-- Roles"), Ok(Statement::Other));
    check("ALTER ROLE ann SET search_path TO 'x';", "Other");
}

#[test]
fn broken_statements_say_why() {
    check("CREATE ROLE \"ann", "never closed");
    check("CREATE ROLE ;", "without a name");
    check("ALTER ROLE ann WITH LOGIN VALID UNTIL 'soon';", "is not a time");
    assert!(until("infinity").is_ok_and(|at| at.is_none()));
}
