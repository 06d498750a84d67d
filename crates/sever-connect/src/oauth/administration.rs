//! The books of npm's `oidc-provider`, which has no interface for them: the small one that the test kit's
//! `severance-administration.mjs` documents, and that a deployment mounts beside it.

use serde_json::Value;
use sever_model::act::{ActError, Cx};
use sever_model::{DoorKind, Operation, Receipt, Said, Secret};

use super::ledger::{Held, Holdings, Ledger, receipt};
use super::server::{agent, refusal};
use super::tokens::seconds;
use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, Http, encoded};

/// The interface, and the token that it is asked with.
pub(crate) struct Administration {
    http: Http,
    token: Secret<String>,
}

impl Administration {
    pub(crate) fn of(connection: &Connection, token: &Secret<String>) -> Result<Administration, ConnectionError> {
        Ok(Administration { http: Http::of(connection)?, token: Secret::new(token.expose().clone()) })
    }

    fn ask(&self, method: &str, path: &str, cx: &Cx<'_>) -> Result<Answer, ActError> {
        let ask = Ask::new(method, path).bearer(self.token.expose()).header("user-agent", agent(""));
        self.http.ask(&ask, cx.patience)
    }
}

impl Ledger for Administration {
    fn holds(&self, account: &str, cx: &Cx<'_>) -> Result<Option<Holdings>, ActError> {
        held(&self.ask("GET", &format!("/administration/accounts/{}", encoded(account)), cx)?)
    }

    fn take(&self, operation: &Operation, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let of = match operation.verb.as_str() {
            "end-session" => "sessions",
            "revoke-grant" => "grants",
            other => return Err(ActError::BadStep(format!("`{other}` is not a verb of oidc-provider's"))),
        };
        let answer = self.ask("DELETE", &format!("/administration/{of}/{}", encoded(&operation.target)), cx)?;
        match answer.status {
            200..=299 => Ok(receipt(Said::Done, &answer.status.to_string(), cx)),
            404 => Ok(receipt(Said::Already, "404: it is not there", cx)),
            _ => Err(refusal(&answer, "administration", "the administration's `cutting` token")),
        }
    }
}

/// What an answer says that an account holds.
fn held(answer: &Answer) -> Result<Option<Holdings>, ActError> {
    let body = answer.json();
    // A page that is not there is 404 too: the interface says so in its own words.
    if answer.status == 404 && body.get("error").and_then(Value::as_str) == Some("not_found") {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(refusal(answer, "administration", "the administration's `reading` token"));
    }
    let list = |name: &str| {
        let list = body.get(name).and_then(Value::as_array);
        list.ok_or_else(|| ActError::Unexpected(format!("administration: no list of {name}")))
    };
    let mut holdings = Holdings::default();
    for (name, kind) in [
        ("sessions", DoorKind::Session),
        ("refresh_tokens", DoorKind::RefreshToken),
        ("access_tokens", DoorKind::AccessToken),
    ] {
        for thing in list(name)? {
            match one(kind, thing) {
                Some(held) => holdings.held.push(held),
                None => holdings.gaps.push(format!("{name}: one without an id")),
            }
        }
    }
    Ok(Some(holdings))
}

fn one(kind: DoorKind, thing: &Value) -> Option<Held> {
    let text = |name: &str| thing.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_jwt = text("format") == "jwt";
    let native = match kind {
        DoorKind::Session => text("uid"),
        _ if is_jwt => text("jti"),
        _ => text("sha256"),
    };
    let title = match kind {
        DoorKind::Session => "session".to_owned(),
        DoorKind::RefreshToken => format!("refresh token of {}", text("client")),
        _ if is_jwt => format!("JWT access token of {}", text("client")),
        _ => format!("access token of {}", text("client")),
    };
    (!native.is_empty()).then(|| Held {
        fingerprint: text("sha256").to_owned(),
        jti: text("jti").to_owned(),
        is_jwt,
        client: text("client").to_owned(),
        grant: text("grant").to_owned(),
        until: seconds(thing.get("exp")),
        title,
        ..Held::new(kind, native)
    })
}

#[cfg(test)]
mod tests;
