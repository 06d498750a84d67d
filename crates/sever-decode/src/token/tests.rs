//! What a token says, and what is not read as one.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;
use sever_model::{EventTime, Limits};

use super::{TOKEN_BYTES_MAX, TokenFault, TokenReader};
use crate::mapping::Field;

const HEADER: &str = r#"{"alg":"RS256","kid":"kid-1","typ":"at+jwt"}"#;

fn token_of(header: &str, claims: &[u8], signature: &str) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{signature}", encode(header.as_bytes()), encode(claims))
}

fn fault_of(token: &str) -> Option<TokenFault> {
    let mut reader = TokenReader::new(&[], &Limits::default());
    reader.read(token, EventTime::from_secs(0)).err()
}

#[test]
fn a_token_is_read_as_its_logged_use_would_be() {
    let claims = br#"{"iss":"https://id.shop.example","jti":"t1","sub":"m7","aud":["shop","books"],"azp":"app",
        "iat":1775001600,"exp":1775005200,"sid":"s1"}"#;
    let token = token_of(HEADER, claims, "c2ln");
    let mut reader = TokenReader::new(&[], &Limits::default());
    // Twice, for the second time its header is known.
    for _ in 0..2 {
        let read = reader.read(&token, EventTime::from_secs(5)).unwrap();
        let row = read.row;
        assert_eq!((row.issuer, row.credential, row.token_subject), ("https://id.shop.example", "t1", "m7"));
        assert_eq!((row.audience, row.client, row.session, row.key_id), ("shop books", "app", "s1", "kid-1"));
        assert_eq!(row.issued_at, Some(EventTime::from_secs(1_775_001_600)));
        assert_eq!(row.expires_at, Some(EventTime::from_secs(1_775_005_200)));
        let signed = read.signed.unwrap();
        assert_eq!((signed.algorithm, signed.signature), ("RS256", "c2ln"));
        assert!(token.starts_with(signed.input));
    }
}

#[test]
fn claims_can_be_named() {
    let named = [(Field::Credential, "https://shop.example/ref".to_owned()), (Field::Parent, "of".to_owned())];
    let mut reader = TokenReader::new(&named, &Limits::default());
    let token = token_of(HEADER, br#"{"jti":"t1","https://shop.example/ref":"r1","of":"p1"}"#, "c2ln");
    let row = reader.read(&token, EventTime::from_secs(0)).unwrap().row;
    assert_eq!((row.credential, row.parent), ("r1", "p1"));
}

#[test]
fn what_is_no_signed_token_is_opaque() {
    for opaque in ["", "s.Jx1", "2YotnFZFEjr1zCsicMWpAA", "a.b.c", "eyJh.b", "eyJ.a.b.c.d"] {
        let mut reader = TokenReader::new(&[], &Limits::default());
        assert!(reader.read(opaque, EventTime::from_secs(0)).unwrap().signed.is_none(), "{opaque}");
    }
}

#[test]
fn hostile_tokens_are_refused_by_what_they_are() {
    let deep = format!(r#"{{"sub":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let claims = br#"{"sub":"m7"}"#;
    let cases = [
        (token_of(r#"{"alg":"none"}"#, claims, "c2ln"), TokenFault::Unsigned),
        (token_of(r#"{"alg":"NoNe"}"#, claims, "c2ln"), TokenFault::Unsigned),
        (token_of(r#"{"kid":"kid-1"}"#, claims, "c2ln"), TokenFault::Unsigned),
        (token_of(HEADER, claims, ""), TokenFault::Unsigned),
        (token_of(HEADER, br#"{"sub":"m7","sub":"m8"}"#, "c2ln"), TokenFault::Doubled),
        (token_of(r#"{"alg":"RS256","kid":"a","kid":"b"}"#, claims, "c2ln"), TokenFault::Doubled),
        (token_of(HEADER, b"{\"sub\":\"m\xff\"}", "c2ln"), TokenFault::Syntax),
        (token_of(HEADER, br#"{"sub":"m\x41"}"#, "c2ln"), TokenFault::Syntax),
        (token_of(HEADER, b"[1]", "c2ln"), TokenFault::Syntax),
        (token_of(HEADER, br#"{"sub":"m7"} {}"#, "c2ln"), TokenFault::Syntax),
        (token_of(HEADER, deep.as_bytes(), "c2ln"), TokenFault::TooDeep),
        (token_of(HEADER, br#"{"iat":"soon"}"#, "c2ln"), TokenFault::Type),
        (token_of(HEADER, br#"{"exp":true}"#, "c2ln"), TokenFault::Type),
        (token_of(HEADER, br#"{"jti":{"a":1}}"#, "c2ln"), TokenFault::Type),
        ("eyJhbGciOiJSUzI1NiJ9.!!.c2ln".to_owned(), TokenFault::Encoding),
        ("a".repeat(TOKEN_BYTES_MAX + 1), TokenFault::TooLong),
    ];
    for (token, fault) in cases {
        assert_eq!(fault_of(&token), Some(fault), "{}", token.get(..80).unwrap_or(&token));
    }
}

#[test]
fn a_refused_header_is_not_remembered() {
    let mut reader = TokenReader::new(&[], &Limits::default());
    let good = token_of(HEADER, br#"{"sub":"m7"}"#, "c2ln");
    let bad = token_of(r#"{"alg":"RS256","kid":"a","kid":"b"}"#, br#"{"sub":"m7"}"#, "c2ln");
    for _ in 0..2 {
        assert!(reader.read(&bad, EventTime::from_secs(0)).is_err());
        assert_eq!(reader.read(&good, EventTime::from_secs(0)).unwrap().row.key_id, "kid-1");
    }
}

proptest! {
    #[test]
    fn no_token_is_a_panic(header in ".{0,60}", claims in proptest::collection::vec(any::<u8>(), 0..200), raw in ".{0,200}") {
        fault_of(&token_of(&header, &claims, "c2ln"));
        fault_of(&token_of(HEADER, &claims, "c2ln"));
        fault_of(&raw);
    }
}
