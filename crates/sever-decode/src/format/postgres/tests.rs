//! What statements of SQL do, and when records say that they were.

use super::deed::{Deed, Object};
use super::sql::{Tokens, each_statement};
use super::*;

/// What each statement of a text does: words, tag, thing and role.
fn deeds(text: &str) -> Vec<String> {
    let mut deeds = Vec::new();
    each_statement(text, &mut |tokens, _| {
        if let Some(deed) = Deed::of(tokens) {
            let mut action = String::new();
            deed.words.write(&mut action, &[deed.verb, " ", deed.of]);
            deeds.push(format!("{} | {} {} {}", deed.kind.word(), action.trim_end(), deed.object.name(), deed.account));
        }
    });
    deeds.iter().map(|deed| deed.trim_end().to_owned()).collect()
}

fn check(text: &str, expect: &[&str]) {
    assert_eq!(deeds(text), expect, "{text}");
}

#[test]
fn roles_rights_and_settings_carry_our_words() {
    check("create user ann password 'x'", &["changed | create-account create-key CREATE ROLE ann ann"]);
    check("CREATE ROLE readers", &["changed | CREATE ROLE readers readers"]);
    check("CREATE ROLE bob WITH LOGIN SUPERUSER", &["changed | create-account grant CREATE ROLE bob bob"]);
    check("ALTER ROLE \"Zoe Q\" PASSWORD NULL NOLOGIN", &["changed | disable ALTER ROLE Zoe Q Zoe Q"]);
    check("ALTER USER ann SET pgaudit.log = 'none'", &["changed | audit ALTER ROLE ann ann"]);
    check("DROP ROLE IF EXISTS ann", &["changed | delete DROP ROLE ann ann"]);
    check(
        "GRANT SELECT (name, mail), UPDATE ON TABLE public.orders TO GROUP ops",
        &["changed | grant GRANT public.orders ops"],
    );
    check("GRANT pg_read_all_data TO ann", &["changed | grant GRANT pg_read_all_data ann"]);
    check("REVOKE ADMIN OPTION FOR ops FROM ann", &["changed | grant REVOKE ops ann"]);
    check("GRANT SELECT ON ALL TABLES IN SCHEMA hr TO ann", &["changed | grant GRANT hr ann"]);
    check("ALTER SYSTEM SET log_statement = 'none'", &["changed | audit ALTER SYSTEM log_statement"]);
    check("ALTER SYSTEM SET work_mem = '4MB'", &["changed | ALTER SYSTEM work_mem"]);
    check("SET SESSION pgaudit.log TO none", &["changed | audit SET pgaudit.log"]);
    check("SET ROLE admin", &["used | SET ROLE  admin"]);
    check("set session authorization admin", &["used | SET SESSION AUTHORIZATION  admin"]);
    check("ALTER TABLE hr.pay DISABLE ROW LEVEL SECURITY", &["changed | disable ALTER TABLE hr.pay"]);
    check("DROP EXTENSION pgaudit", &["changed | delete audit DROP EXTENSION pgaudit"]);
    check("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x", &["changed | grant ALTER DEFAULT PRIVILEGES"]);
}

#[test]
fn data_is_read_written_and_taken_out() {
    check("SELECT extract(year FROM at) FROM public.\"Orders\" o", &["used | SELECT public.\"Orders\""]);
    check("select rolpassword from pg_catalog.pg_authid", &["read | SELECT pg_catalog.pg_authid"]);
    check("COPY (SELECT a FROM b) TO PROGRAM 'x'", &["used | export COPY"]);
    check("copy customers (name) to stdout", &["used | export COPY customers"]);
    check("copy customers from stdin", &["changed | COPY customers"]);
    check("DELETE FROM ONLY carts WHERE id = 1", &["changed | DELETE carts"]);
    check("TRUNCATE TABLE carts, orders", &["changed | delete TRUNCATE carts"]);
    check("WITH c AS (SELECT 1) SELECT * FROM c", &["used | WITH"]);
    check("BEGIN; ROLLBACK", &[]);
    check("frobnicate", &["used | statement"]);
}

#[test]
fn what_lies_in_quotes_and_comments_is_no_statement() {
    check(
        "SELECT '; DROP TABLE a' /* ; DROP /* ; */ TABLE b */ FROM t; -- ; DROP TABLE c\n TRUNCATE d;",
        &["used | SELECT t", "changed | delete TRUNCATE d"],
    );
    check("SELECT $q$; DROP TABLE a;$q$, $1, E'\\'; DROP', \";\" FROM t", &["used | SELECT t"]);
    check("DO $$ BEGIN EXECUTE 'DROP TABLE x'; END $$", &["used | DO"]);
    check("/* é */ SELECT 1 FROM é.ü", &["used | SELECT é.ü"]);
    check("SELECT 'open", &["used | SELECT"]);
    check("SELECT $a$ open", &["used | SELECT"]);
    assert_eq!(Deed::of(Tokens::of("DROP TABLE a")).map(|deed| deed.object), Some(Object::Within("a")));
}

#[test]
fn times_are_read_in_the_zone_that_they_name() {
    let mut berlin = LocalTimes::of(sever_model::Zone::named("Europe/Berlin").unwrap());
    let at = |text, times: Option<&mut LocalTimes>| {
        time(text, times).map(|at| at.to_string()).map_err(|reason| reason.to_string())
    };
    assert_eq!(at("2026-03-31 09:00:00.123 UTC", None).as_deref(), Ok("2026-03-31T09:00:00.123Z"));
    assert_eq!(at("2026-03-31 09:00:00.123 +0330", None).as_deref(), Ok("2026-03-31T05:30:00.123Z"));
    assert_eq!(at("2026-03-31 09:00:00.123 -03", None).as_deref(), Ok("2026-03-31T12:00:00.123Z"));
    assert_eq!(at("2026-03-31 09:00:00.123 CEST", Some(&mut berlin)).as_deref(), Ok("2026-03-31T07:00:00.123Z"));
    assert_eq!(at("2026-03-31 09:00:00.123 CEST", None), Err("lacks `zone`".to_owned()));
    assert!(at("2026-03-31 09:00:00.123 KST", Some(&mut berlin)).is_err());
    assert!(at("2026-03-31 09:00:00.123", None).is_err());
    assert!(at("2026-03-31 09:00:00.1234567890123456789012345678901234567890 UTC", None).is_err());
}
