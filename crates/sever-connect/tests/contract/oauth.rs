//! OAuth and OpenID Connect against two servers: npm's `oidc-provider`, with the documented administration
//! beside it, and Debian's Glewlwyd. The traps: what lives on when something else was closed.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sever_connect::Connection;
use sever_model::act::{Trial, Tried};
use sever_model::{Door, DoorKind, DoorState, EventTime, Receipt, Said, UnknownWhy, VerdictStrength};

use self::worlds::{Desktop, Oidc, probe_of, secret};
use crate::suite::{self, For, World};

mod worlds;

/// The doors of the leaver.
fn doors(world: &dyn World, opened: &suite::Opened) -> Result<Vec<Door>> {
    let (account, login) = world.leaver();
    Ok(opened.doors.doors(&account, &login, &suite::cx())?.doors)
}

/// The one door of a kind, a JWT or not.
fn one(doors: &[Door], kind: DoorKind, is_jwt: bool) -> Result<&Door> {
    let found = doors.iter().find(|door| door.kind == kind && (door.attribute("format") == "jwt") == is_jwt);
    found.with_context(|| format!("no {kind} in {doors:?}"))
}

/// Does the steps of these doors; what each receipt said.
fn cut(opened: &suite::Opened, doors: &[&Door]) -> Result<Vec<Said>> {
    Ok(receipts(opened, doors)?.into_iter().map(|receipt| receipt.said).collect())
}

fn receipts(opened: &suite::Opened, doors: &[&Door]) -> Result<Vec<Receipt>> {
    let steps = doors.iter().flat_map(|door| opened.action.steps(door).into_iter().map(|step| (*door, step)));
    let drafts: Vec<_> = steps.collect();
    suite::with_plan(&drafts, |approved| {
        approved.steps().map(|step| Ok(opened.action.execute(&step, &suite::cx())?)).collect()
    })
}

/// Tries a door without anybody's secret.
fn observed(opened: &suite::Opened, door: &Door) -> Tried {
    opened.probe.try_door(door, &Trial { nonce: "severance-test", secret: None, replaced: false }, &suite::cx())
}

/// The end that a JWT claims.
fn end_of(jwt: &str) -> Result<EventTime> {
    use base64::Engine as _;
    let body = jwt.split('.').nth(1).context("no JWT")?;
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body)?;
    let claims: Value = serde_json::from_slice(&body)?;
    claims.get("exp").and_then(Value::as_i64).map(EventTime::from_secs).context("no exp")
}

#[test]
fn oidc_provider_keeps_the_contract() -> Result<()> {
    let Some(mut world) = Oidc::start()? else { return Ok(()) };
    suite::keeps(&mut world)
}

#[test]
fn glewlwyd_keeps_the_contract() -> Result<()> {
    let Some(mut world) = Desktop::start()? else { return Ok(()) };
    suite::keeps(&mut world)
}

/// An offline token does not hang on the session that it came of.
#[test]
fn a_session_that_is_ended_leaves_the_refresh_token_open() -> Result<()> {
    let Some(world) = Oidc::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let (session, refresh) = (one(&doors, DoorKind::Session, false)?, one(&doors, DoorKind::RefreshToken, false)?);
    assert_eq!(cut(&opened, &[session])?, [Said::Done]);
    let tried = |door: &Door| suite::tried(&world, opened.probe.as_ref(), door, false);
    let closed = tried(session);
    assert_eq!((closed.state, closed.strength), (DoorState::Closed, VerdictStrength::Tried));
    assert!(matches!(tried(refresh).state, DoorState::Open { .. }), "{:?}", tried(refresh));
    assert_eq!(world.refreshes()?, 200);
    // And the other way round: with the grant, both tokens go that the server looks up.
    assert_eq!(cut(&opened, &[refresh])?, [Said::Done]);
    let access = one(&doors, DoorKind::AccessToken, false)?;
    for door in [refresh, access] {
        assert_eq!(tried(door).state, DoorState::Closed, "{:?}", tried(door));
    }
    assert!(tried(refresh).evidence.contains("invalid_grant"));
    assert_eq!(world.refreshes()?, 400);
    Ok(())
}

/// The applications of a session are told that it ended; who is told again is told nothing.
#[test]
fn applications_are_told_by_back_channel_logout() -> Result<()> {
    let Some(world) = Oidc::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let session = one(&doors, DoorKind::Session, false)?;
    for said in [Said::Done, Said::Already] {
        let [receipt] = receipts(&opened, &[session])?.try_into().map_err(|_| anyhow::anyhow!("not one"))?;
        assert_eq!(receipt.said, said);
        assert_eq!(receipt.answer.contains("told of it: desk"), said == Said::Done, "{receipt:?}");
        assert_eq!(world.server()?.logged_out()?, ["c0007"]);
    }
    Ok(())
}

