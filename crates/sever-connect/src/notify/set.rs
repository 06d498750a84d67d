//! A finding as the claims of a security event token.
//!
//! Source: RFC 8417 (the token), RFC 9493 (`sub_id`), OpenID CAEP 1.0 and RISC 1.0 (event types). Only what
//! is so is said: Severance has seen something, and changed nothing. So:
//!
//! | accused | event |
//! |---|---|
//! | a key or credential that forged, unissued or unknown tokens show to be out of its owner's hands | RISC `credential-compromise` |
//! | an account, person or session | CAEP `risk-level-change`, to `HIGH`, `MEDIUM` or `LOW` by severity |
//! | anything else | our own `finding` |
//! | any of them, taken back | CAEP `risk-level-change` to `LOW` for the second row; our own `finding-retracted` besides |
//!
//! CAEP `session-revoked` and `credential-change` say that somebody did something; a watch does not.

use serde_json::{Map, Value, json};

const CAEP_RISK: &str = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change";
const RISC_COMPROMISE: &str = "https://schemas.openid.net/secevent/risc/event-type/credential-compromise";
const FINDING: &str = "https://severance.dev/secevent/event-type/finding";
const RETRACTED: &str = "https://severance.dev/secevent/event-type/finding-retracted";

/// Detectors whose finding of a credential is that others than its owner use it.
const COMPROMISE: &[&str] = &["token-never-issued", "unknown-subject", "key-known-to-leaver", "key-out-of-life"];

/// Whose tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSettings {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// The claims of a token about a message of a finding. `issued_secs` is its `iat`; the `jti` is the
/// message's id, and so the same for every attempt.
pub fn set_of(settings: &SetSettings, message: &Value, issued_secs: i64) -> Value {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    json!({
        "iss": settings.issuer,
        "aud": settings.audience,
        "iat": issued_secs,
        "jti": text("/id"),
        "txn": text("/finding/id"),
        "sub_id": subject(message),
        "events": events_of(message),
    })
}

/// Who or what it is about (RFC 9493 §3.2).
fn subject(message: &Value) -> Value {
    let thing = |field: &str| message.pointer(&format!("/finding/things/0/{field}")).and_then(Value::as_str);
    json!({ "format": "opaque", "id": thing("id").unwrap_or_default() })
}

/// The events, by type.
pub fn events_of(message: &Value) -> Value {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (detector, kind) = (text("/finding/detector"), text("/finding/things/0/kind"));
    let retracted = text("/finding/stage") == "retracted";
    let at = message.get("last_secs").and_then(Value::as_i64).unwrap_or(0);
    let reason = json!({ "en": text("/sentence") });
    let base = || json!({ "event_timestamp": at, "reason_admin": reason });
    let mut events = Map::new();
    let ours = json!({
        "event_timestamp": at, "reason_admin": reason, "finding": text("/finding/id"), "detector": detector,
        "severity": text("/finding/severity"), "confidence": text("/finding/confidence"), "thing": kind,
    });
    if kind == "credential" && COMPROMISE.contains(&detector) && !retracted {
        let mut event = base();
        // RISC asks for the kind of credential, and has no word for a signing key.
        add(&mut event, "credential_type", "key".into());
        events.insert(RISC_COMPROMISE.to_owned(), event);
    } else if let Some(principal) = principal(kind) {
        let level = match text("/finding/severity") {
            _ if retracted => "LOW",
            "critical" | "high" => "HIGH",
            "medium" => "MEDIUM",
            _ => "LOW",
        };
        let mut event = base();
        add(&mut event, "principal", principal.into());
        add(&mut event, "current_level", level.into());
        add(&mut event, "risk_reason", detector.into());
        events.insert(CAEP_RISK.to_owned(), event);
    } else if !retracted {
        events.insert(FINDING.to_owned(), ours.clone());
    }
    if retracted {
        events.insert(RETRACTED.to_owned(), ours);
    }
    Value::Object(events)
}

/// CAEP's word for what a finding accuses.
fn principal(kind: &str) -> Option<&'static str> {
    match kind {
        "person" | "account" => Some("USER"),
        "session" => Some("SESSION"),
        "group" => Some("GROUP"),
        _ => None,
    }
}

fn add(event: &mut Value, name: &str, value: Value) {
    if let Some(object) = event.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
