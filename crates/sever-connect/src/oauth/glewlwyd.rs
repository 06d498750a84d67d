//! The books of Glewlwyd 2: users, sessions and refresh tokens, by its administration interface, signed in
//! to for each piece of work and out of after it.
//!
//! It lists no access tokens. Each refresh token tells when it last gave one, so that the newest that may
//! live is known by its end; that end is a door of its own, also where the refresh token is revoked.

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx};
use sever_model::{DoorKind, EventTime, Operation, Receipt, Said, Secret, Span};

use super::ledger::{Held, Holdings, Ledger, argument, receipt};
use super::server::{Opened, agent, refusal, undone};
use super::tokens::seconds;
use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, Http, encoded};

/// How many of a list are asked for at a time: its own default.
const PAGE: usize = 100;

/// Most pages of a list.
const PAGES_MAX: usize = 1_000;

/// How long its access tokens live, where nobody set anything else.
const ACCESS_TOKEN_SECS: i64 = 3_600;

/// What the administrator must have.
const LACKING: &str = "an administrator with the scope `g_admin`";

/// The interface, and as whom it is asked.
pub(crate) struct Glewlwyd {
    http: Http,
    plugin: String,
    administrator: String,
    password: Secret<String>,
    access_token: Span,
}

impl Glewlwyd {
    pub(crate) fn of(
        connection: &Connection,
        administrator: &str,
        password: &Secret<String>,
    ) -> Result<Glewlwyd, ConnectionError> {
        let secs = match connection.setting("access_token_secs") {
            None => ACCESS_TOKEN_SECS,
            Some(text) => match text.parse() {
                Ok(secs) if secs > 0 => secs,
                _ => return Err(connection.wrong("`settings.access_token_secs` is not a number of seconds")),
            },
        };
        Ok(Glewlwyd {
            http: Http::of(connection)?,
            plugin: plugin(connection),
            administrator: administrator.to_owned(),
            password: Secret::new(password.expose().clone()),
            access_token: Span::secs(secs),
        })
    }

    /// Does something in a session of the administrator's, which ends with it.
    fn signed_in<T>(
        &self,
        nonce: &str,
        cx: &Cx<'_>,
        work: impl FnOnce(&str) -> Result<T, ActError>,
    ) -> Result<T, ActError> {
        let session = sign_in(&self.http, &self.administrator, &self.password, nonce, cx)?;
        let refused = || ActError::NotAllowed { what: "401".to_owned(), lacking: LACKING.to_owned() };
        let session = session.ok_or_else(refused)?;
        let done = work(&session);
        let left = sign_out(&self.http, &session, cx);
        done.and_then(|done| left.map(|()| done))
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        session: &str,
        body: Option<&Value>,
        cx: &Cx<'_>,
    ) -> Result<Answer, ActError> {
        let ask = Ask::new(method, path).header("cookie", session).header("user-agent", agent(""));
        self.http.ask(
            &match body {
                Some(body) => ask.json(body),
                None => ask,
            },
            cx.patience,
        )
    }

    /// A user's record; `None` where there is no such user.
    fn user(&self, user: &str, session: &str, cx: &Cx<'_>) -> Result<Option<Value>, ActError> {
        Ok(self.user_now(user, session, cx)?.map(|(record, _)| record))
    }

    /// The same, and what time it is there.
    fn user_now(&self, user: &str, session: &str, cx: &Cx<'_>) -> Result<Option<(Value, EventTime)>, ActError> {
        let answer = self.ask("GET", &format!("/user/{}", encoded(user)), session, None, cx)?;
        let record = answer.json();
        let now = answer.date().unwrap_or(cx.clock.now().as_event());
        match answer.status {
            404 => Ok(None),
            200 if record.get("username").and_then(Value::as_str) == Some(user) => Ok(Some((record, now))),
            200 => Err(ActError::Unexpected("user: not the record asked for".to_owned())),
            _ => Err(refusal(&answer, "user", LACKING)),
        }
    }

    /// Every page of a list.
    fn list(&self, path: &str, what: &str, session: &str, cx: &Cx<'_>) -> Result<Vec<Value>, ActError> {
        let mut all = Vec::new();
        for page in 0..PAGES_MAX {
            let more = if path.contains('?') { '&' } else { '?' };
            let place = format!("{path}{more}offset={}&limit={PAGE}", page * PAGE);
            let answer = self.ask("GET", &place, session, None, cx)?;
            if !answer.is_success() {
                return Err(refusal(&answer, what, LACKING));
            }
            let Value::Array(list) = answer.json() else {
                return Err(ActError::Unexpected(format!("{what}: no list")));
            };
            let length = list.len();
            all.extend(list);
            if length < PAGE {
                return Ok(all);
            }
        }
        Err(ActError::Unexpected(format!("{what}: more than {PAGES_MAX} pages")))
    }

