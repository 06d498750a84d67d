//! What an action of GitHub's audit log is: its kind, and the words of [`crate::action`].
//!
//! An action is a category and an operation. There are over a thousand, and more come with each
//! release, so that operations are told by how they begin and end and only what is special by name.

use sever_model::{EventKind, Outcome};

use crate::format::http_outcome;

/// What an action is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub kind: EventKind,
    pub words: &'static [&'static str],
    /// Whether it is a category and an operation at all.
    pub is_formed: bool,
    /// Whether the category is one of GitHub's.
    pub is_known: bool,
    failed: bool,
}

/// GitHub's categories: what stands before the first point of an action.
const CATEGORIES: &[&str] = &[
    "account",
    "actions_cache",
    "advisory_credit",
    "api",
    "artifact",
    "audit_log_streaming",
    "auto_approve_personal_access_token_requests",
    "billing",
    "business",
    "business_advanced_security",
    "business_secret_scanning",
    "business_secret_scanning_automatic_validity_checks",
    "business_secret_scanning_custom_pattern",
    "business_secret_scanning_push_protection",
    "checks",
    "code_scanning",
    "codespaces",
    "commit_comment",
    "copilot",
    "custom_property_definition",
    "custom_property_value",
    "dependabot_alerts",
    "dependabot_alerts_new_repos",
    "dependabot_repository_access",
    "dependabot_security_updates",
    "dependabot_security_updates_new_repos",
    "dependency_graph",
    "dependency_graph_new_repos",
    "deploy_key",
    "discussion",
    "discussion_comment",
    "discussion_post",
    "discussion_post_reply",
    "dotcom_connection",
    "enterprise",
    "enterprise_announcement",
    "enterprise_domain",
    "enterprise_installation",
    "enterprise_team",
    "environment",
    "external_group",
    "external_identity",
    "gist",
    "git",
    "git_signing_ssh_public_key",
    "github_hosted_runner",
    "gpg_key",
    "hook",
    "integration",
    "integration_installation",
    "integration_installation_request",
    "ip_allow_list",
    "ip_allow_list_entry",
    "issue",
    "issue_comment",
    "issues",
    "marketplace_agreement_signature",
    "marketplace_listing",
    "members_can_create_pages",
    "members_can_create_private_pages",
    "members_can_create_public_pages",
    "members_can_delete_repos",
    "members_can_view_dependency_insights",
    "merge_queue",
    "migration",
    "network_configuration",
    "oauth_access",
    "oauth_application",
    "oauth_authorization",
    "org",
    "org_credential_authorization",
    "org_secret_scanning_automatic_validity_checks",
    "org_secret_scanning_custom_pattern",
    "organization_default_label",
    "organization_domain",
    "organization_moderators",
    "organization_projects_change",
    "organization_role",
    "packages",
    "pages_protected_domain",
    "passkey",
    "payment_method",
    "personal_access_token",
    "prebuild_configuration",
    "private_repository_forking",
    "profile_picture",
    "programmatic_access_grant",
    "programmatic_access_grant_request",
    "project",
    "project_base_role",
    "project_collaborator",
    "project_field",
    "project_view",
    "protected_branch",
    "public_key",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "repo",
    "repository_advisory",
    "repository_branch_protection_evaluation",
    "repository_content_analysis",
    "repository_dependency_graph",
    "repository_image",
    "repository_invitation",
    "repository_projects_change",
    "repository_ruleset",
    "repository_secret_scanning",
    "repository_secret_scanning_automatic_validity_checks",
    "repository_secret_scanning_custom_pattern",
    "repository_secret_scanning_push_protection",
    "repository_visibility_change",
    "repository_vulnerability_alert",
    "repository_vulnerability_alerts",
    "required_status_check",
    "restrict_notification_delivery",
    "role",
    "secret_scanning",
    "secret_scanning_alert",
    "secret_scanning_new_repos",
    "secret_scanning_push_protection",
    "security_key",
    "self_hosted_runner",
    "sponsors",
    "ssh_certificate_authority",
    "ssh_certificate_requirement",
    "sso_redirect",
    "staff",
    "successor_invitation",
    "team",
    "team_discussions",
    "team_group_mapping",
    "team_sync_tenant",
    "trusted_device",
    "two_factor_authentication",
    "user",
    "user_email",
    "user_license",
    "user_status",
    "vulnerability_alert_rule",
    "workflows",
];

/// Whether it is one of GitHub's categories.
pub(super) fn is_category(text: &str) -> bool {
    CATEGORIES.binary_search(&text).is_ok()
}

/// Actions that let a token in, or make one.
const ISSUED: &[&str] = &[
    "org_credential_authorization.grant",
    "personal_access_token.access_granted",
    "personal_access_token.create",
    "personal_access_token.credential_regenerated",
    "oauth_access.create",
    "oauth_access.regenerate",
];

const CREATE_ACCOUNT: &[&str] =
    &["user.create", "user.add", "user.signup", "external_identity.provision", "staff.create_user", "org.add_user"];

/// Categories of credentials: whatever is made or renewed in them is one.
const CREDENTIALS: &[&str] = &[
    "deploy_key",
    "git_signing_ssh_public_key",
    "gpg_key",
    "oauth_access",
    "org_credential_authorization",
    "passkey",
    "personal_access_token",
    "public_key",
    "security_key",
    "ssh_certificate_authority",
];

