//! Asking the issuer: a token for the twin, the keys that it publishes, another key to sign with, and what
//! it thinks of a token.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sever_model::Secret;
use sever_model::act::{ActError, Cx};

use super::believer::Answered;
use crate::connector::{Connection, ConnectionError, Login};
use crate::jwt::Jwt;
use crate::openbao::api::{Asker, Question, Server, accept, path, text, unknown};

/// Most keys of a published set that are looked at.
const KEYS_MAX: usize = 1_000;

/// An issuer of identity tokens.
pub(crate) struct Issuer {
    server: Server,
    /// The role by whose template tokens are made.
    role: String,
    /// Where the twin signs in.
    mount: String,
    twin: Option<Login>,
}

impl Issuer {
    /// The issuer at a connection's `url`.
    ///
    /// # Errors
    /// When its settings lack the role, or the address does not read.
    pub(crate) fn of(connection: &Connection) -> Result<Issuer, ConnectionError> {
        let copy =
            |login: &Login| Login { user: login.user.clone(), secret: Secret::new(login.secret.expose().clone()) };
        Ok(Issuer {
            server: Server::of(connection)?,
            role: connection.required("role")?.to_owned(),
            mount: connection.setting("twin_mount").unwrap_or("auth/userpass").trim_matches('/').to_owned(),
            twin: connection.twin.as_ref().map(copy),
        })
    }

    /// Its role.
    pub(crate) fn role(&self) -> &str {
        &self.role
    }

    /// Asks as somebody, under a name for the log.
    pub(crate) fn asker<'a>(&'a self, token: &'a str, name: &'a str, cx: &'a Cx<'a>) -> Asker<'a> {
        Asker { server: &self.server, token, name, cx }
    }

    /// A token for the twin, signed as the issuer signs now. The twin is signed out again.
    ///
    /// # Errors
    /// When there is no twin, or none is given to it.
    pub(crate) fn token(&self, name: &str, cx: &Cx<'_>) -> Result<Jwt, ActError> {
        let lacking = || ActError::BadStep("the connection has no `twin` that tokens can be asked for".to_owned());
        let twin = self.twin.as_ref().ok_or_else(lacking)?;
        let bad = |what: &str| ActError::BadStep(format!("`{what}` is no part of a path"));
        let login = path(&[&self.mount, "login", &twin.user]).ok_or_else(|| bad(&twin.user))?;
        let role = path(&["identity/oidc/token", &self.role]).ok_or_else(|| bad(&self.role))?;
        let nobody = self.asker("", name, cx);
        let password = json!({ "password": twin.secret.expose() });
        let signed_in = nobody.change("POST", &login, password, "the twin's password")?.json();
        let token = signed_in.pointer("/auth/client_token").and_then(Value::as_str).unwrap_or_default();
        if token.is_empty() {
            return Err(ActError::Unexpected("the twin signs in and gets no token".to_owned()));
        }
        let token = Secret::new(token.to_owned());
        let asker = self.asker(token.expose(), name, cx);
        let given = asker.read(&role, "read on it, for the twin");
        // Asking for a token leaves nothing behind; one that cannot be revoked is short-lived.
        asker.ask(&Question { method: "POST", path: "auth/token/revoke-self", body: Value::Null }).ok();
        let given = given?.ok_or_else(|| ActError::Refused(format!("it has no role `{}`", self.role)))?;
        Jwt::parse(text(&given, "token")).ok_or_else(|| ActError::Unexpected("what it gives is no token".to_owned()))
    }

    /// The ids of the keys that it publishes, as any verifier is answered.
    ///
    /// # Errors
    /// When it does not answer with a set of keys.
    pub(crate) fn published(&self, name: &str, cx: &Cx<'_>) -> Result<BTreeSet<String>, ActError> {
        let place = "identity/oidc/.well-known/keys";
        let answer = self.asker("", name, cx).ask(&Question { method: "GET", path: place, body: Value::Null })?;
        let answer = accept(answer, "nothing: it is for everybody")?.json();
        let keys = answer.get("keys").and_then(Value::as_array);
        let keys = keys.filter(|keys| keys.len() <= KEYS_MAX);
        let keys = keys.ok_or_else(|| ActError::Unexpected(format!("{place}: no set of keys")))?;
        Ok(keys.iter().map(|key| text(key, "kid").to_owned()).filter(|kid| !kid.is_empty()).collect())
    }

    /// Which named key the role's tokens are signed by.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn key_of_role(&self, asker: &Asker<'_>) -> Result<String, ActError> {
        let bad = || ActError::BadStep(format!("`{}` is no part of a path", self.role));
        let place = path(&["identity/oidc/role", &self.role]).ok_or_else(bad)?;
        let role = asker.read(&place, &format!("read on {place}"))?.unwrap_or_default();
        Ok(text(&role, "key").to_owned())
    }

    /// What the issuer itself says of a token (RFC 7662).
    pub(crate) fn introspect(&self, asker: &Asker<'_>, token: &Secret<String>) -> Answered {
        let body = json!({ "token": token.expose() });
        let said = asker.change("POST", "identity/oidc/introspect", body, "update on identity/oidc/introspect");
        match said {
            Ok(answer) => introspected(&answer.json()),
            Err(error) => {
                let (why, words) = unknown(&error);
                Answered::Nothing(why, words)
            }
        }
    }
}

/// What an introspection says: only `active` as true or false says something.
fn introspected(answer: &Value) -> Answered {
    // Its reason is not quoted: it may repeat what it was asked about.
    match answer.get("active").and_then(Value::as_bool) {
        Some(true) => Answered::Accepted("active".to_owned()),
        Some(false) => Answered::Refused("not active".to_owned()),
        None => Answered::Nothing(sever_model::UnknownWhy::Unexpected, "an answer without `active`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answered, introspected};

    #[test]
    fn only_true_and_false_say_something() {
        assert!(matches!(introspected(&json!({ "active": true })), Answered::Accepted(_)));
        assert!(matches!(introspected(&json!({ "active": false, "error": "x" })), Answered::Refused(_)));
        for odd in [json!({}), json!({ "active": "false" }), json!({ "active": 0 }), json!(null), json!([false])] {
            assert!(matches!(introspected(&odd), Answered::Nothing(..)), "{odd}");
        }
    }
}
