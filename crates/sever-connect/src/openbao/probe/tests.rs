//! Trying doors at servers that answer anything.

use super::*;
use crate::openbao::canned::{Answers, cx, serve};

/// One door of each kind that is tried.
fn doors() -> Vec<Door> {
    let door = |kind, native: &str, attributes: &[(&str, &str)]| {
        let mut door = Door::new(&"bao".into(), kind, native);
        let entity = [("entity", "00000000-0000-0000-0000-000000000001")];
        let all = entity.iter().chain(attributes);
        door.attributes = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        door
    };
    let user = [("type", "userpass"), ("mount", "auth/userpass"), ("name", "bob")];
    let secret_id = [("mount", "auth/approle"), ("role", "deploy"), ("role_id", "r"), ("secret_accessor", "a")];
    vec![
        door(DoorKind::Login, "auth/userpass/bob", &user),
        door(DoorKind::Login, "auth/oidc/bob", &[("type", "oidc"), ("mount", "auth/oidc"), ("name", "bob")]),
        door(DoorKind::Session, "abc", &[("accessor", "abc")]),
        door(DoorKind::ApiKey, "auth/approle/deploy/secret-id/a", &secret_id),
        door(DoorKind::ApiKey, "lease/pki/issue/bob", &[("prefix", "pki/issue/bob")]),
        door(DoorKind::AccessToken, "auth/userpass/bob/batch", &[("batch", "true")]),
        door(DoorKind::Membership, "e/policy/work", &[("policy", "work")]),
        door(DoorKind::Membership, "e/group/g", &[("group", "g")]),
        door(DoorKind::Membership, "e/group/..", &[("group", "../../sys")]),
    ]
}

#[test]
fn no_answer_that_means_nothing_closes_a_door() {
    let worlds: &[Answers] = &[
        &[("", "200 OK", "<html><body>Sign in</body></html>")],
        &[("", "200 OK", "")],
        &[("", "200 OK", "{\"data\":[],\"auth\":7,\"errors\":{}}")],
        &[("", "200 OK", "{\"data\":{},\"auth\":{}}")],
        &[("", "200 OK", "{\"data\":null,\"auth\":{\"mfa_requirement\":{}}}")],
        &[("", "204 No Content", "")],
        &[("", "302 Found", "")],
        &[("", "400 Bad Request", "{\"errors\":[\"invalid username or password\",\"invalid accessor\"]}")],
        &[("", "400 Bad Request", "{\"errors\":\"invalid accessor\"}")],
        &[("", "403 Forbidden", "{\"errors\":[\"permission denied\"]}")],
        &[("", "403 Forbidden", "{\"errors\":[\"invalid accessor\"]}")],
        &[("", "404 Not Found", "{\"errors\":[]}")],
        &[("", "404 Not Found", "{\"data\":{\"error\":\"failed to find accessor entry for x\"}}")],
        &[("", "429 Too Many Requests", "")],
        &[("", "500 Internal Server Error", "{\"errors\":[\"failed to find accessor entry\"]}")],
        &[("", "503 Service Unavailable", "{\"errors\":[\"Vault is sealed\"]}")],
        // Anybody signs in, and then nothing else is there.
        &[("POST /v1/auth/userpass/login", "200 OK", "{\"auth\":{\"client_token\":\"s.x\",\"accessor\":\"y\"}}")],
    ];
    for answers in worlds {
        let connection = serve(answers).expect("a server");
        let probe = open(&connection).expect("a probe");
        for door in doors() {
            for (secret, replaced) in [(None, false), (Some("s.x"), false), (None, true)] {
                let secret = secret.map(|secret| Secret::new(secret.to_owned()));
                let trial = Trial { nonce: "nonce", secret: secret.as_ref(), replaced };
                let tried = probe.try_door(&door, &trial, &cx());
                assert_ne!(tried.state, DoorState::Closed, "{}: {answers:?}: {tried:?}", door.id);
                let shown = format!("{tried:?}");
                assert!(!shown.contains("s.x") && !shown.contains("of-a-test-of-a-test"), "a secret is shown: {shown}");
            }
        }
    }
}

#[test]
fn a_secret_that_ends_with_its_uses_is_not_presented() {
    // Presented, it would be taken.
    let answers: Answers = &[
        ("POST /v1/auth/token/lookup-accessor", "400 Bad Request", "{\"errors\":[\"invalid accessor\"]}"),
        ("GET /v1/auth/token/lookup-self", "200 OK", "{\"data\":{\"policies\":[\"default\"],\"accessor\":\"abc\"}}"),
    ];
    let probe = open(&serve(answers).expect("a server")).expect("a probe");
    let mut doors = doors();
    let door = doors.iter_mut().find(|it| it.kind == DoorKind::Session).expect("a session");
    let secret = Secret::new("s.x".to_owned());
    let trial = Trial { nonce: "nonce", secret: Some(&secret), replaced: false };
    assert!(matches!(probe.try_door(door, &trial, &cx()).state, DoorState::Open { .. }));
    door.attributes.insert("uses".to_owned(), "3".to_owned());
    assert!(matches!(probe.try_door(door, &trial, &cx()).state, DoorState::Unknown(_)));
}
