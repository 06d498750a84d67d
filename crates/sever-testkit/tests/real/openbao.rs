//! OpenBao's audit log.

use anyhow::Result;
use serde_json::json;
use sever_model::{EventKind, Outcome};
use sever_testkit::OpenBao;

use crate::decoded::{Event, decoded};

const POLICY: &str = r#"path "secret/data/signing/*" { capabilities = ["read"] }
path "transit/sign/kid-2" { capabilities = ["update"] }"#;

/// Bob, a user with a policy, reads a signing key; the administrator, whom development mode calls `token`, exports another.
fn played(bao: &OpenBao) -> Result<()> {
    let ask = |method: &str, path: &str, body: serde_json::Value| bao.ask(method, path, &body);
    ask("PUT", "sys/policies/acl/signing", json!({ "policy": POLICY }))?;
    ask("POST", "sys/auth/userpass", json!({ "type": "userpass" }))?;
    ask("POST", "auth/userpass/users/bob", json!({ "password": "correct horse", "token_policies": ["signing"] }))?;
    ask("POST", "secret/data/signing/kid-1", json!({ "data": { "pem": "not a key" } }))?;
    ask("POST", "sys/mounts/transit", json!({ "type": "transit" }))?;
    ask("POST", "transit/keys/kid-2", json!({ "type": "ed25519", "exportable": true }))?;

    let login = ask("POST", "auth/userpass/login/bob", json!({ "password": "correct horse" }))?;
    let token = login.pointer("/auth/client_token").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let read = bao.ask_as(&token, "GET", "secret/data/signing/kid-1", &serde_json::Value::Null)?;
    assert_eq!(read.pointer("/data/data/pem"), Some(&json!("not a key")));
    bao.ask_as(&token, "POST", "transit/sign/kid-2", &json!({ "input": "aGk=" }))?;
    assert!(bao.ask_as(&token, "GET", "transit/export/signing-key/kid-2", &serde_json::Value::Null).is_err());
    assert!(bao.ask("POST", "auth/userpass/login/bob", &json!({ "password": "wrong" })).is_err());
    ask("GET", "transit/export/signing-key/kid-2", serde_json::Value::Null)?;
    Ok(())
}

#[test]
fn the_audit_log_of_openbao() -> Result<()> {
    let Some(bao) = OpenBao::start()? else { return Ok(()) };
    played(&bao)?;
    let log = bao.audit_log()?;
    let (events, _) = decoded(&log, "openbao-audit");
    let of = |kind: EventKind, resource: &str, outcome: Outcome| -> Vec<&Event> {
        let fits = |event: &&Event| event.kind == kind && event.resource == resource && event.outcome == outcome;
        events.iter().filter(fits).collect()
    };

    let reads = of(EventKind::Read, "secret/data/signing/kid-1", Outcome::Answered);
    let [read] = reads.as_slice() else { panic!("{events:#?}") };
    assert_eq!(read.actor, "userpass-bob");
    assert!(!read.credential.is_empty());

    let exports = of(EventKind::Read, "transit/export/signing-key/kid-2", Outcome::Answered);
    assert_eq!(exports.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["token"]);
    // Bob may sign with the key and was refused its export: that is no read.
    let refused = events.iter().filter(|event| event.resource.contains("export") && event.actor == "userpass-bob");
    assert!(
        refused.clone().count() > 0 && refused.clone().all(|event| event.outcome == Outcome::Refused),
        "{events:#?}"
    );
    let signed = events.iter().filter(|event| event.resource == "transit/sign/kid-2");
    assert!(signed.clone().count() > 0 && signed.clone().all(|event| event.kind != EventKind::Read), "{events:#?}");

    // The token that bob's sign-in gave him is the one that read.
    let issued = events.iter().filter(|event| event.kind == EventKind::Issued && event.credential == read.credential);
    assert_eq!(issued.count(), 1);
    let wrong = events.iter().any(|event| event.kind == EventKind::Authenticated && event.outcome == Outcome::Refused);
    assert!(wrong, "the wrong password is not in the log");
    // Nothing that was secret is in what we made of it.
    assert!(!format!("{events:?}").contains("not a key") && !format!("{events:?}").contains("correct horse"));
    Ok(())
}
