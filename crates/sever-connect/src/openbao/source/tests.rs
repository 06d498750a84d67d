//! The fixtures under `tests/sources/openbao` are the tests; here is what needs no file.

use super::*;

#[test]
fn files_are_told_by_their_names() {
    let word = |name: &str| match kind_of(name) {
        Some(Kind::Policy(name)) => name,
        Some(Kind::Entities) => "(entities)".to_owned(),
        Some(Kind::Groups) => "(groups)".to_owned(),
        Some(Kind::Logins) => "(logins)".to_owned(),
        None => "(other)".to_owned(),
    };
    assert_eq!(
        ["dev.hcl", "ops.json", "entities.json.gz", "groups.json", "auth.json", "README.md"].map(word),
        ["dev", "ops", "(entities)", "(groups)", "(logins)", "(other)"]
    );
}
