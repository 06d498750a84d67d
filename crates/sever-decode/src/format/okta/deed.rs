//! What an event type tells: its kind, and the words of [`crate::action`].
//!
//! There are about a thousand event types, and new ones each month. They are built of parts
//! (`group.user_membership.add`), so that most are told by their last ones; what is an exception
//! stands in the tables.
//!
//! Source: Okta's event type catalogue.

use sever_model::EventKind;

/// What an event type tells. The name is in lower case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed {
    pub kind: EventKind,
    pub words: &'static [&'static str],
}

/// First parts of Okta's event types.
pub(super) const ROOTS: &[&str] = &[
    "access",
    "account",
    "ai_agent",
    "analytics",
    "app",
    "application",
    "campaign",
    "certification",
    "core",
    "credential",
    "device",
    "directory",
    "entity",
    "event_hook",
    "group",
    "iam",
    "inline_hook",
    "integration",
    "master_application",
    "mfa",
    "mim",
    "network_zone",
    "oauth2",
    "org",
    "pam",
    "pki",
    "platform",
    "plugin",
    "policy",
    "resource",
    "scheduled_action",
    "security",
    "self_service",
    "support",
    "system",
    "task",
    "user",
    "workflow",
    "workflows",
    "zone",
];

/// Beginnings of what happens while somebody signs in.
const SIGN_INS: &[&str] = &[
    "user.authentication.",
    "user.session.start",
    "user.session.impersonation.initiate",
    "user.mfa.attempt_bypass",
    "user.mfa.okta_verify",
    "policy.evaluate_sign_on",
    "policy.auth_reevaluate",
    "core.user_auth.",
    "app.oauth2.authorize",
    "app.oauth2.as.authorize",
    "app.oauth2.signon",
    "app.inbound_del_auth.",
    "app.kerberos_rich_client.",
    "app.generic.unauth_app_access_attempt",
    "application.policy.sign_on.",
    "application.integration.authentication_failure",
    "app.radius.",
    "app.rsa.",
    "device.signals.status.timeout",
];

/// Types whose answer holds a secret.
const SECRETS: &[&str] = &[
    "application.user_membership.show_password",
    "application.user_membership.show_username_password",
    "app.user_management.show_password",
    "pam.secret.reveal",
    "pam.user_creds.issue",
    "pam.service_account.password.reveal",
    "pam.service_account.reveal",
    "user.credential.reveal",
];

/// Last parts that change something.
const CHANGES: &[&str] = &[
    "activate",
    "add",
    "added",
    "approve",
    "assign",
    "assignment",
    "cancel",
    "change",
    "clear",
    "clone",
    "completed",
    "convert",
    "create",
    "created",
    "deactivate",
    "delete",
    "deleted",
    "deny",
    "disable",
    "dismiss",
    "edit",
    "enable",
    "end",
    "enroll",
    "enrolled",
    "expire",
    "generate",
    "grant",
    "import",
    "initiated",
    "invalidate",
    "issue",
    "link",
    "lock",
    "merge",
    "modify",
    "move",
    "provision",
    "publish",
    "push",
    "reactivate",
    "register",
    "remove",
    "removed",
    "rename",
    "renew",
    "replace",
    "request",
    "reset",
    "reset_all",
    "reset_password",
    "resolve",
    "restore",
    "revoke",
    "rotate",
    "set",
    "suspend",
    "transition",
    "transfer",
    "trust",
    "unenroll",
    "unlink",
    "unlock",
    "unlock_by_admin",
    "unregister",
    "unsuspend",
    "update",
    "update_password",
    "update_primary_email",
    "update_secondary_email",
    "update_user_type",
    "upload",
    "upgrade",
    "write",
    "write_ldap",
];

/// Beginnings of what Okta does or notices by itself, whatever the last part.
const NOTICES: &[&str] = &[
    "security.threat.detected",
    "security.attack.",
    "security.request.blocked",
    "security.breached_credential.",
    "security.session.detect_client_roaming",
    "system.email.",
    "system.sms.",
    "system.voice.",
    "system.push.",
    "system.operation.",
    "system.org.rate_limit.",
    "system.client.",
    "system.import.",
    "system.agent.ad.read_ldap",
    "system.agent.ad.connect",
    "app.oauth2.token.detect_reuse",
    "app.oauth2.as.token.detect_reuse",
    "app.token.reuse",
    "core.concurrency.",
    "user.risk.detect",
    "user.session.context.change",
    "user.session.end",
    "user.session.expire",
    "entity.risk.",
    "analytics.",
    "application.integration.rate_limit_exceeded",
];

/// Beginnings of types that give rights, beside all that end in `privilege.grant`, `consent.grant`
/// and `membership.add`.
const GRANTS: &[&str] = &[
    "group.application_assignment.add",
    "group.privilege.grant",
    "iam.resourceset.bindings.add",
    "iam.role.create",
    "iam.role.permissions.add",
    "iam.role.assign",
    "system.idp.lifecycle.create",
    "system.idp.lifecycle.activate",
    "user.session.impersonation.grant",
    "user.session.impersonation.extend",
    "app.access_request.grant",
    "app.access_request.approver.approve",
    "application.provision.user.import_profile.grant",
    "app.oauth2.trusted_server.add",
    "app.oauth2.as.trusted_server.add",
    "support.org.update",
    "resource.approval.grant",
];

