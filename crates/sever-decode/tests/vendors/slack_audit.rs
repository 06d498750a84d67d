//! Slack audit log entries.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Slack.AuditLogs", "GitHub.Audit", "GSuite.ActivityEvent"],
    format: "slack-audit",
    is: |log| at(log, "action").is_some() && (at(log, "actor.user").is_some() || at(log, "context.location").is_some()),
    says: &[
        (&["date_create"], "time"),
        (&["action"], "action"),
        (&["actor.user.email", "actor.user.name", "actor.user.id"], "actor"),
        (&["entity.user.email"], "account"),
        (&["entity.type"], "resource"),
        (&["entity.app.id"], "resource"),
        (&["entity.app.name"], "resource"),
        (&["entity.app.name"], "client"),
        (&["entity.app.scopes.0"], "fields"),
        (&["entity.workspace.id"], "resource"),
        (&["entity.workspace.name"], "resource"),
        (&["context.ip_address"], "source_ip"),
        (&["context.ua"], "user_agent"),
        (&["context.location.id"], "node"),
        (&["context.session_id"], "session"),
    ],
};