/// Operations that give rights, by how they begin.
const GRANT: &[&str] = &[
    "add_member",
    "add_admin",
    "add_billing_manager",
    "add_collaborator",
    "add_outside_collaborator",
    "add_organization",
    "add_owner",
    "add_repository",
    "add_team",
    "add_user",
    "invite",
    "update_member",
    "update_repository_permission",
    "update_default_repository_permission",
    "update_member_repository",
    "promote",
    "assign",
    "access_granted",
    "request_approved",
    "oauth_app_access_approved",
    "repositories_added",
    "authorize",
    "allow_",
    "change_parent_team",
    "transfer",
    "accept",
    "add_external",
    "link",
    "self_approve",
];

/// Whole actions that do.
const GRANT_WHOLE: &[&str] = &[
    "integration_installation.create",
    "integration_installation.version_updated",
    "ip_allow_list_entry.create",
    "ip_allow_list_entry.update",
    "oauth_authorization.create",
    "external_group.link",
    "organization_role.create",
    "organization_role.update",
    "project_base_role.update",
    "project_collaborator.add",
    "project_collaborator.update",
    "repo.access",
    "repo.change_visibility",
    "role.create",
    "role.update",
    "programmatic_access_grant.create",
    "repository_visibility_change.enable",
    "protected_branch.dismissal_restricted_users_teams",
];

impl Act {
    pub fn of(action: &str) -> Act {
        let (category, operation) = action.split_once('.').unwrap_or((action, ""));
        let is_word = |part: &str| {
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
            !part.is_empty() && part.bytes().all(sound)
        };
        let failed = ["failed", "rejected", "denied", "blocked"].iter().any(|part| operation.contains(part));
        Act {
            kind: kind(action, category, operation),
            words: words(action, category, operation),
            is_formed: is_word(category) && is_word(operation),
            is_known: is_category(category),
            failed,
        }
    }

    /// How it ended; an API request says so itself.
    pub fn outcome(self, status: Option<u64>) -> Outcome {
        match status {
            Some(status) => http_outcome(status),
            None if self.failed => Outcome::Refused,
            None => Outcome::Answered,
        }
    }
}

fn kind(action: &str, category: &str, operation: &str) -> EventKind {
    match (category, operation) {
        ("user", "login" | "failed_login" | "two_factor_requested" | "sign_in_from_unrecognized_device")
        | (_, "sso_response") => EventKind::Authenticated,
        _ if ISSUED.contains(&action) => EventKind::Issued,
        ("git" | "api" | "sso_redirect" | "checks", _) => EventKind::Used,
        ("workflows", _) if !operation.starts_with("delete") && !operation.ends_with("able_workflow") => {
            EventKind::Used
        }
        ("user", "logout" | "show_private_contributions_count") | ("codespaces", "connect") => EventKind::Used,
        _ if operation.starts_with("download") || operation.contains("export") => EventKind::Used,
        ("packages", _) if operation.contains("download") => EventKind::Used,
        _ => EventKind::Changed,
    }
}

fn words(action: &str, category: &str, operation: &str) -> &'static [&'static str] {
    let begins = |with: &[&str]| with.iter().any(|with| operation.starts_with(with));
    let ends = |with: &[&str]| with.iter().any(|with| operation.ends_with(with));
    let secret = ["actions_secret", "codespaces_secret", "dependabot_secret", "integration_secret", "org_secret"];
    let secret = secret.iter().any(|part| operation.contains(part));
    let audit = category == "audit_log_streaming"
        || ["audit_log", "source_ip_disclosure", "retention"].iter().any(|part| operation.contains(part));
    let deletes = begins(&["destroy", "delete"]) || ends(&["_destroyed", "_deleted", "_destroy"]);
    match category {
        _ if audit && operation.contains("export") => &["audit", "export"],
        _ if audit && deletes => &["delete", "audit"],
        _ if audit => &["audit"],
        _ if deletes || (secret && begins(&["remove"])) => &["delete"],
        _ if CREATE_ACCOUNT.contains(&action) => &["create-account"],
        _ if secret && begins(&["create", "update"]) => &["create-key"],
        _ if CREDENTIALS.contains(&category)
            && begins(&["create", "register", "grant", "credential", "regenerate"]) =>
        {
            &["create-key"]
        }
        _ if operation.contains("client_secret") || begins(&["reset_secret", "generate_key", "private_key"]) => {
            &["create-key"]
        }
        _ if action == "two_factor_authentication.recovery_codes_regenerated" => &["create-key"],
        _ if GRANT_WHOLE.contains(&action) || begins(GRANT) => &["grant"],
        _ if begins(&["enable", "enabled"]) || ends(&["_enable", "_enabled"]) => &["enable"],
        _ if begins(&["disable", "disabled"]) || ends(&["_disable", "_disabled"]) => &["disable"],
        _ if begins(&["suspend", "block"]) => &["disable"],
        _ if begins(&["unsuspend", "unblock"]) => &["enable"],
        "migration" => &["export"],
        _ if begins(&["download_zip", "export", "start_export"]) || ends(&["_export", "_exported"]) => &["export"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_in_order() {
        assert!(CATEGORIES.is_sorted());
        assert!(is_category("repo") && is_category("account") && is_category("workflows") && !is_category("pref"));
    }
}
