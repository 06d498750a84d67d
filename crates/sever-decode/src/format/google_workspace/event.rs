//! What an event of Google Workspace is: its kind, its outcome, and the words of [`crate::action`].
//!
//! Told from application, type and name. Names of the admin's events are in capitals, the others are
//! not; they are compared whatever their case.

use sever_model::{EventKind, Outcome};

/// What an event is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub kind: EventKind,
    pub outcome: Outcome,
    pub words: &'static [&'static str],
}

/// Sign-ins, of login, saml and others.
const LOGINS: &[&str] = &[
    "login_success",
    "login_failure",
    "login_challenge",
    "login_verification",
    "risky_login",
    "suspicious_login",
    "suspicious_login_less_secure_app",
    "suspicious_programmatic_login",
    "failed_password_attempts_event",
];

/// Beginnings of names that change nothing.
const READS: &[&str] = &[
    "view",
    "preview",
    "print",
    "download",
    "access_item",
    "access_url",
    "source_copy",
    "sheets_import",
    "email_as",
    "search",
    "list",
    "alert_viewed",
    "email_log_search",
    "security_investigation_query",
    "delivery",
    "device_",
    "app_",
    "application_event",
    "activity",
    "request",
    "logout",
    "rule_match",
    "action_complete",
    "call_ended",
    "query",
    "gov_attack",
    "gsuite_resource",
    "attachment",
    "message_",
    "blocked",
    "user_signed_out",
    "suspicious_activity",
    "risky_sensitive",
];

/// Names of those, whole.
const READS_WHOLE: &[&str] = &["login", "content_transfer", "unsafe_site_visit", "malware_transfer"];

const CREATE_ACCOUNT: &[&str] = &["create_user", "create_guest_user", "create_posix_account", "undelete_user"];

const CREATE_KEY: &[&str] = &[
    "change_password",
    "password_edit",
    "recovery_email_edit",
    "recovery_phone_edit",
    "recovery_secret_qa_edit",
    "generate_2sv_scratch_codes",
    "passkey_enrolled",
    "passkey_created",
    "create_app_password",
    "import_ssh_public_key",
    "update_ssh_public_key",
    "generate_certificate",
    "upload_oauth_client",
    "create_oauth_client",
    "generate_pin",
    "update_domain_primary_admin_email",
    "create_managed_key",
    "create_external_key",
];

/// Beginnings of names that give rights.
const GRANT: &[&str] = &[
    "assign_role",
    "create_role",
    "update_role",
    "rename_role",
    "add_privilege",
    "grant_",
    "authorize",
    "add_group_member",
    "update_group_member",
    "add_member",
    "add_user",
    "add_owner",
    "add_manager",
    "approve_join_request",
    "accept_invitation",
    "invite_user",
    "join",
    "change_user_access",
    "change_document_visibility",
    "change_document_access_scope",
    "change_acl_editors",
    "change_owner",
    "change_calendar_acls",
    "add_subscriber",
    "shared_drive_membership_change",
    "team_drive_membership_change",
    "shared_drive_settings_change",
    "add_trusted_domains",
    "add_to_trusted",
    "add_application",
    "add_mobile_application_to_whitelist",
    "add_delegate",
    "email_forwarding",
    "email_forwarding_out_of_domain",
    "change_group_setting",
    "whitelist",
    "trust",
    "create_saml2_service_provider",
    "update_sso",
    "toggle_sso",
];

/// What names that change the record of things, or its keeping, contain.
const AUDIT: &[&str] =
    &["retention", "_hold", "hold_", "audit", "log_export", "data_export_settings", "alert_center", "bigquery_export"];

/// What names of taking data out in bulk contain.
const EXPORT: &[&str] =
    &["takeout", "export", "download_userlist", "userlist_download", "download_unmanaged", "users_bulk_download"];

impl Event {
    pub fn of(application: &str, class: &str, name: &str) -> Event {
        let failed = ["fail", "denied", "rejected", "blocked"].iter().any(|part| contains(name, part));
        let outcome = match name {
            _ if failed => Outcome::Refused,
            // Whether the sign-in got through is not told.
            _ if begins(name, &["suspicious_", "risky_login", "login_challenge", "login_verification"]) => {
                Outcome::Unknown
            }
            _ => Outcome::Answered,
        };
        Event { kind: kind(application, class, name), outcome, words: words(application, class, name) }
    }
}

fn kind(application: &str, class: &str, name: &str) -> EventKind {
    match application {
        _ if is(name, LOGINS) => EventKind::Authenticated,
        _ if is(application, &["token"]) && is(name, &["authorize"]) => EventKind::Issued,
        _ if is(name, &["revoke"]) => EventKind::Changed,
        _ if name.is_empty() || is(name, READS_WHOLE) || begins(name, READS) => EventKind::Used,
        // A rule's, a meeting's, a browser's events tell what was done and change nothing.
        _ if is(application, &["rules", "meet", "chrome", "access_transparency", "context_aware_access"]) => {
            EventKind::Used
        }
        _ if is(class, &["delivery", "rule_match_type"]) => EventKind::Used,
        _ => EventKind::Changed,
    }
}

fn words(application: &str, class: &str, name: &str) -> &'static [&'static str] {
    let audit = AUDIT.iter().any(|part| contains(name, part));
    let delete = begins(name, &["delete", "purge", "empty_trash", "wipe", "action_requested_wipe"]);
    match (delete, audit) {
        (true, true) => return &["delete", "audit"],
        (true, false) => return &["delete"],
        (false, true) => return &["audit"],
        (false, false) => {}
    }
    match name {
        _ if EXPORT.iter().any(|part| contains(name, part)) || is(application, &["takeout"]) => &["export"],
        _ if is(name, CREATE_ACCOUNT) => &["create-account"],
        _ if is(name, CREATE_KEY) => &["create-key"],
        _ if begins(name, GRANT) => &["grant"],
        // All of a class that is named for it, but for what takes rights away.
        _ if is(class, &["acl_change"]) && !begins(name, &["remove"]) => &["grant"],
        _ if begins(name, &["unsuspend", "enable", "turn_on", "2sv_enroll", "titanium_enroll", "allow_"]) => {
            &["enable"]
        }
        _ if begins(
            name,
            &["suspend", "disable", "turn_off", "2sv_disable", "titanium_unenroll", "unenroll", "archive_user"],
        ) =>
        {
            &["disable"]
        }
        _ if begins(name, &["account_disabled"]) => &["disable"],
        _ => &[],
    }
}

fn is(name: &str, one_of: &[&str]) -> bool {
    one_of.iter().any(|it| it.eq_ignore_ascii_case(name))
}

fn begins(name: &str, with: &[&str]) -> bool {
    let begins = |with: &&str| name.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with));
    with.iter().any(begins)
}

fn contains(name: &str, part: &str) -> bool {
    name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
