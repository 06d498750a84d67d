//! Telling receivers what was found: a webhook, a syslog server, a receiver of security event tokens.
//!
//! A receiver is reached only at the address its configuration names: the name is resolved once for each
//! attempt, every address is looked at, and the connection goes to one of those and to no other, so that a
//! name that changes its address in between (DNS rebinding) leads nowhere else. Private, local and
//! multicast addresses need `private`. Redirects are not followed, proxies are not used.

mod address;
mod set;
mod syslog;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use sever_model::{Secret, Span};
use ureq::http;

pub use address::is_private;
pub use set::{SetSettings, events_of, set_of};

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is quoted.
const QUOTE_BYTES_MAX: usize = 200;

/// Where and how to tell.
#[derive(Debug)]
pub enum Receiver {
    /// A JSON document, posted.
    Webhook {
        /// Where.
        url: String,
        /// The bearer token that it asks for.
        token: Option<Secret<String>>,
        /// Whether its address may be private.
        private: bool,
    },
    /// A message of RFC 5424, framed by its length (RFC 6587).
    Syslog {
        /// `host:port`.
        place: String,
        /// Whether its address may be private.
        private: bool,
    },
    /// A security event token (RFC 8417), pushed (RFC 8935).
    Ssf {
        /// Where.
        url: String,
        /// The bearer token that it asks for.
        token: Option<Secret<String>>,
        /// Whether its address may be private.
        private: bool,
    },
}

/// Why a receiver did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Why.
    pub what: String,
    /// When to come again, where it says so.
    pub after: Option<Span>,
}

impl Receiver {
    /// Tells it, and returns once it has taken it. `id` is the same for every attempt; `body` is a
    /// document, or for [`Receiver::Ssf`] a signed token.
    ///
    /// # Errors
    /// Why it was not taken, or is not known to be.
    pub fn tell(&self, id: &str, body: &str) -> Result<(), NotTaken> {
        match self {
            Receiver::Webhook { url, token, private } => {
                post(url, token.as_ref(), *private, "application/json", id, body).map(|_| ())
            }
            Receiver::Ssf { url, token, private } => {
                let kind = "application/secevent+jwt";
                let answer = post(url, token.as_ref(), *private, kind, id, body)?;
                // RFC 8935 §2.2: a token that was taken is answered 202.
                if answer == 202 { Ok(()) } else { Err(NotTaken::new(format!("it answers {answer}, not 202"))) }
            }
            Receiver::Syslog { place, private } => syslog::tell(place, *private, body, PATIENCE),
        }
    }
}

impl NotTaken {
    pub(crate) fn new(what: impl Into<String>) -> NotTaken {
        NotTaken { what: what.into(), after: None }
    }
}

/// Posts a body and gives the status of success.
fn post(
    url: &str,
    token: Option<&Secret<String>>,
    private: bool,
    kind: &str,
    id: &str,
    body: &str,
) -> Result<u16, NotTaken> {
    let uri: http::Uri = url.parse().map_err(|_| NotTaken::new("its `url` is no URL"))?;
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent("severance")
        .build();
    let resolver = address::Checked { private };
    let agent = ureq::Agent::with_parts(config, ureq::unversioned::transport::DefaultConnector::default(), resolver);
    let mut request = http::Request::builder().method("POST").uri(uri);
    request = request.header("content-type", kind).header("accept", "application/json");
    request = request.header("idempotency-key", id);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {}", token.expose()));
    }
    let request = request.body(body.as_bytes()).map_err(|error| NotTaken::new(error.to_string()))?;
    let mut answer = agent.run(request).map_err(|error| NotTaken::new(error.to_string()))?;
    let status = answer.status().as_u16();
    if (200..300).contains(&status) {
        return Ok(status);
    }
    let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok());
    let after = after.and_then(|secs| secs.trim().parse().ok()).filter(|secs| (0..=86_400).contains(secs));
    let said = answer.body_mut().with_config().limit(1 << 20).read_to_vec().unwrap_or_default();
    Err(NotTaken { what: format!("it answers {status}{}", quoted(&said)), after: after.map(Span::secs) })
}

/// What an answer says: RFC 8935 has a reason in `err` and `description`.
fn quoted(body: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let reason = value.as_ref().and_then(|value| value.get("description").or_else(|| value.get("err"))?.as_str());
    match reason {
        Some(reason) => format!(": {}", reason.chars().take(QUOTE_BYTES_MAX).collect::<String>()),
        None => String::new(),
    }
}
