//! What 1Password's actions are, in our kinds and words.
//!
//! Source: the reference of 1Password's Events API: audit actions (`create`, `suspend`, `grant`, …), the
//! types of objects (`user`, `uva` user's vault access, `gva` group's, `gm` group membership, `satoken`
//! service account token, …), item usage actions, and types of sign-in attempt.

use sever_model::EventKind;

type Deed = (EventKind, &'static [&'static str]);

/// No words.
pub(super) const NONE: &[&str] = &[];

/// How types of sign-in attempt begin.
const SIGN_INS: [&str; 16] = [
    "credentials_",
    "mfa_",
    "password_secret_",
    "totp_",
    "u2f_",
    "duo_",
    "platform_secret_",
    "code_",
    "ip_",
    "continent_",
    "country_",
    "anonymous_",
    "all_",
    "modern_version_",
    "non_sso_",
    "sso_",
];

const CATEGORIES: [&str; 8] = [
    "success",
    "credentials_failed",
    "mfa_failed",
    "sso_failed",
    "passkey_failed",
    "modern_version_failed",
    "firewall_failed",
    "firewall_reported_success",
];

/// Whether category and type are those of a sign-in attempt.
pub(super) fn is_sign_in(category: &str, of: &str) -> bool {
    CATEGORIES.iter().any(|name| category.eq_ignore_ascii_case(name)) && is_type(of)
}

/// Whether a type is that of a sign-in attempt.
pub(super) fn is_type(of: &str) -> bool {
    SIGN_INS.iter().any(|begin| of.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin)))
}

/// What is done with an item.
pub(super) fn of_item(action: &str) -> Deed {
    match action.to_ascii_lowercase().as_str() {
        "create" | "server-create" => (EventKind::Changed, &["create-key"]),
        "update" | "edit" | "server-update" => (EventKind::Changed, &[]),
        "delete" | "trash" | "archive" | "server-delete" => (EventKind::Changed, &["delete"]),
        "share" => (EventKind::Changed, &["grant"]),
        "export" => (EventKind::Read, &["export"]),
        // Whatever else is done with an item shows it.
        _ => (EventKind::Read, &[]),
    }
}

/// What an audit event is.
pub(super) fn of(action: &str, object: &str) -> Deed {
    let object = object.to_ascii_lowercase();
    // Who has access to what, and who is in which group.
    let gives =
        matches!(object.as_str(), "uva" | "gva" | "gm" | "gma" | "role" | "accountrole" | "teampolicy" | "famchild");
    let person =
        matches!(object.as_str(), "user" | "invite" | "sa" | "serviceaccount" | "account" | "guest" | "famchild");
    let key = matches!(
        object.as_str(),
        "satoken" | "credential" | "cred" | "device" | "mfa" | "ssotkn" | "slackapp" | "ec" | "token"
    );
    let words: &[&str] = match action.to_ascii_lowercase().as_str() {
        "create" | "patch" | "join" | "provsn" | "trvlback" if gives => &["grant"],
        "create" | "invite" | "provsn" if person => &["create-account"],
        "create" | "enroll" if key => &["create-key"],
        "delete" | "leave" | "purge" | "revoke" if gives => &["delete", "grant"],
        "delete" | "purge" | "trash" | "deltrsh" | "deolddev" | "dealldev" | "expire" | "cancel" | "prsndall" => {
            &["delete"]
        }
        "grant" | "revoke" | "updatea" | "role" | "joindevc" | "hide" | "unhide" | "unlink" | "sendpkg" => &["grant"],
        "suspend" | "deactive" | "deactivate" | "deactiv" | "disblduo" | "disblmfa" | "disblwebauthn" | "resendts" => {
            &["disable"]
        }
        "reactive" | "reactivate" | "activate" | "active" | "resume" | "enblduo" | "updatmfa" | "verify"
        | "vrfydmn" => &["enable"],
        "changeks" | "changesk" | "changemp" | "changela" | "chngpsswd" | "chngasymk" | "beginr" | "completr"
        | "proposer" | "reencpt" | "updatduo" | "musercom" | "muserdec" => &["create-key"],
        "export" => &["export"],
        "view" | "list" | "detchild" | "read" => return (EventKind::Used, &[]),
        _ => &[],
    };
    (EventKind::Changed, words)
}
