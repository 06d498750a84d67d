//! Paths and answers of wrong shapes.

use serde_json::json;

use super::*;

#[test]
fn a_part_of_a_path_leads_nowhere_else() {
    assert_eq!(
        path(&["auth/userpass", "users", "bob@shop.example"]).as_deref(),
        Some("auth/userpass/users/bob%40shop.example")
    );
    assert_eq!(path(&["a?b#c %"]).as_deref(), Some("a%3Fb%23c%20%25"));
    for part in ["", ".", "..", "../sys", "a//b", "/"] {
        assert_eq!(path(&["auth", part]), None, "{part}");
    }
}

#[test]
fn answers_of_wrong_shapes_say_nothing() {
    let value = json!({"policies": "root", "errors": [1, null], "expire_time": 7});
    assert!(texts(&value, "policies").is_empty() && texts(&value, "errors").is_empty());
    assert_eq!((text(&value, "none"), time(&value, "expire_time")), ("", None));
    assert_eq!(time(&json!({"at": "0001-01-01T00:00:00Z"}), "at"), None);
    assert!(time(&json!({"at": "2026-12-27T21:49:12.643871372Z"}), "at").is_some());
}
