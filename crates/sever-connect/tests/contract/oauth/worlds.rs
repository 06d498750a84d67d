//! The two servers, each with one who leaves and one who stays.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sever_connect::{Connection, Login, connector};
use sever_model::act::Probe;
use sever_model::{AccountId, Door, DoorKind, Secret, VerdictStrength};
use sever_testkit::{Desk, DeskTokens, Glewlwyd, OidcProvider, new_signing_key};

use crate::suite::{self, Expected, For, Shows, World};

/// Nobody can revoke a JWT: it is open until its end.
const JWT: Expected =
    Expected { before: (Shows::Open, VerdictStrength::Observed), after: (Shows::Open, VerdictStrength::Observed) };

/// On `oidc-provider`: `c0007` leaves, `c0008` stays; both signed in at the desk.
pub(crate) struct Oidc {
    pub(crate) server: Option<OidcProvider>,
    pub(crate) url: String,
    pub(crate) cookies: String,
    pub(crate) tokens: DeskTokens,
    pub(crate) twin: String,
    pub(crate) twins: DeskTokens,
}

impl Oidc {
    pub(crate) fn start() -> Result<Option<Oidc>> {
        let Some(server) = OidcProvider::start(&new_signing_key()?)? else { return Ok(None) };
        let signed_in = |at: u32| -> Result<(String, DeskTokens)> {
            let desk = Desk::sign_in(&server, &OidcProvider::customer(at))?;
            Ok((desk.cookies(), desk.tokens()?))
        };
        let ((cookies, tokens), (twin, twins)) = (signed_in(7)?, signed_in(8)?);
        Ok(Some(Oidc { url: server.url(), server: Some(server), cookies, tokens, twin, twins }))
    }

    pub(crate) fn server(&self) -> Result<&OidcProvider> {
        self.server.as_ref().context("it is stopped")
    }

    pub(crate) fn is_live(&self, token: &str) -> Result<bool> {
        let answer = self.server()?.ask_as_desk("/token/introspection", &format!("token={token}"))?;
        Ok(is_active(&answer.body))
    }

    pub(crate) fn refreshes(&self) -> Result<u16> {
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
    fn expected(&self, door: &Door) -> Expected {
        match door.attribute("format") {
            "jwt" => JWT,
            _ => Expected::TRIED,
        }
    }
    fn stop(&mut self) {
        self.server = None;
    }
}

/// On Glewlwyd: bob leaves, ann stays.
pub(crate) struct Desktop {
    pub(crate) server: Option<Glewlwyd>,
    pub(crate) url: String,
    pub(crate) session: String,
    pub(crate) refresh: String,
    pub(crate) jwt: String,
    pub(crate) twin: Value,
}

impl Desktop {
    pub(crate) fn start() -> Result<Option<Desktop>> {
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

    pub(crate) fn server(&self) -> Result<&Glewlwyd> {
        self.server.as_ref().context("it is stopped")
    }

    pub(crate) fn is_live(&self, token: &str) -> Result<bool> {
        Ok(is_active(&self.server()?.ask_as_client("introspect", &format!("token={token}"))?.body))
    }

    pub(crate) fn signs_in(&self, user: &str) -> Result<bool> {
        let server = self.server()?;
        let Some(session) = server.sign_in(user, &format!("{user}-of-a-test"))? else { return Ok(false) };
        server.sign_out(&session)?;
        Ok(true)
    }

    /// A connection by the standards alone, with tokens that were found.
    pub(crate) fn by_standards(&self, tokens: &Value, more: &[(&str, &str)]) -> Result<suite::Opened> {
        let mut own = json!({ "client_secret": Glewlwyd::CLIENT.1 });
        if let (Some(own), Some(tokens)) = (own.as_object_mut(), tokens.as_object()) {
            own.extend(tokens.clone());
        }
        let mut all = settings(&[("server", "rfc"), ("issuer", Glewlwyd::ISSUER)]);
        all.extend(settings(more));
        let connection = Connection {
            id: "shop-found".into(),
            system: "desk".into(),
            url: format!("{}/oidc", self.url),
            settings: all,
            login: Some(login(Glewlwyd::CLIENT.0, own.to_string())),
            twin: Some(login("ann", self.twin.to_string())),
        };
        let kind = connector("oauth").map_err(|_| anyhow::anyhow!("no such connector"))?;
        let (doors, action) = (kind.open_doors.context("none")?, kind.open_action.context("none")?);
        Ok(suite::Opened { doors: doors(&connection)?, action: action(&connection)?, probe: probe_of(&connection)? })
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
    fn expected(&self, door: &Door) -> Expected {
        match door.kind {
            DoorKind::AccessToken => JWT,
            _ => Expected::TRIED,
        }
    }
    fn stop(&mut self) {
        self.server = None;
    }
}

pub(crate) fn secret(text: impl Into<String>) -> Secret<String> {
    Secret::new(text.into())
}

fn login(user: &str, text: impl Into<String>) -> Login {
    Login { user: user.to_owned(), secret: secret(text) }
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a connection can be opened for, when it is none of [`For`].
pub(crate) fn probe_of(connection: &Connection) -> Result<Box<dyn Probe>> {
    let open = connector("oauth").ok().and_then(|it| it.open_probe).context("it tries none")?;
    Ok(open(connection)?)
}

fn is_active(body: &str) -> bool {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    answer.get("active") == Some(&Value::Bool(true))
}