#[test]
fn a_jwt_access_token_is_open_until_its_end() -> Result<()> {
    let (oidc, desk) = (Oidc::start()?, Desktop::start()?);
    let worlds = oidc
        .iter()
        .map(|it| (it as &dyn World, &it.tokens.jwt))
        .chain(desk.iter().map(|it| (it as &dyn World, &it.jwt)));
    for (world, jwt) in worlds {
        let opened = suite::open(world)?;
        let doors = doors(world, &opened)?;
        cut(&opened, &doors.iter().collect::<Vec<_>>())?;
        let door = one(&doors, DoorKind::AccessToken, true)?;
        assert!(opened.action.steps(door).is_empty());
        let end = end_of(jwt)?;
        let with = suite::tried(world, opened.probe.as_ref(), door, false);
        assert_eq!((with.state, with.strength), (DoorState::Open { until: Some(end) }, VerdictStrength::Observed));
        // Glewlwyd's books tell the time of the last one only by the refresh token.
        let DoorState::Open { until: Some(until) } = observed(&opened, door).state else { bail!("not open") };
        assert!((until.since(end).as_secs()).abs() <= 2, "{until} {end}");
        // It is listed still, after all else is gone.
        let left = doors_kinds(&self::doors(world, &opened)?);
        assert_eq!(left, [DoorKind::AccessToken]);
    }
    Ok(())
}

fn doors_kinds(doors: &[Door]) -> Vec<DoorKind> {
    doors.iter().map(|door| door.kind).collect()
}

/// The book says disabled, the sign-in is refused, and the client goes on getting tokens.
#[test]
fn a_disabled_user_of_glewlwyd_keeps_a_refresh_token() -> Result<()> {
    let Some(world) = Desktop::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let (login, refresh) = (one(&doors, DoorKind::Login, false)?, one(&doors, DoorKind::RefreshToken, false)?);
    assert_eq!(cut(&opened, &[login])?, [Said::Done]);
    let tried = |door: &Door| suite::tried(&world, opened.probe.as_ref(), door, false);
    assert_eq!(tried(login).state, DoorState::Closed, "{:?}", tried(login));
    assert!(matches!(tried(refresh).state, DoorState::Open { .. }), "{:?}", tried(refresh));
    let form = format!("grant_type=refresh_token&refresh_token={}", world.refresh);
    assert_eq!(world.server()?.ask_as_client("token", &form)?.status, 200);
    assert_eq!(cut(&opened, &[login])?, [Said::Already]);
    Ok(())
}

/// Both servers say 200 to the revocation of what they never gave, and the token that was meant lives: no
/// receipt is made of such an answer, and none would prove anything.
#[test]
fn revoking_what_was_never_issued_is_answered_with_200() -> Result<()> {
    if let Some(world) = Oidc::start()? {
        let answer = world.server()?.ask_as_desk("/token/revocation", "token=never-issued-at-all")?;
        assert_eq!(answer.status, 200);
        let opened = suite::open(&world)?;
        let doors = doors(&world, &opened)?;
        let refresh = one(&doors, DoorKind::RefreshToken, false)?;
        let tried = suite::tried(&world, opened.probe.as_ref(), refresh, false);
        assert!(matches!(tried.state, DoorState::Open { .. }), "{tried:?}");
    }
    if let Some(world) = Desktop::start()? {
        assert_eq!(world.server()?.ask_as_client("revoke", "token=never-issued-at-all")?.status, 200);
        let opened = world.by_standards(&json!({ "refresh_token": "never-issued-at-all" }), &[])?;
        assert_eq!(doors(&world, &opened)?, []);
        let mut door = Door::new(&"desk".into(), DoorKind::RefreshToken, "found");
        let fingerprint = "1e02c4dc725f367cdc672d4a6cde85dca8f0f531c46267fa9bcda8694a4f6996";
        door.attributes = [("account", "bob"), ("client", "desk"), ("fingerprint", fingerprint)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(cut(&opened, &[&door])?, [Said::Already]);
        assert!(world.is_live(&world.refresh)?);
    }
    Ok(())
}

/// A secret that is another's is refused as one that was revoked: it must not pass for it.
#[test]
fn a_wrong_secret_closes_nothing() -> Result<()> {
    let Some(world) = Oidc::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    for door in doors(&world, &opened)?.iter().filter(|door| door.attribute("format") != "jwt") {
        let wrong = secret("no-secret-of-theirs");
        let trial = Trial { nonce: "severance-test", secret: Some(&wrong), replaced: false };
        let tried = opened.probe.try_door(door, &trial, &suite::cx());
        assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::ControlFailed), "{}: {tried:?}", door.id);
    }
    let Some(world) = Desktop::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let wrong = secret("not-the-password-of-bob");
    let trial = Trial { nonce: "severance-test", secret: Some(&wrong), replaced: false };
    let tried = opened.probe.try_door(one(&doors, DoorKind::Login, false)?, &trial, &suite::cx());
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    Ok(())
}

