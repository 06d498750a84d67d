//! OpenBao: its audit log as events and as custody, and its policies and identities as rights.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use sever_connect::SourceSettings;
use sever_model::{EventKind, Fact, Holder, Limits, Outcome, Rights, SourceId, Strength, SystemId, Zone};
use sever_testkit::OpenBao;

use crate::decoded::{Event, decoded};

const POLICY: &str = r#"path "secret/data/signing/*" { capabilities = ["read"] }
path "transit/sign/kid-2" { capabilities = ["update"] }"#;

/// Bob, a user with a policy, reads a signing key; the administrator, whom development mode calls `token`, exports another.
fn played(bao: &OpenBao) -> Result<()> {
    let ask = |method: &str, path: &str, body: Value| bao.ask(method, path, &body);
    ask("PUT", "sys/policies/acl/signing", json!({ "policy": POLICY }))?;
    ask("POST", "sys/auth/userpass", json!({ "type": "userpass" }))?;
    ask("POST", "auth/userpass/users/bob", json!({ "password": "correct horse", "token_policies": ["signing"] }))?;
    ask("POST", "secret/data/signing/kid-1", json!({ "data": { "pem": "not a key" } }))?;
    ask("POST", "sys/mounts/transit", json!({ "type": "transit" }))?;
    ask("POST", "transit/keys/kid-2", json!({ "type": "ed25519", "exportable": true }))?;

    let login = ask("POST", "auth/userpass/login/bob", json!({ "password": "correct horse" }))?;
    let token = login.pointer("/auth/client_token").and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = bao.ask_as(&token, "GET", "secret/data/signing/kid-1", &Value::Null)?;
    assert_eq!(read.pointer("/data/data/pem"), Some(&json!("not a key")));
    bao.ask_as(&token, "POST", "transit/sign/kid-2", &json!({ "input": "aGk=" }))?;
    assert!(bao.ask_as(&token, "GET", "transit/export/signing-key/kid-2", &Value::Null).is_err());
    assert!(bao.ask("POST", "auth/userpass/login/bob", &json!({ "password": "wrong" })).is_err());
    ask("GET", "transit/export/signing-key/kid-2", Value::Null)?;
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
    // Bob's entity, which every token of his has.
    assert!(!read.actor.is_empty() && read.actor == read.token_subject, "{read:?}");
    let bob = read.actor.as_str();
    assert!(!read.credential.is_empty());

    let exports = of(EventKind::Read, "transit/export/signing-key/kid-2", Outcome::Answered);
    assert_eq!(exports.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["token"]);
    // Bob may sign with the key and was refused its export: that is no read.
    let refused = events.iter().filter(|event| event.resource.contains("export") && event.actor == bob);
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

#[test]
fn the_sources_of_openbao() -> Result<()> {
    let Some(bao) = OpenBao::start()? else { return Ok(()) };
    played(&bao)?;
    let folder = tempfile::tempdir()?;
    exported(&bao, folder.path())?;
    let audit = folder.path().join("audit.log");
    std::fs::write(&audit, bao.audit_log()?)?;

    let could = records("openbao", &folder.path().join("export"))?;
    let did = records("openbao-audit", &audit)?;

    // Who could: bob's account is in the policy that reads the signing keys.
    let bob = could.iter().find_map(|fact| match fact {
        Fact::Account(account) if account.login.contains("bob") => Some(account.id.clone()),
        _ => None,
    });
    let bob = bob.ok_or_else(|| anyhow!("bob has no account: {could:#?}"))?;
    let granted = could.iter().find_map(|fact| match fact {
        Fact::Grant(grant) if grant.resource.as_str() == "bao/secret/signing/*" && grant.rights.any(Rights::READ) => {
            Some(grant.holder.clone())
        }
        _ => None,
    });
    let Some(Holder::Group(policy)) = granted else { panic!("nobody may read the signing keys: {could:#?}") };
    let member = |fact: &Fact| matches!(fact, Fact::Membership(it) if it.group == policy && it.member == Holder::Account(bob.clone()));
    assert!(could.iter().any(member), "bob is not in {policy}: {could:#?}");

    // Who did: bob read one key, and the administrator exported the other; bob was refused that.
    let custody = |credential: &str, strength: Strength| -> Vec<Holder> {
        let fits = |fact: &Fact| match fact {
            Fact::Custody(it) if it.credential.as_str() == credential && it.strength == strength => {
                Some(it.holder.clone())
            }
            _ => None,
        };
        did.iter().filter_map(fits).collect()
    };
    assert_eq!(custody("bao/secret/signing/kid-1", Strength::Read), [Holder::Account(bob.clone())], "{did:#?}");
    let exported = custody("bao/transit/kid-2", Strength::Read);
    assert!(exported.len() == 1 && exported != [Holder::Account(bob)], "{did:#?}");
    assert!(!format!("{did:?}{could:?}").contains("not a key"));
    Ok(())
}

/// The export that the source's own page tells to make, by the server's API.
fn exported(bao: &OpenBao, folder: &Path) -> Result<()> {
    let ask = |method: &str, path: &str| bao.ask(method, path, &Value::Null);
    let export = folder.join("export");
    std::fs::create_dir_all(export.join("policies"))?;
    for name in keys(&ask("LIST", "sys/policies/acl")?) {
        let policy = ask("GET", &format!("sys/policies/acl/{name}"))?;
        let text = policy.pointer("/data/policy").and_then(Value::as_str).unwrap_or_default();
        std::fs::write(export.join("policies").join(format!("{name}.hcl")), text)?;
    }
    let mut entities = String::new();
    for id in keys(&ask("LIST", "identity/entity/id")?) {
        entities.push_str(&format!("{:#}\n", ask("GET", &format!("identity/entity/id/{id}"))?));
    }
    std::fs::write(export.join("entities.json"), entities)?;
    std::fs::write(export.join("groups.json"), "[]")?;
    let bob = ask("GET", "auth/userpass/users/bob")?;
    let auth = json!({ "auth/userpass/users/bob": bob.get("data") });
    std::fs::write(export.join("auth.json"), auth.to_string())?;
    Ok(())
}

fn keys(listed: &Value) -> Vec<String> {
    let keys = listed.pointer("/data/keys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// Everything that a source says of a path, which must be read without a reject.
fn records(kind: &str, path: &Path) -> Result<Vec<Fact>> {
    let provider = sever_connect::provider(kind).map_err(|_| anyhow!("no provider {kind}"))?;
    let source = (provider.open)(SourceSettings {
        id: SourceId::from(kind),
        system: SystemId::from("bao"),
        paths: vec![path.to_owned()],
        zone: Zone::UTC,
        complete: true,
        map: BTreeMap::new(),
        limits: Limits::default(),
    })?;
    let mut facts = Vec::new();
    for listing in source.listings()? {
        let pull = source.pull(&listing, &mut |record| facts.push(record.fact))?;
        assert!(pull.rejects.is_empty(), "{:?}", pull.rejects);
    }
    Ok(facts)
}
