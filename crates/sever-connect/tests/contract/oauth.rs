//! OAuth and OpenID Connect against two servers: npm's `oidc-provider`, with the documented administration
//! beside it, and Debian's Glewlwyd. The traps: what lives on when something else was closed.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sever_connect::{Connection, Login, connector};
use sever_model::act::{Probe, Trial, Tried};
use sever_model::{AccountId, Door, DoorKind, DoorState, EventTime, Said, Secret, UnknownWhy, VerdictStrength};
use sever_testkit::{Desk, DeskTokens, Glewlwyd, OidcProvider, new_signing_key};

use crate::suite::{self, For, World};

fn secret(text: impl Into<String>) -> Secret<String> {
    Secret::new(text.into())
}

fn login(user: &str, text: impl Into<String>) -> Login {
    Login { user: user.to_owned(), secret: secret(text) }
}

fn settings(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a connection can be opened for, when it is none of [`For`].
fn probe_of(connection: &Connection) -> Result<Box<dyn Probe>> {
    let open = connector("oauth").ok().and_then(|it| it.open_probe).context("it tries none")?;
    Ok(open(connection)?)
}

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
    let steps = doors.iter().flat_map(|door| opened.action.steps(door).into_iter().map(|step| (*door, step)));
    let drafts: Vec<_> = steps.collect();
    suite::with_plan(&drafts, |approved| {
        approved.steps().map(|step| Ok(opened.action.execute(&step, &suite::cx())?.said)).collect()
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

fn is_active(body: &str) -> bool {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    answer.get("active") == Some(&Value::Bool(true))
}

/// On `oidc-provider`: `c0007` leaves, `c0008` stays; both signed in at the desk.
struct Oidc {
    server: Option<OidcProvider>,
    url: String,
    cookies: String,
    tokens: DeskTokens,
    twin: String,
    twins: DeskTokens,
}

impl Oidc {
    fn start() -> Result<Option<Oidc>> {
        let Some(server) = OidcProvider::start(&new_signing_key()?)? else { return Ok(None) };
        let signed_in = |at: u32| -> Result<(String, DeskTokens)> {
            let desk = Desk::sign_in(&server, &OidcProvider::customer(at))?;
            Ok((desk.cookies(), desk.tokens()?))
        };
        let ((cookies, tokens), (twin, twins)) = (signed_in(7)?, signed_in(8)?);
        Ok(Some(Oidc { url: server.url(), server: Some(server), cookies, tokens, twin, twins }))
    }

    fn server(&self) -> Result<&OidcProvider> {
        self.server.as_ref().context("it is stopped")
    }

    fn is_live(&self, token: &str) -> Result<bool> {
        let answer = self.server()?.ask_as_desk("/token/introspection", &format!("token={token}"))?;
        Ok(is_active(&answer.body))
    }

    fn refreshes(&self) -> Result<u16> {
        let form = format!("grant_type=refresh_token&refresh_token={}", self.tokens.refresh);
        Ok(self.server()?.ask_as_desk("/token", &form)?.status)
    }
}

impl World for Oidc {
    fn connector(&self) -> &'static str {
        "oauth"
    }
    fn connection(&self, what: For) -> Option<Connection> {
        let probing = |client: &str, token: &str| {
            login(OidcProvider::DESK.0, json!({ "client_secret": client, "token": token }).to_string())
        };
        let login_of = match what {
            For::Reading => login("", OidcProvider::READING),
            For::Cutting => login("", OidcProvider::CUTTING),
            For::Probing => probing(OidcProvider::DESK.1, OidcProvider::READING),
            For::ProbingWrongly => probing("no-secret-of-this-client", "no-token-of-this-server"),
        };
        let twins = json!({
            "session": self.twin, "refresh_token": self.twins.refresh, "access_token": self.twins.access,
        });
        Some(Connection {
            id: "shop-id".into(),
            system: "id".into(),
            url: self.url.clone(),
            settings: settings(&[
                ("server", "oidc-provider"),
                ("issuer", OidcProvider::ISSUER),
                ("redirect_uri", OidcProvider::BACK),
            ]),
            login: Some(login_of),
            twin: Some(login("c0008", twins.to_string())),
        })
    }
    fn leaver(&self) -> (AccountId, String) {
        ("id/c0007".into(), "c0007".to_owned())
    }
    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![(DoorKind::Session, 1), (DoorKind::RefreshToken, 1), (DoorKind::AccessToken, 2)]
    }
    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        match (door.kind, door.attribute("format")) {
            (DoorKind::Session, _) => Some(secret(&self.cookies)),
            (DoorKind::RefreshToken, _) => Some(secret(&self.tokens.refresh)),
            (_, "jwt") => Some(secret(&self.tokens.jwt)),
            _ => Some(secret(&self.tokens.access)),
        }
    }
    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        Ok(match (door.kind, door.attribute("format")) {
            (DoorKind::Session, _) => Some(self.server()?.is_signed_in(&self.cookies)?),
            (DoorKind::RefreshToken, _) => Some(self.is_live(&self.tokens.refresh)?),
            (_, "jwt") => None,
            _ => Some(self.server()?.believes(&self.tokens.access)?),
        })
    }
    fn bystander_gets_in(&self) -> Result<bool> {
        let server = self.server()?;
        Ok(server.is_signed_in(&self.twin)?
            && server.believes(&self.twins.access)?
            && self.is_live(&self.twins.refresh)?)
    }
    fn stays_open(&self, door: &Door) -> Option<&'static str> {
        (door.attribute("format") == "jwt").then_some("nobody can revoke a JWT")
    }
    fn stop(&mut self) {
        self.server = None;
    }
}

