//! Tests of what answers mean: hostile ones mean nothing, and never closed.

use std::collections::BTreeMap;

use sever_model::EventTime;
use sever_model::act::ActError;

use super::{Live, Opened, believed, discovered, live, published, refreshed, signed_in, undone};
use crate::connector::Connection;
use crate::http::{Answer, Http};

/// Bodies that a server which is broken, replaced or hostile may give.
const HOSTILE: [&str; 9] = [
    "",
    "<html><body>signed out</body></html>",
    "null",
    "[]",
    "false",
    "{",
    r#"{"active":"false"}"#,
    r#"{"active":null,"error":7}"#,
    r#"{"keys":[]}"#,
];

#[test]
fn introspection_is_believed_only_in_its_own_words() {
    let is = |status: u16, body: &str| live(&Answer::canned(status, body));
    assert_eq!(is(200, r#"{"active":false}"#), Live::Inactive);
    let active = Live::Active {
        until: Some(EventTime::from_secs(1_700_000_000)),
        client: "desk".to_owned(),
        of: vec!["s".to_owned(), "bob".to_owned()],
    };
    let body = r#"{"active":true,"exp":1700000000,"client_id":"desk","sub":"s","username":"bob"}"#;
    assert_eq!(is(200, body), active);
    assert_eq!(is(400, r#"{"error":"unsupported_token_type"}"#), Live::Unsupported);
    assert!(matches!(is(401, r#"{"active":false}"#), Live::BadProbe(_)));
    assert!(matches!(is(400, r#"{"error":"invalid_client"}"#), Live::BadProbe(_)));
    for body in HOSTILE {
        for status in [200, 204, 302, 404, 429, 500, 503] {
            assert!(matches!(is(status, body), Live::Failed(_)), "{status} {body}");
        }
    }
    assert!(matches!(is(404, r#"{"active":false}"#), Live::Failed(_)));
}

#[test]
fn the_refresh_grant_tells_a_dead_token_from_a_bad_probe() {
    let is = |status: u16, body: &str| refreshed(&Answer::canned(status, body));
    assert!(matches!(is(400, r#"{"error":"invalid_grant"}"#), Opened::No(_)));
    assert!(matches!(is(401, r#"{"error":"invalid_client"}"#), Opened::BadProbe(_)));
    assert!(matches!(is(400, r#"{"error":"unauthorized_client"}"#), Opened::BadProbe(_)));
    assert!(matches!(is(401, ""), Opened::BadProbe(_)));
    assert!(matches!(is(200, r#"{"access_token":"a"}"#), Opened::Yes(_)));
    assert!(matches!(is(400, " "), Opened::Silent(_)));
    for body in HOSTILE {
        for status in [200, 302, 404, 500] {
            assert!(matches!(is(status, body), Opened::Failed(_)), "{status} {body}");
        }
    }
    // Nothing of an answer that gave a token is kept.
    let Opened::Yes(said) = is(200, r#"{"access_token":"s3cret"}"#) else { panic!("not open") };
    assert!(!said.contains("s3cret"));
}

#[test]
fn userinfo_refuses_with_401_only() {
    let is = |status: u16, body: &str| believed(&Answer::canned(status, body));
    assert!(matches!(is(200, r#"{"sub":"bob"}"#), Opened::Yes(_)));
    assert!(matches!(is(401, ""), Opened::No(_)));
    for body in HOSTILE {
        for status in [200, 302, 403, 404, 429, 500] {
            assert!(matches!(is(status, body), Opened::Failed(_)), "{status} {body}");
        }
    }
}

#[test]
fn a_session_is_dead_only_where_signing_in_is_asked_for() {
    let back = "https://desk.shop.example/back";
    let is = |status: u16, to: &str| signed_in(&Answer::canned(status, "").with("location", to), back);
    assert!(matches!(is(303, &format!("{back}?error=login_required&iss=x")), Opened::No(_)));
    assert!(matches!(is(302, &format!("{back}#error=login_required")), Opened::No(_)));
    assert!(matches!(is(303, &format!("{back}?iss=x")), Opened::Yes(_)));
    assert!(matches!(is(303, &format!("{back}?error=consent_required")), Opened::Yes(_)));
    assert!(matches!(is(303, &format!("{back}?error=server_error")), Opened::Failed(_)));
    assert!(matches!(is(303, "https://elsewhere.example/?error=login_required"), Opened::Failed(_)));
    assert!(matches!(is(200, &format!("{back}?error=login_required")), Opened::Failed(_)));
    assert!(matches!(signed_in(&Answer::canned(400, "invalid client"), back), Opened::Failed(_)));
}

#[test]
fn keys_are_published_or_it_is_an_error() {
    let is = |status: u16, body: &str| published(&Answer::canned(status, body));
    let keys = is(200, r#"{"keys":[{"kid":"a"},{"kty":"RSA"}]}"#).map(|it| (it.kids, it.date));
    assert_eq!(keys, Ok((vec!["a".to_owned()], None)));
    let dated = Answer::canned(200, r#"{"keys":[{}]}"#).with("date", "Tue, 14 Nov 2023 22:13:20 GMT");
    assert!(published(&dated).is_ok_and(|it| it.date == Some(EventTime::from_secs(1_700_000_000))));
    for body in HOSTILE {
        assert!(is(200, body).is_err(), "{body}");
    }
    assert!(matches!(is(500, "").map(|it| it.kids), Err(ActError::Unexpected(_))));
    assert!(matches!(is(502, "").map(|it| it.kids), Err(ActError::Unreachable(_))));
    // Of a change it may have been done.
    assert!(matches!(undone(&Answer::canned(500, ""), "revocation", ""), ActError::LostAnswer(_)));
    assert!(matches!(undone(&Answer::canned(403, ""), "revocation", ""), ActError::NotAllowed { .. }));
}

#[test]
fn metadata_are_the_issuers_and_endpoints_its_hosts() {
    let connection = Connection {
        id: "c".into(),
        system: "s".into(),
        url: "https://id.shop.example/realms/a".to_owned(),
        settings: BTreeMap::new(),
        login: None,
        twin: None,
    };
    let http = Http::of(&connection).unwrap_or_else(|error| panic!("{error}"));
    let is = |body: &str| discovered(&Answer::canned(200, body), "https://id.shop.example/realms/a", &http);
    let body = r#"{
        "issuer": "https://id.shop.example/realms/a/",
        "token_endpoint": "https://id.shop.example/token",
        "introspection_endpoint": "https://elsewhere.example/introspect",
        "revocation_endpoint": 7
    }"#;
    let found = is(body).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found.token.as_deref(), Some("/token"));
    assert!(found.introspection.is_none() && found.revocation.is_none());
    for other in [r#"{"issuer":"https://elsewhere.example"}"#, "{}", "[]", "", "<html>"] {
        assert!(is(other).is_err(), "{other}");
    }
    assert!(discovered(&Answer::canned(404, body), "https://id.shop.example/realms/a", &http).is_err());
}
