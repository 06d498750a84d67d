//! What Okta's event types tell.

use sever_model::EventKind;

use super::deed::{Deed, is_in_session};

#[test]
fn an_event_type_tells_its_kind_and_words() {
    use EventKind::{Authenticated, Changed, Issued, Read, Used};
    let cases: &[(&str, EventKind, &str)] = &[
        ("user.session.start", Authenticated, ""),
        ("user.authentication.auth_via_social", Authenticated, ""),
        ("app.oauth2.as.authorize.code", Authenticated, ""),
        ("app.oauth2.as.authorize.implicit.id_token", Issued, ""),
        ("app.oauth2.token.grant.refresh_token", Issued, ""),
        ("user.session.clear", Changed, "disable"),
        ("user.session.end", Used, ""),
        ("user.lifecycle.create", Changed, "create-account"),
        ("user.lifecycle.suspend", Changed, "disable"),
        ("user.lifecycle.reactivate", Changed, "enable"),
        ("user.lifecycle.delete.initiated", Changed, "delete"),
        ("user.account.lock", Changed, "disable"),
        ("user.account.privilege.revoke", Changed, ""),
        ("group.user_membership.remove", Changed, ""),
        ("group.lifecycle.delete", Changed, "delete"),
        ("group.privilege.grant", Changed, "grant"),
        ("application.user_membership.add", Changed, "grant"),
        ("app.oauth2.as.consent.grant", Changed, "grant"),
        ("system.api_token.create", Changed, "create-key"),
        ("system.api_token.revoke", Changed, "disable"),
        ("app.oauth2.credentials.lifecycle.create", Changed, "create-key"),
        ("system.idp.lifecycle.create", Changed, "grant"),
        ("event_hook.deactivated", Changed, "audit"),
        ("system.log_stream.lifecycle.deactivate", Changed, "disable audit"),
        ("pam.secret.reveal", Read, ""),
        ("app.audit_report.download", Used, "export"),
        ("security.threat.detected", Used, ""),
        ("system.org.rate_limit.warning", Used, ""),
    ];
    for (name, kind, words) in cases {
        let deed = Deed::of(name);
        assert_eq!((deed.kind, deed.words.join(" ")), (*kind, (*words).to_owned()), "{name}");
    }
}

#[test]
fn what_comes_before_a_session_is_no_use_of_it() {
    for name in ["user.mfa.factor.activate", "user.account.update_password", "user.authentication.auth_via_mfa"] {
        assert!(!is_in_session(name, Deed::of(name).kind), "{name}");
    }
    for name in ["group.user_membership.add", "user.authentication.sso", "app.oauth2.authorize.code"] {
        assert!(is_in_session(name, Deed::of(name).kind), "{name}");
    }
}
