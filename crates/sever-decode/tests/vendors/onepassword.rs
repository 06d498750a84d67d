//! 1Password.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["OnePassword.SignInAttempt"],
    format: "onepassword",
    is: |log| at(log, "category").is_some() && at(log, "target_user.uuid").is_some(),
    says: &[
        (&["timestamp"], "time"),
        (&["category", "type"], "action"),
        (&["target_user.email"], "actor"),
        (&["target_user.uuid"], "token_subject"),
        (&["session_uuid"], "session"),
        (&["client.ip_address"], "source_ip"),
        (&["client.app_name"], "user_agent"),
        (&["client.platform_name"], "client"),
    ],
};
