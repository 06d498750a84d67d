//! Tests of what answers mean, and of how changes are written.

use sever_model::act::ActError;

use super::{Dialect, found, has_member, is_active, page, values};
use crate::http::Answer;

#[test]
fn only_the_resource_asked_for_is_one() {
    let is = |status: u16, body: &str| found(&Answer::canned(status, body), "7", "/Users");
    assert!(is(200, r#"{"id":"7","active":true}"#).is_ok_and(|found| found.is_some()));
    assert!(is(404, "").is_ok_and(|found| found.is_none()));
    for hostile in ["", "<html>signed out</html>", "null", "[]", "7", r#"{"id":7}"#, r#"{"id":"8"}"#, "{\"id\":\"7\""] {
        assert!(matches!(is(200, hostile), Err(ActError::Unexpected(_))), "{hostile}");
    }
    assert!(matches!(is(302, ""), Err(ActError::Unexpected(_))));
    assert!(matches!(is(401, ""), Err(ActError::NotAllowed { .. })));
    assert!(matches!(is(403, ""), Err(ActError::NotAllowed { .. })));
    assert!(matches!(is(429, ""), Err(ActError::RateLimited(None))));
    assert!(matches!(is(500, ""), Err(ActError::LostAnswer(_))));
    assert!(matches!(is(501, ""), Err(ActError::LostAnswer(_))));
    assert!(matches!(is(400, ""), Err(ActError::Refused(_))));
}

#[test]
fn a_page_says_how_many_there_are() {
    let is = |body: &str| page(&Answer::canned(200, body), "/Groups").map(|page| (page.resources.len(), page.total));
    assert_eq!(is(r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#), Ok((1, 2)));
    assert_eq!(is(r#"{"totalResults":0}"#), Ok((0, 0)));
    for hostile in ["", "<html>", "[]", "{}", r#"{"totalResults":-1}"#, r#"{"totalResults":1,"Resources":{"id":"1"}}"#]
    {
        assert!(is(hostile).is_err(), "{hostile}");
    }
}

#[test]
fn a_user_is_inactive_only_where_it_says_so() {
    let is = |body: &str| is_active(&serde_json::from_str(body).unwrap_or_default());
    assert!(!is(r#"{"active":false}"#) && !is(r#"{"active":"False"}"#) && !is(r#"{"active":" false "}"#));
    for open in ["{}", r#"{"active":true}"#, r#"{"active":null}"#, r#"{"active":0}"#, r#"{"active":"no"}"#, "[]"] {
        assert!(is(open), "{open}");
    }
}

#[test]
fn values_are_read_however_they_are_written() {
    let of = |body: &str| -> Vec<String> {
        let resource = serde_json::from_str(body).unwrap_or_default();
        values(&resource, "members").map(str::to_owned).collect()
    };
    assert_eq!(of(r#"{"members":[{"value":"1"},"2",{"x":1},3,null]}"#), ["1", "2"]);
    assert_eq!(of(r#"{"members":{"value":"1"}}"#), ["1"]);
    assert_eq!(of("{}"), [""; 0]);
    let group = serde_json::json!({ "members": [{ "value": "1" }] });
    assert!(has_member(&group, "1") && !has_member(&group, "11"));
}

#[test]
fn each_dialect_writes_its_own() {
    let operation =
        |message: serde_json::Value| message.pointer("/Operations/0").cloned().unwrap_or_default().to_string();
    assert_eq!(operation(Dialect::Rfc.activity(false)), r#"{"op":"replace","path":"active","value":false}"#);
    assert_eq!(operation(Dialect::Entra.activity(false)), r#"{"op":"Replace","path":"active","value":"False"}"#);
    assert_eq!(operation(Dialect::Okta.activity(false)), r#"{"op":"replace","value":{"active":false}}"#);
    assert_eq!(
        operation(Dialect::Rfc.removal("members", "a\"b")),
        r#"{"op":"remove","path":"members[value eq \"a\\\"b\"]"}"#
    );
    assert_eq!(
        operation(Dialect::Entra.addition("members", "7")),
        r#"{"op":"Add","path":"members","value":[{"value":"7"}]}"#
    );
}