/// Beginnings of types that make a credential.
const KEYS: &[&str] = &[
    "system.api_token.create",
    "system.api_token.enable",
    "app.keys.clone",
    "app.keys.generate",
    "app.keys.rotate",
    "app.app_instance.csr.generate",
    "app.app_instance.csr.publish",
    "app.oauth2.credentials.lifecycle.create",
    "app.oauth2.as.key.rollover",
    "app.oauth2.as.key.rotate",
    "app.oauth2.client.lifecycle.create",
    "oauth2.credentials.lifecycle.create",
    "system.idp.key.create",
    "system.agent.ad.create",
    "pki.cert.issue",
    "user.mfa.factor.activate",
    "user.account.update_password",
    "user.account.reset_password",
    "user.credential.enroll",
    "pam.ssh.keys.create",
    "pam.service_account.password.rotate",
    "device.enrollment.create",
];

impl Deed {
    /// What a type tells.
    pub fn of(name: &str) -> Deed {
        let kind = kind(name);
        Deed { kind, words: words(name, kind) }
    }

    /// Whether tokens are given out.
    pub fn is_grant(&self) -> bool {
        self.kind == EventKind::Issued
    }
}

/// The type of token that a grant's name ends in.
pub(super) fn token_named(name: &str) -> &'static str {
    match last(name) {
        "id_token" => "id",
        "refresh_token" => "refresh",
        _ => "access",
    }
}

/// Whether the event is one that needs a session that stands. Factors and forgotten passwords come
/// before there is one.
pub(super) fn is_in_session(name: &str, kind: EventKind) -> bool {
    let before = ["user.mfa.", "user.account.", "user.credential.", "user.session.", "user.registration."];
    match kind {
        EventKind::Changed => !begins(name, &before),
        EventKind::Read => true,
        EventKind::Authenticated => name == "user.authentication.sso" || name.ends_with(".authorize.code"),
        _ => name == "user.session.access_admin_app" || name == "user.session.end",
    }
}

fn kind(name: &str) -> EventKind {
    if name.contains(".token.grant") || name.contains(".authorize.implicit.") {
        EventKind::Issued
    } else if SECRETS.contains(&name) || name.ends_with(".reveal") {
        EventKind::Read
    } else if begins(name, NOTICES) {
        EventKind::Used
    } else if begins(name, SIGN_INS) {
        EventKind::Authenticated
    } else if CHANGES.contains(&last(name)) || !words_of_change(name).is_empty() {
        EventKind::Changed
    } else {
        EventKind::Used
    }
}

fn words(name: &str, kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::Changed => words_of_change(name),
        _ if name.contains(".export.") || name.contains("_report.download") => &["export"],
        _ => &[],
    }
}

fn words_of_change(name: &str) -> &'static [&'static str] {
    let audit = begins(name, &["system.log_stream.", "event_hook.", "system.audit."]);
    match (verb(name), audit) {
        (Verb::Delete, true) => &["delete", "audit"],
        (Verb::Off, true) => &["disable", "audit"],
        (Verb::On, true) => &["enable", "audit"],
        (_, true) => &["audit"],
        _ if name == "user.lifecycle.create" || name == "user.registration.create" => &["create-account"],
        _ if begins(name, KEYS) => &["create-key"],
        _ if gives_rights(name) => &["grant"],
        (Verb::Delete, false) => &["delete"],
        (Verb::Off, false) => &["disable"],
        (Verb::On, false) => &["enable"],
        (Verb::Other, false) => &[],
    }
}

fn gives_rights(name: &str) -> bool {
    let ends = [".privilege.grant", ".consent.grant", "_membership.add", ".membership.add", ".role.add", ".admin.add"];
    begins(name, GRANTS) || ends.iter().any(|end| name.ends_with(end))
}

enum Verb {
    Delete,
    Off,
    On,
    Other,
}

fn verb(name: &str) -> Verb {
    match last(name) {
        "delete" | "deleted" | "purge" => Verb::Delete,
        // A deletion of a user takes two steps, and the first one makes it so.
        "initiated" | "completed" if name.contains(".delete.") => Verb::Delete,
        "request" if name == "account.org.delete.request" => Verb::Delete,
        "deactivate" | "suspend" | "disable" | "lock" | "reset_all" | "unenroll" | "expire" | "invalidate" => Verb::Off,
        "revoke" if !name.contains(".privilege.") && !name.contains(".consent.") => Verb::Off,
        "clear" if name.starts_with("user.session.") => Verb::Off,
        "activate" | "reactivate" | "unsuspend" | "enable" | "unlock" | "unlock_by_admin" => Verb::On,
        _ => Verb::Other,
    }
}

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn begins(name: &str, with: &[&str]) -> bool {
    with.iter().any(|beginning| name.starts_with(beginning))
}