    fn sessions(&self, user: &str, session: &str, cx: &Cx<'_>) -> Result<Vec<Value>, ActError> {
        self.list(&format!("/delegate/{}/profile/session", encoded(user)), "sessions", session, cx)
    }

    fn refresh_tokens(&self, user: &str, session: &str, cx: &Cx<'_>) -> Result<Vec<Value>, ActError> {
        let place = format!("/{}/token?impersonate={}", self.plugin, encoded(user));
        self.list(&place, "refresh tokens", session, cx)
    }

    /// Switches a user on or off; the rest of the record stays.
    fn switch(&self, user: &str, on: bool, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        self.signed_in("", cx, |session| {
            let Some(mut record) = self.user(user, session, cx)? else {
                return match on {
                    true => Err(ActError::Refused("there is no such user".to_owned())),
                    false => Ok(receipt(Said::Already, "404: there is no such user", cx)),
                };
            };
            if record.get("enabled").and_then(Value::as_bool) == Some(on) {
                return Ok(receipt(Said::Already, "it is so already", cx));
            }
            if let Some(record) = record.as_object_mut() {
                record.insert("enabled".to_owned(), json!(on));
                record.remove("last_login");
            }
            let answer = self.ask("PUT", &format!("/user/{}", encoded(user)), session, Some(&record), cx)?;
            match answer.is_success() {
                true => Ok(receipt(Said::Done, &answer.status.to_string(), cx)),
                false => Err(undone(&answer, "user", LACKING)),
            }
        })
    }

    /// Ends a session or revokes a refresh token, named by its hash.
    fn end(&self, operation: &Operation, is_session: bool, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let (user, hash) = (argument(operation, "user")?, operation.target.as_str());
        self.signed_in("", cx, |session| {
            if self.user(user, session, cx)?.is_none() {
                return Ok(receipt(Said::Already, "404: there is no such user", cx));
            }
            let (list, name) = match is_session {
                true => (self.sessions(user, session, cx)?, "session_hash"),
                false => (self.refresh_tokens(user, session, cx)?, "token_hash"),
            };
            let is_live = |it: &Value| it.get(name).and_then(Value::as_str) == Some(hash) && is_enabled(it);
            if !list.iter().any(is_live) {
                return Ok(receipt(Said::Already, "it is not there, or ended already", cx));
            }
            let (user, hash) = (encoded(user), encoded(hash));
            let place = match is_session {
                true => format!("/delegate/{user}/profile/session/{hash}"),
                false => format!("/{}/token/{hash}?impersonate={user}", self.plugin),
            };
            let answer = self.ask("DELETE", &place, session, None, cx)?;
            match answer.is_success() {
                true => Ok(receipt(Said::Done, &answer.status.to_string(), cx)),
                false => Err(undone(&answer, "end", LACKING)),
            }
        })
    }
}

impl Ledger for Glewlwyd {
    fn holds(&self, account: &str, nonce: &str, cx: &Cx<'_>) -> Result<Option<Holdings>, ActError> {
        self.signed_in(nonce, cx, |session| {
            let Some((record, now)) = self.user_now(account, session, cx)? else { return Ok(None) };
            let sessions = self.sessions(account, session, cx)?;
            let tokens = self.refresh_tokens(account, session, cx)?;
            Ok(Some(held(account, &record, &sessions, &tokens, self.access_token, now)))
        })
    }

    fn take(&self, operation: &Operation, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        match operation.verb.as_str() {
            "disable-user" => self.switch(&operation.target, false, cx),
            "enable-user" => self.switch(&operation.target, true, cx),
            "end-session" => self.end(operation, true, cx),
            "revoke-refresh-token" => self.end(operation, false, cx),
            other => Err(ActError::BadStep(format!("`{other}` is not a verb of Glewlwyd's"))),
        }
    }
}

