//! An authorisation server by its published interface: discovery (RFC 8414, OpenID Connect Discovery),
//! introspection (RFC 7662), revocation (RFC 7009), the refresh grant (RFC 6749 §6), userinfo and the
//! authorisation endpoint. What an answer means is decided by pure functions.
//!
//! Only endpoints on the configured host are asked.

use std::sync::OnceLock;

use serde_json::Value;
use sever_model::act::{ActError, Cx};
use sever_model::{EventTime, Secret, Span};

use super::tokens::seconds;
use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, Http, encoded};

/// A server, and the client that asks it.
pub(crate) struct Server {
    http: Http,
    /// What the plugin or realm adds to the address.
    below: String,
    issuer: String,
    client: String,
    secret: Secret<String>,
    endpoints: OnceLock<Endpoints>,
}

/// The paths of its endpoints on its host.
#[derive(Debug, Default)]
struct Endpoints {
    introspection: Option<String>,
    revocation: Option<String>,
    token: Option<String>,
    userinfo: Option<String>,
    authorization: Option<String>,
    jwks: Option<String>,
}

/// What introspection says of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Live {
    Active {
        until: Option<EventTime>,
        client: String,
        /// Whose it is: `sub` and `username`, as far as they are told.
        of: Vec<String>,
    },
    Inactive,
    /// It does not look at tokens of this kind.
    Unsupported,
    /// It does not know the client that asks.
    BadProbe(String),
    Failed(ActError),
}

/// What trying a secret showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Yes(String),
    No(String),
    /// Refused without a word of why: it says neither closed nor a bad probe.
    Silent(String),
    BadProbe(String),
    Failed(ActError),
}

/// The keys that a server publishes, and what time it is there.
pub(crate) struct Published {
    pub(crate) kids: Vec<String>,
    pub(crate) date: Option<EventTime>,
}

impl Server {
    pub(crate) fn of(
        connection: &Connection,
        below: &str,
        client: String,
        secret: Secret<String>,
    ) -> Result<Server, ConnectionError> {
        let http = Http::of(connection)?;
        let own = format!("{}{below}", connection.url.trim_end_matches('/'));
        let issuer = connection.setting("issuer").unwrap_or(&own).trim_end_matches('/').to_owned();
        Ok(Server { http, below: below.to_owned(), issuer, client, secret, endpoints: OnceLock::new() })
    }