/// On Glewlwyd: bob leaves, ann stays.
struct Desktop {
    server: Option<Glewlwyd>,
    url: String,
    session: String,
    refresh: String,
    jwt: String,
    twin: Value,
}

impl Desktop {
    fn start() -> Result<Option<Desktop>> {
        let Some(server) = Glewlwyd::start()? else { return Ok(None) };
        let tokens = |user: &str| -> Result<(String, String)> {
            server.add_user(user, user, &format!("{user}-of-a-test"))?;
            let given: Value = serde_json::from_str(&server.token(user, &format!("{user}-of-a-test"))?.body)?;
            let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned).context("no token");
            Ok((text("refresh_token")?, text("access_token")?))
        };
        let ((refresh, jwt), (twins_refresh, twins_jwt)) = (tokens("bob")?, tokens("ann")?);
        let session = server.sign_in("bob", "bob-of-a-test")?.context("bob is not let in")?;
        let twin = json!({ "password": "ann-of-a-test", "refresh_token": twins_refresh, "access_token": twins_jwt });
        Ok(Some(Desktop { url: server.url(), server: Some(server), session, refresh, jwt, twin }))
    }

    fn server(&self) -> Result<&Glewlwyd> {
        self.server.as_ref().context("it is stopped")
    }

    fn is_live(&self, token: &str) -> Result<bool> {
        Ok(is_active(&self.server()?.ask_as_client("introspect", &format!("token={token}"))?.body))
    }

    fn signs_in(&self, user: &str) -> Result<bool> {
        let server = self.server()?;
        let Some(session) = server.sign_in(user, &format!("{user}-of-a-test"))? else { return Ok(false) };
        server.sign_out(&session)?;
        Ok(true)
    }

    /// A connection by the standards alone, with tokens that were found.
    fn found(&self, tokens: &Value, more: &[(&str, &str)]) -> Connection {
        let mut own = json!({ "client_secret": Glewlwyd::CLIENT.1 });
        if let (Some(own), Some(tokens)) = (own.as_object_mut(), tokens.as_object()) {
            own.extend(tokens.clone());
        }
        let mut all = settings(&[("server", "rfc"), ("issuer", Glewlwyd::ISSUER)]);
        all.extend(settings(more));
        Connection {
            id: "shop-found".into(),
            system: "desk".into(),
            url: format!("{}/oidc", self.url),
            settings: all,
            login: Some(login(Glewlwyd::CLIENT.0, own.to_string())),
            twin: Some(login("ann", self.twin.to_string())),
        }
    }
}

impl World for Desktop {
    fn connector(&self) -> &'static str {
        "oauth"
    }
    fn connection(&self, what: For) -> Option<Connection> {
        let (administrator, password) = Glewlwyd::ADMINISTRATOR;
        let probing = |client: &str, password: &str| {
            login(Glewlwyd::CLIENT.0, json!({ "client_secret": client, "password": password }).to_string())
        };
        let login_of = match what {
            For::Reading | For::Cutting => login(administrator, password),
            For::Probing => probing(Glewlwyd::CLIENT.1, password),
            For::ProbingWrongly => probing("no-secret-of-this-client", "no-password"),
        };
        Some(Connection {
            id: "shop-desk".into(),
            system: "desk".into(),
            url: self.url.clone(),
            settings: settings(&[("server", "glewlwyd"), ("issuer", Glewlwyd::ISSUER)]),
            login: Some(login_of),
            twin: Some(login("ann", self.twin.to_string())),
        })
    }
    fn leaver(&self) -> (AccountId, String) {
        ("desk/bob".into(), "bob".to_owned())
    }
    fn doors(&self) -> Vec<(DoorKind, usize)> {
        let kinds = [DoorKind::Login, DoorKind::Session, DoorKind::RefreshToken, DoorKind::AccessToken];
        kinds.map(|kind| (kind, 1)).to_vec()
    }
    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        Some(secret(match door.kind {
            DoorKind::Login => "bob-of-a-test",
            DoorKind::Session => &self.session,
            DoorKind::RefreshToken => &self.refresh,
            _ => &self.jwt,
        }))
    }
    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        Ok(match door.kind {
            DoorKind::Login => Some(self.signs_in("bob")?),
            DoorKind::Session => Some(self.server()?.is_signed_in(&self.session)?),
            DoorKind::RefreshToken => Some(self.is_live(&self.refresh)?),
            _ => None,
        })
    }
    fn bystander_gets_in(&self) -> Result<bool> {
        let refresh = self.twin.get("refresh_token").and_then(Value::as_str).context("no token")?;
        Ok(self.signs_in("ann")? && self.is_live(refresh)?)
    }
    fn stays_open(&self, door: &Door) -> Option<&'static str> {
        (door.kind == DoorKind::AccessToken).then_some("nobody can revoke a JWT")
    }
    fn stop(&mut self) {
        self.server = None;
    }
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

/// Both servers say 200 to the revocation of what they never gave; the token that was meant lives.
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
    let open = |more: &[(&str, &str)]| -> Result<suite::Opened> {
        let (kind, connection) = (connector("oauth"), world.found(&tokens, more));
        let kind = kind.map_err(|_| anyhow::anyhow!("no such connector"))?;
        let (doors, action) = (kind.open_doors.context("none")?, kind.open_action.context("none")?);
        Ok(suite::Opened { doors: doors(&connection)?, action: action(&connection)?, probe: probe_of(&connection)? })
    };
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