/// Where nobody has the leaver's secrets, the books are looked at: that is observed, and no proof.
#[test]
fn without_secrets_it_is_observed() -> Result<()> {
    let (oidc, desk) = (Oidc::start()?, Desktop::start()?);
    for world in oidc.iter().map(|it| it as &dyn World).chain(desk.iter().map(|it| it as &dyn World)) {
        let opened = suite::open(world)?;
        let all = doors(world, &opened)?;
        let doors: Vec<&Door> = all.iter().filter(|door| door.attribute("format") != "jwt").collect();
        for door in &doors {
            let tried = observed(&opened, door);
            ensure!(matches!(tried.state, DoorState::Open { .. }), "{}: {tried:?}", door.id);
        }
        cut(&opened, &doors)?;
        for door in &doors {
            let tried = observed(&opened, door);
            assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
        }
        let wrongly = probe_of(&world.connection(For::ProbingWrongly).context("no connection")?)?;
        for door in &doors {
            let trial = Trial { nonce: "severance-test", secret: None, replaced: false };
            let tried = wrongly.try_door(door, &trial, &suite::cx());
            ensure!(matches!(tried.state, DoorState::Unknown(_)), "{}: {tried:?}", door.id);
        }
    }
    Ok(())
}

#[test]
fn without_a_twin_a_dead_token_is_ambiguous() -> Result<()> {
    let Some(world) = Oidc::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let refresh = one(&doors, DoorKind::RefreshToken, false)?;
    cut(&opened, &[refresh])?;
    let connection = Connection { twin: None, ..world.connection(For::Probing).context("no connection")? };
    let tried = suite::tried(&world, probe_of(&connection)?.as_ref(), refresh, false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous));
    Ok(())
}

/// By the standards alone: a token that was found, in a repository say, is revoked and tried. A JWT too,
/// where every verifier asks.
#[test]
fn a_found_token_is_revoked_by_its_value() -> Result<()> {
    let Some(world) = Desktop::start()? else { return Ok(()) };
    let tokens = json!({ "refresh_token": [world.refresh], "access_token": world.jwt });
    let open = |more: &[(&str, &str)]| world.by_standards(&tokens, more);
    let opened = open(&[])?;
    let doors = doors(&world, &opened)?;
    assert_eq!(doors_kinds(&doors), [DoorKind::RefreshToken, DoorKind::AccessToken]);
    let (refresh, jwt) = (one(&doors, DoorKind::RefreshToken, false)?, one(&doors, DoorKind::AccessToken, true)?);
    assert!(doors.iter().all(|door| !door.id.as_str().contains(&world.refresh)));
    assert!(matches!(observed(&opened, refresh).state, DoorState::Open { .. }));
    assert!(opened.action.steps(jwt).is_empty());
    assert_eq!(cut(&opened, &[refresh])?, [Said::Done]);
    assert_eq!(cut(&opened, &[refresh])?, [Said::Already]);
    let tried = observed(&opened, refresh);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    assert!(!world.is_live(&world.refresh)?);

    let asking = open(&[("verifiers_ask", "true")])?;
    assert!(matches!(observed(&asking, jwt).state, DoorState::Open { .. }));
    assert_eq!(cut(&asking, &[jwt])?, [Said::Done]);
    let tried = observed(&asking, jwt);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    // Whoever does not ask believes it still.
    assert_eq!(observed(&opened, jwt).state, DoorState::Open { until: Some(end_of(&world.jwt)?) });
    Ok(())
}

/// What is undone by the inverse is as it was.
#[test]
fn a_disabled_user_can_be_enabled_again() -> Result<()> {
    let Some(world) = Desktop::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = doors(&world, &opened)?;
    let login = one(&doors, DoorKind::Login, false)?;
    let mut step = opened.action.steps(login).into_iter().next().context("no step")?;
    suite::execute(&opened, &[(login, step.clone())])?;
    assert!(!world.signs_in("bob")?);
    let sever_model::Inverse::By(operation) = step.inverse.clone() else { bail!("no inverse") };
    step.operation = operation;
    suite::execute(&opened, &[(login, step)])?;
    assert!(world.signs_in("bob")?);
    Ok(())
}
