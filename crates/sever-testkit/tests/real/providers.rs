//! OpenID Connect providers, and the gateway that believes their tokens.

use anyhow::{Context, Result};
use sever_model::{EventKind, Outcome};
use sever_testkit::{Gateway, Glewlwyd, OidcProvider};

use crate::decoded::{Event, decoded};

#[test]
fn the_log_of_glewlwyd() -> Result<()> {
    let Some(glewlwyd) = Glewlwyd::start()? else { return Ok(()) };
    glewlwyd.add_user("bob", "Bob Ray", "bob-of-a-test")?;
    assert_eq!(glewlwyd.token("bob", "bob-of-a-test")?.status, 200);
    assert_eq!(glewlwyd.token("bob", "wrong")?.status, 403);
    assert!(glewlwyd.sign_in("bob", "bob-of-a-test")?.is_some() && glewlwyd.sign_in("bob", "wrong")?.is_none());

    let log = glewlwyd.log()?;
    let (events, _) = decoded(log.as_bytes(), "glewlwyd");
    let of = |kind: EventKind, outcome: Outcome| -> usize {
        let fits = |event: &&Event| event.kind == kind && event.outcome == outcome && event.actor == "bob";
        events.iter().filter(fits).count()
    };
    // An access and a refresh token; and signing in to the page, twice wrongly in all.
    assert_eq!(of(EventKind::Issued, Outcome::Answered), 2, "{events:#?}\n{log}");
    assert_eq!(of(EventKind::Authenticated, Outcome::Answered), 1);
    assert_eq!(of(EventKind::Authenticated, Outcome::Refused), 2);
    assert!(events.iter().any(|event| event.action == "create-account User added"));
    // The token that the plugin makes of nobody when it starts is none.
    assert!(log.contains("'(null)'") && events.iter().all(|event| event.actor != "myrddin"));
    Ok(())
}

#[test]
fn what_is_issued_is_what_is_used() -> Result<()> {
    let Some(provider) = OidcProvider::start(&sever_testkit::new_signing_key()?)? else { return Ok(()) };
    let Some(gateway) = Gateway::start(&provider)? else { return Ok(()) };
    let customer = OidcProvider::customer(7);
    let token = provider.token(&customer, &OidcProvider::password(&customer))?.context("no token")?;
    assert!(provider.token(&customer, "wrong")?.is_none());
    assert_eq!(gateway.curl("/api/me", &token)?.status, 200);
    assert_eq!(gateway.get("/api/me", &token)?.status, 200);
    let forged = token.chars().rev().collect::<String>();
    assert_eq!(gateway.get("/api/me", &forged)?.status, 401);

    let (issued, _) = decoded(provider.log()?.as_bytes(), "oidc-provider");
    let (used, _) = decoded(gateway.access_log()?.as_bytes(), "nginx-json");
    let [issuance] = issued.iter().filter(|event| event.kind == EventKind::Issued).collect::<Vec<_>>()[..] else {
        panic!("{issued:#?}")
    };
    let [curl, app, refused] = used.as_slice() else { panic!("{used:#?}") };
    for event in [curl, app] {
        assert_eq!(
            (&event.issuer, &event.credential, &event.token_subject, event.outcome),
            (&issuance.issuer, &issuance.credential, &issuance.token_subject, Outcome::Answered)
        );
    }
    assert_eq!((refused.credential.as_str(), refused.outcome), ("", Outcome::Refused));
    assert_eq!((issuance.issuer.as_str(), &issuance.token_subject), (OidcProvider::ISSUER, &customer));
    assert!(issued.iter().any(|event| event.kind == EventKind::Authenticated && event.outcome == Outcome::Refused));
    // No token is in the listener's log.
    assert!(!provider.log()?.contains(&token));
    Ok(())
}
