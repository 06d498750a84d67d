//! One secret has one id, and capabilities come to the rights that they are.

use super::*;

fn shown(path: &str, capabilities: &str) -> String {
    let words: Vec<String> = capabilities.split(' ').map(str::to_owned).collect();
    let readings = rights_on(path, &words).into_iter().map(|(path, rights)| format!("{path}: {rights}"));
    readings.collect::<Vec<_>>().join("; ")
}

#[test]
fn capabilities_on_paths() {
    let cases = [
        ("secret/data/signing/kid-1", "read list", "secret/signing/kid-1: read"),
        ("secret/data/*", "create read update", "secret/*: read write"),
        ("secret/metadata/signing/*", "read list delete", "secret/signing/*: delete"),
        ("secret/+/signing", "read", "secret/signing: read; secret/+/signing: read"),
        ("secret/*", "read", "secret/*: read"),
        ("secret/*", "deny read", ""),
        ("secret/destroy/signing/x", "update", "secret/signing/x: delete"),
        ("kv1/app/password", "read", "kv1/app/password: read"),
        ("transit/sign/orders", "update", "transit/orders: use"),
        ("transit/sign/orders", "read", ""),
        ("transit/sign/orders/sha2-256", "update", "transit/orders: use"),
        ("transit/+/orders", "update read", "transit/orders: read write use"),
        ("transit/export/signing-key/orders", "read", "transit/orders: read export"),
        ("transit/export/*", "read", "transit/*: read export"),
        ("transit/keys/orders", "read", ""),
        ("transit/keys/orders", "create update delete", "transit/orders: write delete"),
        ("transit/*", "create update read", "transit/*: read write use"),
        ("*", "create read update delete sudo", "*: read write delete use admin"),
        ("sys/policies/acl/*", "update", "sys/policies/acl/*: write grant"),
        ("sys/audit/*", "update sudo", "sys/audit/*: write audit"),
        ("auth/userpass/users/*", "create", "auth/userpass/users/*: write create-accounts"),
        ("ssh/sign/admin", "update", "ssh/admin: use"),
        ("sys/health", "list", ""),
        ("", "read", ""),
    ];
    for (path, capabilities, expect) in cases {
        assert_eq!(shown(path, capabilities), expect, "{path} {capabilities}");
    }
}

#[test]
fn secrets_have_one_id() {
    let cases = [
        ("secret/data/signing/kid-1", "secret/signing/kid-1"),
        ("secret/signing/kid-1", "secret/signing/kid-1"),
        ("transit/export/signing-key/orders/1", "transit/orders"),
        ("transit/backup/orders", "transit/orders"),
        ("transit/sign/orders", "transit/orders"),
        ("transit/keys/orders/import", "transit/orders"),
    ];
    for (path, expect) in cases {
        assert_eq!(resource(path), expect, "{path}");
    }
}
