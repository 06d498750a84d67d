//! Tests of what Glewlwyd's lists say.

use serde_json::json;
use sever_model::{DoorKind, EventTime, Span};

use super::{held, profiles};
use crate::http::Answer;
use crate::oauth::server::Opened;

const NOW: i64 = 1_700_000_000;

fn at(record: &serde_json::Value, sessions: &serde_json::Value, tokens: &serde_json::Value) -> Vec<(DoorKind, String)> {
    let list = |it: &serde_json::Value| it.as_array().cloned().unwrap_or_default();
    let now = EventTime::from_secs(NOW);
    let holdings = held("bob", record, &list(sessions), &list(tokens), Span::secs(3_600), now);
    assert_eq!(holdings.gaps.len(), usize::from(sessions.get(0).is_some_and(|it| it == &json!({}))));
    holdings.held.into_iter().map(|it| (it.kind, it.native)).collect()
}

#[test]
fn only_what_lives_is_held() {
    let sessions = json!([
        { "session_hash": "live", "expiration": NOW + 1, "enabled": true },
        { "session_hash": "ended", "expiration": NOW + 1, "enabled": false },
        { "session_hash": "over", "expiration": NOW - 1, "enabled": true },
    ]);
    let tokens = json!([
        { "token_hash": "live", "expires_at": NOW + 1, "last_seen": NOW - 7_200, "enabled": true },
        { "token_hash": "over", "expires_at": NOW - 1, "last_seen": NOW - 7_200, "enabled": true },
    ]);
    let is = at(&json!({ "enabled": true }), &sessions, &tokens);
    let own = |kind: DoorKind, native: &str| (kind, native.to_owned());
    let (session, token) = (own(DoorKind::Session, "live"), own(DoorKind::RefreshToken, "live"));
    assert_eq!(is, [own(DoorKind::Login, "bob"), session, token]);
    assert_eq!(at(&json!({ "enabled": false }), &json!([]), &json!([])), []);
    assert_eq!(at(&json!({}), &json!([{}]), &json!([])), [own(DoorKind::Login, "bob")]);
}

/// The refresh token is revoked, and what it gave lives on.
#[test]
fn an_access_token_outlives_its_refresh_token() {
    let tokens = json!([{ "token_hash": "h", "expires_at": NOW + 9, "last_seen": NOW - 60, "enabled": false }]);
    let list = tokens.as_array().cloned().unwrap_or_default();
    let now = EventTime::from_secs(NOW);
    let holdings = held("bob", &json!({ "enabled": false }), &[], &list, Span::secs(3_600), now);
    let [access] = holdings.held.as_slice() else { panic!("{holdings:?}") };
    assert_eq!((access.kind, access.native.as_str(), access.is_jwt), (DoorKind::AccessToken, "h/access", true));
    assert_eq!(access.until, Some(EventTime::from_secs(NOW + 3_540)));
}

#[test]
fn a_page_of_something_else_is_no_session_and_no_end_of_one() {
    let is = |status: u16, body: &str| profiles(&Answer::canned(status, body));
    assert!(matches!(is(200, r#"[{"username":"bob"}]"#), Opened::Yes(_)));
    assert!(matches!(is(401, ""), Opened::No(_)));
    for (status, body) in [(200, ""), (200, "[]"), (200, "[{}]"), (200, "<html>"), (302, ""), (403, ""), (500, "")] {
        assert!(matches!(is(status, body), Opened::Failed(_)), "{status} {body}");
    }
}
