//! Tests of addresses and of what is encoded in them.

use std::collections::BTreeMap;

use sever_model::UnknownWhy;
use sever_model::act::ActError;

use super::{Ask, Http, encoded, unknown};
use crate::connector::Connection;

fn at(url: &str) -> Option<Http> {
    let connection = Connection {
        id: "c".into(),
        system: "s".into(),
        url: url.to_owned(),
        settings: BTreeMap::new(),
        login: None,
        twin: None,
    };
    Http::of(&connection).ok()
}

#[test]
fn only_paths_of_its_own_host_are_its_own() {
    let http = at("https://id.shop.example:8443/realms/a/").unwrap_or_else(|| panic!("no address"));
    assert_eq!(http.own_path(), "/realms/a");
    assert_eq!(http.path_of("https://id.shop.example:8443/token"), Some("/token"));
    for other in [
        "https://id.shop.example:8443",
        "https://id.shop.example:84430/token",
        "https://id.shop.example:8443@elsewhere.example/token",
        "https://id.shop.example.elsewhere.example/token",
        "http://id.shop.example:8443/token",
        "/token",
        "",
    ] {
        assert_eq!(http.path_of(other), None, "{other}");
    }
    assert_eq!(at("https://id.shop.example").map(|http| http.own_path().to_owned()), Some(String::new()));
    assert!(at("https://ann:secret@id.shop.example").is_none() && at("ftp://id.shop.example").is_none());
}

#[test]
fn what_is_not_plain_is_encoded() {
    assert_eq!(encoded("aZ09-._~"), "aZ09-._~");
    assert_eq!(encoded("{SHA512}a+b/c=&é "), "%7BSHA512%7Da%2Bb%2Fc%3D%26%C3%A9%20");
    let ask = Ask::new("POST", "/token").form(&[("grant_type", "a b"), ("x", "&y=")]);
    assert_eq!(String::from_utf8_lossy(&ask.body), "grant_type=a%20b&x=%26y%3D");
}

#[test]
fn no_failure_is_an_answer() {
    assert_eq!(unknown(&ActError::Unreachable(String::new())), UnknownWhy::Unreachable);
    assert_eq!(unknown(&ActError::LostAnswer(String::new())), UnknownWhy::TimedOut);
    let refused = ActError::NotAllowed { what: String::new(), lacking: String::new() };
    assert_eq!(unknown(&refused), UnknownWhy::NotPermitted);
    assert_eq!(unknown(&ActError::RateLimited(None)), UnknownWhy::Unexpected);
}