/// What the lists say that a user holds.
fn held(
    user: &str,
    record: &Value,
    sessions: &[Value],
    tokens: &[Value],
    access_token: Span,
    now: EventTime,
) -> Holdings {
    let mut holdings = Holdings::default();
    if record.get("enabled").and_then(Value::as_bool) != Some(false) {
        holdings.held.push(Held { title: format!("user {user}"), ..Held::new(DoorKind::Login, user) });
    }
    let later = |at: Option<EventTime>| at.is_none_or(|at| at > now);
    for session in sessions {
        let (hash, until) = (text(session, "session_hash"), seconds(session.get("expiration")));
        if hash.is_empty() {
            holdings.gaps.push("sessions: one without a hash".to_owned());
        } else if is_enabled(session) && later(until) {
            holdings.held.push(Held {
                fingerprint: hash.to_owned(),
                until,
                last_used: seconds(session.get("last_login")),
                title: format!("session of {user}"),
                ..Held::new(DoorKind::Session, hash)
            });
        }
    }
    for token in tokens {
        let (hash, client) = (text(token, "token_hash"), text(token, "client_id"));
        let (until, last_used) = (seconds(token.get("expires_at")), seconds(token.get("last_seen")));
        if hash.is_empty() {
            holdings.gaps.push("refresh tokens: one without a hash".to_owned());
            continue;
        }
        if is_enabled(token) && later(until) {
            holdings.held.push(Held {
                fingerprint: hash.to_owned(),
                client: client.to_owned(),
                until,
                last_used,
                title: format!("refresh token of {client}"),
                ..Held::new(DoorKind::RefreshToken, hash)
            });
        }
        let end = last_used.or_else(|| seconds(token.get("issued_at"))).map(|at| at.plus(access_token));
        if let Some(end) = end.filter(|end| *end > now) {
            holdings.held.push(Held {
                is_jwt: true,
                client: client.to_owned(),
                until: Some(end),
                last_used,
                title: format!("JWT access tokens that {client} got"),
                ..Held::new(DoorKind::AccessToken, &format!("{hash}/access"))
            });
        }
    }
    holdings
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_enabled(it: &Value) -> bool {
    it.get("enabled").and_then(Value::as_bool) != Some(false)
}

/// The name of the plugin that issues tokens.
pub(crate) fn plugin(connection: &Connection) -> String {
    connection.setting("plugin").unwrap_or("oidc").to_owned()
}

/// Signs somebody in; the cookie of their session, or `None` where it refuses.
pub(crate) fn sign_in(
    http: &Http,
    user: &str,
    password: &Secret<String>,
    nonce: &str,
    cx: &Cx<'_>,
) -> Result<Option<String>, ActError> {
    let body = json!({ "username": user, "password": password.expose() });
    let answer = http.ask(&Ask::new("POST", "/auth/").json(&body).header("user-agent", agent(nonce)), cx.patience)?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    match (answer.status, cookie) {
        (200, Some(cookie)) if cookie.contains('=') => Ok(Some(cookie.to_owned())),
        (200, _) => Err(ActError::Unexpected("sign-in: 200, and no session".to_owned())),
        (401, _) => Ok(None),
        _ => Err(refusal(&answer, "sign-in", "")),
    }
}

/// Ends a session of ours.
pub(crate) fn sign_out(http: &Http, session: &str, cx: &Cx<'_>) -> Result<(), ActError> {
    let answer = http.ask(&Ask::new("DELETE", "/auth/").header("cookie", session), cx.patience)?;
    match answer.status {
        200..=299 | 401 => Ok(()),
        _ => Err(refusal(&answer, "sign-out", "")),
    }
}

/// Presents a session's cookie.
pub(crate) fn session(http: &Http, cookies: &str, nonce: &str, cx: &Cx<'_>) -> Opened {
    let ask = Ask::new("GET", "/profile_list").header("cookie", cookies).header("user-agent", agent(nonce));
    match http.ask(&ask, cx.patience) {
        Ok(answer) => profiles(&answer),
        Err(error) => Opened::Failed(error),
    }
}

/// What the list of who is signed in says.
pub(crate) fn profiles(answer: &Answer) -> Opened {
    let named = |it: &Value| it.get("username").is_some_and(Value::is_string);
    match (answer.status, answer.json()) {
        (200, Value::Array(list)) if list.iter().any(named) => Opened::Yes("200, signed in".to_owned()),
        (401, _) => Opened::No("401".to_owned()),
        _ => Opened::Failed(refusal(answer, "profiles", "")),
    }
}

#[cfg(test)]
mod tests;
