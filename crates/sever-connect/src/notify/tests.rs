//! Nobody is led to an address that is not theirs, and tokens say no more than is so.

use serde_json::json;

use super::*;

#[test]
fn private_addresses_are_refused_in_every_guise() {
    let private = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ];
    for address in private {
        assert!(is_private(address.parse().expect("an address")), "{address}");
    }
    for address in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111"] {
        assert!(!is_private(address.parse().expect("an address")), "{address}");
    }
}

#[test]
fn a_private_receiver_is_told_only_where_that_was_allowed() {
    for url in ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/x", "http://0x7f000001:9/"] {
        let receiver = Receiver::Webhook { url: url.to_owned(), token: None, private: false };
        let refused = receiver.tell("1", "{}").expect_err("it must not be told");
        assert!(refused.what.contains("private") || refused.what.contains("resolve"), "{url}: {}", refused.what);
    }
    let syslog = Receiver::Syslog { place: "127.0.0.1:9".to_owned(), private: false };
    assert!(syslog.tell("1", "{}").expect_err("it must not be told").what.contains("private"));
}

fn message(detector: &str, kind: &str, severity: &str, stage: &str) -> Value {
    json!({
        "id": "f1-2", "revision": 2, "sentence": "something was seen", "last_secs": 1_750_000_000,
        "finding": {
            "id": "f1", "detector": detector, "severity": severity, "confidence": "certain", "stage": stage,
            "things": [{ "kind": kind, "id": "it" }], "known_at": "2026-01-01T00:00:00Z",
        },
    })
}

#[test]
fn each_finding_is_the_event_that_it_is() {
    let of = |detector, kind, severity, stage| {
        let events = events_of(&message(detector, kind, severity, stage));
        let events = events.as_object().expect("they are by type").clone();
        events.iter().map(|(uri, _)| uri.rsplit('/').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("token-never-issued", "credential", "critical", "confirmed"), ["credential-compromise"]);
    assert_eq!(of("use-after-departure", "account", "high", "confirmed"), ["risk-level-change"]);
    assert_eq!(of("access-without-login", "session", "high", "confirmed"), ["risk-level-change"]);
    assert_eq!(of("key-too-old", "credential", "low", "confirmed"), ["finding"]);
    assert_eq!(of("evidence-tampered", "source", "high", "confirmed"), ["finding"]);
    assert_eq!(of("token-never-issued", "credential", "critical", "retracted"), ["finding-retracted"]);
    assert_eq!(of("use-after-departure", "account", "high", "retracted"), ["risk-level-change", "finding-retracted"]);
    let back = events_of(&message("use-after-departure", "account", "high", "retracted"));
    let level = back.as_object().and_then(|events| events.values().next()?.get("current_level")?.as_str());
    assert_eq!(level, Some("LOW"));
}

#[test]
fn a_syslog_message_has_a_header_of_its_severity() {
    let message = super::syslog::message(&message("use-after-departure", "account", "high", "confirmed").to_string());
    assert!(message.starts_with("<107>1 2026-01-01T00:00:00Z - severance - f1-2 - {"), "{message}");
}
