//! Policies read in every form in which servers give them.

use super::*;

fn shown(text: &str) -> String {
    match policy(text) {
        Ok(rules) => rules
            .iter()
            .map(|rule| format!("{} {}", rule.path, rule.capabilities.join(",")))
            .collect::<Vec<_>>()
            .join("; "),
        Err(reason) => reason.word().to_owned(),
    }
}

#[test]
fn every_form() {
    assert_eq!(shown("path \"a/*\" {\n  capabilities = [\"read\", \"list\"]\n}"), "a/* read,list");
    assert_eq!(shown("path \"a\" { policy = \"write\" }"), "a create,read,update,delete,list");
    assert_eq!(shown("path \"a\" {\n capabilities = [\"read\"]\n allowed_parameters = { \"x\" = [] }\n}"), "a read");
    assert_eq!(shown(r#"{"path":{"a":{"capabilities":["read"]}}}"#), "a read");
    assert_eq!(shown(r#"{"path":[{"a":{"policy":"read"}}]}"#), "a read,list");
    assert_eq!(shown(r#"{"data":{"name":"p","policy":"path \"a\" { capabilities = [\"sudo\"] }"}}"#), "a sudo");
    assert_eq!(shown("# nothing but a remark\n"), "");
}

#[test]
fn hostile_ones_are_refused() {
    assert_eq!(shown(&"[".repeat(1_000_000)), "too-deep");
    assert_eq!(shown(&"a".repeat(2 << 20)), "too-long");
    assert_eq!(shown("path \"a\" {"), "syntax");
    assert_eq!(shown("{\"path\":"), "syntax");
}
