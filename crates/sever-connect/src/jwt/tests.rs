//! Tests of what a token says of itself.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sever_model::EventTime;

use super::Jwt;

fn token(header: &str, claims: &str) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(claims), part("a signature"))
}

#[test]
fn it_says_which_key_signed_it_and_until_when_it_is_good() {
    let jwt = Jwt::parse(&token(r#"{"alg":"RS256","kid":"kid-1"}"#, r#"{"exp":1800000000}"#));
    let jwt = jwt.unwrap_or_else(|| panic!("no token"));
    assert_eq!((jwt.key_id.as_str(), jwt.expires_at), ("kid-1", Some(EventTime::from_secs(1_800_000_000))));
    let altered = jwt.altered();
    let altered = Jwt::parse(altered.expose()).unwrap_or_else(|| panic!("the altered one is none"));
    assert_eq!(altered.key_id, "kid-1");
    assert_ne!(altered.text.expose(), jwt.text.expose());
    assert_eq!(altered.text.expose().len(), jwt.text.expose().len());
}

#[test]
fn what_is_none_is_none() {
    let good = token(r#"{"kid":"k"}"#, "{}");
    assert!(Jwt::parse(&good).is_some());
    let long = "a".repeat(1 << 20);
    for bad in
        ["", ".", "..", "a.b.c", "s.opaque-token", &format!("{good}.x"), &long, &format!("{good}%"), "\u{1F511}..x"]
    {
        assert!(Jwt::parse(bad).is_none(), "{bad:.40}");
    }
    for header in ["{}", r#"{"kid":""}"#, r#"{"kid":7}"#, "[]", "null", "nonsense"] {
        assert!(Jwt::parse(&token(header, "{}")).is_none(), "{header}");
    }
    for claims in [r#"{"exp":"soon"}"#, r#"{"exp":-1}"#, r#"{"exp":1e300}"#, "[]"] {
        assert!(Jwt::parse(&token(r#"{"kid":"k"}"#, claims)).is_some_and(|it| it.expires_at.is_none()), "{claims}");
    }
}
