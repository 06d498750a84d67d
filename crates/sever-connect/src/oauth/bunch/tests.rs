//! Tests of how several secrets are read.

use sever_model::Secret;

use super::Bunch;

fn read(text: &str) -> Result<Bunch, &'static str> {
    Bunch::read(&Secret::new(text.to_owned()), "password")
}

#[test]
fn a_bare_word_is_of_the_usual_kind() {
    let bunch = read(" s3cret=with{odd}things ").unwrap_or_default();
    assert_eq!(bunch.one("password").map(|it| it.expose().as_str()), Some("s3cret=with{odd}things"));
    assert!(bunch.one("token").is_none() && bunch.all("token").is_empty());
    assert!(read("  ").is_ok_and(|bunch| bunch.one("password").is_none()));
}

#[test]
fn an_object_names_each() {
    let bunch = read(r#"{"password":"a","refresh_token":["b","c"],"access_token":[]}"#).unwrap_or_default();
    assert_eq!(bunch.one("password").map(|it| it.expose().as_str()), Some("a"));
    let refresh: Vec<&str> = bunch.all("refresh_token").iter().map(|it| it.expose().as_str()).collect();
    assert_eq!(refresh, ["b", "c"]);
    assert!(bunch.one("access_token").is_none());
}

#[test]
fn what_is_no_object_of_texts_is_no_password_either() {
    for wrong in ["{", r#"{"a":1}"#, r#"{"a":["b",null]}"#, r#"{"a":{"b":"c"}}"#, r#"{"a":"b"} x"#] {
        let Err(error) = read(wrong) else { panic!("{wrong}") };
        assert!(!error.contains('"') && error.contains("no JSON object of texts"));
    }
}
