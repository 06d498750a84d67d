//! GitHub audit log entries.

use serde_json::Value;

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["GitHub.Audit", "GSuite.ActivityEvent", "GCP.AuditLog", "Slack.AuditLogs"],
    format: "github-audit",
    is,
    says: &[
        (&["@timestamp", "at_sign_timestamp", "created_at"], "time"),
        (&["action"], "action"),
        (&["actor", "actor_id"], "actor"),
        (&["actor_ip"], "source_ip"),
        (&["user_agent"], "user_agent"),
        (&["user"], "account"),
        (&["data.team", "repo", "repository", "name", "ruleset_name", "org", "business"], "resource"),
        (&["hashed_token"], "credential"),
        (&["token_id"], "parent"),
        (&["programmatic_access_type"], "token_type"),
        (&["transport_protocol_name", "protocol_name"], "client"),
    ],
};

/// An action of two words, told by a login or of a repository or organisation.
fn is(log: &Value) -> bool {
    let action = at(log, "action").unwrap_or_default();
    let own = ["org", "repo", "business"].iter().any(|path| at(log, path).is_some());
    let login = log.get("actor").is_some_and(Value::is_string);
    action.contains('.') && (own || login)
}
