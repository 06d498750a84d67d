//! What Auth0's type codes are.
//!
//! Source: Auth0's list of log event type codes. A code that is not in it is `used`; whether it
//! succeeded is unknown.

use sever_model::{EventKind, Outcome};

type Deed = (EventKind, &'static [&'static str]);

const ACCOUNT: &[&str] = &["create-account"];
const KEY: &[&str] = &["create-key"];
const DELETE: &[&str] = &["delete"];
const NONE: &[&str] = &[];

/// Calls of the Management API.
const CALLS: [&str; 4] = ["sapi", "fapi", "mgmt_api_read", "mgmt_api_write"];

/// Sign-ins, silent ones and second factors, answered and refused.
const SIGN_INS_ANSWERED: &[&str] =
    &["s", "ssa", "scoa", "sens", "gd_auth_succeed", "gd_recovery_succeed", "gd_auth_email_verification", "sdeaz"];
const SIGN_INS_REFUSED: &[&str] = &[
    "f",
    "fp",
    "fu",
    "fc",
    "fco",
    "fcoa",
    "fsa",
    "fens",
    "fepft",
    "feotpft",
    "feoobft",
    "fercft",
    "fepotpft",
    "pwd_leak",
    "limit_wc",
    "limit_mu",
    "limit_sul",
    "limit_delegation",
    "gd_auth_failed",
    "gd_auth_rejected",
    "gd_auth_fail_email_verification",
    "gd_otp_rate_limit_exceed",
    "gd_recovery_failed",
    "gd_recovery_rate_limit_exceed",
    "gd_webauthn_challenge_failed",
    "fdeac",
    "fdeaz",
    "fdecc",
    "ciba_start_failed",
    "passkey_challenge_failed",
];

/// Exchanges that gave a token.
const ISSUED: &[&str] = &[
    "seacft",
    "seccft",
    "sede",
    "seoobft",
    "seotpft",
    "sepft",
    "sepotpft",
    "sepkoobft",
    "sepkotpft",
    "sepkrcft",
    "sercft",
    "sertft",
    "setpft",
    "secft",
    "sete",
    "secte",
    "sd",
    "ciba_exchange_succeeded",
];

/// Exchanges that gave none.
const NOT_ISSUED: &[&str] = &[
    "feacft",
    "feccft",
    "fede",
    "fertft",
    "ferrt",
    "fecte",
    "fepkoobft",
    "fepkotpft",
    "fepkrcft",
    "fetpft",
    "fd",
    "ciba_exchange_failed",
];

const CHANGES: &[(&str, &[&str])] = &[
    ("ss", ACCOUNT),
    ("fs", ACCOUNT),
    ("signup_pwd_leak", ACCOUNT),
    ("sui", ACCOUNT),
    ("fui", ACCOUNT),
    ("sci", &["grant"]),
    ("fci", &["grant"]),
    ("si", &["grant"]),
    ("fi", &["grant"]),
    ("organization_member_added", &["grant"]),
    ("du", DELETE),
    ("sdu", DELETE),
    ("fdu", DELETE),
    ("srrt", DELETE),
    ("scp", KEY),
    ("fcp", KEY),
    ("scpr", NONE),
    ("fcpr", NONE),
    ("sscim", NONE),
    ("fscim", NONE),
    ("pwd_reset_leak", KEY),
    ("reset_pwd_leak", KEY),
    ("sce", NONE),
    ("fce", NONE),
    ("scu", NONE),
    ("fcu", NONE),
    ("scpn", NONE),
    ("fcpn", NONE),
    ("sv", NONE),
    ("fv", NONE),
    ("svr", NONE),
    ("fvr", NONE),
    ("sub", NONE),
    ("fub", NONE),
    ("ublkdu", &["enable"]),
    ("gd_unblock", &["enable"]),
    ("gd_enroll", KEY),
    ("gd_enrollment_complete", KEY),
    ("gd_unenroll", DELETE),
    ("gd_user_delete", DELETE),
    ("gd_tenant_update", NONE),
    ("gd_module_switch", NONE),
    ("gd_update_device_account", NONE),
    ("kms_key_management_success", KEY),
    ("kms_key_management_failure", KEY),
    ("kms_key_state_changed", NONE),
    ("admin_update_launch", NONE),
    ("fcpro", KEY),
    ("resource_cleanup", DELETE),
];

