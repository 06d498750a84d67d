//! Rules as roles have them.

use serde_json::{Value, json};

use super::rights_of;

fn check(rule: Value, namespace: Option<&str>, expect: &str) {
    let found: Vec<String> = rights_of(&rule, namespace).iter().map(|(at, rights)| format!("{at}: {rights}")).collect();
    assert_eq!(found.join(" | "), expect, "{rule}");
}

#[test]
fn rules_become_rights() {
    let secrets = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]});
    check(secrets.clone(), Some("shop"), "shop/secrets/*: read");
    check(secrets, None, "+/secrets/*: read");
    let named = json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tls"], "verbs": ["get"]});
    check(named, Some("shop"), "shop/secrets/tls: read");
    check(
        json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
        None,
        "*: admin | *: admin | +/secrets/*: read",
    );
    check(json!({"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}), None, "nodes/*: read");
    check(
        json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]}),
        Some("shop"),
        "shop/apps/deployments/*: write | shop/secrets/*: read",
    );
    check(json!({"nonResourceURLs": ["/healthz"], "verbs": ["get"]}), None, "");
    check(json!("nonsense"), None, "");
}

#[test]
fn verbs_that_escalate_are_told_apart() {
    let rbac = |verbs: &[&str]| json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": verbs});
    check(rbac(&["escalate"]), None, "clusterroles/*: grant");
    check(rbac(&["bind"]), None, "clusterroles/*: grant");
    check(
        json!({"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"]}),
        None,
        "groups/*: use | *: admin",
    );
    check(
        json!({"apiGroups": [""], "resources": ["users"], "resourceNames": ["ann"], "verbs": ["impersonate"]}),
        None,
        "users/ann: use",
    );
    check(
        json!({"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}),
        Some("ci"),
        "ci/serviceaccounts/token/*: create-accounts | ci/serviceaccounts/*: use create-accounts",
    );
    check(
        json!({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}),
        Some("shop"),
        "shop/pods/exec/*: use",
    );
}