    /// The client's id.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    fn endpoints(&self, cx: &Cx<'_>) -> Result<&Endpoints, ActError> {
        if let Some(endpoints) = self.endpoints.get() {
            return Ok(endpoints);
        }
        let openid = format!("{}/.well-known/openid-configuration", self.below);
        let mut answer = self.http.ask(&Ask::new("GET", &openid), cx.patience)?;
        if !(answer.is_success() && answer.json().is_object()) {
            // RFC 8414 §3.1: the path of the issuer comes after the well-known one.
            let oauth = format!("/.well-known/oauth-authorization-server{}{}", self.http.own_path(), self.below);
            answer = self.http.origin().ask(&Ask::new("GET", &oauth), cx.patience)?;
        }
        let endpoints = discovered(&answer, &self.issuer, &self.http)?;
        Ok(self.endpoints.get_or_init(|| endpoints))
    }

    fn place<'a>(&self, path: &'a Option<String>, name: &str) -> Result<&'a str, ActError> {
        path.as_deref().ok_or_else(|| ActError::Unexpected(format!("it has no {name} endpoint on this host")))
    }

    fn post(&self, path: &str, form: &[(&str, &str)], nonce: &str, cx: &Cx<'_>) -> Result<Answer, ActError> {
        let ask =
            Ask::new("POST", path).form(form).header("user-agent", agent(nonce)).header("accept", "application/json");
        // RFC 6749 §2.3.1: both are encoded as in a form before they are a name and password.
        let ask = ask.basic(&encoded(&self.client), &encoded(self.secret.expose()));
        self.http.origin().ask(&ask, cx.patience)
    }

    /// Whether a token is live; changes nothing.
    pub(crate) fn introspect(&self, token: &str, hint: &str, nonce: &str, cx: &Cx<'_>) -> Live {
        let form = [("token", token), ("token_type_hint", hint)];
        let asked = self.endpoints(cx).and_then(|it| self.place(&it.introspection, "introspection"));
        match asked.and_then(|place| self.post(place, &form, nonce, cx)) {
            Ok(answer) => live(&answer),
            Err(error) => Live::Failed(error),
        }
    }

    /// Revokes a token. That it answers 200 says nothing: it does for a token that it never issued.
    pub(crate) fn revoke(&self, token: &str, hint: &str, cx: &Cx<'_>) -> Result<Answer, ActError> {
        let place = self.place(&self.endpoints(cx)?.revocation, "revocation")?;
        let answer = self.post(place, &[("token", token), ("token_type_hint", hint)], "", cx)?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(undone(&answer, "revocation", "a client that may revoke tokens of this client")),
        }
    }

    /// Tries a refresh token that introspection calls dead. Where it opens after all, what it gave is
    /// revoked at once.
    pub(crate) fn refresh(&self, token: &str, nonce: &str, cx: &Cx<'_>) -> Opened {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let asked = self.endpoints(cx).and_then(|it| self.place(&it.token, "token"));
        let answer = match asked.and_then(|place| self.post(place, &form, nonce, cx)) {
            Ok(answer) => answer,
            Err(error) => return Opened::Failed(error),
        };
        let opened = refreshed(&answer);
        if let Opened::Yes(said) = opened {
            let given = answer.json();
            let kinds = ["access_token", "refresh_token"];
            let left = kinds.iter().filter(|kind| {
                let token = given.get(**kind).and_then(Value::as_str);
                token.is_some_and(|token| self.revoke(token, kind, cx).is_err())
            });
            return match left.count() {
                0 => Opened::Yes(said),
                left => Opened::Yes(format!("{said}; {left} tokens that it gave could not be revoked")),
            };
        }
        opened
    }

    /// Presents an access token at userinfo; `None` where the server has none.
    pub(crate) fn userinfo(&self, token: &str, nonce: &str, cx: &Cx<'_>) -> Option<Opened> {
        let place = match self.endpoints(cx) {
            Ok(endpoints) => endpoints.userinfo.as_deref()?,
            Err(error) => return Some(Opened::Failed(error)),
        };
        let ask = Ask::new("GET", place).bearer(token).header("user-agent", agent(nonce));
        Some(match self.http.origin().ask(&ask, cx.patience) {
            Ok(answer) => believed(&answer),
            Err(error) => Opened::Failed(error),
        })
    }

    /// Asks for nothing in somebody's session, without asking them (`response_type=none`, `prompt=none`):
    /// no code, token or consent comes of it.
    pub(crate) fn session(&self, cookies: &str, redirect: &str, nonce: &str, cx: &Cx<'_>) -> Opened {
        let asked = self.endpoints(cx).and_then(|it| self.place(&it.authorization, "authorisation"));
        let answer = asked.and_then(|place| {
            let (client, back) = (encoded(&self.client), encoded(redirect));
            let what =
                format!("{place}?client_id={client}&redirect_uri={back}&response_type=none&prompt=none&scope=openid");
            let ask = Ask::new("GET", &what).header("cookie", cookies).header("user-agent", agent(nonce));
            self.http.origin().ask(&ask, cx.patience)
        });
        match answer {
            Ok(answer) => signed_in(&answer, redirect),
            Err(error) => Opened::Failed(error),
        }
    }

    /// Its published keys, and its clock.
    pub(crate) fn published(&self, nonce: &str, cx: &Cx<'_>) -> Result<Published, ActError> {
        let place = self.place(&self.endpoints(cx)?.jwks, "JWKS")?;
        let answer = self.http.origin().ask(&Ask::new("GET", place).header("user-agent", agent(nonce)), cx.patience)?;
        published(&answer)
    }
}

/// The endpoints that a server's metadata names, where the metadata are the issuer's.
fn discovered(answer: &Answer, issuer: &str, http: &Http) -> Result<Endpoints, ActError> {
    if !answer.is_success() {
        return Err(refusal(answer, "discovery", "nothing: metadata are public"));
    }
    let metadata = answer.json();
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    match text("issuer").map(|it| it.trim_end_matches('/')) {
        Some(is) if is == issuer => {}
        Some(_) => return Err(ActError::Unexpected(format!("discovery: its issuer is not {issuer}"))),
        None => return Err(ActError::Unexpected("discovery: no metadata of an authorisation server".to_owned())),
    }
    let path = |name: &str| text(name).and_then(|url| http.path_of(url)).map(str::to_owned);
    Ok(Endpoints {
        introspection: path("introspection_endpoint"),
        revocation: path("revocation_endpoint"),
        token: path("token_endpoint"),
        userinfo: path("userinfo_endpoint"),
        authorization: path("authorization_endpoint"),
        jwks: path("jwks_uri"),
    })
}

/// What an answer of introspection says (RFC 7662 §2.2, §2.3).
pub(crate) fn live(answer: &Answer) -> Live {
    let body = answer.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    match (answer.status, body.get("active").and_then(Value::as_bool)) {
        (200, Some(true)) => Live::Active {
            until: seconds(body.get("exp")),
            client: text("client_id").unwrap_or_default().to_owned(),
            of: ["sub", "username"].iter().filter_map(|name| text(name)).map(str::to_owned).collect(),
        },
        (200, Some(false)) => Live::Inactive,
        (401 | 403, _) => Live::BadProbe(answer.status.to_string()),
        (400, _) if text("error") == Some("unsupported_token_type") => Live::Unsupported,
        (400, _) if text("error") == Some("invalid_client") => Live::BadProbe("400 invalid_client".to_owned()),
        _ => Live::Failed(refusal(answer, "introspection", "")),
    }
}

