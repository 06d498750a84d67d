//! Tests of what tokens say of themselves, and of which door they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sever_model::{Door, DoorKind, EventTime};

use super::{Claims, claims, is_of, never_issued, seconds, sha256};

fn jwt(body: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({ "alg": "RS256", "kid": "kid-1" })), part(body))
}

#[test]
fn a_jwt_is_read_and_nothing_else_is() {
    let token = jwt(&json!({ "jti": "j1", "sub": "bob", "client_id": "desk", "exp": 1_700_000_000 }));
    let is = Claims {
        jti: "j1".to_owned(),
        kid: "kid-1".to_owned(),
        subject: "bob".to_owned(),
        client: "desk".to_owned(),
        until: Some(EventTime::from_secs(1_700_000_000)),
    };
    assert_eq!(claims(&token), Some(is));
    let four = format!("{token}.x");
    for none in ["", ".", "..", "...", "a.b.c", "opaque", "YQ.YQ.YQ", "W10.W10.", four.as_str()] {
        assert_eq!(claims(none), None, "{none}");
    }
    assert_eq!(seconds(Some(&json!(-1))), None);
    assert_eq!(seconds(Some(&json!("1700000000"))), None);
    assert_eq!(seconds(Some(&json!(1.5e9))), Some(EventTime::from_secs(1_500_000_000)));
    assert!(seconds(Some(&json!(u64::MAX))).is_some_and(|at| at > EventTime::from_secs(1)));
}

#[test]
fn a_secret_is_known_by_its_fingerprint() {
    let door = |name: &str, value: &str| {
        let mut door = Door::new(&"id".into(), DoorKind::Session, "s");
        door.attributes.insert(name.to_owned(), value.to_owned());
        door
    };
    let hex = door("fingerprint", &sha256("abc"));
    for own in ["abc", "_session=abc; _session.sig=x", "x=y;_session=abc"] {
        assert_eq!(is_of(&hex, own), Some(true), "{own}");
    }
    for other in ["", "abcd", "_session=abcd", "abc=x"] {
        assert_eq!(is_of(&hex, other), Some(false), "{other}");
    }
    // SHA-512 of `abc`, as Glewlwyd writes it, with and without its padding.
    let sha512 = "{SHA512}3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05ohkpkqJ0_BqDa6PCOj_uu9RU1EI2Q86A4qmslPpUyknw";
    assert_eq!(is_of(&door("fingerprint", sha512), "GLEWLWYD2_SESSION_ID=abc"), Some(true));
    assert_eq!(is_of(&door("fingerprint", &format!("{sha512}==")), "abc"), Some(true));
    assert_eq!(is_of(&door("fingerprint", sha512), "abd"), Some(false));
    let by_id = door("jti", "j1");
    assert_eq!(is_of(&by_id, &jwt(&json!({ "jti": "j1" }))), Some(true));
    assert_eq!(is_of(&by_id, &jwt(&json!({ "jti": "j2" }))), Some(false));
    assert_eq!(is_of(&by_id, "opaque"), Some(false));
    assert_eq!(is_of(&Door::new(&"id".into(), DoorKind::Session, "s"), "anything"), None);
}

#[test]
fn what_was_never_issued_has_the_same_shape() {
    let made = never_issued("_session=aB3-x; _session.sig=Zz", "nonce");
    assert!(made.starts_with("_session=") && made.contains("; _session.sig=") && made.len() == 31, "{made}");
    assert_ne!(made, "_session=aB3-x; _session.sig=Zz");
    let token = "7Roun-t6GydJipAu56356m74kyIsdSdmi2CCL9mUkAn";
    let other = never_issued(token, "nonce");
    assert!(other != token && other.len() == token.len() && other != never_issued(token, "another"));
    for (ours, theirs) in other.chars().zip(token.chars()) {
        assert_eq!((ours.is_ascii_digit(), ours.is_uppercase()), (theirs.is_ascii_digit(), theirs.is_uppercase()));
    }
    assert_eq!(never_issued("", "n"), "");
}
