//! What an action of Slack's audit logs is: its kind, its outcome, and the words of [`crate::action`].

use sever_model::{EventKind, Outcome};

/// What an action is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub kind: EventKind,
    pub outcome: Outcome,
    pub words: &'static [&'static str],
    /// Whether it is one word at all.
    pub is_formed: bool,
    /// Whether it begins as Slack's own do.
    pub is_known: bool,
}

/// Actions that change nothing.
const READS: &[&str] = &[
    "anomaly",
    "file_downloaded",
    "file_downloaded_blocked",
    "file_malicious_content_detected",
    "file_shared",
    "file_uploaded",
    "guest_channel_join",
    "guest_channel_leave",
    "message_flagged",
    "user_channel_join",
    "user_channel_leave",
    "user_logout",
    "user_logout_compromised",
    "user_logout_non_compliant_mobile_app_version",
];

/// Beginnings of actions that are Slack's.
const KNOWN: &[&str] = &[
    "app_",
    "approved_",
    "barrier_",
    "bot_",
    "canvas_",
    "channel_",
    "corporate_",
    "custom_tos_",
    "ekm_",
    "emoji_",
    "enterprise_",
    "external_shared_channel_",
    "file_",
    "function_",
    "guest_",
    "huddle_",
    "idp_",
    "legal_hold_",
    "list_",
    "manual_export_",
    "message_",
    "migration_",
    "native_dlp_",
    "org_app_",
    "organization_",
    "owner_transferred",
    "pref.",
    "private_channel_",
    "public_channel_",
    "role_",
    "scheduled_export_",
    "user_",
    "usergroup_",
    "workflow_",
    "workspace_",
];

const CREATE_ACCOUNT: &[&str] = &["user_created", "guest_created", "bot_user_created", "service_owner_transferred"];

/// Beginnings of actions that give rights, or decide who is let in.
const GRANT: &[&str] = &[
    "role_change_to_admin",
    "role_change_to_owner",
    "role_change_to_user",
    "role_assigned",
    "role_added",
    "role_modified_on_user",
    "owner_transferred",
    "primary_owner_transferred",
    "user_added_to_usergroup",
    "usergroup_default_channel_added",
    "app_installed",
    "app_approved",
    "app_scopes_expanded",
    "app_resources_",
    "app_collaborator_added",
    "org_app_workspace_added",
    "org_app_installed",
    "bot_token_upgraded",
    "external_shared_channel_invite_accepted",
    "external_shared_channel_invite_approved",
    "external_shared_channel_invite_sent",
    "external_shared_channel_connected",
    "external_workspace_invitation",
    "private_channel_converted_to_public",
    "file_public_link_created",
    "channel_workspaces_updated",
    "channel_posting_permissions_updated",
    "idp_configuration_added",
    "idp_configuration_updated",
    "idp_configuration_edited",
    "guest_expiration_cleared",
    "pref.sso_setting_changed",
    "pref.two_factor_auth_changed",
    "pref.allow_",
    "pref.who_can_",
    "workspace_joined_organization",
    "user_email_updated",
];

/// Parts of actions that change what is recorded, or for how long.
const AUDIT: &[&str] =
    &["retention", "legal_hold", "logging_config", "native_dlp_", "dlp_access", "audit_log", "anomaly_"];

impl Act {
    pub fn of(action: &str) -> Act {
        let failed = ["failed", "blocked", "denied", "rejected"].iter().any(|part| action.contains(part));
        let login = action.starts_with("user_login");
        let kind = match action {
            _ if login => EventKind::Authenticated,
            _ if READS.contains(&action) || action.contains("_export_") => EventKind::Used,
            _ => EventKind::Changed,
        };
        let outcome = if failed { Outcome::Refused } else { Outcome::Answered };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let is_formed = !action.is_empty() && action.bytes().all(is_word);
        Act { kind, outcome, words: words(action), is_formed, is_known: is_known(action) }
    }
}

fn is_known(action: &str) -> bool {
    begins(action, KNOWN) || READS.contains(&action)
}

fn words(action: &str) -> &'static [&'static str] {
    let audit = AUDIT.iter().any(|part| action.contains(part));
    let ends = |with: &[&str]| with.iter().any(|with| action.ends_with(with));
    let deletes = ends(&["_deleted", "_removed_from_organization", "_destroyed", "_tombstoned"]);
    match action {
        _ if deletes && audit => &["delete", "audit"],
        _ if deletes => &["delete"],
        // What is let go of a hold may then be deleted.
        _ if audit && action != "anomaly" => &["audit"],
        _ if CREATE_ACCOUNT.contains(&action) => &["create-account"],
        "corporate_exports_enabled" | "corporate_exports_approved" => &["enable"],
        "ekm_key_added" | "app_token_created" | "app_token_preserved" | "service_token_created" => &["create-key"],
        _ if begins(action, GRANT) => &["grant"],
        _ if ends(&["_reactivated", "_activated", "_enrolled", "_unrestricted", "_unarchive"]) => &["enable"],
        _ if action.contains("_export") => &["export"],
        _ if ends(&[
            "_deactivated",
            "_unenrolled",
            "_restricted",
            "_expired",
            "_archive",
            "_invalidated",
            "_uninstalled",
        ]) =>
        {
            &["disable"]
        }
        _ if begins(action, &["user_session_reset", "ekm_key_removed"]) => &["disable"],
        _ => &[],
    }
}

fn begins(action: &str, with: &[&str]) -> bool {
    with.iter().any(|with| action.starts_with(with))
}
