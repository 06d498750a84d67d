//! Google Workspace activities, flattened.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["GSuite.ActivityEvent", "GCP.AuditLog", "GitHub.Audit"],
    format: "google-workspace",
    is: |log| at(log, "kind").as_deref() == Some("admin#reports#activity") || at(log, "id.applicationName").is_some(),
    says: &[
        (&["id.time"], "time"),
        (&["id.applicationName"], "action"),
        (&["name"], "action"),
        (&["actor.email"], "actor"),
        (&["actor.email", "actor.profileId"], "actor"),
        (&["ipAddress", "parameters.message_info.connection_info.client_ip"], "source_ip"),
        (&["parameters.doc_id", "parameters.doc_title"], "resource"),
        (&["parameters.ROLE_NAME"], "resource"),
        (&["parameters.APPLICATION_NAME", "parameters.SETTING_NAME", "parameters.APP_ID"], "resource"),
        (&["parameters.SETTING_NAME", "parameters.APPLICATION_NAME"], "resource"),
        (&["parameters.calendar_id"], "resource"),
        (&["parameters.OBFUSCATED_CUSTOMER_TAKEOUT_REQUEST_ID"], "resource"),
        (&["parameters.MOBILE_APP_PACKAGE_ID"], "resource"),
        (&["parameters.rule_name"], "resource"),
        (&["parameters.message_info.rfc2822_message_id", "parameters.message_info.subject"], "resource"),
        (&["parameters.target_user", "parameters.new_owner", "parameters.grantee_email"], "account"),
        (&["parameters.USER_EMAIL"], "account"),
        (&["parameters.affected_email_address"], "account"),
        (&["parameters.owner", "parameters.new_owner", "parameters.target_user"], "account"),
        (&["parameters.client_id"], "client"),
        (&["parameters.scope.0"], "resource"),
        (&["parameters.user_agent"], "user_agent"),
    ],
};
