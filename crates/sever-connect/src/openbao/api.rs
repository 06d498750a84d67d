//! Asking OpenBao or Vault, with a token, and what its answers mean.
//!
//! An answer that succeeds may hold a token and is never quoted; one that fails holds words only.

use serde_json::Value;
use sever_model::act::{ActError, Cx};
use sever_model::{EventTime, Operation, UnknownWhy};

use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, Http};

/// A server.
pub(crate) struct Server {
    http: Http,
    namespace: Option<String>,
}

/// One question: a method and a path below `/v1/`.
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Null for none.
    pub(crate) body: Value,
}

/// Asks with a token, under a name for the log.
pub(crate) struct Asker<'a> {
    pub(crate) server: &'a Server,
    pub(crate) token: &'a str,
    pub(crate) name: &'a str,
    pub(crate) cx: &'a Cx<'a>,
}

impl Server {
    /// The server that a connection names.
    ///
    /// # Errors
    /// When the address or its certificates do not read.
    pub(crate) fn of(connection: &Connection) -> Result<Server, ConnectionError> {
        let namespace = connection.setting("namespace").map(str::to_owned);
        Ok(Server { http: Http::of(connection)?, namespace })
    }
}

impl Asker<'_> {
    /// Asks; any status is an answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn ask(&self, question: &Question<'_>) -> Result<Answer, ActError> {
        let path = format!("/v1/{}", question.path);
        let agent = format!("severance/{}", self.name);
        let mut ask = Ask::new(question.method, &path).header("user-agent", agent).header("x-vault-request", "true");
        if !self.token.is_empty() {
            ask = ask.header("x-vault-token", self.token);
        }
        if let Some(namespace) = &self.server.namespace {
            ask = ask.header("x-vault-namespace", namespace.clone());
        }
        if !question.body.is_null() {
            ask = ask.json(&question.body);
        }
        self.server.http.ask(&ask, self.cx.patience)
    }

    /// Reads something; `None` where the server says that it is not there.
    ///
    /// # Errors
    /// When it does not say; `lacking` is the capability that reading it takes.
    pub(crate) fn read(&self, path: &str, lacking: &str) -> Result<Option<Value>, ActError> {
        let answer = self.ask(&Question { method: "GET", path, body: Value::Null })?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = accept(answer, lacking)?;
        let json = answer.json();
        match json.get("data") {
            Some(data) if data.is_object() => Ok(Some(data.clone())),
            _ => Err(ActError::Unexpected(format!("{path}: an answer without data"))),
        }
    }

    /// Lists the keys below a path: none where the server says that nothing is there.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn list(&self, path: &str, lacking: &str) -> Result<Vec<String>, ActError> {
        // The method LIST is not one that every proxy lets through.
        let Some(data) = self.read(&format!("{path}?list=true"), lacking)? else { return Ok(Vec::new()) };
        match data.get("keys").and_then(Value::as_array) {
            Some(keys) => Ok(keys.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            None => Err(ActError::Unexpected(format!("{path}: a list without keys"))),
        }
    }

    /// Changes something.
    ///
    /// # Errors
    /// When it is not known to be done.
    pub(crate) fn change(&self, method: &str, path: &str, body: Value, lacking: &str) -> Result<Answer, ActError> {
        accept(self.ask(&Question { method, path, body })?, lacking)
    }

    /// What our own token is.
    ///
    /// # Errors
    /// When it is none, or one that may do everything: that is not one of least privilege.
    pub(crate) fn own(&self) -> Result<Value, ActError> {
        let own = self.read("auth/token/lookup-self", "the policy `default` on our token")?.unwrap_or_default();
        let policies = texts(&own, "policies");
        if policies.is_empty() {
            return Err(ActError::Unexpected("our token is there, and has no policies".to_owned()));
        }
        if policies.iter().any(|it| it == "root") {
            return Err(ActError::Refused(
                "our token is a root token: make one of the policy that is documented".to_owned(),
            ));
        }
        Ok(own)
    }
}

/// An answer that succeeded, or why it did not; `lacking` is what would let our token do it.
pub(crate) fn accept(answer: Answer, lacking: &str) -> Result<Answer, ActError> {
    match answer.status {
        200..300 => Ok(answer),
        403 => Err(ActError::NotAllowed { what: words(&answer), lacking: lacking.to_owned() }),
        429 => Err(ActError::RateLimited(answer.retry_after())),
        400..500 => Err(ActError::Refused(words(&answer))),
        // Sealed, or on its way up: nothing was done.
        503 => Err(ActError::Unreachable(words(&answer))),
        500.. => Err(ActError::LostAnswer(words(&answer))),
        _ => Err(ActError::Unexpected(words(&answer))),
    }
}

/// The words of an answer that failed; its status alone for one that did not.
pub(crate) fn words(answer: &Answer) -> String {
    if answer.is_success() {
        return answer.status.to_string();
    }
    let errors = texts(&answer.json(), "errors");
    if errors.is_empty() {
        return answer.status.to_string();
    }
    let errors: Vec<String> = errors.iter().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    format!("{} {}", answer.status, errors.join("; ")).chars().take(200).collect()
}

/// Whether an answer that failed says so, anywhere in its words: those of what it was asked for are in
/// `data` where a plugin answers by itself.
pub(crate) fn says(answer: &Answer, text: &str) -> bool {
    let json = answer.json();
    let beside = json.pointer("/data/error").and_then(Value::as_str).unwrap_or_default();
    !answer.is_success() && (beside.contains(text) || texts(&json, "errors").iter().any(|it| it.contains(text)))
}

/// A reason why nobody knows.
pub(crate) fn unknown(error: &ActError) -> (UnknownWhy, String) {
    let why = match error {
        ActError::Unreachable(_) | ActError::LostAnswer(_) | ActError::RateLimited(_) => UnknownWhy::Unreachable,
        ActError::NotAllowed { .. } | ActError::Refused(_) => UnknownWhy::NotPermitted,
        ActError::BadStep(_) => UnknownWhy::NoProbe,
        ActError::Unexpected(_) => UnknownWhy::Unexpected,
    };
    (why, error.to_string())
}

/// A text of an answer; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Texts of an answer.
pub(crate) fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A time of an answer; none for Go's zero time, which means never.
pub(crate) fn time(value: &Value, name: &str) -> Option<EventTime> {
    EventTime::parse(text(value, name)).ok().filter(|at| at.micros() > 0)
}

/// A path of parts, each written so that it stays one part; `None` for one that would lead elsewhere.
pub(crate) fn path(parts: &[&str]) -> Option<String> {
    let mut path = String::new();
    for part in parts.iter().flat_map(|part| part.split('/')) {
        if matches!(part, "" | "." | "..") {
            return None;
        }
        if !path.is_empty() {
            path.push('/');
        }
        for byte in part.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
                _ => path.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    Some(path)
}

/// An argument that a step must have.
pub(crate) fn needed<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ActError> {
    let value = operation.arguments.get(name).map_or("", String::as_str);
    let bad = || ActError::BadStep(format!("{} without `{name}`", operation.verb));
    Some(value).filter(|value| !value.is_empty()).ok_or_else(bad)
}

#[cfg(test)]
mod tests;
