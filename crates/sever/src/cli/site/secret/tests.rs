//! Secrets as they lie about: with line ends, empty, or not there.

use std::fs;

use super::*;

fn of_file(text: &str) -> Result<String, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, text).unwrap();
    fetch(&SecretFrom::File(path), "the secret of a test").map(|secret| secret.expose().clone())
}

#[test]
fn one_line_end_is_no_part_of_a_secret() {
    for (text, expect) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("a b\n\n", "a b\n"), (" x", " x")] {
        assert_eq!(of_file(text).unwrap(), expect, "{text:?}");
    }
    for text in ["", "\n", "\r\n"] {
        assert_eq!(of_file(text).unwrap_err().what, "the secret of a test is empty", "{text:?}");
    }
}

#[test]
fn what_a_command_prints_is_the_secret_and_its_failure_is_told() {
    let command = |words: &[&str]| SecretFrom::Command(words.iter().map(|word| (*word).to_owned()).collect());
    let printed = fetch(&command(&["printf", "s3\\n"]), "it").unwrap();
    assert_eq!(printed.expose(), "s3");
    let failed = fetch(&command(&["false"]), "the secret of a test").unwrap_err();
    assert!(failed.what.contains("`false` gave no secret"), "{}", failed.what);
    assert!(fetch(&command(&[]), "it").is_err() && fetch(&command(&["no-such-program"]), "it").is_err());
    let unset = fetch(&SecretFrom::Variable("SEVERANCE_TEST_UNSET".to_owned()), "the key").unwrap_err();
    assert_eq!(unset.hint.as_deref(), Some("it holds the key"));
}
