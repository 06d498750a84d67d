//! What a request to a Kubernetes API server does: its kind, and the words of [`crate::action`].
//!
//! Told from verb, resource and subresource, which the API server's own audit records and those of
//! Google's GKE share.

use sever_model::EventKind;

/// What a request does.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Request {
    pub kind: EventKind,
    pub words: &'static [&'static str],
}

/// Resources that hold no state: creating one asks a question.
const QUESTIONS: &[&str] = &[
    "tokenreviews",
    "subjectaccessreviews",
    "localsubjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
    "imagereviews",
    "projectrequests",
];

/// Subresources that are a connection into something, whatever the verb that opens it.
const CONNECTIONS: &[&str] = &["exec", "attach", "portforward", "proxy", "log"];

/// Resources that say who may do what.
const RIGHTS: &[&str] = &["roles", "clusterroles", "rolebindings", "clusterrolebindings", "securitycontextconstraints"];

impl Request {
    /// What a request does, by its parts as the API server names them; empty where a record lacks them.
    pub fn of(verb: &str, resource: &str, subresource: &str) -> Request {
        let reads = matches!(verb, "get" | "list" | "watch" | "head" | "options" | "");
        let kind = match (resource, subresource) {
            _ if CONNECTIONS.contains(&subresource) || QUESTIONS.contains(&resource) => EventKind::Used,
            // The token that is minted is an event of its own.
            ("serviceaccounts", "token") => EventKind::Used,
            ("secrets", _) if reads => EventKind::Read,
            // A path that is no resource: only its owner knows what a request to it does.
            ("", _) => EventKind::Used,
            _ if reads => EventKind::Used,
            _ => EventKind::Changed,
        };
        Request { kind, words: words(verb, resource, subresource) }
    }

    /// Whether the answer goes on for as long as both sides like, so that it is logged when it begins.
    pub fn is_long(verb: &str, subresource: &str) -> bool {
        verb == "watch" || CONNECTIONS.contains(&subresource)
    }
}

fn words(verb: &str, resource: &str, subresource: &str) -> &'static [&'static str] {
    let deletes = matches!(verb, "delete" | "deletecollection");
    let creates = verb == "create";
    let writes = creates || matches!(verb, "update" | "patch");
    match (resource, subresource) {
        // Taking a right away destroys nothing.
        ("rolebindings" | "clusterrolebindings", _) if deletes => &[],
        ("events" | "auditsinks", "") if deletes => &["delete", "audit"],
        ("auditsinks", _) if writes => &["audit"],
        (_, "eviction") if creates => &["delete"],
        (_, "") if deletes => &["delete"],
        ("serviceaccounts", "token") if creates => &["create-key"],
        ("serviceaccounts" | "users", "") if creates => &["create-account"],
        ("certificatesigningrequests", "") if creates => &["create-key"],
        // Whoever approves a request for a certificate gives what the certificate may do.
        ("certificatesigningrequests", "approval" | "status") if writes => &["grant"],
        ("oauthaccesstokens" | "oauthauthorizetokens", "") if creates => &["create-key"],
        (_, "") if writes && RIGHTS.contains(&resource) => &["grant"],
        _ => &[],
    }
}
