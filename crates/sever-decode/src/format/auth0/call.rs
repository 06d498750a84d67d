//! What a call of Auth0's Management API does, by its method and path.

use sever_model::EventKind;

/// A call, as its record tells it.
pub(super) struct Call<'a> {
    pub method: &'a str,
    /// `/api/v2/users/auth0%7C7`, or without `/api`.
    pub path: &'a str,
    /// What the answer says of the thing's being enabled.
    pub enabled: Option<bool>,
    /// What the body says of a user's being blocked.
    pub blocked: Option<bool>,
    pub sets_password: bool,
}

/// Kind and words of a call.
pub(super) fn deed(code: &str, call: &Call<'_>) -> (EventKind, &'static [&'static str]) {
    let is = |method: &str| call.method.eq_ignore_ascii_case(method);
    if is("get") || is("head") || code.eq_ignore_ascii_case("mgmt_api_read") {
        return (EventKind::Used, &[]);
    }
    let (first, second, third) = (part(call.path, 0), part(call.path, 1), part(call.path, 2));
    let words: &[&str] = match (first, second, third) {
        ("users", _, "roles" | "permissions") | ("roles", _, _) | ("client-grants" | "grants", _, _)
            if is("delete") =>
        {
            &["delete", "grant"]
        }
        ("log-streams", _, _) if is("delete") => &["delete", "audit"],
        _ if is("delete") => &["delete"],
        ("log-streams", _, _) => &["audit"],
        ("users", _, "roles" | "permissions") | ("roles", _, _) | ("client-grants" | "grants", _, _) => &["grant"],
        ("organizations", _, "members" | "invitations" | "enabled_connections") => &["grant"],
        ("tenant-members" | "tenant-invitations", _, _) => &["grant"],
        ("users", "", _) if is("post") => &["create-account"],
        ("clients", "", _) if is("post") => &["create-account", "create-key"],
        ("clients", _, "rotate-secret" | "credentials") | ("keys", ..) | ("tickets", "password-change", _) => {
            &["create-key"]
        }
        ("users", _, "authentication-methods") | ("guardian", "enrollments", _) => &["create-key"],
        ("users", ..) if call.sets_password => &["create-key"],
        ("users", ..) if call.blocked == Some(true) => &["disable"],
        ("users", ..) if call.blocked == Some(false) => &["enable"],
        ("jobs", "users-exports", _) => &["export"],
        ("jobs", "users-imports", _) => &["create-account"],
        ("attack-protection" | "anomaly" | "guardian" | "risk-assessment", ..) => match call.enabled {
            Some(true) => &["enable"],
            Some(false) => &["disable"],
            None => &[],
        },
        _ => &[],
    };
    (EventKind::Changed, words)
}

/// Writes the user whom a path names: `auth0|7` of `/api/v2/users/auth0%7C7`; nothing where it names none.
pub(super) fn user(path: &str, into: &mut String) {
    into.clear();
    if part(path, 0) != "users" {
        return;
    }
    let mut rest = part(path, 1);
    while let Some((before, after)) = rest.split_once('%') {
        into.push_str(before);
        let bar = after.strip_prefix("7C").or_else(|| after.strip_prefix("7c"));
        into.push(if bar.is_some() { '|' } else { '%' });
        rest = bar.unwrap_or(after);
    }
    into.push_str(rest);
}

/// The n-th part of a path behind its version.
fn part(path: &str, at: usize) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    path.split('/')
        .filter(|part| !part.is_empty())
        .skip_while(|part| matches!(*part, "api" | "v2"))
        .nth(at)
        .unwrap_or("")
}
