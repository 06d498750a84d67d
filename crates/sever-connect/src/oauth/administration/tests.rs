//! Tests of what the administration's answers say.

use sever_model::{DoorKind, EventTime};

use super::{ended, held};
use crate::http::Answer;

#[test]
fn each_thing_is_a_door_and_none_holds_a_secret() {
    let body = r#"{
        "sessions": [{"uid":"u1","sha256":"aa","exp":1700000000}],
        "refresh_tokens": [{"sha256":"bb","grant":"g1","client":"desk","exp":1700000000}, {"client":"desk"}],
        "access_tokens": [{"sha256":"cc","format":"opaque","client":"desk"}, {"jti":"j1","format":"jwt","exp":1700000000}]
    }"#;
    let holdings = held(&Answer::canned(200, body)).ok().flatten().unwrap_or_default();
    let is: Vec<_> = holdings.held.iter().map(|it| (it.kind, it.native.as_str(), it.is_jwt)).collect();
    assert_eq!(
        is,
        [
            (DoorKind::Session, "u1", false),
            (DoorKind::RefreshToken, "bb", false),
            (DoorKind::AccessToken, "cc", false),
            (DoorKind::AccessToken, "j1", true),
        ]
    );
    assert_eq!(holdings.held.first().and_then(|it| it.until), Some(EventTime::from_secs(1_700_000_000)));
    assert_eq!(holdings.gaps, ["refresh_tokens: one without an id"]);
}

#[test]
fn a_receipt_says_which_applications_were_told() {
    let is = |body: &str| ended(&Answer::canned(200, body));
    assert_eq!(
        is(r#"{"told":["desk","shop"],"untold":["till"]}"#),
        "200; told of it: desk, shop; not told of it: till"
    );
    assert_eq!(is(r#"{"told":[],"untold":["till"]}"#), "200; not told of it: till");
    for nothing in ["", "<html>", "[]", r#"{"told":"desk","untold":[7]}"#] {
        assert_eq!(is(nothing), "200", "{nothing}");
    }
}

#[test]
fn only_its_own_word_says_that_there_is_no_account() {
    let is = |status: u16, body: &str| held(&Answer::canned(status, body));
    assert_eq!(is(404, r#"{"error":"not_found"}"#), Ok(None));
    for (status, body) in [
        (404, "Not Found"),
        (404, "<html>"),
        (200, ""),
        (200, "{}"),
        (200, r#"{"sessions":[],"refresh_tokens":[]}"#),
        (200, r#"{"sessions":{},"refresh_tokens":[],"access_tokens":[]}"#),
        (401, ""),
        (302, ""),
        (500, ""),
    ] {
        assert!(is(status, body).is_err(), "{status} {body}");
    }
}
