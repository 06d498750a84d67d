//! Mappings read from TOML, write back, and say what does not fit.

use sever_model::Limits;

use super::*;
use crate::Format;

fn parse(text: &str) -> Result<Mapping, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

fn wrong(text: &str) -> String {
    parse(text).expect_err("it is wrong")
}

/// Why a mapping makes no decoder of a format.
fn refused(format: &str, text: &str) -> String {
    let mapping = parse(text).expect("it parses");
    let format = Format::named(format).expect("a format");
    match format.decoder(Some(&mapping), &Limits::default()) {
        Ok(_) => panic!("it is accepted"),
        Err(error) => format!("{error} / {}", error.hint()),
    }
}

#[test]
fn every_form_reads_and_writes_back() {
    let text = r#"time = "ts"
kind = { path = "event", values = { "a b" = "issued", c = "used" }, default = "used" }
issuer = { const = "https://id.shop.example" }
key_id = 'jwt."header.kid"'
source_ip = ["client.ip", "remote"]
user_agent = { path = ["ua", "agent"], default = "none" }
zone = "Asia/Seoul"
year = 2024
"#;
    let mapping = parse(text).expect("it is sound");
    assert_eq!(mapping.to_toml(), text);
    let json = serde_json::to_string(&mapping).expect("it is plain data");
    assert_eq!(serde_json::from_str::<Mapping>(&json).expect("it reads back"), mapping);
    let odd = Mapping::new().with(Field::Time, "a\n\"'b");
    assert_eq!(parse(&odd.to_toml()), Ok(odd));
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(
        wrong("tokn_subject = \"sub\""),
        "`tokn_subject` is no field of an event; did you mean `token_subject`?"
    );
    assert!(wrong("zzz = \"sub\"").starts_with("`zzz` is no field of an event (they are time, kind,"));
    assert!(wrong("time = 7").contains("a path, a list of paths"), "{}", wrong("time = 7"));
    assert_eq!(wrong("time = []"), "a list of paths is empty");
    assert_eq!(wrong("time = {}"), "neither `path` nor `const` says where the field is");
    assert!(wrong("time = { pth = \"a\" }").contains("unknown field `pth`"), "{}", wrong("time = { pth = \"a\" }"));
    assert!(wrong("year = \"x\"").contains("invalid type"));
}

#[test]
fn a_mapping_that_does_not_fit_is_refused_with_a_cure() {
    assert_eq!(
        refused("json-lines", "actor = \"user\""),
        "the mapping does not say where `time` is / add `time = \"…\"` with the path of the record's time to `[log.map]`"
    );
    assert!(
        refused("json-lines", "time = \"a..b\"").starts_with("`a..b`, mapped to `time`, is no path: a key is empty")
    );
    assert!(refused("json-lines", "time = '\"a'").contains("a quotation mark is not closed"));
    assert!(refused("json-lines", "time = '\"a\"b'").contains("a dot is missing after a quoted key"));
    assert!(refused("json-lines", "time = \"a\"\nkind = { const = \"minted\" }").starts_with("`minted` is no kind"));
    assert!(
        refused("json-lines", "time = \"a\"\noutcome = { path = \"s\", values = { x = \"fine\" } }")
            .starts_with("`fine` is no outcome")
    );
    assert!(refused("json-lines", "time = { const = \"2025-01-01\" }").starts_with("`time` cannot be a constant"));
    assert!(refused("json-lines", "time = \"a\"\nzone = \"Mars/Base\"").starts_with("`Mars/Base` is not a time zone"));
    assert!(refused("sshd", "actor = \"user\"").starts_with("format `sshd` finds `actor` itself"));
    let none = Format::named("json-lines").expect("a format").decoder(None, &Limits::default());
    assert_eq!(none.err(), Some(MappingError::Needed("json-lines")));
}

#[test]
fn a_users_mapping_lies_over_a_preset() {
    let preset = Mapping::new().with(Field::Time, "t").with(Field::Actor, "u");
    let over = Mapping::new().with(Field::Actor, Pick::constant("x")).over(preset);
    assert_eq!(over.to_toml(), "time = \"t\"\nactor = { const = \"x\" }\n");
}
