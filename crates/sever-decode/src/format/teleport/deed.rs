//! What a Teleport event is: its kind, and our words for it.
//!
//! Source: the audit event reference of Teleport's documentation. Of events that are not listed the
//! ending tells: what was created, updated or deleted is a change.

use sever_model::EventKind;

/// What an event is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed {
    pub kind: EventKind,
    pub words: &'static [&'static str],
}

const ACCOUNT: &[&str] = &["create-account"];
const KEY: &[&str] = &["create-key"];
const GRANT: &[&str] = &["grant"];
const DELETE: &[&str] = &["delete"];
const UNGRANT: &[&str] = &["delete", "grant"];
const AUDIT: &[&str] = &["audit"];

/// Changes whose ending does not say what they are.
const CHANGES: &[(&str, &[&str])] = &[
    ("user.create", ACCOUNT),
    ("bot.create", ACCOUNT),
    ("static_host_user.create", ACCOUNT),
    ("db.session.user.create", ACCOUNT),
    ("scim.create", ACCOUNT),
    ("user.update", GRANT),
    ("bot.update", GRANT),
    ("static_host_user.update", GRANT),
    ("db.session.permissions.update", GRANT),
    ("db.session.user.deactivate", &["disable"]),
    ("user.password_change", KEY),
    ("reset_password_token.create", KEY),
    ("recovery_code.generated", KEY),
    ("recovery_token.create", KEY),
    ("privilege_token.create", KEY),
    ("join_token.create", KEY),
    ("trusted_cluster_token.create", KEY),
    ("mfa.add", KEY),
    ("device.create", KEY),
    ("device.enroll", KEY),
    ("device.token.create", KEY),
    ("device.webtoken.create", KEY),
    ("workload_identity_x509_issuer_override.create", KEY),
    ("role.created", GRANT),
    ("role.updated", GRANT),
    ("role.deleted", UNGRANT),
    ("github.created", GRANT),
    ("github.updated", GRANT),
    ("github.deleted", UNGRANT),
    ("oidc.created", GRANT),
    ("oidc.updated", GRANT),
    ("oidc.deleted", UNGRANT),
    ("saml.created", GRANT),
    ("saml.updated", GRANT),
    ("saml.deleted", UNGRANT),
    ("trusted_cluster.create", GRANT),
    ("trusted_cluster.delete", UNGRANT),
    ("login_rule.create", GRANT),
    ("login_rule.delete", UNGRANT),
    ("access_request.delete", UNGRANT),
    ("access_request.expire", &[]),
    ("access_list.review", GRANT),
    ("okta.assignment.process", GRANT),
    ("okta.assignment.cleanup", GRANT),
    ("okta.groups.update", GRANT),
    ("okta.user.sync", &[]),
    ("lock.created", &["disable"]),
    ("lock.deleted", &["enable"]),
    ("session_recording_config.update", AUDIT),
    ("external_audit_storage.enable", &["enable", "audit"]),
    ("external_audit_storage.disable", &["disable", "audit"]),
    ("plugin.create", &[]),
    ("upgradewindow.update", &[]),
];

impl Deed {
    /// What an event of that name is. `verb` and `request` are those of a request to Kubernetes,
    /// `state` that of an access request.
    pub fn of(event: &str, verb: &str, request: &str, state: &str) -> Deed {
        let is = |name: &str| event.eq_ignore_ascii_case(name);
        let begins = |name: &str| event.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        let used = Deed { kind: EventKind::Used, words: &[] };
        if ["user.login", "auth", "bot.join", "instance.join", "saml.idp.auth", "recovery_code.used"]
            .iter()
            .any(|it| is(it))
            || begins("device.authenticate")
        {
            return Deed { kind: EventKind::Authenticated, words: &[] };
        }
        if is("cert.create") || is("spiffe.svid.issued") {
            return Deed { kind: EventKind::Issued, words: &[] };
        }
        if is("kube.request") {
            return kubernetes(verb, request);
        }
        if let Some((_, words)) = CHANGES.iter().find(|(name, _)| is(name)) {
            return Deed { kind: EventKind::Changed, words };
        }
        if begins("access_request.") && !is("access_request.search") {
            // A request gives nothing; its approval does.
            let approved = state.eq_ignore_ascii_case("APPROVED");
            return Deed { kind: EventKind::Changed, words: if approved { GRANT } else { &[] } };
        }
        let rights = begins("access_list.") || begins("saml.idp.service.provider");
        match event.rsplit('.').next().unwrap_or(event).to_ascii_lowercase().as_str() {
            "delete" | "deleted" | "delete_all" | "delete_all_for_access_list" => {
                Deed { kind: EventKind::Changed, words: if rights { UNGRANT } else { DELETE } }
            }
            "create" | "created" | "update" | "updated" | "add" | "enable" | "disable" => {
                Deed { kind: EventKind::Changed, words: if rights { GRANT } else { &[] } }
            }
            "drop_db" => Deed { kind: EventKind::Changed, words: DELETE },
            _ => used,
        }
    }
}

/// A request to Kubernetes: what writes changes, and what gets secrets reads them.
fn kubernetes(verb: &str, request: &str) -> Deed {
    let is = |name: &str| verb.eq_ignore_ascii_case(name);
    let path = request.split('?').next().unwrap_or(request);
    let on = |kind: &str| path.split('/').any(|part| part.eq_ignore_ascii_case(kind));
    let (kind, words): (EventKind, &'static [&'static str]) = if is("delete") {
        (EventKind::Changed, DELETE)
    } else if is("post") || is("put") || is("patch") {
        let words = if on("serviceaccounts") && on("token") {
            KEY
        } else if on("serviceaccounts") && is("post") {
            ACCOUNT
        } else if path.to_ascii_lowercase().contains("/rbac.authorization.k8s.io/") {
            GRANT
        } else {
            &[]
        };
        // `exec` and its like are posted, and change nothing by themselves.
        let opens = on("exec") || on("attach") || on("portforward") || on("selfsubjectaccessreviews");
        (if opens { EventKind::Used } else { EventKind::Changed }, words)
    } else if on("secrets") && !is("watch") {
        (EventKind::Read, &[])
    } else {
        (EventKind::Used, &[])
    };
    Deed { kind, words }
}

/// Whether the `name` of such an event is an account's.
pub(super) fn names_account(event: &str) -> bool {
    ["user.", "bot.", "static_host_user.", "reset_password_token.", "recovery_", "privilege_token."]
        .iter()
        .any(|begin| event.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin)))
}
