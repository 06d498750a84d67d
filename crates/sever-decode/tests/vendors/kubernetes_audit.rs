//! Kubernetes audit records, as Amazon EKS writes them, and Azure's AKS within an envelope.

use serde_json::Value;

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Amazon.EKS.Audit", "GCP.AuditLog"],
    format: "kubernetes-audit",
    is: |log| is_event(log) || (at(log, "category").as_deref() == Some("kube-audit") && enveloped(log)),
    says: &[
        (&["requestReceivedTimestamp", "stageTimestamp"], "time"),
        (&["verb"], "action"),
        (&["objectRef.resource"], "action"),
        (&["objectRef.subresource"], "action"),
        (&["objectRef.name"], "resource"),
        (&["objectRef.namespace"], "resource"),
        (&["user.username"], "actor"),
        (&["impersonatedUser.username"], "account"),
        (&["requestObject.subjects.0.name"], "account"),
        (&["requestObject.roleRef.name"], "action"),
        (&["sourceIPs.0"], "source_ip"),
        (&["userAgent"], "user_agent"),
        (&["user.extra.accessKeyId.0"], "credential"),
        (&["user.extra.arn.0"], "token_subject"),
        (&["user.extra.sessionName.0"], "session"),
        (&["user.extra.authentication_kubernetes_io_slash_pod-name.0"], "client"),
    ],
};

fn is_event(log: &Value) -> bool {
    let version = at(log, "apiVersion");
    let own = ["verb", "requestURI", "stage", "auditID"].iter().any(|path| at(log, path).is_some());
    at(log, "kind").as_deref() == Some("Event") && version.map_or(own, |version| version.starts_with("audit.k8s.io"))
}

fn enveloped(log: &Value) -> bool {
    let text = at(log, "properties.log").unwrap_or_default();
    serde_json::from_str(&text).is_ok_and(|log| is_event(&log))
}
