//! What an audit's activity tells: its kind, and the words of [`crate::action`].
//!
//! Activities are short sentences (`Add member to role`), of which there are about a thousand; most
//! are told by the verb that they begin with.
//!
//! Source: Microsoft's list of audit activities of Entra ID.

use sever_model::EventKind;

/// What an activity tells.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Deed {
    pub kind: EventKind,
    pub words: &'static [&'static str],
}

/// Beginnings of activities that give rights, or trust.
const GRANTS: &[&str] = &[
    "add member to",
    "add eligible member",
    "add scoped member",
    "add owner to",
    "add registered owner",
    "add app role assignment",
    "add delegated permission grant",
    "add permission grant",
    "add role assignment",
    "add role definition",
    "add role from template",
    "add partner to company",
    "add unverified domain",
    "add verified domain",
    "add domain to company",
    "verify domain",
    "set federation settings on domain",
    "set domain authentication",
    "set partnership",
    "set company allowed data location",
    "consent to application",
    "create federation",
    "add a partner to cross-tenant access setting",
    "user has elevated their access",
    "the role assignment of user has been changed to user access administrator",
    "approve request",
    "admin assigns user to application",
    "assign external user to application",
    "assign license",
    "admin directly assigns",
    "user requests access package",
];

/// Beginnings of activities that make a credential.
const KEYS: &[&str] = &[
    "add service principal credentials",
    "update application – certificates and secrets management",
    "update application - certificates and secrets management",
    "add application credentials",
    "add federated identity credential",
    "add passkey",
    "add fido2",
    "add windows hello for business credential",
    "add passwordless phone sign-in credential",
    "change user password",
    "change password",
    "reset user password",
    "reset password",
    "user registered",
    "admin registered security info",
    "user changed default security info",
    "create temporary access pass",
    "generate key",
    "upload a certificate",
    "add certificate",
    "create company settings key",
    "set force change user password",
];

/// Beginnings of activities by which a secret was read.
const READS: &[&str] =
    &["read bitlocker key", "recover device local administrator password", "read device local administrator password"];

impl Deed {
    /// What an activity tells.
    pub fn of(activity: &str) -> Deed {
        let name = activity.to_lowercase();
        let begins = |with: &[&str]| with.iter().any(|beginning| name.starts_with(beginning));
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        let audit = has(&["diagnostic setting", "audit log", "log retention"]);
        let (kind, words): (EventKind, &'static [&'static str]) = if begins(READS) {
            (EventKind::Read, &[])
        } else if has(&["download", "export"]) {
            (EventKind::Used, &["export"])
        } else if begins(&[
            "add user",
            "create user",
            "invite external user",
            "redeem external user invite",
            "bulk invite users",
            "viral user creation",
        ]) && !has(&["policy", "flow", "settings"])
        {
            (EventKind::Changed, &["create-account"])
        } else if begins(GRANTS) || has(&["add member to role", "add eligible member to role"]) {
            (EventKind::Changed, &["grant"])
        } else if begins(KEYS) {
            (EventKind::Changed, &["create-key"])
        } else if begins(&[
            "delete",
            "hard delete",
            "bulk delete",
            "purge",
            "remove user",
            "delete application password",
            "remove device",
        ]) {
            (EventKind::Changed, if audit { &["delete", "audit"] } else { &["delete"] })
        } else if begins(&[
            "disable",
            "suspend",
            "block",
            "lock",
            "revoke",
            "remove service principal credentials",
            "user deleted security info",
            "admin deleted security info",
        ]) || has(&["all refresh tokens", "sign-in sessions", "strong authentication disabled"])
        {
            (EventKind::Changed, if audit { &["disable", "audit"] } else { &["disable"] })
        } else if begins(&["enable", "restore", "unblock", "unlock", "reprocess"]) {
            (EventKind::Changed, &["enable"])
        } else if begins(&[
            "self-service password reset flow",
            "user started",
            "blocked from self-service",
            "verify user",
            "fraud reported",
            "sign-in",
            "user signed in",
            "validate",
            "evaluate",
            "get ",
            "list ",
            "read ",
            "view ",
        ]) {
            (EventKind::Used, &[])
        } else {
            (EventKind::Changed, if audit { &["audit"] } else { &[] })
        };
        Deed { kind, words }
    }
}