/// What is none of these: notices, steps of a sign-in, sign-outs.
const USED: &[&str] = &[
    "acls_summary",
    "actions_execution_failed",
    "api_limit",
    "api_limit_warning",
    "appi",
    "ciba_start_succeeded",
    "cls",
    "coff",
    "con",
    "cs",
    "cv",
    "depnote",
    "flo",
    "slo",
    "mfar",
    "w",
    "wn",
    "wum",
    "sys_os_update_start",
    "sys_os_update_end",
    "sys_update_start",
    "sys_update_end",
    "my_account_authentication_method_failed",
    "my_account_authentication_method_succeeded",
];

/// How families of codes begin.
const FAMILIES: [&str; 8] =
    ["gd_", "limit_", "oidc_backchannel_", "ciba_", "passkey_", "fpa", "universal_logout_", "mgmt_api_"];

/// Whether a code is in Auth0's list, or of a family there.
pub(super) fn is_known(code: &str) -> bool {
    let lists = [SIGN_INS_ANSWERED, SIGN_INS_REFUSED, ISSUED, NOT_ISSUED, USED, &CALLS];
    lists.iter().any(|list| among(list, code))
        || change(code).is_some()
        || FAMILIES.iter().any(|begin| begins(code, begin))
}

/// All that a code tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub is_known: bool,
    pub is_call: bool,
    pub deed: Deed,
    pub outcome: Outcome,
}

impl Told {
    pub fn of(code: &str) -> Told {
        Told { is_known: is_known(code), is_call: is_call(code), deed: deed(code), outcome: outcome(code) }
    }
}

/// Whether it is a call of the Management API.
fn is_call(code: &str) -> bool {
    among(&CALLS, code)
}

/// Kind and words of a code.
fn deed(code: &str) -> Deed {
    if among(SIGN_INS_ANSWERED, code) || among(SIGN_INS_REFUSED, code) {
        (EventKind::Authenticated, NONE)
    } else if among(ISSUED, code) {
        (EventKind::Issued, NONE)
    } else {
        change(code).map_or((EventKind::Used, NONE), |words| (EventKind::Changed, words))
    }
}

/// How what a code says ended. Auth0 begins what succeeded with `s` and what failed with `f`.
fn outcome(code: &str) -> Outcome {
    if among(SIGN_INS_ANSWERED, code) || among(ISSUED, code) {
        return Outcome::Answered;
    }
    let refused = ["pwd_leak", "limit_", "api_limit", "signup_pwd_leak", "reset_pwd_leak"];
    if among(SIGN_INS_REFUSED, code) || among(NOT_ISSUED, code) || refused.iter().any(|it| begins(code, it)) {
        return Outcome::Refused;
    }
    let ends = |end: &str| code.to_ascii_lowercase().ends_with(end);
    if ends("_failed") || ends("_failure") {
        return Outcome::Refused;
    }
    if ends("_succeeded") || ends("_success") || ends("_complete") || ends("_succeed") {
        return Outcome::Answered;
    }
    match code.as_bytes().first() {
        Some(b's' | b'S') if is_known(code) && !begins(code, "sys_") => Outcome::Answered,
        Some(b'f' | b'F') if is_known(code) => Outcome::Refused,
        _ if ["du", "ublkdu", "gd_unenroll", "gd_user_delete", "gd_enroll"]
            .iter()
            .any(|it| code.eq_ignore_ascii_case(it)) =>
        {
            Outcome::Answered
        }
        _ => Outcome::Unknown,
    }
}

fn change(code: &str) -> Option<&'static [&'static str]> {
    CHANGES.iter().find(|(name, _)| code.eq_ignore_ascii_case(name)).map(|(_, words)| *words)
}

fn among(list: &[&str], code: &str) -> bool {
    list.iter().any(|name| code.eq_ignore_ascii_case(name))
}

fn begins(code: &str, with: &str) -> bool {
    code.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with))
}
