//! A signature holds under its own key and algorithm, and under nothing else.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sever_decode::Signed;

use super::Signatures;

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn edwards() -> (Ed25519KeyPair, Value) {
    let key =
        Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref()).unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(key.public_key().as_ref()) });
    (key, jwk)
}

fn elliptic() -> (EcdsaKeyPair, Value) {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256", "use": "sig", "x": encode(x), "y": encode(y) });
    (key, jwk)
}

#[test]
fn a_signature_is_of_its_key_its_algorithm_and_its_token() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let ((edwards, ed), (elliptic, ec)) = (edwards(), elliptic());
    std::fs::write(&path, json!({ "keys": [ed, ec, { "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }] }).to_string())
        .unwrap();
    let keys = Signatures::open(&path).unwrap();
    let by_edwards = encode(edwards.sign(b"header.claims").as_ref());
    let by_elliptic = encode(elliptic.sign(&SystemRandom::new(), b"header.claims").unwrap().as_ref());
    let hold = |key: &str, algorithm: &str, input: &str, signature: &str| {
        keys.hold(key, &Signed { algorithm, input, signature })
    };
    assert!(hold("ed", "EdDSA", "header.claims", &by_edwards));
    assert!(hold("ec", "ES256", "header.claims", &by_elliptic));
    for (key, algorithm, input, signature) in [
        ("ed", "EdDSA", "header.others", &by_edwards),
        ("ec", "EdDSA", "header.claims", &by_edwards),
        ("ed", "ES256", "header.claims", &by_elliptic),
        ("ec", "RS256", "header.claims", &by_elliptic),
        ("ec", "HS256", "header.claims", &by_elliptic),
        ("shared", "HS256", "header.claims", &by_elliptic),
        ("unknown", "EdDSA", "header.claims", &by_edwards),
        ("", "EdDSA", "header.claims", &by_edwards),
    ] {
        assert!(!hold(key, algorithm, input, signature), "{key} {algorithm} {input}");
    }
    assert!(!hold("ed", "EdDSA", "header.claims", "not base64!"));
}

#[test]
fn keys_are_read_again_when_they_change_and_stay_when_they_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let (key, jwk) = edwards();
    std::fs::write(&path, json!({ "keys": [jwk] }).to_string()).unwrap();
    let keys = Signatures::open(&path).unwrap();
    assert_eq!(keys.refresh(), Ok(None));
    let touch = |text: &str, secs: u64| {
        std::fs::write(&path, text).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs)).unwrap();
    };
    touch("{\"keys\":[]}", 1);
    assert!(keys.refresh().is_err());
    let signature = encode(key.sign(b"a.b").as_ref());
    assert!(keys.hold("ed", &Signed { algorithm: "EdDSA", input: "a.b", signature: &signature }));
    touch(&json!({ "keys": [edwards().1, elliptic().1] }).to_string(), 2);
    assert_eq!(keys.refresh(), Ok(Some(2)));
    assert!(!keys.hold("ed", &Signed { algorithm: "EdDSA", input: "a.b", signature: &signature }));
}

#[test]
fn a_set_without_a_key_that_can_be_used_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    for text in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}"] {
        std::fs::write(&path, text).unwrap();
        assert!(Signatures::open(&path).is_err(), "{text}");
    }
}