/// What an answer to the refresh grant says (RFC 6749 §5).
pub(crate) fn refreshed(answer: &Answer) -> Opened {
    let body = answer.json();
    let given = body.get("access_token").is_some_and(Value::is_string);
    match (answer.status, body.get("error").and_then(Value::as_str)) {
        (200, _) if given => Opened::Yes("200, a new access token".to_owned()),
        (400 | 401, Some("invalid_grant")) => Opened::No(format!("{} invalid_grant", answer.status)),
        (400..=403, Some(error @ ("invalid_client" | "unauthorized_client" | "unsupported_grant_type"))) => {
            Opened::BadProbe(format!("{} {error}", answer.status))
        }
        (401 | 403, _) => Opened::BadProbe(answer.status.to_string()),
        (400, None) if answer.body.trim().is_empty() => Opened::Silent("400, without a word".to_owned()),
        _ => Opened::Failed(refusal(answer, "token", "")),
    }
}

/// What userinfo says of an access token (RFC 6750 §3.1).
pub(crate) fn believed(answer: &Answer) -> Opened {
    let signed = answer.header("content-type").is_some_and(|kind| kind.starts_with("application/jwt"));
    match answer.status {
        200 if signed || answer.json().get("sub").is_some_and(Value::is_string) => Opened::Yes("200".to_owned()),
        401 => Opened::No("401".to_owned()),
        403 if answer.header("www-authenticate").is_some_and(|it| it.contains("insufficient_scope")) => {
            Opened::Yes("403 insufficient_scope: the token is believed".to_owned())
        }
        _ => Opened::Failed(refusal(answer, "userinfo", "")),
    }
}

/// What the authorisation endpoint says of a session (OpenID Connect Core §3.1.2.6): anything but
/// `login_required` to a question that asks nobody shows somebody who is signed in.
pub(crate) fn signed_in(answer: &Answer, redirect: &str) -> Opened {
    let back = answer.header("location").and_then(|to| to.strip_prefix(redirect));
    let (302 | 303, Some(rest)) = (answer.status, back) else {
        return Opened::Failed(ActError::Unexpected(format!(
            "authorisation: {}, and not back to the client",
            answer.status
        )));
    };
    let fields = rest.trim_start_matches(['?', '#']).split('&').filter_map(|field| field.split_once('='));
    match fields.into_iter().find(|(name, _)| *name == "error").map(|(_, value)| value) {
        None => Opened::Yes("signed in".to_owned()),
        Some("login_required") => Opened::No("login_required".to_owned()),
        Some(error @ ("consent_required" | "interaction_required" | "account_selection_required")) => {
            Opened::Yes(format!("signed in, {error}"))
        }
        Some(_) => Opened::Failed(ActError::Unexpected("authorisation: another error than login_required".to_owned())),
    }
}

fn published(answer: &Answer) -> Result<Published, ActError> {
    if !answer.is_success() {
        return Err(refusal(answer, "JWKS", "nothing: keys are public"));
    }
    let body = answer.json();
    let Some(keys) = body.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty()) else {
        return Err(ActError::Unexpected("JWKS: no keys".to_owned()));
    };
    let kids = keys.iter().filter_map(|key| key.get("kid")?.as_str().map(str::to_owned)).collect();
    Ok(Published { kids, date: answer.date() })
}

/// Why an answer to a change is none that helps: where the server itself failed, it may have been done.
pub(crate) fn undone(answer: &Answer, what: &str, lacking: &str) -> ActError {
    match answer.status {
        500 | 502 | 504..=599 => ActError::LostAnswer(format!("{what}: {}", answer.status)),
        _ => refusal(answer, what, lacking),
    }
}

/// Why an answer to a question is none that helps. Its body is never quoted: it may hold tokens.
pub(crate) fn refusal(answer: &Answer, what: &str, lacking: &str) -> ActError {
    let said = format!("{what}: {}", answer.status);
    match answer.status {
        401 | 403 => ActError::NotAllowed { what: said, lacking: lacking.to_owned() },
        429 => ActError::RateLimited(answer.retry_after()),
        503 => ActError::RateLimited(answer.retry_after()),
        502 | 504 => ActError::Unreachable(said),
        400..=499 => ActError::Refused(said),
        _ => ActError::Unexpected(said),
    }
}

/// As whom we ask, so that the judge knows a probe's traces.
pub(crate) fn agent(nonce: &str) -> String {
    match nonce {
        "" => "severance".to_owned(),
        nonce => format!("severance ({nonce})"),
    }
}

/// How long past its end a token may still be believed, by a verifier whose clock is behind.
pub(crate) const LEEWAY: Span = Span::secs(60);

#[cfg(test)]
mod tests;
