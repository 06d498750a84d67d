//! What a rule of a Kubernetes role comes to: resources of ours, and rights on them.
//!
//! `SYSTEM/NAMESPACE/secrets/NAME` is a thing in a namespace, `SYSTEM/nodes/NAME` one of the cluster; a
//! group of the interface other than the core stands before the kind: `shop/apps/deployments/web`. `*`
//! ends a pattern and `+` stands for any namespace.
//!
//! Source: Kubernetes, Using RBAC Authorization; RBAC Good Practices (what escalates).

use serde_json::Value;
use sever_model::Rights;

use crate::members::texts;

/// A pattern of resources and what may be done with them.
pub(crate) type Right = (String, Rights);

/// Kinds that lie in no namespace.
const OF_THE_CLUSTER: [&str; 18] = [
    "apiservices",
    "certificatesigningrequests",
    "clusterrolebindings",
    "clusterroles",
    "customresourcedefinitions",
    "groups",
    "ingressclasses",
    "mutatingwebhookconfigurations",
    "namespaces",
    "nodes",
    "persistentvolumes",
    "priorityclasses",
    "runtimeclasses",
    "storageclasses",
    "users",
    "userextras",
    "validatingadmissionpolicies",
    "validatingwebhookconfigurations",
];

/// Kinds that run containers: whoever makes one mounts any secret of its namespace into it.
const WORKLOADS: [&str; 8] =
    ["cronjobs", "daemonsets", "deployments", "jobs", "pods", "replicasets", "replicationcontrollers", "statefulsets"];

/// What a rule allows: in one namespace, or in all where there is none.
pub(crate) fn rights_of(rule: &Value, namespace: Option<&str>) -> Vec<Right> {
    let verbs = texts(rule, "/verbs");
    let names = texts(rule, "/resourceNames");
    let groups = texts(rule, "/apiGroups");
    let mut found = Vec::new();
    for kind in texts(rule, "/resources") {
        for group in &groups {
            one(kind, group, &names, &verbs, namespace, &mut found);
        }
    }
    found.retain(|(_, rights)| !rights.is_empty());
    found
}

fn one(kind: &str, group: &str, names: &[&str], verbs: &[&str], namespace: Option<&str>, found: &mut Vec<Right>) {
    let can = |wanted: &[&str]| verbs.iter().any(|verb| *verb == "*" || wanted.contains(verb));
    let rights = rights(kind, verbs);
    for place in places(kind, group, names, namespace) {
        found.push((place, rights));
    }
    let any_kind = matches!(kind, "*" | "*/*");
    let core = matches!(group, "" | "*");
    let within = namespace.unwrap_or("+");
    // `impersonate` on groups without names reaches `system:masters`, to which no rule applies.
    let masters = names.is_empty() || names.contains(&"system:masters");
    if (kind == "groups" || any_kind) && core && can(&["impersonate"]) && masters && namespace.is_none() {
        found.push(("*".to_owned(), Rights::ADMIN));
    }
    if (WORKLOADS.contains(&kind) || any_kind) && can(&["create", "patch", "update"]) && names.is_empty() {
        found.push((format!("{within}/secrets/*"), Rights::READ));
    }
    if matches!(kind, "serviceaccounts/token") && can(&["create"]) {
        for place in places("serviceaccounts", group, names, namespace) {
            found.push((place, Rights::USE.with(Rights::CREATE_ACCOUNTS)));
        }
    }
}

/// What verbs on a kind come to.
fn rights(kind: &str, verbs: &[&str]) -> Rights {
    let base = kind.split('/').next().unwrap_or(kind);
    let mut rights = Rights::NONE;
    for verb in verbs {
        rights = rights.with(match *verb {
            "get" | "list" | "watch" => Rights::READ,
            "create" if matches!(kind, "pods/exec" | "pods/attach" | "pods/portforward" | "nodes/proxy") => Rights::USE,
            "create" if base == "serviceaccounts" || base == "certificatesigningrequests" => Rights::CREATE_ACCOUNTS,
            "create" | "update" | "patch" if base.ends_with("rolebindings") => Rights::WRITE.with(Rights::GRANT),
            "update" | "patch" | "approve" if base == "certificatesigningrequests" || base == "signers" => {
                Rights::CREATE_ACCOUNTS.with(Rights::GRANT)
            }
            "create" | "update" | "patch" => Rights::WRITE,
            "delete" | "deletecollection" => Rights::DELETE,
            "escalate" | "bind" => Rights::GRANT,
            "impersonate" | "use" | "sign" => Rights::USE,
            "*" if kind == "*" || kind == "*/*" => Rights::ADMIN,
            "*" => every(base),
            _ => Rights::NONE,
        });
    }
    rights
}

/// What all verbs together come to.
fn every(base: &str) -> Rights {
    let data = Rights::READ.with(Rights::WRITE).with(Rights::DELETE);
    match base {
        "serviceaccounts" | "certificatesigningrequests" => {
            data.with(Rights::CREATE_ACCOUNTS).with(Rights::USE).with(Rights::GRANT)
        }
        "roles" | "clusterroles" | "rolebindings" | "clusterrolebindings" => data.with(Rights::GRANT),
        "users" | "groups" | "pods" | "nodes" => data.with(Rights::USE),
        _ => data,
    }
}

/// The patterns that a kind with names comes to.
fn places(kind: &str, group: &str, names: &[&str], namespace: Option<&str>) -> Vec<String> {
    let group = match group {
        "" | "*" => String::new(),
        group => format!("{group}/"),
    };
    let (base, sub) = kind.split_once('/').unwrap_or((kind, ""));
    // Roles and their like lie in a group of the interface that nobody thinks of.
    let group = if group == "rbac.authorization.k8s.io/" { String::new() } else { group };
    let scope = match namespace {
        _ if OF_THE_CLUSTER.contains(&base) => String::new(),
        Some(namespace) => format!("{namespace}/"),
        None if base == "*" && group.is_empty() => return vec!["*".to_owned()],
        None => "+/".to_owned(),
    };
    if base == "*" {
        return vec![format!("{scope}{group}*")];
    }
    let sub = if sub.is_empty() || sub == "*" { String::new() } else { format!("/{sub}") };
    if names.is_empty() {
        return vec![format!("{scope}{group}{base}{sub}/*")];
    }
    names.iter().map(|name| format!("{scope}{group}{base}{sub}/{name}")).collect()
}

#[cfg(test)]
mod tests;
